//! What is wrong in a run, by cause: one missing resource or one broken thing is one cause, not sixty.
//!
//! Owns which findings are one cause, in which order the causes stand in a report and under which title; every format shows these causes,
//! and so does a comparison of those that are news. A trial stands under each cause that it met: no cause hides another one, but for what
//! follows from it in one and the same answer. Causes never decide an outcome.

mod absent;
mod follow;
mod key;
#[cfg(test)]
mod tests;

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use serde::Serialize;

use self::{
    absent::Absent,
    follow::{place, roots},
    key::{Call, Key},
};

use super::{
    FailOn, Report, TrialReport,
    text::{counted, on_one_line, one_line},
};
use crate::{
    event::{Finding, Outcome, Place, RequirementText, StepFinished},
    finding::{self, Actual, CheckKind, Expected},
    level::Level,
    signature::{lets_in, operation, steady},
};

/// More of a value than a title holds.
const MOST_VALUE: usize = 60;

/// As many operations are named in a title.
const MOST_CALLS: usize = 3;

/// As many causes fit the screen that a person sees first.
pub(super) const HEAVIEST: usize = 5;

/// What stands above those.
pub(super) fn heaviest(causes: usize) -> String {
    match causes {
        1 => "The cause".to_owned(),
        2..=HEAVIEST => format!("The {causes} causes"),
        _ => format!("The heaviest of {causes} causes"),
    }
}

/// One thing that is wrong, with the trials that met it. A trial may have met several.
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
#[derive(Debug, Clone, PartialEq)]
pub enum What<'a> {
    /// Operations that answer nothing but that they are not there.
    Path {
        /// The path that they have in common.
        path: &'a str,
        /// All operations below it.
        calls: Vec<&'a str>,
    },
    /// A check that is false in all of them.
    Check(Check<'a>),
    /// Something without a check: what could not be judged, known failures, entries that are no longer true.
    Reason(&'a str),
}

/// A false check that accounts for trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Check<'a> {
    /// The operations that were called.
    pub calls: Vec<&'a str>,
    /// The parameters of their queries, where a case asks something of these.
    pub query: &'a [String],
    /// Where in the body, a JSON Pointer with `*` for every index; empty where it is about no place in it.
    pub pointer: String,
    /// The check in the first of the trials.
    pub example: &'a Finding,
    /// The step that it was made in.
    pub step: Option<&'a StepFinished>,
    /// Other checks that are false in the same answers because of it, and nowhere else.
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
    /// The parameters of their queries, where a case asks something of these.
    pub query: Vec<String>,
    /// What was expected, where it was met first.
    pub expected: Option<Expected>,
    /// What there was.
    pub actual: Option<Actual>,
    /// What the target is held to there.
    pub requirements: Vec<Arc<RequirementText>>,
    /// Where the expectation stands.
    pub place: Option<Place>,
    /// The trials that it accounts for.
    pub trials: Vec<String>,
    /// Other checks that are false in the same answers because of it, and nowhere else.
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
        let mut gathered = Gathered::of(self, fail_on);
        for trial in trials {
            gathered.add(trial, &looks);
        }
        let mut causes = gathered.causes();
        let rank = |cause: &Cause<'_>| cause.check().map_or(0, |check| key::rank(check.example));
        causes.sort_by_key(|cause| {
            (cause.standing, cause.outcome.form().weight, rank(cause), Reverse(cause.trials.len()))
        });
        causes
    }
}

/// A finding in a trial.
struct Met<'a> {
    trial: &'a TrialReport,
    standing: Standing,
    call: Call<'a>,
    step: Option<&'a StepFinished>,
    finding: &'a Finding,
}

/// What trials met, put together by what it is.
struct Gathered<'a> {
    report: &'a Report,
    fail_on: FailOn,
    absent: Absent<'a>,
    checks: BTreeMap<Key<'a>, Vec<Met<'a>>>,
    /// What follows from a check, in answers in which it is false.
    beside: BTreeMap<Key<'a>, Vec<Key<'a>>>,
    paths: BTreeMap<&'a str, Vec<(Standing, &'a TrialReport)>>,
    /// Told alike in every run.
    reasons: BTreeMap<(Outcome, String), Vec<(Standing, &'a TrialReport)>>,
}

impl<'a> Gathered<'a> {
    fn of(report: &'a Report, fail_on: FailOn) -> Self {
        let absent = Absent::of(report);
        let (checks, beside, paths, reasons) = Default::default();
        Self { report, fail_on, absent, checks, beside, paths, reasons }
    }

    fn add(&mut self, trial: &'a TrialReport, looks: &impl Fn(&TrialReport, &Finding) -> bool) {
        let Some(standing) = Standing::of(trial, self.fail_on) else { return };
        let mut told = false;
        for failure in trial.last_failures().filter(|_| asks_findings(trial.finished.outcome)) {
            let decides = |finding: &&Finding| {
                finding.level == Level::Should || (finding.level == Level::Must && trial.finished.blocked_by.is_none())
            };
            let findings: Vec<&Finding> =
                failure.findings.iter().filter(decides).filter(|finding| looks(trial, finding)).collect();
            told |= self.answer(trial, standing, failure, &findings);
        }
        if let Some(by) = trial
            .finished
            .blocked_by
            .as_deref()
            .filter(|by| asks_findings(trial.finished.outcome) && looks(trial, &by.finding))
        {
            let call = Call { operation: &by.call, query: &by.query, status: None };
            self.meet(Met { trial, standing, call, step: None, finding: &by.finding });
            told = true;
        }
        if !told {
            let (origin, run) = self.report.names();
            let key = (trial.finished.outcome, steady(trial.reason(), origin, run));
            self.reasons.entry(key).or_default().push((standing, trial));
        }
    }

    /// Adds the false checks of one answer; says whether one of them is behind the outcome.
    fn answer(
        &mut self,
        trial: &'a TrialReport,
        standing: Standing,
        step: &'a StepFinished,
        findings: &[&'a Finding],
    ) -> bool {
        let call = Call {
            operation: operation(step, self.report.operations()),
            query: &step.query,
            status: step.exchange.as_ref().map(|exchange| exchange.response.status),
        };
        let mut told = false;
        for (at, root) in roots(findings).into_iter().enumerate() {
            let finding = findings[at];
            if at != root {
                let [key, from] = [finding, findings[root]].map(|one| Key::of(one, call, self.report));
                self.beside.entry(from).or_default().push(key);
                continue;
            }
            let standing = match finding.level {
                Level::Must | Level::Info => standing,
                Level::Should if self.fail_on.warning => Standing::Red,
                Level::Should => standing.max(Standing::Warning),
            };
            told |=
                finding.level == Level::Must || standing == Standing::Red || trial.finished.outcome == Outcome::Warned;
            self.meet(Met { trial, standing, call, step: Some(step), finding });
        }
        told
    }

    fn meet(&mut self, met: Met<'a>) {
        match self.absent.above(met.call.operation) {
            Some(path) if met.finding.check == CheckKind::Status => {
                self.paths.entry(path).or_default().push((met.standing, met.trial));
            }
            _ => self.checks.entry(Key::of(met.finding, met.call, self.report)).or_default().push(met),
        }
    }

    fn causes(mut self) -> Vec<Cause<'a>> {
        self.join_captures();
        let Self { absent, checks, mut beside, paths, reasons, .. } = self;
        let paths = paths.into_iter().map(|(path, trials)| {
            let calls = absent.below(path);
            Cause::of(What::Path { path, calls }, trials)
        });
        let reasons = reasons.into_values().map(|trials| {
            let reason = trials.first().map_or("", |(_, trial)| trial.reason());
            Cause::of(What::Reason(reason), trials)
        });
        for (from, follow) in &mut beside {
            follow.retain(|key| !checks.contains_key(key) && key.what() != from.what());
        }
        let checks = checks.into_iter().map(|(key, met)| {
            let beside = beside.remove(&key).unwrap_or_default();
            let (what, trials) = check(key, &met, &beside)?;
            Cause::of(What::Check(what), trials)
        });
        paths.chain(reasons).chain(checks).flatten().collect()
    }

    /// What could not be captured is the same thing as what a check says of the same place.
    fn join_captures(&mut self) {
        let is_capture = |key: &Key<'_>| *key.check == CheckKind::Capture;
        let captures: Vec<Key<'a>> = self.checks.keys().filter(|key| is_capture(key)).cloned().collect();
        for capture in captures {
            let at = |met: &[Met<'_>]| met.first().and_then(|met| place(met.finding));
            let Some(wanted) = self.checks.get(&capture).and_then(|met| at(met)) else { continue };
            let is_same = |(key, met): &(&Key<'a>, &Vec<Met<'a>>)| {
                !is_capture(key) && key.operation == capture.operation && at(met).as_ref() == Some(&wanted)
            };
            let Some(key) = self.checks.iter().find(is_same).map(|(key, _)| key.clone()) else { continue };
            let met = self.checks.remove(&capture).unwrap_or_default();
            self.checks.entry(key).or_default().extend(met);
        }
    }
}

fn check<'a>(
    key: Key<'a>,
    met: &[Met<'a>],
    beside: &[Key<'a>],
) -> Option<(Check<'a>, Vec<(Standing, &'a TrialReport)>)> {
    let example = met.iter().min_by_key(|met| met.standing)?;
    let mut calls = Vec::new();
    for met in met {
        if !calls.contains(&met.call.operation) {
            calls.push(met.call.operation);
        }
    }
    let mut follow: Vec<String> = Vec::new();
    for what in beside.iter().map(Key::what) {
        if !follow.contains(&what) {
            follow.push(what);
        }
    }
    let Key { query, pointer, .. } = key;
    let (example, step) = (example.finding, example.step);
    let trials = met.iter().map(|met| (met.standing, met.trial)).collect();
    Some((Check { calls, query, pointer, example, step, beside: follow }, trials))
}

/// Whether what is wrong in a trial of this outcome is told by its findings. Whose entry is no longer true, or is, is told by the entry.
fn asks_findings(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Failed
        | Outcome::ChangedFailure
        | Outcome::Blocked
        | Outcome::Errored
        | Outcome::Flaky
        | Outcome::Warned => true,
        Outcome::Passed
        | Outcome::Expired
        | Outcome::UnexpectedPass
        | Outcome::KnownFailure
        | Outcome::NotRun
        | Outcome::NotApplicable => false,
    }
}

impl<'a> Cause<'a> {
    /// A cause and what it means in each of the trials that met it.
    fn of(what: What<'a>, met: Vec<(Standing, &'a TrialReport)>) -> Option<Self> {
        let standing = met.iter().map(|(standing, _)| *standing).min()?;
        let outcomes = met.iter().filter(|(other, _)| *other == standing).map(|(_, trial)| trial.finished.outcome);
        let outcome = match standing {
            // What is a warning is none the more in a trial that failed for another reason.
            Standing::Warning => Outcome::Warned,
            Standing::Red | Standing::Unjudged | Standing::Flaky | Standing::Known => {
                outcomes.min_by_key(|outcome| outcome.form().weight)?
            }
        };
        let mut trials: Vec<&TrialReport> = met.into_iter().map(|(_, trial)| trial).collect();
        trials.sort_by(|a, b| a.finished.trial.cmp(&b.finished.trial));
        trials.dedup_by(|a, b| a.finished.trial == b.finished.trial);
        Some(Self { what, standing, outcome, trials })
    }

    /// What it is in a line, the same in every format.
    pub fn title(&self) -> String {
        match &self.what {
            What::Path { path, .. } => format!("nothing but 404, 405 or 501 from `{path}` and what is below it"),
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
            calls: self.calls().iter().map(|call| (*call).to_owned()).collect(),
            query: check.map(|check| check.query.to_vec()).unwrap_or_default(),
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

    /// The operations that it is about.
    pub fn calls(&self) -> &[&'a str] {
        match &self.what {
            What::Check(check) => &check.calls,
            What::Path { calls, .. } => calls,
            What::Reason(_) => &[],
        }
    }

    /// The false check, if it is one.
    pub fn check(&self) -> Option<&Check<'a>> {
        match &self.what {
            What::Check(check) => Some(check),
            What::Path { .. } | What::Reason(_) => None,
        }
    }
}

impl Check<'_> {
    fn title(&self) -> String {
        let query = if self.query.is_empty() { String::new() } else { format!(" ?{}", self.query.join("&")) };
        format!("{}{query}: {}", self.called(), self.headline())
    }

    /// Whether there are more operations than a title names.
    pub(in crate::report) fn has_many_calls(&self) -> bool {
        self.calls.len() > MOST_CALLS
    }

    /// The operations that were called, or how many there are.
    pub(in crate::report) fn called(&self) -> String {
        if self.has_many_calls() { counted(self.calls.len(), "operation") } else { on_one_line(&self.calls.join(", ")) }
    }

    /// What is wrong where.
    pub(in crate::report) fn headline(&self) -> String {
        let place = if self.pointer.is_empty() { String::new() } else { format!(" {}", self.pointer) };
        let value = |text: String| one_line(&text, MOST_VALUE);
        let actual = match &self.example.actual {
            // Each operation has its own.
            Actual::Status { .. } if self.calls.len() > 1 && lets_in(self.example) => "a success".to_owned(),
            actual => finding::actual_in_title(actual, &self.example.check),
        };
        let (expected, actual) = (value(self.example.expected()), value(actual));
        on_one_line(&format!("{}{place}: expected {expected}, got {actual}", self.example.check))
    }
}
