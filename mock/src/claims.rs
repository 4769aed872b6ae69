//! Claims of a server: create, read, replace, delete, and the claims that come with a server.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{
    body::{self, Fields},
    call::Call,
    changes::Change,
    constraint::Complaint,
    links::SelfLink,
    routes::Operation,
    rows::{self, Row},
    source::Source,
    state::{Org, Server, Status},
    wire::{Answer, Entity, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listOAuth2Claims", "/{}/claims", list),
    Operation::post("createOAuth2Claim", "/{}/claims", create),
    Operation::get("getOAuth2Claim", "/{}/claims/{}", get),
    Operation::put("replaceOAuth2Claim", "/{}/claims/{}", replace),
    Operation::delete("deleteOAuth2Claim", "/{}/claims/{}", delete),
];

/// Names of claims that are the service's own (release notes, OKTA-477575; the text of the refusal is not known). Names of `OpenID` and the
/// name `scope` are free.
const RESERVED: [&str; 10] = ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "auth_time"];

/// How many characters a value has at most (docs).
const LONGEST_VALUE: usize = 1024;

/// Which token a claim is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ClaimType {
    Identity,
    Resource,
}

/// What kind of value a claim has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ValueType {
    Expression,
    Groups,
    System,
}

/// Which groups a claim tells (spec; `EQUALS` and `STARTS_WITH` recorded).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum GroupFilter {
    Contains,
    Equals,
    Regex,
    StartsWith,
}

/// Where a claim's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Expression(String),
    Groups { pattern: String, filter: GroupFilter },
    System,
}

/// A claim of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) token: ClaimType,
    pub(super) value: Value,
    pub(super) scopes: Vec<String>,
    pub(super) system: bool,
    pub(super) always_include_in_token: bool,
}

impl Row for Claim {
    const ENTITY: Entity = Entity::Claim;

    fn id(&self) -> &str {
        &self.id
    }
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
    /// Absent for system values (recorded).
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'s str>,
    conditions: Conditions<'s>,
    system: bool,
    always_include_in_token: bool,
    /// Always null (recorded; the spec does not know it).
    #[serde(skip_serializing_if = "Option::is_none")]
    api_resource_id: Option<()>,
    /// The one member in snake case (recorded).
    #[serde(rename = "group_filter_type", skip_serializing_if = "Option::is_none")]
    group_filter: Option<GroupFilter>,
    #[serde(rename = "_links")]
    links: SelfLink,
}

#[derive(Serialize)]
struct Conditions<'s> {
    scopes: &'s [String],
}

impl<'s> View<'s> {
    fn new(server: &Server, claim: &'s Claim, call: &Call<'_>) -> Self {
        let (value, group_filter) = match &claim.value {
            Value::Expression(expression) => (Some(expression.as_str()), None),
            Value::Groups { pattern, filter } => (Some(pattern.as_str()), Some(*filter)),
            Value::System => (None, None),
        };
        View {
            id: &claim.id,
            name: &claim.name,
            status: claim.status,
            claim_type: claim.token,
            value_type: claim.value.kind(),
            value,
            conditions: Conditions { scopes: &claim.scopes },
            system: claim.system,
            always_include_in_token: claim.always_include_in_token,
            api_resource_id: call.as_of.has(Change::ApiResourceId).then_some(()),
            group_filter,
            links: SelfLink::new(format!("{}/claims/{}", server.href(call.base), claim.id), &["GET", "PUT", "DELETE"]),
        }
    }
}

/// Never paged (recorded; spec). The order varies between recordings. `includeClaims` names the claims that are wanted, and `custom` stands
/// for all that clients made: in no document, but a client relies on it.
fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let wanted = call.query.get("includeClaims");
    let is_wanted = |claim: &&Claim| {
        wanted.is_none_or(|names| names.split(',').any(|name| name == claim.name || name == "custom" && !claim.system))
    };
    let claims: Vec<_> = server.claims.iter().filter(is_wanted).map(|claim| View::new(server, claim, call)).collect();
    Ok(Answer::json(StatusCode::OK, &claims))
}

fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    let mut claim = Claim::read(&body::object(call)?.fields(), None, server.claims.iter())?;
    claim.id = org.source.id(Entity::Claim);
    let answer = Answer::json(StatusCode::CREATED, &View::new(server, &claim, call));
    server.claims.push(claim);
    Ok(answer)
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let claim = rows::find(&server.claims, call.child())?;
    Ok(Answer::json(StatusCode::OK, &View::new(server, claim, call)))
}

/// A full replace, of system claims too (recorded: `alwaysIncludeInToken` of one was switched).
fn replace(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    let place = rows::place(&server.claims, call.child())?;
    let former = &server.claims[place];
    let others = server.claims.iter().filter(|claim| claim.id != former.id);
    server.claims[place] = Claim::read(&body::object(call)?.fields(), Some(former), others)?;
    Ok(Answer::json(StatusCode::OK, &View::new(server, &server.claims[place], call)))
}

fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    if rows::find(&server.claims, call.child())?.system {
        // Users report that `sub` cannot be deleted. Inferred: nor can the others; 403 is what the spec has for it.
        return Err(Refusal::NO_PERMISSION);
    }
    rows::remove(&mut server.claims, call.child())?;
    Ok(Answer::Empty)
}

impl Claim {
    /// The claim as a body has it; of a new one the id is still to be given. `others` are the claims that are there besides; `former` is the
    /// claim to replace. Inferred defaults: a new claim is ACTIVE, and a replacement that does not speak of the status leaves it.
    pub(crate) fn read<'c>(
        fields: &Fields<'_>,
        former: Option<&Claim>,
        mut others: impl Iterator<Item = &'c Claim>,
    ) -> Result<Claim, Refusal> {
        // The spec requires nothing. Inferred: without these a claim says nothing, and a filter needs its kind.
        let name = fields.required_text("name");
        if RESERVED.contains(&name.as_str()) {
            fields.problem("name", Complaint::ReservedClaimName);
        }
        let status = fields.choice("status");
        let token: Option<ClaimType> = fields.required_choice("claimType");
        let kind: Option<ValueType> = fields.required_choice("valueType");
        let value = kind.and_then(|kind| value(fields, kind));
        let always = fields.boolean("alwaysIncludeInToken").unwrap_or(false);
        let scopes = fields.at("conditions.").and_then(|conditions| conditions.texts("scopes"));
        match former.filter(|claim| claim.system) {
            // Inferred from what the service is said to allow: of a system claim only the value can be edited.
            Some(claim) => keep(fields, claim, &name, token, kind),
            None if kind == Some(ValueType::System) => fields.problem("valueType", Complaint::NotAChoice),
            None => {}
        }
        // Recorded: one name may stand once for each token. Inferred: a token cannot hold two claims of one name.
        if others.any(|claim| claim.name == name && Some(claim.token) == token) {
            fields.problem("name", Complaint::Clash);
        }
        fields.finish()?;
        // Both are there if nothing was wrong.
        let token = token.unwrap_or(ClaimType::Identity);
        let value = value.unwrap_or(Value::System);
        Ok(Claim {
            id: former.map(|claim| claim.id.clone()).unwrap_or_default(),
            name,
            status: status.or(former.map(|claim| claim.status)).unwrap_or(Status::Active),
            token,
            value,
            scopes: scopes.unwrap_or_default(),
            system: former.is_some_and(|claim| claim.system),
            // Spec: always true for claims of access tokens.
            always_include_in_token: token == ClaimType::Resource || always,
        })
    }
}

/// Value and filter (spec: a filter belongs to GROUPS; recorded: a value that is no valid expression is accepted).
fn value(fields: &Fields<'_>, kind: ValueType) -> Option<Value> {
    let filter: Option<GroupFilter> = fields.choice("group_filter_type");
    match kind {
        // Recorded: has no value, and what is sent as one does not matter.
        ValueType::System => Some(Value::System),
        ValueType::Expression => {
            if filter.is_some() {
                fields.problem("group_filter_type", Complaint::OnlyForGroups);
            }
            Some(Value::Expression(text_of_a_value(fields)))
        }
        ValueType::Groups => {
            fields.require("group_filter_type");
            let pattern = text_of_a_value(fields);
            Some(Value::Groups { pattern, filter: filter? })
        }
    }
}

/// An expression, or what a filter compares with. That the bound is that of both is inferred.
fn text_of_a_value(fields: &Fields<'_>) -> String {
    let text = fields.required_text("value");
    if text.chars().count() > LONGEST_VALUE {
        fields.problem("value", Complaint::WrongLength);
    }
    text
}

fn keep(fields: &Fields<'_>, claim: &Claim, name: &str, token: Option<ClaimType>, kind: Option<ValueType>) {
    if fields.is_fine("name") && claim.name != name {
        fields.problem("name", Complaint::Fixed);
    }
    if token.is_some_and(|token| token != claim.token) {
        fields.problem("claimType", Complaint::Fixed);
    }
    if kind.is_some_and(|kind| kind != claim.value.kind()) {
        fields.problem("valueType", Complaint::Fixed);
    }
}

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

/// The system claims: `sub` and 18 of the identity.
pub(crate) fn of_a_new_server(source: &mut Source) -> Vec<Claim> {
    let subject = Claim {
        id: source.id(Entity::Claim),
        name: String::from("sub"),
        status: Status::Active,
        token: ClaimType::Resource,
        value: Value::Expression(String::from(SUBJECT)),
        scopes: Vec::new(),
        system: true,
        always_include_in_token: true,
    };
    let identity = SYSTEM.map(|(name, scope, always_include_in_token)| Claim {
        id: source.id(Entity::Claim),
        name: name.to_owned(),
        status: Status::Active,
        token: ClaimType::Identity,
        value: Value::System,
        scopes: vec![scope.to_owned()],
        system: true,
        always_include_in_token,
    });
    std::iter::once(subject).chain(identity).collect()
}

impl Value {
    pub(super) fn kind(&self) -> ValueType {
        match self {
            Value::Expression(_) => ValueType::Expression,
            Value::Groups { .. } => ValueType::Groups,
            Value::System => ValueType::System,
        }
    }
}
