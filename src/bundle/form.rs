//! What stands in the place of a text that is not everybody's: one of the same form. The same text is replaced in the same way throughout a
//! trial, so that what was equal stays equal; times move together.
//!
//! A text stays as it is only if it stands in the suite. Nothing is looked for here that would have to be kept in: what is not known goes.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use percent_encoding::percent_decode_str;
use serde_json::Number;

use crate::{identifier, path::segment, secret::MASK, suite::Words};

/// The origin that stands in the place of the target's.
pub(super) const ORIGIN: &str = "https://org.okta.example";

/// Its host.
pub(super) const HOST: &str = "org.okta.example";

/// What the names of runs begin with, whatever they began with.
const NAMES: &str = "okc_000000_";

/// What stands for every time where only the form counts.
const ANY_TIME: &str = "2020-01-01T00:00:00.000Z";

/// Larger numbers that the suite does not have may be somebody's.
const SMALL: u64 = 9_999;

/// Seconds, and milliseconds, since 1970 of this century.
const SECONDS: std::ops::Range<i64> = 946_684_800..4_102_444_800;

/// Shorter texts are not looked for inside others.
const SHORTEST_INSIDE: usize = 8;

/// How times are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// All moved by as much.
    Moved(TimeDelta),
    /// All as one: two runs are compared.
    One,
}

/// What all trials of a run have in common.
#[derive(Debug)]
pub(super) struct House<'a> {
    pub(super) words: &'a Words,
    /// The literal segments of the operations' paths.
    pub(super) segments: &'a HashSet<String>,
    pub(super) origin: String,
    pub(super) host: String,
    /// What the names of the run begin with.
    pub(super) names: String,
    pub(super) times: Times,
}

/// A text that may leave, and whether checks of it can still be made.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) exact: bool,
}

impl Told {
    fn exact(text: String) -> Self {
        Self { text, exact: true }
    }
}

/// What texts were replaced by in a trial.
pub(super) struct Forms<'a> {
    house: &'a House<'a>,
    replaced: HashMap<String, String>,
    given: HashSet<String>,
    /// Names of the run, in the order in which they were met.
    named: HashMap<String, String>,
}

impl<'a> Forms<'a> {
    pub(super) fn new(house: &'a House<'a>) -> Self {
        Self { house, replaced: HashMap::new(), given: HashSet::new(), named: HashMap::new() }
    }

    /// What was replaced, as it was.
    pub(super) fn originals(&self) -> impl Iterator<Item = &str> {
        self.replaced.keys().chain(self.named.keys()).map(String::as_str)
    }

    /// A text of a body, a query or a form.
    pub(super) fn text(&mut self, text: &str) -> Told {
        if text.is_empty() || text == MASK || self.house.words.has(text) || self.house.words.has_number(text) {
            return Told::exact(text.to_owned());
        }
        if let Some(moved) = self.time(text) {
            return Told::exact(moved);
        }
        if let Some(rest) = text.strip_prefix(&self.house.origin)
            && matches!(rest.as_bytes().first(), None | Some(b'/' | b'?' | b'#'))
        {
            return Told::exact(format!("{ORIGIN}{}", self.path_and_query(rest)));
        }
        if text == self.house.host {
            return Told::exact(HOST.to_owned());
        }
        if let Some(put_together) = self.put_together(text) {
            return Told::exact(put_together);
        }
        if text.chars().all(|c| identifier::is_token(c) || matches!(c, '.' | '~')) {
            return Told::exact(self.same_form(text));
        }
        Told { text: self.words(text), exact: false }
    }

    /// A text of several words, each replaced by itself: what an error says of an identifier stays about that.
    fn words(&mut self, text: &str) -> String {
        let (mut out, mut at) = (String::new(), 0);
        while at < text.len() {
            let rest = &text[at..];
            let known = self.known_at(rest);
            let word = rest.find(|c| !identifier::is_token(c)).unwrap_or(rest.len());
            let between = rest.chars().next().map_or(1, char::len_utf8);
            let (length, new) = match known {
                Some(known) => known,
                None if word > 0 => (word, self.same_form(&rest[..word])),
                None => (between, same_form(&rest[..between], 0)),
            };
            out.push_str(&new);
            at += length;
        }
        out
    }

    /// A time as HTTP writes it (RFC 9110 section 5.6.7), moved.
    pub(super) fn http_date(&self, text: &str) -> Option<String> {
        let time = DateTime::<Utc>::from(httpdate::parse_http_date(text).ok()?);
        let moved = match self.house.times {
            Times::Moved(by) => time.checked_sub_signed(by)?,
            Times::One => DateTime::UNIX_EPOCH,
        };
        Some(httpdate::fmt_http_date(moved.into()))
    }

    /// A text that stands for one thing, such as an identifier.
    pub(super) fn same_form(&mut self, text: &str) -> String {
        if let Some(known) = self.replaced.get(text) {
            return known.clone();
        }
        let mut new = String::new();
        for again in 0..1000 {
            new = same_form(text, self.replaced.len() + again * 7919);
            if new != text && !self.given.contains(&new) {
                break;
            }
        }
        self.given.insert(new.clone());
        self.replaced.insert(text.to_owned(), new.clone());
        new
    }

    /// What stands behind the origin in a URL.
    pub(super) fn path_and_query(&mut self, rest: &str) -> String {
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let segments: Vec<String> = path.split('/').map(|segment| self.segment(segment)).collect();
        let query = query.map(|query| format!("?{}", self.pairs(query)));
        format!("{}{}", segments.join("/"), query.unwrap_or_default())
    }

    /// A segment of a path, as it is written in one.
    pub(super) fn segment(&mut self, written: &str) -> String {
        let plain = percent_decode_str(written).decode_utf8_lossy().into_owned();
        if plain.is_empty() || self.house.segments.contains(&plain) {
            return written.to_owned();
        }
        segment(&self.text(&plain).text)
    }

    /// The parameters of a query, or of a form.
    pub(super) fn pairs(&mut self, written: &str) -> String {
        let pair = |pair: &str| {
            let plain = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (self.text(&plain(name)), self.text(&plain(value)));
            format!("{}={}", segment(&name.text), segment(&value.text))
        };
        written.split('&').map(pair).collect::<Vec<_>>().join("&")
    }

    /// A number, and whether checks of it can still be made.
    pub(super) fn number(&mut self, number: &Number) -> (Number, bool) {
        if self.house.words.has_number(&number.to_string()) || number.as_u64().is_some_and(|number| number <= SMALL) {
            return (number.clone(), true);
        }
        let second = |at: i64| match self.house.times {
            Times::Moved(by) => at - by.num_seconds(),
            Times::One => 1_577_836_800,
        };
        match number.as_i64() {
            Some(at) if SECONDS.contains(&at) => (second(at).into(), true),
            Some(at) if SECONDS.contains(&(at / 1000)) => ((second(at / 1000) * 1000).into(), true),
            Some(_) | None => (0.into(), false),
        }
    }

    /// A time (RFC 3339), moved.
    fn time(&self, text: &str) -> Option<String> {
        // Shorter ones are days, which are no times.
        let time = DateTime::parse_from_rfc3339(text).ok().filter(|_| text.len() >= ANY_TIME.len() - 4)?;
        let Times::Moved(by) = self.house.times else { return Some(ANY_TIME.to_owned()) };
        let fraction = text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
        let form = match fraction {
            0 => SecondsFormat::Secs,
            1..=3 => SecondsFormat::Millis,
            4..=6 => SecondsFormat::Micros,
            _ => SecondsFormat::Nanos,
        };
        let moved = time.checked_sub_signed(by)?.with_timezone(&Utc);
        Some(moved.to_rfc3339_opts(form, true))
    }

    /// A text of which all is known: names of the run, identifiers that were met before and the origin, with pieces of the suite between them.
    fn put_together(&mut self, text: &str) -> Option<String> {
        let mut out = String::new();
        let (mut piece, mut at) = (0, 0);
        while at < text.len() {
            if let Some((length, new)) = self.known_at(&text[at..]) {
                if !self.house.words.has_piece(&text[piece..at]) {
                    return None;
                }
                out.push_str(&text[piece..at]);
                out.push_str(&new);
                at += length;
                piece = at;
            } else {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
            }
        }
        if out.is_empty() || !self.house.words.has_piece(&text[piece..]) {
            return None;
        }
        out.push_str(&text[piece..]);
        Some(out)
    }

    /// What a text begins with, if that is known: its length, and what stands for it.
    fn known_at(&mut self, text: &str) -> Option<(usize, String)> {
        if let Some(rest) = text.strip_prefix(&self.house.names) {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                let name = &text[..self.house.names.len() + digits];
                let next = self.named.len() + 1;
                let new = self.named.entry(name.to_owned()).or_insert_with(|| format!("{NAMES}{next:05}"));
                return Some((name.len(), new.clone()));
            }
        }
        if text.starts_with(&self.house.origin) {
            return Some((self.house.origin.len(), ORIGIN.to_owned()));
        }
        let known = self.replaced.iter().filter(|(original, _)| original.len() >= SHORTEST_INSIDE);
        let longest = known
            .filter(|(original, _)| text.starts_with(original.as_str()))
            .max_by_key(|(original, _)| original.len());
        longest.map(|(original, new)| (original.len(), new.clone()))
    }
}

/// What the service's IDs of errors begin with.
const OF_ERRORS: &str = "oae";

/// Letters and digits.
const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// As many characters. An identifier is drawn anew from the alphabet that it is of; where the service's say by three characters what they are
/// of, those stay. Of a text each character becomes another of its kind.
fn same_form(text: &str, number: usize) -> String {
    // A plain generator (Knuth's MMIX): only that different numbers give different texts counts.
    let mut state = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x0DDB_1A5E_5BAD_5EED;
    let mut draw = |letters: &[u8]| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = usize::try_from(state >> 33).unwrap_or_default() % letters.len();
        char::from(letters[drawn])
    };
    if text.chars().all(identifier::is_token) && identifier::is_minted(text) {
        let is_uuid = text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
        let bare = text.replace('-', "");
        let is_hex = bare.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let alphabet = if is_hex && (is_uuid || bare.len() == text.len()) { &b"0123456789abcdef"[..] } else { BASE62 };
        let says_of_what = text.len() == identifier::SHORTEST || text.starts_with(OF_ERRORS);
        let prefix = if says_of_what && !is_hex { 3 } else { 0 };
        let one = |(at, c): (usize, char)| match c {
            c if at < prefix => c,
            '-' if is_uuid => '-',
            _ => draw(alphabet),
        };
        return text.chars().enumerate().map(one).collect();
    }
    let one = |c: char| match c {
        '0'..='9' => draw(b"0123456789"),
        'a'..='z' => draw(b"abcdefghijklmnopqrstuvwxyz"),
        'A'..='Z' => draw(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        c if c.is_ascii() => c,
        _ => 'x',
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house<'a>(words: &'a Words, segments: &'a HashSet<String>) -> House<'a> {
        let times = Times::Moved(TimeDelta::days(365));
        let (origin, host) = ("https://acme.okta.com".to_owned(), "acme.okta.com".to_owned());
        House { words, segments, origin, host, names: "okc_abc123_".to_owned(), times }
    }

    #[test]
    fn what_is_not_of_the_suite_is_replaced_by_its_like() {
        let (words, segments) = (Words::of(None).expect("the suite"), HashSet::from(["api".to_owned()]));
        let house = house(&words, &segments);
        let mut forms = Forms::new(&house);
        let mut text = |text: &str| forms.text(text);
        assert_eq!(text("ACTIVE"), Told::exact("ACTIVE".to_owned()));
        assert_eq!(text("2026-12-01T10:00:00.000Z").text, "2025-12-01T10:00:00.000Z");
        let id = text("aus1f0kqAbcDEF345x7x");
        assert!(id.exact && id.text.starts_with("aus") && id.text.len() == 20 && id.text != "aus1f0kqAbcDEF345x7x");
        assert_eq!(text("aus1f0kqAbcDEF345x7x"), id, "each time the same");
        let url = text("https://acme.okta.com/api/aus1f0kqAbcDEF345x7x?q=Acme%20Payroll").text;
        assert!(url.starts_with(&format!("{ORIGIN}/api/{}?", id.text)) && !url.contains("Acme"), "{url}");
        assert_eq!(text("okc_abc123_00042:read").text, "okc_000000_00001:read");
        let free = text("Payroll of Acme, 2024");
        assert!(!free.exact && !free.text.contains("Acme"), "{free:?}");
        assert_eq!(text("https://acme.okta.com.evil.example/x").text.find("acme"), None);
        assert_eq!(forms.number(&1_796_136_889.into()), ((1_796_136_889_i64 - 31_536_000).into(), true));
        assert_eq!(forms.number(&123_456_789.into()), (0.into(), false));
    }
}
