//! Scripts that are compiled when they are due: those of a suite with very many trials would be most of the memory of a run.
//!
//! Owns when that is so, and the scripts of the one file whose trials are due. Mistakes have been found before.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::{Arc, Script, Trial, case};
use crate::suite::Suite;

/// Whether a plan holds what all its trials do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// It does.
    Kept,
    /// Only of a suite of usual size: those of a larger one are compiled again when they are due, which is cheap only where trials come in
    /// the order of their files.
    AsDue,
}

/// The most trials whose scripts are kept,
const MOST_TRIALS: usize = 5_000;

/// and the most text that they may be compiled from, in bytes. Scripts are six times as large.
const MOST_TEXT: usize = 4 * 1024 * 1024;

impl Scripts {
    /// The most trials of a suite whose scripts are kept.
    pub(super) fn most_kept(self, suite: &Suite) -> usize {
        match self {
            Self::Kept => usize::MAX,
            Self::AsDue if suite.cases.iter().map(|file| file.text.len()).sum::<usize>() > MOST_TEXT => 0,
            Self::AsDue => MOST_TRIALS,
        }
    }
}

/// Compiles the files of a suite again, one after the other.
#[derive(Debug)]
pub(super) struct Later {
    suite: Suite,
    due: Mutex<Due>,
}

/// The scripts of a file that no trial has taken yet, by the IDs of their trials.
#[derive(Debug, Default)]
struct Due {
    path: String,
    scripts: HashMap<String, Arc<Script>>,
}

impl Later {
    pub(super) fn new(suite: Suite) -> Self {
        Self { suite, due: Mutex::default() }
    }

    /// The script of a trial. Trials are due in the order of their files, each once, so the file is seldom another than the last time.
    pub(super) fn script(&self, trial: &Trial) -> Option<Arc<Script>> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.path != trial.source.path || !due.scripts.contains_key(&trial.id) {
            let trials = case::compile_again(&self.suite, &trial.source);
            let scripts = trials.into_iter().filter_map(|trial| Some((trial.id, trial.script?)));
            *due = Due { path: trial.source.path.clone(), scripts: scripts.collect() };
        }
        due.scripts.remove(&trial.id)
    }
}
