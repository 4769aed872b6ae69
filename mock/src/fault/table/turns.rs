//! Faults of which the first answer shows nothing: each second or third is wrong. A case that looks twice meets them in its later steps, whose
//! checks a fault that is always there never reaches.

use serde_json::json;

use super::{AUTHORIZE, Change, Edit, Effect, Fault, ISSUE, Kind, TokenType, fault, member, on, on_success};

/// Every how many answers, and whether requests for different paths are counted together.
type Turns = &'static [(usize, bool)];

pub(super) fn add(all: &mut Vec<Fault>) {
    for (operation, turns, word, subject, effect) in rows() {
        for (every, together) in turns {
            let of = if *together { "of all" } else { "for the same path" };
            let title = format!("Each {every}. answer {of} is wrong: {}", word.replace('-', " "));
            let word = format!("{word}-{every}{}", if *together { "-of-all" } else { "" });
            let row = fault(operation, Kind::Unsteady, &word, subject, title, effect.clone());
            all.push(Fault { every: *every, together: *together, ..row });
        }
    }
}

/// Operation, which of its answers are wrong, how, what shows it, and the change.
fn rows() -> Vec<(&'static str, Turns, &'static str, &'static str, Effect)> {
    let token = |token, at: &str, value| Effect::Token(token, format!("/claims/{at}"), Edit::Put(value));
    let opaque = |name: &str| member(format!("/{name}"), Edit::Set(json!("opaque")));
    let created = |status| on(status, Change::Refused(400, "E0000001"));
    vec![
        (
            ISSUE,
            &[(2, false), (3, false), (2, true), (3, true)],
            "opaque-token",
            "access_token",
            opaque("access_token"),
        ),
        (ISSUE, &[(2, false)], "no-token", "access_token", member("/access_token", Edit::Remove)),
        (ISSUE, &[(4, false)], "refused", "400", on_success(Change::Refused(400, "E0000001"))),
        (ISSUE, &[(2, false)], "opaque-id-token", "id_token", opaque("id_token")),
        (ISSUE, &[(2, false), (3, false)], "another-claim", "turn", token(TokenType::Access, "turn", json!(1))),
        (
            ISSUE,
            &[(2, false)],
            "another-issuer",
            "iss",
            token(TokenType::Access, "iss", json!("https://other.example.com")),
        ),
        (ISSUE, &[(2, false)], "another-claim-of-the-id-token", "turn", token(TokenType::Id, "turn", json!(1))),
        (ISSUE, &[(2, false)], "another-user-of-the-id-token", "sub", token(TokenType::Id, "sub", json!("other"))),
        (
            ISSUE,
            &[(2, false), (2, true)],
            "another-key",
            "kid",
            Effect::Token(TokenType::Access, "/header/kid".to_owned(), Edit::Set(json!("other"))),
        ),
        (ISSUE, &[(2, false)], "mistyped-refresh-token", "refresh_token", member("/refresh_token", Edit::Mistype)),
        (ISSUE, &[(2, false)], "no-refresh-token", "refresh_token", member("/refresh_token", Edit::Remove)),
        (AUTHORIZE, &[(2, false)], "page", "303", on(302, Change::Status(303))),
        (
            "getAuthorizationServer",
            &[(2, false)],
            "no-key",
            "kid|signing",
            member("/credentials/signing/kid", Edit::Remove),
        ),
        ("getOAuthMetadata", &[(2, false)], "no-scopes", "scopes_supported", member("/scopes_supported", Edit::Empty)),
        (
            "getOpenIdConfiguration",
            &[(2, false)],
            "no-scopes",
            "scopes_supported",
            member("/scopes_supported", Edit::Empty),
        ),
        ("createAuthorizationServerPolicy", &[(3, true)], "refused", "400", created(201)),
        ("createAuthorizationServerPolicyRule", &[(2, true), (3, true)], "refused", "400", created(201)),
        ("getAuthorizationServerPolicy", &[(2, true)], "created", "201", on(200, Change::Status(201))),
        ("getAuthorizationServerPolicyRule", &[(2, true)], "created", "201", on(200, Change::Status(201))),
        // What a replace may have brought back is looked at for a second time.
        ("getOAuth2Scope", &[(2, false)], "gone", "400", on(404, Change::Status(400))),
        ("getOAuth2Claim", &[(2, false)], "gone", "400", on(404, Change::Status(400))),
        ("getAuthorizationServerPolicy", &[(2, false)], "gone", "400", on(404, Change::Status(400))),
    ]
}
