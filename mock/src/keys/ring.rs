//! The key pairs that sign a server's tokens: the present one, the former and the next. Owns where key pairs come from.

use std::{cell::OnceCell, sync::Arc};

use aws_lc_rs::{
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::source::{Source, Stamp};

/// Key pairs in PKCS #1 for orgs with a seed, because key generation takes its randomness from the system alone. They
/// protect nothing. A server that is created after all were used gets one of them again, under a `kid` of its own.
const BUILT_IN: [&[u8]; 8] = [
    include_bytes!("built-in/0.der"),
    include_bytes!("built-in/1.der"),
    include_bytes!("built-in/2.der"),
    include_bytes!("built-in/3.der"),
    include_bytes!("built-in/4.der"),
    include_bytes!("built-in/5.der"),
    include_bytes!("built-in/6.der"),
    include_bytes!("built-in/7.der"),
];

/// How long before a rotation the next key is listed. Docs: near the rotation; the number of days is inferred.
const ANNOUNCED_DAYS: i64 = 15;

/// The key that signs, the one before it and the one after it.
#[derive(Clone)]
pub(crate) struct KeyRing {
    pub(crate) active: SigningKey,
    /// The spec has one: "the previous key".
    former: Option<SigningKey>,
    /// Known from the start, so that looking at keys changes nothing; not told until the rotation is near.
    next: SigningKey,
}

/// An RSA key pair and its name.
#[derive(Clone)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    origin: Origin,
    /// Made when somebody looks: generating takes a tenth of a second, and most servers are never asked for their keys.
    pair: OnceCell<Option<Arc<KeyPair>>>,
}

#[derive(Debug, Clone, Copy)]
enum Origin {
    Generated,
    BuiltIn(usize),
}

/// What a key is used for at present (spec).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum KeyStatus {
    Active,
    Next,
    Expired,
}

impl KeyRing {
    pub(crate) fn new(source: &mut Source) -> Self {
        KeyRing { active: SigningKey::new(source), former: None, next: SigningKey::new(source) }
    }

    /// The next key signs from now on.
    pub(super) fn rotate(&mut self, source: &mut Source) {
        let active = std::mem::replace(&mut self.next, SigningKey::new(source));
        self.former = Some(std::mem::replace(&mut self.active, active));
    }

    /// The keys that are told at a moment. Recorded: a new server has one, and after a rotation the new one comes
    /// before the former. `rotation` is when the next rotation is due, if the server rotates by itself.
    pub(super) fn told(&self, now: Stamp, rotation: Option<Stamp>) -> impl Iterator<Item = (KeyStatus, &SigningKey)> {
        let near = rotation.is_some_and(|rotation| now >= rotation.plus_days(-ANNOUNCED_DAYS));
        let next = near.then_some((KeyStatus::Next, &self.next));
        let former = self.former.as_ref().map(|key| (KeyStatus::Expired, key));
        std::iter::once((KeyStatus::Active, &self.active)).chain(next).chain(former)
    }
}

impl SigningKey {
    fn new(source: &mut Source) -> Self {
        let origin = match source.key_number() {
            Some(number) => Origin::BuiltIn(number % BUILT_IN.len()),
            None => Origin::Generated,
        };
        SigningKey { kid: source.kid(), origin, pair: OnceCell::new() }
    }

    /// The modulus, as a JSON Web Key has it.
    pub(super) fn modulus(&self) -> String {
        let pair = self.pair.get_or_init(|| self.origin.pair().map(Arc::new));
        let modulus = pair.as_ref().map(|pair| pair.public_key().modulus());
        URL_SAFE_NO_PAD.encode(modulus.as_ref().map_or(&[][..], |modulus| modulus.big_endian_without_leading_zero()))
    }
}

impl Origin {
    /// None cannot happen: the built-in keys are valid (a test reads them all).
    fn pair(self) -> Option<KeyPair> {
        match self {
            Origin::Generated => KeyPair::generate(KeySize::Rsa2048).ok().or_else(|| Origin::BuiltIn(0).pair()),
            Origin::BuiltIn(number) => KeyPair::from_der(BUILT_IN.get(number)?).ok(),
        }
    }
}
