//! An org with one client: it verifies assertions, secrets, proofs and tokens, and says what is wrong with them.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::ThumbprintHash};
use serde_json::{Value, json};

use super::{
    server::{Answer, Request, Server},
    support::{Done, PATIENCE, Place, data},
};

pub(crate) const CLIENT: &str = "0oa-client of these tests";
pub(crate) const TOKEN_PATH: &str = "/oauth2/v1/token";

/// What the org asks for and gives.
#[derive(Clone)]
pub(crate) struct Rules {
    /// A file of `tests/data/keys` with the public key; else a secret is asked for.
    pub(crate) key: Option<&'static str>,
    pub(crate) key_id: Option<&'static str>,
    pub(crate) secret: &'static str,
    pub(crate) dpop: bool,
    /// The nonces that proofs must carry, at the token endpoint and at the API.
    pub(crate) nonces: [Option<&'static str>; 2],
    pub(crate) expires_in: Value,
    /// Tokens, by their number from 1, that the API does not let in.
    pub(crate) revoked: BTreeSet<usize>,
    /// How long each request to the API takes.
    pub(crate) pause: Duration,
    /// How many requests to the API come before the first of them is answered.
    pub(crate) together: usize,
    pub(crate) scope: Option<&'static str>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            key: None,
            key_id: None,
            secret: SECRET,
            dpop: false,
            nonces: [None; 2],
            expires_in: json!(3600),
            revoked: BTreeSet::new(),
            pause: Duration::ZERO,
            together: 0,
            scope: None,
        }
    }
}

/// With characters that a form and a header write in other ways.
pub(crate) const SECRET: &str = "s3cret/of+these tests~";

/// What the org has seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// Names of assertions and proofs, each of which is good once.
    names: BTreeSet<String>,
    /// Thumbprints of the keys that proofs were made with.
    pub(crate) thumbprints: BTreeSet<String>,
    /// Tokens with the thumbprint of their key.
    pub(crate) tokens: Vec<(String, Option<String>)>,
    /// What was refused, and why.
    pub(crate) refusals: Vec<String>,
}

pub(crate) struct Org {
    pub(crate) server: Server,
    seen: Arc<Mutex<Seen>>,
    pub(crate) rules: Arc<Mutex<Rules>>,
}

impl Org {
    pub(crate) fn start(rules: Rules) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let rules = Arc::new(Mutex::new(rules));
        let (of_server, by_rules) = (Arc::clone(&seen), Arc::clone(&rules));
        let (arrived, arrival) = (Mutex::new(0), Condvar::new());
        let server = Server::start(move |request| {
            let rules = by_rules.lock().expect("no panic").clone();
            let mut seen = of_server.lock().expect("no panic");
            if request.target == TOKEN_PATH {
                return Some(seen.token_endpoint(request, &rules));
            }
            let answer = seen.api(request, &rules);
            drop(seen);
            let mut come = arrived.lock().expect("no panic");
            *come += 1;
            arrival.notify_all();
            drop(arrival.wait_timeout_while(come, PATIENCE, |come| *come < rules.together).expect("no panic"));
            std::thread::sleep(rules.pause);
            Some(answer)
        });
        Self { server, seen, rules }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no panic")
    }

    /// How many requests went to the token endpoint and to the API.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let (token, api): (Vec<_>, Vec<_>) = self.server.requests().into_iter().partition(is_for_token);
        (token.len(), api.len())
    }

    /// Runs as many trials with the principal `admin`, written as TOML.
    pub(crate) fn run(&self, admin: &str, trials: usize, arguments: &[&str]) -> (Place, Done) {
        let place = self.place(admin, trials);
        let done = place.run(&[&["run", "--suite", "suite", "--target", "here"], arguments].concat());
        (place, done)
    }

    pub(crate) fn place(&self, admin: &str, trials: usize) -> Place {
        let place = Place::with_suite(&[]);
        let mut cases = String::from("area: things\ntopic: clients\nprofile: core\ncases:\n");
        for number in 0..trials {
            let head =
                format!("id: c{number}, title: The client is let in, requirements: [things.work], principal: admin");
            let step =
                format!("{{ request: {{ method: GET, path: \"/api/{number}?q=1\" }}, expect: {{ status: 200 }} }}");
            let _ = writeln!(cases, "  - {{ {head}, steps: [{step}] }}");
        }
        place.write("suite/cases/things/clients.yaml", &cases);
        let url = &self.server.url;
        let text = format!("[targets.here]\nurl = {url:?}\n[targets.here.principals]\nadmin = {admin}\n");
        place.write("okta-conformance.toml", &text);
        place
    }
}

pub(crate) fn is_for_token(request: &Request) -> bool {
    request.target == TOKEN_PATH
}

/// The fields of a form.
pub(crate) fn form(request: &Request) -> Vec<(String, String)> {
    let text = std::str::from_utf8(&request.body).expect("text");
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8().expect("text").into_owned()
    };
    text.split('&')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// A client with a secret, in TOML.
pub(crate) fn with_secret(more: &str) -> String {
    format!("{{ client-credentials = {{ client-id = {CLIENT:?}, client-secret = {{ file = \"secret\" }}{more} }} }}")
}

impl Seen {
    fn token_endpoint(&mut self, request: &Request, rules: &Rules) -> Answer {
        match self.grant(request, rules) {
            Ok(answer) => answer,
            Err((code, text)) => {
                self.refusals.push(format!("{code}: {text}"));
                let answer = Answer::json(400, &json!({ "error": code, "error_description": text }));
                match rules.nonces[0] {
                    Some(nonce) => answer.header("DPoP-Nonce", nonce),
                    None => answer,
                }
            }
        }
    }

    fn grant(&mut self, request: &Request, rules: &Rules) -> Result<Answer, (&'static str, String)> {
        let wrong = |text: String| ("invalid_client", text);
        let fields = form(request);
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if request.method != "POST" || field("grant_type") != Some("client_credentials") {
            return Err(("unsupported_grant_type", format!("{} {fields:?}", request.method)));
        }
        if field("scope") != rules.scope {
            return Err(("invalid_scope", format!("{:?}", field("scope"))));
        }
        match rules.key {
            Some(key) => self.assertion(field, key, rules.key_id, request).map_err(wrong)?,
            None => basic(request, rules.secret).map_err(wrong)?,
        }
        let thumbprint = if rules.dpop { Some(self.proof(request, rules.nonces[0], None)?) } else { None };
        let number = self.tokens.len() + 1;
        let token = format!("access+token/{number}.{}", "x".repeat(200));
        self.tokens.push((token.clone(), thumbprint));
        let kind = if rules.dpop { "DPoP" } else { "bearer" };
        let body = json!({ "access_token": token, "token_type": kind, "expires_in": rules.expires_in });
        Ok(Answer::json(200, &body))
    }

    /// RFC 7523 section 3.
    fn assertion<'f>(
        &mut self,
        field: impl Fn(&str) -> Option<&'f str>,
        key: &str,
        key_id: Option<&str>,
        request: &Request,
    ) -> Result<(), String> {
        if field("client_assertion_type") != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
            return Err("no assertion of the type jwt-bearer".to_owned());
        }
        let pem = fs::read(data("keys").join(key)).expect("a public key");
        let (algorithm, key) = if key.starts_with("rsa") {
            (Algorithm::RS256, DecodingKey::from_rsa_pem(&pem).expect("RSA"))
        } else {
            (Algorithm::ES256, DecodingKey::from_ec_pem(&pem).expect("EC"))
        };
        let mut rules = Validation::new(algorithm);
        let host = request.header("host").expect("a host");
        rules.set_audience(&[format!("http://{host}{TOKEN_PATH}")]);
        rules.set_issuer(&[CLIENT]);
        rules.sub = Some(CLIENT.to_owned());
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        let assertion = field("client_assertion").ok_or("no assertion")?;
        let token = decode::<Value>(assertion, &key, &rules).map_err(|error| error.to_string())?;
        if token.header.kid.as_deref() != key_id {
            return Err(format!("the key is named {:?}", token.header.kid));
        }
        let time = |name: &str| token.claims[name].as_i64().ok_or(format!("no {name}"));
        let (issued, expires, now) = (time("iat")?, time("exp")?, chrono::Utc::now().timestamp());
        if (issued - now).abs() > 5 || !(1..=300).contains(&(expires - now)) {
            return Err(format!("issued at {issued}, expires at {expires}, and it is {now}"));
        }
        self.once(&token.claims)
    }

    /// RFC 9449 section 4.3; gives the thumbprint of the key.
    fn proof(
        &mut self,
        request: &Request,
        nonce: Option<&str>,
        token: Option<&str>,
    ) -> Result<String, (&'static str, String)> {
        let wrong = |text: &str| ("invalid_dpop_proof", text.to_owned());
        let proof = request.header("DPoP").ok_or(wrong("the proof is missing"))?;
        let header = decode_header(proof).map_err(|error| wrong(&error.to_string()))?;
        if header.typ.as_deref() != Some("dpop+jwt") || header.alg != Algorithm::ES256 {
            return Err(wrong("another type or algorithm"));
        }
        let shown: Value = proof
            .split('.')
            .next()
            .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok())
            .map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).expect("JSON"));
        if shown["jwk"].get("d").is_some() {
            return Err(wrong("the private key is in the proof"));
        }
        let jwk = header.jwk.ok_or(wrong("no key"))?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.required_spec_claims.clear();
        (rules.validate_exp, rules.validate_aud) = (false, false);
        let key = DecodingKey::from_jwk(&jwk).map_err(|error| wrong(&error.to_string()))?;
        let claims = decode::<Value>(proof, &key, &rules).map_err(|error| wrong(&error.to_string()))?.claims;
        let path = request.target.split('?').next().expect("a path");
        let target = format!("http://{}{path}", request.header("host").expect("a host"));
        if claims["htm"] != request.method.as_str() || claims["htu"] != target.as_str() {
            return Err(wrong(&format!("it is for {} {}, not {target}", claims["htm"], claims["htu"])));
        }
        if (claims["iat"].as_i64().unwrap_or_default() - chrono::Utc::now().timestamp()).abs() > 5 {
            return Err(wrong("made at another time"));
        }
        let hash = token.map(|token| URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
        if claims.get("ath").and_then(Value::as_str) != hash.as_deref() {
            return Err(wrong("the hash of another token"));
        }
        self.once(&claims).map_err(|text| wrong(&text))?;
        let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|error| wrong(&error.to_string()))?;
        self.thumbprints.insert(thumbprint.clone());
        if claims.get("nonce").and_then(Value::as_str) != nonce {
            return Err(("use_dpop_nonce", format!("the nonce is {:?}", claims.get("nonce"))));
        }
        Ok(thumbprint)
    }

    fn once(&mut self, claims: &Value) -> Result<(), String> {
        let name = claims["jti"].as_str().filter(|name| name.len() >= 16).ok_or("no name")?;
        if self.names.insert(name.to_owned()) { Ok(()) } else { Err("used a second time".to_owned()) }
    }

    fn api(&mut self, request: &Request, rules: &Rules) -> Answer {
        match self.let_in(request, rules) {
            Ok(()) => Answer::json(200, &json!({ "id": "A" })),
            Err((code, text)) => {
                self.refusals.push(format!("{code}: {text}"));
                let answer = Answer::json(401, &json!({ "code": code, "text": text }));
                let scheme = if rules.dpop { "DPoP" } else { "Bearer" };
                let answer = answer.header("WWW-Authenticate", &format!("{scheme} error=\"{code}\""));
                match rules.nonces[1] {
                    Some(nonce) => answer.header("DPoP-Nonce", nonce),
                    None => answer,
                }
            }
        }
    }

    fn let_in(&mut self, request: &Request, rules: &Rules) -> Result<(), (&'static str, String)> {
        let wrong = |text: &str| ("invalid_token", text.to_owned());
        let authorization = request.header("Authorization").ok_or(wrong("no token"))?;
        let scheme = if rules.dpop { "DPoP " } else { "Bearer " };
        let token = authorization.strip_prefix(scheme).ok_or(wrong("another scheme"))?;
        let number = self.tokens.iter().position(|(known, _)| known == token).ok_or(wrong("never issued"))?;
        if rules.revoked.contains(&(number + 1)) {
            return Err(wrong("revoked"));
        }
        if rules.dpop {
            let bound = self.tokens[number].1.clone();
            if Some(self.proof(request, rules.nonces[1], Some(token))?) != bound {
                return Err(("invalid_dpop_proof", "another key".to_owned()));
            }
        } else if request.header("DPoP").is_some() {
            return Err(wrong("a proof that nobody asked for"));
        }
        Ok(())
    }
}

/// RFC 6749 section 2.3.1: name and secret are encoded as in a form, then as RFC 7617 says.
fn basic(request: &Request, secret: &str) -> Result<(), String> {
    let header = request.header("Authorization").and_then(|value| value.strip_prefix("Basic ")).ok_or("not Basic")?;
    let text = STANDARD.decode(header).map_err(|error| error.to_string())?;
    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
    let pair = Request { body: text.replace(':', "=").into_bytes(), ..request.clone() };
    if form(&pair) == [(CLIENT.to_owned(), secret.to_owned())] {
        Ok(())
    } else {
        Err("another name or secret".to_owned())
    }
}
