//! Whole processes, start to exit, against a mock in a process of its own: the harness with all checks, event stream and `JUnit` report on,
//! beside the floor, which sends the same requests and checks nothing. Prints the table of `docs/performance.md`; asserts nothing.
//!
//! `cargo bench --bench process`, or with `-- ROUNDS` for another number of rounds than 15. `-- curves` (all, or NAME) measures how the costs
//! grow and draws it; `-- hurl PROGRAM` has Hurl in the floor's place; `-- suite DIR CASES` writes the suite alone, to be looked at or profiled with.

mod curves;
mod floor;
mod hurl;
mod large;
mod measure;
mod suite;

use std::{
    env,
    error::Error,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitCode, Stdio},
};

use measure::{Cost, measure, median};
use suite::Shape;

const HARNESS: &str = env!("CARGO_BIN_EXE_okta-conformance");
pub(crate) const TOKEN: &str = "benchmark-token-0123456789";
const CASES: usize = 200;

/// How many cases run at a time; both sides are taken at their best.
const JOBS: [usize; 6] = [1, 4, 8, 16, 32, 64];

type Failure = Box<dyn Error>;

fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("measure") => return measure::between(&arguments[1..]),
        Some("floor") => {
            let [_, url, cases, jobs] = arguments.as_slice() else { return Err("floor URL CASES JOBS".into()) };
            floor::run(url, cases.parse()?, jobs.parse()?)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some("suite") => {
            let [_, directory, cases, ..] = arguments.as_slice() else { return Err("suite DIR CASES".into()) };
            suite::write(Path::new(directory), Shape::of(cases.parse()?))?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let mut named = arguments.iter().skip_while(|argument| argument.starts_with('-'));
    match named.next().map(String::as_str) {
        Some("curves") => return curves::draw(named.next().map(String::as_str)).map(|()| ExitCode::SUCCESS),
        Some("hurl") => return hurl::compare(named.next().ok_or("hurl PROGRAM")?).map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    // `cargo test --benches` starts benchmarks too, and does not want to wait for them.
    if arguments.iter().any(|argument| argument == "--bench") {
        let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(15);
        all(rounds)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The mock in a process of its own; ends with this value.
struct MockProcess {
    child: Child,
    url: String,
    /// Kept open: the mock would end with its output.
    _output: BufReader<ChildStdout>,
}

impl MockProcess {
    fn start(latency: &str) -> Result<Self, Failure> {
        let mut mock = Command::new(HARNESS);
        mock.args(["mock", "--port", "0", "--rate-limit", "10000000", "--token", TOKEN, "--latency", latency]);
        let mut child = mock.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().ok_or("the mock has no output")?);
        output.read_line(&mut line)?;
        let url = line.split_whitespace().last().unwrap_or_default().to_owned();
        Ok(Self { child, url, _output: output })
    }
}

impl Drop for MockProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The suites and the place for what a run writes.
struct Bench {
    directory: tempfile::TempDir,
    rounds: usize,
}

impl Bench {
    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    fn suite(&self, shape: Shape) -> Result<PathBuf, Failure> {
        let Shape { cases, a_file, rows, failing, removal } = shape;
        let root = self.directory.path().join(format!("suite-{cases}-{a_file}-{rows}-{failing}-{removal}"));
        if !root.exists() {
            suite::write(&root, shape)?;
        }
        Ok(root)
    }

    fn harness(&self, mock: &MockProcess, shape: Shape, jobs: usize) -> Result<Cost, Failure> {
        self.harness_with(mock, shape, jobs, &[])
    }

    fn harness_with(&self, mock: &MockProcess, shape: Shape, jobs: usize, more: &[&str]) -> Result<Cost, Failure> {
        let suite = self.suite(shape)?.display().to_string();
        let (junit, jobs) = (format!("junit={}", self.path("junit.xml")), jobs.to_string());
        let mut words = vec![HARNESS, "run", "--suite", &suite, "--target", &mock.url, "--jobs", &jobs, "--quiet"];
        // The floor has no such thing as a preflight.
        words.push("--no-preflight");
        let events = self.path("events.jsonl");
        words.extend(["--events", &events, "--report", &junit]);
        words.extend(more);
        measure(&words.into_iter().map(str::to_owned).collect::<Vec<_>>())
    }

    /// Floor and harness in turn at each concurrency, so that both see the same machine; the medians.
    fn compare(&self, mock: &MockProcess, jobs: &[usize]) -> Result<Vec<(usize, Cost, Cost)>, Failure> {
        let mut all = Vec::new();
        for jobs in jobs {
            let (mut floors, mut harnesses) = (Vec::new(), Vec::new());
            for _ in 0..self.rounds {
                floors.push(floor(mock, CASES, *jobs)?);
                harnesses.push(self.harness(mock, Shape::of(CASES), *jobs)?);
            }
            all.push((*jobs, median(&floors), median(&harnesses)));
        }
        Ok(all)
    }

    fn repeated(&self, measured: impl Fn() -> Result<Cost, Failure>) -> Result<Cost, Failure> {
        Ok(median(&(0..self.rounds).map(|_| measured()).collect::<Result<Vec<_>, _>>()?))
    }
}

fn floor(mock: &MockProcess, cases: usize, jobs: usize) -> Result<Cost, Failure> {
    let this = env::current_exe()?.display().to_string();
    measure(&[this, "floor".to_owned(), mock.url.clone(), cases.to_string(), jobs.to_string()])
}

fn program(arguments: &[&str]) -> Result<Cost, Failure> {
    measure(&[&[HARNESS], arguments].concat().into_iter().map(str::to_owned).collect::<Vec<_>>())
}

#[expect(clippy::print_stdout, reason = "the table is what the benchmark is for")]
fn all(rounds: usize) -> Result<(), Failure> {
    let bench = Bench { directory: tempfile::tempdir()?, rounds };
    let mock = MockProcess::start("0ms")?;
    let compared = bench.compare(&mock, &JOBS)?;
    println!("| cases at a time | floor, wall | floor, CPU | harness, wall | harness, CPU |\n|---|---|---|---|---|");
    for (jobs, floor, harness) in &compared {
        let numbers = [floor.wall_ms, floor.cpu_ms, harness.wall_ms, harness.cpu_ms];
        println!("| {jobs} | {} |", numbers.map(|number| format!("{number:.1} ms")).join(" | "));
    }
    let best = |number: fn(&(usize, Cost, Cost)) -> f64| compared.iter().map(number).fold(f64::INFINITY, f64::min);
    let wall = (best(|row| row.1.wall_ms), best(|row| row.2.wall_ms));
    let cpu = (best(|row| row.1.cpu_ms), best(|row| row.2.cpu_ms));
    println!("\n| what | floor | harness | ratio | target |\n|---|---|---|---|---|");
    ratio("200 cases, wall", wall, "2.0");
    ratio("200 cases, CPU", cpu, "2.0");
    let slow = MockProcess::start("50ms")?;
    for (_, floor, harness) in bench.compare(&slow, &[CASES])? {
        ratio("200 cases at once, 50 ms of latency, wall", (floor.wall_ms, harness.wall_ms), "1.15");
    }
    let one = bench.repeated(|| bench.harness(&mock, Shape::of(1), 1))?;
    println!("| one case, start to exit | | {:.1} ms | | 12 ms |", one.wall_ms);
    by_pairs(&bench, &mock)?;
    let many = bench.repeated(|| bench.harness(&mock, Shape::of(1000), 16))?;
    println!("| 1,000 cases, peak memory | | {:.1} MiB | | 30 MiB |", many.peak_mib);
    println!("| 1,000 cases, wall | | {:.1} ms | | |", many.wall_ms);
    let events = bench.path("events.jsonl");
    let shipped = bench.repeated(|| program(&["run", "--quiet", "--events", &events]))?;
    println!("| shipped suite on the embedded mock, wall | | {:.1} ms | | 2,000 ms |", shipped.wall_ms);
    let check = bench.repeated(|| program(&["check"]))?;
    println!("| `check`, wall | | {:.1} ms | | |", check.wall_ms);
    let help = bench.repeated(|| program(&["--help"]))?;
    println!("| `--help`, wall | | {:.1} ms | | |", help.wall_ms);
    large::table(&Bench { rounds: rounds.min(large::MOST_ROUNDS), ..bench }, &mock)
}

/// What it costs that a run removes what it creates and keeps a ledger, and that the mock is a process of its own.
#[expect(clippy::print_stdout, reason = "a line of the table")]
fn by_pairs(bench: &Bench, mock: &MockProcess) -> Result<(), Failure> {
    let shape = Shape::of(CASES);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        without.push(bench.harness(mock, Shape { removal: false, ..shape }, 16)?);
        with.push(bench.harness(mock, shape, 16)?);
    }
    let (without, with) = (median(&without), median(&with));
    println!("\n| what | without | with | ratio | target |\n|---|---|---|---|---|");
    ratio("200 cases, ledger and removal, wall", (without.wall_ms, with.wall_ms), "1.15");
    ratio("200 cases, ledger and removal, CPU", (without.cpu_ms, with.cpu_ms), "1.15");
    let core = ["run", "--quiet", "--events", "none", "--profile", "core"];
    let served = [&core[..], &["--target", &mock.url, "--no-preflight"]].concat();
    let (embedded, served) = (bench.repeated(|| program(&core))?, bench.repeated(|| program(&served))?);
    ratio("profile core, mock embedded and in a process of its own, wall", (embedded.wall_ms, served.wall_ms), "2.0");
    println!("\n| what | | harness | | target |\n|---|---|---|---|---|");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a line of the table")]
fn ratio(what: &str, (floor, harness): (f64, f64), target: &str) {
    println!("| {what} | {floor:.1} ms | {harness:.1} ms | {:.2} | {target} |", harness / floor);
}
