//! Removing what a trial has made: written down when it is made, removed when the trial ends, the last first.

use super::{
    send::Halt,
    step::{Done, Judged, Sender},
    trial::{Ending, Running},
};
use crate::{
    check::Verdict,
    event::{Event, Leak, Phase},
    http::owned_text,
    ledger::Removal,
    plan::{RequestTarget, Step},
    template::Variables,
};

/// A step to run when the case is over, with the values that it had when it was registered.
pub(super) struct Deferred<'a> {
    step: &'a Step,
    variables: Variables,
    /// Whether the answer that made something had the documented success status: then nothing to remove is a leak.
    made: bool,
    /// Its number in the ledger; `None` where it is not known what is to be removed.
    entry: Option<usize>,
}

impl<'a> Running<'a, '_> {
    /// Whatever an answer of 2xx may have made is to be removed, also when the case fails over it.
    ///
    /// # Errors
    /// A ledger that cannot be kept: then nothing more may be made.
    pub(super) fn register(&mut self, step: &'a Step, done: &Done, variables: &Variables) -> Result<(), Ending> {
        let success = step.request.operation().map(|operation| operation.success);
        for (exchange, _) in &done.exchanges {
            let status = exchange.answer.status;
            if (200..300).contains(&status) {
                let made = success.is_none_or(|success| success == status);
                for step in &step.defer {
                    let entry = self.enter(step, variables)?;
                    self.deferred.push(Deferred { step, variables: variables.clone(), made, entry });
                }
            }
        }
        Ok(())
    }

    /// Writes down what removes something, before anything else is sent.
    fn enter(&self, step: &Step, variables: &Variables) -> Result<Option<usize>, Ending> {
        let Ok(outgoing) = self.sender(Judged::StatusAlone).build(step, variables) else { return Ok(None) };
        let clean = |text: &str| self.shared.describer.redactor.text(text).to_string();
        let removal = Removal {
            method: outgoing.method,
            path: clean(&self.shared.target.client.path(&outgoing.url)),
            body: outgoing.body.map(|body| clean(&owned_text(body))),
            principal: outgoing.principal,
            trial: self.trial.id.clone(),
        };
        match self.shared.options.ledger.made(removal) {
            Ok(number) => Ok(Some(number)),
            Err(error) => Err(Ending::Errored(error.to_string())),
        }
    }

    fn gone(&self, entry: Option<usize>) {
        // A ledger that can no longer be written says too much rather than too little.
        let _ = entry.map(|number| self.shared.options.ledger.gone(number));
    }

    /// Last made, first removed. A 404 means that it is gone, which is what was wanted.
    pub(super) async fn clean_up(&mut self) {
        let mut number = 0;
        while let Some(Deferred { step, variables, made, entry }) = self.deferred.pop() {
            number += 1;
            let sender = Sender { removing: true, ends: None, ..self.sender(Judged::StatusAlone) };
            let reason = match sender.send_deferred(step, &variables).await {
                Ok(exchange) => {
                    self.requests += 1;
                    let status = exchange.answer.status;
                    self.emit(step, Phase::Defer, number, 1, &Verdict::default(), exchange);
                    if (200..300).contains(&status) || status == 404 {
                        self.gone(entry);
                        continue;
                    }
                    format!("answered {status}")
                }
                Err(Halt::Unfilled(_)) if !made => continue,
                Err(Halt::Unfilled(unfilled)) => unfilled.to_string(),
                Err(Halt::Fault(fault)) => fault.to_string(),
                Err(Halt::Server(exchange) | Halt::Broken(exchange)) => format!("answered {}", exchange.answer.status),
                Err(Halt::RateLimited(_)) => "429 that did not end".to_owned(),
                Err(Halt::Ledger(reason)) => reason,
                Err(Halt::Address(given)) => format!("{given} names no one thing"),
                Err(Halt::Protected(path)) => format!("{path} is not the run's to write to"),
                Err(Halt::Foreign { url, .. }) => format!("{url} is of another origin"),
                Err(Halt::Late(..)) => "the trial's time was over".to_owned(),
                Err(Halt::Stopped) => "the run was stopped while it waited for the rate limit".to_owned(),
            };
            let call = describe_deferred(step, &variables);
            let redactor = self.shared.describer.redactor;
            self.shared.emit(&Event::Leaked(Leak {
                trial: self.trial.id.clone(),
                call: redactor.text(&call),
                reason: redactor.text(&reason),
            }));
        }
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
