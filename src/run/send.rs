//! Sending one request of a step: building it, keeping to the rate limit, waiting out a 429 that nobody asked for, and sending it once more
//! where the connection ended before an answer. What a request may make is written down before it goes out, and what came of it after.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    Disposable, Shared,
    before::{Before, Known},
    cleanup::Left,
    inventory::Unknown,
    ours::{Making, Unsettled},
    settle::{Looked, look},
    step::Sender,
};
use crate::{
    check::Identity,
    event::{Event, Stop, Waited, Why},
    finding::NotNew,
    http::{Exchange, NoAnswer, Outgoing, RateLimitRetries, bucket, encoded, form_type, is_repeatable},
    ledger::{Intent, LedgerError},
    path::segment,
    plan::{BodyPlan, HeaderPlan, Repetition, RequestTarget, Step},
    status::Speaker,
    suite::Operation,
    template::{Template, Unfilled, Variables},
};

/// A request that was answered.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) exchange: Exchange,
    /// What a successful answer to a create says of the thing.
    pub(super) identity: Option<Identity>,
    /// Sent a second time, since the connection ended before the first answer.
    pub(super) repeated: bool,
}

/// What a request is sent for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purpose<'a> {
    /// Statuses that are an answer, whatever they otherwise say of the infrastructure.
    pub(super) expected: &'a [u16],
    /// One that is waited for, and so an answer too.
    pub(super) until: Option<u16>,
    /// Whether it is held back to keep to the rate limit: a step that wants the limit to be used up is not.
    pub(super) paced: bool,
}

impl<'a> Purpose<'a> {
    pub(super) fn of(step: &'a Step) -> Self {
        let until = match step.repetition {
            Repetition::Until { status, .. } => Some(status),
            Repetition::Once | Repetition::Eventually(_) | Repetition::Pages { .. } => None,
        };
        Self { expected: step.statuses(), until, paced: until != Some(429) }
    }

    /// Removing or putting back.
    pub(super) fn clean_up() -> Self {
        Self { expected: &[], until: None, paced: true }
    }
}

/// Whether a request may be sent a second time.
#[derive(Debug)]
enum Repeat {
    /// The client itself has, if it was to be.
    Done,
    /// Doing it twice is doing it once, as the operation table says of a POST.
    Always,
    /// Where the target shows that it has not made what it was to make.
    IfAbsent(Box<Making>),
    Never,
}

/// Why a step could not be judged.
#[derive(Debug)]
pub(super) enum Halt {
    NoAnswer(NoAnswer),
    /// An answer that the target's own logic did not give.
    Server(Box<Exchange>),
    /// A 500 or 501 that came again when the request was sent once more: that request breaks the target.
    Broken(Box<Exchange>),
    /// A 429 that did not end.
    RateLimited(Box<Exchange>),
    /// Of another origin than the target, so it was not fetched.
    Foreign(String),
    /// A write to what the target shares with others, by a case that does not say that it does so.
    Protected(String),
    /// What a path is to be made of would lead elsewhere: a parameter, and what the target gave for it.
    Address(String),
    /// What is made could not be written down, so nothing is made.
    Ledger(String),
    Unfilled(Unfilled),
    /// What is to be waited for, and why, takes longer than the trial may.
    Late(Duration, Why),
    /// The answer to the first request was lost, and that to the second says nothing of the target.
    Repeated(Box<Exchange>),
    Stopped,
}

impl Halt {
    /// Whether the request surely never went out, or was refused each time.
    pub(super) fn is_unsent(&self) -> bool {
        match self {
            Self::Foreign(_)
            | Self::Protected(_)
            | Self::Address(_)
            | Self::Ledger(_)
            | Self::Unfilled(_)
            | Self::RateLimited(_)
            | Self::Late(..) => true,
            Self::NoAnswer(fault) => {
                matches!(fault, NoAnswer::Connect(..) | NoAnswer::Credentials(_) | NoAnswer::Request(_))
            }
            Self::Server(_) | Self::Broken(_) | Self::Repeated(_) | Self::Stopped => false,
        }
    }
}

impl From<Unknown> for Halt {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::NoAnswer(fault) => Self::NoAnswer(fault),
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
    pub(super) async fn send(&self, purpose: Purpose<'_>, outgoing: Outgoing) -> Result<Sent, Halt> {
        let mut retries = RateLimitRetries::default();
        loop {
            // On the heap: there are as many as trials, and each is large.
            let sent = Box::pin(self.exchange(purpose, outgoing.clone())).await?;
            let status = sent.exchange.answer.status;
            if purpose.until == Some(status) || purpose.expected.contains(&status) {
                return Ok(sent);
            }
            if sent.repeated && status == 404 && outgoing.method == "DELETE" {
                return Err(Halt::Repeated(Box::new(sent.exchange)));
            }
            match Speaker::of(status) {
                Speaker::Target => return Ok(sent),
                Speaker::Between => return Err(Halt::Server(Box::new(sent.exchange))),
                Speaker::Broken => return Err(self.sent_again(purpose, outgoing, sent.exchange).await),
                Speaker::Limit => {}
            }
            self.shared.rate_limited();
            let Some(pause) = retries.pause(&sent.exchange.answer) else {
                return Err(Halt::RateLimited(Box::new(sent.exchange)));
            };
            drop(sent);
            self.wait(&outgoing, pause, Why::TooManyRequests).await?;
        }
    }

    /// What a 500 or 501 is: one that comes each time is about the request, and another one may be about anything.
    async fn sent_again(&self, purpose: Purpose<'_>, outgoing: Outgoing, mut first: Exchange) -> Halt {
        let plain = self.shared.target.client.plain_path(&outgoing.url);
        let operation = self.shared.plan.operation(&outgoing.method, &plain);
        match self.repeat(&outgoing, operation, None) {
            Repeat::Done | Repeat::Always if !self.removing => {}
            Repeat::Done | Repeat::Always | Repeat::IfAbsent(_) | Repeat::Never => {
                return Halt::Server(Box::new(first));
            }
        }
        // The second answer comes while this one is still kept.
        first.answer.settle(self.shared.describer.redactor);
        match Box::pin(self.exchange(purpose, outgoing)).await {
            Ok(Sent { exchange, .. }) if exchange.answer.status == first.answer.status => {
                Halt::Broken(Box::new(exchange))
            }
            Ok(_) | Err(_) => Halt::Server(Box::new(first)),
        }
    }

    /// One request. Never given up in the middle: what it makes on the target must become known.
    pub(super) async fn exchange(&self, purpose: Purpose<'_>, outgoing: Outgoing) -> Result<Sent, Halt> {
        let client = &self.shared.target.client;
        let (path, plain) = (client.path(&outgoing.url), client.plain_path(&outgoing.url));
        self.may_write(&outgoing, &path, &plain).await?;
        let principal = client.shown_as(&outgoing.principal).to_owned();
        let operation = self.shared.plan.operation(&outgoing.method, &plain);
        let bucket = operation.and_then(|operation| operation.bucket.as_deref()).unwrap_or_else(|| bucket(&path));
        // What was made is removed also when the run is stopped, at the cost of others' share if need be.
        let hurried = || self.removing && self.shared.stopper.stopped();
        while purpose.paced
            && !hurried()
            && let Some(pause) = self.shared.pace.wait(&principal, bucket, Instant::now())
        {
            self.wait(&outgoing, pause, Why::Budget).await?;
        }
        if !self.removing {
            let preparing = self.in_time(&outgoing.principal, client.prepare(&outgoing));
            let prepared = self.shared.stopper.unless_stopped(preparing).await;
            prepared.ok_or(Halt::Stopped)?.map_err(Halt::NoAnswer)?;
        }
        // A case about wrong credentials shows its own.
        if let Some(client) = outgoing.client.as_ref().filter(|client| client.is_proper())
            && let Some(reason) = self.shared.found.refused.get(&client.name)
        {
            return Err(Halt::NoAnswer(NoAnswer::Credentials(reason.clone())));
        }
        let login = self.shared.logins.shown_by(&outgoing);
        let turn = match login {
            Some(login) => login.turn().await.map_err(Halt::NoAnswer)?,
            None => None,
        };
        let making = operation.and_then(|operation| Making::read(operation, &outgoing, &plain, self.trial));
        let repeat = self.repeat(&outgoing, operation, making.as_ref());
        let making = self.intend(making, &outgoing).await?;
        let mut outgoing = Outgoing { fresh: matches!(repeat, Repeat::Never), ..outgoing };
        if !only_reads(&outgoing.method) {
            // Whatever the answer, if there is one.
            self.shared.ours.may_be_there(&plain);
        }
        let mut repeated = false;
        let answered = loop {
            match self.send_one(&outgoing, &principal, bucket).await {
                Err(NoAnswer::Lost(..)) if !repeated && self.may_repeat(&repeat).await => {
                    (repeated, outgoing.fresh) = (true, true);
                }
                answered => break answered,
            }
        };
        if let (Some(login), Ok(exchange)) = (login, &answered) {
            login.note(&exchange.answer);
        }
        drop(turn);
        match answered {
            Ok(exchange) => {
                let identity = match making {
                    Some(making) => self.came_of(making, &exchange).await,
                    None => None,
                };
                match (outgoing.method.as_str(), exchange.answer.status) {
                    ("DELETE", 200..300) => self.shared.ours.removed(&plain),
                    ("GET", 404) if outgoing.is_bare() => self.shared.ours.absent(&plain, &outgoing.principal),
                    (_, 200..300) => self.shared.ours.may_be_there(&plain),
                    _ => {}
                }
                Ok(Sent { repeated: repeated || exchange.again > 0, exchange, identity })
            }
            Err(fault) => {
                if let Some(making) = making {
                    self.lost(making, &fault, repeated);
                }
                Err(Halt::NoAnswer(fault))
            }
        }
    }

    async fn send_one(&self, outgoing: &Outgoing, principal: &str, bucket: &str) -> Result<Exchange, NoAnswer> {
        self.shared.sent(1);
        let sent = Instant::now();
        let exchange = self.shared.target.client.send(outgoing.clone()).await;
        match &exchange {
            Ok(exchange) => {
                self.shared.sent(exchange.again);
                self.shared.noted(principal, bucket, &exchange.answer, sent, Instant::now());
            }
            Err(_) => self.shared.pace.lost(bucket),
        }
        exchange
    }

    /// Whether a request may be sent again whose connection ended before an answer. Where doing it twice is doing it once by its method
    /// (RFC 9110, section 9.2.2), the client has done so.
    fn repeat(&self, outgoing: &Outgoing, operation: Option<&Arc<Operation>>, making: Option<&Making>) -> Repeat {
        if outgoing.method != "POST" {
            return if is_repeatable(&outgoing.method) { Repeat::Done } else { Repeat::Never };
        }
        if operation.is_some_and(|operation| operation.idempotent) {
            return Repeat::Always;
        }
        match making {
            // Of a second one with the same name, nothing would show whether it was made.
            Some(making) if making.list(self.shared.plan).is_some() && self.shared.ours.names_first(making) => {
                Repeat::IfAbsent(Box::new(making.clone()))
            }
            Some(_) | None => Repeat::Never,
        }
    }

    async fn may_repeat(&self, repeat: &Repeat) -> bool {
        match repeat {
            Repeat::Always => true,
            Repeat::Done | Repeat::Never => false,
            Repeat::IfAbsent(making) => {
                let looked = self.shared.stopper.unless_stopped(Box::pin(look(self.shared, making))).await;
                matches!(looked, Some(Looked::Absent | Looked::Nowhere))
            }
        }
    }

    /// Writes down what a request may make, if it is not below what the run made and goes with that; who cannot, must not send it.
    async fn intend(&self, making: Option<Making>, outgoing: &Outgoing) -> Result<Option<Making>, Halt> {
        let Shared { ours, options, describer, .. } = self.shared;
        let Some(mut making) = making.filter(|making| !ours.holds(&making.path)) else { return Ok(None) };
        let clean = |text: &str| describer.redactor.text(text).to_string();
        let intent = Intent {
            method: outgoing.method.clone(),
            path: clean(&making.path),
            name: making.name.as_deref().map(clean),
            principal: outgoing.principal.clone(),
            trial: self.trial.to_owned(),
        };
        making.number = options.ledger.intend(intent).await.map_err(|error| Halt::Ledger(self.cannot_write(&error)))?;
        ours.begin(&making);
        Ok(Some(making))
    }

    /// A run that cannot write down what it makes makes nothing more.
    pub(super) fn cannot_write(&self, error: &LedgerError) -> String {
        self.shared.stopper.stop(Stop::Ledger);
        let source = std::error::Error::source(error).map(|source| format!(": {source}"));
        format!("{error}{}", source.unwrap_or_default())
    }

    /// What an answer says of what was to be made: it is entered, or it was not made, or nobody knows.
    async fn came_of(&self, making: Making, exchange: &Exchange) -> Option<Identity> {
        let Shared { plan, ours, options, before, .. } = self.shared;
        let status = exchange.answer.status;
        ours.end(&making);
        match status {
            200..300 => {
                let (mut identity, made) = ours.identify(plan, before.get(), &making, exchange);
                if let Identity::Renamed { id, .. } = &identity
                    && Box::pin(look(self.shared, &making)).await != Looked::Absent
                {
                    // What was sent is there under its name, or nobody knows: what was answered may be somebody else's.
                    ours.forget(&making, id);
                    identity = Identity::Not(NotNew::Other);
                }
                if let Identity::Not(why) = identity
                    && options.disposable != Disposable::Nothing
                {
                    identity = Identity::Disposable(why);
                }
                let usable = identity.is_usable();
                if usable && made.is_empty() {
                    options.ledger.gone(making.number);
                } else if usable {
                    for made in made {
                        self.enter(made);
                    }
                } else {
                    // Something was made, says the target. That it is not found under the name that was sent settles nothing, unless the
                    // answer is about something else.
                    let made = identity != Identity::Not(NotNew::Before);
                    if made {
                        options.ledger.late(making.number);
                    }
                    self.open(making, format!("answered {status} but the body names nothing new"), made);
                }
                Some(identity)
            }
            // Refused, so nothing was made; but a 408 says that somebody gave up waiting.
            400..500 if status != 408 => {
                options.ledger.gone(making.number);
                None
            }
            _ => {
                self.open(making, format!("answered {status}"), false);
                None
            }
        }
    }

    /// There is no answer. What never went out has made nothing.
    fn lost(&self, making: Making, fault: &NoAnswer, repeated: bool) {
        self.shared.ours.end(&making);
        match fault {
            NoAnswer::Connect(..) | NoAnswer::Credentials(_) | NoAnswer::Request(_) if !repeated => {
                self.shared.options.ledger.gone(making.number);
            }
            NoAnswer::Timeout(_) => {
                self.shared.options.ledger.late(making.number);
                self.open(making, fault.to_string(), true);
            }
            NoAnswer::Connect(..)
            | NoAnswer::Credentials(_)
            | NoAnswer::Request(_)
            | NoAnswer::Lost(..)
            | NoAnswer::Broken(..)
            | NoAnswer::TooLarge(_)
            | NoAnswer::LargeHead(_)
            | NoAnswer::TooMuch(_) => self.open(making, fault.to_string(), false),
        }
    }

    fn open(&self, making: Making, reason: String, late: bool) {
        let open = Unsettled { late, ..Unsettled::new(making, reason) };
        self.left.borrow_mut().push(Left::Unsettled(open));
    }

    /// A token, unless the trial's time is over before it comes.
    pub(super) async fn in_time<T>(
        &self,
        principal: &str,
        token: impl Future<Output = Result<T, NoAnswer>>,
    ) -> Result<T, NoAnswer> {
        let Some(ends) = self.ends else { return token.await };
        tokio::time::timeout_at(ends.into(), token).await.unwrap_or_else(|_| {
            let limit = self.shared.options.trial_timeout;
            let text = format!("principal `{principal}`: no token within {limit:?}, the trial's time limit");
            Err(NoAnswer::Credentials(text))
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

    /// What the run did not make is not written to: neither what was there before, nor what the target shares with others, except by cases
    /// that say so, on targets that allow it.
    async fn may_write(&self, outgoing: &Outgoing, path: &str, plain: &str) -> Result<(), Halt> {
        if only_reads(&outgoing.method) {
            return Ok(());
        }
        let before = self.before(&outgoing.principal).await?;
        // There are many ways to write one path; what counts is where the request would arrive.
        let disposable = self.shared.options.disposable;
        let allowed = if let Some(protected) = before.shared(plain) {
            disposable == Disposable::Everything || self.needs.iter().any(|name| protected.unless.contains(name))
        } else {
            disposable != Disposable::Nothing || before.knows(self.shared.plan, plain) != Known::Before
        };
        if allowed { Ok(()) } else { Err(Halt::Protected(path.to_owned())) }
    }

    /// What the target held before the first write, asked for once a run.
    async fn before(&self, principal: &str) -> Result<&Before, Halt> {
        let Shared { plan, target, before, .. } = self.shared;
        if let Some(before) = before.get() {
            return Ok(before);
        }
        let asking = Box::pin(before.get_or_try_init(|| Before::ask(plan, target, principal)));
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
                    let text = template.map(|template| named(name, template, variables)).transpose()?;
                    Ok::<_, Halt>(segment(&text.unwrap_or_default()))
                })?;
                format!("{}{filled}", client.origin())
            }
            RequestTarget::Path(path) => format!("{}{}", client.origin(), path.text(variables)?),
            RequestTarget::Url(url) => {
                let url = url.text(variables)?;
                if !client.owns(&url) {
                    return Err(Halt::Foreign(url));
                }
                url
            }
        };
        for (name, value) in &request.query {
            url.push(if url.contains('?') { '&' } else { '?' });
            let value = plain(value.fill(variables)?.as_ref());
            url = format!("{url}{}={}", segment(name), segment(&value));
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
        let mut form = Vec::new();
        let body = match &request.body {
            BodyPlan::Empty => None,
            BodyPlan::Form(pairs) => {
                for (name, value) in pairs {
                    form.push((name.clone(), plain(value.fill(variables)?.as_ref())));
                }
                if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                    headers.push(form_type());
                }
                // What a client shows is added when it is sent.
                encoded(form.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            }
            BodyPlan::Json(tree) => Some(tree.fill(variables)?.to_string().into_bytes()),
            BodyPlan::Text(text) => Some(text.text(variables)?.into_bytes()),
            BodyPlan::Bytes(bytes) => Some(bytes.clone()),
        };
        let client = request.client.as_ref().map(|client| client.fill(form, variables)).transpose()?.map(Box::new);
        let principal = step.sender(self.principal).to_owned();
        Ok(Outgoing { method: request.method.clone(), url, headers, body, principal, client, fresh: false })
    }
}

/// Whether a request with this method changes nothing (RFC 9110, section 9.2.1).
pub(super) fn only_reads(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

/// A value of a query or a form: text as it is.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A parameter of a path. What a case writes there itself, it means; what a target gives must be the name of one thing, since clean-up goes
/// there too.
fn named(name: &str, template: &Template, variables: &Variables) -> Result<String, Halt> {
    let text = template.text(variables)?;
    if template.constant().is_none() && matches!(text.as_str(), "" | "." | "..") {
        return Err(Halt::Address(format!("{text:?} as `{name}`")));
    }
    Ok(text)
}
