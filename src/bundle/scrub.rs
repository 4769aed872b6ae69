//! The events of a trial without anything that is the org's own.
//!
//! It keeps by an allow-list: exchanges of operations that the suite describes, of their answers the headers of [`HEADERS`] and the things
//! that the trial made, and of all texts those of the suite. Everything else is replaced by its like (`form`), or left out.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::form::{Forms, House, ORIGIN, Times};
use crate::{
    event::{
        Drift, Finding, RequirementText, StepFinished, Transcript, TranscriptRequest, TranscriptResponse, TrialFinished,
    },
    finding::{Actual, Expected},
    path::path_of,
    plan::Plan,
    pointer,
    secret::{MASK, Redacted, Redactor},
    suite::Operation,
};

/// The headers of answers that are told.
pub const HEADERS: [&str; 10] = [
    "cache-control",
    "content-type",
    "expires",
    "link",
    "pragma",
    "retry-after",
    "x-okta-request-id",
    "x-rate-limit-limit",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
];

/// No limit of the service's is larger.
const MOST_REQUESTS: u32 = 100_000;

/// What may stand in the headers on caches and content types.
const HEADER_WORDS: [&str; 17] = [
    "0",
    "-1",
    "no-cache",
    "no-store",
    "no-transform",
    "must-revalidate",
    "private",
    "public",
    "max-age",
    "s-maxage",
    "proxy-revalidate",
    "application/json",
    "application/problem+json",
    "text/html",
    "text/plain",
    "charset",
    "utf-8",
];

/// What stands in the place of the values of a finding.
const WITHHELD: &str = "withheld";

/// What stands in the place of a body that is not told: that there was one still counts.
fn left_out(withheld: &mut Vec<String>) -> Value {
    withheld.push(String::new());
    Value::Null
}

/// The end of a trial as it may leave.
pub(super) fn finished(finished: &TrialFinished) -> TrialFinished {
    TrialFinished {
        file: String::new(),
        line: 0,
        signatures: Vec::new(),
        blocked_by: None,
        known: BTreeSet::new(),
        earlier: Vec::new(),
        reason: None,
        made: Arc::default(),
        requests: 0,
        duration_ms: 0.0,
        ..finished.clone()
    }
}

/// Takes out of the events of one trial what is the org's.
pub(super) struct Scrub<'a> {
    plan: &'a Plan,
    house: &'a House<'a>,
    forms: Forms<'a>,
    /// The identifiers of what the trial made.
    made: HashSet<String>,
    redactor: Redactor,
    /// Names of members that no file of the suite has, in what the trial made.
    pub(super) names: HashSet<String>,
}

/// What became of a value.
struct Inside<'w> {
    /// Whether it is of something that the trial made, whose names of members stay.
    ours: bool,
    withheld: &'w mut Vec<String>,
}

impl<'a> Scrub<'a> {
    pub(super) fn new(plan: &'a Plan, house: &'a House<'a>) -> Self {
        let (forms, redactor) = (Forms::new(house), Redactor::default());
        Self { plan, house, forms, made: HashSet::new(), redactor, names: HashSet::new() }
    }

    /// What was replaced, as it was.
    pub(super) fn originals(&self) -> impl Iterator<Item = &str> {
        self.forms.originals()
    }

    /// A step as it may leave.
    pub(super) fn step(&mut self, step: &StepFinished) -> StepFinished {
        let exchange = step.exchange.as_ref().and_then(|exchange| self.exchange(exchange));
        let is_ours = step.exchange.as_ref().is_some_and(|exchange| self.is_ours(exchange));
        let findings = step.findings.iter().map(|finding| self.finding(finding, is_ours)).collect();
        let drift = step.drift.iter().map(|drift| self.drift(drift, is_ours)).collect();
        StepFinished {
            trial: step.trial.clone(),
            phase: step.phase,
            attempt: step.attempt,
            step: step.step,
            call: step.call.clone(),
            query: step.query.clone(),
            principal: step.principal.clone(),
            // How often something was asked for until it was so is the hour's.
            requests: if self.house.times == Times::One { 0 } else { step.requests },
            checks: step.checks,
            findings,
            left_out: step.left_out,
            drift,
            exchange,
            curl: None,
            fault: None,
        }
    }

    fn redacted(&self, text: String) -> Redacted {
        self.redactor.owned(text)
    }

    /// What may be told of a false check: what, where, and how much it weighs.
    fn finding(&mut self, finding: &Finding, ours: bool) -> Finding {
        let withheld = self.redacted(WITHHELD.to_owned());
        let requirement = |text: &Arc<RequirementText>| {
            RequirementText { id: text.id.clone(), text: String::new(), evidence: String::new(), age: None }.into()
        };
        Finding {
            check: finding.check.clone(),
            implied_by: finding.implied_by.clone(),
            level: finding.level,
            requirements: finding.requirements.iter().map(requirement).collect(),
            pointer: finding.pointer.as_ref().map(|pointer| {
                let pointer = self.pointer(pointer.as_str(), ours);
                self.redacted(pointer)
            }),
            expected: Expected::Legacy(withheld.clone()),
            actual: Actual::Legacy(withheld),
            signature: None,
            place: None,
        }
    }

    fn drift(&mut self, drift: &Drift, ours: bool) -> Drift {
        let pointer = self.pointer(drift.pointer.as_str(), ours);
        let (call, explained) = (drift.call.clone(), drift.explained.clone());
        Drift { call, pointer: self.redacted(pointer), value: self.redacted(WITHHELD.to_owned()), explained }
    }

    /// A place in a body, whose members may have been renamed.
    fn pointer(&mut self, pointer: &str, ours: bool) -> String {
        let steps = pointer.split('/').skip(1).map(|step| {
            let name = pointer::name(step).into_owned();
            let is_index = name.bytes().all(|byte| byte.is_ascii_digit());
            if is_index { name } else { self.member(&name, ours) }
        });
        steps.fold(String::new(), |place, step| pointer::below(&place, &step))
    }

    /// The operation of an exchange, where it is one of the suite's.
    fn operation(&self, exchange: &Transcript) -> Option<&'a Operation> {
        let plan = self.plan;
        plan.operation(&exchange.request.method, path_of(exchange.request.url.as_str())).map(AsRef::as_ref)
    }

    /// Whether an answer is about something that the trial made, or is that.
    fn is_ours(&self, exchange: &Transcript) -> bool {
        let Some(operation) = self.operation(exchange) else { return false };
        let path = path_of(exchange.request.url.as_str());
        let plain = |value: &str| percent_decode_str(value).decode_utf8_lossy().into_owned();
        let succeeded = (200..300).contains(&exchange.response.status);
        operation.makes.is_some() && succeeded
            || operation.path.values(path).any(|(_, value)| self.made.contains(&plain(value)))
    }

    fn exchange(&mut self, exchange: &Transcript) -> Option<Transcript> {
        let operation = self.operation(exchange)?;
        let url = exchange.request.url.as_str();
        let rest = url.strip_prefix(&self.house.origin)?;
        let body = exchange.response.body.as_ref().map_or("", |body| body.as_str());
        let json = serde_json::from_str::<Value>(body).ok().filter(|_| exchange.response.cut_from.is_none());
        if (200..300).contains(&exchange.response.status)
            && let Some(id) = operation.makes.as_ref().and_then(|makes| json.as_ref()?.pointer(&makes.id)?.as_str())
        {
            self.made.insert(id.to_owned());
        }
        let ours = self.is_ours(exchange);
        let url = format!("{ORIGIN}{}", self.forms.path_and_query(rest));
        let sent = exchange.request.body.as_ref().filter(|_| exchange.request.cut_from.is_none());
        let sent = sent.and_then(|body| self.sent(body.as_str()));
        let mut withheld = Vec::new();
        let body = match json {
            Some(json) => Some(self.answered(json, exchange.response.status, ours, &mut withheld)),
            None if body.is_empty() => None,
            None => Some(left_out(&mut withheld)),
        };
        let headers =
            exchange.response.headers.iter().filter_map(|(name, value)| self.header(name.as_str(), value.as_str()));
        let headers: Vec<(String, String)> = headers.collect();
        Some(Transcript {
            request: TranscriptRequest {
                method: exchange.request.method.clone(),
                url: self.redacted(url),
                headers: Vec::new(),
                body: sent.map(|body| self.redacted(body)),
                cut_from: None,
            },
            response: TranscriptResponse {
                status: exchange.response.status,
                headers: headers.into_iter().map(|(name, value)| (self.redacted(name), self.redacted(value))).collect(),
                body: body.map(|body| self.redacted(body.to_string())),
                cut_from: None,
                withheld,
            },
            started_ms: 0.0,
            duration_ms: 0.0,
        })
    }

    /// A body of a request: JSON, or a form.
    fn sent(&mut self, body: &str) -> Option<String> {
        match serde_json::from_str::<Value>(body) {
            Ok(json) => {
                let mut inside = Inside { ours: false, withheld: &mut Vec::new() };
                Some(self.value(json, &mut String::new(), &mut inside).to_string())
            }
            Err(_) if body.contains('=') && !body.contains(char::is_whitespace) => Some(self.forms.pairs(body)),
            Err(_) => None,
        }
    }

    /// What may be told of a body: all of what the trial made, of a list the items that it made, and what a refusal says.
    fn answered(&mut self, json: Value, status: u16, ours: bool, withheld: &mut Vec<String>) -> Value {
        let json = match json {
            json if ours || status >= 400 => json,
            Value::Array(items) => {
                let all = items.len();
                let made = |item: &Value| item["id"].as_str().is_some_and(|id| self.made.contains(id));
                let items: Vec<Value> = items.into_iter().filter(made).collect();
                if items.len() < all {
                    withheld.push(String::new());
                }
                Value::Array(items)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                return left_out(withheld);
            }
        };
        // What is listed is the trial's own.
        let mut inside = Inside { ours: ours || status < 400, withheld };
        self.value(json, &mut String::new(), &mut inside)
    }

    fn value(&mut self, value: Value, place: &mut String, inside: &mut Inside<'_>) -> Value {
        let length = place.len();
        match value {
            Value::Null | Value::Bool(_) => value,
            Value::Number(number) => {
                let (number, exact) = self.forms.number(&number);
                if !exact {
                    inside.withheld.push(place.clone());
                }
                Value::Number(number)
            }
            Value::String(text) => {
                let told = self.forms.text(&text);
                if !told.exact {
                    inside.withheld.push(place.clone());
                }
                Value::String(told.text)
            }
            Value::Array(items) => {
                let items = items.into_iter().enumerate().map(|(index, item)| {
                    pointer::push(place, &index.to_string());
                    let item = self.value(item, place, inside);
                    place.truncate(length);
                    item
                });
                Value::Array(items.collect())
            }
            Value::Object(members) => {
                let mut told = Map::new();
                for (name, member) in members {
                    let name = self.member(&name, inside.ours);
                    pointer::push(place, &name);
                    let member = self.value(member, place, inside);
                    place.truncate(length);
                    told.insert(name, member);
                }
                Value::Object(told)
            }
        }
    }

    /// The name of a member. One that no file of the suite has is news of the service where the trial made the thing, and somebody's own
    /// elsewhere.
    fn member(&mut self, name: &str, ours: bool) -> String {
        if self.house.words.has(name) || name.contains(MASK) {
            return name.to_owned();
        }
        let is_word = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
        if ours && is_word {
            self.names.insert(name.to_owned());
            return name.to_owned();
        }
        self.forms.text(name).text
    }

    fn header(&mut self, name: &str, value: &str) -> Option<(String, String)> {
        let name = name.to_ascii_lowercase();
        if !HEADERS.contains(&name.as_str()) {
            return None;
        }
        let value = match name.as_str() {
            "link" => self.link(value),
            "x-okta-request-id" => self.forms.same_form(value),
            "retry-after" | "x-rate-limit-limit" | "x-rate-limit-remaining" | "x-rate-limit-reset" => self.limit(value),
            _ => self.forms.http_date(value).unwrap_or_else(|| self.words_of_header(value)),
        };
        Some((name, value))
    }

    /// How much of a limit there is, and when it begins anew. How much is left is the hour's.
    fn limit(&mut self, value: &str) -> String {
        match value.trim().parse::<u32>() {
            Ok(_) if self.house.times == Times::One => "1".to_owned(),
            Ok(number) if number <= MOST_REQUESTS => number.to_string(),
            Ok(number) => self.forms.number(&number.into()).0.to_string(),
            Err(_) => self.forms.same_form(value),
        }
    }

    fn words_of_header(&mut self, value: &str) -> String {
        let is_between = |c: char| matches!(c, ',' | ';' | '=' | ' ');
        let mut out = String::new();
        for part in value.split_inclusive(is_between) {
            let word = part.trim_end_matches(is_between);
            let is_seconds = word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit());
            if is_seconds || HEADER_WORDS.contains(&word.to_ascii_lowercase().as_str()) {
                out.push_str(word);
            } else {
                out.push_str(&self.forms.same_form(word));
            }
            out.push_str(&part[word.len()..]);
        }
        out
    }

    /// Links (RFC 8288): their targets, and which relations they have.
    fn link(&mut self, value: &str) -> String {
        let mut links = Vec::new();
        for link in value.split('<').skip(1) {
            let (target, rest) = link.split_once('>').unwrap_or((link, ""));
            let relation =
                ["self", "next", "prev"].into_iter().find(|relation| rest.contains(&format!("rel=\"{relation}\"")));
            links.push(format!("<{}>; rel=\"{}\"", self.forms.text(target).text, relation.unwrap_or("other")));
        }
        links.join(", ")
    }
}
