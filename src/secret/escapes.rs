//! Undoing the escapes of JSON, URLs and markup, and the line breaks of wrapped base64, with the place of every byte kept: a secret that a
//! target gives back in another form is masked where it stands.

use std::ops::Range;

use memchr::{memchr_iter, memchr2, memchr2_iter};

/// A text without its escapes.
pub(super) struct Unescaped {
    pub(super) text: Vec<u8>,
    escapes: Vec<Escape>,
}

/// What was escaped, and with what. Of a line break that was taken out, nothing is in the new text.
struct Escape {
    /// In the new text.
    new: Range<usize>,
    /// In the old one.
    old: Range<usize>,
}

/// Named characters of HTML that a token may have.
const NAMED: [(&[u8], u8); 36] = [
    (b"amp", b'&'),
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"quot", b'"'),
    (b"apos", b'\''),
    (b"AMP", b'&'),
    (b"LT", b'<'),
    (b"GT", b'>'),
    (b"QUOT", b'"'),
    (b"plus", b'+'),
    (b"sol", b'/'),
    (b"equals", b'='),
    (b"lowbar", b'_'),
    (b"UnderBar", b'_'),
    (b"period", b'.'),
    (b"num", b'#'),
    (b"percnt", b'%'),
    (b"dollar", b'$'),
    (b"excl", b'!'),
    (b"commat", b'@'),
    (b"colon", b':'),
    (b"semi", b';'),
    (b"quest", b'?'),
    (b"lpar", b'('),
    (b"rpar", b')'),
    (b"ast", b'*'),
    (b"comma", b','),
    (b"bsol", b'\\'),
    (b"lsqb", b'['),
    (b"rsqb", b']'),
    (b"Hat", b'^'),
    (b"grave", b'`'),
    (b"lcub", b'{'),
    (b"rcub", b'}'),
    (b"verbar", b'|'),
    (b"NewLine", b'\n'),
];

/// The first so many of them are read without their `;` too, as browsers do.
const LEGACY: usize = 9;

/// Codes of characters have fewer digits.
const LONGEST_NUMBER: usize = 8;

/// The longest name of a character.
const LONGEST_NAME: usize = 8;

/// Whether an escape stands in the text that may spell a character of a token, perhaps after others were undone, or a line break in the
/// middle of one. Bodies in an event stream are full of escaped quotes, which no token has: this is much faster to tell than undoing them.
pub(super) fn may_spell(text: &[u8]) -> bool {
    let escape = |at: usize| match text.get(at + 1) {
        Some(b'u' | b'x' | b'/') => true,
        Some(b'n' | b'r') => breaks_a_token(text, at),
        _ => false,
    };
    memchr2(b'%', b'&', text).is_some()
        || memchr_iter(b'\\', text).any(escape)
        || memchr2_iter(b'\n', b'\r', text).any(|at| breaks_a_token(text, at))
}

/// Whether a line break, as it is or escaped, has on both sides what may be of one token.
fn breaks_a_token(text: &[u8], at: usize) -> bool {
    let before = text[..at].iter().rev().find(|byte| **byte != b'\\');
    before.is_some_and(|byte| ends_token(*byte)) && goes_on(&text[at + line_break(&text[at..])..])
}

/// Of a token or of an escape of its characters.
fn ends_token(byte: u8) -> bool {
    stands_in_a_token(byte) || byte == b';'
}

fn goes_on(rest: &[u8]) -> bool {
    rest.first().is_some_and(|byte| stands_in_a_token(*byte) || b"\\&".contains(byte))
}

/// Of a token in any of its forms: base64 of both alphabets, percent signs, the dots between the parts of a JWT.
pub(super) fn stands_in_a_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~+/=%".contains(&byte)
}

/// How long the line break at the beginning is, with what indents the next line; 0 where there is none.
fn line_break(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match &text[at..] {
            [b'\r' | b'\n', ..] => at += 1,
            [b'\\', b'r' | b'n', ..] => at += 2,
            [b' ' | b'\t', ..] if at > 0 => at += 1,
            _ => return at,
        }
    }
}

/// Whether the text has a character that is often written as an escape of another kind than those of [`may_spell`].
pub(super) fn needs_quoting(text: &str) -> bool {
    text.contains(['"', '\\', '\''])
}

impl Unescaped {
    /// `None` where nothing is escaped, as in most texts.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let special = |byte: &u8| b"\\%&\n\r".contains(byte);
        let mut made = Self { text: Vec::new(), escapes: Vec::new() };
        let mut at = 0;
        while let Some(next) = text[at..].iter().position(special) {
            made.text.extend(&text[at..at + next]);
            at += next;
            let rest = &text[at..];
            let Some((meant, length)) = made.line_break(rest).or_else(|| escape(rest)) else {
                made.text.push(rest[0]);
                at += 1;
                continue;
            };
            let new = made.text.len()..made.text.len() + meant.len();
            made.text.extend(meant);
            made.escapes.push(Escape { new, old: at..at + length });
            at += length;
        }
        made.text.extend(&text[at..]);
        (!made.escapes.is_empty()).then_some(made)
    }

    /// A line break in what may be one token means nothing.
    fn line_break(&self, rest: &[u8]) -> Option<(Vec<u8>, usize)> {
        let length = line_break(rest);
        let inside = length > 0 && self.text.last().is_some_and(|byte| ends_token(*byte)) && goes_on(&rest[length..]);
        inside.then(|| (Vec::new(), length))
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
        [b'\\', b'x', rest @ ..] => Some((vec![u8::try_from(number(rest.get(..2)?, 16)?).ok()?], 4)),
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

/// Characters by their number, with zeros before it, and by their names; browsers do not miss the `;`.
fn entity(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let closed = |end: usize| if text.get(end) == Some(&b';') { end + 1 } else { end };
    let (radix, digits) = match text {
        [b'&', b'#', b'x' | b'X', ..] => (16, 3),
        [b'&', b'#', ..] => (10, 2),
        _ => return named(&text[1..]).map(|(meant, length)| (vec![meant], closed(1 + length))),
    };
    let digit = |byte: &&u8| char::from(**byte).is_digit(radix);
    let first = digits + text[digits..].iter().take_while(|byte| **byte == b'0').count();
    let length = text[first..].iter().take(LONGEST_NUMBER).take_while(digit).count();
    let end = first + length;
    if text.get(end) == Some(&b';') {
        return Some((utf8(number(&text[first..end], radix)?)?, end + 1));
    }
    // Where no `;` says which digits belong to the number, as many do as make a character of a token.
    let mut ascii = (first + 1..=end).rev().filter_map(|end| Some((number(&text[first..end], radix)?, end)));
    let (code, end) = ascii.find(|(code, _)| *code < 0x80)?;
    Some((utf8(code)?, end))
}

fn named(text: &[u8]) -> Option<(u8, usize)> {
    let length = text.iter().take(LONGEST_NAME + 1).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let whole = |(name, _): &&(&[u8], u8)| text.get(length) == Some(&b';') && *name == &text[..length];
    let found = NAMED.iter().find(whole).or_else(|| NAMED[..LEGACY].iter().find(|(name, _)| text.starts_with(name)));
    found.map(|(name, meant)| (*meant, name.len()))
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
            ("&#0000097&#X062;&#x00000000000000000000063-&plus;&sol;&amp&lt1", "abc-+/&<1"),
            ("&#1155&#x2B1&#x73&#x33", "s5+1s3"),
            (r"\x61\x2f", "a/"),
            ("abc\r\n  def\nghi", "abcdefghi"),
            (r"abc\r\ndef\nghi", "abcdefghi"),
            ("abc\n&#x64;", "abcd"),
        ] {
            assert_eq!(undone(text).as_deref(), Some(meant), "{text}");
        }
        for text in [
            "",
            "plain",
            r"\n\u12",
            r"\ud83d",
            "100% %zz %+1",
            "a & b &unknown; &#xffffffff; &# &#x; &plus",
            "{\n  \"a\": 1\n}\n",
            r"a,\nb",
            r"a\n",
            "\r\na",
        ] {
            assert_eq!(undone(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_place_is_known(parts in proptest::collection::vec("[a-z]{1,3}|\\\\u00[4-7][0-9a-f]|%[4-7][0-9a-f]|&amp;|&#0*9[0-9];?|(\r?\n) {0,2}|\\\\n", 1..12)) {
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
