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
    auth::{Access, Caller},
    body,
    call::{self, Call, Query},
    dpop::Subject,
    fault::{self, Delivery, Faults, Here},
    limits::{Bucket, Grant},
    plant::{self, StateError},
    routes,
    settings::Settings,
    state::Org,
    wire::{self, Outcome, Refusal, Reply},
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
    faults: Faults,
}

impl Shared {
    pub(super) fn new(settings: Settings, address: SocketAddr, severed: CancellationToken) -> Result<Self, StateError> {
        let mut org = Org::new(&settings);
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
            faults: Faults::new(settings.faults),
        })
    }
}

/// Answers one request.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    let mut body = body::collect(body, shared.body_limit).await;
    let faults = shared.faults.of(&head);
    faults.enter(&mut head, &mut body);
    let mut reply = respond(&shared, &faults, &head, &body);
    if let Some(faults) = faults.acts_for(reply.status) {
        respond(&shared, &faults, &head, &body);
    }
    let delivery = faults.leave(&mut reply);
    if !shared.latency.is_zero() {
        tokio::select! {
            () = sleep(shared.latency) => {}
            () = shared.severed.cancelled() => {}
        }
    }
    match delivery {
        Delivery::Whole => reply.into_response(),
        Delivery::Cut => fault::cut(reply),
        Delivery::Never => {
            shared.severed.cancelled().await;
            fault::cut(reply)
        }
    }
}

fn respond(shared: &Shared, faults: &Here<'_>, head: &Parts, body: &Result<Bytes, Refusal>) -> Reply {
    let mut org = shared.org.lock().unwrap_or_else(PoisonError::into_inner);
    let now = org.source.now();
    let caller = org.tokens.identify(&head.headers, now);
    let Some(bucket) = Bucket::of(head.uri.path()) else {
        let outcome = perform(shared, faults, &mut org, caller, head, body);
        return wire::render(&mut org.source, outcome, None);
    };
    let own_budget = caller.as_deref().ok().and_then(Caller::own_budget);
    // Inferred: a request counts whether or not its token is known, and the limit is looked at before the token. A DPoP
    // proof is not used up by a request that is sent away here.
    match org.limits.take(now, bucket, own_budget) {
        Grant::Within(budget) => {
            let outcome = perform(shared, faults, &mut org, caller, head, body);
            wire::render(&mut org.source, outcome, Some(budget))
        }
        Grant::UsedUp(budget) => {
            let reply = wire::render(&mut org.source, Err(Refusal::too_many_requests()), Some(budget));
            org.source.skip_to(budget.reset);
            reply
        }
    }
}

/// The order is inferred: length, token and its proof, feature, path, method, rights, body.
fn perform(
    shared: &Shared,
    faults: &Here<'_>,
    org: &mut Org,
    caller: Result<Arc<Caller>, Refusal>,
    head: &Parts,
    body: &Result<Bytes, Refusal>,
) -> Outcome {
    let path = head.uri.path();
    if lacks_length(head, body) {
        return Err(Refusal::length_required());
    }
    let caller = if routes::is_open(path) { None } else { Some(faults.admit(caller, head)?) };
    if let Some(binding) = caller.as_deref().and_then(Caller::binding) {
        let base = call::base(head, shared.address)?;
        let subject = Subject { method: &head.method, base: &base, path };
        org.dpop.at_the_api(&mut org.source, &head.headers, subject, binding)?;
    }
    // Recorded: an org without the feature answers every method so.
    if !shared.feature && Bucket::of(path) == Some(Bucket::AuthorizationServers) {
        return Err(Refusal::no_feature());
    }
    let segments = call::segments(path)?;
    let (operation, captures) = routes::find(&head.method, &segments)?;
    let allowed = match operation.access {
        Access::Open => true,
        access @ (Access::Read | Access::Manage) => caller.as_ref().is_some_and(|caller| caller.may(access)),
    };
    if !allowed {
        return Err(Refusal::no_permission());
    }
    let body = body.as_ref().map_err(Clone::clone)?;
    let base = call::base(head, shared.address)?;
    let query = Query::parse(head.uri.query().unwrap_or_default())?;
    match operation.access {
        Access::Manage => org.source.step(),
        Access::Open | Access::Read => {}
    }
    let (as_of, waived) = (org.as_of, faults.waiver());
    let call = Call { base: &base, captures, query, headers: &head.headers, body, as_of, waived };
    faults.perform(operation, org, &call)
}

/// A POST or PUT with neither a body nor a `Content-Length` is refused with 411 (docs).
fn lacks_length(head: &Parts, body: &Result<Bytes, Refusal>) -> bool {
    let writes = head.method == Method::POST || head.method == Method::PUT;
    let told =
        head.headers.contains_key(header::CONTENT_LENGTH) || head.headers.contains_key(header::TRANSFER_ENCODING);
    writes && !told && body.as_ref().is_ok_and(Bytes::is_empty)
}
