//! How many bytes of long bodies may be in memory at a time, over all answers that are being read and judged.
//!
//! A short body is free: as many as there are trials at a time fit. A longer one takes as much as it may come to before more of it is read,
//! all at once, so that no two wait for each other with a part each. It gives back what it did not need when it is whole, and the rest when
//! its exchange has been judged and described.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A body up to this long is short: a full page of a list of Okta's is.
pub(super) const SHORT: usize = 64 * 1024;

/// All long bodies together.
const ALL: usize = 16 * 1024 * 1024;

/// What is counted in.
const UNIT: usize = 1024;

/// Nobody gives anything back for so long only where who holds it waits for the one who wants it. A bound that makes a run hang would be
/// worse than one that is passed.
const STALLED: Duration = Duration::from_secs(2);

/// The bytes that are free.
#[derive(Debug)]
pub(super) struct Budget {
    stalled: Duration,
    free: Arc<Semaphore>,
    /// How often something was given back.
    returns: Arc<AtomicUsize>,
}

/// The bytes of one body, until it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    permit: OwnedSemaphorePermit,
    returns: Arc<AtomicUsize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { stalled: STALLED, free: Arc::new(Semaphore::new(ALL / UNIT)), returns: Arc::default() }
    }
}

impl Budget {
    /// Waits until so many bytes are free; `None` where they never will be.
    pub(super) async fn take(&self, bytes: usize) -> Option<Share> {
        let mut taking = pin!(Arc::clone(&self.free).acquire_many_owned(units(bytes)));
        loop {
            let before = self.returns.load(Ordering::Relaxed);
            tokio::select! {
                biased;
                permit = &mut taking => {
                    return permit.ok().map(|permit| Share { permit, returns: Arc::clone(&self.returns) });
                }
                () = tokio::time::sleep(self.stalled) => {
                    if self.returns.load(Ordering::Relaxed) == before {
                        return None;
                    }
                }
            }
        }
    }
}

impl Share {
    /// Gives back all but so many bytes.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        let over = self.permit.num_permits().saturating_sub(units(bytes) as usize);
        drop(self.permit.split(over));
        self.returns.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.returns.fetch_add(1, Ordering::Relaxed);
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT).min(ALL / UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_taken_is_given_back_in_two_parts() {
        let budget = Budget::default();
        let mut whole = budget.take(usize::MAX).await.expect("all is free");
        assert_eq!(budget.free.available_permits(), 0);
        whole.shrink_to(1);
        assert_eq!(budget.free.available_permits(), ALL / UNIT - 1);
        drop(whole);
        assert_eq!(budget.free.available_permits(), ALL / UNIT);
    }

    #[tokio::test]
    async fn who_waits_comes_next() {
        let budget = Budget::default();
        let first = budget.take(ALL).await.expect("all is free");
        let next = async { budget.take(ALL).await.is_some() };
        let back = async move { drop(first) };
        assert!(tokio::join!(next, back).0);
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let budget = Budget { stalled: Duration::ZERO, ..Budget::default() };
        let held = budget.take(ALL).await.expect("all is free");
        assert!(budget.take(1).await.is_none());
        drop(held);
        assert!(budget.take(1).await.is_some());
    }
}
