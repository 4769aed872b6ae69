//! Tables of cases that go over the operations: who adds an operation adds its trials.

use std::{collections::BTreeMap, fs};

use super::{
    forms::{mistakes, root, yaml},
    support::{Place, copy, data, snapshot},
};

const WIDGET: &str = "/api/v1/authorizationServers/{authServerId}/widgets/{widgetId}";

/// The suite of this repository, in `suite`.
fn whole_suite() -> Place {
    let place = Place::new();
    for dir in ["cases", "schemas"] {
        copy(&root(dir), &place.path(&format!("suite/{dir}")));
    }
    place
}

/// The trials of the suite by ID, each as `list` has it.
fn listed(place: &Place) -> BTreeMap<String, serde_json::Value> {
    let done = place.run(&["list", "--suite", "suite", "--format", "json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let all: Vec<serde_json::Value> = serde_json::from_str(&done.out).expect("JSON");
    all.into_iter().map(|trial| (trial["id"].as_str().expect("an ID").to_owned(), trial)).collect()
}

/// Adds operations to the table.
fn add(place: &Place, operations: &str) {
    let table = place.read("suite/schemas/operations.yaml");
    place.write("suite/schemas/operations.yaml", &format!("{table}{operations}"));
}

fn operation(id: &str, method: &str, more: &str) -> String {
    format!(
        "\n  - operationId: {id}\n    title: Work on a widget\n    method: {method}\n    path: {WIDGET}\n    \
         success: {{ status: 204, schema: none }}\n    errors: {{ 403: [E0000006], 404: [E0000007] }}\n    \
         requirement: as.get\n{more}"
    )
}

#[test]
fn a_new_operation_joins_the_access_cases() {
    let place = whole_suite();
    let before = listed(&place);
    add(&place, &operation("getWidget", "GET", "    scope: okta.authorizationServers.read\n    row: get-widget\n"));
    let lacking = place.run(&["check", "suite"]);
    assert_eq!(lacking.code, 3);
    assert!(lacking.err.contains(&format!("add `{WIDGET}` to `rows.ids`")), "{}", lacking.err);

    let table = place.read("suite/schemas/operations.yaml");
    place.write("suite/schemas/operations.yaml", &table.replace("  ids:\n", &format!("  ids:\n    {WIDGET}: wid0\n")));
    let more = "    scope: okta.authorizationServers.manage\n    needs: [associated-servers]\n    row: replace-widget\n    \
                request: scope-request\n";
    add(&place, &operation("replaceWidget", "PUT", more));
    let after = listed(&place);
    let new: Vec<&str> = after.keys().filter(|id| !before.contains_key(*id)).map(String::as_str).collect();
    let expected = [
        "access/operations/invalid-token[get-widget]",
        "access/operations/invalid-token[replace-widget]",
        "access/operations/no-scope-with-a-body[replace-widget]",
        "access/operations/no-scope[get-widget]",
        "access/operations/no-token[get-widget]",
        "access/operations/no-token[replace-widget]",
        "access/operations/read-scope-with-a-body[replace-widget]",
    ];
    assert_eq!(new, expected);
    assert_eq!(after.len(), before.len() + new.len(), "no trial is lost");
    assert_eq!(after[expected[2]]["needs"], serde_json::json!(["oauth-scopes", "associated-servers"]));
    assert_eq!(after[expected[1]]["needs"], serde_json::json!([]));
    assert_eq!(after[expected[0]]["title"], "getWidget returns 401 with E0000011 for a token that was never issued");
    let forms = mistakes("operations", &yaml(&place.path("suite/schemas/operations.yaml")));
    assert_eq!(forms, [""; 0]);

    // The mock has no widgets, so that the stream has what was sent.
    let done = place.run(&["run", expected[2], expected[3], "--suite", "suite", "--jobs", "1"]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let events = place.read("reports/events.jsonl");
    assert_eq!(events.matches("/widgets/wid0\"").count(), 2, "{events}");
    assert!(
        !events.contains("/authorizationServers/aus00000000000000000/widgets"),
        "the server that was made: {events}"
    );

    let explained = place.run(&["explain", expected[2], "--suite", "suite"]).out;
    let table = place.read("suite/schemas/operations.yaml");
    let line = table.lines().position(|line| line.ends_with("operationId: replaceWidget")).expect("the operation") + 1;
    assert!(explained.contains(&format!("\n  row at suite/schemas/operations.yaml:{line}\n")), "{explained}");
}

#[test]
fn mistakes_in_tables_over_operations_are_at_their_place() {
    let place = Place::with_suite(&[]);
    let text = fs::read_to_string(data("mistakes/operations.yaml")).expect("a file of mistakes");
    place.write("suite/cases/things/operations.yaml", &text);
    let table = place
        .read("suite/schemas/operations.yaml")
        .replace("operationId: listThings\n", "operationId: listThings\n    row: list\n")
        .replace("operationId: createThing\n", "operationId: createThing\n    row: list\n    request: thing\n")
        .replace("operationId: getThing\n", "operationId: getThing\n    row: Get\n    needs: [telport]\n");
    let rows = "rows:\n  ids:\n    /api/v1/thing/{thingId}: a\n    /api/v1/things/{thingId}: \"${uniqe}\"\n  \
                bodies: { things: {} }\n  others: {}\n";
    place.write("suite/schemas/operations.yaml", &format!("{table}{rows}"));
    let done = place.run(&["check", "suite"]);
    assert_eq!(done.code, 3);
    snapshot(&place, "mistakes-tables", &done.err);
}
