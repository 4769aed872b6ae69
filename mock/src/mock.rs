//! A running mock: starting it, asking it things, ending it. Owns its life; what it answers is `dispatch`'s.

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

#[cfg(feature = "tls")]
use super::tls::{Identity, TlsDoor};
use super::{
    dispatch::{self, Shared},
    log::Received,
    settings::{Builder, Settings},
    socket::{self, Door},
    source::{self, ClockError},
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
    url: String,
    admin: Option<SocketAddr>,
    #[cfg(feature = "tls")]
    authority: Option<String>,
    shared: Arc<Shared>,
    stopping: CancellationToken,
    severed: CancellationToken,
    ended: CancellationToken,
    /// The thread that serves, of a mock that has one of its own.
    thread: Option<thread::JoinHandle<()>>,
}

impl std::fmt::Debug for Mock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mock").field("url", &self.url).finish_non_exhaustive()
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
        let admin = settings.admin_port.map(|port| socket::listen((Ipv4Addr::LOCALHOST, port).into())).transpose()?;
        let [stopping, severed, ended] = std::array::from_fn(|_| CancellationToken::new());
        #[cfg(feature = "tls")]
        let identity = settings.tls.as_ref().map(|tls| Identity::new(address, &tls.names)).transpose()?;
        #[cfg(feature = "tls")]
        let scheme = if identity.is_some() { "https" } else { "http" };
        #[cfg(not(feature = "tls"))]
        let scheme = "http";
        let shared = Arc::new(Shared::new(settings, scheme, address, severed.clone())?);
        let mock = Mock {
            url: format!("{scheme}://{address}"),
            admin: admin.as_ref().map(TcpListener::local_addr).transpose()?,
            #[cfg(feature = "tls")]
            authority: identity.as_ref().map(|identity| identity.authority.clone()),
            shared: Arc::clone(&shared),
            stopping: stopping.clone(),
            severed: severed.clone(),
            ended: ended.clone(),
            thread: None,
        };
        let (door, told) = (Door::new(listener, severed.clone()), stopping.clone());
        let beside = serve_admin(admin, Arc::clone(&shared), severed.clone(), stopping.clone());
        let org = async move {
            #[cfg(feature = "tls")]
            if let Some(identity) = identity {
                return dispatch::serve(shared, TlsDoor::new(door, &identity), told.cancelled_owned()).await;
            }
            dispatch::serve(shared, door, told.cancelled_owned()).await
        };
        let serving = async move {
            let _ended = ended.drop_guard();
            let mut serving = std::pin::pin!(async { tokio::join!(org, beside) });
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
        self.url.clone()
    }

    /// The base URL of the port for tests that steer the mock, if it has one.
    pub fn admin_url(&self) -> Option<String> {
        self.admin.map(|address| format!("http://{address}"))
    }

    /// The certificate, as PEM, that clients of a mock with HTTPS have to trust.
    #[cfg(feature = "tls")]
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// Moves the clock on, for all that expires and rotates. Parts of a second do not count.
    ///
    /// # Errors
    /// A clock that would go beyond the year 2200.
    pub fn advance(&self, by: Duration) -> Result<(), ClockError> {
        self.shared.advance(source::seconds(by))
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

/// Serves the port for tests that steer the mock, if there is one.
async fn serve_admin(
    listener: Option<TcpListener>,
    shared: Arc<Shared>,
    severed: CancellationToken,
    stopping: CancellationToken,
) -> io::Result<()> {
    match listener {
        Some(listener) => dispatch::serve_admin(shared, Door::new(listener, severed), stopping.cancelled_owned()).await,
        None => Ok(()),
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
