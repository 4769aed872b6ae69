//! What every answer has in common, and how the mock starts, repeats itself and stops.

use std::{collections::HashSet, time::Instant};

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    time::timeout,
};

use crate::{ADMIN, Org, PATIENCE, Reply, SERVERS, settings, text};
use okta_mock::{Mock, Settings};

fn has_general_headers(reply: &Reply) {
    for (name, value) in [
        ("cache-control", "no-cache, no-store"),
        ("pragma", "no-cache"),
        ("expires", "0"),
        ("server", "nginx"),
        ("strict-transport-security", "max-age=315360000; includeSubDomains"),
        ("x-xss-protection", "0"),
        ("accept-ch", "Sec-CH-UA-Platform-Version"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    let id = reply.header("x-okta-request-id");
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert!(chrono::DateTime::parse_from_rfc2822(reply.header("date")).is_ok(), "{}", reply.header("date"));
    assert_eq!(reply.headers.get_all("date").iter().count(), 1);
    assert_eq!(reply.headers.get("location"), None);
    assert_eq!(reply.headers.get("etag"), None);
}

#[tokio::test]
async fn answers_with_a_body_have_the_recorded_headers() {
    let org = Org::start().await;
    let created = org.post(SERVERS, &json!({"name": "n", "audiences": ["a"]})).await;
    for reply in [
        created,
        org.get(SERVERS).await,
        org.get(&format!("{SERVERS}/ausUnknown")).await,
        org.ask(Method::GET, SERVERS, "SSWS nobody").await,
        org.ask(Method::PATCH, SERVERS, ADMIN).await,
    ] {
        has_general_headers(&reply);
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.headers.get("x-frame-options"), None);
        assert_eq!(reply.header("x-rate-limit-limit"), "10000");
    }
}

#[tokio::test]
async fn answers_without_a_body_have_the_recorded_headers() {
    let org = Org::start().await;
    let id = text(&org.create("n").await, "id").to_owned();
    for reply in [
        org.turn(&id, "deactivate").await,
        org.turn(&id, "activate").await,
        org.delete(&format!("{SERVERS}/{id}")).await,
    ] {
        has_general_headers(&reply);
        assert_eq!((reply.status, reply.text.as_str()), (204, ""));
        assert_eq!(reply.headers.get("content-type"), None);
        assert_eq!(reply.headers.get("x-content-type-options"), None);
        assert_eq!(reply.header("x-frame-options"), "SAMEORIGIN");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let org = Org::start().await;
    let (get, head) = (org.get(SERVERS).await, org.ask(Method::HEAD, SERVERS, ADMIN).await);
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), get.text.len().to_string());
}

#[tokio::test]
async fn ids_are_never_given_twice() {
    let org = Org::start().await;
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let reply = org.get(&format!("{SERVERS}/nobody")).await;
        let error_id = text(&reply.json(), "errorId").to_owned();
        assert!(seen.insert(error_id) && seen.insert(reply.header("x-okta-request-id").to_owned()));
        assert!(seen.insert(text(&org.create("n").await, "id").to_owned()));
    }
}

/// The whole answers, status line and headers included, to a sequence of requests of all sorts.
async fn transcript(seed: u64) -> String {
    let org = Org::seeded(seed).await;
    let mut all = String::new();
    let body = "{\"name\":\"n\",\"audiences\":[\"a\"]}";
    let mut requests = vec![
        format!(
            "POST {SERVERS} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
        format!("POST {SERVERS} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{{"),
        format!("POST {SERVERS}/default/lifecycle/deactivate HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
    ];
    for path in ["", "/default/claims", "/default/scopes", "/default/credentials/keys", "/nobody", "?limit=1"] {
        requests.push(format!("GET {SERVERS}{path} HTTP/1.1\r\n\r\n"));
    }
    for request in requests {
        let head = " HTTP/1.1\r\nHost: org.example\r\nAuthorization: SSWS admin\r\nConnection: close\r\n";
        all.push_str(&org.raw(request.replacen(" HTTP/1.1\r\n", head, 1).as_bytes()).await);
    }
    all
}

#[tokio::test]
async fn equal_seeds_give_equal_bytes() {
    let (one, two, other) = (transcript(7).await, transcript(7).await, transcript(8).await);
    assert_eq!(one.matches("HTTP/1.1 ").count(), 9);
    assert!(one.contains("\"created\":\"2026-06-01T00:00:01.000Z\""), "{one}");
    assert_eq!(one, two);
    assert_ne!(one, other);
}

#[tokio::test]
async fn reading_does_not_change_the_ids_of_what_is_created_later() {
    let (quiet, busy) = (Org::seeded(3).await, Org::seeded(3).await);
    for _ in 0..5 {
        busy.get(SERVERS).await;
    }
    let host = |org: &Org, server: &str| server.replace(&org.mock.url(), "");
    let (one, two) = (quiet.create("n").await.to_string(), busy.create("n").await.to_string());
    assert_eq!(host(&quiet, &one), host(&busy, &two));
}

#[tokio::test]
async fn stops_at_once_with_idle_connections_and_in_time_with_stuck_ones() {
    let org = Org::start().await;
    org.get(SERVERS).await;
    let began = Instant::now();
    org.mock.stop().await;
    // Half a second is what it would give connections that do not end.
    assert!(began.elapsed().as_millis() < 500, "{:?}", began.elapsed());

    let org = Org::start().await;
    let mut stuck = org.connect().await;
    let head = "Host: a\r\nAuthorization: SSWS admin\r\nContent-Length: 10";
    let half = format!("POST {SERVERS} HTTP/1.1\r\n{head}\r\n\r\n{{");
    stuck.write_all(half.as_bytes()).await.expect("sent");
    // An answer on another connection says that the mock is at work.
    org.get(SERVERS).await;
    timeout(PATIENCE, org.mock.stop()).await.expect("stops in time");
    let mut rest = Vec::new();
    let closed = timeout(PATIENCE, stuck.read_to_end(&mut rest)).await.expect("closed in time");
    assert!(closed.is_err() || rest.is_empty() || rest.starts_with(b"HTTP/1.1 400"));
}

#[tokio::test]
async fn serves_until_told() {
    let mock = Mock::start(settings()).await.expect("the mock starts");
    let mut stream = TcpStream::connect(mock.url().replace("http://", "")).await.expect("a connection");
    let (tell, told) = oneshot::channel::<()>();
    let serving = tokio::spawn(mock.serve_until(async {
        let _ = told.await;
    }));
    stream.write_all(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("sent");
    let mut start = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut start)).await.expect("in time").expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 401");
    tell.send(()).expect("still serving");
    timeout(PATIENCE, serving).await.expect("stops in time").expect("no panic");
    // The connection was kept alive until then.
    timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.expect("closed in time").expect("closed in order");
}

#[tokio::test]
async fn two_mocks_cannot_share_a_port() {
    let org = Org::start().await;
    let bind = org.mock.url().replace("http://", "").parse().expect("an address");
    assert!(Mock::start(Settings { bind, ..settings() }).await.is_err());
}

#[tokio::test]
async fn latency_is_added_to_each_answer() {
    let latency = std::time::Duration::from_millis(40);
    let org = Org::with(Settings { latency, ..settings() }).await;
    let began = Instant::now();
    org.get(SERVERS).await;
    assert!(began.elapsed() >= latency);
}
