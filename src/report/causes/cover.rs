//! As few false checks as account for all trials: one thing that is wrong makes many trials fail, and more than one check in some of them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use super::key::{Key, operation};
use crate::{
    event::{Finding, Phase, StepFinished},
    finding::CheckKind,
    report::Report,
};

/// A false check that is behind trials.
pub(super) struct Suspect<'a> {
    pub(super) key: Key<'a>,
    /// Where it was met, in the order of the trials.
    met: Vec<Met<'a>>,
    /// The trials that it accounts for, by their places.
    pub(super) trials: Vec<usize>,
    /// Other checks that were false there and that no trial needs as its cause.
    pub(super) beside: Vec<String>,
}

/// A false check in a trial.
struct Met<'a> {
    trial: usize,
    /// The operation that was called.
    call: &'a str,
    finding: &'a Finding,
}

/// A step that went wrong, with the false checks of it that may be behind a trial.
pub(super) struct Step<'a> {
    pub(super) failure: &'a StepFinished,
    /// Those that are behind the trial, one of them at least.
    pub(super) checks: Vec<&'a Finding>,
    /// Those that follow from them: an answer of another status fails the rest because of it.
    pub(super) follow: Vec<&'a Finding>,
}

impl<'a> Step<'a> {
    /// The step with these false checks, if there are any.
    pub(super) fn of(failure: &'a StepFinished, checks: impl Iterator<Item = &'a Finding>) -> Option<Self> {
        let (status, others): (Vec<_>, Vec<_>) = checks.partition(|finding| finding.check == CheckKind::Status);
        let (checks, follow) = if status.is_empty() { (others, status) } else { (status, others) };
        (!checks.is_empty()).then_some(Self { failure, checks, follow })
    }
}

/// The steps of a trial that its causes are looked for in, of those that went wrong.
///
/// What follows the first false check of level `must` may follow from it, so only that step is looked at; clean-up comes last.
pub(super) fn first_step<'a>(steps: Vec<Step<'a>>) -> Vec<Step<'a>> {
    let defers = |step: &Step<'a>| step.failure.phase == Phase::Defer;
    let at = steps.iter().position(|step| !defers(step)).unwrap_or_default();
    steps.into_iter().skip(at).take(1).collect()
}

/// The false checks that account for these trials, each trial with one of them.
pub(super) fn cover<'a>(report: &'a Report, trials: &[Vec<Step<'a>>]) -> Vec<Suspect<'a>> {
    let mut suspects: BTreeMap<Key<'a>, Vec<Met<'a>>> = BTreeMap::new();
    let mut follow: BTreeMap<Key<'a>, Vec<Met<'a>>> = BTreeMap::new();
    for (trial, step) in trials.iter().enumerate().flat_map(|(at, steps)| steps.iter().map(move |step| (at, step))) {
        let call = operation(step.failure, report.operations());
        for (list, findings) in [(&mut suspects, &step.checks), (&mut follow, &step.follow)] {
            for finding in findings {
                list.entry(Key::of(finding, call, report)).or_default().push(Met { trial, call, finding });
            }
        }
    }
    let suspect = |(key, met)| Suspect { key, met, trials: Vec::new(), beside: Vec::new() };
    let mut all: Vec<Suspect<'a>> = suspects.into_iter().map(suspect).collect();
    // Of two that account for as many trials, what is wrong with one operation says more than what may be with all.
    all.sort_by_key(|suspect| suspect.key.operation.is_none());
    let owner = choose(&all, trials.len());
    for (trial, owner) in owner.iter().enumerate().filter_map(|(trial, owner)| Some((trial, (*owner)?))) {
        all[owner].trials.push(trial);
    }
    let idle = all.iter().filter(|suspect| suspect.trials.is_empty()).map(|suspect| (&suspect.key, &suspect.met));
    let beside: Vec<(usize, String)> = idle
        .chain(&follow)
        .filter_map(|(key, met)| Some((met.iter().find_map(|met| owner[met.trial])?, key.what())))
        .collect();
    for (owner, what) in beside {
        let suspect = &mut all[owner];
        if !suspect.beside.contains(&what) && suspect.key.what() != what {
            suspect.beside.push(what);
        }
    }
    all.retain(|suspect| !suspect.trials.is_empty());
    all
}

impl<'a> Suspect<'a> {
    /// The check in the first of the trials that it accounts for.
    pub(super) fn example(&self) -> Option<&'a Finding> {
        self.accounted().map(|met| met.finding).next()
    }

    /// The operations that were called.
    pub(super) fn calls(&self) -> Vec<&'a str> {
        let mut calls = Vec::new();
        for met in self.accounted() {
            if !calls.contains(&met.call) {
                calls.push(met.call);
            }
        }
        calls
    }

    fn accounted(&self) -> impl Iterator<Item = &Met<'a>> {
        self.met.iter().filter(|met| self.trials.binary_search(&met.trial).is_ok())
    }
}

/// Which suspect accounts for each trial: always the one that most of those without one have met, the first of the best.
fn choose(suspects: &[Suspect<'_>], trials: usize) -> Vec<Option<usize>> {
    let mut owner = vec![None; trials];
    let mut met: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); trials];
    for (index, suspect) in suspects.iter().enumerate() {
        for Met { trial, .. } in &suspect.met {
            met[*trial].insert(index);
        }
    }
    let mut left = vec![0_usize; suspects.len()];
    met.iter().flatten().for_each(|index| left[*index] += 1);
    let queued = left.iter().enumerate().map(|(index, count)| (*count, Reverse(index)));
    let mut queue: BinaryHeap<(usize, Reverse<usize>)> = queued.collect();
    while let Some((count, Reverse(best))) = queue.pop().filter(|(count, _)| *count > 0) {
        if count > left[best] {
            // Others have accounted for some since it was queued.
            queue.push((left[best], Reverse(best)));
            continue;
        }
        for Met { trial, .. } in &suspects[best].met {
            if owner[*trial].is_none() {
                owner[*trial] = Some(best);
                met[*trial].iter().for_each(|index| left[*index] -= 1);
            }
        }
    }
    owner
}
