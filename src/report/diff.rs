//! Two JSON values side by side, where they are too large to be compared by eye.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

/// Values that are both shorter stand on a line each.
const SHORT: usize = 72;

/// Lines around a difference that are shown too.
const AROUND: usize = 2;

/// More lines than somebody reads.
const MOST: usize = 60;

/// What a line of a diff is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Expected,
    Actual,
    Both,
}

/// The lines in which two values differ, if at least one is larger than a line; members are in the order of their names.
pub(super) fn lines(expected: Value, actual: &Value) -> Option<Vec<(Side, String)>> {
    let large = |value: &Value| value.to_string().len() > SHORT;
    let holds = |value: &Value| value.is_object() || value.is_array();
    if !holds(&expected) || !holds(actual) || !(large(&expected) || large(actual)) {
        return None;
    }
    let (expected, actual) = (set_out(expected), set_out(actual.clone()));
    let diff = TextDiff::from_lines(&expected, &actual);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            lines.push((Side::Both, "⋯".to_owned()));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let side = match change.tag() {
                ChangeTag::Delete => Side::Expected,
                ChangeTag::Insert => Side::Actual,
                ChangeTag::Equal => Side::Both,
            };
            lines.push((side, change.value().trim_end().to_owned()));
        }
    }
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push((Side::Both, format!("⋯ {more} more lines")));
    }
    Some(lines)
}

/// A line a value, without the commas: the last of a list differs from the others by nothing else.
fn set_out(mut value: Value) -> String {
    value.sort_all_objects();
    let text = format!("{value:#}");
    text.lines().map(|line| line.strip_suffix(',').unwrap_or(line).to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_told_and_the_order_of_members_is_no_difference() {
        let long = "x".repeat(SHORT);
        let expected = json!({ "b": [1, 2], "a": long, "c": {} });
        let actual = json!({ "c": {}, "b": [1, 3], "a": long });
        let told: Vec<(Side, String)> =
            lines(expected, &actual).expect("a diff").into_iter().filter(|(side, _)| *side != Side::Both).collect();
        assert_eq!(told, [(Side::Expected, "    2".to_owned()), (Side::Actual, "    3".to_owned())]);
        assert_eq!(lines(json!([1]), &json!([2])), None, "short ones are compared by eye");
        assert_eq!(lines(json!("a list"), &actual), None);
    }
}
