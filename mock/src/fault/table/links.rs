//! Links in bodies, and other URLs there: of another host, of another path, with other methods, of no use.

use serde_json::json;

use super::{Edit, Fault, Kind, POLICY, SERVER, TOKEN, fault, last, member};

pub(super) fn add(all: &mut Vec<Fault>) {
    for (operation, pointer) in LINKS {
        let name = last(pointer);
        let title = format!("The link {name} leads to another host");
        elsewhere(all, operation, pointer, &format!("{pointer}/href"), title);
        let title = format!("The link {name} allows only PATCH");
        let methods = member(format!("{pointer}/hints/allow"), Edit::Set(json!(["PATCH"])));
        all.push(fault(operation, Kind::Link, &format!("{pointer}-methods"), "PATCH", title, methods));
    }
    for (operation, pointer) in URLS {
        elsewhere(all, operation, pointer, pointer, format!("{} leads to another host", last(pointer)));
    }
    for name in ["self", "app", "client", "user", "authorizationServer"] {
        let title = format!("The link {name} of a refresh token is no URL");
        let pointer = format!("/_links/{name}/href");
        let word = format!("{pointer}-form");
        let path = member(pointer, Edit::Set(json!("api v1")));
        all.push(fault(TOKEN, Kind::Link, &word, name, title, path));
    }
    for (operation, pointer, word, from, to) in PATHS {
        let title = match last(pointer) {
            "self" => "The self link leads elsewhere".to_owned(),
            name => format!("The link {name} leads elsewhere"),
        };
        let swapped = member(format!("{pointer}/href"), Edit::Swap(from, to));
        all.push(fault(operation, Kind::Link, word, last(pointer), title, swapped));
    }
    for (operation, pointer, word, methods, title) in METHODS {
        let methods = member(format!("{pointer}/hints/allow"), Edit::Set(json!(methods)));
        all.push(fault(operation, Kind::Link, word, last(pointer), *title, methods));
    }
    let activate = json!({"href": "http://127.0.0.1/", "hints": {"allow": ["POST"]}});
    for (pointer, word, subject, edit, title) in [
        ("/_links/self/hints", "no-hints", "self", Edit::Remove, "A link has no hints"),
        ("/_links/self/href", "no-href", "self", Edit::Remove, "A link has no href"),
        ("/_links/metadata", "metadata-order", "metadata", Edit::Reverse, "OpenID Connect comes first"),
        ("/_links/activate", "both", "activate", Edit::Put(activate), "There are activate and deactivate"),
    ] {
        all.push(fault(SERVER, Kind::Link, word, subject, title, member(pointer, edit)));
    }
}

/// The URL at `place` leads to another host.
fn elsewhere(all: &mut Vec<Fault>, operation: &'static str, pointer: &str, place: &str, title: String) {
    let swapped = member(place, Edit::Swap("//", "//elsewhere.example/"));
    all.push(fault(operation, Kind::Link, &format!("{pointer}-host"), "elsewhere.example|href", title, swapped));
}

/// Operation and a link in its answer.
const LINKS: &[(&str, &str)] = &[
    (SERVER, "/_links/self"),
    (SERVER, "/_links/scopes"),
    (SERVER, "/_links/claims"),
    (SERVER, "/_links/policies"),
    (SERVER, "/_links/keys"),
    (SERVER, "/_links/rotateKey"),
    (SERVER, "/_links/activate"),
    (SERVER, "/_links/deactivate"),
    (SERVER, "/_links/metadata/0"),
    (SERVER, "/_links/metadata/1"),
    ("getOAuth2Scope", "/_links/self"),
    ("getOAuth2Claim", "/_links/self"),
    (POLICY, "/_links/self"),
    (POLICY, "/_links/rules"),
    (POLICY, "/_links/activate"),
    (POLICY, "/_links/deactivate"),
    ("getAuthorizationServerPolicyRule", "/_links/self"),
    ("getAuthorizationServerPolicyRule", "/_links/activate"),
    ("getAuthorizationServerPolicyRule", "/_links/deactivate"),
    ("getAuthorizationServerKey", "/_links/self"),
    ("listAuthorizationServerKeys", "/*/_links/self"),
    (TOKEN, "/_links/revoke"),
];

/// Operation, and a URL in its answer that is no link with methods.
const URLS: &[(&str, &str)] = &[
    ("createAuthorizationServer", "/_links/self/href"),
    ("getOAuthMetadata", "/jwks_uri"),
    ("getOpenIdConfiguration", "/jwks_uri"),
    (SERVER, "/_links/resourceServerCredentialsKeys/href"),
];

/// Operation, a link in its answer, word, a part of the path and what stands for it.
const PATHS: &[(&str, &str, &str, &str, &str)] = &[
    ("listOAuth2Scopes", "/*/_links/self", "self-path", "/scopes/", "/scope/"),
    ("getOAuth2Claim", "/_links/self", "self-path", "/claims/", "/claim/"),
    ("getAuthorizationServerPolicyRule", "/_links/self", "self-path", "/rules/", "/rule/"),
    (SERVER, "/_links/keys", "keys-path", "/credentials", ""),
    (SERVER, "/_links/rotateKey", "rotate-path", "keyRotate", "rotate"),
    (TOKEN, "/_links/revoke", "revoke-path", "/tokens", "/token"),
];

/// Operation, a link in its answer, word, the methods that it is said to take, and that in words.
const METHODS: &[(&str, &str, &str, &[&str], &str)] = &[
    (SERVER, "/_links/scopes", "scopes-methods", &["GET"], "The link scopes takes GET alone, as documented"),
    (SERVER, "/_links/claims", "claims-methods", &["GET"], "The link claims takes GET alone, as documented"),
    (SERVER, "/_links/policies", "policies-methods", &["GET"], "The link policies takes GET alone, as documented"),
    (SERVER, "/_links/self", "self-methods", &["GET", "PUT"], "The self link does not take DELETE"),
    (POLICY, "/_links/rules", "rules-methods", &["GET", "POST"], "The link rules takes POST too"),
];
