//! Requests of pages in browsers that come from another origin (CORS): which endpoints answer them, to whom, and what such a request may
//! not do. Owns the `Access-Control-*` headers.
//!
//! Metadata, keys, introspect, revoke, userinfo and device/authorize answer every origin; token, par and authorize those that the client
//! trusts (spec). A preflight cannot name its client, so those endpoints answer it for every origin (spec).

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
};

use super::{
    call::Query,
    dispatch::Received,
    state::Org,
    wire::{Refusal, Reply},
};

/// Who may read an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    Everybody,
    /// Pages of the origins that the client of the request trusts.
    Trusted,
}

/// Who may read what an endpoint answers, and its methods; none for one that no page may read.
fn endpoint(path: &str) -> Option<(Readers, &'static str)> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let below = match segments.as_slice() {
        [".well-known", ..] | ["oauth2", _, ".well-known", _] => return Some((Readers::Everybody, "GET")),
        ["oauth2", "v1", below @ ..] | ["oauth2", _, "v1", below @ ..] => below,
        _ => return None,
    };
    match below {
        ["keys"] => Some((Readers::Everybody, "GET")),
        ["userinfo"] => Some((Readers::Everybody, "GET, POST")),
        ["introspect" | "revoke"] | ["device", "authorize"] => Some((Readers::Everybody, "POST")),
        ["token" | "par"] => Some((Readers::Trusted, "POST")),
        ["authorize"] => Some((Readers::Trusted, "GET, POST")),
        _ => None,
    }
}

/// Whether a browser asks what it may send.
pub(super) fn is_preflight(head: &Parts) -> bool {
    head.method == Method::OPTIONS && endpoint(head.uri.path()).is_some()
}

/// Facts, section 5: a page may use one grant. Inferred: a public client may refresh as well, as the vendor's own library does in pages, and
/// this is looked at before the client is.
pub(super) fn judge(head: &Parts, body: &Bytes) -> Result<(), Refusal> {
    let is_token = head.method == Method::POST && head.uri.path().ends_with("/v1/token");
    if !is_token || !head.headers.contains_key(header::ORIGIN) {
        return Ok(());
    }
    let Some(form) = form(body) else { return Ok(()) };
    let is_public = !head.headers.contains_key(header::AUTHORIZATION)
        && form.get("client_secret").is_none()
        && form.get("client_assertion").is_none();
    match form.get("grant_type") {
        None | Some("authorization_code") => Ok(()),
        Some("refresh_token") if is_public => Ok(()),
        Some(_) => {
            let description = "Browser requests to the token endpoint may only use the authorization_code grant_type.";
            Err(Refusal::oauth(StatusCode::BAD_REQUEST, "unauthorized_client", description))
        }
    }
}

/// Adds the headers by which a browser lets a page read the answer.
pub(super) fn mark(org: &Org, received: &Received, reply: &mut Reply) {
    let (head, body) = received;
    let Some((readers, methods)) = endpoint(head.uri.path()) else { return };
    let origin = head.headers.get(header::ORIGIN);
    // Recorded of keys, which have it without an Origin too.
    if readers == Readers::Everybody || origin.is_some() {
        reply.headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    let Some(origin) = origin else { return };
    let may_read = match readers {
        Readers::Everybody => true,
        Readers::Trusted => is_preflight(head) || is_trusted(org, head, body.as_ref().ok(), origin),
    };
    if !may_read {
        return;
    }
    reply.headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    if is_preflight(head) {
        reply.headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        reply.headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        // Inferred: a page may send what it asks for; the vendor's library sends headers of its own.
        copy(
            &head.headers,
            &header::ACCESS_CONTROL_REQUEST_HEADERS,
            &mut reply.headers,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
        );
    } else {
        // RFC 9449, section 8: without it a page cannot know the nonce.
        let exposed = HeaderValue::from_static("DPoP-Nonce, WWW-Authenticate");
        reply.headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}

fn copy(from: &HeaderMap, name: &HeaderName, to: &mut HeaderMap, new_name: HeaderName) {
    if let Some(value) = from.get(name) {
        to.insert(new_name, value.clone());
    }
}

fn form(body: &Bytes) -> Option<Query> {
    Query::parse(std::str::from_utf8(body).ok()?).ok()
}

/// Whether the client that a request names trusts an origin.
fn is_trusted(org: &Org, head: &Parts, body: Option<&Bytes>, origin: &HeaderValue) -> bool {
    let in_query = Query::parse(head.uri.query().unwrap_or_default()).ok();
    let in_form = body.and_then(form);
    let mut named = [&in_form, &in_query].into_iter().flatten().filter_map(|place| place.get("client_id"));
    named.next().is_some_and(|client| org.trusts(client, origin.as_bytes()))
}
