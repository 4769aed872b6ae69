//! The checks of a suite: what each holds an answer to, when, where it stands, how much it weighs. All of them are decided here, when the
//! suite is compiled; `check` judges answers by them, and whoever lists them lists these.

use std::{collections::BTreeSet, sync::Arc};

use super::{Capture, Plan, Repetition, RequestTarget, Script, Step, Trial};
use crate::{
    diagnostic::Span,
    finding::CheckKind,
    level::Level,
    matcher::Matcher,
    schema::Schema,
    suite::{Contract, GeneralHeader, On, Operation},
    template::Template,
};

/// One check.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) wants: Wants,
    pub(crate) when: When,
    pub(crate) basis: Basis,
    pub(crate) level: Level,
    pub(crate) requirements: Arc<[String]>,
}

/// What a check holds an answer to.
#[derive(Debug)]
pub(crate) enum Wants {
    /// One of these statuses.
    Status(Box<[u16]>),
    /// A status that the operation documents.
    Documented(Arc<Operation>),
    /// One of these error codes.
    Code(Box<[String]>),
    /// One of these error codes of OAuth (RFC 6749 section 5.2).
    OAuthError(Box<[String]>),
    /// An error code that the operation documents for the status.
    CodeOf(Arc<Operation>),
    NoBody,
    Body(Box<Matcher>),
    Schema(Arc<Schema>),
    Header(Arc<str>, Box<Matcher>),
    Link(Arc<str>, Box<Matcher>),
    /// Of all pages together.
    Collected(Box<Matcher>),
    Capture(Box<Capture>),
    /// Of a variable, when the step has captured what it captures.
    Value(Arc<str>, Box<Template>, Box<Matcher>),
    /// A last page after at most so many.
    Pages(u64),
    /// A link that leads to the target.
    Origin,
    /// Values that name one thing each in the path.
    Path,
    /// Something new, of what this operation makes.
    Identity(Arc<Operation>),
}

/// When a check is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Before the request is sent: where it would go.
    Sending,
    /// Of every answer.
    Answered,
    /// Of an answer with a status that the step expects.
    Expected,
    /// Of the answer with this status, that of success.
    Success(u16),
    /// Of an answer of 400 and more.
    Refused,
    /// Of an answer with or without a body, whatever its status.
    On(On),
    /// Of a recorded answer, which nobody expected anything of.
    Recorded,
}

/// What a check rests on.
#[derive(Debug)]
pub(crate) enum Basis {
    /// The case says it, here.
    Case(Span),
    /// Every call of the operation implies it.
    Operation(Arc<Operation>),
    /// The contract says it of every answer.
    Contract,
}

impl Check {
    pub(crate) fn kind(&self) -> CheckKind {
        match &self.wants {
            Wants::Status(_) | Wants::Documented(_) => CheckKind::Status,
            Wants::Code(_) | Wants::CodeOf(_) => CheckKind::ErrorCode,
            Wants::OAuthError(_) => CheckKind::OAuthError,
            Wants::Value(name, ..) => CheckKind::Value(Arc::clone(name)),
            Wants::NoBody => match self.basis {
                Basis::Case(_) => CheckKind::Body,
                Basis::Operation(_) | Basis::Contract => CheckKind::EmptyBody,
            },
            Wants::Body(_) => CheckKind::Body,
            Wants::Schema(_) if self.when == When::Refused => CheckKind::ErrorForm,
            Wants::Schema(_) => CheckKind::Schema,
            Wants::Header(name, _) => CheckKind::Header(Arc::clone(name)),
            Wants::Link(relation, _) => CheckKind::Link(Arc::clone(relation)),
            Wants::Collected(_) => CheckKind::Collected,
            Wants::Capture(_) => CheckKind::Capture,
            Wants::Pages(_) => CheckKind::Pages,
            Wants::Origin => CheckKind::Origin,
            Wants::Path => CheckKind::Path,
            Wants::Identity(_) => CheckKind::Identity,
        }
    }

    /// How much it weighs in a step of this level: what a call implies is no more than the step is, but what a run may work with, and what
    /// holds for every answer, does not depend on what a case asks.
    pub(crate) fn level_in(&self, step: Level) -> Level {
        match (&self.wants, &self.basis) {
            (Wants::Identity(_), _) | (_, Basis::Contract) => self.level,
            (_, Basis::Case(_) | Basis::Operation(_)) => self.level.min(step),
        }
    }

    /// Where the expectations stand that can be false by themselves.
    pub(crate) fn leaves(&self, tell: &mut dyn FnMut(&str, Span)) {
        let Basis::Case(span) = self.basis else { return };
        match &self.wants {
            Wants::Body(matcher)
            | Wants::Header(_, matcher)
            | Wants::Link(_, matcher)
            | Wants::Collected(matcher)
            | Wants::Value(_, _, matcher) => {
                matcher.leaves(tell);
            }
            Wants::Status(_)
            | Wants::Documented(_)
            | Wants::Code(_)
            | Wants::OAuthError(_)
            | Wants::CodeOf(_)
            | Wants::NoBody
            | Wants::Schema(_)
            | Wants::Capture(_)
            | Wants::Pages(_)
            | Wants::Origin
            | Wants::Path
            | Wants::Identity(_) => tell("", span),
        }
    }

    /// Whether it can be false in an answer to a step that expects these statuses.
    fn may_be_false(&self, statuses: &[u16]) -> bool {
        match &self.wants {
            // HTTP itself keeps a body from a 204, so that there is none can only be false in a recording.
            Wants::NoBody => matches!(self.basis, Basis::Case(_)),
            // What is made below something goes with it, whatever it is called.
            Wants::Identity(operation) => operation.path.parameters().next().is_none(),
            Wants::CodeOf(operation) => statuses.iter().any(|status| operation.errors.contains_key(status)),
            Wants::Documented(_) => false,
            Wants::Status(_)
            | Wants::Code(_)
            | Wants::OAuthError(_)
            | Wants::Body(_)
            | Wants::Schema(_)
            | Wants::Header(..)
            | Wants::Link(..)
            | Wants::Collected(_)
            | Wants::Value(..)
            | Wants::Capture(_)
            | Wants::Pages(_)
            | Wants::Origin
            | Wants::Path => !matches!(self.when, When::Recorded) && self.may_be_made(statuses),
        }
    }

    /// Whether it can be made of an answer to a step that expects these statuses.
    fn may_be_made(&self, statuses: &[u16]) -> bool {
        match self.when {
            When::Success(success) => statuses.contains(&success),
            When::Refused => statuses.iter().any(|status| *status >= 400),
            When::Sending | When::Answered | When::Expected | When::On(_) | When::Recorded => true,
        }
    }
}

impl Step {
    /// The statuses that it expects.
    pub(crate) fn statuses(&self) -> &[u16] {
        let statuses = self.checks.iter().find_map(|check| {
            let Wants::Status(statuses) = &check.wants else { return None };
            Some(&**statuses)
        });
        statuses.unwrap_or_default()
    }

    /// What it captures.
    pub(crate) fn captures(&self) -> impl Iterator<Item = (&Check, &Capture)> {
        self.checks.iter().filter_map(|check| {
            let Wants::Capture(capture) = &check.wants else { return None };
            Some((check, &**capture))
        })
    }

    /// Whether it says itself which error codes an answer may have.
    pub(crate) fn says_code(&self) -> bool {
        self.checks.iter().any(|check| matches!(check.wants, Wants::Code(_)))
    }

    /// A check of its own of this sort, which was decided with the step.
    pub(crate) fn own(&self, is: impl Fn(&Wants) -> bool) -> Option<&Check> {
        self.checks.iter().find(|check| is(&check.wants))
    }
}

/// What a step is held to by itself: where it goes, and that pages end.
pub(super) fn of_request(step: &Step) -> Vec<Check> {
    let at = |wants, when| Check {
        wants,
        when,
        basis: Basis::Case(step.span),
        level: step.level,
        requirements: Arc::clone(&step.requirements),
    };
    let mut checks = Vec::new();
    match &step.request.target {
        RequestTarget::Operation { path, .. } if !path.is_empty() => checks.push(at(Wants::Path, When::Sending)),
        RequestTarget::Operation { .. } => {}
        RequestTarget::Path(_) => checks.push(at(Wants::Path, When::Sending)),
        RequestTarget::Url(_) => checks.push(at(Wants::Origin, When::Sending)),
    }
    if let Repetition::Pages { max } = step.repetition {
        checks.push(at(Wants::Pages(max), When::Answered));
        // Each page after the first is where the one before it links to.
        if !matches!(step.request.target, RequestTarget::Url(_)) {
            checks.push(at(Wants::Origin, When::Sending));
        }
    }
    checks
}

/// What every call of an operation implies.
pub(super) fn implied(operation: &Arc<Operation>, contract: &Contract) -> Arc<[Check]> {
    let operation = || Arc::clone(operation);
    let implied = |wants, when, requirement: &String| Check {
        wants,
        when,
        basis: Basis::Operation(operation()),
        level: Level::Must,
        requirements: [requirement.clone()].into(),
    };
    let success = When::Success(operation().success);
    let mut checks = vec![
        implied(Wants::Documented(operation()), When::Recorded, &contract.status),
        match &operation().schema {
            Some(schema) => implied(Wants::Schema(Arc::clone(schema)), success, &contract.schema),
            None => implied(Wants::NoBody, success, &contract.empty),
        },
    ];
    if operation().contract {
        let form = Wants::Schema(Arc::clone(&contract.error_schema));
        checks.push(implied(form, When::Refused, &contract.error));
        checks.push(implied(Wants::CodeOf(operation()), When::Refused, &contract.code));
    }
    if let Some(schema) = &operation().error_schema {
        checks.push(implied(Wants::Schema(Arc::clone(schema)), When::Refused, &operation().requirement));
    }
    if operation().makes.is_some() {
        checks.push(implied(Wants::Identity(operation()), When::Answered, &operation().requirement));
    }
    checks.into()
}

/// What the contract says of every answer.
pub(super) fn general(contract: &Contract) -> Box<[Check]> {
    let check = |header: &GeneralHeader| Check {
        wants: Wants::Header(header.name.as_str().into(), Box::new(header.matcher.clone())),
        when: When::On(header.on),
        basis: Basis::Contract,
        level: header.level,
        requirements: [header.requirement.clone()].into(),
    };
    contract.headers.iter().map(check).collect()
}

impl Plan {
    /// What every call of an operation implies.
    pub(crate) fn implied(&self, operation: &Operation) -> &[Check] {
        self.implied.get(&operation.id).map_or(&[], |checks| checks)
    }

    /// The requirements that a trial is about, and those of the checks that it may make.
    pub(crate) fn requirements_of<'a>(&'a self, trial: &'a Trial) -> impl Iterator<Item = &'a str> {
        let steps = trial.script().into_iter().flat_map(|script| &script.steps).filter(|step| !step.establishes);
        let made = steps.flat_map(|step| self.checks_in(step).filter(|check| check.may_be_made(step.statuses())));
        trial.requirements.iter().chain(made.flat_map(|check| check.requirements.iter())).map(String::as_str)
    }

    /// The checks of a step: those of all answers, its own, those that its call implies.
    fn checks_in<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = &'a Check> {
        let spoken_for = self.speaks_for(step, "") || step.request.operation().is_none();
        let general = self.general.iter().filter(move |_| spoken_for);
        let implied = step.request.operation().map_or(&[][..], |operation| self.implied(operation));
        let said = |check: &&Check| !(matches!(check.wants, Wants::CodeOf(_)) && step.says_code());
        general.chain(&step.checks).chain(implied.iter().filter(said))
    }

    /// The requirements of what every call implies, and of what every answer is held to: those that a recorded answer alone can show.
    pub(crate) fn requirements_of_answers(&self) -> BTreeSet<&str> {
        let checks = self.implied.values().flat_map(|checks| checks.iter()).chain(&self.general);
        checks.flat_map(|check| check.requirements.iter().map(String::as_str)).collect()
    }

    /// Each requirement with each step of a case that has a check of it.
    pub(crate) fn steps_about(&self) -> impl Iterator<Item = (&str, &Trial, &Step)> {
        let scripts = self.trials.iter().filter_map(|trial| Some((trial, trial.script()?)));
        let steps = scripts.flat_map(|(trial, script)| script.steps.iter().map(move |step| (trial, step)));
        steps.flat_map(|(trial, step)| {
            let requirements = self.checks_in(step).flat_map(|check| check.requirements.iter());
            requirements.map(move |id| (id.as_str(), &**trial, step))
        })
    }

    /// The checks that a trial can turn red by, each with the step that it is made in, and of the steps of fixtures those that are judged.
    pub(crate) fn checks_of<'a>(&'a self, trial: &'a Trial) -> Vec<(&'a Step, &'a Check)> {
        let mut checks = Vec::new();
        let Some(Script { fixtures, steps }) = trial.script() else { return checks };
        for step in fixtures.iter().flat_map(|fixture| &fixture.steps) {
            let judged = |check: &&Check| matches!(check.wants, Wants::Status(_));
            checks.extend(step.checks.iter().filter(judged).map(|check| (step, check)));
        }
        for (number, step) in steps.iter().enumerate() {
            let may =
                |check: &&Check| check.may_be_false(step.statuses()) && may_be_asked(step, check, &steps[..number]);
            checks.extend(self.checks_in(step).filter(may).map(|check| (step, check)));
        }
        checks.retain(|(step, check)| check.level_in(step.level) > Level::Info);
        checks
    }
}

/// Whether a check is one of the suite's own. What a path is made of is judged wherever it is, and so is where a page links to; a URL of
/// another origin ends the trial, so a later step with the same one is never asked.
fn may_be_asked(step: &Step, check: &Check, before: &[Step]) -> bool {
    if check.when != When::Sending {
        return true;
    }
    let url = |step: &'_ Step| match &step.request.target {
        RequestTarget::Url(url) => Some(url.source()),
        RequestTarget::Operation { .. } | RequestTarget::Path(_) => None,
    };
    let own = url(step);
    own.is_some() && before.iter().all(|earlier| url(earlier) != own)
}
