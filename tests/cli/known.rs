//! Known failures: what becomes of a trial that is listed, which files are refused, and that a proposed file does what it says.

use std::sync::atomic::{AtomicUsize, Ordering};

use quick_junit::TestCaseStatus;

use super::{
    server::{Answer, Request, Server},
    support::{Done, MockProcess, Place, Totals, junit, snapshot, text},
};

/// A day that these tests do not outlive.
const FAR: &str = "2999-12-31";

/// Things that are red, but for those of these names, which are of the colour behind them.
fn things(others: &'static [(&'static str, &'static str)]) -> Server {
    Server::start(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        let color = others.iter().find(|(other, _)| *other == name).map_or("red", |(_, color)| color);
        Some(match color {
            "broken" => Answer::new(500, "trouble"),
            color => Answer::json(200, &serde_json::json!({ "id": name, "name": name, "color": color })),
        })
    })
}

fn entry(trial: &str, observed: &str, expires: &str) -> String {
    format!(
        "  - trial: {trial}\n    observed: [{observed:?}]\n    reason: The paint is old\n    issue: T-1\n    owner: painters\n    \
         expires: {expires}\n"
    )
}

fn list(place: &Place, entries: &[String]) {
    place.write("known.yaml", &format!("knownFailures:\n{}", entries.concat()));
}

/// Runs the nine coloured things with the known failures of `known.yaml`.
fn run(place: &Place, server: &Server, more: &[&str]) -> Done {
    let arguments = ["run", "--suite", "suite", "--target", &server.url, "--jobs", "1", "--report", "junit"];
    place.run(&[&arguments[..], &["--known-failures", "known.yaml"], more].concat())
}

/// The only entry of these tests: the thing `b` is blue.
fn b_is_blue(expires: &str) -> Place {
    let place = Place::with_suite(&["colors"]);
    list(&place, &[entry("things/colors/red[b]", "body /color: \"blue\"", expires)]);
    place
}

/// The type of the trial `red[b]` in `JUnit`, and what its message says.
fn in_junit(place: &Place) -> (Totals, String, String) {
    let (report, totals) = junit(&place.read("reports/junit.xml"));
    let case =
        report.test_suites.iter().flat_map(|suite| &suite.test_cases).find(|case| case.name.as_str() == "red[b]");
    let (kind, message) = match &case.expect("the trial").status {
        TestCaseStatus::NonSuccess { ty, message, .. } | TestCaseStatus::Skipped { ty, message, .. } => (ty, message),
        TestCaseStatus::Success { .. } => panic!("it is no success"),
    };
    let text = |text: &Option<quick_junit::XmlString>| text.as_ref().map_or("", |text| text.as_str()).to_owned();
    (totals, text(kind), text(message))
}

#[test]
fn a_listed_failure_is_known_and_the_run_is_green() {
    let place = b_is_blue(FAR);
    let done = run(&place, &things(&[("b", "blue")]), &[]);
    assert_eq!((done.code, done.told().as_str()), (0, ""), "{}", done.out);
    assert_eq!(place.outcomes()["things/colors/red[b]"], "known-failure");
    snapshot(&place, "known-failure", &done.out);
    let (totals, kind, message) = in_junit(&place);
    assert_eq!(totals, Totals { tests: 9, passed: 8, skipped: 1, ..Totals::default() });
    assert_eq!(kind, "known-failure");
    assert_eq!(message, "listed at known.yaml:2 until 2999-12-31 by painters: The paint is old (T-1)");
    let later = place.run(&["report", "reports/events.jsonl"]);
    assert_eq!(later.code, 0, "the stream alone says it too: {}", later.out);
}

#[test]
fn a_listed_trial_that_passes_turns_the_run_red() {
    let place = b_is_blue(FAR);
    let done = run(&place, &things(&[]), &[]);
    assert_eq!(done.code, 1, "{}", done.out);
    assert_eq!(place.outcomes()["things/colors/red[b]"], "unexpected-pass");
    let (totals, kind, message) = in_junit(&place);
    assert_eq!(totals, Totals { tests: 9, passed: 8, failures: 1, ..Totals::default() });
    assert_eq!(kind, "unexpected-pass");
    assert!(message.ends_with("; remove the entry"), "{message}");
    snapshot(&place, "known-unexpected-pass", &done.out);
}

#[test]
fn a_listed_trial_that_fails_otherwise_turns_the_run_red() {
    let place = b_is_blue(FAR);
    let done = run(&place, &things(&[("b", "green")]), &[]);
    assert_eq!(done.code, 1, "{}", done.out);
    assert_eq!(place.outcomes()["things/colors/red[b]"], "changed-failure");
    let (totals, kind, message) = in_junit(&place);
    assert_eq!((totals.failures, kind.as_str()), (1, "changed-failure"));
    assert!(message.ends_with("; new: body /color: \"green\"; gone: body /color: \"blue\""), "{message}");
    snapshot(&place, "known-changed-failure", &done.out);
}

#[test]
fn an_entry_is_good_until_the_end_of_its_day() {
    let today = chrono::Utc::now().date_naive();
    let day = |days: i64| (today + chrono::Duration::days(days)).to_string();
    for (expires, outcome, code) in
        [(day(1), "known-failure", 0), (day(-1), "expired", 1), ("2020-02-29".to_owned(), "expired", 1)]
    {
        let place = b_is_blue(&expires);
        let done = run(&place, &things(&[("b", "blue")]), &[]);
        assert_eq!(done.code, code, "{expires}: {}", done.out);
        assert_eq!(place.outcomes()["things/colors/red[b]"], outcome, "{expires}");
        let (_, kind, message) = in_junit(&place);
        assert_eq!(kind, outcome);
        assert_eq!(message.ends_with("; that day is past"), code == 1, "{message}");
    }
}

#[test]
fn every_observed_failure_must_be_seen_and_no_other() {
    let place = Place::with_suite(&["colors"]);
    // One entry for two trials, and a second one for what only one of them shows.
    list(&place, &[entry("things/colors/red[*]", "body /color: \"blue\"", FAR)]);
    let all = things(&[
        ("a", "blue"),
        ("b", "blue"),
        ("c", "blue"),
        ("d", "blue"),
        ("e", "blue"),
        ("f", "blue"),
        ("g", "blue"),
        ("h", "blue"),
        ("i", "green"),
    ]);
    let done = run(&place, &all, &[]);
    let outcomes = place.outcomes();
    assert_eq!(outcomes.values().filter(|outcome| *outcome == "known-failure").count(), 8, "{}", done.out);
    assert_eq!(outcomes["things/colors/red[i]"], "changed-failure");
}

#[test]
fn trouble_is_no_known_failure() {
    let place = b_is_blue(FAR);
    let done = run(&place, &things(&[("b", "broken")]), &[]);
    assert_eq!((done.code, place.outcomes()["things/colors/red[b]"].as_str()), (2, "errored"), "{}", done.out);
}

#[test]
fn a_known_failure_stays_one_after_retries() {
    let place = b_is_blue(FAR);
    let done = run(&place, &things(&[("b", "blue")]), &["--retries", "2"]);
    assert_eq!((done.code, place.outcomes()["things/colors/red[b]"].as_str()), (0, "known-failure"), "{}", done.out);
}

#[test]
fn a_wrong_file_is_refused_before_anything_is_sent() {
    let server = things(&[]);
    let place = Place::with_suite(&["colors"]);
    let half =
        "  - { trial: things/colors/red, observed: [], reason: \"?\", issue: \" \", owner: \"?\", expires: \"?\" }\n";
    list(
        &place,
        &[
            entry("things/colours/red", "body: 1", FAR),
            half.to_owned(),
            "  - { trial: \"//\", observed: x, reason: r, issue: i, owner: o, expires: 2026-02-30, until: never }\n"
                .to_owned(),
        ],
    );
    let done = run(&place, &server, &[]);
    assert_eq!((done.code, done.out.as_str()), (3, ""), "{}", done.err);
    snapshot(&place, "known-refused", &done.err);
    assert_eq!(server.lines(), [""; 0]);
    place.write("suite/known.yaml", &place.read("known.yaml"));
    let checked = place.run(&["check", "suite/known.yaml"]);
    assert_eq!(checked.code, 3, "{}", checked.out);
    assert_eq!(checked.err.replace("suite/known.yaml", "known.yaml"), done.err, "both say the same");
    for text in ["knownFailures: 7\n", "knownFailures: []\nothers: []\n", "[]\n", "a: [\n"] {
        place.write("known.yaml", text);
        assert_eq!(run(&place, &server, &[]).code, 3, "{text}");
    }
    assert_eq!(server.lines(), [""; 0]);
    place.write("known.yaml", "knownFailures: []\n");
    assert_eq!(run(&place, &server, &[]).code, 0, "a list of nothing is one");
}

/// Members that are lost or changed on the way, so that trials of all kinds fail, with names, times and identifiers in what they say.
fn spoil(request: &Request, answer: &mut Answer) {
    let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&answer.body) else { return };
    if body.is_array() {
        // What is shown of it ends somewhere, maybe in the middle of a name.
        answer.body = serde_json::json!({ "items": body }).to_string().into_bytes();
        return;
    }
    let Some(members) = body.as_object_mut() else { return };
    if request.method == "GET" {
        members.shift_remove("description");
        members.insert("lastUpdated".to_owned(), "2001-01-01T00:00:00.000Z".into());
        for member in ["id", "name", "issuer"] {
            if let Some(value) = members.get(member).and_then(|value| value.as_str()) {
                let other = format!("{value} ");
                members.insert(member.to_owned(), other.into());
            }
        }
        answer.body = body.to_string().into_bytes();
    }
}

#[test]
fn a_proposed_file_that_is_filled_in_makes_the_next_run_green() {
    let mock = MockProcess::start(&[]);
    let proxy = Server::proxy(&mock.url, spoil);
    let place = Place::new();
    let run = |more: &[&str]| {
        let arguments = ["run", "authorization-servers/get", "scopes/list", "policies/list"];
        place.run(&[&arguments[..], &["--target", &proxy.url, "--quiet"], more].concat())
    };
    let done = run(&["--propose-known-failures", "proposed.yaml"]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let failed = place.outcomes().into_values().filter(|outcome| outcome == "failed").count();
    assert!(failed > 10, "many kinds of trials fail: {failed}");
    let proposed = place.read("proposed.yaml");
    let entries = proposed.matches("- finding:").count();
    assert!(entries > 1, "an entry a cause: {proposed}");
    let line = 1 + proposed.lines().position(|line| line.contains("- finding:")).expect("an entry");
    let sentence = format!("{entries} of {entries} entries have no reason yet; the first is at line {line}");
    for refused in [place.run(&["check", "proposed.yaml"]), run(&["--known-failures", "proposed.yaml"])] {
        assert_eq!(refused.code, 3, "{}", refused.out);
        assert!(refused.err.contains(&sentence) && refused.err.contains("\n1 mistake;"), "{}", refused.err);
    }

    place.write("filled.yaml", &proposed.replace("\"?\"", "known"));
    let checked = place.run(&["check", "filled.yaml"]);
    assert_eq!((checked.code, checked.err.as_str()), (0, ""), "{proposed}");
    let again = run(&["--known-failures", "filled.yaml", "--propose-known-failures", "more.yaml"]);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    let known = place.outcomes().into_values().filter(|outcome| outcome == "known-failure").count();
    assert_eq!(known, failed, "each trial failed in the very same way");

    // Where nothing new fails, what is proposed is a file all the same.
    assert_eq!(place.run(&["check", "more.yaml"]).code, 0, "{}", place.run(&["check", "more.yaml"]).err);
}

#[test]
fn a_proposal_lists_what_changed_and_leaves_alone_what_is_known() {
    let place = Place::with_suite(&["colors"]);
    list(
        &place,
        &[
            entry("things/colors/red[a]", "body /color: \"blue\"", FAR),
            entry("things/colors/red[b]", "body /color: \"blue\"", FAR),
            entry("things/colors/red[c]", "body /color: \"blue\"", "2020-01-01"),
        ],
    );
    let server = things(&[("a", "blue"), ("b", "green"), ("c", "blue"), ("d", "blue"), ("e", "broken")]);
    let done = run(&place, &server, &["--propose-known-failures", "proposed.yaml", "--format", "json"]);
    assert_eq!(done.code, 1, "{}", done.err);
    let day = (chrono::Utc::now().date_naive() + chrono::Duration::days(90)).to_string();
    snapshot(&place, "known-proposed", &place.read("proposed.yaml").replace(&day, "IN-90-DAYS"));
    let red = done.json()["red"].as_array().expect("a list").iter().map(|red| text(red, "outcome")).collect::<Vec<_>>();
    assert_eq!(red, ["changed-failure", "expired", "failed", "errored"], "what is known is not red");
}

/// Entries about findings, with who is responsible for them at the top of the file.
fn list_findings(place: &Place, findings: &[&str]) {
    let top = format!("owner: painters\nissue: T-1\nexpires: {FAR}\nknownFailures:\n");
    let entry = |finding: &&str| format!("  - {{ finding: {finding}, reason: The paint is old }}\n");
    place.write("known.yaml", &format!("{top}{}", findings.iter().map(entry).collect::<String>()));
}

const BLUE: &str = "{ operation: getThing, check: body, place: /color, actual: text }";

#[test]
fn an_entry_about_a_finding_covers_every_trial_that_meets_it() {
    let place = Place::with_suite(&["colors"]);
    list_findings(&place, &[BLUE]);
    let done = run(&place, &things(&[("a", "blue"), ("b", "green"), ("c", "blue")]), &[]);
    assert_eq!((done.code, done.told().as_str()), (0, ""), "{}", done.out);
    let outcomes = place.outcomes();
    let known: Vec<&str> =
        outcomes.iter().filter(|(_, outcome)| *outcome == "known-failure").map(|(trial, _)| trial.as_str()).collect();
    assert_eq!(known, ["things/colors/red[a]", "things/colors/red[b]", "things/colors/red[c]"]);
    assert_eq!(in_junit(&place).2, "listed at known.yaml:5 until 2999-12-31 by painters: The paint is old (T-1)");
    for (finding, outcome) in [
        ("{ check: body }", "known-failure"),
        ("{ check: body, actual: number }", "failed"),
        ("{ check: body, place: /size }", "failed"),
        ("{ operation: GET /things, check: body }", "failed"),
        ("{ check: status }", "failed"),
    ] {
        list_findings(&place, &[finding]);
        let done = run(&place, &things(&[("b", "blue")]), &[]);
        assert_eq!(place.outcomes()["things/colors/red[b]"], outcome, "{finding}: {}{}", done.out, done.err);
    }
}

#[test]
fn a_false_check_that_no_entry_is_about_makes_a_listed_trial_a_changed_failure() {
    let place = Place::with_suite(&["colors"]);
    list_findings(&place, &[BLUE]);
    let server = Server::start(|request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        let weight = if name == "b" { serde_json::json!("big") } else { 9.into() };
        Some(Answer::json(200, &serde_json::json!({ "id": name, "name": name, "color": "blue", "weight": weight })))
    });
    let done = run(&place, &server, &[]);
    let outcomes = place.outcomes();
    assert_eq!(outcomes["things/colors/red[a]"], "known-failure", "{}", done.out);
    assert_eq!((done.code, outcomes["things/colors/red[b]"].as_str()), (1, "changed-failure"));
    assert!(in_junit(&place).2.contains("; new: schema /weight"), "{}", in_junit(&place).2);
    // Together with what is listed of the trial itself, all of it is known.
    let known = place.read("known.yaml");
    let own = entry("things/colors/red[b]", "schema /weight: \"big\"", FAR);
    place.write("known.yaml", &format!("{known}{own}"));
    let done = run(&place, &server, &[]);
    assert_eq!((done.code, place.outcomes()["things/colors/red[b]"].as_str()), (0, "known-failure"), "{}", done.out);
}

#[test]
fn what_a_call_implies_is_known_also_of_a_step_that_establishes() {
    let place = Place::with_suite(&["colors"]);
    let cases = place.read("suite/cases/things/colors.yaml");
    let first =
        "{ call: getThing, path: { thingId: \"${name}\" }, establishes: true, expect: { body: { color: red } } }";
    place.write("suite/cases/things/colors.yaml", &cases.replace("steps:", &format!("steps:\n      - {first}")));
    // The first answer of each trial has a weight that is no number.
    let calls = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        let weight =
            if calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { serde_json::json!("big") } else { 9.into() };
        Some(Answer::json(200, &serde_json::json!({ "id": name, "name": name, "color": "red", "weight": weight })))
    });
    let trial = "things/colors/red[b]";
    list_findings(&place, &["{ check: pages }"]);
    let done = run(&place, &server, &["--no-preflight"]);
    assert_eq!((done.code, place.outcomes()[trial].as_str()), (1, "failed"), "{}{}", done.out, done.err);
    list_findings(&place, &["{ operation: getThing, check: schema, place: /weight, actual: text }"]);
    let done = run(&place, &server, &["--no-preflight"]);
    assert_eq!((done.code, place.outcomes()[trial].as_str()), (0, "known-failure"), "{}{}", done.out, done.err);
}

#[test]
fn an_entry_that_nothing_meets_is_stale_once_all_parts_are_merged() {
    let place = Place::with_suite(&["colors"]);
    let server = things(&[("a", "blue")]);
    list_findings(&place, &[BLUE, "{ operation: getThing, check: header ETag }"]);
    let mut streams = Vec::new();
    for part in 1..=3 {
        let (shard, stream) = (format!("{part}/3"), format!("{part}.jsonl"));
        let done = run(&place, &server, &["--shard", &shard, "--events", &stream]);
        assert_eq!(done.code, 0, "a part does not know what others met: {}", done.out);
        streams.push(stream);
    }
    let report = |streams: &[String], format: &str| {
        let streams = streams.iter().map(String::as_str);
        place.run(&["report"].into_iter().chain(streams).chain(["--format", format]).collect::<Vec<_>>())
    };
    let sentence = "known.yaml:6: no check fails as listed any more (getThing: header ETag); remove the entry";
    for format in ["text", "junit", "junit-strict", "markdown", "github", "tap"] {
        let whole = report(&streams, format);
        assert_eq!(whole.code, 1, "{format}: {}", whole.out);
        assert!(whole.out.contains(sentence), "{format}: {}", whole.out);
        assert!(!whole.out.contains("known.yaml:5: no check"), "{format}: {}", whole.out);
        assert!(!report(&streams[..2], format).out.contains(sentence), "{format}: a part is missing");
    }
    assert_eq!(report(&streams, "json").json()["stale"][0]["entry"], "known.yaml:6");
    assert!(report(&streams, "html").out.contains("known.yaml:6"));
    assert!(report(&streams, "badge").out.contains("stale known failures"));
    let chosen = run(&place, &server, &["things/colors/red[a]"]);
    assert_eq!(chosen.code, 0, "what was not chosen may be what an entry is about: {}", chosen.out);
}

#[test]
fn a_blocked_trial_is_known_by_what_blocks_it() {
    let mock = MockProcess::start(&[]);
    let refuses = |request: &Request, answer: &mut Answer| {
        if request.method == "POST" && request.target.ends_with("/scopes") {
            (answer.status, answer.body) = (404, br#"{"errorCode":"E0000007","errorSummary":"No"}"#.to_vec());
        }
    };
    let proxy = Server::proxy(&mock.url, refuses);
    let place = Place::new();
    let run = |more: &[&str]| {
        place.run(&[&["run", "scopes/delete", "--target", &proxy.url, "--quiet", "--format", "json"], more].concat())
    };
    let counts = |done: &Done, name: &str| done.json()["trials"][name].as_u64().expect("a number");
    let before = run(&[]);
    let (blocked, score) = (counts(&before, "blocked"), before.json()["score"].clone());
    assert!(blocked > 0, "{}", before.out);
    let known = "{ operation: createOAuth2Scope, check: status, actual: 404 }";
    list_findings(&place, &[known]);
    let done = run(&["--known-failures", "known.yaml"]);
    assert_eq!((counts(&done, "blocked"), counts(&done, "known_failure")), (0, blocked), "{}", done.out);
    assert_eq!(done.json()["score"], score, "what a known failure keeps from being judged is not held");
}

#[test]
fn mistakes_in_entries_about_findings_are_told() {
    let place = Place::with_suite(&["colors"]);
    list_findings(
        &place,
        &[
            "{ operation: getThin, check: body }",
            "{ check: boddy }",
            "{ place: /a }",
            "[]",
            "{ check: body }, trial: a",
        ],
    );
    let done = run(&place, &things(&[]), &[]);
    assert_eq!(done.code, 3, "{}", done.out);
    for text in [
        "unknown operation `getThin`",
        "unknown check `boddy`",
        "this finding needs `check`",
        "`finding` is an empty list",
        "a known failure is about a `trial` or about a `finding`, not both",
    ] {
        assert!(done.err.contains(text), "{text}: {}", done.err);
    }
}

/// As reports write them, the names of headers, links and variables too.
#[test]
fn every_check_that_a_report_names_may_be_listed() {
    let checks =
        ["OAuth error", "oauth error", "value token", "value first.token", "link next", "header ETag", "empty body"];
    let place = Place::with_suite(&["colors"]);
    list_findings(&place, &checks.map(|check| format!("{{ check: {check} }}")).each_ref().map(String::as_str));
    let done = run(&place, &things(&[]), &[]);
    assert!(done.code != 3 && !done.err.contains("unknown check"), "{}", done.err);
    list_findings(&place, &["{ check: value }"]);
    assert_eq!(run(&place, &things(&[]), &[]).code, 3);
}

#[test]
fn entries_that_expire_within_a_fortnight_are_warned_of() {
    let day = |days: i64| (chrono::Utc::now().date_naive() + chrono::Duration::days(days)).to_string();
    for (days, warns) in [(5, true), (40, false)] {
        let place = b_is_blue(&day(days));
        let warning = format!("warning: the known failure at known.yaml:2 expires on {}\n", day(days));
        for done in [run(&place, &things(&[("b", "blue")]), &[]), {
            place.write("suite/known.yaml", &place.read("known.yaml"));
            let done = place.run(&["check", "suite/known.yaml"]);
            Done { err: done.err.replace("suite/known.yaml", "known.yaml"), ..done }
        }] {
            assert_eq!((done.code, done.err.contains(&warning)), (0, warns), "{}", done.err);
        }
    }
    let place = Place::with_suite(&["colors"]);
    let red = |row: &str, days| entry(&format!("things/colors/red[{row}]"), "body /color: \"blue\"", &day(days));
    list(&place, &[red("a", 9), red("b", 3), red("c", 4), red("d", 5)]);
    let done = run(&place, &things(&[]), &[]);
    let warning = format!("4 known failures expire by {}, the first on {}: known.yaml:8, ", day(14), day(3));
    assert!(done.err.contains(&warning), "{}", done.err);
}
