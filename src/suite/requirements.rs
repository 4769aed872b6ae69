//! `cases/requirements.yaml` and `cases/vocabulary.yaml`: what the target must do and what establishes it; the names that cases may use.

use std::{borrow::Cow, collections::BTreeMap};

use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    age::{Age, Seen},
    diagnostic::Span,
    yaml::{Fields, Node, Problems},
};

/// What establishes a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, Display, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum SourceKind {
    Seed,
    Openapi,
    Recording,
    Docs,
    Catalogue,
    Issue,
    Rfc,
    Inferred,
}

/// One source of a requirement.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) kind: SourceKind,
    pub(crate) reference: String,
    pub(crate) note: Option<String>,
}

/// What the target must do.
#[derive(Debug, Clone)]
pub(crate) struct Requirement {
    pub(crate) text: String,
    pub(crate) sources: Vec<Evidence>,
    /// When the real service was last seen to do it.
    pub(crate) seen: Option<Seen>,
    /// Where month and number stand, if they do.
    pub(crate) seen_at: Option<(Span, Span)>,
    /// The key before which they belong.
    pub(crate) sources_at: Span,
    pub(crate) span: Span,
}

impl Requirement {
    /// Whether anything but our own inference stands behind it.
    pub(crate) fn established(&self) -> bool {
        self.sources.iter().any(|source| source.kind != SourceKind::Inferred)
    }

    /// How old its evidence is.
    pub(crate) fn age(&self) -> Age {
        let recorded = self.sources.iter().any(|source| source.kind == SourceKind::Recording);
        match self.seen {
            Some(seen) => Age::Live(seen),
            None if recorded => Age::Undated,
            None if self.established() => Age::Documents,
            None => Age::Inferred,
        }
    }

    /// The sources in one line.
    pub(crate) fn evidence(&self) -> String {
        let one = |source: &Evidence| match &source.note {
            Some(note) => format!("{} {} ({note})", source.kind, source.reference),
            None => format!("{} {}", source.kind, source.reference),
        };
        self.sources.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// Reads the list of requirements.
pub(super) fn read(root: &Node, problems: &mut Problems<'_>) -> BTreeMap<String, Requirement> {
    let mut all = BTreeMap::new();
    let Some(mut file) = Fields::of(root, "requirements file", problems) else { return all };
    let nodes = file.required("requirements", problems).and_then(|node| problems.list(node, "requirements"));
    file.finish(problems);
    for node in nodes.unwrap_or_default() {
        let Some(mut fields) = Fields::of(node, "requirement", problems) else { continue };
        let id = fields.text("id", problems);
        let text = fields.text("text", problems);
        fields.required("sources", problems);
        let sources_at = fields.entry("sources").map(|(key, _)| key.span);
        let sources = fields.each("sources", problems, evidence);
        let (seen, seen_at) = fields.optional("seen").and_then(|node| seen(node, problems)).unzip();
        let span = fields.span();
        let sources_at = sources_at.unwrap_or(span);
        fields.finish(problems);
        if sources.is_empty() {
            problems.at_with(span, "a requirement without a source", "name its evidence, or use `kind: inferred`");
        }
        if let (Some(id), Some(text)) = (id, text)
            && all
                .insert(id.to_owned(), Requirement { text: text.to_owned(), sources, seen, seen_at, sources_at, span })
                .is_some()
        {
            problems.at(span, format!("duplicate requirement `{id}`"));
        }
    }
    all
}

/// The text of a list of requirements as it is without their sightings.
pub(super) fn undated(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("seen: {") {
        let (before, sighting) = rest.split_at(at);
        let Some(end) = sighting.find('}') else { break };
        let behind = &sighting[end + 1..];
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        if before.ends_with(|c: char| !matches!(c, ' ' | '-' | '{' | ',' | '\n')) {
            // The end of another word.
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
        } else if before[line..].chars().all(|c| matches!(c, ' ' | '-')) {
            // The next key stands where this one stood.
            out.push_str(before);
            rest = behind.trim_start();
        } else {
            out.push_str(before);
            rest = behind.strip_prefix(", ").unwrap_or(behind);
        }
    }
    if out.is_empty() { text.into() } else { (out + rest).into() }
}

/// A sighting, with the places of its month and its number.
fn seen(node: &Node, problems: &mut Problems<'_>) -> Option<(Seen, (Span, Span))> {
    let mut fields = Fields::of(node, "sighting", problems)?;
    let (last, orgs) = (fields.required("last", problems), fields.required("orgs", problems));
    fields.finish(problems);
    let (last, orgs) = (last?, orgs?);
    let at = (last.span, orgs.span);
    let month = problems
        .text(last, "last")
        .and_then(|text| text.parse().map_err(|refused: String| problems.at(last.span, refused)).ok());
    let at_least_one = |orgs: u64, problems: &mut Problems<'_>| {
        if orgs == 0 {
            problems.at_with(at.1, "nobody has seen it in 0 orgs", "say in how many, or leave `seen` out");
        }
        usize::try_from(orgs).ok().filter(|orgs| *orgs > 0)
    };
    let orgs = problems.integer(orgs, "orgs").and_then(|orgs| at_least_one(orgs, problems));
    Some((Seen { last: month?, orgs: orgs? }, at))
}

fn evidence(node: &Node, problems: &mut Problems<'_>) -> Option<Evidence> {
    let mut fields = Fields::of(node, "source", problems)?;
    let kind = fields.required("kind", problems);
    let reference = fields.text("ref", problems);
    let note = fields.optional_text("note", problems);
    fields.finish(problems);
    let kind = kind.and_then(|node| problems.word(node, "kind", "kind of source"))?;
    Some(Evidence { kind, reference: reference?.to_owned(), note })
}

/// The names of principals, capabilities and profiles, each with what it means.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    pub(crate) principals: BTreeMap<String, String>,
    pub(crate) capabilities: BTreeMap<String, String>,
    pub(crate) profiles: BTreeMap<String, String>,
    /// OAuth clients that a target may have, each with its own way to authenticate.
    pub(crate) clients: BTreeMap<String, NamedClient>,
    /// People that a target may have.
    pub(crate) users: BTreeMap<String, String>,
}

/// An OAuth client that cases may use.
#[derive(Debug)]
pub(crate) struct NamedClient {
    /// How it authenticates (RFC 7591 section 2): a target's client of this name is configured so.
    pub(crate) method: String,
    /// Whether it proves that it has its key (RFC 9449).
    pub(crate) dpop: bool,
}

impl Vocabulary {
    pub(super) fn read(root: &Node, problems: &mut Problems<'_>) -> Self {
        let mut vocabulary = Self::default();
        let Some(mut file) = Fields::of(root, "vocabulary file", problems) else { return vocabulary };
        let named = |nodes: Option<&Node>, names: &mut BTreeMap<String, String>, problems: &mut Problems<'_>| {
            for node in nodes.and_then(Node::as_list).unwrap_or_default() {
                let Some(mut fields) = Fields::of(node, "name", problems) else { continue };
                let (id, title) = (fields.text("id", problems), fields.text("title", problems));
                fields.finish(problems);
                if let (Some(id), Some(title)) = (id, title) {
                    names.insert(id.to_owned(), title.to_owned());
                }
            }
        };
        for (key, names) in [
            ("principals", &mut vocabulary.principals),
            ("capabilities", &mut vocabulary.capabilities),
            ("profiles", &mut vocabulary.profiles),
        ] {
            named(file.required(key, problems), names, problems);
        }
        named(file.optional("users"), &mut vocabulary.users, problems);
        for node in file.optional("clients").and_then(Node::as_list).unwrap_or_default() {
            let Some(mut fields) = Fields::of(node, "client", problems) else { continue };
            let [id, _, method] = ["id", "title", "method"].map(|key| fields.text(key, problems));
            let dpop = fields.flag("dpop", problems);
            fields.finish(problems);
            if let (Some(id), Some(method)) = (id, method) {
                vocabulary.clients.insert(id.to_owned(), NamedClient { method: method.to_owned(), dpop });
            }
        }
        file.finish(problems);
        vocabulary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_its_dates_a_list_is_what_it_was() {
        let block = "  - id: a\n    text: b\n    sources: []\n";
        assert_eq!(undated(&block.replace("    sources", "    seen: { last: 2026-01, orgs: 1 }\n    sources")), block);
        let flow = "  - { id: a, sources: [] }\n";
        assert_eq!(undated(&flow.replace("sources", "seen: { last: 2026-01, orgs: 1 }, sources")), flow);
        let other = "  - id: a\n    text: was not seen: {x}\n    overseen: {}\n";
        assert_eq!(undated("foreseen: {"), "foreseen: {");
        assert!(undated(other).contains("overseen: {}"));
    }
}
