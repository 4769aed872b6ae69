//! On which connection a request goes out: one that is kept alive, or a new one for a request that is sent once more.

use std::{sync::OnceLock, time::Duration};

use reqwest::{ClientBuilder, Url, redirect::Policy};

use super::{ClientError, Network};

/// An idle connection is used no longer than this. What drops it at the other end does so without a word that is sure to come in time: an
/// application load balancer of AWS after 60 s, nginx after 75 s, but Node.js, Apache httpd and uvicorn after 5 s.
const LONGEST_IDLE: Duration = Duration::from_secs(4);

/// Where a request is to go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// One that is open already, if there is any.
    Kept,
    /// One that nothing was sent on before, so that nothing that comes is about anything else.
    New,
}

/// The ways to one target.
pub(super) struct Connections {
    kept: reqwest::Client,
    /// Made when it is first needed: certificates are read anew for it.
    new: OnceLock<Option<reqwest::Client>>,
    network: Network,
    target: Url,
    tls: bool,
    limit: Duration,
}

/// Without the network: the URL of a proxy may hold a password.
impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Connections {
    /// Connections to `target`, where a request takes no longer than `limit`; `tls` says whether any of them needs certificates.
    pub(super) fn new(network: &Network, target: &Url, tls: bool, limit: Duration) -> Result<Self, ClientError> {
        let kept = network.build(builder(limit).pool_idle_timeout(LONGEST_IDLE), target, tls)?;
        let (network, target) = (network.clone(), target.clone());
        Ok(Self { kept, new: OnceLock::new(), network, target, tls, limit })
    }

    pub(super) fn client(&self, connection: Connection) -> &reqwest::Client {
        match connection {
            Connection::Kept => &self.kept,
            Connection::New => {
                let build = || {
                    let builder = builder(self.limit).pool_max_idle_per_host(0);
                    self.network.build(builder, &self.target, self.tls).ok()
                };
                // What could be built once can be built again; if not, a kept connection is better than none.
                self.new.get_or_init(build).as_ref().unwrap_or(&self.kept)
            }
        }
    }
}

/// The time of a request is the client's to count: what it waits for others' bodies is not the target's.
fn builder(limit: Duration) -> ClientBuilder {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .connect_timeout(limit.min(Duration::from_secs(10)))
        .tcp_nodelay(true)
        .user_agent(concat!("okta-conformance/", env!("CARGO_PKG_VERSION")))
}

/// Whether a request may be sent a second time and do no more than it did once (RFC 9110 section 9.2.2). What a POST does twice, only its
/// operation knows.
pub(crate) fn is_repeatable(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "PUT" | "DELETE")
}
