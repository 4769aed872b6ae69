//! Sending one request of a step: building it, keeping to the rate limit, waiting out a 429 that nobody asked for.

use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{
    Shared,
    protected::{Unknown, protected},
    step::Sender,
};
use crate::{
    diagnostic::Span,
    event::{Event, Waited, Why},
    http::{Exchange, Fault, Outgoing},
    plan::{BodyPlan, HeaderPlan, Repetition, RequestTarget, Step},
    suite::Protected,
    template::{Template, Unfilled, Variables},
};

/// RFC 3986 unreserved characters stay as they are.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An unasked-for 429 is waited out this often before the trial gives up.
const RATE_LIMIT_TRIES: usize = 3;

/// Why a step could not be judged.
#[derive(Debug)]
pub(super) enum Halt {
    Fault(Fault),
    /// An answer that the target's own logic did not give.
    Server(Box<Exchange>),
    /// A 429 that did not end.
    RateLimited(Box<Exchange>),
    /// Of another origin than the target, so it was not fetched.
    Foreign {
        url: String,
        span: Span,
    },
    /// A write to what the target shares with others, by a case that does not say that it does so.
    Protected(String),
    /// What a path is to be made of would lead elsewhere: a parameter, and what the target gave for it.
    Address(String),
    /// What is made could not be written down, so nothing is made.
    Ledger(String),
    Unfilled(Unfilled),
    /// A 429 that is to be waited out for longer than the trial may take.
    Late(Duration),
    Stopped,
}

impl From<Unknown> for Halt {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Fault(fault) => Self::Fault(fault),
            Unknown::Answer(exchange) => Self::Server(exchange),
        }
    }
}

impl From<Unfilled> for Halt {
    fn from(unfilled: Unfilled) -> Self {
        Self::Unfilled(unfilled)
    }
}

impl Sender<'_, '_> {
    /// Sends until the answer says something about the target: a 429 that nobody asked for is waited out.
    pub(super) async fn send(&self, step: &Step, outgoing: Outgoing) -> Result<Exchange, Halt> {
        let mut tries = 0;
        loop {
            let exchange = self.exchange(step, outgoing.clone()).await?;
            let status = exchange.answer.status;
            if step.expect.status.contains(&status) {
                return Ok(exchange);
            }
            if status >= 500 {
                return Err(Halt::Server(Box::new(exchange)));
            }
            if status != 429 {
                return Ok(exchange);
            }
            tries += 1;
            self.shared.rate_limited();
            if tries >= RATE_LIMIT_TRIES {
                return Err(Halt::RateLimited(Box::new(exchange)));
            }
            let pause = exchange.answer.rate_limit_pause();
            drop(exchange);
            self.wait(&outgoing, pause, Why::TooManyRequests).await?;
        }
    }

    /// One request. Never given up in the middle: what it makes on the target must become known.
    pub(super) async fn exchange(&self, step: &Step, outgoing: Outgoing) -> Result<Exchange, Halt> {
        let client = &self.shared.target.client;
        let path = client.path(&outgoing.url);
        let ask_beside = self.may_write(&outgoing, &path).await?;
        // A step that wants the limit to be used up is not held back from it.
        let paced = !matches!(step.repetition, Repetition::Until { status: 429, .. });
        let principal = client.shown_as(&outgoing.principal).to_owned();
        // What was made is removed also when the run is stopped, at the cost of others' share if need be.
        let hurried = || self.removing && self.shared.stopper.stopped();
        while paced
            && !hurried()
            && let Some(pause) = self.shared.pace.wait(&principal, &path, Instant::now())
        {
            self.wait(&outgoing, pause, Why::Budget).await?;
        }
        if !self.removing {
            let prepared = self.shared.stopper.unless_stopped(client.prepare(&outgoing)).await;
            prepared.ok_or(Halt::Stopped)?.map_err(Halt::Fault)?;
        }
        self.shared.sent(1);
        let (sent, sender) = (Instant::now(), outgoing.principal.clone());
        let sending = async { (client.send(outgoing).await, Instant::now()) };
        let (exchange, answered) = if ask_beside {
            // Who needs what is asked for beside this asks again if it does not come.
            let ((exchange, answered), _) = tokio::join!(sending, self.protected(&sender));
            (exchange, answered)
        } else {
            sending.await
        };
        let exchange = exchange.map_err(|fault| {
            self.shared.pace.lost(&path);
            Halt::Fault(fault)
        })?;
        self.shared.pace.note(&principal, &path, &exchange.answer, sent, answered);
        Ok(exchange)
    }

    async fn wait(&self, outgoing: &Outgoing, pause: Duration, why: Why) -> Result<(), Halt> {
        self.shared.emit(&Event::Waited(Waited {
            principal: outgoing.principal.clone(),
            seconds: pause.as_secs_f64(),
            why,
        }));
        let until = Instant::now() + pause;
        if why == Why::TooManyRequests && self.ends.is_some_and(|ends| ends < until) {
            return Err(Halt::Late(pause));
        }
        if self.shared.stopper.unless_stopped(tokio::time::sleep(pause)).await.is_some() {
            return Ok(());
        }
        if !self.removing {
            return Err(Halt::Stopped);
        }
        if why == Why::TooManyRequests {
            tokio::time::sleep_until(until.into()).await;
        }
        Ok(())
    }

    /// What belongs to an org that others use is written to only by cases that say so, on targets that allow it. Says whether the next write
    /// may need to know more of that than this one, so that it is worth asking for now.
    async fn may_write(&self, outgoing: &Outgoing, path: &str) -> Result<bool, Halt> {
        if matches!(outgoing.method.as_str(), "GET" | "HEAD" | "OPTIONS") {
            return Ok(false);
        }
        self.shared.options.ledger.begin().map_err(|error| Halt::Ledger(error.to_string()))?;
        // There are many ways to write one path; what counts is where the request would arrive.
        let read = self.shared.target.client.plain_path(&outgoing.url);
        if !self.shared.plan.contract.protected.iter().any(|protected| protected.may_cover(&read)) {
            return Ok(!self.shared.protected.initialized());
        }
        match self.protected(&outgoing.principal).await?.iter().find(|protected| protected.covers(&read)) {
            Some(protected) if !self.needs.iter().any(|name| protected.unless.contains(name)) => {
                Err(Halt::Protected(path.to_owned()))
            }
            _ => Ok(false),
        }
    }

    /// What the target shares with others, asked for once a run.
    async fn protected(&self, principal: &str) -> Result<&[Protected], Halt> {
        let Shared { plan, target, protected: known, .. } = self.shared;
        let asking = known.get_or_try_init(|| protected(plan, target, principal));
        // What was made is removed also when the run is stopped, which needs the answer.
        if self.removing {
            return Ok(asking.await?);
        }
        Ok(self.shared.stopper.unless_stopped(asking).await.ok_or(Halt::Stopped)??)
    }

    pub(super) fn build(&self, step: &Step, variables: &Variables) -> Result<Outgoing, Halt> {
        let request = &step.request;
        let client = &self.shared.target.client;
        let mut url = match &request.target {
            RequestTarget::Operation { operation, path } => {
                let filled = operation.path.fill(|name| {
                    let template = path.iter().find(|(given, _)| given == name).map(|(_, template)| template);
                    let text = template.map(|template| segment(name, template, variables)).transpose()?;
                    Ok::<_, Halt>(utf8_percent_encode(&text.unwrap_or_default(), SEGMENT).to_string())
                })?;
                format!("{}{filled}", client.origin())
            }
            RequestTarget::Path(path) => format!("{}{}", client.origin(), path.text(variables)?),
            RequestTarget::Url(url) => {
                let url = url.text(variables)?;
                if !client.owns(&url) {
                    return Err(Halt::Foreign { url, span: step.span });
                }
                url
            }
        };
        for (name, value) in &request.query {
            url.push(if url.contains('?') { '&' } else { '?' });
            let value = match value.fill(variables)?.as_ref() {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let encode = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
            url = format!("{url}{}={}", encode(name), encode(&value));
        }
        let mut headers = Vec::new();
        for (name, plan) in &request.headers {
            let values = match plan {
                HeaderPlan::Omit => None,
                HeaderPlan::Values(values) => {
                    Some(values.iter().map(|value| value.text(variables)).collect::<Result<_, _>>()?)
                }
            };
            headers.push((name.clone(), values));
        }
        let body = match &request.body {
            BodyPlan::Empty => None,
            BodyPlan::Json(tree) => Some(tree.fill(variables)?.to_string().into_bytes()),
            BodyPlan::Text(text) => Some(text.text(variables)?.into_bytes()),
            BodyPlan::Bytes(bytes) => Some(bytes.clone()),
        };
        let principal = step.principal.as_deref().unwrap_or(self.principal).to_owned();
        Ok(Outgoing { method: request.method.clone(), url, headers, body, principal })
    }
}

/// A parameter of a path. What a case writes there itself, it means; what a target gives must be the name of one thing, since clean-up goes
/// there too.
fn segment(name: &str, template: &Template, variables: &Variables) -> Result<String, Halt> {
    let text = template.text(variables)?;
    if template.constant().is_none() && matches!(text.as_str(), "" | "." | "..") {
        return Err(Halt::Address(format!("{text:?} as `{name}`")));
    }
    Ok(text)
}
