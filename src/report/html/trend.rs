//! Many runs as one page: a column a run for outcomes and for latency, a cell a run for every trial that is not always alike, a line for
//! each operation.

use std::{fmt::Write as _, io};

use maud::{Markup, html};

use super::{
    frame::{self, Page, heads},
    outcome::{self, class_of},
    text::{counted, duration},
};
use crate::{
    event::{Outcome, Tone},
    report::{OperationCourse, Point, Trend, TrialCourse, latency::as_float, trend::day, verdict::in_words},
};

const STYLE: &str = include_str!("trend.css");

/// The width of a chart, in units of its own.
const WIDTH: f64 = 1000.0;

/// The height of a chart.
const HEIGHT: f64 = 160.0;

/// The width of a course beside an ID.
const COURSE: f64 = 360.0;

/// The height of one.
const COURSE_HEIGHT: f64 = 18.0;

/// Writes the page of a trend.
///
/// # Errors
/// A place that cannot be written.
pub fn write(trend: &Trend, mut writer: impl io::Write) -> io::Result<()> {
    let main = html! {
        section aria-labelledby="title" {
            h1 #title { (counted(trend.points.len(), "run")) @if let Some(last) = trend.points.last() { " against " (last.target) } }
            p .lead { (trend.sentence()) }
            (outcomes(&trend.points))
            (latency(&trend.points))
        }
        (trials(trend))
        (operations(trend))
        (runs(&trend.points))
    };
    let parts = [("main", "Overview"), ("trials", "Trials"), ("operations", "Operations"), ("runs", "Runs")];
    let page = Page {
        title: "Trend of runs",
        tone: trend.points.last().map_or(Tone::Broken, |last| outcome::tone(last.verdict)),
        parts: &parts.map(|(id, name)| (id, name.to_owned())),
        style: STYLE,
        script: "",
        data: None,
        main,
    };
    writer.write_all(page.document().into_string().as_bytes())
}

/// The place and the width of one of so many columns.
fn column(at: usize, of: usize, width: f64) -> (f64, f64) {
    let step = width / as_float(of.max(1));
    (tenth(as_float(at) * step), tenth((step - 1.0).max(step * 0.7)))
}

fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// A stacked column a run, as high as the share of its trials.
fn outcomes(points: &[Point]) -> Markup {
    let most = points.iter().map(|point| point.trials.values().sum::<usize>()).max().unwrap_or_default().max(1);
    html! {
        figure .runs.card {
            figcaption .muted { "Trials by outcome, a column a run, the oldest first" }
            svg .chart role="img" aria-label="Trials by outcome, a column a run" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" {
                @for (at, point) in points.iter().enumerate() {
                    g {
                        title { (point.started) ": " (point.verdict.name()) "; " (words(point)) }
                        @for (outcome, from, height) in stacked(point, most) {
                            @let (x, width) = column(at, points.len(), WIDTH);
                            rect .(class_of(outcome)) x=(x) width=(width) y=(tenth(HEIGHT - from - height)) height=(tenth(height)) {}
                        }
                    }
                }
            }
            ul .legend { @for outcome in present(points) { li { (outcome::tag(outcome)) } } }
        }
    }
}

fn words(point: &Point) -> String {
    in_words(point.trials.iter().map(|(outcome, count)| (*outcome, *count)))
}

fn present(points: &[Point]) -> impl Iterator<Item = Outcome> {
    Outcome::ALL.iter().copied().filter(|outcome| points.iter().any(|point| point.trials.contains_key(outcome.name())))
}

/// The outcomes of a run from the bottom: those that pass last, and each that there is at least a few units high, so that one failure of a
/// thousand is seen.
fn stacked(point: &Point, most: usize) -> Vec<(Outcome, f64, f64)> {
    const LEAST: f64 = 5.0;
    let room = HEIGHT - LEAST * as_float(point.trials.len());
    let counts = Outcome::ALL.iter().rev().filter_map(|outcome| Some((*outcome, *point.trials.get(outcome.name())?)));
    let stack = counts.scan(0.0, |top, (outcome, count)| {
        let (from, height) = (*top, LEAST + room * as_float(count) / as_float(most));
        *top += height;
        Some((outcome, from, height))
    });
    stack.collect()
}

/// Median and 95th percentile of all answers.
fn latency(points: &[Point]) -> Markup {
    let most = points.iter().fold(0.0_f64, |most, point| most.max(point.p95_ms)).max(0.001);
    let of = |value: fn(&Point) -> f64| {
        let values: Vec<Option<f64>> = points.iter().map(|point| Some(value(point))).collect();
        path(&values, most, WIDTH, HEIGHT)
    };
    html! {
        figure .runs.card {
            figcaption .muted { "Latency of all answers, up to " (duration(most)) ": the median, and (dashed) what nineteen of twenty did not exceed" }
            svg .chart role="img" aria-label="Latency of all answers" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" {
                rect .none.frame width=(WIDTH) height=(HEIGHT) {}
                path .line.p95 d=(of(|point| point.p95_ms)) {}
                path .line d=(of(|point| point.median_ms)) {}
                @for (at, point) in points.iter().enumerate() {
                    @let (x, width) = column(at, points.len(), WIDTH);
                    rect .none x=(x) width=(width) y="0" height=(HEIGHT) pointer-events="all" {
                        title { (point.started) ": " (duration(point.median_ms)) ", " (duration(point.p95_ms)) }
                    }
                }
            }
        }
    }
}

/// A line from value to value, interrupted where there is none; a value alone is a short stroke.
fn path(values: &[Option<f64>], most: f64, width: f64, height: f64) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else {
            drawing = false;
            continue;
        };
        let (x, column) = column(at, values.len(), width);
        let y = tenth(height - 1.0 - value / most * (height - 2.0));
        let x = tenth(x + column / 2.0);
        let _ = if drawing { write!(path, "L{x} {y}") } else { write!(path, "M{x} {y}h1") };
        drawing = true;
    }
    path
}

fn trials(trend: &Trend) -> Markup {
    let table = html! {
        table {
            thead { tr { (heads(&[("Trial", false), ("Now", false), ("Since", false), ("Changes", true), ("Runs", false)])) } }
            tbody { @for course in &trend.trials { (trial(course, &trend.points)) } }
        }
    };
    let body = html! {
        @if trend.trials.is_empty() { p .card { "Every trial passed, or did not apply, in every run." } } @else { (frame::scroll("trials", true, &table)) }
    };
    let lead = "Those that do not pass now, then those that did not always; a cell a run. What could not be judged on one night is no change.";
    frame::section("trials", "Trials", lead, &body)
}

fn trial(course: &TrialCourse, points: &[Point]) -> Markup {
    let since = course.changed_at.and_then(|at| points.get(at)).map_or("always", |point| day(&point.started));
    html! {
        tr {
            th scope="row" { code .foreign { (course.trial) } }
            td { @if let Some(outcome) = course.now() { (outcome::tag(outcome)) } }
            td { (since) }
            td .number { (course.changes) }
            td .course { (cells(course, points)) }
        }
    }
}

fn cells(course: &TrialCourse, points: &[Point]) -> Markup {
    let of = course.outcomes.len();
    let label = format!("{} in {}", counted(course.changes, "change"), counted(of, "run"));
    html! {
        svg role="img" aria-label=(label) width=(COURSE) height=(COURSE_HEIGHT) viewBox={ "0 0 " (COURSE) " " (COURSE_HEIGHT) } preserveAspectRatio="none" {
            @for (at, (outcome, point)) in course.outcomes.iter().zip(points).enumerate() {
                @if let Some(outcome) = outcome {
                    @let (x, width) = column(at, of, COURSE);
                    // What passed is low, so that the rest stands out without colour too.
                    @let (y, height) = if *outcome == Outcome::Passed { (12.0, 6.0) } else { (0.0, COURSE_HEIGHT) };
                    rect .(class_of(*outcome)) x=(x) width=(width) y=(y) height=(height) {
                        title { (point.started) ": " (outcome.name()) }
                    }
                }
            }
        }
    }
}

fn operations(trend: &Trend) -> Markup {
    let table = html! {
        table {
            thead { tr { (heads(&[("Operation, the slowest first", false), ("Now", true), ("Least", true), ("Most", true), ("Runs", false)])) } }
            tbody { @for course in &trend.operations { (operation(course)) } }
        }
    };
    let lead = "The median of the answers, run by run; each line from nothing to its own greatest.";
    frame::section("operations", "Operations", lead, &frame::scroll("operations", true, &table))
}

fn operation(course: &OperationCourse) -> Markup {
    let (least, most, now) = course.range();
    let label = format!("from {} to {}, now {}", duration(least), duration(most), duration(now));
    html! {
        tr {
            th scope="row" { code .foreign { (course.call) } }
            @for time in [now, least, most] { td .number { (duration(time)) } }
            td .course {
                svg role="img" aria-label=(label) width=(COURSE) height=(COURSE_HEIGHT) viewBox={ "0 0 " (COURSE) " " (COURSE_HEIGHT) } {
                    path .line d=(path(&course.medians_ms, most.max(0.001), COURSE, COURSE_HEIGHT)) {}
                }
            }
        }
    }
}

fn runs(points: &[Point]) -> Markup {
    let table = html! {
        table {
            thead { tr {
                (heads(&["Started", "Verdict", "Trials"].map(|name| (name, false))))
                (heads(&["Causes", "Requests", "New drift", "Leaked", "Median", "95 %"].map(|name| (name, true))))
                (heads(&["Target", "Run"].map(|name| (name, false))))
            } }
            tbody { @for point in points.iter().rev() { (run(point)) } }
        }
    };
    html! {
        section #runs aria-labelledby="runs-title" {
            h2 #runs-title { "Runs" }
            (frame::scroll("runs", true, &table))
        }
    }
}

fn run(point: &Point) -> Markup {
    html! {
        tr {
            th scope="row" { (point.started) }
            td { span .tag.(outcome::class(outcome::tone(point.verdict))) { (point.verdict.name()) } @if !point.complete { " " span .tag.warn { "cut short" } } }
            td { (words(point)) }
            @for count in [point.causes, point.requests, point.new_drift, point.leaked] { td .number { (count) } }
            @for time in [point.median_ms, point.p95_ms] { td .number { (duration(time)) } }
            td .foreign { (point.target) }
            td { code { (point.runs.join(" + ")) } }
        }
    }
}
