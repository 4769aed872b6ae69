//! `verify` and `replay` write reports like a run: each recorded exchange is a trial.

use std::{collections::BTreeSet, fs};

use quick_junit::TestCaseStatus;

use super::{
    formats::FORMATS,
    replays::{recorded, replay, write},
    support::{Done, Place, Totals, data, junit},
};

fn place(names: &[&str]) -> Place {
    let place = Place::with_suite(&["levels"]);
    for name in names {
        fs::copy(data(&format!("recordings/{name}.jsonl")), place.path(&format!("{name}.jsonl"))).expect("a recording");
    }
    place
}

fn verify(place: &Place, more: &[&str]) -> Done {
    place.run(&[&["verify", "--suite", "suite"], more].concat())
}

/// The IDs of the test cases of a report.
fn ids(place: &Place) -> BTreeSet<String> {
    let (report, totals) = junit(&place.read("reports/junit.xml"));
    let cases = report.test_suites.iter().flat_map(|suite| {
        suite.test_cases.iter().map(move |case| format!("{}/{}", suite.name.as_str(), case.name.as_str()))
    });
    let ids: BTreeSet<String> = cases.collect();
    assert_eq!(ids.len(), totals.tests, "each exchange has an ID of its own");
    ids
}

#[test]
fn every_format_tells_what_verify_found() {
    let place = place(&["good", "bad"]);
    let reports: Vec<String> = FORMATS.iter().map(|format| format!("{format}=reports/{format}")).collect();
    let flags: Vec<&str> = reports.iter().flat_map(|report| ["--report", report.as_str()]).collect();
    let done = verify(&place, &[&["good.jsonl", "bad.jsonl", "--report", "junit"], flags.as_slice()].concat());
    assert_eq!(done.code, 1, "{}", done.err);
    let without = verify(&place, &["good.jsonl", "bad.jsonl"]);
    assert_eq!(done.out, without.out, "what is printed stays the same");
    let (report, totals) = junit(&place.read("reports/junit.xml"));
    assert_eq!((totals.tests, totals.failures, totals.errors, totals.skipped), (12, 6, 0, 1), "{totals:?}");
    let first = report.test_suites.iter().flat_map(|suite| &suite.test_cases);
    let told = first.filter_map(|case| match &case.status {
        TestCaseStatus::NonSuccess { description, .. } => description.as_ref().map(|text| text.as_str().to_owned()),
        TestCaseStatus::Success { .. } | TestCaseStatus::Skipped { .. } => None,
    });
    assert!(told.clone().all(|text| text.contains("expected:")), "{:?}", told.collect::<Vec<_>>());
    for format in FORMATS {
        let text = place.read(&format!("reports/{format}"));
        let is_told = match format {
            "badge" | "coverage" | "openmetrics" => !text.is_empty(),
            "har" => text.matches("\"request\"").count() >= 11,
            _ => text.contains("bad"),
        };
        assert!(is_told, "{format}: {text}");
    }
    let score = &serde_json::from_str::<serde_json::Value>(&place.read("reports/json")).expect("JSON")["score"];
    assert!(score["departed"].as_u64() > Some(0), "{score}");
}

#[test]
fn files_of_one_name_have_ids_of_their_own_and_broken_ones_are_told() {
    let place = place(&["good", "broken"]);
    place.write("other/good.jsonl", &place.read("good.jsonl"));
    let both = verify(&place, &["good.jsonl", "other/good.jsonl", "--report", "junit"]);
    assert_eq!(both.code, 0, "{}", both.err);
    assert!(!ids(&place).is_empty());
    let broken = verify(&place, &["good.jsonl", "broken.jsonl", "--report", "junit", "--report", "markdown"]);
    assert_eq!(broken.code, 3, "{}", broken.err);
    assert!(place.read("reports/run.md").contains("broken.jsonl"), "{}", place.read("reports/run.md"));
    let kept = place.read("good.jsonl");
    let refused = verify(&place, &["good.jsonl", "--report", "json=./good.jsonl"]);
    assert_eq!((refused.code, place.read("good.jsonl")), (3, kept));
}

#[test]
fn a_replay_reports_what_each_exchange_ended_as() {
    let (place, mut exchanges) = recorded();
    exchanges[1]["response"]["body"]["description"] = "another one".into();
    write(&place, "changed.jsonl", &exchanges);
    let summary = replay(&place, &["changed.jsonl", "--report", "junit", "--report", "har", "--report", "html"]);
    assert_eq!((summary["equal"].as_u64(), summary["different"].as_u64()), (Some(2), Some(1)));
    let (report, totals) = junit(&place.read("reports/junit.xml"));
    assert_eq!(totals, Totals { tests: 3, passed: 2, failures: 1, ..Totals::default() });
    let names: Vec<String> = report.test_suites.iter().map(|suite| suite.name.as_str().to_owned()).collect();
    assert_eq!(names, ["recorded.changed"]);
    let failure = report.test_suites[0].test_cases.iter().find_map(|case| match &case.status {
        TestCaseStatus::NonSuccess { message, .. } => Some((case.name.as_str(), message.as_ref()?.as_str())),
        TestCaseStatus::Success { .. } | TestCaseStatus::Skipped { .. } => None,
    });
    let (name, message) = failure.expect("the one that differs");
    assert_eq!(name, "getAuthorizationServer[2]");
    assert!(message.contains("/description") && message.contains("another one"), "{message}");
    assert_eq!(place.read("reports/run.har").matches("\"request\"").count(), 3);
}

#[test]
fn secrets_that_were_recorded_are_in_no_report() {
    let place = place(&["good"]);
    let good = place.read("good.jsonl");
    let mut exchanges = good.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("an exchange"));
    let mut exchange = exchanges.find(|exchange| exchange["response"]["body"].is_object()).expect("one with an object");
    exchange["response"]["body"]["client_secret"] = "csRecordedMember98765".into();
    exchange["request"]["body"] = serde_json::json!({ "access_token": "atRecorded9876543210" });
    place.write("secret.jsonl", &format!("{exchange}\n"));
    let reports: Vec<String> = FORMATS.iter().map(|format| format!("{format}=reports/{format}")).collect();
    let flags: Vec<&str> = reports.iter().flat_map(|report| ["--report", report.as_str()]).collect();
    let done = verify(&place, &[&["secret.jsonl"], flags.as_slice()].concat());
    for (name, bytes) in place.files().into_iter().filter(|(name, _)| name.starts_with("reports/")) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("csRecorded") && !text.contains("atRecorded"), "{name}: {text}");
    }
    assert!(!done.out.contains("csRecorded"), "{}", done.out);
}
