//! What one run has found: the first false check of each trial, and which checks were false. Owns whether such a finding, or a cause of a
//! report, names a fault.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{Check, Checks, Mutant};
use crate::{
    event::{self, Event, Outcome, Phase, StepFinished, Stop, TrialFinished},
    finding::{self, Actual, CheckKind, Expected},
    level::Level,
    path::path_of,
    plan::Plan,
    pointer,
    report::{Cause, What},
    signature::without_indices,
    targets::Fault,
};

/// The first thing wrong in a trial.
#[derive(Debug, Clone)]
pub struct FirstFinding {
    /// The trial.
    pub trial: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The number of the step, from 1; none where there was no step to speak of.
    pub step: Option<usize>,
    /// The operation, or method and path.
    pub call: String,
    /// What was checked; `answer` where none came.
    pub check: String,
    /// Where the expectation stands.
    pub place: String,
    /// The requirements that it holds the target to.
    pub requirements: Vec<String>,
    /// What it says.
    pub text: String,
    /// What it says without the bodies that it shows: every member stands in them.
    words: String,
    /// The operations that the steps before this one called, and this one.
    called: Vec<String>,
    /// The false checks of the answer, if it is one.
    sights: Vec<Sight>,
}

/// What is wrong where, in values that are the same in every run.
#[derive(Debug, Clone)]
struct Sight {
    check: CheckKind,
    /// With `*` for every index; of a missing member, where it would be.
    pointer: String,
    /// The status that came, or what kind of thing.
    actual: String,
}

impl Sight {
    fn of(finding: &event::Finding) -> Self {
        let actual = match &finding.actual {
            Actual::Status { status, .. } => status.to_string(),
            actual => actual.class().to_owned(),
        };
        let check = match &finding.check {
            // A refusal that is no error object is one cause, whichever of the two says so.
            CheckKind::ErrorForm => CheckKind::Schema,
            check => check.clone(),
        };
        let at = finding.at().unwrap_or_default();
        let pointer =
            if let Expected::Member(name) = &finding.expected { pointer::below(at, name) } else { at.to_owned() };
        Self { check, pointer: without_indices(&pointer), actual }
    }

    fn is(&self, other: &Self, whatever_came: bool) -> bool {
        self.check == other.check && self.pointer == other.pointer && (whatever_came || self.actual == other.actual)
    }
}

impl FirstFinding {
    /// Whether the target was found to depart, and not only that nothing could be found out.
    pub(super) fn is_failure(&self) -> bool {
        self.outcome == Outcome::Failed
    }

    /// The area of its trial.
    pub(super) fn area(&self) -> &str {
        self.trial.split('/').next().unwrap_or_default()
    }

    /// Whether it speaks of the operation and of what is wrong about it. An effect on the state shows in a later step, so the
    /// operation may be one that an earlier step called.
    pub(super) fn names(&self, operation: Option<&str>, subject: &str) -> bool {
        // What is wrong about a write that is not stored, for one, has no name.
        let named =
            subject.is_empty() || has_subject(&format!("{} {} {}", self.check, self.words, self.trial), subject);
        named && operation.is_none_or(|operation| self.called.iter().any(|call| call == operation))
    }

    /// Whether a cause of another run is what this was: the same check at the same place in the same trial. If the cause does not mention
    /// what is wrong, the same has to come, too.
    pub(super) fn is_met_by(&self, cause: &Cause<'_>, is_mentioned: bool) -> bool {
        let is_called = || self.called.last().is_some_and(|call| cause.calls().contains(&call.as_str()));
        let any = |is: &dyn Fn(&Sight) -> bool| is_called() && self.sights.iter().any(is);
        let is_same = match &cause.what {
            What::Check(check) => any(&|sight| sight.is(&Sight::of(check.example), is_mentioned)),
            What::Path { .. } => any(&|sight| sight.check == CheckKind::Status),
            What::Reason(_) => self.sights.is_empty(),
        };
        is_same && cause.trials.iter().any(|trial| trial.finished.trial == self.trial)
    }
}

/// Whether a cause speaks of the operation and of what is wrong about it.
pub(super) fn mentions(cause: &Cause<'_>, operation: &str, subject: &str) -> bool {
    let words = match &cause.what {
        What::Check(check) => {
            let finding = check.example;
            let values = finding::unsaid(&finding.expected, &finding.actual, &finding.check);
            format!("{} {} {} {values}", finding.check, check.pointer, check.query.join(" "))
        }
        What::Path { .. } => cause.title(),
        What::Reason(_) => return false,
    };
    cause.calls().contains(&operation) && has_subject(&words, subject)
}

impl fmt::Display for FirstFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.trial)?;
        if let Some(step) = self.step {
            write!(f, "step {step}: ")?;
        }
        write!(f, "{}: {}", self.call, self.text)
    }
}

/// Watches a run.
#[derive(Debug)]
pub(super) struct Watch<'p> {
    plan: &'p Plan,
    trials: usize,
    pub(super) red: Vec<FirstFinding>,
    warned: Vec<FirstFinding>,
    falses: BTreeSet<Check>,
    /// Of trials under way: the first false check of level `must`, and of level `should`.
    open: BTreeMap<String, Open>,
    cut: bool,
}

#[derive(Debug, Default)]
struct Open {
    called: Vec<String>,
    must: Option<FirstFinding>,
    should: Option<FirstFinding>,
    silent: Option<FirstFinding>,
}

impl<'p> Watch<'p> {
    pub(super) fn new(plan: &'p Plan, trials: usize) -> Self {
        Self { plan, trials, red: vec![], warned: vec![], falses: BTreeSet::new(), open: BTreeMap::new(), cut: false }
    }

    /// The operation that a request was, whether or not the case names it.
    fn called(&self, step: &StepFinished) -> String {
        let request = step.exchange.as_ref().map(|exchange| &exchange.request);
        let found = request.and_then(|request| self.plan.operation(&request.method, path_of(request.url.as_str())));
        found.map_or_else(|| step.call.clone(), |operation| operation.id.clone())
    }

    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::StepFinished(step) if step.phase != Phase::Defer => self.step(step),
            Event::TrialFinished(finished) => self.trial(finished),
            Event::RunFinished(finished) => self.cut |= finished.stopped == Some(Stop::Deadline),
            _ => {}
        }
    }

    fn step(&mut self, step: &StepFinished) {
        let called = self.called(step);
        let open = self.open.entry(step.trial.clone()).or_default();
        open.called.push(called);
        for finding in &step.findings {
            let check = Checks::find(finding);
            let first = match finding.level {
                Level::Must => &mut open.must,
                Level::Should => &mut open.should,
                Level::Info => continue,
            };
            match first {
                None => *first = Some(false_check(step, finding, &check, &open.called)),
                // What is told of an answer may be any of the things that are wrong with it.
                Some(first) if first.called.len() == open.called.len() => first.sights.push(Sight::of(finding)),
                Some(_) => {}
            }
            self.falses.insert(check);
        }
        let broken = step.exchange.as_ref().filter(|_| step.met_trouble());
        let reason = broken.map(|exchange| format!("the target answered {}", exchange.response.status));
        if let Some(reason) = reason.or_else(|| step.fault.as_ref().map(ToString::to_string)) {
            open.silent = Some(FirstFinding {
                trial: step.trial.clone(),
                outcome: Outcome::Errored,
                step: Some(step.step),
                call: step.call.clone(),
                check: "answer".to_owned(),
                place: String::new(),
                requirements: Vec::new(),
                words: reason.clone(),
                text: reason,
                called: open.called.clone(),
                sights: vec![],
            });
        }
    }

    fn trial(&mut self, finished: &TrialFinished) {
        let open = self.open.remove(&finished.trial).unwrap_or_default();
        match finished.outcome {
            Outcome::Failed | Outcome::Blocked | Outcome::Errored => {
                let reason = finished.reason.as_ref().map(ToString::to_string).unwrap_or_default();
                let by = finished.blocked_by.as_deref();
                let found = open.must.or(open.silent).unwrap_or_else(|| FirstFinding {
                    trial: finished.trial.clone(),
                    outcome: finished.outcome,
                    step: None,
                    call: by.map(|by| by.call.clone()).unwrap_or_default(),
                    check: finished.outcome.name().to_owned(),
                    place: format!("{}:{}", finished.file, finished.line),
                    requirements: Vec::new(),
                    words: by.map_or_else(|| reason.clone(), |by| words_of(&by.finding)),
                    text: reason,
                    called: open.called.into_iter().chain(by.map(|by| by.call.clone())).collect(),
                    sights: by.map(|by| Sight::of(&by.finding)).into_iter().collect(),
                });
                self.red.push(FirstFinding { outcome: finished.outcome, ..found });
            }
            Outcome::Warned | Outcome::Flaky => self.warned.extend(open.should),
            Outcome::Passed
            | Outcome::KnownFailure
            | Outcome::UnexpectedPass
            | Outcome::ChangedFailure
            | Outcome::Expired
            | Outcome::NotApplicable
            | Outcome::NotRun => {}
        }
    }

    pub(super) fn into_mutant(self, fault: Fault) -> Mutant {
        let Self { trials, red, warned, falses, cut, .. } = self;
        Mutant { fault, trials, red, warned, cut, falses }
    }
}

fn false_check(step: &StepFinished, finding: &event::Finding, check: &Check, called: &[String]) -> FirstFinding {
    FirstFinding {
        trial: step.trial.clone(),
        outcome: Outcome::Warned,
        step: Some(step.step),
        call: step.call.clone(),
        check: finding.check.to_string(),
        place: check.place.clone(),
        requirements: finding.requirements.iter().map(|requirement| requirement.id.clone()).collect(),
        words: words_of(finding),
        text: finding.headline(),
        called: called.to_vec(),
        sights: vec![Sight::of(finding)],
    }
}

/// What a finding says without the bodies that it shows.
fn words_of(finding: &event::Finding) -> String {
    let words = finding::unsaid(&finding.expected, &finding.actual, &finding.check);
    format!("{} {} {words}", finding.check, finding.at().unwrap_or_default())
}

/// Whether one of the subjects, with `|` between, is in a text.
fn has_subject(text: &str, subject: &str) -> bool {
    let text = text.to_lowercase();
    subject.split('|').any(|subject| has_word(&text, &subject.to_lowercase()))
}

/// Whether a word, or several, stand in a text, and not as parts of others.
fn has_word(text: &str, word: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let mut places = text.match_indices(word);
    places.any(|(at, _)| ends(text[..at].chars().next_back()) && ends(text[at + word.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_no_part_of_another() {
        assert!(has_word("body /keys/0/d", "d") && has_word("header x-a", "x-a"));
        assert!(!has_word("body /id", "d") && !has_word("body /dp", "d"));
    }
}
