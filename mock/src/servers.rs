//! Authorization servers: create, read, replace, delete, activate, deactivate, and the list of them. Owns how a server looks, with the
//! links that follow its state; which server trusts which is in `associated`.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    associated,
    body::{self, Fields},
    call::Call,
    changes::{AsOf, Change},
    constraint::{Complaint, Constraint},
    links::{Link, NamedLink},
    paging::{self, LARGEST_PAGE},
    resource_keys::{self, ResourceKey},
    routes::{COLLECTION, Operation},
    settings::IssuerMode,
    source::{Source, Stamp},
    state::{Encryption, EncryptionAlgorithm, Org, RotationMode, Server, Status},
    wire::{Answer, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listAuthorizationServers", "", list),
    Operation::post("createAuthorizationServer", "", create),
    Operation::get("getAuthorizationServer", "/{}", get),
    Operation::put("replaceAuthorizationServer", "/{}", replace),
    Operation::delete("deleteAuthorizationServer", "/{}", delete),
    Operation::post("activateAuthorizationServer", "/{}/lifecycle/activate", |org, call| {
        turn(org, call, Status::Active)
    }),
    Operation::post("deactivateAuthorizationServer", "/{}/lifecycle/deactivate", |org, call| {
        turn(org, call, Status::Inactive)
    }),
    Operation::get("listAssociatedServersByTrustedType", "/{}/associatedServers", associated::list),
    Operation::post("createAssociatedServers", "/{}/associatedServers", associated::create),
    Operation::delete("deleteAssociatedServer", "/{}/associatedServers/{}", associated::delete),
];

/// 201 with the server and no `Location` (recorded). Equal names are let through: nothing settles whether they clash.
fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    let draft = Draft::read(&body::object(call)?.fields())?;
    let now = org.source.now();
    let server = draft.into_server(&mut org.source, now, org.issuer_mode, org.as_of)?;
    let server = org.servers.insert(server);
    Ok(Answer::json(StatusCode::CREATED, &View::new(server, call)))
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    Ok(Answer::json(StatusCode::OK, &View::new(server, call)))
}

/// Release notes of 2025: the default server cannot have this name.
const RESERVED_NAME: &str = "aerial";

/// A full replace. The key stays whatever is sent (recorded), and read-only members are ignored (recorded).
fn replace(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    let draft = Draft::read(&body::object(call)?.fields())?;
    if server.is_default && draft.name == RESERVED_NAME && call.enforces(Constraint::DefaultServerName) {
        // Code and text are inferred.
        return Err(Refusal::validation("name", vec![format!("name: The name {RESERVED_NAME} is reserved")]));
    }
    let keys = match draft.resource_keys {
        Some(drafts) => resource_keys::all_of(&mut org.source, now, drafts, &server.resource_keys)?,
        // Inferred: keys have operations of their own, so leaving them out does not remove them.
        None => server.resource_keys.clone(),
    };
    // Inferred for all three: left out, they stay as they are; of status this is recorded.
    let issuer_mode = draft.issuer_mode.unwrap_or(server.issuer_mode);
    let rotation_mode = draft.rotation_mode.unwrap_or(server.rotation_mode);
    // The spec has status writable, and ACTIVE was accepted in recordings; INACTIVE is inferred to deactivate.
    let status = draft.status.unwrap_or(server.status);
    let changed = server.name != draft.name
        || server.description != draft.description
        || server.audience != draft.audience
        || server.issuer_mode != issuer_mode
        || server.rotation_mode != rotation_mode
        || server.status != status
        || server.encryption != draft.encryption
        || server.resource_keys != keys;
    server.name = draft.name;
    server.description = draft.description;
    server.audience = draft.audience;
    server.issuer_mode = issuer_mode;
    server.rotation_mode = rotation_mode;
    server.status = status;
    server.encryption = draft.encryption;
    server.resource_keys = keys;
    if changed {
        server.touch(now);
    }
    Ok(Answer::json(StatusCode::OK, &View::new(server, call)))
}

/// Recorded: an ACTIVE server can be deleted too, and one that has scopes, claims or policies.
fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    // Docs: the default server cannot be deleted. Status and code are inferred, the refusal was never recorded.
    if server.is_default && call.enforces(Constraint::DefaultServerStays) {
        return Err(Refusal::NO_PERMISSION);
    }
    let id = server.id.clone();
    org.servers.remove(&id);
    Ok(Answer::Empty)
}

/// 204 whether or not it changes anything (recorded for activate; inferred for deactivate).
fn turn(org: &mut Org, call: &Call<'_>, status: Status) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    server.status.turn(status, &mut server.last_updated, now);
    Ok(Answer::Empty)
}

impl Draft {
    /// A new server. Recorded: rotationMode MANUAL in a POST is ignored, the answer says AUTO. Inferred: so is a
    /// status.
    pub(super) fn into_server(
        self,
        source: &mut Source,
        now: Stamp,
        mode: IssuerMode,
        as_of: AsOf,
    ) -> Result<Server, Refusal> {
        let keys = resource_keys::all_of(source, now, self.resource_keys.unwrap_or_default(), &[])?;
        let mut server = Server::new(source, now, self.issuer_mode.unwrap_or(mode), as_of);
        server.name = self.name;
        server.description = self.description;
        server.audience = self.audience;
        server.encryption = self.encryption;
        server.resource_keys = keys;
        Ok(server)
    }
}

impl Server {
    /// Recorded: lastUpdated moves when something changed, and a request that changes nothing leaves it alone.
    pub(super) fn touch(&mut self, now: Stamp) {
        self.last_updated = self.last_updated.max(now);
    }

    /// Recorded: 90 days after the last rotation in AUTO, absent in MANUAL.
    pub(super) fn next_rotation(&self) -> Option<Stamp> {
        match self.rotation_mode {
            RotationMode::Auto => Some(self.last_rotated.plus_days(90)),
            RotationMode::Manual => None,
        }
    }
}

/// What a client may say about a server. Members that only the service sets (`id`, `issuer`, `kid`, `_links` and so on)
/// may be sent and are not looked at (recorded).
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) audience: String,
    pub(crate) issuer_mode: Option<IssuerMode>,
    pub(crate) rotation_mode: Option<RotationMode>,
    pub(crate) status: Option<Status>,
    pub(crate) encryption: Encryption,
    pub(crate) resource_keys: Option<Vec<resource_keys::Draft>>,
}

/// The one value that `credentials.signing.use` may have (spec). It is never given back (recorded).
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeyUse {
    Sig,
}

impl Draft {
    pub(crate) fn read(fields: &Fields<'_>) -> Result<Draft, Refusal> {
        let draft = Draft {
            // Docs: name and audiences are needed. Recorded: description is not.
            name: fields.required_text("name"),
            description: fields.text("description"),
            audience: audience(fields),
            issuer_mode: fields.choice("issuerMode"),
            rotation_mode: rotation_mode(fields),
            status: fields.choice("status"),
            // Spec: no encryption if the algorithm is left out.
            encryption: Encryption {
                algorithm: fields.choice("accessTokenEncryptedResponseAlgorithm"),
                jwks_uri: fields.text("jwks_uri"),
            },
            resource_keys: None,
        };
        let keys = keys(fields);
        fields.finish()?;
        let resource_keys = keys.map(|keys| keys.iter().map(resource_keys::Draft::read).collect()).transpose()?;
        Ok(Draft { resource_keys, ..draft })
    }
}

/// Exactly one (spec: "currently supports only one audience"; recorded: always one).
fn audience(fields: &Fields<'_>) -> String {
    let problem = match fields.get("audiences") {
        None => Complaint::Blank,
        Some(Value::Array(audiences)) => match audiences.as_slice() {
            [Value::String(audience)] if !audience.is_empty() => return audience.clone(),
            [] | [Value::String(_) | Value::Null] => Complaint::Blank,
            [_] => Complaint::WrongType,
            [_, _, ..] => Complaint::OneAudience,
        },
        Some(_) => Complaint::WrongType,
    };
    fields.problem("audiences", problem);
    String::new()
}

fn rotation_mode(fields: &Fields<'_>) -> Option<RotationMode> {
    let signing = fields.at("credentials.signing.")?;
    let mode = signing.choice("rotationMode");
    let _: Option<KeyUse> = signing.choice("use");
    mode
}

/// The members of `jwks.keys`, if they are sent along (spec).
fn keys<'o>(fields: &Fields<'o>) -> Option<Vec<Fields<'o>>> {
    let set = fields.at("jwks.")?;
    let keys: Option<Vec<_>> = set.get("keys").and_then(|keys| keys.as_array()?.iter().map(Value::as_object).collect());
    let keys = keys.map(|keys| keys.into_iter().map(|key| fields.apart(key)).collect());
    if keys.is_none() {
        set.problem("keys", Complaint::WrongType);
    }
    keys
}

/// Member order as recorded in 2026.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct View<'s> {
    id: &'s str,
    name: &'s str,
    /// Null when it was not given (recorded; the spec has a string).
    description: Option<&'s str>,
    audiences: [&'s str; 1],
    issuer: String,
    issuer_mode: IssuerMode,
    status: Status,
    created: Stamp,
    last_updated: Stamp,
    credentials: Credentials<'s>,
    // Spec; none of the three was ever recorded, so a server without encryption has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_encrypted_response_algorithm: Option<EncryptionAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks: Option<KeySet<'s>>,
    #[serde(rename = "jwks_uri", skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<&'s str>,
    /// The spec does not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<bool>,
    /// Null in lists of associated servers (recorded).
    #[serde(rename = "_links")]
    links: Option<Links>,
}

#[derive(Serialize)]
struct KeySet<'s> {
    keys: Vec<Key<'s>>,
}

/// Members and order of the spec's example.
#[derive(Serialize)]
struct Key<'s> {
    kty: &'static str,
    id: &'s str,
    status: Status,
    kid: Option<&'s str>,
    #[serde(rename = "use")]
    usage: &'static str,
    e: &'s str,
    n: &'s str,
}

#[derive(Serialize)]
struct Credentials<'s> {
    signing: Signing<'s>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Signing<'s> {
    kid: &'s str,
    rotation_mode: RotationMode,
    last_rotated: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_rotation: Option<Stamp>,
}

/// Order as recorded: `activate` and `deactivate` never stand in the same place, nor both in one answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Links {
    rotate_key: Link,
    metadata: [NamedLink; 2],
    /// The spec does not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_server_credentials_keys: Option<Link>,
    /// Always there (recorded; the spec does not know it).
    keys: Link,
    claims: Link,
    policies: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    activate: Option<Link>,
    #[serde(rename = "self")]
    this: Link,
    scopes: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivate: Option<Link>,
}

impl<'s> View<'s> {
    pub(super) fn new(server: &'s Server, call: &Call<'_>) -> Self {
        View {
            id: &server.id,
            name: &server.name,
            description: server.description.as_deref(),
            audiences: [&server.audience],
            issuer: server.issuer(call),
            issuer_mode: server.issuer_mode,
            status: server.status,
            created: server.created,
            last_updated: server.last_updated,
            credentials: Credentials {
                signing: Signing {
                    kid: &server.keys.active.kid,
                    rotation_mode: server.rotation_mode,
                    last_rotated: server.last_rotated,
                    next_rotation: server.next_rotation(),
                },
            },
            access_token_encrypted_response_algorithm: server.encryption.algorithm,
            jwks: server.encryption.algorithm.and_then(|_| KeySet::new(server)),
            jwks_uri: server.encryption.jwks_uri.as_deref(),
            default: call.as_of.has(Change::DefaultMember).then_some(server.is_default),
            links: Some(Links::new(server, call)),
        }
    }

    pub(super) fn without_links(self) -> Self {
        View { links: None, ..self }
    }
}

impl<'s> KeySet<'s> {
    /// None if the server has no keys.
    fn new(server: &'s Server) -> Option<Self> {
        let key = |key: &'s ResourceKey| Key {
            kty: "RSA",
            id: &key.id,
            status: key.status,
            kid: key.kid.as_deref(),
            usage: "enc",
            e: &key.e,
            n: &key.n,
        };
        let keys: Vec<_> = server.resource_keys.iter().map(key).collect();
        (!keys.is_empty()).then_some(KeySet { keys })
    }
}

impl Links {
    fn new(server: &Server, call: &Call<'_>) -> Self {
        let href = server.href(call.base);
        let issuer = server.endpoints(call.base);
        let below = |tail: &str, allow| Link::new(format!("{href}/{tail}"), allow);
        let metadata = |name| NamedLink::new(name, format!("{issuer}/.well-known/{name}"), &["GET"]);
        let (activate, deactivate) = Link::lifecycle(server.status, &href);
        Links {
            rotate_key: below("credentials/lifecycle/keyRotate", &["POST"]),
            metadata: [metadata("oauth-authorization-server"), metadata("openid-configuration")],
            resource_server_credentials_keys: call
                .as_of
                .has(Change::ResourceServerKeysLink)
                .then(|| below("resourceservercredentials/keys", &["GET"])),
            keys: below("credentials/keys", &["GET"]),
            // Recorded: GET and POST, where spec and docs have GET alone.
            claims: below("claims", &["GET", "POST"]),
            policies: below("policies", &["GET", "POST"]),
            activate,
            // Recorded for the default server too, which cannot be deleted.
            this: Link::new(href.clone(), &["GET", "DELETE", "PUT"]),
            scopes: below("scopes", &["GET", "POST"]),
            deactivate,
        }
    }
}

/// The default server comes first and then the others by age (recorded).
pub(super) fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let limit = paging::limit(&call.query)?.unwrap_or(LARGEST_PAGE);
    let search = call.query.get("q");
    let after = call.query.get("after");
    let start = match after {
        None => 0,
        // The cursor is the id of the last server of the page before (recorded). Inferred: any other is refused.
        Some(cursor) => org.servers.place(cursor).ok_or(Refusal::INVALID_PAGING)? + 1,
    };
    let needle = search.map(str::to_lowercase);
    let matching = org.servers.from(start).filter(|server| needle.as_deref().is_none_or(|text| matches(server, text)));
    // One more than the page holds tells whether there is a next page.
    let found: Vec<&Server> = matching.take(limit + 1).collect();
    let page = &found[..found.len().min(limit)];
    let address = format!("{}{COLLECTION}", call.base);
    // The limit is told even when it was not asked for (recorded).
    let limit = limit.to_string();
    let link = |after: Option<&str>, relation: &str| {
        paging::link(&address, &[("after", after), ("limit", Some(&limit)), ("q", search)], relation)
    };
    let mut links = Vec::new();
    if call.as_of.has(Change::SelfLinkOfServers) {
        links.push(link(after, "self"));
    }
    let more = found.len() > page.len() || !call.as_of.has(Change::NoNextLinkOnTheLastPage);
    if let (true, Some(last)) = (more, page.last()) {
        links.push(link(Some(&last.id), "next"));
    }
    let views: Vec<View<'_>> = page.iter().map(|server| View::new(server, call)).collect();
    Ok(Answer::linked(StatusCode::OK, &views, links))
}

/// Searched are name and audiences (spec). Inferred: anywhere in them, whatever the case.
pub(super) fn matches(server: &Server, needle: &str) -> bool {
    server.name.to_lowercase().contains(needle) || server.audience.to_lowercase().contains(needle)
}
