//! A target that sends what terminals, XML readers and eyes would obey: reports stay reports.

use super::{
    server::{Answer, Server},
    support::{Place, junit, of_kind, text},
};

/// Escapes, an end of CDATA, markup, a NUL, an overriding mark of direction, a carriage return, and bytes that are no UTF-8.
const BODY: &[u8] =
    b"\x1b[31mred\x1b[0m \x1b]0;title\x07 ]]> </failure><testcase name=\"forged\"/> &amp; \0 \xe2\x80\xae \r \xff\xfe \x9b31m";

#[test]
fn nothing_that_a_target_sends_gets_out_of_its_place() {
    let server = Server::start(|request| {
        let status = if request.target.ends_with("missing") { 404 } else { 200 };
        Some(
            Answer::new(status, BODY).header("Content-Type", "application/json").header("X-Odd", "\u{85}\u{9b}31m <b>"),
        )
    });
    let place = Place::with_suite(&["levels", "values"]);
    let arguments =
        ["run", "--suite", "suite", "--target", &server.url, "--report", "junit", "--report", "json", "--verbose"];
    let done = place.run(&arguments);
    assert_eq!(done.code, 1, "{}", done.err);

    for (name, shown) in [("stdout", &done.out), ("stderr", &done.err)] {
        let obeyed = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert_eq!(shown.chars().find(|c| obeyed(*c)), None, "{name}");
    }
    assert!(done.out.contains(r"\u{1b}[31mred"), "what was sent is shown, spelt out: {}", done.out);

    let xml = place.read("reports/junit.xml");
    let (report, totals) = junit(&xml);
    assert_eq!(totals.tests, place.outcomes().len());
    let names = report.test_suites.iter().flat_map(|suite| &suite.test_cases).map(|case| case.name.as_str());
    assert_eq!(names.filter(|name| name.contains("forged")).count(), 0);
    assert!(!xml.contains("]]>") && !xml.contains('\u{202e}'));

    // The stream keeps the text for those who look closely, one event a line.
    let events = place.events();
    let bodies: Vec<String> = of_kind(&events, "step-finished")
        .filter_map(|event| event["exchange"]["response"]["body"].as_str().map(str::to_owned))
        .collect();
    assert!(bodies.iter().any(|body| body.contains("]]> </failure>")));
    let again = place.run(&["report", "reports/events.jsonl", "--format", "junit"]);
    assert_eq!(again.out, xml);
}

#[test]
fn colours_are_ours_alone() {
    let server = Server::always(Answer::new(200, BODY));
    let place = Place::with_suite(&["levels"]);
    let done = place.run(&["run", "--suite", "suite", "--target", &server.url, "--color", "always"]);
    assert!(done.out.contains("\u{1b}["), "colours were asked for");
    let ours = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern");
    let rest = ours.replace_all(&done.out, "");
    assert!(!rest.contains('\u{1b}') && !rest.contains('\u{7}'));
    assert!(!done.out.contains("\u{1b}[31mred"));
}

#[test]
fn what_is_not_http_is_an_error_and_no_failure() {
    // An end before an answer may be that of a connection that was kept, so the request is sent once more.
    for (bytes, times, expected) in [
        (&b"nonsense\r\n\r\n"[..], 1, "the exchange was cut off: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", 1, "the exchange was cut off: "),
        (b"", 2, "the connection ended before an answer: "),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let serving = std::thread::spawn(move || {
            use std::io::{Read as _, Write as _};
            for _ in 0..times {
                let (mut stream, _) = listener.accept().expect("a connection");
                let _ = stream.read(&mut [0; 4096]).expect("a request");
                stream.write_all(bytes).expect("an answer");
            }
        });
        let place = Place::with_suite(&["levels"]);
        let done = place.run(&["run", "things/levels/note", "--suite", "suite", "--target", &url]);
        serving.join().expect("no panic");
        assert_eq!(done.code, 2, "{bytes:?}: {}", done.out);
        let events = place.events();
        let reason = text(of_kind(&events, "trial-finished").next().expect("a trial"), "reason");
        assert!(reason.starts_with(expected), "{reason}");
    }
}
