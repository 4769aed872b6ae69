//! What a run would have to list as known failures to be green, by cause.
//!
//! Owns which findings are put under which cause: each false check that keeps a trial red stands in one entry, under the cause that it is
//! or follows from. The file that is made of it is the known failures' own.

use std::collections::BTreeSet;

use super::{Cause, FailOn, Report, TrialReport};
use crate::{
    event::{Bearing, Finding, FindingPattern, Outcome, Phase},
    level::Level,
    secret::Redacted,
    signature::{checked, class, expectation, is_of_every_operation, operation, without_indices},
};

impl Report {
    /// The titles of the causes that turn the run red or keep trials from being judged, with the findings that no entry is about yet.
    pub fn proposals(&self) -> Vec<(String, Vec<FindingPattern>)> {
        let causes = self.causes(FailOn::default());
        let mut proposals: Vec<(String, Vec<FindingPattern>)> =
            causes.iter().map(|cause| (cause.title(), Vec::new())).collect();
        let own: Vec<Option<FindingPattern>> = causes.iter().map(|cause| self.pattern_of(cause)).collect();
        let mut told: BTreeSet<FindingPattern> = BTreeSet::new();
        for trial in self.sorted().into_iter().filter(|trial| is_proposed(trial.finished.outcome)) {
            for answer in self.patterns_in(trial) {
                let cause_of = |pattern: &FindingPattern| own.iter().position(|own| own.as_ref() == Some(pattern));
                let root = answer.iter().find_map(&cause_of);
                for pattern in answer.iter().filter(|pattern| !self.lists(pattern)) {
                    let behind = |any: bool| {
                        (0..causes.len()).find(|at| (any || own[*at].is_none()) && accounts_for(&causes[*at], trial))
                    };
                    let at = cause_of(pattern).or(root).or_else(|| behind(false)).or_else(|| behind(true));
                    if let Some(at) = at.filter(|_| told.insert(pattern.clone())) {
                        proposals[at].1.push(pattern.clone());
                    }
                }
            }
        }
        proposals.retain(|(_, patterns)| !patterns.is_empty());
        proposals
    }

    /// The findings that keep a trial red, those of one answer together.
    fn patterns_in(&self, trial: &TrialReport) -> Vec<Vec<FindingPattern>> {
        if trial.finished.outcome == Outcome::Blocked {
            let by = trial.finished.blocked_by.as_deref();
            return by.map(|by| vec![self.pattern(&by.finding, &by.call, None)]).into_iter().collect();
        }
        let steps = trial.last_failures().filter(|step| step.phase == Phase::Steps);
        let patterns = steps.map(|step| {
            let (call, status) =
                (operation(step, self.operations()), step.exchange.as_ref().map(|made| made.response.status));
            let must = step.findings.iter().filter(|finding| finding.level == Level::Must);
            must.map(|finding| self.pattern(finding, call, status)).collect()
        });
        patterns.collect()
    }

    /// The finding that a cause is, if it is one.
    fn pattern_of(&self, cause: &Cause<'_>) -> Option<FindingPattern> {
        let check = cause.check().filter(|_| cause.standing.counts())?;
        let status = check.step.and_then(|step| step.exchange.as_ref()).map(|exchange| exchange.response.status);
        Some(self.pattern(check.example, check.calls.first()?, status))
    }

    fn pattern(&self, finding: &Finding, call: &str, status: Option<u16>) -> FindingPattern {
        let (origin, run) =
            self.header.as_ref().map_or(("", ""), |header| (header.origin.as_str(), header.run.as_str()));
        FindingPattern {
            operation: (!is_of_every_operation(finding, status)).then(|| call.to_owned()),
            check: checked(finding, status).to_string(),
            place: finding.pointer.as_ref().map(Redacted::as_str).map(without_indices),
            expected: expectation(finding),
            actual: Some(class(finding, status, origin, run)),
        }
    }

    /// Whether an entry is about it already.
    fn lists(&self, pattern: &FindingPattern) -> bool {
        self.known.keys().any(|known| known.includes(pattern))
    }

    /// The entries that no check of the whole run met, each with the place where it is: none where more trials might have.
    pub(super) fn stale(&self) -> impl Iterator<Item = (&str, &FindingPattern)> {
        let judged = |trial: &TrialReport| !matches!(trial.finished.outcome.form().bearing, Bearing::Unjudged);
        let whole = self.footer.is_some()
            && self.is_complete()
            && self.stopped().is_none()
            && self.lost_parts().is_empty()
            && self.not_begun.is_empty()
            && self.parts.iter().all(|part| part.header.selection.patterns.is_empty() && !part.header.selection.rerun)
            && self.trials.iter().all(judged);
        let stale = self.known.iter().filter(move |(_, (_, met))| whole && !met);
        stale.map(|(pattern, (entry, _))| (entry.as_str(), pattern))
    }
}

/// Whether the outcome is one of those that an entry changes.
fn is_proposed(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Failed | Outcome::ChangedFailure | Outcome::Expired | Outcome::Blocked => true,
        Outcome::Passed
        | Outcome::Warned
        | Outcome::Flaky
        | Outcome::KnownFailure
        | Outcome::UnexpectedPass
        | Outcome::Errored
        | Outcome::NotApplicable
        | Outcome::NotRun => false,
    }
}

/// Whether the cause is behind the trial.
fn accounts_for(cause: &Cause<'_>, trial: &TrialReport) -> bool {
    cause.trials.iter().any(|other| other.finished.trial == trial.finished.trial)
}
