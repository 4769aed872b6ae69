//! The end of a run for a person: what is wrong, by cause, as a compiler tells it, and what to do next; then the line that sums up.

use std::{collections::BTreeSet, io};

use super::Console;
use crate::{
    event::Outcome,
    level::Level,
    report::{
        FailOn, Failure, Lacking, Report, TrialReport, Unjudged, Verdict,
        failure::{Line, Part, headline},
        text::{counted, on_one_line, shortened},
        without_indices,
        wrap::fitted,
    },
};

/// More failures than a person reads one after the other; the rest get a line each.
const MOST_FAILURES: usize = 20;

/// The longest header that is shown where not everything is wanted.
const MOST_HEADER: usize = 120;

/// The longest line of a body that is shown where not everything is wanted.
const MOST_BODY: usize = 500;

/// As many lines of a body are shown where not everything is wanted.
const MOST_LINES: usize = 12;

/// The longest line about a warning.
const MOST_LINE: usize = 300;

/// As many trials of one cause as are named.
const MOST_NAMES: usize = 3;

impl<W: io::Write> Console<W> {
    /// Failures, drift, leaks, and the line that sums up.
    ///
    /// # Errors
    /// A closed pipe and the like.
    pub fn finish(&mut self, report: &Report, fail_on: FailOn) -> io::Result<()> {
        let causes = report.causes(fail_on);
        self.failures(&causes.red)?;
        for lacking in &causes.lacking {
            self.lacking(lacking)?;
        }
        for group in &causes.unjudged {
            self.unjudged(group)?;
        }
        if !self.style.quiet {
            self.warnings(report, fail_on)?;
            self.drift(report)?;
            self.snapshots(report)?;
        }
        self.leaks(report)?;
        if let Some(comparison) = &report.comparison {
            self.comparison(comparison)?;
        }
        let verdict = report.verdict(fail_on);
        let code = if verdict == Verdict::Conformant { "1;32" } else { "1;31" };
        // One line, however long: it is what is copied into a chat.
        let (name, numbers) = (self.paint(code, verdict.name()), report.numbers(verdict, fail_on));
        writeln!(self.out, "\n{name}{numbers}")
    }

    fn failures(&mut self, red: &[Vec<&TrialReport>]) -> io::Result<()> {
        let full = if self.style.verbose { red.len() } else { MOST_FAILURES };
        for alike in red.iter().take(full) {
            self.alike(alike)?;
        }
        if red.len() > full {
            let more = red.len() - full;
            self.line("", "")?;
            self.line("1", &format!("and {more} more (all in full with --verbose, and in the other reports):"))?;
            for trial in red.iter().skip(full).flatten() {
                self.line("", &format!("  {}: {}", trial.finished.trial, trial.reason()))?;
            }
        }
        if red.iter().flatten().any(|trial| trial.finished.outcome == Outcome::Failed) && !self.style.quiet {
            self.line("", "")?;
            self.line("2", "to expect such failures until a day: --propose-known-failures FILE writes the entries")?;
        }
        Ok(())
    }

    /// The first of the trials that fail alike in full, all of them where everything is wanted.
    fn alike(&mut self, alike: &[&TrialReport]) -> io::Result<()> {
        let full = if self.style.verbose { alike.len() } else { 1 };
        for trial in alike.iter().take(full) {
            self.single(trial)?;
        }
        if alike.len() > full {
            self.line("1", &format!("  and {} alike:", alike.len() - full))?;
            self.names(&alike[full..])?;
        }
        Ok(())
    }

    fn single(&mut self, trial: &TrialReport) -> io::Result<()> {
        let finished = &trial.finished;
        self.line("", "")?;
        self.headed(finished.outcome, &finished.trial)?;
        self.line("", &format!("  {}", finished.title))?;
        if finished.outcome != Outcome::Failed && !trial.reason().is_empty() {
            self.line("", &format!("  {}", trial.reason()))?;
        }
        for failure in &trial.failures {
            self.failure(failure)?;
        }
        self.next(&explain(trial))
    }

    /// What to do, in words that can be copied into a shell.
    fn next(&mut self, command: &str) -> io::Result<()> {
        if self.style.quiet {
            return Ok(());
        }
        let line = self.paint("1", &format!("  next: {}", on_one_line(command)));
        writeln!(self.out, "{line}")
    }

    fn failure(&mut self, failure: &Failure) -> io::Result<()> {
        let mut lines = failure.lines();
        if !self.style.verbose {
            self.shorten(failure, &mut lines);
        }
        for group in lines.chunk_by(|a, b| a.part == Part::Place && b.part == Part::Place) {
            match (self.style.width, &group[0]) {
                (Some(width), Line { part: Part::Place, .. }) => {
                    let excerpt: Vec<&str> = group.iter().map(|line| line.text.as_str()).collect();
                    for text in fitted(&excerpt, width.saturating_sub(2)) {
                        self.part(&Line { part: Part::Place, text })?;
                    }
                }
                _ => group.iter().try_for_each(|line| self.part(line))?,
            }
        }
        Ok(())
    }

    /// The exchange without what the curl line says too, and no more of it than is needed to know it again.
    fn shorten(&self, failure: &Failure, lines: &mut Vec<Line>) {
        let again = failure.curl.is_some();
        lines.retain(|line| line.part != Part::Sent || !again);
        let checked = |text: &str| {
            let name = text.trim_start_matches([' ', '<']).split(':').next().unwrap_or_default();
            let of_check = format!("header {name}");
            tells(name) || failure.mismatches.iter().any(|mismatch| mismatch.check.eq_ignore_ascii_case(&of_check))
        };
        let all = lines.len();
        lines.retain(|line| line.part != Part::Received || checked(&line.text));
        let (hidden, width, mut body) = (all - lines.len(), self.style.width.unwrap_or(MOST_HEADER), 0);
        for line in lines.iter_mut().filter(|line| line.part == Part::Received) {
            line.text = shortened(&line.text, width.saturating_sub(3));
        }
        if let Some(at) =
            lines.iter().rposition(|line| matches!(line.part, Part::Exchange | Part::Received)).filter(|_| hidden > 0)
        {
            let text = format!("  < and {}", counted(hidden, "other header"));
            lines.insert(at + 1, Line { part: Part::Received, text });
        }
        lines.retain_mut(|line| {
            body = if line.part == Part::Body { body + 1 } else { 0 };
            if line.part == Part::Body {
                line.text = shortened(&line.text, MOST_BODY);
            }
            body <= MOST_LINES
        });
    }

    fn part(&mut self, Line { part, text }: &Line) -> io::Result<()> {
        let code = match part {
            Part::Step | Part::Same => "",
            Part::Failed => "1",
            Part::Place if text.contains('^') => "31",
            Part::Place => "34",
            Part::Expected => "32",
            Part::Actual => "31",
            Part::Requirement => "36",
            Part::Warning => "33",
            Part::Exchange | Part::Sent | Part::Received | Part::Body => "2",
            // A line that is copied into a shell must be one line.
            Part::Command => {
                return writeln!(self.out, "  {text}");
            }
        };
        self.line(code, &format!("  {text}"))
    }

    /// One missing resource is one finding, not sixty.
    fn lacking(&mut self, lacking: &Lacking<'_>) -> io::Result<()> {
        self.line("", "")?;
        self.headed(Outcome::Failed, &lacking.sentence())?;
        self.names(&lacking.trials)?;
        if let (Some(trial), true) = (lacking.trials.first(), self.style.verbose) {
            trial.failures.iter().try_for_each(|failure| self.failure(failure))?;
        }
        Ok(())
    }

    /// Trials that could not be judged, by reason: one broken thing is one finding.
    fn unjudged(&mut self, group: &Unjudged<'_>) -> io::Result<()> {
        self.line("", "")?;
        self.headed(group.outcome, group.reason)?;
        self.names(&group.trials)?;
        let Some(first) = group.trials.first().filter(|_| group.outcome != Outcome::NotRun) else { return Ok(()) };
        if self.style.verbose {
            first.failures.iter().try_for_each(|failure| self.failure(failure))?;
        }
        self.next(&explain(first))
    }

    fn names(&mut self, trials: &[&TrialReport]) -> io::Result<()> {
        for trial in trials.iter().take(MOST_NAMES) {
            self.line("", &format!("    {}", trial.finished.trial))?;
        }
        if trials.len() > MOST_NAMES {
            self.line("", &format!("    and {} more", trials.len() - MOST_NAMES))?;
        }
        Ok(())
    }

    fn warnings(&mut self, report: &Report, fail_on: FailOn) -> io::Result<()> {
        for alike in report.warned(fail_on) {
            let Some((trial, others)) = alike.split_first() else { continue };
            self.line("", "")?;
            self.line("33", &format!("warning         {}", trial.finished.trial))?;
            let mut told = BTreeSet::new();
            for failure in &trial.failures {
                if self.style.verbose {
                    self.failure(failure)?;
                    continue;
                }
                for mismatch in failure.mismatches.iter().filter(|mismatch| mismatch.level == Level::Should) {
                    // The same of each item of a list is told once.
                    let place = mismatch.pointer.as_ref().map(|pointer| without_indices(pointer.as_str()));
                    if told.insert((&failure.call, &mismatch.check, place, &mismatch.expected)) {
                        let line = format!("  {}: {}", failure.call, headline(mismatch));
                        self.line("", &shortened(&line, MOST_LINE))?;
                    }
                }
            }
            if !others.is_empty() {
                self.line("", &format!("  and {} alike:", others.len()))?;
                self.names(others)?;
            }
        }
        Ok(())
    }

    fn drift(&mut self, report: &Report) -> io::Result<()> {
        for (index, (key, count)) in report.unexplained_drift().enumerate() {
            if index == 0 {
                self.line("", "")?;
                self.line("33", "drift: in answers, but in no document")?;
            }
            let times = counted(count.count, "time");
            self.line("", &format!("  {} {} = {} ({times})", key.call, key.pointer, count.value))?;
        }
        let explained: Vec<_> =
            report.drift.iter().filter_map(|(key, count)| Some((key, count, key.explained.as_ref()?))).collect();
        if explained.is_empty() || !self.style.verbose {
            return Ok(());
        }
        self.line("", "")?;
        self.line("", "drift that a requirement explains")?;
        for (key, count, why) in explained {
            let times = counted(count.count, "time");
            self.line("", &format!("  {} {} ({times}): {why}", key.call, key.pointer))?;
        }
        Ok(())
    }

    fn leaks(&mut self, report: &Report) -> io::Result<()> {
        if report.leaks.is_empty() {
            return Ok(());
        }
        self.line("", "")?;
        self.line("1;31", "leaked: made by this run and not removed")?;
        for leak in &report.leaks {
            self.line("", &format!("  {} ({}; {})", leak.call, leak.reason, leak.trial))?;
        }
        // The embedded mock is gone with what was made on it.
        match report.header.as_ref().map(|header| header.target.as_str()).filter(|name| *name != "mock") {
            Some(name) => self.next(&format!("okta-conformance sweep --target {}", quoted(name))),
            None => Ok(()),
        }
    }
}

/// Whether a header tells what an answer is and where more about it is found; the rest is the same in every answer.
fn tells(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let telling = ["content-type", "link", "location", "retry-after", "www-authenticate"];
    telling.contains(&name.as_str()) || name.ends_with("request-id")
}

/// Shows the requirement and the steps of a trial.
fn explain(trial: &TrialReport) -> String {
    format!("okta-conformance explain {}", quoted(&trial.finished.trial))
}

/// A word of a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
