//! The summary of a run as one JSON object (`schemas/harness/run.schema.json`).

use serde::Serialize;
use std::collections::BTreeMap;

use super::{Cause, CauseSummary, ComparisonSummary, FailOn, Report, text::printable_json};
use crate::{
    event::{Leak, Outcome, SnapshotKind, Stop},
    secret::Redacted,
};

/// What a script wants to know about a run.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    version: u32,
    verdict: &'static str,
    exit_code: u8,
    trials: BTreeMap<String, usize>,
    requests: usize,
    checks: usize,
    coverage: CoverageSummary,
    warnings: usize,
    rate_limited: usize,
    waited_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_begun: Option<String>,
    findings: Vec<String>,
    drift: usize,
    new_drift: usize,
    notes: usize,
    leaked: usize,
    may_be_left: usize,
    duration_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<Stop>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suite: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    causes: Vec<CauseSummary>,
    red: Vec<RedTrial>,
    drifted: Vec<DriftSummary>,
    leaks: Vec<LeakSummary>,
    unsettled: Vec<LeakSummary>,
    snapshots: Vec<SnapshotSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<ComparisonSummary<'a>>,
}

/// Documented statuses.
#[derive(Debug, Serialize)]
struct CoverageSummary {
    reached: usize,
    documented: usize,
}

#[derive(Debug, Serialize)]
struct DriftSummary {
    call: String,
    pointer: String,
    value: String,
    count: usize,
    explained: Option<String>,
}

#[derive(Debug, Serialize)]
struct LeakSummary {
    trial: String,
    call: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct SnapshotSummary {
    trial: String,
    kind: SnapshotKind,
    file: String,
}

#[derive(Debug, Serialize)]
struct RedTrial {
    trial: String,
    outcome: Outcome,
    reason: Option<String>,
}

impl<'a> Summary<'a> {
    /// The object as text, over several lines.
    ///
    /// # Errors
    /// None that is known; what a serialiser may say.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(printable_json)
    }

    /// The summary of a report.
    pub fn of(report: &'a Report, fail_on: FailOn) -> Self {
        let verdict = report.verdict(fail_on);
        let name = |outcome: Outcome| outcome.name().replace('-', "_");
        let trials = Outcome::ALL.iter().copied().map(|outcome| (name(outcome), report.count(outcome))).collect();
        let drift = report.drift.iter().map(|(key, count)| DriftSummary {
            call: key.call.clone(),
            pointer: key.pointer.clone(),
            value: count.value.to_string(),
            count: count.count,
            explained: key.explained.clone(),
        });
        let summed = |leaks: &[Leak]| {
            let summary = |leak: &Leak| LeakSummary {
                trial: leak.trial.clone(),
                call: leak.call.to_string(),
                reason: leak.reason.to_string(),
            };
            leaks.iter().map(summary).collect()
        };
        let (reached, documented) = report.coverage.reached(report.operations());
        let snapshots = report.snapshots.iter().map(|drift| SnapshotSummary {
            trial: drift.trial.clone(),
            kind: drift.kind,
            file: drift.file.clone(),
        });
        let red = report.sorted().into_iter().filter(|trial| {
            !matches!(trial.finished.outcome, Outcome::Passed | Outcome::NotApplicable | Outcome::KnownFailure)
        });
        let red = red.map(|trial| RedTrial {
            trial: trial.finished.trial.clone(),
            outcome: trial.finished.outcome,
            reason: trial.finished.reason.as_ref().map(ToString::to_string),
        });
        Self {
            version: 2,
            verdict: verdict.name(),
            exit_code: verdict.exit_code(),
            trials,
            requests: report.requests(),
            checks: report.trials.iter().map(|trial| trial.finished.checks.total()).sum(),
            coverage: CoverageSummary { reached, documented },
            warnings: report.warnings(),
            rate_limited: report.rate_limited(),
            waited_s: rounded(report.waited),
            not_begun: (!report.not_begun.is_empty())
                .then(|| report.not_begun.iter().map(Redacted::as_str).collect::<Vec<_>>().join("\n")),
            findings: report.preflight.iter().map(|finding| finding.text.to_string()).chain(report.missing()).collect(),
            drift: report.drift.len(),
            new_drift: report.unexplained_drift().count(),
            notes: report.notes,
            leaked: report.leaks.len(),
            may_be_left: report.may_be_left.len(),
            duration_s: rounded(report.seconds()),
            stopped: report.stopped(),
            started: report.header.as_ref().map(|header| header.started.clone()),
            target: report.header.as_ref().map(|header| header.target.clone()),
            suite: report.header.as_ref().map(|header| header.suite.clone()),
            run: report.header.as_ref().map(|header| header.run.clone()),
            causes: report.causes(fail_on).iter().map(Cause::summary).collect(),
            red: red.collect(),
            drifted: drift.collect(),
            leaks: summed(&report.leaks),
            unsettled: summed(&report.may_be_left),
            snapshots: snapshots.collect(),
            comparison: report.comparison.as_ref().map(|comparison| comparison.summary(fail_on)),
        }
    }
}

/// To milliseconds.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
