//! What servers have given out and must know again: access and ID tokens, codes, codes of devices, and names of pushed requests. Owns how many
//! of them are remembered; refresh tokens are rows of the API, in `clients`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{
    apps::App,
    call::Query,
    dpop::Binding,
    source::Stamp,
    token_endpoint::{Granted, Signed},
};

/// How many tokens, how many codes and so on are remembered. An older one is not known any more.
const MOST: usize = 10_000;

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Access { scopes: Vec<String>, binding: Option<Binding> },
    Id,
}

/// A token that a server signed.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) server: String,
    pub(super) client: String,
    /// The id of the user that it is about.
    pub(super) user: Option<String>,
    /// The id of the refresh token that it came with.
    pub(super) refresh: Option<String>,
    pub(super) expires: Stamp,
    pub(super) claims: Map<String, Value>,
}

/// A code that a client can exchange for tokens.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) granted: Granted,
    pub(super) redirect_uri: String,
    /// RFC 7636, by S256.
    pub(super) challenge: Option<String>,
    pub(super) expires: Stamp,
}

/// A device that waits for a person to confirm it (RFC 8628), or that one has confirmed.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) server: String,
    pub(super) app: Arc<App>,
    pub(super) scope: Option<String>,
    /// What the person types in.
    pub(super) user_code: String,
    pub(super) expires: Stamp,
    /// How many seconds it has to wait before it asks again.
    pub(super) interval: i64,
    /// When it asked last.
    pub(super) polled: Option<Stamp>,
    /// Who has confirmed it, if anybody has.
    pub(super) signed: Option<Signed>,
}

/// An authorization request that a client has pushed (RFC 9126).
#[derive(Debug, Clone)]
pub(super) struct Pushed {
    pub(super) server: String,
    pub(super) client: String,
    pub(super) parameters: Query,
    pub(super) expires: Stamp,
}

/// Things by their texts, the latest so many of them.
#[derive(Clone)]
struct Latest<T> {
    places: HashMap<String, u64>,
    rows: BTreeMap<u64, (String, T)>,
    next: u64,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Latest { places: HashMap::new(), rows: BTreeMap::new(), next: 0 }
    }
}

impl<T> Latest<T> {
    fn add(&mut self, text: String, row: T) {
        if self.rows.len() >= MOST
            && let Some((_, (oldest, _))) = self.rows.pop_first()
        {
            self.places.remove(&oldest);
        }
        self.places.insert(text.clone(), self.next);
        self.rows.insert(self.next, (text, row));
        self.next += 1;
    }

    fn find(&self, text: &str) -> Option<&T> {
        Some(&self.rows.get(self.places.get(text)?)?.1)
    }

    fn find_mut(&mut self, text: &str) -> Option<&mut T> {
        Some(&mut self.rows.get_mut(self.places.get(text)?)?.1)
    }

    fn remove(&mut self, text: &str) -> Option<T> {
        let place = self.places.remove(text)?;
        Some(self.rows.remove(&place)?.1)
    }
}

/// What all servers have given out.
#[derive(Clone, Default)]
pub(super) struct Issued {
    tokens: Latest<Arc<Token>>,
    codes: Latest<Code>,
    devices: Latest<Device>,
    pushed: Latest<Pushed>,
}

impl Issued {
    pub(super) fn add_token(&mut self, text: String, token: Token) {
        self.tokens.add(text, Arc::new(token));
    }

    /// A token that was not revoked and has not expired.
    pub(super) fn token(&self, text: &str, now: Stamp) -> Option<&Arc<Token>> {
        self.tokens.find(text).filter(|token| token.expires > now)
    }

    /// The same of a token whatever its signature is, for a fault.
    pub(super) fn with_any_signature(&self, text: &str, now: Stamp) -> Option<&Arc<Token>> {
        let (message, _) = text.rsplit_once('.')?;
        let is_it = |known: &str| known.rsplit_once('.').is_some_and(|(known, _)| known == message);
        let (_, token) = self.tokens.rows.values().find(|(known, _)| is_it(known))?;
        Some(token).filter(|token| token.expires > now)
    }

    /// A token that was not revoked, though it may have expired.
    pub(super) fn former_token(&self, text: &str) -> Option<&Arc<Token>> {
        self.tokens.find(text)
    }

    pub(super) fn revoke_token(&mut self, text: &str) {
        self.tokens.remove(text);
    }

    /// Revokes the tokens that came with a refresh token.
    pub(super) fn revoke_family(&mut self, refresh: &str) {
        self.revoke_all(|token| token.refresh.as_deref() == Some(refresh));
    }

    /// Revokes the tokens of a client.
    pub(super) fn revoke_client(&mut self, client: &str) {
        self.revoke_all(|token| token.client == client);
    }

    fn revoke_all(&mut self, is_of_it: impl Fn(&Token) -> bool) {
        let rows = self.tokens.rows.values().filter(|(_, token)| is_of_it(token));
        let texts: Vec<String> = rows.map(|(text, _)| text.clone()).collect();
        for text in texts {
            self.tokens.remove(&text);
        }
    }

    pub(super) fn add_code(&mut self, text: String, code: Code) {
        self.codes.add(text, code);
    }

    pub(super) fn code(&self, text: &str, now: Stamp) -> Option<&Code> {
        self.codes.find(text).filter(|code| code.expires > now)
    }

    /// A code can be used once (RFC 6749, section 4.1.2).
    pub(super) fn use_code(&mut self, text: &str) {
        self.codes.remove(text);
    }

    pub(super) fn add_device(&mut self, text: String, device: Device) {
        self.devices.add(text, device);
    }

    /// The device that was given this code, though it may have expired.
    pub(super) fn device(&mut self, text: &str) -> Option<&mut Device> {
        self.devices.find_mut(text)
    }

    /// The device that waits for a person with this code.
    pub(super) fn waiting_device(&mut self, user_code: &str, now: Stamp) -> Option<&mut Device> {
        let mut devices = self.devices.rows.values_mut().map(|(_, device)| device);
        devices.find(|device| device.user_code == user_code && device.signed.is_none() && device.expires > now)
    }

    /// A device is given tokens once.
    pub(super) fn use_device(&mut self, text: &str) {
        self.devices.remove(text);
    }

    pub(super) fn add_pushed(&mut self, text: String, pushed: Pushed) {
        self.pushed.add(text, pushed);
    }

    pub(super) fn pushed(&self, text: &str, now: Stamp) -> Option<&Pushed> {
        self.pushed.find(text).filter(|pushed| pushed.expires > now)
    }

    /// What was pushed can be used once (RFC 9126, section 4).
    pub(super) fn use_pushed(&mut self, text: &str) {
        self.pushed.remove(text);
    }
}
