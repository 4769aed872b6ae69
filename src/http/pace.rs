//! Spending a rate limit politely: one budget for each principal and bucket, fed by what answers say, with a share kept for others.
//!
//! A bucket is the first three segments of a path, which is how Okta cuts its limits at the coarsest, unless the operation names another one.
//! It waits before the share is used up; it never decides what a 429 means.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use super::Answer;
use crate::path::bare;

/// No answer makes anybody wait longer: Okta's windows are one minute.
const LONGEST: Duration = Duration::from_secs(65);

/// Windows that are remembered: answers of more than the one that goes on and the one before are under way at once only by mistake.
const MOST_WINDOWS: usize = 8;

/// The budgets of a run.
#[derive(Debug)]
pub(crate) struct Pace {
    /// The fraction of a limit that is left to others.
    share: f64,
    buckets: RefCell<HashMap<String, Bucket>>,
    /// What was not believed, each once.
    doubted: RefCell<BTreeSet<Doubt>>,
}

/// What a target says of its limit and cannot mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(crate) enum Doubt {
    /// Nobody could send anything.
    #[error("the target sends a rate limit of 0 or less (X-Rate-Limit-Limit), which is ignored")]
    NoLimit,
    /// A window that ends in more than an hour.
    #[error(
        "the target sends a rate limit whose window ends in more than an hour (X-Rate-Limit-Reset), which is not believed, so the run does \
         not keep to it"
    )]
    Window,
}

/// What the run does in a bucket, whoever sends.
#[derive(Debug, Default)]
struct Bucket {
    sent: u64,
    /// Requests that have no answer yet; what the target says of its limit may not count them.
    under_way: u64,
    /// How many had been sent when a window began, by when it ends.
    before: BTreeMap<i64, u64>,
    /// By principal; none until an answer tells of a limit.
    budgets: HashMap<String, Budget>,
}

#[derive(Debug, Clone)]
struct Budget {
    limit: u64,
    /// What the last answer left, less what was sent since.
    remaining: u64,
    /// What others have used in this window at least.
    others: u64,
    window: Window,
    /// When it ends by our clock.
    ends: Instant,
    /// What was sent earlier may have been counted in a window before.
    since: Instant,
}

/// Which window a budget is of. When it ends, in the target's own seconds, tells windows apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Window {
    Ends(i64),
    /// The one after, of which no answer has told yet.
    After(i64),
}

impl Pace {
    pub(crate) fn new(share: f64) -> Self {
        Self { share, buckets: RefCell::default(), doubted: RefCell::default() }
    }

    /// How long to wait before a request of this principal in this bucket; if not at all, the request is counted.
    pub(crate) fn wait(&self, principal: &str, bucket: &str, now: Instant) -> Option<Duration> {
        let mut buckets = self.buckets.borrow_mut();
        let bucket = buckets.entry(bucket.to_owned()).or_default();
        if let Some(budget) = bucket.budgets.get_mut(principal) {
            if now >= budget.ends {
                // A new window: its first answer tells the rest. Until then no more can be sent than trials run at a time.
                let (Window::Ends(reset) | Window::After(reset)) = budget.window;
                (budget.remaining, budget.others) = (budget.limit, 0);
                (budget.window, budget.ends, budget.since) = (Window::After(reset), now + LONGEST, now);
            }
            if budget.remaining <= budget.kept(self.share) {
                return Some((budget.ends - now).min(LONGEST));
            }
            budget.remaining -= 1;
        }
        bucket.sent += 1;
        bucket.under_way += 1;
        None
    }

    /// Notes that a request ended without an answer.
    pub(crate) fn lost(&self, bucket: &str) {
        if let Some(bucket) = self.buckets.borrow_mut().get_mut(bucket) {
            bucket.under_way = bucket.under_way.saturating_sub(1);
        }
    }

    /// Takes what the answer to a request that was sent at `sent` says of the limit; what of it is not believed is given back, the first time.
    pub(crate) fn note(
        &self,
        principal: &str,
        bucket: &str,
        answer: &Answer,
        sent: Instant,
        now: Instant,
    ) -> Option<Doubt> {
        self.lost(bucket);
        let number = |name: &str| answer.header(name).and_then(|text| text.trim().parse::<i64>().ok());
        let (Some(limit), Some(remaining), Some(reset)) =
            (number("X-Rate-Limit-Limit"), number("X-Rate-Limit-Remaining"), number("X-Rate-Limit-Reset"))
        else {
            return None;
        };
        if limit <= 0 {
            return self.doubt(principal, bucket, Doubt::NoLimit);
        }
        let Some(rest) = answer.until_reset(reset) else { return self.doubt(principal, bucket, Doubt::Window) };
        let ends = now + rest.min(LONGEST);
        let natural = |number: i64| u64::try_from(number).unwrap_or(0);
        let (limit, remaining) = (natural(limit), natural(remaining));
        let mut buckets = self.buckets.borrow_mut();
        let bucket = buckets.entry(bucket.to_owned()).or_default();
        let others = bucket.used_by_others(reset, limit.saturating_sub(remaining));
        let known = bucket.budgets.get_mut(principal);
        let late = known.as_ref().is_some_and(|known| sent < known.since);
        match known.map(|known| (known.window, known)) {
            // Of a window that is over, and says nothing of the one that goes on.
            Some((Window::Ends(ends), _)) if late && reset < ends => {}
            Some((Window::After(before), _)) if late && reset <= before => {}
            // Answers overtake each other: within a window the smaller number is the newer one, and who waited longer for an answer knows
            // less of when the window ends.
            Some((Window::Ends(same), known)) if same == reset => {
                known.remaining = known.remaining.min(remaining);
                known.others = known.others.max(others);
                known.ends = known.ends.min(ends);
            }
            // What is under way was sent before anything was known of this window.
            _ => {
                let remaining = remaining.saturating_sub(bucket.under_way);
                let fresh = Budget { limit, remaining, others, window: Window::Ends(reset), ends, since: sent };
                bucket.budgets.insert(principal.to_owned(), fresh);
            }
        }
        None
    }

    /// Forgets the budget of whoever is told nonsense; says so the first time.
    fn doubt(&self, principal: &str, bucket: &str, doubt: Doubt) -> Option<Doubt> {
        if let Some(bucket) = self.buckets.borrow_mut().get_mut(bucket) {
            bucket.budgets.remove(principal);
        }
        self.doubted.borrow_mut().insert(doubt).then_some(doubt)
    }
}

impl Bucket {
    /// How much of what was used in a window was not ours. The answer that tells of it is no longer under way.
    fn used_by_others(&mut self, reset: i64, used: u64) -> u64 {
        let before = self.sent.saturating_sub(self.under_way + 1);
        let before = *self.before.entry(reset).or_insert(before);
        if self.before.len() > MOST_WINDOWS {
            self.before.pop_first();
        }
        used.saturating_sub(self.sent.saturating_sub(before))
    }
}

impl Budget {
    /// How many requests are left to others: what they have not used of their share. Also when they have used it, a rest stays, since they
    /// may go on while our answer is on its way.
    fn kept(&self, share: f64) -> u64 {
        let kept = part(self.limit, share);
        kept.saturating_sub(self.others).max(kept.min(self.limit / 10))
    }
}

/// A part of a limit, but never all of it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "limits are small natural numbers"
)]
fn part(limit: u64, share: f64) -> u64 {
    ((limit as f64 * share) as u64).min(limit.saturating_sub(1))
}

/// `/api/v1/authorizationServers` of `/api/v1/authorizationServers/aus…/scopes`.
pub(crate) fn bucket(path: &str) -> &str {
    let path = bare(path);
    &path[..memchr::memchr_iter(b'/', path.as_bytes()).nth(3).unwrap_or(path.len())]
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
        assert_eq!(pace.wait("m", bucket("/api/v1/things/1"), now), None, "nothing is known yet");
        pace.note("m", bucket("/api/v1/things/1"), &answer(10, 9, TOLD + 30), now, now);
        assert_eq!(pace.wait("m", bucket("/api/v1/things"), now), None);
        assert_eq!(pace.wait("m", bucket("/api/v1/things"), now), None);
        assert_eq!(pace.wait("m", bucket("/api/v1/things"), now), None);
        assert_eq!(pace.wait("m", bucket("/api/v1/things?q=x"), now), None);
        let wait = pace.wait("m", bucket("/api/v1/things/2/parts"), now).expect("five are left to others");
        assert!(wait > Duration::from_secs(29) && wait < Duration::from_secs(32), "{wait:?}");
        assert_eq!(pace.wait("other", bucket("/api/v1/things"), now), None, "another principal");
        assert_eq!(pace.wait("m", bucket("/api/v1/others"), now), None, "another bucket");
        assert_eq!(pace.wait("m", bucket("/api/v1/things"), now + Duration::from_secs(32)), None, "another window");
    }

    #[test]
    fn an_answer_that_was_overtaken_gives_nothing_back() {
        let (pace, now) = (Pace::new(0.0), Instant::now());
        pace.note("m", "/a/b/c", &answer(10, 2, TOLD + 30), now, now);
        pace.note("m", "/a/b/c", &answer(10, 9, TOLD + 30), now, now);
        assert_eq!(pace.wait("m", "/a/b/c", now), None);
        assert_eq!(pace.wait("m", "/a/b/c", now), None);
        assert!(pace.wait("m", "/a/b/c", now).is_some());
    }

    #[test]
    fn what_others_have_used_is_of_their_share() {
        let (pace, now) = (Pace::new(0.5), Instant::now());
        let asks = || pace.wait("m", "/a/b/c", now).is_none();
        assert!(asks());
        pace.note("m", "/a/b/c", &answer(40, 39, TOLD + 30), now, now);
        assert!(asks());
        // Others have used all of their share and more, in one go.
        pace.note("m", "/a/b/c", &answer(40, 8, TOLD + 30), now, now);
        assert_eq!(std::iter::repeat_with(asks).take(9).filter(|goes| *goes).count(), 4, "a tenth stays");
        // Whoever sends it, what the run uses is not what others use.
        let (pace, now) = (Pace::new(0.5), Instant::now());
        for (principal, remaining) in [("m", 39), ("m", 38), ("m", 37), ("n", 36)] {
            assert_eq!(pace.wait(principal, "/a/b/c", now), None);
            pace.note(principal, "/a/b/c", &answer(40, remaining, TOLD + 30), now, now);
        }
        let asks = || pace.wait("n", "/a/b/c", now).is_none();
        assert_eq!(std::iter::repeat_with(asks).take(40).filter(|goes| *goes).count(), 16, "half is left");
    }

    #[test]
    fn an_answer_of_the_window_before_says_nothing_of_this_one() {
        let (pace, start) = (Pace::new(0.0), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let asks = |now| pace.wait("m", "/a/b/c", now);
        let told = |remaining, reset, sent, now| pace.note("m", "/a/b/c", &answer(10, remaining, reset), sent, now);
        // Three are sent; the first tells of a window of which a second is left.
        assert_eq!([asks(at(0)), asks(at(0)), asks(at(0))], [None; 3]);
        told(9, TOLD + 1, at(0), at(0));
        // The window is over. The second answer comes late and would give all of it back, or none.
        assert_eq!(asks(at(3)), None);
        told(8, TOLD + 1, at(0), at(3));
        told(2, TOLD + 61, at(3), at(3));
        told(9, TOLD + 1, at(0), at(4));
        assert_eq!(asks(at(4)), None);
        assert!(asks(at(4)).is_some(), "two were left, and one is under way");
        // By its own clock, the window is not over yet: whoever asks now learns that, though it was thought to be.
        assert_eq!(asks(at(70)), None);
        told(0, TOLD + 61, at(70), at(70));
        assert!(asks(at(70)).is_some());
    }

    #[test]
    fn what_is_under_way_is_not_to_be_had_again() {
        let (pace, now) = (Pace::new(0.0), Instant::now());
        for _ in 0..4 {
            assert_eq!(pace.wait("m", "/a/b/c", now), None, "nothing is known yet");
        }
        pace.note("m", "/a/b/c", &answer(6, 5, TOLD + 30), now, now);
        pace.lost("/a/b/c");
        assert_eq!(pace.wait("m", "/a/b/c", now), None);
        assert_eq!(pace.wait("m", "/a/b/c", now), None);
        assert!(pace.wait("m", "/a/b/c", now).is_some(), "one was answered, three were under way, two are new");
    }

    #[test]
    fn nonsense_is_no_limit_and_is_told_once() {
        let (pace, now) = (Pace::new(0.5), Instant::now());
        let told = |limit: i64, reset| {
            let mut answer = answer(0, 0, reset);
            answer.headers[1].1 = limit.to_string();
            assert_eq!(pace.wait("m", "/a/b/c", now), None, "{limit} until {reset}");
            pace.note("m", "/a/b/c", &answer, now, now)
        };
        assert_eq!(told(0, TOLD + 30), Some(Doubt::NoLimit));
        assert_eq!([told(-5, TOLD + 30), told(0, TOLD + 30)], [None; 2]);
        assert_eq!(told(10, TOLD + 3601), Some(Doubt::Window));
        assert_eq!([told(10, TOLD * 1000), told(10, i64::MAX), told(0, i64::MIN)], [None; 3]);
        assert_eq!(told(10, TOLD + 3600), None);
        assert!(pace.wait("m", "/a/b/c", now).is_some(), "an hour is believed");
        // Whoever is told nonsense later does not wait for what was said before.
        pace.note("m", "/a/b/c", &answer(0, 0, TOLD + 30), now, now);
        assert_eq!(pace.wait("m", "/a/b/c", now), None);
    }

    #[test]
    fn a_limit_of_one_can_still_be_used() {
        assert_eq!(part(1, 1.0), 0);
        assert_eq!(part(50, 0.5), 25);
    }
}
