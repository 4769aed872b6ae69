//! Keeping secrets out of everything that is written.
//!
//! One boundary by type: texts in events are [`Redacted`], and only a [`Redactor`] (or reading back what one wrote) makes them.

mod escapes;
mod forms;
mod index;
mod members;
mod scan;

use std::{
    collections::HashSet,
    ops::Range,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use escapes::{Unescaped, may_spell, needs_quoting, stands_in_a_token};
use forms::{case, forms};
use index::{Extent, HEAD, Index};
pub(crate) use members::may_hold_secrets;
use members::{secrets_in, secrets_in_redirect};
use serde::{Deserialize, Serialize};

use crate::brief::{owned_text, whole_characters};

/// What stands instead of a secret.
pub(crate) const MASK: &str = "***";

/// Shorter values would mask ordinary words; no real token is that short.
pub(crate) const SHORTEST: usize = HEAD;

/// Escapes of escapes are undone so often: JSON in JSON in a line of JSON, and in a URL.
const MOST_LAYERS: usize = 4;

/// Answers teach no more when so many forms are known.
const MOST_FORMS: usize = 10_000;

/// As many forms has a secret,
const FORMS: usize = 8;

/// and as many bytes have they together for each of its own.
const BYTES_OF_FORMS: usize = 12;

/// Of long secrets beyond so many bytes of forms, the beginning is learned: what goes on behind it as a token does is masked with it.
const MOST_BYTES: usize = 1024 * 1024;

/// The part of a JSON Web Token that tells its key is shorter.
const BEGINNING: usize = 64;

/// A text without secrets. Its copies share it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Redacted(Arc<str>);

impl Redacted {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its beginning, of at most so many bytes, with a sign that it was cut. Its secrets are gone already.
    #[must_use]
    pub(crate) fn beginning(&self, most: usize) -> Self {
        Self(format!("{}{CUT}", &self.0[..whole_characters(&self.0, most)]).into())
    }
}

impl AsRef<str> for Redacted {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Redacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a text that was cut short ends with.
const CUT: char = '…';

/// Its first byte, which ASCII has nowhere.
const CUT_BEGINS: u8 = 0xE2;

/// What two pieces of a long text have in common at most.
const MOST_OVERLAP: usize = 256 * 1024;

/// Less of a secret than this tells nothing about it.
const SHORTEST_PART: usize = 4;

/// Knows the secrets of a run and replaces them. Clones share what they know: a token that is fetched in the middle of a run is learned by
/// whoever writes.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Known>>,
}

/// Secrets in all forms in which they may come back.
struct Known {
    /// Those that count in any case: in small letters, and so is the text that is searched.
    any_case: Index,
    as_written: Index,
    /// The length of the shortest form: most headers are shorter, and need not be searched.
    shortest: usize,
    /// The length of the longest.
    longest: usize,
    /// Whether any has a character that is nearly always escaped, so that escapes in a text say nothing.
    quoted: bool,
    /// What signatures of tokens begin with. There is one a token, and each stands for the whole token.
    signatures: HashSet<[u8; SIGNATURE]>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            any_case: Index::default(),
            as_written: Index::default(),
            shortest: usize::MAX,
            longest: 0,
            quoted: false,
            signatures: HashSet::new(),
        }
    }
}

/// As much of a signature tells it from others; the whole is at least twice as long (RFC 7518 section 3.1).
const SIGNATURE: usize = 16;

/// Signatures of more tokens than a run gets are not kept.
const MOST_SIGNATURES: usize = 100_000;

/// In which letters a secret counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Case {
    AsWritten,
    Any,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// A redactor for these values, in plain, percent-encoded and base64 form.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let redactor = Self::default();
        redactor.learn(secrets);
        redactor
    }

    /// Replaces these values too, from now on.
    pub fn learn<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) {
        self.add(secrets, Extent::Whole);
    }

    /// Replaces whatever begins so and goes on as tokens do: there are too many such secrets to know each, one a request.
    pub fn learn_beginning(&self, beginning: &str) {
        self.add([beginning], Extent::Open);
    }

    /// Learns the secrets that a body of an answer holds: what OAuth says is for nobody else.
    pub(crate) fn learn_from(&self, body: &serde_json::Value) {
        self.learn_found(secrets_in(body));
    }

    /// The same of the URL that a browser is led to.
    pub(crate) fn learn_from_redirect(&self, url: &str) {
        let found = secrets_in_redirect(url);
        self.learn_found(found.iter().map(String::as_str).collect());
    }

    fn learn_found(&self, found: Vec<&str>) {
        if found.is_empty() {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = known.any_case.bytes() + known.as_written.bytes();
        // More of them are no secrets, but somebody's attempt to fill the memory.
        let most = MOST_FORMS.saturating_sub(known.any_case.len() + known.as_written.len()) / FORMS;
        for secret in found.into_iter().take(most) {
            bytes += secret.len() * BYTES_OF_FORMS;
            if let Some(beginning) = secret.get(..BEGINNING).filter(|_| bytes > MOST_BYTES) {
                known.learn(beginning, Extent::Open);
            } else {
                known.learn_signature(secret);
                known.learn(secret, Extent::Whole);
            }
        }
    }

    fn add<'a>(&self, secrets: impl IntoIterator<Item = &'a str>, extent: Extent) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        secrets.into_iter().for_each(|secret| known.learn(secret, extent));
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text with every secret replaced.
    pub fn text(&self, text: &str) -> Redacted {
        self.owned(text.to_owned())
    }

    /// The same of a text that is not needed any more: one without secrets, as nearly all are, is not copied.
    pub(crate) fn owned(&self, text: String) -> Redacted {
        self.known().masked(text)
    }

    /// The beginning of a long text, `most` bytes, with a sign that it was cut. What begins in it and ends behind it is replaced too.
    pub(crate) fn beginning(&self, bytes: &[u8], most: usize) -> String {
        let known = self.known();
        let enough = most.saturating_add(known.overlap()).min(bytes.len());
        known.beginning(&String::from_utf8_lossy(&bytes[..enough]), most)
    }

    /// The value of a header; of `Authorization` only the scheme is left, of cookies and of proofs of a key (RFC 9449) nothing.
    pub fn header(&self, name: &str, value: &str) -> Redacted {
        self.known().masked_header(name, value.to_owned())
    }

    /// The same of headers that are not needed any more; a secret may stand in a name too.
    pub(crate) fn owned_headers(&self, headers: Vec<(String, String)>) -> Vec<(Redacted, Redacted)> {
        let known = self.known();
        let header = |(name, value): (String, String)| {
            let value = known.masked_header(&name, value);
            (known.masked(name), value)
        };
        headers.into_iter().map(header).collect()
    }

    /// Whether any secret stands in the text.
    pub fn finds(&self, text: &str) -> bool {
        !self.known().ranges(text.as_bytes()).is_empty()
    }
}

impl Known {
    fn masked_header(&self, name: &str, value: String) -> Redacted {
        if name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("proxy-authorization") {
            let scheme = value.split_once(' ').map_or("", |(scheme, _)| scheme);
            return Redacted(format!("{scheme} {MASK}").trim_start().into());
        }
        if ["set-cookie", "cookie", "dpop"].iter().any(|masked| name.eq_ignore_ascii_case(masked)) {
            return Redacted(MASK.into());
        }
        self.masked(value)
    }

    fn masked(&self, text: String) -> Redacted {
        let whole = self.without_secrets(text);
        // Nearly every text is ASCII, which a single byte tells faster than a character.
        let cut = memchr::memchr(CUT_BEGINS, whole.as_bytes()).is_some() && whole.contains(CUT);
        Redacted(if cut { self.without_parts(&whole) } else { whole }.into())
    }

    fn index(&mut self, case: Case) -> &mut Index {
        match case {
            Case::Any => &mut self.any_case,
            Case::AsWritten => &mut self.as_written,
        }
    }

    fn learn(&mut self, secret: &str, extent: Extent) {
        if secret.len() < SHORTEST || self.is_masked_already(secret) {
            return;
        }
        let case = case(secret);
        let forms = forms(secret, case);
        if forms.iter().all(|form| self.index(case).get(form).is_some_and(|known| known >= extent)) {
            return;
        }
        for form in forms {
            self.shortest = self.shortest.min(form.len());
            self.longest = self.longest.max(form.len());
            self.quoted |= needs_quoting(&form);
            self.index(case).insert(&form, extent);
        }
    }

    /// Whether it is masked to its end, by what many secrets begin with.
    fn is_masked_already(&self, secret: &str) -> bool {
        secret.bytes().all(stands_in_a_token)
            && (self.as_written.begins(secret) || self.any_case.begins(&secret.to_ascii_lowercase()))
    }

    /// Keeps the signature of a token in compact form (RFC 7515 section 7.1), which is as good as the whole.
    fn learn_signature(&mut self, token: &str) {
        let mut parts = token.rsplit('.');
        let signature = parts.next().and_then(|part| part.as_bytes().first_chunk::<SIGNATURE>());
        if let (Some(signature), 2) = (signature, parts.count())
            && self.signatures.len() < MOST_SIGNATURES
        {
            self.signatures.insert(*signature);
        }
    }

    /// Where signatures stand by themselves.
    fn signature_ranges(&self, text: &[u8], all: &mut Vec<Range<usize>>) {
        if self.signatures.is_empty() {
            return;
        }
        let is_of_one = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let mut from = 0;
        for run in text.split(|byte| !is_of_one(byte)) {
            if run.first_chunk::<SIGNATURE>().is_some_and(|start| self.signatures.contains(start)) {
                all.push(from..from + run.len());
            }
            from += run.len() + 1;
        }
    }

    fn without_secrets(&self, text: String) -> String {
        let ranges = self.ranges(text.as_bytes());
        if ranges.is_empty() { text } else { mask(text.as_bytes(), ranges, text.len()) }
    }

    fn beginning(&self, text: &str, most: usize) -> String {
        let masked = mask(text.as_bytes(), self.ranges(text.as_bytes()), whole_characters(text, most));
        self.without_parts(&format!("{masked}{CUT}"))
    }

    /// A secret that begins in one piece of a text and ends in the next is found where so many bytes are in both, unless it is longer as it is
    /// written.
    fn overlap(&self) -> usize {
        // The longest escape of a byte takes six, and escapes may be escaped.
        self.longest.saturating_mul(12).min(MOST_OVERLAP)
    }

    /// Where secrets stand, as they are or escaped.
    fn ranges(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut all = Vec::new();
        if text.len() < self.shortest {
            return all;
        }
        self.plain_ranges(text, &mut all);
        if !self.quoted && !may_spell(text) {
            return all;
        }
        let mut layers: Vec<Unescaped> = Vec::new();
        while layers.len() < MOST_LAYERS
            && let Some(layer) = Unescaped::of(layers.last().map_or(text, |layer| &layer.text))
        {
            let mut found = Vec::new();
            self.plain_ranges(&layer.text, &mut found);
            layers.push(layer);
            all.extend(
                found.into_iter().map(|range| layers.iter().rev().fold(range, |range, layer| layer.old(&range))),
            );
        }
        all
    }

    fn plain_ranges(&self, text: &[u8], all: &mut Vec<Range<usize>>) {
        self.signature_ranges(text, all);
        self.as_written.ranges(text, all);
        if self.any_case.may_stand_in(text) {
            self.any_case.ranges(&text.to_ascii_lowercase(), all);
        }
    }

    /// A value is cut before it comes here, perhaps in the middle of a secret: its beginning is masked too.
    fn without_parts(&self, text: &str) -> String {
        let mut pieces: Vec<String> = text.split(CUT).map(str::to_owned).collect();
        let last = pieces.len() - 1;
        for piece in &mut pieces[..last] {
            let longest = self
                .any_case
                .begun_at_the_end(piece.to_ascii_lowercase().as_bytes(), SHORTEST_PART, self.longest)
                .max(self.as_written.begun_at_the_end(piece.as_bytes(), SHORTEST_PART, self.longest));
            if let Some(longest) = longest {
                piece.truncate(piece.len() - longest);
                piece.push_str(MASK);
            }
        }
        pieces.join(&CUT.to_string())
    }
}

/// The text up to `end`, masked where secrets stand.
fn mask(text: &[u8], mut ranges: Vec<Range<usize>>, end: usize) -> String {
    ranges.sort_by_key(|range| range.start);
    let (mut masked, mut from) = (Vec::with_capacity(end), 0);
    for range in ranges.into_iter().take_while(|range| range.start < end) {
        if range.start >= from {
            masked.extend(&text[from..range.start]);
            masked.extend(MASK.as_bytes());
        }
        from = from.max(range.end);
    }
    masked.extend(text.get(from..end).unwrap_or_default());
    owned_text(masked)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_is_masked() {
        let redactor = Redactor::new(["s3cret/token+1"]);
        for text in ["a s3cret/token+1 b", "x=s3cret%2Ftoken%2B1", "Basic OnMzY3JldC90b2tlbisx", "czNjcmV0L3Rva2VuKzE="]
        {
            let redacted = redactor.text(text);
            assert!(redacted.as_str().contains(MASK), "{text} -> {redacted}");
            assert!(!redactor.finds(redacted.as_str()), "{redacted}");
        }
    }

    #[test]
    fn what_is_escaped_is_masked_where_it_stands() {
        let redactor = Redactor::new(["s3cret/token+1"]);
        for (text, masked) in [
            (r#"{"a\u0062":"\u0073\u0033cret\/token\u002b1","c":1}"#, r#"{"a\u0062":"***","c":1}"#),
            (r"x \\u00733cret/token+1 y", "x *** y"),
            ("?a=%25&t=%73%33cret%2ftoken%2B1&b=%20", "?a=%25&t=***&b=%20"),
            ("t=s3cret%252Ftoken%252B1", "t=***"),
            ("<b>&#x73;3cret&#47;token+1</b>", "<b>***</b>"),
            (r"é \u00e9 s3cret/token+1 \u0073", r"é \u00e9 *** \u0073"),
        ] {
            assert_eq!(redactor.text(text).as_str(), masked, "{text}");
        }
    }

    #[test]
    fn a_secret_in_another_form_is_masked_where_it_stands() {
        let redactor = Redactor::new(["s3cret/token+1", "Short/1"]);
        for (text, masked) in [
            // Another case.
            ("x-s3cret/token+1: S3CRET/TOKEN+1, S3cret/Token+1", "x-***: ***, ***"),
            ("short/1 Short/1 SHORT/1", "short/1 *** SHORT/1"),
            // Hexadecimal digits, in both cases.
            ("7333637265742f746f6b656e2b31 7333637265742F746F6B656E2B31", "*** ***"),
            ("53686f72742f31 53686F72742F31", "*** ***"),
            // Entities.
            ("s3cret&#47token&plus;1, s3cret&sol;token&#x0000002B1&#44", "***, ***&#44"),
            (r"\x733cret\x2ftoken\x2B1", "***"),
            // Base64 in lines, at each place in a group of three.
            ("aaaa\nczNjcmV0L3\nRva2VuKzE=\nbbbb", "aaaa\n***E=\nbbbb"),
            (r#"{"a":"YXMzY3Jl\r\n  dC90b2tlbi\r\nsx","b":1}"#, r#"{"a":"YX***","b":1}"#),
            (r#"{"a":"{\"b\":\"YWFzM2NyZXQv\\ndG9rZW4rMWI=\"}"}"#, r#"{"a":"{\"b\":\"YWF***WI=\"}"}"#),
            ("s3cre\r\n\tt/to\nken+1", "***"),
            // Nothing is joined that was not of one piece.
            ("s3cret,\n/token+1", "s3cret,\n/token+1"),
        ] {
            assert_eq!(redactor.text(text).as_str(), masked, "{text}");
            assert_eq!(redactor.finds(text), text != masked, "{text}");
        }
    }

    #[test]
    fn a_secret_of_several_lines_is_masked_in_one_too() {
        let redactor = Redactor::new(["-----BEGIN KEY-----\nQUJDREVGR0hJSktM\nTU5PUFFSU1RVVldY\n-----END KEY-----\n"]);
        for text in [
            "a: -----BEGIN KEY-----\nQUJDREVGR0hJSktM\nTU5PUFFSU1RVVldY\n-----END KEY-----\n",
            "a: -----BEGIN KEY-----\r\nQUJDREVGR0hJSktM\r\nTU5PUFFSU1RVVldY\r\n-----END KEY-----\r\n",
            r"a: -----BEGIN KEY-----\nQUJDREVGR0hJSktM\nTU5PUFFSU1RVVldY\n-----END KEY-----\n",
        ] {
            let masked = redactor.text(text);
            assert!(masked.as_str().starts_with("a: ***") && !masked.as_str().contains("KEY"), "{masked}");
        }
    }

    #[test]
    fn the_name_of_a_header_is_masked_too() {
        let redactor = Redactor::new(["00-A-Token-of-these"]);
        let headers = vec![("x-00-a-token-of-these".to_owned(), "a".to_owned()), ("etag".to_owned(), "b".to_owned())];
        let masked = redactor.owned_headers(headers);
        let shown: Vec<String> = masked.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(shown, ["x-***: a", "etag: b"]);
    }

    #[test]
    fn a_secret_that_was_cut_is_masked() {
        let redactor = Redactor::new(["s3cret/token+1"]);
        assert_eq!(redactor.text("a s3cret/t… (99 bytes) s3cret… b").as_str(), "a ***… (99 bytes) ***… b");
        assert_eq!(redactor.text("s3cret… s3cret").as_str(), "***… s3cret");
    }

    #[test]
    fn nothing_of_a_secret_is_left_where_a_text_is_cut() {
        let redactor = Redactor::new(["s3cret/token+1"]);
        for form in ["s3cret/token+1", "s3cret%2Ftoken%2B1", r"s3cret\/token\u002b1", "czNjcmV0L3Rva2VuKzE="] {
            let text = format!("abcdef {form} ghijkl {}", "x".repeat(100));
            for most in 0..text.len() {
                let beginning = redactor.beginning(text.as_bytes(), most);
                assert!(["s3c", "2Fto", "ken", "jcmV"].iter().all(|part| !beginning.contains(part)), "{beginning}");
                let whole = redactor.text(&text);
                let shown = beginning.trim_end_matches(CUT).trim_end_matches(MASK);
                assert!(whole.as_str().starts_with(shown) && beginning.ends_with(CUT), "{beginning}");
            }
        }
        assert_eq!(redactor.beginning("aßb".as_bytes(), 2), "a…");
    }

    #[test]
    fn of_more_secrets_than_memory_holds_the_beginning_is_enough() {
        let secret = |number: usize| format!("T{number:04}{}", "x9".repeat(7000));
        let body = serde_json::Value::from_iter([(
            "keys",
            (0..100).map(|number| serde_json::json!({ "access_token": secret(number) })).collect::<Vec<_>>(),
        )]);
        let redactor = Redactor::default();
        redactor.learn_from(&body);
        assert!(redactor.known().any_case.bytes() < 2 * MOST_BYTES);
        for number in 0..100 {
            assert_eq!(redactor.text(&format!("a {} b", secret(number))).as_str(), "a *** b", "{number}");
        }
    }

    #[test]
    fn of_authorization_only_the_scheme_is_left() {
        let redactor = Redactor::new([]);
        assert_eq!(redactor.header("Authorization", "SSWS whatever").as_str(), "SSWS ***");
        assert_eq!(redactor.header("authorization", "SSWSwhatever").as_str(), "***");
    }

    #[test]
    fn what_is_learned_later_is_masked_from_then_on_by_every_clone() {
        let redactor = Redactor::new(["first-secret"]);
        let writer = redactor.clone();
        assert_eq!(writer.text("first-secret second-secret").as_str(), "*** second-secret");
        redactor.learn(["second-secret"]);
        assert_eq!(writer.text("first-secret second-secret").as_str(), "*** ***");
    }

    #[test]
    fn a_secret_of_which_the_beginning_is_known_is_masked_to_its_end() {
        let redactor = Redactor::default();
        redactor.learn_beginning("eyJ0eXAiOiJkcG9wK2p3dCJ9.");
        assert_eq!(redactor.text("DPoP eyJ0eXAiOiJkcG9wK2p3dCJ9.e30.c2ln, and more").as_str(), "DPoP ***, and more");
        assert_eq!(redactor.text("?p=eyJ0eXAiOiJkcG9wK2p3dCJ9%2Ee30%2Ec2ln&x=1").as_str(), "?p=***&x=1");
        assert_eq!(redactor.text("eyJ0eXAiOiJkcG9wK2p3dCJ9.e30… b").as_str(), "***… b");
        assert_eq!(redactor.header("dpop", "anything").as_str(), MASK);
    }

    #[test]
    fn the_signature_of_a_token_is_a_secret_by_itself() {
        let redactor = Redactor::new(["some-other-secret"]);
        redactor.learn_beginning("eyJraWQi");
        let (message, signature) = ("eyJraWQiOiJrIn0.eyJpc3MiOiJhIn0", "Ab3-_".repeat(20));
        redactor.learn_from(&serde_json::json!({ "access_token": format!("{message}.{signature}") }));
        for (text, masked) in [
            (format!("a {message}.{signature} b"), "a *** b"),
            (format!("{{\"s\":\"{signature}\"}}"), "{\"s\":\"***\"}"),
            (format!("x{signature}"), format!("x{signature}").as_str()),
        ] {
            assert_eq!(redactor.text(&text).as_str(), masked, "{text}");
        }
    }

    #[test]
    fn long_secrets_are_found_too() {
        let long: String =
            (0..4000).map(|number| char::from(b'a' + u8::try_from(number * number % 26).unwrap_or(0))).collect();
        let redactor = Redactor::new([long.as_str(), "short-one"]);
        assert_eq!(redactor.text(&format!("a {long} b short-one")).as_str(), "a *** b ***");
    }

    proptest! {
        #[test]
        fn no_secret_survives(before in ".*", secret in "[!-~]{6,40}", after in ".*") {
            let redactor = Redactor::new([secret.as_str()]);
            let redacted = redactor.text(&format!("{before}{secret}{after}"));
            prop_assert!(!redacted.as_str().contains(&secret) || MASK.contains(&secret));
        }

        #[test]
        fn no_form_of_a_secret_survives(before in "[ -~]{0,9}", secret in "[!-~]{8,40}", after in "[ -~]{0,9}") {
            use base64::{Engine as _, prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD}};
            use percent_encoding::NON_ALPHANUMERIC;

            let redactor = Redactor::new([secret.as_str()]);
            let percent = percent_encoding::utf8_percent_encode(&secret, NON_ALPHANUMERIC).to_string();
            let every_byte: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
            for form in [&secret, &percent, &every_byte] {
                let redacted = redactor.text(&format!("{before}{form}{after}"));
                prop_assert!(!redacted.as_str().contains(form.as_str()) || MASK.contains(form.as_str()), "{}", redacted);
            }
            // Whatever stands before it, and so at all three offsets: the characters that it alone decides.
            let around = format!("{before}{secret}{after}");
            let (from, to) = (before.len() * 8, (before.len() + secret.len()) * 8);
            for encoded in [BASE64_STANDARD.encode(&around), BASE64_URL_SAFE_NO_PAD.encode(&around)] {
                let own = &encoded[from.div_ceil(6)..to / 6];
                let redacted = redactor.text(&encoded);
                prop_assert!(!redacted.as_str().contains(own), "{} holds {}", redacted, own);
            }
        }
    }
}
