//! Who asks for a token: client secret or private key. Owns the ways a client can prove itself.

use axum::http::{StatusCode, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::Jwk};
use serde::Deserialize;

use super::{ServiceApp, request_error};
use crate::{
    call::{Call, Query},
    once::{Name, Once},
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
    jti: Option<String>,
}

/// Who sends a token request.
pub(super) struct Client<'o> {
    pub(super) app: &'o ServiceApp,
    /// What the client used to prove itself and cannot use again.
    pub(super) assertion: Option<Spent>,
}

/// An assertion, to be remembered until it expires.
pub(super) struct Spent {
    pub(super) name: Name,
    pub(super) expires: u64,
}

/// RFC 6749: 401 and `invalid_client`, whatever was wrong.
fn unknown(description: &str) -> Refusal {
    Refusal::oauth(StatusCode::UNAUTHORIZED, "invalid_client", description)
}

/// The app that sends a token request. RFC 6749: it proves itself in one way only. `used` are the assertions that were
/// taken before.
pub(super) fn authenticate<'o>(
    apps: &'o [ServiceApp],
    used: &Once,
    call: &Call<'_>,
    form: &Query,
) -> Result<Client<'o>, Refusal> {
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
        (None, None, Some(assertion)) => with_key(apps, used, call, form, assertion),
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

fn with_secret<'o>(apps: &'o [ServiceApp], id: &str, secret: &str) -> Result<Client<'o>, Refusal> {
    let app = apps.iter().find(|app| app.client_id == id);
    let app = app.filter(|app| app.client_secret.as_deref() == Some(secret));
    app.map(|app| Client { app, assertion: None }).ok_or_else(|| unknown("The client is not known"))
}

/// A JWT that the client signed with one of its keys, for this endpoint, in its own name, that has not expired. Docs:
/// one with a `jti` can be used once.
fn with_key<'o>(
    apps: &'o [ServiceApp],
    used: &Once,
    call: &Call<'_>,
    form: &Query,
    assertion: &str,
) -> Result<Client<'o>, Refusal> {
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
    let audience = format!("{}{}", call.base, super::PATH);
    let mut apps = apps.iter().filter(|app| named.is_none_or(|id| id == app.client_id));
    let found = apps.find_map(|app| {
        let mut keys = app.keys.iter().filter(|key| head.kid.is_none() || key.common.key_id == head.kid);
        keys.find_map(|key| signed(assertion, head.alg, key, &app.client_id, &audience)).map(|claims| (app, claims))
    });
    let (app, claims) = found.ok_or_else(bad)?;
    let expires = claims.exp;
    let spent = claims.jti.map(|jti| Spent { name: Name::new(&app.client_id, &jti), expires });
    if spent.as_ref().is_some_and(|spent| used.is_used(spent.name)) {
        return Err(unknown("The client_assertion was used before"));
    }
    Ok(Client { app, assertion: spent })
}

/// Times are compared with the system's clock, as the client made the assertion by its own and knows no other.
fn signed(assertion: &str, algorithm: Algorithm, key: &Jwk, client: &str, audience: &str) -> Option<Assertion> {
    let key = DecodingKey::from_jwk(key).ok()?;
    let mut rules = Validation::new(algorithm);
    rules.set_audience(&[audience]);
    rules.set_issuer(&[client]);
    rules.sub = Some(client.to_owned());
    rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    rules.leeway = 0;
    rules.validate_nbf = true;
    let latest = jsonwebtoken::get_current_timestamp().saturating_add(LONGEST_ASSERTION_SECONDS);
    let claims = jsonwebtoken::decode::<Assertion>(assertion, &key, &rules).ok()?.claims;
    (claims.exp <= latest).then_some(claims)
}
