//! Public keys that the tokens of a server are encrypted for. Owns how such a key looks, what makes one invalid, and the rules about their
//! number and status. Nothing of this was recorded: all is the spec's.

use axum::http::StatusCode;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Serialize};

use super::{
    body::{self, Fields},
    call::Call,
    constraint::{Complaint, Constraint},
    links::Link,
    routes::Operation,
    rows::{self, Row},
    source::{Source, Stamp},
    state::{Org, Server, Status},
    wire::{Answer, Entity, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listOAuth2ResourceServerJsonWebKeys", "/{}/resourceservercredentials/keys", list),
    Operation::post("addOAuth2ResourceServerJsonWebKey", "/{}/resourceservercredentials/keys", create),
    Operation::get("getOAuth2ResourceServerJsonWebKey", "/{}/resourceservercredentials/keys/{}", get),
    Operation::delete("deleteOAuth2ResourceServerJsonWebKey", "/{}/resourceservercredentials/keys/{}", delete),
    Operation::post(
        "activateOAuth2ResourceServerJsonWebKey",
        "/{}/resourceservercredentials/keys/{}/lifecycle/activate",
        activate,
    ),
    Operation::post(
        "deactivateOAuth2ResourceServerJsonWebKey",
        "/{}/resourceservercredentials/keys/{}/lifecycle/deactivate",
        deactivate,
    ),
];

const MOST_KEYS: usize = 5;

// Texts of the spec's examples, doubled quotes included.
const BORN_ACTIVE: &str =
    "Keys cannot be created with an ''ACTIVE'' status. Create an ''INACTIVE'' key and then activate it.";
const KNOWN_KID: &str = "Each key must have a unique ''kid''.";
const TOO_MANY: &str = "You can't create a new key. You have reached the maximum number of keys allowed (5). To add \
                        another key, you must first delete an existing one.";
const STILL_ACTIVE: &str = "''ACTIVE'' keys cannot be deleted. Activate another key before deleting this one.";
const STILL_NEEDED: &str = "You cannot deactivate the active key when access token encryption is enabled.";
/// Inferred from "one ACTIVE key"; no example tells it.
const TWO_ACTIVE: &str = "Only one key can be ''ACTIVE''.";

/// A key of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResourceKey {
    pub(super) id: String,
    pub(super) kid: Option<String>,
    pub(super) e: String,
    pub(super) n: String,
    pub(super) status: Status,
    created: Stamp,
    last_updated: Stamp,
}

impl Row for ResourceKey {
    const ENTITY: Entity = Entity::JsonWebKey;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Members as the spec's example has them, without its `alg`, which belongs to signatures and is in no schema.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'s> {
    id: &'s str,
    kid: Option<&'s str>,
    kty: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    e: &'s str,
    n: &'s str,
    status: Status,
    created: Stamp,
    last_updated: Stamp,
    #[serde(rename = "_links")]
    links: Links,
}

/// What the key's status allows. The spec knows these two and both are for INACTIVE keys, so an ACTIVE one has none.
#[derive(Serialize)]
struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    activate: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete: Option<Link>,
}

impl<'s> View<'s> {
    fn new(server: &Server, key: &'s ResourceKey, base: &str) -> Self {
        let href = format!("{}/resourceservercredentials/keys/{}", server.href(base), key.id);
        let links = match key.status {
            Status::Active => Links { activate: None, delete: None },
            Status::Inactive => Links {
                activate: Some(Link::new(format!("{href}/lifecycle/activate"), &["POST"])),
                delete: Some(Link::new(href, &["DELETE"])),
            },
        };
        View {
            id: &key.id,
            kid: key.kid.as_deref(),
            kty: "RSA",
            usage: "enc",
            e: &key.e,
            n: &key.n,
            status: key.status,
            created: key.created,
            last_updated: key.last_updated,
            links,
        }
    }
}

fn refusal(cause: &str) -> Refusal {
    Refusal::validation("JsonWebKey", vec![cause.to_owned()])
}

/// All keys of a server as a client sends them with it. Those with an id that is known keep it and their date.
pub(super) fn all_of(
    source: &mut Source,
    now: Stamp,
    drafts: Vec<Draft>,
    former: &[ResourceKey],
) -> Result<Vec<ResourceKey>, Refusal> {
    let mut keys: Vec<ResourceKey> = Vec::new();
    for draft in drafts {
        let known = former.iter().find(|key| Some(&key.id) == draft.id.as_ref());
        let created = known.map_or(now, |key| key.created);
        let id = known.map_or_else(|| source.id(Entity::JsonWebKey), |key| key.id.clone());
        let status = draft.status.unwrap_or(Status::Inactive);
        if status == Status::Active && keys.iter().any(|key| key.status == Status::Active) {
            return Err(refusal(TWO_ACTIVE));
        }
        let key = ResourceKey { id, kid: draft.kid, e: draft.e, n: draft.n, status, created, last_updated: now };
        if let Some((_, cause)) = objection(&keys, &key) {
            return Err(refusal(cause));
        }
        keys.push(key);
    }
    Ok(keys)
}

/// Why a key cannot be added to others.
fn objection(keys: &[ResourceKey], key: &ResourceKey) -> Option<(Constraint, &'static str)> {
    if keys.len() >= MOST_KEYS {
        return Some((Constraint::FiveKeys, TOO_MANY));
    }
    let is_known = key.kid.is_some() && keys.iter().any(|other| other.kid == key.kid);
    is_known.then_some((Constraint::UniqueKid, KNOWN_KID))
}

fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let views: Vec<_> = server.resource_keys.iter().map(|key| View::new(server, key, call.base)).collect();
    Ok(Answer::json(StatusCode::OK, &views))
}

/// Inferred: INACTIVE if the request does not say, as it cannot be ACTIVE.
fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    let draft = Draft::read(&body::object(call)?.fields())?;
    if draft.status == Some(Status::Active) && call.enforces(Constraint::BornInactive) {
        return Err(refusal(BORN_ACTIVE));
    }
    let key = ResourceKey {
        id: org.source.id(Entity::JsonWebKey),
        kid: draft.kid,
        e: draft.e,
        n: draft.n,
        status: Status::Inactive,
        created: now,
        last_updated: now,
    };
    let answer = Answer::json(StatusCode::CREATED, &View::new(server, &key, call.base));
    if let Some((constraint, cause)) = objection(&server.resource_keys, &key)
        && call.enforces(constraint)
    {
        return Err(refusal(cause));
    }
    server.resource_keys.push(key);
    Ok(answer)
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let key = rows::find(&server.resource_keys, call.child())?;
    Ok(Answer::json(StatusCode::OK, &View::new(server, key, call.base)))
}

fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    let status = rows::find(&server.resource_keys, call.child())?.status;
    if status == Status::Active && call.enforces(Constraint::ActiveKeyStays) {
        return Err(refusal(STILL_ACTIVE));
    }
    rows::remove(&mut server.resource_keys, call.child())?;
    Ok(Answer::Empty)
}

/// 200 with the key, unlike all other lifecycle operations. The key that was ACTIVE no longer is.
fn activate(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    let chosen = rows::place(&server.resource_keys, call.child())?;
    for (place, key) in server.resource_keys.iter_mut().enumerate() {
        key.turn(if place == chosen { Status::Active } else { Status::Inactive }, now);
    }
    get(org, call)
}

fn deactivate(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    let encrypts = server.encryption.algorithm.is_some();
    let key = rows::find_mut(&mut server.resource_keys, call.child())?;
    if encrypts && key.status == Status::Active {
        return Err(refusal(STILL_NEEDED));
    }
    key.turn(Status::Inactive, now);
    get(org, call)
}

impl ResourceKey {
    fn turn(&mut self, status: Status, now: Stamp) {
        self.status.turn(status, &mut self.last_updated, now);
    }
}

/// Reads base64url with or without padding: the spec's own examples have both.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

const FEWEST_BITS: usize = 2_048;

/// What a client may say about a key.
pub(crate) struct Draft {
    /// Only looked at where a client sends all keys at once.
    pub(super) id: Option<String>,
    pub(super) kid: Option<String>,
    pub(super) e: String,
    pub(super) n: String,
    pub(super) status: Option<Status>,
}

/// The one key type (spec).
#[derive(Deserialize)]
enum KeyType {
    #[serde(rename = "RSA")]
    Rsa,
}

/// The one use (spec).
#[derive(Deserialize)]
enum KeyUse {
    #[serde(rename = "enc")]
    Encryption,
}

impl Draft {
    /// Spec: neither of kty, use, e and n is null; kid may be.
    pub(crate) fn read(fields: &Fields<'_>) -> Result<Draft, Refusal> {
        let _: Option<KeyType> = fields.required_choice("kty");
        let _: Option<KeyUse> = fields.required_choice("use");
        let draft = Draft {
            id: fields.text("id"),
            kid: fields.text("kid"),
            e: fields.required_text("e"),
            n: fields.required_text("n"),
            status: fields.choice("status"),
        };
        if draft.kid.as_ref().is_some_and(String::is_empty) {
            fields.problem("kid", Complaint::Blank);
        }
        if fields.is_fine("e") && bits(&draft.e).is_none_or(|bits| bits < 2) {
            fields.problem("e", Complaint::NotANumber);
        }
        let length = bits(&draft.n);
        if fields.is_fine("n") && length.is_none() {
            fields.problem("n", Complaint::NotANumber);
        }
        let is_short = length.is_some_and(|bits| bits < FEWEST_BITS) && fields.enforces("n", Complaint::ShortKey);
        fields.finish()?;
        if is_short { Err(refusal(Complaint::ShortKey.text())) } else { Ok(draft) }
    }
}

/// The length of a number in bits, if it is one.
fn bits(text: &str) -> Option<usize> {
    let bytes = BASE64URL.decode(text).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let first = bytes.get(zeros)?;
    Some((bytes.len() - zeros) * 8 - first.leading_zeros() as usize)
}
