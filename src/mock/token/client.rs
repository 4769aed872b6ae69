//! Who asks for a token: client secret or private key. Owns the ways a client can prove itself.

use axum::http::{StatusCode, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::Jwk};
use serde::Deserialize;

use super::{ServiceApp, request_error};
use crate::mock::{
    call::{Call, Query},
    wire::Refusal,
};

/// RFC 7523.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far ahead an assertion may expire (docs: one hour).
const LONGEST_ASSERTION_SECONDS: u64 = 3_600;

/// What an assertion says, as far as it is looked at here; audience and expiry are the library's.
#[derive(Deserialize)]
struct Assertion {
    exp: u64,
}

/// RFC 6749: 401 and `invalid_client`, whatever was wrong.
fn unknown(description: &str) -> Refusal {
    Refusal::oauth(StatusCode::UNAUTHORIZED, "invalid_client", description)
}

/// The app that sends a token request. RFC 6749: it proves itself in one way only.
pub(super) fn authenticate<'o>(
    apps: &'o [ServiceApp],
    call: &Call<'_>,
    form: &Query,
) -> Result<&'o ServiceApp, Refusal> {
    let basic = call.headers.get(header::AUTHORIZATION);
    match (basic, form.get("client_secret"), form.get("client_assertion")) {
        (Some(value), None, None) => {
            let (id, secret) = value
                .to_str()
                .ok()
                .and_then(basic_credentials)
                .ok_or_else(|| unknown("The Authorization header does not hold the credentials of a client"))?;
            with_secret(apps, &id, &secret)
        }
        (None, Some(secret), None) => {
            let id = form.get("client_id").ok_or_else(|| unknown("The client_id is missing"))?;
            with_secret(apps, id, secret)
        }
        (None, None, Some(assertion)) => with_key(apps, call, form, assertion),
        (None, None, None) => Err(unknown("The client did not authenticate")),
        (_, _, _) => Err(request_error("The client authenticated in more than one way")),
    }
}

/// Id and secret of a Basic `Authorization` header; both are form-encoded in it (RFC 6749, section 2.3.1).
fn basic_credentials(value: &str) -> Option<(String, String)> {
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let pair = Query::parse(&format!("id={id}&secret={secret}")).ok()?;
    Some((pair.get("id")?.to_owned(), pair.get("secret")?.to_owned()))
}

fn with_secret<'o>(apps: &'o [ServiceApp], id: &str, secret: &str) -> Result<&'o ServiceApp, Refusal> {
    let app = apps.iter().find(|app| app.client_id == id);
    app.filter(|app| app.client_secret.as_deref() == Some(secret)).ok_or_else(|| unknown("The client is not known"))
}

/// A JWT that the client signed with one of its keys, for this endpoint, in its own name, that has not expired.
fn with_key<'o>(
    apps: &'o [ServiceApp],
    call: &Call<'_>,
    form: &Query,
    assertion: &str,
) -> Result<&'o ServiceApp, Refusal> {
    if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(request_error("The client_assertion_type is missing or not supported"));
    }
    let bad = || unknown("The client_assertion is not valid");
    let head = jsonwebtoken::decode_header(assertion).map_err(|_| bad())?;
    match head.alg {
        Algorithm::RS256 | Algorithm::ES256 => {}
        _ => return Err(unknown("The client_assertion has an algorithm that is not supported")),
    }
    let named = form.get("client_id");
    let audience = format!("{}/oauth2/v1/token", call.base);
    apps.iter()
        .filter(|app| named.is_none_or(|id| id == app.client_id))
        .find(|app| {
            let keys = app.keys.iter().filter(|key| head.kid.is_none() || key.common.key_id == head.kid);
            keys.into_iter().any(|key| is_signed(assertion, head.alg, key, &app.client_id, &audience))
        })
        .ok_or_else(bad)
}

/// Times are compared with the system's clock, as the client made the assertion by its own and knows no other.
fn is_signed(assertion: &str, algorithm: Algorithm, key: &Jwk, client: &str, audience: &str) -> bool {
    let Ok(key) = DecodingKey::from_jwk(key) else {
        return false;
    };
    let mut rules = Validation::new(algorithm);
    rules.set_audience(&[audience]);
    rules.set_issuer(&[client]);
    rules.sub = Some(client.to_owned());
    rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    rules.leeway = 0;
    rules.validate_nbf = true;
    let latest = jsonwebtoken::get_current_timestamp().saturating_add(LONGEST_ASSERTION_SECONDS);
    jsonwebtoken::decode::<Assertion>(assertion, &key, &rules).is_ok_and(|token| token.claims.exp <= latest)
}
