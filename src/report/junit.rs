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
    DeviationKind, FailOn, LeftKind, Report, TrialReport, Verdict,
    details::Details,
    text::{beginning, joined, one_line, printable},
    verdict::why_stopped,
};
use crate::{
    counted::counted,
    event::{Junit, Outcome, StepFinished},
    level::Level,
};

/// The longest text about something else than a trial.
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
    junit.set_time(milliseconds(report.seconds() * 1000.0));
    let started = report.header.as_ref().and_then(|header| DateTime::parse_from_rfc3339(&header.started).ok());
    if let Some(started) = started.filter(|_| form == Form::Rich) {
        junit.set_timestamp(started);
    }
    let mut writing = Writing {
        fail_on,
        form,
        files: !report.is_of_embedded_suite(),
        texts: Texts::default(),
        details: Details::of(report),
    };
    let mut suites: BTreeMap<String, Vec<&TrialReport>> = BTreeMap::new();
    for trial in report.sorted() {
        suites.entry(split(&trial.finished.trial).0).or_default().push(trial);
    }
    let score = report.score().and_then(|score| score.all.sentence());
    for (name, trials) in suites {
        let mut suite = TestSuite::new(name);
        if let Some(started) = started {
            suite.set_timestamp(started);
        }
        suite_properties(report, score.as_deref(), &mut suite);
        suite.set_time(milliseconds(trials.iter().map(|trial| trial.finished.duration_ms).sum()));
        suite.add_test_cases(trials.into_iter().map(|trial| writing.test_case(trial)));
        if let Some(cut) = writing.details.told() {
            suite.add_property(Property::new("details", cut));
        }
        junit.add_test_suite(suite);
    }
    add_suite(&mut junit, "run", unfinished(report));
    // What was not merged was not judged, which no testcase of the others says.
    let missing = (1..).zip(report.missing());
    let missing =
        missing.map(|(number, text)| error("shards", format!("missing::{number}"), "missing-shard", &text, &text));
    add_suite(&mut junit, "shards", missing.collect());
    add_suite(&mut junit, "cleanup", left(report));
    add_deviations(&mut junit, report, fail_on);
    if junit.failures + junit.errors == 0 {
        add_suite(&mut junit, "run", untold(report, fail_on));
    }
    junit
}

fn milliseconds(milliseconds: f64) -> Duration {
    Duration::from_secs_f64((milliseconds / 1000.0).max(0.0))
}

/// `area.topic`, and the rest of the ID: a pair that is unique, since GitLab keeps only the first of equal ones.
fn split(id: &str) -> (String, &str) {
    match id.match_indices('/').nth(1) {
        Some((at, _)) => (id[..at].replace('/', "."), &id[at + 1..]),
        None => ("suite".to_owned(), id),
    }
}

fn suite_properties(report: &Report, score: Option<&str>, suite: &mut TestSuite) {
    let Some(header) = &report.header else { return };
    for (name, value) in [
        ("target", header.target.as_str()),
        ("origin", header.origin.as_str()),
        ("suite", &header.suite),
        ("program", &header.program),
        ("run", &header.run),
    ]
    .into_iter()
    .chain(score.map(|score| ("score", score)))
    {
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

/// What all test cases of a report have in common.
struct Writing<'a> {
    fail_on: FailOn,
    form: Form,
    /// Whether the files of cases are told.
    files: bool,
    texts: Texts<'a>,
    details: Details,
}

impl<'a> Writing<'a> {
    fn test_case(&mut self, trial: &'a TrialReport) -> TestCase {
        let finished = &trial.finished;
        let (class, name) = split(&finished.trial);
        let mut case = TestCase::new(name, self.status(trial));
        case.set_classname(class);
        case.set_time(milliseconds(finished.duration_ms));
        // What is not red but has something to say has no element for it.
        if finished.outcome == Outcome::Warned {
            let warned =
                |failure: &&StepFinished| failure.findings.iter().any(|finding| finding.level == Level::Should);
            let warnings = trial.failures.iter().filter(warned).map(|failure| format!("WARNING {}", failure.text()));
            let text = Some(joined(warnings, "\n")).filter(|text| !text.is_empty());
            case.system_out = text.map(|text| self.details.cut(text).into());
        }
        if self.form == Form::Strict {
            return case;
        }
        let texts = &mut self.texts;
        case.set_assertions(finished.checks.total());
        if self.files {
            case.extra.insert(texts.get("file"), texts.get(&finished.file));
            case.extra.insert(texts.get("line"), finished.line.to_string().into());
        }
        case.add_property(Property::new(texts.get("title"), printable(&finished.title)));
        if finished.outcome == Outcome::Warned {
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

    /// The status with the attempts before the last: `flakyFailure` and the like in the form that Maven Surefire began.
    fn status(&mut self, trial: &TrialReport) -> TestCaseStatus {
        let mut status = self.last_status(trial);
        for (number, attempt) in (1..).zip(&trial.finished.earlier) {
            let kind = if attempt.outcome.departs() { NonSuccessKind::Failure } else { NonSuccessKind::Error };
            let mut rerun = TestRerun::new(kind);
            rerun.set_type(attempt.outcome.name()).set_message(one_line(attempt.reason.as_str(), MOST_LINE));
            let of_attempt = trial.failures.iter().filter(|failure| failure.attempt == number);
            rerun.set_description(self.details.cut(joined(of_attempt.map(StepFinished::text), "\n")));
            status.add_rerun(rerun);
        }
        status
    }

    fn last_status(&mut self, trial: &TrialReport) -> TestCaseStatus {
        let (outcome, reason) = (trial.finished.outcome, trial.reason());
        let mut not = |kind, class: &str, message: &str| {
            let mut status = TestCaseStatus::non_success(kind);
            status.set_type(class).set_message(one_line(message, MOST_LINE));
            status.set_description(self.details.cut(description(trial)));
            status
        };
        if let Some(class) = self.fail_on.in_trial(&trial.finished) {
            return not(NonSuccessKind::Failure, class, &trial.message());
        }
        match outcome.form().junit {
            Junit::Success => TestCaseStatus::success(),
            Junit::Failure => not(NonSuccessKind::Failure, failure_type(trial), reason),
            Junit::Error => not(NonSuccessKind::Error, outcome.name(), reason),
            Junit::Skipped => {
                let mut status = TestCaseStatus::skipped();
                status.set_type(outcome.name()).set_message(one_line(reason, MOST_LINE));
                status.set_description(printable(reason));
                status
            }
        }
    }
}

/// `status-mismatch`, `body-mismatch`, …: the first check that failed.
fn failure_type(trial: &TrialReport) -> &'static str {
    if trial.finished.outcome != Outcome::Failed {
        return trial.finished.outcome.name();
    }
    let mut musts = trial.findings().filter(|finding| finding.level == Level::Must);
    musts.next().map_or("check-mismatch", |finding| finding.check.junit_type())
}

fn description(trial: &TrialReport) -> String {
    let finished = &trial.finished;
    let head = format!("{}\n{}\n{}:{}\n\n", finished.trial, finished.title, finished.file, finished.line);
    let failures = trial.failures.iter().map(|failure| failure.text() + "\n");
    let reason = trial.failures.is_empty().then(|| printable(trial.reason()));
    printable(&head) + &joined(failures.chain(reason), "")
}

fn non_success(kind: NonSuccessKind, class: &str, message: &str, text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(class).set_message(one_line(message, MOST_LINE));
    status.set_description(beginning(printable(text), MOST_TEXT));
    status
}

/// A case about something else than a trial.
fn case(suite: &str, name: String, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(suite);
    case
}

fn error(suite: &str, name: String, class: &str, message: &str, text: &str) -> TestCase {
    case(suite, name, non_success(NonSuccessKind::Error, class, message, text))
}

fn add_suite(junit: &mut JunitReport, name: &str, cases: Vec<TestCase>) {
    if !cases.is_empty() {
        let mut suite = TestSuite::new(name);
        suite.add_test_cases(cases);
        junit.add_test_suite(suite);
    }
}

/// A run that did not begin has no testcases of its own, and those that one did not come to are skipped: either would look like a green one.
fn unfinished(report: &Report) -> Vec<TestCase> {
    let begin = (1..).zip(&report.not_begun).map(|(number, reason)| {
        let name = if number == 1 { "begin".to_owned() } else { format!("begin::{number}") };
        error("run", name, "did-not-begin", &format!("the run did not begin: {reason}"), reason.as_str())
    });
    let not_run = Some(report.count(Outcome::NotRun)).filter(|count| *count > 0);
    let end = report.stopped().zip(not_run).map(|(stop, count)| {
        let why = why_stopped(stop).unwrap_or("by a signal");
        let message = format!("the run was stopped {why}: {} not run", counted(count, "trial"));
        let found = report.preflight.iter().filter(|finding| finding.fatal).map(|finding| finding.text.as_str());
        let text = joined([message.as_str()].into_iter().chain(found), "\n");
        error("run", "end".to_owned(), Outcome::NotRun.name(), &message, &text)
    });
    begin.chain(end).collect()
}

/// A run that is not conformant, of which no other case says so.
fn untold(report: &Report, fail_on: FailOn) -> Vec<TestCase> {
    let class = match report.verdict(fail_on) {
        Verdict::Conformant | Verdict::NoWorse | Verdict::NothingRan => return Vec::new(),
        Verdict::NotConformant | Verdict::Worse => "not-conformant",
        Verdict::NotJudged | Verdict::NotBegun | Verdict::Interrupted | Verdict::Terminated => "not-judged",
    };
    let sentence = report.sentence(fail_on);
    vec![error("run", "end".to_owned(), class, &sentence, &sentence)]
}

/// Leaks are a channel of their own: the verdict of the case stays what it is.
fn left(report: &Report) -> Vec<TestCase> {
    // Numbered within its trial, so that a leak has the same name in every run, whatever else leaks.
    let mut trials: BTreeMap<&str, Vec<TestCase>> = BTreeMap::new();
    for (kind, leak) in report.each_left() {
        let class = match kind {
            LeftKind::Leaked => "leaked-resource",
            LeftKind::MayBeLeft => "may-be-left",
        };
        let cases = trials.entry(&leak.trial).or_default();
        let (name, text) =
            (format!("cleanup::{}::{}", leak.trial, cases.len() + 1), format!("{}: {}", leak.call, leak.reason));
        cases.push(error("cleanup", name, class, &text, &text));
    }
    trials.into_values().flatten().collect()
}

/// What stands beside the trials is told in the output of a suite without cases, and as a case where it turns the run red.
fn add_deviations(junit: &mut JunitReport, report: &Report, fail_on: FailOn) {
    for of_kind in report.deviations(fail_on).chunk_by(|a, b| a.kind == b.kind) {
        let kind = of_kind[0].kind;
        let mut suite = TestSuite::new(kind.name());
        for deviation in of_kind.iter().filter(|deviation| deviation.red) {
            let name = match kind {
                DeviationKind::Baseline => "worse",
                DeviationKind::Parity => "differs",
                DeviationKind::Drift | DeviationKind::Snapshot | DeviationKind::Stale => &deviation.name,
            };
            let status = non_success(NonSuccessKind::Failure, kind.name(), deviation.headline(), &deviation.text);
            suite.add_test_case(case(kind.name(), format!("{}::{name}", kind.name()), status));
        }
        let told = joined(of_kind.iter().filter(|deviation| !deviation.red).map(|deviation| &deviation.text), "\n");
        if !told.is_empty() {
            suite.set_system_out(beginning(format!("{}\n{told}", kind.heading()), MOST_TEXT));
        }
        junit.add_test_suite(suite);
    }
}
