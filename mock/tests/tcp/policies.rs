//! Access policies: create, read, replace, delete, lifecycle, priorities.

use serde_json::{Value, json};

use crate::{ADMIN, Org, SERVERS, members, text};
use reqwest::Method;

async fn org() -> (Org, String) {
    let org = Org::seeded(1).await;
    let path = format!("{SERVERS}/{}/policies", text(&org.create("p").await, "id"));
    (org, path)
}

/// Names and priorities in the order of the list.
async fn order(org: &Org, path: &str) -> Vec<(String, i64)> {
    let list = org.get(path).await.json();
    let pair = |policy: &Value| (text(policy, "name").to_owned(), policy["priority"].as_i64().expect("a number"));
    list.as_array().expect("a list").iter().map(pair).collect()
}

fn pairs(names: &[&str]) -> Vec<(String, i64)> {
    names.iter().map(|name| (*name).to_owned()).zip(1..).collect()
}

#[tokio::test]
async fn a_policy_has_the_recorded_members_in_order() {
    let (org, path) = org().await;
    let body = json!({"name": "test", "description": "d", "priority": 1, "status": "ACTIVE",
        "type": "OAUTH_AUTHORIZATION_POLICY", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}});
    let reply = org.post(&path, &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let policy = reply.json();
    let id = text(&policy, "id");
    assert!(id.len() == 20 && id.starts_with("00p"), "{id}");
    let href = format!("{}{path}/{id}", org.mock.url());
    let expected = json!({
        "id": id, "status": "ACTIVE", "name": "test", "description": "d", "priority": 1, "system": false,
        "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}, "created": "2026-06-01T00:00:02.000Z",
        "lastUpdated": "2026-06-01T00:00:02.000Z",
        "_links": {
            "self": {"href": href, "hints": {"allow": ["GET", "PUT", "DELETE"]}},
            "rules": {"href": format!("{href}/rules"), "hints": {"allow": ["GET"]}},
            "deactivate": {"href": format!("{href}/lifecycle/deactivate"), "hints": {"allow": ["POST"]}},
        },
        "type": "OAUTH_AUTHORIZATION_POLICY",
    });
    assert_eq!(policy.to_string(), expected.to_string());
    assert_eq!(org.get(&format!("{path}/{id}")).await.json(), policy);
    assert_eq!(org.get(&path).await.json(), json!([policy]));
    assert_eq!(org.get(&format!("{path}/{id}/rules")).await.json(), json!([]));
}

#[tokio::test]
async fn conditions_may_be_left_out_and_are_empty_then() {
    let (org, path) = org().await;
    for body in [json!({"name": "n"}), json!({"name": "n", "conditions": {}}), json!({"name": "n", "conditions": null})]
    {
        let policy = org.post(&path, &body).await.json();
        assert_eq!(policy["conditions"], json!({"clients": {"include": []}}), "{body}");
        assert_eq!(policy["status"], "ACTIVE");
    }
}

#[tokio::test]
async fn put_moves_last_updated_and_keeps_what_is_not_the_clients() {
    let (org, path) = org().await;
    let policy = org.post(&path, &json!({"name": "a", "description": "d"})).await.json();
    let at = format!("{path}/{}", text(&policy, "id"));
    let reply = org.put(&at, &json!({"name": "b", "id": "x", "created": "x", "system": true})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let replaced = reply.json();
    assert_eq!((&replaced["name"], &replaced["description"]), (&json!("b"), &Value::Null));
    assert_eq!(
        (&replaced["id"], &replaced["created"], &replaced["system"]),
        (&policy["id"], &policy["created"], &json!(false))
    );
    assert_eq!(replaced["lastUpdated"], "2026-06-01T00:00:03.000Z");
    assert_eq!(org.get(&at).await.json(), replaced);
}

#[tokio::test]
async fn priorities_are_places_without_gaps() {
    let (org, path) = org().await;
    let add = async |name: &str, priority: Value| {
        let policy = org.post(&path, &json!({"name": name, "priority": priority})).await.json();
        (text(&policy, "id").to_owned(), policy["priority"].clone())
    };
    let (a, priority) = add("a", json!(7)).await;
    assert_eq!(priority, 1);
    assert_eq!(add("b", json!(2)).await.1, 2);
    assert_eq!(add("c", json!(1)).await.1, 1);
    assert_eq!(add("d", Value::Null).await.1, 4);
    assert_eq!(add("e", json!(-3)).await.1, 1);
    assert_eq!(order(&org, &path).await, pairs(&["e", "c", "a", "b", "d"]));
    let at = format!("{path}/{a}");
    assert_eq!(org.put(&at, &json!({"name": "a"})).await.json()["priority"], 3);
    assert_eq!(org.put(&at, &json!({"name": "a", "priority": 99})).await.json()["priority"], 5);
    assert_eq!(order(&org, &path).await, pairs(&["e", "c", "b", "d", "a"]));
    assert_eq!(org.put(&at, &json!({"name": "a", "priority": 2})).await.json()["priority"], 2);
    assert_eq!(order(&org, &path).await, pairs(&["e", "a", "c", "b", "d"]));
    org.delete(&at).await;
    assert_eq!(order(&org, &path).await, pairs(&["e", "c", "b", "d"]));
}

#[tokio::test]
async fn links_follow_the_status() {
    let (org, path) = org().await;
    let id = text(&org.post(&path, &json!({"name": "a"})).await.json(), "id").to_owned();
    let at = format!("{path}/{id}");
    for (operation, status, link) in [
        ("activate", "ACTIVE", "deactivate"),
        ("deactivate", "INACTIVE", "activate"),
        ("deactivate", "INACTIVE", "activate"),
        ("activate", "ACTIVE", "deactivate"),
    ] {
        let reply = org.ask(Method::POST, &format!("{at}/lifecycle/{operation}"), ADMIN).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""));
        let policy = org.get(&at).await.json();
        assert_eq!(policy["status"], status);
        let links: &[&str] =
            if link == "activate" { &["activate", "self", "rules"] } else { &["self", "rules", "deactivate"] };
        assert_eq!(members(&policy["_links"]), links);
        let href = format!("{}{at}/lifecycle/{link}", org.mock.url());
        assert_eq!(policy["_links"][link]["href"], href);
    }
}

#[tokio::test]
async fn a_status_that_is_sent_does_not_matter() {
    let (org, path) = org().await;
    let policy = org.post(&path, &json!({"name": "a", "status": "INACTIVE"})).await.json();
    assert_eq!(policy["status"], "ACTIVE");
    let at = format!("{path}/{}", text(&policy, "id"));
    assert_eq!(org.put(&at, &json!({"name": "a", "status": "INACTIVE"})).await.json()["status"], "ACTIVE");
    org.ask(Method::POST, &format!("{at}/lifecycle/deactivate"), ADMIN).await;
    assert_eq!(org.put(&at, &json!({"name": "a", "status": "ACTIVE"})).await.json()["status"], "INACTIVE");
    assert_eq!(org.get(&at).await.json()["status"], "INACTIVE");
}

#[tokio::test]
async fn every_member_is_checked() {
    let (org, path) = org().await;
    let policy = org.post(&path, &json!({"name": "n"})).await.json();
    let at = format!("{path}/{}", text(&policy, "id"));
    for (field, body) in [
        ("name", json!({})),
        ("name", json!({"name": ""})),
        ("name", json!({"name": "n".repeat(101)})),
        ("name", json!({"name": ["n"]})),
        ("type", json!({"name": "n", "type": "OKTA_SIGN_ON"})),
        ("description", json!({"name": "n", "description": ""})),
        ("description", json!({"name": "n", "description": "d".repeat(256)})),
        ("priority", json!({"name": "n", "priority": "1"})),
        ("priority", json!({"name": "n", "priority": 1.5})),
        ("status", json!({"name": "n", "status": "EXPIRED"})),
        ("conditions", json!({"name": "n", "conditions": "c"})),
        ("conditions.clients", json!({"name": "n", "conditions": {"clients": []}})),
        ("conditions.clients.include", json!({"name": "n", "conditions": {"clients": {"include": [7]}}})),
    ] {
        for reply in [org.post(&path, &body).await, org.put(&at, &body).await] {
            let causes = reply.refused(400, "E0000001");
            assert!(causes.len() == 1 && causes[0].starts_with(&format!("{field}: ")), "{body}: {causes:?}");
        }
    }
    assert_eq!(org.get(&path).await.json(), json!([policy]));
    let longest = json!({"name": "\u{e9}".repeat(100), "description": "\u{e9}".repeat(255)});
    assert_eq!(org.post(&path, &longest).await.status, 201);
}

#[tokio::test]
async fn a_policy_is_found_through_its_own_server_only() {
    let (org, path) = org().await;
    let id = text(&org.post(&path, &json!({"name": "n"})).await.json(), "id").to_owned();
    let other = text(&org.create("other").await, "id").to_owned();
    let there = format!("{SERVERS}/{other}/policies/{id}");
    let turned = org.ask(Method::POST, &format!("{there}/lifecycle/deactivate"), ADMIN).await;
    let replies = [
        org.get(&there).await,
        org.delete(&there).await,
        org.put(&there, &json!({"name": "m"})).await,
        org.get(&format!("{there}/rules")).await,
        turned,
    ];
    for reply in replies {
        reply.refused(404, "E0000007");
        assert_eq!(reply.json()["errorSummary"], format!("Not found: Resource not found: {id} (Policy)"));
    }
    let at = format!("{path}/{id}");
    assert_eq!((org.get(&at).await.json()["name"].clone(), org.delete(&at).await.status), (json!("n"), 204));
    org.get(&at).await.refused(404, "E0000007");
    org.get(&format!("{at}/rules")).await.refused(404, "E0000007");
}

#[tokio::test]
async fn the_default_server_comes_with_a_policy_and_a_rule() {
    let org = Org::start().await;
    let path = format!("{SERVERS}/default/policies");
    let policies = org.get(&path).await.json();
    assert_eq!(policies.as_array().map(Vec::len), Some(1));
    assert_eq!((&policies[0]["name"], &policies[0]["priority"]), (&json!("Default Policy"), &json!(1)));
    assert_eq!(policies[0]["conditions"]["clients"]["include"], json!(["ALL_CLIENTS"]));
    let rules = org.get(&format!("{path}/{}/rules", text(&policies[0], "id"))).await.json();
    assert_eq!(rules.as_array().map(Vec::len), Some(1));
    assert_eq!(
        rules[0]["conditions"],
        json!({
            "people": {"users": {"exclude": []}, "groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["implicit", "client_credentials", "authorization_code", "password"]},
            "scopes": {"include": ["*"]},
        })
    );
}
