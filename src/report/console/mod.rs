//! What a person sees: a line a trial (or a progress line), what is wrong at the end, one line that sums up.
//!
//! Writes text into a `Write`; who owns the terminal is the command line's business. What comes at the end is `ending`'s.

mod ending;
mod progress;

use std::{fmt::Write as _, io};

pub use ending::quoted;
use progress::Progress;

use super::{
    Report, Score, printable,
    text::{counted, joined, on_one_line},
    wrap::wrapped,
};
use crate::event::{Attempt, Event, Outcome, Preflight, RunStarted, Tone, TrialFinished, Waited, Why};

/// How much is written, how wide, and whether in colour.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four flags of the command line that do not depend on each other")]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// A progress line instead of a line a trial.
    pub progress: bool,
    /// Only failures and the last line.
    pub quiet: bool,
    /// Every failure in full, and notes.
    pub verbose: bool,
    /// Columns of the terminal; lines are as long as they are where there is none.
    pub width: Option<usize>,
}

/// Writes a run as it goes.
pub struct Console<W> {
    out: W,
    style: Style,
    progress: Option<Progress>,
    waiting: Option<String>,
    sweep: Option<String>,
    /// What explains a trial whose ID follows.
    explain: String,
}

impl<W: io::Write> Console<W> {
    /// A console on `out`.
    pub fn new(out: W, style: Style) -> Self {
        let explain = "okta-conformance explain".to_owned();
        Self { out, style, progress: None, waiting: None, sweep: None, explain }
    }

    /// The same, knowing the command that removes what the run leaves, and the one that explains a trial whose ID follows.
    #[must_use]
    pub fn with_commands(self, sweep: String, explain: String) -> Self {
        Self { sweep: Some(sweep), explain, ..self }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.style.color && !code.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// An empty line, and the score below it.
    fn score(&mut self, report: &Report) -> io::Result<()> {
        self.line("", "")?;
        let score = report.score().filter(|_| !self.style.quiet);
        score.iter().flat_map(Score::lines).try_for_each(|line: String| self.line("", &line))
    }

    /// Writes one line of foreign text in this colour, in pieces where it is wider than the terminal.
    fn line(&mut self, code: &str, line: &str) -> io::Result<()> {
        let text = self.painted(code, line);
        writeln!(self.out, "{text}")
    }

    fn painted(&self, code: &str, line: &str) -> String {
        joined(self.pieces(line).iter().map(|piece| self.paint(code, piece)), "\n")
    }

    fn pieces(&self, line: &str) -> Vec<String> {
        let line = on_one_line(line);
        self.style.width.map_or_else(|| vec![line.clone()], |width| wrapped(&line, width))
    }

    /// A line that begins with an outcome in its colour.
    fn headed(&mut self, outcome: Outcome, line: &str) -> io::Result<()> {
        let text = self.with_outcome(outcome, line);
        writeln!(self.out, "{text}")
    }

    fn with_outcome(&self, outcome: Outcome, line: &str) -> String {
        let code = match outcome.form().tone {
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "1;31",
            Tone::Broken => "1;35",
            Tone::Idle => "2",
        };
        let name = outcome.name();
        let text = self.pieces(&format!("{name:<15} {line}")).join("\n");
        format!("{}{}", self.paint(code, name), text.strip_prefix(name).unwrap_or_default())
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
                self.progress = None;
                Ok(())
            }
            Event::Waited(waited) => self.waited(waited),
            Event::Preflight(finding) => self.finding(finding),
            // Told together, at the end.
            Event::TrialStarted(_)
            | Event::StepFinished(_)
            | Event::Leaked(_)
            | Event::MayBeLeft(_)
            | Event::SnapshotDrifted(_)
            | Event::NotBegun(_) => Ok(()),
        }
    }

    fn start(&mut self, header: &RunStarted) -> io::Result<()> {
        if self.style.quiet {
            return Ok(());
        }
        // A target that is a URL is known by it.
        let origin = Some(header.origin.as_str()).filter(|origin| !header.target.starts_with(origin));
        let origin = origin.map(|origin| format!(" ({origin})")).unwrap_or_default();
        let line = format!(
            "okta-conformance {}: {} against {}{origin}, {} at a time, run {}",
            header.program,
            counted(header.trials, "trial"),
            header.target,
            header.jobs,
            header.run
        );
        self.line("", &line)?;
        if self.style.progress {
            self.progress = Some(Progress::start(header.trials, self.style));
        }
        Ok(())
    }

    fn waited(&mut self, waited: &Waited) -> io::Result<()> {
        if let Some(progress) = &self.progress {
            progress.wait(waited);
            return Ok(());
        }
        let why = match waited.why {
            Why::Budget => "its share of the rate limit is spent",
            Why::TooManyRequests => "the target answered 429",
        };
        let line = format!("waiting {:.0} s for {}: {why}", waited.seconds.ceil(), waited.principal);
        // Several trials wait for one window: one line says it.
        if !self.style.quiet && self.waiting.as_deref() != Some(&line) {
            self.line("", &line)?;
        }
        self.waiting = Some(line);
        Ok(())
    }

    fn finding(&mut self, finding: &Preflight) -> io::Result<()> {
        let (code, word) = if finding.fatal { ("1;31", "preflight:") } else { ("33", "preflight, a warning:") };
        let text = self.painted(code, &format!("{word} {}", finding.text));
        match &self.progress {
            Some(progress) => progress.above(|| writeln!(self.out, "{text}")),
            None => writeln!(self.out, "{text}"),
        }
    }

    fn trial(&mut self, finished: &TrialFinished) -> io::Result<()> {
        let quietly = matches!(finished.outcome.form().tone, Tone::Good | Tone::Idle);
        if let Some(progress) = &self.progress {
            let line = (!quietly).then(|| {
                let line = self.with_outcome(finished.outcome, &finished.trial);
                why(finished).iter().fold(line, |line, why| format!("{line}\n{}", printable(why)))
            });
            progress.end(finished.outcome, line);
            return Ok(());
        }
        // Trials that never began are told together, at the end.
        if self.style.quiet || finished.outcome == Outcome::NotRun {
            return Ok(());
        }
        let mut line = finished.trial.clone();
        let lacking = finished.reason.as_ref().filter(|_| finished.outcome == Outcome::NotApplicable);
        let _ = match lacking {
            Some(reason) => write!(line, ": {reason}"),
            None => write!(line, " ({:.0} ms)", finished.duration_ms),
        };
        if finished.warnings > 0 {
            let _ = write!(line, ", {}", counted(finished.warnings, "warning"));
        }
        self.headed(finished.outcome, &line)?;
        why(finished).iter().try_for_each(|why| self.line("2", why))
    }
}

/// What a person wants to know of a trial that is not red and not simply passed: how its attempts failed, or where it is listed.
fn why(finished: &TrialFinished) -> Vec<String> {
    let attempt = |(number, attempt): (usize, &Attempt)| {
        format!("  attempt {number} {}: {}", attempt.outcome.name(), attempt.reason)
    };
    let attempts = (1..).zip(&finished.earlier).filter(|_| finished.outcome == Outcome::Flaky).map(attempt);
    let listed = finished.reason.iter().filter(|_| finished.outcome == Outcome::KnownFailure);
    attempts.chain(listed.map(|reason| format!("  {reason}"))).collect()
}
