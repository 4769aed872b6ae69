//! The list of all trials: data for the script, which shows as much of it as somebody looks at.
//!
//! Names that stand in many trials are written once and referred to by their number. Every text is made visible here, so that the script
//! has nothing to do but to show it.

use std::{
    array,
    collections::{HashMap, HashSet},
};

use maud::{Markup, html};
use serde::Serialize;

use super::{
    causes::{Causes, levels},
    outcome::class_of,
};
use crate::{
    event::{Outcome, Tone},
    report::{Report, TrialReport, printable},
};

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

/// What the script knows.
#[derive(Serialize)]
pub(super) struct Known {
    outcomes: Vec<(&'static str, char, &'static str)>,
    operations: Vec<String>,
    profiles: Vec<String>,
    principals: Vec<String>,
    requirements: Vec<String>,
    files: Vec<String>,
    titles: Vec<String>,
    reasons: Vec<String>,
    trials: Vec<Row>,
}

/// A trial: its ID, then numbers, most of them into the other lists, in the order of the script. A page may have tens of thousands.
type Row =
    (String, usize, usize, usize, usize, usize, usize, f64, usize, usize, u8, Box<[usize]>, Box<[usize]>, usize, u8);

pub(super) fn data(report: &Report, causes: &Causes<'_>) -> Known {
    let detailed: HashSet<&str> = causes.trials().map(|trial| trial.finished.trial.as_str()).collect();
    let noted: HashSet<&str> = report.noted.values().flat_map(|note| &note.trials).map(String::as_str).collect();
    let mut sorted: Vec<&TrialReport> = report.trials.iter().collect();
    sorted.sort_by_key(|trial| (order(trial.finished.outcome), &trial.finished.trial));
    let [mut operations, mut profiles, mut principals, mut requirements, mut files, mut titles, mut reasons] =
        array::from_fn(|_| Names::default());
    let rows = sorted.into_iter().map(|trial| {
        let finished = &trial.finished;
        // Each level of a false check is a bit: 4 must, 2 should, 1 info.
        let levels = levels(trial) | u8::from(noted.contains(finished.trial.as_str()));
        (
            printable(&finished.trial),
            titles.number(&finished.title),
            Outcome::ALL.iter().take_while(|outcome| **outcome != finished.outcome).count(),
            profiles.number(&finished.profile),
            principals.number(&finished.principal),
            files.number(&finished.file),
            finished.line,
            finished.duration_ms,
            finished.requests,
            finished.checks.total(),
            levels,
            finished.operations.iter().map(|name| operations.number(name)).collect(),
            finished.requirements.iter().map(|name| requirements.number(name)).collect(),
            // And one, for 0 is none.
            finished.reason.as_ref().map_or(0, |reason| reasons.number(reason.as_str()) + 1),
            // Whether the details stand among the causes.
            u8::from(detailed.contains(finished.trial.as_str())),
        )
    });
    let trials = rows.collect();
    let outcomes = Outcome::ALL.iter().map(|one| (one.name(), one.form().mark, class_of(*one)));
    Known {
        outcomes: outcomes.collect(),
        operations: operations.list,
        profiles: profiles.list,
        principals: principals.list,
        requirements: requirements.list,
        files: files.list,
        titles: titles.list,
        reasons: reasons.list,
        trials,
    }
}

/// What needs a look comes first.
fn order(outcome: Outcome) -> usize {
    match outcome.form().tone {
        Tone::Bad => 0,
        Tone::Broken => 1,
        Tone::Warn => 2,
        Tone::Good => 3,
        Tone::Idle => 4,
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
