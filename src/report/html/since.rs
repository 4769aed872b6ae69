//! What changed since the run that this one is compared with, as the first screen shows it.

use maud::{Markup, html};

use super::{
    outcome,
    text::{counted, duration, moment},
};
use crate::report::{CauseSummary, ChangeKind, Comparison, Course, FailOn, TrialChange};

/// More of one kind than a first screen holds; the rest is counted.
const MOST: usize = 8;

pub(super) fn card(comparison: &Comparison, fail_on: FailOn) -> Markup {
    let course = comparison.course(fail_on);
    let sentence = comparison.sentence(fail_on);
    let counts = sentence.split_once(": ").map_or(sentence.as_str(), |(_, counts)| counts);
    html! {
        section .since.card aria-labelledby="since" {
            h2 #since { "Since run " (comparison.old.runs.join(" + ")) @if let Some(started) = &comparison.old.started { " of " (moment(started)) } }
            p { span .tag.(class(course)) { (course.name()) } " " span .foreign { (counts) } }
            @if !comparison.notes.is_empty() { ul .muted { @for note in &comparison.notes { li .foreign { (note.text) } } } }
            (causes(&comparison.causes))
            @for kind in ChangeKind::ALL { (changes(kind, &comparison.of_kind(kind).collect::<Vec<_>>())) }
            (lost_checks(comparison))
            (drift(comparison))
            (latency(comparison))
        }
    }
}

fn class(course: Course) -> &'static str {
    match course {
        Course::NotWorse => "good",
        Course::Worse => "bad",
        Course::NotJudged | Course::NothingInCommon => "broken",
    }
}

/// The first of a list, and how many more there are.
fn some<T>(all: &[T], show: impl Fn(&T) -> Markup) -> Markup {
    html! {
        ul {
            @for one in all.iter().take(MOST) { li .foreign { (show(one)) } }
            @if all.len() > MOST { li .muted { "and " (all.len() - MOST) " more" } }
        }
    }
}

fn causes(causes: &[CauseSummary]) -> Markup {
    html! {
        @if !causes.is_empty() {
            h3 { "Wrong now, and was not: " (counted(causes.len(), "cause")) }
            (some(causes, |cause| html! {
                (cause.title) " " span .muted { "(" (counted(cause.trials.len(), "trial")) ")" }
            }))
        }
    }
}

fn changes(kind: ChangeKind, changes: &[&TrialChange]) -> Markup {
    let worse = changes.iter().any(|change| change.worse);
    let better = matches!(kind, ChangeKind::Fixed | ChangeKind::Steady | ChangeKind::Judged);
    let (class, mark) = match (worse, better) {
        (true, _) => ("bad", "▼"),
        (false, true) => ("good", "▲"),
        (false, false) => ("idle", "•"),
    };
    html! {
        @if !changes.is_empty() {
            details open[worse && changes.len() <= MOST] {
                summary { span .tag.(class) { span aria-hidden="true" { (mark) } (changes.len()) " " b { (kind.name()) } } }
                (some(changes, |change| html! {
                    @if change.new.is_some() { a .mono href={ "#" (change.trial) } { (change.trial) } } @else { span .mono { (change.trial) } }
                    @if let Some(former) = &change.formerly { span .muted { ", formerly " (former) } }
                    " " @if let Some(old) = change.old { (outcome::tag(old)) }
                    @if change.old.is_some() && change.new.is_some() { " → " }
                    @if let Some(new) = change.new { (outcome::tag(new)) }
                }))
            }
        }
    }
}

fn lost_checks(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.lost_checks.is_empty() {
            h3 { "Checks that are no longer made" }
            (some(&comparison.lost_checks, |lost| html! {
                code { (lost.call) } " " (lost.check) " " span .muted { "(" (counted(lost.trials.len(), "trial")) ")" }
            }))
        }
    }
}

fn drift(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.drift.is_empty() {
            h3 { "Drift" }
            (some(&comparison.drift, |drift| html! {
                span .tag.(if drift.appeared { "warn" } else { "idle" }) { (if drift.appeared { "appeared" } else { "went" }) }
                " " code { (drift.call) " " (drift.pointer) } " = " code { (drift.value) }
                @if let Some(requirement) = &drift.explained { " " span .muted { "(" (requirement) ")" } }
            }))
        }
    }
}

fn latency(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.latency.is_empty() {
            h3 { "Latency" }
            (some(&comparison.latency, |change| html! {
                span .tag.(if change.is_slower() { "warn" } else { "good" }) { (if change.is_slower() { "slower" } else { "faster" }) }
                " " code { (change.call) } " " (change.status) ": median " (duration(change.old_ms)) " → " (duration(change.new_ms))
            }))
        }
    }
}
