//! Requirements and how the trials that hold the target to them ended.

use std::{cmp::Reverse, collections::BTreeMap};

use maud::{Markup, html};

use super::{frame, outcome::Counts};
use crate::{
    event::RequirementText,
    report::{Report, RequirementStanding, Score, TrialReport},
};

/// A requirement with its trials.
#[derive(Default)]
struct Row<'a> {
    text: Option<&'a RequirementText>,
    outcomes: Counts,
    standing: Option<RequirementStanding>,
    /// Whether trials are counted that do not name it: it stands behind a check of every call, and only false ones are known.
    implied: bool,
}

fn rows<'a>(report: &'a Report, score: Option<&'a Score>) -> BTreeMap<&'a str, Row<'a>> {
    let mut rows: BTreeMap<&str, Row<'a>> = BTreeMap::new();
    for text in report.header.iter().flat_map(|header| header.requirements.iter()) {
        rows.entry(&text.id).or_default().text = Some(text);
    }
    for trial in &report.trials {
        for id in trial.finished.requirements.iter() {
            let row = rows.entry(id).or_default();
            row.outcomes.add(trial.finished.outcome);
        }
        implied(trial, &mut rows);
    }
    let standings = score.into_iter().flat_map(|score| &score.requirements);
    for (id, standing) in standings {
        rows.entry(id).or_default().standing = Some(*standing);
    }
    // What explains drift is linked to.
    for id in report.drift.keys().filter_map(|key| key.explained.as_ref()) {
        rows.entry(id).or_default();
    }
    rows
}

/// What no case names: the requirements behind the checks of every call.
fn implied<'a>(trial: &'a TrialReport, rows: &mut BTreeMap<&'a str, Row<'a>>) {
    let mut seen: Vec<&str> = Vec::new();
    for requirement in trial.findings().flat_map(|finding| &finding.requirements) {
        let row = rows.entry(&requirement.id).or_default();
        row.text.get_or_insert(requirement);
        if !trial.finished.requirements.contains(&requirement.id) && !seen.contains(&requirement.id.as_str()) {
            seen.push(&requirement.id);
            row.implied = true;
            row.outcomes.add(trial.finished.outcome);
        }
    }
}

pub(super) fn section(report: &Report) -> Markup {
    let score = report.score();
    let mut rows: Vec<_> = rows(report, score.as_ref()).into_iter().collect();
    rows.sort_by_key(|(_, row)| (Reverse(row.outcomes.red()), row.standing.is_none(), row.standing));
    let red = rows.iter().filter(|(_, row)| row.outcomes.red() > 0).count();
    let lead = format!(
        "{} requirements, {red} of them not met in at least one trial; these come first. Evidence is what establishes each.",
        rows.len()
    );
    let table = html! {
        table .requirements {
            thead { tr { (frame::heads(&[("Requirement", false), ("Outcomes of its trials", false)])) } }
            tbody { @for (id, row) in &rows { (line(id, row)) } }
        }
    };
    let body = html! {
        p .on-paper { "Those that were met are left out on paper." }
        @if rows.is_empty() { p .card.empty { "The run has none." } } @else { (frame::scroll("requirements", true, &table)) }
    };
    frame::section("requirements", "Requirements", lead, &body)
}

fn class(standing: RequirementStanding) -> &'static str {
    match standing {
        RequirementStanding::Departed => "bad",
        RequirementStanding::NotJudged => "broken",
        RequirementStanding::Held => "good",
        RequirementStanding::Noted => "note",
        RequirementStanding::NotApplicable => "idle",
    }
}

fn line(id: &str, row: &Row<'_>) -> Markup {
    html! {
        tr #{ "requirement:" (id) } .met[row.outcomes.red() == 0] {
            th scope="row" {
                a .mono href="#trials" data-search=(id) { (id) }
                @if let Some(standing) = row.standing { " " span .tag.(class(standing)) { (standing.name()) } }
                @if let Some(text) = row.text { p { (text.text) } p .muted.evidence { span .label { "Evidence" } " " (text.evidence) @if let Some(age) = text.age { "; " (age.to_string()) } } }
            }
            td .trials-of {
                (row.outcomes.cell())
                @if row.implied { span .muted { "with those where a check of every call was false" } }
            }
        }
    }
}
