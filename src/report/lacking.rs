//! One missing resource is one finding: areas of the suite of which the target has nothing.

use std::collections::BTreeMap;

use super::{Report, TrialReport};
use crate::event::Outcome;

/// Fewer red trials than this are shown one by one.
const FEWEST: usize = 3;

/// An area of the suite that the target does not have.
#[derive(Debug)]
pub struct Lacking<'a> {
    /// The first component of the trials' IDs.
    pub area: &'a str,
    /// The red trials that say so.
    pub trials: Vec<&'a TrialReport>,
    /// What the target answers there.
    pub statuses: Vec<u16>,
}

impl Report {
    /// The areas where every red trial ended at a 404, 405 or 501, and most trials are red.
    pub fn lacking(&self) -> Vec<Lacking<'_>> {
        let mut areas: BTreeMap<&str, Vec<&TrialReport>> = BTreeMap::new();
        for trial in &self.trials {
            let area = trial.finished.trial.split('/').next().unwrap_or_default();
            areas.entry(area).or_default().push(trial);
        }
        areas.into_iter().filter_map(|(area, trials)| lacking(area, &trials)).collect()
    }
}

fn lacking<'a>(area: &'a str, trials: &[&'a TrialReport]) -> Option<Lacking<'a>> {
    let is = |trial: &TrialReport, outcomes: &[Outcome]| outcomes.contains(&trial.finished.outcome);
    let judged = trials.iter().filter(|trial| !is(trial, &[Outcome::NotApplicable, Outcome::NotRun])).count();
    let red: Vec<&TrialReport> =
        trials.iter().copied().filter(|trial| is(trial, &[Outcome::Failed, Outcome::Blocked])).collect();
    if red.len() < FEWEST || red.len() * 2 < judged {
        return None;
    }
    let mut statuses = Vec::new();
    for trial in &red {
        let status = trial.failures.iter().find_map(|failure| failure.exchange.as_ref())?.response.status;
        if !matches!(status, 404 | 405 | 501) {
            return None;
        }
        statuses.push(status);
    }
    statuses.sort_unstable();
    statuses.dedup();
    Some(Lacking { area, trials: red, statuses })
}
