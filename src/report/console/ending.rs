//! The end of a run for a person: what is wrong, by cause, as a compiler tells it, and what to do next; then the line that sums up.

use std::io;

use super::Console;
use crate::{
    event::Outcome,
    finding::CheckKind,
    report::{
        Cause, FailOn, Failure, Report, Standing, TrialReport, Verdict, What,
        failure::{Line, Part},
        text::{counted, on_one_line, shortened},
        wrap::fitted,
    },
};

/// More causes than a person reads one after the other; the rest get a line each.
const MOST_CAUSES: usize = 20;

/// The longest header that is shown where not everything is wanted.
const MOST_HEADER: usize = 120;

/// The longest line of a body that is shown where not everything is wanted.
const MOST_BODY: usize = 500;

/// As many lines of a body are shown where not everything is wanted.
const MOST_LINES: usize = 12;

/// As many trials of one cause as are named.
const MOST_NAMES: usize = 3;

/// More things that are left are counted, not listed: every other report has them.
const MOST_LEFT: usize = 20;

impl<W: io::Write> Console<W> {
    /// Failures, drift, leaks, and the line that sums up.
    ///
    /// # Errors
    /// A closed pipe and the like.
    pub fn finish(&mut self, report: &Report, fail_on: FailOn) -> io::Result<()> {
        let causes = report.causes(fail_on);
        let of = |standing: Standing| causes.iter().filter(|cause| cause.standing == standing).collect::<Vec<_>>();
        self.failures(&of(Standing::Red))?;
        self.several(&of(Standing::Unjudged))?;
        if !self.style.quiet {
            self.several(&of(Standing::Warning))?;
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

    fn failures(&mut self, red: &[&Cause<'_>]) -> io::Result<()> {
        self.several(red)?;
        let failed = |cause: &&Cause<'_>| cause.trials.iter().any(|trial| trial.finished.outcome == Outcome::Failed);
        if red.iter().any(failed) && !self.style.quiet {
            self.line("", "")?;
            self.line("2", "to expect such failures until a day: --propose-known-failures FILE writes the entries")?;
        }
        Ok(())
    }

    /// The first causes with all that there is to say, the rest by their titles.
    fn several(&mut self, causes: &[&Cause<'_>]) -> io::Result<()> {
        let (full, rest) =
            causes.split_at(if self.style.verbose { causes.len() } else { causes.len().min(MOST_CAUSES) });
        for cause in full {
            self.line("", "")?;
            self.cause(cause)?;
        }
        if !rest.is_empty() {
            self.line("", "")?;
            let more = counted(rest.len(), "more cause");
            self.line("1", &format!("and {more} (all in full with --verbose, and in the other reports):"))?;
            for cause in rest {
                self.line("", &format!("  {}: {} ({})", cause.word(), cause.title(), cause.trial_names()))?;
            }
        }
        Ok(())
    }

    /// A cause: what it is, its first trial in full where a check was false, and the names of the others.
    fn cause(&mut self, cause: &Cause<'_>) -> io::Result<()> {
        match cause.outcome {
            Outcome::Warned => self.line("33", &format!("{:<15} {}", cause.word(), with_size(cause)))?,
            outcome => self.headed(outcome, &with_size(cause))?,
        }
        if let Some(check) = cause.check().filter(|check| !check.beside.is_empty()) {
            self.line("", &format!("  and with it: {}", check.beside.join(", ")))?;
        }
        let told = match &cause.what {
            _ if matches!(cause.outcome, Outcome::Warned | Outcome::NotRun) && !self.style.verbose => 0,
            _ if self.style.verbose => cause.trials.len(),
            What::Check(_) => 1,
            What::Reason(_) => usize::from(cause.standing == Standing::Red),
            What::Area { .. } | What::Path(_) => 0,
        };
        let (shown, others) = cause.trials.split_at(told);
        shown.iter().try_for_each(|trial| self.single(trial, cause))?;
        if !shown.is_empty() && !others.is_empty() {
            self.line("1", &format!("  and {} alike:", others.len()))?;
        }
        self.names(others)?;
        match others.first().filter(|_| shown.is_empty() && cause.standing.counts() && cause.outcome != Outcome::NotRun)
        {
            Some(first) => self.next(&explain(first)),
            None => Ok(()),
        }
    }

    fn single(&mut self, trial: &TrialReport, cause: &Cause<'_>) -> io::Result<()> {
        let finished = &trial.finished;
        self.line("", &format!("  {}", finished.trial))?;
        self.line("", &format!("  {}", finished.title))?;
        let told = finished.outcome == Outcome::Failed || cause.what == What::Reason(trial.reason());
        if !told && !trial.reason().is_empty() {
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
            let is_of = |check: &CheckKind| matches!(check, CheckKind::Header(of) if of.eq_ignore_ascii_case(name));
            tells(name) || failure.findings.iter().any(|finding| is_of(&finding.check))
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

    fn names(&mut self, trials: &[&TrialReport]) -> io::Result<()> {
        for trial in trials.iter().take(MOST_NAMES) {
            self.line("", &format!("    {}", trial.finished.trial))?;
        }
        if trials.len() > MOST_NAMES {
            self.line("", &format!("    and {} more", trials.len() - MOST_NAMES))?;
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
        for (kind, leaks) in report.left() {
            self.line("", "")?;
            self.line("1;31", &format!("{}: {}", kind.name(), kind.meaning()))?;
            for leak in leaks.iter().take(MOST_LEFT) {
                self.line("", &format!("  {} ({}; {})", leak.call, leak.reason, leak.trial))?;
            }
            if leaks.len() > MOST_LEFT {
                self.line("", &format!("  and {} more, which every other report lists", leaks.len() - MOST_LEFT))?;
            }
        }
        if report.left().next().is_none() {
            return Ok(());
        }
        // The embedded mock is gone with what was made on it.
        let Some(header) = report.header.as_ref().filter(|header| header.target != "mock") else { return Ok(()) };
        let known = self.sweep.clone();
        self.next(&known.unwrap_or_else(|| format!("okta-conformance sweep --target {}", quoted(&header.target))))
    }
}

/// Whether a header tells what an answer is and where more about it is found; the rest is the same in every answer.
fn tells(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let telling = ["content-type", "link", "location", "retry-after", "www-authenticate"];
    telling.contains(&name.as_str()) || name.ends_with("request-id")
}

/// The title, and how many trials there are if there are more than one.
fn with_size(cause: &Cause<'_>) -> String {
    let several = if cause.trials.len() > 1 { format!(" ({} trials)", cause.trials.len()) } else { String::new() };
    format!("{}{several}", cause.title())
}

/// Shows the requirement and the steps of a trial.
fn explain(trial: &TrialReport) -> String {
    format!("okta-conformance explain {}", quoted(&trial.finished.trial))
}

/// A word of a shell.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
