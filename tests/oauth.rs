//! Principals that are OAuth clients, through the binary and against an org of these tests: a token endpoint and an API that take nothing
//! on trust. Signatures are verified by another library than the one that makes them.

#[path = "oauth/as_client.rs"]
mod as_client;
#[path = "oauth/broken.rs"]
mod broken;
#[path = "oauth/canaries.rs"]
mod canaries;
#[path = "oauth/clients.rs"]
mod clients;
#[path = "oauth/network.rs"]
mod network;
#[path = "oauth/org.rs"]
mod org;
#[path = "oauth/proofs.rs"]
mod proofs;
#[path = "oauth/roles.rs"]
mod roles;
#[path = "oauth/secrets.rs"]
mod secrets;
#[path = "cli/server.rs"]
#[allow(dead_code, reason = "the tests of the command line use the rest")]
mod server;
#[path = "oauth/settings.rs"]
mod settings;
#[path = "cli/support.rs"]
#[allow(dead_code, reason = "the tests of the command line use the rest")]
mod support;
#[path = "oauth/tokens.rs"]
mod tokens;
