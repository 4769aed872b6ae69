//! A request as a handler sees it. Owns reading the request line and the host: path segments, query parameters, and
//! the base of the links to answer with.

use std::{borrow::Cow, net::SocketAddr};

use axum::http::{HeaderMap, header, request::Parts};
use percent_encoding::percent_decode_str;

use super::{
    changes::AsOf,
    constraint::{Constraint, Lenience},
    mint::Forgery,
    norm::Norm,
    settings::IssuerMode,
    wire::Refusal,
};

/// What a handler is given besides the state.
pub(super) struct Call<'r> {
    /// Scheme and host of the request: hrefs and issuers begin with it (recorded).
    pub(super) base: &'r str,
    /// The same of the domains that an issuer can name.
    pub(super) domains: &'r Domains,
    /// The parts of the path that the operation leaves open, decoded.
    pub(super) captures: Vec<&'r str>,
    pub(super) query: Query,
    pub(super) headers: &'r HeaderMap,
    pub(super) body: &'r [u8],
    /// The day whose behaviour is shown.
    pub(super) as_of: AsOf,
    /// What the request need not keep to.
    pub(super) lenience: Lenience,
    /// How its tokens are changed.
    pub(super) forgery: Forgery,
}

/// Scheme and host of the org's own domain, and of its custom domain or, if it has none, its own.
pub(super) struct Domains {
    own: String,
    custom: String,
}

impl Domains {
    /// As a request to `base` shows them. Its host is the org's own, unless it is the custom one; then the own one is where the mock listens.
    pub(super) fn new(base: &str, custom: Option<&str>, local: SocketAddr) -> Domains {
        let own = || Domains { own: base.to_owned(), custom: base.to_owned() };
        let (Some(domain), Some((scheme, host))) = (custom, base.split_once("://")) else { return own() };
        let custom = format!("{scheme}://{domain}");
        let own = if host == domain { format!("{scheme}://{local}") } else { base.to_owned() };
        Domains { own, custom }
    }
}

impl Call<'_> {
    /// What the issuer of a server with this mode begins with (spec).
    pub(super) fn issuer_base(&self, mode: IssuerMode) -> &str {
        match mode {
            IssuerMode::Dynamic => self.base,
            IssuerMode::OrgUrl => &self.domains.own,
            IssuerMode::CustomUrl => &self.domains.custom,
        }
    }

    /// The first open part of the path, which is the server in every operation that has one.
    pub(super) fn server(&self) -> &str {
        self.captures.first().copied().unwrap_or_default()
    }

    /// The second open part of the path.
    pub(super) fn child(&self) -> &str {
        self.captures.get(1).copied().unwrap_or_default()
    }

    /// The third open part of the path.
    pub(super) fn grandchild(&self) -> &str {
        self.captures.get(2).copied().unwrap_or_default()
    }

    /// Whether the request meets this of the rules about tokens.
    pub(super) fn keeps(&self, norm: Norm) -> bool {
        self.lenience.enforces(Constraint::Norm(norm))
    }

    /// Whether the request is held to this.
    pub(super) fn enforces(&self, constraint: Constraint) -> bool {
        self.lenience.enforces(constraint)
    }
}

/// The decoded query parameters, in the order sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Result<Query, Refusal> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(&name.replace('+', " "))?.into_owned(), decode(&value.replace('+', " "))?.into_owned()))
        });
        Ok(Query(pairs.collect::<Result<_, Refusal>>()?))
    }

    /// The parameter's value. Of several the first counts, and an empty one is as good as none (inferred).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        (!value.is_empty()).then_some(value.as_str())
    }

    /// These parameters, behind others that count instead of those of the same name.
    pub(super) fn behind(&self, others: impl Iterator<Item = (String, String)>) -> Query {
        Query(others.chain(self.0.iter().cloned()).collect())
    }

    /// These parameters but those of these names.
    pub(super) fn without(&self, names: &[&str]) -> Query {
        Query(self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect())
    }

    /// The names of all parameters, one for each time it was sent.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// The decoded segments of a path that starts with a slash.
pub(super) fn segments(path: &str) -> Result<Vec<Cow<'_, str>>, Refusal> {
    path.split('/').skip(1).map(decode).collect()
}

/// Inferred: a broken escape, or one that is not UTF-8, is a bad request.
fn decode(text: &str) -> Result<Cow<'_, str>, Refusal> {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => rest = &rest[at + 3..],
            _ => return Err(Refusal::BAD),
        }
    }
    percent_decode_str(text).decode_utf8().map_err(|_| Refusal::BAD)
}

/// Scheme and host that the client used, so that every link it is given can be followed. `scheme` is that of the connection.
pub(super) fn base(head: &Parts, scheme: &str, local: SocketAddr) -> Result<String, Refusal> {
    let host = match (head.uri.authority(), head.headers.get(header::HOST)) {
        (Some(authority), _) => authority.as_str().to_owned(),
        (None, Some(host)) => host.to_str().map_err(|_| Refusal::BAD)?.to_owned(),
        // HTTP/1.0 does without.
        (None, None) => String::new(),
    };
    let host = if host.is_empty() { local.to_string() } else { host };
    // The host goes into headers and links, so whatever is not a host name and port ends here.
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if !host.bytes().all(fits) {
        return Err(Refusal::BAD);
    }
    let forwarded = head.headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = forwarded.split(',').next().unwrap_or_default().trim();
    let scheme = if first.eq_ignore_ascii_case("https") { "https" } else { scheme };
    Ok(format!("{scheme}://{host}"))
}
