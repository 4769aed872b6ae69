//! Proof that a suite finds faults: it is run against each fault of the mock in turn, and what it says is kept.
//!
//! Owns which trials can touch a fault, the run of one, and the sum over all. What the checks of a suite are is in `checks`, the forms
//! of the result in `table`.

mod checks;
mod finding;
mod table;

use std::{
    collections::BTreeSet,
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
};
use crate::{
    event::Event,
    http::Limits,
    path::bare,
    plan::{Plan, RequestTarget, Step, Trial},
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

    /// Whether the first finding names the operation and what is wrong about it.
    pub fn is_named(&self) -> bool {
        self.first().is_some_and(|finding| finding.names(self.fault.operation, &self.fault.subject))
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
    let checks = Checks::of(plan, trials);
    let sound = against(plan, trials.to_vec(), None, method)?;
    if let Some(finding) = sound.red.first() {
        return Err(MutantsError::Red(finding.to_string()));
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<Mutant, MutantsError>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..method.jobs.get().min(faults.len()) {
            scope.spawn(|| {
                while let Some((number, fault)) = {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    faults.get(number).map(|fault| (number, fault))
                } {
                    let touching =
                        trials.iter().filter(|trial| method.all || touches(plan, trial, fault.operation)).cloned();
                    let seen = against(plan, touching.collect(), Some(fault), method);
                    let mut mutant = seen.map(|seen| seen.into_mutant(fault.clone()));
                    if let Ok(mutant) = &mut mutant {
                        mutant.put_first(trials.iter().filter(|trial| is_about(trial, fault.operation)));
                    }
                    mutant.iter().for_each(tell);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((number, mutant));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    let mutants = done.into_iter().map(|(_, mutant)| mutant).collect::<Result<Vec<_>, _>>()?;
    Ok(Mutants { mutants, checks, complete: false })
}

/// The trials against the sound mock, or against one with a fault; each on the kind of org that it is for.
fn against<'p>(
    plan: &'p Plan,
    trials: Vec<Arc<Trial>>,
    fault: Option<&Fault>,
    method: Method,
) -> Result<Watch<'p>, MutantsError> {
    // Only an answer that never comes is waited for in vain; all others come in time on the slowest of machines.
    let never = fault.is_some_and(|fault| fault.kind == FaultKind::Delivery);
    let limits = Limits { request: never.then_some(Duration::from_secs(2)), ..Limits::default() };
    let mut watch = Watch::new(plan, trials.len());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(MutantsError::Runtime)?;
    let able =
        |kind: OrgKind, trial: &Trial| trial.needs.iter().all(|name| kind.capabilities().contains(&name.as_str()));
    let (licensed, other): (Vec<_>, Vec<_>) = trials.into_iter().partition(|trial| able(OrgKind::Licensed, trial));
    for (kind, trials) in [(OrgKind::Licensed, licensed), (OrgKind::Unlicensed, other)] {
        if trials.is_empty() {
            continue;
        }
        let opened = Opened::mock_with(kind, fault.cloned().into_iter().collect(), limits)?;
        let options = Options {
            // One after the other, so that a fault that shows only now and then shows at the same places in each run.
            jobs: 1,
            run: "mutant".to_owned(),
            prefix: opened.prefix.clone(),
            // The mock shows at once what it ever shows.
            patience: Some(Duration::ZERO),
            deadline: fault.is_some().then_some(method.time_limit),
            ..Options::default()
        };
        let mut sink = |event: &Event| watch.take(event);
        let stopper = Stopper::default();
        runtime.block_on(run::run(plan, trials, &opened.target, &options, &opened.redactor, &stopper, &mut sink));
    }
    Ok(watch)
}

/// Whether a trial judges the operation itself. A fixture is judged by its status alone, so a trial that has the operation only there sees
/// what comes of the fault, not the fault.
fn is_about(trial: &Trial, operation: Option<&str>) -> bool {
    let called = |step: &Step| step.request.operation().map(|called| called.id.as_str()) == operation;
    operation.is_some() && trial.steps.iter().any(called)
}

/// Whether a trial can meet a fault of this operation: it calls it, in a fixture or a step, or sends a request of which it cannot be told
/// beforehand what it is.
fn touches(plan: &Plan, trial: &Trial, operation: Option<&str>) -> bool {
    if operation.is_some_and(|operation| trial.operations().contains(operation)) {
        return true;
    }
    let steps = trial.fixtures.iter().flat_map(|fixture| &fixture.steps).chain(&trial.steps);
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
