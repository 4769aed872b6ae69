//! The files of `examples/` do what they say: their commands are run as they stand there, against the mock.

use std::{fs, path::Path, process::Stdio};

use super::support::{Done, MockProcess, Place, TOKEN, data, finish, of_kind};

fn example(name: &str) -> String {
    fs::read_to_string(data("../../examples").join(name)).expect("an example")
}

/// The commands of a CI file, each in one line of a shell.
fn commands(name: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut open = false;
    let begin =
        |text: &str| ["run", "sweep", "report"].iter().find_map(|verb| text.find(&format!("okta-conformance {verb} ")));
    for line in example(name).lines().filter(|line| !line.trim_start().starts_with('#')) {
        let text = line.trim();
        let begins = begin(text);
        match begins {
            Some(at) => all.push(text[at..].to_owned()),
            None if open && text.starts_with("--") => all.last_mut().expect("a command").extend([" ", text]),
            None => {}
        }
        open = begins.is_some() || (open && text.starts_with("--"));
    }
    let here = |text: &String| text.replace("${{ matrix.shard }}", "$SHARD").replace("/reports/", "reports/");
    all.iter().map(here).collect()
}

/// A place with the settings of the examples, for whom `preview` is this mock.
fn place(mock: &MockProcess) -> Place {
    let place = Place::new();
    let settings = example("okta-conformance.toml");
    assert!(settings.contains("https://example.oktapreview.com"));
    place.write("okta-conformance.toml", &settings.replace("https://example.oktapreview.com", &mock.url));
    place.write("known-failures/preview.yaml", &example("known-failures/preview.yaml"));
    place
}

/// Runs a command as machine `shard` of five.
fn run(place: &Place, command: &str, shard: usize, kubernetes: bool) -> Done {
    let programs = Path::new(env!("CARGO_BIN_EXE_okta-conformance")).parent().expect("its directory").display();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-ec", command]).current_dir(place.path("")).env_clear().env("OKTA_ADMIN_TOKEN", TOKEN);
    shell.env("PATH", format!("{programs}:/usr/bin:/bin")).env("CI_NODE_TOTAL", "5").env("SHARD", shard.to_string());
    shell.env("GITHUB_STEP_SUMMARY", place.path("summary.md"));
    let (variable, index) = if kubernetes { ("JOB_COMPLETION_INDEX", shard - 1) } else { ("CI_NODE_INDEX", shard) };
    shell.env(variable, index.to_string());
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(shell.spawn().expect("a shell"))
}

#[test]
fn the_settings_and_known_failures_are_right() {
    let place = Place::new();
    for name in ["okta-conformance.toml", "known-failures/preview.yaml"] {
        place.write(name, &example(name));
        let done = place.run(&["check", name]);
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{name}: {}", done.out);
        assert_eq!(done.out, format!("{name}: no mistakes\n"));
    }
}

#[test]
fn the_pipeline_of_gitlab_runs_all_parts_and_merges_them() {
    let mock = MockProcess::start(&["--seed", "1"]);
    let place = place(&mock);
    let commands = commands("gitlab-ci.yml");
    let [run_part, sweep, verdict @ ..] = commands.as_slice() else { panic!("{commands:?}") };
    for shard in 1..=5 {
        for command in [run_part, sweep] {
            let done = run(&place, command, shard, false);
            assert_eq!(done.code, 0, "{command}: {}{}", done.out, done.err);
        }
    }
    assert!(!verdict.is_empty());
    for command in verdict {
        let done = run(&place, command, 1, false);
        assert_eq!(done.code, 0, "{command}: {}{}", done.out, done.err);
    }
    let summary: serde_json::Value = serde_json::from_str(&place.read("reports/run.json")).expect("JSON");
    let listed = place.command(&["list", "--format", "json"]).output().expect("the list").stdout;
    let listed: Vec<serde_json::Value> = serde_json::from_slice(&listed).expect("a list");
    let counted: u64 =
        summary["trials"].as_object().expect("counts").values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(counted, listed.len() as u64, "{summary}");
}

#[test]
fn the_others_run_their_part() {
    let mock = MockProcess::start(&["--seed", "1"]);
    for (name, kubernetes) in [("github-actions.yml", false), ("kubernetes-job.yaml", true)] {
        let place = place(&mock);
        let commands = commands(name);
        let done = run(&place, &commands[0], 2, kubernetes);
        assert_eq!(done.code, 0, "{name}: {}{}", done.out, done.err);
        assert!(done.err.contains("shard 2/5: "), "{name}: {}", done.err);
        let stream = if kubernetes { "reports/events-1.jsonl" } else { "reports/events-2.jsonl" };
        let events: Vec<_> =
            place.read(stream).lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
        assert!(of_kind(&events, "trial-finished").count() > 100, "{name}");
        for command in &commands[1..] {
            let done = run(&place, command, 2, kubernetes);
            // The other parts were not run here.
            assert!([0, 2].contains(&done.code), "{command}: {}{}", done.out, done.err);
        }
    }
}
