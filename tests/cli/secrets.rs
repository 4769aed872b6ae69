//! Tokens: in the requests, and nowhere else.

use std::fmt::Write as _;

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
    let (done, texts) = written(&mock.url, token, &[]);
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
    assert!(stream.contains("token *** is wrong"), "a mask stands in the place of it");
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
