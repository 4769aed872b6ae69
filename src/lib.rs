//! Holds an API to its word: a contract and conformance test harness for Okta's Authorization Servers management API.
//!
//! The flow, in the order of the modules that do it:
//! 1. [`suite`] reads cases, schemas, operations and requirements, each with its place in its file;
//! 2. [`plan`] compiles them into trials: the last place where a user's mistake can be found;
//! 3. [`targets`] opens what they run against: the embedded mock ([`okta_mock`]), or a real org by [`settings`];
//! 4. [`run`] runs them, each with its fixtures and clean-up, and tells all that happens as [`event`]s;
//! 5. [`report`] folds events into what people and machines read.
//!
//! [`verify`] judges recorded traffic by the same contract, [`recheck`] what a stream of events holds by its own cases. The mock is a crate of its own that shares no code with this one: the two are
//! independent readings of how the real service behaves, and meet over TCP.

pub mod age;
mod brief;
pub mod bundle;
mod catalogue;
mod check;
pub mod cli;
mod counted;
pub mod diagnostic;
mod difference;
mod duration;
pub mod event;
mod file;
pub mod finding;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod http;
mod identifier;
mod json;
mod jwt;
pub mod known;
pub mod ledger;
mod level;
mod matcher;
pub mod mutants;
mod naming;
mod path;
pub mod plan;
mod pointer;
pub mod recheck;
pub mod recording;
pub mod replay;
pub mod report;
pub mod run;
mod schema;
pub mod secret;
pub mod settings;
mod sightings;
mod signature;
pub mod snapshot;
mod status;
pub mod suite;
pub mod sweep;
pub mod targets;
mod template;
pub mod verify;
mod volume;
mod yaml;

pub use level::Level;
