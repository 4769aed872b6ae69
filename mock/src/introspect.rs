//! Introspection of tokens (RFC 7662). Owns which tokens are active and the response for each kind. Any client of the org that
//! authenticates may ask, not only the one that has the token (docs).

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    call::{Call, Query},
    clients::RefreshToken,
    issued::{Kind, Token},
    norm::Norm,
    routes::Operation,
    source::Stamp,
    state::{Org, Server},
    token_endpoint,
    wire::{Answer, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::open("introspectCustomAS", Method::POST, "/oauth2/{}/v1/introspect", introspect)];

/// Catalogue. That `/revoke` says it too is inferred.
const TOKEN_MISSING: &str = "The 'token' parameter is required.";

/// What the members of an answer replace of a token's own claims; the others follow as they are (docs).
const REPLACED: [&str; 11] = ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "auth_time", "sub"];

/// The whole response for a token that is not active (spec, docs).
#[derive(Serialize)]
struct Inactive {
    active: bool,
}

/// Whether client and user of a token are still good.
pub(super) fn is_good(org: &Org, client: &str, user: Option<&str>) -> bool {
    let is_active = |id: &str| org.people.users.get(id).is_some_and(|user| user.is_active);
    org.apps.is_active(client) && user.is_none_or(is_active)
}

fn introspect(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = token_endpoint::server(org, call)?.id.clone();
    let form = token_endpoint::read_form(call)?;
    let app = token_endpoint::authenticated(org, call, &form, "introspect")?;
    let text = token(call, &form)?;
    let server = org.servers.find(&server)?;
    let told = told(org, call, server, text, now).filter(|told| {
        let is_own = told.get("client_id").and_then(Value::as_str) == Some(&app.client_id);
        let is_hinted = form.get("token_type_hint") == Some("access_token") || told.get("token_type").is_none();
        (is_own || call.keeps(Norm::IntrospectAnyClient)) && (is_hinted || call.keeps(Norm::IntrospectHint))
    });
    Ok(match told {
        Some(told) => Answer::json(StatusCode::OK, &told),
        None if call.keeps(Norm::IntrospectInactive) => Answer::json(StatusCode::OK, &Inactive { active: false }),
        None => Answer::json(StatusCode::OK, &json!({"active": false, "client_id": app.client_id})),
    })
}

/// The token that a request is about.
pub(super) fn token<'f>(call: &Call<'_>, form: &'f Query) -> Result<&'f str, Refusal> {
    let unsaid = (!call.keeps(Norm::TokenNeeded)).then_some("");
    let missing = || Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", TOKEN_MISSING);
    form.get("token").or(unsaid).ok_or_else(missing)
}

/// What is told of a token that is active.
fn told(org: &Org, call: &Call<'_>, server: &Server, text: &str, now: Stamp) -> Option<Map<String, Value>> {
    let text = if call.keeps(Norm::IntrospectWhole) { text } else { text.trim_end_matches("AAAA") };
    let refresh = || refresh(org, server, text, now, call).filter(|_| call.keeps(Norm::IntrospectRefresh));
    signed(org, call, server, text, now).or_else(refresh)
}

/// Of an access or ID token of that server.
fn signed(org: &Org, call: &Call<'_>, server: &Server, text: &str, now: Stamp) -> Option<Map<String, Value>> {
    let is_its = |token: &&Arc<Token>| token.server == server.id || !call.keeps(Norm::IntrospectServer);
    let token = known(org, call, text, now).filter(is_its)?;
    let is_earlier = || token.expires.0 - now.0 > longest(server);
    if !call.keeps(Norm::IntrospectEarlier) && is_earlier() {
        return None;
    }
    if !is_good(org, &token.client, token.user.as_deref()) {
        return None;
    }
    Some(match &token.kind {
        Kind::Access { scopes, binding } => access(org, token, scopes, binding.is_some()),
        Kind::Id => id(org, token),
    })
}

/// A token that was issued.
pub(super) fn known<'o>(org: &'o Org, call: &Call<'_>, text: &str, now: Stamp) -> Option<&'o Arc<Token>> {
    let unsigned = || org.issued.with_any_signature(text, now).filter(|_| !call.keeps(Norm::TokenSignature));
    org.issued.token(text, now).or_else(unsigned)
}

/// How long a token can live by the rules of now, in seconds.
fn longest(server: &Server) -> i64 {
    let rules = server.policies.iter().flat_map(|policy| &policy.rules);
    rules.map(|rule| rule.token.access_token_lifetime_minutes).max().unwrap_or_default().saturating_mul(60)
}

fn username<'o>(org: &'o Org, user: Option<&String>) -> Option<&'o str> {
    Some(org.people.users.get(user?)?.username())
}

/// The members of an answer, without those that have no value.
fn members<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    let there = pairs.into_iter().filter(|(_, value)| !value.is_null());
    there.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// In the order of a real response (issue). A token without a user has no `username` (inferred).
fn access(org: &Org, token: &Token, scopes: &[String], is_bound: bool) -> Map<String, Value> {
    let claim = |name: &str| token.claims.get(name).cloned().unwrap_or_default();
    let mut told = members([
        ("active", json!(true)),
        ("scope", json!(scopes.join(" "))),
        ("username", json!(username(org, token.user.as_ref()))),
        ("exp", claim("exp")),
        ("iat", claim("iat")),
        ("sub", claim("sub")),
        ("aud", claim("aud")),
        ("iss", claim("iss")),
        ("jti", claim("jti")),
        ("token_type", json!(if is_bound { "DPoP" } else { "Bearer" })),
        ("client_id", json!(token.client)),
        ("uid", json!(token.user)),
    ]);
    let custom = token.claims.iter().filter(|(name, _)| !REPLACED.contains(&name.as_str()));
    for (name, value) in custom {
        told.entry(name.clone()).or_insert_with(|| value.clone());
    }
    told
}

/// Docs: its claims.
fn id(org: &Org, token: &Token) -> Map<String, Value> {
    let mut told = members([
        ("active", json!(true)),
        ("username", json!(username(org, token.user.as_ref()))),
        ("client_id", json!(token.client)),
    ]);
    told.extend(token.claims.clone());
    told
}

/// Of a refresh token of that server; members and order are those of an access token, as far as it has them (inferred).
fn refresh(org: &Org, server: &Server, text: &str, now: Stamp, call: &Call<'_>) -> Option<Map<String, Value>> {
    let is_it = |token: &&RefreshToken| {
        token.server == server.id && token.expires > now && token.session.as_ref().is_some_and(|own| own.text == text)
    };
    let token = org.refresh_tokens.iter().find(is_it)?;
    if !is_good(org, &token.client, Some(&token.user)) {
        return None;
    }
    let name = username(org, Some(&token.user));
    Some(members([
        ("active", json!(true)),
        ("scope", json!(token.scopes.join(" "))),
        ("username", json!(name)),
        ("exp", json!(token.expires.0)),
        ("iat", json!(token.created.0)),
        ("sub", json!(name)),
        ("aud", json!(server.audience)),
        ("iss", json!(server.issuer(call))),
        ("jti", json!(token.id)),
        ("client_id", json!(token.client)),
        ("uid", json!(token.user)),
    ]))
}
