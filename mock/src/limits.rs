//! Rate limits: counts requests in one-minute windows and says when a budget is used up. Owns no header and no error.

use std::collections::HashMap;

use super::{
    routes::{self, COLLECTION},
    source::Stamp,
    token,
};

/// Windows are one minute long (docs) and begin with their first request (recorded: the first answer of a window has
/// `Reset` 60 seconds after its `Date`).
pub(super) const WINDOW: std::time::Duration = std::time::Duration::from_mins(1);

/// Requests with one path prefix share a budget, whatever their method (recorded: POST, GET, PUT and DELETE count one
/// number down; the docs speak of buckets by method as well).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Bucket {
    AuthorizationServers,
    /// Inferred: the token endpoint has a budget of its own, as large as the others.
    Token,
    /// Docs: `/oauth2/{authorizationServerId}/v1/authorize`, of all servers together.
    Authorize,
    /// Docs: `/oauth2/{authorizationServerId}/v1/*`, of all servers together.
    CustomServers,
    Other,
}

impl Bucket {
    /// Of an endpoint of a server; its keys and metadata have no limit (docs). Inferred: the page for devices counts like the rest of the org.
    fn of_open(path: &str) -> Option<Bucket> {
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["", "oauth2", _, "v1", "keys"] => None,
            ["", "oauth2", _, "v1", "authorize"] => Some(Bucket::Authorize),
            ["", "oauth2", _, "v1", _, ..] => Some(Bucket::CustomServers),
            _ if path == routes::DEVICE_PAGE => Some(Bucket::Other),
            _ => None,
        }
    }

    /// None for public documents, which have no limit (docs).
    pub(super) fn of(path: &str) -> Option<Bucket> {
        if path == token::PATH {
            return Some(Bucket::Token);
        }
        if routes::is_open(path) {
            return Bucket::of_open(path);
        }
        Some(match path.strip_prefix(COLLECTION) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Bucket::AuthorizationServers,
            _ => Bucket::Other,
        })
    }
}

/// What the `X-Rate-Limit-*` headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) reset: Stamp,
}

/// Whether a request was within its budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    Within(Budget),
    UsedUp(Budget),
}

/// Who has a budget of its own, by its place among its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    Token(usize),
    App(usize),
}

/// A budget of its own, in requests a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OwnBudget {
    pub(super) holder: Holder,
    pub(super) limit: u32,
}

#[derive(Clone)]
struct Window {
    started: Stamp,
    used: u32,
}

/// The windows of the org.
#[derive(Clone)]
pub(super) struct Limits {
    limit: u32,
    /// In seconds.
    window: i64,
    windows: HashMap<(Bucket, Option<Holder>), Window>,
}

impl Limits {
    pub(super) fn new(limit: u32, window: std::time::Duration) -> Self {
        let window = i64::try_from(window.as_secs()).unwrap_or(i64::MAX).max(1);
        Limits { limit, window, windows: HashMap::new() }
    }

    /// Counts a request. One that is refused is counted nowhere, so waiting for the reset is always enough.
    pub(super) fn take(&mut self, now: Stamp, bucket: Bucket, own: Option<OwnBudget>) -> Grant {
        let org = self.look(now, (bucket, None), self.limit);
        let own = own.map(|own| ((bucket, Some(own.holder)), self.look(now, (bucket, Some(own.holder)), own.limit)));
        let tightest = match own {
            Some((_, budget)) if budget.remaining < org.remaining => budget,
            _ => org,
        };
        if tightest.remaining == 0 {
            return Grant::UsedUp(tightest);
        }
        self.count((bucket, None));
        if let Some((key, _)) = own {
            self.count(key);
        }
        Grant::Within(Budget { remaining: tightest.remaining - 1, ..tightest })
    }

    fn look(&mut self, now: Stamp, key: (Bucket, Option<Holder>), limit: u32) -> Budget {
        let window = self.windows.entry(key).or_insert(Window { started: now, used: 0 });
        if now.0 >= window.started.0 + self.window {
            *window = Window { started: now, used: 0 };
        }
        Budget { limit, remaining: limit.saturating_sub(window.used), reset: Stamp(window.started.0 + self.window) }
    }

    fn count(&mut self, key: (Bucket, Option<Holder>)) {
        if let Some(window) = self.windows.get_mut(&key) {
            window.used = window.used.saturating_add(1);
        }
    }
}
