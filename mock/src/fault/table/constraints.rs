//! Constraints that are not looked at: one row each of those that are established.

use super::{Constraint, Effect, Fault, Kind, Rewrite, fault, last};
use crate::constraint::Complaint::{
    self, BadScopeName, Blank, Nobody, NotAChoice, OutOfRange, ReservedClaimName, ShortKey, ShortLifetime,
    UnknownServer, WrongLength, WrongType,
};

pub(super) fn add(all: &mut Vec<Fault>) {
    for (operations, field, complaints) in FIELDS {
        for (operation, complaint) in operations.iter().flat_map(|name| complaints.iter().map(move |one| (name, *one)))
        {
            let word = format!("{field}-{}", word(complaint));
            let title = format!("A body is accepted that should be refused: {field}: {}", complaint.text());
            let waiver = Effect::Waiver(Constraint::Field(field, complaint));
            // It may show in the status, and in what comes of the value.
            let subject = format!("400|{}", last(field));
            all.push(fault(operation, Kind::Unvalidated, &word, subject, title, waiver));
        }
    }
    for (operation, word, constraint, title) in REFUSALS {
        all.push(fault(operation, Kind::Unvalidated, word, "400|403", *title, Effect::Waiver(*constraint)));
    }
    for (operation, constraint, title) in STATUSES {
        all.push(fault(operation, Kind::ReadOnly, "stored-status", "status", *title, Effect::Waiver(*constraint)));
    }
    let title = "A body is taken for JSON, whatever its Content-Type says";
    let effect = Effect::Request(Rewrite::AnyContentType);
    all.push(fault("createAuthorizationServer", Kind::Unvalidated, "content-type", "", title, effect));
    for operation in WITH_BODIES {
        let title = "A body that is not a JSON object counts as empty";
        let waiver = Effect::Waiver(Constraint::WellFormed);
        all.push(fault(operation, Kind::Unvalidated, "malformed", "", title, waiver));
    }
}

fn word(complaint: Complaint) -> &'static str {
    match complaint {
        Blank => "blank",
        WrongType => "type",
        WrongLength => "length",
        NotAChoice => "choice",
        OutOfRange => "range",
        ShortLifetime => "short",
        Nobody => "nobody",
        ReservedClaimName => "reserved",
        _ => "text",
    }
}

const SERVERS: &[&str] = &["createAuthorizationServer", "replaceAuthorizationServer"];
const SCOPES: &[&str] = &["createOAuth2Scope", "replaceOAuth2Scope"];
const CLAIMS: &[&str] = &["createOAuth2Claim", "replaceOAuth2Claim"];
const POLICIES: &[&str] = &["createAuthorizationServerPolicy", "replaceAuthorizationServerPolicy"];
const RULES: &[&str] = &["createAuthorizationServerPolicyRule", "replaceAuthorizationServerPolicyRule"];
const KEYS: &[&str] = &["addOAuth2ResourceServerJsonWebKey"];

/// Operations, field, and what is no longer said about it.
const FIELDS: &[(&[&str], &str, &[Complaint])] = &[
    (SERVERS, "name", &[Blank, WrongType]),
    (SERVERS, "audiences", &[Blank, WrongType]),
    (SERVERS, "description", &[WrongType]),
    (SERVERS, "issuerMode", &[NotAChoice]),
    (SERVERS, "credentials.signing.rotationMode", &[NotAChoice]),
    (SCOPES, "name", &[Blank, WrongType, BadScopeName]),
    (SCOPES, "description", &[WrongType]),
    (SCOPES, "metadataPublish", &[NotAChoice]),
    (SCOPES, "consent", &[NotAChoice]),
    (SCOPES, "optional", &[WrongType]),
    (CLAIMS, "name", &[Blank, WrongType]),
    // Nothing says what becomes of a replace.
    (&["createOAuth2Claim"], "name", &[ReservedClaimName]),
    (CLAIMS, "status", &[NotAChoice]),
    (CLAIMS, "claimType", &[NotAChoice]),
    (CLAIMS, "valueType", &[NotAChoice]),
    (CLAIMS, "group_filter_type", &[NotAChoice]),
    (CLAIMS, "alwaysIncludeInToken", &[WrongType]),
    (POLICIES, "name", &[Blank, WrongType, WrongLength]),
    (POLICIES, "description", &[WrongLength]),
    (POLICIES, "status", &[NotAChoice]),
    (POLICIES, "type", &[NotAChoice]),
    (POLICIES, "priority", &[WrongType]),
    (RULES, "name", &[Blank]),
    (RULES, "type", &[Blank, NotAChoice]),
    (RULES, "status", &[NotAChoice]),
    (RULES, "priority", &[WrongType]),
    (RULES, "conditions", &[Blank]),
    (RULES, "conditions.people", &[Nobody]),
    (RULES, "actions.token.accessTokenLifetimeMinutes", &[OutOfRange]),
    (RULES, "actions.token.refreshTokenLifetimeMinutes", &[ShortLifetime]),
    (RULES, "actions.token.refreshTokenWindowMinutes", &[OutOfRange]),
    (KEYS, "kty", &[NotAChoice]),
    (KEYS, "use", &[NotAChoice]),
    (KEYS, "n", &[ShortKey]),
    (&["createAssociatedServers"], "trusted", &[UnknownServer]),
];

/// Operation, word, what is no longer looked at, and what happens in words.
const REFUSALS: &[(&str, &str, Constraint, &str)] = &[
    (
        "deleteAuthorizationServer",
        "default-server",
        Constraint::DefaultServerStays,
        "The default server can be deleted",
    ),
    (
        "replaceAuthorizationServer",
        "default-server-name",
        Constraint::DefaultServerName,
        "The default server can have a name that the vendor keeps",
    ),
    ("rotateAuthorizationServerKeys", "use", Constraint::RotationUse, "A rotation for another use than sig is done"),
    ("addOAuth2ResourceServerJsonWebKey", "active", Constraint::BornInactive, "A key can be added ACTIVE"),
    ("addOAuth2ResourceServerJsonWebKey", "kid", Constraint::UniqueKid, "Two keys can have one kid"),
    ("addOAuth2ResourceServerJsonWebKey", "five", Constraint::FiveKeys, "There can be more than five keys"),
    ("deleteOAuth2ResourceServerJsonWebKey", "active", Constraint::ActiveKeyStays, "The ACTIVE key can be deleted"),
];

/// Operations that leave the status to activate and deactivate, until they do not.
const STATUSES: &[(&str, Constraint, &str)] = &[
    ("createAuthorizationServerPolicy", Constraint::PolicyStatus, "A policy is created with the status that was sent"),
    ("replaceAuthorizationServerPolicy", Constraint::PolicyStatus, "A replace of a policy changes its status"),
    ("replaceAuthorizationServerPolicyRule", Constraint::RuleStatus, "A replace of a rule changes its status"),
];

/// Operations with a body.
pub(super) const WITH_BODIES: &[&str] = &[
    "createAuthorizationServer",
    "replaceAuthorizationServer",
    "createOAuth2Scope",
    "replaceOAuth2Scope",
    "createOAuth2Claim",
    "replaceOAuth2Claim",
    "createAuthorizationServerPolicy",
    "replaceAuthorizationServerPolicy",
    "createAuthorizationServerPolicyRule",
    "replaceAuthorizationServerPolicyRule",
    "addOAuth2ResourceServerJsonWebKey",
    "createAssociatedServers",
    "rotateAuthorizationServerKeys",
];
