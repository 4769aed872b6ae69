//! Tokens and what is told of them: wrong answers of the endpoints for tokens, and wrong tokens that are signed all the same. Owns the
//! members of each that are established, and the errors of these endpoints.

use serde_json::{Value, json};

use super::{
    AUTHORIZE, Change, Edit, Effect, Fault, INTROSPECT, ISSUE, JSON, Kind, LOGOUT, REVOKE, TokenType, USERINFO, When,
    fault, last, member, on, on_success,
};

/// A member of an answer or a token, and another value that it never has.
type Member = (&'static str, Value);

pub(super) fn add(all: &mut Vec<Fault>) {
    for (operation, members) in answers() {
        for (at, wrong) in members {
            shown(all, operation, at, &wrong);
        }
    }
    for (operation, at, value, title) in extra() {
        all.push(fault(operation, Kind::Extra, at, last(at), title, member(at, Edit::Put(value))));
    }
    for (token, noun, members) in tokens() {
        for (at, wrong) in members {
            signed(all, token, noun, at, &wrong);
        }
    }
    for (token, noun, at, value, title) in more() {
        let word = format!("{noun}.{}", last(at));
        let effect = Effect::Token(token, at.to_owned(), Edit::Put(value));
        all.push(fault(ISSUE, Kind::Extra, &word, last(at), title, effect));
    }
    for (at, subject, title) in [
        ("/claims/cnf/jkt", "cnf", "The key that an access token is bound to has a short thumbprint"),
        ("/claims/conformance/0", "conformance", "The first item of a claim is another"),
        ("/claims/conformance/1", "conformance", "The second item of a claim is another"),
    ] {
        let effect = Effect::Token(TokenType::Access, at.to_owned(), Edit::Set(json!("short")));
        all.push(fault(ISSUE, Kind::Value, &format!("access-token{at}"), subject, title, effect));
    }
    for (token, noun) in [(TokenType::Access, "access-token"), (TokenType::Id, "id-token")] {
        let title = format!("The signature of the {} is broken", noun.replace('-', " "));
        all.push(fault(ISSUE, Kind::Signature, noun, "signed", title, Effect::Spoilt(token)));
    }
    errors(all);
    headers(all);
    redirects(all);
    keys(all);
    unsteady(all);
}

/// A member of an answer: missing, null, of another type, of another name, with another value.
fn shown(all: &mut Vec<Fault>, operation: &'static str, at: &'static str, wrong: &Value) {
    let name = last(at);
    let ways = [
        (Kind::Missing, Edit::Remove, "is missing"),
        (Kind::Null, Edit::Null, "is null"),
        (Kind::Mistyped, Edit::Mistype, "has another type"),
        (Kind::Renamed, Edit::Rename("renamed"), "has another name"),
        (Kind::Value, Edit::Set(wrong.clone()), "is wrong"),
    ];
    for (kind, edit, what) in ways {
        let title = format!("{name} {what} in the answer");
        // Another refresh token shows when it is used.
        let subject = if (kind, name) == (Kind::Value, "refresh_token") { "refresh_token|400" } else { name };
        all.push(fault(operation, kind, at, subject, title, member(at, edit)));
    }
}

/// The same of a token that is signed so.
fn signed(all: &mut Vec<Fault>, token: TokenType, noun: &str, at: &'static str, wrong: &Value) {
    let (name, word) = (last(at), format!("{noun}.{}", last(at)));
    // What a verifier says of these is how long the token lives.
    let subject = if matches!(name, "iat" | "exp") { format!("{name}|lifetime") } else { name.to_owned() };
    let ways = [
        (Kind::Missing, Edit::Remove, "is missing"),
        (Kind::Null, Edit::Null, "is null"),
        (Kind::Mistyped, Edit::Mistype, "has another type"),
        (Kind::Value, Edit::Set(wrong.clone()), "is wrong"),
    ];
    for (kind, edit, what) in ways {
        let title = format!("{name} {what} in the {}", noun.replace('-', " "));
        all.push(fault(ISSUE, kind, &word, subject.as_str(), title, Effect::Token(token, at.to_owned(), edit)));
    }
}

/// Operations, and what their answers show.
fn answers() -> Vec<(&'static str, Vec<Member>)> {
    let issued = vec![
        ("/token_type", json!("MAC")),
        ("/expires_in", json!(599)),
        ("/access_token", json!("opaque")),
        ("/scope", json!("other")),
        ("/refresh_token", json!("short")),
        ("/id_token", json!("opaque")),
    ];
    let introspected = vec![
        ("/active", json!("yes")),
        ("/scope", json!("other")),
        ("/username", json!("other@example.com")),
        ("/exp", json!(1)),
        ("/iat", json!(1)),
        ("/sub", json!("other")),
        ("/aud", json!("api://other")),
        ("/iss", json!("https://other.example.com")),
        ("/jti", json!("AT.other")),
        ("/token_type", json!("MAC")),
        ("/client_id", json!("0oa1more000000000more")),
        ("/uid", json!("other")),
    ];
    let told = vec![
        ("/sub", json!("other")),
        ("/preferred_username", json!("other@example.com")),
        ("/email", json!("nowhere")),
    ];
    vec![(ISSUE, issued), (INTROSPECT, introspected), (USERINFO, told)]
}

/// Operation, member, its value, and that in words.
fn extra() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    vec![
        (ISSUE, "/refresh_token", json!("0123456789012345678901234567890123456789"), "A client gets a refresh token"),
        (ISSUE, "/id_token", json!("e30.e30.e30"), "A client gets an ID token"),
        (INTROSPECT, "/uid", json!("00u1more000000000more"), "The token of a client has a user"),
        (USERINFO, "/email", json!("other@example.com"), "The address is told without its scope"),
        (USERINFO, "/preferred_username", json!("other"), "The name of the user is told without its scope"),
        ("getJwks", "/keys/0/status", json!("ACTIVE"), "A public key has a status"),
        ("getJwks", "/keys/0/_links", json!({}), "A public key has links"),
        ("getJwks", "/keys/0/created", json!("2026-06-01T00:00:00.000Z"), "A public key has a time"),
        (
            "getJwks",
            "/keys/0/lastUpdated",
            json!("2026-06-01T00:00:00.000Z"),
            "A public key has the time of its change",
        ),
        ("getJwks", "/keys/0/expiresAt", json!("2036-06-01T00:00:00.000Z"), "A public key has an end"),
        ("getJwks", "/keys/0/oth", json!([]), "A public key has further primes"),
        ("getJwks", "/keys/0/k", json!("c2VjcmV0"), "A public key has the value of a symmetric one"),
    ]
}

/// Tokens, how they are called, and what they have.
fn tokens() -> Vec<(TokenType, &'static str, Vec<Member>)> {
    let access = vec![
        ("/header/kid", json!("other")),
        ("/header/alg", json!("RS384")),
        ("/claims/ver", json!(2)),
        ("/claims/jti", json!("AT.other")),
        ("/claims/iss", json!("https://other.example.com/oauth2/default")),
        ("/claims/aud", json!("api://other")),
        ("/claims/iat", json!(1)),
        ("/claims/exp", json!(4_102_444_800_u64)),
        ("/claims/cid", json!("0oa1more000000000more")),
        ("/claims/scp", json!(["other"])),
        ("/claims/sub", json!("other")),
        ("/claims/uid", json!("other")),
        ("/claims/auth_time", json!(1)),
    ];
    let id = vec![
        ("/header/kid", json!("other")),
        ("/header/alg", json!("RS384")),
        ("/claims/ver", json!(2)),
        ("/claims/jti", json!("ID.other")),
        ("/claims/iss", json!("https://other.example.com/oauth2/default")),
        ("/claims/aud", json!("api://other")),
        ("/claims/iat", json!(1.5)),
        ("/claims/exp", json!(1.5)),
        ("/claims/sub", json!("other")),
        ("/claims/auth_time", json!(1.5)),
        ("/claims/at_hash", json!("other")),
        ("/claims/preferred_username", json!("other")),
        ("/claims/nonce", json!("other")),
    ];
    vec![(TokenType::Access, "access-token", access), (TokenType::Id, "id-token", id)]
}

/// Token, how it is called, what it should not have, its value, and that in words.
fn more() -> Vec<(TokenType, &'static str, &'static str, Value, &'static str)> {
    let (access, id) = (TokenType::Access, TokenType::Id);
    let key = json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"});
    vec![
        (access, "access-token", "/header/typ", json!("at+jwt"), "The header of an access token has a type"),
        (access, "access-token", "/header/jku", json!("https://example.com"), "The header names a set of keys"),
        (access, "access-token", "/claims/uid", json!("00u1more000000000more"), "The token of a client has a user"),
        (access, "access-token", "/claims/cnf", key, "Each access token is bound to a key"),
        (access, "access-token", "/claims/name", json!("Other"), "An access token has a name"),
        (access, "access-token", "/claims/conformance", json!("other"), "An access token has a claim all the same"),
        (access, "access-token", "/claims/email", json!("other@example.com"), "An access token has an address"),
        (access, "access-token", "/claims/preferred_username", json!("other"), "An access token has a user's name"),
        (id, "id-token", "/claims/scp", json!(["openid"]), "An ID token has scopes"),
        (
            id,
            "id-token",
            "/claims/cid",
            json!("0oa1more000000000more"),
            "An ID token has a client besides its audience",
        ),
    ]
}

/// The status, code and text of errors.
const ERRORS: &[(&str, u16, &str, Form)] = &[
    (ISSUE, 400, "invalid_client", Form::Api),
    (ISSUE, 401, "invalid_client", Form::Both),
    (ISSUE, 401, "invalid_request", Form::OAuth),
    (ISSUE, 400, "invalid_request", Form::OAuth),
    (ISSUE, 400, "unsupported_grant_type", Form::OAuth),
    (ISSUE, 400, "unauthorized_client", Form::OAuth),
    (ISSUE, 400, "invalid_dpop_proof", Form::OAuth),
    (ISSUE, 400, "use_dpop_nonce", Form::OAuth),
    (ISSUE, 400, "invalid_scope", Form::OAuth),
    (ISSUE, 400, "consent_required", Form::OAuth),
    (ISSUE, 401, "access_denied", Form::OAuth),
    (ISSUE, 400, "access_denied", Form::OAuth),
    (ISSUE, 400, "server_error", Form::OAuth),
    (ISSUE, 400, "invalid_grant", Form::OAuth),
    (INTROSPECT, 401, "invalid_client", Form::OAuth),
    (INTROSPECT, 400, "invalid_request", Form::OAuth),
    (REVOKE, 401, "invalid_client", Form::OAuth),
    (REVOKE, 400, "invalid_request", Form::OAuth),
];

/// What becomes of an error of OAuth: a word for it, the member, and how it changes.
fn oauth_members() -> Vec<(&'static str, &'static str, Edit)> {
    vec![
        ("other-error", "/error", Edit::Set(json!("temporarily_unavailable"))),
        ("no-error", "/error", Edit::Remove),
        ("number", "/error", Edit::Set(json!(1))),
        ("no-description", "/error_description", Edit::Remove),
        ("null-description", "/error_description", Edit::Null),
        ("other-description", "/error_description", Edit::Set(json!("Something is wrong."))),
    ]
}

/// The same of an error of the management API.
fn api_members() -> Vec<(&'static str, &'static str, Edit)> {
    vec![
        ("other-code", "/errorCode", Edit::Set(json!("E0000007"))),
        ("no-code", "/errorCode", Edit::Remove),
        ("no-summary", "/errorSummary", Edit::Remove),
        ("other-summary", "/errorSummary", Edit::Set(json!("Something is wrong."))),
        ("no-link", "/errorLink", Edit::Remove),
        ("no-id", "/errorId", Edit::Remove),
        ("no-causes", "/errorCauses", Edit::Remove),
        ("null-causes", "/errorCauses", Edit::Null),
    ]
}

/// Which of the two forms an error has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    OAuth,
    Api,
    /// Either, by what is wrong.
    Both,
}

fn errors(all: &mut Vec<Fault>) {
    for (operation, status, code, form) in ERRORS {
        let word = format!("{status}-{code}");
        let effect = |change| Effect::Answer(When::Error(*status, code), change);
        let exchanged = if *status == 400 { 401 } else { 400 };
        for other in [exchanged, 200, 403, 500] {
            // Sources contradict each other about two kinds of credentials (facts, section 2).
            if (*status, *code, other) == (401, "invalid_request", 400) {
                continue;
            }
            let title = format!("The error {code} is answered with {other} instead of {status}");
            let word = format!("{word}-as-{other}");
            all.push(fault(operation, Kind::Status, &word, other.to_string(), title, effect(Change::Status(other))));
        }
        let title = format!("The error {code} has the other of the two forms");
        all.push(fault(operation, Kind::ErrorForm, &word, "", title, effect(Change::OtherEnvelope)));
        let (oauth, api) = match form {
            Form::OAuth => (true, false),
            Form::Api => (false, true),
            Form::Both => (true, true),
        };
        let mut members = Vec::new();
        if oauth {
            members.extend(oauth_members());
        }
        if api {
            members.extend(api_members());
        }
        for (way, at, edit) in members {
            let (title, word) = (format!("The form of the error {code} is another: {way}"), format!("{word}-{way}"));
            let change = effect(Change::Member(at.to_owned(), edit));
            all.push(fault(operation, Kind::ErrorForm, &word, last(at), title, change));
        }
    }
    for (operation, status, at, value) in [
        (ISSUE, 400, "/access_token", json!("e30.e30.e30")),
        (ISSUE, 401, "/access_token", json!("e30.e30.e30")),
        (INTROSPECT, 400, "/active", json!(false)),
    ] {
        let title = format!("A refusal with {status} has {} too", last(at));
        let word = format!("{}-on-{status}", last(at));
        let effect = on(status, Change::Member(at.to_owned(), Edit::Put(value)));
        all.push(fault(operation, Kind::Extra, &word, last(at), title, effect));
    }
    let title = "A request of nobody about a token is answered with 200";
    all.push(fault(INTROSPECT, Kind::Status, "400-as-200", "200", title, on(400, Change::Status(200))));
    let title = "An answer to a revocation has a body";
    let effect = on(200, Change::Body("{}", JSON));
    all.push(fault(REVOKE, Kind::Extra, "body", "body", title, effect));
    for (word, at, edit) in [
        ("status", "", None),
        ("error-code", "/errorCode", Some(Edit::Set(json!("E0000007")))),
        ("error-link", "/errorLink", Some(Edit::Set(json!("E0000007")))),
        ("error-causes", "/errorCauses", Some(Edit::Append(json!({"errorSummary": "Something is wrong."})))),
    ] {
        let (kind, subject, change) = match edit {
            None => (Kind::Status, "401", Change::Status(401)),
            Some(edit) => (Kind::ErrorForm, last(at), Change::Member(at.to_owned(), edit)),
        };
        let title = format!("The metadata for a client that is not known have another {}", word.replace('-', " "));
        let word = format!("unknown-client-{word}");
        all.push(fault("getOAuthMetadata", kind, &word, subject, title, on(400, change)));
    }
    let title = "A refused token is answered without a challenge";
    let change = on(401, Change::Header("www-authenticate", None));
    all.push(fault(USERINFO, Kind::Header, "no-www-authenticate-on-401", "www-authenticate", title, change));
    let title = "A refused token is answered with a challenge of another error";
    let change = on(401, Change::InHeader("www-authenticate", "invalid_token", "invalid_request"));
    all.push(fault(USERINFO, Kind::Header, "other-error-on-401", "www-authenticate", title, change));
    for (status, other) in [(401, 400), (401, 403), (401, 200), (403, 200)] {
        let title = format!("A {status} of userinfo is answered with {other}");
        let word = format!("{status}-as-{other}");
        all.push(fault(USERINFO, Kind::Status, &word, other.to_string(), title, on(status, Change::Status(other))));
    }
    let title = "A client is not told the nonce to use";
    let change = on(400, Change::Header("dpop-nonce", None));
    all.push(fault(ISSUE, Kind::Header, "no-dpop-nonce-on-400", "dpop-nonce", title, change));
}

/// Answers that lead a browser on: operation, status, a word, what becomes of the header or status, what shows it, and that in words.
fn redirects(all: &mut Vec<Fault>) {
    let location = |from, to| Change::InHeader("location", from, to);
    for (operation, page) in [(AUTHORIZE, "example.com/callback"), (LOGOUT, "app.example.com/")] {
        let rows = [
            ("no-location", Change::Header("location", None), "location", "A redirect leads nowhere"),
            ("other-page", location(page, "other.example.com/"), "location", "A redirect leads to another page"),
            ("no-state", location("state=", "status="), "location", "A redirect lacks the state"),
            ("other-state", location("state=", "state=other"), "state", "A redirect has another state"),
        ];
        for (word, change, subject, title) in rows {
            all.push(fault(operation, Kind::Header, word, subject, title, on(302, change)));
        }
        let title = "A browser is shown a page instead of being led on";
        all.push(fault(operation, Kind::Status, "302-as-200", "200", title, on(302, Change::Status(200))));
    }
    let rows = [
        ("no-code", location("code=", "token="), "A redirect lacks the code"),
        ("no-error", location("error=", "failure="), "A redirect lacks the error"),
        ("other-error", location("error=", "error=conformance_"), "A redirect has another error"),
        ("code-beside-an-error", location("error=", "code=other&error="), "A redirect has a code beside an error"),
        ("fragment", location("?", "#"), "What belongs into the query is in the fragment"),
        ("query", location("#", "?"), "What belongs into the fragment is in the query"),
    ];
    for (word, change, title) in rows {
        all.push(fault(AUTHORIZE, Kind::Header, word, "location", title, on(302, change)));
    }
    let title = "The page with a form is a text";
    let change = on(200, Change::Header("content-type", Some("text/plain")));
    all.push(fault(AUTHORIZE, Kind::Header, "other-content-type-on-200", "content-type", title, change));
    let title = "A logout that is refused leads to the client's page all the same";
    let change = on(400, Change::Header("location", Some("https://app.example.com/")));
    all.push(fault(LOGOUT, Kind::Header, "location-on-400", "location", title, change));
    let title = "A logout that should be refused is not";
    all.push(fault(LOGOUT, Kind::Status, "400-as-200", "200", title, on(400, Change::Status(200))));
    let title = "A browser is led to a page that no client has";
    let change = on(400, Change::Header("location", Some("https://conformance.invalid/")));
    all.push(fault(AUTHORIZE, Kind::Header, "location-on-400", "location", title, change));
    for (status, other) in [(400, 302), (400, 200), (302, 303), (200, 302)] {
        let (title, word) = (format!("A {status} is a {other}"), format!("{status}-as-{other}"));
        all.push(fault(AUTHORIZE, Kind::Status, &word, other.to_string(), title, on(status, Change::Status(other))));
    }
}

/// Header, its value (none: it is not there).
const ANSWERS: &[(u16, &str, Option<&str>)] = &[
    (200, "content-type", Some("text/plain")),
    (200, "content-type", None),
    (200, "cache-control", Some("max-age=60")),
    (200, "cache-control", None),
    (200, "pragma", None),
    (200, "expires", None),
    (200, "x-okta-request-id", None),
    (200, "x-rate-limit-limit", None),
    (200, "x-rate-limit-remaining", None),
    (200, "x-rate-limit-reset", None),
    (200, "x-rate-limit-reset", Some("60")),
    (200, "x-robots-tag", None),
    (200, "x-robots-tag", Some("all")),
    (400, "content-type", Some("text/html")),
    (400, "cache-control", Some("max-age=60")),
    (400, "cache-control", None),
    (400, "x-rate-limit-limit", None),
    (400, "x-rate-limit-remaining", None),
    (400, "x-rate-limit-reset", None),
    (400, "x-robots-tag", Some("noindex,nofollow")),
];

fn headers(all: &mut Vec<Fault>) {
    for (status, name, value) in ANSWERS {
        let (word, what) = match value {
            None => ("no", format!("no {name}")),
            Some(_) => ("other", format!("a wrong {name}")),
        };
        let title = format!("A {status} of the token endpoint has {what}");
        let word = format!("{word}-{name}-on-{status}");
        all.push(fault(ISSUE, Kind::Header, &word, *name, title, on(*status, Change::Header(name, *value))));
    }
}

fn keys(all: &mut Vec<Fault>) {
    let operation = "getJwks";
    for (at, kind, edit, title) in [
        ("/keys/*/kty", Kind::Value, Edit::Set(json!("EC")), "Keys are of another type"),
        ("/keys/*/kty", Kind::Missing, Edit::Remove, "Keys have no type"),
        ("/keys/*/alg", Kind::Missing, Edit::Remove, "Keys have no algorithm"),
        ("/keys/*/use", Kind::Missing, Edit::Remove, "Keys have no use"),
        ("/keys/*/e", Kind::Missing, Edit::Remove, "Keys have no exponent"),
        ("/keys/*/e", Kind::Value, Edit::Set(json!("Aw")), "Keys have another exponent"),
        ("/keys/*/n", Kind::Value, Edit::Cut(4), "Keys have another modulus"),
        ("/keys/*/n", Kind::Mistyped, Edit::Mistype, "Keys have a modulus of another type"),
        ("/keys/*/kid", Kind::Value, Edit::Set(json!("other")), "Keys have another kid"),
        ("/keys/*/kid", Kind::Mistyped, Edit::Mistype, "Keys have a kid of another type"),
        ("/keys", Kind::Null, Edit::Null, "The list of keys is null"),
        ("/keys", Kind::Mistyped, Edit::Mistype, "There is a key instead of a list"),
        ("/keys", Kind::Renamed, Edit::Rename("jwks"), "The list of keys has another name"),
    ] {
        let subject =
            if at.ends_with("/e") || at.ends_with("/n") { format!("{}|signed", last(at)) } else { last(at).to_owned() };
        let word = format!("{at}-of-keys");
        all.push(fault(operation, kind, &word, subject, title, member(at, edit)));
    }
    let cached = [
        ("cache-control", Some("must-revalidate"), "Nothing says how long keys may be kept"),
        ("cache-control", Some("max-age=0, must-revalidate"), "Keys may not be kept at all"),
        ("expires", Some("0"), "The end of the keys is no time"),
        ("expires", None, "The end of the keys is not said"),
        ("pragma", Some("no-cache"), "Keys may not be kept, by an old header"),
    ];
    for (number, (name, value, title)) in cached.into_iter().enumerate() {
        let word = format!("{name}-of-keys-{}", number + 1);
        all.push(fault(operation, Kind::Header, &word, name, title, on_success(Change::Header(name, value))));
    }
    for at in METHODS {
        for (number, method) in METHOD_ORDER.into_iter().enumerate() {
            let (title, word) = (format!("{} lacks {method}", last(at)), format!("{at}-without-{method}"));
            let effect = member(format!("{at}/{number}"), Edit::Remove);
            all.push(fault("getOAuthMetadata", Kind::Items, &word, last(at), title, effect));
        }
    }
    let claims = "/claims_supported";
    for (word, edit, title) in [
        ("claims-short", Edit::Shorten, "A claim of access tokens is not listed"),
        ("claims-more", Edit::Append(json!("email")), "A claim is listed that access tokens do not have"),
    ] {
        all.push(fault("getOAuthMetadata", Kind::Items, word, "claims_supported", title, member(claims, edit)));
    }
}

const METHODS: &[&str] = &[
    "/token_endpoint_auth_methods_supported",
    "/introspection_endpoint_auth_methods_supported",
    "/revocation_endpoint_auth_methods_supported",
];

/// The order of these lists, as recorded.
const METHOD_ORDER: [&str; 4] = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"];

/// Answers that are not always the same.
fn unsteady(all: &mut Vec<Fault>) {
    for (operation, every, together) in [
        (ISSUE, 2, false),
        (ISSUE, 3, false),
        (ISSUE, 5, true),
        (ISSUE, 7, true),
        (INTROSPECT, 2, false),
        (INTROSPECT, 3, true),
        (REVOKE, 2, false),
        (REVOKE, 3, true),
        (USERINFO, 3, true),
    ] {
        let of = if together { " of all" } else { " for the same path" };
        let title = format!("Each {every}. request{of} is refused, although nothing is wrong");
        let word = format!("each-{every}{}", if together { "-of-all" } else { "" });
        let change = on_success(Change::Refused(400, "E0000001"));
        let row = fault(operation, Kind::Unsteady, &word, "400", title, change);
        all.push(Fault { every, together, ..row });
    }
    let title = "Each second token has another scope";
    let row = fault(ISSUE, Kind::Unsteady, "scope-2", "scope", title, member("/scope", Edit::Set(json!("other"))));
    all.push(Fault { every: 2, ..row });
    let title = "Each second token that is asked about is not active";
    let inactive = on_success(Change::Body("{\"active\":false}", JSON));
    let row = fault(INTROSPECT, Kind::Unsteady, "inactive-2", "active", title, inactive);
    all.push(Fault { every: 2, ..row });
    for operation in [INTROSPECT, USERINFO] {
        let title = "The connection breaks in the middle of the answer";
        all.push(fault(operation, Kind::Delivery, "cut", "", title, on_success(Change::Cut)));
    }
}
