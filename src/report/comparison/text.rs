//! A comparison as a person reads it: what got worse first, one line at the end that sums up.

use std::fmt::Write as _;

use super::{ChangeKind, Comparison, Course, Side, TrialChange};
use crate::report::{
    FailOn,
    text::{counted, on_one_line, printable},
};

/// More lines of one kind than a person reads.
const MOST: usize = 20;

/// More examples of one cause than a person reads.
const EXAMPLES: usize = 3;

impl Comparison {
    /// The text for people, without the line that sums up. Everything that is long is cut, unless `verbose`.
    pub fn text(&self, verbose: bool) -> String {
        let mut text = Text { out: String::new(), verbose };
        text.side("old", &self.old);
        text.side("new", &self.new);
        for note in &self.notes {
            text.line(&format!("note: {}", note.text));
        }
        text.causes(self);
        for kind in ChangeKind::ALL {
            text.kind(kind, &self.of_kind(kind).collect::<Vec<_>>());
        }
        text.lost_checks(self);
        text.drift(self);
        text.latency(self);
        printable(&text.out)
    }

    /// One line that is enough for a message to others.
    pub fn sentence(&self, fail_on: FailOn) -> String {
        let course = self.course(fail_on);
        let mut parts: Vec<String> = ChangeKind::ALL
            .into_iter()
            .map(|kind| (kind, self.of_kind(kind).count()))
            .filter(|(_, count)| *count > 0)
            .map(|(kind, count)| format!("{count} {}", kind.name()))
            .collect();
        if course != Course::NothingInCommon {
            parts.push(format!("{} unchanged", self.unchanged));
        }
        let mut line = format!("{}: {}", course.name(), parts.join(", "));
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

struct Text {
    out: String,
    verbose: bool,
}

impl Text {
    fn line(&mut self, line: &str) {
        // What comes from a target has no say in where a line begins.
        let text = line.trim_start_matches('\n');
        let _ = writeln!(self.out, "{}{}", &line[..line.len() - text.len()], on_one_line(text));
    }

    fn side(&mut self, name: &str, side: &Side) {
        let counts: Vec<String> = side.trials.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        let counts = if counts.is_empty() { "no trials".to_owned() } else { counts.join(", ") };
        let line = format!(
            "{name}: run {} of {} against {}: {counts}",
            side.runs.join(" + "),
            side.started.as_deref().unwrap_or("an unknown time"),
            side.target.as_deref().unwrap_or("nothing")
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

    fn causes(&mut self, comparison: &Comparison) {
        if comparison.causes.is_empty() {
            return;
        }
        self.line(&format!("\nwhat is wrong now and was not: {}", counted(comparison.causes.len(), "cause")));
        self.some(&comparison.causes, MOST, |text, cause| {
            text.line(&format!("  {} ({})", cause.title, counted(cause.trials.len(), "trial")));
            for beside in cause.beside.iter().take(EXAMPLES) {
                text.line(&format!("    and with it {beside}"));
            }
            for requirement in cause.requirements.iter().take(EXAMPLES) {
                text.line(&format!("    requirement {}: {}", requirement.id, requirement.text));
            }
        });
    }

    fn kind(&mut self, kind: ChangeKind, changes: &[&TrialChange]) {
        if changes.is_empty() {
            return;
        }
        self.line(&format!("\n{}: {}", kind.name(), counted(changes.len(), "trial")));
        if kind == ChangeKind::NotChosen && !self.verbose {
            return;
        }
        if matches!(kind, ChangeKind::Unjudged | ChangeKind::NoLongerApplicable | ChangeKind::Judged) {
            return self.by_reason(changes);
        }
        self.some(changes, MOST, |text, change| text.change(kind, change));
    }

    fn change(&mut self, kind: ChangeKind, change: &TrialChange) {
        let formerly = change.formerly.as_ref().map(|id| format!(", formerly {id}")).unwrap_or_default();
        let outcomes = match (change.old, change.new) {
            (Some(old), Some(new)) => format!("{} → {}", old.name(), new.name()),
            (old, new) => old.or(new).map_or("", |outcome| outcome.name()).to_owned(),
        };
        self.line(&format!("  {} ({outcomes}{formerly})", change.trial));
        if kind == ChangeKind::ChangedFailure {
            for (word, list) in [("appeared", &change.appeared), ("went", &change.went)] {
                for signature in list {
                    self.line(&format!("    {word}: {signature}"));
                }
            }
        }
    }

    /// One broken thing is told once.
    fn by_reason(&mut self, changes: &[&TrialChange]) {
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
        self.some(&groups, MOST, |text, (reason, trials)| {
            text.line(&format!("  {}", if reason.is_empty() { "passes now" } else { reason }));
            text.some(trials, EXAMPLES, |text, trial| text.line(&format!("    {trial}")));
        });
    }

    fn lost_checks(&mut self, comparison: &Comparison) {
        if comparison.lost_checks.is_empty() {
            return;
        }
        self.line("\nno longer checked, although the trials pass");
        self.some(&comparison.lost_checks, MOST, |text, lost| {
            let call = if lost.call.is_empty() { String::new() } else { format!("{}: ", lost.call) };
            text.line(&format!("  {call}{} ({})", lost.check, counted(lost.trials.len(), "trial")));
            text.some(&lost.trials, EXAMPLES, |text, trial| text.line(&format!("    {trial}")));
        });
    }

    fn drift(&mut self, comparison: &Comparison) {
        if comparison.drift.is_empty() {
            return;
        }
        self.line("\ndrift");
        self.some(&comparison.drift, MOST, |text, drift| {
            let word = if drift.appeared { "appeared" } else { "went" };
            let known = drift.explained.as_ref().map(|id| format!(" (explained by {id})")).unwrap_or_default();
            text.line(&format!("  {word}: {} {} = {}{known}", drift.call, drift.pointer, drift.value));
        });
    }

    fn latency(&mut self, comparison: &Comparison) {
        if comparison.latency.is_empty() {
            return;
        }
        self.line("\nlatency, by median");
        self.some(&comparison.latency, MOST, |text, change| {
            let word = if change.is_slower() { "slower" } else { "faster" };
            let (old, new) = change.answers;
            text.line(&format!(
                "  {word}: {} {}: {:.0} ms → {:.0} ms ({old} and {new} answers)",
                change.call, change.status, change.old_ms, change.new_ms
            ));
        });
    }
}
