//! Signals: the first stops a run gently, the second at once.

use std::future::pending;

use crate::{cli::out::tell, event::Stop, run::Stopper};

/// The first signal stops what goes on gently; this ends with the second.
pub(in crate::cli) async fn interrupted_twice(stopper: &Stopper) {
    let mut signals = Signals::listen();
    let why = signals.next().await;
    tell("interrupted: cleaning up (interrupt again to stop immediately)");
    stopper.stop(why);
    signals.next().await;
}

/// The second signal ends a run; the run itself comes to its end then, so this never does.
pub(super) async fn obeyed(stopper: &Stopper) {
    interrupted_twice(stopper).await;
    stopper.end_at_once();
    pending::<()>().await;
}

#[cfg(unix)]
struct Signals {
    terminate: Option<tokio::signal::unix::Signal>,
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { terminate: signal(SignalKind::terminate()).ok(), hangup: signal(SignalKind::hangup()).ok() }
    }

    async fn next(&mut self) -> Stop {
        async fn received(signal: Option<&mut tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => pending().await,
            }
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => Stop::Interrupt,
            () = received(self.terminate.as_mut()) => Stop::Terminate,
            // A terminal that is closed is as good as an interrupt.
            () = received(self.hangup.as_mut()) => Stop::Interrupt,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) -> Stop {
        drop(tokio::signal::ctrl_c().await);
        Stop::Interrupt
    }
}
