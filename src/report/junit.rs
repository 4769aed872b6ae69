//! `JUnit` XML, in two forms: that of quick-junit (properties, assertions, places, attempts) and the part of it that the schema of the
//! Jenkins xUnit plugin allows. One suite a file of cases.
//!
//! Consumers differ: Jenkins shows the `message` of a `skipped`, GitLab its content, so both hold the reason. A failure has all
//! findings in one element, because consumers show only one.

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

use super::{
    AsideKind, FailOn, Failure, LeftKind, Report, TrialReport, Verdict,
    sentence::why_stopped,
    text::{beginning, one_line, printable},
};
use crate::{
    counted::counted,
    event::{Junit, Leak, Outcome},
    level::Level,
};

/// Consumers load whole files: 16 KiB of text a case is enough to see what is wrong.
const MOST_TEXT: usize = 16 * 1024;

/// The longest message of an element.
const MOST_LINE: usize = 300;

/// How much of the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Rich,
    /// No properties of cases, no `file`, `line`, `assertions`, and no `timestamp` of the whole.
    Strict,
}

/// Writes the report of a run.
///
/// # Errors
/// A place that cannot be written.
pub fn write(report: &Report, fail_on: FailOn, writer: impl io::Write) -> Result<(), SerializeError> {
    junit(report, fail_on, Form::Rich).serialize(writer)
}

/// Writes the report of a run as `junit-10.xsd` of the Jenkins xUnit plugin allows it.
///
/// # Errors
/// A place that cannot be written.
pub fn write_strict(report: &Report, fail_on: FailOn, mut writer: impl io::Write) -> Result<(), SerializeError> {
    let xml = junit(report, fail_on, Form::Strict).to_string()?;
    // The model always counts what was skipped in the root, where the schema has no such attribute.
    let (before, rest) = xml.split_once(" skipped=\"").unwrap_or((&xml, ""));
    let after = rest.split_once('"').map_or("", |(_, after)| after);
    writer.write_all(before.as_bytes())?;
    Ok(writer.write_all(after.as_bytes())?)
}

fn junit(report: &Report, fail_on: FailOn, form: Form) -> JunitReport {
    let mut junit = JunitReport::new("okta-conformance");
    junit.set_time(Duration::from_secs_f64(report.seconds().max(0.0)));
    let started = report.header.as_ref().and_then(|header| DateTime::parse_from_rfc3339(&header.started).ok());
    if let Some(started) = started.filter(|_| form == Form::Rich) {
        junit.set_timestamp(started);
    }
    let mut texts = Texts::default();
    let mut suites: BTreeMap<String, Vec<&TrialReport>> = BTreeMap::new();
    for trial in report.sorted() {
        suites.entry(split(&trial.finished.trial).0).or_default().push(trial);
    }
    for (name, trials) in suites {
        let mut suite = TestSuite::new(name);
        if let Some(started) = started {
            suite.set_timestamp(started);
        }
        suite_properties(report, &mut suite);
        let seconds: f64 = trials.iter().map(|trial| trial.finished.duration_ms / 1000.0).sum();
        suite.set_time(Duration::from_secs_f64(seconds.max(0.0)));
        suite.add_test_cases(trials.into_iter().map(|trial| test_case(trial, fail_on, form, &mut texts)));
        junit.add_test_suite(suite);
    }
    if let Some(suite) = unfinished(report) {
        junit.add_test_suite(suite);
    }
    if let Some(suite) = missing(report) {
        junit.add_test_suite(suite);
    }
    if report.left().next().is_some() {
        junit.add_test_suite(leaks(report));
    }
    for suite in AsideKind::ALL.into_iter().filter_map(|kind| asides(report, kind, fail_on)) {
        junit.add_test_suite(suite);
    }
    if junit.failures + junit.errors == 0
        && let Some(suite) = untold(report, fail_on)
    {
        junit.add_test_suite(suite);
    }
    junit
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
        suite.add_property(Property::new(name, printable(value)));
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
        self.0.entry(text).or_insert_with(|| printable(text).into()).clone()
    }
}

fn test_case<'a>(trial: &'a TrialReport, fail_on: FailOn, form: Form, texts: &mut Texts<'a>) -> TestCase {
    let finished = &trial.finished;
    let (class, name) = split(&finished.trial);
    let mut case = TestCase::new(name, status(trial, fail_on));
    case.set_classname(class);
    case.set_time(Duration::from_secs_f64((finished.duration_ms / 1000.0).max(0.0)));
    let warnings = warning_text(trial);
    if !warnings.is_empty() {
        case.set_system_out(warnings);
    }
    if form == Form::Strict {
        return case;
    }
    case.set_assertions(finished.checks.total());
    case.extra.insert(texts.get("file"), texts.get(&finished.file));
    case.extra.insert(texts.get("line"), finished.line.to_string().into());
    case.add_property(Property::new(texts.get("title"), printable(&finished.title)));
    if finished.outcome == Outcome::Warned {
        // No element says so.
        case.add_property(texts.property("outcome", finished.outcome.name()));
    }
    case.add_property(texts.property("principal", &finished.principal));
    for requirement in finished.requirements.iter() {
        case.add_property(texts.property("requirement", requirement));
    }
    for operation in finished.operations.iter() {
        case.add_property(texts.property("operationId", operation));
    }
    case
}

/// What is shown for a trial that is not red but has something to say.
fn warning_text(trial: &TrialReport) -> String {
    if trial.finished.outcome != Outcome::Warned {
        return String::new();
    }
    let warned = |failure: &&Failure| failure.findings.iter().any(|finding| finding.level == Level::Should);
    let texts: Vec<String> = trial.failures.iter().filter(warned).map(Failure::text).collect();
    if texts.is_empty() { String::new() } else { beginning(format!("WARNING {}", texts.join("\nWARNING ")), MOST_TEXT) }
}

/// The status with the attempts before the last: `flakyFailure` and the like in the form that Maven Surefire began.
fn status(trial: &TrialReport, fail_on: FailOn) -> TestCaseStatus {
    let mut status = last_status(trial, fail_on);
    for (index, attempt) in trial.finished.earlier.iter().enumerate() {
        let kind = if attempt.outcome.departs() { NonSuccessKind::Failure } else { NonSuccessKind::Error };
        let mut rerun = TestRerun::new(kind);
        rerun.set_type(attempt.outcome.name()).set_message(one_line(&printable(attempt.reason.as_str()), MOST_LINE));
        let of_attempt = trial.failures.iter().filter(|failure| failure.attempt == index + 1);
        rerun.set_description(beginning(of_attempt.map(Failure::text).collect::<Vec<_>>().join("\n"), MOST_TEXT));
        status.add_rerun(rerun);
    }
    status
}

fn last_status(trial: &TrialReport, fail_on: FailOn) -> TestCaseStatus {
    let outcome = trial.finished.outcome;
    let reason = trial.finished.reason.as_ref().map_or_else(String::new, |reason| printable(reason.as_str()));
    let not = |kind, name: &str, message: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_type(name).set_message(one_line(message, MOST_LINE)).set_description(description(trial));
        status
    };
    if let Some(name) = fail_on.in_trial(&trial.finished) {
        let message = if reason.is_empty() { trial.first_finding() } else { reason };
        return not(NonSuccessKind::Failure, name, &message);
    }
    match outcome.form().junit {
        Junit::Success => TestCaseStatus::success(),
        Junit::Failure => not(NonSuccessKind::Failure, failure_type(trial), &reason),
        Junit::Error => not(NonSuccessKind::Error, outcome.name(), &reason),
        Junit::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(outcome.name()).set_message(one_line(&reason, MOST_LINE)).set_description(reason.as_str());
            status
        }
    }
}

/// `status-mismatch`, `body-mismatch`, …: the first check that failed.
fn failure_type(trial: &TrialReport) -> &'static str {
    if trial.finished.outcome != Outcome::Failed {
        return trial.finished.outcome.name();
    }
    let checks = trial.failures.iter().flat_map(|failure| &failure.findings);
    let mut musts = checks.filter(|finding| finding.level == Level::Must);
    musts.next().map_or("check-mismatch", |finding| finding.check.junit_type())
}

fn description(trial: &TrialReport) -> String {
    let finished = &trial.finished;
    let mut text =
        printable(&format!("{}\n{}\n{}:{}\n\n", finished.trial, finished.title, finished.file, finished.line));
    for failure in &trial.failures {
        text.push_str(&failure.text());
        text.push('\n');
    }
    if trial.failures.is_empty()
        && let Some(reason) = &finished.reason
    {
        text.push_str(&printable(reason.as_str()));
    }
    beginning(text, MOST_TEXT)
}

/// A run that did not begin has no testcases of its own, and those that one did not come to are skipped: either would look like a green one.
fn unfinished(report: &Report) -> Option<TestSuite> {
    let begin = report.not_begun.iter().enumerate().map(|(index, reason)| {
        let name = if index == 0 { "begin".to_owned() } else { format!("begin::{}", index + 1) };
        (name, "did-not-begin", format!("the run did not begin: {reason}"), reason.as_str().to_owned())
    });
    let not_run = Some(report.count(Outcome::NotRun)).filter(|count| *count > 0);
    let end = report.stopped().zip(not_run).map(|(stop, count)| {
        let why = why_stopped(stop).unwrap_or("by a signal");
        let message = format!("the run was stopped {why}: {} not run", counted(count, "trial"));
        let found = report.preflight.iter().filter(|finding| finding.fatal).map(|finding| finding.text.as_str());
        let text = [message.as_str()].into_iter().chain(found).collect::<Vec<_>>().join("\n");
        ("end".to_owned(), Outcome::NotRun.name(), message, text)
    });
    let mut suite = TestSuite::new("run");
    for (name, class, message, text) in begin.chain(end) {
        suite.add_test_case(of_run(name, class, &message, &text));
    }
    (!suite.test_cases.is_empty()).then_some(suite)
}

/// A run that is not conformant, of which no other case says so.
fn untold(report: &Report, fail_on: FailOn) -> Option<TestSuite> {
    let class = match report.verdict(fail_on) {
        Verdict::Conformant | Verdict::NothingRan => return None,
        Verdict::NotConformant => "not-conformant",
        Verdict::NotJudged | Verdict::NotBegun | Verdict::Interrupted | Verdict::Terminated => "not-judged",
    };
    let sentence = report.sentence(fail_on);
    let mut suite = TestSuite::new("run");
    suite.add_test_case(of_run("end".to_owned(), class, &sentence, &sentence));
    Some(suite)
}

/// A case about the run as a whole, in error.
fn of_run(name: String, class: &str, message: &str, text: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let (message, text) = (one_line(&printable(message), MOST_LINE), beginning(printable(text), MOST_TEXT));
    status.set_type(class).set_message(message).set_description(text);
    let mut case = TestCase::new(name, status);
    case.set_classname("run");
    case
}

/// What was not merged was not judged, which no testcase of the others says.
fn missing(report: &Report) -> Option<TestSuite> {
    let mut suite = TestSuite::new("shards");
    for (index, text) in report.missing().into_iter().enumerate() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        let text = printable(&text);
        status.set_type("missing-shard").set_message(one_line(&text, MOST_LINE)).set_description(text);
        let mut case = TestCase::new(format!("missing::{}", index + 1), status);
        case.set_classname("shards");
        suite.add_test_case(case);
    }
    (!suite.test_cases.is_empty()).then_some(suite)
}

/// Leaks are a channel of their own: the verdict of the case stays what it is.
fn leaks(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("cleanup");
    // Numbered within its trial, so that a leak has the same name in every run, whatever else leaks.
    let mut trials: BTreeMap<&str, Vec<(LeftKind, &Leak)>> = BTreeMap::new();
    for (kind, leak) in report.left().flat_map(|(kind, leaks)| leaks.iter().map(move |leak| (kind, leak))) {
        trials.entry(&leak.trial).or_default().push((kind, leak));
    }
    for (trial, leaks) in trials {
        for (index, (kind, leak)) in leaks.into_iter().enumerate() {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            let text = printable(&format!("{}: {}", leak.call, leak.reason));
            let class = match kind {
                LeftKind::Leaked => "leaked-resource",
                LeftKind::MayBeLeft => "may-be-left",
            };
            status.set_type(class).set_message(one_line(&text, MOST_LINE)).set_description(text);
            let mut case = TestCase::new(format!("cleanup::{trial}::{}", index + 1), status);
            case.set_classname("cleanup");
            suite.add_test_case(case);
        }
    }
    suite
}

/// What stands beside the trials is told in the output of a suite without cases, and as a case where it turns the run red.
fn asides(report: &Report, kind: AsideKind, fail_on: FailOn) -> Option<TestSuite> {
    let all = report.asides(kind, fail_on);
    let mut suite = TestSuite::new(kind.name());
    for aside in all.iter().filter(|aside| aside.red) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(kind.name()).set_message(one_line(aside.headline(), MOST_LINE));
        status.set_description(beginning(aside.text.clone(), MOST_TEXT));
        let name = if kind == AsideKind::Baseline { "worse" } else { &aside.name };
        let mut case = TestCase::new(format!("{}::{name}", kind.name()), status);
        case.set_classname(kind.name());
        suite.add_test_case(case);
    }
    let told: Vec<&str> = all.iter().filter(|aside| !aside.red).map(|aside| aside.text.as_str()).collect();
    if !told.is_empty() {
        suite.set_system_out(beginning(format!("{}\n{}", kind.heading(), told.join("\n")), MOST_TEXT));
    }
    (!all.is_empty()).then_some(suite)
}
