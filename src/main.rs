//! The binary: hands over to the command line and its exit code back.

use std::process::ExitCode;

/// A run makes and drops a few million small values; this takes a third of the time that the system's allocator does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    okta_conformance::cli::main()
}
