//! HTTPS with a certificate of the mock's own.

use okta_mock::{Settings, Tls};
use reqwest::{Certificate, Client, redirect::Policy};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{Org, PATIENCE, settings};

async fn org(names: &[&str]) -> (Org, Client) {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let org = Org::with(Settings { tls: Some(Tls { names }), admin_port: Some(0), ..settings() }).await;
    let authority = org.mock.authority().expect("an authority").as_bytes();
    let authority = Certificate::from_pem(authority).expect("a certificate");
    let address = org.mock.url().replace("https://", "").parse().expect("an address");
    let client = Client::builder()
        .tls_certs_only([authority])
        .resolve("okta.test", address)
        .no_proxy()
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .build();
    (org, client.expect("a client"))
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_is_served() {
    let (org, client) = org(&["okta.test"]).await;
    let port = org.mock.url().rsplit(':').next().expect("a port").to_owned();
    for host in ["127.0.0.1", "localhost", "okta.test"] {
        let issuer = format!("https://{host}:{port}/oauth2/default");
        let reply = org.send(client.get(format!("{issuer}/.well-known/openid-configuration"))).await;
        assert_eq!((reply.status, reply.json()["issuer"].clone()), (200, issuer.into()));
    }
    assert!(org.mock.admin_url().expect("an admin port").starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn others_are_not_and_keep_nobody_waiting() {
    let (org, client) = org(&[]).await;
    let url = format!("{}/oauth2/default/v1/keys", org.mock.url());
    assert!(org.client.get(&url).send().await.is_err(), "the authority is not trusted");
    let address = org.mock.url().replace("https://", "");
    let mut silent = TcpStream::connect(&address).await.expect("a connection");
    let mut plain = TcpStream::connect(&address).await.expect("a connection");
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("sent");
    silent.write_all(&[22, 3]).await.expect("sent");
    assert_eq!(org.send(client.get(&url)).await.status, 200);
    org.mock.stop().await;
}
