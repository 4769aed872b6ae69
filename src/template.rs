//! `${name}` in texts: read and checked before anything is sent, filled when a step runs.
//!
//! Owns [`Template`] (a text), [`Tree`] (JSON with templates in it), the [`Scope`] of names that exist at a place, and [`Variables`].

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

use serde_json::Value;

use crate::{
    diagnostic::Span,
    pointer,
    yaml::{Data, Node, Problems},
};

/// The names that a template may use where it stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    names: BTreeSet<Arc<str>>,
    /// What has names of its own behind a dot, nobody knows which.
    unread: BTreeSet<String>,
    /// The names that templates have asked for, of this scope and of those that were made of it.
    used: Rc<RefCell<BTreeSet<Arc<str>>>>,
}

impl Scope {
    /// One with the same names, of which no template has asked for any.
    pub(crate) fn afresh(&self) -> Self {
        Self { names: self.names.clone(), unread: self.unread.clone(), used: Rc::default() }
    }

    pub(crate) fn add(&mut self, name: impl Into<Arc<str>>) {
        self.names.insert(name.into());
    }

    /// Adds a fixture with mistakes, which have been told: whatever is called after it is no further one.
    pub(crate) fn add_unread(&mut self, fixture: &str) {
        self.unread.insert(fixture.to_owned());
    }

    fn get(&self, name: &str) -> Option<&Arc<str>> {
        let known = self.names.get(name)?;
        self.used.borrow_mut().insert(Arc::clone(known));
        Some(known)
    }

    /// What stands between `beginning` and the next dot in the names that templates have asked for.
    pub(crate) fn used_below(&self, beginning: &str) -> BTreeSet<String> {
        let below = |name: &Arc<str>| Some(name.strip_prefix(beginning)?.split_once('.')?.0.to_owned());
        self.used.borrow().iter().filter_map(below).collect()
    }

    fn is_unread(&self, name: &str) -> bool {
        name.split_once('.').is_some_and(|(fixture, _)| self.unread.contains(fixture))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }
}

/// What the names stand for in one trial.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables(HashMap<Arc<str>, Value>);

impl Variables {
    pub(crate) fn set(&mut self, name: &Arc<str>, value: Value) {
        self.0.insert(Arc::clone(name), value);
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn get(&self, name: &str) -> Result<&Value, Unfilled> {
        self.0.get(name).ok_or_else(|| Unfilled(name.to_owned()))
    }
}

/// A name without a value: only possible where an earlier capture found nothing.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`${{{0}}}` has no value, because the step that captures it did not find one")]
pub(crate) struct Unfilled(pub(crate) String);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Literal(Box<str>),
    Name(Arc<str>),
}

/// A text with `${name}` in it. A plan holds tens of thousands of these, and nearly all are one part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Template {
    One(Piece),
    Several(Box<[Piece]>),
}

impl Template {
    /// Reads `text`; a name that `scope` does not hold is reported at `span`.
    pub(crate) fn read(text: &str, span: Span, scope: &Scope, problems: &mut Problems<'_>) -> Self {
        let mut template = match Self::parse(text) {
            Ok(template) => template,
            Err(message) => {
                problems.at_with(span, message, "write `${name}`, or `$${` for a literal `${`");
                Self::One(Piece::Literal(text.into()))
            }
        };
        for part in template.parts_mut() {
            let Piece::Name(name) = part else { continue };
            match scope.get(name) {
                // One text for all templates of a case that use the name.
                Some(known) => *name = Arc::clone(known),
                None if scope.is_unread(name) => {}
                None => problems.unknown(span, "variable", name, scope.names()),
            }
        }
        template
    }

    fn parse(text: &str) -> Result<Self, String> {
        if !text.contains("${") {
            return Ok(Self::One(Piece::Literal(text.into())));
        }
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                literal.push_str(&rest[..at - 1]);
                literal.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            literal.push_str(&rest[..at]);
            let inside = &rest[at + 2..];
            let end = inside.find('}').ok_or_else(|| "a template that is not closed".to_owned())?;
            let name = &inside[..end];
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-')) {
                return Err(format!("`{name}` is not a name"));
            }
            if !literal.is_empty() {
                parts.push(Piece::Literal(std::mem::take(&mut literal).into()));
            }
            parts.push(Piece::Name(Arc::from(name)));
            rest = &inside[end + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() || parts.is_empty() {
            parts.push(Piece::Literal(literal.into()));
        }
        Ok(match <[Piece; 1]>::try_from(parts) {
            Ok([part]) => Self::One(part),
            Err(parts) => Self::Several(parts.into()),
        })
    }

    fn parts(&self) -> &[Piece] {
        match self {
            Self::One(part) => std::slice::from_ref(part),
            Self::Several(parts) => parts,
        }
    }

    fn parts_mut(&mut self) -> &mut [Piece] {
        match self {
            Self::One(part) => std::slice::from_mut(part),
            Self::Several(parts) => parts,
        }
    }

    /// The text, if no name is in it.
    pub(crate) fn constant(&self) -> Option<&str> {
        match self {
            Self::One(Piece::Literal(text)) => Some(text),
            _ => None,
        }
    }

    /// A text of the same shape, a letter for every name.
    pub(crate) fn sample(&self) -> String {
        let part = |part: &Piece| match part {
            Piece::Literal(text) => text.to_string(),
            Piece::Name(_) => "x".to_owned(),
        };
        self.parts().iter().map(part).collect()
    }

    /// The text as it is written.
    pub(crate) fn source(&self) -> String {
        let part = |part: &Piece| match part {
            Piece::Literal(text) => text.replace("${", "$${"),
            Piece::Name(name) => format!("${{{name}}}"),
        };
        self.parts().iter().map(part).collect()
    }

    /// The name that it begins with, and the text behind that up to the next one; an empty one where that follows at once.
    pub(crate) fn beginning(&self) -> Option<(&str, Option<&str>)> {
        let mut parts = self.parts().iter();
        let Some(Piece::Name(name)) = parts.next() else { return None };
        let behind = parts.next().map(|part| match part {
            Piece::Literal(text) => text.as_ref(),
            Piece::Name(_) => "",
        });
        Some((name.as_ref(), behind))
    }

    /// The one name that the template consists of.
    fn whole(&self) -> Option<&Arc<str>> {
        match self {
            Self::One(Piece::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// The text with every name replaced; `encode` is applied to the values.
    pub(crate) fn text_with(&self, variables: &Variables, encode: impl Fn(&str) -> String) -> Result<String, Unfilled> {
        let mut text = String::new();
        for part in self.parts() {
            match part {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Name(name) => text.push_str(&encode(&plain(variables.get(name)?))),
            }
        }
        Ok(text)
    }

    /// The text with every name replaced.
    pub(crate) fn text(&self, variables: &Variables) -> Result<String, Unfilled> {
        self.text_with(variables, str::to_owned)
    }

    /// What the one name in it without a value must stand for, where the text was made of this template.
    pub(crate) fn solve(&self, text: &str, variables: &Variables) -> Option<(Arc<str>, String)> {
        let (mut before, mut behind, mut open) = (String::new(), String::new(), None);
        for part in self.parts() {
            let side = if open.is_none() { &mut before } else { &mut behind };
            match part {
                Piece::Literal(literal) => side.push_str(literal),
                Piece::Name(name) if variables.knows(name) => side.push_str(&plain(variables.get(name).ok()?)),
                Piece::Name(name) if open.is_none() => open = Some(Arc::clone(name)),
                Piece::Name(_) => return None,
            }
        }
        let value = text.strip_prefix(&before)?.strip_suffix(&behind)?;
        Some((open?, value.to_owned()))
    }

    /// The value: of whatever type when the template is one name, else text.
    pub(crate) fn value<'v>(&self, variables: &'v Variables) -> Result<Cow<'v, Value>, Unfilled> {
        match self.whole() {
            Some(name) => variables.get(name).map(Cow::Borrowed),
            None => self.text(variables).map(|text| Cow::Owned(Value::String(text))),
        }
    }
}

/// A value inside a longer text: text as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// JSON in which texts may be templates. Parts without one are kept ready.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    /// Boxed, as most of a plan are trees, and a value takes 72 bytes.
    Constant(Box<Value>),
    Literal(Box<str>),
    Text(Template),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    pub(crate) fn read(node: &Node, scope: &Scope, problems: &mut Problems<'_>) -> Self {
        match &node.data {
            Data::Text(text) => {
                let template = Template::read(text, node.span, scope, problems);
                match template.constant() {
                    Some(text) => Self::Literal(text.into()),
                    None => Self::Text(template),
                }
            }
            Data::List(items) => {
                let items: Vec<Self> = items.iter().map(|item| Self::read(item, scope, problems)).collect();
                match items.iter().map(Self::constant).collect::<Option<Vec<_>>>() {
                    Some(values) => Self::Constant(Box::new(Value::Array(values))),
                    None => Self::List(items),
                }
            }
            Data::Map(entries) => {
                let entries: Vec<(String, Self)> =
                    entries.iter().map(|(key, node)| (key.name.clone(), Self::read(node, scope, problems))).collect();
                let constant: Option<_> =
                    entries.iter().map(|(key, tree)| tree.constant().map(|value| (key.clone(), value))).collect();
                constant.map_or(Self::Map(entries), |members| Self::Constant(Box::new(Value::Object(members))))
            }
            Data::Null | Data::Bool(_) | Data::Number(_) => Self::Constant(Box::new(node.to_json())),
        }
    }

    /// The part at a JSON Pointer.
    pub(crate) fn at(&self, pointer: &str) -> Option<Cow<'_, Self>> {
        let Some(rest) = pointer.strip_prefix('/') else { return Some(Cow::Borrowed(self)) };
        match self {
            Self::Constant(value) => match value.pointer(pointer)? {
                Value::String(text) => Some(Cow::Owned(Self::Literal(text.as_str().into()))),
                other => Some(Cow::Owned(Self::Constant(Box::new(other.clone())))),
            },
            Self::Map(entries) => {
                let (step, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let (_, tree) = entries.iter().find(|(name, _)| *name == pointer::name(step))?;
                tree.at(rest)
            }
            Self::Literal(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    fn constant(&self) -> Option<Value> {
        match self {
            Self::Constant(value) => Some(value.as_ref().clone()),
            Self::Literal(text) => Some(Value::from(text.as_ref())),
            _ => None,
        }
    }

    /// The value with every name replaced; borrowed where nothing has to be put together.
    pub(crate) fn fill<'v>(&'v self, variables: &'v Variables) -> Result<Cow<'v, Value>, Unfilled> {
        let owned = |tree: &Self| tree.fill(variables).map(Cow::into_owned);
        Ok(match self {
            Self::Constant(value) => Cow::Borrowed(value),
            Self::Literal(text) => Cow::Owned(Value::from(text.as_ref())),
            Self::Text(template) => template.value(variables)?,
            Self::List(items) => Cow::Owned(Value::Array(items.iter().map(owned).collect::<Result<_, _>>()?)),
            Self::Map(entries) => {
                let members = entries.iter().map(|(key, tree)| Ok((key.clone(), owned(tree)?)));
                Cow::Owned(Value::Object(members.collect::<Result<_, Unfilled>>()?))
            }
        })
    }
}

/// Puts the values of a table's row into a tree, wherever their names stand; notes in `used` which names did.
pub(crate) fn fill_row(node: &Node, row: &[(&str, &Node)], used: &mut BTreeSet<String>) -> Node {
    let data = match &node.data {
        Data::Text(text) if text.contains("${") => fill_text(text, row, used),
        Data::List(items) => Data::List(items.iter().map(|item| fill_row(item, row, used)).collect()),
        Data::Map(entries) => {
            Data::Map(entries.iter().map(|(key, node)| (key.clone(), fill_row(node, row, used))).collect())
        }
        other => other.clone(),
    };
    Node { span: node.span, data }
}

fn fill_text(text: &str, row: &[(&str, &Node)], used: &mut BTreeSet<String>) -> Data {
    let mut text = text.to_owned();
    for (name, value) in row {
        let pattern = format!("${{{name}}}");
        if !text.contains(&pattern) {
            continue;
        }
        used.insert((*name).to_owned());
        if text == pattern {
            return value.data.clone();
        }
        text = text.replace(&pattern, &plain(&value.to_json()));
    }
    Data::Text(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(text: &str, values: &[(&str, Value)]) -> Option<Value> {
        let mut variables = Variables::default();
        for (name, value) in values {
            variables.set(&Arc::from(*name), value.clone());
        }
        Template::parse(text).ok()?.value(&variables).ok().map(Cow::into_owned)
    }

    #[test]
    fn one_name_keeps_the_type() {
        assert_eq!(filled("${n}", &[("n", 7.into())]), Some(7.into()));
        assert_eq!(filled("a${n}", &[("n", 7.into())]), Some("a7".into()));
    }

    #[test]
    fn dollar_dollar_is_an_escape() {
        assert_eq!(filled("$${n}", &[]), Some("${n}".into()));
        assert_eq!(filled("cost: 5$", &[]), Some("cost: 5$".into()));
    }

    #[test]
    fn open_or_odd_names_are_refused() {
        for text in ["${n", "${}", "${a b}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_between_templates_is_kept(before in "[^$]*", value in ".*", after in "[^$]*") {
            let text = format!("{before}${{v}}{after}");
            let expected = format!("{before}{value}{after}");
            prop_assert_eq!(filled(&text, &[("v", value.into())]), Some(expected.into()));
        }

        #[test]
        fn what_a_name_stood_for_is_read_back(before in "[^$]*", value in ".*", after in "[^$]*") {
            let template = Template::parse(&format!("{before}${{known}}${{v}}{after}")).expect("a template");
            let mut variables = Variables::default();
            variables.set(&"known".into(), 7.into());
            let text = format!("{before}7{value}{after}");
            prop_assert_eq!(template.solve(&text, &variables), Some(("v".into(), value)));
        }

        #[test]
        fn a_template_is_what_it_is_written_as(text in r"([$]|[{]|[}]|a|\.|ß|\$\{a\}){0,12}") {
            if let Ok(template) = Template::parse(&text) {
                prop_assert_eq!(Template::parse(&template.source()), Ok(template));
            }
        }
    }
}
