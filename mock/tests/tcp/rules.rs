//! Rules of an access policy: create, read, replace, delete, lifecycle, priorities, conditions, lifetimes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{ADMIN, Org, SERVERS, members, text};

/// The text of the one validation error of these endpoints that is known.
const NOBODY: &str = "conditions.people: At least one of ''conditions.people.users.include'' or \
                      ''conditions.people.groups.include'' must contain a valid user or group when \
                      ''conditions.grantTypes'' contains one or more of [authorization_code, implicit, password].";

async fn org() -> (Org, String) {
    let org = Org::seeded(1).await;
    let policies = format!("{SERVERS}/{}/policies", text(&org.create("r").await, "id"));
    let policy = org.post(&policies, &json!({"name": "p"})).await.json();
    (org, format!("{policies}/{}/rules", text(&policy, "id")))
}

fn valid() -> Value {
    json!({
        "type": "RESOURCE_ACCESS", "name": "r",
        "conditions": {
            "people": {"groups": {"include": ["EVERYONE"]}, "users": {}},
            "grantTypes": {"include": ["implicit"]}, "scopes": {},
        },
    })
}

/// The valid rule with one member set, found by its path.
fn with(path: &str, value: Value) -> Value {
    let mut body = valid();
    let mut place = &mut body;
    for name in path.split('/').skip(1) {
        place = &mut place[name];
    }
    *place = value;
    body
}

#[tokio::test]
async fn a_rule_has_the_recorded_members_in_order() {
    let (org, path) = org().await;
    let mut body = valid();
    body["actions"] = json!({"token": {"accessTokenLifetimeMinutes": 60, "inlineHook": {"id": "cal9i735arKpZJrYQ1d7"},
        "refreshTokenLifetimeMinutes": 0, "refreshTokenWindowMinutes": 10080}});
    let reply = org.post(&path, &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let rule = reply.json();
    let id = text(&rule, "id");
    assert!(id.len() == 20 && id.starts_with("0pr"), "{id}");
    let href = format!("{}{path}/{id}", org.mock.url());
    let expected = json!({
        "id": id, "status": "ACTIVE", "name": "r", "priority": 1, "created": "2026-06-01T00:00:03.000Z",
        "lastUpdated": "2026-06-01T00:00:03.000Z", "system": false,
        "conditions": {
            "people": {"users": {"exclude": []}, "groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["implicit"]}, "scopes": {"include": []},
        },
        "actions": {"token": {"accessTokenLifetimeMinutes": 60, "refreshTokenLifetimeMinutes": 0,
            "refreshTokenWindowMinutes": 10080, "inlineHook": {"id": "cal9i735arKpZJrYQ1d7"}}},
        "_links": {
            "self": {"href": href, "hints": {"allow": ["GET", "PUT", "DELETE"]}},
            "deactivate": {"href": format!("{href}/lifecycle/deactivate"), "hints": {"allow": ["POST"]}},
        },
        "type": "RESOURCE_ACCESS",
    });
    assert_eq!(rule.to_string(), expected.to_string());
    assert_eq!(org.get(&format!("{path}/{id}")).await.json(), rule);
    assert_eq!(org.get(&path).await.json(), json!([rule]));
}

#[tokio::test]
async fn client_credentials_alone_need_nobody_and_echo_no_groups() {
    let (org, path) = org().await;
    let body = json!({"type": "RESOURCE_ACCESS", "name": "r", "conditions": {
        "grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}});
    let reply = org.post(&path, &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.json()["conditions"]["people"], json!({"users": {"exclude": []}}));
    assert_eq!(reply.json()["conditions"]["scopes"], json!({"include": ["*"]}));
    let token = &reply.json()["actions"]["token"];
    assert_eq!(
        members(token),
        ["accessTokenLifetimeMinutes", "refreshTokenLifetimeMinutes", "refreshTokenWindowMinutes"]
    );
}

#[tokio::test]
async fn other_grant_types_need_somebody_who_exists() {
    let (org, path) = org().await;
    for grant in ["authorization_code", "implicit", "password", "no_such_grant"] {
        for people in [
            json!(null),
            json!({}),
            json!({"groups": {"include": []}, "users": {"include": []}}),
            json!({"groups": {"include": ["00gNobody"]}}),
            json!({"users": {"include": ["EVERYONE"]}}),
        ] {
            let mut body = with("/conditions/people", people);
            body["conditions"]["grantTypes"] = json!({"include": ["client_credentials", grant]});
            let reply = org.post(&path, &body).await;
            assert_eq!(reply.refused(400, "E0000001"), [NOBODY], "{body}");
            assert_eq!(reply.json()["errorSummary"], "Api validation failed: conditions.people");
        }
    }
}

#[tokio::test]
async fn grant_types_have_an_order_of_their_own() {
    let (org, path) = org().await;
    let sent = json!({"include": ["authorization_code", "password", "client_credentials", "implicit", "password"]});
    let rule = org.post(&path, &with("/conditions/grantTypes", sent)).await.json();
    let told = ["implicit", "client_credentials", "authorization_code", "password"];
    assert_eq!(rule["conditions"]["grantTypes"]["include"], json!(told));
}

#[tokio::test]
async fn put_replaces_and_a_hook_that_is_left_out_is_gone() {
    let (org, path) = org().await;
    let hook = json!({"token": {"inlineHook": {"id": "cal1"}, "accessTokenLifetimeMinutes": 5}});
    let rule = org.post(&path, &with("/actions", hook)).await.json();
    assert_eq!(rule["actions"]["token"]["inlineHook"], json!({"id": "cal1"}));
    let at = format!("{path}/{}", text(&rule, "id"));
    let replaced = org.put(&at, &with("/name", json!("other"))).await.json();
    assert_eq!(
        replaced["actions"],
        json!({"token": {"accessTokenLifetimeMinutes": 60, "refreshTokenLifetimeMinutes": 0,
            "refreshTokenWindowMinutes": 10080}})
    );
    assert_eq!((&replaced["name"], &replaced["created"]), (&json!("other"), &rule["created"]));
    assert_eq!(replaced["lastUpdated"], "2026-06-01T00:00:04.000Z");
    assert_eq!(org.get(&at).await.json(), replaced);
}

#[tokio::test]
async fn lifetimes_have_limits() {
    let (org, path) = org().await;
    let token = |member: &str, value: i64| {
        let mut token = json!({"accessTokenLifetimeMinutes": 60});
        token[member] = json!(value);
        with("/actions", json!({"token": token}))
    };
    for (member, refused, accepted) in [
        ("accessTokenLifetimeMinutes", [4, 1_441, 0, -5], [5, 1_440]),
        ("refreshTokenLifetimeMinutes", [59, 1, -1, -60], [0, 60]),
        ("refreshTokenWindowMinutes", [9, 0, 2_628_001, i64::MAX], [10, 2_628_000]),
    ] {
        for value in refused {
            let causes = org.post(&path, &token(member, value)).await.refused(400, "E0000001");
            let field = format!("actions.token.{member}: ");
            assert!(causes.len() == 1 && causes[0].starts_with(&field), "{value}: {causes:?}");
        }
        for value in accepted {
            let reply = org.post(&path, &token(member, value)).await;
            assert_eq!(reply.json()["actions"]["token"][member], value, "{}", reply.text);
        }
    }
}

#[tokio::test]
async fn every_member_is_checked() {
    let (org, path) = org().await;
    for (field, body) in [
        ("name", with("/name", json!(null))),
        ("name", with("/name", json!(7))),
        ("type", with("/type", json!("SIGN_ON"))),
        ("priority", with("/priority", json!("1"))),
        ("status", with("/status", json!("active"))),
        ("conditions", with("/conditions", json!(null))),
        ("conditions", with("/conditions", json!([]))),
        ("conditions.grantTypes", with("/conditions/grantTypes", json!(null))),
        ("conditions.grantTypes", with("/conditions/grantTypes", json!({"include": []}))),
        ("conditions.grantTypes.include", with("/conditions/grantTypes", json!({"include": "implicit"}))),
        ("conditions.scopes", with("/conditions/scopes", json!("*"))),
        ("conditions.scopes.include", with("/conditions/scopes", json!({"include": [1]}))),
        ("conditions.people.users.include", with("/conditions/people/users", json!({"include": {}}))),
        ("actions", with("/actions", json!("token"))),
        ("actions.token", with("/actions", json!({"token": 60}))),
        (
            "actions.token.accessTokenLifetimeMinutes",
            with("/actions", json!({"token": {"accessTokenLifetimeMinutes": "60"}})),
        ),
        ("actions.token.inlineHook", with("/actions", json!({"token": {"inlineHook": "cal"}}))),
        ("actions.token.inlineHook.id", with("/actions", json!({"token": {"inlineHook": {}}}))),
    ] {
        let causes = org.post(&path, &body).await.refused(400, "E0000001");
        assert!(causes.len() == 1 && causes[0].starts_with(&format!("{field}: ")), "{body}: {causes:?}");
    }
    let reply = org.post(&path, &with("/actions", json!({"scopes": {"include": ["a"]}}))).await;
    assert_eq!(reply.json()["errorSummary"], "Api validation failed: actions.scopes");
    assert_eq!(
        reply.refused(400, "E0000001"),
        ["actions.scopes: Cannot add scopes to 'action.scopes', add to 'conditions.scopes.include' instead."]
    );
    assert_eq!(org.get(&path).await.json(), json!([]));
}

#[tokio::test]
async fn priorities_are_cut_down_and_move_the_others() {
    let (org, path) = org().await;
    for number in 1..=10 {
        let mut body = with("/name", json!(format!("r{number}")));
        body["priority"] = json!(number);
        assert_eq!(org.post(&path, &body).await.json()["priority"], number);
    }
    let list = org.get(&path).await.json();
    let at = format!("{path}/{}", text(&list[0], "id"));
    // One rule asked for the second place comes back as the first; here eleven of ten.
    assert_eq!(org.put(&at, &with("/priority", json!(11))).await.json()["priority"], 10);
    let list = org.get(&path).await.json();
    let list = list.as_array().expect("a list");
    let told: Vec<_> = list.iter().map(|rule| (text(rule, "name"), rule["priority"].as_i64())).collect();
    assert_eq!((told[0], told[8], told[9]), (("r2", Some(1)), ("r10", Some(9)), ("r", Some(10))));
}

#[tokio::test]
async fn a_null_type_is_not_well_formed() {
    let (org, path) = org().await;
    let at = format!("{path}/{}", text(&org.post(&path, &valid()).await.json(), "id"));
    let mut body = valid();
    body["type"] = json!(null);
    for reply in [org.post(&path, &body).await, org.put(&at, &body).await] {
        assert_eq!(reply.refused(400, "E0000003"), [""; 0]);
    }
    body.as_object_mut().expect("an object").remove("type");
    assert_eq!(org.put(&at, &body).await.refused(400, "E0000001").len(), 1);
}

#[tokio::test]
async fn empty_lists_of_people_come_back_if_they_were_sent() {
    let (org, path) = org().await;
    let mut body = valid();
    let people = json!({"users": {"include": [], "exclude": []}, "groups": {"include": ["EVERYONE"], "exclude": []}});
    body["conditions"]["people"] = people.clone();
    let rule = org.post(&path, &body).await.json();
    let at = format!("{path}/{}", text(&rule, "id"));
    assert_eq!((&rule["conditions"]["people"], &org.get(&at).await.json()), (&people, &rule));
    let people = org.put(&at, &valid()).await.json()["conditions"]["people"].take();
    assert_eq!(people, json!({"users": {"exclude": []}, "groups": {"include": ["EVERYONE"]}}));
}

#[tokio::test]
async fn a_replace_leaves_the_status() {
    let (org, path) = org().await;
    let at = format!("{path}/{}", text(&org.post(&path, &valid()).await.json(), "id"));
    let with = |status: &str| {
        let mut body = valid();
        body["status"] = json!(status);
        body
    };
    assert_eq!(org.put(&at, &with("INACTIVE")).await.json()["status"], "ACTIVE");
    org.ask(Method::POST, &format!("{at}/lifecycle/deactivate"), ADMIN).await;
    assert_eq!(org.put(&at, &with("ACTIVE")).await.json()["status"], "INACTIVE");
}

#[tokio::test]
async fn refresh_token_is_no_grant_type() {
    let (org, path) = org().await;
    let mut body = valid();
    body["conditions"]["grantTypes"] = json!({"include": ["refresh_token"]});
    let causes = org.post(&path, &body).await.refused(400, "E0000001");
    assert!(causes.len() == 1 && causes[0].starts_with("conditions.grantTypes: "), "{causes:?}");
}

#[tokio::test]
async fn lifecycle_and_second_delete() {
    let (org, path) = org().await;
    let rule = org.post(&path, &valid()).await.json();
    let at = format!("{path}/{}", text(&rule, "id"));
    let turn = async |operation: &str| org.ask(Method::POST, &format!("{at}/lifecycle/{operation}"), ADMIN).await;
    for (operation, status, link) in [
        ("deactivate", "INACTIVE", "activate"),
        ("deactivate", "INACTIVE", "activate"),
        ("activate", "ACTIVE", "deactivate"),
    ] {
        assert_eq!(turn(operation).await.status, 204);
        let rule = org.get(&at).await.json();
        assert_eq!((text(&rule, "status"), members(&rule["_links"])), (status, vec!["self", link]));
    }
    assert_eq!(org.delete(&at).await.status, 204);
    for reply in [org.delete(&at).await, turn("deactivate").await, org.get(&at).await, org.put(&at, &valid()).await] {
        reply.refused(404, "E0000007");
        let summary = format!("Not found: Resource not found: {} (PolicyRule)", text(&rule, "id"));
        assert_eq!(reply.json()["errorSummary"], summary);
    }
}

#[tokio::test]
async fn a_server_takes_its_children_along() {
    let (org, path) = org().await;
    let rule = org.post(&path, &valid()).await.json();
    let server = path.split('/').nth(4).expect("a server").to_owned();
    assert_eq!(org.delete(&format!("{SERVERS}/{server}")).await.status, 204);
    for path in [path.clone(), format!("{path}/{}", text(&rule, "id")), format!("{SERVERS}/{server}/policies")] {
        let reply = org.get(&path).await;
        reply.refused(404, "E0000007");
        let summary = format!("Not found: Resource not found: {server} (AuthorizationServer)");
        assert_eq!(reply.json()["errorSummary"], summary);
    }
}
