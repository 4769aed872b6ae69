//! Keeping secrets out of everything that is written.
//!
//! One boundary by type: texts in events are [`Redacted`], and only a [`Redactor`] (or reading back what one wrote) makes them.

use aho_corasick::{AhoCorasick, MatchKind};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// What stands in the place of a secret.
const MASK: &str = "***";

/// Shorter values would mask ordinary words; no real token is that short.
const SHORTEST: usize = 6;

/// A text without secrets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Redacted(String);

impl Redacted {
    /// The text.
    pub fn as_str(&self) -> &str {
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

/// Less of a secret than this tells nothing about it.
const SHORTEST_PART: usize = 4;

/// Knows the secrets of a run and replaces them.
pub struct Redactor {
    secrets: Option<AhoCorasick>,
    forms: Vec<String>,
    /// The length of the shortest form: most headers are shorter, and need not be searched.
    shortest: usize,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// A redactor for these values, in plain, percent-encoded and base64 form.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms: Vec<String> = Vec::new();
        for secret in secrets.into_iter().filter(|secret| secret.len() >= SHORTEST) {
            forms.push(secret.to_owned());
            forms.push(utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string());
            forms.push(secret.replace('/', "\\/"));
            forms.extend(base64_forms(secret.as_bytes()));
        }
        forms.sort();
        forms.dedup();
        let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms).ok();
        let shortest = forms.iter().map(String::len).min().unwrap_or_default();
        Self { secrets: if forms.is_empty() { None } else { build() }, forms, shortest }
    }

    /// The text with every secret replaced.
    pub fn text(&self, text: &str) -> Redacted {
        let whole = match &self.secrets {
            Some(secrets) if text.len() >= self.shortest && secrets.is_match(text) => {
                let masks = vec![MASK; secrets.patterns_len()];
                secrets.replace_all(text, &masks)
            }
            _ => text.to_owned(),
        };
        Redacted(if whole.contains(CUT) { self.without_parts(&whole) } else { whole })
    }

    /// A value is cut before it comes here, perhaps in the middle of a secret: its beginning is masked too.
    fn without_parts(&self, text: &str) -> String {
        let mut pieces: Vec<String> = text.split(CUT).map(str::to_owned).collect();
        let last = pieces.len() - 1;
        for piece in &mut pieces[..last] {
            let part = |form: &String| {
                let lengths = (SHORTEST_PART..form.len()).rev();
                lengths.filter_map(|length| form.get(..length)).find(|part| piece.ends_with(part)).map(str::len)
            };
            if let Some(longest) = self.forms.iter().filter_map(part).max() {
                piece.truncate(piece.len() - longest);
                piece.push_str(MASK);
            }
        }
        pieces.join(&CUT.to_string())
    }

    /// The value of a header; of `Authorization` only the scheme is left, of cookies nothing.
    pub fn header(&self, name: &str, value: &str) -> Redacted {
        if name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("proxy-authorization") {
            let scheme = value.split_once(' ').map_or("", |(scheme, _)| scheme);
            return Redacted(format!("{scheme} {MASK}").trim_start().to_owned());
        }
        if name.eq_ignore_ascii_case("set-cookie") || name.eq_ignore_ascii_case("cookie") {
            return Redacted(MASK.to_owned());
        }
        self.text(value)
    }

    /// Whether any secret stands in the text.
    pub fn finds(&self, text: &str) -> bool {
        self.secrets.as_ref().is_some_and(|secrets| secrets.is_match(text))
    }
}

/// The value in base64 wherever it begins in a group of three bytes, without the characters that its neighbours decide.
fn base64_forms(secret: &[u8]) -> Vec<String> {
    const PLAIN: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut forms = Vec::new();
    for lead in 0..3 {
        let bytes: Vec<u8> = std::iter::repeat_n(0, lead).chain(secret.iter().copied()).collect();
        let bits: usize = bytes.len() * 8;
        let first = (lead * 8).div_ceil(6);
        let plain: String = (first..bits / 6)
            .map(|index| {
                let bit = index * 6;
                let pair = u16::from(bytes[bit / 8]) << 8 | u16::from(bytes.get(bit / 8 + 1).copied().unwrap_or(0));
                char::from(PLAIN[usize::from(pair >> (10 - bit % 8) & 63)])
            })
            .collect();
        forms.push(plain.replace('+', "-").replace('/', "_"));
        forms.push(plain);
    }
    forms
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
    fn a_secret_that_was_cut_is_masked() {
        let redactor = Redactor::new(["s3cret/token+1"]);
        assert_eq!(redactor.text("a s3cret/t… (99 bytes) s3cret… b").as_str(), "a ***… (99 bytes) ***… b");
        assert_eq!(redactor.text("s3cret… s3cret").as_str(), "***… s3cret");
    }

    #[test]
    fn of_authorization_only_the_scheme_is_left() {
        let redactor = Redactor::new([]);
        assert_eq!(redactor.header("Authorization", "SSWS whatever").as_str(), "SSWS ***");
        assert_eq!(redactor.header("authorization", "SSWSwhatever").as_str(), "***");
    }

    proptest! {
        #[test]
        fn no_secret_survives(before in ".*", secret in "[!-~]{6,40}", after in ".*") {
            let redactor = Redactor::new([secret.as_str()]);
            let redacted = redactor.text(&format!("{before}{secret}{after}"));
            prop_assert!(!redacted.as_str().contains(&secret) || MASK.contains(&secret));
        }
    }
}
