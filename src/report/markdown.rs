//! Markdown for a step summary or a comment on a merge request, within the size that a comment may have.
//!
//! Foreign text stands in fences and code spans, which no renderer looks into: in it are no markup, no mentions and no links. The whole is
//! cut between its parts, the most important ones first, and says how many of each kind it leaves out.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Write},
};

use super::{
    Cause, FailOn, LeftKind, Report, Standing, TrialReport, Verdict, What,
    text::{beginning, counted, joined, one_line, printable},
};
use crate::event::Outcome;

/// A comment on GitHub has at most 65,536 characters, a step summary and a note on GitLab more; no character has less than a byte.
const MOST: usize = 65_536;

/// Room for the sentence that counts what was left out.
const RESERVED: usize = 400;

/// The longest line that is made of foreign text.
const MOST_LINE: usize = 300;

/// More of one trial than somebody reads in a comment.
const MOST_TEXT: usize = 6000;

/// More trials of one cause than somebody reads.
const MOST_TRIALS: usize = 10;

/// Writes the report of a run.
///
/// # Errors
/// A place that cannot be written.
pub fn write(report: &Report, fail_on: FailOn, mut writer: impl Write) -> io::Result<()> {
    let mut page = Page::default();
    page.add("part", &head(report, fail_on));
    let causes = report.causes(fail_on);
    deviations(report, fail_on, true, &mut page);
    of_standing("Failures", "cause", Standing::Red, &causes, &mut page);
    of_standing("Could not be judged", "cause", Standing::Unjudged, &causes, &mut page);
    deviations(report, fail_on, false, &mut page);
    lists(report, &causes, &mut page);
    writer.write_all(page.end().as_bytes())
}

/// The text so far, and how much of which kind did not fit.
#[derive(Default)]
struct Page {
    text: String,
    /// A heading that is written with the first part below it.
    heading: String,
    left_out: BTreeMap<&'static str, usize>,
}

impl Page {
    fn heading(&mut self, text: &str) {
        text.clone_into(&mut self.heading);
    }

    fn add(&mut self, kind: &'static str, part: &str) {
        let heading = if self.heading.is_empty() { String::new() } else { format!("\n### {}\n", self.heading) };
        // What comes after a part that does not fit is left out too, so that the order says what is most important.
        let full = self.left_out.contains_key(kind) || self.text.len() + heading.len() + part.len() > MOST - RESERVED;
        if full {
            *self.left_out.entry(kind).or_default() += 1;
            return;
        }
        self.text.push_str(&heading);
        self.text.push_str(part);
        self.heading.clear();
    }

    fn item(&mut self, kind: &'static str, line: &str) {
        self.add(kind, &format!("\n- {}", span(line)));
    }

    fn end(mut self) -> String {
        self.text.push('\n');
        if !self.left_out.is_empty() {
            let kinds = joined(self.left_out.iter().map(|(kind, count)| counted(*count, kind)), ", ");
            let _ = write!(self.text, "\n_Left out for lack of space: {kinds}. The event stream has all of it._\n");
        }
        self.text
    }
}

fn head(report: &Report, fail_on: FailOn) -> String {
    let verdict = report.verdict(fail_on);
    let sign = match verdict {
        Verdict::Conformant | Verdict::NoWorse => "✅",
        Verdict::NotConformant | Verdict::Worse => "❌",
        Verdict::NotJudged | Verdict::NothingRan | Verdict::NotBegun | Verdict::Interrupted | Verdict::Terminated => {
            "⚠️"
        }
    };
    let mut text = format!("## {sign} okta-conformance: {}\n\n{}\n", verdict.name(), ticked(&report.sentence(fail_on)));
    if let Some(header) = &report.header {
        let origin = printable(header.origin.as_str());
        let _ = write!(
            text,
            "\nTarget {} ({}), run {} of {}, suite {}, program {}\n",
            span(&header.target),
            span(&origin),
            span(&header.run),
            span(&header.started),
            span(header.suite.get(..12).unwrap_or(&header.suite)),
            span(&header.program),
        );
    }
    text.push_str(&score(report));
    text.push_str("\n| outcome | trials |\n|---|---:|\n");
    for (outcome, count) in report.outcomes() {
        let _ = writeln!(text, "| {} | {count} |", outcome.name());
    }
    text
}

/// The score in a line; by profile in a table, if there are several.
fn score(report: &Report) -> String {
    let Some((sentence, score)) = report.score().and_then(|score| Some((score.all.sentence()?, score))) else {
        return String::new();
    };
    let beside = score.beside().map(|beside| format!(" Not counted: {}", span(&beside))).unwrap_or_default();
    let mut text = format!("\nScore: **{sentence}**.{beside}\n");
    if score.profiles.len() > 1 {
        text.push_str("\n| profile | score | held | departed | not judged |\n|---|---:|---:|---:|---:|\n");
    }
    for (name, tally) in score.profiles.iter().filter(|_| score.profiles.len() > 1) {
        let percent = tally.percent.map(|percent| percent.to_string()).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {percent} | {} | {} | {} |",
            span(&name.replace('|', "\\|")),
            tally.held,
            tally.departed,
            tally.not_judged
        );
    }
    text
}

/// The causes that mean the same for the run, each with its first trial.
fn of_standing(heading: &str, kind: &'static str, standing: Standing, causes: &[Cause<'_>], page: &mut Page) {
    page.heading(heading);
    for cause in causes.iter().filter(|cause| cause.standing == standing) {
        page.add(kind, &whole(cause));
    }
}

/// What stands beside the trials: before them where it turns the run red, else behind them.
fn deviations(report: &Report, fail_on: FailOn, red: bool, page: &mut Page) {
    for of_kind in report.deviations(fail_on).chunk_by(|a, b| a.kind == b.kind) {
        page.heading(of_kind[0].kind.heading());
        for deviation in of_kind.iter().filter(|deviation| deviation.red == red) {
            let kind = deviation.kind.name();
            match deviation.text.split_once('\n') {
                Some((_, text)) => page.add(kind, &folded(kind, &deviation.name, text)),
                None => page.item(kind, &deviation.text),
            }
        }
    }
}

/// What does not turn a run red.
fn lists(report: &Report, causes: &[Cause<'_>], page: &mut Page) {
    for (kind, leaks) in report.left() {
        page.heading(match kind {
            LeftKind::Leaked => "Leaked: made by this run and not removed",
            LeftKind::MayBeLeft => "May be left: it is not known whether the target made it",
        });
        for leak in leaks {
            let [call, reason, trial] = [leak.call.as_str(), leak.reason.as_str(), &leak.trial].map(span);
            page.add("leak", &format!("\n- {call}: {reason}, by {trial}"));
        }
    }
    page.heading("Preflight");
    for finding in &report.preflight {
        page.item("finding", finding.text.as_str());
    }
    for (heading, kind, standing) in [
        ("Flaky", "flaky cause", Standing::Flaky),
        ("Known failures", "known cause", Standing::Known),
        ("Warnings", "warning", Standing::Warning),
    ] {
        page.heading(heading);
        for cause in causes.iter().filter(|cause| cause.standing == standing) {
            page.item(kind, &format!("{} ({})", cause.title(), cause.trial_names()));
        }
    }
}

/// A cause with all that was wrong in its first trial, and the names of the others, folded.
fn whole(cause: &Cause<'_>) -> String {
    let Some((trial, others)) = cause.trials.split_first() else { return String::new() };
    let finished = &trial.finished;
    let (file, line) = (printable(&finished.file), finished.line);
    let mut text = format!("{}\n{}\n{file}:{line}\n", printable(&finished.trial), printable(&finished.title));
    if finished.outcome != Outcome::Failed && !matches!(cause.what, What::Reason(_)) {
        let _ = writeln!(text, "{}", printable(trial.reason()));
    }
    for failure in &trial.failures {
        text.push('\n');
        text.push_str(&failure.text());
    }
    if !others.is_empty() {
        let _ = write!(text, "\nalike:\n{}", names(others));
    }
    let title = format!("{} ({})", cause.title(), counted(cause.trials.len(), "trial"));
    folded(cause.word(), &title, &text)
}

fn names(trials: &[&TrialReport]) -> String {
    let more = (trials.len() > MOST_TRIALS).then(|| format!("and {} more\n", trials.len() - MOST_TRIALS));
    let names = trials.iter().take(MOST_TRIALS).map(|trial| printable(&trial.finished.trial) + "\n");
    names.chain(more).collect()
}

/// A line that opens to a text. The line is HTML, the text stands in a fence.
fn folded(word: &str, line: &str, text: &str) -> String {
    let text = beginning(text.to_owned(), MOST_TEXT);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    let line = html(&one_line(line, MOST_LINE));
    format!(
        "\n<details><summary><b>{word}</b> <code>{line}</code></summary>\n\n{fence}text\n{}\n{fence}\n\n</details>\n",
        text.trim_end()
    )
}

/// A code span, which holds any text of one line.
fn span(text: &str) -> String {
    ticked(&one_line(text, MOST_LINE))
}

fn ticked(line: &str) -> String {
    let ticks = "`".repeat(longest_run(line) + 1);
    // A space on each side belongs to the span where the text begins or ends with a tick.
    if line.is_empty() { String::new() } else { format!("{ticks} {line} {ticks}") }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_its_text() {
        assert_eq!(span("a"), "` a `");
        assert_eq!(span("`a ``` b\n@c"), "```` `a ``` b @c ````");
    }

    #[test]
    fn what_does_not_fit_is_counted_and_what_is_smaller_does_not_go_before_it() {
        let mut page = Page::default();
        page.heading("Failures");
        page.add("failure", &"x".repeat(MOST - RESERVED - 100));
        page.add("failure", &"y".repeat(200));
        page.add("failure", "z");
        page.add("leak", "l");
        let text = page.end();
        assert!(text.starts_with("\n### Failures\nx") && !text.contains('y') && !text.contains('z'));
        assert!(text.ends_with("l\n\n_Left out for lack of space: 2 failures. The event stream has all of it._\n"));
        assert!(text.len() <= MOST);
    }
}
