//! What a replay may write to on a target that others use: what it has made there itself, and what lies below that.
//!
//! Owns telling the replay's things from those that were there before. What counts is the request as it would go out, whatever the recording
//! says of it, and the identifiers that the target gave. It sends nothing.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use serde_json::Value;

use super::mapping::{is_identifier, tokens};
use crate::{
    http::{Answer, Exchange, Outgoing},
    json::all,
    plan::Plan,
    suite::Operation,
};

/// More identifiers than any org shows; a target that shows more would fill the memory.
const MOST: usize = 200_000;

/// Whose the things on the target are.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Identifiers of what was there, or was made by somebody else since.
    there: BTreeSet<String>,
    /// Identifiers of what the replay has made, and of what the target put below it.
    made: BTreeSet<String>,
    /// More was there than is kept in mind.
    full: bool,
}

/// What a create came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// Something new, with this identifier.
    New(String),
    /// The target answered with something that was there before.
    Before(String),
    /// Perhaps something that nobody can name, for this reason.
    Unknown(&'static str),
    /// Nothing.
    Nothing,
}

impl Own {
    /// Whether a write may go out; else why not.
    pub(super) fn allows(&self, plan: &Plan, operation: &Operation, outgoing: &Outgoing) -> Result<(), String> {
        let url = Url::parse(&outgoing.url).map_err(|error| error.to_string())?;
        if plan.operation(&outgoing.method, url.path()).is_none_or(|other| other.id != operation.id) {
            return Err("its path leads to another operation on the target".to_owned());
        }
        let values = values(operation, url.path());
        if let Some(value) = values.iter().find(|value| !self.made.contains(**value)) {
            return Err(not_made(value));
        }
        if values.is_empty() && !creates(plan, operation) {
            return Err("it changes what the whole org shares, or makes what nothing removes".to_owned());
        }
        if self.full {
            return Err("the target shows more things than a replay keeps in mind".to_owned());
        }
        for (name, value) in url.query_pairs() {
            if !operation.query.contains_key(name.as_ref()) {
                return Err(format!("its query has `{name}`, which the suite does not describe"));
            }
            if is_shared(plan, &value) {
                return Err(not_made(&value));
            }
            self.names_only_own(plan, &value)?;
        }
        outgoing.body.as_deref().map_or(Ok(()), |body| self.says_only_own(plan, body))
    }

    /// Whether a body names nothing that the replay did not make.
    fn says_only_own(&self, plan: &Plan, body: &[u8]) -> Result<(), String> {
        let parsed = serde_json::from_slice::<Value>(body).ok();
        // What is not read as JSON here, or in another way, a lenient target may still read.
        if parsed.as_ref().is_none_or(|parsed| parsed.to_string().as_bytes() != body) {
            let text = String::from_utf8_lossy(body);
            self.names_only_own(plan, &text)?;
            self.names_only_own(plan, &percent_decode_str(&text).decode_utf8_lossy())?;
        }
        parsed.map_or(Ok(()), |parsed| self.value_is_own(plan, "", &parsed))
    }

    fn value_is_own(&self, plan: &Plan, key: &str, value: &Value) -> Result<(), String> {
        match value {
            // What is called `default` is not the thing of that name.
            Value::String(text) if key != "name" && is_shared(plan, text) => Err(not_made(text)),
            Value::String(text) => self.names_only_own(plan, text),
            Value::Array(items) => items.iter().try_for_each(|item| self.value_is_own(plan, key, item)),
            Value::Object(members) => members.iter().try_for_each(|(key, member)| {
                // Names of members look minted now and then.
                let foreign = self.there.contains(key) && !self.made.contains(key);
                if foreign { Err(not_made(key)) } else { self.value_is_own(plan, key, member) }
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }

    /// Whether no identifier of something else stands in a text.
    fn names_only_own(&self, plan: &Plan, text: &str) -> Result<(), String> {
        let foreign =
            |token: &&str| !self.made.contains(*token) && (is_identifier(token) || self.there.contains(*token));
        let shared = plan.contract.protected.iter().any(|protected| text.contains(&protected.path));
        match tokens(text).chain([text.trim()]).find(foreign) {
            Some(token) => Err(not_made(token)),
            None if shared => Err(not_made(text)),
            None => Ok(()),
        }
    }

    /// Notes everything in an answer about things that the replay did not make.
    pub(super) fn note_there(&mut self, answer: &Answer) {
        let Ok(body) = answer.json() else { return };
        for id in all(body).filter_map(id_of) {
            if self.there.len() >= MOST {
                self.full = true;
            } else if !self.made.contains(id) {
                self.there.insert(id.to_owned());
            }
        }
    }

    /// Learns from an answer what there is, and whose.
    pub(super) fn note(&mut self, plan: &Plan, operation: &Operation, exchange: &Exchange) -> Made {
        let Ok(url) = Url::parse(&exchange.request.url) else { return Made::Nothing };
        let answer = &exchange.answer;
        let own = values(operation, url.path()).first().is_some_and(|value| self.made.contains(*value));
        if exchange.request.method == "POST" && creates(plan, operation) {
            return self.note_created(plan, answer);
        }
        if !(200..300).contains(&answer.status) {
            return Made::Nothing;
        }
        if !own {
            self.note_there(answer);
        } else if is_collection(plan, operation) {
            // What is listed below the replay's own is its own, unless the target shows the same elsewhere.
            for id in answer.json().ok().and_then(Value::as_array).into_iter().flatten().filter_map(id_of) {
                if is_plain(id) && !self.there.contains(id) {
                    self.made.insert(id.to_owned());
                }
            }
        }
        Made::Nothing
    }

    fn note_created(&mut self, plan: &Plan, answer: &Answer) -> Made {
        match answer.status {
            200..300 => {}
            408 | 500.. => return Made::Unknown("the target answered with an error of its own"),
            _ => return Made::Nothing,
        }
        match answer.json().ok().and_then(id_of) {
            Some(id) if self.there.contains(id) || is_shared(plan, id) => Made::Before(id.to_owned()),
            Some(id) if is_plain(id) => {
                self.made.insert(id.to_owned());
                Made::New(id.to_owned())
            }
            Some(_) => Made::Unknown("the target answered with an identifier that no path can have"),
            // A list of what is now associated, and the like: it goes with what it is below.
            None => Made::Unknown("the target answered without an identifier"),
        }
    }
}

fn not_made(name: &str) -> String {
    format!("`{}` was not made in this replay", crate::brief::shorten(name))
}

/// Whether this is how something that every org shares is called.
fn is_shared(plan: &Plan, text: &str) -> bool {
    let word = |path: &str| path.rsplit('/').next().is_some_and(|word| word.eq_ignore_ascii_case(text.trim()));
    plan.contract.protected.iter().any(|protected| word(&protected.path))
}

/// What stands in a path instead of each parameter, as it stands there.
fn values<'p>(operation: &Operation, path: &'p str) -> Vec<&'p str> {
    operation.path.values(path).map(|(_, value)| value).collect()
}

/// The thing of the org that an operation is about, by its name in a path.
pub(super) fn root<'p>(operation: &Operation, path: &'p str) -> Option<&'p str> {
    values(operation, path).first().copied()
}

/// Whether what an operation makes can be removed by the suite's own means: there is a removal of the things in that collection.
pub(super) fn creates(plan: &Plan, operation: &Operation) -> bool {
    operation.method == "POST" && removable_below(plan, operation)
}

/// Whether it lists a collection in which one can make things.
fn is_collection(plan: &Plan, operation: &Operation) -> bool {
    operation.method == "GET" && removable_below(plan, operation)
}

fn removable_below(plan: &Plan, operation: &Operation) -> bool {
    let collection = operation.path.to_string();
    let below =
        |path: String| path.rsplit_once('/').is_some_and(|(above, last)| above == collection && last.starts_with('{'));
    plan.operations.iter().any(|other| other.method == "DELETE" && below(other.path.to_string()))
}

/// Whether an operation makes things in a collection of the whole org.
pub(super) fn creates_at_root(plan: &Plan, operation: &Operation) -> bool {
    creates(plan, operation) && operation.path.parameters().next().is_none()
}

/// The identifier of a thing.
pub(super) fn id_of(value: &Value) -> Option<&str> {
    value.get("id")?.as_str()
}

/// Whether an identifier can stand in a path as it is and leads nowhere else.
fn is_plain(id: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    id.len() <= 256 && id.bytes().any(|byte| byte != b'.') && id.bytes().all(unreserved)
}
