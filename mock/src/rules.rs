//! Rules of an access policy: create, read, replace, delete, activate, deactivate. Owns whom a rule is for, for which grant types and
//! scopes, how long tokens live by it, and what makes these invalid.

use std::ops::RangeInclusive;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{
    body::{self, Fields},
    call::Call,
    changes::{AsOf, Change},
    constraint::{Complaint, Constraint},
    links::Link,
    people::{EVERYONE, People},
    policies::Policy,
    routes::Operation,
    rows::{self, Row},
    source::Stamp,
    state::{Org, Server, Status},
    wire::{Answer, Entity, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listAuthorizationServerPolicyRules", "/{}/policies/{}/rules", list),
    Operation::post("createAuthorizationServerPolicyRule", "/{}/policies/{}/rules", create),
    Operation::get("getAuthorizationServerPolicyRule", "/{}/policies/{}/rules/{}", get),
    Operation::put("replaceAuthorizationServerPolicyRule", "/{}/policies/{}/rules/{}", replace),
    Operation::delete("deleteAuthorizationServerPolicyRule", "/{}/policies/{}/rules/{}", delete),
    Operation::post(
        "activateAuthorizationServerPolicyRule",
        "/{}/policies/{}/rules/{}/lifecycle/activate",
        |org, call| turn(org, call, Status::Active),
    ),
    Operation::post(
        "deactivateAuthorizationServerPolicyRule",
        "/{}/policies/{}/rules/{}/lifecycle/deactivate",
        |org, call| turn(org, call, Status::Inactive),
    ),
];

/// What a rule is answered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion {
    Create,
    Replace,
    Read,
}

/// A rule of a policy. Its priority is its place among the rules.
#[derive(Clone)]
pub(super) struct Rule {
    id: String,
    name: String,
    pub(super) status: Status,
    created: Stamp,
    last_updated: Stamp,
    pub(super) conditions: Conditions,
    pub(super) token: TokenAction,
}

impl Row for Rule {
    const ENTITY: Entity = Entity::PolicyRule;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Member order as recorded in 2025, `type` last.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'s> {
    id: &'s str,
    status: Status,
    name: &'s str,
    priority: usize,
    created: Option<Stamp>,
    last_updated: Option<Stamp>,
    /// False in all that were recorded.
    system: bool,
    conditions: &'s Conditions,
    actions: Actions<'s>,
    #[serde(rename = "_links")]
    links: Links,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Actions<'s> {
    token: &'s TokenAction,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    this: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    activate: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivate: Option<Link>,
}

impl<'s> View<'s> {
    fn new(server: &Server, policy: &'s Policy, index: usize, call: &Call<'_>, occasion: Occasion) -> Self {
        let rule = &policy.rules[index];
        let (created, last_updated) = rule.dates(call.as_of, occasion);
        let href = format!("{}/rules/{}", policy.href(server, call.base), rule.id);
        // Inferred from servers: an INACTIVE rule offers `activate`; the links of one were not recorded.
        let (activate, deactivate) = Link::lifecycle(rule.status, &href);
        View {
            id: &rule.id,
            status: rule.status,
            name: &rule.name,
            priority: rows::priority(index),
            created,
            last_updated,
            system: false,
            conditions: &rule.conditions,
            actions: Actions { token: &rule.token },
            links: Links { this: Link::new(href, &["GET", "PUT", "DELETE"]), activate, deactivate },
            kind: "RESOURCE_ACCESS",
        }
    }
}

impl Rule {
    /// The rule as a body has it, and the priority that is asked for; of a new one the id is still to be given. `former` is the rule to
    /// replace. Spec: name, type and conditions are required. Inferred: a new rule is ACTIVE if nothing is said. Whether the status of a
    /// replacement counts is up to the caller.
    pub(super) fn read(
        fields: &Fields<'_>,
        people: &People,
        former: Option<&Rule>,
        now: Stamp,
    ) -> Result<(Rule, Option<i64>), Refusal> {
        // Reported of a replace, where a null is not the same as nothing; inferred for a create.
        if fields.is_null("type") && fields.enforces("type", Complaint::Blank) {
            return Err(Refusal::NOT_WELL_FORMED);
        }
        let _: Option<RuleType> = fields.required_choice("type");
        let name = fields.required_text("name");
        let priority = fields.integer("priority");
        let status = fields.choice("status").or(former.map(|rule| rule.status));
        let conditions = read_conditions(fields, people);
        let token = actions(fields);
        fields.finish()?;
        let rule = Rule {
            id: former.map(|rule| rule.id.clone()).unwrap_or_default(),
            name,
            status: status.unwrap_or(Status::Active),
            created: former.map_or(now, |rule| rule.created),
            last_updated: former.map_or(now, |rule| rule.last_updated.max(now)),
            // They are there if nothing was wrong.
            conditions: conditions.unwrap_or_else(Conditions::everything),
            token,
        };
        Ok((rule, priority))
    }

    /// The rule that the default server comes with: everybody, every grant type that was recorded, every scope.
    pub(super) fn for_everybody(id: String, born: Stamp) -> Rule {
        Rule {
            id,
            name: String::from("Default Policy Rule"),
            status: Status::Active,
            created: born,
            last_updated: born,
            conditions: Conditions::everything(),
            token: TokenAction::default(),
        }
    }

    /// The dates that an answer tells: before the change the answer to the create told both, that to a replace the second
    /// (recorded).
    fn dates(&self, as_of: AsOf, occasion: Occasion) -> (Option<Stamp>, Option<Stamp>) {
        let (created, last_updated) = match occasion {
            _ if as_of.has(Change::RuleDates) => (true, true),
            Occasion::Create => (true, true),
            Occasion::Replace => (false, true),
            Occasion::Read => (false, false),
        };
        (created.then_some(self.created), last_updated.then_some(self.last_updated))
    }
}

impl Policy {
    /// Adds a rule at its priority and says at which index it stands.
    pub(super) fn add_rule(&mut self, id: String, rule: Rule, priority: Option<i64>) -> usize {
        rows::insert(&mut self.rules, Rule { id, ..rule }, priority)
    }
}

/// The server and the place of the policy in it (docs: a policy is not to be seen through another server).
fn policy<'o>(org: &'o Org, call: &Call<'_>) -> Result<(&'o Server, &'o Policy), Refusal> {
    let server = org.servers.find(call.server())?;
    let policy = rows::find(&server.policies, call.child())?;
    Ok((server, policy))
}

fn policy_mut<'o>(org: &'o mut Org, call: &Call<'_>) -> Result<&'o mut Policy, Refusal> {
    rows::find_mut(&mut org.servers.find_mut(call.server())?.policies, call.child())
}

fn answer(org: &Org, call: &Call<'_>, index: usize, occasion: Occasion) -> Outcome {
    let (server, policy) = policy(org, call)?;
    let status = match occasion {
        Occasion::Create => StatusCode::CREATED,
        Occasion::Replace | Occasion::Read => StatusCode::OK,
    };
    Ok(Answer::json(status, &View::new(server, policy, index, call, occasion)))
}

/// `[]` if there are none (recorded).
fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let (server, policy) = policy(org, call)?;
    let view = |index| View::new(server, policy, index, call, Occasion::Read);
    let views: Vec<_> = (0..policy.rules.len()).map(view).collect();
    Ok(Answer::json(StatusCode::OK, &views))
}

fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    policy(org, call)?;
    let now = org.source.now();
    let (rule, priority) = Rule::read(&body::object(call)?.fields(), &org.people, None, now)?;
    let id = org.source.id(Entity::PolicyRule);
    let index = policy_mut(org, call)?.add_rule(id, rule, priority);
    answer(org, call, index, Occasion::Create)
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let index = rows::place(&policy(org, call)?.1.rules, call.grandchild())?;
    answer(org, call, index, Occasion::Read)
}

/// A full replace that moves `lastUpdated` (recorded) and leaves the status (reported).
fn replace(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let rules = &policy(org, call)?.1.rules;
    let index = rows::place(rules, call.grandchild())?;
    let former = &rules[index];
    let (mut rule, priority) = Rule::read(&body::object(call)?.fields(), &org.people, Some(former), now)?;
    if call.enforces(Constraint::RuleStatus) {
        rule.status = former.status;
    }
    let policy = policy_mut(org, call)?;
    policy.rules[index] = rule;
    let index = rows::shift(&mut policy.rules, index, priority);
    answer(org, call, index, Occasion::Replace)
}

/// A second time it is 404 (recorded). Inferred: the rules behind it move up.
fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    rows::remove(&mut policy_mut(org, call)?.rules, call.grandchild())?;
    Ok(Answer::Empty)
}

/// 204 (recorded). Inferred from servers: whether or not it changes anything.
fn turn(org: &mut Org, call: &Call<'_>, status: Status) -> Outcome {
    let now = org.source.now();
    let rule = rows::find_mut(&mut policy_mut(org, call)?.rules, call.grandchild())?;
    rule.status.turn(status, &mut rule.last_updated, now);
    Ok(Answer::Empty)
}

/// One day (docs: 5 minutes to 1 day).
const ACCESS_MINUTES: RangeInclusive<i64> = 5..=1_440;
/// Five years (docs: 10 minutes to 5 years; a user of 2019 reports that 5 minutes were accepted).
const WINDOW_MINUTES: RangeInclusive<i64> = 10..=2_628_000;

/// How long tokens live and who may change them; member order as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenAction {
    pub(super) access_token_lifetime_minutes: i64,
    pub(super) refresh_token_lifetime_minutes: i64,
    pub(super) refresh_token_window_minutes: i64,
    /// Recorded: gone after a replacement that leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_hook: Option<InlineHook>,
}

impl Default for TokenAction {
    /// The values of the admin console (recorded in many rules). Inferred: what a rule gets that does not say.
    fn default() -> Self {
        TokenAction {
            access_token_lifetime_minutes: 60,
            refresh_token_lifetime_minutes: 0,
            refresh_token_window_minutes: 10_080,
            inline_hook: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct InlineHook {
    id: String,
}

/// The one type there is (spec).
#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum RuleType {
    ResourceAccess,
}

fn actions(fields: &Fields<'_>) -> TokenAction {
    let mut action = TokenAction::default();
    let Some(actions) = fields.at("actions.") else { return action };
    if actions.get("scopes").is_some() {
        actions.problem("scopes", Complaint::ScopesInActions);
    }
    if let Some(token) = actions.at("actions.token.") {
        lifetimes(&token, &mut action);
        action.inline_hook = inline_hook(&token);
    }
    action
}

fn lifetimes(token: &Fields<'_>, action: &mut TokenAction) {
    let minutes = |name, range, minutes: &mut i64| *minutes = token.integer_of(name, range).unwrap_or(*minutes);
    minutes("accessTokenLifetimeMinutes", ACCESS_MINUTES, &mut action.access_token_lifetime_minutes);
    minutes("refreshTokenLifetimeMinutes", 0..=i64::MAX, &mut action.refresh_token_lifetime_minutes);
    // Docs: zero is unlimited, and otherwise it is no shorter than the access token's.
    if (1..action.access_token_lifetime_minutes).contains(&action.refresh_token_lifetime_minutes) {
        token.problem("refreshTokenLifetimeMinutes", Complaint::ShortLifetime);
    }
    minutes("refreshTokenWindowMinutes", WINDOW_MINUTES, &mut action.refresh_token_window_minutes);
}

/// Whether the hook exists is not looked at: hooks are of another API.
fn inline_hook(token: &Fields<'_>) -> Option<InlineHook> {
    let hook = token.at("actions.token.inlineHook.")?;
    hook.require("id");
    Some(InlineHook { id: hook.text("id")? })
}

/// The order in which the service tells grant types, whatever the order they were sent in: the spec's example, and the
/// one order that fits all recordings.
const GRANT_TYPES: [&str; 4] = ["implicit", "client_credentials", "authorization_code", "password"];

/// A grant type that no rule has, as a user reports.
const REFRESH_TOKEN: &str = "refresh_token";

/// Member order as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Conditions {
    pub(super) people: PeopleCondition,
    pub(super) grant_types: Included,
    pub(super) scopes: Included,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PeopleCondition {
    pub(super) users: Users,
    /// Recorded: absent when no groups were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) groups: Option<Groups>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Users {
    /// Recorded: there if it was sent, even if empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) include: Option<Vec<String>>,
    /// Recorded: always there and always empty. The spec does not know it.
    exclude: [(); 0],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Groups {
    pub(super) include: Vec<String>,
    /// Recorded: there if it was sent, even if empty. The spec does not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exclude: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Included {
    pub(super) include: Vec<String>,
}

impl Conditions {
    pub(super) fn everything() -> Conditions {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Conditions {
            people: PeopleCondition {
                users: Users { include: None, exclude: [] },
                groups: Some(Groups { include: owned(&[EVERYONE]), exclude: None }),
            },
            grant_types: Included { include: owned(&GRANT_TYPES) },
            scopes: Included { include: owned(&["*"]) },
        }
    }
}

/// Reads `conditions`, which the spec requires.
fn read_conditions(fields: &Fields<'_>, people: &People) -> Option<Conditions> {
    fields.require("conditions");
    let conditions = fields.at("conditions.")?;
    let list = |path, name| conditions.at(path).and_then(|nested| nested.texts(name));
    let include = |path| list(path, "include").unwrap_or_default();
    let users = list("conditions.people.users.", "include");
    let groups = include("conditions.people.groups.");
    let excluded = list("conditions.people.groups.", "exclude");
    let mut grant_types = include("conditions.grantTypes.");
    // Recorded: an empty list when `scopes` has no `include`. Inferred: when there is no `scopes` as well.
    let scopes = include("conditions.scopes.");
    if grant_types.is_empty() && conditions.is_fine("grantTypes") && conditions.is_fine("grantTypes.include") {
        // Inferred: a rule that no request can meet is refused.
        conditions.problem("grantTypes", Complaint::Blank);
    }
    if grant_types.iter().any(|name| name == REFRESH_TOKEN) {
        conditions.problem("grantTypes", Complaint::NotAChoice);
    }
    let place = |name: &String| GRANT_TYPES.iter().position(|known| known == name).unwrap_or(GRANT_TYPES.len());
    grant_types.sort_by_key(place);
    grant_types.dedup();
    // Reported: an unknown grant type ends in the error about people too. Recorded: client_credentials alone needs
    // none.
    let needs_people = grant_types.iter().any(|name| name != "client_credentials");
    let somebody = users.iter().flatten().any(|id| people.has_user(id)) || groups.iter().any(|id| people.has_group(id));
    if needs_people && !somebody && conditions.is_fine("people") {
        conditions.problem("people", Complaint::Nobody);
    }
    Some(Conditions {
        people: PeopleCondition {
            users: Users { include: users, exclude: [] },
            groups: (!groups.is_empty() || excluded.is_some()).then_some(Groups { include: groups, exclude: excluded }),
        },
        grant_types: Included { include: grant_types },
        scopes: Included { include: scopes },
    })
}
