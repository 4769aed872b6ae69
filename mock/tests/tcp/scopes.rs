//! Scopes: create, read, replace, delete, list.

use serde_json::{Value, json};

use crate::{Org, SERVERS, members, text};

/// An org with a server, and the path of the server's scopes.
async fn org() -> (Org, String) {
    let org = Org::start().await;
    let path = format!("{SERVERS}/{}/scopes", text(&org.create("s").await, "id"));
    (org, path)
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|scope| text(scope, "name")).collect()
}

#[tokio::test]
async fn a_scope_needs_a_name_and_gets_the_recorded_defaults() {
    let (org, path) = org().await;
    let reply = org.post(&path, &json!({"name": "car:drive"})).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let scope = reply.json();
    let id = text(&scope, "id");
    assert!(id.len() == 20 && id.starts_with("scp"), "{id}");
    let expected = json!({
        "id": id, "name": "car:drive", "description": null, "system": false, "metadataPublish": "NO_CLIENTS",
        "consent": "IMPLICIT", "optional": false, "apiResourceId": null, "default": false,
        "_links": {"self": {
            "href": format!("{}{path}/{id}", org.mock.url()), "hints": {"allow": ["GET", "PUT", "DELETE"]}
        }},
    });
    assert_eq!(scope.to_string(), expected.to_string());
    assert_eq!(reply.headers.get("location"), None);
    assert_eq!(org.get(&format!("{path}/{id}")).await.json(), scope);
}

#[tokio::test]
async fn a_display_name_is_there_once_it_was_sent_even_if_empty() {
    let (org, path) = org().await;
    for display_name in ["", "Drive"] {
        let body = json!({"name": format!("x{}", display_name.len()), "displayName": display_name});
        let scope = org.post(&path, &body).await.json();
        assert_eq!(members(&scope)[..3], ["id", "name", "displayName"]);
        assert_eq!(scope["displayName"], display_name);
    }
}

#[tokio::test]
async fn put_replaces_all_and_can_rename() {
    let (org, path) = org().await;
    let scope = org.post(&path, &json!({"name": "a", "displayName": "A", "default": true})).await.json();
    let at = format!("{path}/{}", text(&scope, "id"));
    let body = json!({"name": "b", "description": "d", "metadataPublish": "ALL_CLIENTS", "consent": "REQUIRED",
        "optional": true, "id": "scpOther", "system": true, "_links": {}});
    let reply = org.put(&at, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let replaced = reply.json();
    assert_eq!(
        json!({"id": replaced["id"], "name": replaced["name"], "description": replaced["description"],
            "consent": replaced["consent"], "metadataPublish": replaced["metadataPublish"],
            "optional": replaced["optional"], "default": replaced["default"], "system": replaced["system"],
            "displayName": replaced.get("displayName")}),
        json!({"id": scope["id"], "name": "b", "description": "d", "consent": "REQUIRED",
            "metadataPublish": "ALL_CLIENTS", "optional": true, "default": false, "system": false,
            "displayName": null}),
    );
    assert_eq!(org.get(&at).await.json(), replaced);
}

#[tokio::test]
async fn put_needs_consent() {
    let (org, path) = org().await;
    let scope = org.post(&path, &json!({"name": "a"})).await.json();
    let at = format!("{path}/{}", text(&scope, "id"));
    let causes = org.put(&at, &json!({"name": "a"})).await.refused(400, "E0000001");
    assert!(causes.len() == 1 && causes[0].starts_with("consent: "), "{causes:?}");
    assert_eq!(org.get(&at).await.json(), scope);
    let replaced = org.put(&at, &json!({"name": "a", "consent": "REQUIRED"})).await;
    assert_eq!((replaced.status, &replaced.json()["metadataPublish"]), (200, &json!("NO_CLIENTS")));
}

#[tokio::test]
async fn names_follow_the_documented_rule() {
    let (org, path) = org().await;
    for name in ["", "two words", "q\"", "back\\slash", "caf\u{e9}", "tab\t", "okta.x", "okta:x", "okta", "*"] {
        let reply = org.post(&path, &json!({"name": name})).await;
        let causes = reply.refused(400, "E0000001");
        assert!(causes.len() == 1 && causes[0].starts_with("name: "), "{name:?}: {causes:?}");
    }
    for name in ["oktax", "a*", "!#$%&'()", "okta_", "Okta.x", "okta.myAccount.sessions.manage"] {
        assert_eq!(org.post(&path, &json!({"name": name})).await.status, 201, "{name:?}");
    }
}

#[tokio::test]
async fn a_name_is_taken_once_on_a_server_and_free_on_another() {
    let (org, path) = org().await;
    let scope = org.post(&path, &json!({"name": "a"})).await.json();
    for name in ["a", "openid"] {
        let reply = org.post(&path, &json!({"name": name})).await;
        assert!(reply.refused(400, "E0000001")[0].starts_with("name: "));
    }
    // A scope does not clash with itself.
    let same = json!({"name": "a", "metadataPublish": "NO_CLIENTS", "consent": "IMPLICIT"});
    assert_eq!(org.put(&format!("{path}/{}", text(&scope, "id")), &same).await.status, 200);
    let other = org.create("o").await;
    let reply = org.post(&format!("{SERVERS}/{}/scopes", text(&other, "id")), &json!({"name": "a"})).await;
    assert_eq!(reply.status, 201);
}

#[tokio::test]
async fn every_member_is_checked() {
    let (org, path) = org().await;
    for (member, value) in [
        ("displayName", json!(1)),
        ("description", json!({})),
        ("metadataPublish", json!("all_clients")),
        ("metadataPublish", json!(true)),
        ("consent", json!("ADMIN")),
        ("optional", json!("true")),
        ("default", json!(0)),
    ] {
        let mut body = json!({"name": "n"});
        body[member] = value;
        let reply = org.post(&path, &body).await;
        let causes = reply.refused(400, "E0000001");
        assert!(causes.len() == 1 && causes[0].starts_with(&format!("{member}: ")), "{body}: {causes:?}");
        assert_eq!(reply.json()["errorSummary"], format!("Api validation failed: {member}"));
    }
    assert_eq!(org.post(&path, &json!({"name": "n", "consent": "FLEXIBLE"})).await.status, 201);
}

#[tokio::test]
async fn a_deleted_scope_is_not_found() {
    let (org, path) = org().await;
    let scope = org.post(&path, &json!({"name": "a"})).await.json();
    let at = format!("{path}/{}", text(&scope, "id"));
    let reply = org.delete(&at).await;
    assert_eq!((reply.status, reply.text.as_str(), reply.headers.get("content-type")), (204, "", None));
    for reply in [org.get(&at).await, org.delete(&at).await, org.put(&at, &json!({"name": "a"})).await] {
        reply.refused(404, "E0000007");
        let summary = format!("Not found: Resource not found: {} (OAuth2Scope)", text(&scope, "id"));
        assert_eq!(reply.json()["errorSummary"], summary);
    }
}

#[tokio::test]
async fn a_scope_is_not_found_through_another_server() {
    let (org, path) = org().await;
    let scope = org.post(&path, &json!({"name": "a"})).await.json();
    let reply = org.get(&format!("{SERVERS}/default/scopes/{}", text(&scope, "id"))).await;
    reply.refused(404, "E0000007");
    assert!(text(&reply.json(), "errorSummary").ends_with("(OAuth2Scope)"));
}

#[tokio::test]
async fn system_scopes_can_be_replaced_but_neither_renamed_nor_deleted() {
    let (org, path) = org().await;
    let scopes = org.get(&path).await.json();
    let phone = scopes.as_array().expect("a list").iter().find(|scope| scope["name"] == "phone").expect("phone");
    let at = format!("{path}/{}", text(phone, "id"));
    let body = |name: &str| json!({"name": name, "metadataPublish": "NO_CLIENTS", "consent": "REQUIRED"});
    let replaced = org.put(&at, &body("phone")).await.json();
    assert_eq!((&replaced["system"], &replaced["consent"]), (&json!(true), &json!("REQUIRED")));
    let causes = org.put(&at, &body("telephone")).await.refused(400, "E0000001");
    assert!(causes[0].starts_with("name: "), "{causes:?}");
    org.delete(&at).await.refused(403, "E0000006");
    assert_eq!(org.get(&at).await.json(), replaced);
}

#[tokio::test]
async fn the_list_has_own_scopes_first_and_no_link() {
    let (org, path) = org().await;
    for name in ["z", "a"] {
        org.post(&path, &json!({"name": name})).await;
    }
    let reply = org.get(&path).await;
    assert_eq!(reply.headers.get("link"), None);
    let list = reply.json();
    assert_eq!(
        names(&list),
        ["z", "a", "openid", "profile", "email", "address", "phone", "offline_access", "device_sso"]
    );
}

#[tokio::test]
async fn search_and_filter_look_at_the_name() {
    let (org, path) = org().await;
    for name in ["car:drive", "car:wash", "CARGO"] {
        org.post(&path, &json!({"name": name, "description": "phone"})).await;
    }
    let find = async |query: &str| {
        let reply = org.get(&format!("{path}?{query}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        names(&reply.json()).iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(find("q=car").await, ["car:drive", "car:wash", "CARGO"]);
    assert_eq!(find("q=phone").await, ["phone"]);
    assert_eq!(find("filter=name%20eq%20%22car:wash%22").await, ["car:wash"]);
    assert_eq!(find("filter=name+sw+%22car%22").await, ["car:drive", "car:wash"]);
    assert_eq!(find("filter=name+co+%22AR%22").await, ["CARGO"]);
    for filter in ["name", "name+eq+x", "name+gt+%22x%22", "id+eq+%22x%22", "name+eq+%22a%22+or+%22b%22"] {
        let causes = org.get(&format!("{path}?filter={filter}")).await.refused(400, "E0000001");
        assert!(causes[0].starts_with("filter: "), "{filter}: {causes:?}");
    }
}

#[tokio::test]
async fn pages_follow_the_next_link() {
    let (org, path) = org().await;
    let mut next = Some(format!("{path}?limit=3&q=e"));
    let mut found = Vec::new();
    let mut pages = 0;
    while let Some(path) = next.take() {
        let reply = org.get(&path).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        found.extend(names(&reply.json()).iter().map(|name| (*name).to_owned()));
        let mut links = reply.headers.get_all("link").iter().map(|link| link.to_str().expect("text").to_owned());
        next = links.find_map(|link| {
            let href = link.strip_suffix(">; rel=\"next\"")?.strip_prefix('<')?;
            Some(href.replace(&org.mock.url(), ""))
        });
        pages += 1;
    }
    assert_eq!(pages, 3);
    assert_eq!(
        found,
        ["openid", "profile", "email", "address", "phone", "offline_access", "device_sso"]
            .into_iter()
            .filter(|name| name.contains('e'))
            .collect::<Vec<_>>()
    );
    for query in ["limit=0", "limit=x"] {
        org.get(&format!("{path}?{query}")).await.refused(400, "E0000001");
    }
    org.get(&format!("{path}?after=scpNobody")).await.refused(400, "E0000029");
}

#[tokio::test]
async fn the_default_server_has_the_scopes_of_my_account_besides() {
    let org = Org::start().await;
    let list = org.get(&format!("{SERVERS}/default/scopes")).await.json();
    assert_eq!(names(&list).len(), 27);
    assert_eq!(names(&list)[0], "okta.myAccount.appAuthenticator.maintenance.manage");
    assert_eq!(list[19]["displayName"], "Read my account");
    assert_eq!(list[19]["system"], false);
    assert_eq!(list[20]["name"], "openid");
}
