//! Names that are almost those of a run: only a name of exactly the form that runs give is a run's.

use serde_json::json;

use super::{
    gateway::{Fate, Gateway, Manner, Once, SERVERS},
    org::{Org, Wrong, run, sweep, target},
    server::{Answer, Server},
    support::{Done, Place},
};

/// `okc`, `_`, six characters of a run's alphabet, `_`, five digits or more, and then no letter and no digit.
const OURS: &[&str] = &[
    "okc_abc234_00001",
    "okc_zzzzzz_99999",
    "okc_abc234_123456",
    "okc_abc234_00001-a",
    "okc_abc234_00001 beta gamma",
    "okc_abc234_00001:read",
    "okc_abc234_00001_x",
];

const THEIRS: &[&str] = &[
    "okc_",
    "okc_production",
    "okc_prd234_eu",
    "okc_abc234_",
    "okc_abc234_0001",
    "okc_abc234_0000a",
    "okc_abc234_00001a",
    "okc_abc234_00001Z",
    "okc_abc234_00001\u{e9}",
    "okc_abc23_00001",
    "okc_abc2345_00001",
    "okc_abl234_00001",
    "okc_abo234_00001",
    "okc_abc204_00001",
    "okc_abc134_00001",
    "okc_ABC234_00001",
    "okc_abc234-00001",
    "okc-abc234_00001",
    "okc_abc234__00001",
    "okcx_abc234_00001",
    "okc_x_abc234_00001",
    "xokc_abc234_00001",
    " okc_abc234_00001",
    "Okc_abc234_00001",
    "OKC_ABC234_00001",
    "okc_abc234_00001\u{661}",
    "okc_abc234_\u{661}\u{661}\u{661}\u{661}\u{661}",
    "okc_b\u{fc}c234_00001",
    "the okc_abc234_00001",
];

/// Servers of these names, and of plain names that say it elsewhere. They are made before the run of a test, and so are old enough for `0s`.
fn org() -> (Org, Vec<String>) {
    let mut org = Org::start();
    for name in THEIRS {
        org.make(&json!({ "name": name, "description": "Of a person", "audiences": ["api://default"] }));
    }
    org.make(&json!({ "name": "By its audience", "description": "a", "audiences": ["okc_abc234_00007"] }));
    org.make(&json!({ "name": "By its description", "description": "okc_abc234_00007", "audiences": ["api://a"] }));
    org.starts_now();
    let ours = OURS
        .iter()
        .map(|name| org.make(&json!({ "name": name, "description": "Of a run", "audiences": ["api://default"] })));
    let ours = ours.collect();
    (org, ours)
}

fn assert_only_ours_go(org: &Org, ours: &[String], swept: &Done) {
    let mut wrong = Wrong::default();
    let changes = org.changes();
    let foreign: Vec<_> = changes.iter().filter(|line| !line.starts_with("left: ")).collect();
    wrong.unless(foreign.is_empty(), format!("what is a person's is gone: {foreign:#?}"));
    let left: Vec<_> = changes.iter().filter(|line| line.starts_with("left: ")).collect();
    wrong.unless(left.is_empty(), format!("what is a run's is left: {left:#?}"));
    wrong.unless(swept.code == 0, format!("{swept:?}"));
    wrong.unless(ours.iter().all(|id| swept.out.contains(id)), format!("not all of it is told: {swept:?}"));
    wrong.end();
}

#[test]
fn a_sweep_by_name_takes_the_names_of_runs_alone() {
    let (place, (org, ours)) = (Place::new(), org());
    target(&place, &org.mock.url, &[]);
    let arguments = ["--by-name", "--older-than", "0s", "--prefix", "okc_"];
    let dry = sweep(&place, &[&arguments[..], &["--dry-run"]].concat());
    let told = dry.out.lines().filter(|line| line.starts_with("would remove ")).count();
    let swept = sweep(&place, &arguments);
    assert_only_ours_go(&org, &ours, &swept);
    assert_eq!((dry.code, told), (0, ours.len()), "{}{}", dry.out, dry.err);
}

/// A target that does not search, but lists all that it has, whatever it was asked for.
#[test]
fn a_target_that_lists_everything_loses_no_more() {
    let (place, (org, ours)) = (Place::new(), org());
    let gateway = Gateway::start(&org.mock.url, Manner::Said, |call| {
        let list = call.is("GET", SERVERS);
        Fate::Answer(if list { call.pass_as(&format!("{SERVERS}?limit=200"), b"") } else { call.pass() })
    });
    target(&place, &gateway.url, &[]);
    let swept = sweep(&place, &["--by-name", "--older-than", "0s"]);
    assert_only_ours_go(&org, &ours, &swept);
}

#[test]
fn a_prefix_of_the_settings_is_taken_as_it_is_written() {
    let (place, org) = (Place::new(), Org::start());
    let settings = format!("[targets.here]\nurl = {:?}\nprefix = \"okc-nightly\"\n", org.mock.url);
    place.write("okta-conformance.toml", &settings);
    for name in ["okc-nightly_abc234_00001", "okc-nightly_production", "okc_abc234_00001", "okc-nightlyx_abc234_00001"]
    {
        org.make(&json!({ "name": name, "description": "a", "audiences": ["api://default"] }));
    }
    let swept = sweep(&place, &["--by-name", "--older-than", "0s"]);
    let names = |line: &String| line.rsplit(": ").next().unwrap_or_default().to_owned();
    let mut left: Vec<_> = org.changes().iter().map(names).collect();
    left.sort_unstable();
    let kept = ["\"okc-nightly_production\"", "\"okc-nightlyx_abc234_00001\"", "\"okc_abc234_00001\""];
    assert_eq!(left, kept, "{swept:?}");
}

/// What a ledger says that the names of its run begin with is no leave to remove what is named otherwise.
#[test]
fn the_names_of_a_ledger_are_those_of_a_run() {
    let (place, mut org) = (Place::new(), Org::start());
    target(&place, &org.mock.url, &[]);
    for name in ["okc_abc234_backup", "okc_abc234_0001", "okc_prd234_eu", "okc_production_00001"] {
        org.make(&json!({ "name": name, "description": "a", "audiences": ["okc_abc234_00001"] }));
    }
    org.starts_now();
    let names = ["okc_abc234_", "okc_abc234_0", "okc_", "okc_abc234", "", "okc_prd234_", "OKC_abc234_"];
    for (number, names) in names.into_iter().enumerate() {
        let head = json!({ "ledger": "run", "origin": org.mock.url, "run": "abc234", "names": names, "started": "2026-01-01T00:00:00Z" });
        place.write(&format!("reports/ledgers/abc234-{number}.jsonl"), &format!("{head}\n"));
    }
    let swept = sweep(&place, &[]);
    let changes = org.changes();
    assert!(changes.is_empty(), "{changes:#?}: {}", swept.out);
}

/// Nothing that a target says of a list makes a sweep remove what is not in the form: neither texts in other members nor other types.
#[test]
fn what_is_no_name_is_no_name() {
    let text = "okc_abc234_00001";
    let things = json!([
        { "id": "a1", "name": "Plain", "audiences": [text], "description": text, "created": "2020-01-01T00:00:00.000Z" },
        { "id": "a2", "name": [text], "created": "2020-01-01T00:00:00.000Z" },
        { "id": "a3", "name": { "name": text }, "created": "2020-01-01T00:00:00.000Z" },
        { "id": "a4", "name": null, "displayName": text, "created": "2020-01-01T00:00:00.000Z" },
        { "id": "a5", "Name": text, "created": "2020-01-01T00:00:00.000Z" },
        { "id": text, "name": "Plain", "created": "2020-01-01T00:00:00.000Z" },
    ]);
    let server = Server::start(move |request| {
        Some(match (request.method.as_str(), request.target.split('?').next()) {
            ("GET", Some(SERVERS)) => Answer::json(200, &things),
            ("GET", _) => Answer::json(404, &json!({})),
            _ => Answer::new(204, ""),
        })
    });
    let place = Place::new();
    target(&place, &server.url, &[]);
    let swept = sweep(&place, &["--by-name", "--older-than", "0s"]);
    let written: Vec<_> = server.lines().into_iter().filter(|line| !line.starts_with("GET ")).collect();
    assert!(written.is_empty(), "{written:?}: {swept:?}");
}

/// A run that is going on never removes by a name what it did not make, either.
#[test]
fn a_run_that_looks_for_its_names_takes_none_of_the_others() {
    let mut wrong = Wrong::default();
    let (place, (org, ours)) = (Place::new(), org());
    let lost = Once::default();
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let answer = call.pass();
        if call.makes_a_server() && lost.now() { Fate::Reset } else { Fate::Answer(answer) }
    });
    let ran = run(&place, &gateway, &["authorization-servers/get/same-as-created"]);
    let changes = org.changes();
    let foreign: Vec<_> = changes.iter().filter(|line| !line.starts_with("left: ")).collect();
    wrong.unless(foreign.is_empty(), format!("what is a person's is gone: {foreign:#?}"));
    // Those of another run are no business of this one.
    wrong.unless(org.left() == ours.len(), format!("{} of {} are left: {}", org.left(), ours.len(), ran.line()));
    wrong.end();
}
