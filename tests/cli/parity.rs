//! Two targets under the same trials: `run --against`, and `report --parity` for streams that are there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    server::{Answer, Server},
    serving::Served,
    support::{Done, Place, finish, snapshot, text},
};

/// Things that have the colour that cases expect, but for these; without a weight if `weightless`.
fn things(blue: &'static [&'static str], broken: &'static [&'static str]) -> Server {
    Server::start(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        let color = if blue.contains(&name) { "blue" } else { "red" };
        let answer = Answer::json(200, &json!({ "id": name, "name": name, "color": color }));
        Some(if broken.contains(&name) { Answer::new(502, "trouble") } else { answer })
    })
}

/// A suite with a requirement for each thing.
fn place() -> Place {
    let place = Place::with_suite(&["colors"]);
    let requirements = place.read("suite/cases/requirements.yaml");
    let of_things = ["a", "b", "c", "d", "e"].map(|name| {
        format!("  - id: things.{name}\n    text: Thing {name} is red\n    sources: [{{ kind: docs, ref: page of things }}]\n")
    });
    place.write("suite/cases/requirements.yaml", &format!("{requirements}{}", of_things.concat()));
    let case = |name: &str| {
        format!(
            "  - id: {name}\n    title: Thing {name} is red\n    requirements: [things.{name}]\n    steps:\n      - call: \
             getThing\n        path: {{ thingId: {name} }}\n        expect: {{ body: {{ color: red }} }}\n"
        )
    };
    let cases = ["a", "b", "c", "d", "e"].map(case).concat();
    place.write(
        "suite/cases/things/colors.yaml",
        &format!("area: things\ntopic: colors\nprofile: core\ncases:\n{cases}"),
    );
    place
}

fn run(place: &Place, target: &Server, more: &[&str]) -> Done {
    let arguments = ["run", "--suite", "suite", "--target", &target.url, "--no-preflight", "--breaker", "0"];
    place.run(&[&arguments[..], more].concat())
}

fn cell(parity: &Value, agreement: &str) -> BTreeSet<String> {
    let all = parity["requirements"].as_array().expect("a list");
    all.iter().filter(|one| one["agreement"] == agreement).map(|one| text(one, "id")).collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn each_requirement_is_in_the_cell_of_those_who_hold_it() {
    let (place, org, mock) = (place(), things(&["b", "d"], &["e"]), things(&["c", "d"], &[]));
    let both =
        ["--against", &mock.url, "--report", "junit", "--report", "html", "--report", "markdown", "--report", "tap"];
    let done = run(&place, &org, &[&both[..], &["--format", "json"]].concat());
    assert_eq!(done.code, 1, "{}", done.err);
    let parity = &done.json()["parity"];
    assert_eq!(cell(parity, "only_reference"), set(&["things.b"]));
    assert_eq!(cell(parity, "only_target"), set(&["things.c"]));
    assert_eq!(cell(parity, "neither"), set(&["things.d"]));
    assert!(cell(parity, "not_judged").contains("things.e"), "{parity}");
    assert!(cell(parity, "both").is_empty(), "those are counted alone");
    assert!(parity["counts"]["both"].as_u64() > Some(0), "{parity}");
    let departs = &parity["requirements"].as_array().expect("a list").iter().find(|one| one["id"] == "things.c");
    let departs = &departs.expect("the requirement")["reference_departs"][0];
    assert_eq!(departs["trial"], "things/colors/c");
    assert_eq!(departs["finding"], r#"body /color: expected "red", got "blue""#);

    // Later, from the streams, all of it once more.
    let streams = ["report", "reports/events.jsonl", "reports/events.reference.jsonl", "--parity"];
    let again = place.run(&[&streams[..], &["--format", "json"]].concat());
    assert_eq!((again.code, &again.json()["parity"]), (1, parity));
    let turned = ["report", "reports/events.reference.jsonl", "reports/events.jsonl", "--parity", "--format", "json"];
    assert_eq!(cell(&place.run(&turned).json()["parity"], "only_target"), set(&["things.b"]));
    for (report, told) in [
        ("reports/junit.xml", "differs"),
        ("reports/run.md", "only the target holds"),
        ("reports/report.html", "Beside the reference"),
        ("reports/run.tap", "parity with"),
    ] {
        assert!(place.read(report).contains(told), "{report}");
    }
    let told = place.run(&streams).out;
    let from = told.find("beside the reference").expect("the table");
    snapshot(&place, "parity", &told[from..]);
}

#[test]
fn what_both_hold_is_green_and_a_wrong_reference_is_not() {
    let place = place();
    let (right, wrong) = (things(&[], &[]), things(&["c"], &[]));
    let done = run(&place, &right, &["--against", &right.url, "--quiet"]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(done.last_line().contains("parity with http"), "{}", done.out);
    let done = run(&place, &right, &["--against", &wrong.url, "--quiet"]);
    assert_eq!(done.code, 1, "{}", done.out);
    assert!(done.last_line().starts_with("not conformant: 5 passed"), "{}", done.out);
    assert!(done.last_line().contains("1 only the target holds"), "{}", done.out);
}

#[test]
fn parts_of_both_are_set_beside_each_other() {
    let (place, org, mock) = (place(), things(&["b"], &[]), things(&["c"], &[]));
    let whole = run(&place, &org, &["--against", &mock.url, "--format", "json"]).json();
    for part in ["1/2", "2/2"] {
        let events = format!("{}.jsonl", &part[..1]);
        let done = run(&place, &org, &["--against", &mock.url, "--shard", part, "--events", &events]);
        assert_ne!(done.code, 3, "{}", done.err);
    }
    let (org, mock) = ("1.jsonl,2.jsonl", "1.reference.jsonl,2.reference.jsonl");
    let parts = place.run(&["report", org, mock, "--parity", "--format", "json"]).json();
    assert_eq!(parts["parity"]["counts"], whole["parity"]["counts"]);
    assert_eq!(cell(&parts["parity"], "only_target"), set(&["things.c"]));

    let lacking = place.run(&["report", org, "1.reference.jsonl", "--parity"]);
    assert_eq!(lacking.code, 3, "{}", lacking.out);
    assert!(lacking.err.contains("is not whole, so nothing can be said of parity"), "{}", lacking.err);
    let alone = place.run(&["report", "1.jsonl", "--parity"]);
    assert_eq!(alone.code, 3);
    assert!(alone.err.contains("needs two streams"), "{}", alone.err);
}

#[test]
fn a_mistake_about_the_reference_comes_before_the_first_request() {
    let (place, org) = (place(), things(&[], &[]));
    for more in
        [&["--against", "nowhere"][..], &["--against", "mock", "--report", "json=reports/events.reference.jsonl"]]
    {
        let done = run(&place, &org, more);
        assert_eq!(done.code, 3, "{}", done.err);
    }
    assert!(org.requests().is_empty());
}

/// The days on which the service changed, and what of it a mock of an earlier day is told to lack: `cases/history.yaml`, read by a person.
#[test]
fn a_mock_of_another_day_differs_by_the_dated_changes() {
    let days = [
        ("2026-06-01", &[][..]),
        ("2026-01-20", &["link-resource-server-keys"]),
        ("2025-01-01", &["link-resource-server-keys", "metadata-caching", "policy-times", "rule-times"]),
        (
            "2022-06-01",
            &[
                "api-resource-id",
                "device-sso",
                "link-next-on-a-short-page",
                "link-resource-server-keys",
                "metadata-caching",
                "rule-times",
                "scope-consent",
                "scope-optional",
                "server-default",
                "system-scope-display-name",
            ],
        ),
    ];
    let place = Place::new();
    assert_eq!(place.run(&["run", "--quiet", "--events", "today.jsonl"]).code, 0);
    for (day, changes) in days {
        let served = Served::start(&place, &["--token", "token-of-then", "--as-of", day], "export ");
        let url = served.told("mock org at ");
        let mut command = place.command(&["run", "--quiet", "--target", url, "--jobs", "16", "--events", "then.jsonl"]);
        finish(command.env("OKTA_CLIENT_TOKEN", "token-of-then").spawn().expect("the program starts"));
        let parity = place.run(&["report", "then.jsonl", "today.jsonl", "--parity", "--format", "json"]).json();
        let red: Vec<&Value> = parity["parity"]["requirements"].as_array().expect("a list").iter().collect();
        let red: Vec<&&Value> = red.iter().filter(|one| one["agreement"] != "not_judged").collect();
        let mut dated = BTreeSet::new();
        for requirement in red {
            let departures = requirement["target_departs"].as_array().expect("how it departs");
            let of = departures.iter().flat_map(|one| one["history"].as_array().into_iter().flatten());
            let of: BTreeSet<&str> = of.filter_map(Value::as_str).filter_map(|text| text.split(':').next()).collect();
            assert!(!of.is_empty(), "{day}: {requirement}");
            dated.extend(of);
        }
        assert_eq!(dated, changes.iter().copied().collect(), "{day}");
    }
}

#[test]
fn a_trial_that_one_side_alone_has_accuses_nobody() {
    let (place, right, wrong) = (place(), things(&[], &[]), things(&["c"], &[]));
    run(&place, &right, &["things/colors/a", "--events", "a.jsonl"]);
    run(&place, &wrong, &["--events", "all.jsonl"]);
    let parity = &place.run(&["report", "a.jsonl", "all.jsonl", "--parity", "--format", "json"]).json()["parity"];
    assert_eq!(cell(parity, "only_target"), set(&[]), "{parity}");
    assert!(cell(parity, "not_judged").contains("things.c"), "{parity}");
    assert_eq!(parity["notes"], json!(["the selections differ: only trials of both runs count"]));
    // Nor does one that a stopped run did not come to.
    let done = run(&place, &wrong, &["--fail-fast", "--jobs", "1", "--events", "stopped.jsonl"]);
    assert_eq!(done.code, 1, "{}", done.err);
    let refused = place.run(&["report", "stopped.jsonl", "all.jsonl", "--parity"]);
    assert_eq!(refused.code, 3, "{}", refused.out);
    // A report does not take the place of a part of what it is made from.
    let kept = place.read("a.jsonl");
    let taken = place.run(&["report", "a.jsonl", "all.jsonl,", "--parity", "--report", "html=all.jsonl"]);
    assert_eq!((taken.code, place.read("a.jsonl")), (3, kept));
}
