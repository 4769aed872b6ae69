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
    brief,
    check::{
        False, Headers, Identity, Verdict, judge_body, judge_expectations, judge_headers, judge_identity, judge_status,
    },
    counted::counted,
    diagnostic::Span,
    event::CheckKind,
    http::{Exchange, SentRequest},
    level::Level,
    plan::{Capture, CaptureFrom, DEFAULT_PRINCIPAL, Repetition, Step},
    suite::Operation,
    template::Variables,
    volume::{MOST_VALUES, values},
};

/// More than a name, a link or a thing is; what is captured is kept as long as its trial runs.
const MOST_CAPTURED: usize = 64 * 1024;

/// What came of a step.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The answers that were judged, each with its verdict: one, or one a page.
    pub(super) exchanges: Vec<(Exchange, Verdict)>,
    pub(super) requests: usize,
    /// The step was not as expected in a way that leaves nothing to judge behind it.
    pub(super) ends_trial: bool,
    /// An answer to a create names nothing new, so there is nothing that is the run's to remove.
    pub(super) nothing_new: bool,
}

/// How much of a step is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    Everything,
    /// A fixture: only whether it was made. Cases of their own judge the rest.
    StatusAlone,
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
    pub(super) judged: Judged,
    /// Whether what was made is being removed, which no stop keeps from being done.
    pub(super) removing: bool,
    /// When the trial's time is over; what was made is removed also then.
    pub(super) ends: Option<Instant>,
}

impl<'a, 's> Sender<'a, 's> {
    /// Sends what the run does at its end.
    pub(super) fn of_the_run(shared: &'a Shared<'s>) -> Self {
        let (left, principal, judged) = (Rc::default(), DEFAULT_PRINCIPAL, Judged::StatusAlone);
        Self { shared, trial: "", left, principal, needs: &[], judged, removing: true, ends: None }
    }
}

impl Sender<'_, '_> {
    /// Runs a step and adds what it captures to `variables`.
    pub(super) async fn run(&self, step: &Step, variables: &mut Variables) -> Result<Done, Halt> {
        match step.repetition {
            Repetition::Once => {
                let sent = self.send(Purpose::of(step), self.build(step, variables)?).await?;
                self.finish(step, sent, 1, variables)
            }
            Repetition::Eventually(limit) => {
                let limit = self.shared.options.patience.map_or(limit, |patience| patience.min(limit));
                self.eventually(step, limit, variables).await
            }
            Repetition::Until { max, status } => {
                let mut requests = 0;
                loop {
                    let sent = self.send(Purpose::of(step), self.build(step, variables)?).await?;
                    requests += 1;
                    let seen = sent.exchange.answer.status;
                    let last = seen == status || u64::try_from(requests).unwrap_or(u64::MAX) >= max;
                    if last || self.shared.stopper.stopped() {
                        return self.finish(step, sent, requests, variables);
                    }
                }
            }
            Repetition::Pages { max } => self.pages(step, max, variables).await,
        }
    }

    async fn eventually(&self, step: &Step, limit: Duration, variables: &mut Variables) -> Result<Done, Halt> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(100);
        let mut requests = 0;
        loop {
            let sent = self.send(Purpose::of(step), self.build(step, variables)?).await?;
            requests += 1;
            let mut tried = variables.clone();
            let done = self.finish(step, sent, requests, &mut tried)?;
            let settled = done.falses().all(|found| found.level == Level::Info);
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

    async fn pages(&self, step: &Step, max: u64, variables: &mut Variables) -> Result<Done, Halt> {
        let mut done = Done::default();
        let (mut collected, mut amount) = (Vec::new(), 0);
        let mut outgoing = self.build(step, variables)?;
        let mut seen = vec![outgoing.url.clone()];
        loop {
            let sent = self.send(Purpose::of(step), outgoing.clone()).await?;
            done.requests += 1;
            let (verdict, ends) = self.judge(step, &sent, variables)?;
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
            done.exchanges.push((exchange, verdict));
            if ends {
                done.ends_trial = true;
                break;
            }
            let Some(next) = next else { break };
            let problem = if seen.contains(&next) {
                Some(format!("a page that links to one seen before: {next}"))
            } else if seen.len() as u64 >= max {
                Some(format!("still a next page after {max}: {next}"))
            } else if amount > MOST_VALUES {
                Some(format!("still a next page after more than {MOST_VALUES} values, the limit: {next}"))
            } else {
                None
            };
            if let Some(actual) = problem {
                let found = false_check(
                    step,
                    CheckKind::Pages,
                    step.span,
                    format!("an end within {}", counted(max, "page")),
                    actual,
                );
                if let Some((_, verdict)) = done.exchanges.last_mut() {
                    verdict.falses.push(found);
                }
                done.ends_trial = true;
                break;
            }
            if !self.shared.target.client.owns(&next) {
                return Err(Halt::Foreign { url: next, span: step.span });
            }
            seen.push(next.clone());
            outgoing.url = next;
        }
        let body = Value::Array(collected);
        let mut verdict = Verdict::default();
        if let (Some(matcher), false) = (&step.expect.collected, done.ends_trial) {
            verdict.count(&CheckKind::Collected, step.level);
            let findings = matcher.judge(Some(&body), variables)?;
            verdict.left_out += findings.left_out;
            for finding in findings.told {
                let mut found = false_check(step, CheckKind::Collected, finding.span, finding.expected, finding.actual);
                found.pointer = Some(finding.pointer);
                verdict.falses.push(found);
            }
        }
        for capture in &step.captures {
            match &capture.from {
                CaptureFrom::Body { path, singular } => {
                    let value = query(path, *singular, &body);
                    Self::keep(step, capture, value, variables, &mut verdict, &mut done.ends_trial);
                }
                CaptureFrom::Header(_) | CaptureFrom::Link(_) => {
                    let value = done.exchanges.last().and_then(|(exchange, _)| captured(capture, exchange));
                    Self::keep(step, capture, value, variables, &mut verdict, &mut done.ends_trial);
                }
            }
        }
        if let Some((_, last)) = done.exchanges.last_mut() {
            last.add(verdict);
        }
        Ok(done)
    }

    /// Judges one answer and captures from it.
    fn finish(&self, step: &Step, sent: Sent, requests: usize, variables: &mut Variables) -> Result<Done, Halt> {
        let (mut verdict, mut ends_trial) = self.judge(step, &sent, variables)?;
        let nothing_new = sent.identity.as_ref().is_some_and(|identity| !identity.is_usable());
        let exchange = sent.exchange;
        let as_expected = !ends_trial;
        if sent.identity == Some(Identity::Missing) {
            // What is not the run's gets no name, so that nothing is sent there; whether the rest is there is judged all the same.
            let (mut nowhere, mut ends) = (Variables::default(), false);
            for capture in &step.captures {
                Self::keep(step, capture, captured(capture, &exchange), &mut nowhere, &mut verdict, &mut ends);
            }
        }
        for capture in step.captures.iter().filter(|_| !nothing_new) {
            let value = captured(capture, &exchange);
            if as_expected {
                Self::keep(step, capture, value, variables, &mut verdict, &mut ends_trial);
            } else if let Some(value) = value.filter(|value| brief::length(value) <= MOST_CAPTURED) {
                // A create that was to be refused and was not has made something: clean-up needs its ID.
                variables.set(&capture.name, value);
            }
        }
        Ok(Done { exchanges: vec![(exchange, verdict)], requests, ends_trial, nothing_new })
    }

    /// Judges an answer, and says whether nothing can be judged behind it.
    fn judge(&self, step: &Step, sent: &Sent, variables: &Variables) -> Result<(Verdict, bool), Halt> {
        let Sent { exchange, identity, .. } = sent;
        let (answer, contract) = (&exchange.answer, &self.shared.plan.contract);
        let mut verdict = judge_status(answer, step, contract);
        let as_expected = verdict.falses.is_empty();
        let usable = identity.as_ref().is_none_or(Identity::is_usable);
        let identity = identity.as_ref().zip(self.operation_of(&exchange.request));
        let identity = identity.map(|(identity, operation)| judge_identity(identity, operation)).unwrap_or_default();
        if self.judged == Judged::StatusAlone {
            verdict.add(identity);
            return Ok((verdict, !as_expected || !usable));
        }
        if let Some(operation) = step.request.operation() {
            let codes = step.expect.error.as_ref().map_or(&[][..], |error| &*error.codes);
            let codes = if as_expected { codes } else { &[] };
            verdict.add(judge_body(answer, operation, contract, codes, step.level));
        }
        verdict.add(identity);
        if self.shared.plan.speaks_for(step, &exchange.request.url) {
            verdict.add(judge_headers(answer, contract, Headers::Complete));
        }
        if as_expected {
            verdict.add(judge_expectations(answer, step, contract, variables)?);
        }
        // A level below `must` says that the status is not settled; what follows may still be judged.
        Ok((verdict, !usable || !as_expected && step.level == Level::Must))
    }

    /// The operation that a request reached, a raw one too.
    fn operation_of(&self, request: &SentRequest) -> Option<&Operation> {
        let path = self.shared.target.client.plain_path(&request.url);
        self.shared.plan.operation(&request.method, &path).map(AsRef::as_ref)
    }

    fn keep(
        step: &Step,
        capture: &Capture,
        value: Option<Value>,
        variables: &mut Variables,
        verdict: &mut Verdict,
        ends_trial: &mut bool,
    ) {
        verdict.count_of(&CheckKind::Capture, &capture.name, step.level);
        let mut expected = format!("something to capture as `{}`", capture.name);
        let actual = match value.map(|value| (brief::length(&value), value)) {
            Some((length, value)) if length <= MOST_CAPTURED => return variables.set(&capture.name, value),
            Some((length, _)) => {
                expected = format!("{expected}, of {MOST_CAPTURED} bytes at most");
                format!("{length} bytes")
            }
            None => "nothing is there".to_owned(),
        };
        verdict.falses.push(false_check(step, CheckKind::Capture, capture.span, expected, actual));
        *ends_trial = true;
    }
}

impl Done {
    pub(super) fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.exchanges.iter().map(|(_, verdict)| verdict)
    }

    pub(super) fn falses(&self) -> impl Iterator<Item = &False> {
        self.verdicts().flat_map(|verdict| &verdict.falses)
    }
}

pub(super) fn false_check(step: &Step, check: CheckKind, span: Span, expected: String, actual: String) -> False {
    False {
        check,
        level: step.level,
        requirements: step.requirements.to_vec(),
        span: Some(span),
        pointer: None,
        expected,
        actual,
    }
}

fn captured(capture: &Capture, exchange: &Exchange) -> Option<Value> {
    match &capture.from {
        CaptureFrom::Body { path, singular } => query(path, *singular, exchange.answer.json().ok()?),
        CaptureFrom::Header(name) => exchange.answer.header(name).map(Value::from),
        CaptureFrom::Link(relation) => exchange.answer.links().target(relation).map(std::convert::Into::into),
    }
}

fn query(path: &serde_json_path::JsonPath, singular: bool, body: &Value) -> Option<Value> {
    let nodes = path.query(body);
    if singular {
        return nodes.exactly_one().ok().cloned();
    }
    Some(Value::Array(nodes.all().into_iter().cloned().collect()))
}
