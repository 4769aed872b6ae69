//! An Okta org in memory, served over TCP.
//!
//! Owns its public face (settings, start and stop) and the list of the operations it serves. What a request means is in
//! `dispatch`, each resource has a file of its own, and what goes over the wire is in `wire`. Nothing here knows the
//! harness: the two are independent readings of the same service and meet over TCP only.
//!
//! Comments name the evidence of each behaviour: *recorded* (seen in traffic of the real service), *spec* (vendor's
//! `OpenAPI` document), *docs* (vendor's documentation), *inferred* (nothing settles it; our reading).

mod auth;
mod body;
mod call;
mod changes;
mod claims;
mod clients;
mod dispatch;
mod dpop;
mod fault;
mod keys;
mod limits;
mod links;
mod metadata;
mod once;
mod order;
mod paging;
mod people;
mod plant;
mod policies;
mod resource_keys;
mod routes;
mod rows;
mod rules;
mod scopes;
mod servers;
mod settings;
mod socket;
mod source;
pub mod start;
mod state;
mod token;
mod wire;

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::handler::Handler as _;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use self::{dispatch::Shared, routes::Operation, socket::Door};
pub use self::{
    fault::{Fault, Kind as FaultKind, faults},
    plant::StateError,
    settings::{IssuerMode, Settings, Token, TokenKind},
    start::State,
};

/// How long requests under way may take to finish once the mock was told to stop.
const GRACE: Duration = Duration::from_millis(500);

/// All operations, one list a resource. A new resource is a file and a line here.
const OPERATIONS: &[&[Operation]] = &[
    servers::OPERATIONS,
    scopes::OPERATIONS,
    claims::OPERATIONS,
    policies::OPERATIONS,
    rules::OPERATIONS,
    clients::OPERATIONS,
    keys::OPERATIONS,
    resource_keys::OPERATIONS,
    metadata::OPERATIONS,
    token::OPERATIONS,
];

/// The names of all operations: the operationIds of the spec, and names of our own for what the spec does not list.
pub fn operations() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().copied().flatten().map(|operation| operation.name)
}

/// A running mock. Dropping it cuts all connections; [`Mock::stop`] lets requests under way finish first.
#[derive(Debug)]
pub struct Mock {
    address: SocketAddr,
    stopping: CancellationToken,
    severed: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl Mock {
    /// Binds the address of the settings and serves from then on. A state that contradicts itself is an error of the
    /// kind [`io::ErrorKind::InvalidInput`].
    #[expect(clippy::unused_async, reason = "callers need not know that listening does not wait")]
    pub async fn start(settings: Settings) -> io::Result<Mock> {
        let listener = socket::listen(settings.bind)?;
        let address = listener.local_addr()?;
        let stopping = CancellationToken::new();
        let severed = CancellationToken::new();
        let shared = Shared::new(settings, address, severed.clone());
        let shared = Arc::new(shared.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?);
        let service = dispatch::answer.with_state(shared);
        let door = Door::new(listener, severed.clone());
        let told = stopping.clone().cancelled_owned();
        let task = tokio::spawn(async move { axum::serve(door, service).with_graceful_shutdown(told).await });
        Ok(Mock { address, stopping, severed, task })
    }

    /// The base URL, such as `http://127.0.0.1:49152`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops within about a second: idle connections are closed at once, requests under way get half a second.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        if timeout(GRACE, &mut self.task).await.is_err() {
            // Whoever is still connected now sends too slowly or never; cutting the socket ends its task.
            self.severed.cancel();
            if timeout(GRACE, &mut self.task).await.is_err() {
                self.task.abort();
            }
        }
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
    }
}
