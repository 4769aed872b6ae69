//! Annotations of GitHub: workflow commands that put failures beside the lines of the case files.
//!
//! GitHub shows ten errors and ten warnings of a step; the tenth speaks of all that are left.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::{
    AsideKind, Cause, FailOn, Report, Standing, TrialReport,
    failure::headline,
    text::{counted, one_line, printable},
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

/// Writes the report of a run.
///
/// # Errors
/// A place that cannot be written.
pub fn write(report: &Report, fail_on: FailOn, mut writer: impl Write) -> io::Result<()> {
    commands("error", &errors(report, fail_on), &mut writer)?;
    commands("warning", &warnings(report, fail_on), &mut writer)?;
    let notice = Annotation { place: None, title: "okta-conformance".to_owned(), message: report.sentence(fail_on) };
    commands("notice", &[notice], &mut writer)
}

fn errors(report: &Report, fail_on: FailOn) -> Vec<Annotation> {
    let annotation = |aside: String| Annotation { place: None, title: "okta-conformance".to_owned(), message: aside };
    let not_begun = report.not_begun.iter().map(|reason| format!("the run did not begin: {reason}"));
    let mut all: Vec<Annotation> = not_begun.chain(report.missing()).map(annotation).collect();
    all.extend(asides(report, fail_on, true));
    all.extend(report.causes(fail_on).iter().filter(|cause| cause.standing.counts()).filter_map(annotated));
    all
}

fn warnings(report: &Report, fail_on: FailOn) -> Vec<Annotation> {
    let plain = |title: &str, message: String| Annotation { place: None, title: title.to_owned(), message };
    let mut all: Vec<Annotation> =
        report.preflight.iter().map(|finding| plain("preflight", finding.text.to_string())).collect();
    for (kind, leaks) in report.left() {
        let lines = leaks.iter().map(|leak| format!("{} ({}; {})", leak.call, leak.reason, leak.trial));
        let title = format!("{}: {}", kind.name(), kind.meaning());
        all.push(plain(&title, listed(&lines.collect::<Vec<_>>())));
    }
    all.extend(asides(report, fail_on, false));
    let told = |cause: &&Cause<'_>| matches!(cause.standing, Standing::Flaky | Standing::Warning);
    all.extend(report.causes(fail_on).iter().filter(told).filter_map(annotated));
    all
}

/// What stands beside the trials, one annotation a kind.
fn asides(report: &Report, fail_on: FailOn, red: bool) -> impl Iterator<Item = Annotation> {
    AsideKind::ALL.into_iter().filter_map(move |kind| {
        let all = report.asides(kind, fail_on).into_iter().filter(|aside| aside.red == red);
        let lines: Vec<String> = all.map(|aside| aside.headline().to_owned()).collect();
        let annotation = || Annotation { place: None, title: kind.heading().to_owned(), message: listed(&lines) };
        (!lines.is_empty()).then(annotation)
    })
}

/// A cause beside the line of the false check, or of the case of its first trial.
fn annotated(cause: &Cause<'_>) -> Option<Annotation> {
    let (trial, others) = cause.trials.split_first()?;
    let finished = &trial.finished;
    let place = cause.check().and_then(|check| check.example.place.as_ref());
    let place = place.map_or((finished.file.clone(), finished.line), |place| (place.path.clone(), place.line));
    let mut message = one_line(&format!("{}: {}", finished.trial, finished.title), MOST_LINE);
    if cause.check().is_some() {
        details(trial, &mut message);
    }
    if !others.is_empty() {
        let names: Vec<String> = others.iter().map(|trial| trial.finished.trial.clone()).collect();
        let _ = write!(message, "\nalike:\n{}", listed(&names));
    }
    let trials = if others.is_empty() { String::new() } else { format!(" ({})", counted(cause.trials.len(), "trial")) };
    Some(Annotation { place: Some(place), title: format!("{}: {}{trials}", cause.word(), cause.title()), message })
}

/// What was wrong in a trial, what it is held to, and the command that shows it again.
fn details(trial: &TrialReport, message: &mut String) {
    let findings = trial
        .last_failures()
        .flat_map(|failure| failure.findings.iter().map(|finding| (failure.call.as_str(), finding)));
    for (call, finding) in findings.take(MOST) {
        let _ = write!(message, "\n{call}: {}", one_line(&headline(finding), MOST_LINE));
        for requirement in &finding.requirements {
            let text = format!("{}: {} ({})", requirement.id, requirement.text, requirement.evidence);
            let _ = write!(message, "\n  requirement {}", one_line(&text, MOST_LINE));
        }
    }
    if !trial.reason().is_empty() && trial.finished.outcome != Outcome::Failed {
        let _ = write!(message, "\n{}", one_line(trial.reason(), MOST_LINE));
    }
    if let Some(curl) = trial.failures.iter().find_map(|failure| failure.curl.as_ref()) {
        let _ = write!(message, "\nagain: {}", one_line(curl.as_str(), MOST_LINE));
    }
}

fn listed(lines: &[String]) -> String {
    let more = lines.len().saturating_sub(MOST);
    let mut lines: Vec<String> = lines.iter().take(MOST).map(|line| one_line(line, MOST_LINE)).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

fn commands(name: &str, all: &[Annotation], writer: &mut impl Write) -> io::Result<()> {
    let (shown, rest) = if all.len() > MOST { all.split_at(MOST - 1) } else { (all, &[][..]) };
    for annotation in shown {
        command(name, annotation, writer)?;
    }
    if rest.is_empty() {
        return Ok(());
    }
    let message = listed(&rest.iter().map(|annotation| annotation.title.clone()).collect::<Vec<_>>());
    let title = format!("and {} more, of which GitHub shows no annotations", rest.len());
    command(name, &Annotation { place: None, title, message }, writer)
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
