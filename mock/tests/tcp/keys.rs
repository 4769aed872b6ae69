//! Signing keys: list, read, rotate, and the key set.

use std::collections::BTreeSet;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{Duration, Utc};
use okta_mock::{Settings, State};
use serde_json::{Value, json};

use crate::{Org, SERVERS, settings, text};

async fn org_with_key(org: &Org) -> (String, Value) {
    let id = text(&org.create("k").await, "id").to_owned();
    let keys = org.get(&format!("{SERVERS}/{id}/credentials/keys")).await.json();
    (id, keys)
}

fn statuses(keys: &Value) -> Vec<&str> {
    keys.as_array().expect("a list").iter().map(|key| text(key, "status")).collect()
}

#[tokio::test]
async fn a_new_server_has_one_real_key() {
    let org = Org::start().await;
    let (id, keys) = org_with_key(&org).await;
    let key = &keys[0];
    let href = format!("{}{SERVERS}/{id}/credentials/keys/{}", org.mock.url(), text(key, "kid"));
    let expected = json!([{
        "kty": "RSA", "status": "ACTIVE", "alg": "RS256", "kid": key["kid"], "use": "sig",
        "_links": {"self": {"href": href, "hints": {"allow": ["GET"]}}}, "e": "AQAB", "n": key["n"],
    }]);
    assert_eq!(keys.to_string(), expected.to_string());
    let modulus = URL_SAFE_NO_PAD.decode(text(key, "n")).expect("base64url");
    assert_eq!((modulus.len(), modulus[0] >> 7, modulus[255] & 1), (256, 1, 1));
    // A modulus that no key could have is refused before the signature is looked at; of this one only the latter is
    // wrong.
    let public = RsaPublicKeyComponents { n: modulus, e: vec![1, 0, 1] };
    assert!(public.verify(&RSA_PKCS1_2048_8192_SHA256, b"text", &[0; 256]).is_err());
    let reply = org.get(&format!("{SERVERS}/{id}/credentials/keys/{}", text(key, "kid"))).await;
    assert_eq!((reply.status, &reply.json()), (200, key));
}

#[tokio::test]
async fn servers_do_not_share_keys_and_a_key_stays() {
    let org = Org::start().await;
    let ((one, first), (_, second)) = (org_with_key(&org).await, org_with_key(&org).await);
    assert_ne!(first[0]["n"], second[0]["n"]);
    assert_eq!(org.get(&format!("{SERVERS}/{one}/credentials/keys")).await.json(), first);
}

/// More servers than there are keys made ahead.
#[tokio::test]
async fn all_servers_have_keys_of_their_own_however_many_ask_at_once() {
    let org = Org::start().await;
    let asked = futures_util::future::join_all((0..20).map(|_| org_with_key(&org))).await;
    let moduli: BTreeSet<&str> = asked.iter().map(|(_, keys)| text(&keys[0], "n")).collect();
    assert_eq!((moduli.len(), moduli.contains("")), (20, false));
}

#[tokio::test]
async fn rotation_puts_a_new_key_before_the_former() {
    let org = Org::seeded(3).await;
    let (id, keys) = org_with_key(&org).await;
    let reply = org.post(&format!("{SERVERS}/{id}/credentials/lifecycle/keyRotate"), &json!({"use": "sig"})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let rotated = reply.json();
    assert_eq!(statuses(&rotated), ["ACTIVE", "EXPIRED"]);
    assert_eq!((&rotated[1]["kid"], &rotated[1]["n"]), (&keys[0]["kid"], &keys[0]["n"]));
    assert_ne!(rotated[0]["kid"], keys[0]["kid"]);
    assert_ne!(rotated[0]["n"], keys[0]["n"]);
    let server = org.get(&format!("{SERVERS}/{id}")).await.json();
    let signing = &server["credentials"]["signing"];
    assert_eq!(signing["kid"], rotated[0]["kid"]);
    assert_eq!(signing["lastRotated"], "2026-06-01T00:00:02.000Z");
    assert_eq!(signing["nextRotation"], "2026-08-30T00:00:02.000Z");
    let set = org.get(&format!("/oauth2/{id}/v1/keys")).await.json();
    let kids: Vec<_> = set["keys"].as_array().expect("keys").iter().map(|key| text(key, "kid")).collect();
    assert_eq!(kids, [text(&rotated[0], "kid"), text(&rotated[1], "kid")]);
    // Of former keys there is one.
    let again = org.post(&format!("{SERVERS}/{id}/credentials/lifecycle/keyRotate"), &json!({"use": "sig"})).await;
    assert_eq!(statuses(&again.json()), ["ACTIVE", "EXPIRED"]);
    assert_eq!(again.json()[1]["kid"], rotated[0]["kid"]);
}

#[tokio::test]
async fn rotation_is_for_signatures_only() {
    let org = Org::seeded(3).await;
    let (id, keys) = org_with_key(&org).await;
    let path = format!("{SERVERS}/{id}/credentials/lifecycle/keyRotate");
    for body in [json!({"use": "enc"}), json!({"use": null}), json!({"use": ["sig"]}), json!({})] {
        let reply = org.post(&path, &body).await;
        assert_eq!(reply.refused(400, "E0000001"), ["Invalid value specified for key 'use' parameter"], "{body}");
        assert_eq!(reply.json()["errorSummary"], "Api validation failed: rotateKeys");
    }
    assert_eq!(org.get(&format!("{SERVERS}/{id}/credentials/keys")).await.json(), keys);
}

#[tokio::test]
async fn an_unknown_key_is_not_found() {
    let org = Org::start().await;
    org.get(&format!("{SERVERS}/default/credentials/keys/nobody")).await.refused(404, "E0000007");
}

#[tokio::test]
async fn the_next_key_is_told_near_the_rotation_and_then_signs() {
    let rotated = |days: i64, mode: &str| {
        json!({"id": format!("aus{days}"), "name": "n", "audiences": ["a"], "rotationMode": mode,
            "lastRotated": Utc::now() - Duration::days(days)})
    };
    let state: State =
        serde_json::from_value(json!({"servers": [rotated(74, "AUTO"), rotated(76, "AUTO"), rotated(200, "MANUAL")]}))
            .expect("a state");
    let org = Org::with(Settings { state: Some(state), ..settings() }).await;
    let keys = async |id: &str| org.get(&format!("{SERVERS}/{id}/credentials/keys")).await.json();
    assert_eq!(statuses(&keys("aus74").await), ["ACTIVE"]);
    assert_eq!(statuses(&keys("aus200").await), ["ACTIVE"]);
    let near = keys("aus76").await;
    assert_eq!(statuses(&near), ["ACTIVE", "NEXT"]);
    let path = format!("{SERVERS}/aus76/credentials/lifecycle/keyRotate");
    let after = org.post(&path, &json!({"use": "sig"})).await.json();
    assert_eq!(statuses(&after), ["ACTIVE", "EXPIRED"]);
    assert_eq!(after[0]["kid"], near[1]["kid"]);
}

#[tokio::test]
async fn equal_seeds_give_equal_keys() {
    let (one, two) = (Org::seeded(5).await, Org::seeded(5).await);
    let ((_, one), (_, two)) = (org_with_key(&one).await, org_with_key(&two).await);
    assert_eq!((&one[0]["kid"], &one[0]["n"]), (&two[0]["kid"], &two[0]["n"]));
    assert_eq!(text(&one[0], "n").len(), 342);
}

#[tokio::test]
async fn all_keys_for_orgs_with_a_seed_can_be_read() {
    let org = Org::seeded(5).await;
    let mut moduli = BTreeSet::new();
    let mut servers = vec![String::from("default")];
    for name in ["a", "b", "c"] {
        servers.push(text(&org.create(name).await, "id").to_owned());
    }
    // A server has its present key and, after a rotation, the one that was to be next.
    for server in servers {
        let path = format!("{SERVERS}/{server}/credentials/lifecycle/keyRotate");
        let keys = org.post(&path, &json!({"use": "sig"})).await.json();
        moduli.extend(keys.as_array().expect("a list").iter().map(|key| text(key, "n").to_owned()));
    }
    assert_eq!(moduli.len(), 8);
    assert!(moduli.iter().all(|modulus| modulus.len() == 342), "{moduli:?}");
}
