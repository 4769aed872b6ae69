//! The list of all trials: data for the script, which shows as much of it as somebody looks at.
//!
//! Names that stand in many trials are written once and referred to by their number. Every text is made visible here, so that the script
//! has nothing to do but to show it.

use std::collections::{HashMap, HashSet};

use maud::{Markup, html};
use serde::Serialize;

use super::{
    causes::{Causes, levels},
    outcome,
};
use crate::{
    event::Outcome,
    report::{Report, TrialReport, printable},
};

/// What the script knows.
#[derive(Serialize)]
pub(super) struct Trials {
    /// Name, mark and class of each outcome.
    outcomes: Vec<(&'static str, char, &'static str)>,
    operations: Vec<String>,
    profiles: Vec<String>,
    principals: Vec<String>,
    requirements: Vec<String>,
    files: Vec<String>,
    titles: Vec<String>,
    reasons: Vec<String>,
    #[serde(rename = "trials")]
    rows: Vec<Row>,
}

/// A trial: its ID, then numbers into the lists above.
#[derive(Serialize)]
struct Row(
    /// ID.
    String,
    /// Title.
    usize,
    /// Outcome.
    usize,
    /// Profile.
    usize,
    /// Principal.
    usize,
    /// File.
    usize,
    /// Line.
    usize,
    /// Milliseconds.
    f64,
    /// Requests.
    usize,
    /// Checks.
    usize,
    /// Levels of false checks: 4 must, 2 should, 1 info.
    u8,
    /// Operations.
    Vec<usize>,
    /// Requirements.
    Vec<usize>,
    /// Reason and one, or 0.
    usize,
    /// 1 where the details stand among the causes.
    u8,
);

/// Texts, each once.
#[derive(Default)]
struct Names<'a> {
    list: Vec<String>,
    known: HashMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    fn number(&mut self, name: &'a str) -> usize {
        *self.known.entry(name).or_insert_with(|| {
            self.list.push(printable(name));
            self.list.len() - 1
        })
    }
}

impl Trials {
    pub(super) fn of(report: &Report, causes: &Causes<'_>) -> Self {
        let detailed: HashSet<&str> = causes.trials().map(|trial| trial.finished.trial.as_str()).collect();
        let noted: HashSet<&str> = report.noted.iter().flat_map(|note| &note.trials).map(String::as_str).collect();
        let mut sorted: Vec<&TrialReport> = report.trials.iter().collect();
        sorted.sort_by_key(|trial| (order(trial.finished.outcome), &trial.finished.trial));
        let [mut operations, mut profiles, mut principals, mut requirements, mut files, mut titles, mut reasons] =
            std::array::from_fn(|_| Names::default());
        let mut rows = Vec::with_capacity(sorted.len());
        for trial in sorted {
            let finished = &trial.finished;
            let note = u8::from(noted.contains(finished.trial.as_str()));
            rows.push(Row(
                printable(&finished.trial),
                titles.number(&finished.title),
                Outcome::ALL.iter().position(|outcome| *outcome == finished.outcome).unwrap_or_default(),
                profiles.number(&finished.profile),
                principals.number(&finished.principal),
                files.number(&finished.file),
                finished.line,
                finished.duration_ms,
                finished.requests,
                finished.checks.total(),
                levels(trial) | note,
                finished.operations.iter().map(|name| operations.number(name)).collect(),
                finished.requirements.iter().map(|name| requirements.number(name)).collect(),
                finished.reason.as_ref().map_or(0, |reason| reasons.number(reason.as_str()) + 1),
                u8::from(detailed.contains(finished.trial.as_str())),
            ));
        }
        Self {
            outcomes: Outcome::ALL.iter().map(|one| (one.name(), one.form().mark, outcome::class(*one))).collect(),
            operations: operations.list,
            profiles: profiles.list,
            principals: principals.list,
            requirements: requirements.list,
            files: files.list,
            titles: titles.list,
            reasons: reasons.list,
            rows,
        }
    }
}

/// What needs a look comes first.
fn order(outcome: Outcome) -> usize {
    match outcome::class(outcome) {
        "bad" => 0,
        "broken" => 1,
        "warn" => 2,
        "good" => 3,
        _ => 4,
    }
}

pub(super) fn section(report: &Report) -> Markup {
    html! {
        section #trials .needs-script aria-labelledby="trials-title" {
            h2 #trials-title { "Trials" }
            p .lead { "All " (report.trials.len()) " of them, what needs a look first. The filters above are for this list too." }
            div #list {}
            button #more .wide type="button" hidden { "Show more" }
        }
    }
}
