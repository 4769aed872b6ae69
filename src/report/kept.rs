//! How much of a run is kept in memory until its reports are written. What is wrong in it, and how long it is, a target decides.

use std::collections::BTreeSet;

use super::without_indices;
use crate::{
    event::{Finding, StepFinished, Transcript},
    finding::{CheckKind, Expected},
    secret::Redacted,
};

/// As much is kept as it comes, in bytes; behind that, the beginning of everything.
const MOST: usize = 48 * 1024 * 1024;

/// Of what comes behind it: as much of a body as a text for people shows,
const BODY: usize = 2000;

/// of a header,
const HEADER: usize = 200;

/// and as many kinds of findings in one answer.
const KINDS: usize = 10;

/// Requirements, places and the like of one finding or header take about as much beside its texts.
const FRAME: usize = 100;

/// What is kept so far, in bytes.
#[derive(Debug, Default)]
pub(super) struct Kept(usize);

impl Kept {
    /// A step that is to be kept.
    pub(super) fn step(&mut self, mut step: StepFinished) -> StepFinished {
        if self.0 >= MOST {
            let (mut kinds, all) = (BTreeSet::new(), step.findings.len());
            step.findings.retain(|finding| kinds.len() < KINDS && kinds.insert(kind(finding)));
            step.findings.shrink_to_fit();
            step.left_out += all - step.findings.len();
            step.exchange.iter_mut().for_each(thin);
        }
        self.0 += step.findings.iter().map(of_finding).sum::<usize>();
        self.0 += step.exchange.as_ref().map_or(0, of_exchange);
        step
    }
}

/// What makes two findings of one answer the same one at different places.
fn kind(finding: &Finding) -> (CheckKind, String, Expected) {
    let pointer = finding.pointer.as_ref().map_or("", Redacted::as_str);
    (finding.check.clone(), without_indices(pointer), finding.expected.clone())
}

fn of_finding(finding: &Finding) -> usize {
    let requirements = finding.requirements.iter().map(|one| FRAME + one.text.len() + one.evidence.len());
    let place = finding.place.as_ref().map_or(0, |place| FRAME + place.excerpt.len());
    let texts = finding.expected().len() + finding.actual().len();
    requirements.sum::<usize>() + place + texts + FRAME
}

fn of_exchange(exchange: &Transcript) -> usize {
    let body = |body: &Option<Redacted>| body.as_ref().map_or(0, |body| body.as_str().len());
    let headers = exchange.request.headers.iter().chain(&exchange.response.headers);
    let headers = headers.map(|(name, value)| FRAME + name.as_str().len() + value.as_str().len());
    body(&exchange.request.body) + body(&exchange.response.body) + headers.sum::<usize>()
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
