//! What is wrong in a run, by cause: one missing resource or one broken thing is one cause, not sixty.
//!
//! Owns which trials stand together in a report, in which order and under which title; every format shows these causes, and so does a
//! comparison of those that are news. What is behind trials is a guess from what they have in common: it never decides an outcome.

mod absent;
mod cover;
mod key;
#[cfg(test)]
mod tests;

use std::{cmp::Reverse, collections::BTreeMap};

use serde::Serialize;

use self::{
    absent::Absent,
    cover::{Step, Suspect, cover, first_step},
};

use super::{
    FailOn, Report, TrialReport,
    text::{joined, on_one_line, one_line},
};
use crate::{
    event::{Finding, Outcome, Place, RequirementText, StepFinished},
    finding::{Actual, CheckKind, Expected},
    level::Level,
    signature::steady,
};

/// More of a value than a title holds.
const MOST_VALUE: usize = 60;

/// As many operations are named in a title.
const MOST_CALLS: usize = 3;

/// Trials with one thing behind them. A trial has one cause.
#[derive(Debug)]
pub struct Cause<'a> {
    /// What it is.
    pub what: What<'a>,
    /// What it means for the run.
    pub standing: Standing,
    /// The outcome that weighs most among its trials.
    pub outcome: Outcome,
    /// In the order of their IDs.
    pub trials: Vec<&'a TrialReport>,
}

/// What is behind trials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What<'a> {
    /// The target has nothing of an area of the suite.
    Area {
        /// The first component of the trials' IDs.
        name: &'a str,
        /// What it answers there.
        statuses: Vec<u16>,
    },
    /// Operations that answer nothing but that they are not there.
    Path(&'a str),
    /// A check that is false in all of them.
    Check(Check<'a>),
    /// Something without a check: what could not be judged, known failures, entries that are no longer true.
    Reason(&'a str),
}

/// A false check that accounts for trials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check<'a> {
    /// The operations that were called.
    pub calls: Vec<&'a str>,
    /// Where in the body, a JSON Pointer with `*` for every index; empty where it is about no place in it.
    pub pointer: String,
    /// The check in the first of the trials.
    pub example: &'a Finding,
    /// Other checks that were false beside it and that no trial needs as its cause.
    pub beside: Vec<String>,
}

/// A cause without what it was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseSummary {
    /// What it is, in a line.
    pub title: String,
    /// What it means for the run.
    pub standing: Standing,
    /// The outcome that weighs most among its trials.
    pub outcome: Outcome,
    /// What was checked; none where no single check is behind it, as all up to the place.
    pub check: Option<CheckKind>,
    /// Where in the body, a JSON Pointer with `*` for every index; empty where it is about no place in it.
    pub pointer: String,
    /// The operations that were called.
    pub calls: Vec<String>,
    /// What was expected, where it was met first.
    pub expected: Option<Expected>,
    /// What there was.
    pub actual: Option<Actual>,
    /// What the target is held to there.
    pub requirements: Vec<RequirementText>,
    /// Where the expectation stands.
    pub place: Option<Place>,
    /// The trials that it accounts for.
    pub trials: Vec<String>,
    /// Other checks that were false beside it and that no trial needs as its cause.
    pub beside: Vec<String>,
}

/// What a cause means for the run, in the order of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It turns the run red.
    Red,
    /// It kept trials from being judged.
    Unjudged,
    /// Trials passed on a retry.
    Flaky,
    /// A check of level `should` is false.
    Warning,
    /// A known-failures file says so.
    Known,
}

impl Standing {
    /// What a trial means for the run; nothing where there is nothing to say of it.
    fn of(trial: &TrialReport, fail_on: FailOn) -> Option<Self> {
        let finished = &trial.finished;
        if fail_on.in_trial(finished).is_some() {
            return Some(Self::Red);
        }
        match finished.outcome {
            Outcome::Failed | Outcome::UnexpectedPass | Outcome::ChangedFailure | Outcome::Expired => Some(Self::Red),
            Outcome::Blocked | Outcome::Errored | Outcome::NotRun => Some(Self::Unjudged),
            Outcome::Flaky => Some(Self::Flaky),
            Outcome::KnownFailure => Some(Self::Known),
            Outcome::Warned => Some(Self::Warning),
            Outcome::Passed | Outcome::NotApplicable => None,
        }
    }

    /// Whether it keeps the run from being conformant.
    pub fn counts(self) -> bool {
        matches!(self, Self::Red | Self::Unjudged)
    }
}

/// What makes trials without a false check one cause.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Common<'a> {
    /// The first component of their IDs.
    Area(&'a str),
    /// What the paths of the operations that they call begin with.
    Path(&'a str),
    /// Told alike in every run.
    Reason(Outcome, String),
}

impl Report {
    /// The causes: what turns the run red first, then what could not be judged, and of each the one with the most trials first.
    pub fn causes(&self, fail_on: FailOn) -> Vec<Cause<'_>> {
        self.causes_of(self.sorted(), fail_on, |_, _| true)
    }

    /// The origin and the name of the run, which its texts have in them.
    fn names(&self) -> (&str, &str) {
        self.header.as_ref().map_or(("", ""), |header| (header.origin.as_str(), header.run.as_str()))
    }

    /// How many causes keep the run from being conformant.
    pub fn counted_causes(&self, fail_on: FailOn) -> usize {
        self.causes(fail_on).iter().filter(|cause| cause.standing.counts()).count()
    }

    /// The causes of some trials, in the order of their IDs, of which only some false checks are looked at.
    pub(super) fn causes_of<'a>(
        &'a self,
        trials: Vec<&'a TrialReport>,
        fail_on: FailOn,
        looks: impl Fn(&TrialReport, &Finding) -> bool,
    ) -> Vec<Cause<'a>> {
        let absent = Absent::of(self);
        let mut common: BTreeMap<Common<'a>, Vec<&TrialReport>> = BTreeMap::new();
        let (mut checked, mut steps) = (Vec::new(), Vec::new());
        for trial in trials.into_iter().filter(|trial| Standing::of(trial, fail_on).is_some()) {
            let found = steps_of(trial, |finding| looks(trial, finding));
            let key = match absent.behind(trial) {
                Some(common) => common,
                None if found.is_empty() => {
                    let (origin, run) = self.names();
                    Common::Reason(trial.finished.outcome, steady(trial.reason(), origin, run))
                }
                None => {
                    checked.push(trial);
                    steps.push(found);
                    continue;
                }
            };
            common.entry(key).or_default().push(trial);
        }
        let common = common.into_iter().map(|(key, trials)| {
            let what = match key {
                Common::Area(name) => What::Area { name, statuses: absent.statuses(name).to_vec() },
                Common::Path(path) => What::Path(path),
                Common::Reason(..) => What::Reason(trials.first().map_or("", |trial| trial.reason())),
            };
            (what, trials)
        });
        let checks = cover(self, &steps).into_iter().filter_map(|suspect| check(suspect, &checked));
        let mut causes: Vec<Cause<'a>> =
            common.chain(checks).filter_map(|(what, trials)| Cause::of(what, trials, fail_on)).collect();
        causes.sort_by_key(|cause| (cause.standing, cause.outcome.form().weight, Reverse(cause.trials.len())));
        causes
    }
}

fn check<'a>(suspect: Suspect<'a>, trials: &[&'a TrialReport]) -> Option<(What<'a>, Vec<&'a TrialReport>)> {
    let (calls, example) = (suspect.calls(), suspect.example()?);
    let trials = suspect.trials.iter().map(|at| trials[*at]).collect();
    Some((What::Check(Check { calls, pointer: suspect.key.pointer, example, beside: suspect.beside }), trials))
}

/// The steps of a trial that its cause is looked for in.
fn steps_of<'a>(trial: &'a TrialReport, looks: impl Fn(&Finding) -> bool) -> Vec<Step<'a>> {
    let steps = |level: Level| {
        let of_level = |finding: &&Finding| finding.level == level && looks(finding);
        let step = |failure: &'a StepFinished| Step::of(failure, failure.findings.iter().filter(of_level));
        let mut steps: Vec<Step<'a>> = trial.failures.iter().filter_map(step).collect();
        let last = steps.iter().map(|step| step.failure.attempt).max();
        steps.retain(|step| Some(step.failure.attempt) == last);
        steps
    };
    match trial.finished.outcome {
        Outcome::Failed | Outcome::ChangedFailure | Outcome::Blocked | Outcome::Flaky => first_step(steps(Level::Must)),
        Outcome::Warned => steps(Level::Should),
        // Whose entry is no longer true, or is, is told by the entry.
        Outcome::Passed
        | Outcome::Expired
        | Outcome::UnexpectedPass
        | Outcome::KnownFailure
        | Outcome::Errored
        | Outcome::NotRun
        | Outcome::NotApplicable => Vec::new(),
    }
}

/// The first step of the last attempt that is wrong in a way that decides the outcome.
fn first(trial: &TrialReport) -> Option<&StepFinished> {
    let decides = |failure: &&StepFinished| {
        failure.fault.is_some() || failure.findings.iter().any(|finding| finding.level == Level::Must)
    };
    trial.last_failures().find(decides)
}

impl<'a> Cause<'a> {
    fn of(what: What<'a>, trials: Vec<&'a TrialReport>, fail_on: FailOn) -> Option<Self> {
        let standing = trials.iter().filter_map(|trial| Standing::of(trial, fail_on)).min()?;
        let outcome = trials.iter().map(|trial| trial.finished.outcome).min_by_key(|outcome| outcome.form().weight)?;
        Some(Self { what, standing, outcome, trials })
    }

    /// What it is in a line, the same in every format.
    pub fn title(&self) -> String {
        match &self.what {
            What::Area { name, statuses } => {
                format!("the target has none of `{name}`: answers are {}", joined(statuses, ", "))
            }
            What::Path(path) => format!("nothing but 404, 405 or 501 from `{path}` and what is below it"),
            What::Check(check) => check.title(),
            What::Reason("") => self.outcome.name().to_owned(),
            What::Reason(reason) => on_one_line(reason),
        }
    }

    /// The cause by itself.
    pub fn summary(&self) -> CauseSummary {
        let check = self.check();
        let example = check.map(|check| check.example);
        CauseSummary {
            title: self.title(),
            standing: self.standing,
            outcome: self.outcome,
            check: example.map(|example| example.check.clone()),
            pointer: check.map(|check| check.pointer.clone()).unwrap_or_default(),
            calls: check.map_or(&[][..], |check| &check.calls).iter().map(|call| (*call).to_owned()).collect(),
            expected: example.map(|example| example.expected.clone()),
            actual: example.map(|example| example.actual.clone()),
            requirements: example.map(|example| example.requirements.clone()).unwrap_or_default(),
            place: example.and_then(|example| example.place.clone()),
            trials: self.trials.iter().map(|trial| trial.finished.trial.clone()).collect(),
            beside: check.map(|check| check.beside.clone()).unwrap_or_default(),
        }
    }

    /// What is to be said before the title.
    pub fn word(&self) -> &'static str {
        self.outcome.name()
    }

    /// The trials by the first of them.
    pub(super) fn trial_names(&self) -> String {
        let first = self.trials.first().map_or("", |trial| trial.finished.trial.as_str());
        if self.trials.len() > 1 { format!("{first} and {} more", self.trials.len() - 1) } else { first.to_owned() }
    }

    /// The false check, if it is one.
    pub fn check(&self) -> Option<&Check<'a>> {
        match &self.what {
            What::Check(check) => Some(check),
            What::Area { .. } | What::Path(_) | What::Reason(_) => None,
        }
    }
}

impl Check<'_> {
    fn title(&self) -> String {
        format!("{}: {}", self.called(), self.headline())
    }

    /// The operations that were called, as many as a line holds.
    pub(in crate::report) fn called(&self) -> String {
        on_one_line(&match self.calls.as_slice() {
            calls if calls.len() > MOST_CALLS + 1 => {
                format!("{} and {} more", calls[..MOST_CALLS].join(", "), calls.len() - MOST_CALLS)
            }
            calls => calls.join(", "),
        })
    }

    /// What is wrong where.
    pub(in crate::report) fn headline(&self) -> String {
        let place = if self.pointer.is_empty() { String::new() } else { format!(" {}", self.pointer) };
        let value = |text: String| one_line(&text, MOST_VALUE);
        let (expected, actual) = (value(self.example.expected()), value(self.example.actual()));
        on_one_line(&format!("{}{place}: expected {expected}, got {actual}", self.example.check))
    }
}
