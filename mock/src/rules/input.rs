//! Reads the body that creates or replaces a rule. Owns which members are looked at and what makes one invalid.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::conditions::{self, Conditions};
use crate::{body::Fields, constraint::Complaint, people::People, state::Status, wire::Refusal};

/// One day (docs: 5 minutes to 1 day).
const ACCESS_MINUTES: RangeInclusive<i64> = 5..=1_440;
/// Five years (docs: 10 minutes to 5 years).
const WINDOW_MINUTES: RangeInclusive<i64> = 10..=2_628_000;

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
    pub(crate) fn read(fields: Fields<'_>, people: &People) -> Result<Draft, Refusal> {
        // Spec: name, type and conditions are required.
        let _: Option<RuleType> = fields.required_choice("type");
        let name = fields.required_text("name");
        let priority = fields.integer("priority");
        let status = fields.choice("status");
        let conditions = conditions::read(&fields, people);
        let token = actions(&fields);
        fields.finish()?;
        // There are conditions if nothing was wrong.
        let conditions = conditions.unwrap_or_else(Conditions::everything);
        Ok(Draft { name, priority, status, conditions, token })
    }
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
