//! How clients prove who they are, at the endpoints of a server.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA512, RsaKeyPair},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use okta_mock::{Settings, State};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Org, Reply, SERVERS,
    issuing::{self, SECRET, TOKEN, alone, ask, assertion, refused},
    prover::{encoded, now},
    settings,
};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const READ: (&str, &str) = ("scope", "read");
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const WRONG_METHOD: &str = "Client authentication failed. Either the client or the client credentials are invalid.";
/// The mock's own first key for orgs with a seed: any RSA key will do.
const RSA: &[u8] = include_bytes!("../../src/keys/built-in/0.der");

async fn post(org: &Org, form: &[(&str, &str)]) -> Reply {
    org.send(org.request(Method::POST, TOKEN).form(form)).await
}

/// The five-key form.
fn unknown(reply: &Reply, status: u16, summary: &str) {
    reply.refused(status, "invalid_client");
    assert_eq!(reply.json()["errorSummary"], summary);
}

#[tokio::test]
async fn a_client_without_a_name_and_one_that_nobody_knows_are_told_so_in_the_other_form() {
    let org = issuing::org().await;
    unknown(&post(&org, &[GRANT, READ]).await, 400, "A client_id must be provided in the request.");
    let stranger = [GRANT, READ, ("client_id", "nobody"), ("client_secret", "x")];
    unknown(&post(&org, &stranger).await, 401, "Invalid value for 'client_id' parameter.");
    unknown(&alone(&org, "nobody", "read").await, 401, "Invalid value for 'client_id' parameter.");
}

#[tokio::test]
async fn the_configured_method_works_and_no_other() {
    let org = issuing::org().await;
    let basic = async |client: &str| alone(&org, client, "read").await;
    let by_post = async |client| post(&org, &[GRANT, READ, ("client_id", client), ("client_secret", SECRET)]).await;
    assert_eq!(basic("token-client").await.status, 200);
    assert_eq!(by_post("post-client").await.status, 200);
    for reply in [basic("post-client").await, by_post("token-client").await, basic("inactive-client").await] {
        refused(&reply, 401, "invalid_client", WRONG_METHOD);
    }
    let form = [GRANT, READ, ("client_id", "token-client")];
    refused(&post(&org, &form).await, 401, "invalid_client", "No client credentials found.");
    let unread = org.request(Method::POST, TOKEN).header("authorization", "Basic !").form(&form);
    let unreadable = "Found Authentication header but was not valid client credentials.";
    refused(&org.send(unread).await, 401, "invalid_client", unreadable);
    let form = [GRANT, READ, ("client_id", "post-client"), ("client_secret", "wrong")];
    let wrong = "The client secret supplied for a confidential client is invalid.";
    refused(&post(&org, &form).await, 401, "invalid_client", wrong);
    let request = org.request(Method::POST, TOKEN).basic_auth("token-client", Some("wrong")).form(&[GRANT, READ]);
    refused(&org.send(request).await, 401, "invalid_client", wrong);
    let both = ask(&org, "token-client", &[GRANT, READ, ("client_secret", SECRET)]).await;
    refused(
        &both,
        401,
        "invalid_request",
        "Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization header, credentials in \
         the post body, or a client_assertion in the post body.",
    );
    let form = [GRANT, READ, ("client_id", "post-client")];
    let request = org.request(Method::POST, &format!("{TOKEN}?client_secret=x")).form(&form);
    let description = "Client credentials cannot be supplied via query parameters.";
    refused(&org.send(request).await, 400, "invalid_request", description);
}

#[tokio::test]
async fn a_public_client_can_be_named_in_the_header() {
    let org = issuing::org().await;
    let introspect = async |credentials: &str| {
        let header = format!("Basic {}", STANDARD.encode(credentials));
        let request = org.request(Method::POST, "/oauth2/ausApi/v1/introspect").header("authorization", header);
        org.send(request.form(&[("token", "unknown")])).await
    };
    for credentials in ["public-client", "public-client:"] {
        let reply = introspect(credentials).await;
        assert_eq!((reply.status, reply.json()), (200, json!({"active": false})), "{credentials}");
    }
    refused(&introspect("token-client").await, 401, "invalid_client", "No client credentials found.");
    for nobody in ["", ":"] {
        unknown(&introspect(nobody).await, 400, "A client_id must be provided in the request.");
    }
}

/// An assertion, signed by what is given a message.
fn signed(alg: &str, kid: Option<&str>, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let head = kid.map_or_else(|| json!({"alg": alg}), |kid| json!({"alg": alg, "kid": kid}));
    let message = format!("{}.{}", encoded(&head), encoded(claims));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(crate) fn by_secret(alg: &str, claims: &Value) -> String {
    let algorithm = match alg {
        "HS256" => hmac::HMAC_SHA256,
        "HS384" => hmac::HMAC_SHA384,
        _ => hmac::HMAC_SHA512,
    };
    signed(alg, None, claims, |message| {
        hmac::sign(&hmac::Key::new(algorithm, SECRET.as_bytes()), message).as_ref().to_vec()
    })
}

async fn send(org: &Org, path: &str, assertion: &str) -> Reply {
    let form = [GRANT, READ, ("client_assertion_type", TYPE), ("client_assertion", assertion), ("token", "x")];
    org.send(org.request(Method::POST, path).form(&form)).await
}

#[tokio::test]
async fn an_assertion_by_the_secret_is_judged_in_order() {
    let org = issuing::org().await;
    let good = assertion(&org, "secret-jwt-client", TOKEN);
    for alg in ["HS256", "HS384", "HS512"] {
        let fresh = assertion(&org, "secret-jwt-client", TOKEN);
        let reply = send(&org, TOKEN, &by_secret(alg, &fresh)).await;
        assert_eq!(reply.status, 200, "{alg}: {}", reply.text);
    }
    let with = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        claims
    };
    let issuer = "The issuer claim for client_assertion is not a valid client_id.";
    let subject = "The subject claim for client_assertion is not a valid client_id.";
    let audience = "The audience claim for client_assertion must be the endpoint invoked for the request.";
    let expiry = "The client_assertion must contain the 'exp' claim as seconds since epoch.";
    for (claims, description) in [
        (with("iss", json!("other")), issuer),
        (with("iss", json!(null)), issuer),
        (with("aud", json!(org.mock.url())), audience),
        (with("aud", json!([])), audience),
        (with("exp", json!(null)), expiry),
        (with("exp", json!(now() - 1)), "The client_assertion token is expired."),
        (with("exp", json!(now() + 7_200)), "The client_assertion token has an expiration too far into the future."),
        (with("iat", json!(now() + 3_000)), "The client_assertion token must be issued before the current time."),
    ] {
        refused(&send(&org, TOKEN, &by_secret("HS256", &claims)).await, 401, "invalid_client", description);
    }
    let list = json!(["x", format!("{}{TOKEN}", org.mock.url())]);
    assert_eq!(send(&org, TOKEN, &by_secret("HS256", &with("aud", list))).await.status, 200);
    let form = [
        GRANT,
        READ,
        ("client_id", "secret-jwt-client"),
        ("client_assertion_type", TYPE),
        ("client_assertion", &by_secret("HS256", &with("sub", json!("other")))),
    ];
    refused(&post(&org, &form).await, 401, "invalid_client", subject);
    let spoilt = by_secret("HS256", &good).replace('.', ".A");
    let form = [
        GRANT,
        READ,
        ("client_id", "secret-jwt-client"),
        ("client_assertion_type", TYPE),
        ("client_assertion", &spoilt),
    ];
    refused(&post(&org, &form).await, 401, "invalid_client", "The parsing of the client_assertion failed.");
    let form = [GRANT, READ, ("client_assertion_type", "x"), ("client_assertion", &by_secret("HS256", &good))];
    refused(&post(&org, &form).await, 400, "invalid_request", "The client_assertion_type is invalid.");
    let none = signed("none", None, &good, |_| Vec::new());
    let description = "The client_assertion JWT signature algorithm is invalid.";
    refused(&send(&org, TOKEN, &none).await, 401, "invalid_client", description);
    let other = signed("HS256", None, &good, |_| vec![0; 32]);
    refused(&send(&org, TOKEN, &other).await, 401, "invalid_client", "The client_assertion signature is invalid.");
    let wrong = by_secret("HS256", &assertion(&org, "token-client", TOKEN));
    refused(&send(&org, TOKEN, &wrong).await, 401, "invalid_client", WRONG_METHOD);
}

#[tokio::test]
async fn an_assertion_is_for_one_endpoint_and_good_once() {
    let org = issuing::org().await;
    let once = by_secret("HS256", &assertion(&org, "secret-jwt-client", TOKEN));
    assert_eq!(send(&org, TOKEN, &once).await.status, 200);
    let description = "The client_assertion token has already been used.";
    refused(&send(&org, TOKEN, &once).await, 401, "invalid_client", description);
    for endpoint in ["introspect", "revoke"] {
        let path = format!("/oauth2/ausApi/v1/{endpoint}");
        let own = by_secret("HS256", &assertion(&org, "secret-jwt-client", &path));
        assert_eq!(send(&org, &path, &own).await.status, 200);
        let others = by_secret("HS256", &assertion(&org, "secret-jwt-client", TOKEN));
        let description = "The audience claim for client_assertion must be the endpoint invoked for the request.";
        refused(&send(&org, &path, &others).await, 401, "invalid_client", description);
    }
    let mut nameless = assertion(&org, "secret-jwt-client", TOKEN);
    nameless["jti"] = json!(null);
    for _ in 0..2 {
        assert_eq!(send(&org, TOKEN, &by_secret("HS256", &nameless)).await.status, 200);
    }
}

/// A key on a curve, with its public half.
fn curve(rules: &'static EcdsaSigningAlgorithm, name: &str) -> (EcdsaKeyPair, Value) {
    let document = EcdsaKeyPair::generate_pkcs8(rules, &SystemRandom::new()).expect("a key");
    let pair = EcdsaKeyPair::from_pkcs8(rules, document.as_ref()).expect("a key pair");
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    let jwk =
        json!({"kty": "EC", "crv": name, "kid": name, "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)});
    (pair, jwk)
}

#[tokio::test]
async fn an_assertion_by_a_key_is_verified_by_its_kid() {
    let rsa = RsaKeyPair::from_der(RSA).expect("a key");
    let modulus = rsa.public_key().modulus().big_endian_without_leading_zero();
    let public = json!({"kty": "RSA", "kid": "r", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode(modulus)});
    let (p256, p384, p521) = (
        curve(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
        curve(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
        curve(&signature::ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
    );
    let keys = json!({"keys": [public, p256.1, p384.1, p521.1]});
    let state = json!({
        "servers": [{"id": "ausApi", "name": "api", "audiences": ["a"], "scopes": [{"name": "read"}], "policies": [
            {"name": "p", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}, "rules": [{"name": "r", "conditions":
                {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}}]}]}],
        "apps": [{"clientId": "key-client", "tokenEndpointAuthMethod": "private_key_jwt", "jwks": keys}],
    });
    let state: State = serde_json::from_value(state).expect("a state");
    let org = Org::with(Settings { state: Some(state), built_in_keys: true, ..settings() }).await;
    let fresh = || assertion(&org, "key-client", TOKEN);
    let by_curve = |pair: &EcdsaKeyPair, alg: &str, kid| {
        signed(alg, kid, &fresh(), |message| {
            pair.sign(&SystemRandom::new(), message).expect("signed").as_ref().to_vec()
        })
    };
    let by_rsa = |alg: &str, kid| {
        signed(alg, kid, &fresh(), |message| {
            let mut signature = vec![0; rsa.public_modulus_len()];
            rsa.sign(&RSA_PKCS1_SHA512, &SystemRandom::new(), message, &mut signature).expect("signed");
            signature
        })
    };
    for good in [
        by_rsa("RS512", Some("r")),
        by_curve(&p256.0, "ES256", Some("P-256")),
        by_curve(&p384.0, "ES384", Some("P-384")),
        by_curve(&p521.0, "ES512", Some("P-521")),
    ] {
        let reply = send(&org, TOKEN, &good).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let kid = "The client_assertion JWT kid is invalid.";
    let signature = "The client_assertion signature is invalid.";
    for (wrong, description) in [
        (by_rsa("RS512", Some("x")), kid),
        (by_rsa("RS512", None), kid),
        (by_rsa("RS256", Some("r")), signature),
        (by_rsa("RS512", Some("P-256")), signature),
        (by_curve(&p256.0, "ES256", Some("P-384")), signature),
        (by_secret("HS256", &fresh()), WRONG_METHOD),
    ] {
        refused(&send(&org, TOKEN, &wrong).await, 401, "invalid_client", description);
    }
}

#[tokio::test]
async fn a_request_is_judged_in_order() {
    let org = issuing::org().await;
    let served = "[authorization_code, refresh_token, password, client_credentials, \
                  urn:ietf:params:oauth:grant-type:device_code, urn:ietf:params:oauth:grant-type:token-exchange]";
    let missing = format!("The token request must specify a 'grant_type'. Valid values: {served}");
    refused(&ask(&org, "token-client", &[READ]).await, 400, "invalid_request", &missing);
    let unsupported = format!(
        "The authorization grant type is not supported by the authorization server. Configured grant types: {served}."
    );
    let form = [("grant_type", "urn:openid:params:grant-type:ciba")];
    refused(&ask(&org, "token-client", &form).await, 400, "unsupported_grant_type", &unsupported);
    let lacks =
        "The client is not authorized to use the provided grant type. Configured grant types: [client_credentials].";
    refused(&ask(&org, "token-client", &[("grant_type", "password")]).await, 400, "unauthorized_client", lacks);
    let twice = [GRANT, READ, READ];
    let doubled = "The request contained multiple parameters with the same name.";
    refused(&ask(&org, "token-client", &twice).await, 400, "invalid_request", doubled);
    let json = org.request(Method::POST, TOKEN).json(&json!({"grant_type": "client_credentials"}));
    assert_eq!(org.send(json).await.status, 400);
    org.get(TOKEN).await.refused(405, "E0000022");
    assert_eq!(org.get(SERVERS).await.status, 200);
}
