//! The token endpoint of the org's own server, for service apps: client credentials (RFC 6749, section 4.4). Owns what
//! is granted and the answer; who asks is in `client`. The tokens are let in by `auth`.
//!
//! The real endpoint takes `private_key_jwt` alone for scopes of the management API (docs). Here a service app that the
//! state gave a secret may use that as well, so that clients can be tried out without a key.

mod client;

use std::{collections::BTreeSet, time::Duration};

use axum::http::{Method, StatusCode, header};
use jsonwebtoken::jwk::Jwk;
use serde::Serialize;

use super::{
    auth::Grant,
    body,
    call::{Call, Query},
    dpop::{Binding, Subject},
    limits::OwnBudget,
    once::Once,
    routes::Operation,
    source,
    state::Org,
    wire::{Answer, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[Operation::open("mintOrgToken", Method::POST, PATH, issue)];

/// Where the endpoint is.
pub(super) const PATH: &str = "/oauth2/v1/token";

/// How tokens are given, and to whom they were.
#[derive(Clone)]
pub(super) struct Issuing {
    /// How long a token is good for, in seconds.
    lifetime: i64,
    /// The assertions that clients have used up.
    assertions: Once,
}

impl Issuing {
    pub(super) fn new(lifetime: Duration) -> Self {
        Issuing { lifetime: source::seconds(lifetime), assertions: Once::default() }
    }
}

/// A service app and what it may ask for.
#[derive(Clone)]
pub(super) struct ServiceApp {
    pub(super) client_id: String,
    pub(super) client_secret: Option<String>,
    pub(super) keys: Vec<Jwk>,
    pub(super) scopes: BTreeSet<String>,
    /// Whether it gets no token that is not bound to a key (RFC 9449, section 5.2).
    pub(super) is_dpop_bound: bool,
    /// How long its tokens are good for, in seconds, where the org's own time is not meant.
    pub(super) token_lifetime: Option<i64>,
    /// Docs: an admin can give an app a part of the org's limits. All its tokens share it.
    pub(super) own_budget: Option<OwnBudget>,
}

/// RFC 6749, section 5.1.
#[derive(Serialize)]
struct Issued<'t> {
    token_type: &'static str,
    expires_in: i64,
    access_token: &'t str,
    scope: &'t str,
}

fn request_error(description: &str) -> Refusal {
    Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", description)
}

fn issue(org: &mut Org, call: &Call<'_>) -> Outcome {
    let form = form(call)?;
    let client = client::authenticate(&org.service_apps, &org.issuing.assertions, call, &form)?;
    let app = client.app;
    // A proof that is not asked for binds nothing: the vendor's own Node SDK sends one with every token request, and uses the token as a
    // bearer token unless it is told to use a nonce.
    let key = if app.is_dpop_bound {
        let subject = Subject { method: &Method::POST, base: call.base, path: PATH };
        Some(org.dpop.at_the_token_endpoint(&mut org.source, call.headers, subject)?)
    } else {
        None
    };
    // Inferred: only now, so that the client can send the assertion again after it was told a nonce.
    if let Some(assertion) = client.assertion {
        org.issuing.assertions.remember(assertion.name, assertion.expires, jsonwebtoken::get_current_timestamp());
    }
    match form.get("grant_type") {
        Some("client_credentials") => {}
        Some(_) => {
            let description = "The grant type is not supported";
            return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "unsupported_grant_type", description));
        }
        None => return Err(request_error("The grant_type is missing")),
    }
    let asked: BTreeSet<String> =
        form.get("scope").unwrap_or_default().split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    // RFC 6749 lets a server have a default; inferred: there is none here.
    if asked.is_empty() || !asked.is_subset(&app.scopes) {
        let description = "The scope is missing, or not all of it was granted to the client";
        return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_scope", description));
    }
    let scope = asked.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let token = org.source.access_token();
    let (now, lifetime) = (org.source.now(), app.token_lifetime.unwrap_or(org.issuing.lifetime));
    let token_type = if key.is_some() { "DPoP" } else { "Bearer" };
    let binding = key.map(|thumbprint| Binding::new(&token, thumbprint));
    let grant = Grant { scopes: asked, binding, own_budget: app.own_budget };
    org.tokens.admit(token.clone(), grant, now, now.plus_seconds(lifetime));
    let issued = Issued { token_type, expires_in: lifetime, access_token: &token, scope: &scope };
    Ok(Answer::json(StatusCode::OK, &issued))
}

/// The request's parameters; none may be there twice (RFC 6749, section 3.2).
fn form(call: &Call<'_>) -> Result<Query, Refusal> {
    let content_type = call.headers.get(header::CONTENT_TYPE);
    if !content_type.is_some_and(|value| body::is_of_type(value, "application/x-www-form-urlencoded")) {
        return Err(request_error("The body must be of the type application/x-www-form-urlencoded"));
    }
    let text = std::str::from_utf8(call.body).map_err(|_| request_error("The body is not UTF-8"))?;
    let form = Query::parse(text).map_err(|_| request_error("The body is not well-formed"))?;
    let mut seen = BTreeSet::new();
    if !form.names().all(|name| seen.insert(name)) {
        return Err(request_error("A parameter was sent twice"));
    }
    Ok(form)
}
