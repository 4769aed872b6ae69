//! Constraints that are not looked at: one row each of those that are established.

use super::{Effect, Fault, Kind, Rewrite, Waiver, fault, last};
use crate::{
    body::{BLANK, NOT_A_CHOICE, WRONG_LENGTH, WRONG_TYPE},
    resource_keys::{BORN_ACTIVE, KNOWN_KID, STILL_ACTIVE, TOO_MANY, TOO_SHORT as SHORT_KEY},
    rules::{NOBODY, OUT_OF_RANGE, TOO_SHORT},
    scopes::BAD_NAME,
    servers::UNKNOWN,
};

pub(super) fn add(all: &mut Vec<Fault>) {
    for (operations, field, messages) in FIELDS {
        for operation in *operations {
            for message in *messages {
                let word = format!("{field}-{}", word(message));
                let title = format!("It is taken although of {field} it should be said: {message}");
                let waiver = Waiver::Field(field, message);
                // It may show in the status, and in what comes of the value.
                let subject = format!("400|{}", last(field));
                all.push(fault(operation, Kind::Unvalidated, &word, subject, title, Effect::Waiver(waiver)));
            }
        }
    }
    for (operation, word, text, title) in REFUSALS {
        let waiver = Effect::Waiver(Waiver::Refusal(text));
        all.push(fault(operation, Kind::Unvalidated, word, "400|403", *title, waiver));
    }
    let title = "A body is taken for JSON, whatever its Content-Type says";
    let effect = Effect::Request(Rewrite::AnyContentType);
    all.push(fault("createAuthorizationServer", Kind::Unvalidated, "content-type", "", title, effect));
    for operation in WITH_BODIES {
        let title = "A body that is no JSON object is taken for an empty one";
        let waiver = Effect::Waiver(Waiver::Refusal("The request body was not well-formed."));
        all.push(fault(operation, Kind::Unvalidated, "malformed", "", title, waiver));
    }
}

fn word(message: &str) -> &'static str {
    match message {
        BLANK => "blank",
        WRONG_TYPE => "type",
        WRONG_LENGTH => "length",
        NOT_A_CHOICE => "choice",
        OUT_OF_RANGE => "range",
        TOO_SHORT => "short",
        NOBODY => "nobody",
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
const FIELDS: &[(&[&str], &str, &[&str])] = &[
    (SERVERS, "name", &[BLANK, WRONG_TYPE]),
    (SERVERS, "audiences", &[BLANK, WRONG_TYPE]),
    (SERVERS, "description", &[WRONG_TYPE]),
    (SERVERS, "issuerMode", &[NOT_A_CHOICE]),
    (SERVERS, "credentials.signing.rotationMode", &[NOT_A_CHOICE]),
    (SCOPES, "name", &[BLANK, WRONG_TYPE, BAD_NAME]),
    (SCOPES, "description", &[WRONG_TYPE]),
    (SCOPES, "metadataPublish", &[NOT_A_CHOICE]),
    (SCOPES, "consent", &[NOT_A_CHOICE]),
    (SCOPES, "optional", &[WRONG_TYPE]),
    (CLAIMS, "name", &[BLANK, WRONG_TYPE]),
    (CLAIMS, "status", &[NOT_A_CHOICE]),
    (CLAIMS, "claimType", &[NOT_A_CHOICE]),
    (CLAIMS, "valueType", &[NOT_A_CHOICE]),
    (CLAIMS, "group_filter_type", &[NOT_A_CHOICE]),
    (CLAIMS, "alwaysIncludeInToken", &[WRONG_TYPE]),
    (POLICIES, "name", &[BLANK, WRONG_TYPE, WRONG_LENGTH]),
    (POLICIES, "description", &[WRONG_LENGTH]),
    (POLICIES, "status", &[NOT_A_CHOICE]),
    (POLICIES, "type", &[NOT_A_CHOICE]),
    (POLICIES, "priority", &[WRONG_TYPE]),
    (RULES, "name", &[BLANK]),
    (RULES, "type", &[BLANK, NOT_A_CHOICE]),
    (RULES, "status", &[NOT_A_CHOICE]),
    (RULES, "priority", &[WRONG_TYPE]),
    (RULES, "conditions", &[BLANK]),
    (RULES, "conditions.people", &[NOBODY]),
    (RULES, "actions.token.accessTokenLifetimeMinutes", &[OUT_OF_RANGE]),
    (RULES, "actions.token.refreshTokenLifetimeMinutes", &[TOO_SHORT]),
    (RULES, "actions.token.refreshTokenWindowMinutes", &[OUT_OF_RANGE]),
    (KEYS, "kty", &[NOT_A_CHOICE]),
    (KEYS, "use", &[NOT_A_CHOICE]),
    (KEYS, "n", &[SHORT_KEY]),
    (&["createAssociatedServers"], "trusted", &[UNKNOWN]),
];

/// Operation, word, a part of the refusal's text, and what happens in words.
const REFUSALS: &[(&str, &str, &str, &str)] = &[
    ("deleteAuthorizationServer", "default-server", "You do not have permission", "The default server can be deleted"),
    ("rotateAuthorizationServerKeys", "use", "parameter", "A rotation for another use than sig is done"),
    ("addOAuth2ResourceServerJsonWebKey", "active", BORN_ACTIVE, "A key can be added ACTIVE"),
    ("addOAuth2ResourceServerJsonWebKey", "kid", KNOWN_KID, "Two keys can have one kid"),
    ("addOAuth2ResourceServerJsonWebKey", "five", TOO_MANY, "There can be more than five keys"),
    ("deleteOAuth2ResourceServerJsonWebKey", "active", STILL_ACTIVE, "The ACTIVE key can be deleted"),
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
