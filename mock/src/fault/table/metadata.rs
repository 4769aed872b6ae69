//! What a server publishes, and secrets that it must not.

use serde_json::json;

use super::{CLIENTS, Change, Edit, Fault, Kind, ROTATE, SERVER, TOKEN, TOKENS, fault, last, member, on};

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
    for (operation, at, item) in MORE {
        let title = format!("{} has {item} too", last(at));
        let word = format!("{at}-with-{}", item.rsplit([':', ' ']).next().unwrap_or_default());
        all.push(fault(operation, Kind::Items, &word, last(at), title, member(*at, Edit::Append(json!(item)))));
    }
    for (operation, at) in [
        ("getOAuthMetadata", "/token_endpoint"),
        ("getOAuthMetadata", "/introspection_endpoint"),
        ("getOAuthMetadata", "/revocation_endpoint"),
        ("getOpenIdConfiguration", "/token_endpoint"),
    ] {
        let title = format!("{} is at another host", last(at));
        let elsewhere = member(at, Edit::Swap("http://", "http://other."));
        let subject = format!("{}|origin", last(at));
        all.push(fault(operation, Kind::Value, &format!("{at}-elsewhere"), subject, title, elsewhere));
    }
    let title = "The error for a client that is not known has no code";
    let effect = on(401, Change::Member("/error".to_owned(), Edit::Remove));
    all.push(fault("mintOrgToken", Kind::ErrorForm, "no-error-on-401", "error", title, effect));
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
    ("getOpenIdConfiguration", "/response_modes_supported"),
    ("getOpenIdConfiguration", "/grant_types_supported"),
    ("getOpenIdConfiguration", "/claims_supported"),
    ("getOpenIdConfiguration", "/code_challenge_methods_supported"),
    ("getOpenIdConfiguration", "/token_endpoint_auth_methods_supported"),
    ("getOpenIdConfiguration", "/introspection_endpoint_auth_methods_supported"),
    ("getOpenIdConfiguration", "/revocation_endpoint_auth_methods_supported"),
    ("getOpenIdConfiguration", "/request_object_signing_alg_values_supported"),
    ("getOpenIdConfiguration", "/subject_types_supported"),
    ("getOpenIdConfiguration", "/id_token_signing_alg_values_supported"),
    ("getOpenIdConfiguration", "/response_types_supported"),
    (TOKENS, "/*/_embedded/scopes"),
    (TOKEN, "/_embedded/scopes"),
];

/// Operation, a list, and what is not in it.
const MORE: &[(&str, &str, &str)] = &[
    ("getOpenIdConfiguration", "/response_types_supported", "token"),
    ("getOpenIdConfiguration", "/grant_types_supported", "client_credentials"),
    ("getOpenIdConfiguration", "/grant_types_supported", "urn:ietf:params:oauth:grant-type:token-exchange"),
    ("getOpenIdConfiguration", "/claims_supported", "conformance"),
];

/// Operations that show keys, and the private parts of a key there.
const PRIVATE: &[(&str, &[&str])] = &[
    ("getJwks", &["/keys/*/d", "/keys/*/p", "/keys/*/q", "/keys/*/dp", "/keys/*/dq", "/keys/*/qi"]),
    ("listAuthorizationServerKeys", &["/*/d", "/*/p", "/*/q", "/*/dp", "/*/dq", "/*/qi"]),
    ("rotateAuthorizationServerKeys", &["/*/d", "/*/p"]),
    ("getAuthorizationServerKey", &["/d", "/p", "/q", "/dp", "/dq", "/qi"]),
];

/// Operation, pointer, kind, word, what becomes of it, and that in words.
type Row = (&'static str, &'static str, Kind, &'static str, Edit, &'static str);

fn members() -> Vec<Row> {
    const ISSUER: &str = "The issuer is another";
    const LINKS: &str = "Associated servers have links";
    let (oauth, openid) = ("getOAuthMetadata", "getOpenIdConfiguration");
    let (clients, tokens) = (CLIENTS, TOKENS);
    let swap = Edit::Swap;
    let set = |text: &str| Edit::Set(json!(text));
    let mut all = vec![
        (oauth, "/issuer", Kind::Value, "issuer", swap("/oauth2/", "/oauth/"), ISSUER),
        (openid, "/issuer", Kind::Value, "issuer", swap("/oauth2/", "/oauth/"), ISSUER),
        ("getOAuthMetadataRfc8414", "/issuer", Kind::Value, "issuer", swap("/oauth2/", "/"), ISSUER),
        ("getOrgOAuthMetadata", "/issuer", Kind::Value, "issuer", swap("//", "//id."), ISSUER),
        (oauth, "/token_endpoint", Kind::Value, "token-endpoint", swap("/v1/", "/"), "The token endpoint is elsewhere"),
        (oauth, "/jwks_uri", Kind::Value, "jwks-uri", swap("/v1/keys", "/v1/certs"), "jwks_uri leads elsewhere"),
        (oauth, "/scopes_supported", Kind::Items, "scopes-more", Edit::Append(json!("more")), MORE_SCOPES),
        (oauth, "/scopes_supported", Kind::Items, "scopes-none", Edit::Empty, "No scope is named"),
        (ROTATE, "/1/status", Kind::Value, "former-status", set("ACTIVE"), "The former key is still ACTIVE"),
        ("getJwks", "/keys/0", Kind::Items, "no-active", Edit::Remove, "The key that signs is not there"),
        ("getJwks", "/keys", Kind::Items, "none", Edit::Empty, "There is no key"),
        ("getJwks", "/keys/*/kid", Kind::Missing, "kid", Edit::Remove, "Keys have no kid"),
        ("getJwks", "/keys/*/n", Kind::Missing, "n", Edit::Remove, "Keys have no modulus"),
        ("getJwks", "/keys/*/use", Kind::Value, "use", set("enc"), "Keys are for encryption"),
        ("getJwks", "/keys/*/alg", Kind::Value, "alg", set("HS256"), "Keys are for another algorithm"),
        (tokens, SCOPE_ID, Kind::Mistyped, "scope-id", Edit::Mistype, "Embedded scopes have an ID of another type"),
        (
            tokens,
            SCOPE_NAME,
            Kind::Mistyped,
            "scope-name",
            Edit::Mistype,
            "Embedded scopes have a name of another type",
        ),
        (clients, "/*/client_id", Kind::Mistyped, "client-id", Edit::Mistype, "Clients have an ID of another type"),
        (clients, "/*/client_id", Kind::Value, "client-id", set(""), "Clients have an empty ID"),
        (
            clients,
            "/*/client_name",
            Kind::Mistyped,
            "client-name",
            Edit::Mistype,
            "Clients have a name of another type",
        ),
        (clients, TOKENS_LINK, Kind::Link, "tokens-path", swap("/tokens", "/token"), "The link tokens leads elsewhere"),
        ("getJwks", "/keys", Kind::Missing, "keys", Edit::Remove, "There is no list of keys"),
        (SERVER, SIGNING_USE, Kind::Extra, "use", Edit::Put(json!("sig")), "The answer has credentials.signing.use"),
        ("listAssociatedServersByTrustedType", "/*/_links", Kind::Value, "links", Edit::Set(json!({})), LINKS),
        ("createAssociatedServers", "/*/_links", Kind::Value, "links", Edit::Set(json!({})), LINKS),
    ];
    for (operation, pointers) in PRIVATE {
        for pointer in *pointers {
            all.push((operation, pointer, Kind::Extra, pointer, Edit::Put(json!("AQAB")), "A key has a private part"));
        }
    }
    let missing = |operation, name| (operation, name, Kind::Missing, name, Edit::Remove, "The member is not there");
    for name in NEEDED {
        all.extend([missing(oauth, *name), missing(openid, *name)]);
    }
    all.extend(
        ["/subject_types_supported", "/id_token_signing_alg_values_supported"].map(|name| missing(openid, name)),
    );
    all
}

const MORE_SCOPES: &str = "A scope is named that there is not";
const SCOPE_ID: &str = "/*/_embedded/scopes/*/id";
const SCOPE_NAME: &str = "/*/_embedded/scopes/*/name";
const TOKENS_LINK: &str = "/*/_links/tokens/href";
const SIGNING_USE: &str = "/credentials/signing/use";

/// What both documents of a server have.
const NEEDED: &[&str] = &[
    "/issuer",
    "/authorization_endpoint",
    "/token_endpoint",
    "/jwks_uri",
    "/response_types_supported",
    "/scopes_supported",
];
