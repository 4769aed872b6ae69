//! Many secrets, found wherever they stand in a text. To learn one more costs no more than it is long, for a run learns one with each token
//! that it gets.

use std::{
    collections::BTreeMap,
    ops::{Bound, Range, RangeInclusive},
};

use super::escapes::stands_in_a_token;

/// So many bytes of a form tell whether it may stand in a place; none is shorter.
pub(super) const HEAD: usize = 6;

/// The bits of a filter: with some thousand forms, one place in a hundred is looked at in vain.
const FILTER_BITS: u32 = 18;

/// The bit that tells capital letters from small ones, of each byte: without it, one filter does for both.
const ANY_CASE: u64 = u64::from_le_bytes([0x20; 8]);

/// Where all forms are long enough, a text is looked at only in every eighth place: each form that stands in it lies across one of them.
const MOST_STRIDE: usize = 8;

/// How far a secret reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    Whole,
    /// To the first character that stands in no token.
    Open,
}

/// Forms of secrets, in order, behind filters by [`HEAD`] of their bytes.
#[derive(Default)]
pub(super) struct Index {
    forms: BTreeMap<Box<[u8]>, Form>,
    /// How far apart the places are where a text is looked at: every form has as many bytes, and [`HEAD`] less one.
    stride: usize,
    /// What forms have at each of their first places, as many as the stride.
    near: Filter,
    /// What forms begin with.
    heads: Filter,
    /// Of all forms together.
    bytes: usize,
}

/// Some bytes that were put in, and few others.
#[derive(Default)]
struct Filter(Vec<u64>);

impl Filter {
    fn insert(&mut self, bytes: [u8; HEAD]) {
        self.0.resize(1 << (FILTER_BITS - u64::BITS.ilog2()), 0);
        let (word, bit) = place(bytes);
        self.0[word] |= bit;
    }

    fn has(&self, bytes: [u8; HEAD]) -> bool {
        let (word, bit) = place(bytes);
        self.0[word] & bit != 0
    }
}

struct Form {
    extent: Extent,
    /// The lengths of its proper prefixes that are forms themselves, in ascending order. Where a text agrees with a form only in part, they tell
    /// at once which form is a prefix of the text, so that no choice of secrets makes a search slow.
    prefixes: Vec<usize>,
}

impl Index {
    /// What is shorter than [`HEAD`] is not found.
    pub(super) fn insert(&mut self, form: &str, extent: Extent) {
        let form = form.as_bytes();
        let Some(head) = form.first_chunk() else { return };
        if self.forms.is_empty() {
            self.stride = MOST_STRIDE;
        }
        // Whatever was put in for a longer stride does for a shorter one.
        self.stride = self.stride.min(form.len() + 1 - HEAD);
        self.heads.insert(*head);
        form.windows(HEAD).take(self.stride).filter_map(<[u8]>::first_chunk).for_each(|bytes| self.near.insert(*bytes));
        if let Some(known) = self.forms.get_mut(form) {
            known.extent = extent.max(known.extent);
            return;
        }
        let prefixes = self.prefixes(form);
        let longer = self.forms.range_mut::<[u8], _>((Bound::Excluded(form), Bound::Unbounded));
        for (_, longer) in longer.take_while(|(longer, _)| longer.starts_with(form)) {
            let at = longer.prefixes.partition_point(|length| *length < form.len());
            longer.prefixes.insert(at, form.len());
        }
        self.bytes += form.len();
        self.forms.insert(form.into(), Form { extent, prefixes });
    }

    /// The lengths of the forms that are proper prefixes of a text, in ascending order.
    fn prefixes(&self, text: &[u8]) -> Vec<usize> {
        let Some((before, known)) = self.forms.range::<[u8], _>((Bound::Unbounded, Bound::Excluded(text))).next_back()
        else {
            return Vec::new();
        };
        let common = common(before, text);
        let mut lengths = known.prefixes.clone();
        lengths.truncate(lengths.partition_point(|length| *length <= common));
        lengths.extend((common == before.len()).then_some(common));
        lengths
    }

    pub(super) fn get(&self, form: &str) -> Option<Extent> {
        self.forms.get(form.as_bytes()).map(|form| form.extent)
    }

    pub(super) fn len(&self) -> usize {
        self.forms.len()
    }

    /// Of all forms together.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether what stands at the beginning of the text begins many secrets.
    pub(super) fn begins(&self, text: &str) -> bool {
        self.at(text.as_bytes()).is_some_and(|(_, extent)| extent == Extent::Open)
    }

    /// Whether any form may stand in the text, in whatever case: in nearly every text, none does.
    pub(super) fn may_stand_in(&self, text: &[u8]) -> bool {
        self.near_from(text, 0).is_some()
    }

    /// The first place to look at, from this one on, where a form may stand.
    fn near_from(&self, text: &[u8], from: usize) -> Option<usize> {
        if self.forms.is_empty() {
            return None;
        }
        let mut places = text.get(from..)?.windows(HEAD).step_by(self.stride).filter_map(<[u8]>::first_chunk);
        Some(from + self.stride * places.position(|bytes| self.near.has(*bytes))?)
    }

    /// Where forms stand: from the left, the longest, one behind the other.
    pub(super) fn ranges(&self, text: &[u8], all: &mut Vec<Range<usize>>) {
        let (mut from, mut looks_at) = (0, 0);
        while let Some(looked_at) = self.near_from(text, looks_at) {
            let begins = from.max((looked_at + 1).saturating_sub(self.stride))..=looked_at;
            if let Some(range) = self.first(text, begins) {
                from = range.end;
                looks_at = range.end.next_multiple_of(self.stride);
                all.push(range);
            } else {
                looks_at = looked_at + self.stride;
            }
        }
    }

    /// The first form that begins at one of these places.
    fn first(&self, text: &[u8], mut begins: RangeInclusive<usize>) -> Option<Range<usize>> {
        begins.find_map(|at| {
            let (length, extent) = if text[at..].first_chunk().is_some_and(|head| self.heads.has(*head)) {
                self.at(&text[at..])?
            } else {
                return None;
            };
            let mut end = at + length;
            if extent == Extent::Open {
                end += text[end..].iter().take_while(|byte| stands_in_a_token(**byte)).count();
            }
            Some(at..end)
        })
    }

    /// The longest form that is a prefix of the text. Unless it is the form before the text, it is a prefix of what both have in common.
    fn at(&self, text: &[u8]) -> Option<(usize, Extent)> {
        let (before, known) = self.forms.range::<[u8], _>((Bound::Unbounded, Bound::Included(text))).next_back()?;
        let common = common(before, text);
        if common == before.len() {
            return Some((common, known.extent));
        }
        let shorter = known.prefixes.partition_point(|length| *length <= common);
        let length = *known.prefixes.get(shorter.checked_sub(1)?)?;
        Some((length, self.forms.get(&text[..length])?.extent))
    }

    /// The length of the longest proper prefix of a form that the text ends with.
    pub(super) fn begun_at_the_end(&self, text: &[u8], shortest: usize, longest: usize) -> Option<usize> {
        let lengths = (shortest..=longest.min(text.len())).rev();
        lengths.into_iter().find(|length| {
            let end = &text[text.len() - length..];
            let after = self.forms.range::<[u8], _>((Bound::Excluded(end), Bound::Unbounded)).next();
            after.is_some_and(|(form, _)| form.starts_with(end))
        })
    }
}

fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// Where the filter has the bit of these bytes.
fn place(head: [u8; HEAD]) -> (usize, u64) {
    let [first @ .., fifth, sixth] = head;
    let last = u64::from(u16::from_le_bytes([fifth, sixth]));
    let bytes = u64::from(u32::from_le_bytes(first)) | last << 32 | ANY_CASE;
    // Fibonacci hashing: the upper bits of the product depend on all bytes.
    let hash = bytes.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - FILTER_BITS);
    (usize::try_from(hash / 64).unwrap_or_default(), 1 << (hash % 64))
}

#[cfg(test)]
mod tests {
    use aho_corasick::{AhoCorasick, MatchKind};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_choice_of_forms_makes_a_search_slow() {
        let mut index = Index::default();
        for length in 6..400 {
            index.insert(&format!("{}0", "a".repeat(length)), Extent::Whole);
            index.insert(&"b".repeat(length), Extent::Whole);
        }
        let text = format!("{}{}", "a".repeat(100_000), "bbbbbbb|".repeat(10_000));
        let mut found = Vec::new();
        // With a step for each shorter form, this takes minutes.
        index.ranges(text.as_bytes(), &mut found);
        assert_eq!(found.len(), 10_000);
        assert!(found.iter().all(|range| &text[range.clone()] == "bbbbbbb"));
    }

    proptest! {
        #[test]
        fn finds_what_a_machine_for_all_forms_finds(
            forms in prop_oneof![
                proptest::collection::btree_set("[ab]{6,9}|a{6,12}", 1..12),
                proptest::collection::btree_set("[ab]{9,12}|a{9,20}", 1..12),
                proptest::collection::btree_set("[ab]{13,15}|a{13,20}", 1..12),
            ],
            text in "([abc]{0,20}|a{0,30}|[ab]{0,40}c){0,5}",
        ) {
            let mut index = Index::default();
            for form in &forms {
                index.insert(form, Extent::Whole);
            }
            let mut found = Vec::new();
            index.ranges(text.as_bytes(), &mut found);
            let machine = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms).expect("machine");
            prop_assert_eq!(found, machine.find_iter(&text).map(|found| found.range()).collect::<Vec<_>>());
        }

        #[test]
        fn a_form_that_was_cut_is_found_at_the_end(form in "[a-c]{6,12}", before in "[a-c]{0,6}", cut in 1..12_usize) {
            let mut index = Index::default();
            index.insert(&form, Extent::Whole);
            let text = format!("{before}{}", &form[..cut.min(form.len() - 1)]);
            let lengths = (4..form.len()).rev().find(|length| text.ends_with(&form[..*length]));
            prop_assert_eq!(index.begun_at_the_end(text.as_bytes(), 4, form.len()), lengths);
        }
    }
}
