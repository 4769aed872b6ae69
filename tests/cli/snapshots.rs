//! Snapshots of behaviour: that they are the same whenever the target is, what is told when it is not, and how a person accepts it.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use serde_json::{Value, json};

use super::{
    forms::mistakes,
    server::{Answer, Server},
    support::{Done, MockProcess, Place, of_kind, snapshot, text},
};

/// Parts with lists of the org, keys, tokens and names of the run.
const PARTS: [&str; 7] = [
    "authorization-servers/create",
    "authorization-servers/get",
    "authorization-servers/list",
    "authorization-servers/replace",
    "keys",
    "scopes/list",
    "clients",
];

/// Every file of snapshots, by its name below `directory`.
fn kept(place: &Place, directory: &str) -> BTreeMap<String, Vec<u8>> {
    let prefix = format!("{directory}/");
    let files = place.files().into_iter();
    files.filter_map(|(name, text)| Some((name.strip_prefix(&prefix)?.to_owned(), text))).collect()
}

/// How many of the files have this ending.
fn ending(files: &BTreeMap<String, Vec<u8>>, extension: &str) -> usize {
    files.keys().filter(|name| Path::new(name).extension().is_some_and(|found| found == extension)).count()
}

fn events(place: &Place) -> Vec<(String, String)> {
    of_kind(&place.events(), "snapshot-drifted").map(|event| (text(event, "kind"), text(event, "trial"))).collect()
}

#[test]
fn an_unchanged_target_gives_the_same_bytes_whatever_the_order() {
    let place = Place::new();
    let run = |directory: &str, more: &[&str]| {
        let arguments =
            [&["run", "--snapshots", directory, "--accept-snapshots", "--quiet"], &PARTS[..], more].concat();
        let done = place.run(&arguments);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    };
    run("one", &["--seed", "1", "--jobs", "1"]);
    run("two", &["--seed", "2", "--jobs", "16"]);
    let (one, two) = (kept(&place, "one"), kept(&place, "two"));
    assert!(one.len() > 100, "{}", one.len());
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    for (name, text) in &one {
        let shown = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        assert_eq!(shown(text), shown(&two[name]), "{name}");
    }
    // Another org, another port, accepted and told.
    let mock = MockProcess::start(&[]);
    place.write("okta-conformance.toml", &format!("[targets.mock-of-old]\nurl = {:?}\n", mock.url));
    fs::rename(place.path("one/mock"), place.path("one/mock-of-old")).expect("moved");
    let done = place.run(&[
        "run",
        "authorization-servers/create",
        "--target",
        "mock-of-old",
        "--snapshots",
        "one",
        "--fail-on",
        "drift",
        "--no-preflight",
        "--keep",
        "0",
    ]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let name = "mock-of-old/authorization-servers/create/answers-with-the-server@manager.snap";
    let files = kept(&place, "one");
    let shown =
        String::from_utf8(files.get(name).unwrap_or_else(|| panic!("{:?}", files.keys())).clone()).expect("text");
    snapshot(&place, "snapshot-of-behaviour", &shown);
}

/// Red things, `b` of this weight.
fn thing(weight: usize) -> Server {
    Server::start(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default().to_owned();
        let weight = if name == "b" { weight } else { 1 };
        Some(Answer::json(200, &json!({ "id": name, "name": name, "color": "red", "weight": weight })))
    })
}

fn run(place: &Place, server: &Server, more: &[&str]) -> Done {
    place.target(&server.url, &["admin", "manager"], &[]);
    let arguments =
        ["run", "--suite", "suite", "--target", "here", "--no-preflight", "--jobs", "1", "--snapshots", "kept"];
    place.run(&[&arguments[..], more].concat())
}

#[test]
fn what_nobody_has_accepted_is_drift() {
    let place = Place::with_suite(&["colors"]);
    let light = thing(1);
    let first = run(&place, &light, &[]);
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(first.last_line().ends_with("; snapshots: 9 missing"), "{}", first.out);
    assert_eq!(run(&place, &light, &["--fail-on", "drift"]).code, 1, "nothing was accepted in between");
    assert!(ending(&kept(&place, "kept"), "snap") == 0, "nothing is accepted by itself");
    let filled = run(&place, &light, &["--accept-snapshots", "--fail-on", "drift"]);
    assert_eq!(filled.code, 0, "{}", filled.out);
    let accepted = kept(&place, "kept");
    assert_eq!((ending(&accepted, "snap"), ending(&accepted, "new")), (9, 0));
    assert_eq!(run(&place, &light, &["--fail-on", "drift"]).code, 0);
    assert_eq!(kept(&place, "kept"), accepted, "nothing is written when nothing is new");

    // One is changed, one is missing, and one is of a trial that is no more.
    fs::remove_file(place.path("kept/here/things/colors/red[a].snap")).expect("removed");
    let colors = place.read("suite/cases/things/colors.yaml");
    place.write("suite/cases/things/colors.yaml", &colors.replace("      - { row: i, name: i }\n", ""));
    let heavy = thing(9);
    let done = run(&place, &heavy, &["--format", "json"]);
    assert_eq!(mistakes("run", &done.json()), [""; 0]);
    let told = [("missing", "a"), ("changed", "b"), ("orphaned", "i")];
    assert_eq!(
        events(&place),
        told.map(|(kind, row)| (kind.to_owned(), format!("things/colors/red[{row}]"))),
        "{}",
        done.err
    );
    for event in of_kind(&place.events(), "snapshot-drifted") {
        assert_eq!(mistakes("events", event), [""; 0]);
    }
    let shown = place.run(&["report", "reports/events.jsonl"]);
    snapshot(&place, "snapshots-drifted", &shown.out);
    assert_eq!(
        place.run(&["report", "reports/events.jsonl", "--format", "json"]).json()["snapshots"],
        done.json()["snapshots"]
    );
    // What is not asked for is not missed.
    for chosen in [&["**/red[c]"][..], &["--shard", "1/2"], &["--profile", "core"]] {
        run(&place, &heavy, chosen);
        assert!(events(&place).iter().all(|(kind, _)| kind != "orphaned"), "{chosen:?}");
    }
    let trouble = Server::always(Answer::new(500, "trouble"));
    run(&place, &trouble, &[]);
    assert_eq!(
        events(&place),
        [("orphaned".to_owned(), "things/colors/red[i]".to_owned())],
        "trouble is not behaviour"
    );

    // The target is as before again, so there is nothing to review.
    fs::remove_file(place.path("kept/here/things/colors/red[i].snap")).expect("removed");
    run(&place, &light, &["**/red[b]"]);
    assert_eq!(events(&place), []);
    assert!(!place.path("kept/here/things/colors/red[b].snap.new").exists());
    run(&place, &heavy, &["--accept-snapshots"]);
    assert!(String::from_utf8_lossy(&kept(&place, "kept")["here/things/colors/red[b].snap"]).contains("\"weight\": 9"));
}

#[test]
fn a_person_accepts_with_cargo_insta() {
    let place = Place::with_suite(&["colors"]);
    let (light, heavy) = (thing(1), thing(9));
    run(&place, &light, &["--accept-snapshots"]);
    assert!(run(&place, &heavy, &[]).out.contains("; snapshots: 1 changed"));
    let file = place.path("kept/here/things/colors/red[b].snap");
    let new = file.with_extension("snap.new");
    // As the library reads it.
    let read = insta::Snapshot::from_file(&new).expect("a snapshot");
    assert_eq!(read.metadata().expression(), Some("things/colors/red[b]"));
    assert_eq!(read.metadata().description(), Some("The thing b is red"));
    assert!(read.metadata().source().is_some_and(|source| source.ends_with("cases/things/colors.yaml")));
    let contents = read.as_text().expect("text").to_string();
    assert!(contents.contains("\"weight\": 9"), "{contents}");
    // As it is written when it is accepted.
    if !accepted_by_cargo_insta(&place) {
        read.save(&file).expect("written");
        fs::remove_file(&new).expect("removed");
    }
    assert!(!new.exists());
    let done = run(&place, &heavy, &["--fail-on", "drift"]);
    assert_eq!(done.code, 0, "what was accepted is as it is: {}", done.out);
    assert!(run(&place, &light, &[]).out.contains("; snapshots: 1 changed"), "and nothing else is");
}

/// Has `cargo insta` accept all that is new; not, with a printed line, where it is not installed.
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know that this one did less")]
fn accepted_by_cargo_insta(place: &Place) -> bool {
    let mut command = Command::new("cargo-insta");
    command.args(["accept", "--manifest-path"]).arg(place.path("kept/Cargo.toml")).current_dir(place.path("kept"));
    if let Ok(output) = command.output() {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return true;
    }
    eprintln!("skipped: cargo-insta is not installed, its library stands in for it");
    false
}

#[test]
fn snapshots_that_cannot_be_kept_are_a_mistake() {
    let place = Place::with_suite(&["colors"]);
    let light = thing(1);
    assert_eq!(place.run(&["run", "--accept-snapshots"]).code, 3, "of what?");
    run(&place, &light, &["--accept-snapshots"]);
    place.write("kept/here/things/colors/red[c].snap", "no head\n");
    let done = run(&place, &light, &[]);
    assert_eq!(done.code, 2, "all else is told: {}", done.err);
    assert!(done.err.contains("red[c].snap") && done.err.contains("it is no snapshot"), "{}", done.err);
    place.write("plain", "");
    let before = light.lines().len();
    let done = place.run(&["run", "--suite", "suite", "--target", "here", "--snapshots", "plain"]);
    assert_eq!((done.code, light.lines().len()), (3, before), "{}", done.err);
}

/// Nothing of the target may lead out of the directory, whatever it is called.
#[test]
fn a_target_has_a_directory_of_its_own() {
    let place = Place::with_suite(&["colors"]);
    let light = thing(1);
    let run = |target: &str| {
        place.run(&[
            "run",
            "**/red[a]",
            "--suite",
            "suite",
            "--target",
            target,
            "--snapshots",
            "kept",
            "--no-preflight",
        ])
    };
    assert_eq!(run(&format!("{}/", light.url)).code, 0);
    let host = light.url.strip_prefix("http://").expect("a host").replace(':', "%3A");
    assert!(Path::new(&place.path(&format!("kept/{host}/things/colors/red[a].snap.new"))).exists());
    place.write("okta-conformance.toml", &format!("[targets.\"../up\"]\nurl = {:?}\n", light.url));
    run("../up");
    let names: Vec<String> = place.files().into_keys().filter(|name| name.contains("up")).collect();
    assert!(names.iter().all(|name| name.starts_with("kept/")), "{names:?}");
    let _: Value = place.run(&["report", "reports/events.jsonl", "--format", "json"]).json();
}
