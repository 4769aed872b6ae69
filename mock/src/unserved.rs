//! Operations of the vendor's documents that the mock does not have. Owns which those are, and says whose gap it is: an answer of the
//! service's would pass for its behaviour.

use std::borrow::Cow;

use axum::http::Method;

use super::wire::Refusal;

/// What is answered to a path that is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownPaths {
    /// 501 for an operation that the vendor documents, in the words of the mock; 404 as by the service for all others.
    #[default]
    NotImplemented,
    /// 404 as by the service for all.
    NotFound,
}

/// What the management API has below `/api/v1/` (spec), without what the mock serves.
const RESOURCES: &[&str] = &[
    "agentPools",
    "api-tokens",
    "apps",
    "authenticators",
    "behaviors",
    "bot-protection",
    "brands",
    "captchas",
    "device-assurances",
    "device-integrations",
    "device-posture-checks",
    "devices",
    "directories",
    "domains",
    "dr",
    "email-domains",
    "email-servers",
    "eventHooks",
    "features",
    "first-party-app-settings",
    "groups",
    "hook-keys",
    "iam",
    "identity-sources",
    "idps",
    "inlineHooks",
    "logStreams",
    "logs",
    "mappings",
    "meta",
    "org",
    "orgs",
    "principal-rate-limits",
    "push-providers",
    "rate-limit-settings",
    "realm-assignments",
    "realms",
    "roles",
    "security-events-providers",
    "sessions",
    "ssf",
    "telephony-providers",
    "templates",
    "threats",
    "trustedOrigins",
    "users",
    "zones",
];

/// What stands before a further `/api/v1/` (spec).
const APIS: &[&str] = &[
    "attack-protection",
    "integrations",
    "okta-personal-settings",
    "privileged-access",
    "security",
    "webauthn-registration",
];

/// What an authorization server has below `/v1/` (spec).
const ENDPOINTS: &[&str] = &[
    "authorize",
    "bc",
    "challenge",
    "device",
    "introspect",
    "logout",
    "oob-authenticate",
    "par",
    "primary-authenticate",
    "revoke",
    "token",
    "userinfo",
];

/// Public documents of an org (spec).
const DOCUMENTS: &[&str] = &[
    "app-authenticator-configuration",
    "apple-app-site-association",
    "assetlinks.json",
    "okta-organization",
    "ssf-configuration",
    "webauthn",
];

/// Whether a path that is not served is one that the vendor documents.
fn is_documented(segments: &[Cow<'_, str>]) -> bool {
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match segments.as_slice() {
        ["api", "v1", resource, ..] => RESOURCES.contains(resource),
        [api, "api", "v1", _, ..] => APIS.contains(api),
        // The org's own server has the same endpoints, and the clients.
        ["oauth2", "v1", endpoint, ..] => *endpoint == "clients" || *endpoint == "keys" || ENDPOINTS.contains(endpoint),
        ["oauth2", _, "v1", endpoint, ..] => ENDPOINTS.contains(endpoint),
        [".well-known", document] => DOCUMENTS.contains(document),
        _ => false,
    }
}

/// What is answered to a request that no operation is for; all but an unknown path stays as it is.
pub(super) fn explain(refusal: Refusal, unknown: UnknownPaths, method: &Method, segments: &[Cow<'_, str>]) -> Refusal {
    match unknown {
        UnknownPaths::NotImplemented if refusal == Refusal::NO_SUCH_PATH && is_documented(segments) => {
            Refusal::not_served(method, &segments.join("/"))
        }
        UnknownPaths::NotImplemented | UnknownPaths::NotFound => refusal,
    }
}
