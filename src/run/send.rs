//! Sending one request of a step: building it, keeping to the rate limit, waiting out a 429 that nobody asked for.

use std::{
    future::Future,
    time::{Duration, Instant},
};

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
    http::{Exchange, Fault, Outgoing, is_repeatable},
    plan::{BodyPlan, HeaderPlan, Repetition, RequestTarget, Step},
    status::Speaker,
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
    /// A 500 or 501 that came again when the request was sent once more: that request breaks the target.
    Broken(Box<Exchange>),
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
    /// What is to be waited for, and why, takes longer than the trial may.
    Late(Duration, Why),
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
    /// Sends until the answer says something about the target: a 429 that nobody asked for is waited out. What the step expects, or waits for
    /// with `until`, is an answer whoever gave it.
    pub(super) async fn send(&self, step: &Step, outgoing: Outgoing) -> Result<Exchange, Halt> {
        let mut tries = 0;
        loop {
            let exchange = self.exchange(step, outgoing.clone()).await?;
            let status = exchange.answer.status;
            let waited_for = matches!(step.repetition, Repetition::Until { status: until, .. } if until == status);
            if waited_for || step.expect.status.contains(&status) {
                return Ok(exchange);
            }
            match Speaker::of(status) {
                Speaker::Target => return Ok(exchange),
                Speaker::Between => return Err(Halt::Server(Box::new(exchange))),
                Speaker::Broken => return Err(self.sent_again(step, outgoing, exchange).await),
                Speaker::Limit => {}
            }
            tries += 1;
            self.shared.rate_limited();
            if tries >= RATE_LIMIT_TRIES {
                return Err(Halt::RateLimited(Box::new(exchange)));
            }
            self.wait(&outgoing, exchange.answer.rate_limit_pause(), Why::TooManyRequests).await?;
        }
    }

    /// What a 500 or 501 is: one that comes each time is about the request, and another one may be about anything.
    async fn sent_again(&self, step: &Step, outgoing: Outgoing, first: Exchange) -> Halt {
        if self.removing || !may_be_sent_again(step, &outgoing) {
            return Halt::Server(Box::new(first));
        }
        match self.exchange(step, outgoing).await {
            Ok(second) if second.answer.status == first.answer.status => Halt::Broken(Box::new(second)),
            Ok(_) | Err(_) => Halt::Server(Box::new(first)),
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
            let preparing = self.in_time(&outgoing.principal, client.prepare(&outgoing));
            let prepared = self.shared.stopper.unless_stopped(preparing).await;
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
        self.shared.sent(exchange.again);
        self.shared.noted(&principal, &path, &exchange.answer, sent, answered);
        Ok(exchange)
    }

    /// A token, unless the trial's time is over before it comes.
    pub(super) async fn in_time<T>(
        &self,
        principal: &str,
        token: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let Some(ends) = self.ends else { return token.await };
        tokio::time::timeout_at(ends.into(), token).await.unwrap_or_else(|_| {
            let limit = self.shared.options.trial_timeout;
            let text =
                format!("principal `{principal}`: there was no token within {limit:?}, which the trial may take");
            Err(Fault::Credentials(text))
        })
    }

    async fn wait(&self, outgoing: &Outgoing, pause: Duration, why: Why) -> Result<(), Halt> {
        let until = Instant::now() + pause;
        if self.ends.is_some_and(|ends| ends < until) {
            return Err(Halt::Late(pause, why));
        }
        self.shared.emit(&Event::Waited(Waited {
            principal: outgoing.principal.clone(),
            seconds: pause.as_secs_f64(),
            why,
        }));
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

/// Whether sending a request once more does nothing twice. Of a POST only its operation could say so, and none does yet: a create is never
/// sent again.
fn may_be_sent_again(_step: &Step, outgoing: &Outgoing) -> bool {
    is_repeatable(&outgoing.method)
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
