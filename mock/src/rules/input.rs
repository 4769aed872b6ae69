//! Reads the body that creates or replaces a rule. Owns which members are looked at and what makes one invalid.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::conditions::{self, Conditions};
use crate::{
    body::{BLANK, Fields},
    people::People,
    state::Status,
    wire::Refusal,
};

/// One day (docs: 5 minutes to 1 day).
const ACCESS_MINUTES: RangeInclusive<i64> = 5..=1_440;
/// Five years (docs: 10 minutes to 5 years).
const WINDOW_MINUTES: RangeInclusive<i64> = 10..=2_628_000;
pub(crate) const OUT_OF_RANGE: &str = "The value is out of range";
pub(crate) const TOO_SHORT: &str = "The lifetime of a refresh token is zero or at least that of an access token";
/// The text is from a public report.
const SCOPES_IN_ACTIONS: &str = "Cannot add scopes to 'action.scopes', add to 'conditions.scopes.include' instead.";

/// What a client may say about a rule.
pub(crate) struct Draft {
    pub(super) name: String,
    pub(super) priority: Option<i64>,
    pub(super) status: Option<Status>,
    pub(super) conditions: Conditions,
    pub(super) token: TokenAction,
}

/// How long tokens live and who may change them; member order as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenAction {
    access_token_lifetime_minutes: i64,
    refresh_token_lifetime_minutes: i64,
    refresh_token_window_minutes: i64,
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

impl Draft {
    pub(crate) fn read(mut fields: Fields<'_>, people: &People) -> Result<Draft, Refusal> {
        // Spec: name, type and conditions are required.
        let _: Option<RuleType> = fields.required_choice("type");
        let name = fields.required_text("name");
        let priority = fields.integer("priority");
        let status = fields.choice("status");
        let conditions = conditions::read(&mut fields, people);
        let token = actions(&mut fields);
        fields.finish()?;
        // There are conditions if nothing was wrong.
        let conditions = conditions.unwrap_or_else(Conditions::everything);
        Ok(Draft { name, priority, status, conditions, token })
    }
}

fn actions(fields: &mut Fields<'_>) -> TokenAction {
    let mut action = TokenAction::default();
    let Some(mut actions) = fields.nested("actions", "actions.") else {
        return action;
    };
    if actions.get("scopes").is_some() {
        actions.problem("scopes", SCOPES_IN_ACTIONS);
    }
    if let Some(mut token) = actions.nested("token", "actions.token.") {
        lifetimes(&mut token, &mut action);
        action.inline_hook = inline_hook(&mut token);
        actions.absorb(token);
    }
    fields.absorb(actions);
    action
}

fn lifetimes(token: &mut Fields<'_>, action: &mut TokenAction) {
    if let Some(minutes) = token.integer("accessTokenLifetimeMinutes") {
        if !ACCESS_MINUTES.contains(&minutes) {
            token.problem("accessTokenLifetimeMinutes", OUT_OF_RANGE);
        }
        action.access_token_lifetime_minutes = minutes;
    }
    if let Some(minutes) = token.integer("refreshTokenLifetimeMinutes") {
        // Docs: zero is unlimited, and otherwise it is no shorter than the access token's.
        if minutes < 0 {
            token.problem("refreshTokenLifetimeMinutes", OUT_OF_RANGE);
        } else if minutes != 0 && minutes < action.access_token_lifetime_minutes {
            token.problem("refreshTokenLifetimeMinutes", TOO_SHORT);
        }
        action.refresh_token_lifetime_minutes = minutes;
    }
    if let Some(minutes) = token.integer("refreshTokenWindowMinutes") {
        if !WINDOW_MINUTES.contains(&minutes) {
            token.problem("refreshTokenWindowMinutes", OUT_OF_RANGE);
        }
        action.refresh_token_window_minutes = minutes;
    }
}

/// Whether the hook exists is not looked at: hooks are of another API.
fn inline_hook(token: &mut Fields<'_>) -> Option<InlineHook> {
    let mut hook = token.nested("inlineHook", "actions.token.inlineHook.")?;
    let id = hook.text("id");
    if id.is_none() && hook.is_fine("id") {
        hook.problem("id", BLANK);
    }
    token.absorb(hook);
    Some(InlineHook { id: id? })
}
