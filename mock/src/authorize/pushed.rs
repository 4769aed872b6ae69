//! Pushed authorization requests (RFC 9126): a client sends the parameters by itself and gets a name for them, which the browser then comes
//! with. Owns what can be pushed and how often a name can be used. What a request has to be is the authorization endpoint's.

use axum::http::StatusCode;
use serde::Serialize;

use super::{Told, Way, check_kind, signed_parameters, told};
use crate::{
    apps::App,
    call::{Call, Query},
    issued::Pushed,
    state::Org,
    token_endpoint,
    wire::{Answer, Outcome, Refusal},
};

/// How long a name is good for, in seconds (spec's example).
const LIFETIME: i64 = 3_600;

/// What is no part of the authorization request: what the client proved itself with, and the request object, which was read.
const NOT_PUSHED: [&str; 4] = ["client_secret", "client_assertion", "client_assertion_type", "request"];

/// Member order of RFC 9126, section 2.2.
#[derive(Serialize)]
struct Named<'n> {
    request_uri: &'n str,
    expires_in: i64,
}

/// 201, as RFC 9126, section 2.2 has it; the spec has 200, and which the service sends was not recorded. The RFC also has the form that a body
/// has to have: the spec calls it JSON. The client is the one that authenticated.
pub(super) fn push(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = token_endpoint::server(org, call)?;
    let (server, issuer) = (server.id.clone(), server.issuer(call));
    let form = token_endpoint::read_form(call)?;
    let app = token_endpoint::authenticated(org, call, &form, "par")?;
    token_endpoint::without_doubles(call, &form)?;
    check_kind(&app, "par")?;
    // Catalogue; RFC 9126, section 2.1.
    if form.get("request_uri").is_some() {
        return Err(told("invalid_request", "The 'request_uri' parameter must not be present in the request.").into());
    }
    let parameters = signed_parameters(org, &app, &issuer, &form)?.unwrap_or(form);
    let wanted = Way::read(&app, &parameters)?.check(&parameters, &app)?;
    // Inferred: policies are asked when somebody has signed in.
    let scope = parameters.get("scope");
    token_endpoint::check_scopes(org, call, &server, wanted.grant(), scope)?;
    if wanted.id_token && !scope.is_some_and(|scope| scope.split(' ').any(|name| name == "openid")) {
        // Spec.
        return Err(Refusal::oauth(StatusCode::FORBIDDEN, "access_denied", token_endpoint::WITHOUT_OPENID));
    }
    // The form of the spec's example.
    let request_uri = format!("urn:okta:{}", org.source.secret());
    let named = Answer::json(StatusCode::CREATED, &Named { request_uri: &request_uri, expires_in: LIFETIME });
    let pushed = Pushed {
        server,
        client: app.client_id.clone(),
        parameters: parameters.without(&NOT_PUSHED),
        expires: org.source.now().plus_seconds(LIFETIME),
    };
    org.issued.add_pushed(request_uri, pushed);
    Ok(named)
}

/// The parameters that a request refers to, if it does; those beside the reference do not count (RFC 9101, section 6.3). The name is used up,
/// but not by a client that it is not for. The texts are the catalogue's.
pub(super) fn take(org: &mut Org, server: &str, app: &App, sent: &Query) -> Result<Option<Query>, Told> {
    let now = org.source.now();
    let Some(uri) = sent.get("request_uri") else { return Ok(None) };
    if sent.get("request").is_some() {
        let description = "The authorize request must not contain both a request object and a request uri.";
        return Err(told("invalid_request", description));
    }
    let pushed = org.issued.pushed(uri, now);
    let pushed = pushed.ok_or_else(|| told("invalid_request_uri", "The authorize request_uri is invalid."))?;
    if pushed.server != server {
        let description = "The request_uri was issued for another authorization server.";
        return Err(told("invalid_request_uri", description));
    }
    if pushed.client != app.client_id {
        let description = "The 'client_id' parameter does not match the expected value for the provided request_uri.";
        return Err(told("invalid_client", description));
    }
    let parameters = pushed.parameters.clone();
    org.issued.use_pushed(uri);
    Ok(Some(parameters))
}
