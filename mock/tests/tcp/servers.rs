//! Create, read, replace, delete and the lifecycle of authorization servers.

use chrono::{DateTime, Duration, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Org, SERVERS, members, settings, text};
use okta_mock::{IssuerMode, Settings};

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().expect("a date").parse().expect("RFC 3339")
}

fn at(id: &str) -> String {
    format!("{SERVERS}/{id}")
}

#[tokio::test]
async fn a_new_server_has_the_recorded_members_in_order() {
    let org = Org::start().await;
    let server = org.create("alpha").await;
    assert_eq!(
        members(&server),
        [
            "id",
            "name",
            "description",
            "audiences",
            "issuer",
            "issuerMode",
            "status",
            "created",
            "lastUpdated",
            "credentials",
            "default",
            "_links"
        ]
    );
    let id = text(&server, "id");
    assert!(id.len() == 20 && id.starts_with("aus") && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
    assert_eq!(server["description"], Value::Null);
    assert_eq!(server["audiences"], json!(["api://alpha"]));
    assert_eq!(server["issuer"], format!("{}/oauth2/{id}", org.mock.url()));
    assert_eq!(server["issuerMode"], "DYNAMIC");
    assert_eq!(server["status"], "ACTIVE");
    assert_eq!(server["default"], false);
    assert_eq!(server["created"], server["lastUpdated"]);
    let created = text(&server, "created");
    assert!(created.len() == 24 && &created[19..] == ".000Z", "{created}");
    let signing = &server["credentials"]["signing"];
    assert_eq!(members(signing), ["kid", "rotationMode", "lastRotated", "nextRotation"]);
    let kid = text(signing, "kid");
    assert!(kid.len() == 43 && kid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{kid}");
    assert_eq!(signing["rotationMode"], "AUTO");
    assert_eq!(moment(&signing["nextRotation"]) - moment(&signing["lastRotated"]), Duration::days(90));
    let reply = org.get(&at(id)).await;
    assert_eq!((reply.status, reply.json()), (200, server));
}

#[tokio::test]
async fn links_have_the_recorded_order_targets_and_hints() {
    let org = Org::start().await;
    let server = org.create("alpha").await;
    let id = text(&server, "id");
    let (api, issuer) = (format!("{}{}", org.mock.url(), at(id)), format!("{}/oauth2/{id}", org.mock.url()));
    let link = |tail: &str, allow: Value| json!({"href": format!("{api}{tail}"), "hints": {"allow": allow}});
    let named =
        |name: &str| json!({"name": name, "href": format!("{issuer}/.well-known/{name}"), "hints": {"allow": ["GET"]}});
    let expected = json!({
        "rotateKey": link("/credentials/lifecycle/keyRotate", json!(["POST"])),
        "metadata": [named("oauth-authorization-server"), named("openid-configuration")],
        "resourceServerCredentialsKeys": link("/resourceservercredentials/keys", json!(["GET"])),
        "keys": link("/credentials/keys", json!(["GET"])),
        "claims": link("/claims", json!(["GET", "POST"])),
        "policies": link("/policies", json!(["GET", "POST"])),
        "self": link("", json!(["GET", "DELETE", "PUT"])),
        "scopes": link("/scopes", json!(["GET", "POST"])),
        "deactivate": link("/lifecycle/deactivate", json!(["POST"])),
    });
    assert_eq!(server["_links"].to_string(), expected.to_string());
}

#[tokio::test]
async fn lifecycle_links_follow_the_status() {
    let org = Org::start().await;
    let server = org.create("alpha").await;
    let id = text(&server, "id");
    assert_eq!(org.turn(id, "deactivate").await.status, 204);
    let inactive = org.get(&at(id)).await.json();
    assert_eq!(inactive["status"], "INACTIVE");
    let links = members(&inactive["_links"]);
    assert!(links.contains(&"activate") && !links.contains(&"deactivate"), "{links:?}");
    assert_eq!(inactive["_links"]["activate"]["href"], format!("{}{}/lifecycle/activate", org.mock.url(), at(id)));
    assert_eq!(org.turn(id, "activate").await.status, 204);
    let active = org.get(&at(id)).await.json();
    assert_eq!(active["status"], "ACTIVE");
    assert_eq!(active["_links"], server["_links"]);
}

#[tokio::test]
async fn activate_and_deactivate_are_idempotent() {
    let org = Org::seeded(1).await;
    let server = org.create("alpha").await;
    let id = text(&server, "id");
    assert_eq!(org.turn(id, "activate").await.status, 204);
    assert_eq!(org.get(&at(id)).await.json(), server);
    assert_eq!(org.turn(id, "deactivate").await.status, 204);
    let inactive = org.get(&at(id)).await.json();
    assert!(moment(&inactive["lastUpdated"]) > moment(&server["lastUpdated"]));
    assert_eq!(org.turn(id, "deactivate").await.status, 204);
    assert_eq!(org.get(&at(id)).await.json(), inactive);
}

#[tokio::test]
async fn an_active_server_can_be_deleted_once() {
    let org = Org::start().await;
    let server = org.create("alpha").await;
    let id = text(&server, "id");
    let reply = org.delete(&at(id)).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    let gone = format!("Not found: Resource not found: {id} (AuthorizationServer)");
    for reply in [
        org.delete(&at(id)).await,
        org.get(&at(id)).await,
        org.turn(id, "activate").await,
        org.turn(id, "deactivate").await,
        org.put(&at(id), &json!({"name": "a", "audiences": ["b"]})).await,
    ] {
        assert_eq!(reply.refused(404, "E0000007"), Vec::<String>::new());
        assert_eq!(reply.json()["errorSummary"], gone);
    }
}

#[tokio::test]
async fn rotation_mode_is_ignored_by_post_and_honoured_by_put() {
    let org = Org::start().await;
    let manual = json!({"name": "a", "audiences": ["b"], "credentials": {"signing": {"rotationMode": "MANUAL"}}});
    let server = org.post(SERVERS, &manual).await.json();
    let signing = &server["credentials"]["signing"];
    assert_eq!(signing["rotationMode"], "AUTO");
    assert!(signing["nextRotation"].is_string());
    let path = at(text(&server, "id"));
    let reply = org.put(&path, &manual).await;
    assert_eq!(reply.status, 200);
    let after = reply.json();
    let expected = json!({"kid": signing["kid"], "rotationMode": "MANUAL", "lastRotated": signing["lastRotated"]});
    assert_eq!(after["credentials"]["signing"], expected);
    let auto = json!({"name": "a", "audiences": ["b"], "credentials": {"signing": {"rotationMode": "AUTO"}}});
    assert_eq!(&org.put(&path, &auto).await.json()["credentials"]["signing"], signing);
}

#[tokio::test]
async fn put_replaces_everything_that_a_client_owns() {
    let org = Org::seeded(1).await;
    let body = json!({"name": "a", "description": "first", "audiences": ["x"], "issuerMode": "ORG_URL"});
    let before = org.post(SERVERS, &body).await.json();
    assert_eq!(before["description"], "first");
    assert_eq!(before["issuerMode"], "ORG_URL");
    let path = at(text(&before, "id"));
    let reply = org.put(&path, &json!({"name": "b", "audiences": ["y"]})).await;
    assert_eq!(reply.status, 200);
    let after = reply.json();
    assert_eq!((text(&after, "name"), &after["audiences"]), ("b", &json!(["y"])));
    assert_eq!(after["description"], Value::Null);
    assert_eq!(after["issuerMode"], "ORG_URL");
    assert_eq!(after["status"], "ACTIVE");
    for kept in ["id", "issuer", "created", "credentials", "default", "_links"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert!(moment(&after["lastUpdated"]) > moment(&before["lastUpdated"]));
    assert_eq!(org.get(&path).await.json(), after);
}

#[tokio::test]
async fn put_that_changes_nothing_leaves_last_updated_alone() {
    let org = Org::seeded(1).await;
    let server = org.create("alpha").await;
    let reply = org.put(&at(text(&server, "id")), &server).await;
    assert_eq!((reply.status, reply.json()), (200, server));
}

#[tokio::test]
async fn put_ignores_read_only_members() {
    let org = Org::start().await;
    let server = org.create("alpha").await;
    let path = at(text(&server, "id"));
    let forged = json!({
        "id": "aus00000000000000000", "name": "alpha", "audiences": ["api://alpha"], "issuer": "https://evil.example",
        "created": "2000-01-01T00:00:00.000Z", "lastUpdated": "2000-01-01T00:00:00.000Z", "default": true,
        "credentials": {"signing": {"kid": "forged", "lastRotated": "2000-01-01T00:00:00.000Z"}},
        "_links": {"self": {"href": "https://evil.example"}}, "unknown": [1, 2],
    });
    let reply = org.put(&path, &forged).await;
    assert_eq!((reply.status, reply.json()), (200, server));
}

#[tokio::test]
async fn put_takes_status_and_issuer_mode() {
    let org = Org::start().await;
    let server = org.create("alpha").await;
    let path = at(text(&server, "id"));
    let body =
        |status: &str| json!({"name": "alpha", "audiences": ["x"], "issuerMode": "CUSTOM_URL", "status": status});
    let after = org.put(&path, &body("INACTIVE")).await.json();
    assert_eq!((text(&after, "status"), text(&after, "issuerMode")), ("INACTIVE", "CUSTOM_URL"));
    assert_eq!(org.put(&path, &body("ACTIVE")).await.json()["status"], "ACTIVE");
}

#[tokio::test]
async fn the_default_server_is_known_by_two_names() {
    let org = Org::start().await;
    let by_name = org.get(&at("default")).await.json();
    let id = text(&by_name, "id");
    assert!(id.starts_with("aus") && id.len() == 20, "{id}");
    assert_eq!(by_name["default"], true);
    assert_eq!(by_name["name"], "default");
    assert_eq!(by_name["audiences"], json!(["api://default"]));
    assert_eq!(by_name["issuer"], format!("{}/oauth2/default", org.mock.url()));
    let itself = format!("{}{}", org.mock.url(), at("default"));
    assert_eq!(by_name["_links"]["self"]["href"], itself);
    assert_eq!(by_name["_links"]["scopes"]["href"], format!("{itself}/scopes"));
    assert_eq!(org.get(&at(id)).await.json(), by_name);
}

#[tokio::test]
async fn the_default_server_can_be_changed_but_not_deleted() {
    let org = Org::start().await;
    let id = text(&org.get(&at("default")).await.json(), "id").to_owned();
    for name in ["default", &id] {
        org.delete(&at(name)).await.refused(403, "E0000006");
    }
    let reply = org.put(&at(&id), &json!({"name": "renamed", "audiences": ["api://default"]})).await;
    assert_eq!(reply.json()["issuer"], format!("{}/oauth2/default", org.mock.url()));
    assert_eq!(org.turn("default", "deactivate").await.status, 204);
    let after = org.get(&at("default")).await.json();
    assert_eq!(
        (text(&after, "id"), text(&after, "name"), text(&after, "status")),
        (id.as_str(), "renamed", "INACTIVE")
    );
}

#[tokio::test]
async fn issuer_mode_of_new_servers_is_the_orgs() {
    for (mode, expected) in [(IssuerMode::OrgUrl, "ORG_URL"), (IssuerMode::CustomUrl, "CUSTOM_URL")] {
        let org = Org::with(Settings { issuer_mode: mode, ..settings() }).await;
        assert_eq!(org.create("alpha").await["issuerMode"], expected);
        assert_eq!(org.get(&at("default")).await.json()["issuerMode"], expected);
    }
}

#[tokio::test]
async fn hrefs_and_issuer_name_the_host_that_was_asked() {
    let org = Org::start().await;
    let id = text(&org.create("alpha").await, "id").to_owned();
    let ask = |scheme: &'static str| {
        let request = org.request(Method::GET, &at(&id)).header("Authorization", crate::ADMIN);
        request.header("Host", "login.example.com").header("X-Forwarded-Proto", scheme)
    };
    let server = org.send(ask("https")).await.json();
    assert_eq!(server["issuer"], format!("https://login.example.com/oauth2/{id}"));
    assert_eq!(server["_links"]["self"]["href"], format!("https://login.example.com{}", at(&id)));
    let server = org.send(ask("http")).await.json();
    assert_eq!(server["issuer"], format!("http://login.example.com/oauth2/{id}"));
}

#[tokio::test]
async fn two_servers_may_have_one_name() {
    let org = Org::start().await;
    let (one, two) = (org.create("twin").await, org.create("twin").await);
    assert_ne!(one["id"], two["id"]);
    assert_ne!(one["credentials"]["signing"]["kid"], two["credentials"]["signing"]["kid"]);
}
