//! How trials end: the words of every report.

use serde::{Deserialize, Serialize};

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every check of level `must` held.
    Passed,
    /// At least one check of level `must` was false.
    Failed,
    /// Failed, then passed on a retry that was asked for.
    Flaky,
    /// Failed just as the known failures say.
    KnownFailure,
    /// Passed, though a known failure is listed.
    UnexpectedPass,
    /// Failed in another way than the listed one.
    ChangedFailure,
    /// Failed as listed, but the entry is out of date.
    Expired,
    /// A fixture could not be made.
    Blocked,
    /// Infrastructure: nothing was learnt.
    Errored,
    /// The target lacks what the case needs.
    NotApplicable,
    /// Never started.
    NotRun,
}

impl Outcome {
    /// All outcomes, in the order of reports.
    pub const ALL: [Self; 11] = [
        Self::Passed,
        Self::Failed,
        Self::Flaky,
        Self::KnownFailure,
        Self::UnexpectedPass,
        Self::ChangedFailure,
        Self::Expired,
        Self::Blocked,
        Self::Errored,
        Self::NotApplicable,
        Self::NotRun,
    ];

    /// Whether the target departs from what it is held to, or from what is known of it.
    pub fn departs(self) -> bool {
        matches!(self, Self::Failed | Self::UnexpectedPass | Self::ChangedFailure | Self::Expired)
    }

    /// Whether something kept the trial from telling.
    pub fn is_unjudged(self) -> bool {
        matches!(self, Self::Blocked | Self::Errored)
    }

    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Flaky => "flaky",
            Self::KnownFailure => "known-failure",
            Self::UnexpectedPass => "unexpected-pass",
            Self::ChangedFailure => "changed-failure",
            Self::Expired => "expired",
            Self::Blocked => "blocked",
            Self::Errored => "errored",
            Self::NotApplicable => "not-applicable",
            Self::NotRun => "not-run",
        }
    }
}
