//! The parts of a run that was divided: which of them were merged, and which are missing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, text::joined};
use crate::event::{RunStarted, Shard};

/// A run, or the part of one, that a stream tells of.
#[derive(Debug, Clone)]
pub struct Part {
    /// What its header says.
    pub header: RunStarted,
    /// Whether it came to its end.
    pub ended: bool,
}

/// Streams that are no parts of one run.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    /// A part that is there already.
    #[error("shard {0} of the run against {1} is a duplicate: each part is merged once")]
    Twice(Shard, String),
    /// A run of other cases.
    #[error("its suite differs from that of the first stream: streams that are merged must be parts of one run")]
    Suite,
}

impl Report {
    /// Whether a stream that begins with this header may be merged into the report.
    ///
    /// # Errors
    /// One that is no part of the same run.
    pub fn joins(&self, header: &RunStarted) -> Result<(), PartsError> {
        let other =
            |first: &RunStarted| first.suite != header.suite && !first.suite.is_empty() && !header.suite.is_empty();
        if self.header.as_ref().is_some_and(other) {
            return Err(PartsError::Suite);
        }
        let Some(shard) = header.shard else { return Ok(()) };
        let same = |part: &Part| part.header.target == header.target && part.header.shard == Some(shard);
        if self.parts.iter().any(same) { Err(PartsError::Twice(shard, header.target.clone())) } else { Ok(()) }
    }

    /// Notes that the report is to be of whole runs: a part alone is what its own run reports, but not what is left when parts are merged.
    pub fn expect_all_parts(&mut self) {
        self.all_parts = true;
    }

    /// What should be there of runs that were divided, and is not; each target's parts in a sentence.
    pub fn missing(&self) -> Vec<String> {
        if self.all_parts { self.lost_parts() } else { Vec::new() }
    }

    /// What is not there of runs that were divided.
    pub(super) fn lost_parts(&self) -> Vec<String> {
        let mut shards: BTreeMap<(&str, u64), BTreeSet<u64>> = BTreeMap::new();
        for (part, shard) in self.parts.iter().filter_map(|part| Some((&part.header, part.header.shard?))) {
            shards.entry((&part.target, shard.of)).or_default().insert(shard.index);
        }
        let sentence = |((target, of), there): ((&str, u64), BTreeSet<u64>)| {
            let lost: Vec<u64> = (1..=of).filter(|index| !there.contains(index)).collect();
            let (noun, verb) = if lost.len() == 1 { ("shard", "is") } else { ("shards", "are") };
            let list = joined(&lost, ", ");
            (!lost.is_empty()).then(|| format!("{noun} {list} of {of} {verb} missing, of the run against {target}"))
        };
        shards.into_iter().filter_map(sentence).collect()
    }
}
