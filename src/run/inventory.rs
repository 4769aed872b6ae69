//! What a target holds, as its lists tell it: asked for before the first write, and where it is not known whether something was made.

use serde_json::Value;

use super::Target;
use crate::{
    http::{Exchange, NoAnswer, Outgoing},
    plan::Plan,
    status::Speaker,
};

/// Pages of a list; more would be a list that does not end.
const MOST_PAGES: usize = 200;

/// Why it is not known what a target holds, so that nothing may be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unknown {
    #[error(transparent)]
    NoAnswer(NoAnswer),
    /// An answer that the target's own logic did not give.
    #[error("the target answered {}", .0.answer.status)]
    Answer(Box<Exchange>),
}

/// A list, read to its end.
#[derive(Debug)]
pub(crate) enum Listed {
    Whole(Vec<Item>),
    /// Not a list, or one whose end was not reached: what is in it is there, and of everything else nothing is known.
    Part(Vec<Item>, String),
}

/// A thing in a list.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) names: Vec<String>,
    pub(crate) created: Option<String>,
}

/// A list, and where the things in it have their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List {
    /// Path and query.
    pub(crate) path: String,
    pub(crate) names: Vec<String>,
    pub(crate) created: Option<String>,
}

impl Listed {
    pub(crate) fn items(&self) -> &[Item] {
        match self {
            Self::Whole(items) | Self::Part(items, _) => items,
        }
    }
}

impl Item {
    fn read(value: &Value, list: &List) -> Option<Self> {
        let text = |pointer: &String| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            id: value.get("id")?.as_str()?.to_owned(),
            names: list.names.iter().filter_map(text).collect(),
            created: list.created.as_ref().and_then(text),
        })
    }
}

/// Those whom the target surely lets in, as far as the suite knows them and there are credentials, and at last `principal`.
pub(crate) fn askers<'p>(plan: &'p Plan, target: &Target, principal: &'p str) -> Vec<&'p str> {
    let known = plan.contract.preflight.iter().flat_map(|preflight| &preflight.principals).map(String::as_str);
    known.filter(|name| target.client.knows(name)).chain([principal]).collect()
}

/// Reads all pages of a list.
///
/// # Errors
/// No answer, or none of the target's own logic.
pub(crate) async fn read(list: &List, target: &Target, askers: &[&str]) -> Result<Listed, Unknown> {
    let mut items = Vec::new();
    let mut take = |page: &Exchange| {
        let page = page.answer.json().ok().and_then(Value::as_array);
        items.extend(page.into_iter().flatten().filter_map(|item| Item::read(item, list)));
    };
    let short = pages(&list.path, MOST_PAGES, target, askers, &mut take).await?;
    Ok(match short {
        None => Listed::Whole(items),
        Some(reason) => Listed::Part(items, reason),
    })
}

/// Hands on the pages of a list, `most` of them; says why its end was not reached, if that is so.
///
/// # Errors
/// As [`read`].
pub(crate) async fn pages(
    path: &str,
    most: usize,
    target: &Target,
    askers: &[&str],
    take: &mut dyn FnMut(&Exchange),
) -> Result<Option<String>, Unknown> {
    let mut url = format!("{}{path}", target.client.origin());
    let mut seen = Vec::new();
    loop {
        let page = get(&url, target, askers).await?;
        let answer = &page.answer;
        if answer.status != 200 || !answer.json().is_ok_and(Value::is_array) {
            return Ok(Some(format!("GET {path} answered {} and no list", answer.status)));
        }
        take(&page);
        let Some(next) = answer.links().target("next").map(str::to_owned) else { return Ok(None) };
        seen.push(std::mem::replace(&mut url, next));
        if !target.client.owns(&url) || seen.contains(&url) || seen.len() >= most {
            return Ok(Some(format!("the pages of {path} do not end")));
        }
    }
}

/// Asks for something, as the first of these principals that there is a token for: that of one may be out of order.
///
/// # Errors
/// As [`read`].
pub(crate) async fn get(url: &str, target: &Target, askers: &[&str]) -> Result<Exchange, Unknown> {
    let mut nobody = NoAnswer::Credentials("nobody can ask the target".to_owned());
    for principal in askers {
        match target.client.send_patiently(Outgoing::get(url, principal)).await {
            Err(fault @ NoAnswer::Credentials(_)) => nobody = fault,
            Err(fault) => return Err(Unknown::NoAnswer(fault)),
            Ok(exchange) if Speaker::of(exchange.answer.status).is_target() => return Ok(exchange),
            Ok(exchange) => return Err(Unknown::Answer(Box::new(exchange))),
        }
    }
    Err(Unknown::NoAnswer(nobody))
}
