//! The org's token endpoint, and the tokens it gives.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use okta_mock::{Settings, State};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    Org, Reply, SERVERS,
    prover::{self, Prover, jti},
    settings, text,
};

const MANAGE: &str = "okta.authorizationServers.manage";
const READ: &str = "okta.authorizationServers.read";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The mock's own first key for orgs with a seed: any RSA key will do.
const RSA: &[u8] = include_bytes!("../../src/keys/built-in/0.der");

struct Keys {
    rsa: EncodingKey,
    ec: EncodingKey,
}

fn keys() -> Keys {
    let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
    Keys { rsa: EncodingKey::from_rsa_der(RSA), ec: EncodingKey::from_ec_der(ec.as_ref()) }
}

fn jwk(key: &EncodingKey, algorithm: Algorithm, kid: &str) -> Jwk {
    let mut jwk = Jwk::from_encoding_key(key, algorithm).expect("a public key");
    jwk.common.key_id = Some(kid.to_owned());
    jwk
}

async fn org(keys: &Keys) -> Org {
    org_whose_app_is_bound(keys, false).await
}

async fn org_whose_app_is_bound(keys: &Keys, bound: bool) -> Org {
    let state = json!({"serviceApps": [
        {"clientId": "0oaSecret", "clientSecret": "s:e c+r%t", "scopes": [READ, MANAGE]},
        {"clientId": "0oaKey", "scopes": [READ], "dpopBoundAccessTokens": bound, "jwks": {"keys": [
            jwk(&keys.rsa, Algorithm::RS256, "r"), jwk(&keys.ec, Algorithm::ES256, "e"),
        ]}},
        {"clientId": "0oaTwin", "scopes": [READ], "jwks": {"keys": [jwk(&keys.rsa, Algorithm::RS256, "r")]}},
    ]});
    let state: State = serde_json::from_value(state).expect("a state");
    Org::with(Settings { state: Some(state), seed: Some(9), ..settings() }).await
}

fn request(org: &Org, form: &[(&str, &str)]) -> RequestBuilder {
    org.request(Method::POST, "/oauth2/v1/token").form(form)
}

async fn ask(org: &Org, form: &[(&str, &str)]) -> Reply {
    org.send(request(org, form)).await
}

fn by_secret(scope: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("client_id", "0oaSecret"),
        ("client_secret", "s:e c+r%t"),
        ("scope", scope),
    ]
}

fn refused(reply: &Reply, status: u16, error: &str) {
    assert_eq!(reply.status, status, "{}", reply.text);
    let body = reply.json();
    let members: Vec<_> = body.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["error", "error_description"]);
    assert_eq!(body["error"], error, "{body}");
    assert_eq!(reply.headers.contains_key("www-authenticate"), status == 401);
    assert_eq!(reply.header("cache-control"), "no-cache, no-store");
}

/// An assertion as the endpoint wants it, with one claim changed.
fn assertion(org: &Org, key: &EncodingKey, head: &Header, claim: &str, value: Value) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut claims = json!({"iss": "0oaKey", "sub": "0oaKey", "aud": format!("{}/oauth2/v1/token", org.mock.url()),
        "iat": now, "exp": now + 300, "jti": jti()});
    claims[claim] = value;
    jsonwebtoken::encode(head, &claims, key).expect("a signed assertion")
}

async fn by_assertion(org: &Org, assertion: &str) -> Reply {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION),
        ("client_assertion", assertion),
        ("scope", READ),
    ];
    ask(org, &form).await
}

fn head(algorithm: Algorithm, kid: Option<&str>) -> Header {
    Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) }
}

#[tokio::test]
async fn a_token_opens_what_its_scopes_say() {
    let org = org(&keys()).await;
    let reply = ask(&org, &by_secret(READ)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let issued = reply.json();
    let members: Vec<_> = issued.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["token_type", "expires_in", "access_token", "scope"]);
    assert_eq!(
        (&issued["token_type"], &issued["expires_in"], &issued["scope"]),
        (&json!("Bearer"), &json!(3600), &json!(READ))
    );
    let reader = format!("Bearer {}", text(&issued, "access_token"));
    assert_eq!(org.ask(Method::GET, SERVERS, &reader).await.status, 200);
    org.ask(Method::DELETE, &format!("{SERVERS}/default"), &reader).await.refused(403, "E0000006");
    let both = ask(&org, &by_secret(&format!("{READ} {MANAGE}"))).await.json();
    assert_eq!(both["scope"], format!("{MANAGE} {READ}"));
    let manager = format!("Bearer {}", text(&both, "access_token"));
    let create = org.request(Method::POST, SERVERS).header("Authorization", manager);
    let reply = org.send(create.json(&json!({"name": "n", "audiences": ["a"]}))).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    // It is no API token.
    let wrong = reader.replace("Bearer", "SSWS");
    org.ask(Method::GET, SERVERS, &wrong).await.refused(401, "E0000011");
}

#[tokio::test]
async fn tokens_expire_by_the_clock_of_the_mock() {
    let org = org(&keys()).await;
    let token = ask(&org, &by_secret(READ)).await.json();
    let reader = format!("Bearer {}", text(&token, "access_token"));
    // A clock with a seed jumps to the end of a rate limit window that was used up: a minute each time.
    let minute = async || {
        for status in [200, 200, 429] {
            assert_eq!(org.ask(Method::GET, SERVERS, "SSWS frugal").await.status, status);
        }
    };
    for _ in 0..59 {
        minute().await;
    }
    assert_eq!(org.ask(Method::GET, SERVERS, &reader).await.status, 200);
    minute().await;
    org.ask(Method::GET, SERVERS, &reader).await.refused(401, "E0000011");
}

#[tokio::test]
async fn secrets_may_come_in_the_header() {
    let org = org(&keys()).await;
    let form = [("grant_type", "client_credentials"), ("scope", READ)];
    // RFC 6749 has both parts form-encoded, so that a colon in a secret is no trouble.
    let reply = org.send(request(&org, &form).basic_auth("0oaSecret", Some("s%3Ae+c%2Br%25t"))).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    for (id, secret) in [("0oaSecret", "wrong"), ("0oaNobody", "s%3Ae+c%2Br%25t"), ("0oaKey", "")] {
        refused(&org.send(request(&org, &form).basic_auth(id, Some(secret))).await, 401, "invalid_client");
    }
    for header in ["Basic", "Basic !!", "Basic dGV4dA==", "Bearer x", "SSWS admin"] {
        refused(&org.send(request(&org, &form).header("Authorization", header)).await, 401, "invalid_client");
    }
    let twice = request(&org, &by_secret(READ)).basic_auth("0oaSecret", Some("s%3Ae+c%2Br%25t"));
    refused(&org.send(twice).await, 400, "invalid_request");
}

#[tokio::test]
async fn assertions_signed_by_a_key_of_the_app_are_good() {
    let keys = keys();
    let org = org(&keys).await;
    for (key, algorithm, kid) in [
        (&keys.rsa, Algorithm::RS256, Some("r")),
        (&keys.rsa, Algorithm::RS256, None),
        (&keys.ec, Algorithm::ES256, Some("e")),
    ] {
        let assertion = assertion(&org, key, &head(algorithm, kid), "iat", json!(1));
        let reply = by_assertion(&org, &assertion).await;
        assert_eq!(reply.status, 200, "{algorithm:?} {kid:?}: {}", reply.text);
        let reader = format!("Bearer {}", text(&reply.json(), "access_token"));
        assert_eq!(org.ask(Method::GET, SERVERS, &reader).await.status, 200);
    }
}

#[tokio::test]
async fn assertions_that_prove_nothing_are_refused() {
    let keys = keys();
    let org = org(&keys).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let rsa = head(Algorithm::RS256, Some("r"));
    for (claim, value) in [
        ("iss", json!("0oaSecret")),
        ("sub", json!("0oaSecret")),
        ("sub", json!(null)),
        ("aud", json!("https://other.example/oauth2/v1/token")),
        ("aud", json!(null)),
        ("exp", json!(now - 1)),
        ("exp", json!(now + 7_200)),
        ("exp", json!(null)),
        ("nbf", json!(now + 600)),
    ] {
        let assertion = assertion(&org, &keys.rsa, &rsa, claim, value.clone());
        refused(&by_assertion(&org, &assertion).await, 401, "invalid_client");
    }
    let stranger = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
    let stranger = EncodingKey::from_ec_der(stranger.as_ref());
    for (key, head) in [
        (&stranger, head(Algorithm::ES256, Some("e"))),
        (&keys.ec, head(Algorithm::ES256, Some("r"))),
        (&keys.rsa, head(Algorithm::RS384, Some("r"))),
        (&keys.rsa, head(Algorithm::RS256, Some("unknown"))),
    ] {
        let assertion = assertion(&org, key, &head, "jti", json!("x"));
        refused(&by_assertion(&org, &assertion).await, 401, "invalid_client");
    }
    let good = assertion(&org, &keys.rsa, &rsa, "jti", json!("x"));
    let (signed, _) = good.rsplit_once('.').expect("a signature");
    for text in [&format!("{signed}."), signed, "x", "..", "e30.e30.e30", "eyJhbGciOiJub25lIn0.e30."] {
        refused(&by_assertion(&org, text).await, 401, "invalid_client");
    }
    let form = [("grant_type", "client_credentials"), ("client_assertion", good.as_str()), ("scope", READ)];
    refused(&ask(&org, &form).await, 400, "invalid_request");
}

#[tokio::test]
async fn what_is_not_granted_is_refused_by_the_book() {
    let org = org(&keys()).await;
    let with = |name: &str, value: &'static str| {
        let mut form = by_secret(READ);
        for pair in &mut form {
            if pair.0 == name {
                pair.1 = value;
            }
        }
        form
    };
    refused(&ask(&org, &with("grant_type", "password")).await, 400, "unsupported_grant_type");
    refused(&ask(&org, &with("grant_type", "")).await, 400, "invalid_request");
    refused(&ask(&org, &with("scope", "")).await, 400, "invalid_scope");
    refused(&ask(&org, &with("scope", "okta.users.read")).await, 400, "invalid_scope");
    refused(&ask(&org, &with("scope", "okta.authorizationServers.read okta.users.read")).await, 400, "invalid_scope");
    refused(&ask(&org, &with("client_secret", "s")).await, 401, "invalid_client");
    refused(&ask(&org, &with("client_id", "0oaKey")).await, 401, "invalid_client");
    refused(&ask(&org, &[("grant_type", "client_credentials")]).await, 401, "invalid_client");
    let mut twice = by_secret(READ);
    twice.push(("scope", MANAGE));
    refused(&ask(&org, &twice).await, 400, "invalid_request");
    let json = org.request(Method::POST, "/oauth2/v1/token").json(&json!({"grant_type": "client_credentials"}));
    refused(&org.send(json).await, 400, "invalid_request");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    for body in [&b"grant_type=%zz"[..], b"\xff=\xff"] {
        let request = org.request(Method::POST, "/oauth2/v1/token").header(form.0, form.1).body(body.to_vec());
        refused(&org.send(request).await, 400, "invalid_request");
    }
    org.get("/oauth2/v1/token").await.refused(405, "E0000022");
}

#[tokio::test]
async fn an_assertion_with_a_name_is_good_once() {
    let keys = keys();
    let org = org(&keys).await;
    let head = head(Algorithm::RS256, Some("r"));
    let once = assertion(&org, &keys.rsa, &head, "jti", json!("once"));
    assert_eq!(by_assertion(&org, &once).await.status, 200);
    refused(&by_assertion(&org, &once).await, 401, "invalid_client");
    // It is the name that was used, not the text.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut claims = json!({"iss": "0oaKey", "sub": "0oaKey", "aud": format!("{}/oauth2/v1/token", org.mock.url()),
        "exp": now + 60, "jti": "once"});
    let again = jsonwebtoken::encode(&head, &claims, &keys.rsa).expect("a signed assertion");
    refused(&by_assertion(&org, &again).await, 401, "invalid_client");
    // Names are the client's own.
    (claims["iss"], claims["sub"]) = (json!("0oaTwin"), json!("0oaTwin"));
    let twin = jsonwebtoken::encode(&head, &claims, &keys.rsa).expect("a signed assertion");
    assert_eq!(by_assertion(&org, &twin).await.status, 200);
    let nameless = assertion(&org, &keys.rsa, &head, "jti", json!(null));
    for _ in 0..2 {
        assert_eq!(by_assertion(&org, &nameless).await.status, 200);
    }
    let number = assertion(&org, &keys.rsa, &head, "jti", json!(1));
    refused(&by_assertion(&org, &number).await, 401, "invalid_client");
}

#[tokio::test]
async fn a_challenge_for_a_nonce_does_not_use_an_assertion_up() {
    let keys = keys();
    let (org, prover) = (org_whose_app_is_bound(&keys, true).await, Prover::new());
    let assertion = assertion(&org, &keys.rsa, &head(Algorithm::RS256, Some("r")), "jti", json!("once"));
    let ask = async |proof: String| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", assertion.as_str()),
            ("scope", READ),
        ];
        org.send(request(&org, &form).header("DPoP", proof)).await
    };
    let challenge = ask(prover.for_token(&org, None)).await;
    refused(&challenge, 400, "use_dpop_nonce");
    let nonce = challenge.header("dpop-nonce");
    let issued = ask(prover.for_token(&org, Some(nonce))).await;
    assert_eq!((issued.status, text(&issued.json(), "token_type")), (200, "DPoP"));
    refused(&ask(prover.for_token(&org, Some(nonce))).await, 401, "invalid_client");
}

#[tokio::test]
async fn an_assertion_is_for_the_host_that_is_asked() {
    let keys = keys();
    let org = org(&keys).await;
    let head = head(Algorithm::RS256, Some("r"));
    for (audience, status) in [
        (json!("http://org.example/oauth2/v1/token"), 200),
        (json!(["x", "http://org.example/oauth2/v1/token"]), 200),
        (json!("http://org.example"), 401),
        (json!("https://org.example/oauth2/v1/token"), 401),
        (json!("http://org.example/oauth2/default/v1/token"), 401),
        (json!(format!("{}/oauth2/v1/token", org.mock.url())), 401),
    ] {
        let assertion = assertion(&org, &keys.rsa, &head, "aud", audience.clone());
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", assertion.as_str()),
            ("scope", READ),
        ];
        let reply = org.send(request(&org, &form).header("Host", "org.example")).await;
        assert_eq!(reply.status, status, "{audience}: {}", reply.text);
    }
}

#[tokio::test]
async fn the_endpoint_has_a_budget_of_its_own() {
    let org = prover::org(|old| Settings { rate_limit: 2, ..old }).await;
    let budget = |reply: &Reply| {
        let number = |name: &str| reply.header(name).parse::<i64>().expect("a number");
        (reply.status, number("x-rate-limit-limit"), number("x-rate-limit-remaining"))
    };
    assert_eq!(budget(&prover::ask_token(&org, "0oaFree", &[]).await), (200, 2, 1));
    assert_eq!(budget(&org.get(SERVERS).await), (200, 2, 1));
    assert_eq!(budget(&org.get("/api/v1/users").await), (501, 2, 1));
    assert_eq!(budget(&prover::ask_token(&org, "0oaNobody", &[]).await), (401, 2, 0));
    let reply = prover::ask_token(&org, "0oaFree", &[]).await;
    reply.refused(429, "E0000047");
    assert_eq!(budget(&reply), (429, 2, 0));
    assert_eq!(prover::ask_token(&org, "0oaFree", &[]).await.status, 200);
    assert_eq!(org.get("/oauth2/v1/unknown").await.header("x-rate-limit-limit"), "");
}
