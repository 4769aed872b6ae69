//! The mock as of a day: what the service had then, as recordings show it.

use okta_mock::Settings;
use serde_json::{Value, json};

use crate::{Org, SERVERS, settings, text};

/// What an org shows that an older one does not.
async fn shown(day: Option<&str>) -> Vec<&'static str> {
    let as_of = day.map(|day| day.parse().expect("a day"));
    let org = Org::with(Settings { as_of, ..settings() }).await;
    let server = org.create("a").await;
    let at = format!("{SERVERS}/{}", text(&server, "id"));
    let list = org.get(SERVERS).await;
    let link = |relation: &str| {
        let mut links = list.headers.get_all("link").iter();
        links.any(|link| link.to_str().expect("a text").ends_with(&format!("; rel=\"{relation}\"")))
    };
    let scopes = org.get(&format!("{at}/scopes")).await.json();
    let claims = org.get(&format!("{at}/claims")).await.json();
    let of_default = org.get(&format!("{SERVERS}/default/scopes")).await.json();
    let account = named(&of_default, "okta.myAccount.read");
    let openid = named(&scopes, "openid");
    let own = org.post(&format!("{at}/scopes"), &json!({"name": "own", "displayName": "Own"})).await.json();
    assert_eq!(own["displayName"], "Own", "what a client sets was always told");
    let openid_document = org.get(&format!("/oauth2/{}/.well-known/openid-configuration", text(&server, "id"))).await;
    let document = openid_document.json();
    let (made, read, replaced) = rule(&org, &at).await;
    assert!(made.0 && made.1, "the answer to a create always told both");
    assert!(replaced.1, "the answer to a replace always told lastUpdated");
    [
        ("self link", link("self")),
        ("default", server.get("default").is_some()),
        ("apiResourceId of scopes", openid.get("apiResourceId").is_some()),
        ("apiResourceId of claims", claims[0].get("apiResourceId").is_some()),
        ("device_sso", scopes.as_array().expect("a list").iter().any(|scope| scope["name"] == "device_sso")),
        ("last page without a next one", !link("next")),
        ("consent", openid.get("consent").is_some()),
        ("optional", openid.get("optional").is_some()),
        ("displayName of system scopes", openid.get("displayName").is_some() && account.get("displayName").is_some()),
        ("dates of a rule that is read", read == (true, true)),
        ("created of a rule that is replaced", replaced.0),
        ("myAccount is no system scope", account["system"] == false),
        ("device grant", document.get("device_authorization_endpoint").is_some()),
        ("metadata that may be kept", openid_document.header("cache-control").starts_with("max-age=86400")),
        ("pushed requests", document.get("pushed_authorization_request_endpoint").is_some()),
        ("link to resource server keys", server["_links"].get("resourceServerCredentialsKeys").is_some()),
    ]
    .into_iter()
    .filter_map(|(what, there)| there.then_some(what))
    .collect()
}

fn named<'v>(list: &'v Value, name: &str) -> &'v Value {
    list.as_array().expect("a list").iter().find(|item| item["name"] == name).expect("a scope of this name")
}

/// Whether the answers to a create, a get (and a list) and a replace tell `created` and `lastUpdated`.
async fn rule(org: &Org, server: &str) -> ((bool, bool), (bool, bool), (bool, bool)) {
    let policy = json!({"type": "OAUTH_AUTHORIZATION_POLICY", "name": "p", "description": "p", "priority": 1,
        "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}});
    let policy = org.post(&format!("{server}/policies"), &policy).await.json();
    let rules = format!("{server}/policies/{}/rules", text(&policy, "id"));
    let rule = json!({"type": "RESOURCE_ACCESS", "name": "r", "priority": 1,
        "conditions": {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}});
    let made = org.post(&rules, &rule).await.json();
    let one = format!("{rules}/{}", text(&made, "id"));
    let (read, listed) = (org.get(&one).await.json(), org.get(&rules).await.json());
    let replaced = org.put(&one, &rule).await.json();
    let dates = |rule: &Value| (rule["created"].is_string(), rule["lastUpdated"].is_string());
    assert_eq!(dates(&read), dates(&listed[0]));
    (dates(&made), dates(&read), dates(&replaced))
}

#[tokio::test]
async fn each_change_is_there_from_the_day_on_which_it_was_first_recorded() {
    let mut known: Vec<&str> = Vec::new();
    for (before, day, new) in [
        ("2020-08-06", "2022-05-03", &["self link"][..]),
        ("2023-01-11", "2023-01-12", &["default", "apiResourceId of scopes", "apiResourceId of claims", "device_sso"]),
        ("2023-04-05", "2023-04-06", &["last page without a next one", "consent", "optional"]),
        ("2023-05-29", "2023-05-30", &["device grant"]),
        ("2023-08-14", "2023-08-15", &["displayName of system scopes"]),
        (
            "2025-03-12",
            "2025-03-13",
            &["dates of a rule that is read", "created of a rule that is replaced", "myAccount is no system scope"],
        ),
        ("2026-01-09", "2026-01-10", &["metadata that may be kept"]),
        ("2026-01-29", "2026-01-30", &["link to resource server keys"]),
        ("2026-03-25", "2026-03-26", &["pushed requests"]),
    ] {
        assert_eq!(shown_in_order(Some(before)).await, known, "as of {before}");
        known.extend(new);
        known.sort_unstable();
        assert_eq!(shown_in_order(Some(day)).await, known, "as of {day}");
    }
    assert_eq!(shown_in_order(None).await, known, "as of today");
}

async fn shown_in_order(day: Option<&str>) -> Vec<&'static str> {
    let mut shown = shown(day).await;
    shown.sort_unstable();
    shown
}

#[tokio::test]
async fn the_create_of_a_policy_told_no_dates_for_a_while() {
    for (day, told) in [("2024-07-31", true), ("2024-08-01", false), ("2025-02-11", false), ("2025-02-12", true)] {
        let as_of = Some(day.parse().expect("a day"));
        let org = Org::with(Settings { as_of, ..settings() }).await;
        let path = format!("{SERVERS}/{}/policies", text(&org.create("a").await, "id"));
        let policy = org.post(&path, &json!({"name": "p"})).await.json();
        assert_eq!((policy["created"].is_string(), policy["lastUpdated"].is_string()), (told, told), "as of {day}");
        assert!(org.get(&path).await.json()[0]["created"].is_string(), "a get always told it");
    }
}
