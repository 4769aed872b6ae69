//! What was wrong in a step, and the text that every report shows of it: rendered once, the same everywhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    diff::{self, Side},
    text::on_one_line,
    without_indices,
};
use crate::{
    counted::counted,
    event::{Finding, Phase, Place, StepFinished, Transcript},
    finding::Actual,
    level::Level,
    secret::Redacted,
};

/// More of a body than a person reads in a report; the event stream has more of it.
const MOST_BODY: usize = 2000;

/// As many places of one kind of finding are named.
const MOST_PLACES: usize = 6;

/// A step with something wrong in it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Part of the trial.
    pub phase: Phase,
    /// Which attempt at the trial.
    pub attempt: usize,
    /// Number in its part.
    pub step: usize,
    /// The operation.
    pub call: String,
    /// False checks of level `must` and `should`.
    pub findings: Vec<Finding>,
    /// How many there are beside these, at least.
    pub left_out: usize,
    /// What was sent and what came.
    pub exchange: Option<Transcript>,
    /// Sends it again.
    pub curl: Option<Redacted>,
    /// Why there is no answer.
    pub fault: Option<Redacted>,
}

impl Failure {
    /// The failure in a step, if there is one.
    pub(super) fn of(step: &StepFinished) -> Option<Self> {
        let findings: Vec<Finding> =
            step.findings.iter().filter(|finding| finding.level > Level::Info).cloned().collect();
        if findings.is_empty() && step.fault.is_none() && !step.met_trouble() {
            return None;
        }
        Some(Self {
            phase: step.phase,
            attempt: step.attempt,
            step: step.step,
            call: step.call.clone(),
            findings,
            left_out: step.left_out,
            exchange: step.exchange.clone(),
            curl: step.curl.clone(),
            fault: step.fault.clone(),
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
        lines.add(Part::Step, &format!("{} {}: {}{attempt}", self.phase.name(), self.step, self.call));
        let mut told = Told::default();
        for alike in self.alike(Level::Must) {
            self.findings(&alike, &mut told, &mut lines);
        }
        for finding in self.findings.iter().filter(|finding| finding.level == Level::Should) {
            let ids: Vec<&str> = finding.requirements.iter().map(|requirement| requirement.id.as_str()).collect();
            lines.add(Part::Warning, &format!("  warning: {} ({})", headline(finding), ids.join(", ")));
        }
        lines.left_out(self.left_out);
        if let Some(fault) = &self.fault {
            lines.add(Part::Actual, &format!("  no answer: {fault}"));
        }
        if let Some(exchange) = &self.exchange {
            lines.exchange(exchange);
        }
        if let Some(curl) = &self.curl {
            lines.add(Part::Command, &format!("  again: {curl}"));
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
        lines.add(Part::Failed, &format!("  failed: {}{place}", finding.check));
        if let Some(place) = finding.place.as_ref().filter(|place| told.place != Some(place)) {
            for line in place.excerpt.lines() {
                lines.add(Part::Place, &format!("  {line}"));
            }
        }
        told.place = finding.place.as_ref();
        let diff = self.versus(finding).and_then(|(expected, actual)| diff::lines(expected, &actual));
        if let Some(diff) = diff {
            lines.add(Part::Same, "    expected (-) and actual (+):");
            for (side, line) in diff {
                let (part, sign) = match side {
                    Side::Expected => (Part::Expected, '-'),
                    Side::Actual => (Part::Actual, '+'),
                    Side::Both => (Part::Same, ' '),
                };
                lines.add(part, &format!("    {sign} {line}"));
            }
        } else {
            lines.add(Part::Expected, &format!("    expected: {}", finding.expected()));
            lines.add(Part::Actual, &format!("    actual:   {}", finding.actual()));
        }
        if !others.is_empty() {
            let places: Vec<&str> = others.iter().take(MOST_PLACES).filter_map(|finding| finding.at()).collect();
            let more = if others.len() > MOST_PLACES { ", …" } else { "" };
            let line = format!("    and {} more alike: at {}{more}", others.len(), places.join(", "));
            lines.add(Part::Failed, &line);
        }
        for requirement in &finding.requirements {
            if !told.requirements.insert(&requirement.id) {
                lines.add(Part::Requirement, &format!("    requirement {}, as above", requirement.id));
                continue;
            }
            lines.add(Part::Requirement, &format!("    requirement {}: {}", requirement.id, requirement.text));
            lines.add(Part::Requirement, &format!("      source: {}", requirement.evidence));
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
pub(super) enum Part {
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
    pub(super) part: Part,
    pub(super) text: String,
}

#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn add(&mut self, part: Part, text: &str) {
        self.0.push(Line { part, text: on_one_line(text) });
    }

    fn left_out(&mut self, findings: usize) {
        if let Some(text) = left_out(findings) {
            self.add(Part::Failed, &format!("  {text}"));
        }
    }

    fn exchange(&mut self, exchange: &Transcript) {
        let request = &exchange.request;
        self.add(Part::Exchange, &format!("  > {} {}", request.method, request.url));
        self.message('>', Part::Sent, &request.headers, request.body.as_ref().map(|body| cut(body, request.cut_from)));
        let response = &exchange.response;
        self.add(Part::Exchange, &format!("  < {} in {:.1} ms", response.status, exchange.duration_ms));
        let body = response.body.as_ref().map(|body| cut(body, response.cut_from));
        self.message('<', Part::Received, &response.headers, body);
    }

    fn message(&mut self, mark: char, header: Part, headers: &[(Redacted, Redacted)], body: Option<String>) {
        for (name, value) in headers {
            self.add(header, &format!("  {mark} {name}: {value}"));
        }
        // Each line keeps its mark: a CI system obeys lines that begin with `::`, wherever they came from.
        for line in body.unwrap_or_default().lines() {
            self.add(Part::Body, &format!("  {mark} {line}"));
        }
    }
}

/// One line: what is wrong where.
pub(super) fn headline(finding: &Finding) -> String {
    on_one_line(&finding.headline())
}

/// What is said of findings of an answer that are not told.
pub(super) fn left_out(findings: usize) -> Option<String> {
    (findings > 0).then(|| format!("and at least {} in this answer", counted(findings, "more place")))
}

/// As much of a body as a person reads; the whole was `cut_from` bytes long, where it is not the body.
fn cut(body: &Redacted, cut_from: Option<usize>) -> String {
    let text = body.as_str();
    let end = text.char_indices().nth(MOST_BODY).map(|(at, _)| at);
    match (end, cut_from) {
        (None, None) => text.to_owned(),
        (end, whole) => {
            let beginning = text[..end.unwrap_or(text.len())].trim_end_matches('…');
            format!("{beginning}… ({} bytes in all)", whole.unwrap_or(text.len()))
        }
    }
}
