//! `DPoP` at the token endpoint: the challenge, what a proof has to be, and what comes of it.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use okta_mock::Settings;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Org, Reply, SERVERS,
    prover::{self, Draft, Prover, TOKEN, ask_token, encoded, jti, now, wait},
    text,
};

/// The mock's own first key for orgs with a seed: any RSA key will do.
const RSA: &[u8] = include_bytes!("../../src/keys/built-in/0.der");

fn refused(reply: &Reply, error: &str) {
    assert_eq!(reply.status, 400, "{}", reply.text);
    let body = reply.json();
    assert_eq!(body["error"], error, "{body}");
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(2), "{body}");
    assert_eq!(reply.headers.contains_key("dpop-nonce"), error == "use_dpop_nonce");
}

#[tokio::test]
async fn an_app_that_has_to_prove_a_key_is_told_a_nonce_first() {
    let (org, prover) = (prover::org(|settings| settings).await, Prover::new());
    refused(&ask_token(&org, "0oaBound", &[]).await, "invalid_dpop_proof");
    let challenge = ask_token(&org, "0oaBound", &[&prover.for_token(&org, None)]).await;
    refused(&challenge, "use_dpop_nonce");
    assert_eq!(challenge.json()["error_description"], "Authorization server requires nonce in DPoP proof.");
    let nonce = challenge.header("dpop-nonce");
    assert_eq!(nonce.len(), 32);
    let wrong = ask_token(&org, "0oaBound", &[&prover.for_token(&org, Some("wrong"))]).await;
    refused(&wrong, "use_dpop_nonce");
    assert_eq!(wrong.header("dpop-nonce"), nonce);
    let reply = ask_token(&org, "0oaBound", &[&prover.for_token(&org, Some(nonce))]).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let issued = reply.json();
    assert_eq!((text(&issued, "token_type"), &issued["expires_in"]), ("DPoP", &json!(3600)));
    assert_eq!(text(&issued, "access_token").len(), 86);
}

#[tokio::test]
async fn what_an_app_proves_unasked_binds_nothing() {
    let (org, prover) = (prover::org(|settings| settings).await, Prover::new());
    // The vendor's own Node SDK sends a proof with every token request and uses the token as a bearer token.
    for proofs in [vec![], vec!["x".to_owned()], vec![prover.for_token(&org, None)]] {
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        let free = ask_token(&org, "0oaFree", &proofs).await.json();
        assert_eq!(free["token_type"], "Bearer");
        let bearer = format!("Bearer {}", text(&free, "access_token"));
        assert_eq!(org.ask(Method::GET, SERVERS, &bearer).await.status, 200);
    }
}

/// Ways to spoil a proof that is good but for them.
fn spoilt(good: &Draft, key: &Value) -> Vec<(&'static str, Draft)> {
    // Under a name of its own each, so that none is refused for one that was taken before it.
    let fresh = || good.clone().with("jti", json!(jti()));
    let with = |claim: &str, value: Value| fresh().with(claim, value);
    let headed = |member: &str, value: Value| fresh().headed(member, value);
    let keyed = |member: &str, value: Value| fresh().keyed(member, value);
    vec![
        ("typ of another token", headed("typ", json!("JWT"))),
        ("no typ", headed("typ", json!(null))),
        ("an algorithm with a shared key", headed("alg", json!("HS256"))),
        ("no algorithm", headed("alg", json!("none"))),
        ("an algorithm of another curve", headed("alg", json!("ES384"))),
        ("an algorithm for another kind of key", headed("alg", json!("RS256"))),
        ("a critical header", headed("crit", json!(["x"]))),
        ("no key", headed("jwk", json!(null))),
        ("a key that is a text", headed("jwk", json!("key"))),
        ("another key", headed("jwk", key.clone())),
        ("a private member", keyed("d", json!("AA"))),
        ("a private member that is null", keyed("d", json!(null))),
        ("a shared secret beside", keyed("k", json!("AA"))),
        ("another curve", keyed("crv", json!("P-384"))),
        ("a point that is none", keyed("x", json!("AA"))),
        ("a coordinate with quotes", keyed("y", json!("\"}"))),
        ("an octet key", headed("jwk", json!({"kty": "oct"}))),
        (
            "a small RSA key",
            headed("jwk", json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"})).headed("alg", json!("RS256")),
        ),
        ("no jti", fresh().without("jti")),
        ("an empty jti", with("jti", json!(""))),
        ("a jti that is a number", with("jti", json!(1))),
        ("no htm", fresh().without("htm")),
        ("htm of another method", with("htm", json!("GET"))),
        ("htm in small letters", with("htm", json!("post"))),
        ("no htu", fresh().without("htu")),
        ("htu of another host", with("htu", json!("http://other.example/oauth2/v1/token"))),
        ("htu that is a path", with("htu", json!(TOKEN))),
        ("htu of another scheme", with("htu", json!(text(&good.claims, "htu").replace("http:", "https:")))),
        ("htu of another path", with("htu", json!(text(&good.claims, "htu").replace("/v1/", "/default/v1/")))),
        ("no iat", fresh().without("iat")),
        ("an old proof", with("iat", json!(now() - 320))),
        ("a proof of the future", with("iat", json!(now() + 90))),
        ("iat before all time", with("iat", json!(-1))),
        ("iat after all time", with("iat", json!(u64::MAX))),
        ("iat that is a text", with("iat", json!(now().to_string()))),
        ("exp in the past", with("exp", json!(now() - 120))),
        ("nbf in the future", with("nbf", json!(now() + 120))),
    ]
}

#[tokio::test]
async fn a_proof_has_to_be_right_in_all_its_parts() {
    let (org, prover) = (prover::org(|settings| settings).await, Prover::new());
    let nonce = prover.token_nonce(&org).await;
    let url = format!("{}{TOKEN}", org.mock.url());
    let good = || prover.draft("POST", &url).with("nonce", json!(nonce));
    let mut taken = Vec::new();
    for (what, draft) in spoilt(&good(), &Prover::new().jwk()) {
        let reply = ask_token(&org, "0oaBound", &[&prover.sign(&draft)]).await;
        if (reply.status, &reply.json()["error"]) != (400, &json!("invalid_dpop_proof")) {
            taken.push(what);
        }
    }
    assert_eq!(taken, Vec::<&str>::new());
    let proof = prover.sign(&good());
    let (signed, signature) = proof.rsplit_once('.').expect("three parts");
    let (head, _) = signed.split_once('.').expect("two parts");
    let other = format!("{head}.{}.{signature}", encoded(&good().claims));
    for text in ["", ".", "..", "x", signed, &format!("{signed}."), &format!("{proof}."), &format!("{proof} "), &other]
    {
        let reply = ask_token(&org, "0oaBound", &[text]).await;
        // A blank around the value of a header is no part of it.
        if text.ends_with(' ') {
            assert_eq!(reply.status, 200, "{}", reply.text);
        } else {
            refused(&reply, "invalid_dpop_proof");
        }
    }
    let (one, two) = (prover.sign(&good()), prover.sign(&good()));
    refused(&ask_token(&org, "0oaBound", &[&one, &two]).await, "invalid_dpop_proof");
    assert_eq!(ask_token(&org, "0oaBound", &[&one]).await.status, 200);
}

#[tokio::test]
async fn a_proof_may_differ_where_it_does_not_matter() {
    let (org, prover) = (prover::org(|settings| settings).await, Prover::new());
    let nonce = prover.token_nonce(&org).await;
    let url = format!("{}{TOKEN}", org.mock.url());
    let good = || prover.draft("POST", &url).with("nonce", json!(nonce));
    for draft in [
        good().with("htu", json!(format!("{url}?query#fragment"))),
        good().with("htu", json!(url.replace("http:", "HTTP:").replace("token", "%74oken"))),
        good().with("iat", json!(now() - 270)),
        good().with("iat", json!(now() + 30)),
        good().with("aud", json!("somebody")),
        good().keyed("kid", json!("a name")),
    ] {
        let reply = ask_token(&org, "0oaBound", &[&prover.sign(&draft)]).await;
        assert_eq!(reply.status, 200, "{} {}", draft.claims, reply.text);
    }
    let fraction: Value = serde_json::from_str(&format!("{}.25", now())).expect("a number");
    let reply = ask_token(&org, "0oaBound", &[&prover.sign(&good().with("iat", fraction))]).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn an_rsa_key_can_be_proved_as_well() {
    let org = prover::org(|settings| settings).await;
    let nonce = Prover::new().token_nonce(&org).await;
    let key = EncodingKey::from_rsa_der(RSA);
    for (algorithm, status) in
        [(Algorithm::RS256, 200), (Algorithm::RS384, 200), (Algorithm::RS512, 200), (Algorithm::PS256, 400)]
    {
        let jwk = Jwk::from_encoding_key(&key, algorithm).expect("a public key");
        let head = Header { typ: Some("dpop+jwt".to_owned()), jwk: Some(jwk), ..Header::new(algorithm) };
        let url = format!("{}{TOKEN}", org.mock.url());
        let claims = json!({"jti": jti(), "htm": "POST", "htu": url, "iat": now(), "nonce": nonce});
        let proof = jsonwebtoken::encode(&head, &claims, &key).expect("a signed proof");
        assert_eq!(ask_token(&org, "0oaBound", &[&proof]).await.status, status, "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_proof_is_good_for_one_request() {
    let (org, prover, other) = (prover::org(|settings| settings).await, Prover::new(), Prover::new());
    let nonce = prover.token_nonce(&org).await;
    let url = format!("{}{TOKEN}", org.mock.url());
    let draft = prover.draft("POST", &url).with("nonce", json!(nonce)).with("jti", json!("once"));
    let proof = prover.sign(&draft);
    assert_eq!(ask_token(&org, "0oaBound", &[&proof]).await.status, 200);
    refused(&ask_token(&org, "0oaBound", &[&proof]).await, "invalid_dpop_proof");
    // Another proof under the same name is none either.
    let renewed = prover.sign(&draft.clone().with("iat", json!(now() - 1)));
    refused(&ask_token(&org, "0oaBound", &[&renewed]).await, "invalid_dpop_proof");
    // Names are the key's own.
    let same = other.sign(&draft.headed("jwk", other.jwk()));
    assert_eq!(ask_token(&org, "0oaBound", &[&same]).await.status, 200);
}

#[tokio::test]
async fn a_nonce_ends_by_the_clock_of_the_mock() {
    let lifetime = Duration::from_secs(2);
    let (org, prover) = (prover::org(|old| Settings { dpop_nonce_lifetime: lifetime, ..old }).await, Prover::new());
    let first = prover.token_nonce(&org).await;
    wait(&org, 1).await;
    assert_eq!(ask_token(&org, "0oaBound", &[&prover.for_token(&org, Some(&first))]).await.status, 200);
    wait(&org, 1).await;
    let reply = ask_token(&org, "0oaBound", &[&prover.for_token(&org, Some(&first))]).await;
    refused(&reply, "use_dpop_nonce");
    let second = reply.header("dpop-nonce");
    assert_ne!(second, first);
    assert_eq!(ask_token(&org, "0oaBound", &[&prover.for_token(&org, Some(second))]).await.status, 200);
    // Without a lifetime to speak of, a nonce can be used all the same.
    let org = prover::org(|old| Settings { dpop_nonce_lifetime: Duration::ZERO, ..old }).await;
    prover.token(&org).await;
}

#[tokio::test]
async fn the_address_of_a_proof_is_that_of_the_host_asked() {
    let (org, prover) = (prover::org(|settings| settings).await, Prover::new());
    let nonce = prover.token_nonce(&org).await;
    let ask = async |org: &Org, htu: &str| {
        let proof = prover.sign(&prover.draft("POST", htu).with("nonce", json!(nonce)));
        let form =
            "grant_type=client_credentials&client_id=0oaBound&client_secret=s&scope=okta.authorizationServers.read";
        let request = org.request(Method::POST, TOKEN).header("Content-Type", "application/x-www-form-urlencoded");
        let request = request.header("Host", "org.example").header("X-Forwarded-Proto", "https").header("DPoP", proof);
        org.send(request.body(form)).await
    };
    assert_eq!(ask(&org, "https://org.example/oauth2/v1/token").await.status, 200);
    assert_eq!(ask(&org, "https://ORG.example:443/oauth2/v1/token").await.status, 200);
    refused(&ask(&org, &format!("{}{TOKEN}", org.mock.url())).await, "invalid_dpop_proof");
    refused(&ask(&org, "http://org.example/oauth2/v1/token").await, "invalid_dpop_proof");
}
