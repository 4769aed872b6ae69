//! What the org's own server publishes. Owns its lists, which are those of the recording: they differ from what a
//! server of the API has, and do not depend on the state.

use super::{Document, document};
use crate::{call::Call, changes::AsOf, state::Org, wire::Outcome};

const RESPONSE_TYPES: &[&str] =
    &["code", "token", "id_token", "code id_token", "code token", "id_token token", "code id_token token"];

const GRANT_TYPES: &[&str] = &[
    "authorization_code",
    "implicit",
    "refresh_token",
    "password",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:okta:params:oauth:grant-type:otp",
    "http://auth0.com/oauth/grant-type/mfa-otp",
    "urn:okta:params:oauth:grant-type:oob",
    "http://auth0.com/oauth/grant-type/mfa-oob",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];

const SCOPES: &[&str] = &[
    "okta.users.manage",
    "okta.users.manage.self",
    "okta.users.read",
    "okta.users.read.self",
    "okta.linkedObjects.manage",
    "okta.linkedObjects.read",
    "okta.profileMappings.manage",
    "okta.profileMappings.read",
    "okta.userTypes.manage",
    "okta.userTypes.read",
    "okta.clients.manage",
    "okta.clients.register",
    "okta.clients.read",
    "okta.appGrants.manage",
    "okta.appGrants.read",
    "okta.policies.manage",
    "okta.policies.read",
    "okta.groups.manage",
    "okta.groups.read",
    "okta.inlineHooks.manage",
    "okta.inlineHooks.read",
    "okta.eventHooks.manage",
    "okta.eventHooks.read",
    "okta.events.read",
    "okta.logs.read",
    "okta.apps.manage",
    "okta.apps.read",
    "okta.governance.assignmentCandidates.read",
    "okta.accessRequests.tasks.manage",
    "okta.accessRequests.tasks.read",
    "okta.schemas.manage",
    "okta.schemas.read",
    "okta.idps.manage",
    "okta.idps.read",
    "okta.factors.manage",
    "okta.factors.read",
    "okta.riskProviders.manage",
    "okta.riskProviders.read",
    "okta.roles.manage",
    "okta.roles.read",
    "okta.orgs.manage",
    "okta.orgs.read",
    "okta.domains.manage",
    "okta.domains.read",
    "okta.brands.manage",
    "okta.brands.read",
    "okta.sessions.manage",
    "okta.sessions.read",
    "okta.templates.manage",
    "okta.templates.read",
    "okta.trustedOrigins.manage",
    "okta.trustedOrigins.read",
    "okta.threatInsights.manage",
    "okta.threatInsights.read",
    "okta.behaviors.manage",
    "okta.behaviors.read",
    "okta.networkZones.manage",
    "okta.networkZones.read",
    "okta.agentPools.manage",
    "okta.agentPools.read",
    "okta.reports.read",
    "okta.features.manage",
    "okta.features.read",
    "okta.certificateAuthorities.manage",
    "okta.certificateAuthorities.read",
    "okta.principalRateLimits.manage",
    "okta.principalRateLimits.read",
    "okta.rateLimits.manage",
    "okta.rateLimits.read",
    "okta.directories.manage",
    "okta.directories.groups.manage",
    "okta.apiTokens.manage",
    "okta.apiTokens.read",
    "okta.personal.adminSettings.manage",
    "okta.personal.adminSettings.read",
    "openid",
    "email",
    "profile",
    "address",
    "phone",
    "offline_access",
    "groups",
];

/// Members and values as recorded in 2026.
#[expect(clippy::unnecessary_wraps, reason = "all operations have this signature")]
pub(super) fn oauth(_: &mut Org, call: &Call<'_>) -> Outcome {
    let endpoints = format!("{}/oauth2", call.base);
    let org = Document {
        response_types_supported: RESPONSE_TYPES,
        grant_types_supported: GRANT_TYPES.to_vec(),
        scopes_supported: SCOPES.to_vec(),
        jwks_uri: None,
        frontchannel_logout_supported: Some(true),
        frontchannel_logout_session_supported: Some(true),
        identity_chaining_requested_token_types_supported: Some(&["urn:ietf:params:oauth:token-type:id-jag"]),
        ..document(call.base, call.base, &endpoints, AsOf(None))
    };
    Ok(org.answer(call.as_of))
}
