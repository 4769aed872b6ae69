//! What a run says about the target, the exit code that follows, and the one line that sums the run up; enough for a chat message.

use serde::Serialize;
use strum::IntoStaticStr;

use super::{
    Course, Report, TrialReport,
    text::{counted, joined, one_line},
};
use crate::event::{Bearing, Outcome, SnapshotKind, Stop, TrialFinished};

/// What a run says about the target: its words in reports, and its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "lowercase")]
pub enum Verdict {
    /// Every trial passed, or does not apply.
    Conformant,
    /// The target departs from what it is held to.
    #[strum(serialize = "not conformant")]
    NotConformant,
    /// Gated by the baseline: nothing is worse than in it, whatever is red.
    #[strum(serialize = "no worse than the baseline")]
    NoWorse,
    /// Gated by the baseline: something is worse than in it.
    #[strum(serialize = "worse than the baseline")]
    Worse,
    /// Something kept the run from telling.
    #[strum(serialize = "could not be judged")]
    NotJudged,
    /// The run ended before it began.
    #[strum(serialize = "did not begin")]
    NotBegun,
    /// There was nothing to run.
    #[strum(serialize = "nothing ran")]
    NothingRan,
    /// Somebody interrupted the run.
    Interrupted,
    /// The run's process was told to end.
    Terminated,
}

impl Verdict {
    /// The exit code, part of the public interface.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Conformant | Self::NoWorse => 0,
            Self::NotConformant | Self::Worse => 1,
            Self::NotJudged => 2,
            Self::NotBegun => 3,
            Self::NothingRan => 4,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// Whether the run is green.
    pub(super) fn is_green(self) -> bool {
        self.exit_code() == 0
    }

    /// The words in reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What a run must be to be green.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gate {
    /// Conformant.
    #[default]
    Conformant,
    /// No worse than the run that it is compared with. Each trial keeps its outcome.
    Baseline,
}

/// What the verdict depends on: the gate, and what turns the run red beside failures.
#[expect(clippy::struct_excessive_bools, reason = "flags of the command line that do not depend on each other")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FailOn {
    /// Drift that no requirement explains.
    pub drift: bool,
    /// Trials that passed on a retry.
    pub flaky: bool,
    /// False checks of level `should`.
    pub warning: bool,
    /// Operations that take longer than in the run that this one is compared with.
    pub latency: bool,
    /// What the run must be.
    pub gate: Gate,
}

impl FailOn {
    /// What turns the run red in a trial whose outcome does not.
    pub fn in_trial(self, finished: &TrialFinished) -> Option<&'static str> {
        if self.flaky && finished.outcome == Outcome::Flaky {
            return Some("flaky");
        }
        (self.warning && finished.warnings > 0 && !finished.outcome.departs()).then_some("warning")
    }
}

impl Report {
    /// What the run says. A failure that was seen outweighs what could not be judged.
    pub fn verdict(&self, fail_on: FailOn) -> Verdict {
        match self.stopped() {
            Some(Stop::Interrupt) => return Verdict::Interrupted,
            Some(Stop::Terminate) => return Verdict::Terminated,
            Some(Stop::Deadline | Stop::FailFast | Stop::Breaker | Stop::Preflight | Stop::Ledger) | None => {}
        }
        if self.trials.is_empty() {
            return if self.not_begun.is_empty() { Verdict::NothingRan } else { Verdict::NotBegun };
        }
        let any = |bearing| self.trials.iter().any(|trial| trial.finished.outcome.form().bearing == bearing);
        let course = self.comparison.as_ref().map(|comparison| comparison.course(fail_on));
        let (green, red) = match fail_on.gate {
            Gate::Conformant => (Verdict::Conformant, Verdict::NotConformant),
            Gate::Baseline => (Verdict::NoWorse, Verdict::Worse),
        };
        if course == Some(Course::Worse) || (fail_on.gate == Gate::Conformant && self.departs(fail_on)) {
            return red;
        }
        // What may be left is news only beyond what the baseline may have left.
        let left_before = self.comparison.as_ref().filter(|_| fail_on.gate == Gate::Baseline);
        let cut_short = self.footer.is_none()
            || self.may_be_left.len() > left_before.map_or(0, |comparison| comparison.old.may_be_left)
            || !self.missing().is_empty()
            || !self.not_begun.is_empty()
            || (fail_on.gate == Gate::Conformant && any(Bearing::Unjudged));
        // A target without credentials passes what needs none; that says nothing about the rest.
        let judged = any(Bearing::Passes) || any(Bearing::Fails);
        if cut_short || !judged || self.anonymous() || course == Some(Course::NothingInCommon) {
            Verdict::NotJudged
        } else {
            green
        }
    }

    /// Whether the target departs from what it is held to, whatever was seen before.
    fn departs(&self, fail_on: FailOn) -> bool {
        let departs =
            |trial: &TrialReport| trial.finished.outcome.departs() || fail_on.in_trial(&trial.finished).is_some();
        let drifts = self.unexplained_drift().next().is_some() || !self.snapshots.is_empty();
        let no_parity = self.parity.as_ref().is_some_and(|parity| !parity.is_whole());
        self.trials.iter().any(departs) || (fail_on.drift && drifts) || self.stale().next().is_some() || no_parity
    }

    /// Whether every trial that needs credentials had none.
    fn anonymous(&self) -> bool {
        let asks = |trial: &&TrialReport| !matches!(trial.finished.principal.as_str(), "anonymous" | "invalid-token");
        let mut asking = self.trials.iter().filter(asks).peekable();
        let some_do_not = self.trials.iter().any(|trial| !asks(&trial));
        asking.peek().is_some() && some_do_not && asking.all(|trial| trial.finished.outcome == Outcome::NotApplicable)
    }

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
            some(self.stale().count(), "stale known failure"),
            (!self.snapshots.is_empty()).then(|| format!("snapshots: {}", self.snapshot_counts())),
        ];
        let left = self.left().map(|(kind, leaks)| format!("{} {}", leaks.len(), kind.name()));
        let behind = [
            some(self.rate_limited(), "answer").map(|answers| format!("{answers} of 429")),
            self.parity.as_ref().map(|parity| parity.sentence()),
            self.comparison.as_ref().map(|since| format!("since the baseline {}", since.sentence(fail_on))),
            self.stopped().and_then(why_stopped).map(|why| format!("stopped {why}")),
        ];
        let parts = parts.into_iter().flatten().chain(left).chain(behind.into_iter().flatten());
        let parts = parts.chain(reasons.map(|reason| format!("a part did not begin: {reason}")));
        let parts = parts.chain(self.missing().into_iter().map(|missing| one_line(&missing, 200)));
        let lacking = self.inapplicable();
        let idle = lacking.first().filter(|_| verdict == Verdict::NotJudged && most_idle);
        let idle = idle.map(|(reason, count)| format!("most trials do not apply: {count} as {reason}"));
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
        Stop::Breaker => Some("because trial after trial met nothing but trouble"),
        Stop::Preflight => Some("by the preflight"),
        Stop::Ledger => Some("because its ledger could not be written"),
        Stop::Interrupt | Stop::Terminate => None,
    }
}
