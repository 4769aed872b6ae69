//! Proof that a suite finds faults: it is run against each fault of the mock in turn, and what it says is kept.
//!
//! Owns which trials can touch a fault, the run of one, and the sum over all. What the checks of a suite are is in `checks`, the forms
//! of the result in `table`.

mod checks;
mod finding;
mod table;
mod together;
mod together_table;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use self::{checks::Check as Key, finding::Watch};
pub use self::{
    checks::{Check, Checks},
    finding::FirstFinding,
    table::{markdown, summary, text},
    together::{Draw, Fate, Judged, Together, run as run_together},
    together_table::{markdown as markdown_together, summary as summary_together, text as text_together},
};
use crate::{
    event::Event,
    http::Limits,
    path::bare,
    plan::{Plan, RequestTarget, Script, Step, Trial},
    run::{self, Options, Stopper},
    targets::{Fault, FaultKind, OpenError, Opened, OrgKind},
};

/// How the faults are gone through.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// Faults at a time.
    pub jobs: NonZero<usize>,
    /// Whether trials that cannot touch a fault run too.
    pub all: bool,
    /// Whether these are all faults there are, so that a check that none of them turns red tells something.
    pub complete: bool,
    /// The longest that the trials of one fault may take before no further one starts.
    pub time_limit: Duration,
}

/// What became of one fault.
#[derive(Debug)]
pub struct Mutant {
    /// The fault.
    pub fault: Fault,
    /// How many trials ran.
    pub trials: usize,
    /// Those that turned red, in the order of the suite.
    pub red: Vec<FirstFinding>,
    /// Those with false checks of level `should` and no other.
    pub warned: Vec<FirstFinding>,
    /// Whether the time was over before all trials had run.
    pub cut: bool,
    /// The checks that were false.
    pub(crate) falses: BTreeSet<Key>,
}

impl Mutant {
    /// What a person reads first: of a trial that failed, before one that could not be judged, before a warning.
    pub fn first(&self) -> Option<&FirstFinding> {
        let failed = self.red.iter().find(|finding| finding.is_failure());
        failed.or_else(|| self.red.first()).or_else(|| self.warned.first())
    }

    /// Puts the findings of these trials before those of others.
    fn put_first<'t>(&mut self, trials: impl Iterator<Item = &'t Arc<Trial>>) {
        let first: BTreeSet<&str> = trials.map(|trial| trial.id.as_str()).collect();
        for findings in [&mut self.red, &mut self.warned] {
            findings.sort_by_key(|finding| !first.contains(finding.trial.as_str()));
        }
    }

    /// Whether anything said so.
    pub fn killed(&self) -> bool {
        self.first().is_some()
    }

    /// Whether the first failure or the first warning of an area names the operation and what is wrong about it: a configuration that is not
    /// stored is one thing where it should be shown, and another in the token that it should have changed.
    pub fn is_named(&self) -> bool {
        let mut areas = BTreeSet::new();
        let failed = self.red.iter().filter(|finding| finding.is_failure());
        let firsts = failed.chain(&self.warned).filter(|finding| areas.insert((finding.is_failure(), finding.area())));
        let mut told = self.first().into_iter().chain(firsts);
        told.any(|finding| finding.names(self.fault.operation, &self.fault.subject))
    }
}

/// What became of all.
#[derive(Debug)]
pub struct Mutants {
    /// One each, in the order of the table of faults.
    pub mutants: Vec<Mutant>,
    /// The checks of the suite.
    pub checks: Checks,
    /// Whether all faults and all trials were gone through; otherwise nothing is known about checks that were never red.
    pub complete: bool,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum MutantsError {
    /// The embedded mock does not start.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No runtime.
    #[error("cannot start a runtime")]
    Runtime(#[source] std::io::Error),
    /// Trials that are red without a fault.
    #[error("the suite is red on the mock without a fault, so nothing would be learnt: {0}")]
    Red(String),
}

/// Runs the trials against each fault. `tell` hears of each that is done.
///
/// # Errors
/// A mock that does not start, or a suite that is red without a fault.
pub fn run(
    plan: &Plan,
    trials: &[Arc<Trial>],
    faults: &[Fault],
    method: Method,
    tell: &(dyn Fn(&Mutant) + Sync),
) -> Result<Mutants, MutantsError> {
    let subject = Subject { plan, trials, method };
    let checks = Checks::of(plan, trials);
    subject.is_sound()?;
    let mut mutants = in_parallel(method.jobs, faults, |fault| {
        let mutant = subject.mutant(fault)?;
        tell(&mutant);
        Ok(mutant)
    })?;
    if method.complete {
        subject.seek(&checks, &mut mutants)?;
    }
    Ok(Mutants { mutants, checks, complete: method.complete })
}

/// Does the work for each of them, so many at a time; what comes of it is in their order.
fn in_parallel<W: Sync, T: Send>(
    jobs: NonZero<usize>,
    all: &[W],
    work: impl Fn(&W) -> Result<T, MutantsError> + Sync,
) -> Result<Vec<T>, MutantsError> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<T, MutantsError>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs.get().min(all.len()) {
            scope.spawn(|| {
                while let Some((number, one)) = {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    all.get(number).map(|one| (number, one))
                } {
                    let result = work(one);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What is run against faults, and how.
#[derive(Clone, Copy)]
struct Subject<'p> {
    plan: &'p Plan,
    trials: &'p [Arc<Trial>],
    method: Method,
}

impl<'p> Subject<'p> {
    /// # Errors
    /// A trial that is red on the mock without a fault.
    fn is_sound(self) -> Result<(), MutantsError> {
        let mut watch = Watch::new(self.plan, self.trials.len());
        against(self.plan, self.trials.to_vec(), &[], None, |event| watch.take(event))?;
        watch.red.first().map_or(Ok(()), |finding| Err(MutantsError::Red(finding.to_string())))
    }

    /// The trials that can touch one of the faults.
    fn touching(self, faults: &[&Fault]) -> Vec<Arc<Trial>> {
        let reach = |trial: &Trial| faults.iter().any(|fault| touches(self.plan, trial, fault.operation));
        self.trials.iter().filter(|trial| self.method.all || reach(trial)).cloned().collect()
    }

    /// What becomes of a fault. Most trials need an operation for a fixture alone, and see no more of the fault than those that judge the
    /// operation; they run, all of them on one mock, if these do not find and name it.
    fn mutant(self, fault: &Fault) -> Result<Mutant, MutantsError> {
        let mut about = self.touching(&[fault]);
        about.retain(|trial| is_about(trial, fault.operation));
        if !self.method.all {
            let mutant = self.seen(about.clone(), &[fault])?.into_mutant(fault.clone());
            if mutant.is_named() {
                return Ok(mutant);
            }
        }
        let mut mutant = self.seen(self.touching(&[fault]), &[fault])?.into_mutant(fault.clone());
        mutant.put_first(about.iter());
        Ok(mutant)
    }

    /// Runs the trials of the checks that no fault has turned red against each fault that they can touch, until none of these checks is left.
    fn seek(self, checks: &Checks, mutants: &mut [Mutant]) -> Result<(), MutantsError> {
        let red = mutants.iter().flat_map(|mutant| &mutant.falses).collect();
        let open: Mutex<BTreeSet<Key>> = Mutex::new(checks.never(&red).into_iter().cloned().collect());
        let open = || open.lock().unwrap_or_else(PoisonError::into_inner);
        let of: BTreeMap<&str, BTreeSet<Key>> =
            self.trials.iter().map(|trial| (trial.id.as_str(), Checks::of_one(self.plan, trial))).collect();
        let found = in_parallel(self.method.jobs, mutants, |mutant| {
            let mut trials = self.touching(&[&mutant.fault]);
            trials.retain(|trial| of.get(trial.id.as_str()).is_some_and(|checks| !checks.is_disjoint(&open())));
            let falses = self.seen(trials, &[&mutant.fault])?.into_mutant(mutant.fault.clone()).falses;
            open().retain(|check| !falses.contains(check));
            Ok(falses)
        })?;
        for (mutant, falses) in mutants.iter_mut().zip(found) {
            mutant.falses.extend(falses);
        }
        Ok(())
    }

    /// What these trials see of the faults.
    fn seen(self, trials: Vec<Arc<Trial>>, faults: &[&Fault]) -> Result<Watch<'p>, MutantsError> {
        let mut watch = Watch::new(self.plan, trials.len());
        against(self.plan, trials, faults, Some(self.method.time_limit), |event| watch.take(event))?;
        Ok(watch)
    }
}

/// The trials against a mock with these faults; each on the kind of org that it is for.
fn against(
    plan: &Plan,
    trials: Vec<Arc<Trial>>,
    faults: &[&Fault],
    deadline: Option<Duration>,
    mut sink: impl FnMut(&Event),
) -> Result<(), MutantsError> {
    // Only an answer that never comes is waited for in vain; all others come in time on the slowest of machines.
    let never = faults.iter().any(|fault| fault.kind == FaultKind::Delivery);
    let limits = Limits { request: never.then_some(Duration::from_secs(2)), ..Limits::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(MutantsError::Runtime)?;
    let able =
        |kind: OrgKind, trial: &Trial| trial.needs.iter().all(|name| kind.capabilities().contains(&name.as_str()));
    let (licensed, other): (Vec<_>, Vec<_>) = trials.into_iter().partition(|trial| able(OrgKind::Licensed, trial));
    for (kind, trials) in [(OrgKind::Licensed, licensed), (OrgKind::Unlicensed, other)] {
        if trials.is_empty() {
            continue;
        }
        let opened = Opened::mock_with(kind, faults.iter().copied().cloned().collect(), limits)?;
        let options = Options {
            // One after the other, so that a fault that shows only now and then shows at the same places in each run.
            jobs: 1,
            run: "mutant".to_owned(),
            prefix: opened.prefix.clone(),
            // The mock shows at once what it ever shows.
            patience: Some(Duration::ZERO),
            deadline,
            ..Options::default()
        };
        let stopper = Stopper::default();
        runtime.block_on(run::run(plan, trials, &opened.target, &options, &opened.redactor, &stopper, &mut sink));
    }
    Ok(())
}

/// Whether a trial judges the operation itself. A fixture is judged by its status alone, so a trial that has the operation only there sees
/// what comes of the fault, not the fault.
fn is_about(trial: &Trial, operation: Option<&str>) -> bool {
    let called = |step: &Step| step.request.operation().map(|called| called.id.as_str()) == operation;
    operation.is_some() && trial.script().is_some_and(|script| script.steps.iter().any(called))
}

/// Whether a trial can meet a fault of this operation: it calls it, in a fixture or a step, or sends a request of which it cannot be told
/// beforehand what it is.
fn touches(plan: &Plan, trial: &Trial, operation: Option<&str>) -> bool {
    if operation.is_some_and(|operation| trial.operations().contains(operation)) {
        return true;
    }
    let steps = trial.script().into_iter().flat_map(Script::all_steps);
    let mut raw = steps.filter_map(|step| match &step.request.target {
        RequestTarget::Operation { .. } => None,
        RequestTarget::Path(path) => {
            let path = path.source();
            Some(plan.operation(&step.request.method, bare(&path)).map(|operation| operation.id.as_str()))
        }
        RequestTarget::Url(_) => Some(None),
    });
    raw.any(|found| found.is_none() || found == operation)
}
