//! A run as CTRF, the Common Test Report Format: JSON that dashboards and bots of CI systems read (<https://ctrf.io>, version 0.0 of its schema).
//!
//! A test is a trial. What turns a run red beside its trials is a test of its own, since readers count tests.

use std::io::{self, Write};

use chrono::DateTime;
use serde_json::{Value, json};

use super::{
    FailOn, Report, TrialReport,
    details::Details,
    text::{joined, one_line, pretty, printable, without_nulls},
};
use crate::event::{Outcome, StepFinished, Tap};

/// The longest line of a message.
const MOST_LINE: usize = 1000;

/// Writes the report of a run.
///
/// # Errors
/// A place that cannot be written.
pub fn write(report: &Report, fail_on: FailOn, mut writer: impl Write) -> io::Result<()> {
    let (mut details, files) = (Details::of(report), !report.is_of_embedded_suite());
    let mut tests: Vec<Value> =
        report.sorted().into_iter().map(|trial| test(trial, fail_on, files, &mut details)).collect();
    let deviations = report.deviations(fail_on);
    let red = deviations.iter().filter(|deviation| deviation.red);
    tests.extend(red.map(|deviation| beside(deviation.kind.name(), &deviation.name, &deviation.text)));
    let (sentence, is_green) = (report.sentence(fail_on), report.verdict(fail_on).is_green());
    let is_red = |test: &Value| matches!(test["status"].as_str(), Some("failed" | "other"));
    if !is_green && !tests.iter().any(is_red) {
        // A reader that counts tests would take it for a success.
        tests.push(beside("run", "the run", &sentence));
    }
    let count = |status: &str| tests.iter().filter(|test| test["status"] == status).count();
    let started = report.started().and_then(|started| DateTime::parse_from_rfc3339(started).ok());
    let start = started.map_or(0, |started| started.timestamp_millis());
    let duration = whole(report.seconds() * 1000.0);
    let header = report.header.as_ref();
    let summary = json!({
        "tests": tests.len(),
        "passed": count("passed"),
        "failed": count("failed"),
        "skipped": count("skipped"),
        "pending": 0,
        "other": count("other"),
        "flaky": report.count(Outcome::Flaky),
        "start": start,
        "stop": start + duration,
        "duration": duration,
        "extra": without_nulls(json!({
            "verdict": report.verdict(fail_on).name(),
            "sentence": sentence,
            "score": report.score().and_then(|score| score.all.sentence()),
        })),
    });
    let results = json!({
        "tool": without_nulls(json!({ "name": "okta-conformance", "version": header.map(|header| printable(&header.program)) })),
        "summary": summary,
        "tests": tests,
        "environment": without_nulls(json!({
            "testEnvironment": header.map(|header| printable(&header.target)),
            "extra": header.map(|header| json!({ "suite": printable(&header.suite), "run": printable(&header.run) })),
        })),
        "extra": details.told().map_or_else(|| json!({}), |told| json!({ "details": told })),
    });
    let file = json!({ "reportFormat": "CTRF", "specVersion": "0.0.0", "generatedBy": "okta-conformance", "results": results });
    writeln!(writer, "{}", pretty(&file)?)
}

/// Milliseconds without their fraction.
fn whole(ms: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, and no run takes so long")]
    let whole = ms.round() as i64;
    whole
}

fn test(trial: &TrialReport, fail_on: FailOn, files: bool, details: &mut Details) -> Value {
    let (finished, outcome) = (&trial.finished, trial.finished.outcome);
    let is_red = outcome.departs() || fail_on.in_trial(finished).is_some();
    let status = match outcome.form().tap {
        _ if is_red => "failed",
        _ if outcome.is_unjudged() => "other",
        Tap::Skip => "skipped",
        Tap::Ok | Tap::Todo | Tap::NotOk => "passed",
    };
    let told = is_red || !trial.failures.is_empty();
    let trace = told.then(|| details.cut(joined(trial.failures.iter().map(StepFinished::text), "\n")));
    let message =
        Some(trial.message()).filter(|message| told && !message.is_empty()).or_else(|| Some(trial.reason().to_owned()));
    without_nulls(json!({
        "name": printable(&finished.trial),
        "status": status,
        "rawStatus": outcome.name(),
        "duration": whole(finished.duration_ms),
        "suite": [printable(finished.trial.split('/').take(2).collect::<Vec<_>>().join("/").as_str())],
        "message": message.filter(|message| !message.is_empty()).map(|message| one_line(&message, MOST_LINE)),
        "trace": trace.filter(|trace| !trace.is_empty()),
        "filePath": Some(&finished.file).filter(|file| files && !file.is_empty()).map(|file| printable(file)),
        "line": files.then_some(finished.line),
        "tags": finished.requirements.iter().map(|id| printable(id)).collect::<Vec<_>>(),
        "type": "conformance",
        "flaky": outcome == Outcome::Flaky,
        "retries": finished.earlier.len(),
        "extra": { "title": printable(&finished.title), "principal": printable(&finished.principal), "profile": printable(&finished.profile) },
    }))
}

/// Something that is red beside the trials.
fn beside(kind: &str, name: &str, text: &str) -> Value {
    json!({
        "name": format!("{kind}: {name}"),
        "status": "failed",
        "duration": 0,
        "suite": [kind],
        "message": one_line(text.lines().next().unwrap_or_default(), MOST_LINE),
        "trace": text,
    })
}
