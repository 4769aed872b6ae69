//! The end of a run for a person: what is wrong, by cause, as a compiler tells it, and what to do next; then the line that sums up.

use std::io;

use super::Console;
use crate::{
    event::Outcome,
    report::{
        FailOn, Failure, Lacking, Report, TrialReport, Unjudged, Verdict,
        failure::{Line, Part, headline},
        text::counted,
        wrap::fitted,
    },
};

/// More failures than a person reads one after the other; the rest get a line each.
const MOST_FAILURES: usize = 20;

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
            self.warnings(report)?;
            self.drift(report)?;
        }
        self.leaks(report)?;
        let verdict = report.verdict(fail_on);
        let code = if verdict == Verdict::Conformant { "1;32" } else { "1;31" };
        // One line, however long: it is what is copied into a chat.
        let (name, numbers) = (self.paint(code, verdict.name()), report.numbers(verdict));
        writeln!(self.out, "\n{name}{numbers}")
    }

    fn failures(&mut self, red: &[&TrialReport]) -> io::Result<()> {
        let full = if self.style.verbose { red.len() } else { MOST_FAILURES };
        for trial in red.iter().take(full) {
            self.single(trial)?;
        }
        if red.len() > full {
            let more = red.len() - full;
            self.line("", "")?;
            self.line("1", &format!("and {more} more (all in full with --verbose, and in the other reports):"))?;
            for trial in red.iter().skip(full) {
                self.line("", &format!("  {}: {}", trial.finished.trial, trial.reason()))?;
            }
        }
        if red.iter().any(|trial| trial.finished.outcome == Outcome::Failed) && !self.style.quiet {
            self.line("", "")?;
            self.line("2", "to expect such failures until a day: --propose-known-failures FILE writes the entries")?;
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
        let line = self.paint("1", &format!("  next: {}", crate::report::text::on_one_line(command)));
        writeln!(self.out, "{line}")
    }

    fn failure(&mut self, failure: &Failure) -> io::Result<()> {
        let lines = failure.lines();
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
            Part::Exchange => "2",
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
            self.line("", &format!("  {}", trial.finished.trial))?;
        }
        if trials.len() > MOST_NAMES {
            self.line("", &format!("  and {} more", trials.len() - MOST_NAMES))?;
        }
        Ok(())
    }

    fn warnings(&mut self, report: &Report) -> io::Result<()> {
        let warned = |trial: &&TrialReport| trial.finished.warnings > 0 && trial.finished.outcome != Outcome::Failed;
        for trial in report.sorted().into_iter().filter(warned) {
            self.line("", "")?;
            self.line("33", &format!("warning {}", trial.finished.trial))?;
            for failure in &trial.failures {
                if self.style.verbose {
                    self.failure(failure)?;
                    continue;
                }
                for mismatch in &failure.mismatches {
                    self.line("", &format!("  {}: {}", failure.call, headline(mismatch)))?;
                }
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

/// Shows the requirement and the steps of a trial.
fn explain(trial: &TrialReport) -> String {
    format!("okta-conformance explain {}", quoted(&trial.finished.trial))
}

/// A word of a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
