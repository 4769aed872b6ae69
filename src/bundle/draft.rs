//! Making a draft of the streams of two runs.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::Path,
};

use aho_corasick::AhoCorasick;
use chrono::{DateTime, TimeDelta};

use super::{
    Engine, HostKind, LeftOut, Manifest, VERSION,
    archive::sha256,
    form::{self, ORIGIN, Times},
    scrub::{HEADERS, Scrub, finished},
};
use crate::{
    age::Month,
    event::{self, Event, Outcome, Phase, RunFinished, RunStarted, StepFinished, TrialFinished, Withholding},
    naming::Names,
    path::path_of,
    plan::Plan,
    recheck::Recheck,
    report::{Ending, StreamError, read_stream, sealed},
    secret::Redactor,
    suite::{Words, short_hash},
};

/// Shorter texts stand in too many others for their being there to say anything.
const SHORTEST_FACT: usize = 8;

/// What the run itself does not say of its target.
#[derive(Debug, Clone)]
pub struct House {
    /// The bundle's.
    pub id: String,
    /// What the names of runs begin with.
    pub prefix: String,
    /// The kind of its host.
    pub host: HostKind,
    /// The kind of org.
    pub engine: Engine,
}

/// Why there is no draft.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// A stream of a run cannot be read.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// It does not say when, or of what target, the run was.
    #[error("the stream of the run does not say {0}")]
    Header(&'static str),
    /// Something of the org would be told.
    #[error(
        "nothing was written: the draft would tell something of the org, in the trial {0}; please report this as a mistake of okta-conformance"
    )]
    Told(String),
    /// Nothing is left to tell.
    #[error("there is nothing to tell: no trial showed the same in both runs")]
    Nothing,
}

/// What a draft tells beside its manifest, for the person who reads it.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Exchanges by operation.
    pub operations: BTreeMap<String, usize>,
    /// Names of members that no file of the suite has.
    pub names: BTreeSet<String>,
    /// How many different texts were replaced.
    pub replaced: usize,
}

/// What is to leave the house.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its events, a line each.
    pub events: Vec<u8>,
    /// What is in them.
    pub contents: Contents,
}

/// A trial as a stream tells it.
struct Ended {
    steps: Vec<StepFinished>,
    finished: TrialFinished,
}

/// Makes a draft of what two runs of the same trials showed alike, by the suite that they were of.
///
/// # Errors
/// Streams that cannot be read, or nothing that may be told.
pub(crate) fn draft(plan: &Plan, words: &Words, runs: [&Path; 2], of: &House) -> Result<Draft, DraftError> {
    let segments = segments(plan);
    let [first, second] = runs;
    let mut other: HashMap<String, String> = HashMap::new();
    each_trial(second, |header, ended| {
        let house = house(header, words, &segments, of, Some(Times::One))?;
        other.insert(ended.finished.trial.clone(), shape(plan, &house, ended));
        Ok(())
    })?;
    let mut making = Making::new(plan, of);
    each_trial(first, |header, ended| {
        making.begin(header)?;
        if !is_judged(ended.finished.outcome) {
            making.manifest.left_out.not_judged += 1;
            return Ok(());
        }
        let alike = house(header, words, &segments, of, Some(Times::One))?;
        if other.get(&ended.finished.trial) != Some(&shape(plan, &alike, ended)) {
            making.manifest.left_out.different += 1;
            return Ok(());
        }
        making.add(&house(header, words, &segments, of, None)?, ended);
        Ok(())
    })?;
    making.finish(words)
}

/// The literal segments of the paths of operations.
fn segments(plan: &Plan) -> HashSet<String> {
    let paths = plan.operations.iter().map(|operation| operation.path.to_string());
    let segments = paths.flat_map(|path| path.split('/').map(str::to_owned).collect::<Vec<_>>());
    segments.filter(|segment| !segment.starts_with('{')).collect()
}

fn is_judged(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Passed
        | Outcome::Warned
        | Outcome::Failed
        | Outcome::Flaky
        | Outcome::KnownFailure
        | Outcome::UnexpectedPass
        | Outcome::ChangedFailure
        | Outcome::Expired => true,
        Outcome::Blocked | Outcome::Errored | Outcome::NotApplicable | Outcome::NotRun => false,
    }
}

/// Reads a stream trial by trial.
fn each_trial(
    path: &Path,
    mut take: impl FnMut(&RunStarted, &Ended) -> Result<(), DraftError>,
) -> Result<(), DraftError> {
    let (mut header, mut open, mut failed) = (RunStarted::default(), HashMap::<String, Vec<StepFinished>>::new(), None);
    read_stream(path, Ending::Footer, |event| match event {
        Event::RunStarted(started) => header = (**started).clone(),
        // What removes things is judged by nothing.
        Event::StepFinished(step) if step.phase != Phase::Defer => {
            open.entry(step.trial.clone()).or_default().push((**step).clone());
        }
        Event::TrialFinished(finished) => {
            let steps = open.remove(&finished.trial).unwrap_or_default();
            let ended = Ended { steps, finished: (**finished).clone() };
            if failed.is_none() {
                failed = take(&header, &ended).err();
            }
        }
        Event::StepFinished(_)
        | Event::TrialStarted(_)
        | Event::Leaked(_)
        | Event::MayBeLeft(_)
        | Event::Waited(_)
        | Event::Preflight(_)
        | Event::SnapshotDrifted(_)
        | Event::NotBegun(_)
        | Event::RunFinished(_) => {}
    })?;
    failed.map_or(Ok(()), Err)
}

/// What the trials of a run have in common; without `times`, they move with its beginning.
fn house<'a>(
    header: &RunStarted,
    words: &'a Words,
    segments: &'a HashSet<String>,
    of: &House,
    times: Option<Times>,
) -> Result<form::House<'a>, DraftError> {
    let origin = header.origin.to_string();
    let host = origin.split_once("://").map(|(_, host)| host.to_owned()).ok_or(DraftError::Header("its target"))?;
    let times = match times {
        Some(times) => times,
        None => Times::Moved(since_2020(&header.started).ok_or(DraftError::Header("when it was"))?),
    };
    let names = Names::of_run(&of.prefix, &header.run).beginning();
    Ok(form::House { words, segments, origin, host, names, times })
}

/// From the first second of 2020 to a time, in whole seconds: where the runs of all begin.
fn since_2020(time: &str) -> Option<TimeDelta> {
    let (time, first) = (DateTime::parse_from_rfc3339(time).ok()?, DateTime::from_timestamp(1_577_836_800, 0)?);
    Some(TimeDelta::seconds((time.to_utc() - first).num_seconds()))
}

/// What a trial showed, without what is another in each run.
fn shape(plan: &Plan, house: &form::House<'_>, ended: &Ended) -> String {
    let mut scrub = Scrub::new(plan, house);
    let steps = ended.steps.iter().map(|step| scrub.step(step));
    let events: Vec<Event> = steps.map(|step| Event::StepFinished(Box::new(step))).collect();
    let ending = Event::TrialFinished(Box::new(finished(&ended.finished)));
    let texts = events.iter().chain([&ending]).map(|event| serde_json::to_string(event).unwrap_or_default());
    short_hash(texts)
}

/// The operation that a step called, by whatever way.
fn operation_of(plan: &Plan, step: &StepFinished) -> String {
    let request = step.exchange.as_ref().map(|exchange| &exchange.request);
    let operation = request.and_then(|request| plan.operation(&request.method, path_of(request.url.as_str())));
    operation.map_or_else(|| step.call.clone(), |operation| operation.id.clone())
}

/// A draft in the making.
struct Making<'p> {
    plan: &'p Plan,
    manifest: Manifest,
    header: Option<RunStarted>,
    events: Vec<Event>,
    contents: Contents,
    /// What was replaced in each trial, by itself.
    facts: HashSet<String>,
    outcomes: BTreeMap<String, usize>,
}

impl<'p> Making<'p> {
    fn new(plan: &'p Plan, of: &House) -> Self {
        let manifest = Manifest {
            version: VERSION,
            id: of.id.clone(),
            suite: plan.suite_hash.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            month: Month::default(),
            host: of.host,
            engine: of.engine,
            capabilities: Vec::new(),
            trials: 0,
            exchanges: 0,
            left_out: LeftOut::default(),
            events_sha256: String::new(),
        };
        let (contents, facts, outcomes) = (Contents::default(), HashSet::new(), BTreeMap::new());
        Self { plan, manifest, header: None, events: Vec::new(), contents, facts, outcomes }
    }

    fn begin(&mut self, header: &RunStarted) -> Result<(), DraftError> {
        if self.header.is_some() {
            return Ok(());
        }
        let day = DateTime::parse_from_rfc3339(&header.started).ok().map(|time| time.date_naive());
        self.manifest.month = day.and_then(Month::of).ok_or(DraftError::Header("when it was"))?;
        let known = |name: &&String| self.plan.capabilities.contains(*name);
        self.manifest.capabilities = header.capabilities.iter().filter(known).cloned().collect();
        self.facts.insert(header.origin.to_string());
        self.facts.extend(header.origin.as_str().split_once("://").map(|(_, host)| host.to_owned()));
        self.facts.insert(header.run.clone());
        self.header = Some(RunStarted {
            version: event::VERSION,
            run: "000000".to_owned(),
            program: header.program.clone(),
            suite: header.suite.clone(),
            target: "org".to_owned(),
            origin: Redactor::default().text(ORIGIN),
            started: "2020-01-01T00:00:00.000Z".to_owned(),
            evidence: Some(Withholding { headers: HEADERS.map(str::to_owned).to_vec() }),
            scored: true,
            capabilities: self.manifest.capabilities.clone(),
            operations: header.operations.clone(),
            ..RunStarted::default()
        });
        Ok(())
    }

    /// Adds a trial, if what the run said of it follows from what may be told.
    fn add(&mut self, house: &form::House<'_>, ended: &Ended) {
        let mut scrub = Scrub::new(self.plan, house);
        let steps: Vec<StepFinished> = ended.steps.iter().map(|step| scrub.step(step)).collect();
        let finished = finished(&ended.finished);
        let trial = finished.trial.clone();
        let operations: Vec<String> =
            steps.iter().filter(|step| step.exchange.is_some()).map(|step| operation_of(self.plan, step)).collect();
        let mut events: Vec<Event> = steps.into_iter().map(|step| Event::StepFinished(Box::new(step))).collect();
        events.push(Event::TrialFinished(Box::new(finished)));
        let mut recheck = Recheck::new(self.plan);
        recheck.take(&Event::RunStarted(Box::new(self.header.clone().unwrap_or_default())));
        for event in &events {
            recheck.take(event);
        }
        let rechecked = recheck.finish();
        if rechecked.differences() > 0 || !rechecked.unknown.is_empty() {
            self.manifest.left_out.not_rechecked += 1;
            return;
        }
        self.manifest.trials += 1;
        self.manifest.exchanges += operations.len();
        for operation in operations {
            *self.contents.operations.entry(operation).or_default() += 1;
        }
        *self.outcomes.entry(ended.finished.outcome.name().to_owned()).or_default() += 1;
        self.contents.names.extend(scrub.names.iter().cloned());
        self.facts.extend(scrub.originals().filter(|fact| fact.len() >= SHORTEST_FACT).map(str::to_owned));
        self.events.push(Event::TrialStarted(event::TrialStarted { trial }));
        self.events.append(&mut events);
    }

    fn finish(mut self, words: &Words) -> Result<Draft, DraftError> {
        let Some(mut header) = self.header.take().filter(|_| self.manifest.trials > 0) else {
            return Err(DraftError::Nothing);
        };
        self.contents.replaced = self.facts.len();
        self.scan(words)?;
        header.trials = self.manifest.trials;
        let footer = RunFinished { trials: std::mem::take(&mut self.outcomes), ..RunFinished::default() };
        let header = Event::RunStarted(Box::new(header));
        let footer = Event::RunFinished(footer);
        let events = sealed([&header].into_iter().chain(&self.events).chain([&footer]));
        self.manifest.events_sha256 = sha256(&events);
        Ok(Draft { manifest: self.manifest, events, contents: self.contents })
    }

    /// Looks for everything that was replaced, in plain and encoded, in what is told.
    fn scan(&self, words: &Words) -> Result<(), DraftError> {
        let facts: Vec<&str> = self.facts.iter().map(String::as_str).collect();
        // What stands somewhere in the suite is everybody's.
        let mentioned: HashSet<usize> = match AhoCorasick::new(&facts) {
            Ok(finder) => words
                .texts()
                .flat_map(|text| {
                    finder.find_overlapping_iter(text).map(|found| found.pattern().as_usize()).collect::<Vec<_>>()
                })
                .collect(),
            Err(_) => HashSet::new(),
        };
        let own = facts.iter().enumerate().filter(|(at, _)| !mentioned.contains(at)).map(|(_, fact)| *fact);
        let redactor = Redactor::new(own);
        let mut trial = "";
        for event in &self.events {
            if let Event::TrialStarted(started) = event {
                trial = &started.trial;
            }
            if redactor.finds(&serde_json::to_string(event).unwrap_or_default()) {
                return Err(DraftError::Told(trial.to_owned()));
            }
        }
        Ok(())
    }
}
