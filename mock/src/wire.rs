//! What goes back over the wire: the error envelope, the general headers, links. Owns their exact form; decides
//! nothing.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use serde::Serialize;

use super::{limits::Budget, source::Source};

/// The algorithms of proofs, as a challenge lists them (RFC 9449, section 7.1).
const DPOP_ALGORITHMS: &str = "RS256 RS384 RS512 ES256 ES384";

/// What a handler comes to.
pub(super) type Outcome = Result<Answer, Refusal>;

/// A success.
pub(super) enum Answer {
    Json {
        status: StatusCode,
        body: Vec<u8>,
        /// Values of `Link` headers, one header line each.
        links: Vec<String>,
        /// For how many seconds it may be kept, if it may be.
        kept: Option<i64>,
        /// Whether robots are told not to list it (recorded: of the tokens that an endpoint gives, and not of its errors).
        unlisted: bool,
    },
    /// 204.
    Empty,
    /// 200 without a body.
    Done,
    /// 302 to another address.
    Redirect(String),
    /// A page for a browser.
    Page { status: StatusCode, html: String },
}

impl Answer {
    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Answer {
        Answer::linked(status, body, Vec::new())
    }

    pub(super) fn linked(status: StatusCode, body: &impl Serialize, links: Vec<String>) -> Answer {
        // Fails only for maps with keys that are not strings, which no answer has.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Answer::Json { status, body, links, kept: None, unlisted: false }
    }

    /// The same, which may be kept for so many seconds.
    pub(super) fn kept_for(self, seconds: i64) -> Answer {
        match self {
            Answer::Json { status, body, links, kept: _, unlisted } => {
                Answer::Json { status, body, links, kept: Some(seconds), unlisted }
            }
            other @ (Answer::Empty | Answer::Done | Answer::Redirect(_) | Answer::Page { .. }) => other,
        }
    }

    /// The same, which robots are told not to list.
    pub(super) fn unlisted(self) -> Answer {
        match self {
            Answer::Json { status, body, links, kept, unlisted: _ } => {
                Answer::Json { status, body, links, kept, unlisted: true }
            }
            other @ (Answer::Empty | Answer::Done | Answer::Redirect(_) | Answer::Page { .. }) => other,
        }
    }
}

/// Classes of resources as the "not found" text names them (recorded).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    AuthorizationServer,
    Scope,
    Claim,
    Policy,
    PolicyRule,
    Client,
    /// Inferred: never recorded.
    RefreshToken,
    /// Inferred from what validation errors call it.
    JsonWebKey,
}

impl Entity {
    /// The name, and what ids begin with (recorded; of keys and refresh tokens from the spec's examples).
    fn name_and_prefix(self) -> (&'static str, &'static str) {
        match self {
            Entity::AuthorizationServer => ("AuthorizationServer", "aus"),
            Entity::Scope => ("OAuth2Scope", "scp"),
            Entity::Claim => ("OAuth2Claim", "ocl"),
            Entity::Policy => ("Policy", "00p"),
            Entity::PolicyRule => ("PolicyRule", "0pr"),
            Entity::Client => ("PublicClientApp", "0oa"),
            Entity::RefreshToken => ("OAuth2RefreshToken", "oar"),
            Entity::JsonWebKey => ("JsonWebKey", "apk"),
        }
    }

    fn name(self) -> &'static str {
        self.name_and_prefix().0
    }

    pub(super) fn prefix(self) -> &'static str {
        self.name_and_prefix().1
    }
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    summary: Cow<'static, str>,
    causes: Vec<String>,
    /// Headers that this error has besides those of every answer.
    headers: Vec<(HeaderName, String)>,
    form: Form,
}

/// How an error body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The vendor's.
    Api,
    /// RFC 6749.
    OAuth,
    /// None: a challenge says it all (RFC 6750, section 3).
    Bare,
}

// Codes and texts are from the vendor's table of errors (docs) unless a constructor says otherwise.
impl Refusal {
    pub(super) const fn of(status: StatusCode, code: &'static str, summary: &'static str) -> Refusal {
        let summary = Cow::Borrowed(summary);
        Refusal { status, code, summary, causes: Vec::new(), headers: Vec::new(), form: Form::Api }
    }

    fn new(status: StatusCode, code: &'static str, summary: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { summary: summary.into(), ..Refusal::of(status, code, "") }
    }

    /// An error of an OAuth endpoint; `error` is one of RFC 6749, section 5.2.
    pub(super) fn oauth(status: StatusCode, error: &'static str, description: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { form: Form::OAuth, ..Refusal::new(status, error, description) }
    }

    /// An error about an access token, which a challenge tells (spec).
    pub(super) fn bearer(status: StatusCode, error: &'static str, description: &'static str) -> Refusal {
        let challenge = format!("Bearer error=\"{error}\", error_description=\"{description}\"");
        let refusal = Refusal { form: Form::Bare, ..Refusal::of(status, error, description) };
        refusal.with_header(header::WWW_AUTHENTICATE, challenge)
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    /// What is wrong with each member, if it is that.
    pub(super) fn causes(&self) -> &[String] {
        &self.causes
    }

    /// What is wrong, in words.
    pub(super) fn reason(&self) -> String {
        if self.causes.is_empty() { self.summary.to_string() } else { self.causes.join("; ") }
    }

    pub(super) fn validation(subject: &str, causes: Vec<String>) -> Refusal {
        let summary = format!("Api validation failed: {subject}");
        Refusal { causes, ..Refusal::new(StatusCode::BAD_REQUEST, "E0000001", summary) }
    }

    pub(super) const NOT_WELL_FORMED: Refusal =
        Refusal::of(StatusCode::BAD_REQUEST, "E0000003", "The request body was not well-formed.");
    pub(super) const NO_PERMISSION: Refusal =
        Refusal::of(StatusCode::FORBIDDEN, "E0000006", "You do not have permission to perform the requested action");
    /// The text is recorded.
    pub(super) fn not_found(id: &str, entity: Entity) -> Refusal {
        let summary = format!("Not found: Resource not found: {id} ({})", entity.name());
        Refusal::new(StatusCode::NOT_FOUND, "E0000007", summary)
    }

    pub(super) const NO_SUCH_PATH: Refusal =
        Refusal::of(StatusCode::NOT_FOUND, "E0000008", "The requested path was not found");
    /// No behaviour of the service, but a gap of the mock. Code and status are those of the table for what is not supported.
    pub(super) fn not_served(method: &Method, path: &str) -> Refusal {
        let summary = format!(
            "This is okta-mock, which does not serve {method} /{path}. It answers like the service if it is told that unknown paths are 404."
        );
        Refusal::new(StatusCode::NOT_IMPLEMENTED, "E0000060", summary)
    }

    pub(super) const INVALID_TOKEN: Refusal =
        Refusal::of(StatusCode::UNAUTHORIZED, "E0000011", "Invalid token provided");
    /// Status and text are recorded: 401, not the 403 of the spec.
    pub(super) const NO_FEATURE: Refusal = Refusal::of(
        StatusCode::UNAUTHORIZED,
        "E0000015",
        "You do not have permission to access the feature you are requesting",
    );
    /// What clients are told of it (catalogue).
    pub(super) const FEATURE_OFF: Refusal = Refusal {
        status: StatusCode::BAD_REQUEST,
        code: "access_denied",
        summary: Cow::Borrowed("The requested feature is not enabled in this environment."),
        causes: Vec::new(),
        headers: Vec::new(),
        form: Form::OAuth,
    };
    /// A token that is not taken under the `DPoP` scheme, or not without it. `error` is one of RFC 9449, section 12.2,
    /// or of RFC 6750. The challenge is that of RFC 9449, section 7.1; that the body stays the vendor's is inferred.
    pub(super) fn dpop(error: &'static str, description: &'static str) -> Refusal {
        let challenge =
            format!("DPoP error=\"{error}\", error_description=\"{description}\", algs=\"{DPOP_ALGORITHMS}\"");
        Refusal::INVALID_TOKEN.with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// Tells the nonce to come again with (RFC 9449, section 8).
    pub(super) fn with_nonce(self, nonce: &str) -> Refusal {
        self.with_header(HeaderName::from_static("dpop-nonce"), nonce.to_owned())
    }

    pub(super) fn with_header(mut self, name: HeaderName, value: String) -> Refusal {
        self.headers.push((name, value));
        self
    }

    // The two blanks after "Bad request." are the vendor's.
    pub(super) const CONTENT_TYPE_MISSING: Refusal = Refusal::of(
        StatusCode::BAD_REQUEST,
        "E0000018",
        "Bad request.  Accept and/or Content-Type headers are likely not set.",
    );
    pub(super) const BAD: Refusal = Refusal::of(StatusCode::BAD_REQUEST, "E0000020", "Bad request.");
    pub(super) const CONTENT_TYPE_UNSUPPORTED: Refusal = Refusal::of(
        StatusCode::BAD_REQUEST,
        "E0000021",
        "Bad request.  Accept and/or Content-Type headers likely do not match supported values.",
    );
    pub(super) fn wrong_method(allow: String) -> Refusal {
        let summary = "The endpoint does not support the provided HTTP method";
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "E0000022", summary).with_header(header::ALLOW, allow)
    }

    pub(super) const INVALID_PAGING: Refusal =
        Refusal::of(StatusCode::BAD_REQUEST, "E0000029", "Invalid paging request.");
    pub(super) const TOO_MANY_REQUESTS: Refusal = Refusal::of(
        StatusCode::TOO_MANY_REQUESTS,
        "E0000047",
        "API call exceeded rate limit due to too many requests.",
    );
    /// The status is documented, the body inferred: no code of the table has this status.
    pub(super) const LENGTH_REQUIRED: Refusal =
        Refusal::of(StatusCode::LENGTH_REQUIRED, "E0000002", "The request was not valid: Content-Length is required");
}

impl Refusal {
    fn body(&self, source: &mut Source) -> Option<Vec<u8>> {
        let body = match self.form {
            Form::Api => serde_json::to_vec(&Envelope {
                code: self.code,
                summary: &self.summary,
                link: self.code,
                id: source.error_id(),
                causes: self.causes.iter().map(|cause| Cause { error_summary: cause }).collect(),
            }),
            Form::OAuth => serde_json::to_vec(&OAuthError { error: self.code, error_description: &self.summary }),
            Form::Bare => return None,
        };
        // Fails only for maps with keys that are not strings.
        Some(body.unwrap_or_default())
    }
}

/// RFC 6749, section 5.2.
#[derive(Serialize)]
struct OAuthError<'r> {
    error: &'static str,
    error_description: &'r str,
}

/// Always these five members, in this order (recorded).
#[derive(Serialize)]
struct Envelope<'r> {
    #[serde(rename = "errorCode")]
    code: &'static str,
    #[serde(rename = "errorSummary")]
    summary: &'r str,
    /// The code again, not a URL (recorded).
    #[serde(rename = "errorLink")]
    link: &'static str,
    #[serde(rename = "errorId")]
    id: String,
    #[serde(rename = "errorCauses")]
    causes: Vec<Cause<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cause<'r> {
    error_summary: &'r str,
}

/// A response whose body is still to be looked at.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// None for an answer without one.
    pub(super) body: Option<Vec<u8>>,
}

impl Reply {
    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(self.body.map_or_else(Body::empty, Body::from));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Turns an outcome into an answer with all its headers. `budget` is none where no rate limit applies.
pub(super) fn render(source: &mut Source, outcome: Outcome, budget: Option<Budget>) -> Reply {
    let mut headers = HeaderMap::with_capacity(24);
    general(&mut headers, source, budget);
    let (status, body) = match outcome {
        Ok(Answer::Json { status, body, links, kept, unlisted }) => {
            for link in links {
                append(&mut headers, header::LINK, &link);
            }
            if unlisted {
                append(&mut headers, HeaderName::from_static("x-robots-tag"), "noindex,nofollow");
            }
            if let Some(seconds) = kept {
                headers.remove(header::PRAGMA);
                headers.remove(header::EXPIRES);
                headers.remove(header::CACHE_CONTROL);
                append(&mut headers, header::CACHE_CONTROL, &format!("max-age={seconds}, must-revalidate"));
                // Recorded: the same moment once more.
                headers.insert(header::EXPIRES, source.date_after(seconds));
            }
            (status, Some(body))
        }
        Ok(Answer::Empty) => (StatusCode::NO_CONTENT, None),
        Ok(Answer::Done) => (StatusCode::OK, None),
        Ok(Answer::Redirect(location)) => {
            append(&mut headers, header::LOCATION, &location);
            // Spec.
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            (StatusCode::FOUND, None)
        }
        Ok(Answer::Page { status, html }) => {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html;charset=utf-8"));
            (status, Some(html.into_bytes()))
        }
        Err(refusal) => {
            for (name, value) in &refusal.headers {
                append(&mut headers, name.clone(), value);
            }
            (refusal.status, refusal.body(source))
        }
    };
    if body.is_some() {
        headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    } else {
        // Recorded: answers without a body have no Content-Type and this instead.
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    }
    Reply { status, headers, body }
}

/// The headers of every answer, errors included (recorded).
fn general(headers: &mut HeaderMap, source: &mut Source, budget: Option<Budget>) {
    headers.insert(header::DATE, source.date());
    headers.insert(header::SERVER, HeaderValue::from_static("nginx"));
    append(headers, HeaderName::from_static("x-okta-request-id"), &source.request_id());
    headers.insert(header::X_XSS_PROTECTION, HeaderValue::from_static("0"));
    if let Some(budget) = budget {
        headers.insert("x-rate-limit-limit", HeaderValue::from(budget.limit));
        headers.insert("x-rate-limit-remaining", HeaderValue::from(budget.remaining));
        headers.insert("x-rate-limit-reset", HeaderValue::from(budget.reset.0));
    }
    headers.insert("accept-ch", HeaderValue::from_static("Sec-CH-UA-Platform-Version"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::EXPIRES, HeaderValue::from_static("0"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=315360000; includeSubDomains"));
}

/// Texts that could not be a header are left out; all that are passed here were made of checked parts.
fn append(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.append(name, value);
    }
}
