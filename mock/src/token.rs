//! The token endpoint of the org's own server, for service apps: client credentials (RFC 6749, section 4.4). Owns how a client proves who
//! it is, what is granted and the answer. The tokens are let in by `auth`.
//!
//! The real endpoint takes `private_key_jwt` alone for scopes of the management API (docs). Here a service app that the
//! state gave a secret may use that as well, so that clients can be tried out without a key.

use std::{collections::BTreeSet, time::Duration};

use axum::http::{Method, StatusCode, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::Jwk};
use serde::{Deserialize, Serialize};

use super::{
    auth::Grant,
    body,
    call::{Call, Query},
    dpop::{Binding, Subject},
    limits::OwnBudget,
    replay_guard::{Name, Once},
    routes::Operation,
    source,
    state::Org,
    wire::{Answer, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[Operation::open("mintOrgToken", Method::POST, PATH, issue)];

/// Where the endpoint is.
pub(super) const PATH: &str = "/oauth2/v1/token";

/// How tokens are given, and to whom they were.
#[derive(Clone)]
pub(super) struct Issuing {
    /// How long a token is good for, in seconds.
    lifetime: i64,
    /// The assertions that clients have used up.
    assertions: Once,
}

impl Issuing {
    pub(super) fn new(lifetime: Duration) -> Self {
        Issuing { lifetime: source::seconds(lifetime), assertions: Once::default() }
    }
}

/// A service app and what it may ask for.
#[derive(Clone)]
pub(super) struct ServiceApp {
    pub(super) client_id: String,
    pub(super) client_secret: Option<String>,
    pub(super) keys: Vec<Jwk>,
    pub(super) scopes: BTreeSet<String>,
    /// Whether it gets no token that is not bound to a key (RFC 9449, section 5.2).
    pub(super) is_dpop_bound: bool,
    /// How long its tokens are good for, in seconds, where the org's own time is not meant.
    pub(super) token_lifetime: Option<i64>,
    /// Docs: an admin can give an app a part of the org's limits. All its tokens share it.
    pub(super) own_budget: Option<OwnBudget>,
}

/// RFC 6749, section 5.1.
#[derive(Serialize)]
struct Issued<'t> {
    token_type: &'static str,
    expires_in: i64,
    access_token: &'t str,
    scope: &'t str,
}

fn request_error(description: &'static str) -> Refusal {
    Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", description)
}

fn issue(org: &mut Org, call: &Call<'_>) -> Outcome {
    let form = form(call)?;
    let client = authenticate(&org.service_apps, &org.issuing.assertions, call, &form)?;
    let app = client.app;
    // A proof that is not asked for binds nothing: the vendor's own Node SDK sends one with every token request, and uses the token as a
    // bearer token unless it is told to use a nonce.
    let key = if app.is_dpop_bound {
        let subject = Subject { method: &Method::POST, base: call.base, path: PATH, lenience: &call.lenience };
        Some(org.dpop.at_the_token_endpoint(&mut org.source, call.headers, subject)?)
    } else {
        None
    };
    // Inferred: only now, so that the client can send the assertion again after it was told a nonce.
    if let Some(assertion) = client.assertion {
        org.issuing.assertions.remember(assertion.name, assertion.expires, jsonwebtoken::get_current_timestamp());
    }
    match form.get("grant_type") {
        Some("client_credentials") => {}
        Some(_) => {
            let description = "The grant type is not supported";
            return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "unsupported_grant_type", description));
        }
        None => return Err(request_error("The grant_type is missing")),
    }
    let asked: BTreeSet<String> =
        form.get("scope").unwrap_or_default().split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    // RFC 6749 lets a server have a default; inferred: there is none here.
    if asked.is_empty() || !asked.is_subset(&app.scopes) {
        let description = "The scope is missing, or not all of it was granted to the client";
        return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_scope", description));
    }
    let scope = asked.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let token = org.source.access_token();
    let (now, lifetime) = (org.source.now(), app.token_lifetime.unwrap_or(org.issuing.lifetime));
    let token_type = if key.is_some() { "DPoP" } else { "Bearer" };
    let binding = key.map(|thumbprint| Binding::new(&token, thumbprint));
    let grant = Grant { scopes: asked, binding, own_budget: app.own_budget };
    org.tokens.admit(token.clone(), grant, now, now.plus_seconds(lifetime));
    let issued = Issued { token_type, expires_in: lifetime, access_token: &token, scope: &scope };
    Ok(Answer::json(StatusCode::OK, &issued))
}

/// The request's parameters; none may be there twice (RFC 6749, section 3.2).
fn form(call: &Call<'_>) -> Result<Query, Refusal> {
    let content_type = call.headers.get(header::CONTENT_TYPE);
    if !content_type.is_some_and(|value| body::is_of_type(value, "application/x-www-form-urlencoded")) {
        return Err(request_error("The body must be of the type application/x-www-form-urlencoded"));
    }
    let text = std::str::from_utf8(call.body).map_err(|_| request_error("The body is not UTF-8"))?;
    let form = Query::parse(text).map_err(|_| request_error("The body is not well-formed"))?;
    let mut seen = BTreeSet::new();
    if !form.names().all(|name| seen.insert(name)) {
        return Err(request_error("A parameter was sent twice"));
    }
    Ok(form)
}

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
fn unknown(description: &'static str) -> Refusal {
    let challenge = String::from("Basic realm=\"oauth2\"");
    Refusal::oauth(StatusCode::UNAUTHORIZED, "invalid_client", description)
        .with_header(header::WWW_AUTHENTICATE, challenge)
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
    let audience = format!("{}{}", call.base, PATH);
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
