//! How a client proves who it is: each form of a key, and a secret.

use super::{
    org::{CLIENT, Org, Rules, SECRET, form, is_for_token, with_secret},
    support::{Place, data, finish},
};

fn with_key(from: &str, more: &str) -> String {
    format!("{{ client-credentials = {{ client-id = {CLIENT:?}, private-key = {from}{more} }} }}")
}

fn key_file(name: &str) -> String {
    format!("{{ file = {:?} }}", data("keys").join(name).display().to_string())
}

#[test]
fn every_form_of_a_key_signs_assertions() {
    for (file, public, key_id) in [
        ("rsa.pkcs1.pem", "rsa.public.pem", None),
        ("rsa.pkcs8.pem", "rsa.public.pem", None),
        ("rsa.jwk.json", "rsa.public.pem", Some("rsa-jwk")),
        ("ec.sec1.pem", "ec.public.pem", None),
        ("ec.pkcs8.pem", "ec.public.pem", None),
        ("ec.jwk.json", "ec.public.pem", Some("ec-jwk")),
    ] {
        let org = Org::start(Rules { key: Some(public), key_id, ..Rules::default() });
        let (_, done) = org.run(&with_key(&key_file(file), ""), 2, &[]);
        assert_eq!(done.code, 0, "{file}: {done:?} {:?}", org.seen().refusals);
        assert_eq!(org.counts(), (1, 2), "{file}");
    }
}

#[test]
fn a_key_has_the_name_that_the_settings_give_it() {
    let org = Org::start(Rules { key: Some("ec.public.pem"), key_id: Some("mine"), ..Rules::default() });
    let (_, done) = org.run(&with_key(&key_file("ec.jwk.json"), ", key-id = \"mine\""), 1, &[]);
    assert_eq!(done.code, 0, "{done:?} {:?}", org.seen().refusals);
}

#[test]
fn a_key_can_stand_in_one_line_of_a_variable_and_come_from_a_command() {
    let org = Org::start(Rules { key: Some("ec.public.pem"), ..Rules::default() });
    let pem = std::fs::read_to_string(data("keys/ec.sec1.pem")).expect("a key");
    let place = org.place(&with_key("{ env = \"THE_KEY\" }", ""), 1);
    let mut command = place.command(&["run", "--suite", "suite", "--target", "here"]);
    command.env("THE_KEY", pem.trim().replace('\n', "\\n"));
    let done = finish(command.spawn().expect("the program starts"));
    assert_eq!(done.code, 0, "{done:?}");

    let path = data("keys/ec.pkcs8.pem").display().to_string();
    let (_, done) = org.run(&with_key(&format!("{{ command = [\"/bin/cat\", {path:?}] }}"), ""), 1, &[]);
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn a_secret_and_scopes_are_sent_as_the_standard_writes_them() {
    let org = Org::start(Rules { scope: Some("okta.read okta.manage"), ..Rules::default() });
    let place = org.place(&with_secret(", scopes = [\"okta.read\", \"okta.manage\"]"), 1);
    place.write("secret", SECRET);
    let done = place.run(&["run", "--suite", "suite", "--target", "here"]);
    assert_eq!(done.code, 0, "{done:?} {:?}", org.seen().refusals);
    let requests = org.server.requests();
    let token = requests.iter().find(|request| is_for_token(request)).expect("a request for a token");
    assert!(form(token).iter().all(|(name, _)| name != "client_secret"), "the secret stands in the header alone");
    assert_eq!(token.header("Content-Type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn keys_that_cannot_be_used_are_refused_before_anything_is_sent() {
    let org = Org::start(Rules::default());
    for (file, said) in [
        ("ec384.pkcs8.pem", "neither an RSA key of 2048 bits or more (RS256) nor an EC key of the curve P-256 (ES256)"),
        ("ec.encrypted.pem", "the key is encrypted"),
        ("ec.public.pem", "the PEM holds a public key, not a private key"),
    ] {
        let (_, done) = org.run(&with_key(&key_file(file), ""), 1, &[]);
        assert_eq!(done.code, 3, "{file}: {done:?}");
        assert!(done.err.contains("the private key of the principal `admin` cannot be used"), "{}", done.err);
        assert!(done.err.contains(said), "{file}: {}", done.err);
    }
    for (text, said) in [
        ("hello", "neither PEM"),
        ("{}", "neither an RSA key"),
        ("{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"d\":\"AQAB\"}", "the JWK has no `p`"),
        ("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\",\"d\":\"AA\"}", "no key of the curve P-256"),
        ("{\"kty\"", "the JWK is not JSON"),
    ] {
        let place: Place = org.place(&with_key("{ file = \"key\" }", ""), 1);
        place.write("key", text);
        let done = place.run(&["run", "--suite", "suite", "--target", "here"]);
        assert_eq!(done.code, 3, "{text}: {done:?}");
        assert!(done.err.contains(said), "{text}: {}", done.err);
    }
    assert_eq!(org.counts(), (0, 0));
}
