//! What is minted in the middle of a run stands in no output, though the target gives all of it back.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::{
    org::{CLIENT, Org, Rules, SECRET, form, is_for_token, with_secret},
    server::{Answer, Request, Server},
    support::{Done, Place, data},
};

/// The parts of a request that are secret.
fn secrets_of(request: &Request) -> Vec<String> {
    let mut all: Vec<String> = ["Authorization", "DPoP"]
        .into_iter()
        .filter_map(|name| request.header(name))
        .map(|value| value.split_once(' ').map_or(value, |(_, credential)| credential).to_owned())
        .collect();
    if is_for_token(request) {
        all.extend(form(request).into_iter().filter(|(name, _)| name == "client_assertion").map(|(_, value)| value));
    }
    all
}

/// In front of an org: each answer of the API, which is none that the case asks for, gives back every secret so far in every form.
fn echo(org: &Org, known: Vec<String>) -> (Server, Arc<Mutex<Vec<String>>>) {
    let all = Arc::new(Mutex::new(known));
    let seen = Arc::clone(&all);
    let server = Server::proxy(&org.server.url, move |request, answer| {
        let mut seen = seen.lock().expect("no panic");
        seen.extend(secrets_of(request));
        if is_for_token(request) || answer.status != 200 {
            return;
        }
        let forms: Vec<String> = seen
            .iter()
            .flat_map(|secret| {
                let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
                [format!("({secret})"), format!("({encoded})"), STANDARD.encode(format!("x:{secret}"))]
            })
            .collect();
        let echo = forms.iter().fold(Answer::json(418, &json!(forms)), |answer, form| answer.header("X-Echo", form));
        *answer = Answer { headers: [answer.headers.clone(), echo.headers.clone()].concat(), ..echo };
    });
    (server, all)
}

/// Runs through the echo; gives all that was written anywhere.
fn written(org: &Org, url: &str, admin: &str, arguments: &[&str]) -> (Done, Vec<(String, String)>) {
    let place: Place = org.place(admin, 3);
    place.write("secret", SECRET);
    let settings = place.read("okta-conformance.toml");
    place.write("okta-conformance.toml", &settings.replace(&org.server.url, url));
    let all = ["run", "--suite", "suite", "--target", "here", "--report", "junit", "--report", "json", "--verbose"];
    let record = ["--record", "record.jsonl", "--jobs", "1"];
    let done = place.run(&[&all[..], &record, arguments].concat());
    let ours = |name: &str| !["suite", "secret", "okta-conformance.toml"].iter().any(|given| name.starts_with(given));
    let files = place.files().into_iter().filter(|(name, _)| ours(name));
    let mut texts: Vec<_> = files.map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned())).collect();
    assert_eq!(texts.len(), 4, "the stream, two reports, the recording");
    texts.push(("stdout".to_owned(), done.out.clone()));
    texts.push(("stderr".to_owned(), done.err.clone()));
    (done, texts)
}

/// No part of a secret that is long enough to be of use stands in a text.
fn assert_hidden(texts: &[(String, String)], secrets: &[String]) {
    for secret in secrets {
        let (middle, encoded) = (secret.len() / 2, STANDARD.encode(format!("x:{secret}")));
        let part = |text: &str, from: usize| text[from..].chars().take(12).collect::<String>();
        for part in
            [part(secret, 0), part(secret, middle), part(secret, secret.len() - 12), part(&encoded, encoded.len() / 2)]
        {
            let found: Vec<&str> =
                texts.iter().filter(|(_, text)| text.contains(&part)).map(|(name, _)| name.as_str()).collect();
            assert_eq!(found, [""; 0], "{part} of {secret}");
        }
    }
}

#[test]
fn a_secret_its_tokens_and_its_proofs_stand_nowhere() {
    let org = Org::start(Rules { dpop: true, nonces: [Some("n1"), Some("n2")], ..Rules::default() });
    let (front, secrets) = echo(&org, vec![SECRET.to_owned()]);
    let (done, texts) = written(&org, &front.url, &with_secret(", dpop = true"), &[]);
    assert_eq!(done.code, 1, "{done:?}");
    let secrets = secrets.lock().expect("no panic").clone();
    assert!(secrets.len() > 10, "tokens and proofs were seen: {}", secrets.len());
    assert_hidden(&texts, &secrets);
    assert!(done.out.contains("(***)"), "masks stand in their place: {}", done.out);
    assert!(done.out.contains("-H \"DPoP: $OKTA_DPOP_PROOF_ADMIN\""), "{}", done.out);
}

#[test]
fn a_private_key_and_its_assertions_stand_nowhere() {
    for name in ["rsa.pkcs1.pem", "ec.jwk.json"] {
        let public = if name.starts_with("rsa") { "rsa.public.pem" } else { "ec.public.pem" };
        let text = fs::read_to_string(data("keys").join(name)).expect("a key");
        let key_id = name.ends_with("json").then_some("ec-jwk");
        let org = Org::start(Rules { key: Some(public), key_id, ..Rules::default() });
        let parts: Vec<String> = match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(jwk) => vec![jwk["d"].as_str().expect("a private key").to_owned()],
            Err(_) => {
                text.lines().filter(|line| !line.starts_with("-----") && line.len() > 12).map(str::to_owned).collect()
            }
        };
        let (front, secrets) = echo(&org, parts);
        let path = data("keys").join(name).display().to_string();
        // The assertion is for the endpoint of the org, whatever stands in front of it.
        let more = format!("token-url = \"{}/oauth2/v1/token\"", org.server.url);
        let client = format!("client-id = {CLIENT:?}, private-key = {{ file = {path:?} }}, {more}");
        let (done, texts) = written(&org, &front.url, &format!("{{ client-credentials = {{ {client} }} }}"), &[]);
        assert_eq!(done.code, 1, "{done:?} {:?}", org.seen().refusals);
        let mut secrets = secrets.lock().expect("no panic").clone();
        secrets.extend(org.server.requests().iter().flat_map(secrets_of));
        assert_hidden(&texts, &secrets);
    }
}

#[test]
fn what_a_token_endpoint_says_about_a_secret_is_masked() {
    let org = Org::start(Rules::default());
    let endpoint = Server::start(|request| {
        let said = format!("not with {SECRET} or {}", request.header("Authorization").unwrap_or_default());
        Some(Answer::json(401, &json!({ "error": "invalid_client", "error_description": said })))
    });
    let admin = with_secret(&format!(", token-url = \"{}/token\"", endpoint.url));
    let place = org.place(&admin, 1);
    place.write("secret", SECRET);
    let done = place.run(&["run", "--suite", "suite", "--target", "here"]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.out.contains("invalid_client: not with *** or Basic ***"), "{}", done.out);
    let texts = [("stdout".to_owned(), done.out), ("stream".to_owned(), place.read("reports/events.jsonl"))];
    let sent: Vec<String> = endpoint.requests().iter().flat_map(secrets_of).collect();
    assert_eq!(sent.len(), 1);
    assert_hidden(&texts, &[&sent[..], &[SECRET.to_owned()]].concat());
}
