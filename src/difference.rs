//! The lines in which two texts differ.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

/// The lines that differ, with so many lines around them and a mark where others are left out.
pub(crate) fn lines(old: &str, new: &str, around: usize, gap: &str) -> Vec<(ChangeTag, String)> {
    let diff = TextDiff::configure().timeout(Duration::from_secs(2)).diff_lines(old, new);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(around) {
        if !lines.is_empty() {
            lines.push((ChangeTag::Equal, gap.to_owned()));
        }
        let changes = group.iter().flat_map(|op| diff.iter_changes(op));
        lines.extend(changes.map(|change| (change.tag(), change.value().trim_end_matches('\n').to_owned())));
    }
    lines
}

/// What stands before a line of a difference.
pub(crate) fn sign(tag: ChangeTag) -> char {
    match tag {
        ChangeTag::Equal => ' ',
        ChangeTag::Delete => '-',
        ChangeTag::Insert => '+',
    }
}
