//! Keeping secrets out of everything that is written.
//!
//! One boundary by type: texts in events are [`Redacted`], and only a [`Redactor`] (or reading back what one wrote) makes them.

mod escapes;
mod forms;
mod members;
mod scan;

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};
use escapes::{Unescaped, may_spell, needs_quoting};
use forms::forms;
pub(crate) use members::may_hold_secrets;
use members::secrets_in;
use serde::{Deserialize, Serialize};

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "***";

/// Shorter values would mask ordinary words; no real token is that short.
const SHORTEST: usize = 6;

/// Forms of more bytes than this are looked for by a smaller machine.
const LARGE: usize = 16 * 1024;

/// Escapes of escapes are undone so often: JSON in JSON in a line of JSON, and in a URL.
const MOST_LAYERS: usize = 4;

/// Answers teach no more when so many forms are known.
const MOST_FORMS: usize = 10_000;

/// As many forms has a secret,
const FORMS: usize = 8;

/// and as many bytes have they together for each of its own.
const BYTES_OF_FORMS: usize = 12;

/// The machine that finds secrets takes some forty bytes for each of their forms while it is made. Of long secrets beyond these, the
/// beginning is learned: what goes on behind it as a token does is masked with it.
const MOST_BYTES: usize = 1024 * 1024;

/// The part of a JSON Web Token that tells its key is shorter.
const BEGINNING: usize = 64;

/// A text without secrets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Redacted(String);

impl Redacted {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its beginning, of at most so many bytes, with a sign that it was cut. Its secrets are gone already.
    #[must_use]
    pub(crate) fn beginning(&self, most: usize) -> Self {
        let end = (0..=most.min(self.0.len())).rev().find(|at| self.0.is_char_boundary(*at)).unwrap_or_default();
        Self(format!("{}{CUT}", &self.0[..end]))
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
    known: Arc<RwLock<Arc<Known>>>,
}

/// Secrets in all forms in which they may come back, with the machine that finds them.
#[derive(Default)]
struct Known {
    /// Each form, and whether it is only the beginning of a secret.
    forms: BTreeMap<String, Extent>,
    /// The same, by the number of the form.
    extents: Vec<Extent>,
    /// Finds the forms, in their order.
    patterns: Option<AhoCorasick>,
    /// The length of the shortest form: most headers are shorter, and need not be searched.
    shortest: usize,
    /// The length of the longest.
    longest: usize,
    /// Whether any has a character that is nearly always escaped, so that escapes in a text say nothing.
    quoted: bool,
}

/// How far a secret reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    Whole,
    /// To the first character that stands in no token.
    Open,
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
        let known = self.known();
        let mut bytes: usize = known.forms.keys().map(String::len).sum();
        let (mut whole, mut begun) = (Vec::new(), Vec::new());
        // More of them are no secrets, but somebody's attempt to fill the memory.
        for secret in secrets_in(body).into_iter().take(MOST_FORMS.saturating_sub(known.forms.len()) / FORMS) {
            bytes += secret.len() * BYTES_OF_FORMS;
            match secret.get(..BEGINNING).filter(|_| bytes > MOST_BYTES) {
                Some(beginning) => begun.push(beginning),
                None => whole.push(secret),
            }
        }
        self.learn(whole);
        self.add(begun, Extent::Open);
    }

    fn add<'a>(&self, secrets: impl IntoIterator<Item = &'a str>, extent: Extent) {
        let old = self.known();
        let mut all = BTreeMap::new();
        for secret in secrets.into_iter().filter(|secret| secret.len() >= SHORTEST) {
            if old.forms.get(secret).is_none_or(|known| *known < extent) {
                all.extend(forms(secret).into_iter().map(|form| (form, extent)));
            }
        }
        if all.is_empty() {
            return;
        }
        for (form, extent) in &old.forms {
            let known = all.entry(form.clone()).or_insert(*extent);
            *known = (*known).max(*extent);
        }
        let known = Arc::new(Known::of(all));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
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

    /// The same of headers that are not needed any more.
    pub(crate) fn owned_headers(&self, headers: Vec<(String, String)>) -> Vec<(String, Redacted)> {
        let known = self.known();
        let header = |(name, value): (String, String)| {
            let value = known.masked_header(&name, value);
            (name, value)
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
            return Redacted(format!("{scheme} {MASK}").trim_start().to_owned());
        }
        if ["set-cookie", "cookie", "dpop"].iter().any(|masked| name.eq_ignore_ascii_case(masked)) {
            return Redacted(MASK.to_owned());
        }
        self.masked(value)
    }

    fn masked(&self, text: String) -> Redacted {
        let whole = self.without_secrets(text);
        // Nearly every text is ASCII, which a single byte tells faster than a character.
        let cut = memchr::memchr(CUT_BEGINS, whole.as_bytes()).is_some() && whole.contains(CUT);
        Redacted(if cut { self.without_parts(&whole) } else { whole })
    }

    fn of(forms: BTreeMap<String, Extent>) -> Self {
        let bytes: usize = forms.keys().map(String::len).sum();
        // The fastest machine takes some hundred bytes for each of a secret's, which keys and signed tokens are too long for.
        let kind = (bytes > LARGE).then_some(AhoCorasickKind::ContiguousNFA);
        let patterns =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).kind(kind).build(forms.keys()).ok();
        let lengths = || forms.keys().map(String::len);
        let (shortest, longest) = (lengths().min().unwrap_or_default(), lengths().max().unwrap_or_default());
        let quoted = forms.keys().any(|form| needs_quoting(form));
        Self { extents: forms.values().copied().collect(), forms, patterns, shortest, longest, quoted }
    }

    fn without_secrets(&self, text: String) -> String {
        let mut ranges = self.ranges(text.as_bytes());
        if ranges.is_empty() {
            return text;
        }
        ranges.sort_by_key(|range| range.start);
        let (mut masked, mut from) = (Vec::with_capacity(text.len()), 0);
        for range in ranges {
            if range.start >= from {
                masked.extend(&text.as_bytes()[from..range.start]);
                masked.extend(MASK.as_bytes());
            }
            from = from.max(range.end);
        }
        masked.extend(&text.as_bytes()[from..]);
        String::from_utf8(masked).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    fn beginning(&self, text: &str, most: usize) -> String {
        let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let mut ranges = self.ranges(text.as_bytes());
        ranges.sort_by_key(|range| range.start);
        let (mut masked, mut from) = (Vec::with_capacity(end), 0);
        for range in ranges.into_iter().take_while(|range| range.start < end) {
            if range.start >= from {
                masked.extend(&text.as_bytes()[from..range.start]);
                masked.extend(MASK.as_bytes());
            }
            from = from.max(range.end);
        }
        masked.extend(text.as_bytes().get(from..end).unwrap_or_default());
        masked.extend(CUT.to_string().into_bytes());
        self.without_parts(&String::from_utf8_lossy(&masked))
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
        let Some(patterns) = self.patterns.as_ref().filter(|_| text.len() >= self.shortest) else { return all };
        self.plain_ranges(patterns, text, &mut all);
        if !self.quoted && !may_spell(text) {
            return all;
        }
        let mut layers: Vec<Unescaped> = Vec::new();
        while layers.len() < MOST_LAYERS
            && let Some(layer) = Unescaped::of(layers.last().map_or(text, |layer| &layer.text))
        {
            let mut found = Vec::new();
            self.plain_ranges(patterns, &layer.text, &mut found);
            layers.push(layer);
            all.extend(
                found.into_iter().map(|range| layers.iter().rev().fold(range, |range, layer| layer.old(&range))),
            );
        }
        all
    }

    fn plain_ranges(&self, patterns: &AhoCorasick, text: &[u8], all: &mut Vec<Range<usize>>) {
        let mut from = 0;
        while let Some(found) = patterns.find(Input::new(text).range(from..)) {
            from = found.end();
            if self.extents.get(found.pattern().as_usize()) == Some(&Extent::Open) {
                from += text[from..].iter().take_while(|byte| stands_in_a_token(**byte)).count();
            }
            all.push(found.start()..from);
        }
    }

    /// A value is cut before it comes here, perhaps in the middle of a secret: its beginning is masked too.
    fn without_parts(&self, text: &str) -> String {
        let mut pieces: Vec<String> = text.split(CUT).map(str::to_owned).collect();
        let last = pieces.len() - 1;
        for piece in &mut pieces[..last] {
            let part = |form: &String| {
                let lengths = (SHORTEST_PART..form.len().min(piece.len() + 1)).rev();
                lengths.filter_map(|length| form.get(..length)).find(|part| piece.ends_with(part)).map(str::len)
            };
            if let Some(longest) = self.forms.keys().filter_map(part).max() {
                piece.truncate(piece.len() - longest);
                piece.push_str(MASK);
            }
        }
        pieces.join(&CUT.to_string())
    }
}

/// Of a token in any of the forms: base64 of both alphabets, percent signs, the dots between the parts of a JWT.
fn stands_in_a_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~+/=%".contains(&byte)
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
        assert!(redactor.known().forms.keys().map(String::len).sum::<usize>() < 2 * MOST_BYTES);
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
