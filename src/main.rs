//! The binary: hands over to the command line and its exit code back.

use std::process::ExitCode;

fn main() -> ExitCode {
    okta_conformance::cli::main()
}
