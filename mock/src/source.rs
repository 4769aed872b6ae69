//! Where ids, key material and time come from. Owns randomness and the clock; with a seed both are deterministic.

use std::time::Duration;

use axum::http::HeaderValue;
use chrono::{DateTime, SecondsFormat, Utc};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde::{Serialize, Serializer};

use super::wire::Entity;

/// Where a seeded clock starts: 2026-06-01T00:00:00Z, a date at which the real service had all that the mock does.
const SEEDED_START: i64 = 1_780_272_000;

/// How far a clock can be moved: 2200-01-01T00:00:00Z.
const LATEST: i64 = 7_258_118_400;

/// Why a clock was not moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Time only goes on: what was given out would else be from the future.
    #[error("the clock cannot go back: reset the mock instead")]
    Back,
    /// Beyond what dates in tokens and headers are meant for.
    #[error("the clock goes up to the year 2200")]
    TooFar,
}

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Letters that make no words, of which user codes are (RFC 8628, section 6.1; so are those of the spec's example).
const CONSONANTS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The last characters of an id tell the cell that the org lives in: recorded as `1d7`, `5d7`, `4x6`, `0g7`.
const CELL: &str = "1d7";

/// A moment in whole seconds, which is all the service keeps (recorded: always `.000Z`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp(pub(super) i64);

impl Stamp {
    pub(super) fn plus_days(self, days: i64) -> Stamp {
        Stamp(self.0.saturating_add(days.saturating_mul(86_400)))
    }

    pub(super) fn plus_seconds(self, seconds: i64) -> Stamp {
        Stamp(self.0.saturating_add(seconds))
    }

    fn http_date(self) -> String {
        self.moment().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    fn moment(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).unwrap_or_default()
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.moment().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// A duration in whole seconds, as long as can be if it is too long for that.
pub(super) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[derive(Clone)]
enum Clock {
    /// The system's and by how much it was moved, held back from ever going backwards.
    Real { latest: i64, moved: i64 },
    /// Moves by a second with each write, and on request.
    Stepped { now: i64, moved: i64 },
}

/// The one source of everything that differs between two runs.
#[derive(Clone)]
pub(super) struct Source {
    /// Ids and keys of resources; apart from `wire`, so that reads do not change the ids of what is created later.
    entities: StdRng,
    /// Request ids and error ids.
    wire: StdRng,
    clock: Clock,
    date: (i64, HeaderValue),
    /// How many key pairs there are, in an org with a seed.
    keys: Option<usize>,
}

impl Source {
    pub(super) fn new(seed: Option<u64>, built_in_keys: bool) -> Self {
        let (entities, wire, clock) = match seed {
            Some(seed) => (
                StdRng::seed_from_u64(seed),
                StdRng::seed_from_u64(seed ^ 0x9e37_79b9_7f4a_7c15),
                Clock::Stepped { now: SEEDED_START, moved: 0 },
            ),
            None => (StdRng::from_os_rng(), StdRng::from_os_rng(), Clock::Real { latest: 0, moved: 0 }),
        };
        Source {
            entities,
            wire,
            clock,
            date: (i64::MIN, HeaderValue::from_static("")),
            keys: (seed.is_some() || built_in_keys).then_some(0),
        }
    }

    /// From here on ids and keys are those that were given out after the last time.
    #[cfg(feature = "faults")]
    pub(super) fn rewind(&mut self) {
        self.entities = StdRng::seed_from_u64(0);
    }

    /// Takes up where another source left off, unless all is to be repeated.
    pub(super) fn go_on_from(&mut self, former: Source) {
        match former.clock {
            Clock::Real { .. } => *self = Source { clock: Clock::Real { latest: 0, moved: 0 }, ..former },
            Clock::Stepped { .. } => {}
        }
    }

    pub(super) fn now(&mut self) -> Stamp {
        match &mut self.clock {
            Clock::Real { latest, moved } => {
                *latest = (*latest).max(Utc::now().timestamp().saturating_add(*moved));
                Stamp(*latest)
            }
            Clock::Stepped { now, moved: _ } => Stamp(*now),
        }
    }

    /// Moves the clock by so many seconds.
    pub(super) fn advance(&mut self, seconds: i64) -> Result<(), ClockError> {
        let now = self.now();
        if seconds < 0 {
            return Err(ClockError::Back);
        }
        if now.0.saturating_add(seconds) > LATEST {
            return Err(ClockError::TooFar);
        }
        match &mut self.clock {
            Clock::Real { latest: _, moved } => *moved += seconds,
            Clock::Stepped { now, moved } => {
                *now += seconds;
                *moved += seconds;
            }
        }
        Ok(())
    }

    /// By how many seconds the clock was moved in all.
    pub(super) fn moved(&self) -> i64 {
        match self.clock {
            Clock::Real { latest: _, moved } | Clock::Stepped { now: _, moved } => moved,
        }
    }

    /// Tells a seeded clock that a write happens.
    pub(super) fn step(&mut self) {
        match &mut self.clock {
            Clock::Real { .. } => {}
            Clock::Stepped { now, moved: _ } => *now += 1,
        }
    }

    /// Tells a seeded clock that the client was sent away until `moment`. Nothing else would let a used-up rate limit
    /// window end, as such a clock does not see the client wait.
    pub(super) fn skip_to(&mut self, moment: Stamp) {
        match &mut self.clock {
            Clock::Real { .. } => {}
            Clock::Stepped { now, moved: _ } => *now = (*now).max(moment.0),
        }
    }

    /// The `Date` header of now.
    pub(super) fn date(&mut self) -> HeaderValue {
        let now = self.now();
        if self.date.0 != now.0
            && let Ok(value) = HeaderValue::from_str(&now.http_date())
        {
            self.date = (now.0, value);
        }
        self.date.1.clone()
    }

    /// The same for a later moment.
    pub(super) fn date_after(&mut self, seconds: i64) -> HeaderValue {
        let text = self.now().plus_seconds(seconds).http_date();
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("0"))
    }

    /// 20 characters: prefix, 14 letters and digits, cell (recorded).
    pub(super) fn id(&mut self, entity: Entity) -> String {
        let mut id = String::with_capacity(20);
        id.push_str(entity.prefix());
        for _ in 0..14 {
            id.push(pick(&mut self.entities, ALPHANUMERIC));
        }
        id.push_str(CELL);
        id
    }

    /// 43 base64url characters, which is how 32 bytes are written (recorded): the last one carries four bits.
    pub(super) fn kid(&mut self) -> String {
        let mut kid = base64url(&mut self.entities, 42);
        kid.push(char::from(BASE64URL[self.entities.random_range(0..16) * 4]));
        kid
    }

    /// Counts key pairs where built-in ones are used; None where each is made.
    pub(super) fn key_number(&mut self) -> Option<usize> {
        let number = self.keys?;
        self.keys = Some(number + 1);
        Some(number)
    }

    /// The text of an access token. Opaque: of tokens of the org's own server nobody but the org may read anything
    /// (docs).
    pub(super) fn access_token(&mut self) -> String {
        base64url(&mut self.wire, 86)
    }

    /// 43 base64url characters: the names of tokens (jwt), the texts of refresh tokens and codes (inferred).
    pub(super) fn secret(&mut self) -> String {
        base64url(&mut self.wire, 43)
    }

    /// What a device asks for tokens with: a UUID, as in the spec's example.
    pub(super) fn device_code(&mut self) -> String {
        let digits = format!("{:032x}", self.wire.random::<u128>());
        let (time, rest) = digits.split_at(8);
        format!("{time}-{}-4{}-a{}-{}", &rest[..4], &rest[5..8], &rest[9..12], &rest[12..])
    }

    /// What a person types in: eight letters (spec's example).
    pub(super) fn user_code(&mut self) -> String {
        (0..8).map(|_| pick(&mut self.wire, CONSONANTS)).collect()
    }

    /// A nonce for `DPoP` proofs; the form is inferred.
    pub(super) fn nonce(&mut self) -> String {
        base64url(&mut self.wire, 32)
    }

    /// `oae` and 22 base64url characters, which is how 16 bytes are written (recorded).
    pub(super) fn error_id(&mut self) -> String {
        let mut id = String::with_capacity(25);
        id.push_str("oae");
        id.push_str(&base64url(&mut self.wire, 21));
        id.push(char::from(BASE64URL[self.wire.random_range(0..4) * 16]));
        id
    }

    /// 32 hex digits (recorded in 2026).
    pub(super) fn request_id(&mut self) -> String {
        format!("{:032x}", self.wire.random::<u128>())
    }
}

fn pick(rng: &mut StdRng, alphabet: &[u8]) -> char {
    char::from(alphabet[rng.random_range(0..alphabet.len())])
}

fn base64url(rng: &mut StdRng, length: usize) -> String {
    (0..length).map(|_| pick(rng, BASE64URL)).collect()
}
