//! A run as JSON: its summary for scripts (`schemas/harness/run.schema.json`), and the badge that an endpoint badge of shields.io is made of.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use serde_json::json;

use super::{
    Cause, DeviationKind, FailOn, Report, Standing, Verdict,
    text::{joined, pretty, without_nulls},
};
use crate::event::Outcome;

/// Writes what a script wants to know about a run.
///
/// # Errors
/// A place that cannot be written.
pub fn write_json(report: &Report, fail_on: FailOn, mut writer: impl Write) -> io::Result<()> {
    let (verdict, header) = (report.verdict(fail_on), report.header.as_ref());
    let name = |outcome: Outcome| outcome.name().replace('-', "_");
    let trials: BTreeMap<String, usize> =
        Outcome::ALL.iter().map(|outcome| (name(*outcome), report.count(*outcome))).collect();
    let (reached, documented) = report.coverage.reached(report.operations());
    let untroubled = [Outcome::Passed, Outcome::NotApplicable, Outcome::KnownFailure];
    let sorted = report.sorted().into_iter().map(|trial| &trial.finished);
    let red = sorted.filter(|finished| !untroubled.contains(&finished.outcome));
    let red = red.map(|trial| json!({ "trial": trial.trial, "outcome": trial.outcome, "reason": trial.reason }));
    let drifted = report.drift.iter().map(|(key, drift)| {
        json!({
            "call": key.call, "pointer": key.pointer, "value": drift.value, "count": drift.count,
            "explained": key.explained,
        })
    });
    let snapshots = report.snapshots.iter();
    let snapshots = snapshots.map(|drift| json!({ "trial": drift.trial, "kind": drift.kind, "file": drift.file }));
    let stale: Vec<_> = report.stale().map(|(entry, finding)| json!({ "entry": entry, "finding": finding })).collect();
    let findings = report.preflight.iter().map(|finding| finding.text.to_string()).chain(report.missing());
    let summary = without_nulls(json!({
        "version": 2,
        "verdict": verdict,
        "exit_code": verdict.exit_code(),
        "trials": trials,
        "score": report.score(),
        "requests": report.requests(),
        "checks": report.checks(),
        "coverage": { "reached": reached, "documented": documented },
        "warnings": report.warnings(),
        "rate_limited": report.rate_limited(),
        "waited_s": rounded(report.waited),
        "not_begun": (!report.not_begun.is_empty()).then(|| joined(&report.not_begun, "\n")),
        "findings": findings.collect::<Vec<_>>(),
        "drift": report.drift.len(),
        "new_drift": report.unexplained_drift().count(),
        "notes": report.notes,
        "leaked": report.leaks.len(),
        "may_be_left": report.may_be_left.len(),
        "duration_s": rounded(report.seconds()),
        "stopped": report.stopped(),
        "started": header.map(|header| &header.started),
        "target": header.map(|header| &header.target),
        "suite": header.map(|header| &header.suite),
        "run": header.map(|header| &header.run),
        "causes": report.causes(fail_on).iter().map(Cause::summary).collect::<Vec<_>>(),
        "red": red.collect::<Vec<_>>(),
        "drifted": drifted.collect::<Vec<_>>(),
        "leaks": report.leaks,
        "unsettled": report.may_be_left,
        "snapshots": snapshots.collect::<Vec<_>>(),
        "stale": (!stale.is_empty()).then_some(stale),
        "parity": report.parity.as_ref().map(|parity| parity.summary()),
        "comparison": report.comparison.as_ref().map(|comparison| comparison.summary(fail_on)),
    }));
    writeln!(writer, "{}", pretty(&summary)?)
}

/// To milliseconds.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// Writes the badge of a run.
///
/// # Errors
/// A place that cannot be written.
pub fn write_badge(report: &Report, fail_on: FailOn, mut writer: impl Write) -> io::Result<()> {
    let (verdict, known) = (report.verdict(fail_on), report.count(Outcome::KnownFailure));
    let all = report.trials.len() - report.count(Outcome::NotApplicable);
    let share = report.score().and_then(|score| score.all.share());
    let (mut message, color) = match verdict {
        Verdict::Conformant => (share.unwrap_or_else(|| format!("{} passed", all - known)), "brightgreen"),
        // Green alone would say that the target is conformant.
        Verdict::NoWorse => {
            let share = share.map(|share| format!(", {share}")).unwrap_or_default();
            (format!("{}{share}", verdict.name()), "yellowgreen")
        }
        Verdict::Worse => (verdict.name().to_owned(), "red"),
        Verdict::NotConformant => {
            let causes = report.causes(fail_on);
            let red = causes.iter().filter(|cause| cause.standing == Standing::Red);
            let red: BTreeSet<&str> =
                red.flat_map(|cause| &cause.trials).map(|trial| trial.finished.trial.as_str()).collect();
            let red = red.len();
            let deviation = report.deviations(fail_on).into_iter().find(|deviation| deviation.red && red == 0);
            let message = match deviation.map(|deviation| deviation.kind) {
                Some(DeviationKind::Parity) => "no parity".to_owned(),
                Some(DeviationKind::Baseline) => "worse than before".to_owned(),
                Some(DeviationKind::Drift | DeviationKind::Snapshot) => "drift".to_owned(),
                Some(DeviationKind::Stale) => "stale known failures".to_owned(),
                None => share.unwrap_or_else(|| format!("{red} of {all} failed")),
            };
            (message, "red")
        }
        Verdict::NotJudged | Verdict::NothingRan | Verdict::NotBegun | Verdict::Interrupted | Verdict::Terminated => {
            (verdict.name().to_owned(), "lightgrey")
        }
    };
    if known > 0 {
        message = format!("{message}, {known} known");
    }
    let red = !verdict.is_green();
    let badge = json!({
        "schemaVersion": 1, "label": "conformance", "message": message, "color": color, "isError": red,
    });
    writeln!(writer, "{badge}")
}
