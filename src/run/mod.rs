//! Running trials against a target: order, concurrency, stopping. Every trial of the plan ends in exactly one outcome.
//!
//! Owns the run loop. A trial is `trial`'s, a request `step`'s, what an event looks like `describe`'s. Events go to one sink, in order.

mod describe;
mod step;
mod trial;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) use describe::Describer;
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use crate::{
    event::{self, Attempt, DocumentedOperation, Event, Outcome, RunFinished, RunStarted, Stop},
    http::Client,
    known::KnownFailures,
    plan::{Plan, Trial},
    secret::Redactor,
    suite::Operation,
};

/// What a run is to be like.
#[derive(Debug, Clone)]
pub struct Options {
    /// Trials at a time.
    pub jobs: usize,
    /// The longest that one trial may take before it sends no further step.
    pub trial_timeout: Duration,
    /// The longest that the run may take before it starts no further trial.
    pub deadline: Option<Duration>,
    /// How many trials may fail before the run stops.
    pub fail_fast: Option<usize>,
    /// Names the run; part of the name of everything that it makes.
    pub run: String,
    /// What the names of everything that it makes begin with.
    pub prefix: String,
    /// How often a trial that failed or could not be judged is tried again.
    pub retries: usize,
    /// Failures that are expected.
    pub known: Arc<KnownFailures>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: 4,
            trial_timeout: Duration::from_secs(300),
            deadline: None,
            fail_fast: None,
            run: "local".to_owned(),
            prefix: "okc".to_owned(),
            retries: 0,
            known: Arc::default(),
        }
    }
}

/// What trials are run against.
#[derive(Debug)]
pub struct Target {
    /// The name as given.
    pub name: String,
    /// How to reach it.
    pub client: Client,
    /// The principals that it has credentials for.
    pub principals: BTreeSet<String>,
    /// What it is able to.
    pub capabilities: BTreeSet<String>,
}

/// Stops a run: no trial starts, waits end, clean-up still happens.
#[derive(Debug, Clone, Default)]
pub struct Stopper {
    token: CancellationToken,
    reason: Arc<std::sync::OnceLock<Stop>>,
}

impl Stopper {
    /// Stops the run; the first reason counts.
    pub fn stop(&self, reason: Stop) {
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    pub(crate) fn stopped(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits, unless the run is stopped; says whether the whole time passed.
    pub(crate) async fn sleep(&self, duration: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(duration) => true,
            () = self.token.cancelled() => false,
        }
    }
}

/// What the trials of one run share.
pub(crate) struct Shared<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) target: &'a Target,
    pub(crate) options: &'a Options,
    pub(crate) stopper: &'a Stopper,
    pub(crate) describer: Describer<'a>,
    sink: RefCell<&'a mut dyn FnMut(&Event)>,
    requests: Cell<usize>,
    outcomes: RefCell<BTreeMap<Outcome, usize>>,
    serial: Cell<usize>,
}

impl Shared<'_> {
    pub(crate) fn emit(&self, event: &Event) {
        (self.sink.borrow_mut())(event);
    }

    /// Counts requests.
    pub(crate) fn sent(&self, requests: usize) {
        self.requests.set(self.requests.get() + requests);
    }

    /// A name that nothing else in this run has, and that no other one begins with: a search for it finds one thing.
    pub(crate) fn unique(&self) -> String {
        self.serial.set(self.serial.get() + 1);
        format!("{}_{}_{:05}", self.options.prefix, self.options.run, self.serial.get())
    }

    fn finish(&self, finished: event::TrialFinished) {
        let red = matches!(finished.outcome, Outcome::Failed);
        *self.outcomes.borrow_mut().entry(finished.outcome).or_default() += 1;
        self.emit(&Event::TrialFinished(Box::new(finished)));
        let failed = self.outcomes.borrow().get(&Outcome::Failed).copied().unwrap_or_default();
        if red && self.options.fail_fast.is_some_and(|most| failed >= most) {
            self.stopper.stop(Stop::FailFast);
        }
    }
}

/// Runs `trials` and tells `sink` all that happens. The future must run on one thread; it never fails, since what goes wrong is an outcome.
pub async fn run(
    plan: &Plan,
    trials: &[Arc<Trial>],
    target: &Target,
    options: &Options,
    redactor: &Redactor,
    stopper: &Stopper,
    sink: &mut dyn FnMut(&Event),
) {
    let started = Instant::now();
    let shared = Shared {
        plan,
        target,
        options,
        stopper,
        describer: Describer { redactor, requirements: &plan.requirements },
        sink: RefCell::new(sink),
        requests: Cell::new(0),
        outcomes: RefCell::default(),
        serial: Cell::new(0),
    };
    shared.emit(&Event::RunStarted(header(&shared, trials.len())));
    let (alone, together): (Vec<_>, Vec<_>) = trials.iter().partition(|trial| trial.exclusive);
    let deadline = async {
        match options.deadline {
            Some(deadline) => tokio::time::sleep(deadline).await,
            None => std::future::pending().await,
        }
        stopper.stop(Stop::Deadline);
        std::future::pending::<()>().await;
    };
    let work = async {
        stream::iter(together).for_each_concurrent(options.jobs.max(1), |trial| trial_to_end(trial, &shared)).await;
        for trial in alone {
            trial_to_end(trial, &shared).await;
        }
    };
    tokio::select! {
        () = work => {}
        () = deadline => {}
    }
    let trials = shared.outcomes.borrow().iter().map(|(outcome, count)| (outcome.name().to_owned(), *count)).collect();
    shared.emit(&Event::RunFinished(RunFinished {
        stopped: stopper.reason.get().copied(),
        trials,
        requests: shared.requests.get(),
        duration_ms: milliseconds(started.elapsed()),
    }));
}

async fn trial_to_end(trial: &Trial, shared: &Shared<'_>) {
    let finished = if shared.stopper.stopped() {
        let reason = match shared.stopper.reason.get() {
            Some(Stop::Interrupt) | None => "the run was interrupted before it",
            Some(Stop::Deadline) => "the run's deadline passed before it",
            Some(Stop::FailFast) => "the run stopped at its limit of failures before it",
        };
        shared.describer.unstarted(trial, Outcome::NotRun, reason)
    } else if let Some(lack) = lack(trial, shared.target) {
        shared.describer.unstarted(trial, Outcome::NotApplicable, &lack)
    } else {
        shared.emit(&Event::TrialStarted(event::TrialStarted { trial: trial.id.clone() }));
        attempts(trial, shared).await
    };
    shared.finish(rule(trial, finished, shared));
}

/// Tries a trial as often as retries allow; one that passes in the end is flaky.
async fn attempts(trial: &Trial, shared: &Shared<'_>) -> event::TrialFinished {
    let mut earlier: Vec<Attempt> = Vec::new();
    loop {
        let mut finished = trial::run(trial, earlier.len() + 1, shared).await;
        let again = matches!(finished.outcome, Outcome::Failed | Outcome::Errored | Outcome::Blocked);
        if !again || earlier.len() >= shared.options.retries || shared.stopper.stopped() {
            if finished.outcome == Outcome::Passed && !earlier.is_empty() {
                finished.outcome = Outcome::Flaky;
                finished.reason = earlier.last().map(|attempt| attempt.reason.clone());
            }
            finished.earlier = earlier;
            return finished;
        }
        earlier.push(Attempt { outcome: finished.outcome, reason: finished.reason.unwrap_or_default() });
    }
}

/// What the known failures make of an outcome.
fn rule(trial: &Trial, mut finished: event::TrialFinished, shared: &Shared<'_>) -> event::TrialFinished {
    let signatures: Vec<String> = finished.signatures.iter().map(ToString::to_string).collect();
    let today = chrono::Utc::now().date_naive();
    if let Some(ruling) = shared.options.known.rule(trial, finished.outcome, &signatures, today) {
        finished.outcome = ruling.outcome;
        finished.reason = Some(shared.describer.redactor.text(&ruling.reason));
    }
    finished
}

/// What the target lacks for a trial, if anything.
pub(crate) fn lack(trial: &Trial, target: &Target) -> Option<String> {
    let capabilities: Vec<&str> =
        trial.needs.iter().map(String::as_str).filter(|name| !target.capabilities.contains(*name)).collect();
    if !capabilities.is_empty() {
        return Some(format!("the target lacks the capability {}", capabilities.join(", ")));
    }
    let principals: Vec<&str> =
        trial.principals().into_iter().filter(|name| !target.principals.contains(*name)).collect();
    if principals.is_empty() {
        return None;
    }
    Some(format!("there are no credentials for the principal {}", principals.join(", ")))
}

fn header(shared: &Shared<'_>, trials: usize) -> RunStarted {
    RunStarted {
        version: event::VERSION,
        run: shared.options.run.clone(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        suite: shared.plan.suite_hash.clone(),
        target: shared.target.name.clone(),
        origin: shared.describer.redactor.text(shared.target.client.origin()),
        started: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        jobs: shared.options.jobs,
        trials,
        principals: shared.target.principals.iter().cloned().collect(),
        capabilities: shared.target.capabilities.iter().cloned().collect(),
        operations: shared.plan.operations.iter().map(|operation| documented(operation)).collect(),
    }
}

fn documented(operation: &Operation) -> DocumentedOperation {
    let mut statuses: Vec<u16> = operation.errors.keys().copied().chain([operation.success]).collect();
    statuses.sort_unstable();
    DocumentedOperation {
        id: operation.id.clone(),
        method: operation.method.clone(),
        path: operation.path.to_string(),
        statuses,
        unreachable: operation.unreachable.clone().into_iter().collect(),
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
