//! A recording that is to be replayed, read as a whole before anything is sent, and what it tells of the org that it was made at.

use std::{collections::BTreeSet, path::Path};

use chrono::NaiveDate;
use serde_json::Value;

use super::mapping::{Mapping, is_identifier};
use crate::{
    json::texts,
    plan::Plan,
    recording::{PassedOver, Recorded, RecordingError, read},
};

/// The exchanges of a file.
#[derive(Debug)]
pub struct Recording {
    pub(super) exchanges: Vec<Recorded>,
    /// Those whose requests or answers it does not hold whole.
    pub passed_over: PassedOver,
}

impl Recording {
    /// Reads a file.
    ///
    /// # Errors
    /// A recording that cannot be read.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let (mut exchanges, mut half) = (Vec::new(), 0);
        let mut passed_over = read(path, |recorded| {
            if recorded.request_kept {
                exchanges.push(recorded);
            } else {
                half += 1;
            }
        })?;
        passed_over.count += half;
        Ok(Self { exchanges, passed_over })
    }

    /// Whether any of its requests is of an operation that the suite describes, so that it could be sent.
    pub fn can_be_sent(&self, plan: &Plan) -> bool {
        self.exchanges.iter().any(|recorded| is_described(plan, recorded))
    }

    /// Identifiers in its requests that none of its answers shows being made: the org had these things before. What operations made that
    /// nobody sends again is as good as there before.
    pub fn names_of_others(&self, plan: &Plan) -> BTreeSet<String> {
        let own: BTreeSet<&str> = self.exchanges.iter().filter_map(|recorded| made(plan, recorded)).collect();
        let bodies = self.exchanges.iter().filter_map(|recorded| recorded.body.as_ref());
        let asked = bodies.flat_map(|body| foreign_names(body, &Mapping::default()));
        asked.filter(|name| !own.contains(name.as_str())).collect()
    }

    /// The day of its first answer with a `Date`.
    pub fn day(&self) -> Option<NaiveDate> {
        self.exchanges.iter().find_map(Recorded::date).map(|date| date.date_naive())
    }

    /// What was made, with what the request was part of.
    pub(super) fn owners(&self, plan: &Plan) -> impl Iterator<Item = (&str, &str)> {
        self.exchanges.iter().filter_map(move |recorded| Some((recorded.source.as_deref()?, made(plan, recorded)?)))
    }
}

fn is_described(plan: &Plan, recorded: &Recorded) -> bool {
    plan.operation(&recorded.method, recorded.url.path()).is_some()
}

/// The identifier of what an exchange made.
fn made<'r>(plan: &Plan, recorded: &'r Recorded) -> Option<&'r str> {
    if recorded.method != "POST" || !is_described(plan, recorded) {
        return None;
    }
    recorded.answer.json().ok()?.get("id")?.as_str()
}

/// Names in a body that nobody in this recording has made or chosen before: they are of things that were there.
pub(super) fn foreign_names(body: &Value, mapping: &Mapping) -> Vec<String> {
    texts(body).filter(|text| is_identifier(text) && !mapping.knows(text)).map(str::to_owned).collect()
}
