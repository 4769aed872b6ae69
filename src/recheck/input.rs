//! What a check looks at, and whether a stream still has that as the run saw it.

use serde_json::Value;

use super::Lacking;
use crate::{
    check::{CheckResult, Told},
    event::{TranscriptResponse, Withholding},
    http::Answer,
    plan::{Capture, CaptureFrom, Check, Wants},
    pointer,
    secret::MASK,
};

/// What a header that was shortened has.
const CUT: char = '…';

/// An answer as a stream has it, and where secrets were taken out of it.
pub(super) struct Kept<'a> {
    answer: &'a Answer,
    /// Whether only the beginning of its body is there.
    cut: bool,
    /// JSON Pointers to what was replaced or left out before it left the house.
    withheld: &'a [String],
    /// The headers that are told, where not all are.
    headers: Option<&'a [String]>,
    /// JSON Pointers to the values that a secret was in, or whose name one was.
    masked: Vec<String>,
    /// Whether any is.
    body_masked: bool,
}

impl<'a> Kept<'a> {
    pub(super) fn new(answer: &'a Answer, told: &'a TranscriptResponse, evidence: Option<&'a Withholding>) -> Self {
        let mut masked = Vec::new();
        if let Ok(body) = answer.json() {
            masks(body, String::new(), &mut masked);
        }
        let body_masked = answer.text().contains(MASK);
        let headers = evidence.map(|evidence| evidence.headers.as_slice());
        Self { answer, cut: told.cut_from.is_some(), withheld: &told.withheld, headers, masked, body_masked }
    }

    /// Why what came of a check says nothing of what its run saw, if so.
    pub(super) fn keeps_from(&self, result: &CheckResult<'_>) -> Option<Lacking> {
        match (&result.check.wants, result.told) {
            (_, Told::Unfilled) => Some(Lacking::NotKept),
            // Something was there, whatever it was.
            (Wants::Capture(_), Told::Held) => None,
            (_, Told::Held | Told::False) => self.lacks(result.check),
        }
    }

    fn lacks(&self, check: &Check) -> Option<Lacking> {
        match &check.wants {
            // That of a variable is not made if its name has no value.
            Wants::Status(_) | Wants::Documented(_) | Wants::NoBody | Wants::Value(..) => None,
            Wants::Code(_) | Wants::CodeOf(_) => self.at("/errorCode"),
            Wants::OAuthError(_) => self.at("/error").or_else(|| self.at("/errorCode")),
            Wants::Body(matcher) => {
                let mut lacking = self.cut.then_some(Lacking::Cut);
                matcher.leaves(&mut |place, _| lacking = lacking.or_else(|| self.at(place)));
                // What is not kept as JSON is held to the whole of it.
                lacking.or_else(|| self.body().filter(|_| self.answer.json().is_err()))
            }
            Wants::Schema(_) => self.form(),
            Wants::Collected(_) => self.body(),
            Wants::Header(name, _) => self.header(name),
            Wants::Link(..) | Wants::Pages(_) => self.header("Link"),
            Wants::Capture(capture) => self.capture(capture),
            Wants::Origin | Wants::Path | Wants::Identity(_) => Some(Lacking::NotKept),
        }
    }

    /// Why something cannot be captured again.
    pub(super) fn capture(&self, capture: &Capture) -> Option<Lacking> {
        match &capture.from {
            CaptureFrom::Body { place: Some(place), .. } => self.at(place),
            CaptureFrom::Body { place: None, .. } | CaptureFrom::Jwt { .. } => self.body(),
            CaptureFrom::Header(name) | CaptureFrom::UrlParameter { header: name, .. } => self.header(name),
            CaptureFrom::Link(_) => self.header("Link"),
        }
    }

    /// Whether the whole body is as it was.
    pub(super) fn body(&self) -> Option<Lacking> {
        if self.cut {
            return Some(Lacking::Cut);
        }
        let withheld = (!self.withheld.is_empty()).then_some(Lacking::Withheld);
        withheld.or_else(|| self.body_masked.then_some(Lacking::Redacted))
    }

    /// Whether the body has the form that it had: what was replaced has it.
    fn form(&self) -> Option<Lacking> {
        if self.withheld.iter().all(|place| !place.is_empty()) {
            let masked = self.body_masked.then_some(Lacking::Redacted);
            return self.cut.then_some(Lacking::Cut).or(masked);
        }
        self.body()
    }

    fn at(&self, place: &str) -> Option<Lacking> {
        if self.cut {
            return Some(Lacking::Cut);
        }
        if self.withheld.iter().any(|withheld| overlap(withheld, place)) {
            return Some(Lacking::Withheld);
        }
        self.masked.iter().any(|masked| overlap(masked, place)).then_some(Lacking::Redacted)
    }

    fn header(&self, name: &str) -> Option<Lacking> {
        if self.headers.is_some_and(|headers| headers.iter().all(|told| !told.eq_ignore_ascii_case(name))) {
            return Some(Lacking::Withheld);
        }
        let value = self.answer.header(name)?;
        (value.contains(MASK) || value.contains(CUT)).then_some(Lacking::Redacted)
    }
}

/// Whether a secret was taken out of a value.
pub(super) fn is_masked(value: &Value) -> bool {
    let mut masked = Vec::new();
    masks(value, String::new(), &mut masked);
    !masked.is_empty()
}

fn masks(value: &Value, place: String, masked: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains(MASK) => masked.push(place),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                masks(item, pointer::below(&place, &index.to_string()), masked);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                if name.contains(MASK) {
                    masked.push(place.clone());
                }
                masks(member, pointer::below(&place, name), masked);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether one place is within the other; `*` stands for any item, and what follows `#` is in a token.
fn overlap(masked: &str, place: &str) -> bool {
    let place = place.split('#').next().unwrap_or_default();
    masked.split('/').zip(place.split('/')).all(|(masked, wanted)| masked == wanted || wanted == "*")
}
