//! A recording that is to be replayed: what it tells of the org that it was made at, found before anything is sent, and its exchanges, in
//! order.
//!
//! Owns how much of it is in memory: a long file is read twice.

use std::{
    collections::BTreeSet,
    fs, mem,
    path::{Path, PathBuf},
    thread,
};

use chrono::NaiveDate;
use serde_json::Value;
use tokio::sync::mpsc;

use super::mapping::{Mapping, is_identifier};
use crate::{
    json::texts,
    plan::Plan,
    recording::{PassedOver, Recorded, RecordingError, read},
};

/// A file of up to so many bytes is kept as it was read; its exchanges need about eight times as much.
const MOST_KEPT: u64 = 4 * 1024 * 1024;

/// How many exchanges are read ahead of the one that is sent.
const AHEAD: usize = 32;

/// What a file holds.
#[derive(Debug)]
pub struct Recording {
    exchanges: Exchanges,
    /// Whether any of its requests is of an operation that the suite describes, so that it could be sent.
    pub can_be_sent: bool,
    /// The day of its first answer with a `Date`.
    pub day: Option<NaiveDate>,
    /// Identifiers in its requests that none of its answers shows being made: the org had these things before. What operations made that
    /// nobody sends again is as good as there before.
    pub names_of_others: BTreeSet<String>,
    /// What was made, with what the request was part of.
    pub(super) owners: Vec<(String, String)>,
    /// Exchanges whose requests or answers it does not hold whole.
    pub passed_over: PassedOver,
}

#[derive(Debug)]
enum Exchanges {
    Kept(Vec<Recorded>),
    /// To be read again.
    InFile(PathBuf),
}

impl Recording {
    /// Reads a file.
    ///
    /// # Errors
    /// A recording that cannot be read.
    pub fn read(path: &Path, plan: &Plan) -> Result<Self, RecordingError> {
        // What is not a file can be read once only.
        let long = fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > MOST_KEPT);
        let mut recording = Self {
            exchanges: if long { Exchanges::InFile(path.to_owned()) } else { Exchanges::Kept(Vec::new()) },
            can_be_sent: false,
            day: None,
            names_of_others: BTreeSet::new(),
            owners: Vec::new(),
            passed_over: PassedOver::default(),
        };
        let (mut own, mut half) = (BTreeSet::new(), 0);
        let passed_over = read(path, |recorded| {
            if !recorded.request_kept {
                half += 1;
                return;
            }
            recording.survey(&recorded, plan, &mut own);
            if let Exchanges::Kept(exchanges) = &mut recording.exchanges {
                exchanges.push(recorded);
            }
        })?;
        recording.names_of_others.retain(|name| !own.contains(name));
        recording.passed_over = PassedOver { count: passed_over.count + half, ..passed_over };
        Ok(recording)
    }

    fn survey(&mut self, recorded: &Recorded, plan: &Plan, own: &mut BTreeSet<String>) {
        self.can_be_sent |= is_described(plan, recorded);
        self.day = self.day.or_else(|| recorded.date().map(|date| date.date_naive()));
        self.names_of_others.extend(recorded.body.iter().flat_map(|body| foreign_names(body, &Mapping::default())));
        if let Some(id) = made(plan, recorded) {
            own.insert(id.to_owned());
            self.owners.extend(recorded.source.clone().map(|source| (source, id.to_owned())));
        }
    }

    /// The exchanges, in order and once; the last may be why the file cannot be read a second time.
    pub(super) fn exchanges(&mut self) -> mpsc::Receiver<Result<Recorded, RecordingError>> {
        let (send, exchanges) = mpsc::channel(AHEAD);
        let mut kept = mem::replace(&mut self.exchanges, Exchanges::Kept(Vec::new()));
        thread::spawn(move || {
            // Nobody wants more once the receiver is gone.
            let hand_on = |recorded| drop(send.blocking_send(recorded));
            match &mut kept {
                Exchanges::Kept(all) => all.drain(..).for_each(|recorded| hand_on(Ok(recorded))),
                Exchanges::InFile(path) => {
                    let whole = |recorded: Recorded| {
                        if recorded.request_kept {
                            hand_on(Ok(recorded));
                        }
                    };
                    if let Err(error) = read(path, whole) {
                        hand_on(Err(error));
                    }
                }
            }
        });
        exchanges
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
