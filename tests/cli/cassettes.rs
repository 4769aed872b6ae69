//! Recordings of other tools: told by their content, judged and replayed like our own; a broken one is one clear error.

use std::{
    fs::{self, File},
    io::Write,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::{
    forms::mistakes,
    support::{Done, Place, data, snapshot},
};

/// The same five requests, as the README beside them says.
const FILES: [&str; 8] = [
    "vcrpy.yaml",
    "vcrpy.json",
    "vcrpy-gzip.yaml",
    "vcrpy-br-zstd.yaml",
    "mitmproxy.har",
    "go-vcr-1.yaml",
    "go-vcr-2.yaml",
    "go-vcr-3.yaml",
];

fn recording(file: &str) -> String {
    fs::read_to_string(data(&format!("recordings/{file}"))).expect("a recording")
}

fn verify(place: &Place, files: &[&str]) -> Value {
    let done = place.run(&[&["verify", "--format", "json"], files].concat());
    let summary = done.json();
    assert_eq!(mistakes("verify", &summary), [""; 0]);
    let broken = summary["broken"].as_array().is_some_and(|broken| !broken.is_empty());
    let code = match summary["verdict"].as_str() {
        Some("conformant") => 0,
        Some("not conformant") => 1,
        _ if broken => 3,
        _ => 4,
    };
    assert_eq!(done.code, code, "{summary}");
    summary
}

#[test]
fn a_recording_of_another_tool_is_judged_and_replayed_whatever_its_name() {
    for file in FILES {
        let place = Place::new();
        place.write("recorded.txt", &recording(file));
        let summary = verify(&place, &["recorded.txt"]);
        let calls = ["createAuthorizationServer", "listAuthorizationServers", "createOAuth2Scope", "getOAuth2Scope"];
        let expected: Value = calls.iter().chain(&["deleteAuthorizationServer"]).map(|call| (*call, 1)).collect();
        assert_eq!(summary["by_operation"], expected, "{file}");
        assert_eq!((&summary["failed"], &summary["passed_over"]), (&json!(0), &json!(0)), "{file}: {summary}");
        let replayed = place.run(&["replay", "recorded.txt", "--format", "json"]);
        assert_eq!((replayed.code, &replayed.json()["equal"]), (0, &json!(5)), "{file}: {}", replayed.out);
    }
}

/// A create that is refused, and a server that does not exist, as the README beside them says.
const SMALL: [&str; 11] = [
    "ruby-vcr.yaml",
    "ruby-vcr.json",
    "betamax.json",
    "betamax.yaml",
    "polly.har",
    "wiremock.json",
    "pact-2.json",
    "pact-3.json",
    "pact-4.json",
    "compact.har",
    "lists.har",
];

#[test]
fn files_of_other_recorders_and_mocks_are_judged_and_replayed() {
    for file in SMALL {
        let place = Place::new();
        let text = recording(file);
        place.write("recorded", &text);
        let summary = verify(&place, &["recorded"]);
        let expected = json!({ "createAuthorizationServer": 1, "getAuthorizationServer": 1 });
        assert_eq!(summary["by_operation"], expected, "{file}");
        assert_eq!((&summary["failed"], &summary["passed_over"]), (&json!(0), &json!(0)), "{file}: {summary}");
        let replayed = place.run(&["replay", "recorded", "--format", "json"]);
        assert_eq!((replayed.code, &replayed.json()["equal"]), (0, &json!(2)), "{file}: {}", replayed.out);
        // Another body is refused in other words.
        let sent = ["description\":\"x", "description\": \"x", "description\\\":\\\"x"];
        let sent = sent.into_iter().find(|sent| text.contains(sent)).expect("what is sent");
        place.write("changed", &text.replace(sent, &sent.replace("description", "name")));
        assert_eq!(place.run(&["replay", "changed"]).code, 1, "{file}: what is sent is read");
        place.write("changed", &text.replace("404", "418"));
        let summary = verify(&place, &["changed"]);
        assert_eq!((&summary["failed"], &summary["failures"][0]["place"]), (&json!(1), &json!("changed#2")), "{file}");
    }
}

#[test]
fn what_holds_no_traffic_is_named_and_refused() {
    let place = Place::new();
    place.write("postman.json", "{\"info\": {\"name\": \"a\"},\n \"item\": []}");
    place.write("hoverfly.json", "{\n \"data\": {\"pairs\": []},\n \"meta\": {}\n}");
    place.write("messages.json", "{\"consumer\": {}, \"provider\": {}, \"messages\": []}");
    place.write("other.json", "{\n  \"paths\": {}\n}");
    let done = place.run(&["verify", "postman.json", "hoverfly.json", "messages.json", "other.json"]);
    assert_eq!(done.code, 3);
    snapshot(&place, "verify-no-traffic", &done.err);
}

/// Bodies, headers, links and request bodies arrive whole: whatever is changed in the file is seen.
#[test]
fn whatever_is_changed_in_a_recording_is_seen() {
    let place = Place::new();
    for (file, from, to, seen) in [
        ("vcrpy.yaml", r#"\"status\":\"ACTIVE\""#, r#"\"status\":\"ASLEEP\""#, "#1"),
        ("vcrpy.json", r#"\"status\":\"ACTIVE\""#, r#"\"status\":\"ASLEEP\""#, "#1"),
        ("mitmproxy.har", r#"\"status\":\"ACTIVE\""#, r#"\"status\":\"ASLEEP\""#, "#1"),
        ("go-vcr-1.yaml", r#""status":"ACTIVE""#, r#""status":"ASLEEP""#, "#1"),
        ("go-vcr-2.yaml", r#""status":"ACTIVE""#, r#""status":"ASLEEP""#, "#1"),
        ("go-vcr-3.yaml", r#""status":"ACTIVE""#, r#""status":"ASLEEP""#, "#1"),
        ("vcrpy.yaml", "code: 404", "code: 418", "#4"),
        ("vcrpy.json", "\"code\": 404", "\"code\": 418", "#4"),
        ("vcrpy-gzip.yaml", "code: 404", "code: 418", "#4"),
        ("vcrpy-br-zstd.yaml", "code: 404", "code: 418", "#4"),
        ("mitmproxy.har", "\"status\": 404", "\"status\": 418", "#4"),
        ("go-vcr-1.yaml", "code: 404", "code: 418", "#4"),
        ("go-vcr-2.yaml", "code: 404", "code: 418", "#4"),
        ("go-vcr-3.yaml", "code: 404", "code: 418", "#4"),
    ] {
        let text = recording(file);
        assert!(text.contains(from), "{file} has {from}");
        place.write("changed", &text.replace(from, to));
        let summary = verify(&place, &["changed"]);
        let places: Vec<&Value> =
            summary["failures"].as_array().expect("a list").iter().map(|failure| &failure["place"]).collect();
        assert!(places.contains(&&json!(format!("changed{seen}"))), "{file}, {from}: {summary}");
    }
    // The links of a list are compared by `replay`, the request decides what comes.
    for file in FILES {
        let text = recording(file);
        for (from, to, place_of) in
            [("rel=\"next\"", "rel=\"last\"", "link last"), ("cars:drive", "cars:wash", "/name")]
        {
            let escaped = [from.replace('"', "\\\""), from.to_owned()];
            let Some(found) = escaped.iter().find(|form| text.contains(*form)) else { continue };
            let to = if found.contains('\\') { to.replace('"', "\\\"") } else { to.to_owned() };
            // Only the request: the answer follows it.
            place.write("changed", &text.replacen(found, &to, 1));
            let differences = place.run(&["replay", "changed", "--format", "json"]).json()["differences"].to_string();
            assert!(differences.contains(place_of), "{file}, {from}: {differences}");
        }
    }
}

#[test]
fn each_broken_file_is_one_error_with_its_place_and_the_others_are_judged() {
    let place = Place::new();
    let cut = |file: &str, share: usize| {
        let text = recording(file);
        text.chars().take(text.chars().count() * share / 10).collect::<String>()
    };
    let cassette = |interactions: &str| format!("version: 1\ninteractions:\n{interactions}");
    let one = "- request: {method: GET, uri: 'http://a.example/b'}\n  response: {status: {code: 200}}\n";
    let packed = |coding: &str, body: &str| {
        let response =
            format!("{{code: 200}}, headers: {{Content-Encoding: [{coding}]}}, body: {{string: !!binary '{body}'}}");
        cassette(&one.replace("{code: 200}", &response))
    };
    let entry = |request: &str, response: &str| {
        format!("{{\"log\": {{\"entries\": [\n {{\"request\": {request},\n  \"response\": {response}}}]}}}}")
    };
    let get = "{\"method\": \"GET\", \"url\": \"http://a.example/b\"}";
    let files = [
        ("cut.har", cut("mitmproxy.har", 5)),
        ("cut.json", cut("vcrpy.json", 5)),
        ("cut.yaml", cut("vcrpy.yaml", 2)),
        ("html", "<html>no recording</html>\n".to_owned()),
        ("list.json", "[]\n".to_owned()),
        ("ruby.yaml", "---\nhttp_interactions:\n- request: {}\n".to_owned()),
        ("newer.yaml", "version: 3\ninteractions: []\n".to_owned()),
        ("none.yaml", "version: 1\ninteractions: []\n".to_owned()),
        ("none.har", "{\"log\": {\"entries\": []}}".to_owned()),
        ("no-url.yaml", cassette(&format!("{one}- request: {{method: GET}}\n  response: {{status: {{code: 200}}}}\n"))),
        ("no-status.yaml", cassette(&format!("{one}{}", one.replace("{status: {code: 200}}", "{body: ''}")))),
        ("wrong-url.yaml", cassette(&one.replace("http://a.example/b", "/b"))),
        ("two.yaml", format!("{}---\n{}", cassette(one), cassette(one))),
        ("twice.yaml", cassette(&one.replace("method: GET", "method: GET, method: PUT"))),
        ("binary.yaml", cassette(&one.replace("{code: 200}", "{code: 200}, body: {string: !!binary '?'}"))),
        ("brotli.yaml", packed("br", "iw==")),
        ("gzip.yaml", packed("gzip", "H4s=")),
        ("zstd.yaml", packed("zstd", "KLUv/SA=")),
        ("lzw.yaml", packed("compress", "H52Q")),
        ("status.har", entry(get, "{\"status\": 70000}")),
        ("status-text.har", entry(get, "{\"status\": \"200\"}")),
        ("status.yaml", cassette(&one.replace("code: 200", "code: 99999"))),
        ("status-text.yaml", cassette(&one.replace("code: 200", "code: '200'"))),
        ("status-none.yaml", cassette(&one.replace("code: 200", "code: 0"))),
        ("base64.har", entry(get, "{\"status\": 200, \"content\": {\"text\": \"?\", \"encoding\": \"base64\"}}")),
        ("encoding.har", entry(get, "{\"status\": 200, \"content\": {\"text\": \"x\", \"encoding\": \"rot13\"}}")),
        ("no-method.har", entry("{\"url\": \"http://a.example/b\"}", "{\"status\": 200}")),
    ];
    let mut names: Vec<&str> = Vec::new();
    for (name, text) in &files {
        place.write(name, text);
        names.push(name);
    }
    place.write("good.yaml", &recording("vcrpy.yaml"));
    names.push("good.yaml");
    let done: Done = place.run(&[&["verify"], names.as_slice()].concat());
    assert_eq!(done.err.lines().count(), files.len(), "{}", done.err);
    snapshot(&place, "verify-broken-formats", &done.err);
    assert_eq!(verify(&place, &names)["judged"], 5);
    let replayed = place.run(&[&["replay", "--format", "json"], names.as_slice()].concat());
    assert_eq!((replayed.code, &replayed.json()["equal"]), (3, &json!(5)), "{}", replayed.err);
    assert_eq!(replayed.err, done.err);
}

#[test]
fn entries_without_a_whole_answer_are_counted_and_not_judged() {
    let place = Place::new();
    let text = recording("mitmproxy.har");
    let mut archive: Value = serde_json::from_str(&text).expect("a HAR");
    archive["log"]["entries"][0]["response"]["status"] = json!(0);
    archive["log"]["entries"][1]["response"]["content"].as_object_mut().expect("an object").remove("text");
    place.write("cut.har", &archive.to_string());
    let summary = verify(&place, &["cut.har"]);
    assert_eq!((&summary["judged"], &summary["failed"], &summary["passed_over"]), (&json!(3), &json!(0), &json!(2)));
    let done = place.run(&["verify", "cut.har"]);
    assert!(done.out.contains("skipped: the recording does not have the whole answer\n       2\n"), "{}", done.out);
    archive["log"]["entries"].as_array_mut().expect("a list").truncate(2);
    place.write("all.har", &archive.to_string());
    let summary = verify(&place, &["all.har"]);
    assert_eq!(summary["broken"], json!(["all.har: there is no exchange in it"]));
    assert_eq!(summary["passed_over"], json!(2));
}

#[test]
fn an_odd_entry_is_told_and_the_others_are_judged() {
    let place = Place::new();
    let mut archive: Value = serde_json::from_str(&recording("mitmproxy.har")).expect("a HAR");
    let entries = archive["log"]["entries"].as_array_mut().expect("a list");
    entries[0].as_object_mut().expect("an object").remove("response");
    entries[1]["request"]["url"] = json!("");
    entries[2]["response"]["content"]["size"] = json!(null);
    entries[3]["response"]["content"]["size"] = json!(12.5);
    entries[3]["request"]["postData"] = json!("");
    entries[4]["response"]["status"] = json!("204");
    place.write("odd.har", &archive.to_string());
    let summary = verify(&place, &["odd.har"]);
    assert_eq!((&summary["judged"], &summary["failed"], &summary["passed_over"]), (&json!(2), &json!(0), &json!(3)));
    let done = place.run(&["verify", "odd.har"]);
    assert_eq!(done.code, 0);
    snapshot(&place, "verify-odd-entries", &done.err);
    let replayed = place.run(&["replay", "odd.har", "--format", "json"]);
    assert_eq!((&replayed.json()["passed_over"], replayed.told().as_str()), (&json!(3), done.err.as_str()));
    archive["log"]["entries"].as_array_mut().expect("a list").truncate(2);
    place.write("none.har", &archive.to_string());
    let summary = verify(&place, &["none.har"]);
    assert_eq!(summary["broken"], json!(["none.har#1: not a HAR: it has no `response`"]));
    assert_eq!((&summary["failed"], &summary["passed_over"]), (&json!(0), &json!(2)));
}

#[test]
fn a_key_that_an_answer_has_twice_is_drift() {
    let place = Place::new();
    let text = recording("mitmproxy.har");
    let name = "\\\"default\\\":false";
    assert!(text.contains(name));
    place.write("twice.har", &text.replacen(name, &format!("{name},{name}"), 1));
    let summary = verify(&place, &["twice.har"]);
    let drift = summary["drifted"].as_array().expect("a list").iter().filter(|drift| drift["explained"].is_null());
    let drift: Vec<_> = drift.map(|drift| (&drift["call"], &drift["pointer"], &drift["value"])).collect();
    assert_eq!(drift, [(&json!("createAuthorizationServer"), &json!("/default"), &json!("a duplicate key"))]);
    assert_eq!(summary["failed"], 0);
}

#[test]
fn what_is_too_large_is_refused_before_it_hurts() {
    let place = Place::new();
    place.write("long.yaml", "version: 1\ninteractions: []\n#");
    let long = File::options().write(true).open(place.path("long.yaml")).expect("a file");
    long.set_len(64 * 1024 * 1024 + 1).expect("room");
    let aliases: String = (1..9).fold("  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
        let before = vec![format!("*a{}", level - 1); 10].join(", ");
        format!("{text}  a{level}: &a{level} [{before}]\n")
    });
    place.write("laughs.yaml", &format!("version: 1\nmetadata:\n{aliases}interactions: []\n"));
    place.write("deep.yaml", &format!("version: 1\nmetadata: {}{}\n", "[".repeat(5_000), "]".repeat(5_000)));
    place.write("deep.har", &format!("{{\"log\": {{\"pages\": {}", "[".repeat(100_000)));
    place.write("wide.yaml", &format!("version: 1\nmetadata: [{}]\n", "a,".repeat(600_000)));
    // 17 MiB of zeros, packed into a few bytes.
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![0; 17 * 1024 * 1024]).expect("memory");
    place.write("gzip.yaml", &bomb("gzip", &BASE64_STANDARD.encode(packed.finish().expect("memory"))));
    place.write("br.yaml", &bomb("br", "y///P/gnAOKxQCD3/o///3/wTwDEYRGA7v1f/f8//gmAOCwA0L1/AA=="));
    // A frame (RFC 8878) with a window of 128 KiB, and blocks of as many zeros each, none of them the last.
    let mut packed = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    packed.extend([0x02, 0x00, 0x10, 0x00].repeat(17 * 8));
    place.write("zstd.yaml", &bomb("zstd", &BASE64_STANDARD.encode(packed)));
    for (file, reason) in [
        ("long.yaml", "it has more than 64 MiB"),
        ("laughs.yaml", "it has more events than any recording"),
        ("deep.yaml", "recursion limit exceeded"),
        ("deep.har", "EOF while parsing a list"),
        ("wide.yaml", "it has more events than any recording"),
        ("gzip.yaml", "an unpacked body has more than 16 MiB"),
        ("br.yaml", "an unpacked body has more than 16 MiB"),
        ("zstd.yaml", "an unpacked body has more than 16 MiB"),
    ] {
        let done = place.run(&["verify", file]);
        assert_eq!((done.code, done.err.lines().count()), (3, 1), "{}", done.err);
        assert!(done.err.contains(reason), "{file}: {}", done.err);
    }
}

fn bomb(coding: &str, packed: &str) -> String {
    format!(
        "version: 1\ninteractions:\n- request: {{method: GET, uri: 'http://a.example/b'}}\n  response: {{status: {{code: 200}}, headers: \
         {{content-encoding: {coding}}}, body: {{string: !!binary '{packed}'}}}}\n"
    )
}
