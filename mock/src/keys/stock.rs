//! Key pairs that are made ahead. Owns the thread that makes them: one for all mocks of the process, which ends when there are enough and
//! begins again when one is taken. It is there because to make a pair takes a tenth of a second or several, in which a mock answers nobody.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use aws_lc_rs::rsa::KeyPair;

use super::generate;

/// How many pairs wait while nobody has taken one: most mocks are asked for few keys, and many for none.
const AT_FIRST: usize = 4;
/// How many wait from then on.
const MOST: usize = 16;

/// The pairs of this process.
pub(super) static STOCK: Stock = Stock::new(generate);

/// Pairs that wait to be taken.
pub(super) struct Stock {
    shelf: Mutex<Shelf>,
    /// A pair was put on the shelf, or none will be.
    changed: Condvar,
    make: fn() -> Option<Arc<KeyPair>>,
}

struct Shelf {
    pairs: Vec<Arc<KeyPair>>,
    wanted: usize,
    is_worked_on: bool,
}

impl Stock {
    const fn new(make: fn() -> Option<Arc<KeyPair>>) -> Stock {
        let shelf = Shelf { pairs: Vec::new(), wanted: AT_FIRST, is_worked_on: false };
        Stock { shelf: Mutex::new(shelf), changed: Condvar::new(), make }
    }

    /// Begins to make pairs, as somebody may ask for some.
    pub(super) fn prepare(&'static self) {
        self.restock(&mut self.shelf());
    }

    /// A pair that nobody else gets. Waits if there is none yet. None cannot happen.
    pub(super) fn take(&'static self) -> Option<Arc<KeyPair>> {
        let mut shelf = self.shelf();
        shelf.wanted = MOST;
        loop {
            let pair = shelf.pairs.pop();
            self.restock(&mut shelf);
            if pair.is_some() {
                return pair;
            }
            if shelf.is_worked_on {
                shelf = self.changed.wait(shelf).unwrap_or_else(PoisonError::into_inner);
            }
            if shelf.pairs.is_empty() && !shelf.is_worked_on {
                // There is no thread to be had, or it has failed.
                drop(shelf);
                return (self.make)();
            }
        }
    }

    /// Sees to it that somebody makes pairs while there are too few.
    fn restock(&'static self, shelf: &mut Shelf) {
        if !shelf.is_worked_on && shelf.pairs.len() < shelf.wanted {
            let thread = thread::Builder::new().name("okta-mock-keys".to_owned());
            shelf.is_worked_on = thread.spawn(|| self.work()).is_ok();
        }
    }

    fn work(&self) {
        // Whatever ends the work early, nobody waits for it any longer.
        let failure = Failure(self);
        while self.is_one_wanted() {
            let Some(pair) = (self.make)() else { return };
            self.shelf().pairs.push(pair);
            self.changed.notify_one();
        }
        std::mem::forget(failure);
    }

    /// Whether another pair is wanted of the thread; else it ends.
    fn is_one_wanted(&self) -> bool {
        let mut shelf = self.shelf();
        shelf.is_worked_on = shelf.pairs.len() < shelf.wanted;
        shelf.is_worked_on
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work that ends before there are enough pairs.
struct Failure<'s>(&'s Stock);

impl Drop for Failure<'_> {
    fn drop(&mut self) {
        self.0.shelf().is_worked_on = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        sync::atomic::{AtomicUsize, Ordering},
        time::{Duration, Instant},
    };

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    static MADE: AtomicUsize = AtomicUsize::new(0);
    static TESTED: Stock = Stock::new(|| {
        MADE.fetch_add(1, Ordering::SeqCst);
        KeyPair::from_der(super::super::BUILT_IN[0]).ok().map(Arc::new)
    });

    /// How many pairs there are when the thread has ended.
    fn at_rest() -> usize {
        let begin = Instant::now();
        loop {
            let shelf = TESTED.shelf();
            if !shelf.is_worked_on {
                return shelf.pairs.len();
            }
            drop(shelf);
            assert!(begin.elapsed() < PATIENCE, "the thread goes on and on");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_stock_grows_with_demand_and_makes_no_pair_in_vain() {
        assert_eq!((at_rest(), MADE.load(Ordering::SeqCst)), (0, 0), "nobody has asked");
        TESTED.prepare();
        TESTED.prepare();
        assert_eq!((at_rest(), MADE.load(Ordering::SeqCst)), (AT_FIRST, AT_FIRST));
        let takers: Vec<_> = (0..40).map(|_| thread::spawn(|| TESTED.take())).collect();
        let taken: Vec<_> = takers.into_iter().map(|taker| taker.join().expect("no panic").expect("a pair")).collect();
        let distinct: HashSet<_> = taken.iter().map(Arc::as_ptr).collect();
        assert_eq!(distinct.len(), 40);
        assert_eq!((at_rest(), MADE.load(Ordering::SeqCst)), (MOST, 40 + MOST));
    }

    #[test]
    fn a_thread_that_fails_is_not_waited_for() {
        static FAILING: Stock = Stock::new(|| None);
        FAILING.prepare();
        assert!(FAILING.take().is_none() && FAILING.take().is_none());
    }
}
