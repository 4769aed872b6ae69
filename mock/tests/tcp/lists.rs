//! The list of servers: order, search, page size, cursor, `Link` headers.

use serde_json::Value;

use crate::{Org, Reply, SERVERS, text};

fn names(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json().as_array().expect("a list").iter().map(|server| text(server, "name").to_owned()).collect()
}

fn links(reply: &Reply) -> Vec<&str> {
    reply.headers.get_all("link").iter().map(|value| value.to_str().expect("a readable header")).collect()
}

async fn org_with(names: &[&str]) -> (Org, Vec<Value>) {
    let org = Org::start().await;
    let mut servers = Vec::new();
    for name in names {
        servers.push(org.create(name).await);
    }
    (org, servers)
}

#[tokio::test]
async fn lists_the_default_server_first_and_then_by_age() {
    let (org, servers) = org_with(&["zeta", "alpha"]).await;
    let reply = org.get(SERVERS).await;
    assert_eq!(names(&reply), ["default", "zeta", "alpha"]);
    assert_eq!(reply.json()[1], servers[0]);
    assert_eq!(links(&reply), [format!("<{}{SERVERS}?limit=200>; rel=\"self\"", org.mock.url())]);
}

#[tokio::test]
async fn pages_follow_the_next_link_to_the_end() {
    let (org, servers) = org_with(&["a", "b", "c", "d"]).await;
    let base = format!("{}{SERVERS}", org.mock.url());
    let first = org.get(&format!("{SERVERS}?limit=2")).await;
    assert_eq!(names(&first), ["default", "a"]);
    let next = format!("{base}?after={}&limit=2", text(&servers[0], "id"));
    assert_eq!(links(&first), [format!("<{base}?limit=2>; rel=\"self\""), format!("<{next}>; rel=\"next\"")]);
    let second = org.get(next.strip_prefix(&org.mock.url()).expect("a link to the mock")).await;
    assert_eq!(names(&second), ["b", "c"]);
    let last_cursor = text(&servers[2], "id");
    assert_eq!(
        links(&second),
        [format!("<{next}>; rel=\"self\""), format!("<{base}?after={last_cursor}&limit=2>; rel=\"next\"")]
    );
    let last = org.get(&format!("{SERVERS}?after={last_cursor}&limit=2")).await;
    assert_eq!(names(&last), ["d"]);
    assert_eq!(links(&last), [format!("<{base}?after={last_cursor}&limit=2>; rel=\"self\"")]);
}

#[tokio::test]
async fn a_page_that_holds_just_all_has_no_next_link() {
    let (org, _) = org_with(&["a"]).await;
    let reply = org.get(&format!("{SERVERS}?limit=2")).await;
    assert_eq!(names(&reply), ["default", "a"]);
    assert_eq!(links(&reply).len(), 1);
}

#[tokio::test]
async fn a_cursor_outlives_its_server_and_an_unknown_one_is_refused() {
    let (org, servers) = org_with(&["a", "b"]).await;
    let id = text(&servers[0], "id");
    assert_eq!(org.delete(&format!("{SERVERS}/{id}")).await.status, 204);
    assert_eq!(names(&org.get(&format!("{SERVERS}?after={id}")).await), ["b"]);
    org.get(&format!("{SERVERS}?after=nonsense")).await.refused(400, "E0000029");
}

#[tokio::test]
async fn search_looks_at_name_and_audiences_only() {
    let (org, servers) = org_with(&["Orders", "billing"]).await;
    let search = async |text: &str| names(&org.get(&format!("{SERVERS}?q={text}")).await);
    assert_eq!(search("orders").await, ["Orders"]);
    assert_eq!(search("API%3A%2F%2Fbill").await, ["billing"]);
    assert_eq!(search("api").await, ["default", "Orders", "billing"]);
    assert_eq!(search(text(&servers[0], "id")).await, Vec::<String>::new());
    assert_eq!(search("nothing").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_self_link_echoes_the_search_and_pages_keep_it() {
    let (org, servers) = org_with(&["a x&y", "b x&y", "other"]).await;
    let base = format!("{}{SERVERS}", org.mock.url());
    let reply = org.get(&format!("{SERVERS}?q=x%26y&limit=1")).await;
    assert_eq!(names(&reply), ["a x&y"]);
    let cursor = text(&servers[0], "id");
    assert_eq!(
        links(&reply),
        [
            format!("<{base}?limit=1&q=x%26y>; rel=\"self\""),
            format!("<{base}?after={cursor}&limit=1&q=x%26y>; rel=\"next\"")
        ]
    );
    let last = org.get(&format!("{SERVERS}?after={cursor}&limit=1&q=x%26y")).await;
    assert_eq!(names(&last), ["b x&y"]);
    assert_eq!(links(&last).len(), 1);
}

#[tokio::test]
async fn limit_is_cut_down_to_200_and_must_be_a_positive_number() {
    let org = Org::start().await;
    for limit in ["201", "99999999999"] {
        let reply = org.get(&format!("{SERVERS}?limit={limit}")).await;
        assert_eq!(links(&reply), [format!("<{}{SERVERS}?limit=200>; rel=\"self\"", org.mock.url())]);
    }
    // What the links of associated servers say; it stands for no limit.
    assert_eq!(names(&org.get(&format!("{SERVERS}?limit=-1")).await), ["default"]);
    for limit in ["0", "-2", "ten", "1.5"] {
        let reply = org.get(&format!("{SERVERS}?limit={limit}")).await;
        let causes = reply.refused(400, "E0000001");
        assert!(causes.len() == 1 && causes[0].starts_with("limit: "), "{causes:?}");
        assert_eq!(reply.json()["errorSummary"], "Api validation failed: limit");
    }
}
