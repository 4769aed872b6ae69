//! Claims of a server. Owns the system claims and how a claim looks; read-only as yet.

use axum::http::{Method, StatusCode};
use serde::Serialize;

use super::{
    auth::Access,
    call::Call,
    routes::Operation,
    source::{IdKind, Source},
    state::{Org, Server, Status},
    wire::{Answer, Outcome, SelfLink},
};

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::GET,
    path: "/api/v1/authorizationServers/{}/claims",
    access: Access::Read,
    run: list,
}];

/// Name, scope and "always include in token" of the system claims whose value the service provides (recorded 2020 to
/// 2025, unchanged). Their order varies between recordings.
const SYSTEM: [(&str, &str, bool); 18] = [
    ("address", "address", false),
    ("birthdate", "profile", false),
    ("email", "email", true),
    ("email_verified", "email", false),
    ("family_name", "profile", false),
    ("gender", "profile", false),
    ("given_name", "profile", false),
    ("locale", "profile", false),
    ("middle_name", "profile", false),
    ("name", "profile", true),
    ("nickname", "profile", false),
    ("phone_number", "phone", false),
    ("picture", "profile", false),
    ("preferred_username", "profile", true),
    ("profile", "profile", false),
    ("updated_at", "profile", false),
    ("website", "profile", false),
    ("zoneinfo", "profile", false),
];

/// The value of the one system claim that is an expression (recorded).
const SUBJECT: &str = "(appuser != null) ? appuser.userName : app.clientId";

/// Which token a claim is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ClaimType {
    Identity,
    Resource,
}

/// Where a claim's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ValueType {
    Expression,
    System,
}

/// A claim of a server.
pub(super) struct Claim {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) token: ClaimType,
    pub(super) value_type: ValueType,
    /// None for system values (recorded).
    pub(super) value: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) system: bool,
    pub(super) always_include_in_token: bool,
}

/// The system claims: `sub` and 18 of the identity.
pub(super) fn of_a_new_server(source: &mut Source) -> Vec<Claim> {
    let subject = Claim {
        id: source.id(IdKind::Claim),
        name: String::from("sub"),
        status: Status::Active,
        token: ClaimType::Resource,
        value_type: ValueType::Expression,
        value: Some(String::from(SUBJECT)),
        scopes: Vec::new(),
        system: true,
        always_include_in_token: true,
    };
    let identity = SYSTEM.map(|(name, scope, always_include_in_token)| Claim {
        id: source.id(IdKind::Claim),
        name: name.to_owned(),
        status: Status::Active,
        token: ClaimType::Identity,
        value_type: ValueType::System,
        value: None,
        scopes: vec![scope.to_owned()],
        system: true,
        always_include_in_token,
    });
    std::iter::once(subject).chain(identity).collect()
}

/// Member order as recorded in 2025.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'s> {
    id: &'s str,
    name: &'s str,
    status: Status,
    claim_type: ClaimType,
    value_type: ValueType,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'s str>,
    conditions: Conditions<'s>,
    system: bool,
    always_include_in_token: bool,
    /// Always there and always null since 2023 (recorded; the spec does not know it).
    api_resource_id: Option<&'s str>,
    #[serde(rename = "_links")]
    links: SelfLink,
}

#[derive(Serialize)]
struct Conditions<'s> {
    scopes: &'s [String],
}

fn view<'s>(server: &Server, claim: &'s Claim, base: &str) -> View<'s> {
    View {
        id: &claim.id,
        name: &claim.name,
        status: claim.status,
        claim_type: claim.token,
        value_type: claim.value_type,
        value: claim.value.as_deref(),
        conditions: Conditions { scopes: &claim.scopes },
        system: claim.system,
        always_include_in_token: claim.always_include_in_token,
        api_resource_id: None,
        links: SelfLink::new(format!("{}/claims/{}", server.href(base), claim.id), &["GET", "PUT", "DELETE"]),
    }
}

fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let claims: Vec<_> = server.claims.iter().map(|claim| view(server, claim, call.base)).collect();
    Ok(Answer::json(StatusCode::OK, &claims))
}
