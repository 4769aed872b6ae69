//! The one line that sums a run up; enough for a chat message.

use std::fmt::Write as _;

use super::{
    FailOn, Report, Verdict,
    text::{counted, one_line},
};
use crate::event::{Outcome, SnapshotKind, Stop};

impl Report {
    /// The verdict with its numbers, in one line.
    pub fn sentence(&self, fail_on: FailOn) -> String {
        let verdict = self.verdict(fail_on);
        format!("{}{}", verdict.name(), self.numbers(verdict, fail_on))
    }

    /// The trials by outcome: `3 passed, 1 failed`.
    pub(super) fn counts(&self) -> String {
        let counts: Vec<String> = Outcome::ALL
            .iter()
            .copied()
            .filter(|outcome| self.count(*outcome) > 0)
            .map(|outcome| format!("{} {}", self.count(outcome), outcome.name()))
            .collect();
        if counts.is_empty() { "no trials".to_owned() } else { counts.join(", ") }
    }

    /// How many snapshots are not as accepted, by what is the matter.
    fn snapshot_counts(&self) -> String {
        let count = |kind| self.snapshots.iter().filter(|drift| drift.kind == kind).count();
        let counts = SnapshotKind::ALL.into_iter().map(|kind| (kind, count(kind))).filter(|(_, count)| *count > 0);
        counts.map(|(kind, count)| format!("{count} {}", kind.name())).collect::<Vec<_>>().join(", ")
    }

    /// What follows the verdict in the sentence.
    pub(super) fn numbers(&self, verdict: Verdict, fail_on: FailOn) -> String {
        let reasons = || self.not_begun.iter().map(|reason| one_line(first_line(reason.as_str()), 300));
        if verdict == Verdict::NotBegun {
            return format!(": {}", reasons().collect::<Vec<_>>().join("; "));
        }
        let to =
            self.header.as_ref().map_or_else(String::new, |header| format!(" to {}", one_line(&header.target, 80)));
        let requests = counted(self.requests(), "request");
        let causes = match self.counted_causes(fail_on) {
            0 => String::new(),
            causes => format!("; {}", counted(causes, "cause")),
        };
        let mut line = format!(": {}{causes}; {requests}{to} in {:.2} s", self.counts(), self.seconds());
        if self.warnings() > 0 {
            let _ = write!(line, "; {}", counted(self.warnings(), "warning"));
        }
        if self.notes > 0 {
            let _ = write!(line, "; {}", counted(self.notes, "note"));
        }
        let (reached, documented) = self.coverage.reached(self.operations());
        if documented > 0 {
            let _ = write!(line, "; coverage {reached} of {}", counted(documented, "status"));
        }
        let unexplained = self.unexplained_drift().count();
        let explained = self.drift.len() - unexplained;
        if !self.drift.is_empty() {
            let _ = write!(line, "; drift: {unexplained} new, {explained} explained");
        }
        if !self.snapshots.is_empty() {
            let _ = write!(line, "; snapshots: {}", self.snapshot_counts());
        }
        for (kind, leaks) in self.left() {
            let _ = write!(line, "; {} {}", leaks.len(), kind.name());
        }
        if self.rate_limited() > 0 {
            let _ = write!(line, "; {} of 429", counted(self.rate_limited(), "answer"));
        }
        if let Some(comparison) = &self.comparison {
            let _ = write!(line, "; since the baseline {}", comparison.sentence(fail_on));
        }
        if let Some(why) = self.stopped().and_then(why_stopped) {
            let _ = write!(line, "; stopped {why}");
        }
        for reason in reasons() {
            let _ = write!(line, "; a part did not begin: {reason}");
        }
        for missing in self.missing() {
            let _ = write!(line, "; {}", one_line(&missing, 200));
        }
        if verdict == Verdict::NotJudged && self.count(Outcome::NotApplicable) * 2 > self.trials.len() {
            line.push_str("; most trials do not apply: the target has no credentials for them");
        }
        line
    }
}

/// Of several lines, the first sums up.
fn first_line(text: &str) -> &str {
    text.trim_start().lines().next().unwrap_or_default()
}

/// Why a run ended early, where the verdict does not say it.
pub(super) fn why_stopped(stop: Stop) -> Option<&'static str> {
    match stop {
        Stop::Deadline => Some("at the deadline"),
        Stop::FailFast => Some("at the limit of failures"),
        Stop::Breaker => Some("because one trial after the other met nothing but trouble"),
        Stop::Preflight => Some("by the preflight"),
        Stop::Ledger => Some("because it could not write down what it makes"),
        Stop::Interrupt | Stop::Terminate => None,
    }
}
