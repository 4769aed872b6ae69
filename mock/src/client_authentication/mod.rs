//! How a client proves who it is at the token endpoint of a server and its neighbours: by a secret, by an assertion, or by its name alone.
//! Owns the order of the checks and their refusals (the order is inferred); assertions are in `assertion`.

mod assertion;

use std::sync::Arc;

use axum::http::{StatusCode, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};

pub(super) use self::assertion::Spent;
use super::{
    apps::{App, Apps},
    call::{Call, Query},
    jws::Jws,
    norm::Norm,
    replay_guard::Once,
    start::AuthenticationMethod,
    wire::Refusal,
};

/// A client that proved who it is.
pub(super) struct Client {
    pub(super) app: Arc<App>,
    /// The assertion that the client used and cannot use again.
    pub(super) spent: Option<Spent>,
}

/// What a client proves itself with.
enum Credentials<'r> {
    Basic(String),
    Post(&'r str),
    Assertion(&'r str),
    None,
}

// Statuses and texts are the catalogue's unless something else is said.
const NO_CLIENT_ID: Refusal =
    Refusal::of(StatusCode::BAD_REQUEST, "invalid_client", "A client_id must be provided in the request.");
const UNKNOWN_CLIENT: Refusal =
    Refusal::of(StatusCode::UNAUTHORIZED, "invalid_client", "Invalid value for 'client_id' parameter.");
const IN_THE_QUERY: &str = "Client credentials cannot be supplied via query parameters.";
/// The catalogue has 401, the spec 400.
const SEVERAL: &str = "Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization header, \
                       credentials in the post body, or a client_assertion in the post body.";
const UNREADABLE: &str = "Found Authentication header but was not valid client credentials.";
const NONE: &str = "No client credentials found.";
const WRONG_SECRET: &str = "The client secret supplied for a confidential client is invalid.";
const WRONG_METHOD: &str = "Client authentication failed. Either the client or the client credentials are invalid.";

/// 401 and `invalid_client`.
fn failed(description: &'static str) -> Refusal {
    Refusal::oauth(StatusCode::UNAUTHORIZED, "invalid_client", description)
}

/// The client that sends a form to an endpoint; `path` is the endpoint's. `used` are the assertions that were accepted before.
pub(super) fn authenticate(
    apps: &Apps,
    used: &Once,
    call: &Call<'_>,
    form: &Query,
    path: &str,
) -> Result<Client, Refusal> {
    let basic = basic(call);
    let id = client_id(basic.as_ref(), call, form).ok_or(NO_CLIENT_ID)?;
    let app = Arc::clone(apps.find(&id).ok_or(UNKNOWN_CLIENT)?);
    let in_the_query = ["client_secret", "client_assertion"].iter().any(|name| call.query.get(name).is_some());
    if in_the_query && call.keeps(Norm::NoQueryCredentials) {
        return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", IN_THE_QUERY));
    }
    if basic.is_none() && basic_text(call).is_some() && call.keeps(Norm::ReadableHeader) {
        return Err(failed(UNREADABLE));
    }
    let credentials = credentials(call, basic, form)?;
    let spent = judge(call, &app, &credentials, used, form, &format!("{}{path}", call.base))?;
    // Inferred: an INACTIVE client gets the same error as one with wrong credentials.
    if !app.is_active {
        return Err(failed(WRONG_METHOD));
    }
    Ok(Client { app, spent })
}

/// Whether the credentials are those that the client has to use, and right.
fn judge(
    call: &Call<'_>,
    app: &App,
    credentials: &Credentials<'_>,
    used: &Once,
    form: &Query,
    endpoint: &str,
) -> Result<Option<Spent>, Refusal> {
    match (credentials, app.method) {
        (Credentials::None, AuthenticationMethod::None) => Ok(None),
        (Credentials::None, _) if call.keeps(Norm::Credentials) => Err(failed(NONE)),
        (Credentials::None, _) => Ok(None),
        (Credentials::Basic(secret), AuthenticationMethod::ClientSecretBasic) => with_secret(call, app, secret),
        (Credentials::Post(secret), AuthenticationMethod::ClientSecretPost) => with_secret(call, app, secret),
        (Credentials::Assertion(text), _) => assertion::judge(call, app, text, used, form, endpoint),
        (Credentials::Basic(_) | Credentials::Post(_), _) if call.keeps(Norm::Method) => Err(failed(WRONG_METHOD)),
        (Credentials::Basic(secret), _) => with_secret(call, app, secret),
        (Credentials::Post(secret), _) => with_secret(call, app, secret),
    }
}

fn with_secret(call: &Call<'_>, app: &App, secret: &str) -> Result<Option<Spent>, Refusal> {
    let own = app.secret.as_deref();
    let begins = own.is_some_and(|own| !secret.is_empty() && own.starts_with(secret));
    let goes_on = own.is_some_and(|own| secret.starts_with(own));
    if own == Some(secret)
        || !call.keeps(Norm::Secret)
        || (begins && !call.keeps(Norm::WholeSecret))
        || (goes_on && !call.keeps(Norm::NothingAfterSecret))
    {
        Ok(None)
    } else {
        Err(failed(WRONG_SECRET))
    }
}

/// What a Basic `Authorization` header has behind its scheme.
fn basic_text<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let (scheme, credentials) = call.headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Basic").then_some(credentials)
}

/// Id and secret of a Basic `Authorization` header; both are form-encoded in it (RFC 6749, section 2.3.1).
fn basic(call: &Call<'_>) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(basic_text(call)?.trim()).ok()?).ok()?;
    // The vendor's library for pages sends the name of a public client alone.
    let (id, secret) = text.split_once(':').unwrap_or((text.as_str(), ""));
    let pair = Query::parse(&format!("id={id}&secret={secret}")).ok()?;
    // An empty secret is none, as of a public client that some libraries send so (inferred).
    let id = pair.get("id").filter(|id| !id.is_empty())?;
    Some((id.to_owned(), pair.get("secret").unwrap_or_default().to_owned()))
}

/// Who the client says it is: in the header, in the form, in its assertion or, of public clients, in the query (docs).
fn client_id(basic: Option<&(String, String)>, call: &Call<'_>, form: &Query) -> Option<String> {
    let asserted = || {
        let claims = Jws::read(form.get("client_assertion")?)?.claims;
        ["sub", "iss"].iter().find_map(|name| claims.get(*name)?.as_str().map(str::to_owned))
    };
    let named = basic.map(|(id, _)| id.clone()).or_else(|| form.get("client_id").map(str::to_owned));
    named.or_else(asserted).or_else(|| call.query.get("client_id").map(str::to_owned))
}

/// The one kind of credentials that was sent.
fn credentials<'r>(
    call: &Call<'_>,
    basic: Option<(String, String)>,
    form: &'r Query,
) -> Result<Credentials<'r>, Refusal> {
    let basic = basic.map(|(_, secret)| secret).filter(|secret| !secret.is_empty());
    match (basic, form.get("client_secret"), form.get("client_assertion")) {
        (None, None, None) => Ok(Credentials::None),
        (Some(secret), None, None) => Ok(Credentials::Basic(secret)),
        (None, Some(secret), None) => Ok(Credentials::Post(secret)),
        (None, None, Some(text)) => Ok(Credentials::Assertion(text)),
        (Some(secret), _, _) if !call.keeps(Norm::OneCredential) => Ok(Credentials::Basic(secret)),
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (None, Some(_), Some(_)) => {
            Err(Refusal::oauth(StatusCode::UNAUTHORIZED, "invalid_request", SEVERAL))
        }
    }
}
