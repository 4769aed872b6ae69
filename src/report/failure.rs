//! What was wrong in a step, and the text that every report shows of it: rendered once, the same everywhere.

use std::fmt::Write as _;

use super::text::printable;
use crate::{
    event::{Mismatch, Phase, StepFinished, Transcript},
    level::Level,
    secret::Redacted,
};

/// More of a body than a person reads in a report; the whole stands in the event stream.
const MOST_BODY: usize = 2000;

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
    pub mismatches: Vec<Mismatch>,
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
        let mismatches: Vec<Mismatch> =
            step.mismatches.iter().filter(|mismatch| mismatch.level > Level::Info).cloned().collect();
        let server = step.exchange.as_ref().is_some_and(|exchange| exchange.response.status >= 500);
        if mismatches.is_empty() && step.fault.is_none() && !server {
            return None;
        }
        Some(Self {
            phase: step.phase,
            attempt: step.attempt,
            step: step.step,
            call: step.call.clone(),
            mismatches,
            exchange: step.exchange.clone(),
            curl: step.curl.clone(),
            fault: step.fault.clone(),
        })
    }

    /// The text for people: each mismatch with its place, evidence, expected and actual, then the exchange and a curl line.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let attempt = if self.attempt > 1 { format!(", attempt {}", self.attempt) } else { String::new() };
        let _ = writeln!(text, "{} {}: {}{attempt}", self.phase.name(), self.step, self.call);
        for mismatch in self.mismatches.iter().filter(|mismatch| mismatch.level == Level::Must) {
            mismatch_text(mismatch, &mut text);
        }
        for mismatch in self.mismatches.iter().filter(|mismatch| mismatch.level == Level::Should) {
            let ids: Vec<&str> = mismatch.requirements.iter().map(|requirement| requirement.id.as_str()).collect();
            let _ = writeln!(text, "  warning: {} ({})", headline(mismatch), ids.join(", "));
        }
        if let Some(fault) = &self.fault {
            let _ = writeln!(text, "  no answer: {fault}");
        }
        if let Some(exchange) = &self.exchange {
            exchange_text(exchange, &mut text);
        }
        if let Some(curl) = &self.curl {
            let _ = writeln!(text, "  again: {curl}");
        }
        printable(&text)
    }
}

/// One line: what is wrong where.
pub(super) fn headline(mismatch: &Mismatch) -> String {
    let place = mismatch.pointer.as_ref().map(Redacted::as_str).filter(|pointer| !pointer.is_empty());
    let what = place.map_or_else(|| mismatch.check.clone(), |pointer| format!("{} {pointer}", mismatch.check));
    printable(&format!("{what}: expected {}, got {}", mismatch.expected, mismatch.actual))
}

fn mismatch_text(mismatch: &Mismatch, text: &mut String) {
    let place = mismatch.pointer.as_ref().map(Redacted::as_str).filter(|pointer| !pointer.is_empty());
    let _ = writeln!(text, "  failed: {}{}", mismatch.check, place.map(|at| format!(" at {at}")).unwrap_or_default());
    if let Some(place) = &mismatch.place {
        for line in place.excerpt.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    let _ = writeln!(text, "    expected: {}", mismatch.expected);
    let _ = writeln!(text, "    actual:   {}", mismatch.actual);
    for requirement in &mismatch.requirements {
        let _ = writeln!(text, "    requirement {}: {}", requirement.id, requirement.text);
        let _ = writeln!(text, "      source: {}", requirement.evidence);
    }
}

fn exchange_text(exchange: &Transcript, text: &mut String) {
    let request = &exchange.request;
    let _ = writeln!(text, "  > {} {}", request.method, request.url);
    for (name, value) in &request.headers {
        let _ = writeln!(text, "  > {name}: {value}");
    }
    if let Some(body) = &request.body {
        let _ = writeln!(text, "  > {}", cut(body.as_str()));
    }
    let response = &exchange.response;
    let _ = writeln!(text, "  < {} in {:.1} ms", response.status, exchange.duration_ms);
    for (name, value) in &response.headers {
        let _ = writeln!(text, "  < {name}: {value}");
    }
    if let Some(body) = &response.body {
        let _ = writeln!(text, "  < {}", cut(body.as_str()));
    }
}

fn cut(body: &str) -> String {
    let shown = match body.char_indices().nth(MOST_BODY) {
        Some((at, _)) => format!("{}… ({} bytes in all)", &body[..at], body.len()),
        None => body.to_owned(),
    };
    // Each line keeps a mark before it: a CI system obeys lines that begin with `::`, wherever they came from.
    shown.replace('\n', "\n  | ")
}
