//! Two JSON values side by side, where they are too large to be compared by eye.

use serde_json::Value;
use similar::ChangeTag;

use crate::difference;

/// Values that are both shorter stand on a line each.
const SHORT: usize = 72;

/// Lines around a difference that are shown too.
const AROUND: usize = 2;

/// More lines than somebody reads.
const MOST: usize = 60;

/// The lines in which two values differ, if at least one is larger than a line; members are in the order of their names. What is expected
/// was, in the words of a difference, deleted, and what there is was inserted.
pub(super) fn lines(expected: Value, actual: &Value) -> Option<Vec<(ChangeTag, String)>> {
    let large = |value: &Value| value.to_string().len() > SHORT;
    let holds = |value: &Value| value.is_object() || value.is_array();
    if !holds(&expected) || !holds(actual) || !(large(&expected) || large(actual)) {
        return None;
    }
    let mut lines = difference::lines(&set_out(expected), &set_out(actual.clone()), AROUND, "⋯");
    if lines.len() > MOST {
        let more = lines.split_off(MOST).len();
        lines.push((ChangeTag::Equal, format!("⋯ {more} more lines")));
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
        let mut told = lines(expected, &actual).expect("a diff");
        told.retain(|(tag, _)| *tag != ChangeTag::Equal);
        assert_eq!(told, [(ChangeTag::Delete, "    2".to_owned()), (ChangeTag::Insert, "    3".to_owned())]);
        assert_eq!(lines(json!([1]), &json!([2])), None, "short ones are compared by eye");
        assert_eq!(lines(json!("a list"), &actual), None);
    }
}
