//! Writes that do less, more, or something else than they say.

use serde_json::{Value, json};

use super::{CREATE_SERVER, Edit, Effect, Fault, Kind, Rewrite, StateChange, fault, last};
use crate::{OPERATIONS, auth::Access};

pub(super) fn add(all: &mut Vec<Fault>) {
    let stale = "The answer shows what was there before";
    for operation in OPERATIONS.iter().copied().flatten().filter(|operation| operation.access == Access::Manage) {
        let title = "The answer is as usual, but nothing is stored";
        all.push(twist(operation.name, Kind::NotStored, "all", "", title, StateChange::NotStored));
    }
    for (operation, members) in REPLACES {
        all.push(twist(operation, Kind::Stale, "all", "", stale, StateChange::Stale));
        all.push(twist(
            operation,
            Kind::Merged,
            "all",
            "",
            "Members missing from the body are kept",
            StateChange::Merged,
        ));
        for at in *members {
            let name = last(at);
            let ignored = format!("A replace leaves {name} as it was");
            let forgotten = format!("The answer to a replace shows the new {name}, which is not stored");
            all.extend(without(operation, at, ignored, forgotten));
        }
    }
    for (operation, members) in CREATES {
        for at in *members {
            let name = last(at);
            let forgotten = format!("The answer to a create shows the {name} that was sent, which is not stored");
            all.extend(without(operation, at, format!("A create does without {name}"), forgotten));
        }
        let title = "A create gives out the identifier of the last time again";
        all.push(twist(operation, Kind::Collision, "id", "", title, StateChange::Collision));
    }
    for (operation, at, value) in defaults() {
        let title = format!("A create that does not say {} gets {value}", last(at));
        let effect = Effect::Request(Rewrite::Default(at, value));
        all.push(fault(operation, Kind::Default, at, last(at), title, effect));
    }
    for (operation, at) in READ_ONLY {
        let title = format!("The answer has the {} that the client sent", last(at));
        all.push(twist(operation, Kind::ReadOnly, at, last(at), title, StateChange::Echoed(at)));
    }
    for operation in SENT_BACK {
        let title = "The answer has every member that was sent, known or not";
        all.push(twist(operation, Kind::Extra, "sent", "", title, StateChange::EchoedAll));
    }
    for operation in ["activateOAuth2ResourceServerJsonWebKey", "deactivateOAuth2ResourceServerJsonWebKey"] {
        all.push(twist(operation, Kind::Stale, "all", "status", stale, StateChange::Stale));
    }
    for operation in SPREADS {
        all.push(twist(
            operation,
            Kind::Spread,
            "neighbour",
            "",
            "A neighbouring resource is changed too",
            StateChange::Spread,
        ));
    }
    for (operation, place) in LEAKS {
        let word = if *place == 0 { "server" } else { "policy" };
        let title = format!("What belongs to another {word} is found");
        all.push(twist(operation, Kind::Leak, word, "404", title, StateChange::Leak(*place)));
    }
    for operation in REFUSED {
        let title = "A refused body still takes effect";
        all.push(twist(operation, Kind::Effect, "refused-body", "", title, StateChange::RefusedAndDone));
    }
    for (operation, at, word, edit, title) in altered() {
        let effect = Effect::Request(Rewrite::Member(at, edit));
        all.push(fault(operation, Kind::Value, word, last(at), title, effect));
    }
}

/// A member that has no effect, and one that the answer alone shows.
fn without(operation: &'static str, at: &'static str, ignored: String, forgotten: String) -> [Fault; 2] {
    [
        twist(operation, Kind::Ignored, at, last(at), ignored, StateChange::Ignored(at)),
        twist(operation, Kind::Forgotten, at, last(at), forgotten, StateChange::Forgotten(at)),
    ]
}

fn twist(
    operation: &'static str,
    kind: Kind,
    word: &str,
    subject: &str,
    title: impl Into<String>,
    twist: StateChange,
) -> Fault {
    fault(operation, kind, word, subject, title, Effect::State(twist))
}

/// What a replace may change. Left out: `status` of a server, of which nothing establishes that a replace can change it.
const REPLACES: &[(&str, &[&str])] = &[
    (
        "replaceAuthorizationServer",
        &[
            "/name",
            "/description",
            "/audiences",
            "/issuerMode",
            "/credentials/signing/rotationMode",
            "/jwks",
            "/accessTokenEncryptedResponseAlgorithm",
        ],
    ),
    (
        "replaceOAuth2Scope",
        &["/name", "/displayName", "/description", "/metadataPublish", "/consent", "/optional", "/default"],
    ),
    (
        "replaceOAuth2Claim",
        &["/name", "/status", "/claimType", "/value", "/conditions/scopes", "/alwaysIncludeInToken"],
    ),
    ("replaceAuthorizationServerPolicy", &["/name", "/description", "/conditions/clients/include"]),
    (
        "replaceAuthorizationServerPolicyRule",
        &[
            "/name",
            "/conditions/grantTypes",
            "/conditions/people",
            "/conditions/scopes",
            "/actions/token/accessTokenLifetimeMinutes",
            "/actions/token/refreshTokenLifetimeMinutes",
            "/actions/token/refreshTokenWindowMinutes",
        ],
    ),
];

/// What a create may say beside what it must.
const CREATES: &[(&str, &[&str])] = &[
    (CREATE_SERVER, &["/description", "/issuerMode"]),
    ("createOAuth2Scope", &["/displayName", "/description", "/metadataPublish", "/consent", "/optional", "/default"]),
    ("createOAuth2Claim", &["/status", "/conditions/scopes", "/alwaysIncludeInToken"]),
    ("createAuthorizationServerPolicy", &["/description", "/conditions/clients/include"]),
    (
        "createAuthorizationServerPolicyRule",
        &[
            "/priority",
            "/conditions/scopes",
            "/actions/token/accessTokenLifetimeMinutes",
            "/actions/token/refreshTokenLifetimeMinutes",
            "/actions/token/refreshTokenWindowMinutes",
        ],
    ),
    ("addOAuth2ResourceServerJsonWebKey", &["/kid"]),
];

/// Operation, member and the default that it does not have.
fn defaults() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        (CREATE_SERVER, "/description", json!("")),
        ("createOAuth2Scope", "/metadataPublish", json!("ALL_CLIENTS")),
        ("createOAuth2Scope", "/consent", json!("REQUIRED")),
        ("createOAuth2Scope", "/optional", json!(true)),
        ("createOAuth2Scope", "/default", json!(true)),
        ("createOAuth2Scope", "/description", json!("")),
        ("createOAuth2Scope", "/displayName", json!("")),
        ("createAuthorizationServerPolicy", "/conditions/clients/include", json!(["ALL_CLIENTS"])),
        ("replaceAuthorizationServer", "/description", json!("")),
    ]
}

/// Operation and a member that only the service sets.
const READ_ONLY: &[(&str, &str)] = &[
    (CREATE_SERVER, "/id"),
    (CREATE_SERVER, "/issuer"),
    (CREATE_SERVER, "/created"),
    (CREATE_SERVER, "/lastUpdated"),
    (CREATE_SERVER, "/default"),
    (CREATE_SERVER, "/credentials/signing/kid"),
    (CREATE_SERVER, "/credentials/signing/rotationMode"),
    ("replaceAuthorizationServer", "/id"),
    ("replaceAuthorizationServer", "/issuer"),
    ("replaceAuthorizationServer", "/created"),
    ("replaceAuthorizationServer", "/credentials/signing/kid"),
    ("createOAuth2Scope", "/id"),
    ("createOAuth2Scope", "/system"),
    ("createOAuth2Claim", "/id"),
    ("createOAuth2Claim", "/system"),
    ("createAuthorizationServerPolicy", "/id"),
    ("createAuthorizationServerPolicy", "/system"),
    ("createAuthorizationServerPolicy", "/status"),
    ("createAuthorizationServerPolicyRule", "/id"),
    ("createAuthorizationServerPolicyRule", "/system"),
    ("replaceOAuth2Scope", "/id"),
    ("replaceOAuth2Scope", "/system"),
    ("replaceOAuth2Claim", "/id"),
    ("replaceOAuth2Claim", "/system"),
    ("replaceAuthorizationServerPolicy", "/id"),
    ("replaceAuthorizationServerPolicy", "/created"),
    ("replaceAuthorizationServerPolicy", "/status"),
    ("replaceAuthorizationServerPolicyRule", "/id"),
    ("replaceAuthorizationServerPolicyRule", "/system"),
    ("replaceAuthorizationServerPolicyRule", "/status"),
];

/// Operations of which it is established that they leave out what they do not know.
const SENT_BACK: &[&str] = &[
    CREATE_SERVER,
    "replaceAuthorizationServer",
    "createOAuth2Scope",
    "createOAuth2Claim",
    "createAuthorizationServerPolicy",
    "createAuthorizationServerPolicyRule",
];

const SPREADS: &[&str] = &[
    "replaceAuthorizationServer",
    "deleteAuthorizationServer",
    "deactivateAuthorizationServer",
    "deleteOAuth2Scope",
    "deleteOAuth2Claim",
    "replaceAuthorizationServerPolicy",
    "deleteAuthorizationServerPolicy",
    "deactivateAuthorizationServerPolicy",
    "replaceAuthorizationServerPolicyRule",
    "deleteAuthorizationServerPolicyRule",
    "deactivateAuthorizationServerPolicyRule",
    "deleteOAuth2ResourceServerJsonWebKey",
    "revokeRefreshTokenForAuthorizationServerAndClient",
];

/// Operation, and the open part of the path at which others are tried.
const LEAKS: &[(&str, usize)] = &[
    ("getOAuth2Scope", 0),
    ("replaceOAuth2Scope", 0),
    ("deleteOAuth2Scope", 0),
    ("getOAuth2Claim", 0),
    ("replaceOAuth2Claim", 0),
    ("deleteOAuth2Claim", 0),
    ("getAuthorizationServerPolicy", 0),
    ("replaceAuthorizationServerPolicy", 0),
    ("deleteAuthorizationServerPolicy", 0),
    ("activateAuthorizationServerPolicy", 0),
    ("deactivateAuthorizationServerPolicy", 0),
    ("listAuthorizationServerPolicyRules", 0),
    ("createAuthorizationServerPolicyRule", 0),
    ("getAuthorizationServerPolicyRule", 0),
    ("getAuthorizationServerPolicyRule", 1),
    ("replaceAuthorizationServerPolicyRule", 0),
    ("deleteAuthorizationServerPolicyRule", 0),
    ("getAuthorizationServerKey", 0),
    ("getOAuth2ResourceServerJsonWebKey", 0),
    ("deleteOAuth2ResourceServerJsonWebKey", 0),
];

const REFUSED: &[&str] = &[
    "replaceAuthorizationServer",
    CREATE_SERVER,
    "rotateAuthorizationServerKeys",
    "replaceOAuth2Scope",
    "replaceOAuth2Claim",
    "replaceAuthorizationServerPolicy",
    "replaceAuthorizationServerPolicyRule",
];

/// Operation, member, word, what becomes of it, and that in words.
fn altered() -> [(&'static str, &'static str, &'static str, Edit, &'static str); 5] {
    let (token, kid) = (Edit::Set(json!("RESOURCE")), Edit::Set(json!("other")));
    let (value, audience) = (Edit::Set(json!("user.login")), Edit::Set(json!("api://other")));
    [
        ("createOAuth2Claim", "/value", "stored-value", value, "A create stores another value"),
        (
            "createOAuth2Claim",
            "/claimType",
            "stored-token",
            token,
            "A create makes every claim one of the access token",
        ),
        (
            "replaceAuthorizationServer",
            "/jwks/keys/0/kid",
            "stored-kid",
            kid,
            "A replace stores a key under another kid",
        ),
        (CREATE_SERVER, "/audiences/0", "audience", audience, "A create stores another audience"),
        (CREATE_SERVER, "/description", "stored-description", Edit::Cut(1), LOST_CHARACTER),
    ]
}

const LOST_CHARACTER: &str = "A create loses the first character of description";
