//! Before the first trial: is the target there, does it let its principals in, does its clock agree with ours?
//!
//! What is wrong here is one clear finding, not hundreds of red trials. What the target lacks, it says here too.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use futures_util::future::join_all;

use super::{
    Target,
    detect::{Detected, detect},
};
use crate::{
    event,
    http::{Answer, AsClient, NoAnswer, Outgoing},
    plan::{Plan, Trial},
    secret::Redactor,
    status::Speaker,
    suite::{ClientQuestion, PreflightPlan},
};

/// Farther apart, times that are compared with our own would mislead.
const SKEW: i64 = 60;

/// Where a target tells of its rate limit.
const LIMIT: &str = "X-Rate-Limit-Limit";

/// What the preflight found: findings, and capabilities that the target shows.
#[derive(Debug, Default)]
pub struct Preflight {
    /// In the order of the principals.
    pub findings: Vec<event::Preflight>,
    /// Capabilities without which nothing can be learnt from the target.
    pub sole: Vec<String>,
    /// Capabilities that were seen and not declared.
    pub seen: Vec<String>,
    /// Capabilities that are declared, and what shows that the target lacks them.
    pub missing: BTreeMap<String, String>,
    /// Principals that are not what they are to be, and why.
    pub unfit: BTreeMap<String, String>,
    /// OAuth clients that the target does not take for what the settings say, and what it said.
    pub(super) refused: BTreeMap<String, String>,
    /// Principals that have no token, and why; in the order in which they were found.
    tokenless: Vec<(String, String)>,
    /// What the answers say of rate limits is where budgets begin.
    pub(super) told: Vec<Told>,
}

/// An answer, with when it was asked for and by whom.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) principal: String,
    pub(super) path: String,
    pub(super) answer: Answer,
    pub(super) sent: Instant,
}

/// The principal whose token the target never issued.
const STRANGER: &str = "invalid-token";

/// Asks the target once for each principal that the suite says it should let in, and then for what these trials need.
pub async fn preflight(plan: &Plan, trials: &[Arc<Trial>], target: &Target, redactor: &Redactor) -> Preflight {
    let mut preflight = question(plan, trials, target, redactor).await;
    let fatal = preflight.findings.iter().any(|finding| finding.fatal);
    let (sole, all) = (&preflight.sole, trials.iter());
    let tried = all.filter(|trial| sole.is_empty() || trial.needs.iter().any(|name| sole.contains(name)));
    let needed: BTreeSet<&str> = tried.flat_map(|trial| trial.principals()).collect();
    let needed: Vec<&str> = needed.into_iter().filter(|name| target.principals.contains(*name)).collect();
    if !fatal {
        preflight.fetch(&needed, target).await;
    }
    for (principal, reason) in &preflight.tokenless {
        let text = format!("{reason}; trials of `{principal}` are errored");
        preflight.findings.push(event::Preflight { fatal: false, text: redactor.text(&text) });
    }
    for principal in needed.into_iter().filter(|_| !fatal) {
        if let Some(reason) = target.client.outlives(principal).await {
            let text = format!("trials of the principal `{principal}` are not applicable: {reason}");
            preflight.findings.push(event::Preflight { fatal: false, text: redactor.text(&text) });
            preflight.unfit.insert(principal.to_owned(), reason);
        }
    }
    if !fatal {
        let clients = trials.iter().flat_map(|trial| &trial.clients).filter(|name| target.clients.contains(*name));
        preflight.refused = refused_clients(plan, clients.map(String::as_str).collect(), target).await;
    }
    for reason in preflight.refused.values() {
        let text = format!("{reason}; what it is to send is errored");
        preflight.findings.push(event::Preflight { fatal: false, text: redactor.text(&text) });
    }
    preflight
}

/// The clients that are refused whatever they ask. An endpoint that refuses a client that another one lets in, or a way to authenticate that
/// the target lacks, is the target's own fault.
async fn refused_clients(plan: &Plan, names: BTreeSet<&str>, target: &Target) -> BTreeMap<String, String> {
    let questions = plan.contract.preflight.as_ref().map_or(&[][..], |preflight| &preflight.clients);
    let asking = names.into_iter().filter(|_| !questions.is_empty()).map(|name| async move {
        for shown in target.client.ways(name) {
            for question in questions {
                let client = AsClient { method: shown, ..AsClient::proper(name, question.form.clone()) };
                if !is_refused(question, client, target).await {
                    return None;
                }
            }
        }
        let paths: Vec<&str> = questions.iter().map(|question| question.path.as_str()).collect();
        let text = format!(
            "the target refuses the client `{name}` (401 invalid_client to {}): compare its id, method and secret \
             or key in the settings with the target's",
            paths.join(" and to ")
        );
        Some((name.to_owned(), text))
    });
    join_all(asking).await.into_iter().flatten().collect()
}

/// Whether the answer is 401 `invalid_client`, in either form of errors. Where none comes, the client is not refused.
async fn is_refused(question: &ClientQuestion, client: AsClient, target: &Target) -> bool {
    let mut outgoing = Outgoing::get(&format!("{}{}", target.client.origin(), question.path), &client.name);
    (outgoing.method, outgoing.client) = ("POST".to_owned(), Some(Box::new(client)));
    let Ok(exchange) = target.client.send_patiently(outgoing).await else { return false };
    let is_named = |member: &str| {
        let body = exchange.answer.json().ok();
        body.and_then(|body| body.get(member)).is_some_and(|code| code == "invalid_client")
    };
    exchange.answer.status == 401 && (is_named("error") || is_named("errorCode"))
}

async fn question(plan: &Plan, trials: &[Arc<Trial>], target: &Target, redactor: &Redactor) -> Preflight {
    let mut preflight = Preflight::default();
    let Some(plan) = &plan.contract.preflight else { return preflight };
    let find = |fatal: bool, text: String| event::Preflight { fatal, text: redactor.text(&text) };
    let mut skew_known = false;
    let mut principals: Vec<&str> =
        plan.principals.iter().map(String::as_str).filter(|name| target.principals.contains(*name)).collect();
    // Without credentials it can still be told whether anything is there.
    let nobody = principals.is_empty();
    if nobody {
        principals.push("anonymous");
    }
    let mut asked: Vec<&str> = Vec::new();
    for principal in principals {
        // Two principals with one credential are one to the target.
        if asked.iter().any(|other| target.client.same_credential(principal, other)) {
            continue;
        }
        asked.push(principal);
        let sent = Instant::now();
        let answer = match ask(&plan.path, principal, target).await {
            Ok(answer) => answer,
            Err(fault @ NoAnswer::Credentials(_)) => {
                preflight.tokenless.push((principal.to_owned(), fault.to_string()));
                continue;
            }
            Err(fault) => {
                preflight.findings.push(find(true, format!("cannot reach {}: {fault}", target.client.origin())));
                return preflight;
            }
        };
        if !skew_known {
            skew_known = true;
            preflight.findings.extend(skew(&answer).map(|text| find(false, text)));
        }
        let body = answer.json().ok();
        let code = body.and_then(|body| body.get("errorCode")?.as_str()).unwrap_or_default();
        if let Some(lacking) =
            plan.lacking.iter().find(|lacking| lacking.status == answer.status && lacking.error == code)
        {
            if !preflight.sole.contains(&lacking.capability) {
                preflight.sole.push(lacking.capability.clone());
                preflight.findings.push(find(false, format!("{} ({} {code})", lacking.text, answer.status)));
            }
            continue;
        }
        match answer.status {
            401 | 403 if !nobody => {
                let text = format!("the target rejects the principal `{principal}`: {} {code}", answer.status);
                preflight.findings.push(find(true, text.trim_end().to_owned()));
            }
            404 => {
                let text = format!(
                    "GET {} gives 404 to `{principal}`: is {} the right URL?",
                    plan.path,
                    target.client.origin()
                );
                preflight.findings.push(find(false, text));
            }
            status => match Speaker::of(status) {
                Speaker::Target => {}
                Speaker::Limit => {
                    let text = format!("the rate limit of `{principal}` is used up and does not recover");
                    preflight.findings.push(find(true, text));
                }
                Speaker::Broken | Speaker::Between => {
                    let origin = target.client.origin();
                    let text = format!("{origin} answers {status}: the service, or a gateway in front of it, is down");
                    preflight.findings.push(find(true, text));
                    return preflight;
                }
            },
        }
        // One list is enough to begin with, and a body may be long.
        let listed = preflight.told.iter().any(|told| told.answer.status == 200);
        let answer = if listed || answer.status != 200 { answer.without_body() } else { answer };
        preflight.told.push(Told { principal: principal.to_owned(), path: plan.path.clone(), answer, sent });
    }
    if preflight.told.is_empty() && preflight.sole.is_empty() {
        let nobody = std::mem::take(&mut preflight.tokenless);
        let texts = nobody.into_iter().map(|(_, reason)| format!("cannot ask {}: {reason}", target.client.origin()));
        preflight.findings.extend(texts.map(|text| find(true, text)));
    }
    if preflight.findings.iter().any(|finding| finding.fatal) {
        return preflight;
    }
    if !preflight.told.is_empty() && !preflight.told.iter().any(|told| told.answer.header(LIMIT).is_some()) {
        preflight
            .findings
            .push(find(false, format!("the target sends no rate limit headers ({LIMIT}), so the run is not limited")));
    }
    if !nobody && lets_everybody_in(&plan.path, target).await {
        let text =
            "the target lets everybody in, even with a token that nobody issued: every trial about refusals will fail";
        preflight.findings.push(find(false, text.to_owned()));
    }
    let needed = trials.iter().flat_map(|trial| trial.needs.iter().map(String::as_str)).collect();
    for text in preflight.look(plan, &needed, target).await {
        preflight.findings.push(find(false, text));
    }
    preflight
}

impl Preflight {
    /// Whether a capability was seen.
    pub(super) fn has(&self, name: &str) -> bool {
        self.sole.iter().chain(&self.seen).any(|seen| seen == name)
    }

    /// Fetches the tokens of all these principals at once, so that whoever gets none is known before a trial needs it.
    async fn fetch(&mut self, principals: &[&str], target: &Target) {
        let known = |name: &str| self.tokenless.iter().any(|(other, _)| target.client.same_credential(name, other));
        let open = principals.iter().filter(|name| !known(name));
        let fetching = open.map(|name| async move { (*name, target.client.fetch(name).await) });
        for (name, fetched) in join_all(fetching).await {
            if let Err(fault) = fetched {
                self.tokenless.push((name.to_owned(), fault.to_string()));
            }
        }
    }

    /// Looks for the capabilities that are needed; says what is not as the settings have it.
    async fn look(&mut self, plan: &PreflightPlan, needed: &BTreeSet<&str>, target: &Target) -> Vec<String> {
        let Some(listed) = self.told.iter().find(|told| told.answer.status == 200) else { return Vec::new() };
        let Detected { seen, mut missing, told } = detect(&plan.detect, needed, listed, target).await;
        for lacking in &plan.lacking {
            let name = lacking.capability.as_str();
            if needed.contains(name) && target.capabilities.contains(name) && self.sole.is_empty() {
                missing.insert(name.to_owned(), format!("GET {} gives 200", plan.path));
            }
        }
        let mut texts: Vec<String> = missing
            .iter()
            .map(|(name, said)| {
                format!("the settings declare the capability `{name}`, but {said}; trials that need it are blocked")
            })
            .collect();
        if !seen.is_empty() {
            let names = seen.join("`, `");
            texts.push(format!("the target has the undeclared capabilities `{names}`; trials that need them run"));
        }
        self.told.extend(told);
        (self.seen, self.missing) = (seen, missing);
        texts
    }
}

/// Whether a token that the target never issued is as good as another.
async fn lets_everybody_in(path: &str, target: &Target) -> bool {
    ask(path, STRANGER, target).await.is_ok_and(|answer| answer.is_success())
}

pub(super) async fn ask(path: &str, principal: &str, target: &Target) -> Result<Answer, NoAnswer> {
    let outgoing = Outgoing::get(&format!("{}{path}", target.client.origin()), principal);
    target.client.send_patiently(outgoing).await.map(|exchange| exchange.answer)
}

/// How far the target's clock is from ours, where that is too far.
fn skew(answer: &Answer) -> Option<String> {
    let date = chrono::DateTime::parse_from_rfc2822(&answer.header("Date")?).ok()?;
    let seconds = date.timestamp() - chrono::Utc::now().timestamp();
    let direction = if seconds > 0 { "ahead of" } else { "behind" };
    (seconds.abs() > SKEW).then(|| format!("the target's clock is {} s {direction} ours", seconds.abs()))
}
