//! What is behind the trials that got worse: as few false checks as account for all of them, since one change of a target makes many
//! trials fail, and more than one check in some of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::trials::{ChangeKind, TrialChange};
use crate::{
    event::{DocumentedOperation, Mismatch, Phase, Place, RequirementText},
    level::Level,
    report::{Failure, Report, TrialReport, without_indices},
    secret::Redacted,
};

/// A longer text is about this one answer.
const GENERAL: usize = 60;

/// A false check that trials met which did not end so before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What was checked: `status`, `body`, `schema`, `header Cache-Control`, …
    pub check: String,
    /// Where in the body, a JSON Pointer with `*` for every index; empty where it is about no place in it.
    pub pointer: String,
    /// The operations that were called.
    pub calls: Vec<String>,
    /// What was expected, where it was met first.
    pub expected: String,
    /// What there was.
    pub actual: String,
    /// What the target is held to there.
    pub requirements: Vec<RequirementText>,
    /// Where the expectation stands.
    pub place: Option<Place>,
    /// The trials in whose first step that went wrong it was false.
    pub trials: Vec<String>,
    /// Other checks that were false there and that no other trial needs as its cause.
    pub beside: Vec<String>,
}

/// The causes, the one that most trials met first.
pub(super) fn causes(changes: &[TrialChange], new: &Report) -> Vec<Cause> {
    let mut open = suspects(changes, new);
    let mut uncovered: BTreeSet<String> = open.iter().flat_map(|cause| cause.trials.iter().cloned()).collect();
    let mut causes: Vec<Cause> = Vec::new();
    while !uncovered.is_empty() {
        let covers = |cause: &Cause| cause.trials.iter().filter(|trial| uncovered.contains(*trial)).count();
        // The first of the best: the same one in every run.
        let Some(best) = (0..open.len()).rev().max_by_key(|at| covers(&open[*at])) else { break };
        let cause = open.remove(best);
        uncovered.retain(|trial| !cause.trials.contains(trial));
        causes.push(cause);
    }
    for left in open {
        let met = |cause: &&mut Cause| left.trials.iter().any(|trial| cause.trials.contains(trial));
        if let Some(cause) = causes.iter_mut().find(met) {
            cause.beside.push(format!("{} {}", left.check, left.pointer).trim_end().to_owned());
        }
    }
    for cause in &mut causes {
        cause.beside.dedup();
    }
    causes
}

/// Every false check that may be a cause.
fn suspects(changes: &[TrialChange], new: &Report) -> Vec<Cause> {
    let reports: BTreeMap<&str, &TrialReport> =
        new.trials.iter().map(|trial| (trial.finished.trial.as_str(), trial)).collect();
    let mut suspects: BTreeMap<Key, Cause> = BTreeMap::new();
    for change in changes.iter().filter(|change| asks_why(change)) {
        let Some(failure) = reports.get(change.trial.as_str()).and_then(|trial| first(trial)) else { continue };
        let musts = failure.mismatches.iter().filter(|mismatch| mismatch.level == Level::Must);
        for mismatch in musts.filter(|mismatch| is_news(mismatch, change)) {
            let call = operation(failure, new.operations()).unwrap_or(&failure.call);
            let cause = suspects.entry(Key::of(mismatch, call)).or_insert_with(|| cause(mismatch));
            add(&mut cause.calls, call);
            add(&mut cause.trials, &change.trial);
        }
    }
    let mut suspects: Vec<Cause> = suspects.into_values().collect();
    // An answer of another status fails the rest because of it.
    suspects.sort_by_key(|cause| cause.check != "status");
    suspects
}

/// The operation that was called, also by a request that a case writes out.
fn operation<'a>(failure: &Failure, operations: &'a [DocumentedOperation]) -> Option<&'a str> {
    let request = &failure.exchange.as_ref()?.request;
    let path = request.url.as_str().splitn(4, '/').nth(3)?.split(['?', '#']).next()?;
    let is_at = |template: &str| {
        let (wanted, found) = (template.trim_start_matches('/').split('/'), path.split('/'));
        wanted.clone().count() == found.clone().count()
            && wanted.zip(found).all(|(wanted, found)| wanted.starts_with('{') || wanted == found)
    };
    let called = operations.iter().find(|operation| operation.method == request.method && is_at(&operation.path));
    called.map(|operation| operation.id.as_str())
}

fn add(list: &mut Vec<String>, text: &str) {
    if !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

/// Whether something in the answers is behind the change. A fixture that was refused is as telling as a step.
fn asks_why(change: &TrialChange) -> bool {
    match change.kind {
        ChangeKind::Broken | ChangeKind::ChangedFailure | ChangeKind::Unjudged => true,
        ChangeKind::New => change.worse,
        _ => false,
    }
}

/// Of a failure that changed, what was wrong before is no news.
fn is_news(mismatch: &Mismatch, change: &TrialChange) -> bool {
    let pointer = mismatch.pointer.as_ref().map(Redacted::as_str).filter(|pointer| !pointer.is_empty());
    let start = match pointer {
        Some(pointer) => format!("{} {pointer}: ", mismatch.check),
        None => format!("{}: ", mismatch.check),
    };
    change.kind != ChangeKind::ChangedFailure || change.appeared.iter().any(|text| text.starts_with(&start))
}

/// The first step with a false check of the last attempt; what follows may follow from it.
fn first(trial: &TrialReport) -> Option<&Failure> {
    let last = trial.failures.iter().map(|failure| failure.attempt).max()?;
    let musts = |failure: &&Failure| failure.mismatches.iter().any(|mismatch| mismatch.level == Level::Must);
    trial.failures.iter().filter(|failure| failure.attempt == last && failure.phase != Phase::Defer).find(musts)
}

/// What makes two false checks the same finding.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    check: String,
    pointer: String,
    told: Told,
}

/// What is said of the check.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    /// Something that may be said of any operation.
    Generally { expected: String, actual: String },
    /// Something about one answer, so that only those of the operation are alike.
    Of { call: String },
}

impl Key {
    fn of(mismatch: &Mismatch, call: &str) -> Self {
        let (expected, actual) = (mismatch.expected.to_string(), mismatch.actual.to_string());
        // How an operation answers is its own; what it says in the answer, several may say alike.
        let general = mismatch.check != "status" && expected.len() <= GENERAL && actual.len() <= GENERAL;
        let told = if general { Told::Generally { expected, actual } } else { Told::Of { call: call.to_owned() } };
        Self { check: mismatch.check.clone(), pointer: pointer(mismatch), told }
    }
}

fn pointer(mismatch: &Mismatch) -> String {
    without_indices(mismatch.pointer.as_ref().map(Redacted::as_str).unwrap_or_default())
}

fn cause(mismatch: &Mismatch) -> Cause {
    Cause {
        check: mismatch.check.clone(),
        pointer: pointer(mismatch),
        calls: Vec::new(),
        expected: mismatch.expected.to_string(),
        actual: mismatch.actual.to_string(),
        requirements: mismatch.requirements.clone(),
        place: mismatch.place.clone(),
        trials: Vec::new(),
        beside: Vec::new(),
    }
}
