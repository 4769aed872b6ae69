//! Signing out (`OpenID` Connect RP-Initiated Logout). Owns where the browser goes. Who is signed in is a setting of the mock, as it has no
//! page to sign in on, so the next `/authorize` finds the same user.

use axum::http::{Method, StatusCode};

use super::{
    authorize::{error_page, with_state},
    call::{Call, Query},
    issued::Kind,
    routes::Operation,
    state::Org,
    token_endpoint,
    wire::{Answer, Outcome},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::open("logoutCustomAS", Method::GET, "/oauth2/{}/v1/logout", |org, call| logout(org, call, &call.query)),
    Operation::open("logoutCustomASWithPost", Method::POST, "/oauth2/{}/v1/logout", |org, call| {
        logout(org, call, &token_endpoint::read_form(call)?)
    }),
];

fn logout(org: &mut Org, call: &Call<'_>, parameters: &Query) -> Outcome {
    let page = |description: &str| Ok(error_page(StatusCode::BAD_REQUEST, "invalid_request", description));
    let server = match token_endpoint::server(org, call) {
        Ok(server) => server.id.clone(),
        Err(refusal) => return page(&refusal.reason()),
    };
    // Spec: an expired one will do.
    let hint = parameters.get("id_token_hint").and_then(|text| org.issued.former_token(text));
    let hint = hint.filter(|token| token.server == server && token.kind == Kind::Id);
    let Some(app) = hint.and_then(|token| org.apps.find(&token.client)) else {
        return page("The 'id_token_hint' is invalid.");
    };
    let Some(address) = parameters.get("post_logout_redirect_uri") else {
        // Spec: to the page to sign in on, which the mock does not have.
        return Ok(Answer::Redirect(format!("{}/", call.base)));
    };
    if !app.post_logout_redirect_uris.iter().any(|own| own == address) {
        return page(
            "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app settings.",
        );
    }
    Ok(with_state(address, parameters.get("state")))
}
