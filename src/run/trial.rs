//! One trial: fixtures, steps, clean-up, outcome.
//!
//! Clean-up runs after every ending: a mismatch, a fault, a stop, the trial's time limit.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
    time::Instant,
};

use secrecy::ExposeSecret;

use super::{
    Shared,
    cleanup::Left,
    describe::Origin,
    milliseconds,
    send::Halt,
    step::{Done, Sender},
};
use crate::{
    check::{Address, Depth, Found, Judgement, judge_address},
    event::{BlockedBy, Checks, Event, Outcome, Phase, StepFinished, TrialFinished, Why},
    finding::Expected,
    http::{Exchange, NoAnswer, curl},
    known::Met,
    level::Level,
    plan::{RequestTarget, Script, Step, Trial},
    secret::Redacted,
    template::{Unfilled, Variables},
};

/// More of them tell nothing new of a trial.
const MOST_SIGNATURES: usize = 100;

/// What an event calls a request.
pub(super) struct Label<'a> {
    /// The operation, or method and path.
    pub(super) call: String,
    /// The parameters of its query.
    pub(super) query: Vec<String>,
    /// Where it stands in a case, if a case has it.
    pub(super) origin: Option<Origin<'a>>,
    pub(super) phase: Phase,
    /// Whether what the case itself asks of it is only needed by later steps.
    pub(super) establishes: bool,
    /// Its number within the phase, from 1.
    pub(super) number: usize,
}

impl<'a> Label<'a> {
    pub(super) fn of(step: &'a Step, phase: Phase, number: usize) -> Self {
        let origin = Some(Origin { source: &step.source, span: step.span });
        Self { call: call(step), query: query(step), origin, phase, establishes: step.establishes, number }
    }
}

/// What came of a request.
pub(super) enum Came<'a> {
    Answer(Box<Exchange>),
    /// No answer, and why, where it was sent at all.
    Nothing {
        principal: String,
        fault: Option<&'a str>,
    },
}

/// How the steps of a trial ended.
pub(super) enum Ending {
    /// All that could be judged was judged.
    Judged,
    Errored(String),
    /// The run was stopped in the middle of the trial.
    Stopped,
}

pub(super) struct Running<'a, 's> {
    pub(super) trial: &'a Trial,
    script: &'a Script,
    pub(super) shared: &'a Shared<'s>,
    /// What it has left on the target until it is removed.
    pub(super) left: Rc<RefCell<Vec<Left<'a>>>>,
    started: Instant,
    pub(super) requests: usize,
    checks: Checks,
    /// By call and check, how many steps made it.
    made: BTreeMap<String, BTreeMap<String, usize>>,
    failed: usize,
    warnings: usize,
    notes: usize,
    /// What the first false `must` check says, for the line of the trial, and whether it is one that every answer is held to.
    first: Option<(bool, String)>,
    /// What kept the case from being judged.
    blocked: Option<Blocked>,
    /// Whether a check that the case itself makes has told something.
    judged: bool,
    held: BTreeSet<String>,
    departed: BTreeSet<String>,
    /// What is known of names without a value.
    missing: BTreeMap<Arc<str>, BlockedBy>,
    signatures: Vec<Redacted>,
    /// What known failures say of it.
    met: RefCell<Met>,
    attempt: usize,
}

/// Why a case could not be judged.
struct Blocked {
    reason: String,
    by: Option<BlockedBy>,
}

/// Runs a trial to its end.
pub(super) async fn run(trial: &Trial, script: &Script, attempt: usize, shared: &Shared<'_>) -> (TrialFinished, Met) {
    let mut running = Running {
        trial,
        script,
        shared,
        left: Rc::default(),
        started: Instant::now(),
        requests: 0,
        checks: Checks::default(),
        made: BTreeMap::new(),
        failed: 0,
        warnings: 0,
        notes: 0,
        first: None,
        blocked: None,
        judged: false,
        held: BTreeSet::new(),
        departed: BTreeSet::new(),
        missing: BTreeMap::new(),
        signatures: Vec::new(),
        met: RefCell::default(),
        attempt,
    };
    let ending = running.all().await;
    Box::pin(running.clean_up()).await;
    let met = running.met.take();
    (running.finish(&ending), met)
}

impl<'a, 's> Running<'a, 's> {
    async fn all(&mut self) -> Ending {
        let mut variables = match self.shared.stopper.unless_stopped(self.variables()).await {
            Some(Ok(variables)) => variables,
            Some(Err(fault)) => return self.faulted(&fault),
            None => return Ending::Stopped,
        };
        for fixture in &self.script.fixtures {
            let mut inner = variables.clone();
            inner.set(&"unique".into(), self.shared.unique().into());
            for (index, step) in fixture.steps.iter().enumerate() {
                match self.step(step, Phase::Given, index + 1, &mut inner).await {
                    Ok(false) => {}
                    Ok(true) => {
                        if let Some(blocked) = &mut self.blocked {
                            let fixture = &fixture.name;
                            blocked.reason =
                                format!("the fixture `{fixture}` could not be created: {}", blocked.reason);
                        }
                        return Ending::Judged;
                    }
                    Err(ending) => return ending,
                }
            }
            for (inside, outside) in &fixture.exports {
                if let Some(value) = inner.take(inside) {
                    variables.set(outside, value);
                }
                if let Some(missing) = self.missing.remove(inside) {
                    self.missing.insert(Arc::clone(outside), missing);
                }
            }
        }
        for (index, step) in self.script.steps.iter().enumerate() {
            match self.step(step, Phase::Steps, index + 1, &mut variables).await {
                Ok(false) => {}
                Ok(true) => break,
                Err(ending) => return ending,
            }
        }
        Ending::Judged
    }

    async fn variables(&self) -> Result<Variables, NoAnswer> {
        let client = &self.shared.target.client;
        let mut variables = Variables::default();
        variables.set(&"unique".into(), self.shared.unique().into());
        variables.set(&"target.origin".into(), client.origin().into());
        variables.set(&"target.host".into(), client.host().into());
        for name in &self.trial.clients {
            let id = client.client_id(name).unwrap_or_default();
            variables.set(&format!("clients.{name}.id").into(), id.into());
        }
        for (name, user) in self.trial.users.iter().filter_map(|name| Some((name, client.user(name)?))) {
            variables.set(&format!("users.{name}.login").into(), user.login.as_str().into());
            variables.set(&format!("users.{name}.password").into(), user.password.expose_secret().into());
        }
        // Known to the redactor, so it stands in no output.
        let principal = &self.trial.principal;
        let token = self.sender(Depth::Everything).in_time(principal, client.token(principal)).await?;
        variables.set(&"token".into(), token.unwrap_or_default().into());
        Ok(variables)
    }

    /// Runs a step; says whether it ends the case.
    async fn step(
        &mut self,
        step: &'a Step,
        phase: Phase,
        number: usize,
        variables: &mut Variables,
    ) -> Result<bool, Ending> {
        if self.shared.stopper.stopped() {
            return Err(Ending::Stopped);
        }
        if self.started.elapsed() > self.shared.options.trial_timeout {
            let limit = self.shared.options.trial_timeout;
            return Err(Ending::Errored(format!("the trial did not end within {limit:?}")));
        }
        let sender = self.sender(if phase == Phase::Given { Depth::StatusAlone } else { Depth::Everything });
        let foreseen = self.foresee(step, variables).await?;
        match sender.run(step, variables).await {
            Ok(done) => {
                if foreseen > 0
                    && done.exchanges.iter().all(|(exchange, _)| (400..500).contains(&exchange.answer.status))
                {
                    self.unforesee(foreseen);
                } else if foreseen == 0 {
                    self.register(step, &done, variables)?;
                }
                let ends = done.ends_trial;
                self.judged(step, phase, number, done);
                Ok(ends || self.blocked.is_some())
            }
            Err(halt) => {
                if halt.is_unsent() {
                    self.unforesee(foreseen);
                }
                self.halted(step, phase, number, halt, variables)
            }
        }
    }

    fn judged(&mut self, step: &Step, phase: Phase, number: usize, done: Done<'_>) {
        self.requests += done.requests;
        if phase == Phase::Steps {
            self.made(&call(step), done.judgements());
        }
        for judgement in done.judgements() {
            self.take(step, phase, judgement, done.ends_trial);
        }
        if let Some(unfilled) = done.unfilled() {
            self.block_for_want_of(step, unfilled);
        }
        let single = done.exchanges.len() == 1;
        for (exchange, judgement) in done.exchanges {
            let requests = if single { done.requests } else { 1 };
            self.emit(Label::of(step, phase, number), requests, &judgement, Came::Answer(exchange.into()));
        }
    }

    /// Takes what a step says of the target; of one that the case rests on, whether the case can be judged. A fixture that was made is good
    /// enough, whatever else is wrong with it.
    fn take(&mut self, step: &Step, phase: Phase, judgement: &Judgement<'_>, ends: bool) {
        // What a case rests on is what it says itself; what the answer is held to anyway, it is held to here too.
        let asserts = |own: bool| phase == Phase::Steps && !(step.establishes && own);
        for found in &judgement.found {
            if let Expected::Capture { name, .. } = &found.expected {
                self.missing.insert(name.as_str().into(), self.blocked_by(step, found));
            }
            if asserts(found.implied_by.is_none()) {
                self.found(step, found);
            } else if found.level > Level::Info && (ends || step.establishes) {
                self.block_for(step, found);
            }
        }
        for result in judgement.results.iter().filter(|result| asserts(result.is_own())) {
            // A check of level `info` asks what the target does; any answer to that is one.
            self.judged |= result.is_own() && (result.held() || result.level == Level::Info);
            if !result.held() {
                continue;
            }
            for id in result.check.requirements.iter() {
                if !self.held.contains(id) {
                    self.held.insert(id.clone());
                }
            }
        }
    }

    fn block_for(&mut self, step: &Step, found: &Found) {
        if self.blocked.is_none() {
            let reason = format!("{}: {}", call(step), found.headline());
            self.blocked = Some(Blocked { reason, by: Some(self.blocked_by(step, found)) });
        }
    }

    fn blocked_by(&self, step: &Step, found: &Found) -> BlockedBy {
        let origin = Some(Origin { source: &step.source, span: step.span });
        BlockedBy { call: call(step), query: query(step), finding: self.shared.describer.finding(found, origin) }
    }

    /// A step that was not sent, or not judged, because a value was not there to begin with.
    fn block_for_want_of(&mut self, step: &Step, unfilled: &Unfilled) {
        if self.blocked.is_none() {
            let by = self.missing.get(unfilled.0.as_str()).cloned();
            self.blocked = Some(Blocked { reason: format!("{}: {unfilled}", call(step)), by });
        }
    }

    /// Notes a false check of a step.
    fn found(&mut self, step: &Step, found: &Found) {
        if found.level > Level::Info {
            self.departed.extend(found.requirements.iter().cloned());
        }
        match found.level {
            Level::Must => {
                self.failed += 1;
                if self.signatures.len() < MOST_SIGNATURES {
                    self.signatures.push(self.shared.describer.signature(found));
                }
                let general = found.is_general();
                if self.first.as_ref().is_none_or(|(first, _)| *first && !general) {
                    self.first = Some((general, format!("{}: {}", call(step), found.headline())));
                }
            }
            Level::Should => self.warnings += 1,
            Level::Info => self.notes += 1,
        }
    }

    /// Notes the checks of a step. One that was made on several pages counts once: how many there are is the org's.
    fn made<'v>(&mut self, call: &str, judgements: impl Iterator<Item = &'v Judgement<'v>>) {
        let counted = self.made.entry(call.to_owned()).or_default();
        let mut names = Vec::new();
        for judgement in judgements {
            self.checks.add(judgement.checks);
            names.extend(judgement.made.iter());
        }
        names.sort_unstable();
        names.dedup();
        if counted.is_empty() {
            // Most operations are called once in a trial, and a map of sorted names is built at once.
            *counted = names.into_iter().map(|name| (name.to_owned(), 1)).collect();
            return;
        }
        for name in names {
            match counted.get_mut(name) {
                Some(count) => *count += 1,
                None => drop(counted.insert(name.to_owned(), 1)),
            }
        }
    }

    /// Tells of a step.
    pub(super) fn emit(&self, label: Label<'_>, requests: usize, judgement: &Judgement<'_>, came: Came<'_>) {
        let describer = &self.shared.describer;
        let Label { call, query, origin, phase, establishes, number } = label;
        let findings = describer.findings(judgement, origin);
        let (principal, exchange, fault) = match came {
            Came::Answer(exchange) => (exchange.request.principal.clone(), Some(exchange), None),
            Came::Nothing { principal, fault } => (principal, None, fault),
        };
        let again = exchange.as_ref().filter(|_| !findings.is_empty());
        let curl = again.map(|exchange| describer.redactor.text(&curl(&exchange.request, describer.redactor)));
        let step = Box::new(StepFinished {
            trial: self.trial.id.clone(),
            phase,
            attempt: self.attempt,
            step: number,
            principal,
            requests,
            checks: judgement.checks,
            drift: describer.drift(judgement, &call),
            call,
            query,
            findings,
            left_out: judgement.left_out,
            exchange: exchange.map(|exchange| describer.transcript(*exchange)),
            curl,
            fault: fault.map(|fault| describer.redactor.text(fault)),
        });
        let Shared { options, documented, .. } = self.shared;
        options.known.meet(&step, establishes, documented, describer.names, &mut self.met.borrow_mut());
        self.shared.emit(&Event::StepFinished(step));
    }

    pub(super) fn sender(&self, depth: Depth) -> Sender<'a, 's> {
        Sender {
            shared: self.shared,
            trial: &self.trial.id,
            left: Rc::clone(&self.left),
            principal: &self.trial.principal,
            needs: &self.trial.needs,
            depth,
            removing: false,
            ends: self.started.checked_add(self.shared.options.trial_timeout),
        }
    }

    fn halted(
        &mut self,
        step: &Step,
        phase: Phase,
        number: usize,
        halt: Halt,
        variables: &Variables,
    ) -> Result<bool, Ending> {
        self.requests += 1;
        let (call, label) = (call(step), Label::of(step, phase, number));
        let principal = step.sender(&self.trial.principal).to_owned();
        match halt {
            // A step that was not sent, because of where it would have gone: the target has said so.
            Halt::Foreign(url) => {
                let origin = self.shared.target.client.origin();
                let judgement = judge_address(step, Address::Elsewhere { url: &url, origin }, variables);
                Ok(self.astray(step, label, principal, &judgement))
            }
            Halt::Address(given) => {
                let judgement = judge_address(step, Address::NotSent(&given), variables);
                Ok(self.astray(step, label, principal, &judgement))
            }
            Halt::NoAnswer(fault) => {
                let came = Came::Nothing { principal, fault: Some(&fault.to_string()) };
                self.emit(label, 1, &Judgement::default(), came);
                Err(self.faulted(&fault))
            }
            Halt::Server(exchange) => {
                let reason = format!("the target answered {}", exchange.answer.status);
                self.emit(label, 1, &Judgement::default(), Came::Answer(exchange));
                Err(Ending::Errored(reason))
            }
            Halt::Broken(exchange) => {
                self.requests += 1;
                let status = exchange.answer.status;
                let reason = format!("{} answered {status} twice", request(step, &exchange));
                self.emit(label, 2, &Judgement::default(), Came::Answer(exchange));
                Err(Ending::Errored(reason))
            }
            Halt::RateLimited(exchange) => {
                let reason = "429 that did not end".to_owned();
                self.emit(label, 1, &Judgement::default(), Came::Answer(exchange));
                Err(Ending::Errored(reason))
            }
            Halt::Repeated(exchange) => {
                let reason = format!(
                    "{call}: the connection closed before the answer, and {} on the second attempt proves nothing",
                    exchange.answer.status
                );
                self.emit(label, 2, &Judgement::default(), Came::Answer(exchange));
                Err(Ending::Errored(reason))
            }
            Halt::Ledger(reason) => Err(Ending::Errored(reason)),
            Halt::Protected(path) => Err(Ending::Errored(format!(
                "{call}: {path} does not belong to the run, and the case does not declare that it writes there"
            ))),
            Halt::Unfilled(unfilled) => {
                self.block_for_want_of(step, &unfilled);
                Ok(true)
            }
            Halt::Late(pause, why) => {
                let (pause, may) = (pause.as_secs_f64().ceil(), self.shared.options.trial_timeout);
                let waiting = match why {
                    Why::TooManyRequests => format!("429, and the requested wait of {pause}s"),
                    Why::Budget => format!("its share of the rate limit is used up, and waiting {pause}s for more"),
                };
                let reason = format!("{call}: {waiting} would take longer than the trial may, which is {may:?}");
                Err(Ending::Errored(reason))
            }
            Halt::Stopped => Err(Ending::Stopped),
        }
    }

    /// A request without an answer. One that was not sent for want of a token says nothing of the target's own state.
    fn faulted(&self, fault: &NoAnswer) -> Ending {
        if matches!(fault, NoAnswer::Credentials(_)) {
            self.shared.tokenless.borrow_mut().insert(self.trial.id.clone());
        }
        Ending::Errored(fault.to_string())
    }

    fn astray(&mut self, step: &Step, label: Label<'_>, principal: String, judgement: &Judgement<'_>) -> bool {
        self.made(&call(step), std::iter::once(judgement));
        self.take(step, label.phase, judgement, true);
        // Whatever it weighs: what was to be seen was not.
        if let Some(found) = judgement.found.first() {
            self.block_for(step, found);
        }
        self.emit(label, 0, judgement, Came::Nothing { principal, fault: None });
        true
    }

    fn finish(mut self, ending: &Ending) -> TrialFinished {
        let blocked = self.blocked.take();
        let (outcome, reason) = match (ending, &blocked) {
            // What was established before the trouble stays established.
            _ if self.failed > 0 => (Outcome::Failed, self.first.as_ref().map(|(_, first)| first.as_str())),
            (Ending::Errored(reason), _) => (Outcome::Errored, Some(reason.as_str())),
            (Ending::Stopped, _) => (Outcome::NotRun, Some("the run was stopped during this trial")),
            (Ending::Judged, Some(blocked)) => (Outcome::Blocked, Some(blocked.reason.as_str())),
            (Ending::Judged, None) if self.warnings > 0 => (Outcome::Warned, None),
            (Ending::Judged, None) if !self.judged => (Outcome::Blocked, Some("no check of the case itself held")),
            (Ending::Judged, None) => (Outcome::Passed, None),
        };
        let mut finished = self.shared.describer.finished(self.trial, outcome, reason);
        finished.blocked_by =
            blocked.and_then(|blocked| blocked.by).filter(|_| outcome == Outcome::Blocked).map(Box::new);
        finished.signatures = self.signatures;
        (finished.held, finished.departed) = (self.held.into(), self.departed.into());
        finished.warnings = self.warnings;
        finished.notes = self.notes;
        finished.checks = self.checks;
        finished.made = Arc::new(self.made);
        finished.requests = self.requests;
        finished.duration_ms = milliseconds(self.started.elapsed());
        finished
    }
}

/// A request as one that breaks the target is told: the operation with its path and query, the same for every thing that it is about.
fn request(step: &Step, exchange: &Exchange) -> String {
    match &step.request.target {
        RequestTarget::Operation { operation, .. } => {
            let query = exchange.request.url.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
            format!("{}: {} {}{query}", operation.id, operation.method, operation.path)
        }
        RequestTarget::Path(_) | RequestTarget::Url(_) => call(step),
    }
}

/// The operation, or method and path as the case writes them.
fn call(step: &Step) -> String {
    match &step.request.target {
        RequestTarget::Operation { operation, .. } => operation.id.clone(),
        RequestTarget::Path(path) | RequestTarget::Url(path) => format!("{} {}", step.request.method, path.source()),
    }
}

/// The parameters of the query that the case sends, each once.
fn query(step: &Step) -> Vec<String> {
    let names: BTreeSet<&String> = step.request.query.iter().map(|(name, _)| name).collect();
    names.into_iter().cloned().collect()
}
