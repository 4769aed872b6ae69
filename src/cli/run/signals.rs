//! Signals: the first stops a run gently, the second at once.

use std::io::{self, Write};

use crate::{event::Stop, run::Stopper};

/// The first signal stops the run gently; this ends with the second.
pub(in crate::cli) async fn interrupted_twice(stopper: &Stopper) {
    signal().await;
    let _ = writeln!(io::stderr(), "interrupted: cleaning up (once more to stop at once)");
    stopper.stop(Stop::Interrupt);
    signal().await;
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    // A terminal that is closed is as good as an interrupt.
    match (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
        (Ok(mut terminate), Ok(mut hangup)) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        }
        _ => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn signal() {
    drop(tokio::signal::ctrl_c().await);
}
