//! Running trials against a target: order, concurrency, stopping. Every trial of the plan ends in exactly one outcome.
//!
//! Owns the run loop. A trial is `trial`'s, a request `step`'s, what an event looks like `describe`'s. Events go to one sink, in order.

mod before;
mod cleanup;
mod describe;
mod detect;
mod inventory;
mod logins;
mod ours;
mod preflight;
mod send;
mod settle;
mod shared;
mod step;
mod trial;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::pending,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) use before::{Before, list_of};
pub(crate) use describe::Describer;
use futures_util::{StreamExt, stream};
pub(crate) use inventory::{Item, Listed, Unknown, askers, get, pages, read};
use logins::Logins;
use ours::Ours;
pub(crate) use ours::list_for;
pub use preflight::{Preflight, preflight};
pub(crate) use settle::owner_is_gone;
use settle::settle_run;
pub(crate) use shared::Shared;
pub use shared::Stopper;
use tokio::sync::OnceCell;

use crate::{
    event::{self, Attempt, Bearing, DocumentedOperation, Event, Outcome, RunFinished, RunStarted, Stop},
    http::{Client, Pace, bucket},
    known::{KnownFailures, Met},
    ledger::Ledger,
    plan::{Plan, Script, Shard, Trial},
    secret::Redactor,
    suite::Operation,
};

/// How far apart two looks must be that do not find something, until it is sure that it was not made.
pub(crate) const SETTLING: Duration = Duration::from_secs(5);

/// How long a change of the configuration may take until it acts, unless the target's settings say it.
pub(crate) const EFFECT: Duration = Duration::from_secs(10);

/// What a run is to be like.
#[derive(Debug, Clone)]
pub struct Options {
    /// Trials at a time.
    pub jobs: usize,
    /// The longest that one trial may take before it sends no further step.
    pub trial_timeout: Duration,
    /// The longest that the run may take before it starts no further trial.
    pub deadline: Option<Duration>,
    /// The longest that clean-up may take once the run was stopped; then it ends at once, and tells what it leaves.
    pub grace: Duration,
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
    /// How many trials in a row may meet nothing but trouble with the infrastructure before the run stops.
    pub breaker: Option<usize>,
    /// The fraction of a rate limit that is left to others.
    pub share: f64,
    /// What may be changed of what the run did not make, where a create names it.
    pub disposable: Disposable,
    /// Whether the target is asked first.
    pub preflight: bool,
    /// Which part of a run it is, if that was divided.
    pub shard: Option<Shard>,
    /// The longest that a step with `eventually` is tried again, where that is less than the case says.
    pub patience: Option<Duration>,
    /// The longest that a change of the configuration takes until it acts.
    pub effect: Duration,
    /// Where what is made is written down until it is removed.
    pub ledger: Rc<Ledger>,
    /// How far apart two looks must be that do not find something, until it is sure that it was not made.
    pub settling: Duration,
    /// Whether the suite is the one inside the program, for the stream's header.
    pub embedded: bool,
    /// What the trials were chosen by, for the same.
    pub selection: event::Chosen,
    /// The profiles of the suite that were not selected, for the same.
    pub left_out: Vec<String>,
}

/// What of what was on a target before the run does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposable {
    /// All of it matters.
    Nothing,
    /// All but what it shares with others, such as its default server.
    AllButShared,
    /// Nothing matters.
    Everything,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: 4,
            trial_timeout: Duration::from_mins(5),
            deadline: None,
            grace: Duration::from_mins(2),
            fail_fast: None,
            run: "local".to_owned(),
            prefix: "okc".to_owned(),
            retries: 0,
            known: Arc::default(),
            breaker: Some(20),
            share: 0.5,
            disposable: Disposable::Nothing,
            preflight: false,
            shard: None,
            patience: None,
            effect: EFFECT,
            ledger: Rc::new(Ledger::none()),
            settling: Duration::ZERO,
            embedded: false,
            selection: event::Chosen::default(),
            left_out: Vec::new(),
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
    /// The OAuth clients that cases may use.
    pub clients: BTreeSet<String>,
    /// The users that cases may name.
    pub users: BTreeSet<String>,
}

/// What a target has that trials may need.
pub(crate) struct Has<'a> {
    pub(crate) principals: &'a BTreeSet<String>,
    pub(crate) capabilities: &'a BTreeSet<String>,
    pub(crate) clients: &'a BTreeSet<String>,
    pub(crate) users: &'a BTreeSet<String>,
}

impl Target {
    fn has(&self) -> Has<'_> {
        let Self { principals, capabilities, clients, users, .. } = self;
        Has { principals, capabilities, clients, users }
    }
}

/// Whether a trial that has no outcome yet has begun.
#[derive(Debug, Clone, Copy)]
enum Begun {
    Yes,
    No,
}

/// Runs `trials` and tells `sink` all that happens. The future must run on one thread; it never fails, since what goes wrong is an outcome.
/// A trial that nobody else holds is freed when it has ended.
pub async fn run(
    plan: &Plan,
    trials: Vec<Arc<Trial>>,
    target: &Target,
    options: &Options,
    redactor: &Redactor,
    stopper: &Stopper,
    sink: &mut dyn FnMut(&Event),
) {
    let started = Instant::now();
    let mut shared = Shared {
        plan,
        target,
        options,
        stopper,
        describer: Describer {
            redactor,
            requirements: &plan.requirements,
            names: (target.client.origin(), &options.run),
            began: started,
        },
        sink: RefCell::new(sink),
        requests: Cell::new(0),
        pace: Pace::new(options.share),
        rate_limited: Cell::new(0),
        outcomes: RefCell::default(),
        serial: Cell::new(0),
        documented: plan.operations.iter().map(|operation| documented(operation)).collect(),
        troubled: Cell::new(0),
        tokenless: RefCell::default(),
        logins: Logins::of(&target.client),
        before: OnceCell::new(),
        ours: Ours::new(&options.prefix, &options.run),
        found: Preflight::default(),
    };
    shared.emit(&Event::RunStarted(Box::new(header(&shared, &trials))));
    let not_yet = |trial: &Arc<Trial>| (trial.id.clone(), (Arc::clone(trial), Begun::No));
    let open: RefCell<BTreeMap<String, (Arc<Trial>, Begun)>> = RefCell::new(trials.iter().map(not_yet).collect());
    let grace = end_after(options.grace, stopper);
    tokio::pin!(grace);
    let work = async {
        if options.preflight {
            shared.found = ask_first(&trials, &shared, redactor).await;
        }
        let (alone, together): (Vec<_>, Vec<_>) = trials.into_iter().partition(|trial| trial.exclusive);
        let to_end = |trial: Arc<Trial>| {
            let (shared, open) = (&shared, &open);
            async move {
                open.borrow_mut().insert(trial.id.clone(), (Arc::clone(&trial), Begun::Yes));
                trial_to_end(&trial, shared).await;
                open.borrow_mut().remove(&trial.id);
            }
        };
        stream::iter(together).for_each_concurrent(options.jobs.max(1), to_end).await;
        for trial in alone {
            to_end(trial).await;
        }
    };
    tokio::select! {
        () = work => {}
        () = stop_at(options.deadline, stopper) => {}
        () = &mut grace => {}
        () = stopper.end() => {}
    }
    // Whatever ended the run, each trial has its outcome.
    for (trial, begun) in open.into_inner().into_values() {
        let reason = match begun {
            Begun::Yes => "the run was stopped immediately during this trial: it may have left things behind",
            Begun::No => "the run was stopped immediately before this trial",
        };
        let unstarted = shared.describer.unstarted(&trial, Outcome::NotRun, reason);
        shared.finish(rule(&trial, (unstarted, Met::default()), &shared));
    }
    // A deadline that passes only now stops nothing more.
    tokio::select! {
        () = settle_run(&shared) => {}
        () = &mut grace => {}
    }
    let trials = shared.outcomes.borrow().iter().map(|(outcome, count)| (outcome.name().to_owned(), *count)).collect();
    shared.emit(&Event::RunFinished(RunFinished {
        stopped: stopper.reason.get().copied(),
        trials,
        requests: shared.requests.get(),
        rate_limited: shared.rate_limited.get(),
        duration_ms: milliseconds(started.elapsed()),
    }));
}

/// Stops a run at its deadline. Its trials end it, so this never does.
async fn stop_at(deadline: Option<Duration>, stopper: &Stopper) {
    if let Some(deadline) = deadline {
        tokio::time::sleep(deadline).await;
        stopper.stop(Stop::Deadline);
    }
    pending::<()>().await;
}

/// Clean-up that waits for a target without end would be no end of the run. Whoever looks for that end ends the run, so this never does.
async fn end_after(grace: Duration, stopper: &Stopper) {
    stopper.stopping().await;
    tokio::time::sleep(grace).await;
    stopper.end_at_once();
    pending::<()>().await;
}

/// The preflight. It only reads, so a stop ends it in the middle.
async fn ask_first(trials: &[Arc<Trial>], shared: &Shared<'_>, redactor: &Redactor) -> Preflight {
    let Shared { plan, target, stopper, pace, .. } = shared;
    let asked = stopper.unless_stopped(preflight(plan, trials, target, redactor)).await;
    let mut found = asked.unwrap_or_default();
    if found.findings.iter().any(|finding| finding.fatal) {
        stopper.stop(Stop::Preflight);
    }
    for told in found.told.drain(..) {
        // It was sent before there was a budget, and counts in it.
        let principal = target.client.shown_as(&told.principal);
        let bucket = bucket(&told.path);
        pace.wait(principal, bucket, told.sent);
        shared.noted(principal, bucket, &told.answer, told.sent, Instant::now());
    }
    found.findings.drain(..).for_each(|finding| shared.emit(&Event::Preflight(finding)));
    found
}

async fn trial_to_end(trial: &Trial, shared: &Shared<'_>) {
    let unstarted = if shared.stopper.stopped() {
        let reason = match shared.stopper.reason.get() {
            Some(Stop::Interrupt) | None => "the run was interrupted before this trial",
            Some(Stop::Terminate) => "the run was terminated before this trial",
            Some(Stop::Deadline) => "the run reached its deadline before this trial",
            Some(Stop::FailFast) => "the run reached its failure limit before this trial",
            Some(Stop::Preflight) => "the preflight failed",
            Some(Stop::Ledger) => "the run stopped because it could not write its ledger",
            Some(Stop::Breaker) => "the run stopped because trial after trial hit infrastructure errors",
        };
        shared.describer.unstarted(trial, Outcome::NotRun, reason)
    } else if !shared.found.sole.is_empty() && !trial.needs.iter().any(|name| shared.found.sole.contains(name)) {
        let reason = format!("the preflight found that the target has the capability {}", shared.found.sole.join(", "));
        shared.describer.unstarted(trial, Outcome::NotRun, &reason)
    } else if let Some(lack) = lack(trial, &shared.target.has(), |name| shared.found.has(name)) {
        shared.describer.unstarted(trial, Outcome::NotApplicable, &lack)
    } else if let Some((name, reason)) =
        trial.principals().into_iter().find_map(|name| shared.found.unfit.get_key_value(name))
    {
        shared.describer.unstarted(
            trial,
            Outcome::NotApplicable,
            &format!("the principal {name} cannot be used: {reason}"),
        )
    } else if let Some((name, said)) = shared.found.missing.iter().find(|(name, _)| trial.needs.contains(*name)) {
        let reason = format!("the settings declare the capability {name}, but {said}");
        shared.describer.unstarted(trial, Outcome::Blocked, &reason)
    } else {
        shared.emit(&Event::TrialStarted(event::TrialStarted { trial: trial.id.clone() }));
        match shared.plan.script(trial) {
            Some(script) => {
                let ended = attempts(trial, &script, shared).await;
                return shared.finish(rule(trial, ended, shared));
            }
            None => shared.describer.unstarted(trial, Outcome::Errored, "its file could not be compiled again"),
        }
    };
    shared.finish(rule(trial, (unstarted, Met::default()), shared));
}

/// Tries a trial as often as retries allow; one that passes in the end is flaky.
async fn attempts(trial: &Trial, script: &Script, shared: &Shared<'_>) -> (event::TrialFinished, Met) {
    let (mut earlier, mut used): (Vec<Attempt>, BTreeSet<usize>) = Default::default();
    loop {
        let (mut finished, mut met) = trial::run(trial, script, earlier.len() + 1, shared).await;
        used.append(&mut met.used);
        let again = matches!(finished.outcome, Outcome::Failed | Outcome::Errored | Outcome::Blocked);
        if !again || earlier.len() >= shared.options.retries || shared.stopper.stopped() {
            if finished.outcome.form().bearing == Bearing::Passes && !earlier.is_empty() {
                finished.outcome = Outcome::Flaky;
                finished.reason = earlier.last().map(|attempt| attempt.reason.clone());
            }
            finished.earlier = earlier;
            met.used = used;
            return (finished, met);
        }
        earlier.push(Attempt { outcome: finished.outcome, reason: finished.reason.unwrap_or_default() });
    }
}

/// What the known failures make of an outcome.
fn rule(
    trial: &Trial,
    (mut finished, mut met): (event::TrialFinished, Met),
    shared: &Shared<'_>,
) -> event::TrialFinished {
    let known = &shared.options.known;
    if let Some(by) = &finished.blocked_by {
        known.meet_block(by, shared.describer.names, &mut met);
    }
    let signatures: Vec<String> = finished.signatures.iter().map(ToString::to_string).collect();
    let today = chrono::Utc::now().date_naive();
    if let Some(ruling) = known.rule(trial, finished.outcome, &signatures, &met, today) {
        finished.outcome = ruling.outcome;
        finished.reason = Some(shared.describer.redactor.text(&ruling.reason));
    }
    finished.known = met.used;
    finished
}

/// What a target lacks for a trial, if anything, beside what was `seen`.
pub(crate) fn lack(trial: &Trial, has: &Has<'_>, seen: impl Fn(&str) -> bool) -> Option<String> {
    let needs = trial.needs.iter().map(String::as_str);
    let lacking: Vec<&str> = needs.filter(|name| !has.capabilities.contains(*name) && !seen(name)).collect();
    if !lacking.is_empty() {
        return Some(format!("the target lacks the capability {}", lacking.join(", ")));
    }
    let principals: Vec<&str> = trial.principals().into_iter().filter(|name| !has.principals.contains(*name)).collect();
    if !principals.is_empty() {
        return Some(format!("there are no credentials for the principal {}", principals.join(", ")));
    }
    for (what, needed, there) in [("client", &trial.clients, has.clients), ("user", &trial.users, has.users)] {
        let missing: Vec<&str> = needed.difference(there).map(String::as_str).collect();
        if !missing.is_empty() {
            return Some(format!("the target has no {what} {}", missing.join(", ")));
        }
    }
    None
}

fn header(shared: &Shared<'_>, trials: &[Arc<Trial>]) -> RunStarted {
    let held: BTreeSet<&String> = trials.iter().flat_map(|trial| trial.requirements.iter()).collect();
    RunStarted {
        version: event::VERSION,
        run: shared.options.run.clone(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        suite: shared.plan.suite_hash.clone(),
        embedded: shared.options.embedded,
        target: shared.target.name.clone(),
        origin: shared.describer.redactor.text(shared.target.client.origin()),
        started: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        evidence: None,
        jobs: shared.options.jobs,
        trials: trials.len(),
        shard: shared.options.shard.map(|shard| event::Shard { index: shard.index(), of: shard.total() }),
        selection: shared.options.selection.clone(),
        left_out: shared.options.left_out.clone(),
        scored: true,
        known: shared.options.known.findings(),
        principals: shared.target.principals.iter().cloned().collect(),
        capabilities: shared.target.capabilities.iter().cloned().collect(),
        operations: shared.documented.clone(),
        requirements: held.into_iter().filter_map(|id| shared.describer.requirement(id)).collect(),
    }
}

/// An operation and what it may answer.
pub(crate) fn documented(operation: &Operation) -> DocumentedOperation {
    let mut statuses: Vec<u16> =
        operation.errors.keys().chain(&operation.also).copied().chain([operation.success]).collect();
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
