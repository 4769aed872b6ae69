//! Holding an answer to one check of a plan.

use serde_json::Value;

use super::{CheckResult, End, Found, Identity, Judgement, MOST_CAPTURED, Told, implied_by};
use crate::{
    brief::{self, Excerpt},
    diagnostic::Span,
    finding::{Actual, Expected, Json},
    http::Answer,
    level::Level,
    matcher::{Matcher, Mismatches, equal},
    plan::{Basis, Capture, Check, Step, Wants, When},
    schema::{Schema, duplicates},
    suite::{On, Operation},
    template::{Unfilled, Variables},
    volume::MOST_VALUES,
};

/// Whoever holds an answer to checks, and what came of it so far.
pub(super) struct Judge<'p, 'v> {
    /// The level of the step.
    level: Level,
    /// The operation that was called.
    operation: Option<&'p Operation>,
    variables: &'v Variables,
    pub(super) judgement: Judgement<'p>,
}

impl<'p, 'v> Judge<'p, 'v> {
    pub(super) fn new(step: &'p Step, variables: &'v Variables) -> Self {
        let operation = step.request.operation().map(AsRef::as_ref);
        Self { level: step.level, operation, variables, judgement: Judgement::default() }
    }

    /// As [`Self::new`], of a step whose own defects are noted.
    pub(super) fn noting(step: &'p Step, variables: &'v Variables) -> Self {
        Self { level: Level::Info, ..Self::new(step, variables) }
    }

    pub(super) fn of_call(operation: &'p Operation, variables: &'v Variables) -> Self {
        Self { level: Level::Must, operation: Some(operation), variables, judgement: Judgement::default() }
    }

    /// Counts a check that is made, of something with a name or not.
    pub(super) fn count(&mut self, check: &'p Check, name: &str) {
        self.make(check);
        self.judgement.made.push(&check.kind(), name);
    }

    /// Counts a check, which holds until something is found.
    fn make(&mut self, check: &'p Check) {
        self.judgement.checks.count(check.level_in(self.level));
        self.note(check);
    }

    fn note(&mut self, check: &'p Check) {
        self.judgement.results.push(CheckResult { check, level: check.level_in(self.level), told: Told::Held });
    }

    /// Notes of the check that was counted last that it was not true.
    fn is(&mut self, told: Told) {
        if let Some(last) = self.judgement.results.last_mut() {
            last.told = told;
        }
    }

    /// Notes that the check that was counted last cannot be told.
    fn untold(&mut self, unfilled: Unfilled) {
        self.is(Told::Unfilled);
        self.judgement.unfilled.get_or_insert(unfilled);
    }

    pub(super) fn find(
        &mut self,
        check: &'p Check,
        span: Option<Span>,
        pointer: Option<String>,
        expected: Expected<String>,
        actual: Actual<String>,
    ) {
        self.is(Told::False);
        let span = match check.basis {
            Basis::Case(at) => Some(span.unwrap_or(at)),
            Basis::Operation(_) | Basis::Contract => None,
        };
        self.judgement.found.push(Found {
            check: check.kind(),
            implied_by: implied_by(check),
            level: check.level_in(self.level),
            requirements: check.requirements.to_vec(),
            span,
            pointer,
            expected,
            actual,
        });
    }

    /// Holds an answer to a check.
    pub(super) fn hold(&mut self, check: &'p Check, answer: &Answer) {
        match &check.wants {
            Wants::Status(statuses) => {
                if !statuses.is_empty() {
                    self.status(check, answer, Expected::Status(statuses.to_vec()), statuses.contains(&answer.status));
                }
            }
            Wants::Documented(operation) => {
                let wanted = Expected::Documented(operation.id.clone());
                self.status(check, answer, wanted, operation.documents(answer.status));
            }
            Wants::Code(codes) => self.error_code(check, codes, answer),
            Wants::OAuthError(codes) => {
                let body = answer.json().ok();
                let found = body.filter(|body| body.get("errorCode").is_none()).and_then(|body| body.get("error"));
                self.code(check, codes, found, "/error");
            }
            Wants::CodeOf(operation) => {
                if let Some(codes) = operation.errors.get(&answer.status) {
                    self.error_code(check, codes, answer);
                }
            }
            Wants::NoBody => {
                self.count(check, "");
                if !answer.body.is_empty() {
                    self.find(check, None, None, Expected::Absent, Actual::Text(Excerpt::of(&answer.text())));
                }
            }
            Wants::Body(matcher) => self.body(check, matcher, answer),
            Wants::Schema(schema) => self.schema(check, schema, answer),
            Wants::Header(name, matcher) => self.text(check, matcher, answer.header(name).map(Value::from).as_ref()),
            Wants::Link(relation, matcher) => {
                self.text(check, matcher, answer.links().target(relation).map(Value::from).as_ref());
            }
            // Of more than one answer, or of none; each has a function of its own.
            Wants::Collected(_)
            | Wants::Value(..)
            | Wants::Capture(_)
            | Wants::Pages(_)
            | Wants::Origin
            | Wants::Path
            | Wants::Identity(_) => {}
        }
    }

    /// Notes that a status is one that the operation documents. One that is not is told with the check of the status.
    pub(super) fn documented(&mut self, checks: &'p [Check], answer: &Answer) {
        for check in checks {
            if matches!(&check.wants, Wants::Documented(operation) if operation.documents(answer.status)) {
                self.note(check);
            }
        }
    }

    /// Holds an answer to what a call implies, except for what the step says itself. One that `succeeded`, if with another status, is
    /// held to what a success is.
    pub(super) fn implied(
        &mut self,
        checks: &'p [Check],
        answer: &Answer,
        succeeded: bool,
        said: impl Fn(&Check) -> bool,
    ) {
        let is_other = self.operation.is_some_and(|operation| operation.also.contains(&answer.status));
        let applies = |check: &&Check| match check.when {
            When::Success(status) => answer.status == status || succeeded && !is_other,
            // An operation that succeeds with such a status is not refused.
            When::Refused => {
                answer.status >= 400 && self.operation.is_none_or(|operation| operation.success != answer.status)
            }
            When::Sending | When::Answered | When::Expected | When::On(_) | When::Recorded => false,
        };
        let applying: Vec<&'p Check> = checks.iter().filter(applies).filter(|check| !said(check)).collect();
        for check in applying {
            self.hold(check, answer);
        }
    }

    /// Holds an answer to the general headers; those that are missing are judged only where all that were sent are there.
    pub(super) fn headers(&mut self, checks: &'p [Check], answer: &Answer, whole: bool) {
        let empty = answer.body.is_empty();
        for check in checks {
            let applies = match check.when {
                When::On(On::Any) => true,
                When::On(On::Body) => !empty,
                When::On(On::Empty) => empty,
                When::Sending | When::Answered | When::Expected | When::Success(_) | When::Refused | When::Recorded => {
                    false
                }
            };
            let there = || matches!(&check.wants, Wants::Header(name, _) if answer.header(name).is_some());
            if applies && (whole || there()) {
                self.hold(check, answer);
            }
        }
    }

    fn status(&mut self, check: &'p Check, answer: &Answer, wanted: Expected<String>, holds: bool) {
        self.count(check, "");
        if holds {
            return;
        }
        let body = answer.json().ok();
        let text = |name: &str| body?.get(name).and_then(Value::as_str).map(Excerpt::of);
        // Recordings tell the whole answer.
        let told = check.when != When::Recorded;
        let code = text("errorCode").or_else(|| text("error")).filter(|_| told);
        let summary = text("errorSummary").or_else(|| text("error_description")).filter(|_| code.is_some());
        let documented = !told || self.operation.is_none_or(|operation| operation.documents(answer.status));
        self.find(check, None, None, wanted, Actual::Status { status: answer.status, documented, code, summary });
    }

    fn error_code(&mut self, check: &'p Check, codes: &[String], answer: &Answer) {
        let found = answer.json().ok().and_then(|body| body.get("errorCode"));
        self.code(check, codes, found, "/errorCode");
    }

    fn code(&mut self, check: &'p Check, codes: &[String], found: Option<&Value>, pointer: &str) {
        self.count(check, "");
        let is = |code: &String| found.is_some_and(|found| equal(&Value::from(code.as_str()), found));
        if !codes.iter().any(is) {
            let actual = found.map_or(Actual::Absent, |found| Actual::Value(Json::of(found)));
            self.find(check, None, Some(pointer.to_owned()), Expected::Code(codes.to_vec()), actual);
        }
    }

    fn body(&mut self, check: &'p Check, matcher: &Matcher, answer: &Answer) {
        self.make(check);
        let kind = check.kind();
        matcher.leaves(&mut |place, _| self.judgement.made.push(&kind, place));
        match answer.json() {
            Ok(value) => self.matched(check, matcher.judge(Some(value), self.variables), true),
            Err(reason) => match matcher.wanted(self.variables) {
                Ok(wanted) => {
                    self.find(check, Some(matcher.span), None, wanted, Actual::NotJson(reason.to_owned()));
                }
                Err(unfilled) => self.untold(unfilled),
            },
        }
    }

    /// Holds a text, or that there is none, to what is expected of it.
    fn text(&mut self, check: &'p Check, matcher: &Matcher, value: Option<&Value>) {
        self.count(check, "");
        self.matched(check, matcher.judge(value, self.variables), false);
    }

    fn matched(&mut self, check: &'p Check, judged: Result<Mismatches, Unfilled>, in_a_body: bool) {
        let mismatches = match judged {
            Ok(mismatches) => mismatches,
            Err(unfilled) => return self.untold(unfilled),
        };
        self.judgement.left_out += mismatches.left_out;
        for found in mismatches.told {
            let pointer = in_a_body.then_some(found.pointer);
            self.find(check, Some(found.span), pointer, found.expected, found.actual);
        }
    }

    fn schema(&mut self, check: &'p Check, schema: &Schema, answer: &Answer) {
        self.count(check, "");
        match answer.json() {
            Ok(value) => {
                let validation = schema.judge(value);
                self.judgement.left_out += validation.left_out;
                for found in validation.violations {
                    self.find(check, None, Some(found.pointer), found.expected, found.actual);
                }
                self.judgement.drift.extend(validation.drift);
                self.judgement.drift.extend(duplicates(&answer.body, value));
            }
            Err(reason) => {
                let wanted = Expected::Schema(schema.name.clone());
                self.find(check, None, None, wanted, Actual::NotJson(reason.to_owned()));
            }
        }
    }

    /// Holds a variable to what is expected of it.
    pub(super) fn value(&mut self, check: &'p Check, variables: &Variables) {
        let Wants::Value(name, variable, matcher) = &check.wants else { return };
        self.count(check, name);
        let judged = variable.value(variables).and_then(|value| matcher.judge(Some(&value), variables));
        self.matched(check, judged, true);
    }

    /// Holds all pages together to what is expected of them.
    pub(super) fn collected(&mut self, check: &'p Check, items: &Value) {
        let Wants::Collected(matcher) = &check.wants else { return };
        self.count(check, "");
        self.matched(check, matcher.judge(Some(items), self.variables), true);
    }

    /// Holds the pages of a list to having an end.
    pub(super) fn end(&mut self, check: &'p Check, end: End) {
        let Wants::Pages(max) = check.wants else { return };
        self.count(check, "");
        let actual = match end {
            End::Reached => return,
            End::Again(url) => Actual::SamePage(url),
            End::More(url) => Actual::NextPage { after: max, url },
            End::TooMany(url) => Actual::TooManyValues { limit: MOST_VALUES, url },
        };
        self.find(check, None, None, Expected::LastPage(max), actual);
    }

    /// Whether there is something to capture, and no more than is kept.
    pub(super) fn capture(&mut self, check: &'p Check, capture: &Capture, value: Option<Value>) -> Option<Value> {
        self.count(check, &capture.name);
        let (actual, most) = match value {
            Some(value) => match brief::longer(&value, MOST_CAPTURED) {
                Some(length) => (Actual::TooLong(length), Some(MOST_CAPTURED)),
                None => return Some(value),
            },
            None => (Actual::Absent, None),
        };
        let expected = Expected::Capture { name: capture.name.to_string(), most };
        self.find(check, None, capture.from.pointer().map(str::to_owned), expected, actual);
        None
    }

    /// Holds the answer to a create to naming something new. It is never less than a `must`: what was there before is nobody's to work with.
    pub(super) fn identity(&mut self, checks: &'p [Check], identity: &Identity) {
        for check in checks {
            let Wants::Identity(operation) = &check.wants else { continue };
            let Some(makes) = &operation.makes else { continue };
            self.count(check, "");
            let (pointer, expected, actual) = match identity {
                Identity::New => continue,
                Identity::Missing => (&makes.id, Expected::New, Actual::Absent),
                Identity::Not(why) | Identity::Disposable(why) => (&makes.id, Expected::New, Actual::NotNew(*why)),
                Identity::Renamed { sent, answered, .. } => (
                    makes.name.as_ref().unwrap_or(&makes.id),
                    Expected::Value(Json::of(sent)),
                    Actual::Text(Excerpt::of(answered)),
                ),
            };
            self.find(check, None, Some(pointer.clone()), expected, actual);
        }
    }
}
