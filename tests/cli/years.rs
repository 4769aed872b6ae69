//! What the service has changed: the mock shows the day of a recording, and the history explains what is different today.

use serde_json::{Value, json};

use super::{
    replays::{places, recorded, replay, write},
    support::{Done, MockProcess, Place, data, shared_recordings},
};

/// Recordings of the real service that are kept here.
const KEPT: [&str; 4] = ["policy-status", "people-echo", "metadata-2018", "metadata-2023"];

fn kept() -> Vec<String> {
    KEPT.map(|name| data(&format!("recordings/{name}.jsonl")).display().to_string()).to_vec()
}

/// What servers have had since 2026-01.
const LINK: &str = "/_links/resourceServerCredentialsKeys";

#[test]
fn the_history_explains_only_what_was_before_its_day() {
    let (place, exchanges) = recorded();
    let days = [
        ("Sat, 31 Dec 2022 23:59:59 GMT", "before.jsonl"),
        ("Sun, 01 Jan 2023 00:00:00 GMT", "on.jsonl"),
        ("Tue, 24 Nov 2026 00:00:00 GMT", "after.jsonl"),
        ("no day", "never.jsonl"),
    ];
    for (date, file) in days {
        let mut old = exchanges.clone();
        for exchange in &mut old {
            exchange["response"]["headers"]["date"] = json!([date]);
            if let Some(body) = exchange["response"]["body"].as_object_mut() {
                assert!(body.shift_remove("default").is_some());
            }
        }
        write(&place, file, &old);
        // The same, with something beside it that nothing explains.
        old[1]["response"]["body"]["description"] = json!("Another");
        write(&place, &format!("more-{file}"), &old);
    }
    let files = days.map(|(_, file)| file);
    let summary = replay(&place, &[&["--as-of", "today"], &files[..]].concat());
    assert_eq!(summary["by_history"], json!({ "server-default": 2 }));
    assert_eq!(summary["by_year"]["2022"]["explained"], 2);
    let default = |file: &str| [1, 2].map(|line| (format!("{file}:{line}"), vec!["/default".to_owned()]));
    assert_eq!(places(&summary), [default("on.jsonl"), default("after.jsonl"), default("never.jsonl")].concat());
    let more = replay(&place, &["more-before.jsonl", "--as-of", "today"]);
    assert_eq!(places(&more), [("more-before.jsonl:2".to_owned(), vec!["/description".to_owned()])]);
}

#[test]
fn the_mock_answers_as_the_real_service_did() {
    let Some(files) = shared_recordings("recordings") else { return };
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let summary = replay(&Place::new(), &files);
    assert_eq!(summary["differences"], json!([]));
    assert_eq!(summary["broken"], json!([]));
    let count = |counts: &Value, member: &str| counts[member].as_u64().expect("a count");
    for (year, counts) in summary["by_year"].as_object().expect("years") {
        let compared = count(counts, "exchanges") - count(counts, "not_comparable");
        // What the history explains is not equal: an older recording has a right to it, one of today's service has not.
        let bound = if year.as_str() < "2025" { 95 } else { 99 };
        assert!(count(counts, "equal") * 100 >= compared * bound, "{year}: {counts}");
    }
    assert!(summary["by_year"]["2025"]["equal"].is_u64() && summary["by_year"]["2026"]["equal"].is_u64());
    assert!(count(&summary, "not_comparable") * 10 < count(&summary, "exchanges"), "{}", summary["reasons"]);
    let done: Done = Place::new().run(&["replay", files[0], files[1]]);
    assert_eq!(done.code, 0, "{}", done.out);
}

/// Statuses of policies, empty lists of people, the lists of the metadata: what is not equal is up to the org, or was cut off.
#[test]
fn what_is_known_from_elsewhere_is_answered_alike() {
    let files = kept();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let summary = replay(&Place::new(), &files);
    assert_eq!(summary["differences"], json!([]));
    assert_eq!((&summary["equal"], &summary["not_comparable"]), (&json!(4 + 3 + 3 + 2), &json!(0)), "{summary}");
    let explained = json!({ "links-cut-off": 1, "issuer-mode-of-the-org": 1, "scope-consent": 1 });
    assert_eq!(summary["by_history"], explained);
}

#[test]
fn an_org_decides_only_what_the_request_leaves_open() {
    let (place, exchanges) = recorded();
    let mut recorded = exchanges.clone();
    recorded[0]["response"]["body"]["issuerMode"] = json!("DYNAMIC");
    let request = recorded[0]["request"]["body"].as_object_mut().expect("a body");
    assert_eq!(request.get("issuerMode"), Some(&json!("ORG_URL")));
    write(&place, "said.jsonl", &recorded);
    assert_eq!(places(&replay(&place, &["said.jsonl"])), [("said.jsonl:1".to_owned(), vec!["/issuerMode".to_owned()])]);
    recorded[0]["request"]["body"].as_object_mut().expect("a body").shift_remove("issuerMode");
    recorded[0]["response"]["body"]["issuerMode"] = json!("ORG_URL");
    write(&place, "unsaid.jsonl", &recorded);
    let summary = replay(&place, &["unsaid.jsonl"]);
    assert_eq!(
        (&summary["differences"], &summary["by_history"]),
        (&json!([]), &json!({ "issuer-mode-of-the-org": 2 }))
    );
}

/// The mock of today differs from old recordings in nothing but what the history knows, and each entry is needed for it, but for those that only
/// documentation knows.
#[test]
fn the_history_explains_all_that_the_service_has_changed() {
    let Some(mut files) = shared_recordings("recordings") else { return };
    files.extend(kept());
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let summary = replay(&Place::new(), &[&["--as-of", "today"], files.as_slice()].concat());
    assert_eq!(summary["differences"], json!([]));
    let entries = include_str!("../../cases/history.yaml").split("  - id: ").skip(1);
    let recorded =
        entries.filter(|entry| entry.contains("\n    evidence: recording ")).filter_map(|entry| entry.lines().next());
    let needed = summary["by_history"].as_object().expect("entries");
    assert_eq!(recorded.filter(|entry| !needed.contains_key(*entry)).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn the_mock_of_each_file_is_of_the_day_of_the_file() {
    let (place, exchanges) = recorded();
    let dated = |date: &str| {
        let mut exchanges = exchanges.clone();
        for exchange in &mut exchanges {
            exchange["response"]["headers"]["date"] = json!([date]);
        }
        exchanges
    };
    // What was recorded is of today: a mock of 2022 has no `default`, and neither it nor one of 2025 has the link.
    for (file, date) in [
        ("2022.jsonl", "Sat, 31 Dec 2022 23:59:59 GMT"),
        ("2025.jsonl", "Mon, 01 Dec 2025 00:00:00 GMT"),
        ("now.jsonl", "Tue, 24 Nov 2026 00:00:00 GMT"),
        ("undated.jsonl", "no day"),
    ] {
        write(&place, file, &dated(date));
    }
    let files = ["2022.jsonl", "2025.jsonl", "now.jsonl", "undated.jsonl"];
    // A change explains a difference whichever side has it.
    let explained = |summary: &Value, entry: &str| summary["by_history"][entry].as_u64().unwrap_or_default();
    let summary = replay(&place, &files);
    let days = json!({
        "2022.jsonl": "2022-12-31", "2025.jsonl": "2025-12-01", "now.jsonl": "2026-11-24", "undated.jsonl": null,
    });
    assert_eq!(summary["as_of"], days);
    assert_eq!((explained(&summary, "server-default"), explained(&summary, "link-resource-server-keys")), (2, 4));
    assert_eq!((&summary["equal"], &summary["different"]), (&json!(1 + 1 + 3 + 3), &json!(0)), "{summary}");
    let today = replay(&place, &[&["--as-of", "today"], &files[..]].concat());
    assert_eq!((&today["equal"], &today["as_of"]["2022.jsonl"]), (&json!(12), &Value::Null));
    let day = replay(&place, &[&["--as-of", "2025-12-01"], &files[..]].concat());
    let missing = [3, 4].map(|file| [1, 2].map(|line| (format!("{}:{line}", files[file - 1]), vec![LINK.to_owned()])));
    assert_eq!(places(&day), missing.concat(), "recordings since the change are not excused by it");
    assert_eq!(day["as_of"]["now.jsonl"], "2025-12-01");

    let said = place.run(&[&["replay"], &files[..]].concat()).out;
    let days = "the mock behaved as of the day of each recording, 2022-12-31 to 2026-11-24 (--as-of today: as today)";
    assert!(said.contains(days), "{said}");

    for wrong in ["2022-1-1", "2022-02-30", "yesterday", ""] {
        let done = place.run(&["replay", "now.jsonl", "--as-of", wrong]);
        assert_eq!((done.code, done.err.contains("write a day as 2025-03-01")), (3, true), "{}", done.err);
    }
    let mock = MockProcess::start(&["--as-of", "2022-12-31"]);
    assert!(mock.servers()[0].get("default").is_none());
    let done = place.run(&["replay", "now.jsonl", "--as-of", "today", "--target", &mock.url]);
    assert_eq!((done.code, done.err.contains("--as-of works only with the embedded mock")), (3, true), "{}", done.err);
    let of_target = replay(&place, &["2022.jsonl", "--target", &mock.url]);
    assert_eq!((&of_target["as_of"], explained(&of_target, "server-default")), (&json!({}), 2));
}
