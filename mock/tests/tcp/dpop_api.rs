//! `DPoP` at the API: tokens that are bound to a key, and what each request has to prove.

use std::time::Duration;

use okta_mock::Settings;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Org, Reply, SERVERS,
    prover::{self, Draft, Prover, TOKEN, ask_token, hash, now, wait},
    text,
};

const ALGORITHMS: &str = "RS256 RS384 RS512 ES256 ES384";

async fn send(org: &Org, method: Method, path: &str, authorization: &str, proofs: &[&str]) -> Reply {
    let request = org.request(method, path).header("Authorization", authorization);
    let request = request.json(&json!({"name": "n", "audiences": ["a"]}));
    org.send(proofs.iter().fold(request, |request, proof| request.header("DPoP", *proof))).await
}

/// A GET of the collection, and what the challenge of the answer says.
async fn get(org: &Org, token: &str, proof: &str) -> Reply {
    send(org, Method::GET, SERVERS, &format!("DPoP {token}"), &[proof]).await
}

/// Asserts the vendor's error with the RFC's challenge.
fn challenged(reply: &Reply, error: &str) {
    reply.refused(401, "E0000011");
    assert_eq!(reply.json()["errorSummary"], "Invalid token provided");
    let challenge = reply.header("www-authenticate");
    let start = format!("DPoP error=\"{error}\", error_description=\"");
    assert!(challenge.starts_with(&start), "{challenge}");
    assert!(challenge.ends_with(&format!("\", algs=\"{ALGORITHMS}\"")), "{challenge}");
    assert_eq!(challenge.matches('"').count(), 6, "{challenge}");
    assert_eq!(reply.headers.contains_key("dpop-nonce"), error == "use_dpop_nonce");
}

/// A client with a token and the nonce of the API.
struct Client {
    prover: Prover,
    token: String,
    nonce: String,
}

impl Client {
    async fn new(org: &Org) -> Client {
        let prover = Prover::new();
        let token = prover.token(org).await;
        let reply = get(org, &token, &prover.sign(&prover.for_api(org, &Method::GET, SERVERS, &token, "none"))).await;
        challenged(&reply, "use_dpop_nonce");
        Client { prover, token, nonce: reply.header("dpop-nonce").to_owned() }
    }

    fn draft(&self, org: &Org, method: &Method, path: &str) -> Draft {
        self.prover.for_api(org, method, path, &self.token, &self.nonce)
    }

    async fn ask(&self, org: &Org, method: Method, path: &str) -> Reply {
        let proof = self.prover.sign(&self.draft(org, &method, path));
        send(org, method, path, &format!("DPoP {}", self.token), &[&proof]).await
    }
}

#[tokio::test]
async fn each_request_has_its_proof_and_the_first_a_challenge() {
    let org = prover::org(|settings| settings).await;
    let client = Client::new(&org).await;
    assert_eq!(client.ask(&org, Method::GET, SERVERS).await.status, 200);
    let created = client.ask(&org, Method::POST, SERVERS).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let own = format!("{SERVERS}/{}", text(&created.json(), "id"));
    assert_eq!(client.ask(&org, Method::PUT, &own).await.status, 200);
    assert_eq!(client.ask(&org, Method::DELETE, &own).await.status, 204);
    client.ask(&org, Method::GET, &own).await.refused(404, "E0000007");
    // The query is no part of what is proved.
    let proof = client.prover.sign(&client.draft(&org, &Method::GET, SERVERS));
    let reply =
        send(&org, Method::GET, &format!("{SERVERS}?limit=1"), &format!("dpop  {}", client.token), &[&proof]).await;
    assert_eq!((reply.status, reply.json().as_array().map(Vec::len)), (200, Some(1)), "{}", reply.text);
    let head = client.ask(&org, Method::HEAD, SERVERS).await;
    assert_eq!(head.status, 200);
}

#[tokio::test]
async fn the_two_givers_take_their_own_nonces_only() {
    let (org, prover) = (prover::org(|settings| settings).await, Prover::new());
    let nonce = prover.token_nonce(&org).await;
    let client = Client::new(&org).await;
    assert_ne!(client.nonce, nonce);
    let draft = client.draft(&org, &Method::GET, SERVERS).with("nonce", json!(nonce));
    let reply = get(&org, &client.token, &client.prover.sign(&draft)).await;
    challenged(&reply, "use_dpop_nonce");
    assert_eq!(reply.header("dpop-nonce"), client.nonce);
    assert!(reply.header("www-authenticate").contains("\"Resource server requires nonce in DPoP proof\""));
    let reply = ask_token(&org, "0oaBound", &[&prover.for_token(&org, Some(&client.nonce))]).await;
    assert_eq!((reply.status, reply.header("dpop-nonce")), (400, nonce.as_str()), "{}", reply.text);
}

#[tokio::test]
async fn a_request_that_proves_nothing_is_refused() {
    let org = prover::org(|settings| settings).await;
    let client = Client::new(&org).await;
    let good = || client.draft(&org, &Method::GET, SERVERS);
    let with = |claim: &str, value: Value| good().with(claim, value);
    let mut taken = Vec::new();
    for (what, draft) in [
        ("no ath", good().without("ath")),
        ("ath of another token", with("ath", json!(hash("x")))),
        ("the token as ath", with("ath", json!(client.token))),
        ("htm of another method", with("htm", json!("POST"))),
        ("htu of another path", with("htu", json!(format!("{}{TOKEN}", org.mock.url())))),
        ("htu of a child", with("htu", json!(format!("{}{SERVERS}/default", org.mock.url())))),
        ("an old proof", with("iat", json!(now() - 320))),
        ("no jti", good().without("jti")),
        ("another type", good().headed("typ", json!("JWT"))),
        ("a private key", good().keyed("d", json!("AA"))),
        ("a key that did not sign", good().headed("jwk", Prover::new().jwk())),
    ] {
        let reply = get(&org, &client.token, &client.prover.sign(&draft)).await;
        let start = "DPoP error=\"invalid_dpop_proof\"";
        if reply.status != 401 || !reply.header("www-authenticate").starts_with(start) {
            taken.push(what);
        }
    }
    assert_eq!(taken, Vec::<&str>::new());
    let scheme = format!("DPoP {}", client.token);
    challenged(&send(&org, Method::GET, SERVERS, &scheme, &[]).await, "invalid_dpop_proof");
    challenged(&get(&org, &client.token, "x").await, "invalid_dpop_proof");
    let (one, two) = (client.prover.sign(&good()), client.prover.sign(&good()));
    challenged(&send(&org, Method::GET, SERVERS, &scheme, &[&one, &two]).await, "invalid_dpop_proof");
    let reply = get(&org, &client.token, &one).await;
    assert_eq!((reply.status, reply.header("www-authenticate")), (200, ""));
}

#[tokio::test]
async fn a_proof_is_used_up_by_its_request() {
    let org = prover::org(|settings| settings).await;
    let client = Client::new(&org).await;
    let proof = client.prover.sign(&client.draft(&org, &Method::GET, SERVERS));
    assert_eq!(get(&org, &client.token, &proof).await.status, 200);
    challenged(&get(&org, &client.token, &proof).await, "invalid_dpop_proof");
    assert_eq!(client.ask(&org, Method::GET, SERVERS).await.status, 200);
}

#[tokio::test]
async fn a_token_is_worth_nothing_with_another_key() {
    let (org, thief) = (prover::org(|settings| settings).await, Prover::new());
    let client = Client::new(&org).await;
    let draft = thief.for_api(&org, &Method::GET, SERVERS, &client.token, &client.nonce);
    let reply = get(&org, &client.token, &thief.sign(&draft)).await;
    challenged(&reply, "invalid_token");
    assert!(reply.header("www-authenticate").contains("\"Invalid DPoP key binding\""));
}

#[tokio::test]
async fn a_token_has_one_scheme() {
    let org = prover::org(|settings| settings).await;
    let client = Client::new(&org).await;
    let proof = || client.prover.sign(&client.draft(&org, &Method::GET, SERVERS));
    let bearer = format!("Bearer {}", client.token);
    challenged(&send(&org, Method::GET, SERVERS, &bearer, &[]).await, "invalid_token");
    challenged(&send(&org, Method::GET, SERVERS, &bearer, &[&proof()]).await, "invalid_token");
    let reply = send(&org, Method::GET, SERVERS, &format!("SSWS {}", client.token), &[&proof()]).await;
    reply.refused(401, "E0000011");
    assert_eq!(reply.header("www-authenticate"), "");
    let free = text(&ask_token(&org, "0oaFree", &[]).await.json(), "access_token").to_owned();
    for other in [free.as_str(), "reader", "admin", "nobody", ""] {
        let proof = client.prover.for_api(&org, &Method::GET, SERVERS, other, &client.nonce);
        let reply = get(&org, other, &client.prover.sign(&proof)).await;
        // The blank at the end of a header is no part of it, so the scheme stands alone then.
        if other.is_empty() {
            reply.refused(401, "E0000011");
        } else {
            challenged(&reply, "invalid_token");
        }
    }
    // Who need not prove a key is not asked for a good proof.
    assert_eq!(send(&org, Method::GET, SERVERS, "Bearer reader", &["x"]).await.status, 200);
    let reply = send(&org, Method::GET, SERVERS, "Bearer nobody", &[]).await;
    assert_eq!((reply.status, reply.header("www-authenticate")), (401, ""));
}

#[tokio::test]
async fn tokens_and_nonces_end_by_the_clock_of_the_mock() {
    let (token_lifetime, dpop_nonce_lifetime) = (Duration::from_secs(6), Duration::from_secs(3));
    let org = prover::org(|old| Settings { token_lifetime, dpop_nonce_lifetime, ..old }).await;
    let mut client = Client::new(&org).await;
    let free = ask_token(&org, "0oaFree", &[]).await.json();
    assert_eq!(free["expires_in"], 6);
    let bearer = format!("Bearer {}", text(&free, "access_token"));
    wait(&org, 2).await;
    assert_eq!(client.ask(&org, Method::GET, SERVERS).await.status, 200);
    wait(&org, 1).await;
    let reply = client.ask(&org, Method::GET, SERVERS).await;
    challenged(&reply, "use_dpop_nonce");
    assert_ne!(reply.header("dpop-nonce"), client.nonce);
    client.nonce = reply.header("dpop-nonce").to_owned();
    wait(&org, 2).await;
    assert_eq!(client.ask(&org, Method::GET, SERVERS).await.status, 200);
    assert_eq!(org.ask(Method::GET, SERVERS, &bearer).await.status, 200);
    wait(&org, 1).await;
    challenged(&client.ask(&org, Method::GET, SERVERS).await, "invalid_token");
    org.ask(Method::GET, SERVERS, &bearer).await.refused(401, "E0000011");
}

#[tokio::test]
async fn a_request_that_the_limit_sends_away_keeps_its_proof() {
    let org = prover::org(|old| Settings { rate_limit: 2, ..old }).await;
    let client = Client::new(&org).await;
    assert_eq!(client.ask(&org, Method::GET, SERVERS).await.status, 200);
    let proof = client.prover.sign(&client.draft(&org, &Method::GET, SERVERS));
    get(&org, &client.token, &proof).await.refused(429, "E0000047");
    // The clock has jumped to the next window.
    assert_eq!(get(&org, &client.token, &proof).await.status, 200);
}

#[tokio::test]
async fn rights_are_looked_at_after_the_proof() {
    let (org, prover) = (prover::org(|settings| settings).await, Prover::new());
    let nonce = prover.token_nonce(&org).await;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "0oaBound"),
        ("client_secret", "s"),
        ("scope", prover::READ),
    ];
    let request = org.request(Method::POST, TOKEN).form(&form).header("DPoP", prover.for_token(&org, Some(&nonce)));
    let token = text(&org.send(request).await.json(), "access_token").to_owned();
    let mut client = Client::new(&org).await;
    (client.prover, client.token) = (prover, token);
    assert_eq!(client.ask(&org, Method::GET, SERVERS).await.status, 200);
    client.ask(&org, Method::POST, SERVERS).await.refused(403, "E0000006");
    let reply = send(&org, Method::POST, SERVERS, &format!("DPoP {}", client.token), &[]).await;
    challenged(&reply, "invalid_dpop_proof");
}
