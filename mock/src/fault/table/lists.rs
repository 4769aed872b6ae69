//! Lists: parameters without effect, items too many or too few, pages, `Link` headers.

use serde_json::json;

use super::{
    CLIENTS, Change, Edit, Effect, Fault, JSON, Kind, Rewrite, SERVERS, TOKEN, TOKENS, fault, member, on_success,
};

pub(super) fn add(all: &mut Vec<Fault>) {
    for (operation, parameters) in PARAMETERS {
        for parameter in *parameters {
            let title = format!("The parameter {parameter} has no effect");
            let effect = Effect::Request(Rewrite::WithoutQuery(parameter));
            // Messages tell what comes of it: a list that is too long, or without its limits.
            let subject = match *parameter {
                "q" => "a list",
                "limit" => "length|next",
                "trusted" => "contains",
                "expand" => "_embedded",
                other => other,
            };
            all.push(fault(operation, Kind::Query, parameter, subject, title, effect));
        }
    }
    for operation in LISTS {
        // Which clients there are is up to whoever logs in, so nobody could tell that one is missing.
        if *operation != CLIENTS {
            let shorter = member("", Edit::Shorten);
            all.push(fault(operation, Kind::Items, "short", "", "The list lacks its first item", shorter));
        }
        let repeated = member("", Edit::Repeat);
        all.push(fault(operation, Kind::Items, "repeated", "", "The list has its first item twice", repeated));
        let wrapped = on_success(Change::Body("{\"value\":[]}", JSON));
        all.push(fault(operation, Kind::Items, "wrapped", "", "The list is wrapped in an object", wrapped));
        let empty = member("", Edit::Empty);
        all.push(fault(operation, Kind::Items, "empty", "", "The list is always empty", empty));
    }
    for operation in PAGED {
        let title = "A page after the first shows one item, the first of all";
        let again = Effect::Request(Rewrite::Restart);
        all.push(fault(operation, Kind::Items, "restart", "", title, again));
    }
    let title = "Each page has a next link, which leads to itself";
    all.push(fault("listOAuth2Scopes", Kind::Link, "endless", "pages", title, on_success(Change::Endless)));
    for (operation, word, subject, edit, title) in LINKS {
        let change = match edit {
            None => Change::Header("link", None),
            Some((from, to)) => Change::InHeader("link", from, to),
        };
        all.push(fault(operation, Kind::Link, word, *subject, *title, on_success(change)));
    }
    for operation in PAGED {
        for (word, edit, title) in [
            ("gap", Edit::Shorten, "A page after the first lacks its first item"),
            ("overlap", Edit::Repeat, "A page after the first has an item twice"),
        ] {
            let page = fault(operation, Kind::Items, word, "", title, member("", edit));
            all.push(Fault { parameter: Some("after"), ..page });
        }
    }
    for (word, name, edit) in [
        ("name", "name", Edit::Set(json!("unsteady"))),
        ("id", "id", Edit::Set(json!("aus0000000000000more"))),
        ("older", "lastUpdated", Edit::Set(json!("2020-01-01T00:00:00.000Z"))),
        ("newer", "lastUpdated", Edit::Set(json!("2120-01-01T00:00:00.000Z"))),
    ] {
        let title = format!("Each second answer for the same path has another {name}: {word}");
        let change = member(format!("/{name}"), edit);
        let row = fault("getAuthorizationServer", Kind::Unsteady, &format!("second-{word}"), name, title, change);
        all.push(Fault { every: 2, ..row });
    }
    let title = "Each second answer has another name";
    let change = member("/name", Edit::Set(json!("unsteady")));
    let row = fault("getAuthorizationServer", Kind::Unsteady, "second-name-of-all", "name", title, change);
    all.push(Fault { every: 2, together: true, ..row });
    let title = "Each second answer for the same path has no keys";
    let row = fault("listAuthorizationServerKeys", Kind::Unsteady, "second-empty", "", title, member("", Edit::Empty));
    all.push(Fault { every: 2, ..row });
    for (operation, id) in [("listOAuth2Claims", "ocl0000000000000same"), ("listOAuth2Scopes", "scp0000000000000same")]
    {
        let title = "The first item has the same identifier in the list of every server";
        all.push(fault(operation, Kind::Items, "shared-id", "id", title, member("/0/id", Edit::Set(json!(id)))));
    }
    let items = [
        ("rotateAuthorizationServerKeys", "new-alone", Edit::Set(json!([])), "The answer has no keys"),
        ("createAssociatedServers", "empty", Edit::Empty, "The answer has no servers"),
        ("createAssociatedServers", "short", Edit::Shorten, "The answer lacks its first server"),
    ];
    for (operation, word, edit, title) in items {
        all.push(fault(operation, Kind::Items, word, "", title, member("", edit)));
    }
}

/// Lists and their parameters of established effect.
const PARAMETERS: &[(&str, &[&str])] = &[
    (SERVERS, &["q", "limit", "after"]),
    ("listOAuth2Scopes", &["q", "limit", "after"]),
    ("listAssociatedServersByTrustedType", &["trusted", "q", "limit"]),
    (TOKENS, &["expand", "limit", "after"]),
    (TOKEN, &["expand"]),
];

const PAGED: &[&str] = &[SERVERS, "listOAuth2Scopes"];

const LISTS: &[&str] = &[
    SERVERS,
    "listAssociatedServersByTrustedType",
    "listOAuth2Scopes",
    "listOAuth2Claims",
    "listAuthorizationServerPolicies",
    "listAuthorizationServerPolicyRules",
    "listAuthorizationServerKeys",
    "listOAuth2ResourceServerJsonWebKeys",
    CLIENTS,
    TOKENS,
];

/// Operation, word, what a message names, what becomes of the `Link` header (none: it is gone), and that in words.
type Row = (&'static str, &'static str, &'static str, Option<(&'static str, &'static str)>, &'static str);

const ELSEWHERE: Option<(&str, &str)> = Some(("//", "//elsewhere.example/"));

const LINKS: &[Row] = &[
    (SERVERS, "none", "collected|next", None, "There is no Link header"),
    (SERVERS, "no-next", "collected|next", Some(("\"next\"", "\"last\"")), "There is no next link"),
    (SERVERS, "no-self", "link self", Some(("\"self\"", "\"first\"")), "There is no self link"),
    (SERVERS, "endless", "pages", Some(("\"self\"", "\"next\"")), "The self link is called next"),
    (SERVERS, "no-limit", "length", Some(("limit=", "size=")), "Links do not keep the limit"),
    (SERVERS, "no-search", "", Some(("&q=", "&s=")), "Links do not keep the search"),
    (SERVERS, "cursor", "pages", Some(("after=", "cursor=")), "The cursor has another name"),
    (SERVERS, "host", "elsewhere.example", ELSEWHERE, "Links lead to another host"),
    ("listOAuth2Scopes", "host", "elsewhere.example", ELSEWHERE, "Links lead to another host"),
    ("listOAuth2Scopes", "no-next", "collected|next", Some(("\"next\"", "\"last\"")), "There is no next link"),
    (SERVERS, "relative", "origin", Some(("<http://", "<//")), "Links are no URLs"),
];
