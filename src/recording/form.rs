//! Which form a file has, by its first key.

use std::io::{self, Read};

/// How much of a file is looked at. A key behind as many blanks or comments is no program's doing.
const ENOUGH: usize = 64 * 1024;

/// Some programs write it before a HAR.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The forms of recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing but blanks.
    Empty,
    /// Our own.
    Lines,
    /// HTTP Archive, as browsers and proxies write it.
    Har,
    /// vcrpy's other serializer.
    JsonCassette,
    /// go-vcr and vcrpy.
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

/// Our own lines may have their keys in any order, so an object is one of them unless its first key says otherwise.
fn json(members: &[u8], ended: bool) -> Option<Form> {
    let key = members.trim_ascii_start().strip_prefix(b"\"");
    let key = key.and_then(|key| key.split_at_checked(key.iter().position(|byte| *byte == b'"')?));
    match key {
        Some((b"log", _)) => Some(Form::Har),
        Some((b"interactions" | b"version", _)) => Some(Form::JsonCassette),
        None if !ended && members.len() < 1024 => None,
        _ => Some(Form::Lines),
    }
}

fn yaml(head: &[u8], ended: bool) -> Option<Form> {
    let lines = head.split_inclusive(|byte| *byte == b'\n');
    let whole = lines.filter(|line| ended || line.ends_with(b"\n")).map(<[u8]>::trim_ascii);
    let mut telling = whole.filter(|line| !matches!(*line, [] | [b'#' | b'%', ..] | b"---"));
    match telling.next() {
        Some(line) => {
            let key = line.split(|byte| *byte == b':').next().unwrap_or_default();
            let cassette = matches!(key.trim_ascii(), b"version" | b"interactions");
            Some(if cassette { Form::YamlCassette } else { Form::Unknown })
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
            ("{\"version\": 1", Form::JsonCassette),
            ("{ \"interactions\" : []", Form::JsonCassette),
            ("---\nversion: 2\n", Form::YamlCassette),
            ("# recorded\n%YAML 1.2\n---\n\ninteractions:\n", Form::YamlCassette),
            ("interactions: []", Form::YamlCassette),
            ("---\n", Form::Unknown),
            ("http_interactions:\n", Form::Unknown),
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
