//! A comparison as a person reads it: what got worse first, one line at the end that sums up.

use std::fmt::Write as _;

use super::{ChangeKind, ComparedRun, Comparison, Course, DriftChange, TrialChange};
use crate::report::{
    FailOn, LatencyChange,
    text::{counted, joined, on_one_line, printable},
    verdict::in_words,
};

/// More lines of one kind than a person reads.
const MOST: usize = 20;

/// More examples of one cause than a person reads.
const EXAMPLES: usize = 3;

impl Comparison {
    /// The text for people, without the line that sums up. Everything that is long is cut, unless `verbose`.
    pub fn text(&self, verbose: bool) -> String {
        let mut text = Text { out: String::new(), verbose };
        text.run("old", &self.old);
        text.run("new", &self.new);
        if let Some(score) = self.score() {
            text.line(&format!("score: {score}"));
        }
        for note in &self.notes {
            text.line(&format!("note: {}", note.text));
        }
        let heading = format!("what is wrong now and was not: {}", counted(self.causes.len(), "cause"));
        text.section(&heading, &self.causes, |text, cause| {
            text.line(&format!("  {} ({})", cause.title, counted(cause.trials.len(), "trial")));
            for beside in cause.beside.iter().take(EXAMPLES) {
                text.line(&format!("    and with it {beside}"));
            }
            for requirement in cause.requirements.iter().take(EXAMPLES) {
                text.line(&format!("    requirement {}: {}", requirement.id, requirement.text));
            }
        });
        for kind in ChangeKind::ALL {
            text.kind(*kind, &self.of_kind(*kind).collect::<Vec<_>>());
        }
        text.section("no longer checked, although the trials pass", &self.lost_checks, |text, lost| {
            let call = if lost.call.is_empty() { String::new() } else { format!("{}: ", lost.call) };
            text.line(&format!("  {call}{} ({})", lost.check, counted(lost.trials.len(), "trial")));
            text.some(&lost.trials, EXAMPLES, |text, trial| text.line(&format!("    {trial}")));
        });
        text.section("drift", &self.drift, |text, drift| {
            let known = drift.explained.as_ref().map(|id| format!(" (explained by {id})")).unwrap_or_default();
            text.line(&format!("  {}: {} {} = {}{known}", drift.word(), drift.call, drift.pointer, drift.value));
        });
        text.section("latency, by median", &self.latency, |text, change| {
            let LatencyChange { call, status, old_ms, new_ms, answers: (old, new) } = change;
            let answers = format!("({old} and {new} answers)");
            text.line(&format!("  {}: {call} {status}: {old_ms:.0} ms → {new_ms:.0} ms {answers}", change.word()));
        });
        printable(&text.out)
    }

    /// The score before and after, if both runs have one.
    pub(in crate::report) fn score(&self) -> Option<String> {
        let (old, new) = (self.old.score.as_ref()?.all.share()?, self.new.score.as_ref()?.all.sentence()?);
        Some(format!("{old} → {new}"))
    }

    /// One line that is enough for a message to others.
    pub fn sentence(&self, fail_on: FailOn) -> String {
        let course = self.course(fail_on);
        format!("{}: {}", course.name(), self.numbers(course))
    }

    /// What follows the verdict in the sentence.
    pub(in crate::report) fn numbers(&self, course: Course) -> String {
        let counts = ChangeKind::ALL.iter().map(|kind| (kind.name(), self.of_kind(*kind).count()));
        let counts = counts.filter(|(_, count)| *count > 0).map(|(kind, count)| format!("{count} {kind}"));
        let unchanged = (course != Course::NothingInCommon).then(|| format!("{} unchanged", self.unchanged));
        let mut line = joined(counts.chain(unchanged), ", ");
        if !self.lost_checks.is_empty() {
            let _ = write!(line, "; {} no longer made", counted(self.lost_checks.len(), "check"));
        }
        let appeared = self.drift.iter().filter(|drift| drift.appeared).count();
        if !self.drift.is_empty() {
            let _ = write!(line, "; drift: {appeared} appeared, {} went", self.drift.len() - appeared);
        }
        let slower = self.latency.iter().filter(|change| change.is_slower()).count();
        if !self.latency.is_empty() {
            let _ = write!(line, "; latency: {slower} slower, {} faster", self.latency.len() - slower);
        }
        line
    }
}

impl DriftChange {
    pub(in crate::report) fn word(&self) -> &'static str {
        if self.appeared { "appeared" } else { "went" }
    }
}

struct Text {
    out: String,
    verbose: bool,
}

impl Text {
    /// What comes from a target has no say in where a line begins.
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.out, "{}", on_one_line(line));
    }

    fn run(&mut self, name: &str, run: &ComparedRun) {
        let line = format!(
            "{name}: run {} of {} against {}: {}",
            run.runs.join(" + "),
            run.started.as_deref().unwrap_or("an unknown time"),
            run.target.as_deref().unwrap_or("nothing"),
            in_words(run.trials.iter().map(|(outcome, count)| (*outcome, *count)))
        );
        self.line(&line);
    }

    /// The lines, as many as are read.
    fn some<T>(&mut self, all: &[T], most: usize, mut show: impl FnMut(&mut Self, &T)) {
        let shown = if self.verbose { all.len() } else { most.min(all.len()) };
        for item in &all[..shown] {
            show(self, item);
        }
        if all.len() > shown {
            self.line(&format!("  and {} more (all with --verbose)", all.len() - shown));
        }
    }

    fn heading(&mut self, heading: &str) {
        self.out.push('\n');
        self.line(heading);
    }

    /// A heading and its lines, if there are any.
    fn section<T>(&mut self, heading: &str, all: &[T], show: impl FnMut(&mut Self, &T)) {
        if !all.is_empty() {
            self.heading(heading);
            self.some(all, MOST, show);
        }
    }

    fn kind(&mut self, kind: ChangeKind, changes: &[&TrialChange]) {
        let heading = format!("{}: {}", kind.name(), counted(changes.len(), "trial"));
        match kind {
            ChangeKind::Unjudged | ChangeKind::NoLongerApplicable | ChangeKind::Judged => {
                self.section(&heading, &by_reason(changes), |text, (reason, trials)| {
                    text.line(&format!("  {}", if reason.is_empty() { "passes now" } else { reason }));
                    text.some(trials, EXAMPLES, |text, trial| text.line(&format!("    {trial}")));
                });
            }
            ChangeKind::NotChosen if !self.verbose => {
                if !changes.is_empty() {
                    self.heading(&heading);
                }
            }
            ChangeKind::Broken
            | ChangeKind::ChangedFailure
            | ChangeKind::NoLongerKnown
            | ChangeKind::Gone
            | ChangeKind::Flaky
            | ChangeKind::Noted
            | ChangeKind::New
            | ChangeKind::NotChosen
            | ChangeKind::NowKnown
            | ChangeKind::Steady
            | ChangeKind::Fixed => {
                self.section(&heading, changes, |text, change| text.change(change));
            }
        }
    }

    fn change(&mut self, change: &TrialChange) {
        let formerly = change.formerly.as_ref().map(|id| format!(", formerly {id}")).unwrap_or_default();
        let outcomes = joined(change.old.iter().chain(&change.new).map(|outcome| outcome.name()), " → ");
        self.line(&format!("  {} ({outcomes}{formerly})", change.trial));
        let told = [("appeared", &change.appeared), ("went", &change.went)];
        for (word, list) in told.into_iter().filter(|_| change.kind == ChangeKind::ChangedFailure) {
            for signature in list {
                self.line(&format!("    {word}: {signature}"));
            }
        }
    }
}

/// One broken thing is told once.
fn by_reason<'a>(changes: &[&'a TrialChange]) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for change in changes {
        let reason = match (&change.reason, change.new) {
            (Some(reason), _) => reason.as_str(),
            (None, Some(_)) => "",
            (None, None) => "the new stream was cut short before it",
        };
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, trials)) => trials.push(&change.trial),
            None => groups.push((reason, vec![&change.trial])),
        }
    }
    groups
}
