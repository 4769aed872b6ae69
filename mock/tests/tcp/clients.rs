//! Clients with refresh tokens of a server, and the tokens.

use okta_mock::{Settings, State};
use serde_json::{Value, json};

use crate::{Org, Reply, SERVERS, settings, text};

const CLIENT: &str = "0oaClient";
const TOKENS: &str = "/api/v1/authorizationServers/ausApi/clients/0oaClient/tokens";

/// An org with two clients, one of which has three tokens of a server, one of them expired, and one of another server.
async fn org() -> Org {
    let token = |id: &str, server: &str, expires: &str| {
        json!({"id": id, "client": CLIENT, "server": server, "user": "00uJoe",
            "scopes": ["offline_access", "openid"], "created": "2026-05-30T00:00:00Z", "expiresAt": expires})
    };
    let state = json!({
        "servers": [{"id": "ausApi", "name": "Api", "audiences": ["api"]}],
        "clients": [
            {"id": CLIENT, "name": "My App", "client_uri": "https://app.example"},
            {"id": "0oaIdle", "name": "Idle"},
        ],
        "users": [{"id": "00uJoe", "name": "Joe User"}],
        "refreshTokens": [
            token("oar1", "ausApi", "2026-06-07T00:00:00Z"),
            token("oarOld", "ausApi", "2026-05-31T23:59:59Z"),
            token("oar2", "ausApi", "2026-06-08T00:00:00Z"),
            token("oar3", "default", "2026-06-08T00:00:00Z"),
        ],
    });
    let state: State = serde_json::from_value(state).expect("a state");
    Org::with(Settings { seed: Some(1), state: Some(state), ..settings() }).await
}

fn ids(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json().as_array().expect("a list").iter().map(|token| text(token, "id").to_owned()).collect()
}

#[tokio::test]
async fn a_server_lists_the_clients_that_hold_its_tokens() {
    let org = org().await;
    let base = org.mock.url();
    let expected = json!([{
        "client_id": CLIENT, "client_name": "My App", "client_uri": "https://app.example", "logo_uri": null,
        "_links": {
            "client": {"href": format!("{base}/oauth2/v1/clients/{CLIENT}"), "title": "My App"},
            "tokens": {"href": format!("{base}{TOKENS}"), "hints": {"allow": ["GET", "DELETE"]}},
        },
    }]);
    assert_eq!(org.get(&format!("{SERVERS}/ausApi/clients")).await.text, expected.to_string());
    let unused = text(&org.create("unused").await, "id").to_owned();
    assert_eq!(org.get(&format!("{SERVERS}/{unused}/clients")).await.json(), json!([]));
}

#[tokio::test]
async fn a_token_has_the_recorded_members_in_order() {
    let org = org().await;
    let base = org.mock.url();
    let this = format!("{base}{TOKENS}/oar1");
    let expected = json!({
        "id": "oar1", "status": "ACTIVE", "created": "2026-05-30T00:00:00.000Z",
        "lastUpdated": "2026-05-30T00:00:00.000Z", "expiresAt": "2026-06-07T00:00:00.000Z",
        "issuer": format!("{base}/oauth2/ausApi"), "clientId": CLIENT, "userId": "00uJoe",
        "scopes": ["offline_access", "openid"],
        "_links": {
            "app": {"href": format!("{base}/api/v1/apps/{CLIENT}"), "title": "My App"},
            "authorizationServer": {"href": format!("{base}{SERVERS}/ausApi"), "title": "Api"},
            "self": {"href": this},
            "revoke": {"href": this, "hints": {"allow": ["DELETE"]}},
            "client": {"href": format!("{base}/oauth2/v1/clients/{CLIENT}"), "title": "My App"},
            "user": {"href": format!("{base}/api/v1/users/00uJoe"), "title": "Joe User"},
        },
    });
    assert_eq!(org.get(&format!("{TOKENS}/oar1")).await.text, expected.to_string());
    let list = org.get(TOKENS).await;
    assert_eq!(ids(&list), ["oar1", "oar2"]);
    assert_eq!(list.json()[0], expected);
    assert_eq!(list.headers.get("link"), None);
}

#[tokio::test]
async fn scopes_are_told_when_asked_for() {
    let org = org().await;
    let token = org.get(&format!("{TOKENS}/oar1?expand=scope")).await.json();
    let scopes = token["_embedded"]["scopes"].as_array().expect("scopes").clone();
    let find = |name: &str| scopes.iter().find(|scope| scope["name"] == name).expect("the scope");
    assert_eq!(scopes.len(), 2);
    let openid = find("openid");
    let href = format!("{}{SERVERS}/ausApi/scopes/{}", org.mock.url(), text(openid, "id"));
    let expected = json!({"id": openid["id"], "name": "openid", "displayName": "openid",
        "description": "Signals that a request is an OpenID request.",
        "_links": {"scope": {"href": href, "title": "openid"}}});
    assert_eq!(openid, &expected);
    assert_eq!(org.get(&href.replace(&org.mock.url(), "")).await.status, 200);
    assert_eq!(org.get(&format!("{TOKENS}?expand=scope")).await.json()[0], token);
    for path in [TOKENS.to_owned(), format!("{TOKENS}/oar1")] {
        org.get(&format!("{path}?expand=user")).await.refused(400, "E0000001");
    }
}

#[tokio::test]
async fn tokens_have_pages() {
    let org = org().await;
    let page = org.get(&format!("{TOKENS}?limit=1&expand=scope")).await;
    assert_eq!(ids(&page), ["oar1"]);
    let links: Vec<_> = page.headers.get_all("link").iter().filter_map(|link| link.to_str().ok()).collect();
    let base = format!("{}{TOKENS}", org.mock.url());
    assert_eq!(
        links,
        [
            format!("<{base}?expand=scope&limit=1>; rel=\"self\""),
            format!("<{base}?after=oar1&expand=scope&limit=1>; rel=\"next\"")
        ]
    );
    assert_eq!(ids(&org.get(&format!("{TOKENS}?limit=1&after=oar1")).await), ["oar2"]);
    assert_eq!(ids(&org.get(&format!("{TOKENS}?limit=-1")).await), ["oar1", "oar2"]);
}

#[tokio::test]
async fn a_revoked_token_is_gone_and_others_stay() {
    let org = org().await;
    let reply = org.delete(&format!("{TOKENS}/oar1")).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    for reply in [org.get(&format!("{TOKENS}/oar1")).await, org.delete(&format!("{TOKENS}/oar1")).await] {
        reply.refused(404, "E0000007");
    }
    assert_eq!(ids(&org.get(TOKENS).await), ["oar2"]);
    for _ in 0..2 {
        assert_eq!(org.delete(TOKENS).await.status, 204);
        assert_eq!(org.get(TOKENS).await.json(), json!([]));
    }
    assert_eq!(org.get(&format!("{SERVERS}/ausApi/clients")).await.json(), json!([]));
    assert_eq!(ids(&org.get(&format!("{SERVERS}/default/clients/{CLIENT}/tokens")).await), ["oar3"]);
}

#[tokio::test]
async fn unknown_clients_and_tokens_are_not_found() {
    let org = org().await;
    let tokens = format!("{SERVERS}/ausApi/clients/0oaNobody/tokens");
    for reply in [org.get(&tokens).await, org.delete(&tokens).await, org.get(&format!("{tokens}/oar1")).await] {
        reply.refused(404, "E0000007");
        assert_eq!(reply.json()["errorSummary"], "Not found: Resource not found: 0oaNobody (PublicClientApp)");
    }
    // Neither expired, nor of another client, nor of another server.
    for path in
        [format!("{TOKENS}/oarOld"), format!("{TOKENS}/oar3"), format!("{SERVERS}/ausApi/clients/0oaIdle/tokens/oar1")]
    {
        org.get(&path).await.refused(404, "E0000007");
        org.delete(&path).await.refused(404, "E0000007");
    }
    assert_eq!(org.get(&format!("{SERVERS}/ausApi/clients/0oaIdle/tokens")).await.json(), Value::Array(Vec::new()));
}
