//! How much of a run is kept in memory until its reports are written. What is wrong in it, and how long it is, a target decides.

use std::{
    collections::{BTreeSet, HashSet},
    hash::Hash,
    sync::Arc,
};

use super::without_indices;
use crate::{
    event::{Finding, RequirementText, StepFinished, Transcript},
    finding::{CheckKind, Expected},
    secret::Redacted,
};

/// As much is kept with all that was sent and came, in bytes; behind that, the beginnings of it.
const MOST_WHOLE: usize = 12 * 1024 * 1024;

/// Of what comes behind it: as much of a body as tells what it is,
const BODY: usize = 500;

/// and of a header.
const HEADER: usize = 200;

/// As much is kept with all findings, since causes are made of them.
const MOST: usize = 48 * 1024 * 1024;

/// Behind it: as many kinds of findings in one answer.
const KINDS: usize = 10;

/// The place and the like of a finding take about as much beside its texts,
const FRAME: usize = 400;

/// and of a header.
const HEADER_FRAME: usize = 32;

/// What is kept so far.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Whether headers and bodies stay out.
    pub(super) drops_messages: bool,
    /// How much it is, in bytes.
    bytes: usize,
    /// Names and values of headers, each once: answers have most of theirs in common.
    headers: HashSet<Redacted>,
    requirements: HashSet<Arc<RequirementText>>,
}

impl Kept {
    /// A step that is to be kept.
    pub(super) fn step(&mut self, mut step: StepFinished) -> StepFinished {
        if self.drops_messages {
            step.exchange.iter_mut().for_each(drop_messages);
        }
        if self.bytes >= MOST {
            let (mut kinds, all) = (BTreeSet::new(), step.findings.len());
            step.findings.retain(|finding| kinds.len() < KINDS && kinds.insert(kind(finding)));
            step.left_out += all - step.findings.len();
        }
        if self.bytes >= MOST_WHOLE {
            step.exchange.iter_mut().for_each(thin);
        }
        // Whoever collected them left room for more.
        step.findings.shrink_to_fit();
        self.bytes += step.findings.iter().map(of_finding).sum::<usize>();
        self.bytes += step.exchange.as_ref().map_or(0, of_bodies);
        for requirement in step.findings.iter_mut().flat_map(|finding| &mut finding.requirements) {
            once(&mut self.requirements, requirement);
        }
        if let Some(exchange) = &mut step.exchange {
            for (name, value) in exchange.request.headers.iter_mut().chain(&mut exchange.response.headers) {
                let new = [name, value].map(|text| if once(&mut self.headers, text) { text.as_str().len() } else { 0 });
                self.bytes += HEADER_FRAME + new[0] + new[1];
            }
        }
        step
    }
}

/// Makes a value the one that is known, and says whether it is new.
pub(super) fn once<T: Eq + Hash + Clone>(known: &mut HashSet<T>, value: &mut T) -> bool {
    match known.get(value) {
        Some(same) => value.clone_from(same),
        None => return known.insert(value.clone()),
    }
    false
}

/// What makes two findings of one answer the same one at different places.
fn kind(finding: &Finding) -> (CheckKind, String, Expected) {
    let pointer = finding.pointer.as_ref().map_or("", Redacted::as_str);
    (finding.check.clone(), without_indices(pointer), finding.expected.clone())
}

fn of_finding(finding: &Finding) -> usize {
    let place = finding.place.as_ref().map_or(0, |place| place.excerpt.len());
    place + finding.expected().len() + finding.actual().len() + FRAME
}

fn of_bodies(exchange: &Transcript) -> usize {
    [&exchange.request.body, &exchange.response.body].into_iter().flatten().map(|body| body.as_str().len()).sum()
}

fn drop_messages(exchange: &mut Transcript) {
    let Transcript { request, response, .. } = exchange;
    (request.headers, response.headers) = (Vec::new(), Vec::new());
    (request.body, response.body) = (None, None);
}

fn thin(exchange: &mut Transcript) {
    let (request, response) = (&mut exchange.request, &mut exchange.response);
    for (body, cut_from) in [(&mut request.body, &mut request.cut_from), (&mut response.body, &mut response.cut_from)] {
        let Some(whole) = body.as_ref().map(|body| body.as_str().len()).filter(|whole| *whole > BODY) else { continue };
        *body = body.take().map(|body| body.beginning(BODY));
        cut_from.get_or_insert(whole);
    }
    for (_, value) in request.headers.iter_mut().chain(&mut response.headers) {
        if value.as_str().len() > HEADER {
            *value = value.beginning(HEADER);
        }
    }
}
