//! Settings of targets: what a file may say, what it may say wrongly, and what stands above and below it.

use super::{
    org::{CLIENT, Org, Rules},
    server::{Answer, Server},
    support::{Done, Place, data, finish, snapshot},
};

/// Runs one trial of the principal `admin` in this place, with these variables.
pub(crate) fn run(place: &Place, target: &str, variables: &[(&str, &str)]) -> Done {
    let mut command = place.command(&["run", "--suite", "suite", "--target", target]);
    command.env_remove("OKTA_CLIENT_TOKEN").envs(variables.iter().copied());
    finish(command.spawn().expect("the program starts"))
}

/// Answers everything, and thus shows what it was asked with.
fn listener() -> Server {
    Server::always(Answer::json(200, &serde_json::json!({})))
}

fn authorizations(server: &Server) -> Vec<String> {
    let mut all: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.header("Authorization").unwrap_or("nothing").to_owned())
        .collect();
    all.sort();
    all.dedup();
    all
}

pub(crate) fn place() -> Place {
    Org::start(Rules::default()).place("{ ssws = \"unused-token\" }", 1)
}

#[test]
fn every_mistake_is_shown_with_its_place_and_without_the_secrets_on_its_line() {
    let place = Place::new();
    let text = std::fs::read_to_string(data("settings/mistakes.toml")).expect("a file");
    place.write("okta-conformance.toml", &text);
    let done = place.run(&["check", "okta-conformance.toml"]);
    assert_eq!((done.code, done.out.as_str()), (3, ""), "{done:?}");
    snapshot(&place, "settings-mistakes", &done.err);
    place.write("broken.toml", "[targets.a]\nurl = \nprincipals.admin.ssws = \"00-secret-of-somebody\nx = 1\n");
    let broken = place.run(&["check", "broken.toml"]);
    assert_eq!(broken.code, 3, "{broken:?}");
    assert!(broken.err.contains("broken.toml:2:"), "{}", broken.err);
    for text in [&done.err, &broken.err, &place.run(&["run", "--target", "a", "--settings", "broken.toml"]).err] {
        assert!(!text.contains("00-secret-of-somebody"), "{text}");
        assert!(!text.contains("of-the-proxy"), "{text}");
    }
}

#[test]
fn settings_in_full_have_no_mistakes_and_fit_the_schema() {
    let place = Place::new();
    let page = std::fs::read_to_string(data("../../docs/targets.md")).expect("a file");
    let (_, rest) = page.split_once("```toml\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("its end");
    place.write("okta-conformance.toml", example);
    let done = place.run(&["check", "okta-conformance.toml"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{done:?}");
    assert_eq!(done.out, "okta-conformance.toml: no mistakes\n");
    let schema = std::fs::read_to_string(data("../../schemas/harness/settings.schema.json")).expect("a file");
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a schema");
    let value = |text: &str| toml::from_str::<serde_json::Value>(text).expect("TOML");
    let problems: Vec<String> = schema.iter_errors(&value(example)).map(|error| error.to_string()).collect();
    assert_eq!(problems, [""; 0]);
    let mistakes = std::fs::read_to_string(data("settings/mistakes.toml")).expect("a file");
    assert!(!schema.is_valid(&value(&mistakes)));
}

#[test]
fn a_secret_in_the_file_draws_a_warning() {
    let server = listener();
    let place = place();
    let text = format!(
        "[targets.here]\nurl = {:?}\n[targets.here.principals]\nadmin = {{ ssws = \"00-literal\" }}\n",
        server.url
    );
    place.write("okta-conformance.toml", &text);
    let done = run(&place, "here", &[]);
    assert_eq!(authorizations(&server), ["SSWS 00-literal"], "{done:?}");
    let warning = "warning: okta-conformance.toml:4:18: the value of `ssws` is a secret and stands in the file";
    assert!(done.err.starts_with(warning), "{}", done.err);
    assert!(!(done.err + &done.out).contains("00-literal"));
    let done = place.run(&["check", "okta-conformance.toml"]);
    assert_eq!(done.code, 0);
    assert!(done.err.starts_with(warning), "{}", done.err);
}

#[test]
fn a_command_that_gives_no_secret_is_told() {
    let place = place();
    for (command, said) in [
        (
            "[\"/bin/false\"]",
            "cannot read the token of the principal `admin` from the command `/bin/false`: it ended with",
        ),
        ("[\"/bin/true\"]", "it printed nothing"),
        ("[\"/none/such\"]", "No such file"),
    ] {
        let text = format!(
            "[targets.here]\nurl = \"http://127.0.0.1:1\"\n[targets.here.principals]\nadmin = {{ ssws = {{ command = {command} }} }}\n"
        );
        place.write("okta-conformance.toml", &text);
        let done = run(&place, "here", &[]);
        assert_eq!(done.code, 3, "{done:?}");
        assert!(done.err.contains(said), "{}", done.err);
    }
}

#[test]
fn what_the_sdks_read_stands_below_the_file_and_goes_to_its_own_org_alone() {
    let place = place();
    let (server, other) = (listener(), listener());
    let here = |more: &str| format!("[targets.here]\nurl = {:?}\n{more}\n", server.url);
    place.write("home/.okta/okta.yaml", "okta:\n  client:\n    token: 00-of-the-file\n    orgUrl: ");
    let home = place.path("home").display().to_string();
    let yaml = |url: &str| {
        place.write(
            "home/.okta/okta.yaml",
            &format!("okta:\n  client:\n    orgUrl: {url}/\n    token: 00-of-the-file\n    connectionTimeout: 30\n"),
        );
    };
    let seen = |target: &str, variables: &[(&str, &str)]| {
        let before = server.requests().len();
        let done = run(&place, target, variables);
        let requests = server.requests();
        let last =
            requests[before..].last().map(|request| request.header("Authorization").unwrap_or("nothing").to_owned());
        last.unwrap_or_else(|| format!("{done:?}"))
    };
    yaml(&server.url);
    place.write("okta-conformance.toml", &here(""));
    let variable = ("OKTA_CLIENT_TOKEN", "00-of-the-variable");
    let at_home = ("HOME", home.as_str());
    assert_eq!(seen("here", &[at_home]), "SSWS 00-of-the-file");
    assert_eq!(seen("here", &[at_home, variable]), "SSWS 00-of-the-variable");
    assert_eq!(seen(&server.url, &[at_home, variable]), "SSWS 00-of-the-variable");
    assert_eq!(seen("org", &[at_home]), "SSWS 00-of-the-file");
    place.write("okta-conformance.toml", &here("[targets.here.principals]\nadmin = { ssws = \"00-of-the-settings\" }"));
    assert_eq!(seen("here", &[at_home, variable]), "SSWS 00-of-the-settings");
    // A target without a URL is the SDKs' org.
    place.write("okta-conformance.toml", "[targets.here]\n");
    assert_eq!(seen("here", &[at_home]), "SSWS 00-of-the-file");
    assert_eq!(seen("here", &[("OKTA_CLIENT_ORGURL", &server.url), variable]), "SSWS 00-of-the-variable");
    // Credentials of another org stay where they are.
    place.write("okta-conformance.toml", &here(""));
    yaml(&other.url);
    let done = run(&place, "here", &[at_home, ("OKTA_CLIENT_ORGURL", &other.url), variable]);
    assert_eq!(done.code, 2, "nobody can speak: {done:?}");
    assert!(done.err.contains("warning: there are no credentials for here"), "{}", done.err);
    assert_eq!(seen("here", &[at_home, variable]), "SSWS 00-of-the-variable", "that names no org");
    assert_eq!(other.lines(), [""; 0]);
}

#[test]
fn the_sdks_private_key_is_used_in_their_modes() {
    let org =
        Org::start(Rules { key: Some("ec.public.pem"), key_id: Some("mine"), scope: Some("a b"), ..Rules::default() });
    let place = org.place("{ ssws = \"unused-token\" }", 1);
    place.write("okta-conformance.toml", "");
    let pem = std::fs::read_to_string(data("keys/ec.pkcs8.pem")).expect("a key");
    let path = data("keys/ec.pkcs8.pem").display().to_string();
    let common =
        [("OKTA_CLIENT_CLIENTID", CLIENT), ("OKTA_CLIENT_PRIVATEKEYID", "mine"), ("OKTA_CLIENT_SCOPES", "a,b")];
    for key in [pem.as_str(), path.as_str()] {
        let done = run(&place, &org.server.url, &[&common[..], &[("OKTA_CLIENT_PRIVATEKEY", key)]].concat());
        assert_eq!(done.code, 0, "{done:?} {:?}", org.seen().refusals);
    }
    // From the file, with its lines below each other; the mode decides over the token.
    let indented = pem.trim().replace('\n', "\n        ");
    let yaml = format!(
        "okta:\n  client:\n    orgUrl: {}\n    authorizationMode: PrivateKey\n    token: 00-unused\n    clientId: {CLIENT}\n    privateKeyId: mine\n    scopes: [a, b]\n    privateKey: |\n        {indented}\n",
        org.server.url
    );
    place.write("home/.okta/okta.yaml", &yaml);
    let done = run(&place, "org", &[("HOME", &place.path("home").display().to_string())]);
    assert_eq!(done.code, 0, "{done:?} {:?}", org.seen().refusals);
    assert_eq!(org.counts(), (3, 3));
}

#[test]
fn a_broken_file_of_the_sdks_is_a_warning_without_its_text() {
    let server = listener();
    let place = place();
    place.write("home/.okta/okta.yaml", "okta:\n  client:\n    token: \"00-unfinished\n  x\n");
    let done = run(&place, &server.url, &[("HOME", &place.path("home").display().to_string())]);
    assert!(done.err.contains("warning: ~/.okta/okta.yaml:"), "{done:?}");
    assert!(!done.err.contains("00-unfinished"), "{done:?}");
}

#[test]
fn the_time_limit_and_the_prefix_of_a_target_are_used() {
    let silent = Server::start(|_| None);
    let place = place();
    let settings = |url: &str| {
        format!(
            "[targets.here]\nurl = {url:?}\ntimeout = \"300ms\"\nprefix = \"nightly\"\n[targets.here.principals]\nadmin = {{ ssws = \"00-a-token\" }}\n"
        )
    };
    place.write("okta-conformance.toml", &settings(&silent.url));
    let done = run(&place, "here", &[]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.out.contains("no complete answer within 300ms"), "{}", done.out);
    let done = place.run(&["run", "--suite", "suite", "--target", "here", "--timeout", "200ms"]);
    assert!(done.out.contains("no complete answer within 200ms"), "the flag goes before: {}", done.out);
    let server = listener();
    place.write("okta-conformance.toml", &settings(&server.url));
    let cases = place.read("suite/cases/things/clients.yaml");
    place.write("suite/cases/things/clients.yaml", &cases.replace("q=1", "q=${unique}"));
    let _ = run(&place, "here", &[]);
    let lines = server.lines();
    assert!(lines.iter().any(|line| line.starts_with("GET /api/0?q=nightly_")), "{lines:?}");
}
