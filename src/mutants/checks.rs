//! The checks of a plan, counted: every expectation at its place in its file, and what calls imply, once an operation.
//!
//! A check is the smallest thing that can be false by itself: the status of a step, an error code, a header, a link, a capture, and of a
//! matcher for a body each leaf. The rows of a table share their checks, as they share the text. What a call implies is one check
//! an operation and sort (its schema, its error form); a general header is one check for answers with and one for those without a
//! body. Checks of level `info` assert nothing and are none.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use crate::{
    event::{self, ImpliedBy, Place},
    plan::{self, Basis, Plan, Step, Trial, When},
    suite::On,
};

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    /// `file:line:column` of the expectation; for what a call implies, the operation.
    pub place: String,
    /// `status`, `body`, `schema`, `header Link`, …
    pub check: String,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.check)
    }
}

/// All checks of some trials, each with the requirements that it holds a target to.
#[derive(Debug, Default)]
pub struct Checks {
    all: BTreeMap<Check, BTreeSet<String>>,
}

impl Checks {
    /// The checks of these trials.
    pub(super) fn of(plan: &Plan, trials: &[Arc<Trial>]) -> Self {
        let mut checks = Self::default();
        for (step, check) in trials.iter().flat_map(|trial| plan.checks_of(trial)) {
            checks.add(step, check);
        }
        checks
    }

    /// The checks of one trial.
    pub(super) fn of_one(plan: &Plan, trial: &Arc<Trial>) -> BTreeSet<Check> {
        Self::of(plan, std::slice::from_ref(trial)).all.into_keys().collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Those that are not among `red`.
    pub(super) fn never(&self, red: &BTreeSet<&Check>) -> Vec<&Check> {
        self.all.keys().filter(|check| !red.contains(check)).collect()
    }

    /// Requirements of which no check is among `red`.
    pub(super) fn untried(&self, red: &BTreeSet<&Check>) -> Vec<&str> {
        let ids = |of: &dyn Fn(&Check) -> bool| -> BTreeSet<&str> {
            let chosen = self.all.iter().filter(|(check, _)| of(check));
            chosen.flat_map(|(_, ids)| ids.iter().map(String::as_str)).collect()
        };
        let tried = ids(&|check| red.contains(check));
        ids(&|_| true).into_iter().filter(|id| !tried.contains(id)).collect()
    }

    /// The requirements that they hold a target to.
    pub(super) fn requirements(&self) -> usize {
        self.all.values().flatten().collect::<BTreeSet<_>>().len()
    }

    /// The check that was false.
    pub(super) fn find(finding: &event::Finding) -> Check {
        let (place, on) = match &finding.implied_by {
            Some(ImpliedBy::Operation(operation)) => (operation.clone(), ""),
            Some(ImpliedBy::AllAnswers) => (CONTRACT.to_owned(), ""),
            Some(ImpliedBy::AnswersWithBody) => (CONTRACT.to_owned(), WITH_BODY),
            Some(ImpliedBy::AnswersWithoutBody) => (CONTRACT.to_owned(), WITHOUT_BODY),
            None => {
                let at = |place: &Place| format!("{}:{}:{}", place.path, place.line, place.column);
                (finding.place.as_ref().map(at).unwrap_or_default(), "")
            }
        };
        Check { place, check: format!("{}{on}", finding.check) }
    }

    fn add(&mut self, step: &Step, check: &plan::Check) {
        let kind = check.kind().to_string();
        let on = match check.when {
            When::On(On::Body) => WITH_BODY,
            When::On(On::Empty) => WITHOUT_BODY,
            When::On(On::Any)
            | When::Sending
            | When::Answered
            | When::Expected
            | When::Success(_)
            | When::Refused
            | When::Recorded => "",
        };
        let mut insert = |place: String| {
            let key = Check { place, check: format!("{kind}{on}") };
            self.all.entry(key).or_default().extend(check.requirements.iter().cloned());
        };
        match &check.basis {
            Basis::Operation(operation) => insert(operation.id.clone()),
            Basis::Contract => insert(CONTRACT.to_owned()),
            Basis::Case(_) => check.leaves(&mut |_, span| {
                let (line, column) = step.source.position(span.start);
                insert(format!("{}:{line}:{column}", step.source.path));
            }),
        }
    }
}

/// Where the checks of every answer stand.
const CONTRACT: &str = "contract";

/// Behind those of answers that have a body,
const WITH_BODY: &str = " with a body";

/// and of those that have none.
const WITHOUT_BODY: &str = " without a body";
