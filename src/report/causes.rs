//! What is wrong in a run, by cause: one missing resource or one broken thing is one cause, not sixty.

use super::{FailOn, Lacking, Report, TrialReport};
use crate::event::Outcome;

/// All that keeps a run from being conformant, each trial once.
#[derive(Debug)]
pub struct Causes<'a> {
    /// Trials that turn the run red, in the order of their IDs, without those of the areas below.
    pub red: Vec<&'a TrialReport>,
    /// Areas of the suite that the target does not have.
    pub lacking: Vec<Lacking<'a>>,
    /// Trials that could not be judged, by why.
    pub unjudged: Vec<Unjudged<'a>>,
}

/// Trials that could not be judged for one reason.
#[derive(Debug)]
pub struct Unjudged<'a> {
    /// Blocked, errored or not run.
    pub outcome: Outcome,
    /// Why, in a sentence.
    pub reason: &'a str,
    /// In the order of their IDs.
    pub trials: Vec<&'a TrialReport>,
}

impl Report {
    /// What is wrong, by cause.
    pub fn causes(&self, fail_on: FailOn) -> Causes<'_> {
        let lacking = self.lacking();
        let mut causes = Causes { red: Vec::new(), lacking, unjudged: Vec::new() };
        for trial in self.sorted() {
            let outcome = trial.finished.outcome;
            let of = |lacking: &Lacking<'_>| lacking.trials.iter().any(|other| std::ptr::eq(*other, trial));
            if causes.lacking.iter().any(of) {
                continue;
            }
            if outcome.departs() || fail_on.in_trial(&trial.finished).is_some() {
                causes.red.push(trial);
            } else if outcome.is_unjudged() || outcome == Outcome::NotRun {
                let reason = trial.reason();
                match causes.unjudged.iter_mut().find(|group| (group.outcome, group.reason) == (outcome, reason)) {
                    Some(group) => group.trials.push(trial),
                    None => causes.unjudged.push(Unjudged { outcome, reason, trials: vec![trial] }),
                }
            }
        }
        causes
    }
}

impl Lacking<'_> {
    /// The cause in a sentence.
    pub fn sentence(&self) -> String {
        let statuses: Vec<String> = self.statuses.iter().map(u16::to_string).collect();
        format!("the target has none of `{}`: {} trials ended at {}", self.area, self.trials.len(), statuses.join(", "))
    }
}
