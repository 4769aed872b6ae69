//! Removing what a trial has made and putting back what it has changed: when the trial ends, the last first, whatever its outcome.
//!
//! What a request makes, its operation says (`ours`); a step may have steps of its own for the end of its case beside that (`defer`).

use std::time::Duration;

use super::{
    inventory::askers,
    ours::{Made, Request, Unsettled},
    send::{Halt, Purpose, only_reads},
    step::{Done, Sender},
    trial::{Came, Ending, Label, Running},
};
use crate::{
    brief::owned_text,
    check::{Depth, Judgement},
    event::{Event, Leak, Phase},
    http::{Exchange, NoAnswer, Outgoing},
    ledger::{Change, Removal},
    plan::{RequestTarget, Step},
    template::Variables,
};

/// How long to wait before a clean-up request that met a broken connection or a server's trouble is sent again.
const PAUSES: [Duration; 3] = [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1800)];

/// What a trial has left on the target until it is removed.
pub(super) enum Left<'a> {
    Made(Made),
    Deferred(Deferred<'a>),
    Unsettled(Unsettled),
}

/// A step to run when the case is over, with the values that it had when it was registered.
pub(super) struct Deferred<'a> {
    step: &'a Step,
    variables: Variables,
    /// Whether the answer that made something had the documented success status: then nothing to remove is a leak.
    made: bool,
    /// Its number in the ledger; `None` where it is not known what is to be sent, or where it goes with something else.
    entry: Option<usize>,
}

/// How removing something ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Removed {
    Gone,
    /// The target says that it is not there, though nothing has removed it: the thing may have another identifier.
    Absent,
    Left(String),
}

impl<'a> Running<'a, '_> {
    /// Writes down what puts back what a step is about to change, where that is known before and was not made by the run. Says how many
    /// deferred steps are registered by this.
    ///
    /// # Errors
    /// A ledger that cannot be kept: then nothing may be changed.
    pub(super) async fn foresee(&mut self, step: &'a Step, variables: &Variables) -> Result<usize, Ending> {
        if step.defer.is_empty() {
            return Ok(0);
        }
        let shared = self.shared;
        let sender = self.sender(Depth::StatusAlone);
        let Ok(outgoing) = sender.build(step, variables) else { return Ok(0) };
        let plain = shared.target.client.plain_path(&outgoing.url);
        let reads = only_reads(&outgoing.method);
        let makes = shared.plan.operation(&outgoing.method, &plain).is_some_and(|operation| operation.makes.is_some());
        if reads || makes || shared.ours.holds(&plain) {
            return Ok(0);
        }
        let known: Option<Vec<Outgoing>> =
            step.defer.iter().map(|deferred| sender.build(deferred, variables).ok()).collect();
        let Some(known) = known else { return Ok(0) };
        for (deferred, restore) in step.defer.iter().zip(known) {
            let restore = sender.removal(restore);
            let change = Change { method: outgoing.method.clone(), path: plain.clone(), restore };
            let entry = shared.options.ledger.change(change).await;
            let entry = entry.map_err(|error| Ending::Errored(sender.cannot_write(&error)))?;
            let (variables, made) = (variables.clone(), false);
            self.left.borrow_mut().push(Left::Deferred(Deferred {
                step: deferred,
                variables,
                made,
                entry: Some(entry),
            }));
        }
        Ok(step.defer.len())
    }

    /// What was foreseen did not happen: the target refused it, or it was never sent.
    pub(super) fn unforesee(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(Left::Deferred(Deferred { entry: Some(entry), .. })) = self.left.borrow_mut().pop() {
                self.shared.options.ledger.gone(entry);
            }
        }
    }

    /// Whatever an answer of 2xx may have made is to be removed as the step says, also when the case fails over it.
    ///
    /// # Errors
    /// A ledger that cannot be kept: then nothing more may be made.
    pub(super) fn register(&mut self, step: &'a Step, done: &Done<'_>, variables: &Variables) -> Result<(), Ending> {
        let success = step.request.operation().map(|operation| operation.success);
        for (exchange, _) in &done.exchanges {
            let status = exchange.answer.status;
            if (200..300).contains(&status) && !done.nothing_new {
                let made = success.is_none_or(|success| success == status);
                for step in &step.defer {
                    let outgoing = self.sender(Depth::StatusAlone).build(step, variables).ok();
                    if outgoing.as_ref().is_some_and(|outgoing| self.is_entered(outgoing)) {
                        continue;
                    }
                    let entry = outgoing.map(|outgoing| self.enter(outgoing)).transpose();
                    // Removed even where it cannot be written down.
                    let known = entry.as_ref().ok().copied().flatten().flatten();
                    let deferred = Deferred { step, variables: variables.clone(), made, entry: known };
                    self.left.borrow_mut().push(Left::Deferred(deferred));
                    entry?;
                }
            }
        }
        Ok(())
    }

    /// Whether the operation that made something says already that this request removes it.
    fn is_entered(&self, outgoing: &Outgoing) -> bool {
        let path = self.shared.target.client.path(&outgoing.url);
        let bare = outgoing.is_bare();
        let same = |request: &Request| bare && request.method == outgoing.method && request.path == path;
        self.left.borrow().iter().any(|left| match left {
            Left::Made(made) => made.removals.iter().any(same),
            Left::Deferred(_) | Left::Unsettled(_) => false,
        })
    }

    /// Writes down what removes something, unless it goes with what the run made.
    fn enter(&self, outgoing: Outgoing) -> Result<Option<usize>, Ending> {
        let plain = self.shared.target.client.plain_path(&outgoing.url);
        if self.shared.ours.holds(&plain) {
            return Ok(None);
        }
        let sender = self.sender(Depth::StatusAlone);
        let entered = self.shared.options.ledger.enter_made(sender.removal(outgoing));
        entered.map(Some).map_err(|error| Ending::Errored(sender.cannot_write(&error)))
    }

    /// Last made, first removed. What may have been made is looked for, and what stays unknown is left to the end of the run.
    pub(super) async fn clean_up(&mut self) {
        let sender = Sender { removing: true, ends: None, ..self.sender(Depth::StatusAlone) };
        let (mut number, mut open) = (0, Vec::new());
        loop {
            let left = self.left.borrow_mut().pop();
            number += 1;
            match left {
                Some(Left::Made(made)) => self.remove(&sender, made, number).await,
                Some(Left::Deferred(deferred)) => self.undo(&sender, deferred, number).await,
                Some(Left::Unsettled(may_be)) => open.push(may_be),
                None if open.is_empty() => break,
                None => {
                    let still = sender.settle(std::mem::take(&mut open)).await;
                    self.shared.ours.open.borrow_mut().extend(still);
                }
            }
        }
    }

    async fn remove(&mut self, sender: &Sender<'a, '_>, made: Made, number: usize) {
        let (sent, removed) = sender.remove(&made).await;
        for (request, exchange) in sent {
            self.requests += 1;
            let label = Label {
                call: request.operation,
                query: Vec::new(),
                origin: None,
                phase: Phase::Defer,
                establishes: false,
                number,
            };
            self.emit(label, 1, &Judgement::default(), Came::Answer(exchange.into()));
        }
        match removed {
            Removed::Gone => {}
            Removed::Left(reason) => sender.leaked(&made, &reason),
            Removed::Absent => sender.is_elsewhere(made),
        }
    }

    /// A deferred step. A 404 means that what it is about is gone, which is what was wanted.
    async fn undo(&mut self, sender: &Sender<'a, '_>, deferred: Deferred<'a>, number: usize) {
        let Deferred { step, variables, made, entry } = deferred;
        let sent = match sender.build(step, &variables) {
            Ok(outgoing) if sender.has_seen_done(&outgoing) => return sender.ended(entry),
            Ok(outgoing) => sender.send_stubbornly(&outgoing).await,
            Err(halt) => Err(halt),
        };
        let reason = match sent {
            Ok(exchange) | Err(Halt::Repeated(exchange)) => {
                self.requests += 1;
                let status = exchange.answer.status;
                self.emit(Label::of(step, Phase::Defer, number), 1, &Judgement::default(), Came::Answer(exchange));
                if (200..300).contains(&status) || status == 404 {
                    return sender.ended(entry);
                }
                format!("answered {status}")
            }
            Err(Halt::Unfilled(_)) if !made => return,
            Err(halt) => reason(halt),
        };
        let redactor = self.shared.describer.redactor;
        self.shared.emit(&Event::Leaked(Leak {
            trial: self.trial.id.clone(),
            call: redactor.text(&describe_deferred(step, &variables)),
            reason: redactor.text(&reason),
        }));
    }
}

impl Sender<'_, '_> {
    /// Removes something; what was sent, and how it ended.
    pub(super) async fn remove(&self, made: &Made) -> (Vec<(Request, Exchange)>, Removed) {
        let mut sent = Vec::new();
        let Some((last, before)) = made.removals.split_last() else { return (sent, Removed::Gone) };
        if self.has_seen_done(&self.outgoing(last, &made.principal)) {
            self.ended(made.number);
            return (sent, Removed::Gone);
        }
        for request in before {
            // It may be so already, and what matters is whether the last one is carried out.
            if let Ok(mut exchange) = self.send_stubbornly(&self.outgoing(request, &made.principal)).await {
                // The next answer comes while this one is still kept.
                exchange.answer.settle(self.shared.describer.redactor);
                sent.push((request.clone(), *exchange));
            }
        }
        let mut answered = self.send_stubbornly(&self.outgoing(last, &made.principal)).await;
        if let Ok(exchange) = &answered
            && matches!(exchange.answer.status, 401 | 403)
        {
            // Who made it may not be whoever may remove it.
            let askers = askers(self.shared.plan, self.shared.target, &made.principal);
            let other = askers.first().copied().unwrap_or(&made.principal);
            if !self.shared.target.client.same_credential(other, &made.principal) {
                answered = self.send_stubbornly(&self.outgoing(last, other)).await;
            }
        }
        let path = self.plain(last);
        let removed = match answered {
            Ok(exchange) => {
                let status = exchange.answer.status;
                sent.push((last.clone(), *exchange));
                match status {
                    200..300 => Removed::Gone,
                    404 if made.making.is_none() || self.shared.ours.was_removed(&path) => Removed::Gone,
                    404 => Removed::Absent,
                    _ => Removed::Left(format!("answered {status}")),
                }
            }
            Err(Halt::Repeated(exchange)) => {
                sent.push((last.clone(), *exchange));
                Removed::Gone
            }
            Err(halt) => Removed::Left(reason(halt)),
        };
        if removed == Removed::Gone {
            self.shared.ours.removed(&path);
            self.ended(made.number);
        }
        (sent, removed)
    }

    /// Whether the case has removed already what this request would remove, and whoever would send it has seen that it is gone: the target
    /// carried out a DELETE of this very path, and to a GET after it answered 404. What a target only says to have removed is not gone.
    fn has_seen_done(&self, outgoing: &Outgoing) -> bool {
        let client = &self.shared.target.client;
        let seen_by = || self.shared.ours.seen_gone_by(&client.plain_path(&outgoing.url));
        outgoing.method == "DELETE"
            && outgoing.is_bare()
            && seen_by().is_some_and(|principal| client.same_credential(&principal, &outgoing.principal))
    }

    /// Notes that an entry has ended. A ledger that can no longer be written says too much rather than too little.
    fn ended(&self, entry: Option<usize>) {
        if let Some(number) = entry {
            self.shared.options.ledger.gone(number);
        }
    }

    /// Removes what was found at the end of the run.
    pub(super) async fn remove_all(&self) {
        loop {
            let left = self.left.borrow_mut().pop();
            match left {
                Some(Left::Made(made)) => match self.remove(&made).await.1 {
                    Removed::Gone | Removed::Absent => {}
                    Removed::Left(reason) => self.leaked(&made, &reason),
                },
                Some(Left::Deferred(_) | Left::Unsettled(_)) => {}
                None => return,
            }
        }
    }

    /// The target made something and does not know it by the identifier that it gave.
    fn is_elsewhere(&self, made: Made) {
        if let Some(making) = made.making {
            let reason = "the target does not find it by the ID that it returned".to_owned();
            self.left.borrow_mut().push(Left::Unsettled(Unsettled::new(making, reason)));
        }
    }

    /// Tells that something is left.
    pub(super) fn leaked(&self, made: &Made, reason: &str) {
        let Some(last) = made.removals.last() else { return };
        let redactor = self.shared.describer.redactor;
        self.shared.ours.told(&self.plain(last));
        self.shared.emit(&Event::Leaked(Leak {
            trial: made.trial.clone(),
            call: redactor.text(&format!("{} {}", last.operation, last.values)),
            reason: redactor.text(reason),
        }));
    }

    /// Sends a clean-up request; where the connection breaks or a server has trouble, a few times.
    pub(super) async fn send_stubbornly(&self, outgoing: &Outgoing) -> Result<Box<Exchange>, Halt> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let sent = Box::pin(self.send(Purpose::clean_up(), outgoing.clone())).await;
            let trouble = match &sent {
                Err(Halt::Server(_) | Halt::Broken(_)) => true,
                Err(Halt::NoAnswer(fault)) => {
                    matches!(fault, NoAnswer::Connect(..) | NoAnswer::Lost(..) | NoAnswer::Broken(..))
                }
                Ok(_) | Err(_) => false,
            };
            match pauses.next().filter(|_| trouble) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return sent.map(|sent| Box::new(sent.exchange)),
            }
        }
    }

    /// What a ledger says of a request that removes something.
    pub(super) fn removal(&self, outgoing: Outgoing) -> Removal {
        let clean = |text: &str| self.shared.describer.redactor.text(text).to_string();
        Removal {
            method: outgoing.method,
            path: clean(&self.shared.target.client.path(&outgoing.url)),
            body: outgoing.body.map(|body| clean(&owned_text(body))),
            principal: outgoing.principal,
            trial: self.trial.to_owned(),
        }
    }

    /// The path of a request as a server may read it.
    fn plain(&self, request: &Request) -> String {
        let client = &self.shared.target.client;
        client.plain_path(&format!("{}{}", client.origin(), request.path))
    }

    pub(super) fn outgoing(&self, request: &Request, principal: &str) -> Outgoing {
        let url = format!("{}{}", self.shared.target.client.origin(), request.path);
        Outgoing { method: request.method.clone(), ..Outgoing::get(&url, principal) }
    }
}

/// Why a clean-up request came to nothing.
fn reason(halt: Halt) -> String {
    match halt {
        Halt::Unfilled(unfilled) => unfilled.to_string(),
        Halt::NoAnswer(fault) => fault.to_string(),
        Halt::Server(exchange) | Halt::Broken(exchange) | Halt::Repeated(exchange) => {
            format!("answered {}", exchange.answer.status)
        }
        Halt::RateLimited(_) => "429 that did not end".to_owned(),
        Halt::Ledger(reason) => reason,
        Halt::Address(given) => format!("{given} names no one thing"),
        Halt::Protected(path) => format!("{path} does not belong to the run"),
        Halt::Foreign(url) => format!("{url} is of another origin"),
        Halt::Late(..) => "the trial's time was over".to_owned(),
        Halt::Stopped => "the run was stopped while waiting for the rate limit".to_owned(),
    }
}

fn describe_deferred(step: &Step, variables: &Variables) -> String {
    match &step.request.target {
        RequestTarget::Operation { operation, path } => {
            let values = path.iter().map(|(name, value)| {
                format!("{name}: {}", value.text(variables).unwrap_or_else(|_| "unknown".to_owned()))
            });
            format!("{} {}", operation.id, values.collect::<Vec<_>>().join(", "))
        }
        RequestTarget::Path(path) | RequestTarget::Url(path) => {
            let path = path.text(variables).unwrap_or_else(|_| path.source());
            format!("{} {path}", step.request.method)
        }
    }
}
