//! Judging the exchanges of an event stream again, from what it holds, and comparing with what its run said.
//!
//! Owns what came of that. A check whose input is not in the stream as the run saw it (a secret was taken out, the end of a long body was cut,
//! or it rests on what no stream keeps) cannot be made again, and is counted. Everything else must come to the same.

mod input;
mod solve;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    event::{Checks, Drift, Event, Finding, Outcome, Phase, RunStarted, StepFinished},
    plan::Plan,
};

/// So many differences are told; the others are counted.
const MOST_TOLD: usize = 100;

/// Why a check cannot be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lacking {
    /// A secret was taken out of what it looks at.
    Redacted,
    /// Only the beginning of the body is there.
    Cut,
    /// It was replaced or left out before the stream left the house.
    Withheld,
    /// It rests on what no stream keeps: what was on the target before, an answer that did not come, a value that another check lacks.
    NotKept,
}

impl Lacking {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Redacted => "redacted",
            Self::Cut => "cut",
            Self::Withheld => "withheld",
            Self::NotKept => "not kept",
        }
    }
}

/// Something that the run said and its exchanges do not, or the other way round.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// The run told of this false check; in the exchange it is true.
    Unfounded(Box<Finding>),
    /// In the exchange this check is false; the run did not tell of it.
    Untold(Box<Finding>),
    /// The run told of this drift, which is not in the exchange.
    DriftUnfounded(Drift),
    /// This drift is in the exchange; the run did not tell of it.
    DriftUntold(Drift),
    /// The run told of a step that the case does not have.
    NoSuchStep,
    /// How many checks the run made of a step, and how many there are to make.
    Checks(Checks, Checks),
    /// How many checks the run counted in a trial, and how many its steps have.
    AllChecks(Checks, Checks),
    /// The same of its false checks of level `should`.
    Warnings(usize, usize),
    /// The same of its false checks of level `info`.
    Notes(usize, usize),
    /// The run passed the trial, which did not come to its last step.
    Unfinished,
    /// The trial says that this requirement was held, which none of its checks can show.
    Held(String),
    /// A check of this requirement is true, and the trial does not say so.
    NotHeld(String),
    /// The requirements that the trial says were departed from, and those of its false checks.
    Departed(BTreeSet<String>, BTreeSet<String>),
    /// The outcome that the run gave it, and the false checks of level `must` in its last attempt.
    Outcome(Outcome, usize),
}

/// Where a difference is.
#[derive(Debug, Clone, PartialEq)]
pub struct Different {
    /// The trial's ID.
    pub trial: String,
    /// The step, where it is in one: which part of the trial, its number from 1, and what it calls.
    pub step: Option<(Phase, usize, String)>,
    /// What differs.
    pub what: Difference,
}

/// How checks that were made again stand to a requirement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// True ones of level `must` or `should`.
    pub held: usize,
    /// False ones.
    pub departed: usize,
    /// True ones of level `info`.
    pub noted: usize,
    /// False ones.
    pub denied: usize,
}

/// What judging again came to.
#[derive(Debug, Default)]
pub struct Rechecked {
    /// What its checks came to for each requirement.
    pub requirements: BTreeMap<String, Standing>,
    /// Trials of the streams.
    pub trials: usize,
    /// Those of them that sent something that the run judged.
    pub judged: usize,
    /// Those that the suite does not have.
    pub unknown: Vec<String>,
    /// Checks that came to the same.
    pub same: usize,
    /// Checks that cannot be made again: by the word of the check and why.
    pub lacking: BTreeMap<(String, Lacking), usize>,
    /// The first differences.
    pub different: Vec<Different>,
    /// How many there are beside these.
    pub untold: usize,
}

impl Rechecked {
    /// How many checks cannot be made again.
    pub fn lacks(&self) -> usize {
        self.lacking.values().sum()
    }

    /// How many differences there are.
    pub fn differences(&self) -> usize {
        self.different.len() + self.untold
    }

    fn lack(&mut self, word: &str, why: Lacking, times: usize) {
        if times > 0 {
            *self.lacking.entry((word.to_owned(), why)).or_default() += times;
        }
    }

    fn differs(&mut self, different: Different) {
        if self.different.len() < MOST_TOLD {
            self.different.push(different);
        } else {
            self.untold += 1;
        }
    }
}

/// Takes the events of streams in their order.
pub struct Recheck<'p> {
    plan: &'p Plan,
    header: RunStarted,
    /// The steps of trials that have not ended.
    open: BTreeMap<String, Vec<StepFinished>>,
    done: Rechecked,
}

impl<'p> Recheck<'p> {
    /// One by the plan of the suite that the run was of.
    pub fn new(plan: &'p Plan) -> Self {
        Self { plan, header: RunStarted::default(), open: BTreeMap::new(), done: Rechecked::default() }
    }

    /// Takes an event.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::RunStarted(header) => self.header = (**header).clone(),
            Event::StepFinished(step) => {
                self.open.entry(step.trial.clone()).or_default().push((**step).clone());
            }
            Event::TrialFinished(finished) => {
                let steps = self.open.remove(&finished.trial).unwrap_or_default();
                self.done.trials += 1;
                let trial = self.plan.trials.iter().find(|trial| trial.id == finished.trial);
                match trial.and_then(|trial| self.plan.script(trial)) {
                    Some(script) => trial::again(self.plan, &script, &self.header, &steps, finished, &mut self.done),
                    None => self.done.unknown.push(finished.trial.clone()),
                }
            }
            Event::TrialStarted(_)
            | Event::Leaked(_)
            | Event::MayBeLeft(_)
            | Event::Waited(_)
            | Event::Preflight(_)
            | Event::SnapshotDrifted(_)
            | Event::NotBegun(_)
            | Event::RunFinished(_) => {}
        }
    }

    /// What it came to.
    pub fn finish(self) -> Rechecked {
        self.done
    }
}
