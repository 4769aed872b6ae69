//! The run beside that of a reference, as the first screen shows it: who holds which requirement.

use maud::{Markup, html};

use super::text::{counted, moment};
use crate::report::{Agreement, Parity, RequirementParity, Side};

/// More requirements of a cell than a first screen holds; the rest is counted.
const MOST: usize = 12;

pub(super) fn card(parity: &Parity) -> Markup {
    html! {
        section .beside.card aria-labelledby="beside" {
            h2 #beside { "Beside the reference" }
            p { (side("Target", &parity.target)) " " (side("Reference", &parity.reference)) }
            @if !parity.notes.is_empty() { ul .muted { @for note in &parity.notes { li .foreign { (note) } } } }
            table .parity {
                thead { tr { td {} th scope="col" { "reference holds" } th scope="col" { "reference departs" } } }
                tbody {
                    tr { th scope="row" { "target holds" } (cell(parity, Agreement::Both)) (cell(parity, Agreement::OnlyTarget)) }
                    tr { th scope="row" { "target departs" } (cell(parity, Agreement::OnlyReference)) (cell(parity, Agreement::Neither)) }
                }
            }
            @for agreement in [Agreement::OnlyTarget, Agreement::OnlyReference, Agreement::Neither] { (list(parity, agreement)) }
            (unjudged(parity))
        }
    }
}

fn side(word: &str, side: &Side) -> Markup {
    html! {
        span .label { (word) } " " span .foreign { (side.name) }
        @if let Some(started) = &side.started { span .muted { " " (moment(started)) } }
    }
}

fn class(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::Both => "good",
        Agreement::OnlyTarget | Agreement::OnlyReference | Agreement::Neither => "bad",
        Agreement::NotJudged => "idle",
    }
}

fn cell(parity: &Parity, agreement: Agreement) -> Markup {
    let count = parity.count(agreement);
    let class = if count > 0 { class(agreement) } else { "idle" };
    html! { td { span .tag.(class) { (count) } } }
}

fn list(parity: &Parity, agreement: Agreement) -> Markup {
    let all: Vec<&RequirementParity> = parity.cell(agreement).collect();
    html! {
        @if !all.is_empty() {
            details open[all.len() <= MOST] {
                summary { span .tag.(class(agreement)) { (all.len()) " " b { (agreement.name()) } } " " span .muted { (agreement.means()) } }
                ul {
                    @for requirement in all.iter().take(MOST) { li { (one(requirement)) } }
                    @if all.len() > MOST { li .muted { "and " (all.len() - MOST) " more" } }
                }
            }
        }
    }
}

fn one(requirement: &RequirementParity) -> Markup {
    html! {
        a .mono href={ "#requirement:" (requirement.id) } { (requirement.id) } " " (requirement.text)
        @for (side, departures) in requirement.departs() {
            @for departure in departures {
                p .muted {
                    (side) ": " code .foreign { (departure.call) } " " span .foreign { (departure.finding) } " (" a .mono href={ "#" (departure.trial) } { (departure.trial) } ")"
                    @for change in &departure.history { br; "history: " (change) }
                }
            }
        }
    }
}

fn unjudged(parity: &Parity) -> Markup {
    let count = parity.count(Agreement::NotJudged);
    html! {
        @if count > 0 {
            details {
                summary { span .tag.idle { (count) " " b { (Agreement::NotJudged.name()) } } }
                ul { @for (why, count) in parity.unjudged() { li { (counted(count, "requirement")) " " (why) } } }
            }
        }
    }
}
