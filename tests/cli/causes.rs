//! Causes: of the same red run, every form tells the same ones, and another org with the same faults has them too.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::{
    forms::mistakes,
    support::{MockProcess, Place, TOKEN, check, finish, text},
};

/// The parts that are run: what they call has all of the faults.
const PARTS: [&str; 3] = ["authorization-servers/get", "scopes", "claims"];

/// A value with an identifier and the origin in it, a status of what steps call and one of what set-up calls too, a member of each item of
/// a list, and a header of one operation.
const FAULTS: [&str; 5] = [
    "get-authorization-server/value/issuer",
    "replace-oauth2-scope/status/success",
    "create-oauth2-claim/status/success",
    "list-oauth2-scopes/renamed/metadata-publish",
    "delete-oauth2-scope/header/no-x-okta-request-id-on-204",
];

/// A run against a mock with these faults, into a stream.
fn run(place: &Place, faults: &[&str], stream: &str) -> i32 {
    let arguments: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    let mock = MockProcess::start(&arguments);
    place.write(
        "okta-conformance.toml",
        &format!(
            "[targets.here]\nurl = {:?}\n[targets.here.principals]\nmanager = {{ ssws = {{ env = \"TOKEN\" }} }}\n",
            mock.url
        ),
    );
    let options = ["--target", "here", "--no-preflight", "--keep", "0", "--events", stream];
    let mut command = place.command(&[&["run"], &PARTS[..], &options].concat());
    let done = finish(command.env("TOKEN", TOKEN).spawn().expect("the program starts"));
    assert!(done.last_line().contains(" passed"), "{}{}", done.out, done.err);
    done.code
}

fn print(place: &Place, format: &str) -> String {
    place.run(&["report", "red.jsonl", "--format", format]).out
}

/// A title without the count behind it.
fn bare(title: &str) -> String {
    Regex::new(r" \(\d+ trials?\)$").expect("a pattern").replace(title, "").into_owned()
}

/// What a pattern finds, without the count behind it.
fn all(pattern: &str, text: &str) -> Vec<String> {
    let pattern = Regex::new(pattern).expect("a pattern");
    pattern.captures_iter(text).map(|found| bare(&found[1])).collect()
}

/// HTML as it is read.
fn shown(html: &str) -> String {
    let text = Regex::new("<[^>]*>").expect("a pattern").replace_all(html, "").into_owned();
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    named.into_iter().fold(text, |text, (name, c)| text.replace(name, c))
}

/// A text of the workflow commands of GitHub as it is read.
fn unescaped(text: &str) -> String {
    [("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%25", "%")]
        .into_iter()
        .fold(text.to_owned(), |text, (code, c)| text.replace(code, c))
}

/// The causes of the page that are a departure, or that kept trials from being judged.
fn of_page(page: &str) -> Vec<String> {
    let articles = page.split("<article class=\"").skip(1).filter(|article| {
        let class = article.split('"').next().unwrap_or_default();
        ["bad", "broken"].iter().any(|sort| class.ends_with(sort))
    });
    articles
        .map(|article| {
            shown(
                article
                    .split("<h3 class=\"foreign\">")
                    .nth(1)
                    .unwrap_or_default()
                    .split("</h3>")
                    .next()
                    .unwrap_or_default(),
            )
        })
        .collect()
}

/// The titles of what is folded on a page of Markdown.
fn of_markdown(markdown: &str) -> Vec<String> {
    let titles =
        Regex::new(r"<summary><b>(?:failed|blocked|errored)</b> <code>(.*?)</code></summary>").expect("a pattern");
    titles.captures_iter(markdown).map(|found| bare(&shown(&found[1]))).collect()
}

/// What does not depend on the run or the org.
fn essence(cause: &Value) -> (String, String, String, BTreeSet<String>) {
    let list = |member: &str| {
        cause[member].as_array().expect("a list").iter().map(|one| one.as_str().expect("a text").to_owned())
    };
    let calls: Vec<String> = list("calls").collect();
    (calls.join(", "), check(cause), text(cause, "pointer"), list("trials").collect())
}

fn causes(summary: &Value) -> Vec<Value> {
    summary["causes"].as_array().expect("causes").clone()
}

#[test]
fn every_form_tells_the_same_causes_of_a_red_run() {
    let place = Place::new();
    assert_eq!(run(&place, &[], "green.jsonl"), 0);
    assert_eq!(run(&place, &FAULTS, "red.jsonl"), 1);

    let page = print(&place, "html");
    let titles = of_page(&page);
    let console = print(&place, "text");
    // At the end the heaviest are told once more.
    let list = console.split("\nThe heaviest of ").next().expect("a text");
    assert_eq!(all(r"(?m)^  (?:failed|blocked|errored) {3,}(.*)$", list), titles, "the console");
    assert_eq!(of_markdown(&print(&place, "markdown")), titles, "markdown");
    let github = all(r"(?m)^::error .*?title=(?:failed|blocked|errored)%3A (.*?)::", &print(&place, "github"));
    assert_eq!(github.iter().map(|title| bare(&unescaped(title))).collect::<Vec<_>>(), titles, "annotations");
    let summary: Value = serde_json::from_str(&print(&place, "json")).expect("JSON");
    assert_eq!(mistakes("run", &summary), [""; 0]);
    let red: Vec<Value> = causes(&summary)
        .into_iter()
        .filter(|cause| ["red", "unjudged"].contains(&text(cause, "standing").as_str()))
        .collect();
    assert_eq!(red.iter().map(|cause| text(cause, "title")).collect::<Vec<_>>(), titles, "JSON");
    let comparison = place.run(&["diff", "green.jsonl", "red.jsonl", "--format", "json"]).json();
    assert_eq!(mistakes("diff", &comparison), [""; 0]);
    assert_eq!(causes(&comparison), red, "since a green run, all of them are news");

    // One fault shows at several places, and each of them is told.
    assert!(titles.len() >= FAULTS.len(), "{titles:?}");
    let count = format!("{} causes", titles.len());
    let last = console.trim_end().lines().last().expect("a last line").to_owned();
    assert!(last.contains(&format!("; {count}; ")), "{last}");
    assert!(shown(&page).contains(&format!("departs from what it is held to, by {count}.")), "the first screen");
    let since = place.run(&["diff", "green.jsonl", "red.jsonl"]).out;
    assert!(since.contains(&format!("\nwhat is wrong now and was not: {count}\n")), "{since}");
    for title in &titles {
        assert!(since.contains(&format!("  {title} (")), "{title}: {since}");
    }
    // Each fault is one of them.
    let named: BTreeSet<(String, String, String)> =
        red.iter().map(essence).map(|(calls, check, pointer, _)| (calls, check, pointer)).collect();
    let faults = [
        ("getAuthorizationServer", "schema", "/issuer"),
        ("replaceOAuth2Scope", "status", ""),
        ("createOAuth2Claim", "status", ""),
        ("listOAuth2Scopes", "schema", "/*"),
        ("deleteOAuth2Scope", "header X-Okta-Request-Id", ""),
    ];
    let faults: BTreeSet<_> =
        faults.map(|(call, check, place)| (call.to_owned(), check.to_owned(), place.to_owned())).into();
    assert!(named.is_superset(&faults), "{named:?}");
    let trials: BTreeSet<String> = red.iter().flat_map(|cause| essence(cause).3).collect();
    assert_eq!(
        trials.len(),
        summary["red"].as_array().expect("a list").iter().filter(|trial| trial["outcome"] == "failed").count()
    );

    // Another org, another origin, other identifiers.
    run(&place, &FAULTS, "again.jsonl");
    let again = place.run(&["diff", "green.jsonl", "again.jsonl", "--format", "json"]).json();
    let essences = |causes: &[Value]| causes.iter().map(essence).collect::<Vec<_>>();
    assert_eq!(essences(&causes(&again)), essences(&red));
    let since = place.run(&["diff", "red.jsonl", "again.jsonl", "--format", "json"]).json();
    assert_eq!(causes(&since), [] as [Value; 0], "nothing is news");
}
