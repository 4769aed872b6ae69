//! Numbers with the noun that they count, as people read them.

use std::fmt::Display;

/// `1 time`, `2 times`.
pub(crate) fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    format!("{count} {}", plural(count, noun))
}

/// The noun behind a number: `time` behind 1, else `times`.
pub(crate) fn plural<N: Copy + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = if noun.ends_with('s') { "es" } else { "s" };
    if count == N::from(1) { noun.to_owned() } else { format!("{noun}{ending}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        assert_eq!([0, 1, 2].map(|count: usize| counted(count, "time")), ["0 times", "1 time", "2 times"]);
        assert_eq!([1, 2].map(|count: u64| counted(count, "status")), ["1 status", "2 statuses"]);
    }
}
