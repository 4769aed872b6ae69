//! Public keys that tokens are encrypted for: add, read, delete, lifecycle, and their part in the server.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{ADMIN, Org, Reply, SERVERS, members, text};

/// An org with a server; its path and that of its keys.
async fn org() -> (Org, String, String) {
    let org = Org::seeded(1).await;
    let server = format!("{SERVERS}/{}", text(&org.create("e").await, "id"));
    let keys = format!("{server}/resourceservercredentials/keys");
    (org, server, keys)
}

/// A number of so many bits, in base64url.
fn number(bits: usize) -> String {
    let mut bytes = vec![0xff; bits.div_ceil(8)];
    bytes[0] >>= (8 - bits % 8) % 8;
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key(kid: &str) -> Value {
    json!({"kty": "RSA", "use": "enc", "e": "AQAB", "n": number(2_048), "kid": kid, "status": "INACTIVE"})
}

async fn turn(org: &Org, path: &str, operation: &str) -> Reply {
    org.ask(Method::POST, &format!("{path}/lifecycle/{operation}"), ADMIN).await
}

fn refused(reply: &Reply, cause: &str) {
    assert_eq!(reply.refused(400, "E0000001"), [cause]);
    assert_eq!(reply.json()["errorSummary"], "Api validation failed: JsonWebKey");
}

#[tokio::test]
async fn a_key_is_born_inactive() {
    let (org, _, path) = org().await;
    let reply = org.post(&path, &key("one")).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let told = reply.json();
    let id = text(&told, "id");
    assert!(id.len() == 20 && id.starts_with("apk"), "{id}");
    let href = format!("{}{path}/{id}", org.mock.url());
    let expected = json!({
        "id": id, "kid": "one", "kty": "RSA", "use": "enc", "e": "AQAB", "n": number(2_048), "status": "INACTIVE",
        "created": "2026-06-01T00:00:02.000Z", "lastUpdated": "2026-06-01T00:00:02.000Z",
        "_links": {
            "activate": {"href": format!("{href}/lifecycle/activate"), "hints": {"allow": ["POST"]}},
            "delete": {"href": href, "hints": {"allow": ["DELETE"]}},
        },
    });
    assert_eq!(told.to_string(), expected.to_string());
    assert_eq!(org.get(&format!("{path}/{id}")).await.json(), told);
    assert_eq!(org.get(&path).await.json(), json!([told]));
    let mut active = key("two");
    active["status"] = json!("ACTIVE");
    refused(
        &org.post(&path, &active).await,
        "Keys cannot be created with an ''ACTIVE'' status. Create an ''INACTIVE'' key and then activate it.",
    );
}

#[tokio::test]
async fn activating_one_key_deactivates_the_other() {
    let (org, _, path) = org().await;
    let mut paths = Vec::new();
    for kid in ["one", "two"] {
        paths.push(format!("{path}/{}", text(&org.post(&path, &key(kid)).await.json(), "id")));
    }
    for (active, inactive) in [(0, 1), (1, 0), (1, 0)] {
        let reply = turn(&org, &paths[active], "activate").await;
        assert_eq!((reply.status, text(&reply.json(), "status")), (200, "ACTIVE"), "{}", reply.text);
        assert_eq!(members(&reply.json()["_links"]), Vec::<&str>::new());
        assert_eq!(org.get(&paths[inactive]).await.json()["status"], "INACTIVE");
    }
    refused(
        &org.delete(&paths[1]).await,
        "''ACTIVE'' keys cannot be deleted. Activate another key before deleting this one.",
    );
    assert_eq!(org.delete(&paths[0]).await.status, 204);
    let reply = turn(&org, &paths[1], "deactivate").await;
    assert_eq!((reply.status, text(&reply.json(), "status")), (200, "INACTIVE"), "{}", reply.text);
    assert_eq!(org.delete(&paths[1]).await.status, 204);
    for reply in [org.get(&paths[1]).await, org.delete(&paths[1]).await, turn(&org, &paths[1], "activate").await] {
        reply.refused(404, "E0000007");
    }
}

#[tokio::test]
async fn there_are_at_most_five_keys_and_no_two_of_one_kid() {
    let (org, _, path) = org().await;
    for kid in 1..=4 {
        assert_eq!(org.post(&path, &key(&kid.to_string())).await.status, 201);
    }
    refused(&org.post(&path, &key("3")).await, "Each key must have a unique ''kid''.");
    let mut nameless = key("");
    nameless["kid"] = json!(null);
    assert_eq!(org.post(&path, &nameless).await.json()["kid"], Value::Null);
    refused(
        &org.post(&path, &key("6")).await,
        "You can't create a new key. You have reached the maximum number of keys allowed (5). To add another key, you \
         must first delete an existing one.",
    );
    assert_eq!(org.get(&path).await.json().as_array().map(Vec::len), Some(5));
}

#[tokio::test]
async fn short_keys_and_wrong_members_are_refused() {
    let (org, _, path) = org().await;
    let with = |member: &str, value: Value| {
        let mut body = key("k");
        body[member] = value;
        body
    };
    for bits in [2_047, 1_024, 8] {
        refused(
            &org.post(&path, &with("n", json!(number(bits)))).await,
            "RSA key length in the 'jwks' is less than '2,048' bits for the given key.",
        );
    }
    for (member, value) in [
        ("kty", json!("EC")),
        ("kty", json!(null)),
        ("use", json!("sig")),
        ("use", json!(null)),
        ("e", json!(null)),
        ("e", json!("")),
        ("e", json!("A+/=")),
        ("e", json!("AA")),
        ("n", json!(null)),
        ("n", json!(7)),
        ("n", json!("not base64!")),
        ("kid", json!("")),
        ("kid", json!([])),
        ("status", json!("NEXT")),
    ] {
        let body = with(member, value);
        let causes = org.post(&path, &body).await.refused(400, "E0000001");
        assert!(causes.len() == 1 && causes[0].starts_with(&format!("{member}: ")), "{body}: {causes:?}");
    }
    let padded = format!("{}==", number(2_048));
    assert_eq!(org.post(&path, &with("n", json!(padded))).await.status, 201);
}

#[tokio::test]
async fn the_active_key_stays_while_tokens_are_encrypted() {
    let (org, server, path) = org().await;
    let mut jwk = key("one");
    jwk["status"] = json!("ACTIVE");
    let body = json!({"name": "n", "audiences": ["a"], "accessTokenEncryptedResponseAlgorithm": "RSA-OAEP-256",
        "jwks": {"keys": [jwk, key("two")]}});
    let reply = org.put(&server, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json()["accessTokenEncryptedResponseAlgorithm"], "RSA-OAEP-256");
    let keys = reply.json()["jwks"]["keys"].clone();
    assert_eq!(members(&keys[0]), ["kty", "id", "status", "kid", "use", "e", "n"]);
    let listed = org.get(&path).await.json();
    assert_eq!((&listed[0]["id"], &listed[1]["id"]), (&keys[0]["id"], &keys[1]["id"]));
    let at = format!("{path}/{}", text(&keys[0], "id"));
    refused(
        &turn(&org, &at, "deactivate").await,
        "You cannot deactivate the active key when access token encryption is enabled.",
    );
    // An INACTIVE key may be told so again.
    assert_eq!(turn(&org, &format!("{path}/{}", text(&keys[1], "id")), "deactivate").await.status, 200);
    // Left out, the algorithm is gone and the keys stay.
    let plain = org.put(&server, &json!({"name": "n", "audiences": ["a"]})).await.json();
    assert_eq!((plain.get("accessTokenEncryptedResponseAlgorithm"), plain.get("jwks")), (None, None));
    assert_eq!(turn(&org, &at, "deactivate").await.status, 200);
    assert_eq!(org.get(&path).await.json().as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn keys_that_come_with_a_server_follow_the_same_rules() {
    let (org, _, _) = org().await;
    let create =
        async |keys: Value| org.post(SERVERS, &json!({"name": "n", "audiences": ["a"], "jwks": {"keys": keys}})).await;
    refused(&create(json!([key("1"), key("1")])).await, "Each key must have a unique ''kid''.");
    let six: Vec<Value> = (0..6).map(|kid: i32| key(&kid.to_string())).collect();
    assert!(create(json!(six)).await.refused(400, "E0000001")[0].starts_with("You can't create a new key."));
    let mut active = [key("1"), key("2")];
    for key in &mut active {
        key["status"] = json!("ACTIVE");
    }
    create(json!(active)).await.refused(400, "E0000001");
    create(json!([7])).await.refused(400, "E0000001");
    create(json!("k")).await.refused(400, "E0000001");
    assert_eq!(create(json!([key("1")])).await.status, 201);
    let body = json!({"name": "n", "audiences": ["a"], "accessTokenEncryptedResponseAlgorithm": "RSA1_5"});
    org.post(SERVERS, &body).await.refused(400, "E0000001");
}
