//! What a user may type wrongly, and what they then read.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use super::support::{Place, Totals, data, finish, junit, snapshot};

#[test]
fn a_filter_that_matches_nothing_runs_nothing_and_says_so() {
    let place = Place::new();
    for arguments in [&["no/such/trial"][..], &["authorization-servers/get", "no/such/trial"], &["--profile", "cor"]] {
        let done = place.run(&[&["run", "--report", "junit"], arguments].concat());
        assert_eq!(done.code, 4, "{arguments:?}: {}", done.err);
        let (_, totals) = junit(&place.read("reports/junit.xml"));
        assert_eq!(totals, Totals::default());
        assert_eq!(place.run(&[&["list"], arguments].concat()).code, 4);
    }
    let done = place.run(&["run", "no/such/trial"]);
    snapshot(&place, "input-nothing-to-run", &done.err);
}

#[test]
fn an_empty_suite_runs_nothing() {
    let place = Place::with_suite(&[]);
    assert_eq!(place.run(&["run", "--suite", "suite"]).code, 4);
}

#[test]
fn wrong_flags_settings_and_files_are_told_apart_from_results() {
    let place = Place::new();
    place.write("wrong.toml", "[targets.a]\nurl = \"https://a.example\"\ntokens = 1\n");
    place.write(
        "secret.toml",
        "[targets.a]\nurl = \"https://a.example\"\n[targets.a.principals]\nadmin = { ssws = { env = \"NOT_SET\" } }\n",
    );
    place.write("both.toml", "[targets.a]\nurl = \"https://a.example\"\n[targets.a.principals]\nadmin = {}\n");
    place.write("empty/file", "");
    let wrong: &[(&str, &[&str])] = &[
        ("flag", &["run", "--fial-fast"]),
        ("command", &["rnu"]),
        ("target", &["run", "--target", "nightly"]),
        ("target-with-a-path", &["run", "--target", "https://example.okta.com/api"]),
        ("target-of-another-scheme", &["run", "--target", "ftp://example.okta.com"]),
        ("report-format", &["run", "--report", "junitt"]),
        ("report-of-a-file", &["run", "--report", "reports/junit.xml"]),
        ("report-of-an-extension", &["run", "--report", "nightly.xml"]),
        ("target-without-a-scheme", &["run", "--target", "example.okta.com"]),
        ("target-of-people", &["run", "--target", "https://example-admin.okta.com"]),
        ("target-of-an-example", &["run", "--target", "https://{yourOktaDomain}"]),
        ("report-without-a-file", &["run", "--report", "junit="]),
        ("duration", &["run", "--timeout", "10"]),
        ("pattern", &["run", "//"]),
        ("suite", &["run", "--suite", "empty"]),
        ("settings", &["run", "--target", "a", "--settings", "wrong.toml"]),
        ("settings-missing", &["run", "--target", "a", "--settings", "none.toml"]),
        ("secret", &["run", "--target", "a", "--settings", "secret.toml"]),
        ("credential", &["run", "--target", "a", "--settings", "both.toml"]),
        ("explain", &["explain", "authorization-servers/get/unknwon-id[word]"]),
        ("check", &["check", "none.yaml"]),
        ("report", &["report", "none.jsonl"]),
        ("port", &["mock", "--port", "70000"]),
    ];
    let before = place.files().len();
    let mut shown = String::new();
    for (name, arguments) in wrong {
        let done = place.run(arguments);
        assert_eq!((done.code, done.out.as_str()), (3, ""), "{name}: {}", done.err);
        let _ = write!(shown, "$ okta-conformance {}\n{}\n", arguments.join(" "), done.err);
    }
    snapshot(&place, "input-wrong", &shown);
    assert_eq!(place.files().len(), before, "no report of a run that never was");
}

#[test]
fn a_token_with_the_words_before_it_is_refused_and_not_shown() {
    let place = Place::new();
    let settings = |scheme: &str| {
        let principal = format!("admin = {{ {scheme} = {{ env = \"PASTED\" }} }}");
        place.write(
            "pasted.toml",
            &format!("[targets.a]\nurl = \"http://127.0.0.1:9\"\n[targets.a.principals]\n{principal}\n"),
        );
    };
    for (scheme, word, pasted) in [
        ("ssws", "SSWS", "SSWS 00copied"),
        ("ssws", "SSWS", "Authorization: SSWS 00copied"),
        ("bearer", "Bearer", "bearer 00copied"),
    ] {
        settings(scheme);
        let mut command = place.command(&["run", "--target", "a", "--settings", "pasted.toml"]);
        let done = finish(command.env("PASTED", pasted).spawn().expect("the program starts"));
        let expected = format!(
            "error: the token of the principal `admin` must be the token alone: remove the words before it (`{word}` is added to each request)\n"
        );
        assert_eq!(done.code, 3, "{}", done.err);
        assert!(done.err.ends_with(&expected), "{}", done.err);
        assert!(!done.err.contains("00copied"), "{}", done.err);
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told() {
    let place = Place::new();
    place.write("file", "");
    let done = place.run(&["run", "authorization-servers/get", "--report", "junit=file/junit.xml"]);
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("cannot write the report file/junit.xml"), "{}", done.err);
    let done = place.run(&["run", "authorization-servers/get", "--events", "file/events.jsonl"]);
    assert_eq!(done.code, 3, "{}", done.err);
}

#[test]
fn help_and_version_are_no_mistakes() {
    let place = Place::new();
    for arguments in [&["--help"][..], &["--version"], &["run", "--help"]] {
        let done = place.run(arguments);
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{arguments:?}");
        assert!(!done.out.is_empty());
    }
}

#[test]
fn a_run_without_credentials_says_so_and_is_not_green() {
    let mock = super::support::MockProcess::start(&[]);
    let place = Place::new();
    let mut command = place.command(&["run", "--target", &mock.url, "--quiet"]);
    command.env_remove("OKTA_CLIENT_TOKEN");
    let done = super::support::finish(command.spawn().expect("the program starts"));
    assert!(done.err.starts_with("warning: there are no credentials for http://"), "{}", done.err);
    assert_eq!(done.code, 2, "{}", done.out);
}

#[test]
fn a_mistake_in_a_state_is_shown_where_it_is() {
    let place = Place::new();
    for (text, shown) in [
        ("servers: [\n", "state.yaml:"),
        ("servers:\n  - nmae: Orders\n", "state.yaml:2:5"),
        ("servers:\n  - id: ausA\n    name: 7\n", "state.yaml:3:11"),
        ("servers:\n  - { name: A, audiences: [a] }\n  - { name: B }\n", "state.yaml:3:5"),
        ("groups: [{ id: g, name: a }, { id: g, name: b }]\n", "state.yaml:1:36"),
    ] {
        place.write("state.yaml", text);
        let done = place.run(&["mock", "--port", "0", "--state", "state.yaml"]);
        assert_eq!((done.code, done.out.as_str()), (3, ""), "{}", done.err);
        assert!(done.err.starts_with("error: ") && done.err.contains(&format!("--> {shown}")), "{}", done.err);
        assert!(done.err.contains("help: schemas/harness/state.schema.json has the form"), "{}", done.err);
        // What is not YAML is not known as a state.
        if text.starts_with("servers: [\n") {
            continue;
        }
        let checked = place.run(&["check", "state.yaml"]);
        assert_eq!((checked.code, checked.out.as_str(), checked.err), (3, "", done.err));
    }
    // All of them at once.
    place.write("state.yaml", "groups: [{ id: g, name: a }, { id: g, name: b }]\nusers: [{ id: u, lgin: a }]\n");
    let several = place.run(&["check", "state.yaml"]).err;
    assert!(several.contains("--> state.yaml:1:36") && several.contains("--> state.yaml:2:"), "{several}");
    place.write("state.yaml", "servers: [{ id: ausA, name: A, audiences: [a] }]\n");
    let done = place.run(&["check", "state.yaml"]);
    assert_eq!((done.code, done.out.as_str()), (0, "state.yaml: no mistakes\n"), "{}", done.err);
}

#[test]
fn what_may_never_end_is_refused() {
    let place = Place::with_suite(&["colors"]);
    let pipe = place.path("pipe.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    for path in [pipe.to_str().expect("a path"), "/dev/zero"] {
        let settings = |name: &'static str, more: String| {
            place.write(name, &format!("[targets.here]\nurl = \"https://127.0.0.1:1\"\n{more}\n"));
            vec!["run", "--suite", "suite", "--target", "here", "--settings", name]
        };
        for arguments in [
            vec!["check", path],
            vec!["run", "--suite", "suite", "--known-failures", path],
            vec!["run", "--suite", "suite", "--target", "here", "--settings", path],
            vec!["mock", "--port", "0", "--state", path],
            vec!["verify", path],
            vec!["replay", path],
            vec!["report", path],
            settings("secret.toml", format!("principals.admin = {{ ssws = {{ file = {path:?} }} }}")),
            settings("ca.toml", format!("ca-file = {path:?}")),
        ] {
            let done = place.run(&arguments);
            assert_eq!(done.code, 3, "{arguments:?}: {}{}", done.out, done.err);
            assert!(done.err.contains("it is not a regular file, so it may never end"), "{arguments:?}: {}", done.err);
        }
    }
    fs::rename(&pipe, place.path("suite/cases/things/pipe.yaml")).expect("a pipe among the cases");
    let done = place.run(&["check", "suite"]);
    assert_eq!(done.code, 3, "{}", done.out);
    assert!(done.err.contains("pipe.yaml") && done.err.contains("it is not a regular file"), "{}", done.err);
}

#[test]
fn what_the_shell_has_opened_is_read() {
    let recording = fs::read_to_string(data("recordings/good.jsonl")).expect("a recording");
    let place = Place::new();
    let mut child = place.command(&["verify", "/dev/stdin"]).stdin(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().expect("its input").write_all(recording.as_bytes()).expect("it reads");
    let done = finish(child);
    assert_eq!(
        done.code,
        place.run(&["verify", data("recordings/good.jsonl").to_str().expect("a path")]).code,
        "{}",
        done.err
    );
}
