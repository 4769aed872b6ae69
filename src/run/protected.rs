//! What a target shares with others, under all its names: the default server has an identifier beside the word `default`, and whoever writes
//! to that writes to it.

use serde_json::Value;

use super::Target;
use crate::{
    http::{Exchange, Fault, Outgoing},
    plan::Plan,
    status::Speaker,
    suite::Protected,
};

/// Why it is not known what is shared, so that nothing may be written.
#[derive(Debug)]
pub(crate) enum Unknown {
    Fault(Fault),
    /// An answer that the target's own logic did not give.
    Answer(Box<Exchange>),
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::Answer(exchange) => write!(f, "the target answered {}", exchange.answer.status),
        }
    }
}

/// Asks the target for the identifiers of what it shares, as `principal` unless there is somebody whom it surely lets in. A target that has no
/// such thing, or shows it to nobody, shares nothing that has another name.
pub(crate) async fn protected(plan: &Plan, target: &Target, principal: &str) -> Result<Vec<Protected>, Unknown> {
    let contract = &plan.contract;
    let let_in = contract.preflight.iter().flat_map(|preflight| &preflight.principals).map(String::as_str);
    let askers: Vec<&str> = let_in.filter(|name| target.client.knows(name)).chain([principal]).collect();
    let mut all = contract.protected.clone();
    for protected in &contract.protected {
        if protected.alias.is_none() {
            continue;
        }
        let exchange = shown(&protected.path, &askers, target).await.map_err(Unknown::Fault)?;
        let answer = &exchange.answer;
        if !Speaker::of(answer.status).is_target() {
            return Err(Unknown::Answer(Box::new(exchange)));
        }
        let id = answer.json().ok().and_then(|body| body.get("id")).and_then(Value::as_str);
        all.extend(id.filter(|_| answer.status == 200).and_then(|id| protected.named(id)));
    }
    Ok(all)
}

/// What the first of these principals is shown who is let in at all: the token of one may be out of order.
async fn shown(path: &str, askers: &[&str], target: &Target) -> Result<Exchange, Fault> {
    let mut nobody = Fault::Credentials("nobody can ask the target".to_owned());
    for principal in askers {
        let outgoing = Outgoing {
            method: "GET".to_owned(),
            url: format!("{}{path}", target.client.origin()),
            headers: Vec::new(),
            body: None,
            principal: (*principal).to_owned(),
        };
        match target.client.send_patiently(outgoing).await {
            Err(fault @ Fault::Credentials(_)) => nobody = fault,
            told => return told,
        }
    }
    Err(nobody)
}
