//! Signing the tokens of a server. Owns by which key, and the one place at which faults may change a token before it is signed; what tokens
//! say is up to their endpoints.

use std::{fmt, rc::Rc};

use serde_json::{Map, Value};

use super::{
    call::Call,
    jws::{self, Header},
    keys::SigningKey,
    norm::Norm,
    state::{Org, Server},
    wire::Refusal,
};

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenType {
    Access,
    Id,
}

/// A token that is still to be signed.
pub(crate) struct Unsigned {
    #[cfg_attr(not(feature = "faults"), expect(dead_code, reason = "faults alone tell one from the other"))]
    pub(crate) token: TokenType,
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    /// Whether the signature is changed after it was made.
    pub(crate) is_spoilt: bool,
}

/// A change of a token.
type Edit = dyn Fn(&mut Unsigned);

/// How a token is changed before it is signed. By itself it is not.
#[derive(Clone, Default)]
pub(crate) struct Forgery(Option<Rc<Edit>>);

impl Forgery {
    #[cfg(feature = "faults")]
    pub(crate) fn by(change: impl Fn(&mut Unsigned) + 'static) -> Forgery {
        Forgery(Some(Rc::new(change)))
    }
}

impl fmt::Debug for Forgery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forgery({})", self.0.is_some())
    }
}

/// The key that signs for a server.
fn key<'o>(org: &'o Org, call: &Call<'_>, server: &'o Server) -> &'o SigningKey {
    let other = || org.servers.from(0).find(|other| other.id != server.id);
    if !call.keeps(Norm::OwnKey)
        && let Some(other) = other()
    {
        return &other.keys.active;
    }
    if call.keeps(Norm::ActiveKey) { &server.keys.active } else { server.keys.earliest() }
}

/// A token of a server that its key signs.
pub(super) fn mint(
    org: &Org,
    call: &Call<'_>,
    server: &str,
    token: TokenType,
    claims: &Map<String, Value>,
) -> Result<String, Refusal> {
    let key = key(org, call, org.servers.find(server)?);
    let header = Header { kid: &key.kid, alg: "RS256" };
    // Neither can fail: keys are valid, and claims are maps with texts for keys.
    Ok(match &call.forgery.0 {
        None => jws::sign(key, &header, claims),
        Some(change) => forged(key, &header, claims, token, change.as_ref()),
    }
    .unwrap_or_default())
}

fn forged(
    key: &SigningKey,
    header: &Header<'_>,
    claims: &Map<String, Value>,
    token: TokenType,
    change: &Edit,
) -> Option<String> {
    let header = serde_json::to_value(header).ok()?.as_object()?.clone();
    let mut unsigned = Unsigned { token, header, claims: claims.clone(), is_spoilt: false };
    change(&mut unsigned);
    let mut text = jws::sign(key, &unsigned.header, &unsigned.claims)?;
    if unsigned.is_spoilt {
        let at = text.rfind('.')? + 1;
        let other = if text[at..].starts_with('A') { "B" } else { "A" };
        text.replace_range(at..=at, other);
    }
    Some(text)
}
