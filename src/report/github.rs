//! Annotations of GitHub: workflow commands that put failures beside the lines of the case files.
//!
//! GitHub shows ten errors and ten warnings of a step; the tenth speaks of all that are left.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::{
    Cause, FailOn, Report, Standing, TrialReport, left_line,
    text::{counted, joined, on_one_line, one_line, printable},
};
use crate::event::Outcome;

/// As many of a kind as GitHub shows of a step.
const MOST: usize = 10;

/// The longest line of a message.
const MOST_LINE: usize = 1000;

/// One annotation.
struct Annotation {
    /// The file and the line that it stands beside.
    place: Option<(String, usize)>,
    title: String,
    message: String,
}

impl Annotation {
    fn of(title: &str, message: String) -> Self {
        Self { place: None, title: title.to_owned(), message }
    }
}

/// Writes the report of a run.
///
/// # Errors
/// A place that cannot be written.
pub fn write(report: &Report, fail_on: FailOn, mut writer: impl Write) -> io::Result<()> {
    let of_run = |message| Annotation::of("okta-conformance", message);
    let (causes, files) = (report.causes(fail_on), !report.is_of_embedded_suite());
    let caused = |told: fn(Standing) -> bool| {
        causes.iter().filter(move |cause| told(cause.standing)).filter_map(|cause| annotated(cause, files))
    };
    let not_begun = report.not_begun.iter().map(|reason| format!("the run did not begin: {reason}"));
    let errors = not_begun.chain(report.missing()).map(of_run).chain(deviations(report, fail_on, true));
    commands("error", errors.chain(caused(Standing::counts)).collect(), &mut writer)?;
    let preflight = report.preflight.iter().map(|finding| Annotation::of("preflight", finding.text.to_string()));
    let left = report.left().map(|(kind, leaks)| {
        Annotation::of(&format!("{}: {}", kind.name(), kind.meaning()), listed(leaks.iter().map(left_line)))
    });
    let warnings = preflight.chain(left).chain(deviations(report, fail_on, false));
    let mild = |standing| matches!(standing, Standing::Flaky | Standing::Warning);
    commands("warning", warnings.chain(caused(mild)).collect(), &mut writer)?;
    command("notice", &of_run(report.sentence(fail_on)), &mut writer)
}

/// What stands beside the trials, one annotation a kind.
fn deviations(report: &Report, fail_on: FailOn, red: bool) -> Vec<Annotation> {
    let all = report.deviations(fail_on).into_iter().filter(|deviation| deviation.red == red).collect::<Vec<_>>();
    let of_kind = all.chunk_by(|a, b| a.kind == b.kind);
    let headlines = of_kind.map(|all| (all[0].kind, all.iter().map(|deviation| deviation.headline().to_owned())));
    headlines.map(|(kind, lines)| Annotation::of(kind.heading(), listed(lines))).collect()
}

/// A cause beside the line of the false check, or of the case of its first trial, if the file lies where somebody can look at it.
fn annotated(cause: &Cause<'_>, files: bool) -> Option<Annotation> {
    let (trial, others) = cause.trials.split_first()?;
    let finished = &trial.finished;
    let place = cause.check().and_then(|check| check.example.place.as_ref());
    let place = place.map_or((finished.file.clone(), finished.line), |place| (place.path.clone(), place.line));
    let mut message = one_line(&format!("{}: {}", finished.trial, finished.title), MOST_LINE);
    if cause.check().is_some() {
        details(trial, &mut message);
    }
    let mut title = format!("{}: {}", cause.word(), cause.title());
    if !others.is_empty() {
        let _ = write!(message, "\nalike:\n{}", listed(others.iter().map(|trial| trial.finished.trial.clone())));
        let _ = write!(title, " ({})", counted(cause.trials.len(), "trial"));
    }
    Some(Annotation { place: Some(place).filter(|_| files), title, message })
}

/// What was wrong in a trial, what it is held to, and the command that shows it again.
fn details(trial: &TrialReport, message: &mut String) {
    let mut line = |before: &str, text: &str| {
        let _ = write!(message, "\n{before}{}", one_line(text, MOST_LINE));
    };
    let findings = trial
        .last_failures()
        .flat_map(|failure| failure.findings.iter().map(|finding| (failure.call.as_str(), finding)));
    for (call, finding) in findings.take(MOST) {
        line(&format!("{call}: "), &on_one_line(&finding.headline()));
        for requirement in &finding.requirements {
            let age = requirement.age.map(|age| format!("; {age}")).unwrap_or_default();
            let text = format!("{}: {} ({}{age})", requirement.id, requirement.text, requirement.evidence);
            line("  requirement ", &text);
        }
    }
    if !trial.reason().is_empty() && trial.finished.outcome != Outcome::Failed {
        line("", trial.reason());
    }
    if let Some(curl) = trial.failures.iter().find_map(|failure| failure.curl.as_ref()) {
        line("again: ", curl.as_str());
    }
}

fn listed(lines: impl ExactSizeIterator<Item = String>) -> String {
    let more = lines.len().saturating_sub(MOST);
    let more = (more > 0).then(|| format!("and {more} more"));
    joined(lines.take(MOST).map(|line| one_line(&line, MOST_LINE)).chain(more), "\n")
}

fn commands(name: &str, mut all: Vec<Annotation>, writer: &mut impl Write) -> io::Result<()> {
    if all.len() > MOST {
        let rest = all.split_off(MOST - 1);
        let title = format!("and {} more, of which GitHub shows no annotations", rest.len());
        all.push(Annotation::of(&title, listed(rest.into_iter().map(|annotation| annotation.title))));
    }
    all.iter().try_for_each(|annotation| command(name, annotation, writer))
}

/// `::error file=…,line=…,title=…::…`, with everything escaped that the runner unescapes.
fn command(name: &str, annotation: &Annotation, writer: &mut impl Write) -> io::Result<()> {
    let data = |text: &str| printable(text).replace('%', "%25").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    write!(writer, "::{name} ")?;
    if let Some((file, line)) = &annotation.place {
        write!(writer, "file={},line={line},", property(file))?;
    }
    writeln!(writer, "title={}::{}", property(&one_line(&annotation.title, 250)), data(&annotation.message))
}
