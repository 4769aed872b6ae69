//! `JUnit` XML, in the rich form of quick-junit: properties, assertions, one suite a file of cases.
//!
//! Consumers differ: Jenkins shows the `message` of a `skipped`, GitLab its content, so both hold the reason. A failure has all
//! mismatches in one element, because consumers show only one.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    time::Duration,
};

use chrono::DateTime;
use quick_junit::{
    NonSuccessKind, Property, Report as JunitReport, SerializeError, TestCase, TestCaseStatus, TestRerun, TestSuite,
    XmlString,
};

use super::{Failure, Report, TrialReport, printable};
use crate::{
    event::{Leak, Outcome},
    level::Level,
};

/// Consumers load whole files: 16 KiB of text a case is enough to see what is wrong.
const MOST_TEXT: usize = 16 * 1024;

/// Writes the report of a run.
///
/// # Errors
/// A place that cannot be written.
pub fn write(report: &Report, writer: impl io::Write) -> Result<(), SerializeError> {
    let mut junit = JunitReport::new("okta-conformance");
    junit.set_time(Duration::from_secs_f64(report.seconds().max(0.0)));
    let started = report.header.as_ref().and_then(|header| DateTime::parse_from_rfc3339(&header.started).ok());
    if let Some(started) = started {
        junit.set_timestamp(started);
    }
    let mut texts = Texts::default();
    let mut suites: BTreeMap<String, Vec<&TrialReport>> = BTreeMap::new();
    for trial in &report.trials {
        suites.entry(split(&trial.finished.trial).0).or_default().push(trial);
    }
    for (name, mut trials) in suites {
        trials.sort_by(|a, b| a.finished.trial.cmp(&b.finished.trial));
        let mut suite = TestSuite::new(name);
        if let Some(started) = started {
            suite.set_timestamp(started);
        }
        suite_properties(report, &mut suite);
        let seconds: f64 = trials.iter().map(|trial| trial.finished.duration_ms / 1000.0).sum();
        suite.set_time(Duration::from_secs_f64(seconds.max(0.0)));
        suite.add_test_cases(trials.into_iter().map(|trial| test_case(trial, &mut texts)));
        junit.add_test_suite(suite);
    }
    if !report.leaks.is_empty() {
        junit.add_test_suite(leaks(report));
    }
    junit.serialize(writer)
}

/// `area.topic`, and the rest of the ID: a pair that is unique, since GitLab keeps only the first of equal ones.
fn split(id: &str) -> (String, &str) {
    match id.match_indices('/').nth(1) {
        Some((at, _)) => (id[..at].replace('/', "."), &id[at + 1..]),
        None => ("suite".to_owned(), id),
    }
}

fn suite_properties(report: &Report, suite: &mut TestSuite) {
    let Some(header) = &report.header else { return };
    for (name, value) in [
        ("target", header.target.as_str()),
        ("origin", header.origin.as_str()),
        ("suite", &header.suite),
        ("program", &header.program),
        ("run", &header.run),
    ] {
        suite.add_property(Property::new(name, value));
    }
}

/// Texts that stand in many cases, made fit for XML once: quick-junit looks for control sequences in every text that it is given.
#[derive(Default)]
struct Texts<'a>(HashMap<&'a str, XmlString>);

impl<'a> Texts<'a> {
    fn property(&mut self, name: &'static str, value: &'a str) -> Property {
        Property::new(self.get(name), self.get(value))
    }

    fn get(&mut self, text: &'a str) -> XmlString {
        self.0.entry(text).or_insert_with(|| text.into()).clone()
    }
}

fn test_case<'a>(trial: &'a TrialReport, texts: &mut Texts<'a>) -> TestCase {
    let finished = &trial.finished;
    let (class, name) = split(&finished.trial);
    let mut case = TestCase::new(name, status(trial));
    case.set_classname(class);
    case.set_time(Duration::from_secs_f64((finished.duration_ms / 1000.0).max(0.0)));
    case.set_assertions(finished.checks.total());
    case.extra.insert(texts.get("file"), texts.get(&finished.file));
    case.extra.insert(texts.get("line"), finished.line.to_string().into());
    case.add_property(Property::new(texts.get("title"), finished.title.as_str()));
    case.add_property(texts.property("principal", &finished.principal));
    for requirement in finished.requirements.iter() {
        case.add_property(texts.property("requirement", requirement));
    }
    for operation in finished.operations.iter() {
        case.add_property(texts.property("operationId", operation));
    }
    let warnings = warning_text(trial);
    if !warnings.is_empty() {
        case.set_system_out(warnings);
    }
    case
}

/// What is shown for a trial that is not red but has something to say.
fn warning_text(trial: &TrialReport) -> String {
    if trial.finished.outcome != Outcome::Passed {
        return String::new();
    }
    let warned = |failure: &&Failure| failure.mismatches.iter().any(|mismatch| mismatch.level == Level::Should);
    let texts: Vec<String> = trial.failures.iter().filter(warned).map(Failure::text).collect();
    if texts.is_empty() { String::new() } else { format!("WARNING {}", texts.join("\nWARNING ")) }
}

/// The status with the attempts before the last: `flakyFailure` and the like in the form that Maven Surefire began.
fn status(trial: &TrialReport) -> TestCaseStatus {
    let mut status = last_status(trial);
    for attempt in &trial.finished.earlier {
        let kind = match attempt.outcome {
            Outcome::Failed => NonSuccessKind::Failure,
            _ => NonSuccessKind::Error,
        };
        let mut rerun = TestRerun::new(kind);
        rerun.set_type(attempt.outcome.name()).set_message(one_line(&printable(attempt.reason.as_str())));
        status.add_rerun(rerun);
    }
    status
}

fn last_status(trial: &TrialReport) -> TestCaseStatus {
    let outcome = trial.finished.outcome;
    let reason = trial.finished.reason.as_ref().map_or_else(String::new, |reason| printable(reason.as_str()));
    match outcome {
        Outcome::Passed | Outcome::Flaky => TestCaseStatus::success(),
        Outcome::Failed | Outcome::UnexpectedPass | Outcome::ChangedFailure | Outcome::Expired => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(failure_type(trial)).set_message(one_line(&reason)).set_description(description(trial));
            status
        }
        Outcome::Blocked | Outcome::Errored => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type(outcome.name()).set_message(one_line(&reason)).set_description(description(trial));
            status
        }
        Outcome::KnownFailure | Outcome::NotApplicable | Outcome::NotRun => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(outcome.name()).set_message(one_line(&reason)).set_description(reason.as_str());
            status
        }
    }
}

/// `status-mismatch`, `body-mismatch`, …: the first check that failed.
fn failure_type(trial: &TrialReport) -> String {
    if trial.finished.outcome != Outcome::Failed {
        return trial.finished.outcome.name().to_owned();
    }
    let checks = trial.failures.iter().flat_map(|failure| &failure.mismatches);
    let first = checks.filter(|mismatch| mismatch.level == Level::Must).map(|mismatch| mismatch.check.as_str()).next();
    let word = first.and_then(|check| check.split(' ').next()).unwrap_or("check");
    format!("{word}-mismatch")
}

fn description(trial: &TrialReport) -> String {
    let finished = &trial.finished;
    let mut text = format!("{}\n{}\n{}:{}\n\n", finished.trial, finished.title, finished.file, finished.line);
    for failure in &trial.failures {
        text.push_str(&failure.text());
        text.push('\n');
    }
    if trial.failures.is_empty()
        && let Some(reason) = &finished.reason
    {
        text.push_str(&printable(reason.as_str()));
    }
    match text.char_indices().nth(MOST_TEXT) {
        Some((at, _)) => format!("{}\n… cut; the event stream has all of it", &text[..at]),
        None => text,
    }
}

fn one_line(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(300) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// Leaks are a channel of their own: the verdict of the case stays what it is.
fn leaks(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("cleanup");
    // Numbered within its trial, so that a leak has the same name in every run, whatever else leaks.
    let mut trials: BTreeMap<&str, Vec<&Leak>> = BTreeMap::new();
    for leak in &report.leaks {
        trials.entry(&leak.trial).or_default().push(leak);
    }
    for (trial, leaks) in trials {
        for (index, leak) in leaks.into_iter().enumerate() {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            let text = printable(&format!("{}: {}", leak.call, leak.reason));
            status.set_type("leaked-resource").set_message(one_line(&text)).set_description(text);
            let mut case = TestCase::new(format!("cleanup::{trial}::{}", index + 1), status);
            case.set_classname("cleanup");
            suite.add_test_case(case);
        }
    }
    suite
}
