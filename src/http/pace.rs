//! Spending a rate limit politely: one budget for each principal and bucket, fed by what answers say, with a share kept for others.
//!
//! A bucket is the first three segments of a path, which is how Okta cuts its limits at the coarsest. It waits before the share is used up;
//! it never decides what a 429 means.

use std::{
    cell::RefCell,
    collections::HashMap,
    time::{Duration, Instant},
};

use super::Answer;

/// No answer makes anybody wait longer: Okta's windows are one minute.
const LONGEST: Duration = Duration::from_secs(65);

/// The budgets of a run.
#[derive(Debug)]
pub(crate) struct Pace {
    /// The fraction of a limit that is left to others.
    share: f64,
    buckets: RefCell<HashMap<(String, String), Bucket>>,
}

#[derive(Debug, Default)]
struct Bucket {
    /// Requests that have no answer yet; what the target says of its limit may not count them.
    under_way: u64,
    /// `None` until an answer tells of a limit.
    budget: Option<Budget>,
}

#[derive(Debug, Clone)]
struct Budget {
    limit: u64,
    /// What the last answer left, less what was sent since.
    remaining: u64,
    ends: Instant,
}

impl Pace {
    pub(crate) fn new(share: f64) -> Self {
        Self { share, buckets: RefCell::default() }
    }

    /// How long to wait before a request of this principal to this path; if not at all, the request is counted.
    pub(crate) fn wait(&self, principal: &str, path: &str, now: Instant) -> Option<Duration> {
        let mut buckets = self.buckets.borrow_mut();
        let bucket = buckets.entry((principal.to_owned(), bucket(path))).or_default();
        if let Some(budget) = &mut bucket.budget {
            if now >= budget.ends {
                // A new window: its first answer tells the rest.
                budget.remaining = budget.limit;
                budget.ends = now + LONGEST;
            }
            if budget.remaining <= kept(budget.limit, self.share) {
                return Some((budget.ends - now).min(LONGEST));
            }
            budget.remaining -= 1;
        }
        bucket.under_way += 1;
        None
    }

    /// Notes that a request ended without an answer.
    pub(crate) fn lost(&self, principal: &str, path: &str) {
        if let Some(bucket) = self.buckets.borrow_mut().get_mut(&(principal.to_owned(), bucket(path))) {
            bucket.under_way = bucket.under_way.saturating_sub(1);
        }
    }

    /// Takes what an answer says of the limit.
    pub(crate) fn note(&self, principal: &str, path: &str, answer: &Answer, now: Instant) {
        self.lost(principal, path);
        let number = |name: &str| answer.header(name).and_then(|text| text.trim().parse::<i64>().ok());
        let (Some(limit), Some(remaining), Some(reset)) =
            (number("X-Rate-Limit-Limit"), number("X-Rate-Limit-Remaining"), number("X-Rate-Limit-Reset"))
        else {
            return;
        };
        // The server's clock against the server's clock: ours may be wrong.
        let date = answer.header("Date").and_then(|text| chrono::DateTime::parse_from_rfc2822(&text).ok());
        let told = date.map_or_else(|| chrono::Utc::now().timestamp(), |date| date.timestamp());
        let left =
            Duration::from_secs(u64::try_from(reset.saturating_sub(told)).unwrap_or(0).saturating_add(1)).min(LONGEST);
        let natural = |number: i64| u64::try_from(number).unwrap_or(0);
        let fresh = Budget { limit: natural(limit), remaining: natural(remaining), ends: now + left };
        let mut buckets = self.buckets.borrow_mut();
        let bucket = buckets.entry((principal.to_owned(), bucket(path))).or_default();
        let same_window = |old: &&Budget| {
            let (early, late) = if old.ends < fresh.ends { (old.ends, fresh.ends) } else { (fresh.ends, old.ends) };
            late - early < Duration::from_secs(2)
        };
        let remaining = match bucket.budget.as_ref().filter(same_window) {
            // Answers overtake each other: within a window the smaller number is the newer one.
            Some(old) => old.remaining.min(fresh.remaining),
            // What is under way was sent before anything was known of this window.
            None => fresh.remaining.saturating_sub(bucket.under_way),
        };
        bucket.budget = Some(Budget { remaining, ..fresh });
    }
}

/// How many requests of a window are left to others: the share, but never all of it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "limits are small natural numbers"
)]
fn kept(limit: u64, share: f64) -> u64 {
    ((limit as f64 * share) as u64).min(limit.saturating_sub(1))
}

/// `/api/v1/authorizationServers` of `/api/v1/authorizationServers/aus…/scopes`.
fn bucket(path: &str) -> String {
    path.split(['?', '#']).next().unwrap_or_default().split('/').take(4).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(limit: u64, remaining: u64, reset: i64) -> Answer {
        let header = |name: &str, value: String| (name.to_owned(), value);
        let headers = vec![
            header("Date", "Tue, 24 Nov 2026 06:00:00 GMT".to_owned()),
            header("X-Rate-Limit-Limit", limit.to_string()),
            header("X-Rate-Limit-Remaining", remaining.to_string()),
            header("X-Rate-Limit-Reset", reset.to_string()),
        ];
        Answer::new(200, headers, Vec::new())
    }

    /// 2026-11-24T06:00:00Z.
    const TOLD: i64 = 1_795_500_000;

    #[test]
    fn the_share_of_others_is_not_spent() {
        let (pace, now) = (Pace::new(0.5), Instant::now());
        assert_eq!(pace.wait("m", "/api/v1/things/1", now), None, "nothing is known yet");
        pace.note("m", "/api/v1/things/1", &answer(10, 7, TOLD + 30), now);
        assert_eq!(pace.wait("m", "/api/v1/things", now), None);
        assert_eq!(pace.wait("m", "/api/v1/things?q=x", now), None);
        let wait = pace.wait("m", "/api/v1/things/2/parts", now).expect("five are left to others");
        assert!(wait > Duration::from_secs(29) && wait < Duration::from_secs(32), "{wait:?}");
        assert_eq!(pace.wait("other", "/api/v1/things", now), None, "another principal");
        assert_eq!(pace.wait("m", "/api/v1/others", now), None, "another bucket");
        assert_eq!(pace.wait("m", "/api/v1/things", now + Duration::from_secs(32)), None, "another window");
    }

    #[test]
    fn an_answer_that_was_overtaken_gives_nothing_back() {
        let (pace, now) = (Pace::new(0.0), Instant::now());
        pace.note("m", "/a/b/c", &answer(10, 2, TOLD + 30), now);
        pace.note("m", "/a/b/c", &answer(10, 9, TOLD + 30), now);
        assert_eq!(pace.wait("m", "/a/b/c", now), None);
        assert_eq!(pace.wait("m", "/a/b/c", now), None);
        assert!(pace.wait("m", "/a/b/c", now).is_some());
    }

    #[test]
    fn what_is_under_way_is_not_to_be_had_again() {
        let (pace, now) = (Pace::new(0.0), Instant::now());
        for _ in 0..4 {
            assert_eq!(pace.wait("m", "/a/b/c", now), None, "nothing is known yet");
        }
        pace.note("m", "/a/b/c", &answer(6, 5, TOLD + 30), now);
        pace.lost("m", "/a/b/c");
        assert_eq!(pace.wait("m", "/a/b/c", now), None);
        assert_eq!(pace.wait("m", "/a/b/c", now), None);
        assert!(pace.wait("m", "/a/b/c", now).is_some(), "one was answered, three were under way, two are new");
    }

    #[test]
    fn a_limit_of_one_can_still_be_used() {
        assert_eq!(kept(1, 1.0), 0);
        assert_eq!(kept(50, 0.5), 25);
    }
}
