//! How old the evidence of requirements is: where it comes from, and where it is shown.

use serde_json::{Value, json};

use super::{
    server::{Answer, Server},
    support::Place,
};

/// An exchange as our own recordings have it.
fn exchange(id: &str, host: &str, date: &str, color: &Value) -> String {
    let body = json!({ "id": "a", "name": "a", "color": color });
    json!({
        "id": id, "source": format!("things@1 cassettes/{id}.yaml"),
        "request": { "method": "GET", "url": format!("https://{host}/api/v1/things/a"), "headers": {}, "body": null },
        "response": {
            "status": 200,
            "headers": { "content-type": ["application/json"], "date": [date] },
            "body": body,
        },
    })
    .to_string()
}

fn place() -> Place {
    let place = Place::with_suite(&["colors"]);
    let text = place.read("suite/cases/requirements.yaml");
    place.write(
        "suite/cases/requirements.yaml",
        &text
            .replace(
                "sources: [{ kind: docs, ref: page of things }]",
                "sources: [{ kind: recording, ref: first-lamp }]",
            )
            .replace(
                "sources: [{ kind: docs, ref: page of forms }]",
                "sources: [{ kind: recording, ref: all cassettes }]",
            ),
    );
    place
}

#[test]
fn recordings_date_what_they_show_and_nothing_that_they_contradict() {
    let place = place();
    let lines = [
        exchange("first-lamp", "one.example", "Mon, 02 Jan 2023 10:00:00 GMT", &json!("red")),
        exchange("first-lamp", "two.example", "Thu, 06 Mar 2025 10:00:00 GMT", &json!("red")),
        // No colour of that form, so it does not show the form.
        exchange("first-lamp", "three.example", "Tue, 05 May 2026 10:00:00 GMT", &json!(7)),
        // What shows nothing of the service: a mock on this machine, a gateway, a clock that is wrong.
        exchange("first-lamp", "127.0.0.1", "Tue, 01 Sep 2026 10:00:00 GMT", &json!("red")),
        exchange("first-lamp", "five.example", "Tue, 01 Sep 2026 10:00:00 GMT", &json!("red"))
            .replace("\"status\":200", "\"status\":502"),
        exchange("first-lamp", "six.example", "Tue, 01 Jan 2999 10:00:00 GMT", &json!("red")),
        exchange("other", "four.example", "Mon, 01 Jun 2026 10:00:00 GMT", &json!("red")),
    ];
    place.write("recorded.jsonl", &lines.join("\n"));
    let before = place.read("suite/cases/requirements.yaml");
    let done = place.run(&["verify", "recorded.jsonl", "--suite", "suite", "--apply"]);
    assert_eq!(done.code, 1, "the third has a colour that is no text: {}", done.out);
    let after = place.read("suite/cases/requirements.yaml");
    let without: String = after.split_inclusive('\n').filter(|line| !line.starts_with("    seen:")).collect();
    assert_eq!(without, before, "nothing else is changed");

    let listed = place.run(&["list", "--suite", "suite", "--requirements", "--format", "json"]).json();
    let age =
        |id: &str| listed.as_array().expect("a list").iter().find(|one| one["id"] == id).expect(id)["age"].clone();
    assert_eq!(age("things.work"), json!({ "is": "live", "of": { "last": "2026-05", "orgs": 3 } }));
    assert_eq!(age("api.schema"), json!({ "is": "live", "of": { "last": "2026-06", "orgs": 3 } }));
    assert_eq!(age("api.status"), json!({ "is": "documents" }));
    assert_eq!(age("api.request-id"), json!({ "is": "undated" }), "{listed}");
    // Again: the same.
    place.run(&["verify", "recorded.jsonl", "--suite", "suite", "--apply"]);
    assert_eq!(place.read("suite/cases/requirements.yaml"), after);
}

#[test]
fn a_date_is_written_in_whatever_way_the_file_is() {
    for (text, dated) in [
        (
            "# mine\nrequirements:\n- id: 'things.work'   # quoted\n  sources:\n  - { kind: recording, ref: first-lamp }\n  text: Works\n",
            "# mine\nrequirements:\n- id: 'things.work'   # quoted\n  seen: { last: 2023-01, orgs: 1 }\n  sources:\n  - { kind: recording, ref: first-lamp }\n  text: Works\n",
        ),
        (
            "requirements:\n  - { id: things.work, text: Works, sources: [{ kind: recording, ref: first-lamp }] }\n",
            "requirements:\n  - { id: things.work, text: Works, seen: { last: 2023-01, orgs: 1 }, sources: [{ kind: recording, ref: first-lamp }] }\n",
        ),
        (
            "requirements:\r\n  - sources: [{ kind: recording, ref: first-lamp }]\r\n    text: Works\r\n    id: things.work\r\n",
            "requirements:\r\n  - seen: { last: 2023-01, orgs: 1 }\r\n    sources: [{ kind: recording, ref: first-lamp }]\r\n    text: Works\r\n    id: things.work\r\n",
        ),
        (
            "requirements:\n  - id: things.work\n    seen:\n      last: 2020-01\n      orgs: 1\n    text: Works\n    sources: [{ kind: recording, ref: first-lamp }]\n",
            "requirements:\n  - id: things.work\n    seen:\n      last: 2023-01\n      orgs: 1\n    text: Works\n    sources: [{ kind: recording, ref: first-lamp }]\n",
        ),
    ] {
        let place = place();
        let indent = if text.contains("\n- ") { "" } else { "  " };
        let end = if text.contains('\r') { "\r\n" } else { "\n" };
        let others = ["api.status", "api.schema", "api.error", "api.empty", "api.request-id", "things.weight"];
        let others = others
            .map(|id| format!("{indent}- {{ id: {id}, text: Others, sources: [{{ kind: docs, ref: a page }}] }}{end}"));
        place.write("suite/cases/requirements.yaml", &format!("{text}{}", others.concat()));
        place.write(
            "recorded.jsonl",
            &exchange("first-lamp", "one.example", "Mon, 02 Jan 2023 10:00:00 GMT", &json!("red")),
        );
        let done = place.run(&["verify", "recorded.jsonl", "--suite", "suite", "--apply"]);
        assert_eq!(done.code, 0, "{}{}", done.err, done.out);
        let after = place.read("suite/cases/requirements.yaml");
        assert!(after.starts_with(dated), "{after}");
        let checked = place.run(&["check", "suite"]);
        assert_eq!(checked.code, 0, "{}", checked.err);
    }
}

#[test]
fn failures_and_explanations_tell_the_age() {
    let place = place();
    place.write(
        "recorded.jsonl",
        &exchange("first-lamp", "one.example", "Mon, 02 Jan 2023 10:00:00 GMT", &json!("red")),
    );
    place.run(&["verify", "recorded.jsonl", "--suite", "suite", "--apply"]);
    let server = Server::always(Answer::json(200, &json!({ "id": "a", "name": "a", "color": "blue" })));
    let arguments = [
        "run",
        "--suite",
        "suite",
        "--target",
        &server.url,
        "--no-preflight",
        "--report",
        "html",
        "--report",
        "github",
    ];
    let done = place.run(&arguments);
    let age = "last seen live 2023-01, 1 org";
    assert!(done.out.contains(age), "{}", done.out);
    for report in ["reports/report.html", "reports/github.txt", "reports/events.jsonl"] {
        let told = if report.ends_with("jsonl") { r#""last":"2023-01","orgs":1"# } else { age };
        assert!(place.read(report).contains(told), "{report}");
    }
    let explained = place.run(&["explain", "--suite", "suite", "things/colors/red[a]"]);
    assert!(explained.out.contains(age), "{}", explained.out);

    let stale = place.run(&["list", "--suite", "suite", "--requirements", "--stale", "30000d"]);
    assert!(!stale.out.contains("things.work"), "{}", stale.out);
    let stale = place.run(&["list", "--suite", "suite", "--requirements", "--stale", "30d"]);
    assert!(stale.out.contains("things.work"), "{}", stale.out);
    assert_eq!(place.run(&["list", "--suite", "suite", "--requirements", "--stale", "30"]).code, 3);
}

#[test]
fn a_date_that_is_none_is_a_mistake_at_its_place() {
    let place = place();
    let text = place.read("suite/cases/requirements.yaml");
    place.write(
        "suite/cases/requirements.yaml",
        &text.replacen("    sources:", "    seen: { last: 2026-13, orgs: 2 }\n    sources:", 1),
    );
    let done = place.run(&["check", "suite"]);
    assert_eq!(done.code, 3);
    assert!(done.err.contains("`2026-13` is not a month: write it as 2026-01"), "{}", done.err);
}
