//! A trend as a person reads it in a terminal: a line a run, a character a run for each trial that is not always alike, a bar a run for
//! each operation.

use std::fmt::Write as _;

use super::{OperationCourse, Point, Shift, Trend, TrialCourse, day};
use crate::{
    event::Outcome,
    report::text::{counted, joined, printable},
};

/// More trials, or operations, than a person reads.
const MOST: usize = 20;

/// More runs than fit on a line beside an ID; the latest are shown.
const MOST_RUNS: usize = 90;

/// The columns of the table of runs: their titles, how wide they are, and which is left out first where they do not all fit.
const COLUMNS: [(&str, usize, usize); 12] = [
    ("started", 20, 0),
    ("run", 8, 4),
    ("passed", 6, 3),
    ("failed", 6, 1),
    ("others", 6, 6),
    ("n/a", 5, 10),
    ("causes", 6, 5),
    ("drift", 5, 9),
    ("requests", 8, 11),
    ("median", 8, 8),
    ("p95", 8, 7),
    ("verdict", 20, 2),
];

/// What stands above the trials, with the letters of their outcomes.
const TRIALS: &str = "trials that do not pass, or did not always pass, one character per run:
  . passed  F failed  k known  U unexpected pass  C changed failure  X expired  ~ flaky
  B blocked  E errored  - not applicable  o not run";

/// What stands above the changes between runs of several targets.
const SHIFTS: &str = "what changed, and whose change it is, the latest first:";

/// What stands above the operations.
const OPERATIONS: &str = "median response time by operation, the slowest first:";

/// From the least value of a course to its greatest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Trend {
    /// The text for people. Everything that is long is cut, unless `verbose`.
    ///
    /// The table of runs has no more columns than fit into `width`.
    pub fn text(&self, verbose: bool, width: Option<usize>) -> String {
        let mut out = String::new();
        self.table(&mut out, width);
        // Half of a line is for the name beside it.
        let most_runs = width.map_or(MOST_RUNS, |width| MOST_RUNS.min(width / 2));
        let line =
            |course: &TrialCourse| format!("  {}  {}{}", strip(course, most_runs), course.trial, self.since(course));
        some(&mut out, TRIALS, &self.trials, verbose, line);
        some(&mut out, SHIFTS, &self.shifts, verbose, shift);
        let line = |course: &OperationCourse| {
            let (least, most, last) = course.range();
            let bars = bars(course, most, most_runs);
            format!("  {bars}  {last:>8.1} ms  ({least:.1} to {most:.1})  {}", course.call)
        };
        some(&mut out, OPERATIONS, &self.operations, verbose, line);
        let _ = writeln!(out, "\n{}", self.sentence());
        printable(&out)
    }

    /// One line that is enough for a message to others.
    pub fn sentence(&self) -> String {
        let [.., last] = self.points.as_slice() else { return "no runs".to_owned() };
        let streak = self.points.iter().rev().take_while(|point| point.verdict == last.verdict).count();
        let count = |outcome: Outcome| last.trials.get(outcome.name()).copied().unwrap_or_default();
        format!(
            "{} from {} to {}: {} {}; {} pass now, {} not; {} changed in between",
            counted(self.points.len(), "run"),
            day(&self.points[0].started),
            day(&last.started),
            last.verdict.name(),
            if streak == 1 { "in the last run".to_owned() } else { format!("in the last {streak} runs") },
            count(Outcome::Passed) + count(Outcome::Warned),
            self.trials.iter().filter(|course| !course.passes_now()).count(),
            self.trials.iter().filter(|course| course.changes > 0).count(),
        )
    }

    fn table(&self, out: &mut String, width: Option<usize>) {
        let several = self.points.iter().any(|point| point.target != self.points[0].target);
        let kept = |column: usize| width.is_none_or(|width| fits(column, width));
        let row = |cells: [String; COLUMNS.len()]| {
            let shown = COLUMNS.iter().zip(cells).enumerate().filter(|(column, _)| kept(*column));
            let cells = shown.map(|(_, ((title, width, _), cell))| match *title {
                "started" | "run" => format!("{cell:<width$}"),
                "verdict" => format!(" {cell:<0$}", width - 1),
                _ => format!("{cell:>width$}"),
            });
            cells.collect::<Vec<_>>().join(" ")
        };
        // A target may have any name, so that it stands above its runs where the width is limited.
        let beside = |text: &str| if several && width.is_none() { format!(" {text}") } else { String::new() };
        let head = format!("{}{}", row(COLUMNS.map(|(title, ..)| title.to_owned())), beside("target"));
        let _ = writeln!(out, "{}", head.trim_end());
        let mut above = None;
        for point in &self.points {
            if several && width.is_some() && above.replace(&point.target) != Some(&point.target) {
                let _ = writeln!(out, "against {}", point.target);
            }
            let line = format!("{}{}", row(cells(point)), beside(&point.target));
            let _ = writeln!(out, "{}", line.trim_end());
        }
        let left_out: Vec<&str> =
            COLUMNS.iter().enumerate().filter(|(at, _)| !kept(*at)).map(|(_, (title, ..))| *title).collect();
        if !left_out.is_empty() {
            let _ = writeln!(out, "too narrow for {}", left_out.join(", "));
        }
    }

    /// When a trial came to be as it is.
    fn since(&self, course: &TrialCourse) -> String {
        let point = course.changed_at.and_then(|at| self.points.get(at));
        point.map_or_else(String::new, |point| {
            format!(" (since {}; {})", day(&point.started), counted(course.changes, "change"))
        })
    }
}

/// Whose a change is, where and when it was seen, what it is and which trials show it.
fn shift(shift: &Shift) -> String {
    let seen = shift.seen.iter().map(|shown| {
        let days = [day(&shown.before), day(&shown.since)];
        let between = if days[0] == days[1] { days[0].to_owned() } else { format!("{} to {}", days[0], days[1]) };
        format!("{} ({between})", shown.target)
    });
    let (trial, others) = (shift.trials.first().map_or("", String::as_str), shift.trials.len().saturating_sub(1));
    let others = if others > 0 { format!(" and {}", counted(others, "other trial")) } else { String::new() };
    let what = match (shift.before.first(), shift.since.first()) {
        (_, Some(wrong)) => format!("fails since: {wrong}"),
        (Some(wrong), None) => format!("no longer fails: {wrong}"),
        (None, None) => "ends otherwise".to_owned(),
    };
    let history = shift.history.iter().map(|change| format!("\n      released {change}"));
    let seen = joined(seen, ", ");
    format!("  {:<13} {seen}\n    {trial}{others}: {what}{}", shift.whose.name(), joined(history, ""))
}

/// A heading and the courses below it, as many as a person reads.
fn some<T>(out: &mut String, heading: &str, all: &[T], verbose: bool, line: impl Fn(&T) -> String) {
    let shown = if verbose { all.len() } else { MOST.min(all.len()) };
    if shown > 0 {
        let _ = writeln!(out, "\n{heading}");
    }
    for course in &all[..shown] {
        let _ = writeln!(out, "{}", line(course));
    }
    if all.len() > shown {
        let _ = writeln!(out, "  and {} more (all with --verbose)", all.len() - shown);
    }
}

/// Whether a column stands in a table of this width: all that are more important than it fit beside it.
fn fits(column: usize, width: usize) -> bool {
    let (_, _, rank) = COLUMNS[column];
    let needed: usize = COLUMNS.iter().filter(|(_, _, other)| *other <= rank).map(|(_, width, _)| width + 1).sum();
    needed <= width + 1
}

fn cells(point: &Point) -> [String; COLUMNS.len()] {
    let count = |outcome: Outcome| point.trials.get(outcome.name()).copied().unwrap_or_default();
    let all: usize = point.trials.values().sum();
    let (passed, failed, idle) = (count(Outcome::Passed), count(Outcome::Failed), count(Outcome::NotApplicable));
    let run = match point.runs.as_slice() {
        [run] => run.clone(),
        runs => format!("{} parts", runs.len()),
    };
    let cut = if point.complete { "" } else { ", cut short" };
    let verdict = format!("{}{cut}", point.verdict.name());
    [
        minute(&point.started),
        run,
        passed.to_string(),
        failed.to_string(),
        (all - passed - failed - idle).to_string(),
        idle.to_string(),
        point.causes.to_string(),
        point.new_drift.to_string(),
        point.requests.to_string(),
        format!("{:.1}", point.median_ms),
        format!("{:.1}", point.p95_ms),
        verdict,
    ]
}

/// The latest of a course of runs.
fn latest<T>(course: &[T], most: usize) -> &[T] {
    &course[course.len().saturating_sub(most)..]
}

fn strip(course: &TrialCourse, most: usize) -> String {
    latest(&course.outcomes, most).iter().map(|outcome| outcome.map_or(' ', |outcome| outcome.form().letter)).collect()
}

/// A bar a run, from nothing to the greatest median: what looks twice as high is twice as slow.
fn bars(course: &OperationCourse, most: f64, most_runs: usize) -> String {
    let bar = |ms: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 7")]
        let height = (ms / most.max(0.001) * 7.0).round() as usize;
        BARS[height.min(7)]
    };
    latest(&course.medians_ms, most_runs).iter().map(|median| median.map_or(' ', bar)).collect()
}

fn minute(started: &str) -> String {
    started.get(..16).unwrap_or(started).replace('T', " ")
}
