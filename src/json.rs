//! A value of JSON with all that stands in it.

use serde_json::Value;

/// The value, and every value in it: what is outside comes first, and the rest in its order.
pub(crate) fn all(value: &Value) -> impl Iterator<Item = &Value> {
    let mut open = vec![value];
    std::iter::from_fn(move || {
        let next = open.pop()?;
        match next {
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(members) => open.extend(members.values().rev()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        Some(next)
    })
}

/// The texts in a value.
pub(crate) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    all(value).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_in_a_value_comes_in_its_order() {
        let value = json!({ "a": ["b", { "c": "d" }, 1], "e": "f" });
        assert_eq!(texts(&value).collect::<Vec<_>>(), ["b", "d", "f"]);
        assert_eq!(all(&value).count(), 7);
    }
}
