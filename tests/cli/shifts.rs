//! `trend` over several targets: whose a change is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    forms::mistakes,
    server::{Answer, Server},
    serving::Served,
    support::{Place, edit, finish, snapshot, text},
};

/// Things of these colours, by target; all others are red. `-` is no answer of the target's own.
type Colors = &'static [(&'static str, &'static str)];

fn things(colors: Colors) -> Server {
    Server::start(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        let color = colors.iter().find(|(thing, _)| *thing == name).map_or("red", |(_, color)| color);
        let answer = Answer::json(200, &json!({ "id": name, "name": name, "color": color }));
        Some(if color == "-" { Answer::new(502, "trouble") } else { answer })
    })
}

/// Says of a stream which target it was of, and when.
fn stamp(place: &Place, stream: &str, target: &str, started: &str) {
    edit(place, stream, stream, |event| {
        if event["event"] == "run-started" {
            event["target"] = target.into();
            event["started"] = started.into();
        }
    });
}

fn night(place: &Place, day: u32, target: &str, colors: Colors) {
    let server = things(colors);
    let stream = format!("nights/{target}-{day}.jsonl");
    let arguments = ["run", "--suite", "suite", "--target", &server.url, "--no-preflight", "--breaker", "0"];
    place.run(&[&arguments[..], &["--events", &stream]].concat());
    stamp(place, &stream, target, &format!("2026-11-{day:02}T02:00:00.000Z"));
}

/// Whose the changes of a thing are, with the targets that show each.
fn whose(trend: &Value, thing: &str) -> BTreeSet<(String, Vec<String>)> {
    let shifts = trend["shifts"].as_array().expect("a list").iter();
    let about = shifts.filter(|shift| {
        shift["trials"].as_array().expect("a list").iter().any(|trial| *trial == format!("things/colors/red[{thing}]"))
    });
    let targets =
        |shift: &Value| shift["seen"].as_array().expect("a list").iter().map(|shown| text(shown, "target")).collect();
    about.map(|shift| (text(shift, "whose"), targets(shift))).collect()
}

fn expected(all: &[(&str, &[&str])]) -> BTreeSet<(String, Vec<String>)> {
    all.iter().map(|(whose, on)| ((*whose).to_owned(), on.iter().map(|one| (*one).to_owned()).collect())).collect()
}

#[test]
fn a_change_on_two_orgs_is_the_vendors_and_one_that_another_org_lacks_is_the_tenants() {
    let place = Place::with_suite(&["colors"]);
    night(&place, 1, "org-a", &[("b", "blue")]);
    night(&place, 1, "org-b", &[("b", "blue"), ("c", "blue")]);
    night(&place, 1, "org-c", &[("b", "blue"), ("f", "blue")]);
    night(&place, 2, "org-a", &[("a", "blue"), ("d", "blue"), ("g", "blue"), ("i", "blue")]);
    night(&place, 2, "org-b", &[("a", "blue"), ("e", "blue"), ("g", "green"), ("i", "-")]);
    night(&place, 2, "org-c", &[("a", "blue"), ("c", "blue"), ("h", "blue"), ("i", "-")]);
    let trend = place.run(&["trend", "nights", "--format", "json"]).json();
    assert_eq!(mistakes("trend", &trend), [""; 0]);
    let all = ["org-a", "org-b", "org-c"];
    for (thing, changes) in [
        // Broken on all, mended on all.
        ("a", &[("vendor", &all[..])][..]),
        ("b", &[("vendor", &all[..])]),
        // Mended on one and broken on another one, while the third stays as it is.
        ("c", &[("tenant", &["org-b"]), ("tenant", &["org-c"])]),
        ("d", &[("tenant", &["org-a"])]),
        ("e", &[("tenant", &["org-b"])]),
        ("f", &[("tenant", &["org-c"])]),
        // In two ways.
        ("g", &[("tenant", &["org-a"]), ("tenant", &["org-b"])]),
        ("h", &[("tenant", &["org-c"])]),
        // Nobody else was judged that night.
        ("i", &[("unknown", &["org-a"])]),
    ] {
        assert_eq!(whose(&trend, thing), expected(changes), "{thing}: {}", trend["shifts"]);
    }
    let told = place.run(&["trend", "nights"]).out;
    let told = told.split_once("what changed, and whose change").expect("the changes").1;
    let told = told.split_once("\n\n").expect("what comes after them").0;
    snapshot(&place, "trend-of-targets", told);
}

#[test]
fn weeks_apart_is_not_at_the_same_time_and_another_suite_tells_nothing() {
    let place = Place::with_suite(&["colors"]);
    for (day, a, b) in [(1, &[][..], &[][..]), (2, &[("a", "blue")], &[]), (12, &[("a", "blue")], &[("a", "blue")])] {
        night(&place, day, "org-a", a);
        night(&place, day, "org-b", b);
    }
    let trend = place.run(&["trend", "nights", "--format", "json"]).json();
    // The first is one org's; of the second nobody knows, since the other org has it already.
    assert_eq!(whose(&trend, "a"), expected(&[("tenant", &["org-a"]), ("unknown", &["org-b"])]), "{}", trend["shifts"]);

    let place = Place::with_suite(&["colors"]);
    night(&place, 1, "org-a", &[]);
    night(&place, 1, "org-b", &[]);
    let cases = place.read("suite/cases/things/colors.yaml");
    place.write("suite/cases/things/colors.yaml", &cases.replace("is red", "stays red"));
    night(&place, 2, "org-a", &[("a", "blue")]);
    night(&place, 2, "org-b", &[("a", "blue")]);
    let trend = place.run(&["trend", "nights", "--format", "json"]).json();
    assert_eq!(whose(&trend, "a"), expected(&[("unknown", &["org-a"]), ("unknown", &["org-b"])]));

    let alone = place.run(&["trend", "nights/org-a-1.jsonl", "nights/org-a-2.jsonl", "--format", "json"]).json();
    assert!(alone["shifts"].is_null(), "one target shows nothing of others: {alone}");
}

#[test]
fn a_release_of_the_vendor_is_named_by_its_day() {
    let place = Place::new();
    for (night, as_of) in [("2025-02-20", "2025-02-20"), ("2025-03-20", "2026-06-01")] {
        for org in ["org-a", "org-b"] {
            let served = Served::start(&place, &["--token", "token-of-then", "--as-of", as_of], "export ");
            let stream = format!("nights/{org}-{night}.jsonl");
            let url = served.told("mock org at ");
            let arguments = ["run", "rules/members", "resource-server-keys/keys", "--target", url, "--events", &stream];
            finish(
                place
                    .command(&arguments)
                    .env("OKTA_CLIENT_TOKEN", "token-of-then")
                    .spawn()
                    .expect("the program starts"),
            );
            stamp(&place, &stream, org, &format!("{night}T02:00:00.000Z"));
        }
    }
    let trend = place.run(&["trend", "nights", "--format", "json"]).json();
    let shifts = trend["shifts"].as_array().expect("a list");
    assert!(shifts.iter().all(|shift| shift["whose"] == "vendor"), "{trend}");
    let named: BTreeSet<&str> = shifts
        .iter()
        .flat_map(|shift| shift["history"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .filter_map(|text| text.split(':').next())
        .collect();
    // The other change of those days has its day outside of what lies between the nights.
    assert_eq!(named, BTreeSet::from(["2025-03-01 rule-times"]), "{trend}");
}
