//! Undoing the escapes of JSON, URLs and markup, with the place of every byte kept: a secret that a target gives back escaped is masked where
//! it stands.

use std::{ops::Range, sync::LazyLock};

use memchr::{memchr2, memchr3, memmem::Finder};

/// A text without its escapes.
pub(super) struct Unescaped {
    pub(super) text: Vec<u8>,
    escapes: Vec<Escape>,
}

/// What was escaped, and with what.
struct Escape {
    /// In the new text.
    new: Range<usize>,
    /// In the old one.
    old: Range<usize>,
}

/// The longest entity that is read: `&#x10ffff;` and some zeros.
const LONGEST_ENTITY: usize = 14;

/// Whether an escape stands in the text that may spell a character of a token, perhaps after others were undone. Bodies in an event
/// stream are full of escaped quotes, which no token has: this is much faster to tell than undoing them.
pub(super) fn may_spell(text: &[u8]) -> bool {
    static BY_NUMBER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r"\u"));
    static SLASH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r"\/"));
    memchr3(b'%', b'&', b'\\', text).is_some_and(|first| {
        let rest = &text[first..];
        memchr2(b'%', b'&', rest).is_some() || BY_NUMBER.find(rest).is_some() || SLASH.find(rest).is_some()
    })
}

/// Whether the text has a character that is often written as an escape of another kind than those of [`may_spell`].
pub(super) fn needs_quoting(text: &str) -> bool {
    text.contains(['"', '\\', '\''])
}

impl Unescaped {
    /// `None` where nothing is escaped, as in most texts.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let first = text.iter().position(|byte| b"\\%&".contains(byte))?;
        let mut made = Self { text: text[..first].to_vec(), escapes: Vec::new() };
        let mut at = first;
        while let Some(byte) = text.get(at) {
            let Some((meant, length)) = escape(&text[at..]) else {
                made.text.push(*byte);
                at += 1;
                continue;
            };
            let new = made.text.len()..made.text.len() + meant.len();
            made.text.extend(meant);
            made.escapes.push(Escape { new, old: at..at + length });
            at += length;
        }
        (!made.escapes.is_empty()).then_some(made)
    }

    /// Where that which became this range stood in the old text.
    pub(super) fn old(&self, range: &Range<usize>) -> Range<usize> {
        let byte = |at: usize| {
            let before = self.escapes.partition_point(|escape| escape.new.start <= at);
            match before.checked_sub(1).and_then(|index| self.escapes.get(index)) {
                None => at..at + 1,
                Some(escape) if escape.new.contains(&at) => escape.old.clone(),
                Some(escape) => {
                    let at = escape.old.end + (at - escape.new.end);
                    at..at + 1
                }
            }
        };
        if range.is_empty() {
            return byte(range.start).start..byte(range.start).start;
        }
        byte(range.start).start..byte(range.end - 1).end
    }
}

/// What the escape at the beginning means, and how long it is.
fn escape(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    match text {
        [b'\\', meant @ (b'"' | b'\\' | b'/' | b'\''), ..] => Some((vec![*meant], 2)),
        [b'\\', b'u', rest @ ..] => {
            let high = number(rest.get(..4)?, 16)?;
            if !(0xd800..0xe000).contains(&high) {
                return Some((utf8(high)?, 6));
            }
            // RFC 8259 section 7: a character beyond the first plane is two escapes.
            let [b'\\', b'u', low @ ..] = rest.get(4..10)? else { return None };
            let low = number(low, 16)?.checked_sub(0xdc00)?;
            Some((utf8(0x10000 + ((high - 0xd800) << 10) + low)?, 12))
        }
        [b'%', rest @ ..] => Some((vec![u8::try_from(number(rest.get(..2)?, 16)?).ok()?], 3)),
        [b'&', ..] => entity(text),
        _ => None,
    }
}

/// The entities of XML, and characters by their number.
fn entity(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let end = text.iter().take(LONGEST_ENTITY).position(|byte| *byte == b';')?;
    let meant = match &text[1..end] {
        b"amp" => b"&".to_vec(),
        b"lt" => b"<".to_vec(),
        b"gt" => b">".to_vec(),
        b"quot" => b"\"".to_vec(),
        b"apos" => b"'".to_vec(),
        [b'#', b'x' | b'X', digits @ ..] => utf8(number(digits, 16)?)?,
        [b'#', digits @ ..] => utf8(number(digits, 10)?)?,
        _ => return None,
    };
    Some((meant, end + 1))
}

/// Digits alone: a sign is none.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with(['+', '-']))?;
    u32::from_str_radix(text, radix).ok()
}

fn utf8(code: u32) -> Option<Vec<u8>> {
    char::from_u32(code).map(|c| c.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn undone(text: &str) -> Option<String> {
        Unescaped::of(text.as_bytes()).map(|made| String::from_utf8(made.text).expect("text"))
    }

    #[test]
    fn escapes_are_undone_once() {
        for (text, meant) in [
            (r"a\u0062c\/d", "abc/d"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\\u0062", r"\u0062"),
            ("%61%2f%C3%A9", "a/é"),
            ("&#x61;&#98;&amp;lt;", "ab&lt;"),
        ] {
            assert_eq!(undone(text).as_deref(), Some(meant), "{text}");
        }
        for text in ["", "plain", r"\n\u12", r"\ud83d", "100% %zz %+1", "a & b &unknown; &#xffffffff;"] {
            assert_eq!(undone(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_place_is_known(parts in proptest::collection::vec("[a-z]{1,3}|\\\\u00[4-7][0-9a-f]|%[4-7][0-9a-f]|&amp;", 1..12)) {
            let text = parts.concat();
            if let Some(made) = Unescaped::of(text.as_bytes()) {
                for at in 0..made.text.len() {
                    let old = &text[made.old(&(at..at + 1))];
                    let meant = Unescaped::of(old.as_bytes()).map_or(old.as_bytes().to_vec(), |made| made.text);
                    prop_assert_eq!(&meant, &made.text[at..=at].to_vec());
                }
            }
        }
    }
}
