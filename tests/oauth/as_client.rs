//! Requests that cases send as OAuth clients, and tokens that they judge, against an authorization server of these tests. Signatures are made
//! and verified by another library than the harness has.

use std::{collections::BTreeMap, fs, sync::Mutex};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde_json::{Value, json};

use super::{
    org::form,
    server::{Answer, Request, Server},
    support::{Done, Place, data},
};

const SECRET: &str = "S3cret/of+the client~S3cret/of+the client~";
const PASSWORD: &str = "Pa55word/of+the user~";
const NONCE: &str = "n0nce-of-the-server";

/// What the suite of things has in addition.
const OPERATIONS: &str = r"
  - operationId: tokenCustomAS
    title: Ask for a token
    method: POST
    path: /oauth2/{authorizationServerId}/v1/token
    query: {}
    security: client
    bucket: /oauth2/{authorizationServerId}/v1/*
    success: { status: 200, schema: answer }
    errors: { 400: [use_dpop_nonce, invalid_request], 401: [invalid_client] }
    errorSchema: answer
    contract: none
    requirement: things.work
  - operationId: getJwks
    title: Read the keys
    method: GET
    path: /oauth2/{authServerId}/v1/keys
    query: {}
    security: none
    success: { status: 200, schema: answer }
    errors: {}
    contract: none
    requirement: things.work
";

const VOCABULARY: &str = "
clients:
  - { id: basic, method: client_secret_basic, title: Basic }
  - { id: post, method: client_secret_post, title: Post }
  - { id: secret-jwt, method: client_secret_jwt, title: Secret }
  - { id: key, method: private_key_jwt, title: Key }
  - { id: bound, method: client_secret_basic, dpop: true, title: Bound }
  - { id: public, method: none, title: Public }
  - { id: missing, method: none, title: Missing }
users:
  - { id: user, title: A user }
  - { id: nobody, title: Nobody }
";

fn key(name: &str) -> Vec<u8> {
    fs::read(data(&format!("keys/{name}"))).expect("a key")
}

/// The public part of the server's key.
fn jwks() -> Value {
    let jwk: Value = serde_json::from_slice(&key("rsa.jwk.json")).expect("JSON");
    json!({ "keys": [{ "kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "e": jwk["e"], "n": jwk["n"] }] })
}

fn token(client: &str, scope: &str) -> String {
    let mut header = Header::new(Algorithm::RS256);
    (header.kid, header.typ) = (Some("k1".to_owned()), None);
    let now = chrono::Utc::now().timestamp();
    let scopes: Vec<&str> = scope.split(' ').collect();
    let claims = json!({ "sub": client, "cid": client, "scp": scopes, "iat": now, "exp": now + 600 });
    encode(&header, &claims, &EncodingKey::from_rsa_pem(&key("rsa.pkcs8.pem")).expect("a key")).expect("signed")
}

/// Who sends a request, if that is proven in the way that the name of the client says.
fn client(request: &Request, form: &BTreeMap<String, String>, url: &str) -> Option<String> {
    let text = |name: &str| form.get(name).map(String::as_str);
    if let Some(basic) = request.header("Authorization") {
        let pair = String::from_utf8(STANDARD.decode(basic.strip_prefix("Basic ")?).ok()?).ok()?;
        let (id, secret) = pair.split_once(':')?;
        let secret: Vec<_> = url_decoded(secret);
        return (["basic", "bound"].contains(&id) && secret == SECRET.as_bytes()).then(|| id.to_owned());
    }
    if let Some(assertion) = text("client_assertion") {
        let algorithm = decode_header(assertion).ok()?.alg;
        let (id, by) = match algorithm {
            Algorithm::HS512 => ("secret-jwt", DecodingKey::from_secret(SECRET.as_bytes())),
            Algorithm::RS256 => ("key", DecodingKey::from_rsa_pem(&key("rsa.public.pem")).expect("a key")),
            _ => return None,
        };
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[url]);
        validation.set_issuer(&[id]);
        validation.sub = Some(id.to_owned());
        return decode::<Value>(assertion, &by, &validation).ok().map(|_| id.to_owned());
    }
    match (text("client_id")?, text("client_secret")) {
        ("post", Some(SECRET)) => Some("post".to_owned()),
        ("public", None) => Some("public".to_owned()),
        _ => None,
    }
}

fn url_decoded(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).collect()
}

fn refused(status: u16, code: &str) -> Answer {
    Answer::json(status, &json!({ "error": code, "error_description": "no" }))
}

fn server() -> Server {
    let waited = Mutex::new(0);
    Server::start(move |request| {
        let url = format!("http://{}{}", request.header("Host").unwrap_or_default(), request.target);
        if request.target.ends_with("/keys") {
            return Some(Answer::json(200, &jwks()));
        }
        if request.target.starts_with("/oauth2/a/v1/authorize") {
            return Some(Answer::new(302, "").header("Location", "/done?code=c1&state=s+1#token=t1"));
        }
        let form: BTreeMap<String, String> = form(request).into_iter().collect();
        if form.get("scope").is_some_and(|scope| scope == "late") {
            // A change takes three requests until it acts.
            let mut waited = waited.lock().expect("no panic");
            *waited += 1;
            if *waited < 3 {
                return Some(refused(400, "invalid_request"));
            }
        }
        let Some(client) = client(request, &form, &url) else { return Some(refused(401, "invalid_client")) };
        let proof = request.header("DPoP").and_then(|proof| {
            let claims = proof.split('.').nth(1)?;
            serde_json::from_slice::<Value>(&base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
        });
        if client == "bound" && proof.is_none_or(|proof| proof["nonce"] != NONCE || proof["htu"] != url.as_str()) {
            return Some(refused(400, "use_dpop_nonce").header("DPoP-Nonce", NONCE));
        }
        let token = token(&client, form.get("scope").map_or("none", String::as_str));
        Some(Answer::json(200, &json!({ "token_type": "Bearer", "expires_in": 600, "access_token": token })))
    })
}

fn place(url: &str, cases: &str) -> Place {
    let place = Place::with_suite(&[]);
    let add = |name: &str, more: &str| place.write(name, &format!("{}{more}", place.read(name)));
    add("suite/schemas/operations.yaml", OPERATIONS);
    add("suite/cases/vocabulary.yaml", VOCABULARY);
    place.write("suite/cases/things/sent.yaml", &format!("area: things\ntopic: sent\nprofile: core\ncases:\n{cases}"));
    place.write(
        "suite/schemas/okta/answer.schema.json",
        r#"{ "$id": "https://a.test/answer.schema.json", "type": "object" }"#,
    );
    place.write("secret", SECRET);
    place.write("password", PASSWORD);
    place.write("key.pem", &String::from_utf8(key("rsa.pkcs8.pem")).expect("text"));
    let secret = "client-secret = { file = \"secret\" }";
    let clients = [
        ("basic", "client_secret_basic", secret),
        ("post", "client_secret_post", secret),
        ("secret-jwt", "client_secret_jwt", secret),
        ("key", "private_key_jwt", "private-key = { file = \"key.pem\" }"),
        ("bound", "client_secret_basic", "client-secret = { file = \"secret\" }\ndpop = true"),
        ("public", "none", ""),
    ];
    let clients = clients.map(|(name, method, more)| {
        format!("[targets.here.clients.{name}]\nclient-id = \"{name}\"\nmethod = \"{method}\"\n{more}\n")
    });
    let user = "[targets.here.users.user]\nlogin = \"somebody\"\npassword = { file = \"password\" }\n";
    let target = format!(
        "[targets.here]\nurl = \"{url}\"\neffect = \"20s\"\n[targets.here.principals.manager]\nbearer = \"B3arer-of-these-tests\"\n"
    );
    place.write("okta-conformance.toml", &format!("{target}{}{user}", clients.concat()));
    place
}

fn run(place: &Place, more: &[&str]) -> Done {
    place.run(&[&["run", "--suite", "suite", "--target", "here", "--no-preflight"], more].concat())
}

/// A case of one step, which asks for a token.
fn asks(id: &str, sender: &str, more: &str) -> String {
    format!(
        "  - id: {id}\n    title: A token is asked for\n    requirements: [things.work]\n    steps:\n      - call: tokenCustomAS\n        path: {{ authorizationServerId: a }}\n        as-client: {sender}\n        {more}\n"
    )
}

const FORM: &str = "form: { grant_type: client_credentials, scope: one two }";

#[test]
fn each_client_is_known_by_its_own_method_and_by_no_wrong_one() {
    let right = ["basic", "post", "key", "public", "bound", "{ client: secret-jwt, assertion: { algorithm: HS512 } }"];
    let wrong = [
        "{ client: basic, secret: other }",
        "{ client: basic, id: other }",
        "{ client: basic, method: client_secret_post }",
        "{ client: basic, method: omitted }",
        "{ client: post, method: none }",
        "{ client: secret-jwt, secret: another-secret-that-is-long-enough, assertion: { algorithm: HS512 } }",
        "{ client: secret-jwt, assertion: not-a-token }",
        "{ client: key, assertion: { claims: { exp: -5m } } }",
        "{ client: key, assertion: { claims: { aud: \"https://example.com\" } } }",
        "{ client: key, assertion: { claims: { exp: null } } }",
        "{ client: key, assertion: { header: { alg: HS256 } } }",
        "{ client: key, assertion: { algorithm: RS384 } }",
        "{ client: key, assertion: { signature: broken } }",
        "{ client: key, id: other }",
    ];
    let held = "expect: { body: { access_token: { $jwt: { claims: { scp: [one, two] }, lifetime: 600 } } } }";
    let refused = "expect: { oauthError: invalid_client }";
    let case = |kind: &str, expect: &str, (at, sender): (usize, &&str)| {
        asks(&format!("{kind}-{at}"), sender, &format!("{FORM}\n        {expect}"))
    };
    let rights = right.iter().enumerate().map(|one| case("right", held, one));
    let cases: String = rights.chain(wrong.iter().enumerate().map(|one| case("wrong", refused, one))).collect();
    let server = server();
    let place = place(&server.url, &cases);
    let done = run(&place, &[]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert_eq!(place.outcomes().len(), right.len() + wrong.len());
    let sent = server.requests();
    assert!(sent.iter().all(|request| request.header("Origin").is_none()));
    assert!(sent.iter().all(|request| request.header("Authorization").is_none_or(|value| value.starts_with("Basic "))));
    let jtis: Vec<String> =
        sent.iter().flat_map(form).filter(|(name, _)| name == "client_assertion").map(|(_, jwt)| jwt).collect();
    let mut different = jtis.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), jtis.len(), "each request has its own assertion");
}

#[test]
fn a_proof_has_the_nonce_that_was_asked_for_unless_it_is_to_have_none() {
    let cases = [
        asks("bound", "bound", &format!("{FORM}\n        expect: {{ status: 200 }}")),
        asks(
            "without",
            "{ client: bound, dpop: without-nonce }",
            &format!("{FORM}\n        expect: {{ oauthError: use_dpop_nonce }}"),
        ),
        asks(
            "none",
            "{ client: bound, dpop: none }",
            &format!("{FORM}\n        expect: {{ oauthError: use_dpop_nonce }}"),
        ),
        asks(
            "wrong",
            "{ client: bound, dpop: { claims: { htu: \"https://example.com\" } } }",
            &format!("{FORM}\n        expect: {{ oauthError: use_dpop_nonce }}"),
        ),
        asks("other", "{ client: basic, dpop: proof }", FORM),
    ];
    let server = server();
    let place = place(&server.url, &cases.concat());
    let done = run(&place, &["--jobs", "1"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let requests = server.requests();
    let proofs = requests.iter().filter(|request| request.header("DPoP").is_some()).count();
    assert_eq!((requests.len(), proofs), (7, 6), "two were sent again with a nonce");
}

#[test]
fn forms_are_sent_in_their_order_and_a_parameter_of_the_case_is_the_only_one() {
    let cases = asks(
        "twice",
        "{ client: post }",
        "form: [[scope, a b], [scope, \"c&d\"], [client_secret, mine], [none, null]]\n        expect: { status: 401 }",
    );
    let server = server();
    let done = run(&place(&server.url, &cases), &[]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let request = &server.requests()[0];
    assert_eq!(String::from_utf8_lossy(&request.body), "scope=a+b&scope=c%26d&client_secret=mine&client_id=post");
    assert_eq!(request.header("Content-Type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn tokens_are_judged_by_keys_that_come_later_and_effects_are_waited_for() {
    let cases = format!(
        "{}{}",
        asks(
            "late",
            "basic",
            "form: { scope: late }\n        eventually: effect\n        capture: { token: $.access_token, exp: { jwt: $.access_token, path: $.claims.exp } }",
        ),
        r#"      - call: getJwks
        path: { authServerId: a }
        capture: { jwks: $ }
        expect:
          values:
            "${token}": { $jwt: { header: { kid: k1 }, claims: { cid: "${clients.basic.id}", exp: "${exp}" }, signedBy: "${jwks}" } }
      - request: { method: GET, path: /oauth2/a/v1/authorize }
        as: anonymous
        capture: { code: { header: Location, query: code }, state: { header: Location, query: state }, inside: { header: Location, fragment: token } }
        expect:
          status: 302
          values: { "${code}": c1, "${state}": "s 1", "${inside}": t1 }
"#
    );
    let server = server();
    let place = place(&server.url, &cases);
    let done = run(&place, &[]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert_eq!(server.lines().iter().filter(|line| line.contains("/token")).count(), 3, "two answers were not it");
}

#[test]
fn what_is_wrong_in_a_token_is_told_where_it_stands() {
    let expect = r"expect:
          body:
            access_token:
              $jwt:
                header: { kid: k2 }
                claims: { scp: [other], uid: { $present: true } }
                lifetime: 60
                signedBy: { keys: [{ kty: RSA, e: AQAB, n: AQAB }] }";
    let server = server();
    let place = place(&server.url, &asks("wrong", "basic", &format!("{FORM}\n        {expect}")));
    let done = run(&place, &[]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    for told in [
        "body /access_token: expected a JWT signed with RS256, got",
        "body /access_token#/header/kid: expected \"k2\", got \"k1\"",
        "body /access_token#/claims/scp",
        "body /access_token#/claims/uid",
        "body /access_token#/lifetime: expected 60, got 600",
    ] {
        assert!(done.out.contains(told), "{told}\n{}", done.out);
    }
}

#[test]
fn a_body_that_a_client_would_not_send_is_a_mistake() {
    let server = server();
    let place = place(&server.url, &asks("json", "basic", "body: { scope: a }"));
    let done = run(&place, &[]);
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    assert!(done.err.contains("a client sends its parameters in a form"), "{}", done.err);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_trial_without_its_client_or_user_is_not_applicable() {
    let cases = format!(
        "{}{}{}",
        asks("client", "missing", FORM),
        asks("user", "basic", "form: { username: \"${users.nobody.login}\", password: \"${users.nobody.password}\" }"),
        asks("there", "basic", "form: { username: \"${users.user.login}\", password: \"${users.user.password}\" }"),
    );
    let server = server();
    let place = place(&server.url, &cases);
    let done = run(&place, &["--verbose"]);
    let outcomes = place.outcomes();
    let outcome = |id: &str| outcomes[&format!("things/sent/{id}")].as_str();
    assert_eq!([outcome("client"), outcome("user"), outcome("there")], ["not-applicable", "not-applicable", "passed"]);
    let events = place.read("reports/events.jsonl");
    assert!(
        events.contains("the target has no client missing") && events.contains("the target has no user nobody"),
        "{}",
        done.out
    );
    assert!(String::from_utf8_lossy(&server.requests()[0].body).contains("username=somebody"));
}

#[test]
fn a_password_that_is_refused_is_sent_once() {
    let shows_password = |request: &Request| String::from_utf8_lossy(&request.body).contains("password=Pa55word");
    let inner = server();
    let refusing = Server::proxy(&inner.url, move |request, answer| {
        if shows_password(request) {
            *answer = Answer::json(400, &json!({ "error": "invalid_grant", "error_description": "Wrong." }));
        }
    });
    let login =
        "form: { grant_type: password, username: \"${users.user.login}\", password: \"${users.user.password}\" }";
    let case = |at: usize| asks(&format!("c{at}"), "basic", &format!("{login}\n        eventually: effect"));
    let place = place(&refusing.url, &(0..6).map(case).collect::<String>());
    let done = run(&place, &["--jobs", "6"]);
    assert_eq!(refusing.requests().iter().filter(|request| shows_password(request)).count(), 1, "{}", done.out);
    assert!(place.outcomes().values().all(|outcome| outcome == "errored"), "{}", done.out);
    assert_eq!(done.code, 2);
    assert!(done.out.contains("refused the password of the user `user`"), "{}", done.out);
}

#[test]
fn nothing_that_a_client_shows_or_gets_stands_in_an_output() {
    let own = "form: { grant_type: password, username: \"${users.user.login}\", password: \"${users.user.password}\" }";
    let wrong = "expect: { body: { access_token: other, more: 1 } }";
    let asked = [
        "basic",
        "post",
        "key",
        "bound",
        "{ client: secret-jwt, assertion: { algorithm: HS512, header: { alg: HS512, typ: null } } }",
    ];
    let mut cases: String = asked
        .iter()
        .enumerate()
        .map(|(at, sender)| asks(&format!("c{at}"), sender, &format!("{own}\n        {wrong}")))
        .collect();
    cases.push_str(&asks("again", "basic", &format!("{FORM}\n        capture: {{ token: $.access_token }}")));
    cases.push_str("      - call: tokenCustomAS\n        path: { authorizationServerId: a }\n        as-client: basic\n        form: { token: \"${token}\" }\n        expect: { values: { \"${token}\": other } }\n");
    let inner = server();
    // Everything that was sent comes back in the answer.
    let echo = Server::proxy(&inner.url, |request, answer| {
        let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let headers: Vec<&str> = request.headers.iter().map(|(_, value)| value.as_str()).collect();
        body["echo"] = json!([headers, String::from_utf8_lossy(&request.body), request.target]);
        *answer = Answer { body: body.to_string().into_bytes(), ..answer.clone() };
    });
    let place = place(&echo.url, &cases);
    let done = run(
        &place,
        &[
            "--verbose",
            "--report",
            "junit",
            "--report",
            "json",
            "--report",
            "html",
            "--report",
            "har",
            "--record",
            "traffic.jsonl",
            "--propose-known-failures",
            "known.yaml",
        ],
    );
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let mut secrets: Vec<String> = vec![SECRET.to_owned(), PASSWORD.to_owned()];
    for request in inner.requests() {
        secrets
            .extend(form(&request).into_iter().filter(|(name, _)| name == "client_assertion").map(|(_, value)| value));
        secrets.extend(request.header("DPoP").map(str::to_owned));
        secrets.extend(request.header("Authorization").map(|value| value["Basic ".len()..].to_owned()));
        secrets.extend(form(&request).into_iter().filter(|(name, _)| name == "token").map(|(_, value)| value));
    }
    assert!(secrets.len() > 10, "{secrets:?}");
    let signatures: Vec<String> =
        secrets.iter().filter_map(|secret| Some(secret.rsplit_once('.')?.1.to_owned())).collect();
    let mut written: Vec<(String, String)> = vec![("console".to_owned(), format!("{}{}", done.out, done.err))];
    let files = place
        .files()
        .into_iter()
        .filter(|(name, _)| !["secret", "password", "key.pem"].contains(&name.as_str()) && !name.starts_with("suite/"));
    written.extend(files.map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned())));
    assert!(written.len() >= 6, "{:?}", written.iter().map(|(name, _)| name).collect::<Vec<_>>());
    for (name, text) in &written {
        for secret in secrets.iter().chain(signatures.iter().filter(|part| part.len() > 20)) {
            assert!(!text.contains(secret.as_str()), "{name} holds {secret}");
        }
    }
}

#[test]
fn one_budget_is_of_all_servers() {
    let server = Server::start(|_| {
        let reset = chrono::Utc::now().timestamp() + 30;
        let answer = Answer::json(200, &json!({}));
        let told = [("Limit", "10".to_owned()), ("Remaining", "0".to_owned()), ("Reset", reset.to_string())];
        Some(told.iter().fold(answer, |answer, (name, value)| answer.header(&format!("X-Rate-Limit-{name}"), value)))
    });
    let keys = "  - id: keys\n    title: Keys are read\n    requirements: [things.work]\n    steps:\n      - call: getJwks\n        path: { authServerId: b }\n";
    let first = asks("first", "basic", FORM);
    let other = asks("other", "basic", FORM).replace("authorizationServerId: a", "authorizationServerId: b");
    let place = place(&server.url, &format!("{first}{keys}{other}"));
    let done = run(&place, &["--jobs", "1", "--keep", "0", "--trial-timeout", "5s"]);
    let outcomes = place.outcomes();
    let outcome = |id: &str| outcomes[&format!("things/sent/{id}")].as_str();
    assert_eq!([outcome("first"), outcome("keys"), outcome("other")], ["passed", "passed", "errored"], "{}", done.out);
    assert!(place.read("reports/events.jsonl").contains("its share of the rate limit is used up"), "{}", done.out);
}
