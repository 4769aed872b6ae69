//! Token exchange (RFC 8693): a service gets a token of its own about the user of a token that it was sent. Owns which tokens can be
//! exchanged, and for what. The order of the checks is inferred, the texts are the catalogue's.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::Value;

use super::{Granted, Signed, authorized, form};
use crate::{
    apps::App,
    call::{Call, Query},
    introspect,
    issued::Kind,
    source::Stamp,
    start::{ApplicationType, GrantType},
    state::{Org, Server},
    wire::Refusal,
};

/// The one type of token that is taken and given here. The spec lists more, of flows that are not served.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

fn invalid(description: &'static str) -> Refusal {
    Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", description)
}

/// What an answer says of the type of its token; of the other grants nothing.
pub(super) fn issued_type(grant: GrantType) -> Option<&'static str> {
    (grant == GrantType::TokenExchange).then_some(ACCESS_TOKEN)
}

/// What a token is exchanged for. Scopes are asked for as with any grant: those of the token do not count.
pub(super) fn exchange(
    org: &mut Org,
    call: &Call<'_>,
    server: &str,
    app: &Arc<App>,
    form: &Query,
) -> Result<Granted, Refusal> {
    let now = org.source.now();
    match app.kind {
        ApplicationType::Service => {}
        ApplicationType::Web | ApplicationType::Browser | ApplicationType::Native => {
            return Err(invalid("Only service clients may use on-behalf token exchange."));
        }
    }
    let text = form::required(form, "subject_token")?;
    check_types(form)?;
    let server = org.servers.find(server)?;
    if form.get("audience") != Some(&server.audience) {
        let description = "Token Exchange requests must include a valid audience of the authorization server.";
        return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_target", description));
    }
    let signed = subject(org, now, server, text)?;
    authorized(org, call, &server.id, app, GrantType::TokenExchange, Some(signed), form.get("scope"))
}

/// Inferred: an actor is refused, as a token that does not name it would not be what was asked for.
fn check_types(form: &Query) -> Result<(), Refusal> {
    if form.get("subject_token_type") != Some(ACCESS_TOKEN) {
        return Err(invalid("'subject_token_type' is invalid or not supported."));
    }
    if form.get("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        return Err(invalid("'requested_token_type' is invalid or not supported."));
    }
    if form.get("actor_token").is_some() || form.get("actor_token_type").is_some() {
        return Err(invalid("'actor_token_type' is invalid or not supported."));
    }
    Ok(())
}

/// Whom a token is about. Inferred: one that is about a client alone is about nobody, as the grant is there to keep a user (docs); and the
/// user signed in when the token says so.
fn subject(org: &Org, now: Stamp, server: &Server, text: &str) -> Result<Signed, Refusal> {
    let token = org.issued.former_token(text).filter(|token| match token.kind {
        Kind::Access { .. } => true,
        Kind::Id => false,
    });
    let about = token.and_then(|token| Some((token, token.user.as_ref()?)));
    let (token, user) = about.ok_or_else(|| invalid("'subject_token' is invalid."))?;
    if token.server != server.id && !server.trusted.contains(&token.server) {
        let description = "The 'subject_token' issuer isn't a trusted authorization server.";
        return Err(Refusal::oauth(StatusCode::FORBIDDEN, "access_denied", description));
    }
    if token.expires <= now || !introspect::is_good(org, &token.client, Some(user)) {
        let description = "The 'subject_token' either expired or the session associated with it was terminated.";
        return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_grant", description));
    }
    let at = token.claims.get("auth_time").and_then(Value::as_i64).map_or(now, Stamp);
    Ok(Signed { user: user.clone(), at })
}
