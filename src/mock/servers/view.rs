//! How a server looks: members, their order, and the links that follow its state. Owns the representation only.

use serde::Serialize;

use crate::mock::{
    settings::IssuerMode,
    source::Stamp,
    state::{RotationMode, Server, Status},
    wire::{Link, NamedLink},
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
    /// Always there since 2023 (recorded; the spec does not know it).
    default: bool,
    #[serde(rename = "_links")]
    links: Links,
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
    /// There since 2026 (recorded; the spec does not know it).
    resource_server_credentials_keys: Link,
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
    pub(super) fn new(server: &'s Server, base: &str) -> Self {
        View {
            id: &server.id,
            name: &server.name,
            description: server.description.as_deref(),
            audiences: [&server.audience],
            issuer: server.issuer(base),
            issuer_mode: server.issuer_mode,
            status: server.status,
            created: server.created,
            last_updated: server.last_updated,
            credentials: Credentials {
                signing: Signing {
                    kid: &server.signing_key.kid,
                    rotation_mode: server.rotation_mode,
                    last_rotated: server.last_rotated,
                    next_rotation: server.next_rotation(),
                },
            },
            default: server.is_default,
            links: Links::new(server, base),
        }
    }
}

impl Links {
    fn new(server: &Server, base: &str) -> Self {
        let href = server.href(base);
        let issuer = server.issuer(base);
        let below = |tail: &str, allow| Link::new(format!("{href}/{tail}"), allow);
        let metadata = |name| NamedLink::new(name, format!("{issuer}/.well-known/{name}"), &["GET"]);
        let (activate, deactivate) = match server.status {
            Status::Active => (None, Some(below("lifecycle/deactivate", &["POST"]))),
            Status::Inactive => (Some(below("lifecycle/activate", &["POST"])), None),
        };
        Links {
            rotate_key: below("credentials/lifecycle/keyRotate", &["POST"]),
            metadata: [metadata("oauth-authorization-server"), metadata("openid-configuration")],
            resource_server_credentials_keys: below("resourceservercredentials/keys", &["GET"]),
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
