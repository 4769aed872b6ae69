//! The list of all trials: data for the script, which shows as much of it as somebody looks at.
//!
//! Names that stand in many trials are written once and referred to by their number. Every text is made visible here, so that the script
//! has nothing to do but to show it.

use std::{
    array,
    collections::{HashMap, HashSet},
};

use maud::{Markup, html};
use serde_json::{Value, json};

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

/// What the script knows. A row is a trial: its ID, then numbers, most of them into the other lists.
pub(super) fn data(report: &Report, causes: &Causes<'_>) -> Value {
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
        json!([
            printable(&finished.trial),
            titles.number(&finished.title),
            Outcome::ALL.iter().position(|outcome| *outcome == finished.outcome),
            profiles.number(&finished.profile),
            principals.number(&finished.principal),
            files.number(&finished.file),
            finished.line,
            finished.duration_ms,
            finished.requests,
            finished.checks.total(),
            levels,
            finished.operations.iter().map(|name| operations.number(name)).collect::<Vec<_>>(),
            finished.requirements.iter().map(|name| requirements.number(name)).collect::<Vec<_>>(),
            // And one, for 0 is none.
            finished.reason.as_ref().map_or(0, |reason| reasons.number(reason.as_str()) + 1),
            // Whether the details stand among the causes.
            u8::from(detailed.contains(finished.trial.as_str())),
        ])
    });
    let rows: Vec<Value> = rows.collect();
    let outcomes = Outcome::ALL.iter().map(|one| (one.name(), one.form().mark, class_of(*one)));
    json!({
        "outcomes": outcomes.collect::<Vec<_>>(), "operations": operations.list, "profiles": profiles.list,
        "principals": principals.list, "requirements": requirements.list, "files": files.list, "titles": titles.list,
        "reasons": reasons.list, "trials": rows,
    })
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
