//! `as-client` and `form`: which OAuth client sends a request, and what is to be wrong about what it shows.

use std::str::FromStr;

use strum::VariantNames;

use super::step::StepContext;
use crate::{
    http::{
        AsClient, Assertion, Changes, ClientMethod, OwnSecret, Proof, ShownBy, ShownSecret, SigningAlgorithm,
        is_from_now,
    },
    template::{Scope, Template, Tree, Unfilled, Variables},
    yaml::{Data, Fields, Node, Problems},
};

/// Who sends a request, where that is a client.
#[derive(Debug)]
pub(crate) struct ClientPlan {
    pub(crate) name: String,
    method: ShownBy,
    id: Option<Template>,
    secret: SecretPlan,
    assertion: AssertionPlan,
    proof: ProofPlan,
}

#[derive(Debug)]
enum SecretPlan {
    Own,
    Changed(OwnSecret),
    Given(Template),
}

#[derive(Debug)]
enum AssertionPlan {
    Made(ChangesPlan),
    Given(Template),
}

#[derive(Debug)]
enum ProofPlan {
    Own,
    None,
    WithoutNonce,
    Made(ChangesPlan),
}

/// In what a signed object is to differ from a good one.
#[derive(Debug, Default)]
struct ChangesPlan {
    algorithm: Option<SigningAlgorithm>,
    header: Box<[(String, Tree)]>,
    claims: Box<[(String, Tree)]>,
    broken: bool,
}

/// What stands for a method that says nothing of the client.
const OMITTED: &str = "omitted";

impl ClientPlan {
    /// What the client shows, with the form that the case sends.
    pub(crate) fn fill(&self, form: Vec<(String, String)>, variables: &Variables) -> Result<AsClient, Unfilled> {
        Ok(AsClient {
            name: self.name.clone(),
            method: self.method,
            id: self.id.as_ref().map(|id| id.text(variables)).transpose()?,
            secret: match &self.secret {
                SecretPlan::Own => ShownSecret::Own,
                SecretPlan::Changed(change) => ShownSecret::Changed(*change),
                SecretPlan::Given(secret) => ShownSecret::Given(secret.text(variables)?),
            },
            assertion: match &self.assertion {
                AssertionPlan::Made(changes) => Assertion::Made(changes.fill(variables)?),
                AssertionPlan::Given(text) => Assertion::Given(text.text(variables)?),
            },
            proof: match &self.proof {
                ProofPlan::Own => Proof::Own,
                ProofPlan::None => Proof::None,
                ProofPlan::WithoutNonce => Proof::WithoutNonce,
                ProofPlan::Made(changes) => Proof::Made(changes.fill(variables)?),
            },
            form,
        })
    }
}

impl ChangesPlan {
    fn fill(&self, variables: &Variables) -> Result<Changes, Unfilled> {
        let members = |members: &[(String, Tree)]| {
            let member = |(name, tree): &(String, Tree)| Ok((name.clone(), tree.fill(variables)?.into_owned()));
            members.iter().map(member).collect::<Result<_, Unfilled>>()
        };
        let (header, claims) = (members(&self.header)?, members(&self.claims)?);
        Ok(Changes { algorithm: self.algorithm, header, claims, broken: self.broken })
    }
}

/// The client that a step names, if it names one.
pub(super) fn read(
    fields: &mut Fields<'_>,
    scope: &Scope,
    cx: &StepContext<'_>,
    problems: &mut Problems<'_>,
) -> Option<ClientPlan> {
    let (key, node) = fields.entry("as-client")?;
    if fields.entry("as").is_some() {
        problems.at_with(key.span, "a request has one sender", "keep one of `as` and `as-client`");
    }
    for other in ["body", "raw", "rawHex"] {
        if let Some((key, _)) = fields.entry(other) {
            problems.at_with(
                key.span,
                "a client sends its parameters in a form",
                "use `form`, or send the step without `as-client`",
            );
        }
    }
    let known = |node: &Node, problems: &mut Problems<'_>| {
        let name = problems.text(node, "as-client")?;
        problems.known(&cx.lookup.suite.vocabulary.clients, node.span, "client", name);
        Some(name.to_owned())
    };
    let (method, id, secret) = (ShownBy::Own, None, SecretPlan::Own);
    let (assertion, proof) = (AssertionPlan::Made(ChangesPlan::default()), ProofPlan::Own);
    if let Data::Text(_) = &node.data {
        let name = known(node, problems)?;
        return Some(ClientPlan { name, method, id, secret, assertion, proof });
    }
    let mut fields = Fields::of(node, "client", problems)?;
    let name = fields.required("client", problems).and_then(|node| known(node, problems));
    let method = fields.optional("method").and_then(|node| read_method(node, problems));
    let id = fields
        .optional("id")
        .and_then(|node| problems.text(node, "id").map(|text| Template::read(text, node.span, scope, problems)));
    let secret = fields.optional("secret").and_then(|node| read_secret(node, scope, problems));
    let assertion = fields.optional("assertion").and_then(|node| match &node.data {
        Data::Text(text) => Some(AssertionPlan::Given(Template::read(text, node.span, scope, problems))),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::List(_) | Data::Map(_) => {
            read_changes(node, "assertion", scope, problems).map(AssertionPlan::Made)
        }
    });
    let proof = fields.optional("dpop").and_then(|node| read_proof(node, scope, problems));
    fields.finish(problems);
    Some(ClientPlan {
        name: name?,
        method: method.unwrap_or(ShownBy::Own),
        id,
        secret: secret.unwrap_or(SecretPlan::Own),
        assertion: assertion.unwrap_or_else(|| AssertionPlan::Made(ChangesPlan::default())),
        proof: proof.unwrap_or(ProofPlan::Own),
    })
}

fn read_method(node: &Node, problems: &mut Problems<'_>) -> Option<ShownBy> {
    let text = problems.text(node, "method")?;
    if text == OMITTED {
        return Some(ShownBy::Omitted);
    }
    let method = ClientMethod::from_str(text).ok();
    if method.is_none() {
        let known = ClientMethod::VARIANTS.iter().copied().chain([OMITTED]);
        problems.unknown(node.span, "method", text, known);
    }
    method.map(ShownBy::Other)
}

/// A text, or `{ own: shortened }`.
fn read_secret(node: &Node, scope: &Scope, problems: &mut Problems<'_>) -> Option<SecretPlan> {
    if let Data::Map(_) = &node.data {
        let mut fields = Fields::of(node, "secret", problems)?;
        let change = fields.required("own", problems).and_then(|node| problems.word(node, "own", "change of a secret"));
        fields.finish(problems);
        return change.map(SecretPlan::Changed);
    }
    let text = problems.text(node, "secret")?;
    Some(SecretPlan::Given(Template::read(text, node.span, scope, problems)))
}

fn read_proof(node: &Node, scope: &Scope, problems: &mut Problems<'_>) -> Option<ProofPlan> {
    let Data::Text(text) = &node.data else {
        return read_changes(node, "proof", scope, problems).map(ProofPlan::Made);
    };
    match text.as_str() {
        "none" => Some(ProofPlan::None),
        "proof" => Some(ProofPlan::Made(ChangesPlan::default())),
        "without-nonce" => Some(ProofPlan::WithoutNonce),
        other => {
            problems.unknown(node.span, "kind of proof", other, ["none", "proof", "without-nonce"]);
            None
        }
    }
}

fn read_changes(node: &Node, what: &'static str, scope: &Scope, problems: &mut Problems<'_>) -> Option<ChangesPlan> {
    let mut fields = Fields::of(node, what, problems)?;
    let algorithm = fields.optional("algorithm").and_then(|node| problems.word(node, "algorithm", "algorithm"));
    let mut members = |key| {
        let members = fields.optional(key).and_then(|node| problems.map(node, key)).unwrap_or_default();
        let member = |(key, node): &(crate::yaml::Key, Node)| {
            let time = matches!(key.name.as_str(), "exp" | "iat" | "nbf");
            if let Data::Text(text) = &node.data
                && time
                && text.starts_with(['+', '-'])
                && !is_from_now(text)
            {
                problems.at_with(node.span, format!("`{text}` is not a time from now"), "write `+2h` or `-5m`");
            }
            (key.name.clone(), Tree::read(node, scope, problems))
        };
        members.iter().map(member).collect::<Box<[_]>>()
    };
    let (header, claims) = (members("header"), members("claims"));
    let broken = fields.optional("signature").is_some_and(|node| {
        let broken = problems.text(node, "signature") == Some("broken");
        if !broken {
            problems.at_with(node.span, "`signature` is `broken` or left out", "signature: broken");
        }
        broken
    });
    fields.finish(problems);
    Some(ChangesPlan { algorithm, header, claims, broken })
}

/// The parameters of a form, in their order: a map, or pairs where one is to be there twice. Null leaves one out.
pub(super) fn read_form(node: &Node, scope: &Scope, problems: &mut Problems<'_>) -> Box<[(String, Tree)]> {
    let pairs: Vec<(String, &Node)> = match &node.data {
        Data::List(items) => items.iter().filter_map(|item| read_pair(item, problems)).collect(),
        Data::Map(entries) => entries.iter().map(|(key, node)| (key.name.clone(), node)).collect(),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) => {
            let title = format!("`form` must be a map, not {}", node.kind());
            problems.at_with(node.span, title, "form: { grant_type: client_credentials }");
            Vec::new()
        }
    };
    let mut form = Vec::new();
    for (name, node) in pairs {
        match &node.data {
            Data::Null => {}
            Data::List(_) | Data::Map(_) => {
                problems.at(
                    node.span,
                    format!("a parameter of a form is text, a number or a boolean, not {}", node.kind()),
                );
            }
            Data::Text(_) | Data::Bool(_) | Data::Number(_) => form.push((name, Tree::read(node, scope, problems))),
        }
    }
    form.into()
}

fn read_pair<'n>(item: &'n Node, problems: &mut Problems<'_>) -> Option<(String, &'n Node)> {
    if let Some([name, value]) = item.as_list()
        && let Some(name) = name.as_text()
    {
        return Some((name.to_owned(), value));
    }
    problems.at_with(item.span, "not a pair of a name and a value", "form: [[scope, a], [scope, b]]");
    None
}
