//! Annotations of GitHub: workflow commands that put failures beside the lines of the case files.
//!
//! GitHub shows ten errors and ten warnings of a step; the tenth speaks of all that are left.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::{
    AsideKind, FailOn, Report, TrialReport,
    failure::headline,
    text::{counted, one_line, printable},
};
use crate::event::{Mismatch, Outcome};

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
    let causes = report.causes(fail_on);
    let mut all: Vec<Annotation> =
        causes.lacking.iter().map(|lacking| several(&lacking.sentence(), "failed", &lacking.trials)).collect();
    let word = |trial: &TrialReport| fail_on.in_trial(&trial.finished).unwrap_or(trial.finished.outcome.name());
    all.extend(report.missing().into_iter().map(|message| Annotation {
        place: None,
        title: "okta-conformance".to_owned(),
        message,
    }));
    all.extend(asides(report, fail_on, true));
    all.extend(causes.red.iter().filter_map(|alike| single(alike, word(alike.first()?))));
    all.extend(causes.unjudged.iter().map(|group| several(group.reason, group.outcome.name(), &group.trials)));
    all
}

fn warnings(report: &Report, fail_on: FailOn) -> Vec<Annotation> {
    let plain = |title: &str, message: String| Annotation { place: None, title: title.to_owned(), message };
    let mut all: Vec<Annotation> =
        report.findings.iter().map(|finding| plain("preflight", finding.text.to_string())).collect();
    if !report.leaks.is_empty() {
        let lines = report.leaks.iter().map(|leak| format!("{} ({}; {})", leak.call, leak.reason, leak.trial));
        all.push(plain("leaked: made by this run and not removed", listed(&lines.collect::<Vec<_>>())));
    }
    all.extend(asides(report, fail_on, false));
    let flaky = |trial: &&TrialReport| trial.finished.outcome == Outcome::Flaky && !fail_on.flaky;
    all.extend(report.sorted().into_iter().filter(flaky).filter_map(|trial| single(&[trial], "flaky")));
    let warned = report.warned(fail_on);
    let warned = warned.iter().filter(|alike| alike.iter().all(|trial| trial.finished.outcome != Outcome::Flaky));
    all.extend(warned.filter_map(|alike| single(alike, "warning")));
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

/// One cause of trials that fail alike, beside the line of the first false check of the first of them, or of its case.
fn single(alike: &[&TrialReport], word: &str) -> Option<Annotation> {
    let (trial, others) = alike.split_first()?;
    let finished = &trial.finished;
    let mismatches: Vec<(&str, &Mismatch)> = trial
        .last_failures()
        .flat_map(|failure| failure.mismatches.iter().map(|mismatch| (failure.call.as_str(), mismatch)))
        .collect();
    let place = mismatches.iter().find_map(|(_, mismatch)| mismatch.place.as_ref());
    let place = place.map_or((finished.file.clone(), finished.line), |place| (place.path.clone(), place.line));
    let mut message = one_line(&finished.title, MOST_LINE);
    for (call, mismatch) in mismatches.iter().take(MOST) {
        let _ = write!(message, "\n{call}: {}", one_line(&headline(mismatch), MOST_LINE));
        for requirement in &mismatch.requirements {
            let text = format!("{}: {} ({})", requirement.id, requirement.text, requirement.evidence);
            let _ = write!(message, "\n  requirement {}", one_line(&text, MOST_LINE));
        }
    }
    if !trial.reason().is_empty() && (mismatches.is_empty() || finished.outcome != Outcome::Failed) {
        let _ = write!(message, "\n{}", one_line(trial.reason(), MOST_LINE));
    }
    if let Some(curl) = trial.failures.iter().find_map(|failure| failure.curl.as_ref()) {
        let _ = write!(message, "\nagain: {}", one_line(curl.as_str(), MOST_LINE));
    }
    let mut title = format!("{word}: {}", finished.trial);
    if !others.is_empty() {
        let names: Vec<String> = others.iter().map(|trial| trial.finished.trial.clone()).collect();
        let _ = write!(title, " and {} alike", others.len());
        let _ = write!(message, "\nalike:\n{}", listed(&names));
    }
    Some(Annotation { place: Some(place), title, message })
}

/// One cause of several trials, beside the first of them.
fn several(reason: &str, word: &str, trials: &[&TrialReport]) -> Annotation {
    let place = trials.first().map(|trial| (trial.finished.file.clone(), trial.finished.line));
    let names: Vec<String> = trials.iter().map(|trial| trial.finished.trial.clone()).collect();
    let message = format!("{}\n{}", one_line(reason, MOST_LINE), listed(&names));
    Annotation { place, title: format!("{word}: {}", counted(trials.len(), "trial")), message }
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
