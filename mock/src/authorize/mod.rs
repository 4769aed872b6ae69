//! The authorization endpoint (RFC 6749, section 3.1). Owns the order of its checks, and whom it gives a code or tokens. It has no page: who
//! is signed in is a setting of the mock. How an answer gets to the client is in `response`, requests that were pushed before are in `pushed`.
//!
//! Texts are inferred unless something else is said.

mod pushed;
mod request_object;
mod response;

use std::sync::Arc;

use axum::http::{Method, StatusCode};

use self::response::{Mode, Response};
pub(super) use self::response::{error_page, with_state};
use super::{
    apps::App,
    call::{Call, Query},
    issued::Code,
    routes::Operation,
    start::{ApplicationType, AuthenticationMethod, GrantType},
    state::Org,
    token_endpoint::{self, Granted},
    wire::{Answer, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::open("authorizeCustomAS", Method::GET, "/oauth2/{}/v1/authorize", |org, call| {
        authorize(org, call, &call.query)
    }),
    Operation::open("authorizeCustomASWithPost", Method::POST, "/oauth2/{}/v1/authorize", |org, call| {
        authorize(org, call, &token_endpoint::read_form(call)?)
    }),
    Operation::open("parCustomAS", Method::POST, "/oauth2/{}/v1/par", pushed::push),
];

/// How long a code is good for, in seconds (docs).
const CODE_LIFETIME: i64 = 300;

/// What a request asks to be given.
#[derive(Clone, Copy, Default)]
struct Wanted {
    code: bool,
    token: bool,
    id_token: bool,
}

impl Wanted {
    /// `response_type`: one or several of three words, in any order.
    fn read(text: &str) -> Option<Wanted> {
        let mut wanted = Wanted::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "code" => wanted.code = true,
                "token" => wanted.token = true,
                "id_token" => wanted.id_token = true,
                _ => return None,
            }
        }
        (wanted.code || wanted.is_implicit()).then_some(wanted)
    }

    fn is_implicit(self) -> bool {
        self.token || self.id_token
    }

    /// The grant by which rules are asked.
    fn grant(self) -> GrantType {
        if self.code { GrantType::AuthorizationCode } else { GrantType::Implicit }
    }
}

/// An error that reaches the client in a redirect (RFC 6749, section 4.1.2.1).
struct Told {
    error: &'static str,
    description: String,
}

fn told(error: &'static str, description: &str) -> Told {
    Told { error, description: description.to_owned() }
}

impl From<Refusal> for Told {
    fn from(refusal: Refusal) -> Told {
        Told { error: refusal.code(), description: refusal.reason() }
    }
}

impl From<Told> for Refusal {
    /// The same where a client asks by itself.
    fn from(Told { error, description }: Told) -> Refusal {
        Refusal::oauth(StatusCode::BAD_REQUEST, error, description)
    }
}

/// An error that the browser is shown, as there is nobody to send it to.
fn page(Told { error, description }: &Told) -> Answer {
    error_page(StatusCode::BAD_REQUEST, error, description)
}

#[expect(clippy::unnecessary_wraps, reason = "all operations have this outcome")]
fn authorize(org: &mut Org, call: &Call<'_>, sent: &Query) -> Outcome {
    let found = token_endpoint::server(org, call).map(|server| (server.id.clone(), server.issuer(call)));
    let (server, issuer) = match found {
        Ok(found) => found,
        Err(refusal) => return Ok(page(&refusal.into())),
    };
    let (app, pushed) = match client(org, sent).and_then(|app| Ok((pushed::take(org, &server, &app, sent)?, app))) {
        Ok((pushed, app)) => (app, pushed),
        Err(told) => return Ok(page(&told)),
    };
    let sent = pushed.as_ref().unwrap_or(sent);
    let (given, wrong) = match signed_parameters(org, &app, &issuer, sent) {
        Ok(given) => (given, None),
        Err(told) => (None, Some(told)),
    };
    let parameters = given.as_ref().unwrap_or(sent);
    let way = match Way::read(&app, parameters) {
        Ok(way) => way,
        Err(told) => return Ok(page(&told)),
    };
    let mut response = way.response();
    let outcome = wrong.map_or(Ok(()), Err).and_then(|()| way.check(parameters, &app)).and_then(|wanted| {
        let request = Request { call, server: &server, app: &app, parameters, wanted };
        give(org, &request, &mut response)
    });
    if let Err(Told { error, description }) = outcome {
        response = way.response();
        response.add("error", error);
        response.add("error_description", &description);
    }
    if let Some(state) = parameters.get("state") {
        response.add("state", state);
    }
    Ok(response.answer())
}

fn client(org: &Org, parameters: &Query) -> Result<Arc<App>, Told> {
    let invalid = |description: &str| told("invalid_request", description);
    let id = parameters.get("client_id").ok_or_else(|| invalid("A client_id must be provided in the request."))?;
    let app = org.apps.find(id).filter(|app| app.is_active);
    let app = app.ok_or_else(|| invalid("Invalid value for 'client_id' parameter."))?;
    check_kind(app, "authorize")?;
    Ok(Arc::clone(app))
}

/// Whether people sign in to a client (catalogue).
fn check_kind(app: &App, endpoint: &str) -> Result<(), Told> {
    match app.kind {
        ApplicationType::Web | ApplicationType::Browser | ApplicationType::Native => Ok(()),
        ApplicationType::Service => {
            let description = format!(
                "Clients with 'application_type' of 'service' are not allowed to access the '{endpoint}' endpoint."
            );
            Err(Told { error: "invalid_request", description })
        }
    }
}

/// The parameters that the client signed, before those that were sent beside them, if it signed any.
fn signed_parameters(org: &mut Org, app: &App, issuer: &str, sent: &Query) -> Result<Option<Query>, Told> {
    let text = sent.get("request");
    text.map(|text| request_object::read(app, issuer, text, sent, &mut org.assertions)).transpose()
}

/// Where the client's answer goes to and how, as far as the request says so.
struct Way<'p> {
    redirect_uri: &'p str,
    wanted: Option<Wanted>,
    /// What is used if the request does not say.
    usual: Mode,
    /// None for one that is not known.
    mode: Option<Mode>,
}

impl<'p> Way<'p> {
    fn read(app: &App, parameters: &'p Query) -> Result<Way<'p>, Told> {
        let redirect_uri = parameters.get("redirect_uri").filter(|uri| app.redirect_uris.iter().any(|own| own == uri));
        let Some(redirect_uri) = redirect_uri else {
            let description = "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.";
            return Err(told("invalid_request", description));
        };
        let wanted = parameters.get("response_type").and_then(Wanted::read);
        let usual = if wanted.is_some_and(Wanted::is_implicit) { Mode::Fragment } else { Mode::Query };
        let mode = parameters.get("response_mode").map_or(Some(usual), Mode::read);
        Ok(Way { redirect_uri, wanted, usual, mode })
    }

    fn response(&self) -> Response {
        Response::new(self.redirect_uri, self.mode.unwrap_or(self.usual))
    }

    /// Whether the request is one that can be answered.
    fn check(&self, parameters: &Query, app: &App) -> Result<Wanted, Told> {
        let invalid = |description: &str| Err(told("invalid_request", description));
        let Some(wanted) = self.wanted else {
            let description = "The response type is not supported by the authorization server.";
            return Err(told("unsupported_response_type", description));
        };
        match self.mode {
            // Spec; the texts are the catalogue's.
            None => {
                let description = "The response mode is not supported by the authorization server. Valid response modes: [query, fragment, \
                                   form_post, okta_post_message].";
                return Err(told("unsupported_response_mode", description));
            }
            Some(Mode::Query) if wanted.is_implicit() => {
                let description =
                    "'query' response mode cannot be used with either the 'id_token' or 'token' response types.";
                return Err(told("unsupported_response_mode", description));
            }
            Some(Mode::Query | Mode::Fragment | Mode::FormPost | Mode::PostMessage) => {}
        }
        // Spec.
        if parameters.get("state").is_none() {
            return invalid("The 'state' parameter is required.");
        }
        let lacks = |is_wanted: bool, grant| is_wanted && !app.has_grant(grant);
        if lacks(wanted.code, GrantType::AuthorizationCode) || lacks(wanted.is_implicit(), GrantType::Implicit) {
            return Err(token_endpoint::unauthorized(app).into());
        }
        // Spec.
        if wanted.id_token && parameters.get("nonce").is_none() {
            return invalid("The 'nonce' parameter is required.");
        }
        let challenge = parameters.get("code_challenge");
        if challenge.is_some() && parameters.get("code_challenge_method") != Some("S256") {
            return invalid("The 'code_challenge_method' must be 'S256'.");
        }
        if wanted.code && challenge.is_none() && app.method == AuthenticationMethod::None {
            return invalid("PKCE code challenge is required when the token endpoint authentication method is 'NONE'.");
        }
        Ok(wanted)
    }
}

/// A request that can be answered.
struct Request<'r> {
    call: &'r Call<'r>,
    server: &'r str,
    app: &'r Arc<App>,
    parameters: &'r Query,
    wanted: Wanted,
}

/// Gives what is wanted, if somebody is signed in who may have it.
fn give(org: &mut Org, request: &Request<'_>, response: &mut Response) -> Result<(), Told> {
    let Request { call, server, app, parameters, wanted } = *request;
    let Some(signed) = token_endpoint::signed_in(org, app)? else {
        // The service would show its page, if it is not told not to (OpenID Connect Core, section 3.1.2.6).
        return Err(told("login_required", "The client specified not to prompt, but the user is not signed in."));
    };
    let scope = parameters.get("scope");
    let mut granted = token_endpoint::authorized(org, call, server, app, wanted.grant(), Some(signed), scope)?;
    granted.nonce = parameters.get("nonce").map(str::to_owned);
    if wanted.id_token && !granted.has_scope("openid") {
        return Err(told("invalid_scope", "The 'openid' scope is required for the response type 'id_token'."));
    }
    let code = wanted.code.then(|| code(org, &granted, parameters));
    let access_token = wanted.token.then(|| token_endpoint::access_token(org, call, &granted)).transpose()?;
    let id_token = if wanted.id_token {
        token_endpoint::id_token(org, call, &granted, access_token.as_deref(), code.as_deref())?
    } else {
        None
    };
    if let Some(code) = &code {
        response.add("code", code);
    }
    if let Some(token) = &access_token {
        response.add("access_token", token);
        response.add("token_type", "Bearer");
        response.add("expires_in", &granted.lifetimes.access.to_string());
        response.add("scope", &granted.scopes.join(" "));
    }
    if let Some(token) = &id_token {
        response.add("id_token", token);
    }
    Ok(())
}

fn code(org: &mut Org, granted: &Granted, parameters: &Query) -> String {
    let text = org.source.secret();
    let code = Code {
        granted: granted.clone(),
        redirect_uri: parameters.get("redirect_uri").unwrap_or_default().to_owned(),
        challenge: parameters.get("code_challenge").map(str::to_owned),
        expires: org.source.now().plus_seconds(CODE_LIFETIME),
    };
    org.issued.add_code(text.clone(), code);
    text
}
