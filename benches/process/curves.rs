//! How the costs grow: with the number of trials, with concurrency and latency, with the size of a file, with the share of failing cases.
//! Writes a CSV file each and has gnuplot draw them, into `docs/curves`.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Bench, Failure, MockProcess, floor, measure::Cost, median, suite::Shape};

const ROUNDS: usize = 3;

type Measured = fn(&Bench, &MockProcess, &Path) -> Result<(), Failure>;

/// The curves by name.
const CURVES: [(&str, Measured); 4] =
    [("trials", trials), ("file-size", file_size), ("failing-share", failing), ("latency", latency)];

/// Measures all, or the one of this name, and draws all.
pub(crate) fn draw(only: Option<&str>) -> Result<(), Failure> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let curves = project.join("docs/curves");
    fs::create_dir_all(&curves)?;
    let bench = Bench { directory: tempfile::tempdir()?, rounds: ROUNDS };
    let mock = MockProcess::start("0ms")?;
    for (_, measured) in CURVES.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        measured(&bench, &mock, &curves)?;
    }
    let drawn = Command::new("gnuplot").arg(project.join("benches/process/curves.gp")).current_dir(&curves).status();
    match drawn {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("gnuplot could not draw the curves".into()),
        Err(error) => {
            Err(format!("the numbers are in docs/curves; gnuplot, which draws them, cannot start: {error}").into())
        }
    }
}

fn trials(bench: &Bench, mock: &MockProcess, curves: &Path) -> Result<(), Failure> {
    let mut csv = String::from("trials,cpu_s,peak_mib,rows_cpu_s,rows_peak_mib\n");
    for cases in [100, 1_000, 3_000, 10_000, 30_000, 100_000] {
        let rounds = if cases > 10_000 { 1 } else { ROUNDS };
        let bench = Bench { rounds, directory: tempfile::tempdir_in(bench.directory.path())? };
        let files = bench.repeated(|| bench.harness(mock, Shape { a_file: 100, ..Shape::of(cases) }, 16))?;
        let rows = Shape { a_file: cases, rows: true, ..Shape::of(cases) };
        let rows = bench.repeated(|| bench.harness(mock, rows, 16))?;
        line(&mut csv, &[cases.to_string(), cpu_and_peak(files), cpu_and_peak(rows)]);
    }
    write(curves, "trials", &csv)
}

fn file_size(bench: &Bench, mock: &MockProcess, curves: &Path) -> Result<(), Failure> {
    let mut csv = String::from("file_kb,passing_cpu_s,passing_mib,failing_cpu_s,failing_mib\n");
    for a_file in [25, 100, 200, 400, 800] {
        let shape = Shape { a_file, ..Shape::of(800) };
        let passing = bench.repeated(|| bench.harness(mock, shape, 16))?;
        let shape = Shape { failing: 100, ..shape };
        let failing = bench.repeated(|| bench.harness(mock, shape, 16))?;
        let size = fs::metadata(bench.suite(shape)?.join("cases/authorization-servers/life-000.yaml"))?.len() / 1000;
        line(&mut csv, &[size.to_string(), cpu_and_peak(passing), cpu_and_peak(failing)]);
    }
    write(curves, "file-size", &csv)
}

fn failing(bench: &Bench, mock: &MockProcess, curves: &Path) -> Result<(), Failure> {
    let mut csv = String::from("failing_percent,cpu_s,peak_mib\n");
    for failing in [0, 10, 25, 50, 75, 100] {
        let cost = bench.repeated(|| bench.harness(mock, Shape { failing, ..Shape::of(1_000) }, 16))?;
        line(&mut csv, &[failing.to_string(), cpu_and_peak(cost)]);
    }
    write(curves, "failing-share", &csv)
}

/// Wall time as a multiple of the floor's, with a line for each latency.
fn latency(bench: &Bench, _: &MockProcess, curves: &Path) -> Result<(), Failure> {
    let mocks = ["0ms", "10ms", "50ms"].map(MockProcess::start);
    let mut csv = String::from("jobs,ms_0,floor_0,ms_10,floor_10,ms_50,floor_50\n");
    for jobs in [4, 16, 64, 200] {
        let mut cells = vec![jobs.to_string()];
        for mock in &mocks {
            let mock = mock.as_ref().map_err(ToString::to_string)?;
            let (mut floors, mut harnesses) = (Vec::new(), Vec::new());
            for _ in 0..bench.rounds {
                floors.push(floor(mock, crate::CASES, jobs)?);
                harnesses.push(bench.harness(mock, Shape::of(crate::CASES), jobs)?);
            }
            cells.extend([&harnesses, &floors].map(|costs| format!("{:.0}", median(costs).wall_ms)));
        }
        line(&mut csv, &cells);
    }
    write(curves, "latency", &csv)
}

fn cpu_and_peak(cost: Cost) -> String {
    format!("{:.2},{:.1}", cost.cpu_ms / 1000.0, cost.peak_mib)
}

fn line(csv: &mut String, cells: &[String]) {
    let _ = writeln!(csv, "{}", cells.join(","));
}

fn write(curves: &Path, name: &str, csv: &str) -> Result<(), Failure> {
    let path: PathBuf = curves.join(name).with_extension("csv");
    Ok(fs::write(path, csv)?)
}
