//! Bodies that the mock refuses, and why.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{ADMIN, Org, Reply, SERVERS, text};

async fn sent(org: &Org, method: Method, path: &str, content_type: Option<&str>, body: &str) -> Reply {
    let request = org.request(method, path).header("Authorization", ADMIN);
    let request = request.header("Content-Length", body.len()).body(body.to_owned());
    let request = match content_type {
        Some(content_type) => request.header("Content-Type", content_type),
        None => request,
    };
    org.send(request).await
}

/// Sends a body to POST and to PUT, and expects both to blame one field.
async fn blames(org: &Org, body: Value, field: &str) {
    for reply in [org.post(SERVERS, &body).await, org.put(&format!("{SERVERS}/default"), &body).await] {
        let causes = reply.refused(400, "E0000001");
        assert_eq!(causes.len(), 1, "{body}: {causes:?}");
        assert!(causes[0].starts_with(&format!("{field}: ")), "{body}: {causes:?}");
        assert_eq!(reply.json()["errorSummary"], format!("Api validation failed: {field}"));
    }
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let org = Org::start().await;
    for body in [
        json!({"audiences": ["a"]}),
        json!({"name": "", "audiences": ["a"]}),
        json!({"name": null, "audiences": ["a"]}),
        json!({"name": 7, "audiences": ["a"]}),
    ] {
        blames(&org, body, "name").await;
    }
    for audiences in [json!(null), json!([]), json!([""]), json!("a"), json!([7]), json!(["a", "b"]), json!({})] {
        blames(&org, json!({"name": "n", "audiences": audiences}), "audiences").await;
    }
    blames(&org, json!({"name": "n"}), "audiences").await;
    let valid = |member: &str, value: Value| {
        let mut body = json!({"name": "n", "audiences": ["a"]});
        body[member] = value;
        body
    };
    blames(&org, valid("description", json!(["d"])), "description").await;
    blames(&org, valid("issuerMode", json!("org_url")), "issuerMode").await;
    blames(&org, valid("issuerMode", json!(1)), "issuerMode").await;
    blames(&org, valid("status", json!("STAGED")), "status").await;
    blames(&org, valid("credentials", json!("c")), "credentials").await;
    blames(&org, valid("credentials", json!({"signing": []})), "credentials.signing").await;
    let signing = |value: Value| valid("credentials", json!({"signing": value}));
    blames(&org, signing(json!({"rotationMode": "SOMETIMES"})), "credentials.signing.rotationMode").await;
    blames(&org, signing(json!({"use": "enc"})), "credentials.signing.use").await;
    // Nothing of it was stored.
    assert_eq!(org.get(SERVERS).await.json().as_array().map(Vec::len), Some(1));
    assert_eq!(org.get(&format!("{SERVERS}/default")).await.json()["name"], "default");
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let org = Org::start().await;
    let reply = org.post(SERVERS, &json!({"name": "", "audiences": [], "status": "NO"})).await;
    let causes = reply.refused(400, "E0000001");
    let fields: Vec<_> = causes.iter().filter_map(|cause| cause.split(": ").next()).collect();
    assert_eq!(fields, ["name", "audiences", "status"]);
}

#[tokio::test]
async fn null_members_are_as_good_as_absent_ones() {
    let org = Org::start().await;
    let body = json!({"name": "n", "audiences": ["a"], "description": null, "issuerMode": null, "status": null,
        "credentials": {"signing": null}});
    let reply = org.post(SERVERS, &body).await;
    assert_eq!((reply.status, text(&reply.json(), "status")), (201, "ACTIVE"));
    assert_eq!(reply.json()["issuerMode"], "DYNAMIC");
}

#[tokio::test]
async fn bodies_that_are_no_json_object_are_not_well_formed() {
    let org = Org::start().await;
    let json = Some("application/json");
    for body in
        ["", " ", "{", "{\"name\":\"n\",}", "[]", "null", "\"text\"", "7", "{} {}", "\u{feff}{}", "{\"a\":\"\\ud800\"}"]
    {
        for (method, path) in [(Method::POST, SERVERS), (Method::PUT, "/api/v1/authorizationServers/default")] {
            let reply = sent(&org, method, path, json, body).await;
            assert_eq!(reply.refused(400, "E0000003"), Vec::<String>::new(), "{body:?}");
            assert_eq!(reply.json()["errorSummary"], "The request body was not well-formed.");
        }
    }
}

#[tokio::test]
async fn content_type_must_be_json() {
    let org = Org::start().await;
    let body = "{\"name\":\"n\",\"audiences\":[\"a\"]}";
    for content_type in
        ["text/plain", "application/xml", "application/x-www-form-urlencoded", "json", "", "application/json+x"]
    {
        sent(&org, Method::POST, SERVERS, Some(content_type), body).await.refused(400, "E0000021");
    }
    let missing = org.request(Method::POST, SERVERS).header("Authorization", ADMIN).body(body);
    org.send(missing).await.refused(400, "E0000018");
    for content_type in
        ["application/json", "Application/JSON", "application/json;charset=UTF-8", "application/json ; x=y"]
    {
        assert_eq!(sent(&org, Method::POST, SERVERS, Some(content_type), body).await.status, 201, "{content_type}");
    }
}

#[tokio::test]
async fn an_unknown_server_comes_before_a_wrong_body() {
    let org = Org::start().await;
    let reply = org.put(&format!("{SERVERS}/ausUnknown"), &json!({})).await;
    reply.refused(404, "E0000007");
}

#[tokio::test]
async fn text_comes_back_as_it_was_sent() {
    let org = Org::start().await;
    let odd = "q\"uo\\te </script> \u{1F980} e\u{301} \u{202e} \u{0007}";
    let reply = org.post(SERVERS, &json!({"name": odd, "description": "", "audiences": [odd]})).await;
    assert_eq!(reply.status, 201);
    let server = org.get(&format!("{SERVERS}/{}", text(&reply.json(), "id"))).await.json();
    assert_eq!((text(&server, "name"), text(&server, "description")), (odd, ""));
    assert_eq!(server["audiences"], json!([odd]));
}
