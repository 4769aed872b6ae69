//! Input that nobody sends by accident. The mock answers 4xx or closes, and goes on serving everybody else.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use crate::{ADMIN, Org, PATIENCE, SERVERS, settings, status_of, text};
use okta_mock::Settings;

fn request(line: &str, headers: &str, body: &str) -> Vec<u8> {
    let head = "Host: org.example\r\nAuthorization: SSWS admin\r\nConnection: close";
    format!("{line} HTTP/1.1\r\n{head}\r\n{headers}\r\n{body}").into_bytes()
}

async fn still_serves(org: &Org) {
    assert_eq!(org.get(&format!("{SERVERS}/default")).await.status, 200);
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_with_an_answer() {
    let org = Org::with(Settings { body_limit: 1000, ..settings() }).await;
    let body = |size: usize| {
        let frame = json!({"name": "", "audiences": ["a"]}).to_string().len();
        json!({"name": "n".repeat(size - frame), "audiences": ["a"]})
    };
    assert_eq!(org.post(SERVERS, &body(1000)).await.status, 201);
    org.post(SERVERS, &body(1001)).await.refused(400, "E0000003");
    // Far more than the sockets buffer, so the client is still sending when the mock has decided.
    org.post(SERVERS, &body(4_000_000)).await.refused(400, "E0000003");
    let line = format!("POST {SERVERS}");
    let chunk = format!("fff\r\n{}\r\n0\r\n\r\n", "x".repeat(0xfff));
    let answer = org.raw(&request(&line, "Transfer-Encoding: chunked\r\n", &chunk)).await;
    assert!(status_of(&answer) == 400 && answer.contains("E0000003"), "{answer}");
    still_serves(&org).await;
}

#[tokio::test]
async fn a_client_may_send_its_whole_body_before_it_looks_for_the_refusal() {
    let org = Org::start().await;
    let body = "x".repeat(6_000_000);
    let length = format!("Content-Length: {}\r\n", body.len());
    let mut stream = org.connect().await;
    stream.write_all(&request(&format!("POST {SERVERS}"), &length, &body)).await.expect("all taken");
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("in time").expect("an answer");
    assert!(status_of(&answer) == 400 && answer.contains("E0000003"), "{answer}");
}

#[tokio::test]
async fn unusual_targets_are_unknown_paths() {
    let org = Org::start().await;
    for line in
        ["OPTIONS *", "CONNECT org.example:443", "TRACE /", "GET http://org.example", "GET /?", "GET //", "GET /%2e%2e"]
    {
        let answer = org.raw(&request(line, "", "")).await;
        assert!(status_of(&answer) == 404 && answer.contains("E0000008"), "{line}: {answer}");
    }
    // A target with a host of its own overrides the Host header (RFC 9112).
    let answer = org.raw(&request(&format!("GET http://other.example:81{SERVERS}/default"), "", "")).await;
    assert!(answer.contains("\"issuer\":\"http://other.example:81/oauth2/default\""), "{answer}");
    assert_eq!(status_of(&org.raw(&request(&format!("GET http://a@b{SERVERS}"), "", "")).await), 400);
}

#[tokio::test]
async fn a_body_that_is_only_announced_does_not_hang() {
    let org = Org::start().await;
    let line = format!("POST {SERVERS}");
    let answer = org.raw(&request(&line, "Content-Length: 18446744073709551615\r\n", "")).await;
    assert!(matches!(status_of(&answer), 400..500), "{answer}");
    let answer = org.raw(&request(&line, "Content-Length: 99999999999\r\n", "{")).await;
    assert_eq!(status_of(&answer), 400);
    assert!(answer.contains("E0000003"), "{answer}");
}

#[tokio::test]
async fn a_write_without_length_is_411() {
    let org = Org::start().await;
    for line in [
        format!("POST {SERVERS}"),
        format!("PUT {SERVERS}/default"),
        format!("POST {SERVERS}/default/lifecycle/activate"),
    ] {
        let answer = org.raw(&request(&line, "", "")).await;
        assert_eq!(status_of(&answer), 411, "{answer}");
        assert!(answer.contains("\"errorCode\":\"E0000002\""), "{answer}");
        let answer = org.raw(&request(&line, "Content-Length: 0\r\n", "")).await;
        assert_ne!(status_of(&answer), 411, "{answer}");
    }
    assert_eq!(status_of(&org.raw(&request(&format!("DELETE {SERVERS}/nobody"), "", "")).await), 404);
}

#[tokio::test]
async fn broken_escapes_are_bad_requests() {
    let org = Org::start().await;
    for target in ["/%", "/%4", "/%zz", "/%ff%fe", "?q=%", "?q=%g1", "?limit=%ff", "?%80=1", "/%E2%82"] {
        let answer = org.raw(&request(&format!("GET {SERVERS}{target}"), "", "")).await;
        assert_eq!(status_of(&answer), 400, "{target}: {answer}");
        assert!(answer.contains("\"errorCode\":\"E0000020\""), "{target}: {answer}");
    }
    // Good escapes of odd characters are only unknown ids.
    for target in ["/%00", "/%2F", "/%22%5C", "/%F0%9F%A6%80", "/..%2Fdefault", "/default%20", "/%0d%0aX:y"] {
        let answer = org.raw(&request(&format!("GET {SERVERS}{target}"), "", "")).await;
        assert_eq!(status_of(&answer), 404, "{target}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        assert!(!head.contains("X:y"), "{head}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).expect("JSON")["errorCode"], "E0000007");
    }
}

#[tokio::test]
async fn a_host_that_is_no_host_is_a_bad_request() {
    let org = Org::start().await;
    for host in ["a\"b", "a b", "a<script>", "a/../b", "user@host", "h\u{e9}"] {
        let head =
            format!("GET {SERVERS} HTTP/1.1\r\nHost: {host}\r\nAuthorization: SSWS admin\r\nConnection: close\r\n\r\n");
        assert_eq!(status_of(&org.raw(head.as_bytes()).await), 400, "{host}");
    }
    let none = format!("GET {SERVERS}/default HTTP/1.1\r\nAuthorization: SSWS admin\r\nConnection: close\r\n\r\n");
    let answer = org.raw(none.as_bytes()).await;
    assert!(answer.contains(&format!("\"issuer\":\"{}/oauth2/default\"", org.mock.url())), "{answer}");
}

#[tokio::test]
async fn floods_of_headers_are_refused() {
    let org = Org::start().await;
    let line = format!("GET {SERVERS}");
    let many = "X-Many: y\r\n".repeat(2000);
    assert_eq!(status_of(&org.raw(&request(&line, &many, "")).await), 431);
    let large = format!("X-Large: {}\r\n", "y".repeat(2_000_000));
    let answer = org.raw(&request(&line, &large, "")).await;
    assert!(answer.is_empty() || status_of(&answer) == 431, "{answer}");
    let long = format!("GET {SERVERS}?q={}", "y".repeat(100_000));
    let answer = org.raw(&request(&long, "", "")).await;
    assert!(matches!(status_of(&answer), 400..500), "{answer}");
    still_serves(&org).await;
}

#[tokio::test]
async fn nesting_and_wrong_encodings_are_not_well_formed() {
    let org = Org::start().await;
    let deep = format!("{{\"name\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    for body in [deep.into_bytes(), b"{\"name\":\"\xff\xfe\",\"audiences\":[\"a\"]}".to_vec(), vec![0; 500]] {
        let request = org.request(Method::POST, SERVERS).header("Authorization", ADMIN);
        org.send(request.header("Content-Type", "application/json").body(body)).await.refused(400, "E0000003");
    }
}

#[tokio::test]
async fn what_is_not_http_is_answered_400_or_closed() {
    let org = Org::start().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/v1/authorizationServers HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
        b"POST /api/v1/authorizationServers HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/authorizationServers HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let answer = org.raw(bytes).await;
        assert!(answer.is_empty() || matches!(status_of(&answer), 400..500), "{bytes:?}: {answer}");
    }
    still_serves(&org).await;
}

#[tokio::test]
async fn slow_clients_hold_up_nobody() {
    let org = Org::start().await;
    let mut slow = Vec::new();
    for number in 0..100 {
        let mut stream = org.connect().await;
        let body = if number % 2 == 0 { "" } else { "Content-Length: 9\r\n\r\n{" };
        let part = format!("POST {SERVERS} HTTP/1.1\r\nHost: a\r\nAuthorization: SSWS admin\r\n{body}");
        stream.write_all(part.as_bytes()).await.expect("sent");
        slow.push(stream);
    }
    for _ in 0..20 {
        still_serves(&org).await;
    }
    // The slow ones are served as soon as they have said it all.
    let mut last = slow.pop().expect("a slow client");
    last.write_all(b"\"a\":12}}").await.expect("sent");
    let mut answer = [0; 12];
    timeout(PATIENCE, last.read_exact(&mut answer)).await.expect("in time").expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 400");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let org = Org::start().await;
    let get = |path: &str, connection: &str| {
        format!(
            "GET {SERVERS}{path} HTTP/1.1\r\nHost: a\r\nAuthorization: SSWS admin\r\nConnection: {connection}\r\n\r\n"
        )
    };
    let both = format!("{}{}", get("/one", "keep-alive"), get("/two", "close"));
    let answer = org.raw(both.as_bytes()).await;
    let (one, two) = (answer.find("not found: one ("), answer.find("not found: two ("));
    assert!(one.is_some() && one < two, "{answer}");
}

#[tokio::test]
async fn many_clients_at_once_lose_nothing() {
    let org = Org::start().await;
    let creating = (0..64).map(|number| {
        let org = &org;
        async move { org.create(&format!("n{number}")).await["id"].clone() }
    });
    let ids: std::collections::HashSet<String> =
        futures_util::future::join_all(creating).await.iter().map(ToString::to_string).collect();
    assert_eq!(ids.len(), 64);
    assert_eq!(org.get(SERVERS).await.json().as_array().map(Vec::len), Some(65));
}

/// Every path that takes a body, on servers and children that are there.
async fn writable(org: &Org) -> Vec<(Method, String)> {
    let server = format!("{SERVERS}/{}", text(&org.create("h").await, "id"));
    let mut paths = vec![
        (Method::POST, SERVERS.to_owned()),
        (Method::PUT, server.clone()),
        (Method::POST, format!("{server}/associatedServers")),
        (Method::POST, format!("{server}/credentials/lifecycle/keyRotate")),
        (Method::POST, format!("{server}/resourceservercredentials/keys")),
        (Method::POST, String::from("/oauth2/v1/token")),
    ];
    let rule = json!({"name": "r", "type": "RESOURCE_ACCESS", "conditions": {
        "grantTypes": {"include": ["client_credentials"]}}});
    let claim = json!({"name": "c", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "v"});
    let mut add = async |path: String, body: Value| {
        let reply = org.post(&path, &body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let child = format!("{path}/{}", text(&reply.json(), "id"));
        paths.extend([(Method::POST, path), (Method::PUT, child.clone())]);
        child
    };
    add(format!("{server}/scopes"), json!({"name": "s"})).await;
    add(format!("{server}/claims"), claim).await;
    let policy = add(format!("{server}/policies"), json!({"name": "p"})).await;
    add(format!("{policy}/rules"), rule).await;
    paths
}

#[tokio::test]
async fn no_body_is_too_odd_for_any_operation() {
    let org = Org::start().await;
    let deep = format!("{}1{}", "{\"conditions\":".repeat(100), "}".repeat(100));
    let long = format!("{{\"name\":\"{}\"}}", "n".repeat(500_000));
    let bodies = [
        "",
        "null",
        "[]",
        "{}",
        "0",
        "\"x\"",
        "{\"name\":",
        "{\"name\":1e999}",
        "\u{0}",
        deep.as_str(),
        long.as_str(),
        "{\"name\":\"n\",\"name\":7}",
        "{\"name\":\"n\",\"type\":\"RESOURCE_ACCESS\",\"priority\":9223372036854775807,\"conditions\":{\"grantTypes\":{\"include\":[\"\"]}}}",
        "{\"name\":\"n\",\"priority\":-9223372036854775808}",
        "{\"name\":\"n\",\"priority\":1e300}",
        "{\"kty\":\"RSA\",\"use\":\"enc\",\"e\":\"\",\"n\":\"\"}",
        "{\"trusted\":[[]]}",
        "grant_type=client_credentials&client_assertion=a.b.c&client_assertion_type=x",
    ];
    for (method, path) in writable(&org).await {
        for body in bodies {
            for content_type in ["application/json", "application/x-www-form-urlencoded"] {
                let request = org.request(method.clone(), &path).header("Authorization", ADMIN);
                let request = request.header("Content-Type", content_type).header("Content-Length", body.len());
                let reply = org.send(request.body(body.to_owned())).await;
                let short = &body[..body.len().min(60)];
                assert!(reply.status < 500, "{method} {path} {short}: {}", reply.text);
                // An error is told in one of the two forms, whatever it was.
                if reply.status >= 400 {
                    let body = reply.json();
                    assert!(body["errorCode"].is_string() || body["error"].is_string(), "{body}");
                }
            }
        }
    }
    assert_eq!(org.get(SERVERS).await.status, 200);
}
