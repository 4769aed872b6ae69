//! What the endpoints for tokens no longer keep to: one row each of the norms that are established.

use super::{Constraint, Effect, Fault, INTROSPECT, ISSUE, Kind, REVOKE, USERINFO, fault};
use crate::norm::Norm;

pub(super) fn add(all: &mut Vec<Fault>) {
    for (operations, kind, norm, subject, title) in NORMS {
        for operation in *operations {
            let waiver = Effect::Waiver(Constraint::Norm(*norm));
            all.push(fault(operation, *kind, &kebab(&format!("{norm:?}")), *subject, *title, waiver));
        }
    }
}

/// `RuleGrantTypes` as `rule-grant-types`.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

/// Operations, kind, what is no longer kept, what a message has to name, and what happens in words.
type Row = (&'static [&'static str], Kind, Norm, &'static str, &'static str);

const FORMS: &[&str] = &[ISSUE, INTROSPECT, REVOKE];
const TOKEN: &[&str] = &[ISSUE];
const KEYS: &[&str] = &["getJwks"];
const DOCUMENTS: &[&str] = &["getOAuthMetadata", "getOpenIdConfiguration"];

/// What shows when somebody gets in: another status, or another error.
const GRANTED: &str = "200|400|401|error|error_description";

const NORMS: &[Row] = &[
    (FORMS, Kind::Unvalidated, Norm::Secret, GRANTED, "The secret of a client is not looked at"),
    (TOKEN, Kind::Unvalidated, Norm::Method, GRANTED, "A client may use any method with its secret"),
    (FORMS, Kind::Unvalidated, Norm::Credentials, GRANTED, "A client need not prove itself"),
    (TOKEN, Kind::Unvalidated, Norm::OneCredential, GRANTED, "A client may send two kinds of credentials"),
    (TOKEN, Kind::Unvalidated, Norm::NoQueryCredentials, GRANTED, "Credentials may be in the query"),
    (TOKEN, Kind::Unvalidated, Norm::ReadableHeader, GRANTED, "A header that cannot be read is not looked at"),
    (TOKEN, Kind::Unvalidated, Norm::AssertionType, GRANTED, "An assertion may be of any type"),
    (TOKEN, Kind::Unvalidated, Norm::AssertionSignature, GRANTED, "The signature of an assertion is not looked at"),
    (TOKEN, Kind::Unvalidated, Norm::AssertionKey, GRANTED, "The kid of an assertion is not looked at"),
    (TOKEN, Kind::Unvalidated, Norm::AssertionIssuer, GRANTED, "The issuer of an assertion is not looked at"),
    (TOKEN, Kind::Unvalidated, Norm::AssertionSubject, GRANTED, "The subject of an assertion is not looked at"),
    (FORMS, Kind::Unvalidated, Norm::AssertionAudience, GRANTED, "The audience of an assertion is not looked at"),
    (TOKEN, Kind::Unvalidated, Norm::AssertionExpiry, GRANTED, "An assertion need not expire"),
    (TOKEN, Kind::Unvalidated, Norm::AssertionExpired, GRANTED, "An expired assertion is accepted"),
    (TOKEN, Kind::Unvalidated, Norm::AssertionHour, GRANTED, "An assertion may live as long as it likes"),
    (TOKEN, Kind::Unvalidated, Norm::AssertionIssued, GRANTED, "An assertion of the future is accepted"),
    (TOKEN, Kind::Unvalidated, Norm::AssertionOnce, GRANTED, "An assertion may be used again"),
    (TOKEN, Kind::Strict, Norm::AssertionAlgorithms, GRANTED, "An assertion by SHA-384 or SHA-512 is refused"),
    (TOKEN, Kind::Strict, Norm::AssertionAudiences, GRANTED, "An assertion with a list of audiences is refused"),
    (TOKEN, Kind::Unvalidated, Norm::Proof, GRANTED, "A client that has to use DPoP gets a token without a proof"),
    (TOKEN, Kind::Unvalidated, Norm::ProofNonce, GRANTED, "A proof needs no nonce"),
    (TOKEN, Kind::Unvalidated, Norm::ProofType, GRANTED, "The type of a proof is not looked at"),
    (TOKEN, Kind::Unvalidated, Norm::ProofMethod, GRANTED, "The method of a proof is not looked at"),
    (TOKEN, Kind::Unvalidated, Norm::ProofUrl, GRANTED, "The URL of a proof is not looked at"),
    (TOKEN, Kind::Unvalidated, Norm::ProofAge, GRANTED, "An old proof is accepted"),
    (TOKEN, Kind::Unvalidated, Norm::ProofFuture, GRANTED, "A proof of the future is accepted"),
    (TOKEN, Kind::Unheeded, Norm::ProofBinding, "token_type|cnf|jkt", "A token with a proof is not bound to its key"),
    (TOKEN, Kind::Unheeded, Norm::ActiveServer, GRANTED, "An INACTIVE server issues tokens"),
    (TOKEN, Kind::Unvalidated, Norm::GrantOfClient, GRANTED, "A client gets grants that it does not have"),
    (TOKEN, Kind::Unvalidated, Norm::NoDoubles, GRANTED, "A parameter may be sent twice"),
    (TOKEN, Kind::Unvalidated, Norm::Password, GRANTED, "The password of a user is not looked at"),
    (TOKEN, Kind::Unvalidated, Norm::CodeOnce, GRANTED, "A code may be used again"),
    (TOKEN, Kind::Unvalidated, Norm::CodeRedirect, GRANTED, "The redirect URI of a code is not looked at"),
    (TOKEN, Kind::Unvalidated, Norm::CodeClient, GRANTED, "A code may be used by another client"),
    (TOKEN, Kind::Unvalidated, Norm::CodeVerifier, GRANTED, "The verifier of a code is not looked at"),
    (TOKEN, Kind::Strict, Norm::CodePolicy, GRANTED, "Policies are asked again for a code"),
    (TOKEN, Kind::Unvalidated, Norm::KnownScopes, GRANTED, "Scopes are granted that the server lacks"),
    (TOKEN, Kind::Unvalidated, Norm::NoUnknownScope, GRANTED, "A scope that the server lacks is left out"),
    (TOKEN, Kind::Unvalidated, Norm::UserScopes, GRANTED, "A client alone gets scopes about a user"),
    (TOKEN, Kind::Unvalidated, Norm::ScopesWithOpenId, GRANTED, "Scopes about a user are granted without openid"),
    (TOKEN, Kind::Unheeded, Norm::ConsentRequired, GRANTED, "A client alone gets scopes that require consent"),
    (TOKEN, Kind::Unheeded, Norm::ConsentFlexible, GRANTED, "A client alone does not get FLEXIBLE scopes"),
    (TOKEN, Kind::Unheeded, Norm::DefaultScopes, GRANTED, "Default scopes are none"),
    (TOKEN, Kind::Unheeded, Norm::OnlyDefaults, "scope", "Each scope is a default"),
    (TOKEN, Kind::Unheeded, Norm::OnlyAsked, "scope|scp", "Default scopes are added to those that are asked for"),
    (TOKEN, Kind::Unheeded, Norm::DefaultsFiltered, "scope|scp", "Default scopes are granted that no rule allows"),
    (TOKEN, Kind::Unheeded, Norm::DefaultsSome, GRANTED, "A rule allows all default scopes or none"),
    (
        TOKEN,
        Kind::Unheeded,
        Norm::AllOrNothing,
        "200|scope|expires_in",
        "Scopes that a rule does not allow are left out",
    ),
    (TOKEN, Kind::Unheeded, Norm::PolicyClients, GRANTED, "The clients of a policy are ignored"),
    (TOKEN, Kind::Unheeded, Norm::PolicyAllClients, GRANTED, "A policy for all clients serves none"),
    (TOKEN, Kind::Unheeded, Norm::PolicyStatus, "200|expires_in", "An INACTIVE policy counts"),
    (TOKEN, Kind::Unheeded, Norm::PolicyPriority, "expires_in", "The last policy that fits decides"),
    (TOKEN, Kind::Unheeded, Norm::PolicyFallsThrough, GRANTED, "A policy without a rule that fits refuses the request"),
    (TOKEN, Kind::Unheeded, Norm::PolicyOwn, GRANTED, "Policies of other servers count"),
    (TOKEN, Kind::Unheeded, Norm::PolicyRules, GRANTED, "A policy without rules allows everything"),
    (TOKEN, Kind::Unheeded, Norm::Match, GRANTED, "A request that no rule allows is granted"),
    (TOKEN, Kind::Unheeded, Norm::RuleStatus, "200|expires_in", "An INACTIVE rule counts"),
    (TOKEN, Kind::Unheeded, Norm::RuleGrantTypes, "200|expires_in", "The grant types of a rule are ignored"),
    (TOKEN, Kind::Unheeded, Norm::RuleScopes, "200|expires_in|scope", "The scopes of a rule are ignored"),
    (TOKEN, Kind::Unheeded, Norm::RuleAllScopes, GRANTED, "A rule for any scope allows none"),
    (TOKEN, Kind::Unheeded, Norm::RulePeople, GRANTED, "The people of a rule are ignored"),
    (TOKEN, Kind::Unheeded, Norm::RulePeopleOfUsers, GRANTED, "People are asked of a client alone"),
    (TOKEN, Kind::Unheeded, Norm::RulePriority, "expires_in", "The last rule that fits decides"),
    (TOKEN, Kind::Unheeded, Norm::RuleFallsThrough, GRANTED, "A rule that does not fit refuses the request"),
    (TOKEN, Kind::Unheeded, Norm::RuleLifetime, "expires_in", "Each token lives an hour"),
    (TOKEN, Kind::Unheeded, Norm::RuleLifetimeOfMatch, "expires_in", "The lifetime is that of the first rule"),
    (TOKEN, Kind::Unheeded, Norm::ClaimStatus, "", "An INACTIVE claim is included"),
    (TOKEN, Kind::Unheeded, Norm::ClaimType, "", "A claim is included in both tokens"),
    (TOKEN, Kind::Unheeded, Norm::ClaimScopes, "", "The scopes of a claim are ignored"),
    (TOKEN, Kind::Unheeded, Norm::ClaimAnyScope, "conformance", "A claim needs all of its scopes"),
    (TOKEN, Kind::Unheeded, Norm::ClaimNull, "conformance", "A claim without a value is null"),
    (TOKEN, Kind::Unheeded, Norm::ClaimBroken, GRANTED, "A claim that cannot be evaluated is left out"),
    (TOKEN, Kind::Unheeded, Norm::ClaimUnused, GRANTED, "A claim that is not included is evaluated"),
    (TOKEN, Kind::Unheeded, Norm::ClaimValueType, "conformance", "Each claim is a text"),
    (TOKEN, Kind::Unheeded, Norm::ClaimExpression, "", "An expression is not evaluated"),
    (TOKEN, Kind::Unheeded, Norm::ClaimOwn, "", "Claims of other servers are included"),
    (TOKEN, Kind::Unheeded, Norm::ClaimOnDemand, "", "A claim is included that is not always to be"),
    (&[USERINFO], Kind::Unheeded, Norm::ClaimUserInfo, "conformance", "Userinfo lacks what is not always included"),
    (&[USERINFO], Kind::Unheeded, Norm::ClaimScopes, "", "Userinfo ignores the scopes of claims"),
    (TOKEN, Kind::Unheeded, Norm::GroupCase, "conformance", "Filters of groups distinguish upper and lower case"),
    (TOKEN, Kind::Unheeded, Norm::GroupRegexCase, "conformance", "Expressions for groups ignore the case"),
    (TOKEN, Kind::Unheeded, Norm::GroupFilter, "conformance", "A claim has all groups"),
    (TOKEN, Kind::Unheeded, Norm::IssuerMode, "iss", "The issuer of tokens names the domain of the request"),
    (&["getOAuthMetadata"], Kind::Unheeded, Norm::IssuerMode, "issuer", "The issuer of the metadata names it"),
    (TOKEN, Kind::Signature, Norm::ActiveKey, "kid", "The former key signs"),
    (TOKEN, Kind::Signature, Norm::OwnKey, "kid", "The key of another server signs"),
    (TOKEN, Kind::Collision, Norm::TokenIdentifier, "jti", "Each token has the same identifier"),
    (
        TOKEN,
        Kind::Missing,
        Norm::TokenFamily,
        "jti",
        "The identifier of an access token does not name its refresh token",
    ),
    (TOKEN, Kind::Extra, Norm::OpenId, "id_token", "There is an ID token without openid"),
    (TOKEN, Kind::Extra, Norm::OfflineAccess, "refresh_token", "There is a refresh token without offline_access"),
    (TOKEN, Kind::Value, Norm::RefreshSame, "refresh_token", "A refresh gives another refresh token"),
    (TOKEN, Kind::Value, Norm::RefreshRotation, "refresh_token", "The refresh token of a public client stays the same"),
    (TOKEN, Kind::Ignored, Norm::RefreshNarrower, "scp", "A refresh for some of the scopes grants all"),
    (TOKEN, Kind::Unvalidated, Norm::RefreshWider, GRANTED, "A refresh grants scopes that were not granted"),
    (TOKEN, Kind::Unheeded, Norm::RefreshPolicy, "200|expires_in", "Policies are not asked again for a refresh"),
    (TOKEN, Kind::Leak, Norm::RefreshServer, GRANTED, "A refresh token of another server is accepted"),
    (&[INTROSPECT, REVOKE], Kind::Unvalidated, Norm::TokenNeeded, GRANTED, "A request about no token is accepted"),
    (&[INTROSPECT], Kind::Strict, Norm::IntrospectAnyClient, "active", "A client may only ask about its own tokens"),
    (&[INTROSPECT], Kind::Leak, Norm::IntrospectServer, "active", "A token of another server is active"),
    (&[INTROSPECT], Kind::Extra, Norm::IntrospectInactive, "client_id", "More is told of a token that is not active"),
    (&[INTROSPECT], Kind::Strict, Norm::IntrospectHint, "active", "A token is not found without its hint"),
    (&[INTROSPECT], Kind::Unvalidated, Norm::IntrospectWhole, "active", "The end of a token is not looked at"),
    (&[INTROSPECT], Kind::Missing, Norm::IntrospectRefresh, "active", "A refresh token is not known"),
    (&[INTROSPECT], Kind::Spread, Norm::IntrospectEarlier, "active", "A shorter lifetime ends earlier tokens"),
    (&[REVOKE], Kind::NotStored, Norm::RevokeAccess, "active|200|401", "A revoked access token stays active"),
    (&[REVOKE], Kind::NotStored, Norm::RevokeRefresh, "active|200|400", "A revoked refresh token stays active"),
    (
        &[REVOKE],
        Kind::Forgotten,
        Norm::RevokeFamily,
        "active",
        "The access tokens of a revoked refresh token stay active",
    ),
    (&[REVOKE], Kind::Leak, Norm::RevokeOwn, "active", "A client may revoke the tokens of another"),
    (&[REVOKE], Kind::Spread, Norm::RevokeOnlyThat, "active", "All access tokens of the client are revoked"),
    (&[REVOKE], Kind::Strict, Norm::RevokeUnknown, "400", "Revoking nothing is a mistake"),
    (&[USERINFO], Kind::Scope, Norm::UserInfoScope, "200", "Userinfo needs no scope"),
    (&[USERINFO], Kind::Token, Norm::UserInfoKind, "200|401|www-authenticate", "Userinfo accepts an ID token"),
    (KEYS, Kind::Missing, Norm::FormerKey, "", "The former key is not published after a rotation"),
    (DOCUMENTS, Kind::Unheeded, Norm::PublishedScopes, "scopes_supported", "Scopes for no clients are published"),
];
