//! What a keyword of a schema wants, as a value.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::Value;

use crate::{
    brief::Excerpt,
    finding::{Expected, Json},
};

/// What the keyword wants that a value does not fit.
pub(super) fn wanted(error: &ValidationError<'_>) -> Expected<String> {
    let value = |value: &Value| Expected::Value(Json::of(value));
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            Expected::Member(property.as_str().map_or_else(|| property.to_string(), str::to_owned))
        }
        ValidationErrorKind::Type { kind: TypeKind::Single(json_type) } => Expected::Type(vec![json_type.to_string()]),
        ValidationErrorKind::Type { kind: TypeKind::Multiple(types) } => {
            Expected::Type(types.iter().map(|json_type| json_type.to_string()).collect())
        }
        ValidationErrorKind::Enum { options } => match options.as_array() {
            Some(options) => Expected::OneOf(options.iter().map(value).collect()),
            None => value(options),
        },
        ValidationErrorKind::Constant { expected_value } => value(expected_value),
        ValidationErrorKind::Pattern { pattern } => Expected::Pattern(pattern.clone()),
        ValidationErrorKind::Format { format } => Expected::Format(format.clone()),
        ValidationErrorKind::MinLength { limit } | ValidationErrorKind::MinItems { limit } => {
            Expected::Length { min: *limit, max: None }
        }
        ValidationErrorKind::MaxLength { limit } | ValidationErrorKind::MaxItems { limit } => {
            Expected::Length { min: 0, max: Some(*limit) }
        }
        ValidationErrorKind::Minimum { limit } => Expected::Min(Json::of(limit)),
        ValidationErrorKind::Maximum { limit } => Expected::Max(Json::of(limit)),
        ValidationErrorKind::UniqueItems => Expected::Distinct,
        ValidationErrorKind::FalseSchema => Expected::Absent,
        _ => Expected::Keyword(Excerpt::of(&error.masked_with("the value").to_string())),
    }
}

/// What the keyword at this pointer wants, with the condition under which it counts: where it stands below `then` or `else`, and that
/// compares members with values.
pub(super) fn under_condition(wants: Expected<String>, schema: &Value, pointer: &str) -> Expected<String> {
    let steps: Vec<usize> = pointer.match_indices('/').map(|(at, _)| at).collect();
    let outer = steps.into_iter().rev().find_map(|at| match pointer[at..].split('/').nth(1)? {
        "then" => Some((&pointer[..at], true)),
        "else" => Some((&pointer[..at], false)),
        _ => None,
    });
    let compared = |outer: &str| -> Option<Vec<(String, Json<String>)>> {
        let members = schema.pointer(outer)?.get("if")?.get("properties")?.as_object()?;
        members.iter().map(|(name, schema)| Some((name.clone(), Json::of(schema.get("const")?)))).collect()
    };
    match outer.and_then(|(outer, holds)| Some((compared(outer)?, holds))) {
        Some((members, holds)) => Expected::When { wants: Box::new(wants), members, holds },
        None => wants,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        diagnostic::Source,
        finding::{self as words, CheckKind},
        schema::Schemas,
    };

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
        let schemas = Schemas::read(sources, &mut found);
        let schema = &schemas.by_name["recipe"];
        let violations = values.iter().flat_map(|value| schema.judge(value).violations);
        violations.map(|violation| words::expected(&violation.expected, &CheckKind::Schema, None)).collect()
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
