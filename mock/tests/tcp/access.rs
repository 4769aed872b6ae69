//! Tokens, scopes, the missing feature, unknown paths and methods, rate limits.

use reqwest::Method;
use serde_json::json;

use crate::{ADMIN, Org, Reply, SERVERS, settings};
use okta_mock::Settings;

#[tokio::test]
async fn both_schemes_are_understood_in_any_case() {
    let org = Org::start().await;
    for authorization in ["SSWS admin", "ssws admin", "SSWSadmin", "SSWS  admin", "Bearer reader", "bearer reader"] {
        assert_eq!(org.ask(Method::GET, SERVERS, authorization).await.status, 200, "{authorization}");
    }
}

#[tokio::test]
async fn unknown_tokens_are_refused() {
    let org = Org::start().await;
    for authorization in [
        "",
        "SSWS",
        "SSWS ",
        "SSWS nobody",
        "SSWS Admin",
        "SSWS old",
        "admin",
        "Basic YWRtaW46YWRtaW4=",
        "Bearer admin",
    ] {
        let reply = org.ask(Method::GET, SERVERS, authorization).await;
        assert_eq!(reply.refused(401, "E0000011"), Vec::<String>::new(), "{authorization}");
        assert_eq!(reply.json()["errorSummary"], "Invalid token provided");
    }
    for authorization in ["SSWS reader", "Bearerreader", "Bearer"] {
        org.ask(Method::GET, SERVERS, authorization).await.refused(401, "E0000011");
    }
    org.send(org.request(Method::GET, SERVERS)).await.refused(401, "E0000011");
    let twice = org.request(Method::GET, SERVERS).header("Authorization", ADMIN).header("Authorization", ADMIN);
    org.send(twice).await.refused(401, "E0000011");
}

async fn every_operation(org: &Org, authorization: &str) -> [Reply; 7] {
    let body = json!({"name": "n", "audiences": ["a"]});
    let send = async |method: Method, tail: &str| {
        let request = org.request(method, &format!("{SERVERS}{tail}")).header("Authorization", authorization);
        org.send(request.json(&body)).await
    };
    [
        send(Method::GET, "").await,
        send(Method::GET, "/default").await,
        send(Method::POST, "").await,
        send(Method::PUT, "/default").await,
        send(Method::POST, "/default/lifecycle/activate").await,
        send(Method::POST, "/default/lifecycle/deactivate").await,
        send(Method::DELETE, "/ausUnknown").await,
    ]
}

#[tokio::test]
async fn rights_decide_what_a_token_may_do() {
    let org = Org::start().await;
    for (authorization, expected) in [
        ("SSWS admin", [200, 200, 201, 200, 204, 204, 404]),
        ("Bearer manager", [200, 200, 201, 200, 204, 204, 404]),
        ("SSWS auditor", [200, 200, 403, 403, 403, 403, 403]),
        ("Bearer reader", [200, 200, 403, 403, 403, 403, 403]),
        ("Bearer stranger", [403; 7]),
    ] {
        let replies = every_operation(&org, authorization).await;
        assert_eq!(replies.each_ref().map(|reply| reply.status), expected, "{authorization}");
        for reply in replies.iter().filter(|reply| reply.status == 403) {
            reply.refused(403, "E0000006");
        }
    }
}

#[tokio::test]
async fn without_the_feature_every_operation_is_401() {
    let org = Org::with(Settings { api_access_management: false, ..settings() }).await;
    for reply in every_operation(&org, ADMIN).await {
        reply.refused(401, "E0000015");
        let summary = "You do not have permission to access the feature you are requesting";
        assert_eq!(reply.json()["errorSummary"], summary);
    }
    org.get(&format!("{SERVERS}/default/scopes")).await.refused(401, "E0000015");
    org.ask(Method::GET, SERVERS, "SSWS nobody").await.refused(401, "E0000011");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_after_the_token() {
    let org = Org::start().await;
    for path in [
        "/",
        "/api",
        "/api/v1/unknown",
        "/api/v1/authorizationServers/",
        "/api/v1/authorizationServers//scopes",
        "/api/v1/authorizationservers",
        "/api/v1/authorizationServers/default/unknown",
        "/api/v1/authorizationServers/a/b/c/d",
    ] {
        org.get(path).await.refused(404, "E0000008");
        org.ask(Method::GET, path, "SSWS nobody").await.refused(401, "E0000011");
    }
    for (method, path, allow) in [
        (Method::DELETE, SERVERS.to_owned(), "GET, POST"),
        (Method::PATCH, format!("{SERVERS}/default"), "GET, PUT, DELETE"),
        (Method::POST, format!("{SERVERS}/default"), "GET, PUT, DELETE"),
        (Method::GET, format!("{SERVERS}/default/lifecycle/activate"), "POST"),
    ] {
        let reply = org.ask(method.clone(), &path, ADMIN).await;
        reply.refused(405, "E0000022");
        assert_eq!(reply.header("allow"), allow);
        org.ask(method, &path, "SSWS nobody").await.refused(401, "E0000011");
    }
}

fn budget(reply: &Reply) -> (u32, u32) {
    let number = |name| reply.header(name).parse().expect("a number");
    (number("x-rate-limit-limit"), number("x-rate-limit-remaining"))
}

#[tokio::test]
async fn a_used_up_budget_is_429_until_the_window_ends() {
    let org = Org::with(Settings { rate_limit: 3, ..settings() }).await;
    // One budget for all methods, and for answers of all sorts.
    assert_eq!(budget(&org.get(SERVERS).await), (3, 2));
    assert_eq!(budget(&org.post(SERVERS, &json!({})).await), (3, 1));
    assert_eq!(budget(&org.ask(Method::DELETE, SERVERS, "SSWS nobody").await), (3, 0));
    for _ in 0..2 {
        let reply = org.get(&format!("{SERVERS}/default")).await;
        reply.refused(429, "E0000047");
        assert_eq!(reply.json()["errorSummary"], "API call exceeded rate limit due to too many requests.");
        assert_eq!(budget(&reply), (3, 0));
        let reset: i64 = reply.header("x-rate-limit-reset").parse().expect("a number");
        let date = chrono::DateTime::parse_from_rfc2822(reply.header("date")).expect("a date").timestamp();
        assert!((1..=60).contains(&(reset - date)), "{date} {reset}");
    }
    // Other paths have a budget of their own, and public documents have none.
    assert_eq!(budget(&org.get("/api/v1/users").await), (3, 2));
    for _ in 0..5 {
        let reply = org.get("/oauth2/default/.well-known/openid-configuration").await;
        assert_eq!((reply.status, reply.header("x-rate-limit-limit")), (200, ""));
    }
}

#[tokio::test]
async fn a_token_may_have_a_budget_of_its_own() {
    let org = Org::start().await;
    let ask = async || org.ask(Method::GET, SERVERS, "SSWS frugal").await;
    assert_eq!(budget(&ask().await), (2, 1));
    assert_eq!(budget(&ask().await), (2, 0));
    let refused = ask().await;
    refused.refused(429, "E0000047");
    assert_eq!(budget(&refused), (2, 0));
    assert_eq!(budget(&org.get(SERVERS).await), (10_000, 9_997));
}

#[tokio::test]
async fn a_seeded_clock_reaches_the_reset_it_has_told() {
    let org = Org::with(Settings { rate_limit: 1, seed: Some(5), ..settings() }).await;
    let first = org.get(SERVERS).await;
    let refused = org.get(SERVERS).await;
    refused.refused(429, "E0000047");
    assert_eq!(refused.header("x-rate-limit-reset"), first.header("x-rate-limit-reset"));
    assert_eq!(refused.header("date"), "Mon, 01 Jun 2026 00:00:00 GMT");
    let after = org.get(SERVERS).await;
    assert_eq!((after.status, after.header("date")), (200, "Mon, 01 Jun 2026 00:01:00 GMT"));
}
