//! What a keyword of a schema wants, in words.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::counted::counted;

/// What a keyword wants, where the validator's own message says what is wrong instead.
pub(super) fn wanted(kind: &ValidationErrorKind) -> Option<String> {
    Some(match kind {
        ValidationErrorKind::Type { kind: TypeKind::Single(json_type) } => format!("of type {json_type}"),
        ValidationErrorKind::Type { kind: TypeKind::Multiple(types) } => {
            let names: Vec<String> = types.iter().map(|json_type| json_type.to_string()).collect();
            format!("of type {}", names.join(" or "))
        }
        ValidationErrorKind::Enum { options } => match options.as_array() {
            Some(options) => options.iter().map(Value::to_string).collect::<Vec<_>>().join(" or "),
            None => options.to_string(),
        },
        ValidationErrorKind::Constant { expected_value } => expected_value.to_string(),
        ValidationErrorKind::Pattern { pattern } => format!("text like /{pattern}/"),
        ValidationErrorKind::Format { format } => format!("text of the format {format}"),
        ValidationErrorKind::MinLength { limit } => format!("text of {} or more", counted(*limit, "character")),
        ValidationErrorKind::MaxLength { limit } => format!("text of {} or fewer", counted(*limit, "character")),
        ValidationErrorKind::MinItems { limit } => format!("a list of {} or more", counted(*limit, "item")),
        ValidationErrorKind::MaxItems { limit } => format!("a list of {} or fewer", counted(*limit, "item")),
        ValidationErrorKind::Minimum { limit } => format!("a number of {limit} or more"),
        ValidationErrorKind::Maximum { limit } => format!("a number of {limit} or less"),
        ValidationErrorKind::UniqueItems => "a list in which nothing stands twice".to_owned(),
        ValidationErrorKind::FalseSchema => "no such member".to_owned(),
        _ => return None,
    })
}

/// The condition under which a keyword at this pointer counts, where it stands below `then` or `else` and compares members with
/// values.
pub(super) fn condition(schema: &Value, pointer: &str) -> Option<String> {
    let steps: Vec<usize> = pointer.match_indices('/').map(|(at, _)| at).collect();
    let (outer, negation) = steps.into_iter().rev().find_map(|at| match pointer[at..].split('/').nth(1)? {
        "then" => Some((&pointer[..at], "")),
        "else" => Some((&pointer[..at], "not ")),
        _ => None,
    })?;
    let members = schema.pointer(outer)?.get("if")?.get("properties")?.as_object()?;
    let compared = members.iter().map(|(name, schema)| Some(format!("{name} is {negation}{}", schema.get("const")?)));
    Some(compared.collect::<Option<Vec<_>>>()?.join(if negation.is_empty() { " and " } else { " or " }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{diagnostic::Source, schema::Schemas};

    /// What the schema of a recipe says of values that it does not fit.
    fn said(values: &[Value]) -> Vec<String> {
        let pot = json!({
            "$id": "https://a.test/pot.schema.json",
            "if": { "properties": { "lid": { "const": true }, "size": { "const": "L" } } },
            "then": { "required": ["handle"] },
            "else": { "properties": { "handle": false } },
        });
        let recipe = json!({
            "$id": "https://a.test/recipe.schema.json",
            "properties": { "pot": { "$ref": "pot.schema.json" }, "time": { "type": "integer" } },
            "if": { "required": ["time"] },
            "else": { "required": ["pot"] },
        });
        let file = |name: &str, schema: &Value| Source::new(format!("schemas/{name}.schema.json"), schema.to_string());
        let sources = [file("pot", &pot), file("recipe", &recipe)];
        let mut found = Vec::new();
        let schemas = Schemas::read(&sources, &mut found);
        let schema = &schemas.by_name["recipe"];
        let mismatches = values.iter().flat_map(|value| schema.judge(value).mismatches);
        mismatches.map(|mismatch| mismatch.expected).collect()
    }

    #[test]
    fn a_keyword_below_a_condition_says_when_it_counts() {
        let large = json!({ "pot": { "lid": true, "size": "L" } });
        let small = json!({ "pot": { "lid": true, "size": "S", "handle": 1 } });
        assert_eq!(
            said(&[large, small, json!({ "time": "long" }), json!({})]),
            [
                "a member \"handle\" where lid is true and size is \"L\"",
                "no such member where lid is not true or size is not \"L\"",
                "of type integer",
                "a member \"pot\"",
            ]
        );
    }
}
