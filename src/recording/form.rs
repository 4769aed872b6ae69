//! Which form a file has, by its first key, and which a document in JSON has, by its members.

use std::io::{self, Read};

use serde_json::Value;

use super::{Broken, Entries, cassette, har, stub};

/// How much of a file is looked at. A key behind as many blanks or comments is no program's doing.
const ENOUGH: usize = 64 * 1024;

/// Some programs write it before a HAR.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What is said of a file that has none.
pub(super) const NEITHER: &str =
    "neither JSON Lines nor HAR nor a file of go-vcr, vcrpy, VCR, Betamax, Polly, WireMock or Pact";

/// The forms of recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing but blanks.
    Empty,
    /// Our own.
    Lines,
    /// HTTP Archive, as browsers and proxies write it.
    Har,
    /// Another document in JSON.
    Json,
    /// go-vcr, vcrpy, VCR and Betamax.
    YamlCassette,
    Unknown,
}

/// Tells the form, and gives back what was read for it.
pub(super) fn recognise(input: &mut impl Read) -> io::Result<(Form, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        let ended = input.take(4096).read_to_end(&mut head)? == 0 || head.len() >= ENOUGH;
        if let Some(form) = form(head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&head), ended) {
            return Ok((form, head));
        }
    }
}

/// None: more has to be read.
fn form(head: &[u8], ended: bool) -> Option<Form> {
    let head = head.trim_ascii_start();
    match head.first() {
        None if ended => Some(Form::Empty),
        None => None,
        Some(b'{') => json(&head[1..], ended),
        Some(_) => yaml(head, ended),
    }
}

/// The first keys of the documents of others that may have all they hold in one line. Our own lines may have their keys in any order.
const KEYS: [&[u8]; 13] = [
    b"version",
    b"interactions",
    b"http_interactions",
    b"recorded_with",
    b"consumer",
    b"provider",
    b"metadata",
    b"mappings",
    b"meta",
    b"messages",
    b"info",
    b"item",
    b"data",
];

fn json(members: &[u8], ended: bool) -> Option<Form> {
    let key = members.trim_ascii_start().strip_prefix(b"\"");
    let key = key.and_then(|key| key.split_at_checked(key.iter().position(|byte| *byte == b'"')?));
    match key {
        Some((b"log", _)) => return Some(Form::Har),
        Some((key, _)) if KEYS.contains(&key) => return Some(Form::Json),
        _ => {}
    }
    let (line, rest) = members.split_at(members.iter().position(|byte| *byte == b'\n').unwrap_or(members.len()));
    if !rest.is_empty() && matches!(line.trim_ascii_end(), [] | [.., b'{' | b'[' | b',']) {
        // A document goes on.
        return Some(Form::Json);
    }
    match rest.trim_ascii() {
        [] if !ended => None,
        // A mapping may be in one line too.
        [] => {
            let line: Option<Value> = serde_json::from_slice(&[b"{", line].concat()).ok();
            Some(if line.is_some_and(|line| is_mapping(&line)) { Form::Json } else { Form::Lines })
        }
        _ => Some(Form::Lines),
    }
}

/// Whether it is one of `WireMock`: our own exchanges have whole URLs, and none of these keys.
fn is_mapping(document: &Value) -> bool {
    let has = |part: &str, keys: &[&str]| keys.iter().any(|key| document[part].get(key).is_some());
    has("request", &["urlPath", "urlPattern", "urlPathPattern", "urlPathTemplate", "bodyPatterns"])
        || has("response", &["jsonBody", "base64Body", "bodyFileName", "transformers", "proxyBaseUrl", "fault"])
        || document["request"]["url"].as_str().is_some_and(|url| url.starts_with('/'))
}

/// Reads a document whose members say what it is.
pub(super) fn read_json(text: &[u8]) -> Result<Entries, Broken> {
    let document: Value = serde_json::from_slice(text)?;
    let has = |key: &str| document.get(key).is_some();
    let refused =
        |what: &str| Err(Broken::whole(format!("it is {what}, which is not supported: save the traffic as HAR")));
    match () {
        () if has("log") => har::read(text),
        () if has("info") && has("item") => refused("a Postman collection"),
        () if document["data"].get("pairs").is_some() => refused("a Hoverfly simulation"),
        () if has("consumer") || has("provider") => Ok(stub::pact(&document)),
        () if has("interactions") || has("http_interactions") => cassette::read_json(document),
        () if has("mappings") || is_mapping(&document) => Ok(stub::wiremock(&document)),
        () => Err(Broken::whole(NEITHER)),
    }
}

fn yaml(head: &[u8], ended: bool) -> Option<Form> {
    let lines = head.split_inclusive(|byte| *byte == b'\n');
    let whole = lines.filter(|line| ended || line.ends_with(b"\n")).map(<[u8]>::trim_ascii);
    let mut telling = whole.filter(|line| !matches!(*line, [] | [b'#' | b'%', ..] | b"---"));
    match telling.next() {
        Some(line) => {
            let key = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
            let keys: [&[u8]; 6] =
                [b"version", b"interactions", b"http_interactions", b"recorded_with", b"!tape", b"--- !tape"];
            Some(if keys.contains(&key) { Form::YamlCassette } else { Form::Unknown })
        }
        None if ended => Some(Form::Unknown),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A byte at a time, as a pipe may give it.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let one = self.0.len().min(buffer.len()).min(1);
            buffer[..one].copy_from_slice(&self.0[..one]);
            self.0 = &self.0[one..];
            Ok(one)
        }
    }

    #[test]
    fn the_first_key_tells_the_form() {
        for (text, expected) in [
            ("", Form::Empty),
            (" \n\n", Form::Empty),
            ("{\"id\":1,\"request\":{}}", Form::Lines),
            ("{\"request\":\n", Form::Lines),
            ("{", Form::Lines),
            ("{}", Form::Lines),
            ("{\n  \"log\": {", Form::Har),
            ("\u{feff}{\"log\":{}}", Form::Har),
            ("{\"version\": 1", Form::Json),
            ("{ \"interactions\" : []", Form::Json),
            ("{\"http_interactions\":[", Form::Json),
            ("{\n  \"id\": 1,\n", Form::Json),
            ("{\"request\": {\n", Form::Json),
            ("{\"request\": {\"url\": \"/a\"}}", Form::Json),
            ("{\"id\": 1, \"request\": {\"urlPath\": \"/a\"}}\n", Form::Json),
            ("{\"request\": {\"url\": \"http://a/\"}}", Form::Lines),
            ("{\"request\": {\"url\": \"/a\"}}\n{\"request\": {}}", Form::Lines),
            ("---\nversion: 2\n", Form::YamlCassette),
            ("# recorded\n%YAML 1.2\n---\n\ninteractions:\n", Form::YamlCassette),
            ("interactions: []", Form::YamlCassette),
            ("---\n", Form::Unknown),
            ("---\nhttp_interactions:\n", Form::YamlCassette),
            ("!tape\nname: a\n", Form::YamlCassette),
            ("interaction:\n", Form::Unknown),
            ("[1]", Form::Unknown),
            ("<html>", Form::Unknown),
        ] {
            assert_eq!(recognise(&mut Slow(text.as_bytes())).expect("a form").0, expected, "{text:?}");
        }
    }

    #[test]
    fn what_was_looked_at_is_not_lost() {
        let text = format!("{}---\nversion: 1\n{}", "# a comment\n".repeat(1000), "x".repeat(10_000));
        let mut input = text.as_bytes();
        let (form, mut head) = recognise(&mut input).expect("a form");
        head.extend(input);
        assert_eq!((form, head == text.as_bytes()), (Form::YamlCassette, true));
        let endless = io::repeat(b'#').chain(io::repeat(b'#'));
        assert_eq!(recognise(&mut { endless }).expect("a form").0, Form::Unknown);
    }
}
