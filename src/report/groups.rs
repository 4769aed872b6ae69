//! The trials that have something to say, grouped by what is behind it: one cause is one finding.
//!
//! What is behind trials is a guess from what they have in common: a resource that the target does not have, a check that is false at one
//! place of one operation, a reason. It decides what stands together in a report, never an outcome.

use std::collections::BTreeMap;

use super::{Failure, Lacking, Report, TrialReport, without_indices};
use crate::{
    event::{DocumentedOperation, Mismatch, Outcome},
    level::Level,
};

/// Trials with something in common.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// What it is.
    pub(super) common: Common<'a>,
    /// In the order of their IDs.
    pub(super) trials: Vec<&'a TrialReport>,
}

/// What trials have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Common<'a> {
    /// The target has nothing of an area of the suite.
    Lacking {
        /// The first component of the trials' IDs.
        area: &'a str,
        /// What it answers there.
        statuses: Vec<u16>,
    },
    /// Operations that answer nothing but that they are not there.
    Missing {
        /// The path that all of them begin with.
        path: &'a str,
    },
    /// A check that is false in the same way in all of them.
    Check {
        /// The operation.
        call: &'a str,
        /// The first of its kind.
        example: &'a Mismatch,
    },
    /// A reason without a check: what could not be judged, known failures, entries that are no longer true.
    Reason {
        /// The outcome of all of them.
        outcome: Outcome,
        /// Their reason.
        reason: &'a str,
    },
}

/// What makes two trials one group.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Lacking(&'a str),
    Missing(&'a str),
    /// Level, operation, check, place without indices, what is expected there, and for a status what came.
    Check(Level, &'a str, &'a str, String, &'a str, &'a str),
    Reason(Outcome, &'a str),
}

impl Report {
    /// The groups: departures first, the one with the most trials first, then what could not be judged, then warnings, then
    /// what is known.
    pub(super) fn groups(&self) -> Vec<Group<'_>> {
        let lacking = self.lacking();
        let missing = self.silent();
        let mut gone: BTreeMap<&str, &str> = BTreeMap::new();
        let mut groups: BTreeMap<Key<'_>, Group<'_>> = BTreeMap::new();
        for Lacking { area, trials, statuses } in &lacking {
            let calls = trials.iter().filter_map(|trial| first(trial)).map(|failure| failure.call.as_str());
            gone.extend(calls.filter(|call| missing.contains_key(call)).map(|call| (call, *area)));
            let common = Common::Lacking { area, statuses: statuses.clone() };
            groups.insert(Key::Lacking(area), Group { common, trials: trials.clone() });
        }
        for trial in self.sorted() {
            if lacking.iter().any(|lacking| lacking.trials.iter().any(|other| std::ptr::eq(*other, trial))) {
                continue;
            }
            // What fails in another area because of an operation that is not there has the same cause.
            let departs = matches!(trial.finished.outcome, Outcome::Failed | Outcome::Blocked);
            let call = first(trial).filter(|_| departs).map_or("", |failure| failure.call.as_str());
            let found = match (gone.get(call), missing.get(call)) {
                (Some(area), _) => Some((Key::Lacking(area), Common::Lacking { area, statuses: Vec::new() })),
                (None, Some(path)) => Some((Key::Missing(path), Common::Missing { path })),
                (None, None) => common(trial),
            };
            if let Some((key, common)) = found {
                groups.entry(key).or_insert_with(|| Group { common, trials: Vec::new() }).trials.push(trial);
            }
        }
        let mut groups: Vec<Group<'_>> = groups.into_values().collect();
        for group in &mut groups {
            group.trials.sort_by(|a, b| a.finished.trial.cmp(&b.finished.trial));
        }
        groups.sort_by_key(|group| (group.rank(), std::cmp::Reverse(group.trials.len())));
        groups
    }
}

impl Report {
    /// Operations that were to be there and answered nothing but 404, 405 or 501, each with the shortest path of one that its own begins
    /// with: what is below a resource that is not there is not there either.
    fn silent(&self) -> BTreeMap<&str, &str> {
        let silent: Vec<&DocumentedOperation> =
            self.operations().iter().filter(|operation| self.coverage.only_lacking(&operation.id)).collect();
        let root = |path: &str| {
            let above =
                |other: &str| path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            silent
                .iter()
                .map(|operation| operation.path.as_str())
                .filter(|other| above(other))
                .min_by_key(|path| path.len())
        };
        silent.iter().filter_map(|operation| Some((operation.id.as_str(), root(&operation.path)?))).collect()
    }
}

impl Group<'_> {
    /// The outcome that stands for the group: that of its first trial, and `passed` for warnings.
    pub(super) fn outcome(&self) -> Outcome {
        match &self.common {
            Common::Lacking { .. } => Outcome::Failed,
            Common::Missing { .. } | Common::Check { .. } => {
                self.trials.first().map_or(Outcome::Failed, |trial| trial.finished.outcome)
            }
            Common::Reason { outcome, .. } => *outcome,
        }
    }

    /// Where the group stands among others.
    fn rank(&self) -> u8 {
        match self.outcome() {
            Outcome::Failed => 0,
            Outcome::ChangedFailure | Outcome::UnexpectedPass | Outcome::Expired => 1,
            Outcome::Blocked => 2,
            Outcome::Errored => 3,
            Outcome::Flaky => 4,
            Outcome::Passed => 5,
            Outcome::KnownFailure => 6,
            Outcome::NotRun => 7,
            Outcome::NotApplicable => 8,
        }
    }
}

/// The first step of the last attempt that is wrong in a way that decides the outcome.
fn first(trial: &TrialReport) -> Option<&Failure> {
    let last = trial.failures.iter().map(|failure| failure.attempt).max()?;
    let decides = |failure: &&Failure| {
        failure.fault.is_some() || failure.mismatches.iter().any(|mismatch| mismatch.level == Level::Must)
    };
    trial.failures.iter().filter(|failure| failure.attempt == last).find(decides)
}

fn common(trial: &TrialReport) -> Option<(Key<'_>, Common<'_>)> {
    let outcome = trial.finished.outcome;
    let reason = trial.finished.reason.as_ref().map_or("", |reason| reason.as_str());
    match outcome {
        Outcome::Failed | Outcome::Flaky => {
            check(trial, Level::Must).or(Some((Key::Reason(outcome, reason), Common::Reason { outcome, reason })))
        }
        Outcome::Passed => check(trial, Level::Should),
        Outcome::NotApplicable => None,
        Outcome::KnownFailure
        | Outcome::UnexpectedPass
        | Outcome::ChangedFailure
        | Outcome::Expired
        | Outcome::Blocked
        | Outcome::Errored
        | Outcome::NotRun => Some((Key::Reason(outcome, reason), Common::Reason { outcome, reason })),
    }
}

/// The first false check of a level in a trial.
fn check(trial: &TrialReport, level: Level) -> Option<(Key<'_>, Common<'_>)> {
    let mut all = trial.failures.iter().flat_map(|failure| failure.mismatches.iter().map(move |one| (failure, one)));
    let (failure, example) = all.find(|(_, mismatch)| mismatch.level == level)?;
    let pointer = example.pointer.as_ref().map(|pointer| without_indices(pointer.as_str())).unwrap_or_default();
    let actual = if example.check == "status" { example.actual.as_str() } else { "" };
    let key = Key::Check(level, &failure.call, &example.check, pointer, example.expected.as_str(), actual);
    Some((key, Common::Check { call: &failure.call, example }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A run of these trials: ID, operation, what was expected and what came.
    fn run(trials: &[(&str, &str, u16, u16)]) -> Report {
        let operation =
            |id: &str, path: &str| json!({ "id": id, "method": "GET", "path": path, "statuses": [200, 404] });
        let mut events = vec![json!({
            "event": "run-started", "version": 1, "run": "r", "program": "0", "suite": "s", "target": "t", "origin": "o",
            "started": "2026-01-01T00:00:00Z", "jobs": 1, "trials": trials.len(), "principals": [], "capabilities": [],
            "operations": [
                operation("listKeys", "/keys"), operation("getKey", "/keys/{id}"), operation("listKeyrings", "/keyrings"),
                operation("getServer", "/servers/{id}")
            ]
        })];
        for (trial, call, expected, status) in trials {
            let wrong = json!([{
                "check": "status", "level": "must", "requirements": [], "expected": expected.to_string(), "actual": status.to_string()
            }]);
            let mismatches = if expected == status { json!([]) } else { wrong };
            let checks = json!({ "must": 1, "should": 0, "info": 0 });
            events.push(json!({
                "event": "step-finished", "trial": trial, "phase": "steps", "attempt": 1, "step": 1, "call": call, "principal": "p",
                "requests": 1, "checks": checks, "mismatches": mismatches,
                "exchange": {
                    "request": { "method": "GET", "url": "/", "headers": [] },
                    "response": { "status": status, "headers": [] }, "duration_ms": 1.0
                }
            }));
            events.push(json!({
                "event": "trial-finished", "trial": trial, "title": "", "file": "f", "line": 1, "profile": "core", "principal": "p",
                "requirements": [], "operations": [call], "outcome": if expected == status { "passed" } else { "failed" },
                "warnings": 0, "checks": checks, "requests": 1, "duration_ms": 1.0
            }));
        }
        let mut report = Report::default();
        let event = |event: Value| serde_json::from_value(event).expect("an event");
        events.into_iter().map(event).for_each(|event| report.take(&event));
        report
    }

    fn groups(trials: &[(&str, &str, u16, u16)]) -> Vec<(String, Vec<String>)> {
        let report = run(trials);
        let name = |common: &Common<'_>| match common {
            Common::Lacking { area, .. } => format!("no {area}"),
            Common::Missing { path } => format!("nothing at {path}"),
            Common::Check { call, example } => format!("{call} {} {}", example.expected, example.actual),
            Common::Reason { reason, .. } => (*reason).to_owned(),
        };
        let ids = |group: &Group<'_>| group.trials.iter().map(|trial| trial.finished.trial.clone()).collect();
        report.groups().iter().map(|group| (name(&group.common), ids(group))).collect()
    }

    fn group(name: &str, trials: &[&str]) -> (String, Vec<String>) {
        (name.to_owned(), trials.iter().map(|trial| (*trial).to_owned()).collect())
    }

    #[test]
    fn operations_that_are_not_there_are_one_finding_with_what_is_below_them() {
        let found = groups(&[
            ("one/a/list", "listKeys", 401, 404),
            ("two/a/get", "getKey", 401, 404),
            ("three/a/rings", "listKeyrings", 200, 404),
            ("servers/a/unknown", "getServer", 404, 404),
            ("servers/a/get", "getServer", 200, 404),
            ("servers/b/get", "getServer", 200, 200),
        ]);
        assert_eq!(
            found,
            [
                group("nothing at /keys", &["one/a/list", "two/a/get"]),
                group("nothing at /keyrings", &["three/a/rings"]),
                group("getServer 200 404", &["servers/a/get"]),
            ],
            "a name that begins alike is another path, and one answer is enough to be there"
        );
    }

    #[test]
    fn what_fails_elsewhere_for_want_of_an_area_belongs_to_it() {
        let found = groups(&[
            ("keys/a/1", "listKeys", 200, 404),
            ("keys/a/2", "getKey", 200, 404),
            ("keys/a/3", "listKeys", 200, 404),
            ("links/a/keys", "listKeys", 200, 404),
        ]);
        assert_eq!(found, [group("no keys", &["keys/a/1", "keys/a/2", "keys/a/3", "links/a/keys"])]);
    }

    #[test]
    fn what_departs_alike_stands_together_and_most_comes_first() {
        let found = groups(&[
            ("servers/a/1", "getServer", 200, 500),
            ("servers/a/2", "getServer", 200, 403),
            ("servers/a/3", "getServer", 200, 403),
            ("servers/a/4", "getServer", 200, 200),
        ]);
        let first = group("getServer 200 403", &["servers/a/2", "servers/a/3"]);
        assert_eq!(found, [first, group("getServer 200 500", &["servers/a/1"])]);
    }
}
