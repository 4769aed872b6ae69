//! Targets that are broken or hostile, each in its own way: what becomes of a trial, within which limit, and that reports are whole. The
//! table stands in docs/live-org.md too.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use nix::sys::resource::{UsageWho, getrusage};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use serde_json::Value;

use super::{
    server::{Answer, Server},
    support::{Done, Place, data, junit, of_kind, text},
};

/// A target and what a run against it comes to.
struct Row {
    name: &'static str,
    url: String,
    /// The certificate of a CA that the run trusts.
    ca: Option<String>,
    outcome: &'static str,
    /// What the reason says, one of them.
    reasons: &'static [&'static str],
    /// The target, where it is a server of this kind.
    _server: Option<Server>,
    /// Where nothing may be sent.
    elsewhere: Option<Server>,
}

impl Row {
    fn new(name: &'static str, url: String, outcome: &'static str, reasons: &'static [&'static str]) -> Self {
        Self { name, url, ca: None, outcome, reasons, _server: None, elsewhere: None }
    }

    /// A target that answers every request so.
    fn answer(name: &'static str, answer: Answer, outcome: &'static str, reasons: &'static [&'static str]) -> Self {
        let server = Server::always(answer);
        let row = Self::new(name, server.url.clone(), outcome, reasons);
        Self { _server: Some(server), ..row }
    }
}

/// Serves each connection with `handle`, after the head of its request was read; ends with the test.
fn raw(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    listening(move |mut stream| {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
            head.push(byte[0]);
        }
        handle(stream);
    })
}

fn listening(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let handle = Arc::new(handle);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), handle) = (stream, Arc::clone(&handle)) else { return };
            thread::spawn(move || handle(stream));
        }
    });
    format!("http://{address}")
}

/// Writes the same until the client has gone, with a pause that makes it slow.
fn for_ever(stream: &mut impl Write, piece: &[u8], pause: Duration) {
    while stream.write_all(piece).is_ok() {
        thread::sleep(pause);
    }
}

const SLOW: Duration = Duration::from_millis(20);

/// Half a gigabyte of zeros in the form of RFC 1952: one literal, then matches of 258 bytes at a distance of one, in a fixed Huffman block.
fn gzip_bomb() -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], 0_u32, 0);
    let mut put = |value: u32, length: u32| {
        bits |= value << count;
        count += length;
        while count >= 8 {
            bytes.push((bits & 0xff) as u8);
            bits >>= 8;
            count -= 8;
        }
    };
    // Last block, fixed codes; the literal 0 is 00110000, the length 258 is 11000101, the distance 1 is 00000, the end 0000000.
    put(0b011, 3);
    put(0b0000_1100, 8);
    for _ in 0..(1 << 29) / 258 {
        put(0b1010_0011, 8);
        put(0, 5);
    }
    put(0, 7);
    put(0, 7);
    bytes.extend([0; 8]);
    bytes
}

/// Who has signed a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signed {
    ByTheCa,
    ByItself,
    /// By itself, and it is that of the CA.
    AsTheCa,
}

/// A CA, in PEM, and a target whose certificate is for this name until this year.
fn tls(name: &str, year: i32, signed: Signed) -> (String, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("a CA");
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, "a target of these tests");
    params.not_after = date_time_ymd(year, 1, 1);
    if signed == Signed::AsTheCa {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let certificate = match signed {
        Signed::ByTheCa => params.signed_by(&key, &issuer),
        Signed::ByItself | Signed::AsTheCa => params.self_signed(&key),
    };
    let certificate = certificate.expect("a certificate");
    let authority = if signed == Signed::AsTheCa { certificate.pem() } else { issuer.pem() };
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
        .expect("the key of the certificate");
    let config = Arc::new(config);
    let url = listening(move |stream| {
        let Ok(connection) = ServerConnection::new(Arc::clone(&config)) else { return };
        let mut reader = BufReader::new(StreamOwned::new(connection, stream));
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if !reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                return;
            }
        }
        let _ = reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nX-Request-Id: r1\r\nContent-Length: 2\r\n\r\n{}");
    });
    (authority, url.replace("http://127.0.0.1", "https://localhost"))
}

fn unreachable() -> Vec<Row> {
    let gone = Server::always(Answer::default()).url.clone();
    let secured = |name, host, year, signed, reasons| {
        let (ca, url) = tls(host, year, signed);
        Row { ca: Some(ca), ..Row::new(name, url, "errored", reasons) }
    };
    vec![
        Row::new("connection refused", gone, "errored", &["cannot connect: Connection refused"]),
        Row::new(
            "no such host",
            "http://okc.invalid".to_owned(),
            "errored",
            &["cannot connect: ", "no complete answer within "],
        ),
        secured(
            "certificate expired",
            "localhost",
            2001,
            Signed::ByTheCa,
            &["cannot connect: invalid peer certificate: certificate expired"],
        ),
        secured(
            "certificate signed by itself",
            "localhost",
            2999,
            Signed::ByItself,
            &["cannot connect: invalid peer certificate: UnknownIssuer"],
        ),
        secured(
            "certificate for another host",
            "elsewhere.example",
            2999,
            Signed::ByTheCa,
            &["cannot connect: invalid peer certificate: certificate not valid for name"],
        ),
        secured(
            "certificate of a CA",
            "localhost",
            2999,
            Signed::AsTheCa,
            &["cannot connect: the server uses the certificate of a CA as its own"],
        ),
    ]
}

/// What is said where nothing whole comes within the limit.
const LATE: &[&str] = &["no complete answer within 1s"];

fn unfinished() -> Vec<Row> {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nX-Request-Id: r1\r\nContent-Length: 1000\r\n\r\n";
    // What has not been read makes the system reset the connection.
    let reset = listening(|mut stream| {
        let _ = stream.read(&mut [0; 1]);
        let _ = stream.write_all(&[HEAD, b"{\"id\":"].concat());
    });
    vec![
        Row::new(
            "reset in the middle of a body",
            reset,
            "errored",
            &["the exchange was cut off: ", "cannot connect: "],
        ),
        Row::new("half-open connection", raw(|mut stream| drop(stream.read(&mut [0; 1]))), "errored", LATE),
        Row::new(
            "slow headers",
            raw(|mut stream| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ");
                for_ever(&mut stream, b"x", SLOW);
            }),
            "errored",
            LATE,
        ),
        Row::new(
            "slow body",
            raw(|mut stream| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Request-Id: r1\r\nContent-Length: 100000\r\n\r\n");
                for_ever(&mut stream, b" ", SLOW);
            }),
            "errored",
            LATE,
        ),
        Row::new(
            "endless body",
            raw(|mut stream| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Request-Id: r1\r\n\r\n");
                for_ever(&mut stream, &[b' '; 65536], Duration::ZERO);
            }),
            "errored",
            &["the answer is larger than 5242880 bytes, the limit"],
        ),
        Row::new(
            "gzip bomb",
            raw(|mut stream| {
                let body = gzip_bomb();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nX-Request-Id: r1\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            }),
            "failed",
            &["the body is not JSON: expected value"],
        ),
        Row::new(
            "Content-Length too large",
            raw(|mut stream| drop(stream.write_all(&[HEAD, b"{}"].concat()))),
            "errored",
            &["the exchange was cut off: "],
        ),
        Row::new(
            "Content-Length too small",
            raw(|mut stream| {
                drop(
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\nX-Request-Id: r1\r\nContent-Length: 5\r\n\r\n{\"id\": \"a\"}"),
                );
            }),
            "failed",
            &["the body is not JSON: EOF while parsing an object"],
        ),
        Row::new(
            "100 kB header",
            raw(|mut stream| {
                let head =
                    format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\nContent-Length: 2\r\n\r\n{{}}", "x".repeat(100_000));
                drop(stream.write_all(head.as_bytes()));
            }),
            "errored",
            &["the head of the answer is larger than 65536 bytes, the limit"],
        ),
    ]
}

fn answering() -> Vec<Row> {
    const MARKUP: &[u8] =
        b"\x1b[31m\x1b]0;title\x07 ]]></failure><testcase name=\"forged\"/><script>alert(1)</script> \0 \xe2\x80\xae";
    let body = |body: Vec<u8>| Answer::new(200, body).header("Content-Type", "application/json");
    let limited = Answer::json(429, &serde_json::json!({ "errorCode": "E0000429" })).header("Retry-After", "0");
    let late = (chrono::Utc::now() - chrono::Duration::days(1)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let right = br#"{"id":"a","name":"a","color":"red"}"#.to_vec();
    let elsewhere = Server::always(Answer::default());
    let away = Answer::new(302, "").header("Location", &format!("{}/api/v1/things/a", elsewhere.url));
    vec![
        Row::answer(
            "invalid UTF-8",
            body(b"{\"id\":\"\xff\xfe\"}".to_vec()),
            "failed",
            &["the body is not JSON: invalid unicode code point"],
        ),
        Row::answer(
            "invalid JSON",
            body(b"{\"id\":".to_vec()),
            "failed",
            &["the body is not JSON: EOF while parsing a value"],
        ),
        Row::answer(
            "deep JSON",
            body(b"[".repeat(50_000)),
            "failed",
            &["the body is not JSON: recursion limit exceeded"],
        ),
        Row::answer(
            "JSON of more values than that",
            body(b"[".repeat(1_000_000)),
            "errored",
            &["the answer is JSON of more than 100000 values, the limit"],
        ),
        Row::answer(
            "redirect loop",
            Answer::new(302, "").header("Location", "/api/v1/things/a"),
            "failed",
            &["expected 200, got 302"],
        ),
        Row {
            elsewhere: Some(elsewhere),
            ..Row::answer("redirect to another origin", away, "failed", &["expected 200, got 302"])
        },
        Row::answer(
            "escape sequences and markup",
            body(MARKUP.to_vec()),
            "failed",
            &["the body is not JSON: expected value"],
        ),
        Row::answer("429 for ever", limited, "errored", &["429 that did not end"]),
        Row::answer("503 for ever", Answer::new(503, "trouble"), "errored", &["the target answered 503"]),
        Row::answer("clock a day off", body(right).header("Date", &late), "passed", &[""]),
    ]
}

/// One trial against the target, without a preflight, which would find most of it first.
fn run(place: &Place, row: &Row) -> Done {
    let ca = row.ca.as_ref().map_or(String::new(), |ca| {
        place.write("ca.pem", ca);
        "ca-file = \"ca.pem\"\n".to_owned()
    });
    place.write("okta-conformance.toml", &format!("[targets.here]\nurl = {:?}\n{ca}", row.url));
    place.write("suite/cases/things/one.yaml", "area: things\ntopic: one\nprofile: core\ncases:\n  - id: get\n    title: A thing is there\n    requirements: [things.work]\n    steps: [{ call: getThing, path: { thingId: a } }]\n");
    // The limit is short where it is to be met; what comes, comes on a slow machine too.
    let timeout = if row.reasons == LATE { "1s" } else { "60s" };
    let limits = ["--timeout", timeout, "--no-preflight", "--report", "junit", "--report", "json", "--verbose"];
    place.run(&[&["run", "--suite", "suite", "--target", "here"], &limits[..]].concat())
}

#[test]
fn every_broken_target_ends_in_its_outcome_with_whole_reports() {
    let mut table = String::from("| a target with | is | because |\n|---|---|---|\n");
    for row in unreachable().into_iter().chain(unfinished()).chain(answering()) {
        let (name, place) = (row.name, Place::with_suite(&[]));
        let done = run(&place, &row);
        let code =
            [("passed", 0), ("failed", 1), ("errored", 2)].into_iter().find(|(outcome, _)| *outcome == row.outcome);
        assert_eq!(Some(done.code), code.map(|(_, code)| code), "{name}: {}{}", done.out, done.err);
        assert!(row.elsewhere.is_none_or(|server| server.lines().is_empty()), "{name}: credentials stay at home");
        let events = place.events();
        assert_eq!(events.last().expect("an event")["event"], "run-finished", "{name}: the stream has its footer");
        let finished = of_kind(&events, "trial-finished").next().expect("a trial");
        assert_eq!(text(finished, "outcome"), row.outcome, "{name}");
        let reason = finished["reason"].as_str().unwrap_or_default();
        let expected = row.reasons.iter().find(|expected| reason.contains(**expected));
        assert!(expected.is_some(), "{name}: {reason}");
        let (report, totals) = junit(&place.read("reports/junit.xml"));
        assert_eq!(totals.tests, 1, "{name}: {report:?}");
        let summary: Value = serde_json::from_str(&place.read("reports/run.json")).expect("JSON");
        assert_eq!(summary["trials"][row.outcome], 1, "{name}");
        let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert_eq!(done.out.chars().find(|c| obeyed(*c)), None, "{name}");
        let because = row.reasons.first().expect("one").trim_end_matches([' ', ':']);
        let because =
            if row.outcome == "passed" { "nothing is wrong but that, which the preflight warns of" } else { because };
        let _ = writeln!(table, "| {name} | {} | {because} |", row.outcome);
    }
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).expect("what the programs used").max_rss() / 1024;
    assert!(peak < 256, "one of the programs took {peak} MiB");
    let docs = fs::read_to_string(data("../../docs/live-org.md")).expect("the page");
    assert!(docs.contains(&table), "docs/live-org.md does not hold this table:\n{table}");
}
