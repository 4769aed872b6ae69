//! What a process costs: wall time, time on the processor, peak memory.

use std::{
    error::Error,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};

/// The cost of one process, start to exit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) wall_ms: f64,
    /// User and system time, of all threads.
    pub(crate) cpu_ms: f64,
    pub(crate) peak_mib: f64,
}

/// Runs a command and says what it cost. The numbers come from a process between, because the peak of memory is kept for all children of a
/// process together.
pub(crate) fn measure(arguments: &[String]) -> Result<Cost, Box<dyn Error>> {
    let mut between = Command::new(std::env::current_exe()?);
    // The token reaches both sides as a user would give it.
    between.env("OKTA_CLIENT_TOKEN", crate::TOKEN);
    between.arg("measure").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let output = between.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    match numbers.as_slice() {
        [wall_ms, cpu_ms, peak_mib] if output.status.success() => {
            Ok(Cost { wall_ms: *wall_ms, cpu_ms: *cpu_ms, peak_mib: *peak_mib })
        }
        _ => Err(format!("`{}` failed:\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// The process between: its only child is the one that is measured.
#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "numbers for the parent process")]
pub(crate) fn between(arguments: &[String]) -> Result<ExitCode, Box<dyn Error>> {
    let [program, arguments @ ..] = arguments else { return Err("nothing to measure".into()) };
    let started = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status()?;
    let wall = started.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time() + usage.system_time();
    // Linux counts in KiB.
    let peak = usage.max_rss() as f64 / 1024.0;
    println!("{} {} {peak}", wall.as_secs_f64() * 1000.0, cpu.num_microseconds() as f64 / 1000.0);
    // A run that is not conformant, or a change for the worse, ends with 1.
    Ok(if matches!(status.code(), Some(0 | 1)) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The middle of several measurements, each number by itself.
pub(crate) fn median(costs: &[Cost]) -> Cost {
    let middle = |number: fn(&Cost) -> f64| {
        let mut numbers: Vec<f64> = costs.iter().map(number).collect();
        numbers.sort_by(f64::total_cmp);
        numbers.get(numbers.len() / 2).copied().unwrap_or_default()
    };
    Cost {
        wall_ms: middle(|cost| cost.wall_ms),
        cpu_ms: middle(|cost| cost.cpu_ms),
        peak_mib: middle(|cost| cost.peak_mib),
    }
}
