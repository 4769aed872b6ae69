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
    /// Whether that is the suite inside the program, whose files lie in no directory of the user's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub embedded: bool,
    /// The target's name, as given.
    pub target: String,
    /// Its origin.
    pub origin: Redacted,
    /// RFC 3339, UTC.
    pub started: String,
    /// What was left out of its exchanges before they left the house, where that was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Withholding>,
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
    /// The findings that the known failures list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<KnownFinding>,
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

/// What a stream does not tell that is evidence for others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withholding {
    /// The headers of answers that are told, in small letters; none of the others is.
    pub headers: Vec<String>,
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
    /// Only what an earlier run left to be done: what failed in it, could not be judged, or was not run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rerun: bool,
}

impl Chosen {
    /// Whether it is the whole suite.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

/// A finding that an entry of the known failures is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFinding {
    /// File and line.
    pub entry: String,
    /// What it looks like.
    pub finding: FindingPattern,
}

/// What findings have in common. What it does not say may be anything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FindingPattern {
    /// The operation, or method and path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The check, in the words of reports.
    pub check: String,
    /// JSON Pointer with `*` for every index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Of a status, what was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The class of the value: a status, an error code, else what kind of thing it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
}

impl FindingPattern {
    /// Whether it is about all that the other one is about.
    pub fn includes(&self, other: &Self) -> bool {
        let any_or = |mine: &Option<String>, its: &Option<String>| mine.is_none() || mine == its;
        any_or(&self.operation, &other.operation)
            && self.check.eq_ignore_ascii_case(&other.check)
            && any_or(&self.place, &other.place)
            && any_or(&self.expected, &other.expected)
            && any_or(&self.actual, &other.actual)
    }
}

impl std::fmt::Display for FindingPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { operation, check, place, expected, actual } = self;
        let operation = operation.as_ref().map(|operation| format!("{operation}: ")).unwrap_or_default();
        let place =
            place.as_ref().filter(|place| !place.is_empty()).map(|place| format!(" {place}")).unwrap_or_default();
        let values = match (expected, actual) {
            (Some(expected), Some(actual)) => format!(": {actual} for {expected}"),
            (Some(expected), None) => format!(": not {expected}"),
            (None, Some(actual)) => format!(": {actual}"),
            (None, None) => String::new(),
        };
        write!(f, "{operation}{check}{place}{values}")
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
