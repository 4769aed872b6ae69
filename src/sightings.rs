//! When the real service was last seen to do what a requirement says: read from recordings, and written into `cases/requirements.yaml`.
//!
//! A recording shows a requirement if the requirement names it as a source and a check of the requirement is true of its answer; where
//! no check of an answer alone is about the requirement, if none contradicts it. Exchanges of the operations that the cases about the
//! requirement call go before others, which count only where they are named one by one. Owns that, and the edit of the file. What answers are held to is `verify`'s.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Utc;

use crate::{
    age::{Month, Seen},
    plan::Plan,
    suite::SourceKind,
    verify::Judged,
};

/// What was seen of each requirement.
#[derive(Debug)]
pub(crate) struct Sightings<'a> {
    plan: &'a Plan,
    /// By requirement, the operations that its cases call.
    operations: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// By requirement, what its sources say of the recordings that they are, in words.
    named: BTreeMap<&'a str, Vec<Vec<String>>>,
    /// The requirements that a check of an answer alone is about.
    checked: BTreeSet<&'a str>,
    /// What exchanges of those operations showed, and what others did.
    called: BTreeMap<&'a str, Sighting>,
    beside: BTreeMap<&'a str, Sighting>,
}

#[derive(Debug)]
struct Sighting {
    last: Month,
    orgs: BTreeSet<String>,
}

impl Sighting {
    fn seen(&self) -> Seen {
        Seen { last: self.last, orgs: self.orgs.len() }
    }
}

impl<'a> Sightings<'a> {
    /// None yet.
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let mut operations: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (requirement, _, step) in plan.steps_about() {
            let called = step.request.operation().map(|operation| operation.id.as_str());
            operations.entry(requirement).or_default().extend(called);
        }
        let named = plan.requirements.iter().map(|(id, requirement)| {
            let recorded = requirement.sources.iter().filter(|source| source.kind == SourceKind::Recording);
            let named = recorded.flat_map(|source| source.reference.split(" and ").map(words));
            (id.as_str(), named.collect())
        });
        let (named, checked) = (named.collect(), plan.requirements_of_answers());
        Self { plan, operations, named, checked, called: BTreeMap::new(), beside: BTreeMap::new() }
    }

    /// Takes a recorded exchange.
    pub(crate) fn take(&mut self, judged: &Judged) {
        // What a gateway said, what a mock on this machine did and what a wrong clock dates shows nothing of the service.
        let is_local = matches!(judged.host.as_str(), "" | "localhost" | "[::1]") || judged.host.starts_with("127.");
        let is_now = judged.day.is_some_and(|day| day <= Utc::now().date_naive());
        if judged.infrastructure.is_some() || is_local || !is_now {
            return;
        }
        let Some(month) = judged.day.and_then(Month::of) else { return };
        let of = format!("{} {}", judged.id, judged.source.as_deref().unwrap_or_default()).to_lowercase();
        let departed: BTreeSet<&str> = judged
            .findings
            .iter()
            .flat_map(|finding| finding.requirements.iter().map(|requirement| requirement.id.as_str()))
            .collect();
        for (id, sources) in &self.named {
            let calls = self.operations.get(id);
            let is_called =
                calls.zip(judged.operation.as_ref()).is_some_and(|(calls, own)| calls.contains(own.as_str()));
            let mut naming = sources.iter().filter(|words| words.iter().all(|word| begins_in(&of, word)));
            let is_named = if is_called { naming.next().is_some() } else { naming.any(|words| !words.is_empty()) };
            let is_shown = judged.held.contains(*id) || !self.checked.contains(id);
            if is_named && is_shown && !departed.contains(id) {
                let new = || Sighting { last: month, orgs: BTreeSet::new() };
                let sightings = if is_called { &mut self.called } else { &mut self.beside };
                let sighting = sightings.entry(id).or_insert_with(new);
                sighting.last = sighting.last.max(month);
                sighting.orgs.insert(judged.host.clone());
            }
        }
    }

    /// What was seen of each requirement: by recordings, or else the last month that its sources of that kind tell in words, of one org.
    pub(crate) fn seen(&self) -> BTreeMap<&'a str, Seen> {
        let told = self.plan.requirements.iter().filter_map(|(id, requirement)| {
            let recorded = requirement.sources.iter().filter(|source| source.kind == SourceKind::Recording);
            // A note may name a month in which something was not so.
            let last = recorded.flat_map(|source| months(&source.reference));
            Some((id.as_str(), Seen { last: last.max()?, orgs: 1 }))
        });
        let mut all: BTreeMap<&str, Seen> = told.collect();
        all.extend(self.beside.iter().chain(&self.called).map(|(id, sighting)| (*id, sighting.seen())));
        // What other recordings showed before stays known.
        for (id, seen) in &mut all {
            if let Some(before) = self.plan.requirements.get(*id).and_then(|requirement| requirement.seen) {
                *seen = Seen { last: seen.last.max(before.last), orgs: seen.orgs.max(before.orgs) };
            }
        }
        all
    }
}

/// Whether a word of the text begins so.
fn begins_in(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
}

/// What a source says that tells its recordings apart; words that every source may have do not.
fn words(reference: &str) -> Vec<String> {
    let parts = reference.split(|c: char| c.is_whitespace() || matches!(c, ',' | '-' | '/'));
    let words = parts.filter(|word| !matches!(*word, "" | "all" | "cassettes" | "of" | "and" | "the"));
    words.map(str::to_lowercase).collect()
}

/// The months that a text names, `2026-01` or a day of it.
fn months(text: &str) -> impl Iterator<Item = Month> {
    let begins = |at: &usize| !text[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    let at = text.match_indices("20").map(|(at, _)| at).filter(begins);
    at.filter_map(|at| text.get(at..at + 7)?.parse().ok())
}

/// The file of requirements, which the plan was made from, with these dates, and nothing else changed: a requirement that is not among them
/// keeps what it has.
pub(crate) fn dated(text: &str, plan: &Plan, seen: &BTreeMap<&str, Seen>) -> String {
    let dated = seen.iter().filter_map(|(id, seen)| Some((plan.requirements.get(*id)?, seen)));
    let mut edits: Vec<(usize, usize, String)> = dated
        .flat_map(|(requirement, Seen { last, orgs })| {
            if let Some((month, number)) = requirement.seen_at {
                return vec![(month.start, month.end, last.to_string()), (number.start, number.end, orgs.to_string())];
            }
            let at = requirement.sources_at.start;
            vec![(at, at, format!("seen: {{ last: {last}, orgs: {orgs} }}{}", between(text, at)))]
        })
        .collect();
    edits.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end, new) in edits {
        out.push_str(&text[at..start]);
        out.push_str(&new);
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

/// What stands between a new entry of a map and the one that begins here: in a block a line's end and the same indentation, else a comma.
fn between(text: &str, at: usize) -> String {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..at];
    if before.chars().all(|c| matches!(c, ' ' | '-')) {
        let end = if text[..line].ends_with("\r\n") { "\r\n" } else { "\n" };
        return format!("{end}{}", " ".repeat(before.len()));
    }
    ", ".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_in_words_are_found() {
        let found: Vec<String> = months("trace of 2026-09; absent on 2026-01-10, 12026-02, 2020 to 2022, id-2023-04x")
            .map(|month| month.to_string())
            .collect();
        assert_eq!(found, ["2026-09", "2026-01"]);
    }
}
