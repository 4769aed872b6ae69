//! The borders between modules, held to by reading the source: who may know whom.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Every file of `src` with its path from there and its code, and every file of `mock/src` with its path from the top: comments and tests
/// are cut.
fn sources() -> Vec<(String, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut open, mut all): (Vec<PathBuf>, Vec<(String, String)>) =
        (vec![top.join("src"), top.join("mock/src")], Vec::new());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).expect("a directory").map(|entry| entry.expect("an entry").path()));
            continue;
        }
        // Files of tests alone.
        let is_test = path.file_name().is_some_and(|name| name == "laws.rs" || name == "tests.rs");
        if is_test || path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let path = path.strip_prefix(top.join("src")).or_else(|_| path.strip_prefix(top)).expect("below");
        all.push((path.display().to_string(), code));
    }
    assert!(all.len() > 50, "the sources were found");
    all
}

/// The modules of the crate that a file names by `crate::…`, also in groups such as `crate::{a, b::C}`.
fn named(code: &str) -> Vec<String> {
    named_behind("crate::", code)
}

/// The first names of the paths that begin so.
fn named_behind(beginning: &str, code: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (at, path) in code.match_indices(beginning) {
        let rest = &code[at + path.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            all.push(word(rest));
            continue;
        };
        let (mut depth, mut fresh) = (1, true);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => fresh = true,
                c if c.is_whitespace() => {}
                _ if fresh && depth == 1 => {
                    all.push(word(&group[at..]));
                    fresh = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    all
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Files that `suspect` and are not allowed to.
fn offenders(suspect: impl Fn(&str, &str) -> bool, allowed: &[&str]) -> Vec<String> {
    let files = sources().into_iter().filter(|(path, code)| !allowed.contains(&path.as_str()) && suspect(path, code));
    files.map(|(path, _)| path).collect()
}

fn names(code: &str, modules: &[&str]) -> bool {
    named(code).iter().any(|module| modules.contains(&module.as_str()))
}

const NOBODY: [&str; 0] = [];

/// The modules from the ground up: each may use those before it and none behind it, so that no two use each other. What a module hands on by
/// `pub use`, it uses.
const LAYERS: [&str; 48] = [
    "status",
    "level",
    "age",
    "duration",
    "counted",
    "json",
    "jwt",
    "pointer",
    "volume",
    "brief",
    "difference",
    "identifier",
    "path",
    "file",
    "naming",
    "secret",
    "finding",
    "event",
    "signature",
    "http",
    "ledger",
    "diagnostic",
    "yaml",
    "schema",
    "template",
    "matcher",
    "suite",
    "plan",
    "catalogue",
    "check",
    "known",
    "run",
    "sweep",
    "recording",
    "verify",
    "recheck",
    "sightings",
    "snapshot",
    "report",
    "bundle",
    "settings",
    "targets",
    "mutants",
    "replay",
    "cli",
    "fuzzing",
    "lib",
    "main",
];

/// The modules of the crate that a file names by any path.
fn used(path: &str, code: &str) -> Vec<String> {
    let depth = path.matches('/').count() + usize::from(!path.ends_with("/mod.rs"));
    let mut all = named(code);
    all.extend(named_behind(&"super::".repeat(depth), code));
    all
}

#[test]
fn modules_use_only_those_below_them() {
    let place = |module: &str| LAYERS.iter().position(|layer| *layer == module);
    // The mock is a crate of its own, of which `mock/Cargo.toml` says what it uses.
    for (path, code) in sources().into_iter().filter(|(path, _)| !path.starts_with("mock/")) {
        let own = word(&path);
        let Some(at) = place(&own) else { panic!("the module {own} has no place among the layers") };
        for used in used(&path, &code) {
            assert!(
                place(&used).is_some_and(|below| below <= at),
                "{path} uses {used}, which does not lie below {own}"
            );
        }
    }
}

/// The names of the crates that a manifest asks for at run time.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest)).expect("a manifest");
    let manifest: toml::Table = text.parse().expect("TOML");
    manifest["dependencies"].as_table().expect("a table").keys().cloned().collect()
}

#[test]
fn the_mock_shares_nothing_with_the_harness_and_needs_little() {
    let mock = dependencies("mock/Cargo.toml");
    assert!(mock.contains("axum") && dependencies("Cargo.toml").contains("okta-mock"), "the manifests were found");
    let foreign = ["okta-conformance", "clap", "reqwest", "jsonschema", "maud", "indicatif", "annotate-snippets"];
    assert!(foreign.iter().all(|name| !mock.contains(*name)), "{mock:?}");
}

#[test]
fn only_the_target_and_its_command_know_the_mock() {
    let mut inside = offenders(|_, code| code.contains("okta_mock"), &[]);
    inside.sort_unstable();
    assert_eq!(inside, ["cli/mock.rs", "targets/clients.rs", "targets/mod.rs", "targets/org.rs"]);
}

#[test]
fn reports_are_made_of_events_alone() {
    let knows = ["plan", "http", "run", "suite", "check", "matcher", "template", "targets", "settings", "cli"];
    assert_eq!(offenders(|path, code| path.starts_with("report/") && names(code, &knows), &[]), NOBODY);
}

#[test]
fn nothing_but_the_command_line_knows_the_command_line() {
    assert_eq!(offenders(|path, code| !path.starts_with("cli/") && names(code, &["cli"]), &[]), NOBODY);
}

#[test]
fn the_environment_is_read_in_one_place() {
    let reads = |_: &str, code: &str| code.contains("env::var") || code.contains("env::vars");
    // What the terminal is like, as NO_COLOR and COLUMNS say, is no setting of ours.
    assert_eq!(offenders(reads, &["settings/environment.rs", "cli/out.rs"]), NOBODY);
}

#[test]
fn nothing_prints_past_the_command_line() {
    let prints = |_: &str, code: &str| ["println!", "print!", "dbg!"].iter().any(|name| code.contains(name));
    assert_eq!(offenders(prints, &[]), NOBODY);
    // There is one boundary, behind which nothing is obeyed.
    let writes = |_: &str, code: &str| {
        // A question of the reader of arguments.
        let code = code.replace("use_stderr()", "");
        code.contains("stdout()") || code.contains("stderr()")
    };
    assert_eq!(offenders(writes, &["cli/out.rs"]), NOBODY);
}

#[test]
fn files_that_somebody_names_are_opened_in_one_place() {
    let reads = |_: &str, code: &str| {
        ["fs::read(", "read_to_string(p", "read_to_string(&p", "File::open("].iter().any(|way| code.contains(way))
    };
    // The scan for secrets reads what the run itself has written, and a ledger syncs the directories that it lies in.
    assert_eq!(offenders(reads, &["file.rs", "ledger/writer.rs", "secret/scan.rs"]), NOBODY);
}

#[test]
fn markup_is_made_of_text_at_one_boundary() {
    let boundary = ["report/html/frame.rs", "report/html/text.rs"];
    assert_eq!(offenders(|_, code| code.contains("PreEscaped"), &boundary), NOBODY);
}
