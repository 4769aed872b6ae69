//! The header of a stream: which run it is, of what, and what the target has.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::RequirementText;
use crate::secret::Redacted;

/// What there is to know about a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// [`VERSION`](super::VERSION).
    pub version: u32,
    /// Names the run, and stands in the names of everything it makes.
    pub run: String,
    /// The version of the program.
    pub program: String,
    /// Tells suites apart.
    pub suite: String,
    /// The target's name, as given.
    pub target: String,
    /// Its origin.
    pub origin: Redacted,
    /// RFC 3339, UTC.
    pub started: String,
    /// How many trials ran at a time.
    pub jobs: usize,
    /// How many trials the run has.
    pub trials: usize,
    /// Which part of a run it is, if that was divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// What was chosen of the suite.
    #[serde(default, skip_serializing_if = "Chosen::is_whole")]
    pub selection: Chosen,
    /// The profiles of the suite that were not selected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Whether its trials tell which requirements they held and departed from.
    #[serde(default)]
    pub scored: bool,
    /// The principals that the target has credentials for.
    pub principals: Vec<String>,
    /// The capabilities that the target has.
    pub capabilities: Vec<String>,
    /// The operations of the suite, with the statuses that they document.
    pub operations: Vec<DocumentedOperation>,
    /// What the trials of the run hold the target to; here, so that it stands in the stream once.
    #[serde(default)]
    pub requirements: Arc<[RequirementText]>,
}

/// One of the parts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// From 1.
    pub index: u64,
    /// How many parts there are.
    pub of: u64,
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// What a run was told to run of its suite.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Chosen {
    /// Patterns of IDs; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<String>,
    /// Profiles; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
}

impl Chosen {
    /// Whether it is the whole suite.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

/// An operation and what it may answer, for the coverage of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentedOperation {
    /// Its operationId.
    pub id: String,
    /// Its method.
    pub method: String,
    /// Its path, with `{parameters}`.
    pub path: String,
    /// The statuses that it documents, those of the contract included.
    pub statuses: Vec<u16>,
    /// Those of them that no case can bring about, each with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<(u16, String)>,
}
