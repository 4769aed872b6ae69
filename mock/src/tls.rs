//! HTTPS: a certificate made at start, and the authority that signed it, which clients must trust. Owns both, and the connections.

use std::{
    future::Future as _,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::serve::Listener;
use chrono::{Datelike as _, Days, NaiveDate, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{
    Accept, TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
    server::TlsStream,
};

use super::socket::{Door, Socket};

/// For how many days a certificate is good. Some clients refuse more than 398 days.
const DAYS: u64 = 365;

/// What the mock proves itself with.
pub(super) struct Identity {
    /// The authority, for clients to trust.
    pub(super) authority: String,
    acceptor: TlsAcceptor,
}

impl Identity {
    /// For `localhost`, the loopback addresses, the address that the mock listens on, and these names.
    pub(super) fn new(address: SocketAddr, names: &[String]) -> io::Result<Identity> {
        let today = Utc::now().date_naive();
        let own = ["localhost", "127.0.0.1", "::1"].into_iter().map(str::to_owned);
        let bound = (!address.ip().is_unspecified()).then(|| address.ip().to_string());
        let mut names: Vec<String> = own.chain(bound).chain(names.iter().cloned()).collect();
        names.sort();
        names.dedup();
        let (key, issuer, authority) = authority(today).map_err(io::Error::other)?;
        let leaf = leaf(today, names).and_then(|params| params.signed_by(&key, &issuer)).map_err(io::Error::other)?;
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], private)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Identity { authority, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

/// A key for the mock, an authority, and its certificate as PEM.
fn authority(today: NaiveDate) -> Result<(KeyPair, Issuer<'static, KeyPair>, String), rcgen::Error> {
    let mut params = CertificateParams::default();
    set_dates(&mut params, today);
    params.distinguished_name.push(DnType::CommonName, "okta-mock test CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((KeyPair::generate()?, Issuer::new(params, key), pem))
}

fn leaf(today: NaiveDate, names: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    set_dates(&mut params, today);
    params.distinguished_name.push(DnType::CommonName, "okta-mock");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// From yesterday on, as clocks differ.
fn set_dates(params: &mut CertificateParams, today: NaiveDate) {
    let moment = |day: Option<NaiveDate>| {
        let day = day.unwrap_or(today);
        let number = |number: u32| u8::try_from(number).unwrap_or(1);
        rcgen::date_time_ymd(day.year(), number(day.month()), number(day.day()))
    };
    params.not_before = moment(today.pred_opt());
    params.not_after = moment(today.checked_add_days(Days::new(DAYS)));
}

/// Accepts connections that are encrypted.
pub(super) struct TlsDoor {
    door: Door,
    acceptor: TlsAcceptor,
}

impl TlsDoor {
    pub(super) fn new(door: Door, identity: &Identity) -> Self {
        TlsDoor { door, acceptor: identity.acceptor.clone() }
    }
}

impl Listener for TlsDoor {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (socket, peer) = self.door.accept().await;
        (Connection::Greeting(Box::new(self.acceptor.accept(socket))), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.door.local_addr()
    }
}

/// A connection, which greets when it is first read or written: a slow client then keeps nobody else waiting.
pub(super) enum Connection {
    Greeting(Box<Accept<Socket>>),
    Open(Box<TlsStream<Socket>>),
    /// The client does not speak TLS, or does not trust the certificate.
    Failed,
}

impl Connection {
    fn stream(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut TlsStream<Socket>>>> {
        if let Connection::Greeting(greeting) = self {
            *self = match ready!(Pin::new(greeting.as_mut()).poll(cx)) {
                Ok(stream) => Connection::Open(Box::new(stream)),
                Err(_) => Connection::Failed,
            };
        }
        Poll::Ready(match self {
            Connection::Open(stream) => Ok(Pin::new(stream.as_mut())),
            Connection::Greeting(_) | Connection::Failed => Err(io::ErrorKind::ConnectionAborted.into()),
        })
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.stream(cx))?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.stream(cx))?.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Connection::Greeting(_) | Connection::Failed => Poll::Ready(Ok(())),
            Connection::Open(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Connection::Greeting(_) | Connection::Failed => Poll::Ready(Ok(())),
            Connection::Open(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}
