//! Who is asking and what they may do. Owns the tokens; knows no resource.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use axum::http::{HeaderMap, header};

use super::{
    limits::OwnBudget,
    settings::{Token, TokenKind},
    source::Stamp,
};

const READ: &str = "okta.authorizationServers.read";
const MANAGE: &str = "okta.authorizationServers.manage";

/// What an operation asks of its caller (spec: every GET needs the read scope, everything else the manage scope).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// No token: metadata and public keys.
    Open,
    Read,
    Manage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Ssws,
    Bearer,
}

/// Somebody whose token is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    own_budget: Option<OwnBudget>,
    rights: TokenKind,
    /// None for a token that does not expire.
    expires: Option<Stamp>,
}

impl Caller {
    pub(super) fn may(&self, access: Access) -> bool {
        match (&self.rights, access) {
            (_, Access::Open) | (TokenKind::Ssws { .. }, Access::Read) => true,
            (TokenKind::Ssws { read_only }, Access::Manage) => !read_only,
            // Inferred: the manage scope is documented as reading and writing, so it lets GET pass too.
            (TokenKind::Bearer { scopes }, Access::Read) => scopes.contains(READ) || scopes.contains(MANAGE),
            (TokenKind::Bearer { scopes }, Access::Manage) => scopes.contains(MANAGE),
        }
    }

    pub(super) fn own_budget(&self) -> Option<OwnBudget> {
        self.own_budget
    }

    fn is_expired(&self, now: Stamp) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }
}

/// The tokens that are let in.
pub(super) struct Tokens {
    known: HashMap<(Scheme, String), Arc<Caller>>,
}

impl Tokens {
    pub(super) fn new(tokens: Vec<Token>) -> Self {
        let known = tokens.into_iter().enumerate().filter(|(_, token)| !token.expired).map(|(place, token)| {
            let scheme = match token.kind {
                TokenKind::Ssws { .. } => Scheme::Ssws,
                TokenKind::Bearer { .. } => Scheme::Bearer,
            };
            let own_budget = token.rate_limit.map(|limit| OwnBudget { token: place, limit });
            ((scheme, token.value), Arc::new(Caller { own_budget, rights: token.kind, expires: None }))
        });
        Tokens { known: known.collect() }
    }

    /// Lets an access token in from now until it expires.
    pub(super) fn admit(&mut self, token: String, scopes: BTreeSet<String>, now: Stamp, expires: Stamp) {
        self.known.retain(|_, caller| !caller.is_expired(now));
        let caller = Caller { own_budget: None, rights: TokenKind::Bearer { scopes }, expires: Some(expires) };
        self.known.insert((Scheme::Bearer, token), Arc::new(caller));
    }

    /// The caller, if there is exactly one `Authorization` header and it names a token that is known for its scheme.
    pub(super) fn identify(&self, headers: &HeaderMap, now: Stamp) -> Option<Arc<Caller>> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        let (scheme, token) = split(value.to_str().ok()?)?;
        self.known.get(&(scheme, token.to_owned())).filter(|caller| !caller.is_expired(now)).cloned()
    }
}

/// Schemes are case-insensitive. The blank after `SSWS` may be missing: the vendor's Python SDK sends it so.
fn split(value: &str) -> Option<(Scheme, &str)> {
    if let Some(token) = after(value, "SSWS") {
        return Some((Scheme::Ssws, token.trim()));
    }
    let token = after(value, "Bearer")?;
    token.starts_with(' ').then(|| (Scheme::Bearer, token.trim()))
}

fn after<'v>(value: &'v str, scheme: &str) -> Option<&'v str> {
    let (head, rest) = value.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}
