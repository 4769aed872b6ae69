//! The table of operations and statuses that a run has seen, and the keys of the operation table that it depends on.

use serde_json::json;

use super::{
    green::WHOLE,
    server::{Answer, Server},
    support::{Done, Place, check, of_kind, snapshot, text},
};

/// An endpoint that is none of the management API, and statuses that nobody can bring about.
const OPERATIONS: &str = "  - operationId: getHealth
    title: Say how it is
    method: GET
    path: /health
    success: { status: 200, schema: thing }
    errors: { 404: [], 503: [] }
    contract: none
    unreachable: { 503: nobody can break it on purpose, 404: nobody can break it on purpose }
    requirement: things.work
  - operationId: getThing
    unreachable: { 401: everybody may read }
";

const CASES: &str = r"area: things
topic: health
profile: core
cases:
  - id: well
    title: What is not of the API needs none of its headers
    requirements: [things.work]
    steps: [{ call: getHealth }]

  - id: lost
    title: What is not of the API refuses in its own way
    requirements: [things.work]
    steps: [{ call: getHealth, expect: { status: 404, body: not here } }]

  - id: of-the-api
    title: What is of the API needs all of it
    requirements: [things.work]
    steps:
      - call: getThing
        path: { thingId: lost }
        expect: { status: 404 }

  - id: of-the-api-in-the-raw
    title: A request in the raw is judged by where it goes
    requirements: [things.work]
    steps:
      - request: { method: GET, path: /health }
        expect: { status: 200 }
      - request: { method: GET, path: /api/v1/things/a }
        expect: { status: 200 }

  - id: unheard-of
    title: A status that the contract has for others is none of its own
    requirements: [things.work]
    steps: [{ call: getHealth }]
";

fn suite() -> Place {
    let place = Place::with_suite(&["colors"]);
    let (health, unreachable) = OPERATIONS.split_once("  - operationId: getThing\n").expect("two operations");
    let table = place.read("suite/schemas/operations.yaml");
    let table = table.replace("  - operationId: getThing\n", &format!("  - operationId: getThing\n{unreachable}"));
    place.write("suite/schemas/operations.yaml", &format!("{table}{health}"));
    place.write("suite/cases/things/health.yaml", CASES);
    place
}

/// Answers without the general header, and refusals without the form of errors.
fn bare(request: &super::server::Request, times: usize) -> Answer {
    let answer = match (request.target.as_str(), times) {
        ("/health", 1) => Answer::new(404, "\"not here\"").header("Content-Type", "application/json"),
        ("/health", 3) => Answer::json(401, &json!({ "errorCode": "E0000401", "text": "no" })),
        (path, _) if path.ends_with("lost") => Answer::json(404, &json!("not here")),
        _ => Answer::json(200, &json!({ "id": "a", "name": "a", "color": "red" })),
    };
    Answer { headers: answer.headers.into_iter().filter(|(name, _)| name != "X-Request-Id").collect(), ..answer }
}

fn run(place: &Place, pattern: &str, more: &[&str]) -> Done {
    let healthy = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let health = request.target == "/health";
        let times = if health { healthy.fetch_add(1, std::sync::atomic::Ordering::SeqCst) } else { 0 };
        Some(bare(request, times))
    });
    place.run(&[&["run", pattern, "--suite", "suite", "--target", &server.url, "--jobs", "1"], more].concat())
}

#[test]
fn an_operation_without_the_contract_is_held_to_its_own_words_alone() {
    let place = suite();
    let done = run(&place, "things/health", &[]);
    let outcomes: Vec<_> = place.outcomes().into_iter().collect();
    let outcome = |trial: &str, outcome: &str| (format!("things/health/{trial}"), outcome.to_owned());
    let expected = [
        outcome("lost", "passed"),
        outcome("of-the-api", "failed"),
        outcome("of-the-api-in-the-raw", "failed"),
        outcome("unheard-of", "failed"),
        outcome("well", "passed"),
    ];
    assert_eq!(outcomes, expected, "{}", done.out);
    let events = place.events();
    let failed: Vec<_> = of_kind(&events, "step-finished")
        .flat_map(|step| {
            step["findings"]
                .as_array()
                .cloned()
                .unwrap_or_default()
                .into_iter()
                .map(|found| (text(step, "call"), check(&found)))
        })
        .collect();
    let found = |call: &str, check: &str| (call.to_owned(), check.to_owned());
    assert_eq!(
        failed,
        [
            found("getThing", "error-form"),
            found("getThing", "error-code"),
            found("getThing", "header X-Request-Id"),
            found("GET /api/v1/things/a", "header X-Request-Id"),
            found("getHealth", "status"),
        ]
    );
}

#[test]
fn the_table_says_what_was_reached_and_what_is_out_of_reach() {
    let place = suite();
    let done = run(&place, "things", &["--report", "coverage", "--report", "coverage=other/place.md", "--quiet"]);
    assert_eq!(done.code, 1, "{}", done.err);
    let table = place.read("reports/coverage.md");
    snapshot(&place, "coverage", &table);
    assert_eq!(place.read("other/place.md"), table);
    let later = place.run(&["report", "reports/events.jsonl", "--format", "coverage", "--report", "coverage=later.md"]);
    assert_eq!((later.code, later.out.as_str()), (1, table.as_str()));
    assert_eq!(place.read("later.md"), table);
    let reached = table.lines().find_map(|line| line.split_once(" documented statuses were reached")).expect("a sum").0;
    assert!(done.last_line().contains(&format!("; coverage {reached} statuses")), "{reached}: {}", done.last_line());
}

#[test]
fn mistakes_in_these_keys_are_told() {
    let place = suite();
    let table = place.read("suite/schemas/operations.yaml");
    let table = table.replace("contract: none", "contract: some").replace("401: everybody", "499: everybody");
    place.write("suite/schemas/operations.yaml", &table.replace("503: nobody", "never: nobody"));
    let done = place.run(&["check", "suite"]);
    assert_eq!(done.code, 3, "{}", done.out);
    snapshot(&place, "mistakes-operations", &done.err);
}

#[test]
fn the_embedded_suite_says_of_every_status_that_it_misses_why() {
    let table = WHOLE.read("reports/coverage.md");
    assert!(!table.contains("\nNot reached: "), "{table}");
    assert!(table.contains("\nOut of reach, because "), "{table}");
}
