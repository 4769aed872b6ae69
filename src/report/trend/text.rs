//! A trend as a person reads it in a terminal: a line a run, a character a run for each trial that is not always alike, a bar a run for
//! each operation.

use std::fmt::Write as _;

use super::{OperationCourse, Point, Trend, TrialCourse};
use crate::{
    event::Outcome,
    report::text::{counted, printable},
};

/// More trials, or operations, than a person reads.
const MOST: usize = 20;

/// More runs than fit on a line beside an ID; the latest are shown.
const MOST_RUNS: usize = 90;

/// From the least value of a course to its greatest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Trend {
    /// The text for people. Everything that is long is cut, unless `verbose`.
    pub fn text(&self, verbose: bool) -> String {
        let mut out = String::new();
        let several = self.points.iter().any(|point| point.target != self.points[0].target);
        let target = if several { "target" } else { "" };
        let _ = writeln!(
            out,
            "{:<20} {:<8} {:>6} {:>6} {:>6} {:>5} {:>6} {:>5} {:>8} {:>8} {:>8}  {:<19} {target}",
            "started",
            "run",
            "passed",
            "failed",
            "others",
            "n/a",
            "causes",
            "drift",
            "requests",
            "median",
            "p95",
            "verdict"
        );
        for point in &self.points {
            let _ = writeln!(out, "{}", line(point, several).trim_end());
        }
        self.trials_text(&mut out, verbose);
        self.operations_text(&mut out, verbose);
        let _ = writeln!(out, "\n{}", self.sentence());
        printable(&out)
    }

    /// One line that is enough for a message to others.
    pub fn sentence(&self) -> String {
        let [.., last] = self.points.as_slice() else { return "no runs".to_owned() };
        let red = self.trials.iter().filter(|course| !course.passes_now()).count();
        let streak = self.points.iter().rev().take_while(|point| point.verdict == last.verdict).count();
        format!(
            "{} from {} to {}: {} {}; {} pass now, {} not; {} changed in between",
            counted(self.points.len(), "run"),
            day(&self.points[0].started),
            day(&last.started),
            last.verdict,
            if streak == 1 { "in the last run".to_owned() } else { format!("in the last {streak} runs") },
            last.trials.get(Outcome::Passed.name()).copied().unwrap_or_default(),
            red,
            self.trials.iter().filter(|course| course.changes > 0).count(),
        )
    }

    fn trials_text(&self, out: &mut String, verbose: bool) {
        if self.trials.is_empty() {
            return;
        }
        let shown = if verbose { self.trials.len() } else { MOST.min(self.trials.len()) };
        let _ = writeln!(out, "\ntrials that do not pass, or did not always, a character a run:");
        let _ =
            writeln!(out, "  . passed  F failed  k known  U unexpected pass  C changed failure  X expired  ~ flaky");
        let _ = writeln!(out, "  B blocked  E errored  - not applicable  o not run");
        for course in &self.trials[..shown] {
            let _ = writeln!(out, "  {}  {}{}", strip(course), course.trial, self.since(course));
        }
        if self.trials.len() > shown {
            let _ = writeln!(out, "  and {} more (all with --verbose)", self.trials.len() - shown);
        }
    }

    /// When a trial came to be as it is.
    fn since(&self, course: &TrialCourse) -> String {
        let point = course.changed_at.and_then(|at| self.points.get(at));
        point.map_or_else(String::new, |point| {
            format!(" (since {}; {})", day(&point.started), counted(course.changes, "change"))
        })
    }

    fn operations_text(&self, out: &mut String, verbose: bool) {
        let shown = if verbose { self.operations.len() } else { MOST.min(self.operations.len()) };
        if shown == 0 {
            return;
        }
        let _ = writeln!(out, "\nmedian of the answers of an operation, the slowest first:");
        for course in &self.operations[..shown] {
            let known = || course.medians_ms.iter().filter_map(|median| *median);
            let (least, most) =
                known().fold((f64::INFINITY, 0.0_f64), |(least, most), ms| (least.min(ms), most.max(ms)));
            let last = known().next_back().unwrap_or_default();
            let _ = writeln!(out, "  {}  {last:>8.1} ms  ({least:.1} to {most:.1})  {}", bars(course), course.call);
        }
        if self.operations.len() > shown {
            let _ = writeln!(out, "  and {} more (all with --verbose)", self.operations.len() - shown);
        }
    }
}

fn line(point: &Point, several: bool) -> String {
    let count = |outcome: Outcome| point.trials.get(outcome.name()).copied().unwrap_or_default();
    let all: usize = point.trials.values().sum();
    let (passed, failed, idle) = (count(Outcome::Passed), count(Outcome::Failed), count(Outcome::NotApplicable));
    let run = match point.runs.as_slice() {
        [run] => run.clone(),
        runs => format!("{} parts", runs.len()),
    };
    let cut = if point.complete { "" } else { ", cut short" };
    let verdict = format!("{}{cut}", point.verdict);
    format!(
        "{:<20} {run:<8} {passed:>6} {failed:>6} {:>6} {idle:>5} {:>6} {:>5} {:>8} {:>8.1} {:>8.1}  {verdict:<19} {}",
        minute(&point.started),
        all - passed - failed - idle,
        point.causes,
        point.new_drift,
        point.requests,
        point.median_ms,
        point.p95_ms,
        if several { point.target.as_str() } else { "" }
    )
}

/// The latest of a course of runs.
fn latest<T>(course: &[T]) -> &[T] {
    &course[course.len().saturating_sub(MOST_RUNS)..]
}

fn strip(course: &TrialCourse) -> String {
    latest(&course.outcomes).iter().map(|outcome| outcome.map_or(' ', sign)).collect()
}

fn sign(outcome: Outcome) -> char {
    match outcome {
        Outcome::Passed => '.',
        Outcome::Failed => 'F',
        Outcome::Flaky => '~',
        Outcome::KnownFailure => 'k',
        Outcome::UnexpectedPass => 'U',
        Outcome::ChangedFailure => 'C',
        Outcome::Expired => 'X',
        Outcome::Blocked => 'B',
        Outcome::Errored => 'E',
        Outcome::NotApplicable => '-',
        Outcome::NotRun => 'o',
    }
}

/// A bar a run, from nothing to the greatest median: what looks twice as high is twice as slow.
fn bars(course: &OperationCourse) -> String {
    let most = course.medians_ms.iter().flatten().fold(0.0_f64, |most, ms| most.max(*ms));
    let bar = |ms: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 7")]
        let height = (ms / most.max(0.001) * 7.0).round() as usize;
        BARS[height.min(7)]
    };
    latest(&course.medians_ms).iter().map(|median| median.map_or(' ', bar)).collect()
}

fn day(started: &str) -> &str {
    started.get(..10).unwrap_or(started)
}

fn minute(started: &str) -> String {
    started.get(..16).unwrap_or(started).replace('T', " ")
}
