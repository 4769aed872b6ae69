//! Every matcher both ways: values for which it holds, and values for which it must be found false.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use regex::Regex;
use serde_json::Value;

use super::{
    server::{Answer, Server},
    support::{Place, check, of_kind, text},
};

/// A matcher as a case writes it, values that match, values that do not.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const ROWS: &[Row] = &[
    // Plain values.
    (r#""a""#, &[r#""a""#], &[r#""A""#, r#""a ""#, "1", "null", r#"["a"]"#]),
    ("1", &["1", "1.0", "1e0"], &["2", r#""1""#, "true", "-1"]),
    ("0.1", &["0.1", "1e-1"], &["0.2", "0"]),
    ("12345678901234567890", &["12345678901234567890"], &["12345678901234567891"]),
    ("true", &["true"], &["false", r#""true""#, "1"]),
    ("null", &["null"], &["0", r#""""#, "{}", "[]", "false"]),
    ("no", &[r#""no""#], &["false"]),
    // Plain objects and lists.
    ("{ a: 1 }", &[r#"{"a":1}"#, r#"{"b":2,"a":1}"#], &["{}", r#"{"a":2}"#, r#"{"A":1}"#, "[1]", "1"]),
    ("{ a: { b: 1 } }", &[r#"{"a":{"b":1,"c":2}}"#], &[r#"{"a":{"c":2}}"#, r#"{"a":[1]}"#, r#"{"a":null}"#]),
    ("{ a: null }", &[r#"{"a":null}"#], &["{}", r#"{"a":0}"#]),
    ("[1, { a: 2 }]", &[r#"[1,{"a":2,"b":3}]"#], &["[1]", r#"[{"a":2},1]"#, r#"[1,{"a":2},3]"#, r#"{"0":1}"#]),
    ("[]", &["[]"], &["[0]", "{}", "null"]),
    // Matchers.
    ("{ $exact: { a: [1] } }", &[r#"{"a":[1]}"#, r#"{"a":[1.0]}"#], &[r#"{"a":[1],"b":2}"#, r#"{"a":[1,2]}"#, "{}"]),
    ("{ $exact: [] }", &["[]"], &["[1]", "{}"]),
    ("{ $type: string }", &[r#""""#], &["1", "null", "[]", "{}", "true"]),
    ("{ $type: integer }", &["1", "1.0"], &["1.5", r#""1""#]),
    ("{ $type: number }", &["1", "1.5"], &[r#""1""#, "true"]),
    ("{ $type: boolean }", &["false"], &["0", "null"]),
    ("{ $type: [object, \"null\"] }", &["{}", "null"], &["[]", r#""x""#]),
    ("{ $type: array }", &["[]"], &["{}"]),
    ("{ $pattern: \"^a+$\" }", &[r#""aaa""#], &[r#""ab""#, r#""""#, "1", "null"]),
    ("{ $pattern: \"b\" }", &[r#""abc""#], &[r#""ac""#]),
    ("{ $format: date-time }", &[r#""2024-02-29T12:00:00.000Z""#], &[r#""2023-02-29T12:00:00Z""#, r#""today""#, "1"]),
    ("{ $format: uri }", &[r#""https://example.com/a""#], &[r#""/a""#, r#""""#]),
    ("{ $format: uuid }", &[r#""00000000-0000-4000-8000-000000000000""#], &[r#""0""#]),
    ("{ a: { $present: true } }", &[r#"{"a":1}"#, r#"{"a":null}"#], &["{}", r#"{"b":1}"#]),
    ("{ a: { $absent: true } }", &["{}", r#"{"b":1}"#], &[r#"{"a":1}"#, r#"{"a":null}"#]),
    ("{ $contains: { a: 1 } }", &[r#"[0,{"a":1,"b":2}]"#], &["[]", r#"[{"a":2}]"#, r#"{"a":1}"#]),
    ("{ $contains: ell }", &[r#""hello""#, r#"["ell"]"#], &[r#""help""#, r#"["hello"]"#, "1"]),
    ("{ $each: { $type: number } }", &["[1,2]", "[]"], &[r#"[1,"2"]"#, "1", "{}"]),
    ("{ $unordered: [1, 2] }", &["[2,1]", "[1,2]"], &["[1,1]", "[1]", "[1,2,3]", "[1,2,2]", "{}"]),
    // The first matcher takes what the second needs, unless one looks further.
    ("{ $unordered: [{ $type: number }, 1] }", &["[1,2]", "[2,1]"], &["[2,3]", r#"[1,"2"]"#]),
    ("{ $distinct: true }", &["[]", r#"[1,"1",true,{"a":1},{"a":2}]"#], &["[1,1.0]", r#"[{"a":1},{"a":1}]"#, "1"]),
    ("{ $length: 2 }", &["[0,0]", r#""äö""#, r#"{"a":1,"b":2}"#], &["[0]", r#""äöü""#, "{}", "2", "null"]),
    ("{ $length: { min: 1, max: 2 } }", &["[0]", "[0,0]"], &["[]", "[0,0,0]"]),
    ("{ $length: { min: 2 } }", &["[0,0,0]"], &["[0]"]),
    ("{ $oneOf: [1, { $type: string }] }", &["1", r#""x""#], &["2", "null"]),
    ("{ a: { $oneOf: [1, { $absent: true }] } }", &[r#"{"a":1}"#, "{}"], &[r#"{"a":2}"#, r#"{"a":null}"#]),
    ("{ $not: 1 }", &["2", "null"], &["1", "1.0"]),
    ("{ $not: { a: 1 } }", &["{}", r#"{"a":2}"#], &[r#"{"a":1,"b":2}"#]),
    ("{ a: { $not: 1 } }", &[r#"{"a":2}"#], &[r#"{"a":1}"#, "{}"]),
    ("{ $min: 1 }", &["1", "1.5"], &["0.9", r#""2""#, "null"]),
    ("{ $max: -1 }", &["-1", "-2"], &["0", r#""-2""#]),
    ("{ $min: 1, $max: 3 }", &["2"], &["0", "4"]),
    (
        "{ $notBefore: \"2024-01-01T00:00:00Z\" }",
        &[r#""2024-01-01T00:00:00.000Z""#, r#""2024-01-01T01:00:01+01:00""#],
        &[r#""2023-12-31T23:59:59.999Z""#, r#""2024-01-01T00:30:00+01:00""#, r#""later""#, "9999999999"],
    ),
    (
        "{ $notAfter: \"2024-01-01T00:00:00Z\" }",
        &[r#""2024-01-01T00:00:00Z""#, r#""2024-01-01T00:30:00+01:00""#],
        &[r#""2024-01-01T00:00:00.001Z""#, r#""earlier""#],
    ),
    (
        "{ $sameAs: { value: { a: 1, b: { c: 2 } }, except: [/b/c, /d] } }",
        &[r#"{"a":1,"b":{"c":3}}"#, r#"{"a":1,"b":{},"d":4}"#],
        &[r#"{"a":2,"b":{"c":2}}"#, r#"{"a":1}"#, r#"{"a":1,"b":{"c":2},"e":5}"#],
    ),
    ("{ $schema: thing }", &[r#"{"id":"a","name":"b"}"#], &[r#"{"id":"a"}"#, r#"{"id":"A","name":"b"}"#, "[]"]),
];

/// A matcher of a list, a list without what it wants, and the actual value that is told.
const LISTS: &[(&str, &str, &str)] = &[
    (
        "{ $contains: { $exact: { id: 2, a: { b: 1, c: 2 } } } }",
        r#"[{"id":1,"a":{"b":1,"c":1}},{"id":2,"a":{"b":1,"c":2,"d":2}}]"#,
        r#"a list whose nearest item differs at /a/d: [{"id":1,"a":{"b":1,"c":1}},{"id":2,"a":{"b":1,"c":2,"d":2}}]"#,
    ),
    (
        "{ $contains: { a: 1, b: 1, c: 1, d: 1, e: 1 } }",
        r#"[{"e":1}]"#,
        r#"a list whose nearest item differs at /a, /b, /c, …: [{"e":1}]"#,
    ),
    // Which of two is meant nobody knows, nor whether something of another type is.
    ("{ $contains: { a: 1, b: 1 } }", r#"[{"a":1,"b":2},{"a":2,"b":1}]"#, r#"[{"a":1,"b":2},{"a":2,"b":1}]"#),
    ("{ $contains: { a: 1 } }", "[1]", "[1]"),
    ("{ $contains: { a: 1 } }", "[]", "[]"),
    // What another matcher has taken is not near.
    (
        "{ $unordered: [{ a: 1 }, { b: 1, c: 1 }] }",
        r#"[{"a":1,"b":1},{"a":2,"b":2,"c":2}]"#,
        r#"a list whose nearest item differs at /b, /c: [{"a":1,"b":1},{"a":2,"b":2,"c":2}]"#,
    ),
    ("{ $not: { $not: { $contains: { a: 1 } } } }", r#"[{"a":2}]"#, r#"[{"a":2}]"#),
];

#[test]
fn a_list_without_an_item_is_told_with_what_the_nearest_one_lacks() {
    let rows = LISTS.iter().enumerate();
    let cases = rows.map(|(index, (matcher, value, _))| case(&format!("list-{index}"), matcher, value));
    let events = run(&cases.collect::<String>()).events();
    let steps = of_kind(&events, "step-finished");
    let told = steps.map(|step| (text(step, "trial"), told(&step["findings"][0]["actual"])));
    let expected = LISTS.iter().enumerate().map(|(index, (_, _, actual))| {
        let trial = format!("things/matchers/list-{index}");
        (trial, (*actual).to_owned())
    });
    assert_eq!(told.collect::<BTreeMap<_, _>>(), expected.collect());
}

/// A value that is no list of its own, and where the item that comes nearest differs.
fn told(actual: &Value) -> String {
    let of = &actual["of"];
    match text(actual, "is").as_str() {
        "value" => of["value"].to_string(),
        "nearest" => {
            let at: Vec<&str> = of["at"].as_array().expect("places").iter().filter_map(Value::as_str).collect();
            let more = if of["more"] == true { ", …" } else { "" };
            format!("a list whose nearest item differs at {}{more}: {}", at.join(", "), of["list"]["value"])
        }
        other => panic!("{other}"),
    }
}

#[test]
fn every_matcher_is_seen_to_hold_and_seen_to_fail() {
    let place = run(&cases());
    let events = place.events();
    let outcomes = place.outcomes();
    let mut wrong = Vec::new();
    let mut trials = 0;
    for (index, (matcher, holds, fails)) in ROWS.iter().enumerate() {
        let holds = holds.iter().map(|value| (value, "holds", "passed"));
        let fails = fails.iter().map(|value| (value, "fails", "failed"));
        for (number, (value, word, expected)) in holds.chain(fails).enumerate() {
            trials += 1;
            let id = format!("things/matchers/m{index}-{number}-{word}");
            if outcomes[&id] != expected {
                wrong.push(format!("{matcher} on {value}: {} instead of {expected}", outcomes[&id]));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(outcomes.len(), trials);
    // Every failure is the matcher's, and no answer was at fault otherwise.
    let steps = of_kind(&events, "step-finished");
    let checks = steps.flat_map(|step| step["findings"].as_array().cloned().unwrap_or_default());
    assert_eq!(checks.map(|found| check(&found)).find(|check| check != "body"), None);
}

/// A run of these cases against a server that sends back what it gets.
fn run(cases: &str) -> Place {
    let server = Server::start(|request| {
        Some(Answer::new(200, request.body.clone()).header("Content-Type", "application/json"))
    });
    let place = Place::with_suite(&[]);
    let text = format!("area: things\ntopic: matchers\nprofile: core\ncases:\n{cases}");
    place.write("suite/cases/things/matchers.yaml", &text);
    let done = place.run(&["run", "--suite", "suite", "--target", &server.url, "--quiet"]);
    assert!(!place.events().is_empty(), "{}", done.err);
    place
}

/// The schema for editors has all matchers, as a test of the matchers says.
#[test]
fn each_matcher_is_here_and_in_the_words_that_files_are_fuzzed_with() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = fs::read_to_string(root.join("schemas/harness/cases.schema.json")).expect("a schema");
    let names = Regex::new(r#""(\$[a-zA-Z]+)": \{"#).expect("a pattern");
    let names: BTreeSet<&str> =
        names.captures_iter(&schema).map(|found| found.extract::<1>().1[0]).filter(|name| *name != "$defs").collect();
    assert!(names.len() > 10, "{names:?}");
    // Not beside the package that is published.
    let words = fs::read_to_string(root.join("fuzz/dict/yaml"));
    for name in names {
        // Those of tokens are tested with tokens.
        let is_here = ROWS.iter().any(|(matcher, ..)| matcher.contains(&format!("{name}:")));
        assert!(is_here || name == "$jwt", "no row of {name}");
        assert!(
            words.as_ref().is_ok_and(|words| words.contains(&format!("\"{name}\""))) || words.is_err(),
            "fuzz/dict/yaml needs {name}"
        );
    }
}

/// A case a value.
fn cases() -> String {
    let mut text = String::new();
    for (index, (matcher, holds, fails)) in ROWS.iter().enumerate() {
        let holds = holds.iter().map(|value| (value, "holds"));
        let fails = fails.iter().map(|value| (value, "fails"));
        for (number, (value, word)) in holds.chain(fails).enumerate() {
            text += &case(&format!("m{index}-{number}-{word}"), matcher, value);
        }
    }
    text
}

fn case(id: &str, matcher: &str, value: &str) -> String {
    let checked: Value = serde_json::from_str(value).expect("JSON");
    assert!(!checked.to_string().contains("${"), "no template");
    format!(
        "  - id: {id}\n    title: A matcher of {id}\n    requirements: [things.work]\n    steps:\n      - \
         request: {{ method: POST, path: /echo }}\n        raw: '{value}'\n        expect: {{ status: 200, body: {matcher} }}\n"
    )
}
