//! Which rule of which policy lets a client have its tokens, and for how long. Owns the decision; what policies and rules
//! hold is in their own files.

use axum::http::StatusCode;

use super::scopes::{self, Asked};
use crate::{
    apps::App,
    people::{EVERYONE, User},
    policies::Policy,
    rules::Rule,
    start::GrantType,
    state::{Server, Status},
    wire::Refusal,
};

const EVERY_CLIENT: &str = "ALL_CLIENTS";
const EVERY_SCOPE: &str = "*";

/// 401, not 400 (catalogue; issue).
const NO_MATCH: &str = "Policy evaluation failed for this request, please check the policy configurations.";

/// What is to be decided.
pub(super) struct Request<'r> {
    pub(super) app: &'r App,
    pub(super) grant: GrantType,
    /// None for a client alone.
    pub(super) user: Option<&'r User>,
    pub(super) asked: &'r Asked,
}

/// How long tokens live, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    pub(crate) access: i64,
    /// None for a refresh token that lives as long as it is used.
    pub(crate) refresh: Option<i64>,
    /// How long a refresh token may go unused.
    pub(crate) window: i64,
}

/// What a rule allows.
pub(super) struct Permit {
    pub(super) scopes: Vec<String>,
    pub(super) lifetimes: Lifetimes,
}

/// The first rule that fits entirely decides; without one in a policy the next policy is asked (docs).
pub(super) fn decide(server: &Server, request: &Request<'_>) -> Result<Permit, Refusal> {
    let policies = server.policies.iter().filter(|policy| is_for(policy, request.app));
    let mut rules = policies.flat_map(|policy| policy.rules.iter().filter(|rule| is_used(rule.status)));
    rules
        .find_map(|rule| permit(rule, request))
        .ok_or_else(|| Refusal::oauth(StatusCode::UNAUTHORIZED, "access_denied", NO_MATCH))
}

/// Docs: an INACTIVE policy or rule is silently ignored.
fn is_used(status: Status) -> bool {
    match status {
        Status::Active => true,
        Status::Inactive => false,
    }
}

/// Inferred: an empty list is for nobody.
fn is_for(policy: &Policy, app: &App) -> bool {
    is_used(policy.status) && policy.clients.iter().any(|client| client == EVERY_CLIENT || *client == app.client_id)
}

/// What a rule allows of a request, if it fits.
fn permit(rule: &Rule, request: &Request<'_>) -> Option<Permit> {
    let conditions = &rule.conditions;
    let fits = conditions.grant_types.include.iter().any(|name| name == request.grant.name())
        && request.user.is_none_or(|user| has_user(rule, user));
    if !fits {
        return None;
    }
    let listed = &conditions.scopes.include;
    let allows = |name: &String| {
        // Docs: OpenID scopes need not be listed, though others say that they do.
        scopes::is_openid(name) || listed.iter().any(|scope| scope == EVERY_SCOPE || scope == name)
    };
    let granted = match request.asked {
        Asked::Explicit(names) => Some(names.clone()).filter(|names| names.iter().all(allows))?,
        Asked::Defaults(names) => names.iter().filter(|name| allows(name)).cloned().collect(),
    };
    let token = &rule.token;
    let refresh = Some(token.refresh_token_lifetime_minutes).filter(|minutes| *minutes > 0);
    let lifetimes = Lifetimes {
        access: seconds(token.access_token_lifetime_minutes),
        refresh: refresh.map(seconds),
        window: seconds(token.refresh_token_window_minutes),
    };
    // Inferred: without any scope there is nothing to grant.
    (!granted.is_empty()).then_some(Permit { scopes: granted, lifetimes })
}

fn seconds(minutes: i64) -> i64 {
    minutes.saturating_mul(60)
}

/// Docs: people are not asked of a client alone.
fn has_user(rule: &Rule, user: &User) -> bool {
    let people = &rule.conditions.people;
    let is_in = |groups: &[String]| groups.iter().any(|group| group == EVERYONE || user.groups.contains(group));
    let named = people.users.include.iter().flatten().any(|id| *id == user.id);
    let (grouped, excluded) = match &people.groups {
        Some(groups) => (is_in(&groups.include), groups.exclude.as_deref().is_some_and(is_in)),
        None => (false, false),
    };
    (named || grouped) && !excluded
}
