//! What an org shares with others is written to only by cases that say so, on targets that allow it.

use serde_json::json;

use super::{
    server::{Answer, Server},
    support::{Done, Place, of_kind, text},
};

/// Writes to what is protected, in ways that a case may stumble into.
const CASES: &str = r#"area: things
topic: shared
profile: core
cases:
  - id: undeclared
    title: A case that does not say that it writes there (${what})
    requirements: [things.work]
    each:
      - { row: delete, what: itself, method: DELETE, path: /api/v1/things/shared }
      - { row: below, what: below it, method: POST, path: /api/v1/things/shared/parts }
      - { row: query, what: with a query, method: PUT, path: "/api/v1/things/shared?force=true" }
      - { row: slash, what: with a last slash, method: DELETE, path: /api/v1/things/shared/ }
      - { row: dots, what: by a way round, method: DELETE, path: /api/v1/things/x/../shared }
      - { row: dot, what: by a dot, method: DELETE, path: /api/v1/things/./shared }
      - { row: hidden-dot, what: by a hidden dot, method: DELETE, path: /api/v1/things/%2e/shared }
      - { row: hidden, what: with a percent sign, method: DELETE, path: /api/v1/things/%73hared }
      - { row: twice, what: with two slashes, method: DELETE, path: /api/v1//things/shared }
    steps:
      - request: { method: "${method}", path: "${path}" }
        expect: { status: 204 }

  - id: undeclared-call
    title: A call that does not say that it writes there
    requirements: [things.work]
    steps:
      - call: deleteThing
        path: { thingId: shared }

  - id: undeclared-clean-up
    title: A clean-up that does not say that it writes there
    requirements: [things.work]
    steps:
      - call: getThing
        path: { thingId: a }
        defer: [{ call: deleteThing, path: { thingId: shared } }]

  - id: undeclared-link
    title: A link that leads there
    requirements: [things.work]
    steps:
      - call: getThing
        path: { thingId: a }
        capture: { link: { link: next } }
      - request: { method: DELETE, url: "${link}" }
        expect: { status: 204 }

  - id: declared
    title: A case that says that it writes there
    requirements: [things.work]
    needs: [teleport]
    steps:
      - call: deleteThing
        path: { thingId: shared }

  - id: reads
    title: Who reads needs to say nothing
    requirements: [things.work]
    steps:
      - call: getThing
        path: { thingId: shared }

  - id: neighbour
    title: What is called alike is not the same
    requirements: [things.work]
    steps:
      - call: deleteThing
        path: { thingId: shared-not }
"#;

/// A target that has every capability, and whose link leads to what is shared.
fn run(pattern: &str, more: &[&str]) -> (Place, Vec<String>, Done) {
    let server = Server::start(|request| {
        let host = request.header("Host").unwrap_or_default();
        // The same origin, written in another way.
        let link = format!("<HTTP://{host}/api/v1/things/shared>; rel=\"next\"");
        Some(match request.method.as_str() {
            "GET" => Answer::json(200, &json!({ "id": "a", "name": "a", "color": "red" })).header("Link", &link),
            _ => Answer::new(204, ""),
        })
    });
    let place = Place::with_suite(&[]);
    place.write("suite/cases/things/shared.yaml", CASES);
    let table = place.read("suite/schemas/operations.yaml");
    let protected = "  protected: [{ path: /api/v1/things/shared, unless: [teleport] }]\n  errors:\n";
    place.write("suite/schemas/operations.yaml", &table.replacen("  errors:\n", protected, 1));
    place.target(&server.url, &["admin", "manager"], &["teleport"]);
    let done = place.run(&[&["run", pattern, "--suite", "suite", "--target", "here", "--jobs", "1"], more].concat());
    (place, server.lines(), done)
}

#[test]
fn a_case_that_does_not_say_so_is_an_error_and_nothing_is_sent() {
    for allowed in [&[][..], &["--allow-default-server"]] {
        let (place, sent, done) = run("things/shared/undeclared", allowed);
        let outcomes = place.outcomes();
        let wrong: Vec<_> = outcomes.iter().filter(|(_, outcome)| *outcome != "errored").collect();
        assert_eq!((sent.as_slice(), wrong), (&[][..], vec![]), "{}", done.out);
        assert_eq!(outcomes.len(), 9);
        assert_eq!(done.code, 2);
        let events = place.events();
        for event in of_kind(&events, "trial-finished") {
            let reason = text(event, "reason");
            assert!(
                reason.ends_with(" does not belong to the run, and the case does not declare that it writes there"),
                "{reason}"
            );
        }

        let (place, sent, _) = run("things/shared/undeclared-call", allowed);
        assert_eq!((sent, place.outcomes()["things/shared/undeclared-call"].as_str()), (vec![], "errored"));
    }
}

#[test]
fn neither_a_clean_up_nor_a_link_leads_round_it() {
    let (place, sent, done) = run("things/shared/undeclared-clean-up", &["--allow-default-server"]);
    assert_eq!(sent, ["GET /api/v1/things/a"]);
    let events = place.events();
    let leak = of_kind(&events, "leaked").next().expect("what was not done is told");
    assert_eq!(text(leak, "reason"), "/api/v1/things/shared does not belong to the run", "{}", done.out);

    let (place, sent, _) = run("things/shared/undeclared-link", &["--allow-default-server"]);
    assert_eq!(sent, ["GET /api/v1/things/a"]);
    assert_eq!(place.outcomes()["things/shared/undeclared-link"], "errored");
}

#[test]
fn a_case_that_says_so_runs_where_it_was_allowed() {
    let (place, sent, done) = run("things/shared/declared", &[]);
    assert_eq!((sent, place.outcomes()["things/shared/declared"].as_str()), (vec![], "not-applicable"));
    let events = place.events();
    let finished = of_kind(&events, "trial-finished").next().expect("a trial");
    assert_eq!(text(finished, "reason"), "the target lacks the capability teleport");
    assert_eq!(done.code, 2, "nothing was judged");

    let (place, sent, done) = run("things/shared/declared", &["--allow-default-server"]);
    assert_eq!(sent, ["DELETE /api/v1/things/shared"]);
    assert_eq!((done.code, place.outcomes()["things/shared/declared"].as_str()), (0, "passed"), "{}", done.out);
}

#[test]
fn reading_and_neighbours_are_free() {
    let (_, sent, done) = run("things/shared/reads", &[]);
    assert_eq!((sent, done.code), (vec!["GET /api/v1/things/shared".to_owned()], 0), "{}", done.out);
    let (_, sent, done) = run("things/shared/neighbour", &[]);
    assert_eq!((sent, done.code), (vec!["DELETE /api/v1/things/shared-not".to_owned()], 0), "{}", done.out);
}

#[test]
fn what_is_shared_is_not_written_to_by_its_identifier_either() {
    // Whatever is made has the identifier of what is shared.
    let server = Server::start(|request| {
        let thing = json!({ "id": "thi1shared", "name": "a", "color": "red" });
        Some(match request.method.as_str() {
            "GET" => Answer::json(200, &thing),
            "POST" => Answer::json(201, &thing),
            _ => Answer::new(204, ""),
        })
    });
    let place = Place::with_suite(&[]);
    let cases = r#"area: things
topic: shared
profile: core
cases:
  - id: made
    title: What is made is removed
    requirements: [things.work]
    steps:
      - call: createThing
        body: { name: a }
        capture: { id: "$.id" }
        defer: [{ call: deleteThing, path: { thingId: "${id}" } }]
  - id: removed
    title: What is there is removed
    requirements: [things.work]
    steps:
      - { call: deleteThing, path: { thingId: thi1shared } }
  - id: declared
    title: A case that says that it writes there
    requirements: [things.work]
    needs: [teleport]
    steps:
      - { call: deleteThing, path: { thingId: thi1shared } }
"#;
    place.write("suite/cases/things/shared.yaml", cases);
    let table = place.read("suite/schemas/operations.yaml");
    let protected = "  protected: [{ path: /api/v1/things/shared, alias: \"/api/v1/things/{id}\", unless: [teleport] }]\n  errors:\n";
    place.write("suite/schemas/operations.yaml", &table.replacen("  errors:\n", protected, 1));
    place.target(&server.url, &["admin", "manager"], &["teleport"]);
    let run = |pattern: &str| {
        let arguments = ["run", pattern, "--suite", "suite", "--target", "here", "--allow-default-server"];
        place.run(&arguments)
    };
    let asked = "GET /api/v1/things/shared".to_owned();
    assert_eq!(run("things/shared/removed").code, 2);
    assert_eq!(server.lines(), [asked.as_str()], "it is asked what is shared, and nothing is written");
    let done = run("things/shared/made");
    assert_eq!(server.lines()[1..], [asked.as_str(), "POST /api/v1/things"], "{}", done.out);
    assert!(done.out.contains("/api/v1/things/thi1shared does not belong to the run"), "{}", done.out);
    let swept = place.run(&["sweep", "--suite", "suite", "--target", "here"]);
    assert_eq!(swept.code, 2, "{}{}", swept.out, swept.err);
    assert!(swept.out.contains("the suite does not list this request as a removal"), "{}", swept.out);
    assert_eq!(server.lines()[3..], [asked.as_str()]);
    assert_eq!(run("things/shared/declared").code, 0);
    assert_eq!(server.lines()[4..], [asked.as_str(), "DELETE /api/v1/things/thi1shared"]);
}

#[test]
fn who_cannot_tell_what_is_shared_is_not_written_to() {
    for status in [503, 500, 407, 408, 421, 425] {
        let server = Server::start(move |request| {
            Some(match request.method.as_str() {
                "GET" => Answer::new(status, ""),
                "POST" => Answer::json(201, &json!({ "id": "aus1mine" })),
                _ => Answer::new(204, ""),
            })
        });
        let place = Place::new();
        place.target(&server.url, &["admin"], &[]);
        let trial = "authorization-servers/get/same-as-created";
        let done = place.run(&["run", trial, "--target", "here", "--no-preflight"]);
        assert_eq!(done.code, 2, "{status}: {}", done.out);
        let sent = server.lines();
        assert!(
            !sent.is_empty() && sent.iter().all(|line| line.starts_with("GET ") || line == " "),
            "{status}: {sent:?}"
        );
    }
}
