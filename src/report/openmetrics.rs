//! A run as `OpenMetrics` text (<https://prometheus.io/docs/specs/om/open_metrics_spec/>), for a textfile collector or a push gateway: what a
//! team watches over weeks. Each trial for itself is not in it: a series a trial would be too many.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Write},
};

use chrono::DateTime;

use super::{FailOn, Report, Tally, median, quantile, text::printable};
use crate::event::Outcome;

/// What all names begin with.
const PREFIX: &str = "okta_conformance";

/// Writes the report of a run.
///
/// # Errors
/// A place that cannot be written.
pub fn write(report: &Report, fail_on: FailOn, mut writer: impl Write) -> io::Result<()> {
    let mut metrics = Metrics(String::new());
    let verdict = report.verdict(fail_on);
    let header = report.header.as_ref();
    let reason = report.not_begun.first().map(ToString::to_string);
    let about = [
        ("target", header.map(|header| header.target.as_str())),
        ("suite", header.map(|header| header.suite.as_str())),
        ("program", header.map(|header| header.program.as_str())),
        ("verdict", Some(verdict.name())),
        ("reason", reason.as_deref()),
    ];
    let about: Vec<(&str, &str)> = about.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    metrics.family("run", "info", "What was run, and how it ended");
    metrics.sample("run_info", &about, 1);
    metrics.one("exit_code", "The exit code of the run: 0 is green", verdict.exit_code());
    if let Some(started) = report.started().and_then(|started| DateTime::parse_from_rfc3339(started).ok()) {
        metrics.one("started_timestamp_seconds", "When the run began", started.timestamp());
    }
    metrics.one("duration_seconds", "How long the run took", report.seconds());
    metrics.family("trials", "gauge", "Trials by outcome");
    for outcome in Outcome::ALL {
        metrics.sample("trials", &[("outcome", outcome.name())], report.count(*outcome));
    }
    score(report, &mut metrics);
    let red = report.causes(fail_on).iter().filter(|cause| cause.standing.counts()).count();
    metrics.one("causes", "Causes that keep the run from being conformant", red);
    metrics.one("warnings", "False checks of level should", report.warnings());
    metrics.family("drift", "gauge", "Places in answers that no document describes");
    let new = report.unexplained_drift().count();
    metrics.sample("drift", &[("explained", "false")], new);
    metrics.sample("drift", &[("explained", "true")], report.drift.len() - new);
    let mut beside: BTreeMap<&str, usize> = BTreeMap::new();
    for deviation in report.deviations(fail_on).into_iter().filter(|deviation| deviation.red) {
        *beside.entry(deviation.kind.name()).or_default() += 1;
    }
    if !beside.is_empty() {
        metrics.family("deviations", "gauge", "What turns the run red beside its trials, by kind");
        for (kind, count) in &beside {
            metrics.sample("deviations", &[("kind", kind)], count);
        }
    }
    metrics.one("leaked", "Things that could not be removed from the target", report.leaks.len());
    metrics.one("may_be_left", "Things that may still be on the target", report.may_be_left.len());
    metrics.one("requests", "Requests sent", report.requests());
    metrics.one("rate_limited", "Unexpected 429 answers", report.rate_limited());
    metrics.one("waited_seconds", "How long the run waited for rate limits", report.waited);
    latencies(report, &mut metrics);
    metrics.0.push_str("# EOF\n");
    writer.write_all(metrics.0.as_bytes())
}

fn score(report: &Report, metrics: &mut Metrics) {
    let Some(score) = report.score() else { return };
    metrics.family("requirements", "gauge", "Requirements by how the target stands to them, by profile");
    let mut told = |profile: &str, tally: &Tally| {
        for (standing, count) in [
            ("held", tally.held),
            ("departed", tally.departed),
            ("not judged", tally.not_judged),
            ("noted", tally.noted),
            ("not applicable", tally.not_applicable),
        ] {
            metrics.sample("requirements", &[("profile", profile), ("standing", standing)], count);
        }
    };
    told("all", &score.all);
    for (profile, tally) in &score.profiles {
        told(profile, tally);
    }
    metrics.family("score_ratio", "gauge", "Requirements held, of those that count");
    for (profile, tally) in
        [("all", &score.all)].into_iter().chain(score.profiles.iter().map(|(name, tally)| (name.as_str(), tally)))
    {
        if let Some(percent) = tally.percent {
            metrics.sample("score_ratio", &[("profile", profile)], percent.ratio());
        }
    }
}

/// The times of answers, by operation and status.
fn latencies(report: &Report, metrics: &mut Metrics) {
    metrics.family("answer_seconds", "summary", "How long answers took, by operation and status");
    for (call, status, times) in report.latencies.all() {
        let status = status.to_string();
        let labels = [("operation", call), ("status", status.as_str())];
        for (quantile, value) in [("0.5", median(times)), ("0.95", quantile(times, 0.95))] {
            metrics.sample("answer_seconds", &[&labels[..], &[("quantile", quantile)]].concat(), value / 1000.0);
        }
        metrics.sample("answer_seconds_count", &labels, times.len());
        metrics.sample("answer_seconds_sum", &labels, times.iter().sum::<f64>() / 1000.0);
    }
}

/// The text as far as it is written.
struct Metrics(String);

impl Metrics {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# TYPE {PREFIX}_{name} {kind}\n# HELP {PREFIX}_{name} {help}.");
    }

    /// A value of its own.
    fn one(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let escaped = |text: &str| printable(text).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{PREFIX}_{name}{labels} {value}");
    }
}
