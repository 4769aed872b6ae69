//! Runs that fail, runs of many trials, and what is made of their streams.

use std::fs;

use crate::{Bench, Failure, MockProcess, measure::Cost, program, suite::Shape};

/// What takes long is measured less often.
pub(crate) const MOST_ROUNDS: usize = 3;

#[expect(clippy::print_stdout, reason = "the table is what the benchmark is for")]
pub(crate) fn table(bench: &Bench, mock: &MockProcess) -> Result<(), Failure> {
    println!("\n| what | wall | CPU | peak memory | writes |\n|---|---|---|---|---|");
    for (name, failing) in [("passing", 0), ("failing", 100)] {
        let shape = Shape { a_file: 800, failing, ..Shape::of(800) };
        row(&format!("800 {name} cases in one file"), bench.repeated(|| bench.harness(mock, shape, 16))?, "");
    }
    streams(bench, mock)?;
    replay(bench, mock)?;
    let once = Bench { rounds: 1, directory: tempfile::tempdir()? };
    let many = Shape { a_file: 100, ..Shape::of(100_000) };
    row("100,000 cases in 1,000 files", once.harness(mock, many, 16)?, "");
    let one_file = Shape { a_file: 100_000, rows: true, ..many };
    row("100,000 rows of one case", once.harness(mock, one_file, 16)?, "");
    Ok(())
}

/// 10,000 trials that pass, 10,000 that fail, and the reports of both.
fn streams(bench: &Bench, mock: &MockProcess) -> Result<(), Failure> {
    let (events, older) = (bench.path("events.jsonl"), bench.path("older.jsonl"));
    for (name, failing) in [("passing", 0), ("failing", 100)] {
        let shape = Shape { failing, ..Shape::of(10_000) };
        row(&format!("10,000 {name} cases"), bench.repeated(|| bench.harness(mock, shape, 16))?, &events);
        for format in ["badge", "json", "markdown", "html", "junit", "tap", "har"] {
            let out = bench.path(format);
            let written = format!("{format}={out}");
            // What a run printed is text, and the badge is small.
            let words = ["report", &events, "--format", "badge", "--report", &written];
            row(&format!("`report` of them, {format}"), bench.repeated(|| program(&words))?, &out);
        }
        if failing == 0 {
            fs::copy(&events, &older)?;
        }
    }
    row("`diff` of the two", bench.repeated(|| program(&["diff", &older, &events]))?, "");
    Ok(())
}

/// A recording of 10,000 cases, about 100 MB, judged and replayed.
fn replay(bench: &Bench, mock: &MockProcess) -> Result<(), Failure> {
    let recording = bench.path("recording.jsonl");
    bench.harness_with(mock, Shape::of(10_000), 16, &["--record", &recording])?;
    for command in ["verify", "replay"] {
        row(&format!("`{command}` of a recording"), bench.repeated(|| program(&[command, &recording]))?, &recording);
    }
    Ok(())
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a line of the table")]
fn row(what: &str, cost: Cost, written: &str) {
    let size = fs::metadata(written).map(|file| format!("{:.1} MB", file.len() as f64 / 1e6)).unwrap_or_default();
    let Cost { wall_ms, cpu_ms, peak_mib } = cost;
    println!("| {what} | {wall_ms:.0} ms | {cpu_ms:.0} ms | {peak_mib:.1} MiB | {size} |");
}
