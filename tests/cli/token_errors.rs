//! The catalogue of errors: each request of a case about errors with its answer, as a page.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{forms::root, support::Place};

const PAGE: &str = "docs/token-errors.md";
const GENERATED: &str = "<!-- generated -->\n";

/// The members of a form that are secrets or differ from run to run, by what is shown in their place.
const DIFFERENT: [(&str, &str); 9] = [
    ("client_id", "client"),
    ("client_secret", "secret"),
    ("client_assertion", "assertion"),
    ("token", "token"),
    ("refresh_token", "refresh token"),
    ("code", "code"),
    ("code_verifier", "verifier"),
    ("username", "login"),
    ("password", "password"),
];

#[test]
fn every_established_error_is_in_the_catalogue() {
    let place = Place::new();
    let done = place.run(&["run", "--profile", "tokens", "--report", "har=run.har"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let har: Value = serde_json::from_str(&place.read("run.har")).expect("a HAR");
    let mut rows = String::from("\n| request | sent | answer | established by |\n|---|---|---|---|\n");
    let mut seen = BTreeSet::new();
    let refusals = refusals(&har);
    for trial in errors(&place) {
        let Some(entry) = trial["id"].as_str().and_then(|id| refusals.get(id)) else { continue };
        let row = row(&trial, entry);
        if seen.insert(row.clone()) {
            rows.push_str(&row);
        }
    }
    assert!(seen.len() >= 40, "{rows}");
    let page = fs::read_to_string(root(PAGE)).expect("the page");
    let (by_hand, _) = page.split_once(GENERATED).expect("a part that is generated");
    let made = format!("{by_hand}{GENERATED}{rows}");
    if std::env::var_os("UPDATE_TABLES").is_some() {
        fs::write(root(PAGE), &made).expect("the page is written");
    }
    assert_eq!(fs::read_to_string(root(PAGE)).expect("the page"), made, "UPDATE_TABLES=1 writes it");
}

/// The trials about errors, in the order of the suite, each with the evidence of its requirements.
fn errors(place: &Place) -> Vec<Value> {
    let list = |more: &[&str]| -> Vec<Value> {
        let done = place.run(&[&["list", "--profile", "tokens", "--format", "json"], more].concat());
        assert_eq!(done.code, 0, "{}", done.err);
        serde_json::from_str(&done.out).expect("JSON")
    };
    let evidence: BTreeMap<String, Value> = list(&["--requirements"])
        .into_iter()
        .map(|one| (text(&one["id"]).to_owned(), one["evidence"].clone()))
        .collect();
    let is_error =
        |name: &str| ["oauth.error.", "oauth.dpop.no", "oauth.dpop.proof"].iter().any(|start| name.starts_with(start));
    let with_evidence = |mut trial: Value| {
        let name = trial["requirements"].as_array()?.iter().map(text).find(|name| is_error(name))?.to_owned();
        trial["evidence"] = evidence[&name].clone();
        Some(trial)
    };
    list(&[]).into_iter().filter_map(with_evidence).collect()
}

/// The first refusal of each trial's own steps, by the trial's ID.
fn refusals(har: &Value) -> BTreeMap<&str, &Value> {
    let mut all = BTreeMap::new();
    for entry in har["log"]["entries"].as_array().expect("entries") {
        let refused = entry["response"]["status"].as_u64().is_some_and(|status| (400..500).contains(&status));
        if refused
            && text(&entry["comment"]).starts_with("step ")
            && text(&entry["request"]["url"]).contains("/oauth2/")
        {
            all.entry(text(&entry["pageref"])).or_insert(entry);
        }
    }
    all
}

fn row(trial: &Value, entry: &Value) -> String {
    let (request, response) = (&entry["request"], &entry["response"]);
    let body: Value = serde_json::from_str(text(&response["content"]["text"])).unwrap_or_default();
    let member = |name: &str| body[name].as_str().map(unnamed).map(|text| escaped(&text));
    let answer = match (member("error"), member("errorCode")) {
        (Some(error), _) => format!("`{error}`: {}", member("error_description").unwrap_or_default()),
        (None, Some(code)) => format!("errorCode `{code}`: {}", member("errorSummary").unwrap_or_default()),
        (None, None) => String::new(),
    };
    let kinds: BTreeSet<&str> =
        text(&trial["evidence"]).split("; ").filter_map(|source| source.split_whitespace().next()).collect();
    let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
    let mut row = String::new();
    let _ = writeln!(
        row,
        "| {} | {} | {} {answer} | {kinds} |",
        escaped(text(&trial["title"])),
        sent(request),
        response["status"]
    );
    row
}

/// The end of the path, how the client proves who it is, and the form.
fn sent(request: &Value) -> String {
    let url = text(&request["url"]);
    let path = url.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let header = |name: &str| {
        let headers = request["headers"].as_array().into_iter().flatten();
        headers
            .filter(|header| text(&header["name"]).eq_ignore_ascii_case(name))
            .map(|header| text(&header["value"]))
            .next()
    };
    let scheme = header("authorization").and_then(|value| value.split_whitespace().next());
    let mut parts = vec![format!("`{} {path}`", text(&request["method"]))];
    parts.extend(scheme.map(|scheme| format!("`Authorization: {scheme}`")));
    parts.extend(header("dpop").map(|_| "`DPoP: {proof}`".to_owned()));
    let form = text(&request["postData"]["text"]);
    let pairs = form.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match DIFFERENT.iter().find(|(known, _)| *known == name) {
            Some((_, shown)) => format!("{name}={{{shown}}}"),
            None => format!("{name}={}", unnamed(&decoded(value))),
        }
    });
    let form = pairs.collect::<Vec<_>>().join(" ");
    if !form.is_empty() {
        parts.push(format!("`{}`", escaped(&form)));
    }
    parts.join("<br>")
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Without the names of the run, which differ in each.
fn unnamed(text: &str) -> String {
    let mut parts = text.split("okc_");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest =
        parts.map(|part| part.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_'));
    rest.fold(first, |text, part| text + "{name}" + part)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// As a cell of a table holds it.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
