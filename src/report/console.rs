//! What a person sees: a line a trial (or a progress bar), the failures at the end, one line that sums up.
//!
//! Writes text into a `Write`; who owns the terminal is the command line's business.

use std::{fmt::Write as _, io, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use super::{
    FailOn, Lacking, Report, TrialReport, Verdict,
    failure::headline,
    text::{counted, printable},
};
use crate::event::{Event, Finding, Outcome, RunStarted, TrialFinished, Waited, Why};

/// More failures than a person reads one after the other; the rest get a line each.
const MOST_FAILURES: usize = 20;

/// How much is written and whether in colour.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four flags of the command line that do not depend on each other")]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// A progress bar in the place of lines.
    pub progress: bool,
    /// Only failures and the last line.
    pub quiet: bool,
    /// Every failure in full, and notes.
    pub verbose: bool,
}

/// Writes a run as it goes.
pub struct Console<W> {
    out: W,
    style: Style,
    bar: Option<ProgressBar>,
    waiting: Option<String>,
}

impl<W: io::Write> Console<W> {
    /// A console on `out`.
    pub fn new(out: W, style: Style) -> Self {
        Self { out, style, bar: None, waiting: None }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.style.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn outcome(&self, outcome: Outcome) -> String {
        let code = match outcome {
            Outcome::Passed => "32",
            Outcome::Failed | Outcome::UnexpectedPass | Outcome::ChangedFailure | Outcome::Expired => "1;31",
            Outcome::Blocked | Outcome::Errored => "1;35",
            Outcome::Flaky | Outcome::KnownFailure => "33",
            Outcome::NotApplicable | Outcome::NotRun => "2",
        };
        self.paint(code, &format!("{:<15} ", outcome.name()))
    }

    /// Shows what happens.
    ///
    /// # Errors
    /// A closed pipe and the like.
    pub fn take(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::RunStarted(header) => self.start(header),
            Event::TrialFinished(finished) => self.trial(finished),
            Event::RunFinished(_) => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
                Ok(())
            }
            Event::Waited(waited) => self.waited(waited),
            Event::Preflight(finding) => self.finding(finding),
            Event::TrialStarted(_) | Event::StepFinished(_) | Event::Leaked(_) => Ok(()),
        }
    }

    fn start(&mut self, header: &RunStarted) -> io::Result<()> {
        if self.style.quiet {
            return Ok(());
        }
        writeln!(
            self.out,
            "okta-conformance {}: {} trials against {} ({}), {} at a time, run {}",
            header.program,
            header.trials,
            printable(&header.target),
            printable(header.origin.as_str()),
            header.jobs,
            header.run
        )?;
        if self.style.progress {
            let bar = ProgressBar::new(header.trials as u64);
            if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len} [{elapsed}<{eta}] {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            self.bar = Some(bar);
        }
        Ok(())
    }

    fn waited(&mut self, waited: &Waited) -> io::Result<()> {
        let why = match waited.why {
            Why::Budget => "its share of the rate limit is spent",
            Why::TooManyRequests => "the target answered 429",
        };
        let line = format!("waiting {:.0} s for {}: {why}", waited.seconds.ceil(), waited.principal);
        match &self.bar {
            Some(bar) => bar.set_message(line.clone()),
            // Several trials wait for one window: one line says it.
            None if self.style.quiet || self.waiting.as_deref() == Some(&line) => {}
            None => writeln!(self.out, "{line}")?,
        }
        self.waiting = Some(line);
        Ok(())
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let (code, word) = if finding.fatal { ("1;31", "preflight:") } else { ("33", "preflight, a warning:") };
        writeln!(self.out, "{} {}", self.paint(code, word), printable(finding.text.as_str()))
    }

    fn trial(&mut self, finished: &TrialFinished) -> io::Result<()> {
        let quietly = matches!(finished.outcome, Outcome::Passed | Outcome::NotApplicable | Outcome::NotRun);
        if let Some(bar) = &self.bar {
            bar.inc(1);
            if !quietly {
                let line = format!("{}{}", self.outcome(finished.outcome), finished.trial);
                bar.println(line);
            }
            return Ok(());
        }
        // Trials that never began are told together, at the end.
        if self.style.quiet || finished.outcome == Outcome::NotRun {
            return Ok(());
        }
        let mut line = format!("{}{}", self.outcome(finished.outcome), printable(&finished.trial));
        match (&finished.reason, finished.outcome) {
            (Some(reason), Outcome::NotApplicable) => {
                let _ = write!(line, ": {}", printable(reason.as_str()));
            }
            _ => {
                let _ = write!(line, " ({:.0} ms)", finished.duration_ms);
            }
        }
        if finished.warnings > 0 {
            let _ = write!(line, ", {}", counted(finished.warnings, "warning"));
        }
        writeln!(self.out, "{line}")
    }

    /// Failures, drift, leaks, and the line that sums up.
    ///
    /// # Errors
    /// A closed pipe and the like.
    pub fn finish(&mut self, report: &Report, fail_on: FailOn) -> io::Result<()> {
        let lacking = report.lacking();
        self.failures(report, &lacking)?;
        self.lacking(&lacking)?;
        self.grouped(report, &lacking)?;
        self.warnings(report)?;
        if !self.style.quiet {
            self.drift(report)?;
        }
        if !report.leaks.is_empty() {
            writeln!(self.out, "\n{}", self.paint("1;31", "leaked: made by this run and not removed"))?;
            for leak in &report.leaks {
                let line = format!("  {} ({}; {})", leak.call, leak.reason, leak.trial);
                writeln!(self.out, "{}", printable(&line))?;
            }
        }
        let verdict = report.verdict(fail_on);
        let code = if verdict == Verdict::Conformant { "1;32" } else { "1;31" };
        let line = report.numbers(verdict);
        writeln!(self.out, "\n{}{line}", self.paint(code, verdict.name()))
    }

    /// One missing resource is one finding, not sixty.
    fn lacking(&mut self, lacking: &[Lacking<'_>]) -> io::Result<()> {
        for Lacking { area, trials, statuses } in lacking {
            let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
            let what =
                format!("the target has none of `{area}`: {} trials ended at {}", trials.len(), statuses.join(", "));
            writeln!(self.out, "\n{}{}", self.outcome(Outcome::Failed), printable(&what))?;
            for trial in trials.iter().take(3) {
                writeln!(self.out, "  {}", printable(&trial.finished.trial))?;
            }
            if trials.len() > 3 {
                writeln!(self.out, "  and {} more", trials.len() - 3)?;
            }
        }
        Ok(())
    }

    fn failures(&mut self, report: &Report, lacking: &[Lacking<'_>]) -> io::Result<()> {
        let red: Vec<&TrialReport> = report
            .trials
            .iter()
            .filter(|trial| {
                matches!(
                    trial.finished.outcome,
                    Outcome::Failed | Outcome::UnexpectedPass | Outcome::ChangedFailure | Outcome::Expired
                )
            })
            .filter(|trial| !is_lacking(trial, lacking))
            .collect();
        let full = if self.style.verbose { red.len() } else { MOST_FAILURES };
        for trial in red.iter().take(full) {
            let finished = &trial.finished;
            writeln!(self.out, "\n{}{}", self.outcome(finished.outcome), printable(&finished.trial))?;
            writeln!(self.out, "  {}", printable(&finished.title))?;
            if let (Some(reason), true) = (&finished.reason, finished.outcome != Outcome::Failed) {
                writeln!(self.out, "  {}", printable(reason.as_str()))?;
            }
            for failure in &trial.failures {
                for line in failure.text().lines() {
                    writeln!(self.out, "  {line}")?;
                }
            }
        }
        if red.len() > full {
            writeln!(
                self.out,
                "\nand {} more (all in full with --verbose, and in the JUnit report):",
                red.len() - full
            )?;
            for trial in red.iter().skip(full) {
                let reason = trial.finished.reason.as_ref().map_or("", |reason| reason.as_str());
                writeln!(self.out, "  {}: {}", printable(&trial.finished.trial), printable(reason))?;
            }
        }
        Ok(())
    }

    /// Trials that could not be judged, by reason: one broken thing is one finding.
    fn grouped(&mut self, report: &Report, lacking: &[Lacking<'_>]) -> io::Result<()> {
        let mut groups: Vec<((Outcome, &str), Vec<&str>)> = Vec::new();
        for trial in &report.trials {
            let finished = &trial.finished;
            let unjudged = matches!(finished.outcome, Outcome::Blocked | Outcome::Errored | Outcome::NotRun);
            if !unjudged || is_lacking(trial, lacking) {
                continue;
            }
            let reason = finished.reason.as_ref().map_or("", |reason| reason.as_str());
            match groups.iter_mut().find(|(key, _)| *key == (finished.outcome, reason)) {
                Some((_, ids)) => ids.push(&finished.trial),
                None => groups.push(((finished.outcome, reason), vec![&finished.trial])),
            }
        }
        for ((outcome, reason), ids) in groups {
            writeln!(self.out, "\n{}{}", self.outcome(outcome), printable(reason))?;
            for id in ids.iter().take(3) {
                writeln!(self.out, "  {}", printable(id))?;
            }
            if ids.len() > 3 {
                writeln!(self.out, "  and {} more", ids.len() - 3)?;
            }
        }
        Ok(())
    }

    fn warnings(&mut self, report: &Report) -> io::Result<()> {
        let warned = report.trials.iter().filter(|trial| {
            trial.finished.warnings > 0 && trial.finished.outcome != Outcome::Failed && !self.style.quiet
        });
        for trial in warned.collect::<Vec<_>>() {
            writeln!(self.out, "\n{} {}", self.paint("33", "warning"), printable(&trial.finished.trial))?;
            for failure in &trial.failures {
                if self.style.verbose {
                    for line in failure.text().lines() {
                        writeln!(self.out, "  {line}")?;
                    }
                    continue;
                }
                for mismatch in &failure.mismatches {
                    writeln!(self.out, "  {}: {}", failure.call, headline(mismatch))?;
                }
            }
        }
        Ok(())
    }

    fn drift(&mut self, report: &Report) -> io::Result<()> {
        if report.drift.is_empty() {
            return Ok(());
        }
        let unexplained = report.unexplained_drift().count();
        let explained = report.drift.len() - unexplained;
        if unexplained > 0 {
            writeln!(self.out, "\n{}", self.paint("33", "drift: in answers, but in no document"))?;
        }
        for (key, count) in report.unexplained_drift() {
            let line = format!("  {} {} = {} ({})", key.call, key.pointer, count.value, counted(count.count, "time"));
            writeln!(self.out, "{}", printable(&line))?;
        }
        if explained > 0 && self.style.verbose {
            writeln!(self.out, "\ndrift that a requirement explains")?;
            for (key, count) in report.drift.iter().filter(|(key, _)| key.explained.is_some()) {
                let why = key.explained.as_deref().unwrap_or_default();
                let line = format!("  {} {} ({}): {why}", key.call, key.pointer, counted(count.count, "time"));
                writeln!(self.out, "{}", printable(&line))?;
            }
        }
        Ok(())
    }
}

fn is_lacking(trial: &TrialReport, lacking: &[Lacking<'_>]) -> bool {
    lacking.iter().any(|lacking| lacking.trials.iter().any(|other| std::ptr::eq(*other, trial)))
}
