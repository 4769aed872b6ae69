//! What every call implies: a documented status, a body that fits it, the error form and a documented code, the general headers.

use serde_json::Value;

use super::{False, Verdict};
use crate::{
    brief::{brief, shorten},
    event::CheckKind,
    http::Answer,
    level::Level,
    matcher::equal,
    schema::Schema,
    suite::{Contract, On, Operation},
    template::Variables,
};

/// Whether headers that are missing are judged: recordings may have had theirs cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Headers {
    /// Live traffic: all of them must be there.
    Complete,
    /// Recorded traffic: missing ones are judged only if the contract's telltale header is there.
    Recorded,
}

/// The answer and what it is held to.
struct Judge<'a> {
    answer: &'a Answer,
    contract: &'a Contract,
    cap: Level,
    verdict: Verdict,
}

/// Holds the body of an answer to the contract of its operation. Checks weigh at most `cap`; `expected_codes` are those that the step
/// asks for itself.
pub(crate) fn judge_body(
    answer: &Answer,
    operation: &Operation,
    contract: &Contract,
    expected_codes: &[String],
    cap: Level,
) -> Verdict {
    let mut judge = Judge { answer, contract, cap, verdict: Verdict::default() };
    judge.body(operation, expected_codes);
    judge.verdict
}

/// Holds the general headers to the contract. They do not depend on what a case asks, so no case makes them weigh less.
pub(crate) fn judge_headers(answer: &Answer, contract: &Contract, headers: Headers) -> Verdict {
    let mut judge = Judge { answer, contract, cap: Level::Must, verdict: Verdict::default() };
    judge.headers(headers);
    judge.verdict
}

/// What a successful answer to a create says of the thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// An identifier that is new.
    New,
    /// One that is new, and another name than was sent: a search for what was made would not find it.
    Renamed { id: String, sent: String, answered: String },
    /// None that names one thing.
    Missing,
    /// That of something that was there before.
    Before,
    /// That of something else: what was made has another one.
    Other,
    /// One of which neither a list nor its name shows that it is new.
    Doubtful,
}

impl Identity {
    /// Whether the answer names something that may be worked with.
    pub(crate) fn is_usable(&self) -> bool {
        match self {
            Self::New | Self::Renamed { .. } => true,
            Self::Missing | Self::Before | Self::Other | Self::Doubtful => false,
        }
    }
}

/// Holds the answer to a create to naming something new. It is never less than a `must`: what was there before is nobody's to work with.
pub(crate) fn judge_identity(identity: &Identity, operation: &Operation) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(makes) = &operation.makes else { return verdict };
    verdict.count(&CheckKind::Identity, Level::Must);
    let new = "the identifier of something new".to_owned();
    let (pointer, expected, actual) = match identity {
        Identity::New => return verdict,
        Identity::Missing => (&makes.id, new, "none".to_owned()),
        Identity::Before => (&makes.id, new, "that of something that was there before".to_owned()),
        Identity::Other => (&makes.id, new, "that of something else".to_owned()),
        Identity::Doubtful => (&makes.id, new, "one that neither a list nor a name shows to be new".to_owned()),
        Identity::Renamed { sent, answered, .. } => {
            (makes.name.as_ref().unwrap_or(&makes.id), format!("the name that was sent, `{sent}`"), shorten(answered))
        }
    };
    verdict.falses.push(False {
        check: CheckKind::Identity,
        level: Level::Must,
        requirements: vec![operation.requirement.clone()],
        span: None,
        pointer: Some(pointer.clone()),
        expected,
        actual,
    });
    verdict
}

impl Judge<'_> {
    fn check(&mut self, check: &CheckKind, level: Level) -> Level {
        let level = level.min(self.cap);
        self.verdict.count(check, level);
        level
    }

    fn find(&mut self, check: CheckKind, level: Level, requirement: &str, expected: String, actual: String) {
        self.verdict.falses.push(False {
            check,
            level,
            requirements: vec![requirement.to_owned()],
            span: None,
            pointer: None,
            expected,
            actual,
        });
    }

    fn body(&mut self, operation: &Operation, expected_codes: &[String]) {
        let status = self.answer.status;
        if status == operation.success {
            match &operation.schema {
                Some(schema) => self.schema(&CheckKind::Schema, schema, &self.contract.schema.clone()),
                None => self.empty(),
            }
        } else if status >= 400 && operation.contract {
            let schema = &self.contract.error_schema;
            self.schema(&CheckKind::ErrorForm, schema, &self.contract.error.clone());
            if expected_codes.is_empty()
                && let Some(codes) = operation.errors.get(&status)
            {
                self.code(codes);
            }
        }
    }

    fn empty(&mut self) {
        let level = self.check(&CheckKind::EmptyBody, Level::Must);
        if !self.answer.body.is_empty() {
            let actual = shorten(&self.answer.text());
            self.find(CheckKind::EmptyBody, level, &self.contract.empty.clone(), "no body".to_owned(), actual);
        }
    }

    fn schema(&mut self, check: &CheckKind, schema: &Schema, requirement: &str) {
        let level = self.check(check, Level::Must);
        match self.answer.json() {
            Err(reason) => {
                let expected = format!("JSON that fits the schema {}", schema.name);
                self.find(check.clone(), level, requirement, expected, reason.to_owned());
            }
            Ok(value) => {
                let judgement = schema.judge(value);
                self.verdict.left_out += judgement.left_out;
                for mismatch in judgement.mismatches {
                    self.verdict.falses.push(False {
                        check: check.clone(),
                        level,
                        requirements: vec![requirement.to_owned()],
                        span: None,
                        pointer: Some(mismatch.pointer),
                        expected: mismatch.expected,
                        actual: mismatch.actual,
                    });
                }
                self.verdict.drift.extend(judgement.drift);
            }
        }
    }

    fn code(&mut self, codes: &[String]) {
        let level = self.check(&CheckKind::ErrorCode, Level::Must);
        let actual = self.answer.json().ok().and_then(|body| body.get("errorCode")).unwrap_or(&Value::Null);
        if !codes.iter().any(|code| equal(&code.as_str().into(), actual)) {
            let expected = format!("a code that is documented for {}: {}", self.answer.status, codes.join(", "));
            self.find(CheckKind::ErrorCode, level, &self.contract.code.clone(), expected, brief(actual));
        }
    }

    fn headers(&mut self, headers: Headers) {
        let contract = self.contract;
        let complete = headers == Headers::Complete
            || contract.recorded_with.as_ref().is_some_and(|name| self.answer.header(name).is_some());
        let empty = self.answer.body.is_empty();
        let variables = Variables::default();
        for header in &contract.headers {
            let applies = match header.on {
                On::Any => true,
                On::Body => !empty,
                On::Empty => empty,
            };
            let value = self.answer.header(&header.name).map(serde_json::Value::from);
            if !applies || (value.is_none() && !complete) {
                continue;
            }
            let level = header.level.min(self.cap);
            let check = CheckKind::Header(header.name.as_str().into());
            self.verdict.count(&check, level);
            // The matchers of the contract have no variables, so they can always be told.
            let findings = header.matcher.judge(value.as_ref(), &variables).unwrap_or_default();
            for finding in findings.told {
                self.find(check.clone(), level, &header.requirement, finding.expected, header_text(finding.actual));
            }
        }
    }
}

/// Findings speak of members; a header that is missing is no member.
pub(super) fn header_text(actual: String) -> String {
    if actual.starts_with("nothing") { "no such header".to_owned() } else { actual }
}
