//! Where faults set values. Owns when two of them contradict each other, so that no mock can have both.

use super::{Change, Effect, Fault, TokenType, When, request::Rewrite, state::StateChange};

/// One thing that a fault sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'f> {
    /// A member of a body that was sent, as it is understood or stored.
    Sent(&'f str),
    /// A parameter of the query.
    Query(&'f str),
    /// The status of answers with this one.
    Status(u16),
    /// A header of answers with this status.
    Header(u16, &'f str),
    /// A member of answers with this status, or the whole body.
    Member(u16, &'f str),
    /// A member of the header or claims of a token.
    Token(TokenType, &'f str),
    /// What becomes of answers with this status on their way.
    Delivery(u16),
}

impl Fault {
    /// Whether the other one sets another value at the same place of the same operation.
    pub fn contradicts(&self, other: &Fault) -> bool {
        let place = self.effect.place();
        self.operation == other.operation
            && place.is_some()
            && place == other.effect.place()
            && self.effect != other.effect
    }
}

impl Effect {
    /// The place that it sets, if it is one.
    fn place(&self) -> Option<Place<'_>> {
        match self {
            Effect::Access(_) | Effect::Waiver(_) | Effect::Spoilt(_) => None,
            Effect::Request(rewrite) => match rewrite {
                Rewrite::WithoutQuery(name) => Some(Place::Query(name)),
                Rewrite::Restart => Some(Place::Query("after")),
                Rewrite::Default(pointer, _) | Rewrite::Member(pointer, _) => Some(Place::Sent(pointer)),
                Rewrite::AnyContentType => None,
            },
            Effect::State(change) => match change {
                StateChange::Ignored(pointer) | StateChange::Forgotten(pointer) => Some(Place::Sent(pointer)),
                StateChange::Echoed(pointer) => Some(Place::Member(SUCCESS, pointer)),
                StateChange::NotStored
                | StateChange::Stale
                | StateChange::Merged
                | StateChange::Spread
                | StateChange::Leak(_)
                | StateChange::Collision
                | StateChange::RefusedAndDone
                | StateChange::EchoedAll => None,
            },
            Effect::Token(token, pointer, _) => Some(Place::Token(*token, pointer)),
            Effect::Answer(when, change) => {
                let status = when.status();
                Some(match change {
                    Change::Status(_) | Change::Refused(..) | Change::Talkative => Place::Status(status),
                    Change::Member(pointer, _) => Place::Member(status, pointer),
                    Change::Body(..) | Change::OtherEnvelope => Place::Member(status, ""),
                    Change::Header(name, _) | Change::InHeader(name, ..) => Place::Header(status, name),
                    Change::Endless => Place::Header(status, "link"),
                    Change::Cut | Change::Never => Place::Delivery(status),
                })
            }
        }
    }
}

/// All successes: an operation has one.
const SUCCESS: u16 = 200;

impl When {
    /// The status of the answers, successes as one.
    fn status(self) -> u16 {
        match self {
            When::Status(status) | When::Error(status, _) if !(200..300).contains(&status) => status,
            When::Success | When::EmptyList | When::Status(_) | When::Error(..) => SUCCESS,
        }
    }
}
