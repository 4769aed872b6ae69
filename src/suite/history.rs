//! `cases/history.yaml`: in what the real service has changed, and in what recordings differ for another known reason.
//!
//! `replay` explains differences by it. An entry with `until` is a change of the vendor: recordings from before that day show the older
//! behaviour. An entry with `recordings` is about those alone, one with `unsaid` about requests that leave a choice to the org.

use chrono::NaiveDate;
use regex::Regex;
use serde_json::Value;

use crate::yaml::{Fields, Node, Problems};

/// A known difference between recordings and the service of today.
#[derive(Debug, Clone)]
pub(crate) struct HistoryEntry {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) evidence: String,
    /// The day from which recordings show the behaviour of today.
    pub(crate) until: Option<NaiveDate>,
    recordings: Vec<Regex>,
    pub(crate) recording_texts: Vec<String>,
    /// The member that a request must lack, as a JSON Pointer.
    pub(crate) unsaid: Option<String>,
    pub(crate) operations: Vec<String>,
    /// Operations whose answers show it only where a case compares them with one of those.
    compared: Vec<String>,
    places: Vec<Regex>,
    pub(crate) place_texts: Vec<String>,
}

/// The dated changes of the service at a place in answers to an operation: the day, and the entry's ID with its sentence.
pub(crate) fn changes_at(history: &[HistoryEntry], operation: &str, place: &str) -> Vec<(NaiveDate, String)> {
    let told = |entry: &HistoryEntry| Some((entry.until?, format!("{}: {}", entry.id, entry.text)));
    history.iter().filter(|entry| entry.is_about(operation, place)).filter_map(told).collect()
}

impl HistoryEntry {
    /// Whether it is about what is at `place` in an answer to `operation`, or in one that is compared with such an answer.
    fn is_about(&self, operation: &str, place: &str) -> bool {
        (self.operations.is_empty() || self.operations.iter().chain(&self.compared).any(|id| id == operation))
            && self.places.iter().any(|pattern| pattern.is_match(place))
    }

    /// Whether it is about a difference at `place` in the answer to `operation`, recorded on `day` as `recording`; `sent` is the body of the
    /// request.
    pub(crate) fn explains(
        &self,
        recording: &str,
        operation: &str,
        day: Option<NaiveDate>,
        sent: Option<&Value>,
        place: &str,
    ) -> bool {
        let said = |member| sent.and_then(|body| body.pointer(member)).is_some();
        let time = match (self.until, day) {
            (Some(until), Some(day)) => day < until,
            (Some(_), None) => false,
            (None, _) => true,
        };
        time && (self.recordings.is_empty() || self.recordings.iter().any(|pattern| pattern.is_match(recording)))
            && !self.unsaid.as_deref().is_some_and(said)
            && (self.operations.is_empty() || self.operations.iter().any(|id| id == operation))
            && self.places.iter().any(|pattern| pattern.is_match(place))
    }
}

pub(super) fn read(root: &Node, problems: &mut Problems<'_>) -> Vec<HistoryEntry> {
    let Some(mut file) = Fields::of(root, "history file", problems) else { return Vec::new() };
    file.required("history", problems);
    let entries = file.each("history", problems, entry);
    file.finish(problems);
    entries
}

fn entry(node: &Node, problems: &mut Problems<'_>) -> Option<HistoryEntry> {
    let mut fields = Fields::of(node, "history entry", problems)?;
    let id = fields.text("id", problems);
    let text = fields.text("text", problems);
    let evidence = fields.text("evidence", problems);
    let until = fields.optional("until").and_then(|node| {
        let text = problems.text(node, "until")?;
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        if day.is_none() {
            problems.at_with(node.span, format!("`{text}` is not a day"), "write it as 2025-03-01");
        }
        day
    });
    let recordings = fields.texts("recordings", problems);
    let unsaid = fields.optional_text("unsaid", problems);
    let operations = fields.texts("operations", problems);
    let compared = fields.texts("compared", problems);
    fields.required("places", problems);
    let places = fields.texts("places", problems);
    let span = fields.span();
    fields.finish(problems);
    if until.is_none() && recordings.is_empty() && unsaid.is_none() {
        let help = "say `until: DAY` for a change of the vendor, which `recordings` it is about, or what is `unsaid` in the requests";
        problems.at_with(span, "this entry would explain every difference", help);
    }
    Some(HistoryEntry {
        id: id?.to_owned(),
        text: text?.to_owned(),
        evidence: evidence?.to_owned(),
        until,
        recordings: recordings.iter().filter_map(|pattern| glob(pattern)).collect(),
        recording_texts: recordings,
        unsaid,
        operations,
        compared,
        places: places.iter().filter_map(|pattern| glob(pattern)).collect(),
        place_texts: places,
    })
}

/// `*` stands for anything but `/`, `**` for anything.
fn glob(pattern: &str) -> Option<Regex> {
    let escaped = regex::escape(pattern).replace(r"\*\*", ".*").replace(r"\*", "[^/]*");
    Regex::new(&format!("^{escaped}$")).ok()
}
