//! Every kind of check is seen to fail, so that none passes by default.

use std::collections::BTreeMap;

use okta_conformance::finding::CheckKind;
use serde_json::{Value, json};
use strum::VariantNames as _;

use super::{
    server::{Answer, Request, Server},
    support::{Place, check, of_kind, text},
};

/// The steps of a case in which a check of this kind is false on [`wrong`]; none where no target can make it so.
fn steps(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "body" => "{ call: getThing, path: { thingId: red }, expect: { body: { color: blue } } }",
        "capture" => "{ call: getThing, path: { thingId: red }, capture: { size: $.size } }",
        "collected" => "{ call: listThings, paginate: { max: 2 }, expect: { collected: { $length: 4 } } }",
        "error-code" => "{ call: getThing, path: { thingId: ill-refused }, expect: { status: 404 } }",
        "error-form" => "{ call: getThing, path: { thingId: mute }, expect: { status: 404 } }",
        "header" => "{ call: getThing, path: { thingId: red }, expect: { headers: { X-Color: blue } } }",
        "identity" => "{ call: createThing, body: { name: \"${unique}\" } }",
        "link" => "{ call: listThings, expect: { link: { next: { $present: true } } } }",
        "oauth-error" => {
            "{ call: getThing, path: { thingId: mute }, expect: { status: 404, oauthError: invalid_client } }"
        }
        "origin" => "{ call: listThings, query: { limit: 12 }, paginate: { max: 2 } }",
        "pages" => "{ call: listThings, query: { limit: 11 }, paginate: { max: 2 } }",
        "path" => {
            "{ call: listThings, capture: { id: \"$[0].name\" } }, { call: getThing, path: { thingId: \"${id}\" } }"
        }
        "schema" => "{ call: getThing, path: { thingId: shapeless } }",
        "status" => "{ call: getThing, path: { thingId: teapot }, expect: { status: 200 } }",
        "value" => {
            "{ call: getThing, path: { thingId: red }, capture: { color: $.color }, expect: { values: { \"${color}\": blue } } }"
        }
        // HTTP itself keeps a body from a 204, so only a recording has one; the others are of streams of other versions.
        "empty-body" | "other" => return None,
        other => panic!("no case makes a check of the kind `{other}` fail"),
    })
}

/// Things that are wrong in one way each.
fn wrong() -> Server {
    Server::start(|request| Some(answer(request).header("X-Request-Id", "r1")))
}

fn answer(request: &Request) -> Answer {
    let refused = |body: Value| Answer::json(404, &body);
    let host = request.header("Host").unwrap_or_default();
    let list = Answer::json(200, &json!([{ "id": "a", "name": ".." }]));
    match (request.method.as_str(), request.target.as_str()) {
        ("POST", _) => Answer::json(201, &json!({ "name": "a" })),
        (_, "/api/v1/things?limit=11") => {
            list.header("Link", &format!("<http://{host}/api/v1/things?limit=11>; rel=\"next\""))
        }
        (_, "/api/v1/things?limit=12") => list.header("Link", "<http://127.0.0.1:1/api/v1/things>; rel=\"next\""),
        (_, "/api/v1/things") => list,
        (_, target) if target.ends_with("/mute") => refused(json!({})),
        (_, target) if target.ends_with("/ill-refused") => refused(json!({ "errorCode": "E0000999" })),
        (_, target) if target.ends_with("/teapot") => Answer::json(418, &json!({})),
        (_, target) if target.ends_with("/shapeless") => Answer::json(200, &json!({ "id": 1 })),
        (_, _) => Answer::json(200, &json!({ "id": "red", "name": "red", "color": "red" })),
    }
}

fn place() -> Place {
    let place = Place::with_suite(&[]);
    let operations = place.read("suite/schemas/operations.yaml");
    let create = "  - operationId: createThing\n";
    let makes = format!("{create}    makes: {{ name: /name, remove: [deleteThing] }}\n");
    place.write("suite/schemas/operations.yaml", &operations.replacen(create, &makes, 1));
    let cases = CheckKind::VARIANTS.iter().filter_map(|kind| {
        let steps = steps(kind)?;
        Some(format!("  - id: {kind}\n    title: It is false\n    requirements: [things.work]\n    steps: [{steps}]\n"))
    });
    let head = "area: things\ntopic: kinds\nprofile: core\ncases:\n";
    place.write("suite/cases/things/kinds.yaml", &format!("{head}{}", cases.collect::<String>()));
    place
}

#[test]
fn every_kind_of_check_is_seen_to_fail() {
    let (place, server) = (place(), wrong());
    let done = place.run(&["run", "things/kinds/**", "--suite", "suite", "--target", &server.url, "--no-preflight"]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let events = place.events();
    let mut falses: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for step in of_kind(&events, "step-finished") {
        let checks = step["findings"].as_array().into_iter().flatten().map(check);
        falses.entry(text(step, "trial")).or_default().extend(checks);
    }
    for kind in CheckKind::VARIANTS.iter().filter(|kind| steps(kind).is_some()) {
        let found = falses.get(&format!("things/kinds/{kind}"));
        let is_of = |check: &String| check == kind || check.starts_with(&format!("{kind} "));
        assert!(found.is_some_and(|found| found.iter().any(is_of)), "{kind}: {found:?}\n{}", done.out);
        assert_eq!(place.outcomes()[&format!("things/kinds/{kind}")], "failed", "{kind}");
    }
}

#[test]
fn a_body_of_a_204_is_seen_in_a_recording() {
    let place = place();
    let line = json!({
        "id": "one",
        "request": { "method": "DELETE", "url": "https://example.com/api/v1/things/a", "headers": {}, "body": null },
        "response": { "status": 204, "headers": { "X-Request-Id": ["r1"] }, "body": "left" },
    });
    place.write("one.jsonl", &format!("{line}\n"));
    let judged = place.run(&["verify", "one.jsonl", "--suite", "suite", "--format", "json"]);
    assert_eq!(judged.code, 1, "{}{}", judged.out, judged.err);
    assert!(judged.out.contains("\"empty-body\""), "{}", judged.out);
}
