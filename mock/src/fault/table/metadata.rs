//! What a server publishes, and secrets that it must not.

use serde_json::json;

use super::{Change, Edit, Fault, Kind, fault, last, member, on};

pub(super) fn add(all: &mut Vec<Fault>) {
    for (operation, at, kind, word, edit, title) in members() {
        all.push(fault(operation, kind, word, last(at), title, member(at, edit)));
    }
    for (operation, at) in ENDPOINTS {
        let title = format!("{} leads elsewhere", last(at));
        let elsewhere = member(*at, Edit::Swap("/oauth2/", "/oauth/"));
        all.push(fault(operation, Kind::Value, at, last(at), title, elsewhere));
    }
    for (operation, at) in LISTS {
        let title = format!("{} is empty", last(at));
        all.push(fault(operation, Kind::Items, at, last(at), title, member(*at, Edit::Empty)));
    }
    let change = Change::Member("/access_token".to_owned(), Edit::Put(json!("secret")));
    let title = "A 401 has an access token";
    all.push(fault("mintOrgToken", Kind::Extra, "token", "access_token", title, on(401, change)));
    for operation in ["getOAuthMetadata", "getOpenIdConfiguration", "getJwks"] {
        let title = "A server that does not exist has one";
        all.push(fault(operation, Kind::Leak, "unknown-server", "404", title, on(404, Change::Status(200))));
    }
}

/// Operation and an endpoint that it names.
const ENDPOINTS: &[(&str, &str)] = &[
    ("getOrgOAuthMetadata", "/token_endpoint"),
    ("getOrgOAuthMetadata", "/authorization_endpoint"),
    ("getOAuthMetadata", "/introspection_endpoint"),
    ("getOAuthMetadata", "/revocation_endpoint"),
    ("getOpenIdConfiguration", "/userinfo_endpoint"),
];

/// Operation and a list that is never empty.
const LISTS: &[(&str, &str)] = &[
    ("getOrgOAuthMetadata", "/scopes_supported"),
    ("getOAuthMetadata", "/grant_types_supported"),
    ("getOAuthMetadata", "/code_challenge_methods_supported"),
    ("getOAuthMetadata", "/response_types_supported"),
    ("listRefreshTokensForAuthorizationServerAndClient", "/*/_embedded/scopes"),
    ("getRefreshTokenForAuthorizationServerAndClient", "/_embedded/scopes"),
];

/// Operations that show keys, and the private parts of a key there.
const PRIVATE: &[(&str, &[&str])] = &[
    ("getJwks", &["/keys/*/d", "/keys/*/p", "/keys/*/q", "/keys/*/dp", "/keys/*/dq", "/keys/*/qi"]),
    ("listAuthorizationServerKeys", &["/*/d", "/*/p", "/*/q", "/*/dp", "/*/dq", "/*/qi"]),
    ("rotateAuthorizationServerKeys", &["/*/d", "/*/p"]),
    ("getAuthorizationServerKey", &["/d", "/p", "/q", "/dp", "/dq", "/qi"]),
];

/// Operation, pointer, kind, word, what becomes of it, and that in words.
#[expect(clippy::too_many_lines, reason = "a table")]
fn members() -> Vec<(&'static str, &'static str, Kind, &'static str, Edit, &'static str)> {
    let mut all = vec![
        (
            "getOAuthMetadata",
            "/issuer",
            Kind::Value,
            "issuer",
            Edit::Swap("/oauth2/", "/oauth/"),
            "The issuer is another",
        ),
        (
            "getOpenIdConfiguration",
            "/issuer",
            Kind::Value,
            "issuer",
            Edit::Swap("/oauth2/", "/oauth/"),
            "The issuer is another",
        ),
        (
            "getOAuthMetadataRfc8414",
            "/issuer",
            Kind::Value,
            "issuer",
            Edit::Swap("/oauth2/", "/"),
            "The issuer is another",
        ),
        ("getOrgOAuthMetadata", "/issuer", Kind::Value, "issuer", Edit::Swap("//", "//id."), "The issuer is another"),
        (
            "getOAuthMetadata",
            "/token_endpoint",
            Kind::Value,
            "token-endpoint",
            Edit::Swap("/v1/", "/"),
            "The token endpoint is elsewhere",
        ),
        (
            "getOAuthMetadata",
            "/jwks_uri",
            Kind::Value,
            "jwks-uri",
            Edit::Swap("/v1/keys", "/v1/certs"),
            "jwks_uri leads elsewhere",
        ),
        (
            "getOAuthMetadata",
            "/scopes_supported",
            Kind::Items,
            "scopes-more",
            Edit::Append(json!("more")),
            "A scope is named that there is not",
        ),
        ("getOAuthMetadata", "/scopes_supported", Kind::Items, "scopes-none", Edit::Empty, "No scope is named"),
        (
            "rotateAuthorizationServerKeys",
            "/1/status",
            Kind::Value,
            "former-status",
            Edit::Set(json!("ACTIVE")),
            "The former key is still ACTIVE",
        ),
        ("getJwks", "/keys/0", Kind::Items, "no-active", Edit::Remove, "The key that signs is not there"),
        ("getJwks", "/keys", Kind::Items, "none", Edit::Empty, "There is no key"),
        ("getJwks", "/keys/*/kid", Kind::Missing, "kid", Edit::Remove, "Keys have no kid"),
        ("getJwks", "/keys/*/n", Kind::Missing, "n", Edit::Remove, "Keys have no modulus"),
        ("getJwks", "/keys/*/use", Kind::Value, "use", Edit::Set(json!("enc")), "Keys are for encryption"),
        ("getJwks", "/keys/*/alg", Kind::Value, "alg", Edit::Set(json!("HS256")), "Keys are for another algorithm"),
        (
            "listRefreshTokensForAuthorizationServerAndClient",
            "/*/_embedded/scopes/*/id",
            Kind::Mistyped,
            "scope-id",
            Edit::Mistype,
            "Embedded scopes have an ID of another type",
        ),
        (
            "listRefreshTokensForAuthorizationServerAndClient",
            "/*/_embedded/scopes/*/name",
            Kind::Mistyped,
            "scope-name",
            Edit::Mistype,
            "Embedded scopes have a name of another type",
        ),
        (
            "listOAuth2ClientsForAuthorizationServer",
            "/*/client_id",
            Kind::Mistyped,
            "client-id",
            Edit::Mistype,
            "Clients have an ID of another type",
        ),
        (
            "listOAuth2ClientsForAuthorizationServer",
            "/*/client_id",
            Kind::Value,
            "client-id",
            Edit::Set(json!("")),
            "Clients have an empty ID",
        ),
        (
            "listOAuth2ClientsForAuthorizationServer",
            "/*/client_name",
            Kind::Mistyped,
            "client-name",
            Edit::Mistype,
            "Clients have a name of another type",
        ),
        (
            "listOAuth2ClientsForAuthorizationServer",
            "/*/_links/tokens/href",
            Kind::Link,
            "tokens-path",
            Edit::Swap("/tokens", "/token"),
            "The link tokens leads elsewhere",
        ),
        ("getJwks", "/keys", Kind::Missing, "keys", Edit::Remove, "There is no list of keys"),
        (
            "getAuthorizationServer",
            "/credentials/signing/use",
            Kind::Extra,
            "use",
            Edit::Put(json!("sig")),
            "The answer has credentials.signing.use",
        ),
        (
            "listAssociatedServersByTrustedType",
            "/*/_links",
            Kind::Value,
            "links",
            Edit::Set(json!({})),
            "Associated servers have links",
        ),
        (
            "createAssociatedServers",
            "/*/_links",
            Kind::Value,
            "links",
            Edit::Set(json!({})),
            "Associated servers have links",
        ),
    ];
    for (operation, pointers) in PRIVATE {
        for pointer in *pointers {
            let title = "A key has a private part";
            all.push((operation, pointer, Kind::Extra, pointer, Edit::Put(json!("AQAB")), title));
        }
    }
    for name in [
        "/issuer",
        "/authorization_endpoint",
        "/token_endpoint",
        "/jwks_uri",
        "/response_types_supported",
        "/scopes_supported",
    ] {
        all.push(("getOAuthMetadata", name, Kind::Missing, name, Edit::Remove, "The member is not there"));
        all.push(("getOpenIdConfiguration", name, Kind::Missing, name, Edit::Remove, "The member is not there"));
    }
    for name in ["/subject_types_supported", "/id_token_signing_alg_values_supported"] {
        all.push(("getOpenIdConfiguration", name, Kind::Missing, name, Edit::Remove, "The member is not there"));
    }
    all
}
