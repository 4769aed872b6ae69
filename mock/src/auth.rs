//! Who is asking and what they may do. Owns the tokens; knows no resource.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use axum::http::{HeaderMap, header};

use super::{
    dpop::Binding,
    limits::{Holder, OwnBudget},
    settings::{Token, TokenKind},
    source::Stamp,
    wire::Refusal,
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
    /// RFC 9449, section 7.1.
    Dpop,
}

/// Somebody whose token is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    own_budget: Option<OwnBudget>,
    rights: TokenKind,
    /// None for a token that does not expire.
    expires: Option<Stamp>,
    /// None for a token that whoever holds it can use.
    binding: Option<Binding>,
}

impl Caller {
    /// Somebody who may do everything.
    #[cfg(feature = "faults")]
    pub(super) fn with_all_rights() -> Caller {
        Caller { own_budget: None, rights: TokenKind::Ssws { read_only: false }, expires: None, binding: None }
    }

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

    /// What the caller has to prove with each request.
    pub(super) fn binding(&self) -> Option<&Binding> {
        self.binding.as_ref()
    }

    fn is_expired(&self, now: Stamp) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }
}

/// What an access token is given for.
pub(super) struct Grant {
    pub(super) scopes: BTreeSet<String>,
    /// The key that its requests have to be proved with.
    pub(super) binding: Option<Binding>,
    pub(super) own_budget: Option<OwnBudget>,
}

/// The tokens that are let in.
#[derive(Clone)]
pub(super) struct Tokens {
    known: HashMap<(Scheme, String), Arc<Caller>>,
}

impl Tokens {
    pub(super) fn new(tokens: &[Token]) -> Self {
        let known = tokens.iter().enumerate().filter(|(_, token)| !token.expired).map(|(place, token)| {
            let scheme = match token.kind {
                TokenKind::Ssws { .. } => Scheme::Ssws,
                TokenKind::Bearer { .. } => Scheme::Bearer,
            };
            let own_budget = token.rate_limit.map(|limit| OwnBudget { holder: Holder::Token(place), limit });
            let caller = Caller { own_budget, rights: token.kind.clone(), expires: None, binding: None };
            ((scheme, token.value.clone()), Arc::new(caller))
        });
        Tokens { known: known.collect() }
    }

    /// Lets an access token in from now until it expires: under the `DPoP` scheme if it is bound to a key, else as
    /// Bearer.
    pub(super) fn admit(&mut self, token: String, grant: Grant, now: Stamp, expires: Stamp) {
        self.known.retain(|_, caller| !caller.is_expired(now));
        let scheme = if grant.binding.is_some() { Scheme::Dpop } else { Scheme::Bearer };
        let rights = TokenKind::Bearer { scopes: grant.scopes };
        let caller = Caller { own_budget: grant.own_budget, rights, expires: Some(expires), binding: grant.binding };
        self.known.insert((scheme, token), Arc::new(caller));
    }

    /// The caller, if there is exactly one `Authorization` header and it names a token that is known for its scheme.
    /// Whether the caller may have a token that is bound to a key is still to be proved.
    pub(super) fn identify(&self, headers: &HeaderMap, now: Stamp) -> Result<Arc<Caller>, Refusal> {
        let (scheme, token) = only_one(headers).ok_or(Refusal::INVALID_TOKEN)?;
        let find = |scheme| self.known.get(&(scheme, token.to_owned())).filter(|caller| !caller.is_expired(now));
        find(scheme).cloned().ok_or_else(|| match scheme {
            // Section 7.1: the challenge has the scheme that the token has to be sent with.
            Scheme::Bearer if find(Scheme::Dpop).is_some() => {
                Refusal::dpop("invalid_token", "The access token is bound to a key and needs the DPoP scheme")
            }
            Scheme::Dpop => {
                Refusal::dpop("invalid_token", "The access token is not known as one that is bound to a key")
            }
            Scheme::Bearer | Scheme::Ssws => Refusal::INVALID_TOKEN,
        })
    }
}

/// Scheme and token of the request, if there is one `Authorization` header and no other.
fn only_one(headers: &HeaderMap) -> Option<(Scheme, &str)> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    split(value.to_str().ok()?)
}

/// Schemes are case-insensitive. The blank after `SSWS` may be missing: the vendor's Python SDK sends it so.
fn split(value: &str) -> Option<(Scheme, &str)> {
    if let Some(token) = after(value, "SSWS") {
        return Some((Scheme::Ssws, token.trim()));
    }
    let (scheme, token) = after(value, "Bearer")
        .map(|token| (Scheme::Bearer, token))
        .or_else(|| after(value, "DPoP").map(|token| (Scheme::Dpop, token)))?;
    token.starts_with(' ').then(|| (scheme, token.trim()))
}

fn after<'v>(value: &'v str, scheme: &str) -> Option<&'v str> {
    let (head, rest) = value.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}
