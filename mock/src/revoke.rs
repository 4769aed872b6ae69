//! Revocation of tokens (RFC 7009). Owns what goes with a token. 200 without a body, also for a token that is not known or is another
//! client's (spec, docs).

use axum::http::{Method, StatusCode};

use super::{
    call::Call,
    client_authentication::Client,
    clients::RefreshToken,
    introspect::TOKEN_MISSING,
    routes::Operation,
    state::Org,
    token_endpoint,
    wire::{Answer, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::open("revokeCustomAS", Method::POST, "/oauth2/{}/v1/revoke", revoke)];

fn revoke(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = token_endpoint::server(org, call)?.id.clone();
    let form = token_endpoint::read_form(call)?;
    let Client { app, spent } = token_endpoint::client(org, call, &form, "revoke")?;
    if let Some(spent) = spent {
        spent.remember(&mut org.assertions);
    }
    let text =
        form.get("token").ok_or_else(|| Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", TOKEN_MISSING))?;
    let is_own = |owner: &str, of: &str| owner == app.client_id && of == server;
    // An access token goes alone.
    if org.issued.token(text, now).is_some_and(|token| is_own(&token.client, &token.server)) {
        org.issued.revoke_token(text);
    }
    // Docs: with a refresh token go the access tokens that came with it.
    let is_it = |token: &&RefreshToken| {
        is_own(&token.client, &token.server) && token.session.as_ref().is_some_and(|own| own.text == text)
    };
    if let Some(id) = org.refresh_tokens.iter().find(is_it).map(|token| token.id.clone()) {
        org.end_family(&id);
    }
    Ok(Answer::Done)
}
