//! The token endpoint of an authorization server (RFC 6749, section 3.2). Owns the order of the checks, which is
//! inferred, and the answer. What each grant needs is in `grant`, who may have what in `scopes` and `policy`, what tokens say in `claims`,
//! `access_token` and `id_token`. The endpoint of the org's own server is in `token`.

mod access_token;
mod claims;
mod code;
mod device;
mod exchange;
mod form;
mod grant;
mod id_token;
mod policy;
mod refresh;
mod scopes;

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde::Serialize;

pub(super) use self::{
    claims::{About, Occasion, told},
    form::{read as read_form, without_doubles},
    grant::{Signed, authorized, check_scopes, signed_in, unauthorized},
    policy::Lifetimes,
    scopes::WITHOUT_OPENID,
};
use super::{
    apps::App,
    call::{Call, Query},
    client_authentication::{self, Client},
    dpop::{Binding, Subject},
    norm::Norm,
    routes::Operation,
    start::GrantType,
    state::{Org, Server, Status},
    wire::{Answer, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::open("tokenCustomAS", Method::POST, "/oauth2/{}/v1/token", answer)];

/// For what tokens are given.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    /// The id of the server.
    pub(super) server: String,
    pub(super) app: Arc<App>,
    /// The grant type by which rules were asked.
    pub(super) grant: GrantType,
    /// Who signed in, if anybody did.
    pub(super) signed: Option<Signed>,
    pub(super) scopes: Vec<String>,
    pub(super) lifetimes: Lifetimes,
    pub(super) nonce: Option<String>,
}

impl Granted {
    pub(super) fn has_scope(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope == name)
    }
}

/// Tokens, as an answer has them (recorded: these members in this order).
#[derive(Serialize)]
struct Answered<'t> {
    token_type: &'static str,
    expires_in: i64,
    access_token: &'t str,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    /// The last one in the vendor's example (docs).
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
}

/// A server that clients can use. Docs: an INACTIVE one is not available to them. Inferred: it is answered as one that does not exist, for
/// which the catalogue has this.
pub(super) fn server<'o>(org: &'o Org, call: &Call<'_>) -> Result<&'o Server, Refusal> {
    let server = org.servers.find(call.server()).ok().filter(|server| match server.status {
        Status::Active => true,
        Status::Inactive => !call.keeps(Norm::ActiveServer),
    });
    server.ok_or_else(|| {
        Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", "The authorization server id is invalid.")
    })
}

/// Who sends a form to an endpoint of a server, `name` behind `/v1/`. The assertion is still to be remembered.
fn client(org: &Org, call: &Call<'_>, form: &Query, name: &str) -> Result<Client, Refusal> {
    client_authentication::authenticate(&org.apps, &org.assertions, call, form, &path(call, name))
}

/// The same, of an endpoint at which an assertion is used up at once.
pub(super) fn authenticated(org: &mut Org, call: &Call<'_>, form: &Query, name: &str) -> Result<Arc<App>, Refusal> {
    let Client { app, spent } = client(org, call, form, name)?;
    if let Some(spent) = spent {
        spent.remember(&mut org.assertions);
    }
    Ok(app)
}

/// As the client wrote it, so that an audience and an `htu` can be compared with it.
pub(super) fn path(call: &Call<'_>, name: &str) -> String {
    format!("/oauth2/{}/v1/{name}", call.server())
}

fn answer(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = server(org, call)?.id.clone();
    let form = form::read(call)?;
    let Client { app, spent } = client(org, call, &form, "token")?;
    let grant = grant::asked(call, &app, &form)?;
    form::without_doubles(call, &form)?;
    let key = proved_key(org, call, &app)?;
    // Inferred: only now, so that the client can send the assertion again after it was told a nonce.
    if let Some(spent) = spent {
        spent.remember(&mut org.assertions);
    }
    match grant {
        GrantType::ClientCredentials => {
            let granted = authorized(org, call, &server, &app, grant, None, form.get("scope"))?;
            tokens(org, call, &granted, key.as_deref(), None)
        }
        GrantType::Password => {
            let signed = grant::by_password(org, call, &app, &form)?;
            let granted = authorized(org, call, &server, &app, grant, Some(signed), form.get("scope"))?;
            tokens(org, call, &granted, key.as_deref(), None)
        }
        GrantType::AuthorizationCode => {
            let granted = code::exchange(org, call, &server, &app, &form)?;
            tokens(org, call, &granted, key.as_deref(), None)
        }
        GrantType::RefreshToken => {
            let (granted, refreshed) = refresh::exchange(org, call, &server, &app, &form)?;
            tokens(org, call, &granted, key.as_deref(), Some(refreshed))
        }
        GrantType::DeviceCode => {
            let granted = device::exchange(org, call, &server, &app, &form)?;
            tokens(org, call, &granted, key.as_deref(), None)
        }
        GrantType::TokenExchange => {
            let granted = exchange::exchange(org, call, &server, &app, &form)?;
            tokens(org, call, &granted, key.as_deref(), None)
        }
        // It has no request to this endpoint (RFC 6749, section 4.2).
        GrantType::Implicit => Err(grant::unsupported()),
    }
}

/// The thumbprint of the key that tokens are bound to. A proof that is not asked for binds nothing, as at the org's own server (inferred).
fn proved_key(org: &mut Org, call: &Call<'_>, app: &App) -> Result<Option<String>, Refusal> {
    if !app.is_dpop_bound {
        return Ok(None);
    }
    let path = path(call, "token");
    if !call.headers.contains_key("dpop") && !call.keeps(Norm::Proof) {
        return Ok(None);
    }
    let subject = Subject { method: &Method::POST, base: call.base, path: &path, lenience: &call.lenience };
    let thumbprint = org.dpop.at_the_token_endpoint(&mut org.source, call.headers, subject)?;
    Ok(Some(thumbprint).filter(|_| call.keeps(Norm::ProofBinding)))
}

/// Makes the tokens of a grant and the answer that has them.
fn tokens(
    org: &mut Org,
    call: &Call<'_>,
    granted: &Granted,
    key: Option<&str>,
    refreshed: Option<refresh::Refreshed>,
) -> Outcome {
    let token_type = if key.is_some() { "DPoP" } else { "Bearer" };
    let draft = access_token::draft(org, call, granted, key)?;
    // Whatever can fail has to be over before a refresh token is given or used up.
    let id_draft = id_token::draft(org, call, granted, Occasion::WithAccessToken)?;
    let refreshed = refreshed.or_else(|| refresh::first(org, call, granted));
    let refresh_id = refreshed.as_ref().map(|refreshed| refreshed.id.clone());
    let access_token = access_token::issue(org, call, granted, draft, refresh_id.as_deref())?;
    let id_token = match id_draft {
        Some(draft) => Some(id_token::issue(org, call, granted, draft, Some(&access_token), None)?),
        None => None,
    };
    let answered = Answered {
        token_type,
        expires_in: granted.lifetimes.access,
        access_token: &access_token,
        scope: granted.scopes.join(" "),
        refresh_token: refreshed.map(|refreshed| refresh::give(org, &refreshed)),
        id_token,
        issued_token_type: exchange::issued_type(granted.grant),
    };
    Ok(Answer::json(StatusCode::OK, &answered).unlisted())
}

/// An access token without anything else, as `/authorize` gives it.
pub(super) fn access_token(org: &mut Org, call: &Call<'_>, granted: &Granted) -> Result<String, Refusal> {
    let draft = access_token::draft(org, call, granted, None)?;
    access_token::issue(org, call, granted, draft, None)
}

/// An ID token as `/authorize` gives it, which tells the hashes of what it comes with.
pub(super) fn id_token(
    org: &mut Org,
    call: &Call<'_>,
    granted: &Granted,
    access_token: Option<&str>,
    code: Option<&str>,
) -> Result<Option<String>, Refusal> {
    let occasion = if access_token.is_some() { Occasion::WithAccessToken } else { Occasion::Alone };
    let draft = id_token::draft(org, call, granted, occasion)?;
    draft.map(|draft| id_token::issue(org, call, granted, draft, access_token, code)).transpose()
}

/// The key of an access token and how proofs name it.
fn binding(token: &str, thumbprint: Option<String>) -> Option<Binding> {
    thumbprint.map(|thumbprint| Binding::new(token, thumbprint))
}
