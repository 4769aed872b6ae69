//! The client: one origin, credentials by principal, limits on time and size.

use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, Instant},
};

use reqwest::{
    Method, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};

use super::{Answer, Exchange, SentRequest, answer::text};

/// How a principal shows who it is.
#[derive(Debug, Clone)]
pub enum Credential {
    /// No `Authorization` header.
    Anonymous,
    /// An API token of Okta, sent as `SSWS <token>`.
    Ssws(SecretString),
    /// An access token (RFC 6750).
    Bearer(SecretString),
}

impl Credential {
    fn header(&self) -> Option<String> {
        match self {
            Self::Anonymous => None,
            Self::Ssws(token) => Some(format!("SSWS {}", token.expose_secret())),
            Self::Bearer(token) => Some(format!("Bearer {}", token.expose_secret())),
        }
    }

    /// The secret itself, for the redactor.
    pub fn secret(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Ssws(token) | Self::Bearer(token) => Some(token.expose_secret()),
        }
    }
}

/// What a target may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From sending a request to the last byte of its answer.
    pub request: Duration,
    /// The largest body of an answer, in bytes.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { request: Duration::from_secs(30), body: 5 * 1024 * 1024 }
    }
}

/// A client that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not the URL of an origin.
    #[error("`{url}` is not the URL of a target: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS library refused.
    #[error("cannot set up the HTTP client")]
    Build(#[source] reqwest::Error),
}

/// Why there is no answer. None of these says anything about the target's conformance.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// No connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// Out of time.
    #[error("no complete answer within {0:?}")]
    Timeout(Duration),
    /// The connection broke, or what came was not HTTP.
    #[error("the exchange broke off: {0}")]
    Broken(String),
    /// A body beyond the limit.
    #[error("the answer is larger than {0} bytes, the limit")]
    TooLarge(usize),
    /// The request itself cannot be made of what the case says.
    #[error("the request cannot be built: {0}")]
    Request(String),
}

/// A request that is to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: String,
    /// A whole URL of the target's origin.
    pub(crate) url: String,
    /// Beside or instead of those that the client sets; `None` leaves one out.
    pub(crate) headers: Vec<(String, Option<Vec<String>>)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) principal: String,
}

/// Sends requests to one target.
#[derive(Debug)]
pub struct Client {
    inner: reqwest::Client,
    origin: String,
    host: String,
    principals: BTreeMap<String, Credential>,
    limits: Limits,
}

impl Client {
    /// A client for the target at `url`, of which only the origin counts.
    ///
    /// # Errors
    /// A text that is no URL of http or https, or one with a path.
    pub fn new(url: &str, principals: BTreeMap<String, Credential>, limits: Limits) -> Result<Self, ClientError> {
        let refused = |reason: &str| ClientError::Url { url: url.to_owned(), reason: reason.to_owned() };
        let parsed = Url::parse(url).map_err(|error| refused(&error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(refused("it must begin with http:// or https://"));
        }
        if parsed.path() != "/"
            || parsed.query().is_some()
            || !parsed.username().is_empty()
            || parsed.password().is_some()
        {
            return Err(refused("give the origin alone, such as https://example.okta.com"));
        }
        let origin = parsed.origin().ascii_serialization();
        let host = origin.split_once("://").map_or_else(String::new, |(_, host)| host.to_owned());
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(limits.request.min(Duration::from_secs(10)))
            .timeout(limits.request)
            .tcp_nodelay(true)
            .user_agent(concat!("okta-conformance/", env!("CARGO_PKG_VERSION")));
        if parsed.scheme() == "http" {
            // Loading the system's certificates takes longer than a whole run against a mock.
            builder = builder.tls_certs_only([]);
        }
        if parsed.host_str().is_some_and(|host| host == "localhost" || host.starts_with("127.") || host == "[::1]") {
            builder = builder.no_proxy();
        }
        Ok(Self { inner: builder.build().map_err(ClientError::Build)?, origin, host, principals, limits })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the URL is the target's own: nothing is sent elsewhere.
    pub(crate) fn owns(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| url.origin().ascii_serialization() == self.origin)
    }

    /// Whether there are credentials for this principal.
    pub fn knows(&self, principal: &str) -> bool {
        self.principals.contains_key(principal)
    }

    /// The secret of a principal, for cases about credentials in another form.
    pub(crate) fn token(&self, principal: &str) -> Option<&str> {
        self.principals.get(principal).and_then(Credential::secret)
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// No answer, or not all of it.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<Exchange, Fault> {
        let headers = self.headers(&outgoing)?;
        let method =
            Method::from_bytes(outgoing.method.as_bytes()).map_err(|error| Fault::Request(error.to_string()))?;
        let url = Url::parse(&outgoing.url).map_err(|error| Fault::Request(error.to_string()))?;
        let request = SentRequest {
            method: outgoing.method,
            url: outgoing.url,
            headers: texts(&headers),
            body: outgoing.body.unwrap_or_default(),
            principal: outgoing.principal,
        };
        let mut builder = self.inner.request(method, url).headers(headers);
        if !request.body.is_empty() {
            builder = builder.body(request.body.clone());
        }
        let started = Instant::now();
        let mut response = builder.send().await.map_err(|error| self.fault(&error))?;
        let (status, headers) = (response.status().as_u16(), texts(response.headers()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.fault(&error))? {
            if body.len() + chunk.len() > self.limits.body {
                return Err(Fault::TooLarge(self.limits.body));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Exchange { request, answer: Answer::new(status, headers, body), duration: started.elapsed() })
    }

    fn headers(&self, outgoing: &Outgoing) -> Result<HeaderMap, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static("application/json"));
        if outgoing.body.is_some() {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        if outgoing.body.is_none() && matches!(outgoing.method.as_str(), "POST" | "PUT" | "PATCH") {
            // Okta answers 411 to a write that says nothing of its length, and the library says nothing of an empty body's.
            headers.insert("content-length", HeaderValue::from_static("0"));
        }
        let refused = |name: &str| Fault::Request(format!("the value of `{name}` cannot stand in a header"));
        if let Some(text) = self.principals.get(&outgoing.principal).and_then(Credential::header) {
            let mut value = HeaderValue::from_str(&text).map_err(|_| refused("Authorization"))?;
            value.set_sensitive(true);
            headers.insert("authorization", value);
        }
        for (name, values) in &outgoing.headers {
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(name))?;
            headers.remove(&key);
            for value in values.iter().flatten() {
                headers.append(&key, HeaderValue::from_str(value).map_err(|_| refused(name))?);
            }
        }
        Ok(headers)
    }

    fn fault(&self, error: &reqwest::Error) -> Fault {
        if error.is_timeout() {
            return Fault::Timeout(self.limits.request);
        }
        let reason = innermost(error);
        if error.is_connect() { Fault::Connect(reason) } else { Fault::Broken(reason) }
    }
}

/// The cause that names the trouble; the outer ones repeat the URL.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()).into_owned())).collect()
}
