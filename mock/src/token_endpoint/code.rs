//! The code grant at the token endpoint (RFC 6749, section 4.1.3; RFC 7636). Owns what makes a code invalid. Policies were asked when the
//! code was given, and are not asked again (docs).

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Granted, authorized, form, grant};
use crate::{
    apps::App,
    call::{Call, Query},
    norm::Norm,
    state::Org,
    wire::Refusal,
};

fn invalid(description: &'static str) -> Refusal {
    Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_grant", description)
}

/// What a code was given for; it is used up. The texts are the catalogue's.
pub(super) fn exchange(
    org: &mut Org,
    call: &Call<'_>,
    server: &str,
    app: &App,
    form: &Query,
) -> Result<Granted, Refusal> {
    let now = org.source.now();
    let text = form::required(form, "code")?;
    let code = org.issued.code(text, now);
    let code = code.ok_or_else(|| invalid("The authorization code is invalid or has expired."))?.clone();
    if code.granted.app.client_id != app.client_id && call.keeps(Norm::CodeClient) {
        return Err(grant::of_another_client());
    }
    if code.granted.server != server {
        return Err(grant::of_another_server());
    }
    if form.get("redirect_uri") != Some(&code.redirect_uri) && call.keeps(Norm::CodeRedirect) {
        let description = "The 'redirect_uri' does not match the redirection URI used in the authorization request.";
        return Err(invalid(description));
    }
    let verifier = form.get("code_verifier");
    if let Some(challenge) = &code.challenge
        && call.keeps(Norm::CodeVerifier)
        && verifier.is_none_or(|verifier| URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) != *challenge)
    {
        return Err(invalid("PKCE verification failed."));
    }
    if !call.keeps(Norm::CodePolicy) {
        let (granted, scope) = (code.granted.clone(), code.granted.scopes.join(" "));
        authorized(org, call, server, &granted.app, granted.grant, granted.signed, Some(&scope))?;
    }
    if call.keeps(Norm::CodeOnce) {
        org.issued.use_code(text);
    }
    Ok(code.granted)
}
