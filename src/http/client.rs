//! The client: one origin, credentials by principal, limits on time and size.

use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, Instant},
};

use percent_encoding::percent_decode_str;
use reqwest::{
    Method, RequestBuilder, Response, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use secrecy::ExposeSecret;

use super::{
    Answer, AsClient, Credential, Exchange, Network, OAuthClient, SentRequest, User,
    answer::text,
    budget::{Budget, SHORT},
    connection::{Connection, Connections, is_repeatable},
    network::{passwords, without_login},
    oauth::{ShownBy, form},
};
use crate::{
    secret::{Redactor, may_hold_secrets},
    volume::{MOST_VALUES, is_too_much},
};

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

/// A client that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not the URL of an origin.
    #[error("`{0}` is not the URL of a target: {1}")]
    Url(String, String),
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
pub enum NoAnswer {
    /// No connection: what stands between us and the target, with a blank before it if there is anything, and what the system says.
    #[error("cannot connect{0}: {1}")]
    Connect(String, String),
    /// Out of time.
    #[error("no complete answer within {0:?}")]
    Timeout(Duration),
    /// The connection ended before the head of an answer was there. Whether the request was carried out, nobody knows. As of
    /// [`Self::Connect`].
    #[error("the connection ended before an answer{0}: {1}")]
    Lost(String, String),
    /// The connection broke in the middle of an answer, or what came was not HTTP. As of [`Self::Connect`].
    #[error("the exchange was cut off{0}: {1}")]
    Broken(String, String),
    /// A body beyond the limit.
    #[error("the answer is larger than {0} bytes, the limit")]
    TooLarge(usize),
    /// More JSON than is read.
    #[error("the answer is JSON of more than {0} values, the limit")]
    TooMuch(usize),
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

impl NoAnswer {
    /// The same, with the name of the principal that it is about.
    pub(super) fn of(self, principal: &str) -> Self {
        match self {
            Self::Credentials(reason) => Self::Credentials(format!("principal `{principal}`: {reason}")),
            other => other,
        }
    }
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
    /// Who sends it: a principal, or a client.
    pub(crate) principal: String,
    /// What a client shows, where one sends it.
    pub(crate) client: Option<Box<AsClient>>,
    /// Whether it goes out on a connection of its own: one that is kept may be closed by the other side just as it is used again, and not
    /// every request may be sent twice.
    pub(crate) fresh: bool,
}

impl Outgoing {
    /// A GET of this URL.
    pub(crate) fn get(url: &str, principal: &str) -> Self {
        let (method, url, principal) = ("GET".to_owned(), url.to_owned(), principal.to_owned());
        Self { method, url, headers: Vec::new(), body: None, principal, client: None, fresh: false }
    }

    /// Whether it is nothing but a method, a path and who sends it.
    pub(crate) fn is_bare(&self) -> bool {
        self.headers.is_empty() && self.body.is_none() && self.client.is_none() && !self.url.contains('?')
    }

    /// Whether the case itself decides this header.
    pub(super) fn sets(&self, header: &str) -> bool {
        self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header))
    }
}

/// Reads the URL of a target, or says what is wrong with it.
pub(crate) fn parse_origin(url: &str) -> Result<Url, String> {
    if url.contains(['{', '}']) {
        return Err("put the domain of your org in place of the braces, such as https://example.okta.com".to_owned());
    }
    let parsed = Url::parse(url).map_err(|error| error.to_string())?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err("it must begin with http:// or https://".to_owned());
    }
    if parsed.path() != "/" || parsed.query().is_some() || !parsed.username().is_empty() || parsed.password().is_some()
    {
        return Err("give only the origin, such as https://example.okta.com".to_owned());
    }
    if let Some(api) = parsed.host_str().and_then(host_of_api) {
        return Err(format!("this is the host of the Admin Console; the API is at https://{api}"));
    }
    Ok(parsed)
}

/// The domains of Okta's orgs, below which each org has a host for its API, and one with `-admin` for people.
const ORG_DOMAINS: [&str; 6] =
    ["okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "okta.mil", "trexcloud.com"];

/// The host of the API, where this one is that of the Admin Console.
fn host_of_api(host: &str) -> Option<String> {
    let (org, domain) = host.split_once('.')?;
    let org = org.strip_suffix("-admin").filter(|org| !org.is_empty())?;
    ORG_DOMAINS.contains(&domain).then(|| format!("{org}.{domain}"))
}

/// As [`parse_origin`], for messages about a target.
///
/// # Errors
/// A text that is not the URL of an origin.
pub(crate) fn target_url(url: &str) -> Result<Url, ClientError> {
    parse_origin(url).map_err(|reason| ClientError::Url(without_login(url), reason))
}

/// Sends requests to one target.
#[derive(Debug)]
pub struct Client {
    connections: Connections,
    pub(super) origin: String,
    /// The same, read.
    base: Url,
    host: String,
    /// How messages tell the proxy.
    way: String,
    pub(super) principals: BTreeMap<String, Credential>,
    pub(super) clients: BTreeMap<String, OAuthClient>,
    users: BTreeMap<String, User>,
    request_limit: Duration,
    body_limit: usize,
    /// Of the bodies that are in memory.
    bodies: Budget,
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
        let elsewhere =
            |credential: &Credential| matches!(credential, Credential::ClientCredentials(client) if client.needs_tls());
        let tls = parsed.scheme() == "https" || principals.values().any(elsewhere);
        let connections = Connections::new(network, &parsed, tls, request_limit)?;
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
        let bodies = Budget::default();
        Ok(Self {
            connections,
            origin,
            base: parsed,
            host,
            way,
            principals,
            clients: BTreeMap::new(),
            users: BTreeMap::new(),
            request_limit,
            body_limit,
            bodies,
            redactor,
        })
    }

    /// With the OAuth clients and the users of the target that cases may use, whose secrets the redactor learns.
    #[must_use]
    pub fn knowing(mut self, clients: BTreeMap<String, OAuthClient>, users: BTreeMap<String, User>) -> Self {
        for client in clients.values() {
            client.teach(&self.redactor);
        }
        for user in users.values() {
            let password = user.password.expose_secret();
            self.redactor.learn([password, form(password).as_str()]);
        }
        (self.clients, self.users) = (clients, users);
        self
    }

    /// The ID of a client.
    pub(crate) fn client_id(&self, name: &str) -> Option<&str> {
        self.clients.get(name).map(OAuthClient::id)
    }

    /// How a client may show what is configured: in its own way, and a secret also in the other one.
    pub(crate) fn ways(&self, name: &str) -> Vec<ShownBy> {
        let others = self.clients.get(name).into_iter().flat_map(OAuthClient::other_ways);
        [ShownBy::Own].into_iter().chain(others.map(ShownBy::Other)).collect()
    }

    /// The users of the target, by name.
    pub(crate) fn users(&self) -> &BTreeMap<String, User> {
        &self.users
    }

    /// A user.
    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        self.users.get(name)
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

    /// Sends a request and reads the whole answer. Where the connection ends before one, or what comes was written to an idle connection before
    /// it was closed, the request goes out once more, on a new connection, if that does nothing twice.
    ///
    /// # Errors
    /// No answer, or not all of it.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<Exchange, NoAnswer> {
        if outgoing.fresh {
            return Box::pin(self.send_on(Connection::New, outgoing)).await;
        }
        if !is_repeatable(&outgoing.method) {
            return Box::pin(self.send_kept(outgoing)).await;
        }
        match self.send_kept(outgoing.clone()).await {
            Err(NoAnswer::Lost(..)) => {
                let exchange = Box::pin(self.send_on(Connection::New, outgoing)).await?;
                Ok(Exchange { again: exchange.again + 1, ..exchange })
            }
            sent => sent,
        }
    }

    async fn send_kept(&self, outgoing: Outgoing) -> Result<Exchange, NoAnswer> {
        let exchange = self.send_on(Connection::Kept, outgoing).await?;
        if exchange.answer.closes_an_idle_connection() {
            return Err(NoAnswer::Lost(self.way.clone(), "it had been idle for too long".to_owned()));
        }
        Ok(exchange)
    }

    async fn send_on(&self, connection: Connection, mut outgoing: Outgoing) -> Result<Exchange, NoAnswer> {
        if let Some(shown) = outgoing.client.take() {
            return Box::pin(self.send_as_client(connection, outgoing, &shown)).await;
        }
        match self.principals.get(&outgoing.principal) {
            // A case that writes the header itself is about that header: nothing is fetched for it, and a 401 is its answer.
            Some(Credential::ClientCredentials(client)) if !outgoing.sets("authorization") => {
                let principal = outgoing.principal.clone();
                let sending = Box::pin(client.send(self, connection, outgoing)).await;
                sending.map_err(|fault| fault.of(&principal))
            }
            credential => {
                let authorization = credential.and_then(Credential::header);
                let credentials = authorization.map(|value| ("authorization", value));
                self.exchange(connection, outgoing, credentials).await
            }
        }
    }

    /// Fetches the token that a request is to have. Unlike the request itself, this may be given up in the middle.
    ///
    /// # Errors
    /// No token.
    pub(crate) async fn prepare(&self, outgoing: &Outgoing) -> Result<(), NoAnswer> {
        let own = outgoing.client.is_some() || outgoing.sets("authorization");
        let fetching = self.fetching(&outgoing.principal).filter(|_| !own);
        let Some(client) = fetching else { return Ok(()) };
        // On the heap: few principals fetch theirs, and all would have room for it.
        Box::pin(client.value(self)).await.map(drop).map_err(|fault| fault.of(&outgoing.principal))
    }

    /// One request with these credentials.
    pub(super) async fn exchange(
        &self,
        connection: Connection,
        outgoing: Outgoing,
        credentials: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Exchange, NoAnswer> {
        let headers = headers(&outgoing, credentials)?;
        let method =
            Method::from_bytes(outgoing.method.as_bytes()).map_err(|error| NoAnswer::Request(error.to_string()))?;
        let url = self.url(&outgoing.url).map_err(NoAnswer::Request)?;
        let request = SentRequest {
            method: outgoing.method,
            url: outgoing.url,
            headers: texts(&headers),
            body: outgoing.body.unwrap_or_default(),
            principal: outgoing.principal,
        };
        let mut builder = self.connections.client(connection).request(method, url).headers(headers);
        if !request.body.is_empty() {
            builder = builder.body(request.body.clone());
        }
        let started = Instant::now();
        // On the heap: whatever waits for it is moved around, and this is large.
        let answer = Box::pin(self.answer(builder)).await?;
        let duration = started.elapsed().saturating_sub(answer.waited());
        Ok(Exchange { request, answer, started, duration, again: 0 })
    }

    /// The URL as it is sent. Most of the work of reading one is its host, which is known where an ordinary path stands behind the origin.
    /// Whoever made it, nothing is sent to another origin: credentials go with it.
    fn url(&self, url: &str) -> Result<Url, String> {
        let path = url.strip_prefix(&self.origin).filter(|path| path.starts_with('/') && !path.starts_with("//"));
        if let Some(path) = path.filter(|path| path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')) {
            return self.base.join(path).map_err(|error| error.to_string());
        }
        let read = Url::parse(url).map_err(|error| error.to_string())?;
        if read.origin() == self.base.origin() { Ok(read) } else { Err("it points to another origin".to_owned()) }
    }

    /// A request to be filled in that is none of a case's.
    pub(super) fn post(&self, connection: Connection, url: &Url) -> RequestBuilder {
        self.connections.client(connection).post(url.clone())
    }

    /// Sends a request and reads the whole answer, within the limits.
    pub(super) async fn answer(&self, builder: RequestBuilder) -> Result<Answer, NoAnswer> {
        // What servers have written to idle connections, an end or a 408, is read first: whatever is sent there is lost. A run on one thread has
        // looked at its connections when it has stepped aside twice.
        for _ in 0..2 {
            tokio::task::yield_now().await;
        }
        let mut left = self.request_limit;
        let response = self.within(&mut left, builder.send(), Self::unanswered).await?;
        let (status, headers) = (response.status().as_u16(), texts(response.headers()));
        if headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > HEAD_LIMIT {
            return Err(NoAnswer::LargeHead(HEAD_LIMIT));
        }
        let answer = self.body(response, left, Answer::new(status, headers, Vec::new())).await?;
        if is_too_much(&answer.body) {
            return Err(NoAnswer::TooMuch(MOST_VALUES));
        }
        if may_hold_secrets(&answer.body)
            && let Ok(body) = answer.json()
        {
            self.redactor.learn_from(body);
        }
        if let Some(location) = answer.header("Location") {
            self.redactor.learn_from_redirect(&location);
        }
        Ok(answer)
    }

    /// What went wrong before the head of an answer was there.
    fn unanswered(&self, error: &reqwest::Error) -> NoAnswer {
        match self.fault(error) {
            NoAnswer::Broken(way, reason) if is_end(error) => NoAnswer::Lost(way, reason),
            fault => fault,
        }
    }

    /// Reads the body of an answer. What it waits for others' bodies is not the target's time.
    async fn body(&self, mut response: Response, mut left: Duration, mut answer: Answer) -> Result<Answer, NoAnswer> {
        let declared = response.content_length().and_then(|length| usize::try_from(length).ok());
        let most = declared.unwrap_or(self.body_limit).clamp(SHORT, self.body_limit.max(SHORT));
        let (mut body, mut asked) = (Vec::new(), false);
        while let Some(chunk) = self.within(&mut left, response.chunk(), Self::fault).await? {
            let length = body.len() + chunk.len();
            if length > self.body_limit {
                return Err(NoAnswer::TooLarge(self.body_limit));
            }
            if length > SHORT && !asked {
                let began = Instant::now();
                answer.hold(self.bodies.take(most).await, began.elapsed());
                body.reserve_exact(most.max(length) - body.len());
                asked = true;
            }
            body.extend_from_slice(&chunk);
        }
        body.shrink_to_fit();
        Ok(answer.with_body(body))
    }

    /// Waits for a part of an answer, for no longer than is left.
    async fn within<T>(
        &self,
        left: &mut Duration,
        part: impl Future<Output = Result<T, reqwest::Error>>,
        fault: impl Fn(&Self, &reqwest::Error) -> NoAnswer,
    ) -> Result<T, NoAnswer> {
        let began = Instant::now();
        let come = tokio::time::timeout(*left, part).await.map_err(|_| NoAnswer::Timeout(self.request_limit))?;
        *left = left.saturating_sub(began.elapsed());
        come.map_err(|error| fault(self, &error))
    }

    fn fault(&self, error: &reqwest::Error) -> NoAnswer {
        if error.is_timeout() {
            return NoAnswer::Timeout(self.request_limit);
        }
        let reason = innermost(error);
        let way = self.way.clone();
        if error.is_connect() { NoAnswer::Connect(way, reason) } else { NoAnswer::Broken(way, reason) }
    }
}

impl Client {
    /// Path and query of a URL of this target, also of one whose origin is written in another way.
    pub(crate) fn path(&self, url: &str) -> String {
        if let Some(path) = url.strip_prefix(&self.origin) {
            return path.to_owned();
        }
        Url::parse(url).map_or_else(
            |_| url.to_owned(),
            |parsed| {
                let query = parsed.query().map(|query| format!("?{query}"));
                format!("{}{}", parsed.path(), query.unwrap_or_default())
            },
        )
    }

    /// The path as a server may read it: dots resolved, percent signs decoded, several slashes as one.
    pub(crate) fn plain_path(&self, url: &str) -> String {
        // Nearly every path can be read in one way alone.
        if let Some(path) = url.strip_prefix(&self.origin).filter(|path| is_plain(path)) {
            return path.to_owned();
        }
        let sent = Url::parse(url).map_or_else(|_| self.path(url), |url| url.path().to_owned());
        let decoded = percent_decode_str(&sent).decode_utf8_lossy().into_owned();
        let mut plain: Vec<&str> = Vec::new();
        for segment in decoded.split('/') {
            match segment {
                "" | "." => {}
                ".." => drop(plain.pop()),
                segment => plain.push(segment),
            }
        }
        format!("/{}", plain.join("/"))
    }
}

/// Whether a path has nothing in it that servers and libraries read in different ways.
fn is_plain(path: &str) -> bool {
    let segments = path.strip_prefix('/').unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
    segments.split('/').all(|segment| !segment.is_empty() && segment.bytes().all(plain))
}

/// The headers of a request; a case's own stand instead of any other.
fn headers(
    outgoing: &Outgoing,
    credentials: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<HeaderMap, NoAnswer> {
    let mut headers = HeaderMap::new();
    headers.insert("accept", HeaderValue::from_static("application/json"));
    if outgoing.body.is_some() {
        headers.insert("content-type", HeaderValue::from_static("application/json"));
    }
    if outgoing.body.is_none() && matches!(outgoing.method.as_str(), "POST" | "PUT" | "PATCH") {
        // Okta answers 411 to a write that says nothing of its length, and the library says nothing of an empty body's.
        headers.insert("content-length", HeaderValue::from_static("0"));
    }
    let refused = |name: &str| NoAnswer::Request(format!("the value of `{name}` is not valid in a header"));
    for (name, text) in credentials {
        let mut value = HeaderValue::from_str(&text).map_err(|_| refused(name))?;
        value.set_sensitive(true);
        headers.insert(name, value);
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

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()).into_owned())).collect()
}

/// Whether the connection ended: closed or reset by the other side. What is not HTTP, on the other hand, would come again.
fn is_end(error: &reqwest::Error) -> bool {
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_incomplete_message() || error.is_closed() || error.is_canceled() || {
                let io = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
                io.is_some_and(|error| ended(error.kind()))
            };
        }
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return ended(error.kind());
        }
        source = error.source();
    }
    false
}

fn ended(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    matches!(kind, ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof | NotConnected)
}

/// The cause that names the trouble; the outer ones repeat the URL.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    let text = error.to_string();
    if text.contains("CaUsedAsEndEntity") {
        // The library has only its name for it.
        return "the server uses the certificate of a CA as its own: give it one that the CA has signed".to_owned();
    }
    text
}
