//! The run as a badge: the JSON that an endpoint badge of shields.io is made of.

use serde::Serialize;

use super::{AsideKind, FailOn, Report, Standing, Verdict};
use crate::event::Outcome;

/// What the badge service reads.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Badge {
    schema_version: u32,
    label: &'static str,
    message: String,
    color: &'static str,
    is_error: bool,
}

impl Badge {
    /// The badge of a report.
    pub fn of(report: &Report, fail_on: FailOn) -> Self {
        let verdict = report.verdict(fail_on);
        let all = report.trials.len() - report.count(Outcome::NotApplicable);
        let (message, color) = match verdict {
            Verdict::Conformant => (format!("{} passed", all - report.count(Outcome::KnownFailure)), "brightgreen"),
            Verdict::NotConformant => {
                let causes = report.causes(fail_on);
                let red = causes.iter().filter(|cause| cause.standing == Standing::Red);
                let red: usize = red.map(|cause| cause.trials.len()).sum();
                let mut asides = AsideKind::ALL
                    .into_iter()
                    .filter(|kind| report.asides(*kind, fail_on).iter().any(|aside| aside.red));
                let message = match asides.next().filter(|_| red == 0) {
                    Some(AsideKind::Baseline) => "worse than before".to_owned(),
                    Some(AsideKind::Drift | AsideKind::Snapshot) => "drift".to_owned(),
                    None => format!("{red} of {all} failed"),
                };
                (message, "red")
            }
            Verdict::NotJudged
            | Verdict::NothingRan
            | Verdict::NotBegun
            | Verdict::Interrupted
            | Verdict::Terminated => (verdict.name().to_owned(), "lightgrey"),
        };
        let known = report.count(Outcome::KnownFailure);
        let message = if known == 0 { message } else { format!("{message}, {known} known") };
        Self { schema_version: 1, label: "conformance", message, color, is_error: verdict != Verdict::Conformant }
    }
}
