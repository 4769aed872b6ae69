//! How a server looks: members, their order, and the links that follow its state. Owns the representation only.

use serde::Serialize;

use crate::{
    call::Call,
    changes::Change,
    links::{Link, NamedLink},
    resource_keys::ResourceKey,
    settings::IssuerMode,
    source::Stamp,
    state::{EncryptionAlgorithm, RotationMode, Server, Status},
};

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
            issuer: server.issuer(call.base),
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
        let issuer = server.issuer(call.base);
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
