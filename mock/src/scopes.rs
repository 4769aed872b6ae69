//! Scopes of a server: create, read, replace, delete; the list with its search, filter and pages; the scopes that come with a server.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{
    body::{self, Fields},
    call::Call,
    changes::{AsOf, Change},
    constraint::Complaint,
    links::SelfLink,
    paging::{self, LARGEST_PAGE},
    routes::Operation,
    rows::{self, Row},
    source::Source,
    state::{Org, Server},
    wire::{Answer, Entity, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listOAuth2Scopes", "/{}/scopes", list),
    Operation::post("createOAuth2Scope", "/{}/scopes", create),
    Operation::get("getOAuth2Scope", "/{}/scopes/{}", get),
    Operation::put("replaceOAuth2Scope", "/{}/scopes/{}", replace),
    Operation::delete("deleteOAuth2Scope", "/{}/scopes/{}", delete),
];

/// A scope of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) id: String,
    pub(super) name: String,
    /// Absent if it was never set, empty if it was set so (recorded).
    pub(super) display_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) system: bool,
    pub(super) metadata_publish: MetadataPublish,
    pub(super) consent: Consent,
    pub(super) optional: bool,
    pub(super) default: bool,
}

impl Row for Scope {
    const ENTITY: Entity = Entity::Scope;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Whether the metadata of the server lists a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum MetadataPublish {
    AllClients,
    NoClients,
}

/// Whether the user is asked (spec; FLEXIBLE was never recorded).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Consent {
    Flexible,
    Implicit,
    Required,
}

/// Member order as recorded in 2025.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'s> {
    id: &'s str,
    name: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'s str>,
    /// Null if it was not given (recorded).
    description: Option<&'s str>,
    system: bool,
    metadata_publish: MetadataPublish,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<Consent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    optional: Option<bool>,
    /// Always null (recorded; the spec does not know it).
    #[serde(skip_serializing_if = "Option::is_none")]
    api_resource_id: Option<()>,
    default: bool,
    #[serde(rename = "_links")]
    links: SelfLink,
}

impl<'s> View<'s> {
    fn new(server: &Server, scope: &'s Scope, call: &Call<'_>) -> Self {
        let consent = call.as_of.has(Change::ScopeConsent);
        View {
            id: &scope.id,
            name: &scope.name,
            display_name: scope.display_name.as_deref(),
            description: scope.description.as_deref(),
            system: scope.system,
            metadata_publish: scope.metadata_publish,
            consent: consent.then_some(scope.consent),
            optional: consent.then_some(scope.optional),
            api_resource_id: call.as_of.has(Change::ApiResourceId).then_some(()),
            default: scope.default,
            links: SelfLink::new(scope.href(server, call.base), &["GET", "PUT", "DELETE"]),
        }
    }
}

impl Scope {
    pub(super) fn href(&self, server: &Server, base: &str) -> String {
        format!("{}/scopes/{}", server.href(base), self.id)
    }
}

impl Server {
    /// Adds a scope where the service lists those that clients made: before the system's (recorded).
    pub(super) fn add_scope(&mut self, scope: Scope) {
        let place = self.scopes.iter().position(|scope| scope.system).unwrap_or(self.scopes.len());
        self.scopes.insert(place, scope);
    }
}

fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    let mut scope = Scope::read(&body::object(call)?.fields(), None, false, server.scopes.iter())?;
    scope.id = org.source.id(Entity::Scope);
    let answer = Answer::json(StatusCode::CREATED, &View::new(server, &scope, call));
    server.add_scope(scope);
    Ok(answer)
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let scope = rows::find(&server.scopes, call.child())?;
    Ok(Answer::json(StatusCode::OK, &View::new(server, scope, call)))
}

/// A full replace; a scope that a client made can be renamed (recorded). Inferred: a system scope can be replaced too.
fn replace(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    let place = rows::place(&server.scopes, call.child())?;
    let former = &server.scopes[place];
    let others = server.scopes.iter().filter(|scope| scope.id != former.id);
    // Scopes that do not show it cannot be asked for it: a whole former answer can be sent back.
    let needs_consent = call.as_of.has(Change::ScopeConsent);
    server.scopes[place] = Scope::read(&body::object(call)?.fields(), Some(former), needs_consent, others)?;
    Ok(Answer::json(StatusCode::OK, &View::new(server, &server.scopes[place], call)))
}

fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    if rows::find(&server.scopes, call.child())?.system {
        // Inferred: 403 is the one refusal that the spec has for this operation besides 404 and 429.
        return Err(Refusal::NO_PERMISSION);
    }
    rows::remove(&mut server.scopes, call.child())?;
    Ok(Answer::Empty)
}

impl Scope {
    /// The scope as a body has it; of a new one the id is still to be given. `others` are the scopes whose names are taken; `former` is the
    /// scope to replace. Defaults are the spec's and recorded: not in the metadata, no consent, neither optional nor a default. Inferred: a
    /// display name that is left out of a replacement is gone.
    pub(crate) fn read<'s>(
        fields: &Fields<'_>,
        former: Option<&Scope>,
        needs_consent: bool,
        mut others: impl Iterator<Item = &'s Scope>,
    ) -> Result<Scope, Refusal> {
        let scope = Scope {
            id: former.map(|scope| scope.id.clone()).unwrap_or_default(),
            name: fields.required_text("name"),
            display_name: fields.text("displayName"),
            description: fields.text("description"),
            system: former.is_some_and(|scope| scope.system),
            metadata_publish: fields.choice("metadataPublish").unwrap_or(MetadataPublish::NoClients),
            consent: fields.choice("consent").unwrap_or(Consent::Implicit),
            optional: fields.boolean("optional").unwrap_or(false),
            default: fields.boolean("default").unwrap_or(false),
        };
        if fields.is_fine("name") {
            let kept = former.is_some_and(|former| former.name == scope.name);
            if !kept && scope.system {
                // Inferred: a system scope keeps its name, which OpenID Connect defines.
                fields.problem("name", Complaint::Fixed);
            } else if !kept && !is_free_to_use(&scope.name) {
                fields.problem("name", Complaint::BadScopeName);
            } else if others.any(|other| other.name == scope.name) {
                // Inferred: a scope is known by its name, so there cannot be two of one name.
                fields.problem("name", Complaint::Clash);
            }
        }
        if needs_consent {
            // Docs: needed to replace a scope, though not to create one. They say the same of `metadataPublish`, but the vendor's own SDK
            // for Node.js leaves it out.
            fields.require("consent");
        }
        fields.finish()?;
        Ok(scope)
    }
}

/// Docs: printable ASCII without space, double quote and backslash; neither begins with `okta.` or `okta:` nor is
/// `okta` or `*`. Release notes of 2024.09.0 (OKTA-748880): one scope of the vendor's may be made.
fn is_free_to_use(name: &str) -> bool {
    let printable = name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    let reserved = name.starts_with("okta.") || name.starts_with("okta:") || name == "okta" || name == "*";
    printable && (!reserved || name == "okta.myAccount.sessions.manage")
}

/// Paged as the spec has it; the whole list has no `Link` (recorded).
pub(super) fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let limit = paging::limit(&call.query)?.unwrap_or(LARGEST_PAGE);
    // Searched is the name (spec). Inferred: anywhere in it, whatever the case.
    let needle = call.query.get("q").map(str::to_lowercase);
    let filter = call.query.get("filter").map(Filter::parse).transpose()?;
    let matching = server.scopes.iter().filter(|scope| {
        needle.as_deref().is_none_or(|text| scope.name.to_lowercase().contains(text))
            && filter.as_ref().is_none_or(|filter| filter.matches(scope))
    });
    let page = paging::page(matching.collect(), call.query.get("after"), limit, |scope: &Scope| &scope.id)?;
    let last = page.rows.last().filter(|_| page.more).map(|scope| scope.id.as_str());
    let address = format!("{}/scopes", server.href(call.base));
    let links = paging::links_if_paged(&address, &call.query, &["filter", "q"], last, limit);
    let views: Vec<View<'_>> = page.rows.iter().map(|scope| View::new(server, scope, call)).collect();
    Ok(Answer::linked(StatusCode::OK, &views, links))
}

/// A filter expression. The spec says no more than that there is one; inferred: one comparison of the name, in the form
/// other lists of the vendor have, `name eq "value"`.
struct Filter {
    operator: Operator,
    value: String,
}

#[derive(Clone, Copy)]
enum Operator {
    Equals,
    StartsWith,
    Contains,
}

impl Filter {
    fn parse(text: &str) -> Result<Filter, Refusal> {
        let refusal = || {
            Refusal::validation("filter", vec![String::from("filter: The expression must be like: name eq \"value\"")])
        };
        let mut parts = text.trim().splitn(3, ' ');
        let (Some("name"), Some(operator), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refusal());
        };
        let operator = match operator {
            "eq" => Operator::Equals,
            "sw" => Operator::StartsWith,
            "co" => Operator::Contains,
            _ => return Err(refusal()),
        };
        let value = value.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(refusal)?;
        if value.contains('"') {
            return Err(refusal());
        }
        Ok(Filter { operator, value: value.to_owned() })
    }

    fn matches(&self, scope: &Scope) -> bool {
        match self.operator {
            Operator::Equals => scope.name == self.value,
            Operator::StartsWith => scope.name.starts_with(&self.value),
            Operator::Contains => scope.name.contains(&self.value),
        }
    }
}

/// Name, display name and description of the system scopes, in list order. Recorded of a server of 2026-01; one of 2026-09 publishes an
/// eighth, `interclient_access`, of which nothing else is known.
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

/// What the default server has besides, in list order: name without `okta.myAccount.`, display name, and what the end
/// user may do (recorded in 2025: these 20; there were fewer before).
const MY_ACCOUNT: [(&str, &str, &str); 20] = [
    (
        "appAuthenticator.maintenance.manage",
        "Manage non-sensitive attributes of my account app authenticator enrollment",
        "manage non-sensitive attributes of their app authenticator enrollment.",
    ),
    (
        "appAuthenticator.maintenance.read",
        "Read non-sensitive attributes of my account app authenticator enrollment",
        "read non-sensitive attributes of their app authenticator enrollment.",
    ),
    (
        "appAuthenticator.manage",
        "Manage my account app authenticator enrollment",
        "manage their app authenticator enrollment.",
    ),
    (
        "appAuthenticator.read",
        "Read my account app authenticator enrollment",
        "read their app authenticator enrollment.",
    ),
    (
        "authenticators.manage",
        "Manage my account authenticator enrollments",
        "manage their account authenticator enrollments.",
    ),
    (
        "authenticators.read",
        "Read my account authenticator enrollments",
        "read their account authenticator enrollments.",
    ),
    ("customAuthenticator.manage", "Manage my account custom authenticator", "manage their custom authenticators."),
    ("customAuthenticator.read", "Read my account custom authenticator", "read their custom authenticators."),
    // The blank at the end is the vendor's.
    ("email.manage", "Manage my account email ", "manage their email addresses."),
    ("email.read", "Read my account email", "read their email addresses."),
    ("manage", "Manage my account", "manage their account profile, email addresses, and phone numbers."),
    ("oktaApplications.read", "Read my Okta applications", "read their Okta applications information."),
    ("organization.read", "Read my account org details", "read their account org details information."),
    ("password.manage", "Manage my account password", "manage their account password."),
    ("password.read", "Read my account password enrollment", "read their account password enrollment."),
    ("phone.manage", "Manage my account phone number", "manage their phone numbers."),
    ("phone.read", "Read my account phone number", "read their phone numbers."),
    ("profile.manage", "Manage my account profile", "manage their account profile."),
    ("profile.read", "Read my account profile", "read their account profile."),
    ("read", "Read my account", "read their account profile, email addresses, and phone numbers."),
];

/// The system scopes.
pub(crate) fn of_a_new_server(source: &mut Source, as_of: AsOf) -> Vec<Scope> {
    SYSTEM
        .iter()
        .filter(|(name, ..)| *name != "device_sso" || as_of.has(Change::DeviceSso))
        .map(|(name, display_name, description)| {
            let display_name = as_of.has(Change::SystemScopeNames).then_some(*display_name);
            public(source, (*name).to_owned(), display_name, description, true)
        })
        .collect()
}

/// What the default server lists before the system scopes (recorded).
pub(crate) fn of_the_default_server(source: &mut Source, as_of: AsOf) -> Vec<Scope> {
    let name = |tail: &str| format!("okta.myAccount.{tail}");
    MY_ACCOUNT
        .iter()
        .map(|(tail, display_name, may)| {
            let display_name = as_of.has(Change::SystemScopeNames).then_some(*display_name);
            let system = !as_of.has(Change::MyAccountOfClients);
            public(source, name(tail), display_name, &format!("Allows the end user to {may}"), system)
        })
        .collect()
}

/// All of them are in the metadata, need no consent and are not defaults (recorded).
fn public(source: &mut Source, name: String, display_name: Option<&str>, description: &str, system: bool) -> Scope {
    Scope {
        id: source.id(Entity::Scope),
        name,
        display_name: display_name.map(str::to_owned),
        description: Some(description.to_owned()),
        system,
        metadata_publish: MetadataPublish::AllClients,
        consent: Consent::Implicit,
        optional: false,
        default: false,
    }
}
