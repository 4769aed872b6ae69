//! What the checks of a suite are: every expectation at its place in its file, and what calls imply, once an operation.
//!
//! A check is the smallest thing that can be false by itself: the status of a step, an error code, a header, a link, a capture, and of a
//! matcher for a body each leaf. The rows of a table share their checks, as they share the text. What a call implies is one check
//! an operation and sort (its schema, its error form); a general header is one check for answers with and one for those without a
//! body. Checks of level `info` assert nothing and are none.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use crate::{
    diagnostic::{Source, Span},
    event::{CheckKind, Mismatch, StepFinished},
    level::Level,
    matcher::Matcher,
    plan::{ExpectedBody, Plan, Repetition, RequestTarget, Step, Trial},
    suite::On,
};

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    /// `file:line:column` of the expectation; for what a call implies, the operation.
    pub place: String,
    /// `status`, `body`, `schema`, `header Link`, …
    pub check: String,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.check)
    }
}

/// All checks of some trials, each with the requirements that it holds a target to.
#[derive(Debug, Default)]
pub struct Checks {
    all: BTreeMap<Check, BTreeSet<String>>,
}

impl Checks {
    /// The checks of these trials.
    pub(super) fn of(plan: &Plan, trials: &[Arc<Trial>]) -> Self {
        let mut checks = Self::default();
        for trial in trials {
            for step in trial.fixtures.iter().flat_map(|fixture| &fixture.steps) {
                checks.status(step);
                checks.captures(step);
            }
            for (number, step) in trial.steps.iter().enumerate() {
                checks.step(plan, step);
                checks.origin(step, &trial.steps[..number]);
            }
        }
        checks
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Those that are not among `red`.
    pub(super) fn never(&self, red: &BTreeSet<&Check>) -> Vec<&Check> {
        self.all.keys().filter(|check| !red.contains(check)).collect()
    }

    /// Requirements of which no check is among `red`.
    pub(super) fn untried(&self, red: &BTreeSet<&Check>) -> Vec<&str> {
        let ids = |of: &dyn Fn(&Check) -> bool| -> BTreeSet<&str> {
            let chosen = self.all.iter().filter(|(check, _)| of(check));
            chosen.flat_map(|(_, ids)| ids.iter().map(String::as_str)).collect()
        };
        let tried = ids(&|check| red.contains(check));
        ids(&|_| true).into_iter().filter(|id| !tried.contains(id)).collect()
    }

    /// The requirements that they hold a target to.
    pub(super) fn requirements(&self) -> usize {
        self.all.values().flatten().collect::<BTreeSet<_>>().len()
    }

    /// The check that was false.
    pub(super) fn find(&self, mismatch: &Mismatch, step: &StepFinished) -> Check {
        let place = mismatch.place.as_ref().map(|place| format!("{}:{}:{}", place.path, place.line, place.column));
        let explicit = Check { place: place.unwrap_or_default(), check: mismatch.check.to_string() };
        if self.all.contains_key(&explicit) {
            return explicit;
        }
        let empty = step.exchange.as_ref().is_none_or(|exchange| exchange.response.body.is_none());
        let header = matches!(mismatch.check, CheckKind::Header(_));
        // A header that is there whatever the body is stands in the list under that name.
        let general = |on: &str| Check { place: "contract".to_owned(), check: format!("{}{on}", mismatch.check) };
        let mut implied = vec![Check { place: step.call.clone(), check: mismatch.check.to_string() }];
        if header {
            implied = vec![general(if empty { " without a body" } else { " with a body" }), general("")];
        }
        implied.into_iter().find(|check| self.all.contains_key(check)).unwrap_or(explicit)
    }

    fn add<'a>(&mut self, place: String, check: impl Into<String>, requirements: impl IntoIterator<Item = &'a String>) {
        let check = Check { place, check: check.into() };
        self.all.entry(check).or_default().extend(requirements.into_iter().cloned());
    }

    fn at(&mut self, source: &Source, span: Span, check: impl Into<String>, requirements: &[String]) {
        let (line, column) = source.position(span.start);
        self.add(format!("{}:{line}:{column}", source.path), check, requirements);
    }

    fn status(&mut self, step: &Step) {
        if !step.expect.status.is_empty() && step.level > Level::Info {
            self.at(&step.source, step.expect.status_span, "status", &step.requirements);
        }
    }

    fn captures(&mut self, step: &Step) {
        if step.level > Level::Info {
            for capture in &step.captures {
                self.at(&step.source, capture.span, "capture", &step.requirements);
            }
        }
    }

    fn step(&mut self, plan: &Plan, step: &Step) {
        if plan.speaks_for(step, "") || step.request.operation().is_none() {
            self.general(plan);
        }
        if step.level == Level::Info {
            return;
        }
        self.status(step);
        self.captures(step);
        self.implied(plan, step);
        let expect = &step.expect;
        if let Some(error) = &expect.error {
            self.at(&step.source, error.span, "error code", &step.requirements);
            if step.request.operation().is_none() {
                self.at(&step.source, error.span, "schema", &step.requirements);
            }
        }
        match &expect.body {
            ExpectedBody::Unsaid => {}
            ExpectedBody::Empty(span) => self.at(&step.source, *span, "body", &step.requirements),
            ExpectedBody::Match(matcher) => self.matcher(step, "body", matcher),
        }
        if let Some((_, span)) = &expect.schema {
            self.at(&step.source, *span, "schema", &step.requirements);
        }
        for (name, matcher) in &expect.headers {
            self.matcher(step, &format!("header {name}"), matcher);
        }
        for (relation, matcher) in &expect.links {
            self.matcher(step, &format!("link {relation}"), matcher);
        }
        if let Some(matcher) = &expect.collected {
            self.matcher(step, "collected", matcher);
        }
        if matches!(step.repetition, Repetition::Pages { .. }) {
            self.at(&step.source, step.span, "pages", &step.requirements);
        }
    }

    /// A URL of another origin ends the trial, so a later step with the same one is never asked.
    fn origin(&mut self, step: &Step, before: &[Step]) {
        let RequestTarget::Url(url) = &step.request.target else { return };
        let is_same =
            |step: &Step| matches!(&step.request.target, RequestTarget::Url(other) if other.source() == url.source());
        if step.level > Level::Info && !before.iter().any(is_same) {
            self.at(&step.source, step.span, "origin", &step.requirements);
        }
    }

    fn matcher(&mut self, step: &Step, check: &str, matcher: &Matcher) {
        matcher.leaves(&mut |_, span| self.at(&step.source, span, check, &step.requirements));
    }

    fn implied(&mut self, plan: &Plan, step: &Step) {
        let Some(operation) = step.request.operation() else { return };
        // What is made below something goes with it, whatever it is called.
        if operation.makes.is_some() && operation.path.parameters().next().is_none() {
            self.add(operation.id.clone(), CheckKind::Identity.to_string(), [&operation.requirement]);
        }
        for status in &step.expect.status {
            if *status == operation.success {
                // HTTP itself keeps a body from a 204, so that there is none can only be false in a recording.
                if operation.schema.is_some() {
                    self.add(operation.id.clone(), "schema", [&plan.contract.schema]);
                }
            } else if *status >= 400 && operation.contract {
                self.add(operation.id.clone(), "error form", [&plan.contract.error]);
                if step.expect.error.is_none() && operation.errors.contains_key(status) {
                    self.add(operation.id.clone(), "error code", [&plan.contract.code]);
                }
            }
        }
    }

    fn general(&mut self, plan: &Plan) {
        for header in plan.contract.headers.iter().filter(|header| header.level > Level::Info) {
            let on = match header.on {
                On::Any => "",
                On::Body => " with a body",
                On::Empty => " without a body",
            };
            self.add("contract".to_owned(), format!("header {}{on}", header.name), [&header.requirement]);
        }
    }
}
