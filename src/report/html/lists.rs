//! Drift, leaks and notes: what a run has seen beside outcomes.

use maud::{Markup, html};

use super::{
    causes::{expected_actual, requirements},
    frame::{self, heads},
    text::counted,
};
use crate::report::{DriftCount, DriftKey, Noted, Report};

/// More links than one note needs.
const MOST_LINKS: usize = 12;

pub(super) fn drift(report: &Report) -> Markup {
    let (known, new): (Vec<_>, Vec<_>) = report.drift.iter().partition(|(key, _)| key.explained.is_some());
    let body = html! {
        @if new.is_empty() { p .card.empty { "Nothing new." } } @else { (drift_table(&new, "New: no requirement explains it")) }
        @if !known.is_empty() {
            details .more {
                summary { (counted(known.len(), "place")) " that a requirement explains" }
                (drift_table(&known, "Explained"))
            }
        }
        (snapshots(report))
        (stale(report))
    };
    frame::section("drift", "Drift", "Members, links and values in answers that no document describes.", &body)
}

/// Entries of the known failures that are not needed any more.
fn stale(report: &Report) -> Markup {
    html! {
        @if report.stale().next().is_some() {
            h3 .apart { "Known failures that no trial met: remove the entries" }
            ul { @for (entry, finding) in report.stale() { li .mono.foreign { (entry) ": " (finding.to_string()) } } }
        }
    }
}

/// Behaviour that nobody has accepted.
fn snapshots(report: &Report) -> Markup {
    html! {
        @if !report.snapshots.is_empty() {
            h3 .apart { "Snapshots: behaviour that nobody has accepted" }
            @for drift in &report.snapshots {
                details .recorded.card {
                    summary { span .tag.warn { (drift.kind.name()) } " " span .mono.foreign { (drift.trial) } }
                    p .muted.mono { (drift.file) }
                    @if let Some(difference) = &drift.difference { pre .foreign tabindex="0" { (difference) } }
                }
            }
        }
    }
}

fn drift_table(rows: &[(&DriftKey, &DriftCount)], caption: &str) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { (heads(&[("Operation", false), ("Place", false), ("Value", false), ("Answers", true), ("Explained by", false)])) } }
                tbody {
                    @for (key, count) in rows {
                        tr {
                            th scope="row" { code .foreign { (key.call) } }
                            td { code .foreign { (key.pointer) } }
                            td { code .foreign { (count.value) } }
                            td .number { (count.count) }
                            td { @if let Some(requirement) = &key.explained { a .mono href={ "#requirement:" (requirement) } { (requirement) } } @else { "–" } }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn leaks(report: &Report) -> Markup {
    let call = "What should have removed it, or may have made it";
    let body = html! {
        @if report.left().next().is_none() { p .card.empty { "Nothing is left behind." } } @else {
            div .scroll tabindex="0" role="region" aria-label="Leaks" {
                table {
                    thead { tr { (heads(&["What is known", call, "Why it is not settled", "Trial"].map(|name| (name, false)))) } }
                    tbody {
                        @for (kind, leak) in report.each_left() {
                            tr {
                                td { (kind.name()) }
                                td { code .foreign { (leak.call) } }
                                td .foreign { (leak.reason) }
                                td { a .mono.foreign href={ "#" (leak.trial) } { (leak.trial) } }
                            }
                        }
                    }
                }
            }
        }
    };
    frame::section("leaks", "Leaks", "What the run made and could not remove, and what it may have made.", &body)
}

pub(super) fn notes(report: &Report) -> Markup {
    let body = html! {
        @if report.noted.is_empty() { p .card.empty { "None." } }
        @for note in report.noted.values() { (one_note(note)) }
    };
    frame::section("notes", "Notes", "Checks of level info that were false: recorded, and held against nobody.", &body)
}

fn one_note(note: &Noted) -> Markup {
    let example = &note.example;
    html! {
        details .recorded.card {
            summary {
                span .tag.note { "note" } " "
                span .foreign { code { (note.call) } ": " (example.check) ": expected " (example.expected()) ", got " (example.actual()) }
                span .size { (counted(note.trials.len(), "trial")) }
            }
            (requirements(&example.requirements))
            (expected_actual(example, None))
            ul .links {
                @for trial in note.trials.iter().take(MOST_LINKS) { li { a .mono.foreign href={ "#" (trial) } { (trial) } } }
                @if note.trials.len() > MOST_LINKS { li { "and " (note.trials.len() - MOST_LINKS) " more" } }
            }
        }
    }
}
