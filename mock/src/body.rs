//! Request bodies: taking them off the connection within bounds, and reading JSON objects field by field so that all
//! mistakes are told at once. Owns the 400 answers about bodies.

use std::{cell::RefCell, ops::RangeInclusive, rc::Rc, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    http::{HeaderValue, header::CONTENT_TYPE},
};
use futures_util::StreamExt as _;
use serde::de::{DeserializeOwned, IntoDeserializer, value};
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::{
    call::Call,
    constraint::{Complaint, Constraint, Lenience},
    wire::Refusal,
};

/// How long a client may take to send a body.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of a body that is too large this much more is read and dropped, because a client that still sends when the
/// connection is closed may never see the answer.
const DRAINED: usize = 8 * 1024 * 1024;
/// A client that sends nothing for so long while its body is drained is waiting for the answer.
const DRAIN_PAUSE: Duration = Duration::from_millis(200);

/// Reads the whole body. One that is too large, too slow or cut short is refused as not well-formed (inferred).
pub(super) async fn collect(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut chunks = body.into_data_stream();
    let mut taken = Vec::new();
    let reading = async {
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Refusal::NOT_WELL_FORMED)?;
            if taken.len() + chunk.len() > limit {
                return Err(Refusal::NOT_WELL_FORMED);
            }
            taken.extend_from_slice(&chunk);
        }
        Ok(())
    };
    let outcome = if declared > limit {
        Err(Refusal::NOT_WELL_FORMED)
    } else {
        timeout(PATIENCE, reading).await.unwrap_or_else(|_| Err(Refusal::NOT_WELL_FORMED))
    };
    if outcome.is_err() {
        let mut dropped = 0;
        while let Ok(Some(Ok(chunk))) = timeout(DRAIN_PAUSE, chunks.next()).await {
            dropped += chunk.len();
            if dropped > DRAINED {
                break;
            }
        }
    }
    outcome.map(|()| Bytes::from(taken))
}

/// A JSON object, and which constraints are let pass in it.
pub(super) struct Object {
    members: Map<String, Value>,
    lenience: Lenience,
}

impl Object {
    /// One of which everything wrong is told.
    pub(super) fn new(members: Map<String, Value>) -> Object {
        Object { members, lenience: Lenience::None }
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields { object: &self.members, path: "", problems: Rc::default(), lenience: self.lenience.clone() }
    }
}

/// The body as a JSON object.
pub(super) fn object(call: &Call<'_>) -> Result<Object, Refusal> {
    if !call.body.is_empty() {
        let content_type = call.headers.get(CONTENT_TYPE).ok_or(Refusal::CONTENT_TYPE_MISSING)?;
        if !is_of_type(content_type, "application/json") && call.enforces(Constraint::MediaType) {
            return Err(Refusal::CONTENT_TYPE_UNSUPPORTED);
        }
    }
    let members = match serde_json::from_slice(call.body) {
        Ok(Value::Object(members)) => members,
        Ok(_) | Err(_) if call.enforces(Constraint::WellFormed) => return Err(Refusal::NOT_WELL_FORMED),
        Ok(_) | Err(_) => Map::new(),
    };
    Ok(Object { members, lenience: call.lenience.clone() })
}

/// Whether a `Content-Type` names this media type, whatever its parameters.
pub(super) fn is_of_type(content_type: &HeaderValue, media_type: &str) -> bool {
    let essence = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(media_type)
}

/// Reads the fields of an object and collects what is wrong with them. A null field is as good as an absent one
/// (docs: null properties may be left out); unknown fields do not matter (docs).
#[derive(Clone)]
pub(super) struct Fields<'o> {
    object: &'o Map<String, Value>,
    /// Where the object is in the body, with a dot at the end: `credentials.signing.`.
    path: &'static str,
    /// What is wrong with fields of the whole body, by their paths.
    problems: Rc<RefCell<Vec<(String, Complaint)>>>,
    lenience: Lenience,
}

impl<'o> Fields<'o> {
    pub(super) fn get(&self, name: &str) -> Option<&'o Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Whether a field is there and null, which for few fields is not the same as absent.
    pub(super) fn is_null(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(Value::is_null)
    }

    pub(super) fn problem(&self, name: &str, complaint: Complaint) {
        if self.enforces(name, complaint) {
            self.problems.borrow_mut().push((format!("{}{name}", self.path), complaint));
        }
    }

    /// Whether a field is held to this.
    pub(super) fn enforces(&self, name: &str, complaint: Complaint) -> bool {
        self.lenience.enforces_field(self.path, name, complaint)
    }

    /// What a field holds, if that is of the right type.
    fn read<T>(&self, name: &str, of_type: impl FnOnce(&'o Value) -> Option<T>) -> Option<T> {
        let value = of_type(self.get(name)?);
        if value.is_none() {
            self.problem(name, Complaint::WrongType);
        }
        value
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.read(name, Value::as_str).map(str::to_owned)
    }

    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.read(name, Value::as_bool)
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.read(name, Value::as_i64)
    }

    /// A number within a range.
    pub(super) fn integer_of(&self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let number = self.integer(name)?;
        if !range.contains(&number) {
            self.problem(name, Complaint::OutOfRange);
        }
        Some(number)
    }

    /// A list of strings.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.read(name, |value| value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect())
    }

    /// One of the values of an enum.
    pub(super) fn choice<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let text = self.read(name, Value::as_str)?;
        let choice = T::deserialize(IntoDeserializer::<value::Error>::into_deserializer(text));
        if choice.is_err() {
            self.problem(name, Complaint::NotAChoice);
        }
        choice.ok()
    }

    /// Says so if a field is not there.
    pub(super) fn require(&self, name: &str) {
        if self.get(name).is_none() {
            self.problem(name, Complaint::Blank);
        }
    }

    /// One of the values of an enum, which must be there.
    pub(super) fn required_choice<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.require(name);
        self.choice(name)
    }

    /// A string that must be there and must not be empty.
    pub(super) fn required_text(&self, name: &str) -> String {
        self.require(name);
        let text = self.text(name);
        if text.as_deref() == Some("") {
            self.problem(name, Complaint::Blank);
        }
        text.unwrap_or_default()
    }

    /// A string of so many characters.
    pub(super) fn text_of(&self, name: &str, length: RangeInclusive<usize>) -> Option<String> {
        let text = self.text(name)?;
        if !length.contains(&text.chars().count()) {
            self.problem(name, Complaint::WrongLength);
        }
        Some(text)
    }

    /// The fields of an object further in, by its path from the outermost one: `credentials.signing.`.
    pub(super) fn at(&self, path: &'static str) -> Option<Fields<'o>> {
        let mut here = self.clone();
        for name in path.strip_prefix(self.path)?.split_terminator('.') {
            let known = here.is_fine(name);
            let Value::Object(object) = here.get(name)? else {
                if known {
                    here.problem(name, Complaint::WrongType);
                }
                return None;
            };
            let end = here.path.len() + name.len() + 1;
            here = Fields { object, path: &path[..end], ..here };
        }
        Some(here)
    }

    /// The fields of an object by itself, of which is told what is wrong apart from all others.
    pub(super) fn apart(&self, object: &'o Map<String, Value>) -> Fields<'o> {
        Fields { object, path: "", problems: Rc::default(), lenience: self.lenience.clone() }
    }

    /// Whether nothing is wrong with that very field.
    pub(super) fn is_fine(&self, name: &str) -> bool {
        self.problems.borrow().iter().all(|(field, _)| field.strip_prefix(self.path) != Some(name))
    }

    /// Refuses if anything was wrong. The summary names the first field (docs: "Api validation failed: {field}"; the
    /// causes are "{field}: {message}").
    pub(super) fn finish(&self) -> Result<(), Refusal> {
        let problems = self.problems.take();
        let Some((first, _)) = problems.first() else { return Ok(()) };
        let causes = problems.iter().map(|(field, complaint)| format!("{field}: {}", complaint.text()));
        Err(Refusal::validation(first, causes.collect()))
    }
}
