//! How a target is reached: by which proxy, trusting which certificates; names and passwords in URLs.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use reqwest::{Certificate, ClientBuilder, Proxy, Url};

use super::ClientError;

/// How a target is reached.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// The URL of a proxy for everything, instead of what the environment says.
    pub proxy: Option<String>,
    /// What the environment says of proxies, for what is secret about it.
    pub proxies_around: Vec<String>,
    /// Certificates in PEM that are trusted beside the system's.
    pub authorities: Option<Vec<u8>>,
}

impl Network {
    pub(super) fn build(
        &self,
        mut builder: ClientBuilder,
        target: &Url,
        tls: bool,
    ) -> Result<reqwest::Client, ClientError> {
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
    pub(super) fn way(&self, target: &Url) -> String {
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

/// What is secret about the URL of a proxy: the password, as it stands there and as it is meant, and the credential that it becomes.
pub(super) fn passwords(url: &str) -> Vec<String> {
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let Ok(url) = Url::parse(&url) else { return Vec::new() };
    let Some(password) = url.password() else { return Vec::new() };
    let meant = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let basic = STANDARD.encode(format!("{}:{}", meant(url.username()), meant(password)));
    vec![password.to_owned(), meant(password), basic]
}

/// A URL as it may be shown: name and password are left out.
pub(super) fn without_login(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}://***{}", &rest[at..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_found_and_left_out() {
        assert_eq!(passwords("http://u:p%40ss@proxy:1"), ["p%40ss", "p@ss", "dTpwQHNz"]);
        assert_eq!(passwords("u:pass@proxy:1"), ["pass", "pass", "dTpwYXNz"]);
        assert_eq!(passwords("http://proxy:1"), [""; 0]);
        assert_eq!(without_login("https://u:p@ss@host/a@b"), "https://***@host/a@b");
        assert_eq!(without_login("https://host/a@b"), "https://host/a@b");
    }
}
