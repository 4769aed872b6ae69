//! What a run says about the target, and the exit code that follows.

use serde::Serialize;
use strum::IntoStaticStr;

use super::{Course, Report, TrialReport};
use crate::event::{Bearing, Outcome, Stop, TrialFinished};

/// What a run says about the target: its words in reports, and its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "lowercase")]
pub enum Verdict {
    /// Every trial passed, or does not apply.
    Conformant = 0,
    /// The target departs from what it is held to.
    #[strum(serialize = "not conformant")]
    NotConformant = 1,
    /// Something kept the run from telling.
    #[strum(serialize = "could not be judged")]
    NotJudged = 2,
    /// The run ended before it began.
    #[strum(serialize = "did not begin")]
    NotBegun = 3,
    /// There was nothing to run.
    #[strum(serialize = "nothing ran")]
    NothingRan = 4,
    /// Somebody interrupted the run.
    Interrupted = 130,
    /// The run's process was told to end.
    Terminated = 143,
}

impl Verdict {
    /// The exit code, part of the public interface.
    pub fn exit_code(self) -> u8 {
        self as u8
    }

    /// The words in reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What turns a run red beside failures.
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
        let departs =
            |trial: &TrialReport| trial.finished.outcome.departs() || fail_on.in_trial(&trial.finished).is_some();
        let drifts = self.unexplained_drift().next().is_some() || !self.snapshots.is_empty();
        if self.trials.iter().any(departs) || (fail_on.drift && drifts) || course == Some(Course::Worse) {
            return Verdict::NotConformant;
        }
        let cut_short = self.footer.is_none()
            || !self.may_be_left.is_empty()
            || !self.missing().is_empty()
            || !self.not_begun.is_empty()
            || any(Bearing::Unjudged);
        // A target without credentials passes what needs none; that says nothing about the rest.
        let judged = any(Bearing::Passes) || any(Bearing::Fails);
        if cut_short || !judged || self.anonymous() || course == Some(Course::NothingInCommon) {
            Verdict::NotJudged
        } else {
            Verdict::Conformant
        }
    }

    /// Whether every trial that needs credentials had none.
    fn anonymous(&self) -> bool {
        let asks = |trial: &&TrialReport| !matches!(trial.finished.principal.as_str(), "anonymous" | "invalid-token");
        let mut asking = self.trials.iter().filter(asks).peekable();
        let some_do_not = self.trials.iter().any(|trial| !asks(&trial));
        asking.peek().is_some() && some_do_not && asking.all(|trial| trial.finished.outcome == Outcome::NotApplicable)
    }
}
