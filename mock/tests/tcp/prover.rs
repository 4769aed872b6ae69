//! A client that proves to have a key (RFC 9449). Owns how proofs are made, right and wrong, and how it gets a token.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use okta_mock::{Settings, State};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Org, Reply, settings, text};

pub(crate) const MANAGE: &str = "okta.authorizationServers.manage";
pub(crate) const READ: &str = "okta.authorizationServers.read";
pub(crate) const TOKEN: &str = "/oauth2/v1/token";

/// A P-256 key and the ways to prove it.
pub(crate) struct Prover {
    pair: EcdsaKeyPair,
}

/// The parts of a proof before it is signed, to be spoilt at will.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) head: Value,
    pub(crate) claims: Value,
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A `jti` that no other proof or assertion here has.
pub(crate) fn jti() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("jti-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

pub(crate) fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

impl Prover {
    pub(crate) fn new() -> Prover {
        let rules = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(rules, &SystemRandom::new()).expect("a key");
        Prover { pair: EcdsaKeyPair::from_pkcs8(rules, document.as_ref()).expect("a key pair") }
    }

    pub(crate) fn jwk(&self) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)})
    }

    pub(crate) fn draft(&self, method: &str, url: &str) -> Draft {
        Draft {
            head: json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()}),
            claims: json!({"jti": jti(), "htm": method, "htu": url, "iat": now()}),
        }
    }

    pub(crate) fn sign(&self, draft: &Draft) -> String {
        let message = format!("{}.{}", encoded(&draft.head), encoded(&draft.claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// A proof for the token endpoint.
    pub(crate) fn for_token(&self, org: &Org, nonce: Option<&str>) -> String {
        let draft = self.draft("POST", &format!("{}{TOKEN}", org.mock.url()));
        self.sign(&match nonce {
            Some(nonce) => draft.with("nonce", json!(nonce)),
            None => draft,
        })
    }

    /// A proof for a request to the API.
    pub(crate) fn for_api(&self, org: &Org, method: &Method, path: &str, token: &str, nonce: &str) -> Draft {
        let draft = self.draft(method.as_str(), &format!("{}{path}", org.mock.url()));
        draft.with("ath", json!(hash(token))).with("nonce", json!(nonce))
    }

    /// The nonce that the token endpoint wants.
    pub(crate) async fn token_nonce(&self, org: &Org) -> String {
        let reply = ask_token(org, "0oaBound", &[&self.for_token(org, None)]).await;
        assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("use_dpop_nonce")), "{}", reply.text);
        reply.header("dpop-nonce").to_owned()
    }

    /// An access token that is bound to the key.
    pub(crate) async fn token(&self, org: &Org) -> String {
        let nonce = self.token_nonce(org).await;
        let reply = ask_token(org, "0oaBound", &[&self.for_token(org, Some(&nonce))]).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        text(&reply.json(), "access_token").to_owned()
    }
}

impl Draft {
    pub(crate) fn with(mut self, claim: &str, value: Value) -> Draft {
        self.claims[claim] = value;
        self
    }

    pub(crate) fn without(mut self, claim: &str) -> Draft {
        self.claims.as_object_mut().expect("claims").remove(claim);
        self
    }

    pub(crate) fn headed(mut self, member: &str, value: Value) -> Draft {
        self.head[member] = value;
        self
    }

    /// With one member more, or another, in the key.
    pub(crate) fn keyed(mut self, member: &str, value: Value) -> Draft {
        self.head["jwk"][member] = value;
        self
    }
}

/// An org with an app that has to prove a key and one that has not, which share a secret.
pub(crate) async fn org(settings_with: impl FnOnce(Settings) -> Settings) -> Org {
    let app = |id: &str, bound: bool| json!({"clientId": id, "clientSecret": "s", "scopes": [READ, MANAGE], "dpopBoundAccessTokens": bound});
    let state = json!({"serviceApps": [app("0oaBound", true), app("0oaFree", false)]});
    let state: State = serde_json::from_value(state).expect("a state");
    Org::with(settings_with(Settings { state: Some(state), seed: Some(3), dpop_nonce_at_api: true, ..settings() }))
        .await
}

/// Asks for a token, with as many proofs as there are.
pub(crate) async fn ask_token(org: &Org, client: &str, proofs: &[&str]) -> Reply {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client),
        ("client_secret", "s"),
        ("scope", "okta.authorizationServers.manage okta.authorizationServers.read"),
    ];
    let request = org.request(Method::POST, TOKEN).form(&form);
    org.send(proofs.iter().fold(request, |request, proof| request.header("DPoP", *proof))).await
}

/// Moves the clock of an org with a seed, by a second each time.
pub(crate) async fn wait(org: &Org, seconds: u32) {
    for _ in 0..seconds {
        assert_eq!(org.turn("default", "activate").await.status, 204);
    }
}
