//! Settings are trusted as a script is: whose file is read, when its programs run, and that everybody is told what is used.

use super::{
    replays::{exchange, write},
    server::{Answer, Server},
    support::{Done, Place, TOKEN, finish},
};
use serde_json::{Value, json};

/// One case that shows who asks.
const CASE: &str = "area: things\ntopic: asked\nprofile: core\ncases:
  - id: once
    title: Something is asked
    requirements: [things.work]
    principal: admin
    steps: [{ request: { method: GET, path: /api/v1/things }, expect: { status: 200 } }]
";

/// With settings that name this target, this proxy, and a program for the credentials of `admin` that leaves a trace.
fn place(target: &str, proxy: &str) -> Place {
    let place = Place::with_suite(&[]);
    place.write("suite/cases/things/asked.yaml", CASE);
    let program = r#"["sh", "-c", "echo ran >> trace; echo 00-of-the-program"]"#;
    let principals = format!("[targets.here.principals]\nadmin = {{ ssws = {{ command = {program} }} }}\n");
    place.write("okta-conformance.toml", &format!("[targets.here]\nurl = {target:?}\nproxy = {proxy:?}\n{principals}"));
    let get = exchange("get", "GET", "/api/v1/authorizationServers", Value::Null, "", 200, json!([]));
    write(&place, "get.jsonl", &[get]);
    place
}

fn listener() -> Server {
    Server::always(Answer::json(200, &json!([])))
}

/// Whether a program was run since the last time.
fn ran(place: &Place) -> bool {
    std::fs::remove_file(place.path("trace")).is_ok()
}

fn with(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    let mut command = place.command(arguments);
    finish(command.envs(variables.iter().copied()).spawn().expect("the program starts"))
}

const RUN: [&str; 4] = ["run", "--suite", "suite", "--target"];

#[test]
fn a_url_reads_no_settings_file_that_nobody_named() {
    let (server, proxy) = (listener(), listener());
    let place = place(&server.url, &proxy.url);
    let written_otherwise = format!("{}/", server.url.replace("http:", "HTTP:"));
    let hint = "warning: okta-conformance.toml is not used for a URL, although it has a target with this one: `--target here` uses it\n";
    let sends: [&[&str]; 4] = [
        &RUN,
        &["sweep", "--dry-run", "--by-name", "--target"],
        &["sweep", "--target"],
        &["replay", "get.jsonl", "--principal", "admin", "--target"],
    ];
    for url in [&server.url, &written_otherwise] {
        for arguments in sends {
            let done = place.run(&[arguments, &[url.as_str()]].concat());
            assert!(done.code != 3 && done.err.contains(hint), "{done:?}");
            assert!(done.err.contains(&format!("target: {url} (no settings file)\n")), "{done:?}");
        }
        let listed = place.run(&["list", "--suite", "suite", "--target", url]);
        assert_eq!((listed.code, listed.err.as_str()), (0, hint), "{listed:?}");
    }
    assert!(!ran(&place));
    assert_eq!(proxy.lines(), [""; 0]);
    let requests = server.requests();
    assert!(requests.len() >= 6, "{:?}", server.lines());
    for request in requests {
        assert_eq!(request.header("Authorization"), Some(format!("SSWS {TOKEN}").as_str()), "{}", request.line());
    }
}

#[test]
fn what_is_wrong_with_a_file_that_is_not_read_matters_to_nobody() {
    let server = listener();
    let place = place(&server.url, "http://127.0.0.1:1");
    let text = place.read("okta-conformance.toml");
    let mistake = format!("{text}colour = \"blue\"\n");
    let others = "[targets.here]\nurl = \"http://127.0.0.1:1\"\n";
    for text in ["[[[", "\0", mistake.as_str(), others, ""] {
        place.write("okta-conformance.toml", text);
        let done = place.run(&[&RUN[..], &[&server.url]].concat());
        assert_eq!((done.code, done.err), (0, format!("target: {} (no settings file)\n", server.url)), "{text}");
    }
    std::fs::remove_file(place.path("okta-conformance.toml")).expect("it was there");
    std::fs::create_dir(place.path("okta-conformance.toml")).expect("a directory");
    assert_eq!(place.run(&[&RUN[..], &[&server.url]].concat()).code, 0);
    assert!(!ran(&place));
}

#[test]
fn a_settings_file_that_is_named_is_read_for_a_url_too() {
    let (server, proxy) = (listener(), listener());
    let place = place(&server.url, &proxy.url);
    std::fs::rename(place.path("okta-conformance.toml"), place.path("mine.toml")).expect("another name");
    let used = format!("target: here of mine.toml, at {}, by way of the proxy {}\n", server.url, proxy.url);
    for (arguments, variables) in [
        (&[&RUN[..], &[&server.url, "--settings", "mine.toml"]].concat(), &[][..]),
        (&[&RUN[..], &[&server.url]].concat(), &[("OKTA_CONFORMANCE_SETTINGS", "mine.toml")][..]),
        (&[&RUN[..], &["here", "--settings", "mine.toml"]].concat(), &[][..]),
    ] {
        let before = proxy.requests().len();
        let done = with(&place, arguments, variables);
        assert!(done.err.contains(&used), "{done:?}");
        assert!(ran(&place), "{done:?}");
        let requests = proxy.requests();
        assert!(requests.len() > before && server.requests().is_empty(), "{done:?}");
        assert_eq!(requests[before].header("Authorization"), Some("SSWS 00-of-the-program"));
    }
    let wrong = place.run(&[&RUN[..], &[&server.url, "--settings", "none.toml"]].concat());
    assert!(wrong.code == 3 && wrong.err.contains("cannot read none.toml"), "{wrong:?}");
    let other = place.run(&[&RUN[..], &["http://127.0.0.1:1", "--settings", "mine.toml"]].concat());
    assert!(other.err.contains("target: http://127.0.0.1:1 (mine.toml says nothing of it)\n"), "{other:?}");
    assert!(!ran(&place));
}

#[test]
fn no_program_is_run_before_something_is_sent() {
    let server = listener();
    let place = place(&server.url, &server.url);
    write(&place, "users.jsonl", &[exchange("u", "POST", "/api/v1/users", json!({}), "", 200, json!({}))]);
    let sent_nothing: [(&[&str], i32); 13] = [
        (&["list", "--suite", "suite", "--target", "here"], 0),
        (&["list", "--suite", "suite", "--target", "here", "none/such"], 4),
        (&["replay", "none.jsonl", "--target", "here"], 3),
        (&["replay", "users.jsonl", "--target", "here"], 4),
        (&["replay", "get.jsonl", "--target", "here", "--principal", "nobody"], 3),
        (&["replay", "get.jsonl", "--target", "here", "--as-of", "today"], 3),
        (&["run", "--suite", "suite", "--target", "here", "none/such"], 4),
        (&["run", "--suite", "suite", "--target", "here", "--shard", "2/2"], 4),
        (&["run", "--suite", "suite", "--target", "here", "--jobs", "0"], 3),
        (&["run", "--suite", "suite", "--target", "here", "--known-failures", "none.yaml"], 3),
        (&["run", "--suite", "suite", "--target", "there"], 3),
        (&["sweep", "--target", "here", "--prefix", "x", "--by-name"], 3),
        (&["sweep", "--target", "here", "--suite", "none"], 3),
    ];
    for (arguments, code) in sent_nothing {
        let done = place.run(arguments);
        assert_eq!(done.code, code, "{arguments:?} {done:?}");
        assert!(!ran(&place), "{arguments:?} {done:?}");
        assert!(!done.err.contains("target: "), "{arguments:?} {done:?}");
    }
    place.write("okta-conformance.toml", &place.read("okta-conformance.toml").replace("admin =", "adnim ="));
    let unknown = place.run(&[&RUN[..], &["here"]].concat());
    assert!(unknown.code == 3 && unknown.err.contains("did you mean `admin`?"), "{unknown:?}");
    assert!(!ran(&place));
    assert_eq!(server.lines(), [""; 0]);
    place.write("okta-conformance.toml", &place.read("okta-conformance.toml").replace("adnim =", "admin ="));
    assert_eq!(place.run(&[&RUN[..], &["here"]].concat()).code, 0);
    assert!(ran(&place));
}

#[test]
fn a_proxy_of_the_environment_is_used_and_told_without_its_login() {
    let proxy = listener();
    let place = Place::with_suite(&[]);
    place.write("suite/cases/things/asked.yaml", CASE);
    let login = proxy.url.replace("http://", "http://me:s3cret@");
    let way = |arguments: &[&str], variables: &[(&str, &str)]| {
        let before = proxy.requests().len();
        let done = with(&place, arguments, variables);
        assert!(!format!("{done:?}").contains("s3cret"), "{done:?}");
        let told = done.err.lines().find_map(|line| line.strip_prefix("target: ").map(str::to_owned));
        (told.unwrap_or_default(), proxy.requests().len() > before)
    };
    let run = [&RUN[..], &["http://okta.invalid", "--no-preflight"]].concat();
    let (plain, told) = (
        "http://okta.invalid (no settings file)".to_owned(),
        format!("http://okta.invalid (no settings file), by way of the proxy {} of the environment", proxy.url),
    );
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        assert_eq!(way(&run, &[(name, &login)]), (told.clone(), true), "{name}");
    }
    assert_eq!(way(&run, &[("https_proxy", &login)]), (plain.clone(), false));
    assert_eq!(way(&run, &[("http_proxy", &login), ("NO_PROXY", "example.com,okta.invalid")]), (plain.clone(), false));
    assert_eq!(way(&run, &[]), (plain, false));
    let sweep = ["sweep", "--by-name", "--target", "http://okta.invalid"];
    assert_eq!(way(&sweep, &[("http_proxy", &login)]), (told, true));
    // What is said of it is what happens: to this machine no such proxy leads.
    let here = listener();
    let local = [&RUN[..], &[&here.url]].concat();
    assert_eq!(way(&local, &[("http_proxy", &login)]), (format!("{} (no settings file)", here.url), false));
    let tls = [&RUN[..], &["https://okta.invalid", "--no-preflight"]].concat();
    let (said, _) = way(&tls, &[("HTTPS_PROXY", &login)]);
    assert!(said.ends_with(&format!("by way of the proxy {} of the environment", proxy.url)), "{said}");
}
