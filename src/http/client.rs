//! The client: one origin, credentials by principal, limits on time and size.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    time::{Duration, Instant},
};

use reqwest::{Certificate, ClientBuilder, Method, Proxy, RequestBuilder, Url, redirect::Policy};

use super::{
    Answer, Credential, Exchange, SentRequest,
    headers::{headers, texts},
    login::{passwords, without_login},
};
use crate::secret::{Redactor, may_hold_secrets};

/// What a target may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From sending a request to the last byte of its answer, where somebody has said it.
    pub request: Option<Duration>,
    /// The largest body of an answer, in bytes.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { request: None, body: 5 * 1024 * 1024 }
    }
}

/// Longer than any answer of Okta's takes.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// The largest head of an answer, in bytes of names and values: a hundred times what Okta's have.
const HEAD_LIMIT: usize = 64 * 1024;

/// How a target is reached.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// The URL of a proxy for everything, in the place of what the environment says.
    pub proxy: Option<String>,
    /// What the environment says of proxies, for what is secret about it.
    pub proxies_around: Vec<String>,
    /// Certificates in PEM that are trusted beside the system's.
    pub authorities: Option<Vec<u8>>,
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
    /// Not the URL of a proxy.
    #[error("the `proxy` of the target is not the URL of one")]
    Proxy(#[source] reqwest::Error),
    /// Not a bundle of certificates.
    #[error("the CA file holds no certificates in PEM")]
    Authorities,
    /// The TLS library refused.
    #[error("cannot set up the HTTP client")]
    Build(#[source] reqwest::Error),
}

/// Why there is no answer. None of these says anything about the target's conformance.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// No connection.
    #[error("cannot connect{way}: {reason}")]
    Connect {
        /// What stands between us and the target, if anything does; with a blank before it.
        way: String,
        /// What the system says.
        reason: String,
    },
    /// Out of time.
    #[error("no complete answer within {0:?}")]
    Timeout(Duration),
    /// The connection broke, or what came was not HTTP.
    #[error("the exchange broke off{way}: {reason}")]
    Broken {
        /// As of [`Self::Connect`].
        way: String,
        /// What is known of it.
        reason: String,
    },
    /// A body beyond the limit.
    #[error("the answer is larger than {0} bytes, the limit")]
    TooLarge(usize),
    /// Headers beyond the limit.
    #[error("the head of the answer is larger than {0} bytes, the limit")]
    LargeHead(usize),
    /// No token for the principal. The whole text names the cause, the token endpoint's own words where it has said some.
    #[error("{0}")]
    Credentials(String),
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

impl Outgoing {
    /// Whether the case itself decides this header.
    pub(super) fn sets(&self, header: &str) -> bool {
        self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header))
    }
}

/// Reads the URL of a target, or says what is wrong with it.
pub(crate) fn parse_origin(url: &str) -> Result<Url, String> {
    let parsed = Url::parse(url).map_err(|error| error.to_string())?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err("it must begin with http:// or https://".to_owned());
    }
    if parsed.path() != "/" || parsed.query().is_some() || !parsed.username().is_empty() || parsed.password().is_some()
    {
        return Err("give the origin alone, such as https://example.okta.com".to_owned());
    }
    Ok(parsed)
}

/// As [`parse_origin`], for messages about a target.
///
/// # Errors
/// A text that is not the URL of an origin.
pub(crate) fn target_url(url: &str) -> Result<Url, ClientError> {
    parse_origin(url).map_err(|reason| ClientError::Url { url: without_login(url), reason })
}

/// Sends requests to one target.
#[derive(Debug)]
pub struct Client {
    inner: reqwest::Client,
    pub(super) origin: String,
    /// The same, read.
    base: Url,
    host: String,
    /// How messages tell the proxy.
    way: String,
    pub(super) principals: BTreeMap<String, Credential>,
    request_limit: Duration,
    body_limit: usize,
    redactor: Redactor,
}

impl Client {
    /// A client for the target at `url`, of which only the origin counts. What is secret about the principals, and whatever they are given
    /// later, `redactor` learns.
    ///
    /// # Errors
    /// A text that is no URL of http or https, or one with a path; a proxy or CA file that is none.
    pub fn new(
        url: &str,
        principals: BTreeMap<String, Credential>,
        limits: Limits,
        network: &Network,
        redactor: &Redactor,
    ) -> Result<Self, ClientError> {
        let parsed = target_url(url)?;
        let origin = parsed.origin().ascii_serialization();
        let host = origin.split_once("://").map_or_else(String::new, |(_, host)| host.to_owned());
        let request_limit = limits.request.unwrap_or(REQUEST_LIMIT);
        let builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(request_limit.min(Duration::from_secs(10)))
            .timeout(request_limit)
            .tcp_nodelay(true)
            .user_agent(concat!("okta-conformance/", env!("CARGO_PKG_VERSION")));
        let elsewhere =
            |credential: &Credential| matches!(credential, Credential::ClientCredentials(client) if client.needs_tls());
        let tls = parsed.scheme() == "https" || principals.values().any(elsewhere);
        let inner = network.build(builder, &parsed, tls)?;
        let mut secrets: Vec<String> = principals.values().flat_map(Credential::secrets).collect();
        secrets.extend(network.proxy.iter().chain(&network.proxies_around).flat_map(|url| passwords(url)));
        redactor.learn(secrets.iter().map(String::as_str));
        for credential in principals.values() {
            if let Credential::ClientCredentials(client) = credential
                && let Some(beginning) = client.proof_beginning()
            {
                redactor.learn_beginning(&beginning);
            }
        }
        let (body_limit, redactor) = (limits.body, redactor.clone());
        let way = network.way(&parsed);
        Ok(Self { inner, origin, base: parsed, host, way, principals, request_limit, body_limit, redactor })
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

    /// Learns what must not be written.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// No answer, or not all of it.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<Exchange, Fault> {
        match self.principals.get(&outgoing.principal) {
            // A case that writes the header itself is about that header: nothing is fetched for it, and a 401 is its answer.
            Some(Credential::ClientCredentials(client)) if !outgoing.sets("authorization") => {
                Box::pin(client.send(self, outgoing)).await
            }
            credential => {
                let authorization = credential.and_then(Credential::header);
                let credentials = authorization.map(|value| ("authorization", value));
                self.exchange(outgoing, credentials).await
            }
        }
    }

    /// Fetches the token that a request is to have. Unlike the request itself, this may be given up in the middle.
    ///
    /// # Errors
    /// No token.
    pub(crate) async fn prepare(&self, outgoing: &Outgoing) -> Result<(), Fault> {
        match self.principals.get(&outgoing.principal) {
            Some(Credential::ClientCredentials(client)) if !outgoing.sets("authorization") => {
                client.value(self).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// One request with these credentials.
    pub(super) async fn exchange(
        &self,
        outgoing: Outgoing,
        credentials: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Exchange, Fault> {
        let headers = headers(&outgoing, credentials)?;
        let method =
            Method::from_bytes(outgoing.method.as_bytes()).map_err(|error| Fault::Request(error.to_string()))?;
        let url = self.url(&outgoing.url).map_err(|error| Fault::Request(error.to_string()))?;
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
        let answer = self.answer(builder).await?;
        Ok(Exchange { request, answer, started, duration: started.elapsed() })
    }

    /// The URL as it is sent. Most of the work of reading one is its host, which is known where an ordinary path stands behind the origin.
    fn url(&self, url: &str) -> Result<Url, impl std::fmt::Display> {
        let path = url.strip_prefix(&self.origin).filter(|path| path.starts_with('/') && !path.starts_with("//"));
        match path.filter(|path| path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')) {
            Some(path) => self.base.join(path),
            None => Url::parse(url),
        }
    }

    /// A request to be filled in that is none of a case's.
    pub(super) fn post(&self, url: &Url) -> RequestBuilder {
        self.inner.post(url.clone())
    }

    /// Sends a request and reads the whole answer, within the limits.
    pub(super) async fn answer(&self, builder: RequestBuilder) -> Result<Answer, Fault> {
        let mut response = builder.send().await.map_err(|error| self.fault(&error))?;
        let (status, headers) = (response.status().as_u16(), texts(response.headers()));
        if headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > HEAD_LIMIT {
            return Err(Fault::LargeHead(HEAD_LIMIT));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.fault(&error))? {
            if body.len() + chunk.len() > self.body_limit {
                return Err(Fault::TooLarge(self.body_limit));
            }
            body.extend_from_slice(&chunk);
        }
        let answer = Answer::new(status, headers, body);
        if may_hold_secrets(&answer.body)
            && let Ok(body) = answer.json()
        {
            self.redactor.learn_from(body);
        }
        Ok(answer)
    }

    fn fault(&self, error: &reqwest::Error) -> Fault {
        if error.is_timeout() {
            return Fault::Timeout(self.request_limit);
        }
        let reason = innermost(error);
        let way = self.way.clone();
        if error.is_connect() { Fault::Connect { way, reason } } else { Fault::Broken { way, reason } }
    }
}

impl Network {
    fn build(&self, mut builder: ClientBuilder, target: &Url, tls: bool) -> Result<reqwest::Client, ClientError> {
        if let Some(pem) = &self.authorities {
            let authorities = Certificate::from_pem_bundle(pem).map_err(|_| ClientError::Authorities)?;
            if authorities.is_empty() {
                return Err(ClientError::Authorities);
            }
            builder = builder.tls_certs_merge(authorities);
        } else if !tls && !self.proxy.as_ref().is_some_and(|proxy| proxy.starts_with("https:")) {
            // Loading the system's certificates takes longer than a whole run against a mock.
            builder = builder.tls_certs_only([]);
        }
        if let Some(url) = &self.proxy {
            let proxy = Proxy::all(url).map_err(ClientError::Proxy)?;
            builder = builder.no_proxy().proxy(proxy);
        } else if is_here(target) {
            builder = builder.no_proxy();
        }
        builder.build().map_err(ClientError::Build)
    }

    /// The proxy, in words that follow what went wrong: whoever reads that a connection was refused has to know by whom. Which of those of
    /// the environment is for a target, the library decides.
    fn way(&self, target: &Url) -> String {
        match &self.proxy {
            Some(proxy) => format!(" by way of the proxy {}", without_login(proxy)),
            None if is_here(target) || self.proxies_around.is_empty() => String::new(),
            None => {
                let around: BTreeSet<String> = self.proxies_around.iter().map(|proxy| without_login(proxy)).collect();
                let around: Vec<String> = around.into_iter().collect();
                format!(" (by way of a proxy, where the environment has {} for it)", around.join(" or "))
            }
        }
    }
}

/// Whether the target is on this machine, to which no proxy of the environment leads.
pub(crate) fn is_here(target: &Url) -> bool {
    target.host_str().is_some_and(|host| host == "localhost" || host.starts_with("127.") || host == "[::1]")
}

/// The cause that names the trouble; the outer ones repeat the URL.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
