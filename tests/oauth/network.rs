//! How a target is reached: through a proxy, and by TLS with certificates of a CA that the system does not know.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use super::{
    org::{Org, Rules, SECRET, with_secret},
    server::Server,
    settings::{place, run},
    support::data,
};

/// Answers 200 to everything, by TLS, until the test ends.
fn tls_server() -> SocketAddr {
    let certificate = CertificateDer::from_pem_file(data("keys/tls.cert.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(data("keys/tls.key.pem")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key of the certificate");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), Ok(connection)) = (stream, ServerConnection::new(Arc::clone(&config))) else { return };
            // A client that does not trust the certificate ends the connection.
            thread::spawn(move || answer(StreamOwned::new(connection, stream)));
        }
    });
    address
}

fn answer(stream: StreamOwned<ServerConnection, TcpStream>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            let answer = b"HTTP/1.1 200 OK\r\nX-Request-Id: r1\r\nContent-Length: 2\r\n\r\n{}";
            reader.get_mut().write_all(answer).ok()?;
        }
    }
}

#[test]
fn a_ca_file_lets_a_private_target_be_reached_and_its_absence_does_not() {
    let url = format!("https://{}", tls_server());
    let place = place();
    let ca = data("keys/tls.ca.pem").display().to_string();
    let token = ("OKTA_CLIENT_TOKEN", "00-a-token");
    let key = format!("ca-file = {ca:?}");
    for (more, variables, code, said) in [
        ("", &[token][..], 2, "cannot connect"),
        (&key, &[token], 0, "1 passed"),
        ("ca-file = \"none-such\"", &[token, ("OKTA_CONFORMANCE_CA_FILE", &ca)], 0, "1 passed"),
    ] {
        place.write("okta-conformance.toml", &format!("[targets.here]\nurl = {url:?}\n{more}\n"));
        let done = run(&place, "here", variables);
        assert_eq!(done.code, code, "{more}: {done:?}");
        assert!(done.out.contains(said), "{more}: {}", done.out);
    }
}

#[test]
fn a_proxy_gets_everything() {
    let org = Org::start(Rules::default());
    let to = org.server.url.clone();
    // What a proxy is asked for is a whole URL.
    let proxy = Server::start(move |request| {
        let target = request.target.strip_prefix("http://org.example").expect("a URL of the target").to_owned();
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Some(super::server::ask(&to, &request.method, &target, &headers, &request.body))
    });
    let place = org.place(&with_secret(""), 1);
    place.write("secret", SECRET);
    let text = place.read("okta-conformance.toml");
    let (target, url) = (format!("url = {:?}", org.server.url), &proxy.url);
    place.write(
        "okta-conformance.toml",
        &text.replace(&target, &format!("url = \"http://org.example\"\nproxy = {url:?}")),
    );
    let done = run(&place, "here", &[]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(proxy.lines(), ["POST http://org.example/oauth2/v1/token", "GET http://org.example/api/0?q=1"]);
}

#[test]
fn a_ca_file_must_hold_certificates() {
    let place = place();
    place.write("okta-conformance.toml", "[targets.here]\nurl = \"https://127.0.0.1:1\"\nca-file = \"ca.pem\"\n");
    let done = run(&place, "here", &[]);
    assert_eq!((done.code, done.err.contains("cannot read ca.pem")), (3, true), "{done:?}");
    for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        place.write("ca.pem", text);
        let done = run(&place, "here", &[("OKTA_CLIENT_TOKEN", "00-a-token")]);
        assert_eq!(done.code, 3, "{text}: {done:?}");
        assert!(
            done.err.contains("the CA file holds no certificates in PEM") || done.err.contains("HTTP client"),
            "{done:?}"
        );
    }
}
