//! How long answers took: a plot a row, on one logarithmic axis, drawn as SVG; the slowest trials.

use maud::{Markup, html};

use super::{
    frame::{self, heads},
    text::duration,
};
use crate::report::{Report, TrialReport, quantile, text::joined};

/// Trials that are named as the slowest.
const SLOWEST: usize = 10;

/// The width of a plot, in units of its own.
const WIDTH: f64 = 320.0;

pub(super) fn section(report: &Report) -> Markup {
    let latencies = latencies(report);
    let body = html! {
        @if latencies.is_empty() { p .card.empty { "Nothing was answered." } } @else {
            (frame::scroll("timings", true, &plots(&latencies)))
            (slowest(report))
        }
    };
    let lead = "From sending to the last byte of the answer. The plot shows the range, the middle half as a box, the median as a line \
                and the 95th percentile as a dot, all operations on one logarithmic axis.";
    frame::section("timings", "Timings", lead, &body)
}

/// What there is to say about the answers of one operation, in milliseconds.
struct Latency<'a> {
    call: &'a str,
    count: usize,
    least: f64,
    quarter: f64,
    median: f64,
    three_quarters: f64,
    p95: f64,
    most: f64,
}

/// Every operation that answered, the one with the slowest answers first.
fn latencies(report: &Report) -> Vec<Latency<'_>> {
    let latency = |(call, times): (_, Vec<f64>)| {
        let parts = [0.0, 0.25, 0.5, 0.75, 0.95, 1.0].map(|part| quantile(&times, part));
        let [least, quarter, median, three_quarters, p95, most] = parts;
        Latency { call, count: times.len(), least, quarter, median, three_quarters, p95, most }
    };
    let mut all: Vec<Latency<'_>> = report.latencies.by_call().into_iter().map(latency).collect();
    all.sort_by(|a, b| b.p95.total_cmp(&a.p95));
    all
}

/// The axis that all plots share: powers of ten around everything measured.
struct Axis {
    from: f64,
    to: f64,
}

impl Axis {
    fn around(latencies: &[Latency<'_>]) -> Self {
        let least = latencies.iter().map(|latency| latency.least).fold(f64::INFINITY, f64::min).max(0.01);
        let most = latencies.iter().map(|latency| latency.most).fold(0.0, f64::max).max(0.1);
        let from = least.log10().floor();
        Self { from, to: most.log10().ceil().max(from + 1.0) }
    }

    fn at(&self, milliseconds: f64) -> f64 {
        let position = (milliseconds.max(0.01).log10() - self.from) / (self.to - self.from);
        (position * WIDTH * 10.0).round() / 10.0
    }

    fn ticks(&self) -> Vec<f64> {
        let powers = std::iter::successors(Some(self.from), |power| Some(power + 1.0));
        powers.take_while(|power| *power <= self.to).map(|power| 10f64.powf(power)).collect()
    }
}

fn plots(latencies: &[Latency<'_>]) -> Markup {
    let axis = Axis::around(latencies);
    html! {
        table .timings {
            thead { tr {
                (heads(&[("Operation, the slowest first", false), ("Answers", true), ("Median", true), ("95 %", true), ("Most", true)]))
                th scope="col" { (scale(&axis)) }
            } }
            tbody {
                @for latency in latencies {
                    tr {
                        th scope="row" { code .foreign { (latency.call) } }
                        td .number { (latency.count) }
                        @for time in [latency.median, latency.p95, latency.most] { td .number { (duration(time)) } }
                        td { (plot(latency, &axis)) }
                    }
                }
            }
        }
    }
}

fn scale(axis: &Axis) -> Markup {
    let ticks = axis.ticks();
    let last = ticks.len().saturating_sub(1);
    html! {
        svg .plot width=(WIDTH) height="16" viewBox={ "-4 0 " (WIDTH + 8.0) " 16" } aria-hidden="true" {
            @for (index, tick) in ticks.iter().enumerate() {
                text x=(axis.at(*tick)) y="12" text-anchor=(if index == 0 { "start" } else if index == last { "end" } else { "middle" }) { (tick_name(*tick)) }
            }
        }
    }
}

fn tick_name(milliseconds: f64) -> String {
    if milliseconds >= 1000.0 { format!("{} s", milliseconds / 1000.0) } else { format!("{milliseconds} ms") }
}

fn plot(latency: &Latency<'_>, axis: &Axis) -> Markup {
    let at = |milliseconds: f64| axis.at(milliseconds);
    let label = [
        ("least", latency.least),
        ("quarter", latency.quarter),
        ("median", latency.median),
        ("three quarters", latency.three_quarters),
        ("95th percentile", latency.p95),
        ("most", latency.most),
    ];
    let label = joined(label.map(|(name, time)| format!("{name} {}", duration(time))), ", ");
    html! {
        svg .plot role="img" aria-label=(label) width=(WIDTH) height="18" viewBox={ "-4 0 " (WIDTH + 8.0) " 18" } {
            title { (label) }
            @for tick in axis.ticks() { line .grid x1=(at(tick)) x2=(at(tick)) y1="0" y2="18" {} }
            line .range x1=(at(latency.least)) x2=(at(latency.most)) y1="9" y2="9" {}
            rect .box x=(at(latency.quarter)) width=((at(latency.three_quarters) - at(latency.quarter)).max(1.0)) y="4" height="10" {}
            line .median x1=(at(latency.median)) x2=(at(latency.median)) y1="2" y2="16" {}
            circle .p95 cx=(at(latency.p95)) cy="9" r="3" {}
        }
    }
}

fn slowest(report: &Report) -> Markup {
    let mut trials: Vec<&TrialReport> = report.trials.iter().filter(|trial| trial.finished.requests > 0).collect();
    trials.sort_by(|a, b| b.finished.duration_ms.total_cmp(&a.finished.duration_ms));
    html! {
        details .more {
            summary { "The slowest trials" }
            div .scroll tabindex="0" role="region" aria-label="The slowest trials" {
                table {
                    thead { tr { (heads(&[("Trial", false), ("Requests", true), ("Took", true)])) } }
                    tbody {
                        @for trial in trials.into_iter().take(SLOWEST) {
                            tr {
                                th scope="row" { a .mono.foreign href={ "#" (trial.finished.trial) } { (trial.finished.trial) } }
                                td .number { (trial.finished.requests) }
                                td .number { (duration(trial.finished.duration_ms)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
