//! Sending a recording's requests to a target, in order, and comparing the answers.
//!
//! Owns what can be sent and what each exchange ends as. Identifiers are `mapping`'s, answers `compare`'s, and what the replay may write to on
//! a target that others use is `own`'s. What it made is removed, or told.

mod compare;
mod mapping;
mod own;
mod recording;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use chrono::Datelike;
pub use compare::Difference;
use compare::{Lists, compare};
use mapping::{Mapping, tokens};
use own::{Made, Own, creates_at_root};
use percent_encoding::percent_decode_str;
pub use recording::Recording;
use recording::foreign_names;
use serde_json::{Map, Value};

use crate::{
    event::Transcript,
    http::{Exchange, Outgoing},
    identifier::is_minted,
    path::bare,
    plan::Plan,
    recording::{Recorded, RecordingError},
    run::{Describer, Stopper, Target, Unknown, get, pages},
    secret::{Redacted, Redactor},
    status::Speaker,
    suite::{HistoryEntry, Operation, Security},
    targets::Opened,
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
    /// Of no operation that the suite describes: not sent.
    Outside,
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
            Self::Outside => End::Outside,
        }
    }
}

/// More pages than any list of an org has.
const MOST_PAGES: usize = 1000;

/// What a replay has made on a target and not removed, and what it may have made. It outlives a replay that is given up.
#[derive(Debug, Default)]
pub struct Leftovers {
    /// URLs of what was made, to be removed in the opposite order; with what was said of each that stays.
    made: RefCell<Vec<(String, Option<String>)>>,
    /// Creates without a usable answer.
    unknown: RefCell<Vec<String>>,
}

impl Leftovers {
    /// A line for each thing that is left, or may be.
    pub fn lines(&self) -> Vec<String> {
        let left = |(url, reason): &(String, Option<String>)| match reason {
            Some(reason) => format!("left: {url}: {reason}"),
            None => format!("left: {url}"),
        };
        let made = self.made.borrow();
        let unknown = self.unknown.borrow();
        made.iter().map(left).chain(unknown.iter().map(|call| format!("may be left: {call}"))).collect()
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
    stopper: &'a Stopper,
    mapping: Mapping,
    own: Own,
    /// For each collection in which something was to be made, whether it is known what it held before; else why not.
    asked: BTreeMap<String, Result<(), String>>,
    leftovers: &'a Leftovers,
    /// The recording's names of what is not as it was there, since a request that changed it was not sent, or not carried out.
    unlike: BTreeSet<String>,
}

/// What a recorded request becomes.
struct Prepared {
    outgoing: Outgoing,
    operation: Arc<Operation>,
    /// A reason to doubt the comparison: what it depends on was there before the recording.
    doubt: Option<String>,
    /// The recording has no body of this request; one was made from the answer.
    rebuilt: bool,
    lists: Lists,
}

impl<'a> Replay<'a> {
    /// A replay that knows nothing yet. `principal` sends the requests; those that the embedded mock gets can hit nothing of anybody's.
    pub fn new(
        plan: &'a Plan,
        opened: &'a Opened,
        principal: &str,
        stopper: &'a Stopper,
        leftovers: &'a Leftovers,
    ) -> Self {
        let describer = Describer {
            redactor: &opened.redactor,
            requirements: &plan.requirements,
            names: ("", ""),
            began: Instant::now(),
        };
        Self {
            plan,
            target: &opened.target,
            describer,
            principal: principal.to_owned(),
            alone: opened.is_mock(),
            stopper,
            mapping: Mapping::default(),
            own: Own::default(),
            asked: BTreeMap::new(),
            leftovers,
            unlike: BTreeSet::new(),
        }
    }

    /// Replays a recording, then removes what it made; hands on what became of each exchange and, redacted, what was sent and came. When
    /// it is stopped, it sends nothing but what removes.
    ///
    /// # Errors
    /// A long file that cannot be read a second time. What was made before is removed all the same.
    pub async fn replay(
        &mut self,
        mut recording: Recording,
        take: &mut dyn FnMut(Replayed),
        traffic: &mut dyn FnMut(&Transcript, &str),
    ) -> Result<(), RecordingError> {
        for (source, id) in &recording.owners {
            self.mapping.owned(id, source);
        }
        let mut exchanges = recording.exchanges();
        let mut read = Ok(());
        while !self.stopper.stopped()
            && let Some(recorded) = exchanges.recv().await
        {
            match recorded {
                Ok(recorded) => {
                    let end = self.send(&recorded, traffic).await;
                    take(replayed(self.plan, &recorded, end, self.describer.redactor));
                }
                Err(error) => read = Err(error),
            }
        }
        self.clean_up(traffic).await;
        read
    }

    async fn send(&mut self, recorded: &Recorded, traffic: &mut dyn FnMut(&Transcript, &str)) -> End<String> {
        self.mapping.source.clone_from(&recorded.source);
        match self.plan.operation(&recorded.method, recorded.url.path()).cloned() {
            Some(operation) => self.exchange(recorded, operation, traffic).await,
            None => End::Outside,
        }
    }

    async fn exchange(
        &mut self,
        recorded: &Recorded,
        operation: Arc<Operation>,
        traffic: &mut dyn FnMut(&Transcript, &str),
    ) -> End<String> {
        let origin = recorded.url.origin().ascii_serialization();
        self.mapping.origin(&origin, self.target.client.origin());
        if let Some(body) = &recorded.body {
            self.mapping.choose(body);
        }
        let prepared = match self.prepare(recorded, operation) {
            Ok(prepared) => prepared,
            Err(reason) => return End::NotComparable(reason),
        };
        if let Err(end) = self.allowed(&prepared, traffic).await {
            self.unlike(recorded, &prepared.operation);
            return end;
        }
        let sent = match self.target.client.send_patiently(prepared.outgoing.clone()).await {
            Ok(exchange) => exchange,
            Err(fault) => {
                let reason = format!("no answer: {fault}");
                self.note_unknown(&prepared, &reason);
                self.unlike(recorded, &prepared.operation);
                return End::Unanswered(reason);
            }
        };
        traffic(&self.describer.transcript(sent.clone()), &sent.request.principal);
        let noted = self.note(&prepared, &sent);
        let status = sent.answer.status;
        if Speaker::of(status).is_infrastructure() && status != recorded.answer.status {
            self.unlike(recorded, &prepared.operation);
            return End::Unanswered(format!("what stands before the target answered {status}"));
        }
        if let Err(reason) = noted {
            self.unlike(recorded, &prepared.operation);
            return End::NotComparable(reason);
        }
        if matches!(recorded.answer.status, 401 | 403) && sent.answer.status < 400 {
            return End::NotComparable(
                "the request had credentials of its own, which the recording does not hold".to_owned(),
            );
        }
        let differences = compare(&recorded.answer, &sent.answer, &mut self.mapping, prepared.lists);
        self.judge(recorded, &prepared, differences)
    }

    /// Notes that the target is not as the recording's org was from here on: a request that changed something there was not sent, or had
    /// no answer that can be used.
    fn unlike(&mut self, recorded: &Recorded, operation: &Operation) {
        let changes = !matches!(operation.method.as_str(), "GET" | "HEAD");
        if changes && (200..300).contains(&recorded.answer.status) {
            // It may have another name in other requests.
            let id = recorded.answer.json().ok().and_then(own::id_of);
            let root = own::root(operation, recorded.url.path());
            self.unlike.extend([root, id].into_iter().flatten().map(str::to_owned));
        }
    }

    /// Whether it is about something that is not as the recording's org had it.
    fn is_unlike(&self, recorded: &Recorded, operation: &Operation) -> bool {
        !self.unlike.is_empty()
            && own::root(operation, recorded.url.path()).is_some_and(|root| self.unlike.contains(root))
    }

    fn judge(&self, recorded: &Recorded, prepared: &Prepared, differences: Vec<Difference<String>>) -> End<String> {
        if prepared.rebuilt {
            return End::NotComparable("the recording holds no body of this request".to_owned());
        }
        if differences.is_empty() {
            return End::Equal;
        }
        let operation = prepared.operation.id.as_str();
        let day = recorded.date().map(|date| date.date_naive());
        let mut known = BTreeSet::new();
        let mut unknown = Vec::new();
        for difference in differences {
            let explains = |entry: &&HistoryEntry| {
                entry.explains(&recorded.id, operation, day, recorded.body.as_ref(), &difference.place)
            };
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
            (false, None) if self.is_unlike(recorded, &prepared.operation) => {
                End::NotComparable("a change before it, of the same, was not made on the target".to_owned())
            }
            (false, None) => End::Different(unknown),
        }
    }

    /// The request as the target would get it, or why it cannot be sent.
    fn prepare(&self, recorded: &Recorded, operation: Arc<Operation>) -> Result<Prepared, String> {
        if operation.security != Security::Principal {
            return Err("it shows a client's secret or a token, which no recording holds".to_owned());
        }
        let principal = self.principal(recorded)?;
        let path = recorded.url.path();
        let default = path.split('/').any(|segment| percent_decode_str(segment).eq(*b"default"));
        let mut doubt = default.then(|| "it is about the default server, as it was before the recording".to_owned());
        let foreign = tokens(path).find(|token| is_minted(token) && !self.mapping.knows(token));
        if let Some(id) = foreign.filter(|_| recorded.answer.status != 404) {
            doubt.get_or_insert_with(|| format!("`{id}` was not made in this recording"));
        }
        let (body, rebuilt) = match (&recorded.body, &operation.request) {
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
        let lists = if operation.path.parameters().next().is_some() && !default { Lists::Whole } else { Lists::OfOrg };
        let headers = recorded.content_type.iter().map(|value| ("content-type".to_owned(), Some(vec![value.clone()])));
        let outgoing = Outgoing {
            method: operation.method.clone(),
            url: self.url(recorded),
            headers: if body.is_some() { headers.collect() } else { Vec::new() },
            body: body.map(|body| match self.mapping.translate_value(&body) {
                Value::String(text) => text.into_bytes(),
                value => value.to_string().into_bytes(),
            }),
            principal,
            client: None,
            fresh: false,
        };
        Ok(Prepared { outgoing, operation, doubt, rebuilt, lists })
    }

    /// Where a request goes: to the target, whatever stands before the path in the recording.
    fn url(&self, recorded: &Recorded) -> String {
        let query = recorded.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = self.mapping.translate(&format!("{}{query}", recorded.url.path()));
        format!("{}{path}", self.target.client.origin())
    }

    /// Whether a request may go to a target that others use: what only reads may, and what writes to nothing but the replay's own.
    async fn allowed(
        &mut self,
        prepared: &Prepared,
        traffic: &mut dyn FnMut(&Transcript, &str),
    ) -> Result<(), End<String>> {
        let Prepared { outgoing, operation, .. } = prepared;
        if self.alone || matches!(outgoing.method.as_str(), "GET" | "HEAD") {
            return Ok(());
        }
        if creates_at_root(self.plan, operation) {
            let collection = operation.path.to_string();
            let known = if let Some(known) = self.asked.get(&collection) {
                known.clone()
            } else {
                let known = self.ask_what_is_there(&collection, traffic).await;
                self.asked.insert(collection, known.clone());
                known
            };
            known.map_err(|reason| End::Unanswered(format!("it is not known what was there before: {reason}")))?;
        }
        self.own.allows(self.plan, operation, outgoing).map_err(End::NotComparable)
    }

    /// Reads what a collection holds, all pages of it, and what every org shares: none of it was made by the replay.
    async fn ask_what_is_there(
        &mut self,
        collection: &str,
        traffic: &mut dyn FnMut(&Transcript, &str),
    ) -> Result<(), String> {
        if self.plan.operation("GET", collection).is_none() {
            return Err(format!("the suite describes no list {collection}"));
        }
        let Self { plan, target, principal, describer, own, .. } = self;
        let mut note = |exchange: &Exchange| {
            traffic(&describer.transcript(exchange.clone()), principal);
            own.note_there(&exchange.answer);
        };
        let asking = async {
            for protected in &plan.contract.protected {
                note(&get(&format!("{}{}", target.client.origin(), protected.path), target, &[principal]).await?);
            }
            pages(collection, MOST_PAGES, target, &[principal], &mut note).await
        };
        match asking.await {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => Err(reason),
            Err(unknown) => {
                if let Unknown::Answer(exchange) = &unknown {
                    note(exchange);
                }
                Err(unknown.to_string())
            }
        }
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

    /// Notes what a request has made, or removed; an error where what came is not the replay's.
    fn note(&mut self, prepared: &Prepared, sent: &Exchange) -> Result<(), String> {
        let url = bare(&sent.request.url);
        if sent.request.method == "DELETE" && (200..300).contains(&sent.answer.status) {
            self.leftovers.made.borrow_mut().retain(|(made, _)| made != url);
        }
        // Of the embedded mock, what was there is nobody's.
        if self.alone && sent.request.method != "POST" {
            return Ok(());
        }
        match self.own.note(self.plan, &prepared.operation, sent) {
            Made::New(id) => {
                let made = format!("{url}/{id}");
                let mut all = self.leftovers.made.borrow_mut();
                if !all.iter().any(|(other, _)| *other == made) {
                    all.push((made, None));
                }
                Ok(())
            }
            Made::Before(id) => Err(format!("the target answered with `{id}`, which was there before")),
            Made::Unknown(reason) => {
                self.note_unknown(prepared, &format!("{reason} ({})", sent.answer.status));
                Ok(())
            }
            Made::Nothing => Ok(()),
        }
    }

    /// Notes a request that may have made something; what is below the replay's own goes with that.
    fn note_unknown(&mut self, prepared: &Prepared, reason: &str) {
        if !creates_at_root(self.plan, &prepared.operation) {
            return;
        }
        let body = prepared.outgoing.body.as_deref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        let name = body.as_ref().and_then(|body| body.get("name")?.as_str());
        let name = name.map(|name| format!(" `{}`", crate::brief::shorten(name))).unwrap_or_default();
        let call = format!("what POST {}{name} may have made: {reason}", prepared.outgoing.url);
        self.leftovers.unknown.borrow_mut().push(self.describer.redactor.text(&call).to_string());
    }

    /// Removes what was made, last made first; what stays, stays among the leftovers with the reason.
    async fn clean_up(&mut self, traffic: &mut dyn FnMut(&Transcript, &str)) {
        let all: Vec<String> = self.leftovers.made.borrow().iter().map(|(url, _)| url.clone()).collect();
        for url in all.into_iter().rev() {
            let stays =
                self.remove(&url, traffic).await.map(|reason| self.describer.redactor.text(&reason).to_string());
            let mut made = self.leftovers.made.borrow_mut();
            match stays {
                None => made.retain(|(other, _)| *other != url),
                Some(reason) => made
                    .iter_mut()
                    .filter(|(other, _)| *other == url)
                    .for_each(|(_, said)| *said = Some(reason.clone())),
            }
        }
    }

    /// Removes a thing, with a second try where the network or the target was at fault; else why it stays.
    async fn remove(&self, url: &str, traffic: &mut dyn FnMut(&Transcript, &str)) -> Option<String> {
        let mut stays = None;
        for _ in 0..2 {
            let (method, principal) = ("DELETE".to_owned(), self.principal.clone());
            let outgoing = Outgoing { method, ..Outgoing::get(url, &principal) };
            let sent = self.target.client.send_patiently(outgoing).await;
            let status = match sent {
                Ok(exchange) => {
                    let status = exchange.answer.status;
                    traffic(&self.describer.transcript(exchange), &self.principal);
                    status
                }
                Err(fault) => {
                    stays = Some(fault.to_string());
                    continue;
                }
            };
            stays = match status {
                200..300 | 404 | 410 => return None,
                other => Some(format!("the target answered {other} to its removal")),
            };
            if status < 500 {
                break;
            }
        }
        stays
    }
}

/// What is told of an exchange.
fn replayed(plan: &Plan, recorded: &Recorded, end: End<String>, redactor: &Redactor) -> Replayed {
    let operation = plan.operation(&recorded.method, recorded.url.path());
    let call = operation
        .map_or_else(|| format!("{} {}", recorded.method, recorded.url.path()), |operation| operation.id.clone());
    Replayed {
        place: recorded.place.clone(),
        id: redactor.text(&recorded.id),
        call: redactor.text(&call),
        year: recorded.date().map(|date| date.year()),
        end: end.redacted(redactor),
    }
}

/// What becomes of a recording of which nothing can be sent: no target is needed for it.
///
/// # Errors
/// A long file that cannot be read a second time.
pub async fn all_outside(
    plan: &Plan,
    mut recording: Recording,
    take: &mut dyn FnMut(Replayed),
) -> Result<(), RecordingError> {
    let redactor = Redactor::new([]);
    let mut exchanges = recording.exchanges();
    while let Some(recorded) = exchanges.recv().await {
        take(replayed(plan, &recorded?, End::Outside, &redactor));
    }
    Ok(())
}

/// A request without its body: what the answer shows of the members that a request may have.
fn rebuild(recorded: &Recorded, members: Vec<String>) -> Option<Value> {
    let answer = recorded.answer.json().ok()?.as_object()?;
    let given = members.into_iter().filter_map(|name| answer.get(&name).map(|value| (name, value.clone())));
    // Whoever asks for something new does not know how it will be called.
    let new = answer.get("id").and_then(Value::as_str).filter(|_| recorded.method.eq_ignore_ascii_case("POST"));
    let is_new = |value: &Value| new.is_some_and(|id| !id.is_empty() && value.to_string().contains(id));
    let body: Map<String, Value> = given.filter(|(_, value)| !value.is_null() && !is_new(value)).collect();
    (!body.is_empty()).then_some(Value::Object(body))
}
