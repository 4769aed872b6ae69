//! What changed since the run that this one is compared with, as the first screen shows it.

use maud::{Markup, Render, html};

use super::{
    outcome,
    text::{counted, duration, moment},
};
use crate::report::{ChangeKind, Comparison, Course, FailOn, TrialChange};

/// More of one kind than a first screen holds; the rest is counted.
const MOST: usize = 8;

pub(super) fn card(comparison: &Comparison, fail_on: FailOn) -> Markup {
    let course = comparison.course(fail_on);
    html! {
        section .since.card aria-labelledby="since" {
            h2 #since { "Since run " (comparison.old.runs.join(" + ")) @if let Some(started) = &comparison.old.started { " of " (moment(started)) } }
            p { span .tag.(class(course)) { (course.name()) } " " span .foreign { (comparison.numbers(course)) } }
            @if let Some(score) = comparison.score() { p { "Score: " (score) } }
            @if !comparison.notes.is_empty() { ul .muted { @for note in &comparison.notes { li .foreign { (note.text) } } } }
            (some(html! { "Wrong now, and was not: " (counted(comparison.causes.len(), "cause")) }, &comparison.causes, |cause| html! {
                (cause.title) " " (trials(&cause.trials))
            }))
            @for kind in ChangeKind::ALL { (changes(*kind, &comparison.of_kind(*kind).collect::<Vec<_>>())) }
            (some("Checks that are no longer made", &comparison.lost_checks, |lost| html! {
                code { (lost.call) } " " (lost.check) " " (trials(&lost.trials))
            }))
            (some("Drift", &comparison.drift, |drift| html! {
                span .tag.(if drift.appeared { "warn" } else { "idle" }) { (drift.word()) }
                " " code { (drift.call) " " (drift.pointer) } " = " code { (drift.value) }
                @if let Some(requirement) = &drift.explained { " " span .muted { "(" (requirement) ")" } }
            }))
            (some("Latency", &comparison.latency, |change| html! {
                span .tag.(if change.is_slower() { "warn" } else { "good" }) { (change.word()) }
                " " code { (change.call) } " " (change.status) ": median " (duration(change.old_ms)) " → " (duration(change.new_ms))
            }))
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

fn trials(trials: &[String]) -> Markup {
    html! { span .muted { "(" (counted(trials.len(), "trial")) ")" } }
}

/// A heading above the first of a list, if there are any.
fn some<T>(heading: impl Render, all: &[T], show: impl Fn(&T) -> Markup) -> Markup {
    html! { @if !all.is_empty() { h3 { (heading) } (list(all, show)) } }
}

/// The first of a list, and how many more there are.
fn list<T>(all: &[T], show: impl Fn(&T) -> Markup) -> Markup {
    html! {
        ul {
            @for one in all.iter().take(MOST) { li .foreign { (show(one)) } }
            @if all.len() > MOST { li .muted { "and " (all.len() - MOST) " more" } }
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
                (list(changes, |change| html! {
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
