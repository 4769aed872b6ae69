//! Judging what came of a step: of an answer, of the pages of a list, of an address that leads elsewhere.
//!
//! Pure: answers and the checks of a plan come in, findings and drift come out. It alone judges; which outcome follows is the run's.

mod hold;
mod names;

use std::sync::Arc;

use reqwest::Url;
use serde_json::Value;

use self::{hold::Judge, names::Names};
use crate::{
    brief,
    diagnostic::Span,
    event::{Checks, ImpliedBy},
    finding::{self, Actual, CheckKind, Expected, NotNew},
    http::{Answer, Exchange},
    jwt::Jwt,
    level::Level,
    plan::{Basis, Capture, CaptureFrom, Check, Plan, Step, UrlPart, Wants, When},
    schema::Undescribed,
    suite::{On, Operation},
    template::{Unfilled, Variables},
};

/// More than a name, a link, a thing or a page of a list is; what is captured is kept as long as its trial runs.
const MOST_CAPTURED: usize = 1024 * 1024;

/// What a false check saw, before secrets are taken out and the place is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) check: CheckKind,
    pub(crate) implied_by: Option<ImpliedBy>,
    pub(crate) level: Level,
    pub(crate) requirements: Vec<String>,
    /// Where the expectation stands in the step's file; what a call implies stands at the call.
    pub(crate) span: Option<Span>,
    pub(crate) pointer: Option<String>,
    pub(crate) expected: Expected<String>,
    pub(crate) actual: Actual<String>,
}

/// What judging brought.
#[derive(Debug, Default)]
pub(crate) struct Judgement<'p> {
    pub(crate) checks: Checks,
    /// What was held against something: the word of the check, with the place in the body where it has one.
    pub(crate) made: Names,
    pub(crate) found: Vec<Found>,
    pub(crate) drift: Vec<Undescribed>,
    /// At least so many more places are false that are not listed. Of each false check some are.
    pub(crate) left_out: usize,
    /// Each check that was made.
    pub(crate) results: Vec<CheckResult<'p>>,
    /// Why a check could not be made.
    pub(crate) unfilled: Option<Unfilled>,
}

/// What became of a check.
#[derive(Debug, Clone)]
pub(crate) struct CheckResult<'p> {
    pub(crate) check: &'p Check,
    pub(crate) level: Level,
    pub(crate) told: Told,
}

/// Whether a check was true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Held,
    False,
    /// A name that it needs has no value.
    Unfilled,
}

impl CheckResult<'_> {
    /// What implies the check, where no case says it.
    pub(crate) fn implied_by(&self) -> Option<ImpliedBy> {
        implied_by(self.check)
    }

    pub(crate) fn held(&self) -> bool {
        self.told == Told::Held
    }

    /// Whether the case says it, also by the status that its call expects.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.check.basis, Basis::Case(_))
    }
}

impl Judgement<'_> {
    pub(crate) fn add(&mut self, other: Self) {
        self.checks.add(other.checks);
        self.made.append(other.made);
        self.found.extend(other.found);
        self.drift.extend(other.drift);
        self.left_out += other.left_out;
        self.results.extend(other.results);
        self.unfilled = self.unfilled.take().or(other.unfilled);
    }
}

/// What became of a step, judged.
#[derive(Debug, Default)]
pub(crate) struct Judged<'p> {
    pub(crate) judgement: Judgement<'p>,
    /// It was not as expected in a way that leaves nothing to judge behind it.
    pub(crate) ends: bool,
    /// What it captured.
    pub(crate) captured: Vec<(Arc<str>, Value)>,
}

/// How much of an answer is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    Everything,
    /// A fixture: only whether it was made, with whatever status of success. Cases of their own judge the rest.
    StatusAlone,
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
    /// Not that of something new.
    Not(NotNew),
    /// The same, but nothing on the target matters.
    Disposable(NotNew),
}

impl Identity {
    /// Whether the answer names something that may be worked with.
    pub(crate) fn is_usable(&self) -> bool {
        match self {
            Self::New | Self::Renamed { .. } | Self::Disposable(_) => true,
            Self::Missing | Self::Not(_) => false,
        }
    }
}

/// An answer to a step.
pub(crate) struct Seen<'p, 'a> {
    pub(crate) plan: &'p Plan,
    pub(crate) exchange: &'a Exchange,
    pub(crate) depth: Depth,
    /// What the answer says of what the operation made.
    pub(crate) identity: Option<(&'a Identity, &'a Operation)>,
}

/// Judges an answer to a step, and what it captures from it.
pub(crate) fn judge<'p>(step: &'p Step, seen: &Seen<'p, '_>, variables: &Variables) -> Judged<'p> {
    let mut judged = judge_page(step, seen, variables);
    let answer = &seen.exchange.answer;
    let usable = seen.identity.is_none_or(|(identity, _)| identity.is_usable());
    let missing = matches!(seen.identity, Some((Identity::Missing, _)));
    let mut judge = match seen.depth {
        Depth::Everything => Judge::new(step, variables),
        // That something is not there is noted, and matters to the steps that use it.
        Depth::StatusAlone => Judge::noting(step, variables),
    };
    for (check, capture) in step.captures() {
        let mut value = captured(capture, answer, || answer.json().ok());
        if usable && judged.ends {
            // A create that was to be refused and was not has made something: clean-up needs its ID.
            value = value.filter(|value| brief::longer(value, MOST_CAPTURED).is_none());
        } else if usable || missing {
            value = judge.capture(check, capture, value);
        }
        // What is not the run's gets no name, so that nothing is sent there; whether the rest is there is still judged.
        judged.captured.extend(value.filter(|_| usable).map(|value| (Arc::clone(&capture.name), value)));
    }
    let as_expected = seen.depth == Depth::Everything && step.statuses().contains(&answer.status);
    let mut values = step.checks.iter().filter(|check| matches!(check.wants, Wants::Value(..))).peekable();
    if as_expected && values.peek().is_some() {
        let mut all = variables.clone();
        judged.captured.iter().for_each(|(name, value)| all.set(name, value.clone()));
        values.for_each(|check| judge.value(check, &all));
    }
    judged.judgement.add(judge.judgement);
    judged
}

/// Judges one page of several, which captures nothing by itself.
pub(crate) fn judge_page<'p>(step: &'p Step, seen: &Seen<'p, '_>, variables: &Variables) -> Judged<'p> {
    let Seen { plan, exchange, depth, identity } = *seen;
    let answer = &exchange.answer;
    let mut judge = Judge::new(step, variables);
    let everything = depth == Depth::Everything;
    // Another status of the same kind: the target did what was asked for, or refused it, as expected.
    let alike = step.statuses().iter().any(|status| status / 100 == answer.status / 100);
    let succeeded = alike && answer.is_success();
    let status = step.checks.iter().find(|check| matches!(check.wants, Wants::Status(_)));
    if let Some(check) = status.filter(|_| everything || !succeeded) {
        judge.hold(check, answer);
        if let Some(found) = judge.judgement.found.iter_mut().find(|found| !found.is_documented()) {
            found.requirements.push(plan.contract.status.clone());
        }
    }
    // This check comes first: when the target did not do what was asked for, nothing else about the body was meant.
    let as_expected = judge.judgement.found.is_empty() || succeeded;
    let usable = identity.is_none_or(|(identity, _)| identity.is_usable());
    if let Some(operation) = step.request.operation().filter(|_| everything) {
        let said = as_expected && step.says_code();
        judge.documented(plan.implied(operation), answer);
        let says = |check: &Check| said && matches!(check.wants, Wants::CodeOf(_));
        judge.implied(plan.implied(operation), answer, succeeded, says);
    }
    if let Some((identity, operation)) = identity {
        judge.identity(plan.implied(operation), identity);
    }
    if everything && plan.speaks_for(step, &exchange.request.url) {
        judge.headers(&plan.general, answer, true);
    }
    // What is said of something else is not what was asked for.
    let other = matches!(identity, Some((Identity::Not(_), _)));
    if everything && as_expected && !other {
        for check in step.checks.iter().filter(|check| check.when == When::Expected) {
            judge.hold(check, answer);
        }
    }
    // The level `info` says that the target may do either; what follows may still be judged.
    let ends = !usable || !as_expected && !alike && (!everything || step.level > Level::Info);
    Judged { judgement: judge.judgement, ends, captured: Vec::new() }
}

/// How the pages of a list ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// With a page that links to no other.
    Reached,
    /// With one that links to one that was seen before.
    Again(String),
    /// With one that still links to another, after as many as there may be.
    More(String),
    /// After more values than are collected.
    TooMany(String),
}

/// Judges how the pages of a list ended, what all of them hold together, and what is captured from them.
pub(crate) fn judge_pages<'p>(
    step: &'p Step,
    end: End,
    items: &Value,
    last: &Answer,
    variables: &Variables,
) -> Judged<'p> {
    let mut judge = Judge::new(step, variables);
    if let Some(check) = step.own(|wants| matches!(wants, Wants::Pages(_))) {
        judge.end(check, end);
    }
    let mut captured_values = Vec::new();
    if judge.judgement.found.is_empty() {
        if let Some(check) = step.own(|wants| matches!(wants, Wants::Collected(_))) {
            judge.collected(check, items);
        }
        for (check, capture) in step.captures() {
            let value = judge.capture(check, capture, captured(capture, last, || Some(items)));
            captured_values.extend(value.map(|value| (Arc::clone(&capture.name), value)));
        }
    }
    let ends = judge.judgement.found.iter().any(|found| found.check == CheckKind::Pages);
    Judged { judgement: judge.judgement, ends, captured: captured_values }
}

/// Judges where a request would have gone that was not sent, because the target has said so: a URL of another origin than this one, or a
/// text that leads elsewhere in a path.
pub(crate) fn judge_address<'p>(step: &'p Step, address: Address<'_>, variables: &Variables) -> Judgement<'p> {
    let mut judge = Judge::new(step, variables);
    let (expected, actual, is): (_, _, fn(&Wants) -> bool) = match address {
        Address::Elsewhere { url, origin } => {
            let origin = Expected::Origin(origin.to_owned());
            (origin, Actual::Elsewhere(url.to_owned()), |wants| matches!(wants, Wants::Origin))
        }
        Address::NotSent(text) => {
            (Expected::Segment, Actual::NotSent(text.to_owned()), |wants| matches!(wants, Wants::Path))
        }
    };
    if let Some(check) = step.own(is) {
        judge.count(check, "");
        judge.find(check, None, None, expected, actual);
    }
    judge.judgement
}

/// An address that leads elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Address<'a> {
    Elsewhere { url: &'a str, origin: &'a str },
    NotSent(&'a str),
}

/// Judges recorded traffic, which nobody expected anything of. Its headers may have been cut, as whoever recorded it says.
pub(crate) fn judge_recorded<'p>(answer: &Answer, operation: &'p Arc<Operation>, plan: &'p Plan) -> Judgement<'p> {
    let variables = Variables::default();
    let mut judge = Judge::of_call(operation, &variables);
    judge.implied(plan.implied(operation), answer, false, |_| false);
    for check in plan.implied(operation).iter().filter(|check| check.when == When::Recorded) {
        judge.hold(check, answer);
    }
    if operation.contract {
        let whole = plan.contract.recorded_with.as_ref().is_some_and(|name| answer.header(name).is_some());
        judge.headers(&plan.general, answer, whole);
    }
    judge.judgement
}

impl Found {
    /// What is wrong where, in a line.
    pub(crate) fn headline(&self) -> String {
        finding::headline(&self.check, self.pointer.as_deref(), &self.expected, &self.actual)
    }

    /// Whether every answer is held to it.
    pub(crate) fn is_general(&self) -> bool {
        match self.implied_by {
            Some(ImpliedBy::AllAnswers | ImpliedBy::AnswersWithBody | ImpliedBy::AnswersWithoutBody) => true,
            Some(ImpliedBy::Operation(_)) | None => false,
        }
    }

    /// Whether it is no status that the operation does not document.
    fn is_documented(&self) -> bool {
        !matches!(self.actual, Actual::Status { documented: false, .. })
    }
}

fn implied_by(check: &Check) -> Option<ImpliedBy> {
    match (&check.basis, check.when) {
        (Basis::Case(_), _) => None,
        (Basis::Operation(operation), _) => Some(ImpliedBy::Operation(operation.id.clone())),
        (Basis::Contract, When::On(On::Body)) => Some(ImpliedBy::AnswersWithBody),
        (Basis::Contract, When::On(On::Empty)) => Some(ImpliedBy::AnswersWithoutBody),
        (
            Basis::Contract,
            When::On(On::Any)
            | When::Sending
            | When::Answered
            | When::Expected
            | When::Success(_)
            | When::Refused
            | When::Recorded,
        ) => Some(ImpliedBy::AllAnswers),
    }
}

/// A parameter of a URL, which may be written without its origin.
fn parameter(url: &str, part: UrlPart, name: &str) -> Option<String> {
    let base = Url::parse("http://localhost").ok()?;
    let mut url = base.join(url).ok()?;
    if part == UrlPart::Fragment {
        let fragment = url.fragment().map(str::to_owned);
        url.set_query(fragment.as_deref());
    }
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

fn captured<'b>(capture: &Capture, answer: &Answer, body: impl FnOnce() -> Option<&'b Value>) -> Option<Value> {
    match &capture.from {
        CaptureFrom::Body { path, place } => {
            let nodes = path.query(body()?);
            if place.is_some() {
                return nodes.exactly_one().ok().cloned();
            }
            Some(Value::Array(nodes.all().into_iter().cloned().collect()))
        }
        CaptureFrom::Header(name) => answer.header(name).map(Value::from),
        CaptureFrom::UrlParameter { header, part, name } => {
            parameter(&answer.header(header)?, *part, name).map(Value::from)
        }
        CaptureFrom::Jwt { token, path } => {
            let token = token.query(body()?).exactly_one().ok()?.as_str()?;
            path.query(&Jwt::read(token)?.parts()).exactly_one().ok().cloned()
        }
        CaptureFrom::Link(relation) => answer.links().target(relation).map(Value::from),
    }
}
