//! Scopes of a server. Owns the system scopes and how a scope looks; read-only as yet.

use axum::http::{Method, StatusCode};
use serde::Serialize;

use super::{
    auth::Access,
    call::Call,
    routes::Operation,
    source::{IdKind, Source},
    state::{Org, Server},
    wire::{Answer, Outcome, SelfLink},
};

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::GET,
    path: "/api/v1/authorizationServers/{}/scopes",
    access: Access::Read,
    run: list,
}];

/// Name, display name and description of the system scopes, in list order. Texts recorded; that a new server has
/// `device_sso` is inferred from the default server, where it was seen from 2023 on.
const SYSTEM: [(&str, &str, &str); 7] = [
    ("openid", "openid", "Signals that a request is an OpenID request."),
    (
        "profile",
        "View your profile information.",
        "The exact data varies based on what profile information you have provided, such as: name, time zone, \
         picture, or birthday.",
    ),
    ("email", "View your email address.", "This allows the app to view your email address."),
    (
        "address",
        "View your address.",
        "This allows the app to view your address, such as: street address, city, state, and zip code.",
    ),
    ("phone", "View your phone number.", "This allows the app to view your phone number."),
    (
        "offline_access",
        "Keep you signed in to the app.",
        "This keeps you signed in to the app, even when you are not using it.",
    ),
    (
        "device_sso",
        "Request device secret.",
        "This allows you to single sign on between native client applications on your device.",
    ),
];

/// A scope of a server.
pub(super) struct Scope {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) display_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) system: bool,
}

/// The system scopes.
pub(super) fn of_a_new_server(source: &mut Source) -> Vec<Scope> {
    let scope = |(name, display_name, description): (&str, &str, &str)| Scope {
        id: source.id(IdKind::Scope),
        name: name.to_owned(),
        display_name: Some(display_name.to_owned()),
        description: Some(description.to_owned()),
        system: true,
    };
    SYSTEM.map(scope).into()
}

/// Member order as recorded in 2025.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'s> {
    id: &'s str,
    name: &'s str,
    /// Absent if it was never set (recorded).
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'s str>,
    description: Option<&'s str>,
    system: bool,
    metadata_publish: &'static str,
    consent: &'static str,
    optional: bool,
    /// Always there and always null since 2023 (recorded; the spec does not know it).
    api_resource_id: Option<&'s str>,
    default: bool,
    #[serde(rename = "_links")]
    links: SelfLink,
}

fn view<'s>(server: &Server, scope: &'s Scope, base: &str) -> View<'s> {
    View {
        id: &scope.id,
        name: &scope.name,
        display_name: scope.display_name.as_deref(),
        description: scope.description.as_deref(),
        system: scope.system,
        metadata_publish: "ALL_CLIENTS",
        consent: "IMPLICIT",
        optional: false,
        api_resource_id: None,
        default: false,
        links: SelfLink::new(format!("{}/scopes/{}", server.href(base), scope.id), &["GET", "PUT", "DELETE"]),
    }
}

fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let scopes: Vec<_> = server.scopes.iter().map(|scope| view(server, scope, call.base)).collect();
    Ok(Answer::json(StatusCode::OK, &scopes))
}
