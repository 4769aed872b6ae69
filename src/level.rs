//! How much a check weighs.

use serde::{Deserialize, Serialize};

use crate::yaml::{Node, Problems};

/// How much a check weighs. The order is that of weight: the lighter of two is the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Recorded, nothing more.
    Info,
    /// False is a warning.
    Should,
    /// False is a departure of the target: the trial has failed.
    Must,
}

impl Level {
    pub(crate) fn read(node: &Node, problems: &mut Problems<'_>) -> Option<Self> {
        match problems.text(node, "level")? {
            "must" => Some(Self::Must),
            "should" => Some(Self::Should),
            "info" => Some(Self::Info),
            other => {
                problems.unknown(node.span, "level", other, ["must", "should", "info"]);
                None
            }
        }
    }

    /// The word in cases and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Info => "info",
        }
    }
}
