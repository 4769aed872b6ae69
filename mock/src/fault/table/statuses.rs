//! Wrong statuses and wrong error answers.

use super::{
    Change, Edit, Effect, Fault, JSON, Kind, SERVER, SERVERS, TOKEN, When, fault, of_no_operation, on, on_success,
};
use crate::{OPERATIONS, auth::Access, routes::Operation};

/// What another framework answers with: 200 for a create, 201 for a replace, 202 for what has no body, 200 for what has one.
fn other(operation: &str) -> (u16, u16) {
    match operation {
        "createAssociatedServers"
        | "rotateAuthorizationServerKeys"
        | "activateOAuth2ResourceServerJsonWebKey"
        | "deactivateOAuth2ResourceServerJsonWebKey"
        | "tokenCustomAS" => (200, 201),
        // It has no body.
        "revokeCustomAS" => (200, 204),
        name if name.starts_with("create") || name.starts_with("add") => (201, 200),
        name if name.starts_with("replace") => (200, 201),
        name if ["delete", "revoke", "activate", "deactivate"].iter().any(|verb| name.starts_with(verb)) => (204, 202),
        _ => (200, 206),
    }
}

pub(super) fn add(all: &mut Vec<Fault>) {
    OPERATIONS.iter().copied().flatten().for_each(|operation| statuses_of(all, operation));
    for (operations, turns) in UNSTEADY {
        for operation in *operations {
            turns.iter().for_each(|every| unsteady(all, operation, *every, false));
        }
    }
    for operation in UNSTEADY_TOGETHER {
        (2..=5).for_each(|every| unsteady(all, operation, every, true));
    }
    for (operation, status, code) in CODES {
        all.push(other_code(operation, *status, &status.to_string(), code));
    }
    for operation in OPERATIONS.iter().copied().flatten().filter(|operation| operation.access != Access::Open) {
        errors_of(all, operation);
    }
    for (operation, status, word, pointer, edit) in forms() {
        let title = format!("The body of a {status} has another form: {word}");
        let effect = on(status, Change::Member(pointer.to_owned(), edit));
        all.push(fault(operation, Kind::ErrorForm, word, pointer.trim_start_matches('/'), title, effect));
    }
    for (operation, status, word, body, media_type) in BODIES {
        let title = format!("The body of a {status} has another form: {word}");
        let effect = on(*status, Change::Body(body, media_type));
        all.push(fault(operation, Kind::ErrorForm, word, "error form", title, effect));
    }
    for operation in super::constraints::WITH_BODIES {
        all.push(other_status(
            operation,
            "invalid",
            400,
            422,
            "What is wrong with a body is answered with 422 instead of 400",
        ));
    }
    for operation in [SERVER, "createOAuth2Claim", "listAuthorizationServerPolicies"] {
        let broken = on_success(Change::Status(500));
        all.push(fault(operation, Kind::Status, "broken", "500", "A success is answered with 500", broken));
    }
    let title = "A search that matches nothing is answered with 404";
    let nothing = Effect::Answer(When::EmptyList, Change::Refused(404, "E0000007"));
    all.push(fault(SERVERS, Kind::Status, "no-match", "404", title, nothing));
    for (word, status, other, title) in [
        ("wrong-method", 405, 404, "A method that an endpoint does not have is answered with 404"),
        ("wrong-method-taken", 405, 200, "A method that an endpoint does not have is answered with 200"),
        ("unknown-path", 404, 200, "A path that does not exist is answered with 200"),
    ] {
        all.push(of_no_operation(other_status("", word, status, other, title)));
    }
    for operation in [SERVERS, SERVER, "getOAuth2Scope"] {
        let title = "A request beyond the rate limit is answered with 403";
        let row = other_status(operation, "rate-limit", 429, 403, title);
        all.extend([Fault { subject: "429".to_owned(), ..row }, other_code(operation, 429, "429", "E0000006")]);
    }
    for (operation, every) in (2..=8).map(|every| (SERVER, every)).chain([(REVOKED, 2), (REVOKED, 3)]) {
        let title = format!("What does not exist is answered with 400 each {every} times");
        let change = on(404, Change::Status(400));
        let row = fault(operation, Kind::Unsteady, &format!("not-found-{every}"), "400", title, change);
        all.push(Fault { every, together: true, ..row });
    }
    let title = "The errorCode of a path that does not exist is that of another error, E0000001".to_owned();
    all.push(of_no_operation(Fault { title, ..other_code("", 404, "404", "E0000001") }));
    for status in [404, 405] {
        let title = format!("A {status} of no operation has no errorSummary");
        all.push(of_no_operation(Fault { title, ..no_summary("", status, &status.to_string()) }));
    }
    let title = "The errorCode of a 405 is that of another error, E0000060".to_owned();
    all.push(of_no_operation(Fault { title, ..other_code("", 405, "405", "E0000060") }));
}

/// What else an operation may answer with.
fn statuses_of(all: &mut Vec<Fault>, operation: &Operation) {
    let name = operation.name;
    let (right, wrong) = other(name);
    if name == "mintOrgToken" {
        all.push(other_status(name, "unknown-client", 401, 200, "A client that is not known gets an answer of 200"));
        return;
    }
    // What a browser is sent to has no answer of its own; of the others nothing is settled that a suite could ask for.
    if ["authorize", "logout", "activateDevice", "deviceAuthorize", "par"]
        .iter()
        .any(|endpoint| name.starts_with(endpoint))
    {
        return;
    }
    if right != 204 && name != "revokeCustomAS" {
        let nothing = on_success(Change::Body("", JSON));
        all.push(fault(name, Kind::Missing, "body", "body|content-type", "A success has no body", nothing));
    }
    let title = format!("A success is answered with {wrong} instead of {right}");
    all.push(other_status(name, "success", right, wrong, title));
    if right == 204 {
        let title = "A success is answered with 200 and an empty object instead of 204";
        all.push(fault(name, Kind::Status, "with-body", "200", title, on(204, Change::Talkative)));
    }
    if operation.access != Access::Open && operation.path.contains("{}") {
        all.push(other_status(name, "not-found", 404, 400, "What does not exist is answered with 400 instead of 404"));
    }
    if VARIED.contains(&name) {
        all.push(other_status(name, "no-right", 403, 401, "A missing permission is answered with 401 instead of 403"));
        all.push(other_status(name, "unknown-token", 401, 403, "An unknown token is answered with 403 instead of 401"));
    }
}

/// Another status instead of one.
fn other_status(operation: &'static str, word: &str, status: u16, other: u16, title: impl Into<String>) -> Fault {
    fault(operation, Kind::Status, word, other.to_string(), title, on(status, Change::Status(other)))
}

/// Another error's code in an answer of this status.
fn other_code(operation: &'static str, status: u16, word: &str, code: &str) -> Fault {
    let title = format!("A {status} has an errorCode of another error, {code}");
    let change = Change::Member("/errorCode".to_owned(), Edit::Set(code.into()));
    fault(operation, Kind::ErrorCode, word, "errorCode", title, on(status, change))
}

fn no_summary(operation: &'static str, status: u16, word: &str) -> Fault {
    let title = format!("A {status} has no errorSummary");
    let change = Change::Member("/errorSummary".to_owned(), Edit::Remove);
    fault(operation, Kind::ErrorForm, word, "errorSummary", title, on(status, change))
}

/// Each operation has its own way to refuse, so each may have it wrong.
fn errors_of(all: &mut Vec<Fault>, operation: &Operation) {
    let name = operation.name;
    let mut refusals = Vec::new();
    if operation.path.contains("{}") {
        refusals.push((404, "E0000008"));
    }
    if super::constraints::WITH_BODIES.contains(&name) || name == "deleteOAuth2ResourceServerJsonWebKey" {
        refusals.push((400, "E0000006"));
    }
    refusals.extend([(401, "E0000007"), (403, "E0000007")]);
    for (status, code) in refusals {
        all.push(other_code(name, status, &format!("{status}-{code}").to_lowercase(), code));
        all.push(no_summary(name, status, &format!("no-summary-on-{status}")));
    }
}

/// Operations whose refusals of callers have another status.
const VARIED: &[&str] = &[
    "createAuthorizationServer",
    "replaceAuthorizationServer",
    "listAuthorizationServers",
    "deleteAuthorizationServer",
    "getOAuth2Scope",
    "listOAuth2Claims",
    "activateAuthorizationServerPolicy",
    "deleteAuthorizationServerPolicyRule",
    "listAuthorizationServerKeys",
    "deleteOAuth2ResourceServerJsonWebKey",
];

/// Each nth request for the same path is refused; for operations with an answer, has no body. `together` counts requests for all paths.
fn unsteady(all: &mut Vec<Fault>, name: &'static str, every: usize, together: bool) {
    let nth = match every {
        2 => "2nd".to_owned(),
        3 => "3rd".to_owned(),
        _ => format!("{every}th"),
    };
    let (word, of) = if together { (format!("{nth}-of-all"), "") } else { (nth.clone(), " for the same path") };
    let title = format!("Each {nth} request{of} is refused, although nothing is wrong");
    let refused = on_success(Change::Refused(400, "E0000001"));
    let row = fault(name, Kind::Unsteady, &format!("each-{word}"), "400", title, refused);
    all.push(Fault { every, together, ..row });
    if other(name).0 == 201 || name == "rotateAuthorizationServerKeys" {
        let title = format!("The answer to each {nth} request{of} has no body");
        let nothing = on_success(Change::Body("", JSON));
        let row = fault(name, Kind::Unsteady, &format!("no-body-each-{word}"), "", title, nothing);
        all.push(Fault { every, together, ..row });
    }
}

/// Operations that clients call several times in a row, and at which turns they are refused.
const UNSTEADY: &[(&[&str], &[usize])] = &[
    (
        &[
            "replaceAuthorizationServer",
            "createOAuth2Scope",
            "replaceOAuth2Scope",
            "createOAuth2Claim",
            "getOAuth2Claim",
            "replaceOAuth2Claim",
            "createAuthorizationServerPolicy",
            "getAuthorizationServerPolicy",
            "replaceAuthorizationServerPolicy",
            "replaceAuthorizationServerPolicyRule",
            "listAuthorizationServerKeys",
            "getAuthorizationServerKey",
            "rotateAuthorizationServerKeys",
            "getOAuth2ResourceServerJsonWebKey",
        ],
        &[2],
    ),
    (
        &[
            "listOAuth2Scopes",
            "createAuthorizationServerPolicyRule",
            "listOAuth2ClientsForAuthorizationServer",
            "getRefreshTokenForAuthorizationServerAndClient",
            "getOAuthMetadata",
            "getOrgOAuthMetadata",
        ],
        &[2, 3],
    ),
    (&["createAuthorizationServer", "addOAuth2ResourceServerJsonWebKey"], &[2, 3, 4, 5]),
    (
        &["listAuthorizationServers", "getAuthorizationServer", "listRefreshTokensForAuthorizationServerAndClient"],
        &[2, 3, 4, 5, 7, 11, 13],
    ),
];

/// What tells that a token is gone.
const REVOKED: &str = TOKEN;

/// Operations of which requests for different paths are counted together.
const UNSTEADY_TOGETHER: &[&str] = &["listOAuth2Scopes", "listOAuth2Claims", "activateOAuth2ResourceServerJsonWebKey"];

/// Operation, status, and a code that is documented for another status.
const CODES: &[(&str, u16, &str)] = &[
    ("deleteAuthorizationServer", 404, "E0000006"),
    ("createAuthorizationServer", 400, "E0000002"),
    ("listAuthorizationServers", 401, "E0000006"),
    ("replaceAuthorizationServer", 403, "E0000011"),
    ("getOAuth2Scope", 404, "E0000048"),
    ("createOAuth2Scope", 400, "E0000007"),
    ("createOAuth2Claim", 400, "E0000003"),
    ("getAuthorizationServerPolicy", 404, "E0000001"),
    ("createAuthorizationServerPolicy", 400, "E0000020"),
    ("createAuthorizationServerPolicyRule", 400, "E0000020"),
    ("rotateAuthorizationServerKeys", 400, "E0000003"),
    ("addOAuth2ResourceServerJsonWebKey", 400, "E0000020"),
    ("createAssociatedServers", 400, "E0000020"),
];

/// Operation, status, word, pointer and what becomes of the member.
fn forms() -> Vec<(&'static str, u16, &'static str, &'static str, Edit)> {
    vec![
        ("getAuthorizationServer", 404, "no-code", "/errorCode", Edit::Remove),
        ("getAuthorizationServer", 404, "no-link", "/errorLink", Edit::Remove),
        ("getAuthorizationServer", 404, "no-id", "/errorId", Edit::Remove),
        ("getAuthorizationServer", 404, "no-causes", "/errorCauses", Edit::Remove),
        ("deleteAuthorizationServer", 404, "null-causes", "/errorCauses", Edit::Null),
        ("getAuthorizationServer", 404, "link-is-a-url", "/errorLink", Edit::Set("https://developer.okta.com/".into())),
        ("getAuthorizationServer", 404, "sample-id", "/errorId", Edit::Set("sampleNUSD_8fdkFd8fs8SDBK".into())),
        ("getOAuth2Scope", 404, "causes-are-texts", "/errorCauses", Edit::Set(serde_json::json!(["not found"]))),
        ("createAuthorizationServer", 400, "causes-are-texts", "/errorCauses", Edit::Set(serde_json::json!(["name"]))),
        ("getOAuth2Claim", 404, "code-is-a-number", "/errorCode", Edit::Set(7.into())),
    ]
}

/// Operation, status, word, body and media type.
const BODIES: &[(&str, u16, &str, &str, &str)] = &[
    ("getAuthorizationServer", 404, "empty-object", "{}", JSON),
    ("getOAuth2Scope", 404, "page", "<html><body>Not Found</body></html>", "text/html"),
    ("getOAuth2Claim", 404, "text", "404 page not found", "text/plain"),
    ("createOAuth2Scope", 400, "detail", "{\"detail\":\"validation error\"}", JSON),
    (
        "getAuthorizationServerPolicy",
        404,
        "problem",
        "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}",
        "application/problem+json",
    ),
    ("listAuthorizationServers", 401, "oauth", "{\"error\":\"invalid_token\"}", JSON),
];
