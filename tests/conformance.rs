//! The embedded suite against the embedded mock: each trial is a test of its own, named by its ID.
//!
//! `cargo test --test conformance -- authorization-servers/create` runs the trials whose IDs hold that text; `--list` lists them and starts
//! nothing. The mock starts with the first trial that runs.

use std::{
    process::ExitCode,
    sync::{Arc, OnceLock, RwLock},
    time::Duration,
};

use libtest_mimic::{Arguments, Completion, Failed, Trial as Test};
use okta_conformance::{
    event::{Event, Outcome, StepFinished},
    http::Limits,
    plan::{Plan, Trial},
    report::Report,
    run::{self, Options, Stopper},
    suite::Suite,
    targets::Opened,
};
use tokio::runtime::Runtime;

/// What the trials of this process share.
struct Shared {
    plan: Plan,
    world: OnceLock<World>,
    /// An exclusive trial writes, the others read.
    org: RwLock<()>,
}

/// The mock, and the runtime on which the connections to it live.
struct World {
    runtime: Runtime,
    opened: Opened,
}

impl World {
    fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let opened = Opened::open("mock", None, Limits::default());
        Self { runtime: runtime.expect("a runtime"), opened: opened.expect("the mock starts") }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut mistakes = Vec::new();
    let suite = Suite::embedded(&mut mistakes);
    let Some(plan) = Plan::compile(&suite, &mut mistakes) else {
        let mistakes = mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let report = move || Err(Failed::from(mistakes));
        return libtest_mimic::run(&arguments, vec![Test::test("the-suite-has-no-mistakes", report)]).exit_code();
    };
    let shared = Arc::new(Shared { plan, world: OnceLock::new(), org: RwLock::new(()) });
    let tests = shared.plan.trials.iter().enumerate().map(|(number, trial)| {
        let (shared, trial) = (Arc::clone(&shared), Arc::clone(trial));
        Test::ignorable_test(trial.id.clone(), move || shared.judge(&trial, number))
    });
    libtest_mimic::run(&arguments, tests.collect()).exit_code()
}

impl Shared {
    fn judge(&self, trial: &Arc<Trial>, number: usize) -> Result<Completion, Failed> {
        let report = if trial.exclusive {
            let _alone = self.org.write();
            self.run(trial, number)
        } else {
            let _beside_others = self.org.read();
            self.run(trial, number)
        };
        let [judged] = report.trials.as_slice() else {
            return Err(format!("{} outcomes instead of one", report.trials.len()).into());
        };
        let reason = judged.finished.reason.as_ref().map_or("", |reason| reason.as_str());
        match judged.finished.outcome {
            Outcome::Passed if report.leaks.is_empty() => Ok(Completion::Completed),
            Outcome::Passed => {
                Err(format!("left behind: {} ({})", report.leaks[0].call, report.leaks[0].reason).into())
            }
            Outcome::NotApplicable => Ok(Completion::ignored_with(reason)),
            outcome => {
                let texts: Vec<String> = judged.failures.iter().map(StepFinished::text).collect();
                Err(format!("{}: {reason}\n{}", outcome.name(), texts.join("\n")).into())
            }
        }
    }

    fn run(&self, trial: &Arc<Trial>, number: usize) -> Report {
        let World { runtime, opened } = self.world.get_or_init(World::open);
        let options = Options {
            jobs: 1,
            trial_timeout: Duration::from_mins(1),
            // Part of the name of all that the trial makes: no two trials of this process may share it.
            run: format!("t{number:05}"),
            ..Options::default()
        };
        let mut report = Report::default();
        let mut take = |event: &Event| report.take(event);
        let trials = vec![Arc::clone(trial)];
        let stopper = Stopper::default();
        let run = run::run(&self.plan, trials, &opened.target, &options, &opened.redactor, &stopper, &mut take);
        runtime.block_on(run);
        report
    }
}
