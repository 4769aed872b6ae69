//! A cause as scripts read it: of a run, and of two that are compared.

use serde::Serialize;

use super::Cause;
use crate::{
    event::{Outcome, Place, RequirementText},
    finding::{Actual, CheckKind, Expected},
};

/// A cause without what it was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseSummary {
    /// What it is, in a line.
    pub title: String,
    /// What it means for the run.
    pub standing: &'static str,
    /// The outcome that weighs most among its trials.
    pub outcome: Outcome,
    /// What was checked; none where no single check is behind it, as all up to the place.
    pub check: Option<CheckKind>,
    /// Where in the body, a JSON Pointer with `*` for every index; empty where it is about no place in it.
    pub pointer: String,
    /// The operations that were called.
    pub calls: Vec<String>,
    /// What was expected, where it was met first.
    pub expected: Option<Expected>,
    /// What there was.
    pub actual: Option<Actual>,
    /// What the target is held to there.
    pub requirements: Vec<RequirementText>,
    /// Where the expectation stands.
    pub place: Option<Place>,
    /// The trials that it accounts for.
    pub trials: Vec<String>,
    /// Other checks that were false beside it and that no trial needs as its cause.
    pub beside: Vec<String>,
}

impl Cause<'_> {
    /// The cause by itself.
    pub fn summary(&self) -> CauseSummary {
        let check = self.check();
        let example = check.map(|check| check.example);
        CauseSummary {
            title: self.title(),
            standing: self.standing.name(),
            outcome: self.outcome,
            check: example.map(|example| example.check.clone()),
            pointer: check.map(|check| check.pointer.clone()).unwrap_or_default(),
            calls: check.map_or(&[][..], |check| &check.calls).iter().map(|call| (*call).to_owned()).collect(),
            expected: example.map(|example| example.expected.clone()),
            actual: example.map(|example| example.actual.clone()),
            requirements: example.map(|example| example.requirements.clone()).unwrap_or_default(),
            place: example.and_then(|example| example.place.clone()),
            trials: self.trials.iter().map(|trial| trial.finished.trial.clone()).collect(),
            beside: check.map(|check| check.beside.clone()).unwrap_or_default(),
        }
    }
}
