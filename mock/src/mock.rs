//! A running mock: starting it, asking it things, ending it. Owns its life; what it answers is `dispatch`'s.

use std::{future::Future, io, net::SocketAddr, sync::Arc, sync::mpsc, thread, time::Duration};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    dispatch::{self, Shared},
    log::Received,
    settings::{Builder, Settings},
    socket::{self, Door},
    start::StateError,
};

/// How long requests under way may take to finish once the mock was told to stop.
const GRACE: Duration = Duration::from_millis(500);

/// A mock that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A state that cannot be read, or that contradicts itself.
    #[error(transparent)]
    State(#[from] StateError),
    /// No address to listen on, and the like.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A running mock. Dropping it cuts all connections; [`Mock::stop`] lets requests under way finish first.
pub struct Mock {
    address: SocketAddr,
    shared: Arc<Shared>,
    stopping: CancellationToken,
    severed: CancellationToken,
    ended: CancellationToken,
    /// The thread that serves, of a mock that has one of its own.
    thread: Option<thread::JoinHandle<()>>,
}

impl std::fmt::Debug for Mock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mock").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Mock {
    /// What a mock can be told before it starts.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Listens at the address of the settings and serves from then on, as a task of the runtime that this is called in.
    ///
    /// # Errors
    /// A state that contradicts itself, or an address that cannot be listened on.
    #[expect(clippy::unused_async, reason = "callers need not know that listening does not wait")]
    pub async fn start(settings: Settings) -> Result<Mock, StartError> {
        let (mock, serving) = Mock::open(settings)?;
        tokio::spawn(serving);
        Ok(mock)
    }

    /// As [`Mock::start`], on a thread of its own: the caller needs no runtime.
    ///
    /// # Errors
    /// As [`Mock::start`].
    pub fn start_blocking(settings: Settings) -> Result<Mock, StartError> {
        let (started, start) = mpsc::channel();
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
        let thread = thread::Builder::new().name("okta-mock".to_owned()).spawn(move || {
            let runtime = match runtime() {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(error.into()))),
            };
            runtime.block_on(async {
                match Mock::open(settings) {
                    Ok((mock, serving)) => {
                        let _ = started.send(Ok(mock));
                        serving.await;
                    }
                    Err(error) => drop(started.send(Err(error))),
                }
            });
        })?;
        let ended = |_| io::Error::other("the thread of the mock ended before it listened");
        let mut mock = start.recv().map_err(ended)??;
        mock.thread = Some(thread);
        Ok(mock)
    }

    /// The mock, and what serves it until it is stopped.
    fn open(settings: Settings) -> Result<(Mock, impl Future<Output = ()> + Send), StartError> {
        let listener = socket::listen(settings.bind)?;
        let address = listener.local_addr()?;
        let [stopping, severed, ended] = std::array::from_fn(|_| CancellationToken::new());
        let shared = Arc::new(Shared::new(settings, address, severed.clone())?);
        let mock = Mock {
            address,
            shared: Arc::clone(&shared),
            stopping: stopping.clone(),
            severed: severed.clone(),
            ended: ended.clone(),
            thread: None,
        };
        let serving = async move {
            let _ended = ended.drop_guard();
            let door = Door::new(listener, severed.clone());
            let mut serving = std::pin::pin!(dispatch::serve(shared, door, stopping.clone().cancelled_owned()));
            tokio::select! {
                _ = &mut serving => return,
                () = stopping.cancelled() => {}
            }
            if timeout(GRACE, &mut serving).await.is_err() {
                // Whoever is still connected now sends too slowly or never; cutting the socket ends its task.
                severed.cancel();
                let _ = timeout(GRACE, serving).await;
            }
        };
        Ok((mock, serving))
    }

    /// The base URL, such as `http://127.0.0.1:49152`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes the org what it was at the start and forgets the requests that were received. Identifiers and times are those
    /// of the start again if there is a seed; otherwise those that are given out from now on are new.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// The requests that were received since the start or the last reset, the oldest first; the latest only if they were
    /// more than the mock was told to keep.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.log().all()
    }

    /// Stops within about a second: idle connections are closed at once, requests under way get half a second.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.ended.cancelled().await;
    }

    /// Serves until `shutdown` completes, then stops as [`Mock::stop`] does.
    pub async fn serve_until(self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
        self.stop().await;
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.severed.cancel();
        if let Some(thread) = self.thread.take() {
            // It has panicked, if anything, and said so.
            let _ = thread.join();
        }
    }
}
