//! Which of the target's identifiers stands for which of the recording's.
//!
//! Generic: nothing here knows what an authorization server is. Texts are taken apart into tokens (runs of letters, digits, `_` and `-` as
//! long as identifiers are) and what stands between them. What stands between must be equal; tokens must be equal, mapped, or of the
//! same form, in which case they are mapped from then on, one to one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    identifier::{SHORTEST, is_minted, is_token},
    json::texts,
};

/// What has been learnt so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Mapping {
    /// Recorded origin → the target's.
    origins: BTreeMap<String, String>,
    forward: BTreeMap<String, String>,
    backward: BTreeMap<String, String>,
    /// Tokens that clients chose: a service does not replace them.
    chosen: BTreeSet<String>,
    /// Tokens of what the recording makes, with what the request was part of.
    owners: Arc<BTreeMap<String, String>>,
    /// What the request under way is part of.
    pub(super) source: Option<String>,
}

impl Mapping {
    /// The recorded origin stands for the target's from now on.
    pub(super) fn origin(&mut self, recorded: &str, target: &str) {
        self.origins.insert(recorded.to_owned(), target.to_owned());
    }

    /// Notes what a request of the recording says: names in it are the client's own.
    pub(super) fn choose(&mut self, body: &Value) {
        let tokens = texts(body).flat_map(tokens).filter(|token| !self.forward.contains_key(*token));
        self.chosen.extend(tokens.map(str::to_owned));
    }

    /// Whether the target's name for this token is known.
    pub(super) fn knows(&self, token: &str) -> bool {
        self.forward.contains_key(token)
    }

    /// Notes what a request that made something was part of.
    pub(super) fn owned(&mut self, token: &str, source: &str) {
        Arc::make_mut(&mut self.owners).insert(token.to_owned(), source.to_owned());
    }

    /// Whether something else made this, perhaps side by side with the request under way: a recording has the order of the answers, so it
    /// is not known what became of it by then.
    pub(super) fn of_another(&self, token: &str) -> bool {
        self.owners.get(token).is_some_and(|owner| Some(owner) != self.source.as_ref())
    }

    /// As [`Self::of_another`], by the target's name.
    pub(super) fn stands_for_another(&self, target: &str) -> bool {
        self.backward.get(target).is_some_and(|token| self.of_another(token))
    }

    /// A recorded text as the target would say it, as far as is known.
    pub(super) fn translate(&self, text: &str) -> String {
        let mut text = self.with_origin(text);
        for token in tokens(&text.clone()) {
            if let Some(target) = self.forward.get(token) {
                text = text.replace(token, target);
            }
        }
        text
    }

    /// A recorded value as the target would say it, as far as is known.
    pub(super) fn translate_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.translate(text)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.translate_value(item)).collect()),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(key, member)| (key.clone(), self.translate_value(member))).collect())
            }
            other => other.clone(),
        }
    }

    /// Whether two texts are the same but for names of things; learns names that are new.
    pub(super) fn same(&mut self, recorded: &str, target: &str) -> bool {
        self.meet_origin(recorded, target);
        let recorded = self.with_origin(recorded);
        if recorded == target {
            for token in tokens(&recorded).filter(|token| is_minted(token)) {
                self.learn(token, token);
            }
            return true;
        }
        let (left, right) = (parts(&recorded), parts(target));
        if left.len() != right.len() {
            return false;
        }
        let mut learnt = Vec::new();
        let same = left.iter().zip(&right).all(|(left, right)| match (left, right) {
            (Token::Between(left), Token::Between(right)) => left == right,
            (Token::Token(left), Token::Token(right)) => self.same_token(left, right, &mut learnt),
            _ => false,
        });
        if !same {
            // A failed try teaches nothing.
            for (recorded, target) in learnt {
                self.forward.remove(&recorded);
                self.backward.remove(&target);
            }
        }
        same
    }

    /// An org answers with its own origin, which need not be the one that the recording was made at: a custom domain, or one that
    /// was edited out. It stands for the target's own, and for no other.
    fn meet_origin(&mut self, recorded: &str, target: &str) {
        let origin = |text: &str| {
            let (scheme, rest) = text.split_once("://")?;
            let host = rest.split(['/', '?', '#']).next()?;
            matches!(scheme, "http" | "https").then(|| format!("{scheme}://{host}"))
        };
        if let (Some(recorded), Some(target)) = (origin(recorded), origin(target))
            && self.origins.values().any(|own| *own == target)
        {
            self.origins.entry(recorded).or_insert(target);
        }
    }

    fn same_token(&mut self, recorded: &str, target: &str, learnt: &mut Vec<(String, String)>) -> bool {
        if let Some(known) = self.forward.get(recorded) {
            return known == target;
        }
        if recorded == target {
            return true;
        }
        // Now and then an identifier looks like a word by chance, but not two of them.
        let alike = (is_minted(recorded) || is_minted(target)) && form(recorded) == form(target);
        let new = alike && !self.chosen.contains(recorded) && self.learn(recorded, target);
        if new {
            learnt.push((recorded.to_owned(), target.to_owned()));
        }
        new
    }

    /// One to one: a name of the target stands for one recorded name.
    fn learn(&mut self, recorded: &str, target: &str) -> bool {
        if self.backward.get(target).is_some_and(|other| other != recorded) {
            return false;
        }
        self.forward.entry(recorded.to_owned()).or_insert_with(|| target.to_owned());
        self.backward.entry(target.to_owned()).or_insert_with(|| recorded.to_owned());
        true
    }

    fn with_origin(&self, text: &str) -> String {
        self.origins.iter().fold(text.to_owned(), |text, (recorded, target)| replace_origin(&text, recorded, target))
    }
}

/// Replaces an origin where it stands whole: `https://a` is not part of `https://a.example.com`.
fn replace_origin(text: &str, recorded: &str, target: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(recorded) {
        let behind = &rest[at + recorded.len()..];
        replaced.push_str(&rest[..at]);
        let whole = !behind.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | ':'));
        replaced.push_str(if whole { target } else { recorded });
        rest = behind;
    }
    replaced.push_str(rest);
    replaced
}

#[derive(Debug, PartialEq)]
enum Token<'a> {
    Token(&'a str),
    Between(&'a str),
}

fn parts(text: &str) -> Vec<Token<'_>> {
    let mut parts = Vec::new();
    let (mut between, mut at) = (0, 0);
    while at < text.len() {
        let length = text[at..].find(|c: char| !is_token(c)).unwrap_or(text.len() - at);
        if length >= SHORTEST {
            if between < at {
                parts.push(Token::Between(&text[between..at]));
            }
            parts.push(Token::Token(&text[at..at + length]));
            between = at + length;
        }
        at += length;
        at += text[at..].chars().next().map_or(0, char::len_utf8);
    }
    if between < text.len() {
        parts.push(Token::Between(&text[between..]));
    }
    parts
}

/// The tokens of a text.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    parts(text).into_iter().filter_map(|part| match part {
        Token::Token(token) => Some(token),
        Token::Between(_) => None,
    })
}

/// Whether a token has the form of the identifiers that this API's service mints.
pub(super) fn is_identifier(token: &str) -> bool {
    token.len() == SHORTEST && is_minted(token) && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Length and, for identifiers that begin with the kind of thing (`aus…`), that beginning. Key IDs and the like have none.
fn form(token: &str) -> (usize, &str) {
    let kind = if token.len() < 30 { token.get(..3).unwrap_or_default() } else { "" };
    (token.len(), kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_learnt_and_hold_from_then_on() {
        let mut mapping = Mapping::default();
        mapping.origin("https://old.example.com", "http://127.0.0.1:8000");
        assert!(mapping.same("aus11111111111111111", "aus2222222222222222x"));
        assert!(mapping.same(
            "https://old.example.com/a/aus11111111111111111/b",
            "http://127.0.0.1:8000/a/aus2222222222222222x/b"
        ));
        assert!(!mapping.same("aus11111111111111111", "aus33333333333333333"), "another name for the same thing");
        assert!(!mapping.same("aus44444444444444444", "aus2222222222222222x"), "one name for two things");
        assert!(!mapping.same("aus55555555555555555", "scp55555555555555555"), "another kind of thing");
        assert_eq!(mapping.translate("see aus11111111111111111."), "see aus2222222222222222x.");
    }

    #[test]
    fn an_identifier_may_look_like_a_word() {
        let mut mapping = Mapping::default();
        assert!(mapping.same("oaeZ-nisawlxjhfuJdhxkiopg", "oaezGSAeW0wlJNFzhHtOjsmjA"));
        assert!(!mapping.same("oaeZ-nisawlxjhfuJdhxkiopg", "oaeB-aaaaaaaaaaaaa0aaaaaa"), "it has a name now");
        assert!(!mapping.same("thisIsAWordInCamelCaseyes", "oaezGSAeW0wlJNFzhHtOjsmjA"));
    }

    #[test]
    fn what_the_client_chose_is_never_replaced() {
        let mut mapping = Mapping::default();
        mapping.choose(&json!({"name": "testName_1234567890123"}));
        assert!(!mapping.same("testName_1234567890123", "tesName2_1234567890123"));
        assert!(mapping.same("testName_1234567890123", "testName_1234567890123"));
    }

    #[test]
    fn a_text_that_differs_between_its_tokens_is_another_text() {
        let mut mapping = Mapping::default();
        assert!(!mapping.same("aus11111111111111111 (A)", "aus22222222222222222 (B)"));
        assert!(mapping.same("aus11111111111111111 (A)", "aus33333333333333333 (A)"), "a failed try taught nothing");
        assert!(!mapping.same("short", "other"));
    }
}
