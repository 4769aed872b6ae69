//! Which capabilities a target shows by its answers to reads, beside those that its settings declare.
//!
//! Only what some trial of the run needs is asked for. What reads cannot show, such as leave to write to what others use, is declared.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use serde_json::Value;

use super::{
    Target,
    preflight::{Told, ask},
};
use crate::{
    http::Answer,
    suite::{Detection, Shape},
};

/// What the answers showed, where that is not what the settings declare.
#[derive(Debug, Default)]
pub(super) struct Detected {
    /// There, and not declared.
    pub(super) seen: Vec<String>,
    /// Declared, and not there: the answer that says so.
    pub(super) missing: BTreeMap<String, String>,
    pub(super) told: Vec<Told>,
}

/// What the answers say of one capability.
enum Shown {
    There,
    Missing(String),
    /// Neither, or nothing could be asked for.
    Open,
}

/// Asks for each capability that is needed; `listed` is the answer that the paths begin with.
pub(super) async fn detect(
    detections: &[Detection],
    needed: &BTreeSet<&str>,
    listed: &Told,
    target: &Target,
) -> Detected {
    let mut detected = Detected::default();
    for detection in detections.iter().filter(|detection| needed.contains(detection.capability.as_str())) {
        let asker = detection.principals.first().unwrap_or(&listed.principal);
        let mut others = detection.principals.iter().filter(|name| target.client.knows(name));
        if !target.client.knows(asker) || !others.all(|name| target.client.has_access_token(name)) {
            continue;
        }
        let declared = target.capabilities.contains(&detection.capability);
        let before = detected.told.len();
        let shown = shown(detection, asker, listed, target, &mut detected.told).await;
        for told in &mut detected.told[before..] {
            told.answer = std::mem::take(&mut told.answer).without_body();
        }
        match shown {
            Shown::There if !declared => detected.seen.push(detection.capability.clone()),
            Shown::Missing(said) if declared => {
                detected.missing.insert(detection.capability.clone(), said);
            }
            Shown::There | Shown::Missing(_) | Shown::Open => {}
        }
    }
    detected
}

async fn shown(detection: &Detection, asker: &str, listed: &Told, target: &Target, told: &mut Vec<Told>) -> Shown {
    let before = told.len();
    for path in &detection.ask {
        let last = told[before..].last();
        let Some(path) = filled(path, &last.unwrap_or(listed).answer) else {
            // There is nothing to go on with, which may be the answer. A thing that cannot be asked for is none.
            let nothing =
                |told: &&Told| told.answer.json().is_ok_and(|body| body.as_array().is_some_and(Vec::is_empty));
            return last.filter(nothing).map_or(Shown::Open, |last| judged(detection, last));
        };
        let sent = Instant::now();
        let Ok(answer) = ask(&path, asker, target).await else { return Shown::Open };
        told.push(Told { principal: asker.to_owned(), path, answer, sent });
    }
    told[before..].last().map_or(Shown::Open, |last| judged(detection, last))
}

/// A path with each `{member}` as the first thing of a list has it; `None` without such a thing.
fn filled(path: &str, answer: &Answer) -> Option<String> {
    let Some((before, (member, after))) = path.split_once('{').and_then(|(a, rest)| Some((a, rest.split_once('}')?)))
    else {
        return Some(path.to_owned());
    };
    let id = answer.json().ok()?.get(0)?.get(member)?.as_str()?;
    // What somebody else says becomes a part of a path only where it is one.
    let plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    plain.then(|| format!("{before}{id}{after}"))
}

fn judged(detection: &Detection, told: &Told) -> Shown {
    let body = told.answer.json().ok();
    let code = body.and_then(|body| body.get("errorCode")?.as_str()).unwrap_or_default();
    let items = body.and_then(Value::as_array).map(Vec::len);
    let is = |shape: &Shape| {
        shape.status == told.answer.status
            && shape.error.as_ref().is_none_or(|error| error == code)
            && shape.empty.is_none_or(|empty| items.is_some_and(|items| (items == 0) == empty))
    };
    if is(&detection.there) {
        Shown::There
    } else if is(&detection.missing) {
        let what = if items == Some(0) { "an empty list" } else { code };
        Shown::Missing(format!("GET {} gives {} {what}", told.path, told.answer.status).trim_end().to_owned())
    } else {
        Shown::Open
    }
}
