//! Which servers a server trusts: list, add, remove.

use serde_json::{Value, json};

use crate::{Org, Reply, SERVERS, text};

/// An org with servers of these names and their ids.
async fn org<const N: usize>(names: [&str; N]) -> (Org, [String; N]) {
    let org = Org::start().await;
    let mut ids = Vec::new();
    for name in names {
        ids.push(text(&org.create(name).await, "id").to_owned());
    }
    (org, ids.try_into().expect("one for each"))
}

fn names(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json().as_array().expect("a list").iter().map(|server| text(server, "name").to_owned()).collect()
}

fn links(reply: &Reply) -> Vec<&str> {
    reply.headers.get_all("link").iter().map(|link| link.to_str().expect("text")).collect()
}

#[tokio::test]
async fn trust_is_given_listed_and_taken_away() {
    let (org, [a, b, c]) = org(["a", "b", "c"]).await;
    let path = format!("{SERVERS}/{a}/associatedServers");
    assert_eq!(names(&org.get(&path).await), Vec::<String>::new());
    let reply = org.post(&path, &json!({"trusted": [b]})).await;
    assert_eq!(names(&reply), ["b"]);
    assert_eq!(reply.json()[0]["_links"], Value::Null);
    let mut expected = org.get(&format!("{SERVERS}/{b}")).await.json();
    expected["_links"] = Value::Null;
    assert_eq!(reply.json()[0].to_string(), expected.to_string());
    assert_eq!(names(&org.post(&path, &json!({"trusted": [c, b]})).await), ["b", "c"]);
    assert_eq!(names(&org.get(&format!("{path}?trusted=true")).await), ["b", "c"]);
    assert_eq!(names(&org.get(&format!("{path}?trusted=false")).await), ["default"]);
    assert_eq!(names(&org.get(&format!("{path}?q=API%3A%2F%2Fc")).await), ["c"]);
    // Trust goes one way.
    assert_eq!(names(&org.get(&format!("{SERVERS}/{b}/associatedServers")).await), Vec::<String>::new());
    let reply = org.delete(&format!("{path}/{b}")).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    assert_eq!(names(&org.get(&path).await), ["c"]);
    org.delete(&format!("{path}/{b}")).await.refused(404, "E0000007");
    org.delete(&format!("{path}/ausNobody")).await.refused(404, "E0000007");
}

#[tokio::test]
async fn the_link_header_is_as_odd_as_the_services() {
    let (org, [a, b, c]) = org(["a", "b", "c"]).await;
    let path = format!("{SERVERS}/{a}/associatedServers");
    let base = format!("{}{SERVERS}", org.mock.url());
    assert_eq!(links(&org.get(&path).await), [format!("<{base}?limit=-1>; rel=\"self\"")]);
    org.post(&path, &json!({"trusted": [b, c]})).await;
    assert_eq!(
        links(&org.get(&path).await),
        [format!("<{base}?limit=-1>; rel=\"self\""), format!("<{base}?after={c}&limit=-1>; rel=\"next\"")]
    );
    let page = org.get(&format!("{path}?limit=1&q=a")).await;
    assert_eq!(names(&page), ["b"]);
    assert_eq!(
        links(&page),
        [format!("<{base}?limit=1&q=a>; rel=\"self\""), format!("<{base}?after={b}&limit=1&q=a>; rel=\"next\"")]
    );
    assert_eq!(names(&org.get(&format!("{path}?limit=1&after={b}")).await), ["c"]);
    org.get(&format!("{path}?after=ausNobody")).await.refused(400, "E0000029");
}

#[tokio::test]
async fn what_cannot_be_trusted_is_refused() {
    let (org, [a, b]) = org(["a", "b"]).await;
    let path = format!("{SERVERS}/{a}/associatedServers");
    for trusted in [json!(null), json!("b"), json!([1]), json!(["ausNobody"]), json!([a]), json!([b, "x"])] {
        let body = json!({"trusted": trusted});
        let causes = org.post(&path, &body).await.refused(400, "E0000001");
        assert!(causes.len() == 1 && causes[0].starts_with("trusted: "), "{body}: {causes:?}");
    }
    assert_eq!(names(&org.get(&path).await), Vec::<String>::new());
    org.get(&format!("{path}?trusted=maybe")).await.refused(400, "E0000001");
    org.get(&format!("{path}?limit=0")).await.refused(400, "E0000001");
}

#[tokio::test]
async fn a_deleted_server_is_no_longer_trusted() {
    let (org, [a, b]) = org(["a", "b"]).await;
    let path = format!("{SERVERS}/{a}/associatedServers");
    org.post(&path, &json!({"trusted": [b, "default"]})).await;
    assert_eq!(names(&org.get(&path).await), ["default", "b"]);
    assert_eq!(org.delete(&format!("{SERVERS}/{b}")).await.status, 204);
    assert_eq!(names(&org.get(&path).await), ["default"]);
}
