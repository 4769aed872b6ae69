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
    support::{Place, data, finish},
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

/// A target that gives back whatever it knows of secrets. What answers hold of their own accord is secret too.
fn echo(canary: &str) -> (Server, Arc<Mutex<BTreeSet<String>>>) {
    let own = ["Cl1ent-secret-of-an-answer", "Acc3ss-token-of-an-answer", "Pr1vate-part-of-a-key"];
    let known: BTreeSet<String> = own.into_iter().chain([canary]).map(str::to_owned).collect();
    let (seen, canary) = (Arc::new(Mutex::new(known)), canary.to_owned());
    let all = Arc::clone(&seen);
    let server = Server::start(move |request| {
        let mut seen = seen.lock().expect("no panic");
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
        for escape in [format!("\\u{code:04x}"), format!("%{code:02x}"), format!("%{code:02X}")] {
            plain = plain.replace(&escape, &meant);
        }
    }
    plain.replace("\\/", "/")
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

#[test]
fn a_canary_in_every_place_stands_in_nothing_that_a_run_writes() {
    for nest in nests() {
        let (server, secrets) = echo(&nest.canary);
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
        let formats =
            ["junit", "junit-strict", "json", "coverage", "har", "markdown", "tap", "github", "text", "badge", "html"];
        let reports: Vec<&str> = formats.into_iter().flat_map(|format| ["--report", format]).collect();
        let more = [
            "--record",
            "record.jsonl",
            "--propose-known-failures",
            "proposed.yaml",
            "--verbose",
            "--jobs",
            "1",
            "--no-preflight",
        ];
        let arguments = [&["run", "--suite", "suite", "--target", "here"][..], reports.as_slice(), &more].concat();
        let mut command = place.command(&arguments);
        command.env_remove("OKTA_CLIENT_TOKEN").env("HOME", place.path("home"));
        command.envs(nest.environment.iter().map(|(name, value)| (*name, value.replace("HOST", host))));
        let done = finish(command.spawn().expect("the program starts"));
        let name = nest.name;
        assert_eq!(done.code, 1, "{name}: {}{}", done.out, done.err);
        assert!(done.out.contains("***") && done.out.contains("leaked"), "{name}: {}", done.out);

        let given =
            |file: &str| ["suite", "home", "nest", "okta-conformance.toml"].iter().any(|given| file.starts_with(given));
        let written = place.files().into_iter().filter(|(file, _)| !given(file));
        let mut texts: Vec<_> =
            written.map(|(file, bytes)| (file, String::from_utf8_lossy(&bytes).into_owned())).collect();
        assert_eq!(texts.len(), formats.len() + 4, "{name}: stream, reports, recording, proposal, ledger");
        texts.extend([("stdout".to_owned(), done.out), ("stderr".to_owned(), done.err)]);
        let secrets = secrets.lock().expect("no panic").clone();
        assert!(
            server.requests().iter().any(|request| !secrets_of(request).is_empty()),
            "{name}: the target has seen it"
        );
        for (file, text) in &texts {
            let layers = [text.clone(), undone(text), undone(&undone(text))];
            for part in secrets.iter().flat_map(|secret| parts(secret)) {
                assert!(!layers.iter().any(|text| text.contains(&part)), "{name}: {part} stands in {file}");
            }
        }
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
        let said = |file: &str| done.err.contains(&format!("error: a secret stands in {file}, "));
        let (early, code) = (told == token, if told == token { 2 } else { 0 });
        assert_eq!((done.code, said("reports/events.jsonl"), said("r.jsonl")), (code, early, early), "{done:?}");
        assert!(!done.err.contains(token), "{}", done.err);
    }
}
