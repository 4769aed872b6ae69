//! The end of a run for a person: what is wrong, by cause, as a compiler tells it, and what to do next; then the line that sums up.

use std::io;

use super::Console;
use crate::{
    event::{Outcome, SnapshotKind, StepFinished},
    finding::CheckKind,
    report::{
        Cause, DeviationKind, FailOn, Report, Standing, TrialReport, What,
        causes::{HEAVIEST, heaviest},
        failure::{Line, LineKind},
        left_line,
        text::{counted, on_one_line, shortened},
        wrap::fitted,
    },
};

/// More causes than a person reads one after the other; each has a line before these.
const MOST_CAUSES: usize = 10;

/// The longest header that is shown where not everything is wanted.
const MOST_HEADER: usize = 120;

/// The longest line of a body that is shown where not everything is wanted.
const MOST_BODY: usize = 500;

/// As many lines of a body are shown where not everything is wanted.
const MOST_LINES: usize = 12;

/// As many trials of one cause as are named.
const MOST_NAMES: usize = 3;

/// The most reasons why trials do not apply that are listed.
const MOST_REASONS: usize = 10;

/// More snapshots of one kind than a person reads one after the other.
const MOST_SNAPSHOTS: usize = 20;

/// More things that are left are counted, not listed: every other report has them.
const MOST_LEFT: usize = 20;

impl<W: io::Write> Console<W> {
    /// Failures, drift, leaks, and the line that sums up.
    ///
    /// # Errors
    /// A closed pipe and the like.
    pub fn finish(&mut self, report: &Report, fail_on: FailOn) -> io::Result<()> {
        let causes = report.causes(fail_on);
        let mild =
            |cause: &&Cause<'_>| cause.standing.counts() || (!self.style.quiet && cause.standing == Standing::Warning);
        let told: Vec<&Cause<'_>> = causes.iter().filter(mild).collect();
        self.several(&told)?;
        let failed = |cause: &Cause<'_>| cause.trials.iter().any(|trial| trial.finished.outcome == Outcome::Failed);
        if !self.style.quiet && causes.iter().any(|cause| cause.standing == Standing::Red && failed(cause)) {
            let hint = "to accept such failures until a date: --propose-known-failures FILE writes the entries";
            self.heading("2", hint)?;
        }
        if !self.style.quiet {
            self.drift(report)?;
            self.snapshots(report)?;
        }
        self.stale(report, fail_on)?;
        self.leaks(report)?;
        if let Some(parity) = &report.parity {
            self.heading("1", DeviationKind::Parity.heading())?;
            parity.text(self.style.verbose).lines().try_for_each(|line| self.line("", line))?;
        }
        if let Some(comparison) = &report.comparison {
            self.heading("1", DeviationKind::Baseline.heading())?;
            comparison.text(self.style.verbose).lines().try_for_each(|line| self.line("", line))?;
        }
        let verdict = report.verdict(fail_on);
        let code = if verdict.is_green() { "1;32" } else { "1;31" };
        // One line, however long: it is what is copied into a chat.
        let (name, numbers) = (self.paint(code, verdict.name()), report.numbers(verdict, fail_on));
        self.heaviest(&told)?;
        self.inapplicable(report)?;
        self.score(report)?;
        writeln!(self.out, "{name}{numbers}")
    }

    fn heading(&mut self, code: &str, text: &str) -> io::Result<()> {
        self.line("", "")?;
        self.line(code, text)
    }

    /// Each cause in a line, then the first with all that there is to say.
    fn several(&mut self, causes: &[&Cause<'_>]) -> io::Result<()> {
        let most = if self.style.verbose { causes.len() } else { causes.len().min(MOST_CAUSES) };
        if causes.len() > 1 {
            let of = if most < causes.len() { format!(", the first {most} in full below") } else { String::new() };
            let warnings = causes.iter().filter(|cause| !cause.standing.counts()).count();
            let mild = if warnings > 0 { format!(", {warnings} of them only warnings") } else { String::new() };
            self.heading("1", &format!("{}{mild}{of}:", counted(causes.len(), "cause")))?;
            causes.iter().try_for_each(|cause| self.in_a_line(cause))?;
        }
        for cause in &causes[..most] {
            self.line("", "")?;
            self.cause(cause)?;
        }
        Ok(())
    }

    /// The first causes once more, where all that was told of them has gone off the screen.
    fn heaviest(&mut self, causes: &[&Cause<'_>]) -> io::Result<()> {
        if causes.len() <= MOST_CAUSES || self.style.quiet {
            return Ok(());
        }
        self.heading("1", &format!("{}:", heaviest(causes.len())))?;
        causes.iter().take(HEAVIEST).try_for_each(|cause| self.in_a_line(cause))
    }

    /// Why trials did not apply: what a target would need to have them run.
    fn inapplicable(&mut self, report: &Report) -> io::Result<()> {
        let reasons = report.inapplicable();
        if reasons.is_empty() || self.style.quiet {
            return Ok(());
        }
        self.heading("1", "not applicable:")?;
        let (shown, others) = reasons.split_at(reasons.len().min(MOST_REASONS));
        shown.iter().try_for_each(|(reason, count)| self.line("", &format!("  {count:>5}  {reason}")))?;
        let rest: usize = others.iter().map(|(_, count)| count).sum();
        if rest > 0 {
            self.line("", &format!("  {rest:>5}  for {}", counted(others.len(), "other reason")))?;
        }
        Ok(())
    }

    fn in_a_line(&mut self, cause: &Cause<'_>) -> io::Result<()> {
        let width = self.style.width.unwrap_or(usize::MAX);
        let line = shortened(&with_size(cause), width.saturating_sub(20));
        self.line("", &format!("  {:<15} {line}", cause.word()))
    }

    /// A cause: what it is, its first trial in full where a check was false, and the names of the others.
    fn cause(&mut self, cause: &Cause<'_>) -> io::Result<()> {
        match cause.outcome {
            Outcome::Warned => self.line("33", &format!("{:<15} {}", cause.word(), with_size(cause)))?,
            outcome => self.headed(outcome, &with_size(cause))?,
        }
        if let Some(check) = cause.check().filter(|check| check.has_many_calls()) {
            self.line("", &format!("  operations: {}", on_one_line(&check.calls.join(", "))))?;
        }
        if let Some(check) = cause.check().filter(|check| !check.beside.is_empty()) {
            self.line("", &format!("  and with it: {}", check.beside.join(", ")))?;
        }
        let told = match &cause.what {
            _ if matches!(cause.outcome, Outcome::Warned | Outcome::NotRun) && !self.style.verbose => 0,
            _ if self.style.verbose => cause.trials.len(),
            What::Check(_) => 1,
            What::Reason(_) => usize::from(cause.standing == Standing::Red),
            What::Path { .. } => 0,
        };
        let (shown, others) = cause.trials.split_at(told);
        shown.iter().try_for_each(|trial| self.single(trial, cause))?;
        if !shown.is_empty() && !others.is_empty() {
            self.line("1", &format!("  and {} alike:", others.len()))?;
        }
        self.names(others)?;
        match others.first().filter(|_| shown.is_empty() && cause.standing.counts() && cause.outcome != Outcome::NotRun)
        {
            Some(first) => self.explain(first),
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
        // Of one trial that stands for a cause, the step that it is about; other causes tell of the others.
        let step = cause.check().and_then(|check| check.step).filter(|step| step.trial == finished.trial);
        match step.filter(|_| !self.style.verbose) {
            Some(step) => self.failure(step)?,
            None => trial.failures.iter().try_for_each(|failure| self.failure(failure))?,
        }
        self.explain(trial)
    }

    /// What shows the requirement and the steps of a trial.
    fn explain(&mut self, trial: &TrialReport) -> io::Result<()> {
        self.next(&format!("{} {}", self.explain, quoted(&trial.finished.trial)))
    }

    /// What to do, in words that can be copied into a shell.
    fn next(&mut self, command: &str) -> io::Result<()> {
        if self.style.quiet {
            return Ok(());
        }
        let line = self.paint("1", &format!("  next: {}", on_one_line(command)));
        writeln!(self.out, "{line}")
    }

    fn failure(&mut self, failure: &StepFinished) -> io::Result<()> {
        let mut lines = failure.lines();
        if !self.style.verbose {
            self.shorten(failure, &mut lines);
        }
        for group in lines.chunk_by(|a, b| (a.kind, b.kind) == (LineKind::Place, LineKind::Place)) {
            match self.style.width.filter(|_| group[0].kind == LineKind::Place) {
                Some(width) => {
                    let excerpt: Vec<&str> = group.iter().map(|line| line.text.as_str()).collect();
                    let fitted = fitted(&excerpt, width.saturating_sub(2)).into_iter();
                    fitted.map(|text| Line { kind: LineKind::Place, text }).try_for_each(|line| self.told(&line))?;
                }
                None => group.iter().try_for_each(|line| self.told(line))?,
            }
        }
        Ok(())
    }

    /// The exchange without what the curl line says too, and no more of it than is needed to know it again.
    fn shorten(&self, failure: &StepFinished, lines: &mut Vec<Line>) {
        let again = failure.curl.is_some();
        lines.retain(|line| line.kind != LineKind::Sent || !again);
        let checked = |text: &str| {
            let name = text.trim_start_matches([' ', '<']).split(':').next().unwrap_or_default();
            let is_of = |check: &CheckKind| matches!(check, CheckKind::Header(of) if of.eq_ignore_ascii_case(name));
            tells(name) || failure.findings.iter().any(|finding| is_of(&finding.check))
        };
        let all = lines.len();
        lines.retain(|line| line.kind != LineKind::Received || checked(&line.text));
        let (hidden, width, mut body) = (all - lines.len(), self.style.width.unwrap_or(MOST_HEADER), 0);
        for line in lines.iter_mut().filter(|line| line.kind == LineKind::Received) {
            line.text = shortened(&line.text, width.saturating_sub(3));
        }
        if let Some(at) = lines
            .iter()
            .rposition(|line| matches!(line.kind, LineKind::Exchange | LineKind::Received))
            .filter(|_| hidden > 0)
        {
            let text = format!("  < and {}", counted(hidden, "other header"));
            lines.insert(at + 1, Line { kind: LineKind::Received, text });
        }
        lines.retain_mut(|line| {
            body = if line.kind == LineKind::Body { body + 1 } else { 0 };
            if line.kind == LineKind::Body {
                line.text = shortened(&line.text, MOST_BODY);
            }
            body <= MOST_LINES
        });
    }

    fn told(&mut self, Line { kind, text }: &Line) -> io::Result<()> {
        let code = match kind {
            LineKind::Step | LineKind::Same => "",
            LineKind::Failed => "1",
            LineKind::Place if text.contains('^') => "31",
            LineKind::Place => "34",
            LineKind::Expected => "32",
            LineKind::Actual => "31",
            LineKind::Requirement => "36",
            LineKind::Warning => "33",
            LineKind::Exchange | LineKind::Sent | LineKind::Received | LineKind::Body => "2",
            // A line that is copied into a shell must be one line.
            LineKind::Command => {
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
        let (explained, new): (Vec<_>, Vec<_>) = report.drift.iter().partition(|(key, _)| key.explained.is_some());
        if !new.is_empty() {
            self.heading("33", DeviationKind::Drift.heading())?;
        }
        for (key, drift) in new {
            let times = counted(drift.count, "time");
            self.line("", &format!("  {} {} = {} ({times})", key.call, key.pointer, drift.value))?;
        }
        if explained.is_empty() || !self.style.verbose {
            return Ok(());
        }
        self.heading("", "drift that a requirement explains")?;
        for (key, drift) in explained {
            let (times, why) = (counted(drift.count, "time"), key.explained.as_deref().unwrap_or_default());
            self.line("", &format!("  {} {} ({times}): {why}", key.call, key.pointer))?;
        }
        Ok(())
    }

    /// Entries of the known failures that are not needed any more.
    fn stale(&mut self, report: &Report, fail_on: FailOn) -> io::Result<()> {
        let stale = report.deviations(fail_on).into_iter().filter(|deviation| deviation.kind == DeviationKind::Stale);
        let stale: Vec<_> = stale.collect();
        if !stale.is_empty() {
            self.heading("31", DeviationKind::Stale.heading())?;
        }
        stale.iter().try_for_each(|deviation| self.line("", &format!("  {}", deviation.text)))
    }

    /// Snapshots that are missing, changed or orphaned.
    fn snapshots(&mut self, report: &Report) -> io::Result<()> {
        if !report.snapshots.is_empty() {
            let hint = "`cargo insta review` shows and accepts it, `--accept-snapshots` accepts all";
            self.heading("33", &format!("{}; {hint}", DeviationKind::Snapshot.heading()))?;
        }
        for kind in SnapshotKind::ALL {
            let all: Vec<_> = report.snapshots.iter().filter(|drift| drift.kind == kind).collect();
            let shown = if self.style.verbose { all.len() } else { MOST_SNAPSHOTS.min(all.len()) };
            for drift in &all[..shown] {
                self.line("", &format!("  {} {}", kind.name(), drift.file))?;
                for line in drift.difference.iter().flat_map(|difference| difference.as_str().lines()) {
                    let code = match line.as_bytes().first() {
                        Some(b'-') => "31",
                        Some(b'+') => "32",
                        _ => "",
                    };
                    // With a mark before it, so that no CI system takes a line of an answer for a command.
                    self.line(code, &format!("    | {line}"))?;
                }
            }
            if all.len() > shown {
                let more = format!("  and {} more {} (all with --verbose)", all.len() - shown, kind.name());
                self.line("", &more)?;
            }
        }
        Ok(())
    }

    fn leaks(&mut self, report: &Report) -> io::Result<()> {
        for (kind, leaks) in report.left() {
            self.heading("1;31", &format!("{}: {}", kind.name(), kind.meaning()))?;
            for leak in leaks.iter().take(MOST_LEFT) {
                self.line("", &format!("  {}", left_line(leak)))?;
            }
            if leaks.len() > MOST_LEFT {
                self.line("", &format!("  and {} more, which every other report lists", leaks.len() - MOST_LEFT))?;
            }
        }
        // The embedded mock is gone with what was made on it.
        match report.header.as_ref().filter(|header| header.target != "mock" && report.left().next().is_some()) {
            Some(header) => {
                let sweep = || format!("okta-conformance sweep --target {}", quoted(&header.target));
                self.next(&self.sweep.clone().unwrap_or_else(sweep))
            }
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

/// The title, and how many trials there are if there are more than one.
fn with_size(cause: &Cause<'_>) -> String {
    let several = if cause.trials.len() > 1 { format!(" ({} trials)", cause.trials.len()) } else { String::new() };
    format!("{}{several}", cause.title())
}

/// A word of a shell.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
