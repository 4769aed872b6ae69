//! What people use who test against the mock: starting, resetting, what was received, ending.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use okta_mock::{Mock, StartError, Token};

const STATE: &str = "servers: [{ id: ausOrders, name: Orders, audiences: ['api://orders'] }]";

/// What the mock answers, by a client that knows nothing.
fn ask(mock: &Mock, method: &str, path: &str, authorization: &str, body: &str) -> String {
    let address = mock.url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).expect("a connection");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn status(mock: &Mock, method: &str, tail: &str) -> String {
    let path = format!("/api/v1/authorizationServers{tail}");
    ask(mock, method, &path, "SSWS t", "").split(' ').nth(1).expect("a status").to_owned()
}

/// The identifier of a server that is made now.
fn made(mock: &Mock) -> String {
    let body = r#"{"name":"n","audiences":["a"]}"#;
    let answer = ask(mock, "POST", "/api/v1/authorizationServers", "SSWS t", body);
    let (_, rest) = answer.split_once("{\"id\":\"").expect("an id");
    rest.split('"').next().expect("an id").to_owned()
}

#[test]
fn a_reset_brings_the_start_back() {
    let mock = Mock::builder().token("t").state(STATE).seed(7).start_blocking().expect("a mock");
    let first = made(&mock);
    assert_eq!(status(&mock, "DELETE", "/ausOrders"), "204");
    assert_eq!(status(&mock, "GET", "/ausOrders"), "404");
    mock.reset();
    assert!(mock.requests().is_empty());
    assert_eq!(status(&mock, "GET", "/ausOrders"), "200");
    assert_eq!(status(&mock, "GET", &format!("/{first}")), "404");
    // All is repeated with a seed, identifiers too.
    assert_eq!(made(&mock), first);
}

#[test]
fn without_a_seed_nothing_is_given_out_twice() {
    let mock = Mock::builder().token("t").start_blocking().expect("a mock");
    let first = made(&mock);
    mock.reset();
    assert_ne!(made(&mock), first);
}

#[test]
fn what_was_received_is_told_as_it_was_sent() {
    let mock = Mock::builder().token("t").access_token("a", ["okta.users.read"]).start_blocking().expect("a mock");
    ask(&mock, "PUT", "/api/v1/authorizationServers/x%20y?a=b%20c", "Bearer a", "{\"name\": 1}");
    let [request] = &mock.requests()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("PUT", "/api/v1/authorizationServers/x%20y"));
    assert_eq!((request.query.as_deref(), request.body.as_slice()), (Some("a=b%20c"), &b"{\"name\": 1}"[..]));
    assert_eq!((request.header("AUTHORIZATION"), request.header("x-none")), (Some("Bearer a"), None));
}

#[test]
fn the_latest_requests_are_kept_and_no_more() {
    let mut settings = Mock::builder().credential(Token::ssws("t")).settings().expect("settings");
    settings.log = 2;
    let mock = Mock::start_blocking(settings).expect("a mock");
    for tail in ["/1", "/2", "/3"] {
        status(&mock, "GET", tail);
    }
    let paths: Vec<String> = mock.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/api/v1/authorizationServers/2", "/api/v1/authorizationServers/3"]);
}

#[test]
fn a_mock_that_is_dropped_listens_no_more() {
    let mock = Mock::builder().start_blocking().expect("a mock");
    let address = mock.url().replace("http://", "");
    let held = TcpStream::connect(&address).expect("a connection");
    drop(mock);
    assert!(TcpStream::connect(&address).is_err());
    assert_eq!((&held).read(&mut [0]).unwrap_or(0), 0, "what was open is closed");
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut settings = Mock::builder().settings().expect("settings");
    settings.bind = taken.local_addr().expect("an address");
    assert!(matches!(Mock::start_blocking(settings), Err(StartError::Io(_))));
}

#[cfg(feature = "faults")]
#[test]
fn a_fault_acts_and_its_turns_begin_anew_with_a_reset() {
    let every = "get-authorization-server/unsteady/each-2nd";
    let fault = okta_mock::faults().into_iter().find(|fault| fault.name == every).expect("a fault");
    let mock = Mock::builder().token("t").fault(fault).start_blocking().expect("a mock");
    let turns = || [status(&mock, "GET", "/default"), status(&mock, "GET", "/default")];
    assert_eq!(turns(), ["200", "400"]);
    assert_eq!(status(&mock, "GET", "/default"), "200");
    mock.reset();
    assert_eq!(turns(), ["200", "400"]);
}
