//! Sending a recording's requests to a target, in order, and comparing the answers.
//!
//! Owns what can be sent and what each exchange ends as. Identifiers are `mapping`'s, answers `compare`'s. Nothing is written to that the
//! replay did not make itself, and what it made is removed.

mod compare;
mod mapping;

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Instant};

use chrono::{Datelike, NaiveDate};
pub use compare::Difference;
use compare::{Lists, compare};
use mapping::{Mapping, minted, tokens};
use serde_json::{Map, Value};

use crate::{
    event::Transcript,
    http::{Exchange, Outgoing},
    plan::Plan,
    recording::{Recorded, RecordingError, read},
    run::{Describer, Target},
    secret::{Redacted, Redactor},
    status::Speaker,
    suite::{HistoryEntry, Operation},
    target::Opened,
};

/// What became of one recorded exchange.
#[derive(Debug)]
pub struct Replayed {
    /// `FILE:LINE`, or `FILE#N` where a file is not a list of lines.
    pub place: String,
    /// The recording's ID of it.
    pub id: Redacted,
    /// Method and path, or the operation.
    pub call: Redacted,
    /// The year of the recording.
    pub year: Option<i32>,
    /// What it ended as.
    pub end: End,
}

/// What a replayed exchange ended as.
#[derive(Debug)]
pub enum End<T = Redacted> {
    /// The same answer.
    Equal,
    /// Another answer.
    Different(Vec<Difference<T>>),
    /// Another answer, in nothing but what the history of the vendor knows: the IDs of its entries.
    Explained(Vec<String>),
    /// It needs something that the recording does not show being made.
    NotComparable(T),
    /// The target was asked, and gave no answer of its own.
    Unanswered(T),
}

impl End<String> {
    /// The same without secrets.
    fn redacted(self, redactor: &Redactor) -> End {
        match self {
            Self::Equal => End::Equal,
            Self::Different(differences) => {
                End::Different(differences.into_iter().map(|difference| difference.redacted(redactor)).collect())
            }
            Self::Explained(entries) => End::Explained(entries),
            Self::NotComparable(reason) => End::NotComparable(redactor.text(&reason)),
            Self::Unanswered(reason) => End::Unanswered(redactor.text(&reason)),
        }
    }
}

/// A replay against one target.
pub struct Replay<'a> {
    plan: &'a Plan,
    target: &'a Target,
    describer: Describer<'a>,
    principal: String,
    /// Whether nobody else uses the target, so that nothing of others can be hit.
    alone: bool,
    mapping: Mapping,
    /// URLs of what was made, to be removed in the opposite order.
    made: Vec<String>,
}

/// What a recorded request becomes.
struct Prepared {
    outgoing: Outgoing,
    operation: Option<Arc<Operation>>,
    /// A reason to doubt the comparison: what it depends on was there before the recording.
    doubt: Option<String>,
    /// The recording has no body of this request; one was made from the answer.
    rebuilt: bool,
    lists: Lists,
}

impl<'a> Replay<'a> {
    /// A replay that knows nothing yet. `principal` sends the requests; those that the embedded mock gets can hit nothing of anybody's.
    pub fn new(plan: &'a Plan, opened: &'a Opened, principal: &str) -> Self {
        let describer =
            Describer { redactor: &opened.redactor, requirements: &plan.requirements, began: Instant::now() };
        Self {
            plan,
            target: &opened.target,
            describer,
            principal: principal.to_owned(),
            alone: opened.is_mock(),
            mapping: Mapping::default(),
            made: Vec::new(),
        }
    }

    /// Replays a file, then removes what it made; hands on what became of each exchange and, redacted, what was sent and came.
    ///
    /// # Errors
    /// A recording that cannot be read; nothing of it was sent.
    pub async fn file(
        &mut self,
        path: &Path,
        take: &mut dyn FnMut(Replayed),
        traffic: &mut dyn FnMut(&Transcript, &str),
    ) -> Result<(), RecordingError> {
        let mut exchanges = Vec::new();
        read(path, |recorded| {
            if let (Some(source), Some(id)) = (&recorded.source, made(&recorded)) {
                self.mapping.owned(id, source);
            }
            exchanges.push(recorded);
        })?;
        for recorded in &exchanges {
            self.mapping.source.clone_from(&recorded.source);
            let end = self.exchange(recorded, traffic).await;
            let operation = self.plan.operation(&recorded.method, recorded.url.path());
            let call = operation.map_or_else(
                || format!("{} {}", recorded.method, recorded.url.path()),
                |operation| operation.id.clone(),
            );
            let redactor = self.describer.redactor;
            take(Replayed {
                place: recorded.place.clone(),
                id: redactor.text(&recorded.id),
                call: redactor.text(&call),
                year: recorded.date().map(|date| date.year()),
                end: end.redacted(redactor),
            });
        }
        self.clean_up(traffic).await;
        Ok(())
    }

    async fn exchange(&mut self, recorded: &Recorded, traffic: &mut dyn FnMut(&Transcript, &str)) -> End<String> {
        let origin = recorded.url.origin().ascii_serialization();
        self.mapping.origin(&origin, self.target.client.origin());
        if let Some(body) = &recorded.body {
            self.mapping.choose(body);
        }
        let prepared = match self.prepare(recorded) {
            Ok(prepared) => prepared,
            Err(reason) => return End::NotComparable(reason),
        };
        let sent = match self.target.client.send_patiently(prepared.outgoing.clone()).await {
            Ok(exchange) => exchange,
            Err(fault) => return End::Unanswered(format!("no answer: {fault}")),
        };
        traffic(&self.describer.transcript(sent.clone()), &sent.request.principal);
        self.note_made(&prepared, &sent);
        let status = sent.answer.status;
        if Speaker::of(status).is_infrastructure() && status != recorded.answer.status {
            return End::Unanswered(format!("what stands before the target answered {status}"));
        }
        if matches!(recorded.answer.status, 401 | 403) && sent.answer.status < 400 {
            return End::NotComparable(
                "the request had credentials of its own, which the recording does not hold".to_owned(),
            );
        }
        let differences = compare(&recorded.answer, &sent.answer, &mut self.mapping, prepared.lists);
        self.judge(recorded, &prepared, differences)
    }

    fn judge(&self, recorded: &Recorded, prepared: &Prepared, differences: Vec<Difference<String>>) -> End<String> {
        if prepared.rebuilt {
            return End::NotComparable("the recording holds no body of this request".to_owned());
        }
        if differences.is_empty() {
            return End::Equal;
        }
        let operation = prepared.operation.as_ref().map_or("", |operation| operation.id.as_str());
        let day = recorded.date().map(|date| date.date_naive());
        let mut known = BTreeSet::new();
        let mut unknown = Vec::new();
        for difference in differences {
            let explains = |entry: &&HistoryEntry| entry.explains(&recorded.id, operation, day, &difference.place);
            match self.plan.history.iter().find(explains) {
                Some(entry) => {
                    known.insert(entry.id.clone());
                }
                None => unknown.push(difference),
            }
        }
        match (unknown.is_empty(), &prepared.doubt) {
            (true, _) => End::Explained(known.into_iter().collect()),
            (false, Some(doubt)) => End::NotComparable(doubt.clone()),
            (false, None) => End::Different(unknown),
        }
    }

    /// The request as the target would get it, or why it cannot be sent.
    fn prepare(&self, recorded: &Recorded) -> Result<Prepared, String> {
        let principal = self.principal(recorded)?;
        let operation = self.plan.operation(&recorded.method, recorded.url.path()).cloned();
        let path = recorded.url.path();
        let reads = matches!(recorded.method.as_str(), "GET" | "HEAD");
        let default = path.split('/').any(|segment| segment == "default");
        let mut doubt = default.then(|| "it is about the default server, as it was before the recording".to_owned());
        if default && !reads && !self.target.capabilities.contains("default-server-writable") {
            return Err("it writes to the default server, which the target does not allow".to_owned());
        }
        let foreign = tokens(path).find(|token| minted(token) && !self.mapping.knows(token));
        if let Some(id) = foreign.filter(|_| recorded.answer.status != 404) {
            let reason = format!("`{id}` was not made in this recording");
            if !reads && !self.alone {
                return Err(reason);
            }
            doubt.get_or_insert(reason);
        }
        let (body, rebuilt) =
            match (&recorded.body, operation.as_ref().and_then(|operation| operation.request.as_ref())) {
                (Some(body), _) => (Some(body.clone()), false),
                (None, Some(schema)) if recorded.answer.status < 300 => (rebuild(recorded, schema.properties()), true),
                (None, _) => (None, false),
            };
        if recorded.body.as_ref().is_some_and(|body| body.to_string().contains(char::REPLACEMENT_CHARACTER)) {
            doubt.get_or_insert_with(|| "the recording does not hold all bytes of this request".to_owned());
        }
        if let Some(body) = &body {
            let foreign = foreign_names(body, &self.mapping);
            if let (Some(id), None) = (foreign.first(), &doubt) {
                doubt = Some(format!("`{id}` was not made in this recording"));
            }
        }
        let url = self.mapping.translate(recorded.url.as_str());
        let lists = if path_has_parameter(operation.as_deref()) && !default { Lists::Whole } else { Lists::OfOrg };
        let headers = recorded.content_type.iter().map(|value| ("content-type".to_owned(), Some(vec![value.clone()])));
        let outgoing = Outgoing {
            method: recorded.method.clone(),
            url,
            headers: if body.is_some() { headers.collect() } else { Vec::new() },
            body: body.map(|body| match self.mapping.translate_value(&body) {
                Value::String(text) => text.into_bytes(),
                value => value.to_string().into_bytes(),
            }),
            principal,
            fresh: false,
        };
        Ok(Prepared { outgoing, operation, doubt, rebuilt, lists })
    }

    /// Who sends: whoever the recording names, or else the one that was asked for, who is let in where the recording's was not.
    fn principal(&self, recorded: &Recorded) -> Result<String, String> {
        let status = recorded.answer.status;
        match Speaker::of(status) {
            Speaker::Limit => return Err("the recording's rate limit was used up".to_owned()),
            Speaker::Between => return Err(format!("what stood before the recording's org answered {status}")),
            Speaker::Target | Speaker::Broken => {}
        }
        match &recorded.principal {
            Some(name) if self.target.client.knows(name) => Ok(name.clone()),
            _ if matches!(status, 401 | 403) => Err(format!("the recording's org or principal was refused ({status})")),
            _ => Ok(self.principal.clone()),
        }
    }

    fn note_made(&mut self, prepared: &Prepared, sent: &Exchange) {
        let success = (200..300).contains(&sent.answer.status);
        let url = sent.request.url.split('?').next().unwrap_or_default().to_owned();
        match sent.request.method.as_str() {
            "POST" if success => {
                let id = sent.answer.json().ok().and_then(|body| body.get("id")?.as_str().map(str::to_owned));
                // A lifecycle operation answers about something that is there already.
                if let (Some(id), Some(operation)) = (id, &prepared.operation)
                    && operation.success == sent.answer.status
                    && !url.contains("/lifecycle/")
                {
                    self.made.push(format!("{url}/{id}"));
                }
            }
            "DELETE" if success => self.made.retain(|made| *made != url),
            _ => {}
        }
    }

    async fn clean_up(&mut self, traffic: &mut dyn FnMut(&Transcript, &str)) {
        while let Some(url) = self.made.pop() {
            let outgoing = Outgoing {
                method: "DELETE".to_owned(),
                url,
                headers: Vec::new(),
                body: None,
                principal: self.principal.clone(),
                fresh: false,
            };
            if let Ok(exchange) = self.target.client.send_patiently(outgoing).await {
                traffic(&self.describer.transcript(exchange), &self.principal);
            }
        }
    }
}

/// A request without its body: what the answer shows of the members that a request may have.
fn rebuild(recorded: &Recorded, members: Vec<String>) -> Option<Value> {
    let answer = recorded.answer.json().ok()?.as_object()?;
    let given = members.into_iter().filter_map(|name| answer.get(&name).map(|value| (name, value.clone())));
    let body: Map<String, Value> = given.filter(|(_, value)| !value.is_null()).collect();
    (!body.is_empty()).then_some(Value::Object(body))
}

/// What a recording tells of the org that it was made at.
#[derive(Debug, Default)]
pub struct Background {
    /// Identifiers in its requests that none of its answers shows being made: the org had these things before.
    pub names: BTreeSet<String>,
    /// The day of its first answer with a `Date`.
    pub day: Option<NaiveDate>,
}

/// What a recording tells of the org that it was made at.
///
/// # Errors
/// A recording that cannot be read.
pub fn background(path: &Path) -> Result<Background, RecordingError> {
    let (mut asked, mut own, mut day) = (Vec::new(), BTreeSet::new(), None);
    read(path, |recorded| {
        day = day.or_else(|| recorded.date().map(|date| date.date_naive()));
        if let Some(body) = &recorded.body {
            asked.extend(foreign_names(body, &Mapping::default()));
        }
        own.extend(made(&recorded).map(str::to_owned));
    })?;
    Ok(Background { names: asked.into_iter().filter(|name| !own.contains(name)).collect(), day })
}

/// The identifier of what an exchange made.
fn made(recorded: &Recorded) -> Option<&str> {
    recorded.answer.json().ok().filter(|_| recorded.method == "POST")?.get("id")?.as_str()
}

/// Names in a body that nobody in this recording has made or chosen before: they are of things that were there.
fn foreign_names(body: &Value, mapping: &Mapping) -> Vec<String> {
    let mut names = Vec::new();
    collect_names(body, mapping, &mut names);
    names
}

fn collect_names(body: &Value, mapping: &Mapping, names: &mut Vec<String>) {
    match body {
        Value::String(text)
            if text.len() == 20 && minted(text) && !text.contains(['_', '-']) && !mapping.knows(text) =>
        {
            names.push(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, mapping, names)),
        Value::Object(members) => members.values().for_each(|member| collect_names(member, mapping, names)),
        _ => {}
    }
}

fn path_has_parameter(operation: Option<&Operation>) -> bool {
    operation.is_some_and(|operation| operation.path.parameters().next().is_some())
}
