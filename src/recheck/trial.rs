//! One trial: its steps in their order, each judged from its exchange, and what the trial says of them.

use std::{
    collections::BTreeSet,
    iter::Peekable,
    time::{Duration, Instant},
};

use reqwest::Url;
use serde_json::Value;

use super::{Difference, Different, Lacking, Rechecked, input::Kept, input::is_masked, solve::solve};
use crate::{
    check::{CheckResult, Depth, End, Judged, Judgement, Seen, judge, judge_page, judge_pages},
    event::{Checks, Drift, Finding, Outcome, Phase, RunStarted, StepFinished, Transcript, TrialFinished, Withholding},
    finding::CheckKind,
    http::{Answer, Exchange, SentRequest},
    level::Level,
    plan::{Plan, Repetition, Script, Step, Wants},
    run::Describer,
    secret::{Redacted, Redactor},
    template::Variables,
    volume::{MOST_VALUES, values},
};

/// Judges the steps of a trial again.
pub(super) fn again(
    plan: &Plan,
    script: &Script,
    header: &RunStarted,
    steps: &[StepFinished],
    finished: &TrialFinished,
    done: &mut Rechecked,
) {
    done.judged += usize::from(steps.iter().any(|step| step.checks.total() > 0));
    let redactor = Redactor::default();
    let requirements = &plan.requirements;
    let describer = Describer { redactor: &redactor, requirements, names: ("", ""), began: Instant::now() };
    let mut last = Asserted::default();
    for attempt in steps.chunk_by(|one, next| one.attempt == next.attempt) {
        let (done, evidence) = (&mut *done, header.evidence.as_ref());
        let mut again = Again { plan, describer, evidence, done, asserted: Asserted::default() };
        // What removes things is judged by nothing.
        again.all(script, header, attempt.iter().filter(|step| step.phase != Phase::Defer));
        last = again.asserted;
    }
    for what in last.contradicts(finished) {
        done.differs(Different { trial: finished.trial.clone(), step: None, what });
    }
}

/// What the false checks of an attempt weigh, and how many checks it made.
#[derive(Default)]
struct Asserted {
    must: usize,
    warnings: usize,
    notes: usize,
    checks: Checks,
    departed: BTreeSet<String>,
    /// The requirements of checks that were true again, and of those that may have been.
    held: BTreeSet<String>,
    may_be_held: BTreeSet<String>,
    /// Whether a step has checks of which nothing is known.
    unknown: bool,
    /// Whether the last step of the case was told.
    whole: bool,
}

impl Asserted {
    /// Counts what the run told of a step of the case. Of one that the case rests on, what the case itself says is none of its findings.
    fn take(&mut self, step: &Step, told: &StepFinished) {
        self.checks.add(told.checks);
        let asserts = |finding: &&Finding| !(step.establishes && finding.implied_by.is_none());
        for finding in told.findings.iter().filter(asserts) {
            if finding.level > Level::Info {
                self.departed.extend(finding.requirements.iter().map(|requirement| requirement.id.clone()));
            }
            match finding.level {
                Level::Must => self.must += 1,
                Level::Should => self.warnings += 1,
                Level::Info => self.notes += 1,
            }
        }
    }

    /// What the trial says otherwise.
    fn contradicts(&self, finished: &TrialFinished) -> Vec<Difference> {
        let mut all = Vec::new();
        if self.warnings != finished.warnings {
            all.push(Difference::Warnings(finished.warnings, self.warnings));
        }
        if self.notes != finished.notes {
            all.push(Difference::Notes(finished.notes, self.notes));
        }
        if self.checks != finished.checks {
            all.push(Difference::AllChecks(finished.checks, self.checks));
        }
        let red = match finished.outcome {
            Outcome::Failed => Some(true),
            // Also what kept a case from being judged can be known.
            Outcome::KnownFailure | Outcome::ChangedFailure | Outcome::Expired => None,
            Outcome::Passed
            | Outcome::Warned
            | Outcome::Flaky
            | Outcome::UnexpectedPass
            | Outcome::Blocked
            | Outcome::Errored
            | Outcome::NotApplicable
            | Outcome::NotRun => Some(false),
        };
        if finished.outcome == Outcome::Passed && !self.whole {
            all.push(Difference::Unfinished);
        }
        if self.departed != *finished.departed {
            all.push(Difference::Departed((*finished.departed).clone(), self.departed.clone()));
        }
        if !self.unknown {
            let more = finished.held.iter().filter(|id| !self.held.contains(*id) && !self.may_be_held.contains(*id));
            all.extend(more.cloned().map(Difference::Held));
        }
        let fewer = self.held.iter().filter(|id| !finished.held.contains(*id));
        all.extend(fewer.cloned().map(Difference::NotHeld));
        let warned = finished.outcome == Outcome::Passed && self.warnings > 0;
        if red.is_some_and(|red| red != (self.must > 0)) || warned {
            all.push(Difference::Outcome(finished.outcome, self.must));
        }
        all
    }
}

/// One attempt at a trial.
struct Again<'p, 'd> {
    plan: &'p Plan,
    describer: Describer<'d>,
    /// What the stream does not tell, where it is evidence for others.
    evidence: Option<&'d Withholding>,
    done: &'d mut Rechecked,
    asserted: Asserted,
}

impl Again<'_, '_> {
    fn all<'e>(&mut self, script: &Script, header: &RunStarted, told: impl Iterator<Item = &'e StepFinished>) {
        let mut told = told.peekable();
        let mut variables = Variables::default();
        if let Ok(origin) = Url::parse(header.origin.as_str()) {
            variables.set(&"target.origin".into(), origin.origin().ascii_serialization().into());
            let port = origin.port().map(|port| format!(":{port}")).unwrap_or_default();
            variables.set(&"target.host".into(), format!("{}{port}", origin.host_str().unwrap_or_default()).into());
        }
        let whole = self.steps(script, &mut variables, &mut told);
        // A trial may end before its last step, but has none beside those of its case.
        if let Some(more) = told.next().filter(|_| whole) {
            self.done.differs(different(more, Difference::NoSuchStep));
        }
    }

    /// Whether it came to the end of the case.
    fn steps<'e>(
        &mut self,
        script: &Script,
        variables: &mut Variables,
        told: &mut Peekable<impl Iterator<Item = &'e StepFinished>>,
    ) -> bool {
        for fixture in &script.fixtures {
            let mut inner = variables.clone();
            // Each has one of its own.
            inner.take("unique");
            for (index, step) in fixture.steps.iter().enumerate() {
                let group = of_step(step, Phase::Given, index + 1, told);
                if group.is_empty() {
                    return told.peek().is_some();
                }
                self.step(step, &group, &mut inner);
            }
            for (inside, outside) in &fixture.exports {
                if let Some(value) = inner.take(inside) {
                    variables.set(outside, value);
                }
            }
        }
        for (index, step) in script.steps.iter().enumerate() {
            let group = of_step(step, Phase::Steps, index + 1, told);
            if group.is_empty() {
                break;
            }
            for told in &group {
                self.asserted.take(step, told);
            }
            self.step(step, &group, variables);
            self.asserted.whole = index + 1 == script.steps.len();
        }
        true
    }

    fn step(&mut self, step: &Step, group: &[&StepFinished], variables: &mut Variables) {
        let mut judged_before = Vec::new();
        for told in group {
            let Some(exchange) = &told.exchange else {
                // An address that leads elsewhere: nothing was sent.
                let word = told.findings.first().map_or("status", |finding| finding.check.words().0);
                self.done.lack(word, Lacking::NotKept, told.checks.total());
                self.asserted.unknown = true;
                return;
            };
            solve(&step.request, &exchange.request, variables);
            if told.checks.total() == 0 {
                // No answer of the target's own.
                return;
            }
            judged_before.push((*told, exchange, raw(exchange, &told.principal)));
        }
        let is_pages = matches!(step.repetition, Repetition::Pages { .. });
        let last = judged_before.len() - 1;
        for (index, (told, transcript, exchange)) in judged_before.iter().enumerate() {
            let kept = Kept::new(&exchange.answer, &transcript.response, self.evidence);
            let depth = if told.phase == Phase::Given { Depth::StatusAlone } else { Depth::Everything };
            let seen = Seen { plan: self.plan, exchange, depth, identity: None };
            let mut judged = if is_pages { judge_page(step, &seen, variables) } else { judge(step, &seen, variables) };
            if is_pages && index == last && !judged.ends {
                let all = judged_before.iter().map(|(_, _, exchange)| exchange);
                let end = pages(step, &all.collect::<Vec<_>>(), variables);
                judged.judgement.add(end.judgement);
                judged.captured = end.captured;
            }
            self.compare(step, told, &judged.judgement, &kept);
            capture(step, judged, &kept, variables);
        }
    }

    /// Sets what the run told of an answer beside what is in it.
    fn compare(&mut self, step: &Step, told: &StepFinished, judgement: &Judgement<'_>, kept: &Kept<'_>) {
        if let Some(found) = told.findings.iter().find(|finding| finding.check == CheckKind::Identity) {
            // Not something new: what was there before, and what else the run did of it, is in no stream.
            self.done.lack(found.check.words().0, Lacking::NotKept, told.checks.total());
            self.asserted.unknown = true;
            return;
        }
        let mut recorded: Vec<&Finding> = told.findings.iter().collect();
        let mut found: Vec<Finding> = self.describer.findings(judgement, None);
        let mut same = 0;
        for result in &judgement.results {
            if matches!(result.check.wants, Wants::Documented(_)) {
                // Told with the check of the status.
                self.asserted.may_be_held.extend(result.check.requirements.iter().cloned());
                continue;
            }
            // What a case rests on is what other cases are about.
            let asserts = told.phase == Phase::Steps && !(step.establishes && result.is_own());
            let lacks = kept.keeps_from(result);
            if asserts && (lacks.is_some() || result.held()) {
                let ids = result.check.requirements.iter().cloned();
                if lacks.is_some() { self.asserted.may_be_held.extend(ids) } else { self.asserted.held.extend(ids) }
            }
            let Some(why) = lacks else {
                same += 1;
                if asserts {
                    self.stand(result);
                }
                continue;
            };
            self.done.lack(result.check.kind().words().0, why, 1);
            let implied_by = result.implied_by();
            let is_of = |finding: &Finding| finding.check == result.check.kind() && finding.implied_by == implied_by;
            recorded.retain(|finding| !is_of(finding));
            found.retain(|finding| !is_of(finding));
        }
        let mut differences = Vec::new();
        for finding in recorded {
            match found.iter().position(|other| is_same(finding, other, self.evidence.is_none())) {
                Some(at) => drop(found.swap_remove(at)),
                None => differences.push(Difference::Unfounded(Box::new(finding.clone()))),
            }
        }
        differences.extend(found.into_iter().map(|finding| Difference::Untold(Box::new(finding))));
        differences.extend(self.counted(told, judgement));
        if kept.body().is_none() {
            differences.extend(self.drifted(told, judgement));
        }
        self.done.same += usize::saturating_sub(same, differences.len());
        for what in differences {
            self.done.differs(different(told, what));
        }
    }

    fn stand(&mut self, result: &CheckResult<'_>) {
        for id in result.check.requirements.iter() {
            let standing = self.done.requirements.entry(id.clone()).or_default();
            let count = match (result.level, result.held()) {
                (Level::Must | Level::Should, true) => &mut standing.held,
                (Level::Must | Level::Should, false) => &mut standing.departed,
                (Level::Info, true) => &mut standing.noted,
                (Level::Info, false) => &mut standing.denied,
            };
            *count += 1;
        }
    }

    /// How many checks there were. That a create names something new is one more, which no stream can show.
    fn counted(&mut self, told: &StepFinished, judgement: &Judgement<'_>) -> Option<Difference> {
        let mut made = judgement.checks;
        if told.checks != made {
            made.must += 1;
            if told.checks == made {
                self.done.lack(CheckKind::Identity.words().0, Lacking::NotKept, 1);
                let operation = self.plan.operations.iter().find(|operation| operation.id == told.call);
                self.asserted.may_be_held.extend(operation.map(|operation| operation.requirement.clone()));
                // A raw request reaches an operation too.
                self.asserted.unknown |= operation.is_none();
            } else {
                return Some(Difference::Checks(told.checks, judgement.checks));
            }
        }
        None
    }

    fn drifted(&self, told: &StepFinished, judgement: &Judgement<'_>) -> Vec<Difference> {
        let whole = self.evidence.is_none();
        let is_same = |one: &Drift, other: &Drift| {
            (&one.call, &one.pointer, &one.explained) == (&other.call, &other.pointer, &other.explained)
                && (!whole || one.value == other.value)
        };
        let mut there = self.describer.drift(judgement, &told.call);
        let mut all = Vec::new();
        for drift in &told.drift {
            match there.iter().position(|other| is_same(other, drift)) {
                Some(at) => drop(there.swap_remove(at)),
                None => all.push(Difference::DriftUnfounded(drift.clone())),
            }
        }
        all.extend(there.into_iter().map(Difference::DriftUntold));
        all
    }
}

fn different(told: &StepFinished, what: Difference) -> Different {
    Different { trial: told.trial.clone(), step: Some((told.phase, told.step, told.call.clone())), what }
}

/// What the run told of a step: of one that goes from page to page, of each page.
fn of_step<'e>(
    step: &Step,
    phase: Phase,
    number: usize,
    told: &mut Peekable<impl Iterator<Item = &'e StepFinished>>,
) -> Vec<&'e StepFinished> {
    let is_of_step = |told: &&StepFinished| (told.phase, told.step) == (phase, number);
    let mut group: Vec<&StepFinished> = told.next_if(is_of_step).into_iter().collect();
    if !group.is_empty() && matches!(step.repetition, Repetition::Pages { .. }) {
        while let Some(page) = told.next_if(is_of_step) {
            group.push(page);
        }
    }
    group
}

/// How the pages of a list ended, and what all of them hold.
fn pages<'p>(step: &'p Step, pages: &[&Exchange], variables: &Variables) -> Judged<'p> {
    let Repetition::Pages { max } = step.repetition else { return Judged::default() };
    let (mut collected, mut amount, mut seen) = (Vec::new(), 0, Vec::new());
    for page in pages {
        seen.push(page.request.url.as_str());
        amount += values(&page.answer.body);
        if let Ok(Value::Array(items)) = page.answer.json()
            && amount <= MOST_VALUES
        {
            collected.extend(items.iter().cloned());
        }
    }
    let Some(last) = pages.last() else { return Judged::default() };
    let end = match last.answer.links().target("next") {
        None => End::Reached,
        Some(next) if seen.contains(&next) => End::Again(next.to_owned()),
        Some(next) if seen.len() as u64 >= max => End::More(next.to_owned()),
        Some(next) => End::TooMany(next.to_owned()),
    };
    judge_pages(step, end, &Value::Array(collected), &last.answer, variables)
}

/// Sets what was captured, where it is what the run captured.
fn capture(step: &Step, judged: Judged<'_>, kept: &Kept<'_>, variables: &mut Variables) {
    for (name, value) in judged.captured {
        let lacks = step.captures().any(|(_, capture)| capture.name == name && kept.capture(capture).is_some());
        if !lacks && !is_masked(&value) {
            variables.set(&name, value);
        }
    }
}

/// An exchange as a check takes it.
fn raw(transcript: &Transcript, principal: &str) -> Exchange {
    let plain = |headers: &[(Redacted, Redacted)]| {
        headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect::<Vec<_>>()
    };
    let body = |body: &Option<Redacted>| body.as_ref().map_or_else(Vec::new, |body| body.as_str().as_bytes().to_vec());
    let Transcript { request, response, .. } = transcript;
    Exchange {
        request: SentRequest {
            method: request.method.clone(),
            url: request.url.to_string(),
            headers: plain(&request.headers),
            body: body(&request.body),
            principal: principal.to_owned(),
        },
        answer: Answer::new(response.status, plain(&response.headers), body(&response.body)),
        started: Instant::now(),
        duration: Duration::ZERO,
        again: 0,
    }
}

/// Whether two findings say the same, wherever they stand; with the values that they tell, or without.
fn is_same(one: &Finding, other: &Finding, values: bool) -> bool {
    let ids = |finding: &Finding| finding.requirements.iter().map(|text| text.id.clone()).collect::<Vec<_>>();
    (&one.check, &one.implied_by, one.level, &one.pointer)
        == (&other.check, &other.implied_by, other.level, &other.pointer)
        && (!values || (&one.expected, &one.actual) == (&other.expected, &other.actual))
        && ids(one) == ids(other)
}
