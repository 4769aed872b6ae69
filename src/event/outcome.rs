//! How trials end: the words of every report, and what each of them makes of it.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// How a trial ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Outcome {
    /// Every check of level `must` and `should` held.
    Passed,
    /// Every check of level `must` held, but at least one of level `should` was false.
    Warned,
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

/// What an outcome means for the run, and so its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// There is nothing to say against the target.
    Good,
    /// There is, but it does not turn the run red.
    Warn,
    /// The target departs from what it is held to, or from what is known of it.
    Bad,
    /// Something kept the trial from telling.
    Broken,
    /// It told nothing, and was not to.
    Idle,
}

/// What an outcome says of the target, whether or not it was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearing {
    /// Every check of level `must` held.
    Passes,
    /// One was false.
    Fails,
    /// Nothing was learnt.
    Unjudged,
    /// Nothing was to be learnt.
    Inapplicable,
}

/// The element of a `testcase` in `JUnit` XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Junit {
    /// None.
    Success,
    /// `failure`.
    Failure,
    /// `error`.
    Error,
    /// `skipped`.
    Skipped,
}

/// A test point of TAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tap {
    /// `ok`.
    Ok,
    /// `not ok`.
    NotOk,
    /// `not ok` with the directive `TODO`.
    Todo,
    /// `ok` with the directive `SKIP`.
    Skip,
}

/// An outcome in every report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// What it means for the run.
    pub tone: Tone,
    /// What it says of the target.
    pub bearing: Bearing,
    /// Its element in `JUnit` XML.
    pub junit: Junit,
    /// Its test point in TAP.
    pub tap: Tap,
    /// Tells it apart without colour.
    pub mark: char,
    /// In a line of a character a run.
    pub letter: char,
    /// Where it stands among others: the lowest comes first.
    pub weight: u8,
}

impl Outcome {
    /// All outcomes, in the order of reports.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// What each report makes of it.
    pub fn form(self) -> Form {
        let form =
            |tone, bearing, junit, tap, mark, letter, weight| Form { tone, bearing, junit, tap, mark, letter, weight };
        match self {
            Self::Failed => form(Tone::Bad, Bearing::Fails, Junit::Failure, Tap::NotOk, '✗', 'F', 0),
            Self::ChangedFailure => form(Tone::Bad, Bearing::Fails, Junit::Failure, Tap::NotOk, '≠', 'C', 1),
            Self::UnexpectedPass => form(Tone::Bad, Bearing::Passes, Junit::Failure, Tap::NotOk, '◇', 'U', 2),
            Self::Expired => form(Tone::Bad, Bearing::Fails, Junit::Failure, Tap::NotOk, '†', 'X', 3),
            Self::Blocked => form(Tone::Broken, Bearing::Unjudged, Junit::Error, Tap::NotOk, '■', 'B', 4),
            Self::Errored => form(Tone::Broken, Bearing::Unjudged, Junit::Error, Tap::NotOk, '▲', 'E', 5),
            Self::NotRun => form(Tone::Idle, Bearing::Unjudged, Junit::Skipped, Tap::Skip, '·', 'o', 6),
            Self::Flaky => form(Tone::Warn, Bearing::Passes, Junit::Success, Tap::Ok, '≈', '~', 7),
            Self::Warned => form(Tone::Warn, Bearing::Passes, Junit::Success, Tap::Ok, '!', 'w', 8),
            Self::Passed => form(Tone::Good, Bearing::Passes, Junit::Success, Tap::Ok, '✓', '.', 9),
            Self::KnownFailure => form(Tone::Warn, Bearing::Fails, Junit::Skipped, Tap::Todo, '◆', 'k', 10),
            Self::NotApplicable => form(Tone::Idle, Bearing::Inapplicable, Junit::Skipped, Tap::Skip, '○', '-', 11),
        }
    }

    /// Whether the target departs from what it is held to, or from what is known of it.
    pub fn departs(self) -> bool {
        self.form().tone == Tone::Bad
    }

    /// Whether something kept the trial from telling.
    pub fn is_unjudged(self) -> bool {
        self.form().tone == Tone::Broken
    }

    /// The word in reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
