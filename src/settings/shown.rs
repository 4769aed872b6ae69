//! A settings file as messages show it: they quote lines, and any line may hold a secret, most of all one with a mistake in it.
//!
//! Owns what may be seen: of values, those of keys that are known to hold no secrets. Everything else is stars, and every place stays where it
//! was. It does not read TOML, since the files that matter here are those that are none.

use std::sync::Arc;

use crate::diagnostic::Source;

/// The keys whose values are no secrets; of URLs the login and the query are hidden too.
const OPEN: [&str; 21] = [
    "url",
    "capabilities",
    "timeout",
    "prefix",
    "rate-share",
    "proxy",
    "ca-file",
    "client-id",
    "method",
    "login",
    "effect",
    "key-id",
    "scopes",
    "dpop",
    "expired",
    "token-url",
    "env",
    "file",
    "command",
    "targets",
    "version",
];

/// The file with stars instead of what may be a secret.
pub(super) fn shown(path: &str, text: &str) -> Arc<Source> {
    let mut scanner =
        Scanner { text, at: 0, shown: String::with_capacity(text.len()), open: true, depth: 0, value: false };
    while scanner.at < text.len() {
        scanner.token();
    }
    Source::new(path, scanner.shown)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    shown: String,
    /// Whether values of the key that came last may be seen.
    open: bool,
    /// How many brackets of a value are open.
    depth: usize,
    /// Whether an equals sign stands before this in the line, or in the part of a table.
    value: bool,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn token(&mut self) {
        let Some(first) = self.rest().chars().next() else { return };
        match first {
            '#' => self.show(self.rest().find('\n').unwrap_or(self.rest().len())),
            '"' | '\'' => self.quoted(first),
            '\n' => {
                self.value = false;
                self.show(1);
            }
            '[' | '{' => {
                self.depth += usize::from(self.value || self.depth > 0);
                self.value = false;
                self.show(1);
            }
            ']' | '}' => {
                self.value |= self.depth == 1;
                self.depth = self.depth.saturating_sub(1);
                self.show(1);
            }
            '=' => {
                self.value = true;
                self.show(1);
            }
            ',' => {
                self.value &= self.depth == 0;
                self.show(1);
            }
            _ if first.is_whitespace() => self.show(first.len_utf8()),
            _ => self.bare(),
        }
    }

    /// A text in quotes of either sort, over one line or several, closed or not.
    fn quoted(&mut self, quote: char) {
        let rest = self.rest();
        let three = quote.to_string().repeat(3);
        let length = if rest.starts_with(&three) {
            rest[3..].find(&three).map_or(rest.len(), |end| end + 6)
        } else {
            let mut escaped = false;
            let ends = |c: char| {
                let ends = c == '\n' || (c == quote && !escaped);
                escaped = quote == '"' && c == '\\' && !escaped;
                ends
            };
            rest[1..].find(ends).map_or(rest.len(), |end| end + 1 + usize::from(!rest[end + 1..].starts_with('\n')))
        };
        self.part(length);
    }

    /// A key, or a value that lacks its quotes.
    fn bare(&mut self) {
        let ends = |c: char| c.is_whitespace() || "=,[]{}#\"'".contains(c);
        self.part(self.rest().find(ends).unwrap_or(self.rest().len()));
    }

    /// A key is shown, and a value where its key allows it.
    fn part(&mut self, length: usize) {
        let (part, behind) = self.rest().split_at(length);
        let plain = part.trim_matches(['"', '\'']);
        if behind.trim_start_matches([' ', '\t']).starts_with('=') && !self.value {
            self.open = OPEN.contains(&plain.rsplit('.').next().unwrap_or(plain));
            self.show(length);
        } else if (self.depth == 0 && !self.value) || says_nothing(part) {
            self.show(length);
        } else if self.open {
            let (login, query) = (plain.find("//").zip(plain.rfind('@')), plain.find('?'));
            let start = part.find(plain).unwrap_or_default();
            let hidden = |at: usize| {
                let at = at.wrapping_sub(start);
                login.is_some_and(|(from, to)| (from + 2..to).contains(&at))
                    || query.is_some_and(|from| at > from && at < plain.len())
            };
            self.stars(length, hidden);
        } else {
            self.stars(length, |_| true);
        }
    }

    fn show(&mut self, length: usize) {
        self.shown.push_str(&self.text[self.at..self.at + length]);
        self.at += length;
    }

    /// Quotes and ends of lines stay as they are.
    fn stars(&mut self, length: usize, hidden: impl Fn(usize) -> bool) {
        for (at, c) in self.text[self.at..self.at + length].char_indices() {
            match c {
                '\n' | '"' | '\'' => self.shown.push(c),
                _ if hidden(at) => self.shown.extend(std::iter::repeat_n('*', c.len_utf8())),
                _ => self.shown.push(c),
            }
        }
        self.at += length;
    }
}

/// A value without quotes that is surely no secret.
fn says_nothing(part: &str) -> bool {
    let is_small = part.len() <= 6 && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_small || matches!(part, "true" | "false")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_shown_of_a_file_has_no_secrets_and_the_same_places() {
        let text = "a = { ssws = \"00sécret\", x = 1 }\nb.bearer='s3cret'\n\"client-secret\" = \"un\\\"done\nprivate-key = \"\"\"\n-----BEGIN\nAAAA\n\"\"\"\nproxy = \"http://user:pass@proxy:1\"\n";
        let source = shown("file", text);
        assert_eq!(source.text.len(), text.len());
        for secret in ["écret", "s3", "done", "AAAA", "pass", "user"] {
            assert!(!source.text.contains(secret), "{secret} in {}", source.text);
        }
        assert_eq!(source.text.lines().count(), text.lines().count());
        assert!(source.text.ends_with("@proxy:1\"\n"), "{}", source.text);
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_none_the_less_one() {
        for line in [
            "admin = \"S3cretPw\"",
            "admin = [\"S3cretPw\"]",
            "admin = { swss = \"S3cretPw\" }",
            "admin = { env = { x = \"S3cretPw\" } }",
            "ssws = [\"S3cretPw\"]",
            "ssws = [\n[\"S3cretPw\"]\n]",
            "principals = 'S3cretPw'",
            "client-credentials = \"S3cretPw\"",
            "ssws = S3cretPw",
            "ssws = S3cretPw\"",
            "ssws = SSWS S3cretPw, S3cretPw",
            "ssws = {} S3cretPw",
            "no key = x\nadmin=\"\"\"S3cretPw",
            "url = \"https://S3cretPw:S3cretPw@example.com/\"",
            "url = 'https://example.com/?token=S3cretPw'",
            "\"url\" = { \"x\" = \"S3cretPw\" }",
        ] {
            let text = format!("[targets.preview.principals]\n{line}\n");
            let source = shown("file", &text);
            assert_eq!(source.text.len(), text.len());
            assert!(!source.text.contains("S3cret"), "{}", source.text);
        }
    }

    #[test]
    fn what_is_no_secret_can_be_read() {
        let text = "[targets.\"a b\"]\nurl = \"https://example.com\" # why\ncapabilities = [\n  \"x\", 'y',\n]\nrate-share = 0.5\nx.timeout = \"2s\"\nmanager = { ssws = { env = \"TOKEN\" }, dpop = true }\n";
        assert_eq!(shown("file", text).text, text);
    }

    proptest! {
        #[test]
        fn every_place_stays(text in "([a-z]{1,3}|[\"'=\\[\\]{},.#\n \\\\é]){0,60}") {
            let shown = shown("file", &text);
            prop_assert_eq!(shown.text.len(), text.len());
            let ends = |text: &str| text.match_indices(['\n', '"', '\'']).map(|(at, _)| at).collect::<Vec<_>>();
            prop_assert_eq!(ends(&shown.text), ends(&text));
        }
    }
}
