//! What was wrong in a step, and the text that every report shows of it: rendered once, the same everywhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use similar::ChangeTag;

use super::{
    text::{joined, on_one_line},
    without_indices,
};
use crate::{
    brief::first,
    counted::counted,
    difference,
    event::{Finding, Place, StepFinished, Transcript},
    finding::Actual,
    level::Level,
    secret::Redacted,
};

/// Values that are both shorter stand on a line each.
const SHORT: usize = 72;

/// Lines around a difference that are shown too.
const AROUND: usize = 2;

/// More lines than somebody reads.
const MOST_DIFFERENT: usize = 60;

/// More of a body than a person reads in a report; the event stream has more of it.
const MOST_BODY: usize = 2000;

/// As many places of one kind of finding are named.
const MOST_PLACES: usize = 6;

impl StepFinished {
    /// The step without what is not wrong in it, if something is: its false checks are those of level `must` and `should`.
    pub(super) fn failure(&self) -> Option<Self> {
        let findings: Vec<Finding> =
            self.findings.iter().filter(|finding| finding.level > Level::Info).cloned().collect();
        let fails = !findings.is_empty() || self.fault.is_some() || self.met_trouble();
        fails.then(|| Self {
            trial: self.trial.clone(),
            call: self.call.clone(),
            query: self.query.clone(),
            principal: self.principal.clone(),
            findings,
            drift: Vec::new(),
            exchange: self.exchange.clone(),
            curl: self.curl.clone(),
            fault: self.fault.clone(),
            ..*self
        })
    }

    /// The text for people: each finding with its place, evidence, expected and actual, then the exchange and a curl line.
    pub fn text(&self) -> String {
        self.lines().into_iter().fold(String::new(), |text, line| text + &line.text + "\n")
    }

    /// The same, line by line.
    pub(super) fn lines(&self) -> Vec<Line> {
        let mut lines = Lines::default();
        let attempt = if self.attempt > 1 { format!(", attempt {}", self.attempt) } else { String::new() };
        lines.add(LineKind::Step, &format!("{} {}: {}{attempt}", self.phase.name(), self.step, self.call));
        let mut told = Told::default();
        for alike in self.alike(Level::Must) {
            self.findings(&alike, &mut told, &mut lines);
        }
        for finding in self.findings.iter().filter(|finding| finding.level == Level::Should) {
            let ids = joined(finding.requirements.iter().map(|requirement| &requirement.id), ", ");
            lines.add(LineKind::Warning, &format!("  warning: {} ({ids})", finding.headline()));
        }
        if let Some(text) = left_out(self.left_out) {
            lines.add(LineKind::Failed, &format!("  {text}"));
        }
        if let Some(fault) = &self.fault {
            lines.add(LineKind::Actual, &format!("  no answer: {fault}"));
        }
        if let Some(Transcript { request, response, duration_ms, .. }) = &self.exchange {
            lines.add(LineKind::Exchange, &format!("  > {} {}", request.method, request.url));
            lines.message('>', LineKind::Sent, &request.headers, request.body.as_ref(), request.cut_from);
            lines.add(LineKind::Exchange, &format!("  < {} in {duration_ms:.1} ms", response.status));
            lines.message('<', LineKind::Received, &response.headers, response.body.as_ref(), response.cut_from);
        }
        if let Some(curl) = &self.curl {
            lines.add(LineKind::Command, &format!("  again: {curl}"));
        }
        lines.0
    }

    /// The false checks of a level, the same one at each item of a list together.
    fn alike(&self, level: Level) -> Vec<Vec<&Finding>> {
        let mut groups: Vec<Vec<&Finding>> = Vec::new();
        let mut known = BTreeMap::new();
        for finding in self.findings.iter().filter(|finding| finding.level == level) {
            let line = finding.place.as_ref().map(|place| (&place.path, place.line, place.column));
            let kind = (&finding.check, finding.at().map(without_indices), &finding.expected, line);
            let index = *known.entry(kind).or_insert(groups.len());
            if index == groups.len() {
                groups.push(Vec::new());
            }
            groups[index].push(finding);
        }
        groups
    }

    fn findings<'a>(&'a self, alike: &[&'a Finding], told: &mut Told<'a>, lines: &mut Lines) {
        let Some((finding, others)) = alike.split_first() else { return };
        let place = finding.at().map_or_else(String::new, |at| format!(" at {at}"));
        lines.add(LineKind::Failed, &format!("  failed: {}{place}", finding.check));
        if let Some(place) = finding.place.as_ref().filter(|place| told.place != Some(place)) {
            for line in place.excerpt.lines() {
                lines.add(LineKind::Place, &format!("  {line}"));
            }
        }
        told.place = finding.place.as_ref();
        let diff = self.versus(finding).and_then(|(expected, actual)| differing(expected, &actual));
        if let Some(diff) = diff {
            lines.add(LineKind::Same, "    expected (-) and actual (+):");
            for (tag, line) in diff {
                let kind = match tag {
                    ChangeTag::Delete => LineKind::Expected,
                    ChangeTag::Insert => LineKind::Actual,
                    ChangeTag::Equal => LineKind::Same,
                };
                lines.add(kind, &format!("    {} {line}", difference::sign(tag)));
            }
        } else {
            lines.add(LineKind::Expected, &format!("    expected: {}", finding.expected()));
            lines.add(LineKind::Actual, &format!("    actual:   {}", finding.actual()));
        }
        if !others.is_empty() {
            let places = joined(others.iter().take(MOST_PLACES).filter_map(|finding| finding.at()), ", ");
            let more = if others.len() > MOST_PLACES { ", …" } else { "" };
            lines.add(LineKind::Failed, &format!("    and {} more alike: at {places}{more}", others.len()));
        }
        for requirement in &finding.requirements {
            if !told.requirements.insert(&requirement.id) {
                lines.add(LineKind::Requirement, &format!("    requirement {}, as above", requirement.id));
                continue;
            }
            lines.add(LineKind::Requirement, &format!("    requirement {}: {}", requirement.id, requirement.text));
            lines.add(LineKind::Requirement, &format!("      source: {}", requirement.evidence));
            if let Some(age) = requirement.age {
                lines.add(LineKind::Requirement, &format!("      {age}"));
            }
        }
    }

    /// The value that a check wants and the one that it is about, whole: the answer has what was too long to be kept in the finding.
    pub(super) fn versus(&self, finding: &Finding) -> Option<(Value, Value)> {
        let in_body = || {
            let body = self.exchange.as_ref()?.response.body.as_ref()?;
            let body: Value = serde_json::from_str(body.as_str()).ok()?;
            body.pointer(finding.pointer.as_ref()?.as_str()).cloned()
        };
        let Actual::Value(actual) = &finding.actual else { return None };
        Some((finding.expected.value()?, actual.whole().or_else(in_body)?))
    }
}

/// What stands in the lines above: it is not said twice.
#[derive(Default)]
struct Told<'a> {
    place: Option<&'a Place>,
    requirements: BTreeSet<&'a str>,
}

/// What a line of a failure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    Step,
    Failed,
    /// Of the file of the case.
    Place,
    Expected,
    Actual,
    Same,
    Requirement,
    Warning,
    /// The line of a request or of the status of its answer.
    Exchange,
    /// A header of the request.
    Sent,
    /// A header of the answer.
    Received,
    /// A line of a body.
    Body,
    /// Something to be copied into a shell.
    Command,
}

/// A printable line, with its indentation.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) kind: LineKind,
    pub(super) text: String,
}

#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn add(&mut self, kind: LineKind, text: &str) {
        self.0.push(Line { kind, text: on_one_line(text) });
    }

    fn message(
        &mut self,
        mark: char,
        header: LineKind,
        headers: &[(Redacted, Redacted)],
        body: Option<&Redacted>,
        cut_from: Option<usize>,
    ) {
        for (name, value) in headers {
            self.add(header, &format!("  {mark} {name}: {value}"));
        }
        // Each line keeps its mark: a CI system obeys lines that begin with `::`, wherever they came from.
        for line in body.map(|body| cut(body, cut_from)).unwrap_or_default().lines() {
            self.add(LineKind::Body, &format!("  {mark} {line}"));
        }
    }
}

/// What is said of findings of an answer that are not told.
pub(super) fn left_out(findings: usize) -> Option<String> {
    (findings > 0).then(|| format!("and at least {} in this answer", counted(findings, "more place")))
}

/// As much of a body as a person reads; the whole was `cut_from` bytes long, where it is not the body.
fn cut(body: &Redacted, cut_from: Option<usize>) -> String {
    let (text, beginning) = (body.as_str(), first(body.as_str(), MOST_BODY));
    if beginning.is_none() && cut_from.is_none() {
        return text.to_owned();
    }
    let beginning = beginning.unwrap_or(text).trim_end_matches('…');
    format!("{beginning}… ({} bytes in all)", cut_from.unwrap_or(text.len()))
}

/// The lines in which two values differ, if at least one is larger than a line; members are in the order of their names. What is expected
/// was, in the words of a difference, deleted, and what there is was inserted.
pub(super) fn differing(expected: Value, actual: &Value) -> Option<Vec<(ChangeTag, String)>> {
    let large = |value: &Value| value.to_string().len() > SHORT;
    let holds = |value: &Value| value.is_object() || value.is_array();
    if !holds(&expected) || !holds(actual) || !(large(&expected) || large(actual)) {
        return None;
    }
    let mut lines = difference::lines(&set_out(expected), &set_out(actual.clone()), AROUND, "⋯");
    if lines.len() > MOST_DIFFERENT {
        let more = lines.split_off(MOST_DIFFERENT).len();
        lines.push((ChangeTag::Equal, format!("⋯ {more} more lines")));
    }
    Some(lines)
}

/// A line a value, without the commas: the last of a list differs from the others by nothing else.
fn set_out(mut value: Value) -> String {
    value.sort_all_objects();
    let text = format!("{value:#}");
    text.lines().map(|line| line.strip_suffix(',').unwrap_or(line).to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_told_and_the_order_of_members_is_no_difference() {
        let long = "x".repeat(SHORT);
        let expected = json!({ "b": [1, 2], "a": long, "c": {} });
        let actual = json!({ "c": {}, "b": [1, 3], "a": long });
        let mut told = differing(expected, &actual).expect("a diff");
        told.retain(|(tag, _)| *tag != ChangeTag::Equal);
        assert_eq!(told, [(ChangeTag::Delete, "    2".to_owned()), (ChangeTag::Insert, "    3".to_owned())]);
        assert_eq!(differing(json!([1]), &json!([2])), None, "short ones are compared by eye");
        assert_eq!(differing(json!("a list"), &actual), None);
    }
}
