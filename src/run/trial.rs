//! One trial: fixtures, steps, clean-up, outcome.
//!
//! Clean-up runs after every ending: a mismatch, a fault, a stop, the trial's time limit.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc, time::Instant};

use super::{
    Shared,
    cleanup::Left,
    describe::Origin,
    milliseconds,
    send::Halt,
    step::{Done, Judged, Sender, false_check},
};
use crate::{
    check::{False, Verdict},
    event::{CheckKind, Checks, Event, Outcome, Phase, StepFinished, TrialFinished, Why},
    http::{Exchange, Fault, curl},
    level::Level,
    plan::{RequestTarget, Step, Trial},
    signature::signature,
    template::Variables,
};

/// More of them tell nothing new of a trial.
const MOST_SIGNATURES: usize = 100;

/// What an event calls a request.
pub(super) struct Label<'a> {
    /// The operation, or method and path.
    pub(super) call: String,
    /// Where it stands in a case, if a case has it.
    pub(super) origin: Option<Origin<'a>>,
    pub(super) phase: Phase,
    /// Its number within the phase, from 1.
    pub(super) number: usize,
}

impl<'a> Label<'a> {
    pub(super) fn of(step: &'a Step, phase: Phase, number: usize) -> Self {
        let origin = Some(Origin { source: &step.source, span: step.span });
        Self { call: call(step), origin, phase, number }
    }
}

/// How the steps of a trial ended.
pub(super) enum Ending {
    /// All that could be judged was judged.
    Judged,
    Blocked(String),
    Errored(String),
    /// The run was stopped in the middle of the trial.
    Stopped,
}

pub(super) struct Running<'a, 's> {
    pub(super) trial: &'a Trial,
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
    /// What the first false `must` check says, for the line of the trial.
    first: Option<String>,
    signatures: Vec<String>,
    attempt: usize,
}

/// Runs a trial to its end.
pub(super) async fn run(trial: &Trial, attempt: usize, shared: &Shared<'_>) -> TrialFinished {
    let mut running = Running {
        trial,
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
        signatures: Vec::new(),
        attempt,
    };
    let ending = running.all().await;
    Box::pin(running.clean_up()).await;
    running.finish(&ending)
}

impl<'a, 's> Running<'a, 's> {
    async fn all(&mut self) -> Ending {
        let mut variables = match self.shared.stopper.unless_stopped(self.variables()).await {
            Some(Ok(variables)) => variables,
            Some(Err(fault)) => return self.faulted(&fault),
            None => return Ending::Stopped,
        };
        for fixture in &self.trial.fixtures {
            let mut inner = variables.clone();
            inner.set(&"unique".into(), self.shared.unique().into());
            for (index, step) in fixture.steps.iter().enumerate() {
                match self.step(step, Phase::Given, index + 1, &mut inner).await {
                    Ok(false) => {}
                    Ok(true) => {
                        let reason = self.first.take().unwrap_or_default();
                        return Ending::Blocked(format!("the fixture `{}` could not be made: {reason}", fixture.name));
                    }
                    Err(ending) => return ending,
                }
            }
            for (inside, outside) in &fixture.exports {
                if let Some(value) = inner.take(inside) {
                    variables.set(outside, value);
                }
            }
        }
        for (index, step) in self.trial.steps.iter().enumerate() {
            match self.step(step, Phase::Steps, index + 1, &mut variables).await {
                Ok(false) => {}
                Ok(true) => break,
                Err(ending) => return ending,
            }
        }
        Ending::Judged
    }

    async fn variables(&self) -> Result<Variables, Fault> {
        let client = &self.shared.target.client;
        let mut variables = Variables::default();
        variables.set(&"unique".into(), self.shared.unique().into());
        variables.set(&"target.origin".into(), client.origin().into());
        variables.set(&"target.host".into(), client.host().into());
        // Known to the redactor, so it stands in no output.
        let principal = &self.trial.principal;
        let token = self.sender(Judged::Everything).in_time(principal, client.token(principal)).await?;
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
        let judged = if phase == Phase::Given { Judged::StatusAlone } else { Judged::Everything };
        let sender = self.sender(judged);
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
                Ok(ends)
            }
            Err(halt) => {
                if halt.is_unsent() {
                    self.unforesee(foreseen);
                }
                self.halted(step, phase, number, halt)
            }
        }
    }

    fn judged(&mut self, step: &Step, phase: Phase, number: usize, done: Done) {
        self.requests += done.requests;
        if phase == Phase::Steps {
            self.made(&call(step), done.verdicts());
        }
        for found in done.falses() {
            match found.level {
                Level::Must => {
                    self.failed += 1;
                    let (origin, run) = (self.shared.target.client.origin(), &self.shared.options.run);
                    if self.signatures.len() < MOST_SIGNATURES {
                        let place = found.pointer.as_deref();
                        self.signatures.push(signature(&found.check, place, &found.actual, origin, run));
                    }
                }
                Level::Should => self.warnings += 1,
                Level::Info => self.notes += 1,
            }
            if found.level == Level::Must && self.first.is_none() {
                let place = found.pointer.as_deref().filter(|pointer| !pointer.is_empty());
                let what =
                    place.map_or_else(|| found.check.to_string(), |pointer| format!("{} {pointer}", found.check));
                self.first = Some(format!("{}: {what}: expected {}, got {}", call(step), found.expected, found.actual));
            }
        }
        let single = done.exchanges.len() == 1;
        for (exchange, verdict) in done.exchanges {
            let requests = if single { done.requests } else { 1 };
            self.emit(Label::of(step, phase, number), requests, &verdict, exchange);
        }
    }

    /// Notes the checks of a step. One that was made on several pages counts once: how many there are is the org's.
    fn made<'v>(&mut self, call: &str, verdicts: impl Iterator<Item = &'v Verdict>) {
        let counted = self.made.entry(call.to_owned()).or_default();
        let mut names = Vec::new();
        for verdict in verdicts {
            self.checks.add(verdict.checks);
            names.extend(verdict.made.iter());
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

    pub(super) fn emit(&self, label: Label<'_>, requests: usize, verdict: &Verdict, exchange: Exchange) {
        let describer = &self.shared.describer;
        let Label { call, origin, phase, number } = label;
        let mismatches = describer.mismatches(verdict, origin);
        let curl = (!mismatches.is_empty()).then(|| describer.redactor.text(&curl(&exchange.request)));
        self.shared.emit(&Event::StepFinished(Box::new(StepFinished {
            trial: self.trial.id.clone(),
            phase,
            attempt: self.attempt,
            step: number,
            principal: exchange.request.principal.clone(),
            requests,
            checks: verdict.checks,
            drift: describer.drift(verdict, &call),
            call,
            mismatches,
            left_out: verdict.left_out,
            exchange: Some(describer.transcript(exchange)),
            curl,
            fault: None,
        })));
    }

    pub(super) fn sender(&self, judged: Judged) -> Sender<'a, 's> {
        Sender {
            shared: self.shared,
            trial: &self.trial.id,
            left: Rc::clone(&self.left),
            principal: &self.trial.principal,
            needs: &self.trial.needs,
            judged,
            removing: false,
            ends: self.started.checked_add(self.shared.options.trial_timeout),
        }
    }

    fn halted(&mut self, step: &Step, phase: Phase, number: usize, halt: Halt) -> Result<bool, Ending> {
        self.requests += 1;
        let (call, label) = (call(step), Label::of(step, phase, number));
        match halt {
            Halt::Foreign { url, span } => {
                let expected = format!("a URL of {}", self.shared.target.client.origin());
                let found =
                    false_check(step, CheckKind::Origin, span, expected, format!("{url}, which was not fetched"));
                self.astray(step, phase, number, found, "a link to another origin", &url);
                Ok(true)
            }
            Halt::Address(given) => {
                let expected = "what names one thing".to_owned();
                let found =
                    false_check(step, CheckKind::Path, step.span, expected, format!("{given}, which was not sent"));
                self.astray(step, phase, number, found, "an identifier that leads elsewhere", &given);
                Ok(true)
            }
            Halt::Fault(fault) => {
                self.emit_without_answer(step, phase, number, &Verdict::default(), Some(&fault.to_string()));
                Err(self.faulted(&fault))
            }
            Halt::Server(exchange) => {
                let reason = format!("the target answered {}", exchange.answer.status);
                self.emit(label, 1, &Verdict::default(), *exchange);
                Err(Ending::Errored(reason))
            }
            Halt::Broken(exchange) => {
                self.requests += 1;
                let status = exchange.answer.status;
                let reason =
                    format!("{} answered {status}, and again when it was sent once more", request(step, &exchange));
                self.emit(label, 2, &Verdict::default(), *exchange);
                Err(Ending::Errored(reason))
            }
            Halt::RateLimited(exchange) => {
                let reason = "429 that did not end".to_owned();
                self.emit(label, 1, &Verdict::default(), *exchange);
                Err(Ending::Errored(reason))
            }
            Halt::Repeated(exchange) => {
                let reason = format!(
                    "{call}: the connection ended before an answer, and {} to the same request again says nothing",
                    exchange.answer.status
                );
                self.emit(label, 2, &Verdict::default(), *exchange);
                Err(Ending::Errored(reason))
            }
            Halt::Ledger(reason) => Err(Ending::Errored(reason)),
            Halt::Protected(path) => Err(Ending::Errored(format!(
                "{call}: {path} is not the run's to write to, and the case does not say that it does"
            ))),
            Halt::Unfilled(unfilled) => Err(Ending::Errored(format!("{call}: {unfilled}"))),
            Halt::Late(pause, why) => {
                let (pause, may) = (pause.as_secs_f64().ceil(), self.shared.options.trial_timeout);
                let waiting = match why {
                    Why::TooManyRequests => format!("429, and waiting for {pause}s as it asks"),
                    Why::Budget => format!("its share of the rate limit is spent, and waiting {pause}s for another"),
                };
                let reason = format!("{call}: {waiting} would take longer than the trial may, which is {may:?}");
                Err(Ending::Errored(reason))
            }
            Halt::Stopped => Err(Ending::Stopped),
        }
    }

    /// A request without an answer. One that was not sent for want of a token says nothing of the target's own state.
    fn faulted(&self, fault: &Fault) -> Ending {
        if matches!(fault, Fault::Credentials(_)) {
            self.shared.tokenless.borrow_mut().insert(self.trial.id.clone());
        }
        Ending::Errored(fault.to_string())
    }

    /// A step that was not sent, because of where it would have gone: the target has said so.
    fn astray(&mut self, step: &Step, phase: Phase, number: usize, found: False, what: &str, given: &str) {
        let (call, mut verdict) = (call(step), Verdict::default());
        verdict.count(&found.check, step.level);
        if found.level == Level::Must {
            self.failed += 1;
            self.signatures.push(format!("{}: {what}", found.check));
        }
        self.first.get_or_insert(format!("{call}: {what}: {given}"));
        self.made(&call, std::iter::once(&verdict));
        verdict.falses.push(found);
        self.emit_without_answer(step, phase, number, &verdict, None);
    }

    fn emit_without_answer(&self, step: &Step, phase: Phase, number: usize, verdict: &Verdict, fault: Option<&str>) {
        let describer = &self.shared.describer;
        self.shared.emit(&Event::StepFinished(Box::new(StepFinished {
            trial: self.trial.id.clone(),
            phase,
            attempt: self.attempt,
            step: number,
            call: call(step),
            principal: step.principal.clone().unwrap_or_else(|| self.trial.principal.clone()),
            requests: usize::from(fault.is_some()),
            checks: verdict.checks,
            mismatches: describer.mismatches(verdict, Some(Origin { source: &step.source, span: step.span })),
            left_out: 0,
            drift: Vec::new(),
            exchange: None,
            curl: None,
            fault: fault.map(|fault| describer.redactor.text(fault)),
        })));
    }

    fn finish(self, ending: &Ending) -> TrialFinished {
        let (outcome, reason) = match ending {
            Ending::Blocked(reason) => (Outcome::Blocked, Some(reason.as_str())),
            // What was established before the trouble stays established.
            Ending::Errored(_) | Ending::Stopped | Ending::Judged if self.failed > 0 => {
                (Outcome::Failed, self.first.as_deref())
            }
            Ending::Errored(reason) => (Outcome::Errored, Some(reason.as_str())),
            Ending::Stopped => (Outcome::NotRun, Some("the run was stopped in the middle of it")),
            Ending::Judged if self.warnings > 0 => (Outcome::Warned, None),
            Ending::Judged => (Outcome::Passed, None),
        };
        let mut finished = self.shared.describer.finished(self.trial, outcome, reason);
        finished.signatures = self.signatures.iter().map(|text| self.shared.describer.redactor.text(text)).collect();
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
