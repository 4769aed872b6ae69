//! What a target shares with others, under all its names: the default server has an identifier beside the word `default`, and whoever writes
//! to that writes to it.

use serde_json::Value;

use super::Target;
use crate::{
    http::{Exchange, Fault, Outgoing},
    plan::Plan,
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
    let principal = let_in.chain([principal]).find(|name| target.client.knows(name)).unwrap_or(principal);
    let mut all = contract.protected.clone();
    for protected in &contract.protected {
        if protected.alias.is_none() {
            continue;
        }
        let outgoing = Outgoing {
            method: "GET".to_owned(),
            url: format!("{}{}", target.client.origin(), protected.path),
            headers: Vec::new(),
            body: None,
            principal: principal.to_owned(),
        };
        let exchange = target.client.send_patiently(outgoing).await.map_err(Unknown::Fault)?;
        let answer = &exchange.answer;
        if answer.status >= 500 || answer.status == 429 {
            return Err(Unknown::Answer(Box::new(exchange)));
        }
        let id = answer.json().ok().and_then(|body| body.get("id")).and_then(Value::as_str);
        all.extend(id.filter(|_| answer.status == 200).and_then(|id| protected.named(id)));
    }
    Ok(all)
}
