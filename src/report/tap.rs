//! TAP 14: a test point a trial, in the order of IDs, with what is wrong as YAML below it.
//!
//! A consumer judges by the points alone. What makes a run red without a point of its own ends the stream with a `Bail out!`.

use std::io::{self, Write};

use serde_json::Value;

use super::{
    FailOn, Report, TrialReport,
    details::Details,
    left_line,
    text::{joined, one_line, printable},
};
use crate::event::{StepFinished, Tap};

/// The longest line that is made of foreign text.
const MOST_LINE: usize = 300;

/// Writes the report of a run.
///
/// # Errors
/// A place that cannot be written.
pub fn write(report: &Report, fail_on: FailOn, mut writer: impl Write) -> io::Result<()> {
    let (deviations, sentence) = (report.deviations(fail_on), report.sentence(fail_on));
    let points = report.trials.len() + deviations.iter().filter(|deviation| deviation.red).count();
    if points == 0 {
        // An empty plan is a success to a consumer.
        return writeln!(writer, "TAP version 14\n1..1\nnot ok 1 - {}", escaped(&sentence));
    }
    writeln!(writer, "TAP version 14\n1..{points}")?;
    let (mut number, mut red, mut details) = (0, false, Details::of(report));
    for trial in report.sorted() {
        number += 1;
        red |= point(trial, number, fail_on, &mut details, &mut writer)?;
    }
    if let Some(cut) = details.told() {
        writeln!(writer, "# {cut}")?;
    }
    for deviation in &deviations {
        let line = format!("{}: {}", deviation.kind.name(), one_line(deviation.headline(), MOST_LINE));
        if deviation.red {
            (number, red) = (number + 1, true);
            writeln!(writer, "not ok {number} - {}", escaped(&line))?;
        } else {
            writeln!(writer, "# {line}")?;
        }
    }
    for (kind, leak) in report.each_left() {
        writeln!(writer, "# {}: {}", kind.name(), one_line(&left_line(leak), MOST_LINE))?;
    }
    let untold = !report.verdict(fail_on).is_green() && !red;
    let mark = if report.stopped().is_some() || untold { "Bail out!" } else { "#" };
    writeln!(writer, "{mark} {sentence}")
}

/// One test point; says whether it is one that a consumer counts as a failure.
fn point(
    trial: &TrialReport,
    number: usize,
    fail_on: FailOn,
    details: &mut Details,
    writer: &mut impl Write,
) -> io::Result<bool> {
    let outcome = trial.finished.outcome;
    let red = outcome.departs() || outcome.is_unjudged() || fail_on.in_trial(&trial.finished).is_some();
    let (word, directive) = match outcome.form().tap {
        Tap::Todo if !red => ("not ok", "TODO"),
        Tap::Skip => ("ok", "SKIP"),
        Tap::Ok if !red => ("ok", ""),
        Tap::Ok | Tap::Todo | Tap::NotOk => ("not ok", ""),
    };
    write!(writer, "{word} {number} - {}", escaped(&one_line(&trial.finished.trial, MOST_LINE)))?;
    match directive {
        "" => writeln!(writer)?,
        directive => writeln!(writer, " # {directive} {}", escaped(&one_line(trial.reason(), MOST_LINE)))?,
    }
    if (red || !trial.failures.is_empty() || !trial.finished.earlier.is_empty()) && directive.is_empty() {
        diagnostic(trial, red, details, writer)?;
    }
    Ok(red)
}

/// The YAML below a point. Foreign text stands in JSON strings, which are YAML, or in an indented block.
fn diagnostic(trial: &TrialReport, red: bool, details: &mut Details, writer: &mut impl Write) -> io::Result<()> {
    let finished = &trial.finished;
    let quoted = |text: &str| Value::from(printable(text));
    let severity = match (finished.outcome.is_unjudged(), red) {
        (true, _) => "error",
        (false, true) => "fail",
        (false, false) => "comment",
    };
    writeln!(writer, "  ---\n  message: {}", quoted(&one_line(&trial.message(), MOST_LINE)))?;
    writeln!(writer, "  severity: {severity}\n  outcome: {}", finished.outcome.name())?;
    writeln!(writer, "  title: {}", quoted(&finished.title))?;
    writeln!(writer, "  at:\n    file: {}\n    line: {}", quoted(&finished.file), finished.line)?;
    writeln!(writer, "  requirements: [{}]", joined(finished.requirements.iter().map(|id| quoted(id)), ", "))?;
    let text = joined(trial.failures.iter().map(StepFinished::text), "\n");
    if !text.is_empty() {
        writeln!(writer, "  detail: |2")?;
        for line in details.cut(text).lines() {
            // Tabs may indent nothing in YAML.
            writeln!(writer, "{}", format!("    {line}").trim_end().replace('\t', " "))?;
        }
    }
    writeln!(writer, "  ...")
}

/// A description in which nothing begins a directive.
fn escaped(line: &str) -> String {
    line.replace('\\', "\\\\").replace('#', "\\#")
}
