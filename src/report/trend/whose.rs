//! Whose a change is: the vendor's, if several targets show it at about the same time; the tenant's, if another target does not; or nobody can
//! tell.
//!
//! Owns that judgement over the runs of several targets. A change is another end of the same trial: it passes and did not, fails and did not,
//! or fails in another way. Runs that could not judge a trial neither show nor refute a change.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta};
use serde::Serialize;
use strum::IntoStaticStr;

use super::{APART, Point};
use crate::{
    event::Bearing,
    level::Level,
    report::{TrialReport, parity::places},
};

/// A vendor releases to all its cells within this time.
const WEEK: TimeDelta = TimeDelta::days(7);

/// Whose a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
pub enum Whose {
    /// Several targets show it within a week.
    #[strum(serialize = "the vendor's")]
    Vendor,
    /// Another target, before and after, does not.
    #[strum(serialize = "the tenant's")]
    Tenant,
    /// Neither, or the suite has changed in between.
    #[strum(serialize = "cannot tell")]
    Unknown,
}

impl Whose {
    /// The words in reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Trials that ended otherwise than before, in the same way on the same targets at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shift {
    /// Whose it is.
    pub whose: Whose,
    /// Where it was seen, the first target first.
    pub seen: Vec<Shown>,
    /// What was wrong before, in words that are the same in every run; nothing if all was well.
    pub before: Vec<String>,
    /// What is wrong since.
    pub since: Vec<String>,
    /// The trials that show it.
    pub trials: Vec<String>,
    /// Dated changes of the service about the same places, if their day lies in between.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<String>,
    #[serde(skip)]
    about: BTreeSet<(String, String)>,
}

/// A change on one target: between which two runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Shown {
    /// The target.
    pub target: String,
    /// When the last run before it began.
    pub before: String,
    /// When the first run with it began.
    pub since: String,
}

/// How a trial ended in a run that could judge it.
#[derive(Debug, Clone)]
struct Ended {
    at: usize,
    /// What was wrong; nothing if all was well.
    wrong: BTreeSet<String>,
    /// What that was about: operations and places.
    about: BTreeSet<(String, String)>,
}

/// How all trials ended in all runs.
#[derive(Debug, Default)]
pub(super) struct Ends(BTreeMap<String, Vec<Ended>>);

impl Ends {
    /// Takes a trial of the run at this place.
    pub(super) fn take(&mut self, at: usize, trial: &TrialReport, former: Option<String>) {
        let finished = &trial.finished;
        let mut ends = former.and_then(|id| self.0.remove(&id)).unwrap_or_default();
        let wrong = match finished.outcome.form().bearing {
            // Warnings have no signature: a trial that has drawn none of level `must` is known by what it departs from.
            Bearing::Passes => Some(finished.departed.iter().map(|id| format!("departs from {id}")).collect()),
            Bearing::Fails => Some(finished.signatures.iter().map(ToString::to_string).collect()),
            Bearing::Unjudged | Bearing::Inapplicable => None,
        };
        if let Some(wrong) = wrong {
            let steps = trial.last_failures();
            let counting = steps.flat_map(|step| step.findings.iter().map(|finding| (&step.call, finding)));
            let counting = counting.filter(|(_, finding)| finding.level > Level::Info);
            let about =
                counting.flat_map(|(call, finding)| places(finding).into_iter().map(|place| (call.clone(), place)));
            ends.push(Ended { at, wrong, about: about.collect() });
        }
        self.0.entry(finished.trial.clone()).or_default().extend(ends);
    }

    /// The changes, the latest first; none where all runs are of one target.
    pub(super) fn shifts(self, points: &[Point]) -> Vec<Shift> {
        let targets: BTreeSet<&str> = points.iter().map(|point| point.target.as_str()).collect();
        if targets.len() < 2 {
            return Vec::new();
        }
        let mut all: BTreeMap<_, Shift> = BTreeMap::new();
        for (trial, ends) in &self.0 {
            for shift in of_trial(ends, points) {
                let key = (shift.whose, shift.seen.clone(), shift.before.clone(), shift.since.clone());
                let known = all.entry(key).or_insert_with(|| shift.clone());
                known.trials.push(trial.clone());
                known.about.extend(shift.about);
            }
        }
        let mut all: Vec<Shift> = all.into_values().collect();
        let latest = |shift: &Shift| shift.seen.iter().map(|shown| shown.since.clone()).max();
        all.sort_by_key(|shift| (std::cmp::Reverse(latest(shift)), shift.whose));
        all
    }
}

impl Shift {
    /// Notes the changes of the service about the same places whose day lies between the runs.
    pub(super) fn date(&mut self, changes: &impl Fn(&str, &str) -> Vec<(NaiveDate, String)>) {
        let between = |day: NaiveDate| {
            self.seen.iter().any(|shown| {
                let days = [&shown.before, &shown.since].map(|time| time.get(..10).and_then(|day| day.parse().ok()));
                matches!(days, [Some(before), Some(since)] if before <= day && day <= since)
            })
        };
        let dated = self.about.iter().flat_map(|(call, place)| changes(call, place));
        let dated: BTreeSet<(NaiveDate, String)> = dated.filter(|(day, _)| between(*day)).collect();
        self.history = dated.into_iter().map(|(day, text)| format!("{day} {text}")).collect();
    }
}

/// A change on one target.
struct Change<'a> {
    target: &'a str,
    from: &'a Ended,
    to: &'a Ended,
}

fn of_trial(ends: &[Ended], points: &[Point]) -> Vec<Shift> {
    let mut by_target: BTreeMap<&str, Vec<&Ended>> = BTreeMap::new();
    // The embedded mock follows no release, so it shows nothing of one.
    for end in ends.iter().filter(|end| points[end.at].target != "mock") {
        by_target.entry(&points[end.at].target).or_default().push(end);
    }
    let pairs = by_target.iter().flat_map(|(target, ends)| ends.windows(2).map(|pair| (*target, pair[0], pair[1])));
    let changes: Vec<Change<'_>> = pairs
        .filter(|(_, from, to)| from.wrong != to.wrong)
        .map(|(target, from, to)| Change { target, from, to })
        .collect();
    let mut shifts: Vec<Shift> = Vec::new();
    let mut told = BTreeSet::new();
    for (index, change) in changes.iter().enumerate() {
        if told.contains(&index) {
            continue;
        }
        let same_suite = points[change.from.at].suite == points[change.to.at].suite;
        let alike = |(_, other): &(usize, &Change<'_>)| {
            same_suite
                && other.to.wrong == change.to.wrong
                && points[other.from.at].suite == points[other.to.at].suite
                && near(points, other.to.at, change.to.at)
        };
        let group: Vec<(usize, &Change<'_>)> = changes.iter().enumerate().skip(index).filter(alike).collect();
        let on: BTreeSet<&str> = group.iter().map(|(_, other)| other.target).collect();
        let (whose, of) = if on.len() > 1 {
            (Whose::Vendor, group)
        } else if same_suite
            && by_target.iter().any(|(target, ends)| *target != change.target && goes_on(ends, change, points))
        {
            (Whose::Tenant, vec![(index, change)])
        } else {
            (Whose::Unknown, vec![(index, change)])
        };
        told.extend(of.iter().map(|(index, _)| *index));
        shifts.push(shift(whose, &of, points));
    }
    shifts
}

fn shift(whose: Whose, changes: &[(usize, &Change<'_>)], points: &[Point]) -> Shift {
    let shown = |(_, change): &(usize, &Change<'_>)| Shown {
        target: change.target.to_owned(),
        before: points[change.from.at].started.clone(),
        since: points[change.to.at].started.clone(),
    };
    let words = |ended: &Ended| ended.wrong.iter().cloned().collect();
    let ends = changes.iter().flat_map(|(_, change)| [change.from, change.to]);
    Shift {
        whose,
        seen: changes.iter().map(shown).collect(),
        before: changes.first().map(|(_, change)| words(change.from)).unwrap_or_default(),
        since: changes.first().map(|(_, change)| words(change.to)).unwrap_or_default(),
        trials: Vec::new(),
        history: Vec::new(),
        about: ends.flat_map(|ended| ended.about.iter().cloned()).collect(),
    }
}

/// Whether another target had the trial end alike in comparable runs before and after the change. One that has come to where the change leads
/// in an earlier run shows nothing: a release may reach targets one after the other.
fn goes_on(ends: &[&Ended], change: &Change<'_>, points: &[Point]) -> bool {
    let suite = &points[change.to.at].suite;
    let comparable = |end: &&&Ended| points[end.at].suite == *suite;
    let (Some(from), Some(to)) = (time(points, change.from.at), time(points, change.to.at)) else { return false };
    let at = |end: &Ended| time(points, end.at);
    // Runs of one night are at the same time.
    let before = ends.iter().filter(comparable).rfind(|end| at(end).is_some_and(|time| time <= from + APART));
    let after =
        ends.iter().filter(comparable).find(|end| at(end).is_some_and(|time| time >= to - APART && time > from));
    let (Some(before), Some(after)) = (before, after) else { return false };
    let between = ends.iter().filter(|end| (before.at..=after.at).contains(&end.at));
    let steady = before.at != after.at && between.into_iter().all(|end| end.wrong == before.wrong);
    let came = ends.iter().any(|end| end.at < before.at && end.wrong != before.wrong);
    steady && (before.wrong != change.to.wrong || !came)
}

fn near(points: &[Point], a: usize, b: usize) -> bool {
    time(points, a).zip(time(points, b)).is_some_and(|(a, b)| (a - b).abs() <= WEEK)
}

fn time(points: &[Point], at: usize) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(&points[at].started).ok()
}
