//! Tokens: in the requests, and nowhere else.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE},
};

use super::{
    server::{Answer, Server},
    support::{Done, MockProcess, Place, finish},
};

/// A token with characters that other forms write otherwise.
const SECRET: &str = "00s3cr3t+Tok/en=Value~42";

/// Forms in which a server may give it back, each with the part that nothing but the token decides.
const FORMS: [(&str, &str); 7] = [
    ("token 00s3cr3t+Tok/en=Value~42 is wrong", SECRET),
    ("SSWS00s3cr3t+Tok/en=Value~42", SECRET),
    ("https://example.com/?t=00s3cr3t%2BTok%2Fen%3DValue%7E42", "00s3cr3t%2BTok%2Fen%3DValue%7E42"),
    ("MDBzM2NyM3QrVG9rL2VuPVZhbHVlfjQy", "MDBzM2NyM3QrVG9rL2VuPVZhbHVlfjQy"),
    ("Basic eDAwczNjcjN0K1Rvay9lbj1WYWx1ZX40Mg==", "wczNjcjN0K1Rvay9lbj1WYWx1ZX40"),
    ("U1NXUyAwMHMzY3IzdCtUb2svZW49VmFsdWV+NDI=", "MHMzY3IzdCtUb2svZW49VmFsdWV"),
    ("UzowMHMzY3IzdCtUb2svZW49VmFsdWV-NDIh", "MHMzY3IzdCtUb2svZW49VmFsdWV"),
];

/// Runs with the token, whatever the verdict, and gives all that was written anywhere.
fn written(url: &str, token: &str, arguments: &[&str]) -> (Done, Vec<(String, String)>) {
    let place = Place::with_suite(&["levels", "values"]);
    let all = [&["run", "--target", url, "--report", "junit", "--report", "json", "--verbose"], arguments].concat();
    let mut command = place.command(&all);
    command.env("OKTA_CLIENT_TOKEN", token);
    let done = finish(command.spawn().expect("the program starts"));
    let files = place.files().into_iter().filter(|(name, _)| !name.starts_with("suite"));
    let mut texts: Vec<_> = files.map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned())).collect();
    assert_eq!(texts.len(), 3, "the stream and two reports");
    texts.push(("stdout".to_owned(), done.out.clone()));
    texts.push(("stderr".to_owned(), done.err.clone()));
    (done, texts)
}

fn assert_hidden(texts: &[(String, String)], secret: &str) {
    let found: Vec<&str> =
        texts.iter().filter(|(_, text)| text.contains(secret)).map(|(name, _)| name.as_str()).collect();
    assert_eq!(found, [""; 0], "{secret}");
}

#[test]
fn a_run_against_the_mock_writes_its_token_nowhere() {
    let token = "00-known_token-of-the-mock-XYZ";
    let mock = MockProcess::with_token(token, &[]);
    let (done, texts) =
        written(&mock.url, token, &["authorization-servers/get", "authorization-servers/auth", "keys", "clients"]);
    assert!(done.last_line().contains(" passed"), "the token was used: {}", done.last_line());
    assert_hidden(&texts, token);
    // The same in base64, wherever it begins.
    for part in [
        "MDAta25vd25fdG9rZW4tb2YtdGhlLW1vY2stWFla",
        "AwLWtub3duX3Rva2VuLW9mLXRoZS1tb2NrLVhZW",
        "wMC1rbm93bl90b2tlbi1vZi10aGUtbW9jay1YWV",
    ] {
        assert_hidden(&texts, part);
    }
}

#[test]
fn a_target_that_gives_the_token_back_does_not_get_it_written_down() {
    let server = Server::start(|request| {
        assert_eq!(request.header("Authorization"), Some("SSWS 00s3cr3t+Tok/en=Value~42"), "the token is sent");
        let said: Vec<&str> = FORMS.iter().map(|(said, _)| *said).collect();
        let body = serde_json::json!({ "id": "A", "name": said, said[0]: said, "color": 1 });
        let answer = FORMS.iter().fold(Answer::json(200, &body), |answer, (said, _)| answer.header("X-Echo", said));
        Some(answer.header("Set-Cookie", "session=of-the-target-alone"))
    });
    let (done, texts) = written(&server.url, SECRET, &["things/levels", "--suite", "suite"]);
    assert_eq!(done.code, 1, "{}", done.out);
    for (_, secret) in FORMS {
        assert_hidden(&texts, secret);
    }
    assert_hidden(&texts, "of-the-target-alone");
    let (_, stream) = texts.iter().find(|(name, _)| name.ends_with("events.jsonl")).expect("a stream");
    assert!(stream.contains("token *** is wrong"), "a mask stands instead of it");
}

/// The text without line breaks, escaped ones too, and without what indents lines.
fn unwrapped(text: &str) -> String {
    let breaks = regex::Regex::new(r"(\\*(\\r|\\n|\r|\n|&#10;|&#13;))[ \t]*").expect("a pattern");
    breaks.replace_all(text, "").into_owned()
}

#[test]
fn a_token_in_the_name_of_a_header_is_hidden() {
    let token = "00-S3cret_Token.Of-These*Tests";
    let server = Server::start(move |_| {
        let answer = Answer::json(200, &serde_json::json!({ "id": "A", "name": "a", "color": 1 }));
        // A client makes small letters of the names of headers.
        Some(answer.header(&format!("X-{token}"), "a").header(token, "b").header("X-Upper", &token.to_uppercase()))
    });
    let reports = ["har", "html", "markdown", "tap", "github", "text"].map(|format| ["--report", format]).concat();
    let more = ["--record", "recorded.jsonl", "--snapshots", "snapshots", "--accept-snapshots", "--suite", "suite"];
    let place = Place::with_suite(&["levels", "values"]);
    let arguments = [&["run", "--target", &server.url, "--verbose"][..], &reports, &more].concat();
    let mut command = place.command(&arguments);
    command.env("OKTA_CLIENT_TOKEN", token);
    let done = finish(command.spawn().expect("the program starts"));
    assert_eq!(done.code, 1, "{}", done.err);
    let files = place.files().into_iter().filter(|(name, _)| !name.starts_with("suite"));
    let mut texts: Vec<_> = files.map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).to_lowercase())).collect();
    assert!(texts.len() > 8, "the stream, a recording, snapshots and six reports");
    texts.extend([("stdout".to_owned(), done.out.to_lowercase()), ("stderr".to_owned(), done.err.to_lowercase())]);
    assert_hidden(&texts, &token.to_lowercase());
    let (_, stream) = texts.iter().find(|(name, _)| name.ends_with("events.jsonl")).expect("a stream");
    assert!(stream.contains(r#"["x-***","a"]"#) && stream.contains(r#"["***","b"]"#), "the rest of the name stays");
}

#[test]
fn a_token_in_any_spelling_is_hidden() {
    let around = format!("{}{SECRET}{}", "x".repeat(31), "y".repeat(40));
    let (from, to) = ((31 * 8_usize).div_ceil(6), (31 + SECRET.len()) * 8 / 6);
    let mut spellings: Vec<(String, String)> = Vec::new();
    for encoded in [BASE64_STANDARD.encode(&around), BASE64_URL_SAFE.encode(&around)] {
        for (width, end) in [(64, "\n"), (76, "\r\n"), (64, "\n  "), (20, "\n")] {
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
            spellings.push((lines.join(end), encoded[from..to].to_owned()));
        }
    }
    let each = |spell: &dyn Fn(u8) -> String| SECRET.bytes().map(spell).collect::<String>();
    for spelled in [
        each(&|byte| format!("{byte:02x}")),
        each(&|byte| format!("{byte:02X}")),
        each(&|byte| format!("&#{byte};")),
        each(&|byte| format!("&#{byte}")),
        each(&|byte| format!("&#{byte:09};")),
        each(&|byte| format!("&#x{byte:x}")),
        each(&|byte| format!("&#X{byte:08X};")),
        each(&|byte| format!("\\u{byte:04x}")),
        each(&|byte| format!("%{byte:02x}")),
        SECRET.replace('+', "&plus;").replace('/', "&sol;").replace('=', "&equals;"),
        SECRET.to_lowercase(),
        SECRET.to_uppercase(),
        "00S3CR3t+tOK/EN=vALUE~42".to_owned(),
    ] {
        spellings.push((spelled.clone(), spelled));
    }
    let said: Vec<String> = spellings.iter().map(|(said, _)| format!("<{said}>")).collect();
    let server = Server::start(move |request| {
        let body = serde_json::json!({ "id": "A", "name": said, "color": 1 }).to_string();
        // As JSON, and as a page of text.
        let body = if request.method == "GET" { body } else { said.join("\n\n") };
        Some(Answer::new(200, body).header("Content-Type", "application/json"))
    });
    let (done, texts) = written(&server.url, SECRET, &["--suite", "suite"]);
    assert_eq!(done.code, 1, "{}", done.err);
    let texts: Vec<(String, String)> = texts.into_iter().map(|(name, text)| (name, unwrapped(&text))).collect();
    for (_, secret) in &spellings {
        assert_hidden(&texts, secret);
    }
    assert!(!done.err.contains("contains a secret"), "{}", done.err);
}

#[test]
fn a_word_in_another_case_is_no_secret() {
    // A secret that is as short as a word counts as it is written alone.
    let server = Server::start(|_| {
        Some(Answer::json(200, &serde_json::json!({ "id": "A", "name": "CHANGE-ME Change-me", "color": 1 })))
    });
    let (_, texts) = written(&server.url, "change-me", &["--suite", "suite"]);
    let (_, stream) = texts.iter().find(|(name, _)| name.ends_with("events.jsonl")).expect("a stream");
    assert!(stream.contains("CHANGE-ME Change-me"));
    assert_hidden(&texts, "change-me");
}

#[test]
fn a_token_is_hidden_also_where_a_text_is_cut_short() {
    // What is shown of a value ends after some hundred characters; each length puts another part of the token there.
    let lengths = std::sync::atomic::AtomicUsize::new(370);
    let server = Server::start(move |_| {
        let length = lengths.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Some(Answer::json(200, &serde_json::json!(format!("{}{SECRET}", "-".repeat(length)))))
    });
    let place = Place::with_suite(&[]);
    let steps = "{ row: n, requirements: [things.work], steps: [{ request: { method: GET, path: / }, expect: { status: 200, body: 1 } }] }";
    let mut cases = String::from("area: things\ntopic: cut\nprofile: core\ncases:\n");
    for number in 0..40 {
        let case = steps.replace("row: n", &format!("id: c{number}, title: A text is cut"));
        let _ = writeln!(cases, "  - {case}");
    }
    place.write("suite/cases/things/cut.yaml", &cases);
    let mut command = place.command(&["run", "--suite", "suite", "--target", &server.url, "--jobs", "1", "--verbose"]);
    command.env("OKTA_CLIENT_TOKEN", SECRET);
    let done = finish(command.spawn().expect("the program starts"));
    assert_eq!(done.code, 1, "{}", done.err);
    let texts = [("stdout".to_owned(), done.out), ("stream".to_owned(), place.read("reports/events.jsonl"))];
    assert_hidden(&texts, &SECRET[..8]);
}
