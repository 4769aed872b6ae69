//! What may be used once: assertions of clients and `DPoP` proofs. Owns how long a use is remembered.

use std::collections::{BTreeMap, HashSet};

use aws_lc_rs::digest::{Context, SHA256};

/// Which thing was used. A digest, so that a long `jti` costs no more memory than a short one (RFC 9449, section 11.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Name([u8; 32]);

impl Name {
    /// The name that `maker` gave to it. Two makers may well use one `jti`.
    pub(super) fn new(maker: &str, jti: &str) -> Name {
        let mut hash = Context::new(&SHA256);
        // With the length in front no two pairs run into one text.
        hash.update(&maker.len().to_be_bytes());
        hash.update(maker.as_bytes());
        hash.update(jti.as_bytes());
        let hash = hash.finish();
        Name(std::array::from_fn(|index| hash.as_ref()[index]))
    }
}

/// The uses that are remembered, by the seconds of the system's clock at which they may be forgotten.
#[derive(Clone, Default)]
pub(super) struct Once {
    used: HashSet<Name>,
    until: BTreeMap<u64, Vec<Name>>,
}

impl Once {
    pub(super) fn is_used(&self, name: Name) -> bool {
        self.used.contains(&name)
    }

    /// Remembers a use through the second `last`, after which the thing is too old to be taken anyway.
    pub(super) fn remember(&mut self, name: Name, last: u64, now: u64) {
        while let Some(oldest) = self.until.first_entry().filter(|entry| *entry.key() < now) {
            for name in oldest.remove() {
                self.used.remove(&name);
            }
        }
        if self.used.insert(name) {
            self.until.entry(last).or_default().push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, Once};

    #[test]
    fn a_use_is_forgotten_when_it_can_be() {
        let mut once = Once::default();
        let (one, two, three) = (Name::new("a", "1"), Name::new("a", "2"), Name::new("a", "3"));
        assert!(!once.is_used(one));
        once.remember(one, 10, 5);
        once.remember(two, 12, 10);
        assert!(once.is_used(one) && once.is_used(two));
        once.remember(three, 20, 11);
        assert_eq!((once.is_used(one), once.is_used(two), once.used.len(), once.until.len()), (false, true, 2, 2));
    }

    #[test]
    fn names_do_not_run_into_each_other() {
        assert_ne!(Name::new("ab", "c"), Name::new("a", "bc"));
        assert_ne!(Name::new("", "a"), Name::new("a", ""));
    }
}
