//! Client assertions (RFC 7523): JWTs that a client signs with its secret or its key. Owns the order of their checks (inferred) and the
//! texts (catalogue).

use axum::http::StatusCode;
use serde_json::Value;

use super::{WRONG_METHOD, failed};
use crate::{
    apps::App,
    call::{Call, Query},
    jws::{Algorithm, Hash, Jws},
    norm::Norm,
    replay_guard::{Name, Once},
    start::AuthenticationMethod,
    wire::Refusal,
};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far ahead an assertion may expire (docs: one hour).
const LONGEST_SECONDS: f64 = 3_600.0;
/// How far clocks may differ about when an assertion was made; inferred.
const AHEAD_SECONDS: f64 = 60.0;

/// An assertion that was accepted, to be remembered until it expires.
pub(crate) struct Spent {
    name: Name,
    expires: u64,
}

impl Spent {
    pub(crate) fn new(client: &str, jti: &str, expires: u64) -> Spent {
        Spent { name: Name::new(client, jti), expires }
    }

    pub(crate) fn is_known(&self, used: &Once) -> bool {
        used.is_used(self.name)
    }

    pub(crate) fn remember(self, used: &mut Once) {
        used.remember(self.name, self.expires, jsonwebtoken::get_current_timestamp());
    }
}

/// Judges an assertion for an endpoint, which has to be its audience.
pub(super) fn judge(
    call: &Call<'_>,
    app: &App,
    text: &str,
    used: &Once,
    form: &Query,
    endpoint: &str,
) -> Result<Option<Spent>, Refusal> {
    if form.get("client_assertion_type") != Some(TYPE) && call.keeps(Norm::AssertionType) {
        let description = "The client_assertion_type is invalid.";
        return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", description));
    }
    let jws = Jws::read(text).ok_or_else(|| failed("The parsing of the client_assertion failed."))?;
    signature(call, app, &jws)?;
    if claim(&jws, "iss") != Some(&app.client_id) && call.keeps(Norm::AssertionIssuer) {
        return Err(failed("The issuer claim for client_assertion is not a valid client_id."));
    }
    if claim(&jws, "sub") != Some(&app.client_id) && call.keeps(Norm::AssertionSubject) {
        return Err(failed("The subject claim for client_assertion is not a valid client_id."));
    }
    if !is_for(call, &jws, endpoint) && call.keeps(Norm::AssertionAudience) {
        return Err(failed("The audience claim for client_assertion must be the endpoint invoked for the request."));
    }
    let expires = times(call, &jws)?;
    let Some(jti) = claim(&jws, "jti") else { return Ok(None) };
    let spent = Spent::new(&app.client_id, jti, expires);
    if spent.is_known(used) && call.keeps(Norm::AssertionOnce) {
        return Err(failed("The client_assertion token has already been used."));
    }
    Ok(Some(spent))
}

fn claim<'j>(jws: &'j Jws<'_>, name: &str) -> Option<&'j str> {
    jws.claims.get(name)?.as_str()
}

/// The algorithm says which method this is, and the client has one only.
fn signature(call: &Call<'_>, app: &App, jws: &Jws<'_>) -> Result<(), Refusal> {
    let algorithm = jws.algorithm.map_err(|()| failed("The client_assertion JWT signature algorithm is invalid."))?;
    let hash = match algorithm {
        Algorithm::Shared(hash) | Algorithm::Rsa(hash) | Algorithm::Ecdsa(hash) => hash,
    };
    if hash != Hash::Sha256 && !call.keeps(Norm::AssertionAlgorithms) {
        return Err(failed("The client_assertion JWT signature algorithm is invalid."));
    }
    let is_right = match (algorithm, app.method) {
        (Algorithm::Shared(_), AuthenticationMethod::ClientSecretJwt) => {
            app.secret.as_deref().is_some_and(|secret| jws.is_by_secret(secret))
        }
        (Algorithm::Rsa(_) | Algorithm::Ecdsa(_), AuthenticationMethod::PrivateKeyJwt) => by_key(call, app, jws)?,
        (_, _) if call.keeps(Norm::Method) => return Err(failed(WRONG_METHOD)),
        (_, _) => app.secret.as_deref().is_some_and(|secret| jws.is_by_secret(secret)),
    };
    if is_right || !call.keeps(Norm::AssertionSignature) {
        Ok(())
    } else {
        Err(failed("The client_assertion signature is invalid."))
    }
}

/// Facts: the `kid` is needed once the client has several keys.
fn by_key(call: &Call<'_>, app: &App, jws: &Jws<'_>) -> Result<bool, Refusal> {
    let keys = &app.keys;
    if keys.is_empty() {
        return Err(failed("The client does not have a JWKSet configured, but the client_assertion requires one."));
    }
    let key = match &jws.kid {
        Some(kid) => keys.iter().find(|key| key.common.key_id.as_ref() == Some(kid)),
        None => keys.first().filter(|_| keys.len() == 1),
    };
    let key = key.or_else(|| keys.first().filter(|_| !call.keeps(Norm::AssertionKey)));
    let key = key.ok_or_else(|| failed("The client_assertion JWT kid is invalid."))?;
    Ok(jws.is_by_key(key))
}

/// Facts: one audience or a list of them.
fn is_for(call: &Call<'_>, jws: &Jws<'_>, endpoint: &str) -> bool {
    match jws.claims.get("aud") {
        Some(Value::String(audience)) => audience == endpoint,
        Some(Value::Array(audiences)) => {
            call.keeps(Norm::AssertionAudiences) && audiences.iter().any(|audience| audience == endpoint)
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
    }
}

/// The second at which the assertion expires. Times are compared with the system's clock, as the client made the assertion by its own and
/// knows no other.
#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between now and an hour ahead")]
fn times(call: &Call<'_>, jws: &Jws<'_>) -> Result<u64, Refusal> {
    let now = jsonwebtoken::get_current_timestamp() as f64;
    let time = |name: &str| jws.claims.get(name).and_then(Value::as_f64);
    let unsaid = (!call.keeps(Norm::AssertionExpiry)).then_some(now + LONGEST_SECONDS);
    let expires = time("exp")
        .or(unsaid)
        .ok_or_else(|| failed("The client_assertion must contain the 'exp' claim as seconds since epoch."))?;
    if expires <= now && call.keeps(Norm::AssertionExpired) {
        return Err(failed("The client_assertion token is expired."));
    }
    if expires > now + LONGEST_SECONDS && call.keeps(Norm::AssertionHour) {
        return Err(failed("The client_assertion token has an expiration too far into the future."));
    }
    // Inferred: so is one that is not to be used yet (RFC 7523, section 3).
    let made = [time("iat"), time("nbf")];
    if made.into_iter().flatten().any(|made| made > now + AHEAD_SECONDS) && call.keeps(Norm::AssertionIssued) {
        return Err(failed("The client_assertion token must be issued before the current time."));
    }
    Ok(expires as u64)
}
