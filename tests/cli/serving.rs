//! `mock` for people who test an application: where it listens, whom it lets in, HTTPS, and the port that steers it.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout},
};

use serde_json::Value;

use super::{
    server::{Answer, ask},
    support::Place,
};

const EXPORT: &str = "export OKTA_CLIENT_ORGURL=";
const AUTHORITY: &str = "certificate authority in ";
const ADMIN: &str = "admin at ";

/// A mock and the lines that it printed; ended when this is dropped.
pub(crate) struct Served {
    child: Child,
    lines: Vec<String>,
    /// Open as long as the mock runs, which prints into it.
    _out: BufReader<ChildStdout>,
}

impl Served {
    /// Starts the program and reads up to the line that begins like this.
    pub(crate) fn start(place: &Place, arguments: &[&str], last: &str) -> Served {
        let mut all = vec!["mock", "--port", "0"];
        all.extend(arguments);
        let mut child = place.command(&all).spawn().expect("the program starts");
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let mut lines: Vec<String> = Vec::new();
        while !lines.last().is_some_and(|line| line.trim_start().starts_with(last)) {
            let mut line = String::new();
            assert!(out.read_line(&mut line).expect("a line") > 0, "no {last} in {lines:?}");
            lines.push(line.trim_end().to_owned());
        }
        Served { child, lines, _out: out }
    }

    /// What follows this text at the beginning of a line.
    pub(crate) fn told(&self, start: &str) -> &str {
        let line = self.lines.iter().find_map(|line| line.trim_start().strip_prefix(start));
        line.unwrap_or_else(|| panic!("no {start} in {:?}", self.lines))
    }

    fn token(&self) -> &str {
        self.told(EXPORT).split_once(" OKTA_CLIENT_TOKEN=").expect("a token").1
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("a JSON body")
}

#[test]
fn on_loopback_the_token_is_one_that_everybody_knows() {
    let place = Place::new();
    for bind in ["localhost", "127.0.0.1"] {
        let served = Served::start(&place, &["--bind", bind], EXPORT);
        assert!(served.told("mock org at ").starts_with("http://127.0.0.1:"));
        assert_eq!(served.token(), "mock-token");
    }
}

#[test]
fn beyond_loopback_it_is_made_at_the_start() {
    let place = Place::new();
    let tokens: Vec<String> = (0..2)
        .map(|_| {
            let served = Served::start(&place, &["--bind", "0.0.0.0"], EXPORT);
            let url = served.told("mock org at ");
            for (token, status) in [(served.token(), 200), ("mock-token", 401)] {
                let authorization = format!("SSWS {token}");
                let headers = [("Authorization", authorization.as_str())];
                assert_eq!(ask(url, "GET", "/api/v1/authorizationServers", &headers, b"").status, status);
            }
            served.token().to_owned()
        })
        .collect();
    assert!(tokens[0] != tokens[1] && tokens.iter().all(|token| token.len() == 32), "{tokens:?}");
    assert_eq!(Served::start(&place, &["--bind", "0.0.0.0", "--token", "mine"], EXPORT).token(), "mine");
}

#[test]
fn with_https_the_authority_is_written_to_a_file() {
    let place = Place::new();
    let served = Served::start(&place, &["--tls", "--ca-file", "ca.pem"], AUTHORITY);
    assert!(served.told("mock org at ").starts_with("https://127.0.0.1:"));
    assert_eq!(served.told(AUTHORITY), "ca.pem");
    assert!(place.read("ca.pem").starts_with("-----BEGIN CERTIFICATE-----"));
    for (arguments, part) in [
        (&["--ca-file", "ca.pem"][..], "--tls"),
        (&["--tls", "--ca-file", "no/such/ca.pem"], "cannot write no/such/ca.pem"),
        (&["--bind", "nowhere"], "`nowhere` is neither an address nor `localhost`"),
    ] {
        let done = place.run(&[&["mock", "--port", "0"], arguments].concat());
        assert_eq!(done.code, 3, "{}", done.out);
        assert!(done.err.contains(part), "{}", done.err);
    }
}

#[test]
fn tests_steer_it_by_a_port_of_its_own() {
    let place = Place::new();
    let served = Served::start(&place, &["--admin-port", "0", "--unknown-paths", "404"], ADMIN);
    let admin = served.told(ADMIN).strip_suffix("/__admin/").expect("its path");
    let authorization = [("Authorization", "SSWS mock-token")];
    assert_eq!(ask(served.told("mock org at "), "GET", "/api/v1/users", &authorization, b"").status, 404);
    let told = json(&ask(admin, "GET", "/__admin/requests", &[], b""));
    assert_eq!(told["requests"][0]["request"]["url"], "/api/v1/users");
    let clock = json(&ask(admin, "POST", "/__admin/clock", &[("Content-Length", "17")], br#"{"advance":"45d"}"#));
    assert_eq!(clock["offsetSeconds"], Value::from(45 * 86_400), "{clock}");
    assert_eq!(ask(admin, "POST", "/__admin/reset", &[], b"").status, 200);
}

#[test]
fn a_port_that_is_taken_is_said_so() {
    let place = Place::new();
    let served = Served::start(&place, &[], EXPORT);
    let port = served.told("mock org at ").rsplit_once(':').expect("a port").1;
    let done = place.run(&["mock", "--port", port]);
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("another program does; `--port 0` takes a free port"), "{}", done.err);
}
