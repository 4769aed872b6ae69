//! General headers, media types, and answers that never arrive.

use super::{Change, Fault, JSON, Kind, fault, on, on_success};

pub(super) fn add(all: &mut Vec<Fault>) {
    for (operation, status, name, value, title) in HEADERS {
        let word = match value {
            None => format!("no-{name}-on-{status}"),
            Some(_) => format!("other-{name}-on-{status}"),
        };
        all.push(fault(operation, Kind::Header, &word, *name, *title, on(*status, Change::Header(name, *value))));
    }
    for (operation, status) in [
        ("listAuthorizationServers", 200),
        ("getAuthorizationServer", 404),
        (DEACTIVATE, 204),
        ("createOAuth2Claim", 400),
    ] {
        for name in GENERAL {
            if status != 204 || !["content-type", "x-content-type-options"].contains(name) {
                let title = format!("A {status} has no {name}");
                let word = format!("no-{name}-on-{status}");
                all.push(fault(operation, Kind::Header, &word, *name, title, on(status, Change::Header(name, None))));
            }
        }
    }
    let title = "A 204 has a Content-Type";
    let change = on(204, Change::Header("content-type", Some(JSON)));
    all.push(fault(DEACTIVATE, Kind::Header, "content-type-on-204", "content-type", title, change));
    let title = "Every answer has the same X-Okta-Request-Id";
    let same = on_success(Change::Header("x-okta-request-id", Some("00000000000000000000000000000000")));
    all.push(fault("listAuthorizationServers", Kind::Header, "same", "x-okta-request-id", title, same));
    for operation in ["listOAuth2ClientsForAuthorizationServer", "getAuthorizationServerKey"] {
        let title = "The connection breaks in the middle of the answer";
        all.push(fault(operation, Kind::Delivery, "cut", "", title, on_success(Change::Cut)));
    }
    let title = "The answer never comes";
    let never = on_success(Change::Never);
    all.push(fault("revokeRefreshTokenForAuthorizationServerAndClient", Kind::Delivery, "never", "", title, never));
}

const DEACTIVATE: &str = "deactivateAuthorizationServer";

/// Operation, status, header, its value (none: it is not there), and that in words.
const HEADERS: &[(&str, u16, &str, Option<&str>, &str)] = &[
    ("getAuthorizationServer", 200, "x-okta-request-id", None, "There is no X-Okta-Request-Id"),
    ("listOAuth2Claims", 200, "x-okta-request-id", Some("a request"), "X-Okta-Request-Id is no identifier"),
    ("deleteOAuth2Scope", 204, "x-okta-request-id", None, "A 204 has no X-Okta-Request-Id"),
    ("getOAuth2Scope", 404, "x-okta-request-id", None, "A 404 has no X-Okta-Request-Id"),
    ("listAuthorizationServers", 401, "x-okta-request-id", None, "A 401 has no X-Okta-Request-Id"),
    ("getOAuth2Claim", 200, "cache-control", None, "There is no Cache-Control"),
    ("getAuthorizationServerPolicy", 200, "cache-control", Some("max-age=60"), "The answer may be stored"),
    ("listAuthorizationServerKeys", 200, "x-content-type-options", None, "There is no X-Content-Type-Options"),
    ("getOAuth2Scope", 200, "x-rate-limit-limit", None, "There is no X-Rate-Limit-Limit"),
    ("listOAuth2Scopes", 200, "x-rate-limit-remaining", None, "There is no X-Rate-Limit-Remaining"),
    ("getAuthorizationServerPolicyRule", 200, "x-rate-limit-reset", None, "There is no X-Rate-Limit-Reset"),
    ("listAuthorizationServerPolicies", 200, "x-rate-limit-reset", Some("60"), "X-Rate-Limit-Reset is a duration"),
    ("getAuthorizationServer", 200, "content-type", Some("text/plain"), "A body is text/plain"),
    ("getOAuthMetadata", 200, "cache-control", Some("no-cache, no-store"), "Metadata may not be kept"),
    (
        "getOpenIdConfiguration",
        200,
        "cache-control",
        Some("max-age=60, must-revalidate"),
        "Metadata may be kept for a minute",
    ),
    ("getJwks", 200, "cache-control", Some("no-cache, no-store"), "Keys may not be kept"),
    ("getOAuthMetadata", 200, "x-rate-limit-limit", Some("600"), "Metadata has a rate limit"),
    ("listOAuth2Scopes", 200, "content-type", Some("application/hal+json"), "A body is application/hal+json"),
    ("createOAuth2Scope", 201, "content-type", None, "A body has no Content-Type"),
    ("deleteAuthorizationServer", 204, "content-type", Some(JSON), "A 204 has a Content-Type"),
    ("getAuthorizationServer", 200, "link", Some("</>; rel=\"self\""), "A get has a Link header"),
    ("listOAuth2Claims", 200, "link", Some("</>; rel=\"self\""), "A list of claims has a Link header"),
    ("listAuthorizationServers", 200, "date", Some("2026-06-01T00:00:00Z"), "Date is in another form"),
    ("listAuthorizationServerKeys", 200, "link", Some("</>; rel=\"self\""), "A list of keys has a Link header"),
    ("listAuthorizationServers", 429, "x-rate-limit-limit", None, "A 429 has no X-Rate-Limit-Limit"),
    ("listAuthorizationServers", 429, "x-rate-limit-remaining", None, "A 429 has no X-Rate-Limit-Remaining"),
    ("listAuthorizationServers", 429, "x-rate-limit-reset", None, "A 429 has no X-Rate-Limit-Reset"),
];

/// Headers of every answer.
const GENERAL: &[&str] = &[
    "x-okta-request-id",
    "cache-control",
    "x-rate-limit-limit",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "content-type",
    "x-content-type-options",
];
