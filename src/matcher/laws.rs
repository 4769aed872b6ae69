//! Laws of matchers, for values of any shape.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Context, Matcher, Patterns};
use crate::{
    diagnostic::Source,
    suite::Suite,
    template::{Scope, Variables},
    yaml::{Problems, parse},
};

/// Whether the value is as expected; the expectation is written into a case file.
fn holds(expected: &Value, value: &Value) -> bool {
    let suite = Suite::read(&[], &mut Vec::new());
    let source = Source::new("laws.yaml", expected.to_string());
    let node = parse(&source).expect("JSON is YAML");
    let (mut scope, mut variables, mut found) = (Scope::default(), Variables::default(), Vec::new());
    scope.add("value");
    variables.set(&Arc::from("value"), value.clone());
    let patterns = Patterns::default();
    let context = Context { scope: &scope, schemas: &suite.schemas, patterns: &patterns };
    let matcher = Matcher::read(&node, &context, &mut Problems::new(&source, &mut found));
    assert!(found.is_empty(), "{expected}: {:?}", found.iter().map(|one| &one.title).collect::<Vec<_>>());
    matcher.judge(Some(value), &variables).expect("no variable is missing").told.is_empty()
}

/// An expectation with one of the `$` keys.
fn dollar(key: &str, value: &Value) -> Value {
    json!({ key: value })
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e6..1.0e6).prop_map(Value::from),
        "[a-zA-Z0-9 äß☃:#'\"\\\\/~.,-]{0,8}".prop_map(Value::from),
        Just(json!("null")),
        Just(json!("1")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z/~ ]{1,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every object in a value.
fn objects<'v>(value: &'v mut Value, found: &mut Vec<&'v mut Map<String, Value>>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| objects(item, found)),
        Value::Object(members) => {
            // The outer of two nested ones is left out when the inner one is there: they cannot both be changed.
            let nested = members.values().any(|member| member.is_object() || member.is_array());
            if nested {
                members.values_mut().for_each(|member| objects(member, found));
            } else {
                found.push(members);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn a_value_matches_itself(value in values()) {
        prop_assert!(holds(&value, &value));
        prop_assert!(holds(&dollar("$exact", &json!(value)), &value));
        let same = json!({ "$sameAs": { "value": "${value}" } });
        prop_assert!(holds(&same, &value));
        prop_assert!(holds(&dollar("$oneOf", &json!(["another", value])), &value));
        prop_assert!(!holds(&dollar("$not", &json!(value)), &value));
    }

    #[test]
    fn a_member_that_is_missing_never_matches(value in values(), which in any::<prop::sample::Index>()) {
        let mut less = value.clone();
        let mut places = Vec::new();
        objects(&mut less, &mut places);
        places.retain(|members| !members.is_empty());
        if !places.is_empty() {
            let members = places.swap_remove(which.index(places.len()));
            let name = members.keys().nth(which.index(members.len())).expect("a member").clone();
            members.shift_remove(&name);
            prop_assert!(!holds(&value, &less), "{} without {}", value, name);
            prop_assert!(!holds(&dollar("$exact", &json!(value)), &less));
            prop_assert!(holds(&less, &value), "what is not expected does not matter");
            prop_assert!(!holds(&dollar("$exact", &json!(less)), &value), "unless it is to be exact");
        }
    }

    #[test]
    fn an_unordered_list_matches_in_any_order(items in prop::collection::vec(values(), 0..5), by in 0..5_usize) {
        let mut turned = items.clone();
        turned.rotate_left(by.min(items.len()));
        prop_assert!(holds(&dollar("$unordered", &json!(items)), &json!(turned)));
        let mut more = turned.clone();
        more.push(json!("one more"));
        prop_assert!(!holds(&dollar("$unordered", &json!(items)), &json!(more)));
        if turned.pop().is_some() {
            prop_assert!(!holds(&dollar("$unordered", &json!(items)), &json!(turned)));
        }
    }

    #[test]
    fn a_list_is_distinct_unless_two_of_its_items_match_each_other(items in prop::collection::vec(values(), 0..5)) {
        let exact = |left, right| holds(&dollar("$exact", left), right);
        let twice = items.iter().enumerate().any(|(at, left)| items[at + 1..].iter().any(|right| exact(left, right)));
        prop_assert_eq!(holds(&dollar("$distinct", &json!(true)), &json!(items)), !twice);
        if let Some(first) = items.first() {
            let again = [&items[..], std::slice::from_ref(first)].concat();
            prop_assert!(!holds(&dollar("$distinct", &json!(true)), &json!(again)));
        }
    }

    #[test]
    fn a_value_matches_no_other(left in values(), right in values()) {
        // Both ways round: an object may have more members than are expected of it.
        if holds(&left, &right) && holds(&right, &left) {
            prop_assert!(holds(&dollar("$exact", &left), &right), "{} and {}", left, right);
        }
    }
}
