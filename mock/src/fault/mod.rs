//! Faults: small changes of behaviour, each with a name. They exist to prove that a suite finds them.
//!
//! Owns what a fault is, which of them are active, and how requests are answered where there are some: [`answer`] wraps the mock, and
//! changes what enters (`request`) and what leaves (`answer`). In between a fault acts at the [`Hooks`] alone: who is let in, what a
//! request need not keep to, and how an operation is performed (`state`).
//!
//! A mock without faults knows nothing of all this. Which faults there are is data, in `table`.

mod answer;
mod member;
mod place;
mod request;
mod state;
mod table;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header, request::Parts},
    response::Response,
};

use serde_json::{Map, Value};

use self::{
    answer::{Change, Delivery},
    member::Edit,
    request::Rewrite,
    state::StateChange,
};
use super::{
    auth::Caller,
    call::{self, Call},
    constraint::{Constraint, Lenience},
    dispatch::{self, Hooks, Shared},
    mint::{Forgery, TokenType, Unsigned},
    routes::{self, Operation},
    state::Org,
    wire::{Outcome, Refusal, Reply},
};

/// What sort of change a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Kind {
    /// Another status than the right one.
    Status,
    /// Another error code.
    ErrorCode,
    /// An error body of another form.
    ErrorForm,
    /// A member that is not there.
    Missing,
    /// A member that is null.
    Null,
    /// A member of another type.
    Mistyped,
    /// A member under another name.
    Renamed,
    /// A member with another value: a constant, an identifier or time of another form.
    Value,
    /// A member that should not be there.
    Extra,
    /// A list with too many items, too few, or in the wrong order.
    Items,
    /// A link that leads elsewhere or takes other methods.
    Link,
    /// A header that is missing or wrong.
    Header,
    /// An answer that shows what was before the write.
    Stale,
    /// A write that is answered and not stored.
    NotStored,
    /// A member of a request that has no effect.
    Ignored,
    /// A member that the answer to a write shows and that is not stored.
    Forgotten,
    /// A replace that keeps what it should remove.
    Merged,
    /// A member that only the service sets, taken from the client.
    ReadOnly,
    /// A default other than the right one.
    Default,
    /// A constraint that is not looked at.
    Unvalidated,
    /// A query parameter that has no effect, or a wrong one.
    Query,
    /// A request that is refused for no reason.
    Strict,
    /// A write that reaches more than it should.
    Spread,
    /// Something that is found where it does not belong.
    Leak,
    /// An identifier that is given out twice.
    Collision,
    /// A token that is not looked at.
    Token,
    /// A right that is not looked at.
    Scope,
    /// A request that is refused and has its effect all the same.
    Effect,
    /// What the configuration of a server says and its tokens do not heed.
    Unheeded,
    /// A token that another key signed, or none.
    Signature,
    /// An answer that is not always the same.
    Unsteady,
    /// An answer that breaks off, or that never comes.
    Delivery,
}

impl Kind {
    /// The kind in kebab-case, as it stands in names of faults.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A small change of behaviour.
#[derive(Debug, Clone)]
pub struct Fault {
    /// `operation/kind/subject` in kebab-case.
    pub name: String,
    /// The operation that behaves otherwise, or none: requests that are no operation.
    pub operation: Option<&'static str>,
    /// What sort of change it is.
    pub kind: Kind,
    /// The change in a sentence.
    pub title: String,
    /// What is wrong then: the member, the header, the status; where one thing may show in several, these with `|` between. What a good
    /// message names.
    pub subject: String,
    /// Acts on requests with this query parameter alone.
    parameter: Option<&'static str>,
    /// Acts on each nth request alone.
    every: usize,
    /// Whether requests for different paths are counted together.
    together: bool,
    effect: Effect,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// All faults that there are, in the order of the table.
pub fn faults() -> Vec<Fault> {
    table::all()
}

#[derive(Debug, Clone, PartialEq)]
enum Effect {
    Request(Rewrite),
    Access(Admission),
    Waiver(Constraint),
    State(StateChange),
    /// The header and claims of a token, by a pointer into them.
    Token(TokenType, String, Edit),
    /// Its signature.
    Spoilt(TokenType),
    Answer(When, Change),
}

/// Which requests are let in that should not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Admission {
    /// Those with a token that is not known.
    UnknownToken,
    /// Those without a token.
    NoToken,
    /// Those of callers without the right.
    Right,
    /// None is let in, but what they ask for is done.
    Nobody,
}

/// Which answers are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Success,
    Status(u16),
    /// Errors with this status and code, in either form.
    Error(u16, &'static str),
    /// A list without anything in it.
    EmptyList,
}

impl When {
    fn holds(self, reply: &Reply) -> bool {
        match self {
            When::Success => reply.status.is_success(),
            When::Status(code) => reply.status.as_u16() == code,
            When::Error(status, code) => reply.status.as_u16() == status && code_of(reply).as_deref() == Some(code),
            When::EmptyList => reply.body.as_deref() == Some(b"[]"),
        }
    }
}

/// The code of an error answer.
fn code_of(reply: &Reply) -> Option<String> {
    let body: Value = serde_json::from_slice(reply.body.as_deref()?).ok()?;
    let code = body.get("error").or_else(|| body.get("errorCode"))?;
    code.as_str().map(str::to_owned)
}

/// The faults that a mock has, each with the number of requests for each path that it could have met.
#[derive(Default)]
pub(super) struct Faults(Vec<(Fault, Mutex<HashMap<String, usize>>)>);

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Faults {
        Faults(faults.into_iter().map(|fault| (fault, Mutex::default())).collect())
    }

    pub(super) fn are_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// No request was counted.
    pub(super) fn reset(&self) {
        for (_, counts) in &self.0 {
            counts.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// Those that this request meets.
    fn of(&self, head: &Parts) -> ActiveFaults<'_> {
        let segments = call::segments(head.uri.path()).unwrap_or_default();
        let operation = routes::find(&head.method, &segments).ok().map(|(operation, _)| operation);
        let name = operation.map(|operation| operation.name);
        let sent = |parameter: &str| {
            let pairs = head.uri.query().unwrap_or_default().split('&');
            pairs.filter_map(|pair| pair.split('=').next()).any(|name| name == parameter)
        };
        let turn = |fault: &Fault, counts: &Mutex<HashMap<String, usize>>| {
            if fault.every == 1 {
                return true;
            }
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            let path = if fault.together { "" } else { head.uri.path() };
            let count = counts.entry(path.to_owned()).or_default();
            *count += 1;
            count.is_multiple_of(fault.every)
        };
        let met = self.0.iter().filter(|(fault, counts)| {
            fault.operation == name && fault.parameter.is_none_or(sent) && turn(fault, counts)
        });
        let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let url = format!("http://{host}{}", head.uri);
        ActiveFaults { faults: met.map(|(fault, _)| &fault.effect).collect(), operation, url }
    }
}

/// Answers one request as the mock does, but for the faults.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let mut received = shared.receive(request).await;
    let faults = shared.faults.of(&received.0);
    faults.enter(&mut received);
    let mut reply = dispatch::respond(&shared, &faults, &received);
    if let Some(faults) = faults.acts_for(reply.status) {
        dispatch::respond(&shared, &faults, &received);
    }
    let delivery = faults.leave(&mut reply);
    shared.wait().await;
    match delivery {
        Delivery::Whole => reply.into_response(),
        Delivery::Cut => answer::cut(reply),
        Delivery::Never => {
            shared.severed().await;
            answer::cut(reply)
        }
    }
}

/// The faults that one request meets.
struct ActiveFaults<'f> {
    faults: Vec<&'f Effect>,
    operation: Option<&'static Operation>,
    /// Where the request went.
    url: String,
}

impl Hooks for ActiveFaults<'_> {
    /// Lets in whom the service would send away.
    fn admit(&self, caller: Result<Arc<Caller>, Refusal>, head: &Parts) -> Result<Arc<Caller>, Refusal> {
        let sent = head.headers.contains_key(header::AUTHORIZATION);
        let opens = |admission: Admission| match admission {
            Admission::UnknownToken => caller.is_err() && sent,
            Admission::NoToken => caller.is_err() && !sent,
            Admission::Right => caller.is_ok(),
            Admission::Nobody => false,
        };
        let open = self.faults.iter().any(|effect| matches!(effect, Effect::Access(gate) if opens(*gate)));
        if open { Ok(Arc::new(Caller::with_all_rights())) } else { caller }
    }

    fn lenience(&self) -> Lenience {
        let waived = self.faults.iter().filter_map(|effect| match effect {
            Effect::Waiver(constraint) => Some(*constraint),
            _ => None,
        });
        Lenience::Of(waived.collect())
    }

    fn forgery(&self) -> Forgery {
        let changes = self.faults.iter().filter(|effect| matches!(effect, Effect::Token(..) | Effect::Spoilt(_)));
        let changes: Vec<Effect> = changes.map(|effect| (*effect).clone()).collect();
        if changes.is_empty() { Forgery::default() } else { Forgery::by(move |token| forge(&changes, token)) }
    }

    fn perform(&self, operation: &Operation, org: &mut Org, call: &Call<'_>) -> Outcome {
        let changes = self.faults.iter().filter_map(|effect| match effect {
            Effect::State(change) => Some(change),
            _ => None,
        });
        state::perform_with(&changes.collect::<Vec<_>>(), operation, org, call)
    }
}

/// Changes a token that is still to be signed.
fn forge(changes: &[Effect], unsigned: &mut Unsigned) {
    for change in changes {
        match change {
            Effect::Token(token, pointer, edit) if *token == unsigned.token => {
                let part = |part: &mut Map<String, Value>, at: &str| {
                    let mut value = Value::Object(std::mem::take(part));
                    member::edit(&mut value, at, edit);
                    if let Value::Object(members) = value {
                        *part = members;
                    }
                };
                if let Some(at) = pointer.strip_prefix("/header") {
                    part(&mut unsigned.header, at);
                } else if let Some(at) = pointer.strip_prefix("/claims") {
                    part(&mut unsigned.claims, at);
                }
            }
            Effect::Spoilt(token) if *token == unsigned.token => unsigned.is_spoilt = true,
            Effect::Request(_)
            | Effect::Access(_)
            | Effect::Waiver(_)
            | Effect::State(_)
            | Effect::Token(..)
            | Effect::Spoilt(_)
            | Effect::Answer(..) => {}
        }
    }
}

impl<'f> ActiveFaults<'f> {
    /// Whether what a refused caller asks for is done all the same; then with these faults.
    fn acts_for(&self, status: StatusCode) -> Option<ActiveFaults<'f>> {
        let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let acts = refused && self.faults.iter().any(|effect| matches!(effect, Effect::Access(Admission::Nobody)));
        let everybody = vec![
            &Effect::Access(Admission::UnknownToken),
            &Effect::Access(Admission::NoToken),
            &Effect::Access(Admission::Right),
        ];
        acts.then(|| ActiveFaults { faults: everybody, operation: self.operation, url: self.url.clone() })
    }
}
