//! Claims: create, read, replace, delete.

use serde_json::{Value, json};

use crate::{Org, SERVERS, text};

async fn org() -> (Org, String) {
    let org = Org::start().await;
    let path = format!("{SERVERS}/{}/claims", text(&org.create("c").await, "id"));
    (org, path)
}

fn valid() -> Value {
    json!({"name": "test", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "cool", "conditions": {}})
}

fn with(member: &str, value: Value) -> Value {
    let mut body = valid();
    body[member] = value;
    body
}

#[tokio::test]
async fn a_claim_has_the_recorded_members_in_order() {
    let (org, path) = org().await;
    let reply = org.post(&path, &valid()).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let claim = reply.json();
    let id = text(&claim, "id");
    assert!(id.len() == 20 && id.starts_with("ocl"), "{id}");
    let expected = json!({
        "id": id, "name": "test", "status": "ACTIVE", "claimType": "RESOURCE", "valueType": "EXPRESSION",
        "value": "cool", "conditions": {"scopes": []}, "system": false, "alwaysIncludeInToken": true,
        "apiResourceId": null,
        "_links": {"self": {
            "href": format!("{}{path}/{id}", org.mock.url()), "hints": {"allow": ["GET", "PUT", "DELETE"]}
        }},
    });
    assert_eq!(claim.to_string(), expected.to_string());
    assert_eq!(org.get(&format!("{path}/{id}")).await.json(), claim);
}

#[tokio::test]
async fn a_groups_claim_has_a_filter_before_its_links() {
    let (org, path) = org().await;
    let body = json!({"name": "g", "claimType": "IDENTITY", "valueType": "GROUPS", "value": "Every",
        "group_filter_type": "STARTS_WITH", "conditions": {"scopes": ["profile"]}, "alwaysIncludeInToken": false});
    let claim = org.post(&path, &body).await.json();
    let members: Vec<_> = claim.as_object().expect("an object").keys().rev().take(3).collect();
    assert_eq!(members, ["_links", "group_filter_type", "apiResourceId"]);
    assert_eq!((&claim["group_filter_type"], &claim["value"]), (&json!("STARTS_WITH"), &json!("Every")));
    assert_eq!(claim["conditions"], json!({"scopes": ["profile"]}));
    assert_eq!(claim["alwaysIncludeInToken"], false);
    for filter in ["CONTAINS", "EQUALS", "REGEX"] {
        let mut body = body.clone();
        body["name"] = json!(filter);
        body["group_filter_type"] = json!(filter);
        assert_eq!(org.post(&path, &body).await.json()["group_filter_type"], filter);
    }
}

#[tokio::test]
async fn claims_of_access_tokens_are_always_included() {
    let (org, path) = org().await;
    let claim = org.post(&path, &with("alwaysIncludeInToken", json!(false))).await.json();
    assert_eq!(claim["alwaysIncludeInToken"], true);
}

#[tokio::test]
async fn put_replaces_and_keeps_a_status_it_does_not_name() {
    let (org, path) = org().await;
    let claim = org.post(&path, &valid()).await.json();
    let at = format!("{path}/{}", text(&claim, "id"));
    let inactive = org.put(&at, &with("status", json!("INACTIVE"))).await.json();
    assert_eq!((&inactive["status"], &inactive["id"]), (&json!("INACTIVE"), &claim["id"]));
    assert_eq!(org.put(&at, &with("value", json!("other"))).await.json()["status"], "INACTIVE");
    let renamed = org.put(&at, &with("name", json!("renamed"))).await.json();
    assert_eq!((&renamed["name"], &renamed["value"]), (&json!("renamed"), &json!("cool")));
    assert_eq!(org.get(&at).await.json(), renamed);
}

#[tokio::test]
async fn every_member_is_checked() {
    let (org, path) = org().await;
    for (member, value) in [
        ("name", json!(null)),
        ("name", json!("")),
        ("name", json!(1)),
        ("status", json!("DELETED")),
        ("claimType", json!(null)),
        ("claimType", json!("ACCESS")),
        ("valueType", json!(null)),
        ("valueType", json!("STRING")),
        ("valueType", json!("SYSTEM")),
        ("value", json!(null)),
        ("value", json!(5)),
        ("value", json!("é".repeat(1025))),
        ("alwaysIncludeInToken", json!("yes")),
        ("conditions", json!([])),
        ("conditions.scopes", json!({"scopes": "profile"})),
        ("conditions.scopes", json!({"scopes": [1]})),
        ("group_filter_type", json!("EQUALS")),
        ("group_filter_type", json!("LIKE")),
    ] {
        let body = with(member.split('.').next().expect("a member"), value);
        let causes = org.post(&path, &body).await.refused(400, "E0000001");
        assert!(causes.len() == 1 && causes[0].starts_with(&format!("{member}: ")), "{body}: {causes:?}");
    }
    let groups = with("valueType", json!("GROUPS"));
    let causes = org.post(&path, &groups).await.refused(400, "E0000001");
    assert!(causes.len() == 1 && causes[0].starts_with("group_filter_type: "), "{causes:?}");
}

#[tokio::test]
async fn a_name_is_taken_once_for_each_token() {
    let (org, path) = org().await;
    org.post(&path, &valid()).await;
    let causes = org.post(&path, &valid()).await.refused(400, "E0000001");
    assert!(causes[0].starts_with("name: "), "{causes:?}");
    assert_eq!(org.post(&path, &with("claimType", json!("IDENTITY"))).await.status, 201);
}

#[tokio::test]
async fn system_claims_can_be_edited_in_their_value_only() {
    let (org, path) = org().await;
    let claims = org.get(&path).await.json();
    let find = |name: &str| {
        claims.as_array().expect("a list").iter().find(|claim| claim["name"] == name).expect("the claim").clone()
    };
    let (address, sub) = (find("address"), find("sub"));
    let at = format!("{path}/{}", text(&address, "id"));
    let body = json!({"alwaysIncludeInToken": true, "claimType": "IDENTITY", "conditions": {"scopes": ["address"]},
        "name": "address", "status": "ACTIVE", "valueType": "SYSTEM"});
    let reply = org.put(&at, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let mut expected = address.clone();
    expected["alwaysIncludeInToken"] = json!(true);
    assert_eq!(reply.json(), expected);
    for (member, value) in [("name", "adress"), ("claimType", "RESOURCE")] {
        let mut changed = body.clone();
        changed[member] = json!(value);
        let causes = org.put(&at, &changed).await.refused(400, "E0000001");
        assert!(causes.len() == 1 && causes[0].starts_with(member), "{causes:?}");
    }
    org.delete(&at).await.refused(403, "E0000006");
    let at = format!("{path}/{}", text(&sub, "id"));
    org.delete(&at).await.refused(403, "E0000006");
    let body = with("name", json!("sub"));
    assert_eq!(org.put(&at, &body).await.json()["value"], "cool");
    assert_eq!(org.get(&path).await.json().as_array().map(Vec::len), Some(19));
}

#[tokio::test]
async fn a_deleted_claim_is_not_found() {
    let (org, path) = org().await;
    let claim = org.post(&path, &valid()).await.json();
    let at = format!("{path}/{}", text(&claim, "id"));
    assert_eq!(org.delete(&at).await.status, 204);
    for reply in [org.get(&at).await, org.delete(&at).await, org.put(&at, &valid()).await] {
        reply.refused(404, "E0000007");
        let summary = format!("Not found: Resource not found: {} (OAuth2Claim)", text(&claim, "id"));
        assert_eq!(reply.json()["errorSummary"], summary);
    }
}

#[tokio::test]
async fn names_of_the_service_are_refused() {
    let (org, path) = org().await;
    let claim = org.post(&path, &valid()).await.json();
    let at = format!("{path}/{}", text(&claim, "id"));
    for name in ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "auth_time"] {
        let mut body = with("name", json!(name));
        for reply in [org.post(&path, &body).await, org.put(&at, &body).await] {
            let causes = reply.refused(400, "E0000001");
            assert_eq!(causes, ["name: The name is one that Okta keeps for claims of its own"], "{name}");
            assert_eq!(reply.json()["errorSummary"], "Api validation failed: name");
        }
        body["claimType"] = json!("IDENTITY");
        org.post(&path, &body).await.refused(400, "E0000001");
    }
    assert_eq!(org.get(&at).await.json(), claim);
    assert_eq!(org.get(&path).await.json().as_array().map(Vec::len), Some(20));
    for name in ["scope", "https://claims.example/uid", "UID", "groups"] {
        assert_eq!(org.post(&path, &with("name", json!(name))).await.status, 201, "{name}");
    }
}

#[tokio::test]
async fn a_value_has_1024_characters_at_most() {
    let (org, path) = org().await;
    let value = |length| with("value", json!("é".repeat(length)));
    let reply = org.post(&path, &value(1024)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let at = format!("{path}/{}", text(&reply.json(), "id"));
    let causes = org.put(&at, &value(1025)).await.refused(400, "E0000001");
    assert_eq!(causes, ["value: The field is too short or too long"]);
    let mut groups = value(1025);
    for (member, said) in [("valueType", "GROUPS"), ("group_filter_type", "EQUALS"), ("name", "g")] {
        groups[member] = json!(said);
    }
    let causes = org.post(&path, &groups).await.refused(400, "E0000001");
    assert_eq!(causes, ["value: The field is too short or too long"]);
}
