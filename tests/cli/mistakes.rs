//! Mistakes in suites: found before anything is sent, all of them at once, each with its place and a remedy.

use std::fs;

use super::support::{Done, Place, data, finish, snapshot};

/// Adds a file of `tests/data/mistakes` to the suite of things and checks it.
fn check(name: &str) -> (Place, Done) {
    let place = Place::with_suite(&[]);
    let text = fs::read_to_string(data(&format!("mistakes/{name}.yaml"))).expect("a file of mistakes");
    place.write(&format!("suite/cases/things/{name}.yaml"), &text);
    let done = place.run(&["check", "suite"]);
    assert_eq!(done.out, "");
    assert_eq!(done.code, 3);
    (place, done)
}

/// How many mistakes the last line speaks of.
fn counted(done: &Done) -> usize {
    let last = done.err.trim_end().lines().last().unwrap_or_default();
    last.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no count in {last}"))
}

#[test]
fn all_mistakes_of_a_file_come_at_once() {
    let (place, done) = check("many");
    assert_eq!(counted(&done), done.err.lines().filter(|line| line.starts_with("error: ")).count());
    snapshot(&place, "mistakes-many", &done.err);
}

#[test]
fn no_mistake_waits_for_another_to_be_mended() {
    let place = Place::with_suite(&[]);
    let text = fs::read_to_string(data("mistakes/rounds.yaml")).expect("a file of mistakes");
    place.write("suite/cases/things/rounds.yaml", &text);
    let requirements = place.read("suite/cases/requirements.yaml");
    let idle = "  - { id: things.idle, text: Nobody looks, sources: [{ kind: docs, ref: page }] }\n";
    place.write("suite/cases/requirements.yaml", &format!("{requirements}{idle}"));
    let done = place.run(&["check", "suite"]);
    assert_eq!(done.code, 3);
    snapshot(&place, "mistakes-rounds", &done.err);
    // A name that is none may be meant to be the one that seems idle.
    let broken = text.replacen("[things.work]", "[things.idel]", 1);
    place.write("suite/cases/things/rounds.yaml", &broken);
    let done = place.run(&["check", "suite"]);
    assert!(done.err.contains("unknown requirement `things.idel`"), "{}", done.err);
    assert!(!done.err.contains("no check is held"), "{}", done.err);
}

#[test]
fn a_long_line_is_shown_around_its_mistake_in_the_columns_there_are() {
    let place = Place::with_suite(&[]);
    let steps = "{ call: listThings, query: { limit: 1 } }, ".repeat(6);
    let case = format!(
        "area: things\ntopic: long\nprofile: core\ncases:\n  - id: long\n    title: Long\n    requirements: [things.work]\n    steps: [{steps}{{ call: getThingg }}, {steps}]\n"
    );
    place.write("suite/cases/things/long.yaml", &case);
    let widest = |columns: &[(&str, &str)]| {
        let mut command = place.command(&["check", "suite"]);
        let done = finish(command.envs(columns.iter().copied()).spawn().expect("the program starts"));
        assert!(done.err.contains("unknown operation `getThingg`"), "{}", done.err);
        let shown = done.err.lines().find(|line| line.contains("call: getThingg")).expect("the line").to_owned();
        let caret = done.err.lines().find(|line| line.trim_end().ends_with("^^^^^^^^^")).expect("a caret");
        assert_eq!(shown.find("getThingg"), caret.find('^'), "{}", done.err);
        shown.chars().count()
    };
    assert_eq!([widest(&[("COLUMNS", "80")]), widest(&[])], [80, 100]);
}

#[test]
fn mistakes_in_matchers_are_found_in_every_one() {
    let (place, done) = check("matchers");
    assert_eq!(counted(&done), done.err.lines().filter(|line| line.starts_with("error: ")).count());
    snapshot(&place, "mistakes-matchers", &done.err);
}

#[test]
fn ids_and_aliases_name_one_trial_each() {
    let (place, done) = check("names");
    snapshot(&place, "mistakes-names", &done.err);
}

#[test]
fn mistakes_in_the_head_of_a_case_are_at_their_place() {
    let (place, done) = check("heads");
    snapshot(&place, "mistakes-heads", &done.err);
}

#[test]
fn files_are_read_however_their_extension_is_written() {
    let place = Place::with_suite(&["levels", "values"]);
    let listed = |place: &Place| place.run(&["list", "--suite", "suite"]).out;
    let expected = listed(&place);
    assert!(expected.contains("things/levels/") && expected.contains("things/values/"), "{expected}");
    for (from, to) in [
        ("cases/things/levels.yaml", "cases/things/levels.yml"),
        ("cases/things/values.yaml", "cases/things/values.YAML"),
        ("cases/requirements.yaml", "cases/requirements.Yml"),
        ("schemas/operations.yaml", "schemas/operations.yml"),
        ("schemas/okta/thing.schema.json", "schemas/okta/thing.schema.JSON"),
    ] {
        fs::rename(place.path("suite").join(from), place.path("suite").join(to)).expect("another name");
    }
    let done = place.run(&["check", "suite"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{}", done.err);
    assert_eq!(listed(&place), expected);
    let one = place.run(&["check", "suite/cases/things/levels.yml"]);
    assert_eq!((one.code, one.err.as_str()), (0, ""), "it is part of the suite around it");
    // JSON is YAML.
    let case = r#"{"area": "things", "topic": "json", "profile": "core", "cases": [{"id": "lists", "title": "Things are listed",
        "requirements": ["things.work"], "steps": [{"call": "listThings"}]}]}"#;
    place.write("suite/cases/things/json.json", case);
    assert!(listed(&place).contains("things/json/lists"), "{}", place.run(&["check", "suite"]).err);
}

#[test]
fn a_file_that_would_not_be_read_is_a_mistake() {
    let place = Place::with_suite(&["levels"]);
    place.write("suite/cases/things/notes.md", "- no case");
    place.write("suite/schemas/harness/cases.schema.json", "for editors");
    assert_eq!(place.run(&["check", "suite"]).code, 0);
    for (file, text) in [
        ("schemas/okta/thing.YML", "type: object\n"),
        ("schemas/harness/own.yaml", "type: object\n"),
        ("schemas/other/thing.schema.json", "{\"$id\": \"https://a.test/thing.schema.json\"}\n"),
        ("cases/vocabulary.yml", "principals: []\n"),
    ] {
        place.write(&format!("suite/{file}"), text);
    }
    let done = place.run(&["check", "suite"]);
    assert_eq!((done.code, counted(&done)), (3, 4), "{}", done.err);
    snapshot(&place, "mistakes-unread", &done.err);
}

#[test]
fn a_pattern_of_another_dialect_is_named_at_its_place() {
    let place = Place::with_suite(&["levels"]);
    let schema = place.read("suite/schemas/okta/thing.schema.json");
    let patterns = r#""patternProperties": { "(a)\\1": { "pattern": "^(?!x)\\d+$" } }, "properties""#;
    place.write("suite/schemas/okta/thing.schema.json", &schema.replacen("\"properties\"", patterns, 1));
    let done = place.run(&["check", "suite"]);
    assert_eq!(done.code, 3);
    snapshot(&place, "mistakes-patterns", &done.err);
}

#[test]
fn the_first_byte_that_is_no_text_is_named() {
    let place = Place::with_suite(&["levels"]);
    let broken = [b"# \xc3\xa4\n# \xc3\xa4b".as_slice(), b"\xff\n"].concat();
    fs::write(place.path("suite/cases/things/broken.yaml"), broken).expect("a file");
    let done = place.run(&["check", "suite"]);
    let expected = "error: cannot read suite/cases/things/broken.yaml\n  because: it is not UTF-8: the byte 0xff at line 2, \
                    column 5 begins no character\n";
    assert_eq!((done.code, done.err.as_str()), (3, expected));
}

#[test]
fn what_is_no_yaml_for_us_is_refused_at_its_place() {
    for name in ["syntax", "anchor", "merge", "tag", "twice", "documents", "number", "infinite"] {
        let (place, done) = check(name);
        assert_eq!(counted(&done), 1, "{}", done.err);
        snapshot(&place, &format!("mistakes-yaml-{name}"), &done.err);
    }
}

#[test]
fn nothing_is_asserted_on_inference_alone() {
    let place = Place::with_suite(&["guess"]);
    let requirements = place.read("suite/cases/requirements.yaml");
    let guess = "  - { id: things.guess, text: A thing may be green, sources: [{ kind: inferred, ref: a hunch }] }\n";
    place.write("suite/cases/requirements.yaml", &format!("{requirements}{guess}"));
    let done = place.run(&["check", "suite"]);
    assert_eq!(done.code, 3);
    snapshot(&place, "mistakes-inference", &done.err);
}

#[test]
fn a_requirement_that_nothing_is_held_to_is_a_mistake() {
    let place = Place::with_suite(&["levels"]);
    let requirements = place.read("suite/cases/requirements.yaml");
    let idle = "  - { id: things.idle, text: Nobody looks, sources: [{ kind: docs, ref: page }] }\n";
    place.write("suite/cases/requirements.yaml", &format!("{requirements}{idle}"));
    let done = place.run(&["check", "suite"]);
    assert_eq!(done.code, 3);
    snapshot(&place, "mistakes-idle-requirement", &done.err);
}

#[test]
fn operations_and_schemas_are_checked_too() {
    let place = Place::with_suite(&["levels"]);
    let operations = place.read("suite/schemas/operations.yaml");
    let broken = operations
        .replace("schema: things }", "schema: thingies }")
        .replace(
            "requirement: things.work\n  - operationId: getThing",
            "requirement: things.wrok\n  - operationId: getThing",
        )
        .replace("success: { status: 204", "succes: { status: 204");
    place.write("suite/schemas/operations.yaml", &broken);
    place.write(
        "suite/schemas/okta/thing.schema.json",
        "{\n  \"$id\": \"https://okta-conformance.test/schemas/thing.schema.json\",\n  \"type\": \"objet\"\n}\n",
    );
    place.write("suite/schemas/okta/error.schema.json", "{\n  \"$id\": \"x:z\",\n  \"type\": \n}\n");
    let done = place.run(&["check", "suite"]);
    assert_eq!(done.code, 3);
    snapshot(&place, "mistakes-schemas", &done.err);
}

/// An operation that cases over all operations do not choose would be left out of them, and nobody would miss it.
#[test]
fn an_operation_that_would_be_left_out_in_silence_is_a_mistake() {
    let place = Place::with_suite(&["levels"]);
    let operations = place.read("suite/schemas/operations.yaml");
    let scoped =
        operations.replace("    path: /api/v1/things\n", "    path: /api/v1/things\n    scope: things.read\n").replace(
            "    path: /api/v1/things/{thingId}\n    success: { status: 204",
            "    path: /api/v1/things/{thingId}\n    scope: things.raed\n    success: { status: 204",
        );
    let again = "  - operationId: findThing\n    title: Find a thing\n    method: get\n    path: /api/v1/things/{name}\n    scope: things.read\n    \
                 success: { status: 200, schema: thing }\n    requirement: things.work\n";
    place.write("suite/schemas/operations.yaml", &format!("{}\n{again}", scoped.trim_end()));
    let done = place.run(&["check", "suite"]);
    assert_eq!(done.code, 3, "{}", done.out);
    snapshot(&place, "mistakes-left-out", &done.err);
}

#[test]
fn a_suite_without_mistakes_says_what_it_holds() {
    let place = Place::with_suite(&["levels"]);
    let done = place.run(&["check", "suite"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    assert_eq!(done.out, "suite: no mistakes in 11 trials and 7 requirements\n");
    // A file of it is checked as part of it.
    let one = place.run(&["check", "suite/cases/things/levels.yaml"]);
    assert_eq!(one.code, 0, "{}", one.err);
    assert!(one.out.ends_with("no mistakes in 11 trials and 7 requirements\n"), "{}", one.out);
}

#[test]
fn a_file_that_every_suite_has_is_missed_by_its_name() {
    for file in ["schemas/operations.yaml", "cases/requirements.yaml", "cases/vocabulary.yaml"] {
        let place = Place::with_suite(&["levels"]);
        fs::remove_file(place.path("suite").join(file)).expect("a file of the suite");
        let done = place.run(&["check", "suite"]);
        let missed =
            format!("error: suite is not a suite: it has no `{file}` (docs/writing-cases.md shows a whole suite)\n");
        assert_eq!((done.code, done.err), (3, missed));
    }
}

/// The page's files, each named before its block, make the suite that the page shows.
#[test]
fn the_suite_of_the_manual_is_whole() {
    let manual = fs::read_to_string(data("../../docs/writing-cases.md")).expect("the manual");
    let chapter = manual.split("\n## ").find_map(|text| text.strip_prefix("The smallest suite\n")).expect("a chapter");
    let place = Place::new();
    let mut blocks = chapter.split("\n```");
    let mut before = blocks.next().expect("a text");
    let mut files = 0;
    while let (Some(block), Some(after)) = (blocks.next(), blocks.next()) {
        let name = before.trim_start().strip_prefix('`').and_then(|text| text.split('`').next());
        if let Some(name) = name.filter(|name| name.starts_with("mine/")) {
            let (_, content) = block.split_once('\n').expect("a language");
            place.write(name, &format!("{content}\n"));
            files += 1;
        }
        before = after;
    }
    assert_eq!(files, 6);
    let done = place.run(&["check", "mine"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{}", done.out);
    assert!(done.out.starts_with("mine: no mistakes in 1 trial"), "{}", done.out);
    let done = place.run(&["run", "--suite", "mine"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.contains("1 passed"), "{}", done.out);
    // Each of them is needed.
    for name in place.files().into_keys().filter(|name| name.starts_with("mine/") && !name.ends_with("/list.yaml")) {
        let text = place.read(&name);
        fs::remove_file(place.path(&name)).expect("a file");
        assert_eq!(place.run(&["check", "mine"]).code, 3, "without {name}");
        place.write(&name, &text);
    }
}

#[test]
fn a_run_with_mistakes_sends_nothing_and_writes_nothing_but_that() {
    let place = Place::with_suite(&[]);
    let text = fs::read_to_string(data("mistakes/many.yaml")).expect("a file of mistakes");
    place.write("suite/cases/things/many.yaml", &text);
    let before = place.files().len();
    for command in [&["run", "--report", "junit"][..], &["list"], &["explain", "things/many/x"]] {
        let done = place.run(&[command, &["--suite", "suite"]].concat());
        assert_eq!(done.code, 3, "{command:?}");
        assert!(done.err.contains("nothing was sent"), "{}", done.err);
    }
    assert_eq!(place.files().len(), before + 1, "the report that was asked for says it");
    assert!(place.read("reports/junit.xml").contains("errors=\"1\""), "{}", place.read("reports/junit.xml"));
}
