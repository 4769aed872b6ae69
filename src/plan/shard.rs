//! A part of a run: which trials one of several machines runs, the same whatever the others do.

use std::{fmt, str::FromStr};

use aws_lc_rs::digest::{SHA256, digest};

use super::Trial;

/// Shard `index` of `total`, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    total: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is not a shard: write 2/5 for the second of five");
        let (index, total) = text.split_once('/').ok_or_else(refused)?;
        let (index, total) = (index.parse().map_err(|_| refused())?, total.parse().map_err(|_| refused())?);
        if index == 0 || index > total { Err(refused()) } else { Ok(Self { index, total }) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.total)
    }
}

impl Shard {
    /// Which part it is, from 1.
    pub fn index(self) -> u64 {
        self.index
    }

    /// How many parts there are.
    pub fn total(self) -> u64 {
        self.total
    }

    /// Whether the trial is in it. By a hash of the ID, so that a new case moves no other one.
    pub fn holds(&self, trial: &Trial) -> bool {
        self.holds_id(&trial.id)
    }

    fn holds_id(&self, id: &str) -> bool {
        place(id) % self.total == self.index - 1
    }
}

/// A number that depends on the ID alone.
fn place(id: &str) -> u64 {
    let hash = digest(&SHA256, id.as_bytes());
    u64::from_be_bytes(std::array::from_fn(|index| hash.as_ref()[index]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_shard_is_one_of_several() {
        assert_eq!("2/5".parse(), Ok(Shard { index: 2, total: 5 }));
        for wrong in ["", "1", "0/5", "6/5", "a/b", "1/0", "-1/5", "1/2/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_id_is_in_exactly_one_shard(id in "[a-z/-]{1,40}", total in 1..20_u64) {
            let shards = (1..=total).map(|index| format!("{index}/{total}").parse::<Shard>().expect("a shard"));
            prop_assert_eq!(shards.filter(|shard| shard.holds_id(&id)).count(), 1);
        }
    }
}
