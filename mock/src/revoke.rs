//! Revocation of tokens (RFC 7009). Owns what goes with a token. 200 without a body, also for a token that is not known or is another
//! client's (spec, docs).

use axum::http::{Method, StatusCode};

use super::{
    call::Call,
    clients::RefreshToken,
    introspect,
    norm::Norm,
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
    let app = token_endpoint::authenticated(org, call, &form, "revoke")?;
    let text = introspect::token(call, &form)?;
    let is_own = |owner: &str, of: &str| (owner == app.client_id || !call.keeps(Norm::RevokeOwn)) && of == server;
    // An access token goes alone.
    let is_there = org.issued.token(text, now).is_some_and(|token| is_own(&token.client, &token.server));
    if is_there && !call.keeps(Norm::RevokeOnlyThat) {
        org.issued.revoke_client(&app.client_id);
    }
    if is_there && call.keeps(Norm::RevokeAccess) {
        org.issued.revoke_token(text);
    }
    // Docs: with a refresh token go the access tokens that came with it.
    let is_it = |token: &&RefreshToken| {
        is_own(&token.client, &token.server) && token.session.as_ref().is_some_and(|own| own.text == text)
    };
    let refresh = org.refresh_tokens.iter().find(is_it).map(|token| token.id.clone());
    if !is_there && refresh.is_none() && !call.keeps(Norm::RevokeUnknown) {
        return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", "The token is not known."));
    }
    match refresh {
        Some(id) if !call.keeps(Norm::RevokeFamily) => org.refresh_tokens.retain(|token| token.id != id),
        Some(id) if call.keeps(Norm::RevokeRefresh) => org.end_family(&id),
        Some(_) | None => {}
    }
    Ok(Answer::Done)
}
