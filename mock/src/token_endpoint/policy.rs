//! Which rule of which policy lets a client have its tokens, and for how long. Owns the decision; what policies and rules
//! hold is in their own files.

use axum::http::StatusCode;

use super::scopes::{self, Asked};
use crate::{
    apps::App,
    call::Call,
    norm::Norm,
    people::{EVERYONE, User},
    policies::Policy,
    rules::Rule,
    start::GrantType,
    state::{Org, Server, Status},
    wire::Refusal,
};

const EVERY_CLIENT: &str = "ALL_CLIENTS";
const EVERY_SCOPE: &str = "*";

/// 401, not 400 (catalogue; issue).
const NO_MATCH: &str = "Policy evaluation failed for this request, please check the policy configurations.";

/// What is to be decided.
pub(super) struct Request<'r> {
    pub(super) call: &'r Call<'r>,
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
pub(super) fn decide(org: &Org, server: &Server, request: &Request<'_>) -> Result<Permit, Refusal> {
    let call = request.call;
    let own = server.policies.iter().collect::<Vec<_>>();
    let mut policies: Vec<&Policy> = if call.keeps(Norm::PolicyOwn) {
        own
    } else {
        org.servers.from(0).flat_map(|server| server.policies.iter()).collect()
    };
    if !call.keeps(Norm::PolicyPriority) {
        policies.reverse();
    }
    policies.retain(|policy| is_for(call, policy, request.app));
    if !call.keeps(Norm::PolicyFallsThrough) {
        policies.truncate(1);
    }
    if !call.keeps(Norm::PolicyRules) && policies.iter().any(|policy| policy.rules.is_empty()) {
        return Ok(anything(request));
    }
    let permit = policies.into_iter().find_map(|policy| by_rules(policy, request));
    let permit = permit.or_else(|| (!call.keeps(Norm::Match)).then(|| anything(request)));
    permit.ok_or_else(|| Refusal::oauth(StatusCode::UNAUTHORIZED, "access_denied", NO_MATCH))
}

/// What the first rule of a policy that fits allows.
fn by_rules(policy: &Policy, request: &Request<'_>) -> Option<Permit> {
    let call = request.call;
    let is_used = |rule: &&Rule| is_active(rule.status) || !call.keeps(Norm::RuleStatus);
    let mut rules: Vec<&Rule> = policy.rules.iter().filter(is_used).collect();
    if !call.keeps(Norm::RulePriority) {
        rules.reverse();
    }
    if !call.keeps(Norm::RuleFallsThrough) {
        rules.truncate(1);
    }
    let permit = rules.iter().find_map(|rule| permit(rule, request))?;
    let first = rules.first().filter(|_| !call.keeps(Norm::RuleLifetimeOfMatch));
    Some(Permit { lifetimes: first.map_or(permit.lifetimes, |rule| lifetimes(rule)), ..permit })
}

/// What a request without a rule gets if it is not refused.
pub(super) fn anything(request: &Request<'_>) -> Permit {
    let scopes = match request.asked {
        Asked::Explicit(names) | Asked::Defaults(names) => names.clone(),
    };
    Permit { scopes, lifetimes: Lifetimes { access: 3_600, refresh: None, window: 604_800 } }
}

/// Docs: an INACTIVE policy or rule is silently ignored.
fn is_active(status: Status) -> bool {
    match status {
        Status::Active => true,
        Status::Inactive => false,
    }
}

/// Inferred: an empty list is for nobody.
fn is_for(call: &Call<'_>, policy: &Policy, app: &App) -> bool {
    let is_it =
        |client: &String| client == EVERY_CLIENT && call.keeps(Norm::PolicyAllClients) || *client == app.client_id;
    (is_active(policy.status) || !call.keeps(Norm::PolicyStatus))
        && (policy.clients.iter().any(is_it) || !call.keeps(Norm::PolicyClients))
}

/// What a rule allows of a request, if it fits.
fn permit(rule: &Rule, request: &Request<'_>) -> Option<Permit> {
    let (call, conditions) = (request.call, &rule.conditions);
    let has_grant = conditions.grant_types.include.iter().any(|name| name == request.grant.name());
    let fits = (has_grant || !call.keeps(Norm::RuleGrantTypes))
        && match request.user {
            Some(user) => has_user(rule, user) || !call.keeps(Norm::RulePeople),
            None => call.keeps(Norm::RulePeopleOfUsers) || has_everyone(rule),
        };
    if !fits {
        return None;
    }
    let listed = &conditions.scopes.include;
    let is_listed = |name: &str| {
        listed.iter().any(|scope| scope == EVERY_SCOPE && call.keeps(Norm::RuleAllScopes) || scope == name)
    };
    let allows = |name: &&String| {
        // Docs: OpenID scopes need not be listed, though others say that they do.
        scopes::is_openid(name) || is_listed(name) || !call.keeps(Norm::RuleScopes)
    };
    let (Asked::Explicit(names) | Asked::Defaults(names)) = request.asked;
    let granted: Vec<String> = names.iter().filter(allows).cloned().collect();
    let is_all = granted.len() == names.len();
    let granted = match request.asked {
        Asked::Explicit(_) if !is_all && call.keeps(Norm::AllOrNothing) => return None,
        Asked::Defaults(_) if !is_all && !call.keeps(Norm::DefaultsSome) => return None,
        Asked::Defaults(names) if !call.keeps(Norm::DefaultsFiltered) => names.clone(),
        Asked::Explicit(_) | Asked::Defaults(_) => granted,
    };
    let lifetimes =
        if call.keeps(Norm::RuleLifetime) { lifetimes(rule) } else { Lifetimes { access: 3_600, ..lifetimes(rule) } };
    // Inferred: without any scope there is nothing to grant.
    (!granted.is_empty()).then_some(Permit { scopes: granted, lifetimes })
}

fn lifetimes(rule: &Rule) -> Lifetimes {
    let token = &rule.token;
    let refresh = Some(token.refresh_token_lifetime_minutes).filter(|minutes| *minutes > 0);
    Lifetimes {
        access: seconds(token.access_token_lifetime_minutes),
        refresh: refresh.map(seconds),
        window: seconds(token.refresh_token_window_minutes),
    }
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

/// Whether a rule is for each user.
fn has_everyone(rule: &Rule) -> bool {
    let groups = &rule.conditions.people.groups;
    groups.as_ref().is_some_and(|groups| groups.include.iter().any(|group| group == EVERYONE))
}
