//! What the program is: `--version --verbose` for reports of mistakes, and completions for shells.

use std::{env, io::Write};

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{
    Arguments, CommandError,
    out::{format_out, out},
};
use crate::{plan::Plan, suite::Suite};

/// Whether all that there is to say of the program was asked for.
pub(super) fn is_asked() -> bool {
    let typed: Vec<String> = env::args().skip(1).collect();
    let is = |name: &str, short: &str| typed.iter().any(|typed| typed == name || typed == short);
    typed.len() == 2 && is("--version", "-V") && is("--verbose", "-v")
}

/// Says it.
pub(super) fn tell() -> Result<(), CommandError> {
    let mut found = Vec::new();
    let suite = Suite::embedded(&mut found);
    let plan = Plan::compile(&suite, &mut found);
    let (trials, requirements) = plan.map_or((0, 0), |plan| (plan.trials.len(), plan.requirements.len()));
    let profile = if cfg!(debug_assertions) { "with debug assertions" } else { "without debug assertions" };
    let mut out = out();
    writeln!(out, "okta-conformance {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "suite     {}, {trials} trials, {requirements} requirements", suite.hash())?;
    writeln!(out, "mock      embedded, with faults and TLS")?;
    writeln!(out, "build     {} for {}, {profile}", env!("BUILD_PROFILE"), env!("BUILD_TARGET"))?;
    Ok(())
}

/// Prints what a shell needs to complete commands and flags.
pub(super) fn completions(shell: Shell) -> Result<u8, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "okta-conformance", &mut script);
    format_out().write_all(&script)?;
    Ok(0)
}
