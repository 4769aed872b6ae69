//! The port for tests that steer the mock.

use std::time::Duration;

use okta_mock::Settings;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Org, Reply, SERVERS, settings, text};

async fn org() -> Org {
    Org::with(Settings { admin_port: Some(0), log: 10, ..settings() }).await
}

async fn ask(org: &Org, method: Method, path: &str, body: &str) -> Reply {
    let url = format!("{}/__admin/{path}", org.mock.admin_url().expect("an admin port"));
    org.send(org.client.request(method, url).body(body.to_owned())).await
}

#[tokio::test]
async fn a_test_sees_what_was_received_and_resets() {
    let org = org().await;
    let health = ask(&org, Method::GET, "health", "").await;
    assert_eq!((health.status, health.json()["status"].clone()), (200, json!("healthy")));
    let id = text(&org.create("n").await, "id").to_owned();
    org.get(&format!("{SERVERS}/{id}?a=b")).await;
    let told = ask(&org, Method::GET, "requests", "").await.json();
    assert_eq!(told["meta"]["total"], 2);
    let request = &told["requests"][1]["request"];
    assert_eq!(request["method"], "GET");
    assert_eq!(request["url"], format!("{SERVERS}/{id}?a=b"));
    assert_eq!(request["headers"]["authorization"], "SSWS admin");
    assert_eq!(told["requests"][0]["request"]["body"], json!({"name": "n", "audiences": ["api://n"]}).to_string());
    assert_eq!(ask(&org, Method::DELETE, "requests", "").await.status, 200);
    assert_eq!(ask(&org, Method::GET, "requests", "").await.json()["meta"]["total"], 0);
    assert_eq!(ask(&org, Method::POST, "reset", "").await.status, 200);
    org.get(&format!("{SERVERS}/{id}")).await.refused(404, "E0000007");
}

#[tokio::test]
async fn the_clock_moves_on_and_a_reset_brings_it_back() {
    for seed in [None, Some(1)] {
        let org = Org::with(Settings { admin_port: Some(0), seed, ..settings() }).await;
        let moved = ask(&org, Method::POST, "clock", r#"{"advance":"2h"}"#).await;
        assert_eq!((moved.status, moved.json()["offsetSeconds"].clone()), (200, json!(7200)));
        let to = ask(&org, Method::POST, "clock", r#"{"to":"2100-01-01T00:00:00+01:00"}"#).await;
        let Value::String(now) = &to.json()["now"] else { panic!("{}", to.text) };
        assert!(now.starts_with("2099-12-31T23:00:0"), "{now}");
        assert!(text(&org.create("n").await, "created").starts_with("2099-12-31T23:00:0"));
        for (body, part) in [
            (r#"{"to":"2099-01-01T00:00:00Z"}"#, "cannot go back"),
            (r#"{"to":"2300-01-01T00:00:00Z"}"#, "up to the year 2200"),
            (r#"{"advance":"2 hours"}"#, "`2 hours` is not a time"),
            (r#"{"advance":"é"}"#, "is not a time"),
            (r#"{"advance":""}"#, "is not a time"),
            (r#"{"by":"2h"}"#, "unknown variant `by`"),
            ("", "write {"),
        ] {
            let refused = ask(&org, Method::POST, "clock", body).await;
            assert_eq!(refused.status, 400, "{body}");
            assert!(text(&refused.json(), "error").contains(part), "{body}: {}", refused.text);
        }
        org.mock.reset();
        assert_eq!(ask(&org, Method::GET, "clock", "").await.json()["offsetSeconds"], 0);
        assert!(!text(&org.create("n").await, "created").starts_with("2099"));
    }
}

#[tokio::test]
async fn keys_rotate_when_the_clock_passes_their_day() {
    let org = Org::with(Settings { seed: Some(1), ..settings() }).await;
    let server = org.create("n").await;
    let id = text(&server, "id").to_owned();
    let kids = async || {
        let set = org.get(&format!("/oauth2/{id}/v1/keys")).await.json();
        let keys = set["keys"].as_array().expect("keys").clone();
        keys.iter().map(|key| text(key, "kid").to_owned()).collect::<Vec<_>>()
    };
    let days = |days: u64| Duration::from_secs(days * 86_400);
    let first = kids().await;
    assert_eq!(first.len(), 1);
    org.mock.advance(days(89)).expect("moved");
    let announced = kids().await;
    org.mock.advance(days(2)).expect("moved");
    let now = org.get(&format!("{SERVERS}/{id}")).await.json();
    let signing = text(&now["credentials"]["signing"], "kid");
    assert!(announced.contains(&first[0]) && announced.len() == 2 && announced.contains(&signing.to_owned()));
    assert_eq!(kids().await, [signing, &first[0]]);
    let (created, rotated) = (text(&server, "created"), text(&now["credentials"]["signing"], "lastRotated"));
    let moment = |text: &str| chrono::DateTime::parse_from_rfc3339(text).expect("a time");
    assert_eq!(moment(rotated) - moment(created), chrono::TimeDelta::days(90));
    // As long as a clock can go, in a moment.
    org.mock.advance(days(60_000)).expect("moved");
    assert!(!kids().await.contains(&first[0]));
}

#[tokio::test]
async fn nothing_else_is_there_and_no_page_gets_in() {
    let org = org().await;
    for (method, path) in [(Method::GET, "reset"), (Method::GET, ""), (Method::PUT, "clock")] {
        let refused = ask(&org, method, path, "").await;
        assert_eq!(refused.status, 404);
        assert!(text(&refused.json(), "error").contains("GET /__admin/health"), "{}", refused.text);
    }
    let url = format!("{}/__admin/reset", org.mock.admin_url().expect("an admin port"));
    let from_a_page = org.send(org.client.post(url).header("Origin", "https://evil.example")).await;
    assert_eq!(from_a_page.status, 403);
    // The org itself has no such paths.
    org.get("/__admin/health").await.refused(404, "E0000008");
}
