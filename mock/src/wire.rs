//! What goes back over the wire: the error envelope, the general headers, links. Owns their exact form; decides
//! nothing.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
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
    },
    /// 204.
    Empty,
}

impl Answer {
    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Answer {
        Answer::linked(status, body, Vec::new())
    }

    pub(super) fn linked(status: StatusCode, body: &impl Serialize, links: Vec<String>) -> Answer {
        // Fails only for maps with keys that are not strings, which no answer has.
        Answer::Json { status, body: serde_json::to_vec(body).unwrap_or_default(), links }
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
    fn name(self) -> &'static str {
        match self {
            Entity::AuthorizationServer => "AuthorizationServer",
            Entity::Scope => "OAuth2Scope",
            Entity::Claim => "OAuth2Claim",
            Entity::Policy => "Policy",
            Entity::PolicyRule => "PolicyRule",
            Entity::Client => "PublicClientApp",
            Entity::RefreshToken => "OAuth2RefreshToken",
            Entity::JsonWebKey => "JsonWebKey",
        }
    }
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    summary: String,
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
}

// Codes and texts are from the vendor's table of errors (docs) unless a constructor says otherwise.
impl Refusal {
    fn new(status: StatusCode, code: &'static str, summary: impl Into<String>) -> Refusal {
        Refusal { status, code, summary: summary.into(), causes: Vec::new(), headers: Vec::new(), form: Form::Api }
    }

    /// An error of an OAuth endpoint; `error` is one of RFC 6749, section 5.2.
    pub(super) fn oauth(status: StatusCode, error: &'static str, description: impl Into<String>) -> Refusal {
        Refusal { form: Form::OAuth, ..Refusal::new(status, error, description) }
    }

    /// What is wrong, in words.
    pub(super) fn reason(&self) -> String {
        if self.causes.is_empty() { self.summary.clone() } else { self.causes.join("; ") }
    }

    pub(super) fn validation(subject: &str, causes: Vec<String>) -> Refusal {
        let summary = format!("Api validation failed: {subject}");
        Refusal { causes, ..Refusal::new(StatusCode::BAD_REQUEST, "E0000001", summary) }
    }

    pub(super) fn not_well_formed() -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "E0000003", "The request body was not well-formed.")
    }

    pub(super) fn no_permission() -> Refusal {
        let summary = "You do not have permission to perform the requested action";
        Refusal::new(StatusCode::FORBIDDEN, "E0000006", summary)
    }

    /// The text is recorded.
    pub(super) fn not_found(id: &str, entity: Entity) -> Refusal {
        let summary = format!("Not found: Resource not found: {id} ({})", entity.name());
        Refusal::new(StatusCode::NOT_FOUND, "E0000007", summary)
    }

    pub(super) fn no_such_path() -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "E0000008", "The requested path was not found")
    }

    pub(super) fn invalid_token() -> Refusal {
        Refusal::new(StatusCode::UNAUTHORIZED, "E0000011", "Invalid token provided")
    }

    /// Status and text are recorded: 401, not the 403 of the spec.
    pub(super) fn no_feature() -> Refusal {
        let summary = "You do not have permission to access the feature you are requesting";
        Refusal::new(StatusCode::UNAUTHORIZED, "E0000015", summary)
    }

    /// A token that is not taken under the `DPoP` scheme, or not without it. `error` is one of RFC 9449, section 12.2,
    /// or of RFC 6750. The challenge is that of RFC 9449, section 7.1; that the body stays the vendor's is inferred.
    pub(super) fn dpop(error: &'static str, description: &'static str) -> Refusal {
        let challenge =
            format!("DPoP error=\"{error}\", error_description=\"{description}\", algs=\"{DPOP_ALGORITHMS}\"");
        Refusal::invalid_token().with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// Tells the nonce to come again with (RFC 9449, section 8).
    pub(super) fn with_nonce(self, nonce: &str) -> Refusal {
        self.with_header(HeaderName::from_static("dpop-nonce"), nonce.to_owned())
    }

    fn with_header(mut self, name: HeaderName, value: String) -> Refusal {
        self.headers.push((name, value));
        self
    }

    // The two blanks after "Bad request." are the vendor's.
    pub(super) fn content_type_missing() -> Refusal {
        let summary = "Bad request.  Accept and/or Content-Type headers are likely not set.";
        Refusal::new(StatusCode::BAD_REQUEST, "E0000018", summary)
    }

    pub(super) fn bad_request() -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "E0000020", "Bad request.")
    }

    pub(super) fn content_type_unsupported() -> Refusal {
        let summary = "Bad request.  Accept and/or Content-Type headers likely do not match supported values.";
        Refusal::new(StatusCode::BAD_REQUEST, "E0000021", summary)
    }

    pub(super) fn wrong_method(allow: String) -> Refusal {
        let summary = "The endpoint does not support the provided HTTP method";
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "E0000022", summary).with_header(header::ALLOW, allow)
    }

    pub(super) fn invalid_paging() -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "E0000029", "Invalid paging request.")
    }

    pub(super) fn too_many_requests() -> Refusal {
        let summary = "API call exceeded rate limit due to too many requests.";
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "E0000047", summary)
    }

    /// The status is documented, the body inferred: no code of the table has this status.
    pub(super) fn length_required() -> Refusal {
        let summary = "The request was not valid: Content-Length is required";
        Refusal::new(StatusCode::LENGTH_REQUIRED, "E0000002", summary)
    }
}

impl Refusal {
    fn body(&self, source: &mut Source) -> Vec<u8> {
        let body = match self.form {
            Form::Api => serde_json::to_vec(&Envelope {
                code: self.code,
                summary: &self.summary,
                link: self.code,
                id: source.error_id(),
                causes: self.causes.iter().map(|cause| Cause { error_summary: cause }).collect(),
            }),
            Form::OAuth => serde_json::to_vec(&OAuthError { error: self.code, error_description: &self.summary }),
        };
        // Fails only for maps with keys that are not strings.
        body.unwrap_or_default()
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
        Ok(Answer::Json { status, body, links }) => {
            for link in links {
                append(&mut headers, header::LINK, &link);
            }
            (status, Some(body))
        }
        Ok(Answer::Empty) => (StatusCode::NO_CONTENT, None),
        Err(refusal) => {
            for (name, value) in &refusal.headers {
                append(&mut headers, name.clone(), value);
            }
            if refusal.form == Form::OAuth && refusal.status == StatusCode::UNAUTHORIZED {
                append(&mut headers, header::WWW_AUTHENTICATE, "Basic realm=\"oauth2\"");
            }
            (refusal.status, Some(refusal.body(source)))
        }
    };
    if body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
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
