//! The parts of a run that was divided: which of them were merged, and which are missing.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use crate::event::{RunStarted, Shard};

/// The shards that were merged, by the target that they ran against and by how many there are of it.
pub(super) type Parts = BTreeMap<(String, u64), BTreeSet<u64>>;

/// Streams that are no parts of one run.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    /// A part that is there already.
    #[error("shard {shard} of the run against {target} is there already: each part is merged once")]
    Twice {
        /// Which.
        shard: Shard,
        /// The target.
        target: String,
    },
    /// A run of other cases.
    #[error("it is of another suite than the first stream: streams that are merged are parts of one run")]
    Suite,
}

impl Report {
    /// Adds the header of one more stream to the parts of the run.
    ///
    /// # Errors
    /// One that does not belong to them.
    pub fn join(&mut self, header: &RunStarted) -> Result<(), PartsError> {
        if self.header.as_ref().is_some_and(|first| first.suite != header.suite) {
            return Err(PartsError::Suite);
        }
        let Some(shard) = header.shard else { return Ok(()) };
        let parts = self.parts.entry((header.target.clone(), shard.of)).or_default();
        if parts.insert(shard.index) {
            return Ok(());
        }
        Err(PartsError::Twice { shard, target: header.target.clone() })
    }

    /// What is missing of runs that were divided, each target's parts in a sentence.
    pub fn missing(&self) -> Vec<String> {
        let sentence = |((target, of), there): (&(String, u64), &BTreeSet<u64>)| {
            let lost: Vec<String> =
                (1..=*of).filter(|index| !there.contains(index)).map(|index| index.to_string()).collect();
            let (noun, verb) = if lost.len() == 1 { ("shard", "is") } else { ("shards", "are") };
            (!lost.is_empty())
                .then(|| format!("{noun} {} of {of} {verb} missing, of the run against {target}", lost.join(", ")))
        };
        self.parts.iter().filter_map(sentence).collect()
    }
}
