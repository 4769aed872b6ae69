//! From request to response: the order of the checks every request goes through. Owns that order and nothing else.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::{Request, State},
    http::{Method, header, request::Parts},
    response::Response,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    auth::{Access, Caller, Tokens},
    body,
    call::{self, Call, Query},
    limits::{Bucket, Grant},
    plant::{self, StateError},
    routes,
    settings::Settings,
    source::Source,
    state::Org,
    wire::{self, Outcome, Refusal},
};

/// What all connections share.
pub(super) struct Shared {
    /// Held for the microseconds a request takes to be judged (a tenth of a second when a key pair has to be made), and
    /// never while waiting for a client.
    org: Mutex<Org>,
    feature: bool,
    address: SocketAddr,
    latency: Duration,
    body_limit: usize,
    severed: CancellationToken,
}

impl Shared {
    pub(super) fn new(settings: Settings, address: SocketAddr, severed: CancellationToken) -> Result<Self, StateError> {
        let tokens = Tokens::new(settings.tokens);
        let mut org = Org::new(
            Source::new(settings.seed, settings.built_in_keys),
            settings.rate_limit,
            settings.issuer_mode,
            tokens,
        );
        if let Some(state) = settings.state {
            plant::plant(&mut org, state)?;
        }
        Ok(Shared {
            org: Mutex::new(org),
            feature: settings.api_access_management,
            address,
            latency: settings.latency,
            body_limit: settings.body_limit,
            severed,
        })
    }
}

/// Answers one request.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = body::collect(body, shared.body_limit).await;
    let response = respond(&shared, &head, body);
    if !shared.latency.is_zero() {
        tokio::select! {
            () = sleep(shared.latency) => {}
            () = shared.severed.cancelled() => {}
        }
    }
    response
}

fn respond(shared: &Shared, head: &Parts, body: Result<Bytes, Refusal>) -> Response {
    let mut org = shared.org.lock().unwrap_or_else(PoisonError::into_inner);
    let now = org.source.now();
    let caller = org.tokens.identify(&head.headers, now);
    let caller = caller.as_deref();
    if routes::is_open(head.uri.path()) {
        let outcome = perform(shared, &mut org, caller, head, body);
        return wire::render(&mut org.source, outcome, None);
    }
    // Inferred: a request counts whether or not its token is known, and the limit is looked at before the token.
    match org.limits.take(now, Bucket::of(head.uri.path()), caller.and_then(Caller::own_budget)) {
        Grant::Within(budget) => {
            let outcome = perform(shared, &mut org, caller, head, body);
            wire::render(&mut org.source, outcome, Some(budget))
        }
        Grant::UsedUp(budget) => {
            let response = wire::render(&mut org.source, Err(Refusal::too_many_requests()), Some(budget));
            org.source.skip_to(budget.reset);
            response
        }
    }
}

/// The order is inferred: length, token, feature, path, method, rights, body.
fn perform(
    shared: &Shared,
    org: &mut Org,
    caller: Option<&Caller>,
    head: &Parts,
    body: Result<Bytes, Refusal>,
) -> Outcome {
    let path = head.uri.path();
    if lacks_length(head, &body) {
        return Err(Refusal::length_required());
    }
    let open = routes::is_open(path);
    if !open && caller.is_none() {
        return Err(Refusal::invalid_token());
    }
    // Recorded: an org without the feature answers every method so.
    if !shared.feature && Bucket::of(path) == Bucket::AuthorizationServers {
        return Err(Refusal::no_feature());
    }
    let segments = call::segments(path)?;
    let (operation, captures) = routes::find(&head.method, &segments)?;
    let allowed = match operation.access {
        Access::Open => true,
        access @ (Access::Read | Access::Manage) => caller.is_some_and(|caller| caller.may(access)),
    };
    if !allowed {
        return Err(Refusal::no_permission());
    }
    let body = body?;
    let base = call::base(head, shared.address)?;
    let query = Query::parse(head.uri.query().unwrap_or_default())?;
    match operation.access {
        Access::Manage => org.source.step(),
        Access::Open | Access::Read => {}
    }
    (operation.run)(org, &Call { base: &base, captures, query, headers: &head.headers, body: &body })
}

/// A POST or PUT with neither a body nor a `Content-Length` is refused with 411 (docs).
fn lacks_length(head: &Parts, body: &Result<Bytes, Refusal>) -> bool {
    let writes = head.method == Method::POST || head.method == Method::PUT;
    let told =
        head.headers.contains_key(header::CONTENT_LENGTH) || head.headers.contains_key(header::TRANSFER_ENCODING);
    writes && !told && body.as_ref().is_ok_and(Bytes::is_empty)
}
