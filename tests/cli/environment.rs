//! Variables of our own: below flags, above the settings file; a wrong one is a mistake, and one that nothing reads is told.

use serde_json::{Value, json};

use super::{
    server::{Answer, Server},
    support::{Done, Place, data, finish, run_up_to_a_wait},
};

/// One case that shows who asks, how things are named, and how long an answer may take.
const CASE: &str = "area: things\ntopic: asked\nprofile: core\ncases:
  - id: once
    title: Something is asked
    requirements: [things.work]
    principal: admin
    steps: [{ request: { method: GET, path: \"/api/v1/things?q=${unique}\" }, expect: { status: 200 } }]
";

fn place(settings: &str) -> Place {
    let place = Place::with_suite(&[]);
    place.write("suite/cases/things/asked.yaml", CASE);
    place.write("okta-conformance.toml", settings);
    place
}

fn run(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    let mut command = place.command(arguments);
    command.envs(variables.iter().map(|(name, value)| (format!("OKTA_{name}"), *value)));
    finish(command.spawn().expect("the program starts"))
}

/// As [`run`], of a run of the suite of things; the header of its stream tells what it was set up as.
fn header(place: &Place, more: &[&str], variables: &[(&str, &str)]) -> Value {
    std::fs::remove_dir_all(place.path("reports")).ok();
    let done = run(place, &[&["run", "--suite", "suite"], more].concat(), variables);
    assert!(place.path("reports/events.jsonl").exists(), "{done:?}");
    place.events().swap_remove(0)
}

fn listener() -> Server {
    Server::always(Answer::json(200, &json!({})))
}

#[test]
fn a_flag_goes_before_a_variable_and_that_before_what_holds_else() {
    let place = place("");
    let jobs = |more: &[&str], variables: &[(&str, &str)]| header(&place, more, variables)["jobs"].clone();
    assert_eq!(jobs(&[], &[]), 16);
    assert_eq!(jobs(&[], &[("CONFORMANCE_JOBS", "")]), 16, "an empty one is none");
    assert_eq!(jobs(&[], &[("CONFORMANCE_JOBS", "5")]), 5);
    assert_eq!(jobs(&["--jobs", "3"], &[("CONFORMANCE_JOBS", "5")]), 3);
    assert_eq!(jobs(&["--jobs", "3"], &[("CONFORMANCE_JOBS", "none at all")]), 3, "what is not read is not judged");
    let shard = |more: &[&str], variables: &[(&str, &str)]| {
        let ours = ("CONFORMANCE_SHARD", "2/2");
        header(&place, more, &[&[ours], variables].concat())["shard"].clone()
    };
    assert_eq!(shard(&[], &[]), json!({ "index": 2, "of": 2 }));
    assert_eq!(shard(&["--shard", "1/2"], &[]), json!({ "index": 1, "of": 2 }));
    let mut command = place.command(&["list", "--suite", "suite"]);
    command.envs([("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "2"), ("OKTA_CONFORMANCE_SHARD", "2/2")]);
    let ours = finish(command.spawn().expect("the program starts"));
    let second = run(&place, &["list", "--suite", "suite", "--shard", "2/2"], &[]);
    assert_eq!(ours.out, second.out, "ours goes before that of a CI system");
}

#[test]
fn the_place_of_a_target_is_asked_for_in_each_layer() {
    let servers: Vec<Server> = (0..4).map(|_| listener()).collect();
    let [typed, variable, file, sdk] = [0, 1, 2, 3].map(|at| servers[at].url.as_str());
    let with_url = format!("[targets.here]\nurl = {file:?}\n[targets.there]\nurl = {typed:?}\n");
    let place = place("");
    let of_sdk = ("CLIENT_ORGURL", sdk);
    let ours = ("CONFORMANCE_URL", variable);
    let origin = |settings: &str, target: &str, variables: &[(&str, &str)]| {
        place.write("okta-conformance.toml", settings);
        header(&place, &["--target", target], variables)["origin"].clone()
    };
    assert_eq!(origin(&with_url, typed, &[ours, of_sdk]), typed);
    assert_eq!(origin(&with_url, "here", &[ours, of_sdk]), variable);
    assert_eq!(origin(&with_url, "here", &[of_sdk]), file);
    assert_eq!(origin("[targets.here]\n", "here", &[of_sdk]), sdk);
    assert_eq!(origin("[targets.here]\n", "here", &[ours, of_sdk]), variable);
    let nowhere = run(&place, &["run", "--suite", "suite", "--target", "here"], &[]);
    assert_eq!(nowhere.code, 3, "{nowhere:?}");

    let asked = servers[3].lines().len();
    // Credentials go where the variable says; whoever set it is told so.
    place.write("okta-conformance.toml", &with_url);
    let told = run(&place, &["run", "--suite", "suite", "--target", "here"], &[ours]);
    let said = "warning: OKTA_CONFORMANCE_URL overrides the `url` of the target: its credentials go to";
    assert!(told.err.contains(&format!("{said} {variable}\n")), "{}", told.err);
    let idle = run(&place, &["run", "--suite", "suite", "--target", typed], &[ours]);
    assert!(idle.err.contains("warning: OKTA_CONFORMANCE_URL is not used: the target is"), "{}", idle.err);
    let org = run(&place, &["run", "--suite", "suite", "--target", "org"], &[ours, of_sdk]);
    let said = format!(
        "warning: OKTA_CONFORMANCE_URL overrides the org {sdk} from the settings of Okta's SDKs: the target is {variable}, and"
    );
    assert!(org.err.contains(&said), "{}", org.err);
    assert_eq!(servers[3].lines().len(), asked, "the org is not asked");
    let swept = run(&place, &["sweep", "--suite", "suite", "--target", "org"], &[ours, of_sdk]);
    assert!(swept.err.contains(&said), "{}", swept.err);
    let same = run(&place, &["run", "--suite", "suite", "--target", "org"], &[("CONFORMANCE_URL", sdk), of_sdk]);
    assert!(!same.err.contains("OKTA_CONFORMANCE_URL"), "{}", same.err);
    let mock = run(&place, &["run", "--suite", "suite"], &[ours]);
    assert!(mock.err.contains("warning: OKTA_CONFORMANCE_URL is set, but this run is against"), "{}", mock.err);

    // Which target it is, likewise.
    let name = |more: &[&str], variables: &[(&str, &str)]| header(&place, more, variables)["target"].clone();
    let chosen = ("CONFORMANCE_TARGET", "there");
    assert_eq!(name(&[], &[]), "mock");
    assert_eq!(name(&[], &[chosen]), "there");
    assert_eq!(name(&["--target", "here"], &[chosen]), "here");
}

#[test]
fn what_a_settings_file_says_of_a_target_a_variable_says_before_it() {
    let server = listener();
    let plain = format!("[targets.here]\nurl = {:?}\n", server.url);
    let file = format!("{plain}capabilities = [\"teleport\"]\nprefix = \"of-file\"\n");
    let place = place("");
    let capabilities = |settings: &str, variables: &[(&str, &str)]| {
        place.write("okta-conformance.toml", settings);
        header(&place, &["--target", "here"], variables)["capabilities"].clone()
    };
    let ours = ("CONFORMANCE_CAPABILITIES", " teleport ,");
    assert_eq!(capabilities(&plain, &[]), json!([]));
    assert_eq!(capabilities(&file, &[]), json!(["teleport"]));
    assert_eq!(capabilities(&plain, &[ours]), json!(["teleport"]));
    let unknown =
        run(&place, &["run", "--suite", "suite", "--target", "here"], &[("CONFORMANCE_CAPABILITIES", "telport")]);
    let said = "the capability `telport`, as OKTA_CONFORMANCE_CAPABILITIES says, which the suite does not know: did you mean `teleport`?";
    assert!(unknown.code == 3 && unknown.err.contains(said), "{unknown:?}");

    let prefix = |settings: &str, variables: &[(&str, &str)]| {
        place.write("okta-conformance.toml", settings);
        let done = run(&place, &["run", "--suite", "suite", "--target", "here"], variables);
        let line = server.lines().pop().unwrap_or_else(|| panic!("{done:?}"));
        line.split_once("q=").expect("a name").1.split('_').next().expect("a prefix").to_owned()
    };
    let ours = ("CONFORMANCE_PREFIX", "of-variable");
    assert_eq!(prefix(&plain, &[]), "okc");
    assert_eq!(prefix(&file, &[]), "of-file");
    assert_eq!(prefix(&file, &[ours]), "of-variable");
    place.write("okta-conformance.toml", "");
    let direct = run(&place, &["run", "--suite", "suite", "--target", &server.url], &[ours]);
    let last = server.lines().pop().unwrap_or_default();
    assert!(last.contains("q=of-variable_"), "also of a target that is in no file: {last} {direct:?}");

    let silent = Server::start(|_| None);
    let file = format!("[targets.here]\nurl = {:?}\ntimeout = \"400ms\"\n", silent.url);
    place.write("okta-conformance.toml", &file);
    let limit = |more: &[&str], variables: &[(&str, &str)], said: &str| {
        let done = run(&place, &[&["run", "--suite", "suite", "--target", "here"], more].concat(), variables);
        assert!(done.out.contains(&format!("no complete answer within {said}")), "{}", done.out);
    };
    let ours = ("CONFORMANCE_TIMEOUT", "300ms");
    limit(&[], &[], "400ms");
    limit(&[], &[ours], "300ms");
    limit(&["--timeout", "200ms"], &[ours], "200ms");
}

#[test]
fn the_share_of_others_is_asked_for_in_each_layer() {
    // Two are left, and no more will be in this hour: others have used their half, and a tenth of the limit is theirs all the same.
    let reset = (chrono::Utc::now().timestamp() + 3600).to_string();
    let server = Server::start(move |_| {
        let answer = Answer::json(200, &json!({})).header("X-Rate-Limit-Limit", "20");
        Some(answer.header("X-Rate-Limit-Remaining", "2").header("X-Rate-Limit-Reset", &reset))
    });
    let target = |more: &str| format!("[targets.here]\nurl = {:?}\n{more}", server.url);
    let place = place("");
    // The second request knows what the first was told.
    place.write(
        "suite/cases/things/asked.yaml",
        &CASE.replace(
            "steps: [",
            "steps: [{ request: { method: GET, path: /api/v1/things }, expect: { status: 200 } }, ",
        ),
    );
    let waits = |settings: &str, more: &[&str], variables: &[(&str, &str)]| {
        place.write("okta-conformance.toml", settings);
        let mut command = place.command(&[&["run", "--suite", "suite", "--target", "here"], more].concat());
        command.envs(variables.iter().map(|(name, value)| (format!("OKTA_{name}"), *value)));
        let (done, waits) = run_up_to_a_wait(command);
        let told = place.events().iter().any(|event| event["event"] == "waited");
        assert_eq!((done.code == 0, told), (!waits, waits), "{done:?}");
        waits
    };
    let (half, none) = (target("rate-share = 0.5\n"), target("rate-share = 0\n"));
    assert!(waits(&target(""), &[], &[]), "half, unless something else is said");
    assert!(!waits(&none, &[], &[]));
    assert!(!waits(&half, &[], &[("CONFORMANCE_RATE_SHARE", "0")]));
    assert!(waits(&none, &[], &[("CONFORMANCE_RATE_SHARE", "0.5")]));
    assert!(!waits(&none, &["--keep", "0"], &[("CONFORMANCE_RATE_SHARE", "0.5")]));
}

#[test]
fn a_variable_without_a_secret_is_told_as_what_it_is() {
    use std::os::unix::ffi::OsStrExt;

    let place = place("[targets.here]\nurl = \"http://127.0.0.1:9\"\nprincipals.admin.ssws.env = \"OKTA_MINE\"\n");
    let odd = std::ffi::OsStr::from_bytes(b"a\xff");
    for (value, state) in
        [(None, "is not set"), (Some("".as_ref()), "is empty"), (Some(odd), "holds bytes that are not UTF-8")]
    {
        let mut command = place.command(&["run", "--suite", "suite", "--target", "here"]);
        command.envs(value.map(|value| ("OKTA_MINE", value)));
        let done = finish(command.spawn().expect("the program starts"));
        let said = format!("from the environment variable `OKTA_MINE`, which {state}\n");
        assert!(done.code == 3 && done.err.contains(&said), "{}", done.err);
    }
}

#[test]
fn blanks_around_the_commas_of_a_list_are_no_part_of_it() {
    let server = listener();
    let place = place(&format!("[targets.here]\nurl = {:?}\n", server.url));
    let blanks = [
        ("CONFORMANCE_PROFILE", " core , all "),
        ("CONFORMANCE_FAIL_ON", " drift , flaky "),
        ("CONFORMANCE_CAPABILITIES", " teleport , "),
    ];
    let of_run = header(&place, &["--target", "here", "--no-preflight"], &blanks);
    assert_eq!(of_run["selection"]["profiles"], json!(["core"]), "{of_run}");
    assert_eq!(of_run["capabilities"], json!(["teleport"]), "{of_run}");
    let stream = "reports/events.jsonl , reports/events.jsonl";
    let done = run(&place, &["run", "--suite", "suite", "--quiet"], &[("CONFORMANCE_BASELINE", stream)]);
    assert!(done.err.contains("is already in an earlier stream"), "both are read: {}", done.err);
    let typed = header(&place, &["--fail-on", "drift, flaky", "--profile", "all, core"], &[]);
    assert_eq!(typed["selection"]["profiles"], json!(["core"]), "{typed}");
}

#[test]
fn a_wrong_value_is_named_and_not_repeated_and_nothing_is_sent() {
    let server = listener();
    let place = place(&format!("[targets.here]\nurl = {:?}\n", server.url));
    let long = "x".repeat(21);
    for (name, value, form) in [
        ("JOBS", "0", "a number from 1 to 1000"),
        ("JOBS", "S3cret", "a number from 1 to 1000"),
        ("RETRIES", "-1S3cret", "a number"),
        ("BREAKER", "S3cret", "a number"),
        ("FAIL_FAST", "S3cret", "a number"),
        ("SHARD", "3/2", "a part of a whole, such as `2/5`"),
        ("TRIAL_TIMEOUT", "S3cret", "a duration such as `20s`"),
        ("TRIAL_TIMEOUT", "0s", "a duration such as `20s`"),
        ("DEADLINE", "20", "a duration such as `20s`"),
        ("DEADLINE", "0m", "a duration such as `20s`"),
        ("FAIL_ON", "drift,S3cret", "any of `drift`, `flaky`, `warning` and `latency`, separated by commas"),
        ("URL", "https://user:S3cret@host/path", "only an origin, such as `https://example.okta.com`"),
        ("TIMEOUT", "0s", "a duration such as `20s`"),
        ("PREFIX", &long, "3 to 20 letters, digits and hyphens"),
        ("RATE_SHARE", "1", "a number from 0 to below 1"),
        ("RATE_SHARE", "NaN", "a number from 0 to below 1"),
        ("PROXY", "socks://user:S3cret@host", "a URL of http or https"),
    ] {
        let variable = format!("CONFORMANCE_{name}");
        let done = run(&place, &["run", "--suite", "suite", "--target", "here"], &[(variable.as_str(), value)]);
        assert_eq!((done.code, done.out.as_str()), (3, ""), "{name}: {done:?}");
        let said = format!(
            "error: the environment variable OKTA_{variable} cannot be used: it must be {form}\n  fix or unset it"
        );
        assert!(done.err.starts_with(&said), "{name}: {}", done.err);
        assert!(!done.err.contains("S3cret") && !done.err.contains(&long), "{name}: {}", done.err);
    }
    // Those whose value is a name or a path are wrong where there is no such thing.
    for (name, said) in [
        ("TARGET", "there is no target `none-such`: known are mock, here"),
        ("SETTINGS", "cannot read none-such"),
        ("SUITE", "none-such"),
        ("PROFILE", "none-such"),
        ("KNOWN_FAILURES", "none-such"),
        ("BASELINE", "none-such"),
        ("CA_FILE", "cannot read none-such"),
    ] {
        let variable = format!("CONFORMANCE_{name}");
        let given: &[&str] = match name {
            "TARGET" => &["run", "--suite", "suite"],
            "SUITE" => &["run", "--target", "here"],
            _ => &["run", "--suite", "suite", "--target", "here"],
        };
        let done = run(&place, given, &[(variable.as_str(), "none-such")]);
        assert!([3, 4].contains(&done.code) && done.err.contains(said), "{name}: {done:?}");
        let told = format!("\n  the environment sets this: OKTA_{variable}\n");
        assert!(done.err.ends_with(&told), "{name}: {}", done.err);
    }
    assert_eq!(server.lines(), [""; 0]);
    let typed = run(&place, &["run", "--target", "none-such"], &[("CONFORMANCE_TARGET", "here")]);
    assert!(typed.code == 3 && !typed.err.contains("has a say"), "it had none: {}", typed.err);
    // What was typed is the user's own, and shown.
    let typed = run(&place, &["run", "--jobs", "0"], &[("CONFORMANCE_RETRIES", "x")]);
    assert!(typed.code == 3 && typed.err.contains("invalid value '0' for '--jobs <N>'"), "{}", typed.err);
}

#[test]
fn a_variable_is_read_by_the_commands_that_it_is_for() {
    let server = listener();
    let place = place(&format!("[targets.here]\nurl = {:?}\n", server.url));
    let jobs = ("CONFORMANCE_JOBS", "none at all");
    assert_eq!(run(&place, &["list", "--suite", "suite"], &[jobs]).code, 0);
    assert_eq!(run(&place, &["mutants", "--fault", "none-such"], &[jobs]).err.matches("OKTA_").count(), 0);
    // A recording is replayed to where the command line says.
    let recording = data("recordings").join("good.jsonl").display().to_string();
    let target = ("CONFORMANCE_TARGET", "here");
    let replayed = run(&place, &["replay", &recording], &[target]);
    assert_ne!(replayed.code, 3, "{replayed:?}");
    assert_eq!(server.lines(), [""; 0]);
    let swept = run(&place, &["sweep", "--suite", "suite"], &[target]);
    assert_eq!(
        (swept.code, swept.out.as_str()),
        (2, "0 removed, there may be other leftovers, on here\n"),
        "{swept:?}"
    );
    let suite = ("CONFORMANCE_SUITE", "suite");
    assert_eq!(run(&place, &["list"], &[suite]).out, "things/asked/once\n");
    assert_eq!(
        run(&place, &["list"], &[suite, ("CONFORMANCE_PROFILE", "extra,core")]).code,
        4,
        "extra selects nothing"
    );
    assert_eq!(run(&place, &["list", "--profile", "core"], &[suite, ("CONFORMANCE_PROFILE", "extra")]).code, 0);
    assert_eq!(run(&place, &["replay", "--history"], &[suite]).code, 0);
}

#[test]
fn a_variable_that_nothing_reads_is_told_with_what_was_meant() {
    let place = place("");
    for (name, hint) in [
        ("CONFORMANCE_TARGT", Some("did you mean `OKTA_CONFORMANCE_TARGET`?")),
        ("CONFORMANCE_CAPABILITY", Some("did you mean `OKTA_CONFORMANCE_CAPABILITIES`?")),
        ("CONFORMANCE_ALLOW_DEFAULT_SERVER", Some("`--allow-default-server` works only on the command line")),
        ("CONFORMANCE_SOMETHING_ELSE", Some("docs/live-org.md has the names")),
        // As Kubernetes sets them for a Service of that name.
        ("CONFORMANCE_SERVICE_HOST", None),
        ("CONFORMANCE_PORT_8080_TCP_ADDR", None),
        ("CONFORMANCE_JOBS", None),
        ("CLIENT_RATELIMIT_MAXRETRIES", None),
    ] {
        let done = run(&place, &["list", "--suite", "suite"], &[(name, "1")]);
        let warning = hint.map(|hint| format!("warning: nothing reads the environment variable OKTA_{name}: {hint}\n"));
        assert_eq!((done.code, done.err), (0, warning.unwrap_or_default()));
    }
    assert_eq!(run(&place, &["list", "--suite", "suite"], &[("CONFORMANCE_TARGT", "")]).err, "");
}

#[test]
fn who_refuses_a_connection_is_told_by_the_name_of_the_proxy() {
    // Nobody listens at either, and the name of the target is none.
    let target = "url = \"http://okta.invalid\"\n";
    let place = place("");
    let said = |proxy: &str, more: &[(&str, &str)]| {
        place.write("okta-conformance.toml", &format!("[targets.here]\n{target}{proxy}"));
        let mut command = place.command(&["run", "--suite", "suite", "--target", "here", "--no-preflight"]);
        let done = finish(command.envs(more.iter().copied()).spawn().expect("the program starts"));
        assert_eq!(done.code, 2, "{done:?}");
        assert!(!format!("{done:?}").contains("s3cret"), "{done:?}");
        done.out
    };
    let named = said("proxy = \"http://me:s3cret@127.0.0.1:1\"\n", &[]);
    assert!(named.contains("cannot connect by way of the proxy http://***@127.0.0.1:1: "), "{named}");
    let around = said("", &[("http_proxy", "http://me:s3cret@127.0.0.1:1")]);
    let way = "cannot connect (by way of a proxy, where the environment has http://***@127.0.0.1:1 for it): ";
    assert!(around.contains(way), "{around}");
    let none = said("", &[]);
    assert!(none.contains("cannot connect: "), "{none}");
}

#[test]
fn colours_are_asked_for_and_forbidden_as_is_customary() {
    let place = Place::new();
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = place.command(&[&["run", "authorization-servers/get/same-as-created"], arguments].concat());
        command.envs(variables.iter().copied());
        let done = finish(command.spawn().expect("the program starts"));
        assert_eq!(done.code, 0, "{}", done.err);
        done.out.contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "nobody watches");
    for name in ["FORCE_COLOR", "CLICOLOR_FORCE"] {
        assert!(coloured(&[], &[(name, "1")]), "{name}");
        assert!(!coloured(&[], &[(name, "0")]), "{name} of 0 asks for nothing");
        assert!(!coloured(&[], &[(name, "1"), ("NO_COLOR", "1")]), "NO_COLOR goes before {name}");
        assert!(!coloured(&["--color", "never"], &[(name, "1")]), "a flag goes before {name}");
        assert!(coloured(&[], &[(name, "1"), ("TERM", "dumb")]), "{name} is about logs, not terminals");
    }
}

#[test]
fn the_program_says_what_it_is() {
    let place = Place::new();
    let done = place.run(&["--version", "--verbose"]);
    let lines: Vec<&str> = done.out.lines().collect();
    assert_eq!((done.code, lines.len()), (0, 4), "{}", done.out);
    place.run(&["run", "authorization-servers/get/same-as-created", "--quiet"]);
    let hash = place.events()[0]["suite"].as_str().expect("a hash").to_owned();
    assert!(lines[1].contains(&hash) && lines[3].contains(std::env::consts::ARCH), "{}", done.out);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let done = place.run(&["completions", shell]);
        assert!(done.code == 0 && done.out.contains("known-failures"), "{shell}");
    }
}

/// The files of the embedded suite lie nowhere that a reader of a report could look.
#[test]
fn a_file_is_named_beside_which_something_can_be_shown() {
    let blue = Server::always(Answer::json(200, &json!({ "id": "a", "name": "a", "color": "blue" })));
    let place = Place::with_suite(&["colors"]);
    let run = ["run", "things/colors/red[a]", "--suite", "suite", "--target", &blue.url, "--no-preflight", "--quiet"];
    place.run(&[&run[..], &["--report", "junit", "--report", "github", "--report", "ctrf"]].concat());
    assert!(place.read("reports/junit.xml").contains(" file=\"suite/cases/things/colors.yaml\""));
    assert!(place.read("reports/github.txt").contains("::error file=suite/cases/things/colors.yaml,"));
    assert!(place.read("reports/ctrf.json").contains("\"filePath\": \"suite/cases/things/colors.yaml\""));
    let run = ["run", "authorization-servers/get/unknown-id[word]", "--target", &blue.url, "--no-preflight", "--quiet"];
    place.run(&[&run[..], &["--report", "junit", "--report", "github", "--report", "ctrf"]].concat());
    assert!(!place.read("reports/junit.xml").contains(" file="));
    let github = place.read("reports/github.txt");
    assert!(github.contains("::error title=") && !github.contains(" file="), "{github}");
    assert!(!place.read("reports/ctrf.json").contains("filePath"));
}
