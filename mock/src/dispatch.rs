//! From request to response: the order of the checks every request goes through. Owns that order and nothing else.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::{Request, State},
    handler::Handler as _,
    http::{Method, header, request::Parts},
    response::Response,
    serve::Listener,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    admin,
    auth::{Access, Caller},
    body,
    call::{self, Call, Domains, Query},
    constraint::Lenience,
    cors,
    dpop::Subject,
    keys,
    limits::{Bucket, Grant},
    log::Log,
    mint::Forgery,
    plant,
    routes::{self, Operation},
    settings::Settings,
    source::ClockError,
    start::StateError,
    state::Org,
    unserved::{self, UnknownPaths},
    wire::{self, Answer, Outcome, Refusal, Reply},
};
#[cfg(feature = "faults")]
use crate::fault::{self, Faults};

/// What all connections share.
pub(super) struct Shared {
    /// Held for the microseconds a request takes to be judged (longer where a key pair is waited for), and never while
    /// waiting for a client.
    org: Mutex<Org>,
    /// The org as it was before the first request.
    start: Mutex<Org>,
    log: Mutex<Log>,
    feature: bool,
    custom_domain: Option<String>,
    unknown_paths: UnknownPaths,
    /// `http` or `https`.
    scheme: &'static str,
    address: SocketAddr,
    latency: Duration,
    body_limit: usize,
    severed: CancellationToken,
    #[cfg(feature = "faults")]
    pub(super) faults: Faults,
}

/// The places at which something else can happen than the org does by itself. By itself nothing else does.
pub(super) trait Hooks {
    /// Who is let in.
    fn admit(&self, caller: Result<Arc<Caller>, Refusal>, _: &Parts) -> Result<Arc<Caller>, Refusal> {
        caller
    }

    /// What a request need not keep to.
    fn lenience(&self) -> Lenience {
        Lenience::None
    }

    /// How tokens are changed before they are signed.
    fn forgery(&self) -> Forgery {
        Forgery::default()
    }

    /// Performs an operation.
    fn perform(&self, operation: &Operation, org: &mut Org, call: &Call<'_>) -> Outcome {
        (operation.run)(org, call)
    }
}

/// The org by itself.
struct Faithful;

impl Hooks for Faithful {}

/// What came in: everything before the body, and the body or what is wrong with it.
pub(super) type Received = (Parts, Result<Bytes, Refusal>);

impl Shared {
    pub(super) fn new(
        settings: Settings,
        scheme: &'static str,
        address: SocketAddr,
        severed: CancellationToken,
    ) -> Result<Self, StateError> {
        if settings.seed.is_none() && !settings.built_in_keys {
            keys::prepare();
        }
        let mut org = Org::new(&settings);
        if let Some(state) = settings.state {
            plant::plant(&mut org, state)?;
        }
        if let Some(login) = &settings.login {
            plant::sign_in(&mut org, login)?;
        }
        Ok(Shared {
            start: Mutex::new(org.clone()),
            org: Mutex::new(org),
            log: Mutex::new(Log::new(settings.log)),
            feature: settings.api_access_management,
            custom_domain: settings.custom_domain,
            unknown_paths: settings.unknown_paths,
            scheme,
            address,
            latency: settings.latency,
            body_limit: settings.body_limit,
            severed,
            #[cfg(feature = "faults")]
            faults: Faults::new(settings.faults),
        })
    }

    /// Back to the start. Only what an org without a seed gives out stays random.
    pub(super) fn reset(&self) {
        let start = held(&self.start).clone();
        held(&self.org).reset(start);
        held(&self.log).clear();
        #[cfg(feature = "faults")]
        self.faults.reset();
    }

    /// Now, and by how many seconds the clock was moved in all.
    pub(super) fn clock(&self) -> (i64, i64) {
        let mut org = held(&self.org);
        (org.source.now().0, org.source.moved())
    }

    pub(super) fn advance(&self, seconds: i64) -> Result<(), ClockError> {
        held(&self.org).advance(seconds)
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        held(&self.log)
    }

    pub(super) async fn receive(&self, request: Request) -> Received {
        let (head, body) = request.into_parts();
        let body = body::collect(body, self.body_limit).await;
        self.log().add(&head, &body);
        (head, body)
    }

    /// The time that is added to each answer.
    pub(super) async fn wait(&self) {
        if !self.latency.is_zero() {
            tokio::select! {
                () = sleep(self.latency) => {}
                () = self.severed.cancelled() => {}
            }
        }
    }

    #[cfg(feature = "faults")]
    pub(super) async fn severed(&self) {
        self.severed.cancelled().await;
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves all connections until `told` says to take no more and those that there are have ended.
pub(super) async fn serve<D: Listener<Addr = SocketAddr>>(
    shared: Arc<Shared>,
    door: D,
    told: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    #[cfg(feature = "faults")]
    if shared.faults.are_any() {
        return axum::serve(door, fault::answer.with_state(shared)).with_graceful_shutdown(told).await;
    }
    axum::serve(door, answer.with_state(shared)).with_graceful_shutdown(told).await
}

/// As [`serve`], the port for tests that steer the mock.
pub(super) async fn serve_admin<D: Listener<Addr = SocketAddr>>(
    shared: Arc<Shared>,
    door: D,
    told: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(door, admin::answer.with_state(shared)).with_graceful_shutdown(told).await
}

/// Answers one request.
async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let received = shared.receive(request).await;
    let reply = respond(&shared, &Faithful, &received);
    shared.wait().await;
    reply.into_response()
}

pub(super) fn respond(shared: &Shared, hooks: &impl Hooks, received: &Received) -> Reply {
    let mut org = held(&shared.org);
    let mut reply = within_limits(shared, hooks, &mut org, received);
    cors::mark(&org, received, &mut reply);
    reply
}

fn within_limits(shared: &Shared, hooks: &impl Hooks, org: &mut Org, received: &Received) -> Reply {
    let (now, head) = (org.source.now(), &received.0);
    let caller = org.tokens.identify(&head.headers, now);
    let Some(bucket) = Bucket::of(head.uri.path()) else {
        let outcome = perform(shared, hooks, org, caller, received);
        return wire::render(&mut org.source, outcome, None);
    };
    let own_budget = caller.as_deref().ok().and_then(Caller::own_budget);
    // Inferred: a request counts whether or not its token is known, and the limit is looked at before the token. A DPoP
    // proof is not used up by a request that is sent away here.
    match org.limits.take(now, bucket, own_budget) {
        Grant::Within(budget) => {
            let outcome = perform(shared, hooks, org, caller, received);
            wire::render(&mut org.source, outcome, Some(budget))
        }
        Grant::UsedUp(budget) => {
            let reply = wire::render(&mut org.source, Err(Refusal::TOO_MANY_REQUESTS), Some(budget));
            org.source.skip_to(budget.reset);
            reply
        }
    }
}

/// The order is inferred: length, token and its proof, feature, path, method, rights, body.
fn perform(
    shared: &Shared,
    hooks: &impl Hooks,
    org: &mut Org,
    caller: Result<Arc<Caller>, Refusal>,
    (head, body): &Received,
) -> Outcome {
    let path = head.uri.path();
    if cors::is_preflight(head) {
        return Ok(Answer::Empty);
    }
    if lacks_length(head, body) {
        return Err(Refusal::LENGTH_REQUIRED);
    }
    let caller = if routes::is_open(path) { None } else { Some(hooks.admit(caller, head)?) };
    if let Some(binding) = caller.as_deref().and_then(Caller::binding) {
        let base = call::base(head, shared.scheme, shared.address)?;
        let subject = Subject { method: &head.method, base: &base, path, lenience: &Lenience::None };
        org.dpop.at_the_api(&mut org.source, &head.headers, subject, binding)?;
    }
    // Recorded: an org without the feature answers every method so.
    if !shared.feature && Bucket::of(path) == Some(Bucket::AuthorizationServers) {
        return Err(Refusal::NO_FEATURE);
    }
    // Catalogue.
    if !shared.feature && matches!(Bucket::of(path), Some(Bucket::CustomServers | Bucket::Authorize)) {
        return Err(Refusal::FEATURE_OFF);
    }
    let segments = call::segments(path)?;
    let (operation, captures) = routes::find(&head.method, &segments)
        .map_err(|refusal| unserved::explain(refusal, shared.unknown_paths, &head.method, &segments))?;
    let allowed = match operation.access {
        Access::Open => true,
        access @ (Access::Read | Access::Manage) => caller.as_ref().is_some_and(|caller| caller.may(access)),
    };
    if !allowed {
        return Err(Refusal::NO_PERMISSION);
    }
    let body = body.as_ref().map_err(Clone::clone)?;
    cors::judge(head, body)?;
    let base = call::base(head, shared.scheme, shared.address)?;
    let query = Query::parse(head.uri.query().unwrap_or_default())?;
    match operation.access {
        Access::Manage => org.source.step(),
        Access::Open | Access::Read => {}
    }
    let (as_of, lenience, forgery) = (org.as_of, hooks.lenience(), hooks.forgery());
    let domains = Domains::new(&base, shared.custom_domain.as_deref(), shared.address);
    let headers = &head.headers;
    let call = Call { base: &base, domains: &domains, captures, query, headers, body, as_of, lenience, forgery };
    hooks.perform(operation, org, &call)
}

/// A POST or PUT with neither a body nor a `Content-Length` is refused with 411 (docs).
fn lacks_length(head: &Parts, body: &Result<Bytes, Refusal>) -> bool {
    let writes = head.method == Method::POST || head.method == Method::PUT;
    let told =
        head.headers.contains_key(header::CONTENT_LENGTH) || head.headers.contains_key(header::TRANSFER_ENCODING);
    writes && !told && body.as_ref().is_ok_and(Bytes::is_empty)
}
