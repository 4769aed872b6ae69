//! Tokens of a server: what they say, and who signs them. Owns how tests of tokens make an org, ask it, and read a token.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use okta_mock::{Settings, State};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    Org, Reply, SERVERS, members,
    prover::{Prover, jti, now},
    settings, text,
};

/// A server for everybody, apps of each kind, and two users.
const STATE: &str = include_str!("issuing.yaml");
pub(crate) const TOKEN: &str = "/oauth2/ausApi/v1/token";
pub(crate) const SECRET: &str = "a secret of at least 32 characters";

/// An org with [`STATE`].
pub(crate) async fn org() -> Org {
    org_with(|settings| settings).await
}

pub(crate) async fn org_with(change: impl FnOnce(Settings) -> Settings) -> Org {
    let state = State::from_yaml(STATE).expect("a state");
    Org::with(change(Settings { state: Some(state), built_in_keys: true, ..settings() })).await
}

/// A form that a client with a secret sends.
pub(crate) fn by(org: &Org, client: &str, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
    org.request(Method::POST, path).basic_auth(client, Some(SECRET)).form(form)
}

pub(crate) async fn ask(org: &Org, client: &str, form: &[(&str, &str)]) -> Reply {
    org.send(by(org, client, TOKEN, form)).await
}

/// Asks for a token of the client alone.
pub(crate) async fn alone(org: &Org, client: &str, scope: &str) -> Reply {
    ask(org, client, &[("grant_type", "client_credentials"), ("scope", scope)]).await
}

pub(crate) fn refused(reply: &Reply, status: u16, error: &str, description: &str) {
    assert_eq!(reply.status, status, "{}", reply.text);
    let body = reply.json();
    assert_eq!(members(&body), ["error", "error_description"]);
    assert_eq!((text(&body, "error"), text(&body, "error_description")), (error, description));
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-cache, no-store", "no-cache"));
    assert!(reply.headers.contains_key("x-rate-limit-limit") && !reply.headers.contains_key("x-robots-tag"));
    assert!(!reply.headers.contains_key("www-authenticate"));
}

/// A part of a token, unverified.
pub(crate) fn part(token: &str, place: usize) -> Value {
    let part = token.split('.').nth(place).expect("a part");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

/// The claims of a token that one of the server's published keys signed.
pub(crate) async fn verified(org: &Org, server: &str, token: &str) -> Value {
    let keys = org.get(&format!("/oauth2/{server}/v1/keys")).await.json();
    let kid = part(token, 0)["kid"].clone();
    let key = keys["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == kid).expect("the key").clone();
    let key = DecodingKey::from_jwk(&serde_json::from_value(key).expect("a key")).expect("a public key");
    let mut rules = Validation::new(Algorithm::RS256);
    (rules.validate_aud, rules.validate_exp) = (false, false);
    jsonwebtoken::decode::<Value>(token, &key, &rules).expect("a good signature");
    part(token, 1)
}

/// The claims of the access token of an answer.
pub(crate) async fn claims(org: &Org, reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text);
    verified(org, "ausApi", text(&reply.json(), "access_token")).await
}

#[tokio::test]
async fn a_client_gets_a_token_of_its_own() {
    let org = org().await;
    let reply = alone(&org, "token-client", "write read").await;
    let issued = reply.json();
    assert_eq!(members(&issued), ["token_type", "expires_in", "access_token", "scope"]);
    assert_eq!(
        (&issued["token_type"], &issued["expires_in"], &issued["scope"]),
        (&json!("Bearer"), &json!(600), &json!("read write"))
    );
    for (name, value) in [
        ("content-type", "application/json"),
        ("cache-control", "no-cache, no-store"),
        ("pragma", "no-cache"),
        ("expires", "0"),
        ("x-robots-tag", "noindex,nofollow"),
        ("x-rate-limit-limit", "10000"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    let token = text(&issued, "access_token");
    let head = part(token, 0);
    assert_eq!((members(&head), &head["alg"]), (vec!["kid", "alg"], &json!("RS256")));
    let server = org.get(&format!("{SERVERS}/ausApi")).await.json();
    assert_eq!(head["kid"], server["credentials"]["signing"]["kid"]);
    let claims = verified(&org, "ausApi", token).await;
    assert_eq!(members(&claims), ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "scp", "sub"]);
    assert_eq!((&claims["ver"], &claims["iss"], &claims["aud"]), (&json!(1), &server["issuer"], &json!("api://api")));
    assert_eq!((&claims["cid"], &claims["sub"]), (&json!("token-client"), &json!("token-client")));
    assert_eq!(claims["scp"], json!(["read", "write"]));
    let jti = text(&claims, "jti");
    assert!(jti.len() == 46 && jti.starts_with("AT."), "{jti}");
    assert_eq!(claims["exp"].as_i64().expect("exp") - claims["iat"].as_i64().expect("iat"), 600);
}

#[tokio::test]
async fn the_default_server_goes_by_both_names() {
    let org = org().await;
    let id = org.get(&format!("{SERVERS}/default")).await.json();
    for name in ["default", text(&id, "id")] {
        let form = [("grant_type", "client_credentials"), ("scope", "custom")];
        let reply = org.send(by(&org, "token-client", &format!("/oauth2/{name}/v1/token"), &form)).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let claims = verified(&org, "default", text(&reply.json(), "access_token")).await;
        assert_eq!(claims["iss"], format!("{}/oauth2/default", org.mock.url()));
    }
}

#[tokio::test]
async fn a_token_is_bound_to_a_key_where_the_client_wants_it() {
    let (org, prover) = (org().await, Prover::new());
    let url = format!("{}{TOKEN}", org.mock.url());
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    let ask = async |nonce: Option<&str>| {
        let draft = prover.draft("POST", &url);
        let draft = match nonce {
            Some(nonce) => draft.with("nonce", json!(nonce)),
            None => draft,
        };
        org.send(by(&org, "dpop-client", TOKEN, &form).header("DPoP", prover.sign(&draft))).await
    };
    let bare = org.send(by(&org, "dpop-client", TOKEN, &form)).await;
    refused(&bare, 400, "invalid_dpop_proof", "The DPoP proof JWT header is missing.");
    let challenge = ask(None).await;
    refused(&challenge, 400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.");
    let reply = ask(Some(challenge.header("dpop-nonce"))).await;
    assert_eq!((reply.status, text(&reply.json(), "token_type")), (200, "DPoP"));
    let claims = claims(&org, &reply).await;
    assert_eq!(members(&claims), ["ver", "jti", "iss", "aud", "iat", "exp", "cnf", "cid", "scp", "sub"]);
    assert_eq!(members(&claims["cnf"]), ["jkt"]);
}

#[tokio::test]
async fn a_rotation_changes_the_key_and_old_tokens_verify_on() {
    let org = org().await;
    let before = text(&alone(&org, "token-client", "read").await.json(), "access_token").to_owned();
    let rotate = format!("{SERVERS}/ausApi/credentials/lifecycle/keyRotate");
    assert_eq!(org.post(&rotate, &json!({"use": "sig"})).await.status, 200);
    let after = text(&alone(&org, "token-client", "read").await.json(), "access_token").to_owned();
    assert_ne!(part(&before, 0)["kid"], part(&after, 0)["kid"]);
    for token in [before, after] {
        verified(&org, "ausApi", &token).await;
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_gives_nothing() {
    let org = org().await;
    assert_eq!(org.turn("ausApi", "deactivate").await.status, 204);
    for server in ["ausApi", "ausNone"] {
        let form = [("grant_type", "client_credentials"), ("scope", "read")];
        let reply = org.send(by(&org, "token-client", &format!("/oauth2/{server}/v1/token"), &form)).await;
        refused(&reply, 400, "invalid_request", "The authorization server id is invalid.");
    }
}

#[tokio::test]
async fn an_org_without_the_feature_has_no_endpoint() {
    let org = org_with(|settings| Settings { api_access_management: false, ..settings }).await;
    let reply = alone(&org, "token-client", "read").await;
    refused(&reply, 400, "access_denied", "The requested feature is not enabled in this environment.");
}

#[tokio::test]
async fn the_endpoints_of_all_servers_share_a_budget() {
    let org = org_with(|settings| Settings { rate_limit: 2, ..settings }).await;
    let remaining = |reply: &Reply| (reply.status, reply.header("x-rate-limit-remaining").to_owned());
    assert_eq!(remaining(&alone(&org, "token-client", "read").await), (200, "1".to_owned()));
    let elsewhere = org.send(by(&org, "token-client", "/oauth2/default/v1/introspect", &[("token", "x")])).await;
    assert_eq!(remaining(&elsewhere), (200, "0".to_owned()));
    alone(&org, "token-client", "read").await.refused(429, "E0000047");
    assert_eq!(remaining(&org.get("/oauth2/ausApi/v1/authorize").await), (400, "1".to_owned()));
    let keys = org.get("/oauth2/ausApi/v1/keys").await;
    assert_eq!(remaining(&keys), (200, String::new()));
}

#[tokio::test]
async fn equal_orgs_give_equal_tokens() {
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let org = org_with(|settings| Settings { seed: Some(1), ..settings }).await;
        let form = [("grant_type", "client_credentials"), ("scope", "read")];
        let reply = org.send(by(&org, "token-client", TOKEN, &form).header("Host", "org.example")).await;
        tokens.push(text(&reply.json(), "access_token").to_owned());
    }
    assert_eq!(tokens[0], tokens[1]);
}

/// An assertion of a client for an endpoint, by a shared secret.
pub(crate) fn assertion(org: &Org, client: &str, path: &str) -> Value {
    json!({"iss": client, "sub": client, "aud": format!("{}{path}", org.mock.url()), "iat": now(), "exp": now() + 300, "jti": jti()})
}
