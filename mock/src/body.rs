//! Request bodies: taking them off the connection within bounds, and reading JSON objects field by field so that all
//! mistakes are told at once. Owns the 400 answers about bodies.

use std::{ops::RangeInclusive, time::Duration};

use axum::body::{Body, Bytes, HttpBody as _};
use futures::StreamExt as _;
use serde::de::{DeserializeOwned, IntoDeserializer, value};
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::{call::Call, fault::Waiver, wire::Refusal};

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
            let chunk = chunk.map_err(|_| Refusal::not_well_formed())?;
            if taken.len() + chunk.len() > limit {
                return Err(Refusal::not_well_formed());
            }
            taken.extend_from_slice(&chunk);
        }
        Ok(())
    };
    let outcome = if declared > limit {
        Err(Refusal::not_well_formed())
    } else {
        timeout(PATIENCE, reading).await.unwrap_or_else(|_| Err(Refusal::not_well_formed()))
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

/// A JSON object, and the fault that lets something wrong with it pass.
pub(super) struct Object<'w> {
    members: Map<String, Value>,
    waived: Option<&'w Waiver>,
}

impl<'w> Object<'w> {
    /// One of which everything wrong is told.
    pub(super) fn new(members: Map<String, Value>) -> Object<'w> {
        Object { members, waived: None }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields { object: &self.members, path: "", problems: Vec::new(), waived: self.waived }
    }
}

/// The body as a JSON object.
pub(super) fn object<'w>(call: &Call<'w>) -> Result<Object<'w>, Refusal> {
    if !call.body.is_empty() {
        let Some(content_type) = call.content_type() else {
            return Err(Refusal::content_type_missing());
        };
        let content_type = content_type.to_str().unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            call.refuse(Refusal::content_type_unsupported())?;
        }
    }
    let members = if let Ok(Value::Object(members)) = serde_json::from_slice(call.body) {
        members
    } else {
        call.refuse(Refusal::not_well_formed())?;
        Map::new()
    };
    Ok(Object { members, waived: call.waived })
}

/// Reads the fields of an object and collects what is wrong with them. A null field is as good as an absent one
/// (docs: null properties may be left out); unknown fields do not matter (docs).
pub(super) struct Fields<'o> {
    object: &'o Map<String, Value>,
    path: &'static str,
    problems: Vec<Problem>,
    waived: Option<&'o Waiver>,
}

/// Something wrong with a field, as `errorCauses` tell it.
pub(super) struct Problem {
    field: String,
    message: &'static str,
}

impl<'o> Fields<'o> {
    pub(super) fn get(&self, name: &str) -> Option<&'o Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn problem(&mut self, name: &str, message: &'static str) {
        if !self.is_waived(name, message) {
            self.problems.push(Problem { field: format!("{}{name}", self.path), message });
        }
    }

    /// Whether a fault lets something wrong with a field pass.
    pub(super) fn is_waived(&self, name: &str, message: &str) -> bool {
        self.waived.is_some_and(|waiver| waiver.covers(&format!("{}{name}", self.path), message))
    }

    /// A string that must be there and must not be empty.
    pub(super) fn required_text(&mut self, name: &str) -> String {
        match self.get(name) {
            Some(Value::String(text)) if !text.is_empty() => return text.clone(),
            Some(Value::String(_)) | None => self.problem(name, BLANK),
            Some(_) => self.problem(name, WRONG_TYPE),
        }
        String::new()
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let Value::String(text) = self.get(name)? else {
            self.problem(name, WRONG_TYPE);
            return None;
        };
        Some(text.clone())
    }

    /// A string of so many characters.
    pub(super) fn text_of(&mut self, name: &str, length: RangeInclusive<usize>) -> Option<String> {
        let text = self.text(name)?;
        if !length.contains(&text.chars().count()) {
            self.problem(name, WRONG_LENGTH);
        }
        Some(text)
    }

    pub(super) fn boolean(&mut self, name: &str) -> Option<bool> {
        let Value::Bool(value) = self.get(name)? else {
            self.problem(name, WRONG_TYPE);
            return None;
        };
        Some(*value)
    }

    pub(super) fn integer(&mut self, name: &str) -> Option<i64> {
        let number = self.get(name)?.as_i64();
        if number.is_none() {
            self.problem(name, WRONG_TYPE);
        }
        number
    }

    /// A list of strings.
    pub(super) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let texts = self.get(name)?.as_array().and_then(|values| {
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        });
        if texts.is_none() {
            self.problem(name, WRONG_TYPE);
        }
        texts
    }

    /// One of the values of an enum, which must be there.
    pub(super) fn required_choice<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        if self.get(name).is_none() {
            self.problem(name, BLANK);
        }
        self.choice(name)
    }

    /// One of the values of an enum.
    pub(super) fn choice<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let Value::String(text) = self.get(name)? else {
            self.problem(name, WRONG_TYPE);
            return None;
        };
        let choice = T::deserialize(IntoDeserializer::<value::Error>::into_deserializer(text.as_str()));
        if choice.is_err() {
            self.problem(name, NOT_A_CHOICE);
        }
        choice.ok()
    }

    /// The fields of an object within the object. `path` is put before their names, with its dot: `credentials.signing.`.
    pub(super) fn nested(&mut self, name: &str, path: &'static str) -> Option<Fields<'o>> {
        let Value::Object(object) = self.get(name)? else {
            self.problem(name, WRONG_TYPE);
            return None;
        };
        Some(self.within(object, path))
    }

    /// As [`Fields::nested`], of an object that was found already.
    pub(super) fn within(&self, object: &'o Map<String, Value>, path: &'static str) -> Fields<'o> {
        Fields { object, path, problems: Vec::new(), waived: self.waived }
    }

    /// Whether something was wrong with that very field.
    pub(super) fn is_fine(&self, name: &str) -> bool {
        self.problems.iter().all(|problem| problem.field.strip_prefix(self.path) != Some(name))
    }

    /// Takes over the problems of a nested object.
    pub(super) fn absorb(&mut self, nested: Fields<'_>) {
        self.problems.extend(nested.problems);
    }

    /// Refuses if anything was wrong. The summary names the first field (docs: "Api validation failed: {field}"; the
    /// causes are "{field}: {message}").
    pub(super) fn finish(self) -> Result<(), Refusal> {
        let Some(first) = self.problems.first() else {
            return Ok(());
        };
        let causes = self.problems.iter().map(|problem| format!("{}: {}", problem.field, problem.message));
        Err(Refusal::validation(&first.field, causes.collect()))
    }
}

// Texts of validation messages are inferred: no 400 answer of these endpoints was ever recorded.
pub(super) const BLANK: &str = "The field cannot be left blank";
pub(super) const WRONG_TYPE: &str = "The field has a value of the wrong type";
pub(super) const WRONG_LENGTH: &str = "The field is too short or too long";
pub(super) const NOT_A_CHOICE: &str = "The field has a value that is not supported";
/// The vendor's generic example of a clash (docs); that it is the text here is inferred.
pub(super) const CLASH: &str = "An object with this field already exists in the current organization";
pub(super) const FIXED: &str = "The field cannot be changed on an object that Okta created";
