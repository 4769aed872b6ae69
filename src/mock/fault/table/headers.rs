//! General headers, media types, and answers that never arrive.

use serde_json::json;

use super::{Change, Edit, Fault, Kind, fault, member, on, on_success};

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
        ("deactivateAuthorizationServer", 204),
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
    let change = on(204, Change::Header("content-type", Some("application/json")));
    all.push(fault(
        "deactivateAuthorizationServer",
        Kind::Header,
        "content-type-on-204",
        "content-type",
        title,
        change,
    ));
    let title = "Every answer has the same X-Okta-Request-Id";
    let same = on_success(Change::Header("x-okta-request-id", Some("00000000000000000000000000000000")));
    all.push(fault("listAuthorizationServers", Kind::Header, "same", "x-okta-request-id", title, same));
    for (operation, pointer) in LINKS {
        let name = super::last(pointer);
        let title = format!("The link {name} leads to another host");
        let elsewhere = member(format!("{pointer}/href"), Edit::Swap("//", "//elsewhere.example/"));
        all.push(fault(operation, Kind::Link, &format!("{pointer}-host"), "elsewhere.example|href", title, elsewhere));
        let title = format!("The link {name} is said to take PATCH alone");
        let methods = member(format!("{pointer}/hints/allow"), Edit::Set(json!(["PATCH"])));
        all.push(fault(operation, Kind::Link, &format!("{pointer}-methods"), "PATCH", title, methods));
    }
    for (operation, pointer) in URLS {
        let title = format!("{} leads to another host", super::last(pointer));
        let elsewhere = member(*pointer, Edit::Swap("//", "//elsewhere.example/"));
        all.push(fault(operation, Kind::Link, &format!("{pointer}-host"), "elsewhere.example|href", title, elsewhere));
    }
    for name in ["self", "app", "client", "user", "authorizationServer"] {
        let title = format!("The link {name} of a refresh token is no URL");
        let pointer = format!("/_links/{name}/href");
        let path = member(pointer.clone(), Edit::Set(json!("api v1")));
        let row = ("getRefreshTokenForAuthorizationServerAndClient", format!("{pointer}-form"));
        all.push(fault(row.0, Kind::Link, &row.1, name, title, path));
    }
    for (operation, pointer, word, edit, title) in links() {
        let subject = pointer.split('/').rfind(|name| !["href", "allow", "hints"].contains(name)).unwrap_or_default();
        all.push(fault(operation, Kind::Link, word, subject, title, member(pointer, edit)));
    }
    for operation in ["listOAuth2ClientsForAuthorizationServer", "getAuthorizationServerKey"] {
        let title = "The connection breaks in the middle of the answer";
        all.push(fault(operation, Kind::Delivery, "cut", "", title, on_success(Change::Cut)));
    }
    let title = "The answer never comes";
    let never = on_success(Change::Never);
    all.push(fault("revokeRefreshTokenForAuthorizationServerAndClient", Kind::Delivery, "never", "", title, never));
}

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
    ("listOAuth2Scopes", 200, "content-type", Some("application/hal+json"), "A body is application/hal+json"),
    ("createOAuth2Scope", 201, "content-type", None, "A body has no Content-Type"),
    ("deleteAuthorizationServer", 204, "content-type", Some("application/json"), "A 204 has a Content-Type"),
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

/// Operation and a link in its answer.
const LINKS: &[(&str, &str)] = &[
    ("getAuthorizationServer", "/_links/self"),
    ("getAuthorizationServer", "/_links/scopes"),
    ("getAuthorizationServer", "/_links/claims"),
    ("getAuthorizationServer", "/_links/policies"),
    ("getAuthorizationServer", "/_links/keys"),
    ("getAuthorizationServer", "/_links/rotateKey"),
    ("getAuthorizationServer", "/_links/activate"),
    ("getAuthorizationServer", "/_links/deactivate"),
    ("getAuthorizationServer", "/_links/metadata/0"),
    ("getAuthorizationServer", "/_links/metadata/1"),
    ("getOAuth2Scope", "/_links/self"),
    ("getOAuth2Claim", "/_links/self"),
    ("getAuthorizationServerPolicy", "/_links/self"),
    ("getAuthorizationServerPolicy", "/_links/rules"),
    ("getAuthorizationServerPolicy", "/_links/activate"),
    ("getAuthorizationServerPolicy", "/_links/deactivate"),
    ("getAuthorizationServerPolicyRule", "/_links/self"),
    ("getAuthorizationServerPolicyRule", "/_links/activate"),
    ("getAuthorizationServerPolicyRule", "/_links/deactivate"),
    ("getAuthorizationServerKey", "/_links/self"),
    ("listAuthorizationServerKeys", "/*/_links/self"),
    ("getRefreshTokenForAuthorizationServerAndClient", "/_links/revoke"),
];

/// Operation, and a URL in its answer that is no link with methods.
const URLS: &[(&str, &str)] = &[
    ("createAuthorizationServer", "/_links/self/href"),
    ("getOAuthMetadata", "/jwks_uri"),
    ("getOpenIdConfiguration", "/jwks_uri"),
    ("getAuthorizationServer", "/_links/resourceServerCredentialsKeys/href"),
];

/// Operation, pointer, word, what becomes of it, and that in words.
fn links() -> Vec<(&'static str, &'static str, &'static str, Edit, &'static str)> {
    vec![
        (
            "listOAuth2Scopes",
            "/*/_links/self/href",
            "self-path",
            Edit::Swap("/scopes/", "/scope/"),
            "The self link leads elsewhere",
        ),
        (
            "getRefreshTokenForAuthorizationServerAndClient",
            "/_links/revoke/href",
            "revoke-path",
            Edit::Swap("/tokens", "/token"),
            "The link revoke leads elsewhere",
        ),
        (
            "getAuthorizationServer",
            "/_links/scopes/hints/allow",
            "scopes-methods",
            Edit::Set(json!(["GET"])),
            "The link scopes takes GET alone, as in the documents",
        ),
        (
            "getAuthorizationServer",
            "/_links/claims/hints/allow",
            "claims-methods",
            Edit::Set(json!(["GET"])),
            "The link claims takes GET alone, as in the documents",
        ),
        (
            "getAuthorizationServer",
            "/_links/policies/hints/allow",
            "policies-methods",
            Edit::Set(json!(["GET"])),
            "The link policies takes GET alone, as in the documents",
        ),
        (
            "getAuthorizationServer",
            "/_links/self/hints/allow",
            "self-methods",
            Edit::Set(json!(["GET", "PUT"])),
            "The self link does not take DELETE",
        ),
        ("getAuthorizationServer", "/_links/self/hints", "no-hints", Edit::Remove, "A link has no hints"),
        ("getAuthorizationServer", "/_links/self/href", "no-href", Edit::Remove, "A link has no href"),
        (
            "getAuthorizationServer",
            "/_links/keys/href",
            "keys-path",
            Edit::Swap("/credentials", ""),
            "The link keys leads elsewhere",
        ),
        (
            "getAuthorizationServer",
            "/_links/rotateKey/href",
            "rotate-path",
            Edit::Swap("keyRotate", "rotate"),
            "The link rotateKey leads elsewhere",
        ),
        ("getAuthorizationServer", "/_links/metadata", "metadata-order", Edit::Reverse, "OpenID Connect comes first"),
        (
            "getAuthorizationServer",
            "/_links/activate",
            "both",
            Edit::Put(json!({"href": "http://127.0.0.1/", "hints": {"allow": ["POST"]}})),
            "There are activate and deactivate",
        ),
        (
            "getAuthorizationServerPolicy",
            "/_links/rules/hints/allow",
            "rules-methods",
            Edit::Set(json!(["GET", "POST"])),
            "The link rules takes POST too",
        ),
        (
            "getOAuth2Claim",
            "/_links/self/href",
            "self-path",
            Edit::Swap("/claims/", "/claim/"),
            "The link leads elsewhere",
        ),
        (
            "getAuthorizationServerPolicyRule",
            "/_links/self/href",
            "self-path",
            Edit::Swap("/rules/", "/rule/"),
            "The link leads elsewhere",
        ),
    ]
}
