//! What the target does not have: areas of the suite, and operations that answer nothing but that they are not there.

use std::collections::BTreeMap;

use super::{Common, first};
use crate::{
    event::{DocumentedOperation, Outcome},
    report::{Report, TrialReport},
};

/// Fewer red trials than this are shown one by one.
const FEWEST: usize = 3;

/// All that the target does not have.
pub(super) struct Absent<'a> {
    areas: BTreeMap<&'a str, Area<'a>>,
    /// Operations with the shortest path of one that is not there either and that theirs begins with.
    operations: BTreeMap<&'a str, &'a str>,
    /// The same with the area of the suite that they belong to.
    of_areas: BTreeMap<&'a str, &'a str>,
}

/// An area of the suite that the target does not have.
struct Area<'a> {
    /// The red trials that say so.
    trials: Vec<&'a TrialReport>,
    /// What the target answers there.
    statuses: Vec<u16>,
}

impl<'a> Absent<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let (areas, operations) = (areas(&report.trials), silent(report));
        let mut of_areas = BTreeMap::new();
        for (name, area) in &areas {
            let calls = area.trials.iter().filter_map(|trial| first(trial)).map(|failure| failure.call.as_str());
            of_areas.extend(calls.filter(|call| operations.contains_key(call)).map(|call| (call, *name)));
        }
        Self { areas, operations, of_areas }
    }

    /// What the target lacks, if that is behind a trial. What fails in another area for want of an operation has the same cause.
    pub(super) fn behind(&self, trial: &'a TrialReport) -> Option<Common<'a>> {
        let finished = &trial.finished;
        if !matches!(finished.outcome, Outcome::Failed | Outcome::Blocked) {
            return None;
        }
        let area = area(trial);
        if self.areas.contains_key(area) {
            return Some(Common::Area(area));
        }
        let call = first(trial)?.call.as_str();
        let area = self.of_areas.get(call).map(|area| Common::Area(area));
        area.or_else(|| self.operations.get(call).map(|path| Common::Path(path)))
    }

    /// What the target answers in an area.
    pub(super) fn statuses(&self, area: &str) -> &[u16] {
        self.areas.get(area).map_or(&[], |area| &area.statuses)
    }
}

fn area(trial: &TrialReport) -> &str {
    trial.finished.trial.split('/').next().unwrap_or_default()
}

/// The areas where every red trial ended at a 404, 405 or 501, and most trials are red.
fn areas(trials: &[TrialReport]) -> BTreeMap<&str, Area<'_>> {
    let mut all: BTreeMap<&str, Vec<&TrialReport>> = BTreeMap::new();
    for trial in trials {
        all.entry(area(trial)).or_default().push(trial);
    }
    all.into_iter().filter_map(|(name, trials)| Some((name, Area::of(&trials)?))).collect()
}

impl<'a> Area<'a> {
    fn of(trials: &[&'a TrialReport]) -> Option<Self> {
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
        Some(Self { trials: red, statuses })
    }
}

/// Operations that were to be there and answered nothing but 404, 405 or 501: what is below a resource that is not there is not there either.
fn silent(report: &Report) -> BTreeMap<&str, &str> {
    let silent: Vec<&DocumentedOperation> =
        report.operations().iter().filter(|operation| report.coverage.only_lacking(&operation.id)).collect();
    let root = |path: &str| {
        let above = |other: &str| path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let paths = silent.iter().map(|operation| operation.path.as_str());
        paths.filter(|other| above(other)).min_by_key(|path| path.len())
    };
    silent.iter().filter_map(|operation| Some((operation.id.as_str(), root(&operation.path)?))).collect()
}
