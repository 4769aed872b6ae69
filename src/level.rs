//! How much a check weighs.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// How much a check weighs. The order is that of weight: the lighter of two is the smaller.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Level {
    /// Recorded, nothing more.
    Info,
    /// False is a warning.
    Should,
    /// False is a departure of the target: the trial has failed.
    Must,
}

impl Level {
    /// The word in cases and reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
