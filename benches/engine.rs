//! The engine in one process: loading a suite, judging answers, running cases against the embedded mock.
//!
//! What a user waits for, start to exit, is measured by the benchmark `process`; this one says which part of the engine became slower.

#[path = "process/suite.rs"]
mod suite;

use std::{path::Path, sync::Arc, time::Duration};

use criterion::{Criterion, Throughput};
use okta_conformance::{
    event::Event,
    http::Limits,
    plan::Plan,
    recording::Recorder,
    run::{self, Options, Stopper},
    suite::Suite,
    targets::Opened,
    verify,
};

const CASES: usize = 200;
const REQUESTS: u64 = 1200;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();
    let directory = tempfile::tempdir()?;
    suite::write(directory.path(), suite::Shape::of(CASES))?;
    load(&mut criterion, directory.path());
    let plan = compile(|found| Suite::from_directory(directory.path(), found).ok()).ok_or("the suite has mistakes")?;
    let recording = directory.path().join("recording.jsonl");
    let mut recorder = Recorder::create(&recording)?;
    let mut written = Ok(());
    against_the_mock(&plan, |event| {
        if written.is_ok() {
            written = recorder.take(event);
        }
    })?;
    written?;
    drop(recorder);
    judge(&mut criterion, &plan, &recording);
    send(&mut criterion, &plan);
    criterion.final_summary();
    Ok(())
}

fn compile(suite: impl FnOnce(&mut Vec<okta_conformance::diagnostic::Diagnostic>) -> Option<Suite>) -> Option<Plan> {
    let mut found = Vec::new();
    let suite = suite(&mut found)?;
    Plan::compile(&suite, &mut found)
}

fn load(criterion: &mut Criterion, directory: &Path) {
    let mut group = criterion.benchmark_group("load");
    group.bench_function("the shipped suite", |bench| bench.iter(|| compile(|found| Some(Suite::embedded(found)))));
    group.bench_function("200 cases of six requests", |bench| {
        bench.iter(|| compile(|found| Suite::from_directory(directory, found).ok()));
    });
    group.finish();
}

/// The answers of a recording held to the contract: reading, parsing and schemas, without a network.
fn judge(criterion: &mut Criterion, plan: &Plan, recording: &Path) {
    let mut group = criterion.benchmark_group("judge");
    group.throughput(Throughput::Elements(REQUESTS));
    group.bench_function("1200 recorded answers", |bench| {
        bench.iter(|| {
            let mut judged = 0;
            verify::verify(recording, plan, false, |_| judged += 1).map(|_| judged)
        });
    });
    group.finish();
}

fn send(criterion: &mut Criterion, plan: &Plan) {
    let mut group = criterion.benchmark_group("run");
    group.throughput(Throughput::Elements(REQUESTS));
    group.bench_function("200 cases, embedded mock", |bench| bench.iter(|| against_the_mock(plan, |_| ()).is_ok()));
    group.finish();
}

fn against_the_mock(plan: &Plan, mut sink: impl FnMut(&Event)) -> Result<(), Failure> {
    let opened = Opened::open("mock", None, Limits::default())?;
    let options = Options { jobs: 16, ..Options::default() };
    let trials: Vec<_> = plan.trials.iter().map(Arc::clone).collect();
    let stopper = Stopper::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run::run(plan, trials, &opened.target, &options, &opened.redactor, &stopper, &mut sink));
    Ok(())
}
