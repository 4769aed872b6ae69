//! False checks of level `info`, each once: what a run has learnt without holding anybody to it.

use std::collections::{BTreeMap, BTreeSet};

use super::without_indices;
use crate::event::{Finding, StepFinished};
use crate::finding::CheckKind;
use crate::level::Level;

/// What makes two notes the same: operation, check, and where in the body.
type Key = (String, CheckKind, String);

/// The notes of a run.
#[derive(Debug, Default)]
pub struct Notes(BTreeMap<Key, Noted>);

/// One note, with the trials that made it.
#[derive(Debug)]
pub struct Noted {
    /// The operation, or method and path.
    pub call: String,
    /// That of the first trial.
    pub example: Finding,
    /// The trials.
    pub trials: BTreeSet<String>,
}

impl Notes {
    /// Takes the next step.
    pub(super) fn take(&mut self, step: &StepFinished) {
        for finding in step.findings.iter().filter(|finding| finding.level == Level::Info) {
            let pointer = finding.pointer.as_ref().map(|pointer| without_indices(pointer.as_str()));
            let key = (step.call.clone(), finding.check.clone(), pointer.unwrap_or_default());
            let new = || Noted { call: step.call.clone(), example: finding.clone(), trials: BTreeSet::new() };
            let note = self.0.entry(key).or_insert_with(new);
            // The order in which trials end says nothing, and is another one where parts of a run are merged.
            if note.trials.first().is_some_and(|first| step.trial < *first) {
                note.example = finding.clone();
            }
            note.trials.insert(step.trial.clone());
        }
    }

    /// All of them, by operation, check and place.
    pub fn iter(&self) -> impl Iterator<Item = &Noted> {
        self.0.values()
    }
}
