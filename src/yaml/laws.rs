//! What the reader of plain YAML takes, the library reads in the same way.

use std::{fs, path::Path};

use proptest::prelude::*;

use super::{plain::read, readers_agree};

/// Every file of the suite, and those of the tests, which are broken in many ways.
fn files(directory: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.extend(fs::read_to_string(&path));
        }
    }
}

fn all(directories: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for directory in directories {
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(directory), &mut found);
    }
    found
}

#[test]
fn the_library_reads_every_file_in_the_same_way() {
    for text in all(&["cases", "schemas", "tests"]) {
        assert!(readers_agree(&text), "{text}");
    }
}

/// Else the law above would say little, and reading a suite would be as slow as the library.
#[test]
fn most_of_the_suite_is_plain() {
    let suite = all(&["cases", "schemas"]);
    let plain = suite.iter().filter(|text| read(text).is_some()).count();
    assert!(plain * 4 > suite.len() * 3, "{plain} of {}", suite.len());
}

#[test]
fn what_is_not_plain_is_left_to_the_library() {
    let all = [
        "",
        "# a",
        "a",
        "- ",
        "a: b: c",
        "a:\n- b",
        "a: b\n  c",
        "a: |\n  b",
        "a: &b c",
        "a: *b",
        "a: !b c",
        "a: b\n---\na: b",
        "a: [b\n]",
        "a: [b, ]",
        "a: [b: c]",
        "a: {b}",
        "a: {b: }",
        "a: {\"b\":c}",
        "a: 'b''c'",
        "a: \"\\u0041\"",
        "a: b\n a: b",
        "a: b\na: c",
        "<<: b",
        "- - a",
        "a: - b",
        "a:\tb",
        "a: é",
        "a: \"b\" c",
        "a: \"b\"#c",
        "a: [b] c",
        "a: @b",
        "a : b",
        "? a",
        "- a\nb: c",
        "a: \"b",
        "a: {b: c",
    ];
    for text in all {
        assert!(read(text).is_none(), "{text:?}");
    }
}

#[test]
fn what_is_plain_is_read() {
    let all = [
        "a: b",
        "a:   # b\n  c: d#e",
        "- a\n- b: c\n  d: e\n-   f",
        "a: \"b\\n\\t\\\\\\\"c\"\nd: 'e\\n'",
        "a: [ b, \"c,d\" , {e: f, g: {}}, [] ] # h",
        "a: -1\nb: 1.5e3\nc: true\nd: null\ne: 010\nf:\ng: ~ # h",
        "# a\n\n401: b:c\n/d: $.e\n  \n",
    ];
    for text in all {
        assert!(read(text).is_some(), "{text:?}");
        assert!(readers_agree(text), "{text:?}");
    }
}

/// Lines of which suites consist, and the characters that mean something to YAML.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "(\n {0,6}(- )?[ab$]{1,2}:( |\n {0,8})?)",
        4 => "[ab1$/^.~-]{1,3}",
        2 => "[\\[\\]{},:#'\"\\\\ \n-]",
        1 => "(\\[a, b\\]|\\{ a: b, b: \\[\\] \\}|\"[ab:#\\\\\"' ]{0,4}\"|'[ab:#\\\\\" ]{0,4}'|true|null|-1.5e3| # a|: |, |---|\\.\\.\\.|<<|[|>&*!%@`?=][ab]?|\t|é)",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn the_library_reads_the_same(pieces in proptest::collection::vec(piece(), 1..14)) {
        let text = pieces.concat();
        prop_assert!(readers_agree(text.trim_start_matches('\n')), "{text:?}");
    }

    #[test]
    fn a_file_with_mistakes_is_read_the_same(at in any::<prop::sample::Index>(), length in 0_usize..4, new in piece()) {
        static TEXT: &str = include_str!("../../tests/data/things/cases/requirements.yaml");
        let at = at.index(TEXT.len());
        let text = format!("{}{new}{}", &TEXT[..at], &TEXT[(at + length).min(TEXT.len())..]);
        prop_assert!(readers_agree(&text), "{text:?}");
    }
}
