//! What is wrong in a run, by cause: one missing resource or one broken thing is one cause, not sixty.

use std::collections::{BTreeMap, BTreeSet};

use super::{FailOn, Lacking, Report, TrialReport, without_indices};
use crate::{counted::counted, event::Outcome, level::Level};

/// All that keeps a run from being conformant, each trial once.
#[derive(Debug)]
pub struct Causes<'a> {
    /// Trials that turn the run red, without those of the areas below: those that fail alike together, in the order of their IDs.
    pub red: Vec<Vec<&'a TrialReport>>,
    /// Areas of the suite that the target does not have.
    pub lacking: Vec<Lacking<'a>>,
    /// Trials that could not be judged, by why.
    pub unjudged: Vec<Unjudged<'a>>,
}

/// Trials that could not be judged for one reason.
#[derive(Debug)]
pub struct Unjudged<'a> {
    /// Blocked, errored or not run.
    pub outcome: Outcome,
    /// Why, in a sentence.
    pub reason: &'a str,
    /// In the order of their IDs.
    pub trials: Vec<&'a TrialReport>,
}

impl Report {
    /// What is wrong, by cause.
    pub fn causes(&self, fail_on: FailOn) -> Causes<'_> {
        let mut causes = Causes { red: Vec::new(), lacking: self.lacking(), unjudged: Vec::new() };
        let of_areas: BTreeSet<&str> =
            causes.lacking.iter().flat_map(|lacking| &lacking.trials).map(|trial| id(trial)).collect();
        let (mut red, mut known) = (Vec::new(), BTreeMap::new());
        for trial in self.sorted() {
            let (outcome, reason) = (trial.finished.outcome, trial.reason());
            if of_areas.contains(id(trial)) {
                continue;
            }
            if outcome.departs() || fail_on.in_trial(&trial.finished).is_some() {
                red.push(trial);
            } else if outcome.is_unjudged() || outcome == Outcome::NotRun {
                let index = *known.entry((outcome, reason)).or_insert(causes.unjudged.len());
                if index == causes.unjudged.len() {
                    causes.unjudged.push(Unjudged { outcome, reason, trials: Vec::new() });
                }
                causes.unjudged[index].trials.push(trial);
            }
        }
        causes.red = self.alike(red, Level::Must);
        causes
    }

    /// Trials with warnings that do not turn the run red, those that warn alike together.
    pub fn warned(&self, fail_on: FailOn) -> Vec<Vec<&TrialReport>> {
        let warns = |trial: &&TrialReport| {
            let finished = &trial.finished;
            finished.warnings > 0 && !finished.outcome.departs() && fail_on.in_trial(finished).is_none()
        };
        self.alike(self.sorted().into_iter().filter(warns).collect(), Level::Should)
    }

    /// Trials in which the same checks of a level are false, together; each other one by itself.
    fn alike<'a>(&self, trials: Vec<&'a TrialReport>, level: Level) -> Vec<Vec<&'a TrialReport>> {
        let run = self.header.as_ref().map_or("", |header| header.run.as_str());
        let mut groups: Vec<Vec<&TrialReport>> = Vec::new();
        let mut known: BTreeMap<Vec<Check<'_>>, usize> = BTreeMap::new();
        for trial in trials {
            let checks = false_checks(trial, level, run);
            let single = checks.is_empty() || !matches!(trial.finished.outcome, Outcome::Failed | Outcome::Passed);
            if let Some(index) = known.get(&checks).filter(|_| !single) {
                groups[*index].push(trial);
                continue;
            }
            if !single {
                known.insert(checks, groups.len());
            }
            groups.push(vec![trial]);
        }
        groups
    }
}

fn id(trial: &TrialReport) -> &str {
    &trial.finished.trial
}

/// Operation, check, place without indices, what is expected, and for a status what came.
type Check<'a> = (&'a str, &'a str, String, String, &'a str);

fn false_checks<'a>(trial: &'a TrialReport, level: Level, run: &str) -> Vec<Check<'a>> {
    let mut checks = Vec::new();
    for failure in trial.last_failures() {
        for mismatch in failure.mismatches.iter().filter(|mismatch| mismatch.level == level) {
            let place = mismatch.pointer.as_ref().map(|pointer| without_indices(pointer.as_str())).unwrap_or_default();
            let actual = if mismatch.check == "status" { mismatch.actual.as_str() } else { "" };
            let expected = without_serials(mismatch.expected.as_str(), run);
            checks.push((failure.call.as_str(), mismatch.check.as_str(), place, expected, actual));
        }
    }
    checks.sort_unstable();
    checks.dedup();
    checks
}

/// The text without the numbers in the names that the run gave, in which trials that are alike differ.
fn without_serials(text: &str, run: &str) -> String {
    let mark = format!("_{run}_");
    let mut parts = text.split(mark.as_str());
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + &mark + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

impl Lacking<'_> {
    /// The cause in a sentence.
    pub fn sentence(&self) -> String {
        let statuses: Vec<String> = self.statuses.iter().map(u16::to_string).collect();
        format!(
            "the target has none of `{}`: {} ended at {}",
            self.area,
            counted(self.trials.len(), "trial"),
            statuses.join(", ")
        )
    }
}
