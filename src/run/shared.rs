//! What the trials of one run share: the way to stop it, the sink of its events, its counts, its budgets.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
    time::Instant,
};

use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{Describer, Options, Preflight, Target, before::Before, logins::Logins, ours::Ours};
use crate::{
    event::{self, DocumentedOperation, Event, Outcome, Stop},
    http::{Answer, Pace},
    naming::name,
    plan::Plan,
};

/// Stops a run: no trial starts, waits end, clean-up still happens; or ends it at once.
#[derive(Debug, Clone, Default)]
pub struct Stopper {
    token: CancellationToken,
    at_once: CancellationToken,
    pub(super) reason: Arc<OnceLock<Stop>>,
}

impl Stopper {
    /// Stops the run; the first reason counts.
    pub fn stop(&self, reason: Stop) {
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    /// Ends a run that was stopped without waiting for anything more, not for clean-up either.
    pub fn end_at_once(&self) {
        self.at_once.cancel();
    }

    /// Whether the run ended without waiting for its trials.
    pub fn ended_at_once(&self) -> bool {
        self.at_once.is_cancelled()
    }

    pub(super) async fn end(&self) {
        self.at_once.cancelled().await;
    }

    pub(super) async fn stopping(&self) {
        self.token.cancelled().await;
    }

    pub(crate) fn stopped(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits for something that may be given up in the middle; `None` if the run is stopped before it comes.
    pub(crate) async fn unless_stopped<T>(&self, waiting: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.token.cancelled() => None,
            done = waiting => Some(done),
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
    pub(crate) pace: Pace,
    pub(super) sink: RefCell<&'a mut dyn FnMut(&Event)>,
    pub(super) requests: Cell<usize>,
    pub(super) rate_limited: Cell<usize>,
    pub(super) outcomes: RefCell<BTreeMap<Outcome, usize>>,
    pub(super) serial: Cell<usize>,
    /// The operations of the suite, as events tell of them.
    pub(super) documented: Vec<DocumentedOperation>,
    /// Trials in a row that met nothing but trouble with the infrastructure.
    pub(super) troubled: Cell<usize>,
    /// Trials under way for which a principal could not be shown to the target: what it has no token for is its client's trouble.
    pub(super) tokenless: RefCell<BTreeSet<String>>,
    /// What is known of the passwords of the target's users.
    pub(super) logins: Logins,
    /// What the target held before the first write.
    pub(super) before: OnceCell<Before>,
    /// What the run has made.
    pub(super) ours: Ours,
    /// What the preflight found.
    pub(super) found: Preflight,
}

impl Shared<'_> {
    pub(crate) fn emit(&self, event: &Event) {
        (self.sink.borrow_mut())(event);
    }

    /// Counts requests.
    pub(crate) fn sent(&self, requests: usize) {
        self.requests.set(self.requests.get() + requests);
    }

    /// Counts a 429 that nobody asked for.
    pub(crate) fn rate_limited(&self) {
        self.rate_limited.set(self.rate_limited.get() + 1);
    }

    /// Takes what an answer says of the rate limit.
    pub(super) fn noted(&self, principal: &str, bucket: &str, answer: &Answer, sent: Instant, answered: Instant) {
        if let Some(doubt) = self.pace.note(principal, bucket, answer, sent, answered) {
            let text = self.describer.redactor.text(&doubt.to_string());
            self.emit(&Event::Preflight(event::Preflight { fatal: false, text }));
        }
    }

    /// A name that nothing else in this run has, and that no other one begins with: a search for it finds one thing.
    pub(crate) fn unique(&self) -> String {
        self.serial.set(self.serial.get() + 1);
        name(&self.options.prefix, &self.options.run, self.serial.get())
    }

    pub(super) fn finish(&self, finished: event::TrialFinished) {
        let tokenless = self.tokenless.borrow_mut().remove(&finished.trial);
        match finished.outcome {
            // One bad client says nothing of what others meet.
            Outcome::Errored if tokenless => {}
            Outcome::Errored => self.troubled.set(self.troubled.get() + 1),
            Outcome::NotApplicable | Outcome::NotRun => {}
            Outcome::Passed
            | Outcome::Warned
            | Outcome::Failed
            | Outcome::Flaky
            | Outcome::KnownFailure
            | Outcome::UnexpectedPass
            | Outcome::ChangedFailure
            | Outcome::Expired
            | Outcome::Blocked => self.troubled.set(0),
        }
        if self.options.breaker.is_some_and(|most| self.troubled.get() >= most) {
            self.stopper.stop(Stop::Breaker);
        }
        let red = matches!(finished.outcome, Outcome::Failed);
        *self.outcomes.borrow_mut().entry(finished.outcome).or_default() += 1;
        self.emit(&Event::TrialFinished(Box::new(finished)));
        let failed = self.outcomes.borrow().get(&Outcome::Failed).copied().unwrap_or_default();
        if red && self.options.fail_fast.is_some_and(|most| failed >= most) {
            self.stopper.stop(Stop::FailFast);
        }
    }
}
