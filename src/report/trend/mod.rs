//! Many runs in the order of time: how trials ended and how long answers took.
//!
//! Owns [`Trend`], a plain value. Each run is folded into a [`Point`] and let go, so that a year of nights fits into memory.

mod text;
mod whose;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta};
use serde::Serialize;

use self::whose::Ends;
pub use self::whose::{Shift, Shown, Whose};
use super::{FailOn, Report, Verdict, latency::median, latency::quantile, text::pretty};
use crate::event::{Bearing, Outcome, RunStarted, Shard};

/// Parts of one run begin within this time; a run a night is further apart.
const APART: TimeDelta = TimeDelta::hours(12);

/// Runs in the order of time.
#[derive(Debug, Default, Serialize)]
pub struct Trend {
    version: u32,
    /// The runs.
    pub points: Vec<Point>,
    /// Trials that did not always end alike, or that do not pass; those that do not pass now first, then by when they changed last.
    pub trials: Vec<TrialCourse>,
    /// What changed between runs, and whose change it is, where the runs are of several targets; the latest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shifts: Vec<Shift>,
    /// Operations with the medians of their answers; the one with the slowest answers in the last run first.
    pub operations: Vec<OperationCourse>,
    #[serde(skip)]
    ends: BTreeMap<String, Vec<Option<Outcome>>>,
    #[serde(skip)]
    judged: Ends,
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// The names of the run, one a part.
    pub runs: Vec<String>,
    /// When it began; RFC 3339, UTC.
    pub started: String,
    /// The target's name.
    pub target: String,
    /// Tells suites apart.
    pub suite: String,
    /// Whether every part came to its end.
    pub complete: bool,
    /// What it said of the target.
    pub verdict: Verdict,
    /// Trials by outcome.
    pub trials: BTreeMap<&'static str, usize>,
    /// How many causes kept it from being conformant.
    pub causes: usize,
    /// Requests sent.
    pub requests: usize,
    /// The time that it took, in seconds.
    pub duration_s: f64,
    /// Kinds of drift that no requirement explains.
    pub new_drift: usize,
    /// Resources left behind.
    pub leaked: usize,
    /// Half of the answers took no longer, in milliseconds.
    pub median_ms: f64,
    /// Nineteen of twenty answers took no longer.
    pub p95_ms: f64,
}

/// How a trial ended in each run.
#[derive(Debug, Clone, Serialize)]
pub struct TrialCourse {
    /// Its ID.
    pub trial: String,
    /// One a run; nothing where the run did not have it.
    pub outcomes: Vec<Option<Outcome>>,
    /// How often it ended otherwise than the time before; runs that could not judge it do not count.
    pub changes: usize,
    /// The run in which it last did, by its place; nothing if it never did.
    pub changed_at: Option<usize>,
}

/// How long the answers of an operation took in each run.
#[derive(Debug, Clone, Serialize)]
pub struct OperationCourse {
    /// The operation, or method and path.
    pub call: String,
    /// The medians in milliseconds, one a run; nothing where it did not answer.
    pub medians_ms: Vec<Option<f64>>,
}

/// The streams that make up one run.
#[derive(Debug)]
pub struct Streams<P> {
    head: RunStarted,
    shards: BTreeSet<Shard>,
    /// What was given with each header.
    pub parts: Vec<P>,
}

/// Puts the parts of runs together, and runs in the order of time.
pub fn grouped<P>(mut streams: Vec<(RunStarted, P)>) -> Vec<Streams<P>> {
    streams.sort_by(|(a, _), (b, _)| (&a.started, &a.run).cmp(&(&b.started, &b.run)));
    let mut groups: Vec<Streams<P>> = Vec::new();
    for (head, part) in streams {
        let group = groups.iter_mut().rev().find(|group| group.awaits(&head));
        let shard = head.shard;
        match (group, shard) {
            (Some(group), Some(shard)) => {
                group.shards.insert(shard);
                group.parts.push(part);
            }
            (_, shard) => groups.push(Streams { head, shards: shard.into_iter().collect(), parts: vec![part] }),
        }
    }
    groups
}

impl<P> Streams<P> {
    /// Whether a stream is a part of this run that is not there yet.
    fn awaits(&self, head: &RunStarted) -> bool {
        let (Some(ours), Some(theirs)) = (self.head.shard, head.shard) else { return false };
        let time = |head: &RunStarted| DateTime::parse_from_rfc3339(&head.started).ok();
        let near = time(&self.head).zip(time(head)).is_some_and(|(first, later)| later - first < APART);
        let same = |head: &RunStarted| (head.target.clone(), head.suite.clone(), head.selection.clone());
        ours.of == theirs.of && same(&self.head) == same(head) && near && !self.shards.contains(&theirs)
    }
}

impl Trend {
    /// Takes the next run.
    pub fn take(&mut self, report: &Report) {
        let Some(header) = &report.header else { return };
        let at = self.points.len();
        let all: Vec<f64> = report.latencies.all().flat_map(|(_, _, times)| times.iter().copied()).collect();
        self.points.push(Point {
            runs: report.runs(),
            started: header.started.clone(),
            target: header.target.clone(),
            suite: header.suite.clone(),
            complete: report.is_complete(),
            verdict: report.verdict(FailOn::default()),
            trials: report.outcomes().map(|(outcome, count)| (outcome.name(), count)).collect(),
            causes: report.counted_causes(FailOn::default()),
            requests: report.requests(),
            duration_s: report.seconds(),
            new_drift: report.unexplained_drift().count(),
            leaked: report.leaks.len(),
            median_ms: rounded(median(&all)),
            p95_ms: rounded(quantile(&all, 0.95)),
        });
        for trial in &report.trials {
            let finished = &trial.finished;
            // A case that was renamed goes on under its new ID.
            let former =
                super::former_ids(&finished.trial, &finished.aliases).find_map(|id| self.ends.remove_entry(&id));
            let (former_id, former) = former.unzip();
            self.judged.take(at, trial, former_id);
            let ends = match former {
                Some(former) => self.ends.entry(finished.trial.clone()).or_insert(former),
                None => self.ends.entry(finished.trial.clone()).or_default(),
            };
            ends.resize(at, None);
            ends.push(Some(finished.outcome));
        }
        for (call, times) in report.latencies.by_call() {
            let known = self.operations.iter().position(|operation| operation.call == call);
            let index = known.unwrap_or_else(|| {
                self.operations.push(OperationCourse { call: call.to_owned(), medians_ms: Vec::new() });
                self.operations.len() - 1
            });
            let course = &mut self.operations[index].medians_ms;
            course.resize(at, None);
            course.push(Some(rounded(median(&times))));
        }
    }

    /// The whole, now that every run was taken; `changes` tells which dated changes of the service are at a place in answers to an operation.
    #[must_use]
    pub fn finish(mut self, changes: impl Fn(&str, &str) -> Vec<(NaiveDate, String)>) -> Self {
        let count = self.points.len();
        self.version = 1;
        self.shifts = std::mem::take(&mut self.judged).shifts(&self.points);
        self.shifts.iter_mut().for_each(|shift| shift.date(&changes));
        let ends = std::mem::take(&mut self.ends).into_iter();
        self.trials = ends
            .filter_map(|(trial, mut outcomes)| {
                outcomes.resize(count, None);
                TrialCourse::of(trial, outcomes)
            })
            .collect();
        // What does not pass now, then what changed last; the rest by ID.
        self.trials.sort_by_key(|course| (course.passes_now(), std::cmp::Reverse(course.changed_at)));
        for operation in &mut self.operations {
            operation.medians_ms.resize(count, None);
        }
        let last = |operation: &OperationCourse| operation.medians_ms.last().copied().flatten().unwrap_or_default();
        self.operations.sort_by(|a, b| last(b).total_cmp(&last(a)).then_with(|| a.call.cmp(&b.call)));
        self
    }

    /// The trend as one JSON object (`schemas/harness/trend.schema.json`).
    ///
    /// # Errors
    /// None that is known; what a serialiser may say.
    pub fn json(&self) -> serde_json::Result<String> {
        pretty(self)
    }
}

impl TrialCourse {
    /// The course of a trial, if there is something to tell of it.
    fn of(trial: String, outcomes: Vec<Option<Outcome>>) -> Option<Self> {
        // A night on which nothing could be learnt changes nothing.
        let judged = |outcome: &Outcome| outcome.form().bearing != Bearing::Unjudged;
        let ends: Vec<(usize, Outcome)> =
            outcomes.iter().enumerate().filter_map(|(at, outcome)| Some((at, (*outcome).filter(judged)?))).collect();
        let changed: Vec<usize> = ends.windows(2).filter(|pair| pair[0].1 != pair[1].1).map(|pair| pair[1].0).collect();
        let course = Self { trial, changes: changed.len(), changed_at: changed.last().copied(), outcomes };
        let calm = matches!(course.now(), None | Some(Outcome::Passed | Outcome::Warned | Outcome::NotApplicable));
        (course.changes > 0 || !calm).then_some(course)
    }

    /// How it ended in the last run that had it.
    pub(super) fn now(&self) -> Option<Outcome> {
        self.outcomes.iter().rev().find_map(|outcome| *outcome)
    }

    /// Whether it passes, or does not apply, in the last run that had it.
    fn passes_now(&self) -> bool {
        let fine = [Outcome::Passed, Outcome::Warned, Outcome::NotApplicable, Outcome::KnownFailure];
        self.now().is_none_or(|outcome| fine.contains(&outcome))
    }
}

impl OperationCourse {
    /// The least and the greatest of the medians, and the latest.
    pub(super) fn range(&self) -> (f64, f64, f64) {
        let known = || self.medians_ms.iter().filter_map(|median| *median);
        let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(0.0, f64::max));
        (least, most, known().next_back().unwrap_or_default())
    }
}

/// The day on which a run began.
pub(super) fn day(started: &str) -> &str {
    started.get(..10).unwrap_or(started)
}

/// To hundredths.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(run: &str, started: &str, shard: Option<(u64, u64)>) -> (RunStarted, String) {
        let header = serde_json::json!({
            "version": 1, "run": run, "program": "0", "suite": "s", "target": "t", "origin": "o", "started": started, "jobs": 1, "trials": 0,
            "principals": [], "capabilities": [], "operations": [], "shard": shard.map(|(index, of)| serde_json::json!({ "index": index, "of": of })),
        });
        (serde_json::from_value(header).expect("a header"), run.to_owned())
    }

    fn groups(streams: Vec<(RunStarted, String)>) -> Vec<String> {
        grouped(streams).iter().map(|group| group.parts.concat()).collect()
    }

    #[test]
    fn parts_of_a_night_are_one_run() {
        let night = |day: u32, run: &str, shard| head(run, &format!("2026-11-{day:02}T02:00:00.000Z"), shard);
        let all = vec![
            night(2, "d", Some((1, 2))),
            night(1, "b", Some((2, 2))),
            night(2, "e", Some((2, 2))),
            night(1, "a", Some((1, 2))),
            night(3, "f", None),
            night(3, "g", None),
        ];
        assert_eq!(groups(all), ["ab", "de", "f", "g"]);
        // A machine died: the part of the next night is not the missing one.
        let lame = vec![night(1, "b", Some((2, 3))), night(1, "c", Some((3, 3))), night(2, "d", Some((1, 3)))];
        assert_eq!(groups(lame), ["bc", "d"]);
        assert_eq!(groups(vec![night(1, "a", Some((1, 2))), night(1, "b", Some((2, 3)))]), ["a", "b"]);
        assert_eq!(groups(vec![night(1, "a", Some((1, 2))), night(1, "b", Some((1, 2)))]), ["a", "b"]);
    }
}
