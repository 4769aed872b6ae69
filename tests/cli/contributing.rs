//! `contribute` and `check evidence.zip`: nothing of an org leaves with its evidence, and whoever gets that can judge it again.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::{Value, json};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{
    server::{Answer, Request, Server},
    support::{Done, MockProcess, Place, copy, snapshot, text},
};

const TOKEN: &str = "token-of-manager";

/// A mock that lets in the principals of the settings.
fn mock(more: &[&str]) -> MockProcess {
    MockProcess::with_token(TOKEN, &[&["--token", "token-of-admin"], more].concat())
}

/// How many facts an org has that nobody else is to learn.
const FACTS: usize = 200;

/// A fact of an org: a name, a mail address, a host, an identifier, a key, a token, a text.
fn fact(number: usize) -> String {
    match number % 8 {
        0 => format!("Payroll of Acme {number:03}"),
        1 => format!("jane.doe.{number:03}@acme-corp.example"),
        2 => format!("acme-{number:03}.okta.com"),
        3 => format!("00uAcmeUser{number:03}x5d7"),
        4 => format!("kidOfAcme{number:03}-Zk3mQ8rT1vW5xY7bC9dE2fG4hJ6"),
        5 => format!("eyJhbGciOiJSUzI1NiJ9.eyJhY21lIjoi{number:03}In0.c2lnbmF0dXJlT2ZBY21l"),
        6 => format!("https://hr.acme-corp.example/people/{number:03}?from=okta"),
        _ => format!("ACME_SECRET_PROJECT_{number:03}"),
    }
}

/// In front of a mock, an org that says a fact of its own wherever a text may stand.
fn org(mock: &MockProcess) -> (Server, &'static Mutex<BTreeSet<usize>>) {
    let planted: &'static Mutex<BTreeSet<usize>> = Box::leak(Box::default());
    let server = Server::proxy(&mock.url, move |request, answer| {
        // An org says the same each time: what it says depends on what it is asked.
        let words = request.target.split(['/', '?']).filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()));
        let line = words.fold(format!("{}{}", request.method, answer.status), |line, word| line + word);
        let next = AtomicUsize::new(line.bytes().fold(0, |sum, byte| (sum * 31 + usize::from(byte)) % FACTS));
        let plant = || {
            let number = next.fetch_add(1, Ordering::SeqCst) % FACTS;
            planted.lock().expect("no panic").insert(number);
            fact(number)
        };
        tell(request, answer, &plant);
    });
    (server, planted)
}

fn tell(request: &Request, answer: &mut Answer, plant: &dyn Fn() -> String) {
    for name in
        ["X-Acme", "Server", "Set-Cookie", "Location", "X-Okta-Backend", "Via", "ETag", "P3P", "Report-To", "X-Org"]
    {
        answer.headers.push((name.to_owned(), plant()));
    }
    answer.headers.push(("Link".to_owned(), format!("<https://{}/logo>; rel=\"{}\"", plant(), plant())));
    let cached = answer.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("cache-control"));
    if let Some((_, value)) = cached {
        *value = format!("{value}, {}", plant().replace([' ', '"'], "-"));
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else { return };
    if let Value::Array(items) = &mut body
        && request.target.starts_with("/api/v1/authorizationServers?")
    {
        let others = (0..3).map(|_| {
            json!({ "id": format!("ausOf{:015}", plant().len()), "name": plant(), "description": plant(), "audiences": [plant()],
                "issuer": plant(), "status": plant(), plant(): plant() })
        });
        items.extend(others);
    }
    say(&mut body, plant);
    answer.body = body.to_string().into_bytes();
}

/// Adds a member with a fact to every object, and makes a fact of every text of an error.
fn say(value: &mut Value, plant: &dyn Fn() -> String) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| say(item, plant)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| say(member, plant));
            if let Some(summary) = members.get_mut("errorSummary") {
                *summary = plant().into();
            }
            members.insert("ownedBy".to_owned(), plant().into());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn contribute(place: &Place, url: &str, name: &str, patterns: &[&str]) -> Done {
    place.target(url, &["manager", "admin"], &[]);
    let out = format!("{name}.zip");
    let draft = place.run(&[&["contribute", "--target", "here", "--out", &out], patterns].concat());
    assert_eq!(draft.code, 0, "{} {}", draft.out, draft.err);
    let written = place.run(&["contribute", "--reviewed", &format!("{out}.draft"), "--out", &out]);
    assert_eq!(written.code, 0, "{}", written.err);
    draft
}

/// The parts of a bundle, as text.
fn parts(place: &Place, name: &str) -> String {
    let mut archive = ZipArchive::new(fs::File::open(place.path(name)).expect("a file")).expect("an archive");
    let mut all = String::new();
    for index in 0..archive.len() {
        archive.by_index(index).expect("a part").read_to_string(&mut all).expect("text");
    }
    all
}

/// A text in the forms in which it may stand somewhere.
fn encoded(text: &str) -> Vec<String> {
    let bytes = |encode: &dyn Fn(u8) -> String| text.bytes().map(encode).collect::<String>();
    let percent =
        bytes(&|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    let mut all = vec![
        text.to_owned(),
        text.to_ascii_lowercase(),
        text.to_ascii_uppercase(),
        text.chars().rev().collect(),
        percent,
        bytes(&|byte| format!("{byte:02x}")),
        text.replace('/', "\\/"),
        text.replace(' ', "+"),
    ];
    // In whatever place of three a text begins, all but its ends is the same in base64.
    for shift in 0..3 {
        let padded = format!("{}{text}", "x".repeat(shift));
        let whole = STANDARD_NO_PAD.encode(padded);
        all.push(whole[4..whole.len() - 4].to_owned());
    }
    all
}

#[test]
fn no_fact_of_an_org_leaves_with_its_evidence() {
    let (place, mock) = (Place::new(), mock(&[]));
    let (org, planted) = org(&mock);
    let draft = contribute(
        &place,
        &org.url,
        "acme",
        &[
            "authorization-servers/get/**",
            "authorization-servers/create/**",
            "claims/create/**",
            "policies/**",
            "scopes/create/**",
            "keys/**",
        ],
    );
    assert_eq!(planted.lock().expect("no panic").len(), FACTS, "all were planted");
    let bundle = format!("{}{}{}", parts(&place, "acme.zip"), place.read("acme.zip.draft"), draft.out);
    let host = org.url.trim_start_matches("http://").to_owned();
    for fact in (0..FACTS).map(fact).chain([host, TOKEN.to_owned()]) {
        for form in encoded(&fact) {
            assert!(!bundle.contains(&form), "{fact} leaves as {form}");
        }
    }
    let run = place.read("acme.zip.first.jsonl");
    let id: Value = serde_json::from_str(run.lines().next().expect("a header")).expect("an event");
    assert!(!bundle.contains(&format!("_{}_", text(&id, "run"))), "the names of the run");
    assert!(bundle.contains("ownedBy"), "a new member of what the run made is news of the service");
    // Evidence it is all the same.
    let told = place.run(&["check", "acme.zip", "--format", "json"]).json();
    let rechecked = &told["bundles"][0]["rechecked"];
    assert_eq!(rechecked["differences"], 0, "{rechecked}");
    assert!(draft.out.contains("ownedBy"), "{}", draft.out);
    assert!(rechecked["same"].as_u64().expect("a count") > 500, "{rechecked}");
    assert!(told["new_drift"].as_array().expect("a list").iter().any(|drift| drift["pointer"] == "/ownedBy"));
    let writes = org.requests().into_iter().filter(|request| request.method != "GET");
    assert!(writes.into_iter().all(|request| !request.target.contains("/default")), "the default server is let be");
}

#[test]
fn two_orgs_add_evidence_and_a_third_contradicts_them() {
    let place = Place::new();
    let faults = [
        "create-oauth2-claim/unvalidated/malformed",
        "replace-authorization-server/value/created",
        "delete-authorization-server/error-form/no-summary-on-404",
    ];
    let faulty: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    let orgs = [
        ("one", mock(&["--issuer-mode", "org-url"])),
        ("two", mock(&["--as-of", "2026-09-01"])),
        ("three", mock(&faulty)),
    ];
    for (name, mock) in &orgs {
        contribute(&place, &mock.url, name, &["authorization-servers/**", "claims/**"]);
        let size = fs::metadata(place.path(&format!("{name}.zip"))).expect("a file").len();
        assert!(size < 2_000_000, "{name}: {size}");
    }
    for folder in ["cases", "schemas"] {
        copy(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &place.path(&format!("own/{folder}")));
    }
    let before = place.read("own/cases/requirements.yaml");
    let json = ["--format", "json"];
    let both = ["check", "one.zip", "two.zip", "--suite", "own", "--apply"];
    // A mock on this machine is no evidence, unless somebody wants to see how it would be.
    let done = place.run(&[&both[..], &json].concat());
    assert_eq!((done.code, place.read("own/cases/requirements.yaml") == before), (0, true), "{}", done.err);
    let done = place.run(&[&both[..], &json, &["--count-local"]].concat());
    let told = done.json();
    assert_eq!(done.code, 0, "{told}");
    assert!(told["bundles"].as_array().expect("a list").iter().all(|bundle| bundle["rechecked"]["differences"] == 0));
    let after = place.read("own/cases/requirements.yaml");
    let sighted = |requirement: &str| {
        let entry =
            after.split("  - id: ").find(|entry| entry.starts_with(&format!("{requirement}\n"))).expect("an entry");
        entry.contains("orgs: 2")
    };
    let inferred = told["inferred"].as_object().expect("an object");
    let twice: Vec<&String> = inferred.iter().filter(|(_, ids)| **ids == 2).map(|(id, _)| id).collect();
    assert!(!twice.is_empty() && twice.iter().all(|id| sighted(id)), "{twice:?}");
    assert_eq!(place.run(&["check", "own"]).code, 0, "it is a suite as before");
    // Dates make no other suite of it, so bundles can still be checked.
    let all = place.run(&[&["check", "one.zip", "two.zip", "three.zip", "--suite", "own"][..], &json].concat());
    assert_eq!(all.code, 1, "{}", all.err);
    let told = all.json();
    let contradicted = told["contradicted"].as_array().expect("a list");
    for one in contradicted {
        assert_eq!(one["departed"], json!(["three.zip"]), "{one}");
    }
    let ids: BTreeSet<String> = contradicted.iter().map(|one| text(one, "requirement")).collect();
    for planted in ["child.malformed", "as.time.replace", "api.error.form"] {
        assert!(ids.contains(planted), "{planted}: {ids:?}");
    }
    let names = |one: &&Value| one["requirement"] == "child.malformed";
    let one = contradicted.iter().find(names).expect("it is there");
    assert_eq!(one["held"], json!(["one.zip", "two.zip"]), "{one}");
}

#[test]
fn a_draft_that_was_changed_and_an_archive_of_anybody_are_refused() {
    let (place, mock) = (Place::new(), mock(&[]));
    contribute(&place, &mock.url, "good", &["authorization-servers/get/**"]);
    let mut shown = String::new();
    let mut refused = |place: &Place, arguments: &[&str]| {
        let done = place.run(arguments);
        assert_eq!((done.code, done.out.as_str()), (3, ""), "{arguments:?}");
        shown.push_str(&done.err);
    };
    place.write("changed.draft", &place.read("good.zip.draft").replacen("\"passed\"", "\"failed\"", 1));
    refused(&place, &["contribute", "--reviewed", "changed.draft", "--out", "changed.zip"]);
    refused(&place, &["contribute", "--reviewed", "good.zip.draft", "--out", "good.zip.draft"]);
    refused(&place, &["contribute", "--target", "mock", "--out", "mock.zip"]);
    refused(&place, &["contribute", "--target", "https://acme.okta.com", "--out", "acme.zip"]);
    let archive = |name: &str, parts: &[(&str, &[u8])]| {
        let mut archive = ZipWriter::new(fs::File::create(place.path(name)).expect("a file"));
        for (name, bytes) in parts {
            archive.start_file(*name, SimpleFileOptions::default()).expect("a part");
            archive.write_all(bytes).expect("bytes");
        }
        archive.finish().expect("an archive");
    };
    let good = parts(&place, "good.zip");
    let (manifest, events) = good.split_at(good.find("{\"event\"").expect("events"));
    archive("more.zip", &[("manifest.json", manifest.as_bytes()), ("events.jsonl", events.as_bytes()), ("x", b"x")]);
    archive("none.zip", &[("a", b"x"), ("b", b"x")]);
    archive("large.zip", &[("manifest.json", &vec![b' '; 300 * 1024]), ("events.jsonl", b"x")]);
    archive("changed.zip", &[("manifest.json", manifest.as_bytes()), ("events.jsonl", &events.as_bytes()[1..])]);
    let newer = manifest.replacen("\"version\": 1", "\"version\": 2", 1);
    archive("newer.zip", &[("manifest.json", newer.as_bytes()), ("events.jsonl", events.as_bytes())]);
    place.write("no.zip", "no archive");
    for name in ["more", "none", "large", "changed", "newer", "no"] {
        refused(&place, &["check", &format!("{name}.zip")]);
    }
    refused(&place, &["check", "--apply", "--suite", "own"]);
    snapshot(&place, "contribute-refused", &shown);
}
