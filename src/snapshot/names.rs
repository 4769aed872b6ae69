//! Stable names for what a target or a run makes up: identifiers, times, hosts, names of things.
//!
//! A name says what kind of thing it stands for and counts from the first one that is met, so that one thing has one name throughout a
//! transcript, and two runs give it the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use regex::{Captures, Regex};
use serde_json::Value;

use crate::{
    event::RunStarted,
    identifier::{SHORTEST, is_minted, is_token},
    path::bare,
};

/// The longest text that names something; key IDs have 43 characters, hashes in hexadecimal 64.
const LONGEST: usize = 64;

/// The shortest value of a member that names its object, which need not look minted.
const SHORTEST_ID: usize = 8;

/// Members whose values are identifiers, whatever they look like: those of things (`id`), keys (RFC 7517 `kid`), tokens (RFC 7519 `jti`) and
/// Okta's `errorId`, `clientId` and the like.
fn names_a_thing(member: &str) -> bool {
    matches!(member, "id" | "kid" | "jti" | "client_id") || member.ends_with("Id")
}

/// What is the run's and the target's own, and so another in each run.
#[derive(Debug)]
pub(super) struct Foreign {
    origin: String,
    host: String,
    /// A name that the run gave.
    given: Option<Regex>,
    /// What reads as the moment's or a run's own, and the name that it gets.
    patterns: Vec<(Regex, &'static str)>,
    /// Collections of the whole org: paths of operations without a parameter.
    collections: BTreeSet<String>,
}

impl Foreign {
    pub(super) fn of(header: &RunStarted) -> Self {
        let origin = header.origin.to_string();
        let run = regex::escape(&header.run);
        let paths = header.operations.iter().map(|operation| operation.path.clone());
        let patterns = [
            (r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", "<jwt>"),
            (r"\d{4}-\d\d-\d\dT\d\d(:|%3A)\d\d(:|%3A)\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "<time>"),
            (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", "<time>"),
        ];
        Self {
            host: origin.split_once("://").map_or(String::new(), |(_, host)| host.to_owned()),
            origin,
            given: Regex::new(&format!("[A-Za-z0-9]+[_-]{run}[_-][0-9]{{5}}")).ok().filter(|_| !run.is_empty()),
            patterns: patterns.into_iter().filter_map(|(text, name)| Some((Regex::new(text).ok()?, name))).collect(),
            collections: paths.filter(|path| !path.contains('{')).collect(),
        }
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether a list at this URL is of things of the whole org.
    pub(super) fn is_of_the_org(&self, url: &str) -> bool {
        let path = url.strip_prefix(&self.origin).unwrap_or(url);
        self.collections.contains(bare(path))
    }

    /// The names that the run gave to things, in a text.
    pub(super) fn given<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        self.given.iter().flat_map(move |given| given.find_iter(text).map(|found| found.as_str()).collect::<Vec<_>>())
    }
}

/// The names of one transcript.
#[derive(Debug)]
pub(super) struct Names {
    foreign: Arc<Foreign>,
    /// What is known to be an identifier.
    ids: BTreeSet<String>,
    known: BTreeMap<String, String>,
    counts: BTreeMap<String, usize>,
}

impl Names {
    pub(super) fn new(foreign: Arc<Foreign>) -> Self {
        Self { foreign, ids: BTreeSet::new(), known: BTreeMap::new(), counts: BTreeMap::new() }
    }

    /// Notes the identifiers in a body.
    pub(super) fn learn(&mut self, body: &Value) {
        match body {
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(members) => {
                for (key, member) in members {
                    match member {
                        Value::String(text)
                            if names_a_thing(key) && text.len() >= SHORTEST_ID && text.chars().all(is_token) =>
                        {
                            self.ids.insert(text.clone());
                        }
                        _ => self.learn(member),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// The body with stable names.
    pub(super) fn value(&mut self, body: &Value) -> Value {
        match body {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.value(item)).collect()),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(key, member)| (self.words(key), self.value(member))).collect())
            }
            // Seconds since 1970, as of the claims of a token (RFC 7519 NumericDate).
            Value::Number(number) if number.as_i64().is_some_and(|number| number >= 1_000_000_000) => "<epoch>".into(),
            other => other.clone(),
        }
    }

    /// The text with stable names; what looks minted is taken to be.
    pub(super) fn text(&mut self, text: &str) -> String {
        let text = self.words(text);
        self.tokens(&text, is_minted)
    }

    /// The same of the target of a link to another page, which may name what the trial has not met: a page may begin anywhere.
    pub(super) fn link(&mut self, text: &str) -> String {
        let text = replace_tokens(text, |token| {
            (is_minted(token) && !self.known.contains_key(token)).then(|| "<other>".to_owned())
        });
        self.text(&text)
    }

    /// The same of a text of written words, such as the name of a member.
    pub(super) fn words(&mut self, text: &str) -> String {
        let foreign = Arc::clone(&self.foreign);
        let mut text = text.to_owned();
        for (own, shown) in [(&foreign.origin, "<origin>"), (&foreign.host, "<host>")] {
            if !own.is_empty() {
                text = text.replace(own, shown);
            }
        }
        if let Some(given) = &foreign.given {
            text = given.replace_all(&text, |found: &Captures<'_>| self.name("name", &found[0])).into_owned();
        }
        for (pattern, shown) in &foreign.patterns {
            text = pattern.replace_all(&text, *shown).into_owned();
        }
        self.tokens(&text, |_| false)
    }

    fn tokens(&mut self, text: &str, is_minted: impl Fn(&str) -> bool) -> String {
        replace_tokens(text, |token| {
            if token.len() > LONGEST {
                // The material of keys names nothing; that one key is used twice is the target's affair.
                return Some("<opaque>".to_owned());
            }
            (self.ids.contains(token) || is_minted(token)).then(|| self.name(kind(token), token))
        })
    }

    fn name(&mut self, kind: &str, text: &str) -> String {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let count = self.counts.entry(kind.to_owned()).or_default();
        *count += 1;
        let name = format!("<{kind}-{count}>");
        self.known.insert(text.to_owned(), name.clone());
        name
    }
}

/// The text with other words for some of its tokens.
fn replace_tokens(text: &str, mut other: impl FnMut(&str) -> Option<String>) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (token, behind) = rest.split_at(rest.find(|c: char| !is_token(c)).unwrap_or(rest.len()));
        replaced.push_str(other(token).as_deref().unwrap_or(token));
        let next = behind.find(is_token).unwrap_or(behind.len());
        replaced.push_str(&behind[..next]);
        rest = &behind[next..];
    }
    replaced
}

/// Identifiers that begin with the kind of thing, as Okta's of 20 characters do, are named by it.
fn kind(token: &str) -> &str {
    let beginning = token.get(..3).filter(|_| token.len() == SHORTEST);
    beginning.filter(|kind| kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())).unwrap_or("id")
}
