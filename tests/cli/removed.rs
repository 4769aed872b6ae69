//! Cases that remove what they made themselves: whoever has seen that it is gone does not remove it once more, and nothing else stops a
//! clean-up request.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    gateway::{Call, Fate, Gateway, Manner, SERVERS},
    org::{Org, Wrong, play, run},
    server::Answer,
    support::{Place, copy, data},
};

/// What stands before the steps of a case; the first makes a server.
const MADE: &str = r#"area: authorization-servers
topic: removed
profile: core
cases:
  - id: removed
    title: A server is made and removed
    requirements: [as.create]
    steps:
      - call: createAuthorizationServer
        body: { name: "${unique}", description: Made by a conformance run, audiences: ["api://default"] }
        capture: { id: $.id }
        expect: { status: 201 }
"#;

/// What a step is done to.
const SERVER: &str = r#"path: { authServerId: "${id}" }"#;

const DEFERRED: &str = r#"        defer: [{ call: deleteAuthorizationServer, path: { authServerId: "${id}" } }]
"#;

fn delete() -> String {
    format!("      - {{ call: deleteAuthorizationServer, {SERVER}, expect: {{ status: 204 }} }}\n")
}

fn get(more: &str) -> String {
    format!("      - {{ call: getAuthorizationServer, {SERVER}, {more}expect: {{ status: 404 }} }}\n")
}

fn replace() -> String {
    let body = r#"body: { name: "${unique}", description: a, audiences: ["api://default"], issuerMode: ORG_URL }"#;
    format!("      - {{ call: replaceAuthorizationServer, {SERVER}, {body}, expect: {{ status: 404 }} }}\n")
}

/// What a gateway makes of what goes to a server.
#[derive(Debug, Clone, Copy)]
enum Lie {
    None,
    /// It answers the first DELETE, and the org never sees it.
    Deleted,
    /// The same, and to the first GET after it that nothing is there.
    Gone,
}

struct Scenario {
    steps: String,
    lie: Lie,
    /// Whether the suite says how what was made is removed; else the case does.
    makes: bool,
    /// How often it is removed.
    deletes: usize,
}

impl Scenario {
    fn of(steps: &[String], lie: Lie, deletes: usize) -> Self {
        Self { steps: steps.concat(), lie, makes: true, deletes }
    }
}

#[test]
fn what_a_case_has_seen_gone_is_not_removed_again_and_all_else_is() {
    let deferred = |steps: &[String], deletes| Scenario {
        makes: false,
        ..Scenario::of(&[&[DEFERRED.to_owned()], steps].concat(), Lie::None, deletes)
    };
    let accepted = get(r#"headers: { Accept: "*/*" }, "#);
    play(
        &[
            ("seen gone", Scenario::of(&[delete(), get("")], Lie::None, 1)),
            ("not looked for", Scenario::of(&[delete()], Lie::None, 2)),
            ("looked for with a header", Scenario::of(&[delete(), accepted], Lie::None, 2)),
            ("removed twice", Scenario::of(&[delete(), get(""), delete().replace("204", "404")], Lie::None, 3)),
            ("written to after it", Scenario::of(&[delete(), get(""), replace()], Lie::None, 2)),
            ("deferred, and seen gone", deferred(&[delete(), get("")], 1)),
            ("deferred, and not looked for", deferred(&[delete()], 2)),
            ("still there", Scenario::of(&[delete(), get("")], Lie::Deleted, 2)),
            ("there again", Scenario::of(&[delete(), get(""), get("")], Lie::Gone, 2)),
        ],
        play_one,
    );
}

fn play_one(scenario: &Scenario, org: &Org, wrong: &mut Wrong) -> String {
    let place = Place::new();
    for part in ["cases", "schemas"] {
        copy(&data("../..").join(part), &place.path(&format!("suite/{part}")));
    }
    if !scenario.makes {
        let table = place.path("suite/schemas/operations.yaml");
        let text = fs::read_to_string(&table).expect("a table");
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("    makes:")).collect();
        fs::write(&table, kept.join("\n")).expect("a table without what is made");
    }
    place.write("suite/cases/authorization-servers/removed.yaml", &format!("{MADE}{}", scenario.steps));
    let (lie, told) = (scenario.lie, AtomicUsize::new(0));
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let first =
            |number: usize| told.compare_exchange(number, number + 1, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        match lie {
            Lie::Deleted | Lie::Gone if call.request.method == "DELETE" && first(0) => {
                Fate::Answer(Answer::new(204, ""))
            }
            Lie::Gone if call.request.method == "GET" && is_of_a_server(call) && first(1) => {
                Fate::Answer(call.pass_as(&format!("{SERVERS}/aus0000000000nothing"), b""))
            }
            Lie::None | Lie::Deleted | Lie::Gone => Fate::Answer(call.pass()),
        }
    });
    let ran = run(&place, &gateway, &["authorization-servers/removed", "--suite", "suite"]);
    let honest = matches!(lie, Lie::None);
    wrong.unless(ran.done.code == i32::from(!honest), "the exit code");
    wrong.unless_clean(org, &place, &ran);
    let deletes = gateway.count("DELETE", |_| true);
    wrong.unless(deletes == scenario.deletes, format!("{deletes} times removed, not {}", scenario.deletes));
    ran.line()
}

fn is_of_a_server(call: &Call<'_>) -> bool {
    call.path().strip_prefix(SERVERS).is_some_and(|rest| rest.len() > 1)
}
