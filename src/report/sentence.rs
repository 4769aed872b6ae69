//! The one line that sums a run up; enough for a chat message.

use super::{
    FailOn, Report, Verdict,
    text::{counted, joined, one_line},
};
use crate::event::{Outcome, SnapshotKind, Stop};

impl Report {
    /// The verdict with its numbers, in one line.
    pub fn sentence(&self, fail_on: FailOn) -> String {
        let verdict = self.verdict(fail_on);
        format!("{}{}", verdict.name(), self.numbers(verdict, fail_on))
    }

    /// How many snapshots are not as accepted, by what is the matter.
    fn snapshot_counts(&self) -> String {
        let count = |kind| self.snapshots.iter().filter(|drift| drift.kind == kind).count();
        let counts = SnapshotKind::ALL.into_iter().map(|kind| (kind, count(kind))).filter(|(_, count)| *count > 0);
        joined(counts.map(|(kind, count)| format!("{count} {}", kind.name())), ", ")
    }

    /// What follows the verdict in the sentence.
    pub(super) fn numbers(&self, verdict: Verdict, fail_on: FailOn) -> String {
        // Of several lines, the first sums up.
        let first_line = |text: &str| one_line(text.trim_start().lines().next().unwrap_or_default(), 300);
        let reasons = self.not_begun.iter().map(|reason| first_line(reason.as_str()));
        if verdict == Verdict::NotBegun {
            return format!(": {}", joined(reasons, "; "));
        }
        let some = |count: usize, noun: &str| (count > 0).then(|| counted(count, noun));
        let target =
            self.header.as_ref().map_or_else(String::new, |header| format!(" to {}", one_line(&header.target, 80)));
        let requests = format!("{}{target} in {:.2} s", counted(self.requests(), "request"), self.seconds());
        let (reached, documented) = self.coverage.reached(self.operations());
        let unexplained = self.unexplained_drift().count();
        let most_idle = self.count(Outcome::NotApplicable) * 2 > self.trials.len();
        let parts = [
            Some(in_words(self.outcomes().map(|(outcome, count)| (outcome.name(), count)))),
            some(self.counted_causes(fail_on), "cause"),
            Some(requests),
            some(self.warnings(), "warning"),
            some(self.notes, "note"),
            (documented > 0).then(|| format!("coverage {reached} of {}", counted(documented, "status"))),
            (!self.drift.is_empty())
                .then(|| format!("drift: {unexplained} new, {} explained", self.drift.len() - unexplained)),
            (!self.snapshots.is_empty()).then(|| format!("snapshots: {}", self.snapshot_counts())),
        ];
        let left = self.left().map(|(kind, leaks)| format!("{} {}", leaks.len(), kind.name()));
        let behind = [
            some(self.rate_limited(), "answer").map(|answers| format!("{answers} of 429")),
            self.comparison.as_ref().map(|since| format!("since the baseline {}", since.sentence(fail_on))),
            self.stopped().and_then(why_stopped).map(|why| format!("stopped {why}")),
        ];
        let parts = parts.into_iter().flatten().chain(left).chain(behind.into_iter().flatten());
        let parts = parts.chain(reasons.map(|reason| format!("a part did not begin: {reason}")));
        let parts = parts.chain(self.missing().into_iter().map(|missing| one_line(&missing, 200)));
        let idle = (verdict == Verdict::NotJudged && most_idle)
            .then(|| "most trials do not apply: the target has no credentials for them".to_owned());
        format!(": {}", joined(parts.chain(idle), "; "))
    }
}

/// Trials by outcome: `3 passed, 1 failed`.
pub(super) fn in_words<'a>(outcomes: impl Iterator<Item = (&'a str, usize)>) -> String {
    let words = joined(outcomes.map(|(outcome, count)| format!("{count} {outcome}")), ", ");
    if words.is_empty() { "no trials".to_owned() } else { words }
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
