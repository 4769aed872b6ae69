//! A canary in every place where a secret can stand, given back by the target in every form: it stands in nothing that a run writes.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    sync::{Arc, Mutex},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::{
    org::{form, is_for_token},
    server::{Answer, Request, Server},
    support::{Done, Place, data, finish},
};

/// With characters that each form writes in another way.
const CANARY: &str = "C4nary/of+a=Secret~42";

/// Cases whose expectations no answer meets, one of which makes something that cannot be removed.
const CASES: &str = r#"area: things
topic: canaries
profile: core
cases:
  - id: get
    title: Something is there
    requirements: [things.work]
    principal: admin
    steps:
      - request: { method: GET, path: "/api/v1/things?q=1" }
        expect: { status: 200, body: { id: a } }
  - id: follow
    title: A link is followed
    requirements: [things.work]
    principal: admin
    steps:
      - request: { method: GET, path: /api/v1/linked }
        expect: { status: [200, 418] }
        capture: { link: { link: next } }
      - request: { method: GET, url: "${link}" }
        expect: { status: 200 }
  - id: make
    title: Something is made
    requirements: [things.work]
    principal: admin
    steps:
      - request: { method: POST, path: /api/v1/things }
        body: { name: a }
        expect: { status: 201 }
        capture: { id: "$.id" }
        defer: [{ request: { method: DELETE, path: "/api/v1/things/${id}" } }]
      - request: { method: GET, path: "/api/v1/things/${id}" }
        expect: { status: 200, body: { name: "${id}" } }
"#;

/// Every byte escaped as JSON does it.
fn escaped(secret: &str) -> String {
    secret.chars().fold(String::new(), |mut all, c| {
        let _ = write!(all, "\\u{:04x}", u32::from(c));
        all
    })
}

/// The forms in which a target gives a secret back, ready to stand in a JSON text.
fn forms(secret: &str) -> Vec<String> {
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let mut all = vec![format!("({secret})"), percent.to_lowercase().replace('%', "%25"), percent, escaped(secret)];
    all.push(secret.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02x}")));
    all.push(secret.replace('/', "\\/"));
    for lead in ["", "x", "xy"] {
        all.extend([STANDARD.encode(format!("{lead}{secret}z")), URL_SAFE_NO_PAD.encode(format!("{lead}{secret}"))]);
    }
    all
}

/// What was secret in a request.
fn secrets_of(request: &Request) -> Vec<String> {
    let names = ["Authorization", "DPoP", "Proxy-Authorization"].into_iter();
    let headers = names.filter_map(|name| request.header(name));
    let mut all: Vec<String> =
        headers.map(|value| value.split_once(' ').map_or(value, |(_, credential)| credential).to_owned()).collect();
    if is_for_token(request) {
        all.extend(form(request).into_iter().filter(|(name, _)| name == "client_assertion").map(|(_, value)| value));
    }
    all
}

/// What a target has seen of secrets since a program began, and before.
struct Secrets {
    own: BTreeSet<String>,
    seen: BTreeSet<String>,
    before: BTreeSet<String>,
}

impl Secrets {
    /// Of what another program was given, the next one cannot know.
    fn next_program(&mut self) {
        let seen = std::mem::replace(&mut self.seen, self.own.clone());
        self.before.extend(seen);
    }
}

/// A target that gives back whatever it knows of secrets. What answers hold of their own accord is secret too.
fn echo(canary: &str) -> (Server, Arc<Mutex<Secrets>>) {
    let own = ["Cl1ent-secret-of-an-answer", "Acc3ss-token-of-an-answer", "Pr1vate-part-of-a-key"];
    let known: BTreeSet<String> = own.into_iter().chain([canary]).map(str::to_owned).collect();
    let secrets = Arc::new(Mutex::new(Secrets { own: known.clone(), seen: known, before: BTreeSet::new() }));
    let (all, canary) = (Arc::clone(&secrets), canary.to_owned());
    let server = Server::start(move |request| {
        let seen = &mut secrets.lock().expect("no panic").seen;
        seen.extend(secrets_of(request));
        // A proxy is asked for a whole URL.
        let path =
            request.target.split_once("://").map_or(&*request.target, |(_, rest)| &rest[rest.find('/').unwrap_or(0)..]);
        if path == "/oauth2/v1/token" {
            let token = format!("M1nted+token/{}.{}", seen.len(), "t".repeat(40));
            let kind = if request.header("DPoP").is_some() { "DPoP" } else { "Bearer" };
            seen.insert(token.clone());
            return Some(Answer::json(200, &json!({ "access_token": token, "token_type": kind, "expires_in": 3600 })));
        }
        let forms: Vec<String> = seen.iter().flat_map(|secret| forms(secret)).collect();
        let members = forms.iter().fold(String::new(), |all, form| format!("{all}, \"{form}\": [\"{form}\"]"));
        let keys = format!("\"keys\": [{{ \"kty\": \"EC\", \"d\": \"{}\" }}]", own[2]);
        let body = format!(
            "{{ \"id\": \"{canary}\", \"client_secret\": \"{}\", \"nested\": [{{ \"access\\u005ftoken\": \"{}\" }}], {keys}{members} }}",
            own[0], own[1]
        );
        let status = match request.method.as_str() {
            "POST" => 201,
            "DELETE" => 403,
            _ => 418,
        };
        let host = request.header("Host").unwrap_or_default();
        let query = utf8_percent_encode(&canary, NON_ALPHANUMERIC);
        let answer =
            Answer::new(status, body).header("Link", &format!("<http://{host}/api/v1/things?t={query}>; rel=\"next\""));
        // A head of more than some thousand bytes is none that a client takes.
        let short = forms.iter().filter(|form| form.len() < 200).rev().take(60);
        Some(short.fold(answer, |answer, form| answer.header("X-Echo", form)))
    });
    (server, all)
}

/// A text with its escapes undone, as whoever reads it would.
fn undone(text: &str) -> String {
    let mut plain = text.to_owned();
    for code in 0x20..0x7f_u8 {
        let meant = char::from(code).to_string();
        let markup = [format!("&#{code};"), format!("&#x{code:x};"), format!("&#x{code:X};")];
        for escape in
            [format!("\\u{code:04x}"), format!("%{code:02x}"), format!("%{code:02X}")].into_iter().chain(markup)
        {
            plain = plain.replace(&escape, &meant);
        }
    }
    // As a JSON Pointer has it.
    plain.replace("\\/", "/").replace("~1", "/").replace("~0", "~")
}

/// The parts of a secret that nothing but it decides, as they are and in base64.
fn parts(secret: &str) -> Vec<String> {
    let mut all = vec![secret.to_owned()];
    for lead in ["", "x", "xy"] {
        let plain = STANDARD.encode(format!("{lead}{secret}"));
        let middle = plain[4..plain.len() - 8].to_owned();
        all.extend([middle.replace('+', "-").replace('/', "_"), middle]);
    }
    all
}

/// Where a canary is put, and how a run with it is set up.
struct Nest {
    name: &'static str,
    canary: String,
    /// The target in TOML, below its URL.
    settings: String,
    files: Vec<(&'static str, String)>,
    environment: Vec<(&'static str, String)>,
}

/// All places. `URL` stands for that of the echo.
fn nests() -> Vec<Nest> {
    let admin = |credential: &str| format!("[targets.here.principals]\nadmin = {credential}\n");
    let client = |more: &str| admin(&format!("{{ client-credentials = {{ client-id = \"0oa1\", {more} }} }}"));
    let nest = |name, settings| Nest { name, canary: CANARY.to_owned(), settings, files: vec![], environment: vec![] };
    let key = |name: &str| fs::read_to_string(data("keys").join(name)).expect("a key");
    let pem_line = |pem: &str| pem.lines().nth(1).expect("a line").to_owned();
    let (pem, jwk) = (key("rsa.pkcs8.pem"), key("ec.jwk.json"));
    let d =
        serde_json::from_str::<serde_json::Value>(&jwk).expect("a key")["d"].as_str().expect("its secret").to_owned();
    let password = "C4nary%2Fof%2Ba";
    let proxy = format!("http://user:{password}@HOST");
    vec![
        nest("a literal in the settings", admin(&format!("{{ ssws = {CANARY:?} }}"))),
        Nest {
            environment: vec![("CANARY", CANARY.to_owned())],
            ..nest("a variable", admin("{ bearer = { env = \"CANARY\" } }"))
        },
        Nest { files: vec![("nest", CANARY.to_owned())], ..nest("a file", admin("{ ssws = { file = \"nest\" } }")) },
        nest("a command", admin(&format!("{{ ssws = {{ command = [\"echo\", {CANARY:?}] }} }}"))),
        nest("the secret of a client", client(&format!("client-secret = {CANARY:?}, dpop = true"))),
        Nest {
            canary: pem_line(&pem),
            files: vec![("nest", pem.clone())],
            ..nest("a key in PEM", client("private-key = { file = \"nest\" }"))
        },
        Nest {
            canary: d,
            files: vec![("nest", jwk)],
            ..nest("a JWK", client("private-key = { file = \"nest\" }, dpop = true"))
        },
        Nest { environment: vec![("OKTA_CLIENT_TOKEN", CANARY.to_owned())], ..nest("the SDKs' token", String::new()) },
        Nest {
            canary: pem_line(&pem),
            environment: vec![
                ("OKTA_CLIENT_CLIENTID", "0oa1".to_owned()),
                ("OKTA_CLIENT_PRIVATEKEY", pem.replace('\n', "\\n")),
            ],
            ..nest("the SDKs' key", String::new())
        },
        Nest {
            files: vec![("home/.okta/okta.yaml", format!("okta: {{ client: {{ token: {CANARY:?} }} }}\n"))],
            ..nest("okta.yaml", String::new())
        },
        Nest {
            canary: "C4nary/of+a".to_owned(),
            ..nest("a proxy of the settings", format!("proxy = {proxy:?}\n{}", admin("{ ssws = \"an0ther-secret\" }")))
        },
        Nest {
            canary: "C4nary/of+a".to_owned(),
            environment: vec![("OKTA_CONFORMANCE_PROXY", proxy.clone())],
            ..nest("a proxy of our own variable", admin("{ ssws = \"an0ther-secret\" }"))
        },
        Nest {
            canary: "C4nary/of+a".to_owned(),
            environment: vec![("http_proxy", proxy)],
            ..nest("a proxy of the surroundings", admin("{ ssws = \"an0ther-secret\" }"))
        },
    ]
}

/// Every format of a report that there is, so that none is left out.
fn formats(place: &Place) -> Vec<String> {
    let refused = place.run(&["report", "none", "--format", "none"]);
    let list = refused.err.split_once("[possible values: ").expect("the formats").1;
    list.split_once(']').expect("their end").0.split(", ").map(str::to_owned).collect()
}

/// What a nest's settings, files and variables are for.
fn settle(nest: &Nest, server: &Server) -> Place {
    let place = Place::with_suite(&[]);
    place.write("suite/cases/things/canaries.yaml", CASES);
    let host = server.url.strip_prefix("http://").expect("a URL of http");
    // What is reached directly is on this machine; what goes through a proxy is not.
    let url = if nest.name.contains("proxy") { "http://org.example" } else { &server.url };
    let settings = nest.settings.replace("HOST", host);
    place.write("okta-conformance.toml", &format!("[targets.here]\nurl = {url:?}\n{settings}"));
    for (name, text) in &nest.files {
        place.write(name, text);
    }
    place
}

fn run(nest: &Nest, place: &Place, server: &Server, arguments: &[&str]) -> Done {
    let host = server.url.strip_prefix("http://").expect("a URL of http");
    let mut command = place.command(&[arguments, &["--suite", "suite", "--target", "here"]].concat());
    command.env_remove("OKTA_CLIENT_TOKEN").env("HOME", place.path("home"));
    command.envs(nest.environment.iter().map(|(name, value)| (*name, value.replace("HOST", host))));
    finish(command.spawn().expect("the program starts"))
}

/// What every command that speaks to the target writes, by name: streams, and files that were not given.
fn written(nest: &Nest, place: &Place, server: &Server, secrets: &Mutex<Secrets>) -> Vec<(String, String)> {
    let name = nest.name;
    let run = |arguments: &[&str]| {
        secrets.lock().expect("no panic").next_program();
        run(nest, place, server, arguments)
    };
    let formats = formats(place);
    assert!(formats.len() > 10 && formats.iter().any(|format| format == "html"), "{formats:?}");
    let mut arguments = vec!["run", "--verbose", "--jobs", "1", "--no-preflight", "--snapshots", "snapshots"];
    arguments.extend(["--record", "record.jsonl", "--propose-known-failures", "proposed.yaml"]);
    arguments.extend(formats.iter().flat_map(|format| ["--report", format]));
    let done = run(&arguments);
    assert_eq!(done.code, 1, "{name}: {}{}", done.out, done.err);
    assert!(done.out.contains("***") && done.out.contains("leaked"), "{name}: {}", done.out);
    let mut streams = vec![("run", done)];
    let swept = run(&["sweep"]);
    assert!(swept.out.contains("left "), "{name}: {swept:?}");
    let again = ["replay", "record.jsonl", "--principal", "admin", "--verbose", "--record", "again.jsonl"];
    let replayed = run(&again);
    assert!(replayed.code < 3, "{name}: {replayed:?}");
    let json = run(&["run", "--format", "json", "--no-preflight", "--events", "second.jsonl"]);
    assert_eq!(json.code, 1, "{name}: {json:?}");
    streams.extend([("sweep", swept), ("replay", replayed), ("run to JSON", json)]);

    let given =
        |file: &str| ["suite", "home", "nest", "okta-conformance.toml"].iter().any(|given| file.starts_with(given));
    let files = place.files().into_iter().filter(|(file, _)| !given(file));
    let mut all: Vec<_> = files.map(|(file, bytes)| (file, String::from_utf8_lossy(&bytes).into_owned())).collect();
    // A report of each format, snapshots, and: streams and ledgers of two runs, two recordings, a proposal.
    let snapshots = all.iter().filter(|(file, _)| file.starts_with("snapshots")).count();
    let names: Vec<&String> = all.iter().map(|(file, _)| file).collect();
    assert!(snapshots > 0 && all.len() == formats.len() + snapshots + 7, "{name}: {names:?}");
    for (command, done) in streams {
        all.extend([(format!("stdout of {command}"), done.out), (format!("stderr of {command}"), done.err)]);
    }
    all
}

#[test]
fn a_canary_in_every_place_stands_in_nothing_that_a_run_writes() {
    for nest in nests() {
        let (server, secrets) = echo(&nest.canary);
        let place = settle(&nest, &server);
        let texts = written(&nest, &place, &server, &secrets);
        let mut secrets = secrets.lock().expect("no panic");
        secrets.next_program();
        let (name, secrets) = (nest.name, &secrets.before);
        assert!(
            server.requests().iter().any(|request| !secrets_of(request).is_empty()),
            "{name}: the target has seen it"
        );
        let mut found = BTreeSet::new();
        for (file, text) in &texts {
            let layers = [text.clone(), undone(text), undone(&undone(text))];
            let stands = |part: &String| layers.iter().any(|text| text.contains(part));
            found.extend(secrets.iter().flat_map(|secret| parts(secret)).filter(stands).map(|part| (file, part)));
        }
        assert!(found.is_empty(), "{name}: secrets stand in what was written: {found:?}");
    }
}

#[test]
fn a_secret_that_was_written_before_it_was_known_is_told_loudly() {
    // What anybody is told first is somebody's token later.
    let token = "Fut5re-token/of+somebody";
    for told in [token, "another text"] {
        let server = Server::start(move |request| {
            Some(match request.target.as_str() {
                "/oauth2/v1/token" => Answer::json(200, &json!({ "access_token": token, "token_type": "Bearer" })),
                _ => Answer::json(200, &json!({ "id": "a", "said": escaped(told) })),
            })
        });
        let place = Place::with_suite(&[]);
        let mut cases = String::from("area: things\ntopic: early\nprofile: core\ncases:\n");
        for (id, principal) in [("a", "anonymous"), ("b", "admin")] {
            let step = "{ request: { method: GET, path: /api/v1/things }, expect: { status: 200 } }";
            let _ = writeln!(
                cases,
                "  - {{ id: {id}, title: Something is told, requirements: [things.work], principal: {principal}, steps: [{step}] }}"
            );
        }
        place.write("suite/cases/things/early.yaml", &cases);
        let admin = "{ client-credentials = { client-id = \"0oa1\", client-secret = \"an0ther-secret\" } }";
        place.write(
            "okta-conformance.toml",
            &format!("[targets.here]\nurl = {:?}\nprincipals.admin = {admin}\n", server.url),
        );
        let done = place.run(&[
            "run",
            "--suite",
            "suite",
            "--target",
            "here",
            "--jobs",
            "1",
            "--no-preflight",
            "--record",
            "r.jsonl",
        ]);
        let said = |file: &str| done.err.contains(&format!("error: {file} contains a secret at byte "));
        let (early, code) = (told == token, if told == token { 2 } else { 0 });
        assert_eq!((done.code, said("reports/events.jsonl"), said("r.jsonl")), (code, early, early), "{done:?}");
        assert!(!done.err.contains("the output contains a secret"), "no answer was: {done:?}");
        assert!(!done.err.contains(token), "{}", done.err);

        // A failure shows the answer, and there is no stream to look through.
        let cases = place.read("suite/cases/things/early.yaml").replace("status: 200", "status: 204");
        place.write("suite/cases/things/early.yaml", &cases);
        let more = ["--jobs", "1", "--no-preflight", "--events", "none"];
        let done = place.run(&[&["run", "--suite", "suite", "--target", "here"][..], &more].concat());
        let printed = done.err.contains("error: the output contains a secret: ");
        assert_eq!((done.code, printed), (if early { 2 } else { 1 }, early), "{done:?}");
    }
}
