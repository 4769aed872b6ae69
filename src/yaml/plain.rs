//! The plain part of YAML, in which suites are written, read in one pass: that takes a sixth of what the library takes for it, which was a
//! fifth of a whole run.
//!
//! Owns no rule of its own. What it does not know well (a text over several lines, an anchor, a tag, tabs, anything outside ASCII, any
//! mistake) it leaves to the library, with the whole file; so a refusal is always the library's. The law that both read the same, places
//! included, is tested in `laws` and fuzzed.

use super::{Data, Key, Keys, MAX_DEPTH, Node, resolve};
use crate::diagnostic::Span;

/// YAML allows 1,024 characters before the colon of a key; no suite has a name so long.
const LONGEST_KEY: usize = 256;

/// The tree of `text`, if all of it is plain.
pub(super) fn read(text: &str) -> Option<Node> {
    // Without a way out in the middle, since that is done for many bytes at a time.
    if !text.bytes().fold(true, |plain, byte| plain & matches!(byte, b'\n' | b' '..=b'~')) {
        return None;
    }
    let mut reader = Reader { text, at: 0, column: None };
    reader.line();
    let root = reader.block(0)?;
    reader.column.is_none().then_some(root)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Of the line that `at` is the first text of; none at the end of the file. Between two calls of `end`, that of a line before.
    column: Option<usize>,
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The byte behind the one that is read now.
    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at + 1).copied()
    }

    fn blanks(&mut self) {
        while self.byte() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Goes from the start of a line to the first text in it or below.
    fn line(&mut self) {
        loop {
            let start = self.at;
            self.blanks();
            match self.byte() {
                None => return self.column = None,
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.comment(),
                Some(_) => return self.column = Some(self.at - start),
            }
        }
    }

    fn comment(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |length| length + 1);
    }

    /// Behind a value or a colon: whether nothing but a comment follows in the line. Goes to the next text in any case.
    fn end(&mut self) -> bool {
        let start = self.at;
        self.blanks();
        match self.byte() {
            None => {}
            Some(b'\n') => self.at += 1,
            Some(b'#') if self.at > start => self.comment(),
            Some(_) => return false,
        }
        self.line();
        true
    }

    /// A list or a map over the lines from here; texts there would be allowed to go on in the next line.
    fn block(&mut self, depth: usize) -> Option<Node> {
        let column = self.column?;
        if self.byte() == Some(b'-') { self.block_list(column, depth) } else { self.block_map(column, depth) }
    }

    fn block_list(&mut self, column: usize, depth: usize) -> Option<Node> {
        let mut items: Vec<Node> = Vec::new();
        while self.goes_on(column)? {
            if depth >= MAX_DEPTH || self.byte() != Some(b'-') || self.next() != Some(b' ') {
                return None;
            }
            let dash = self.at;
            self.at += 1;
            self.blanks();
            items.push(if self.is_key() {
                self.block_map(column + (self.at - dash), depth + 1)?
            } else {
                self.inline(depth + 1)?
            });
        }
        let span = items.first()?.span;
        Some(Node { span, data: Data::List(items) })
    }

    fn block_map(&mut self, column: usize, depth: usize) -> Option<Node> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut keys = Keys::default();
        loop {
            let key = self.key()?;
            if depth >= MAX_DEPTH || keys.has(&entries, &key.name) {
                return None;
            }
            let node = self.value(&key, column, depth + 1)?;
            entries.push((key, node));
            if !self.goes_on(column)? {
                let span = entries.first()?.0.span;
                return Some(Node { span, data: Data::Map(entries) });
            }
        }
    }

    /// Whether the text that comes next stands in `column`, and not further to the left; further to the right it is not plain.
    fn goes_on(&self, column: usize) -> Option<bool> {
        match self.column {
            Some(found) if found > column => None,
            found => Some(found == Some(column)),
        }
    }

    /// What stands behind the colon of a key in `column`, or below it.
    fn value(&mut self, key: &Key, column: usize, depth: usize) -> Option<Node> {
        if !self.end() {
            return self.inline(depth);
        }
        match self.column {
            Some(found) if found > column => self.block(depth),
            _ => Some(Node { span: key.span, data: Data::Null }),
        }
    }

    /// A value up to the end of its line.
    fn inline(&mut self, depth: usize) -> Option<Node> {
        let node = match self.byte()? {
            b'[' | b'{' => self.flow(depth)?,
            b'"' | b'\'' => self.quoted()?,
            _ => self.scalar(false)?,
        };
        self.end().then_some(node)
    }

    /// Whether a key and its colon come next.
    fn is_key(&self) -> bool {
        let rest = &self.text.as_bytes()[self.at..];
        let length = key_length(rest);
        length > 0 && rest.get(length) == Some(&b':') && matches!(rest.get(length + 1), None | Some(b' ' | b'\n'))
    }

    /// A key without quotes, and its colon.
    fn key(&mut self) -> Option<Key> {
        if !self.is_key() {
            return None;
        }
        let span = Span::new(self.at, self.at + key_length(&self.text.as_bytes()[self.at..]));
        self.at = span.end + 1;
        (span.end - span.start <= LONGEST_KEY).then(|| Key { span, name: self.text[span.start..span.end].to_owned() })
    }

    /// A value in one line, inside or at the start of `[…]` or `{…}`.
    fn flow(&mut self, depth: usize) -> Option<Node> {
        if depth >= MAX_DEPTH {
            return None;
        }
        match self.byte()? {
            b'[' => self.flow_list(depth),
            b'{' => self.flow_map(depth),
            b'"' | b'\'' => self.quoted(),
            _ => self.scalar(true),
        }
    }

    fn flow_list(&mut self, depth: usize) -> Option<Node> {
        let start = self.at;
        let mut items: Vec<Node> = Vec::new();
        while self.part(b']', items.is_empty())? {
            items.push(self.flow(depth + 1)?);
        }
        let span = items.first().map_or(Span::new(start, self.at), |item| item.span);
        Some(Node { span, data: Data::List(items) })
    }

    fn flow_map(&mut self, depth: usize) -> Option<Node> {
        let start = self.at;
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut keys = Keys::default();
        while self.part(b'}', entries.is_empty())? {
            let key = self.key()?;
            if keys.has(&entries, &key.name) {
                return None;
            }
            self.blanks();
            let node = self.flow(depth + 1)?;
            entries.push((key, node));
        }
        let span = entries.first().map_or(Span::new(start, self.at), |(key, _)| key.span);
        Some(Node { span, data: Data::Map(entries) })
    }

    /// Goes on from the bracket or a part of what it holds to the next part, or behind `close`, and tells which.
    fn part(&mut self, close: u8, first: bool) -> Option<bool> {
        if first {
            self.at += 1;
        }
        self.blanks();
        match self.byte()? {
            byte if byte == close => self.at += 1,
            b',' if !first => {
                self.at += 1;
                self.blanks();
                return Some(true);
            }
            _ if first => return Some(true),
            _ => return None,
        }
        Some(false)
    }

    /// A text between quotes that ends in its line. Of escapes, those of JSON that patterns need.
    fn quoted(&mut self) -> Option<Node> {
        let start = self.at;
        let quote = self.byte()?;
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let length = memchr::memchr3(quote, b'\\', b'\n', rest.as_bytes())?;
            text.push_str(&rest[..length]);
            self.at += length + 1;
            match rest.as_bytes()[length] {
                byte if byte == quote => break,
                b'\\' if quote == b'\'' => text.push('\\'),
                b'\\' => {
                    text.push(match self.byte()? {
                        b'"' => '"',
                        b'\\' => '\\',
                        b'n' => '\n',
                        b't' => '\t',
                        _ => return None,
                    });
                    self.at += 1;
                }
                _ => return None,
            }
        }
        Some(Node { span: Span::new(start, self.at), data: Data::Text(text) })
    }

    /// A scalar without quotes that ends in its line, `inside` of brackets or not.
    fn scalar(&mut self, inside: bool) -> Option<Node> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let begins = match *rest.first()? {
            b'-' => rest.get(1).is_some_and(u8::is_ascii_alphanumeric),
            byte => byte.is_ascii_alphanumeric() || b"$/^(.+_~;\\".contains(&byte),
        };
        if !begins {
            return None;
        }
        let mut length = 0;
        while let Some(byte) = rest.get(length) {
            let next = rest.get(length + 1);
            match byte {
                b'\n' => break,
                b',' | b'[' | b']' | b'{' | b'}' if inside => break,
                b'#' if rest[length - 1] == b' ' => break,
                b':' if matches!(next, None | Some(b' ' | b'\n')) => return None,
                b':' if inside && matches!(next, Some(b',' | b'[' | b']' | b'{' | b'}')) => return None,
                _ => length += 1,
            }
        }
        let text = self.text[start..start + length].trim_end_matches(' ');
        self.at = start + text.len();
        Some(Node { span: Span::new(start, self.at), data: resolve(text)? })
    }
}

/// How many bytes from the start belong to a name that needs no quotes anywhere.
fn key_length(text: &[u8]) -> usize {
    let begins = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'_' | b'/');
    if !text.first().is_some_and(|byte| begins(*byte)) {
        return 0;
    }
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || b"$_/.-".contains(byte);
    text.iter().position(|byte| !name(byte)).unwrap_or(text.len())
}
