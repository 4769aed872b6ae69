//! One step: building its request, sending it as often as it says, judging the answers, capturing.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    Shared,
    cleanup::Left,
    send::{Halt, Purpose, Sent},
};
use crate::{
    check::{Depth, End, Found, Judgement, Seen, judge, judge_page, judge_pages},
    http::Exchange,
    level::Level,
    plan::{DEFAULT_PRINCIPAL, Repetition, Step},
    template::{Unfilled, Variables},
    volume::{MOST_VALUES, values},
};

/// What came of a step.
#[derive(Debug, Default)]
pub(super) struct Done<'p> {
    /// The answers that were judged, each with its judgement: one, or one a page.
    pub(super) exchanges: Vec<(Exchange, Judgement<'p>)>,
    pub(super) requests: usize,
    /// The step was not as expected in a way that leaves nothing to judge behind it.
    pub(super) ends_trial: bool,
    /// An answer to a create names nothing new, so there is nothing that is the run's to remove.
    pub(super) nothing_new: bool,
}

/// Sends one step of a trial.
pub(super) struct Sender<'a, 's> {
    pub(super) shared: &'a Shared<'s>,
    /// The trial's ID; empty for what the run does at its end.
    pub(super) trial: &'a str,
    /// What is left on the target until it is removed.
    pub(super) left: Rc<RefCell<Vec<Left<'a>>>>,
    /// Who sends, unless the step says otherwise.
    pub(super) principal: &'a str,
    /// The capabilities that the trial needs, and so may use.
    pub(super) needs: &'a [String],
    pub(super) depth: Depth,
    /// Whether what was made is being removed, which no stop keeps from being done.
    pub(super) removing: bool,
    /// When the trial's time is over; what was made is removed also then.
    pub(super) ends: Option<Instant>,
}

impl<'a, 's> Sender<'a, 's> {
    /// Sends what the run does at its end.
    pub(super) fn of_the_run(shared: &'a Shared<'s>) -> Self {
        let (left, principal, depth) = (Rc::default(), DEFAULT_PRINCIPAL, Depth::StatusAlone);
        Self { shared, trial: "", left, principal, needs: &[], depth, removing: true, ends: None }
    }
}

impl<'a> Sender<'a, '_> {
    /// Runs a step and adds what it captures to `variables`.
    pub(super) async fn run(&self, step: &'a Step, variables: &mut Variables) -> Result<Done<'a>, Halt> {
        match step.repetition {
            Repetition::Once => {
                let sent = self.send(Purpose::of(step), self.build(step, variables)?).await?;
                let requests = 1 + sent.exchange.again;
                Ok(self.finish(step, sent, requests, variables))
            }
            Repetition::Eventually(limit) => {
                let limit = limit.unwrap_or(self.shared.options.effect);
                let limit = self.shared.options.patience.map_or(limit, |patience| patience.min(limit));
                self.eventually(step, limit, variables).await
            }
            Repetition::Until { max, status } => {
                let mut requests = 0;
                loop {
                    let sent = self.send(Purpose::of(step), self.build(step, variables)?).await?;
                    requests += 1 + sent.exchange.again;
                    let seen = sent.exchange.answer.status;
                    let last = seen == status || u64::try_from(requests).unwrap_or(u64::MAX) >= max;
                    if last || self.shared.stopper.stopped() {
                        return Ok(self.finish(step, sent, requests, variables));
                    }
                }
            }
            Repetition::Pages { max } => self.pages(step, max, variables).await,
        }
    }

    async fn eventually(&self, step: &'a Step, limit: Duration, variables: &mut Variables) -> Result<Done<'a>, Halt> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(100);
        let mut requests = 0;
        loop {
            let sent = self.send(Purpose::of(step), self.build(step, variables)?).await?;
            requests += 1 + sent.exchange.again;
            let mut tried = variables.clone();
            let done = self.finish(step, sent, requests, &mut tried);
            // What cannot be told now cannot be told later either.
            let settled = done.found().all(|found| found.level == Level::Info) || done.unfilled().is_some();
            if settled || started.elapsed() + pause > limit {
                *variables = tried;
                return Ok(done);
            }
            drop(done);
            if self.shared.stopper.unless_stopped(tokio::time::sleep(pause)).await.is_none() {
                return Err(Halt::Stopped);
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    async fn pages(&self, step: &'a Step, max: u64, variables: &mut Variables) -> Result<Done<'a>, Halt> {
        let mut done = Done::default();
        let (mut collected, mut amount) = (Vec::new(), 0);
        let mut outgoing = self.build(step, variables)?;
        let mut seen = vec![outgoing.url.clone()];
        loop {
            let sent = self.send(Purpose::of(step), outgoing.clone()).await?;
            done.requests += 1 + sent.exchange.again;
            let judged = judge_page(step, &self.seen(&sent), variables);
            let mut exchange = sent.exchange;
            let next = exchange.answer.links().target("next").map(str::to_owned);
            amount += values(&exchange.answer.body);
            if let Ok(Value::Array(items)) = exchange.answer.json()
                && amount <= MOST_VALUES
            {
                collected.extend(items.iter().cloned());
            }
            // The next page comes while this one is still kept.
            exchange.answer.settle(self.shared.describer.redactor);
            done.exchanges.push((exchange, judged.judgement));
            if judged.ends {
                done.ends_trial = true;
                return Ok(done);
            }
            let end = match next {
                None => End::Reached,
                Some(next) if seen.contains(&next) => End::Again(next),
                Some(next) if seen.len() as u64 >= max => End::More(next),
                Some(next) if amount > MOST_VALUES => End::TooMany(next),
                Some(url) if !self.shared.target.client.owns(&url) => return Err(Halt::Foreign(url)),
                Some(next) => {
                    seen.push(next.clone());
                    outgoing.url = next;
                    continue;
                }
            };
            if let Some((exchange, judgement)) = done.exchanges.last_mut() {
                let judged = judge_pages(step, end, &Value::Array(collected), &exchange.answer, variables);
                judgement.add(judged.judgement);
                done.ends_trial = judged.ends;
                judged.captured.into_iter().for_each(|(name, value)| variables.set(&name, value));
            }
            return Ok(done);
        }
    }

    /// Judges one answer and captures from it.
    fn finish(&self, step: &'a Step, sent: Sent, requests: usize, variables: &mut Variables) -> Done<'a> {
        let judged = judge(step, &self.seen(&sent), variables);
        judged.captured.into_iter().for_each(|(name, value)| variables.set(&name, value));
        let nothing_new = sent.identity.is_some_and(|identity| !identity.is_usable());
        let exchanges = vec![(sent.exchange, judged.judgement)];
        Done { exchanges, requests, ends_trial: judged.ends, nothing_new }
    }

    fn seen<'b>(&'b self, sent: &'b Sent) -> Seen<'a, 'b> {
        let Sent { exchange, identity, .. } = sent;
        // Also a raw request reaches an operation.
        let operation = || {
            let path = self.shared.target.client.plain_path(&exchange.request.url);
            self.shared.plan.operation(&exchange.request.method, &path).map(AsRef::as_ref)
        };
        let identity = identity.as_ref().and_then(|identity| Some((identity, operation()?)));
        Seen { plan: self.shared.plan, exchange, depth: self.depth, identity }
    }
}

impl<'p> Done<'p> {
    pub(super) fn judgements(&self) -> impl Iterator<Item = &Judgement<'p>> {
        self.exchanges.iter().map(|(_, judgement)| judgement)
    }

    pub(super) fn found(&self) -> impl Iterator<Item = &Found> {
        self.judgements().flat_map(|judgement| &judgement.found)
    }

    /// The name for want of which a check could not be made.
    pub(super) fn unfilled(&self) -> Option<&Unfilled> {
        self.judgements().find_map(|judgement| judgement.unfilled.as_ref())
    }
}
