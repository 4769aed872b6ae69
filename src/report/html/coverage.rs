//! The coverage matrix: operations, the statuses of their answers with how the checks of these ended, and the outcomes of their trials.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{frame, outcome::Counts};
use crate::{
    event::DocumentedOperation,
    report::{Answers, Report},
};

pub(super) fn section(report: &Report) -> Markup {
    let operations = report.operations();
    let columns = report.coverage.statuses(operations);
    let mut outcomes: BTreeMap<&str, Counts> = BTreeMap::new();
    for trial in &report.trials {
        for operation in trial.finished.operations.iter() {
            outcomes.entry(operation).or_default().add(trial.finished.outcome);
        }
    }
    let (reached, documented) = report.coverage.reached(operations);
    let lead = format!(
        "{reached} of {documented} documented statuses were reached. A cell counts the answers with that status."
    );
    let table = html! {
        table .matrix {
            thead { tr {
                th scope="col" { "Operation" }
                @for status in &columns { th .number scope="col" { (status) } }
                th scope="col" { "Trials" }
            } }
            tbody {
                @for operation in operations {
                    (row(report, operation, &columns, &outcomes.remove(operation.id.as_str()).unwrap_or_default()))
                }
            }
        }
    };
    let body = html! {
        @if operations.is_empty() { p .card.empty { "The run has no operations." } } @else {
            (legend())
            (frame::scroll("coverage", false, &table))
        }
    };
    frame::section("coverage", "Coverage", lead, &body)
}

fn legend() -> Markup {
    html! {
        ul .legend {
            li { span .cell.good { "7" } "as expected" }
            li { span .cell.bad { "✗ 2/7" } "departures among them" }
            li { span .cell.warn { "! 2/7" } "warnings among them" }
            li { span .cell.none { "–" } "documented, not reached" }
            li { span .cell.idle { "∅" } "out of reach, see its title" }
            li { span .cell.note { "(7)" } "not documented" }
        }
    }
}

fn row(report: &Report, operation: &DocumentedOperation, columns: &BTreeSet<u16>, outcomes: &Counts) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href="#trials" data-operation=(operation.id) .mono { (operation.id) }
                br; span .muted.path { (operation.method) " " (broken(&operation.path)) }
            }
            @for status in columns { (cell(report.coverage.answers(&operation.id, *status), operation, *status)) }
            td .trials-of { (outcomes.cell()) }
        }
    }
}

/// A path that may be broken before each of its parts.
fn broken(path: &str) -> Markup {
    html! { @for part in path.split_inclusive('/') { (part) wbr; } }
}

fn cell(answers: Answers, operation: &DocumentedOperation, status: u16) -> Markup {
    let documented = operation.statuses.contains(&status);
    let Answers { count, failed, warned } = answers;
    if count == 0 {
        let reason = operation.unreachable.iter().find(|(other, _)| *other == status).map(|(_, reason)| reason);
        return match (documented, reason) {
            (true, Some(reason)) => html! { td .number { span .cell.idle title=(reason) { "∅" } } },
            (true, None) => html! { td .number { span .cell.none title="not reached" { "–" } } },
            (false, _) => html! { td {} },
        };
    }
    let (class, text) = match (failed, warned, documented) {
        (0, 0, true) => ("good", count.to_string()),
        (0, 0, false) => ("note", format!("({count})")),
        (0, warned, _) => ("warn", format!("! {warned}/{count}")),
        (failed, _, _) => ("bad", format!("✗ {failed}/{count}")),
    };
    let title = format!(
        "{count} answers of {status}: {failed} with departures, {warned} with warnings{}",
        if documented { "" } else { "; not documented" }
    );
    html! { td .number { span .cell.(class) title=(title) { (text) } } }
}
