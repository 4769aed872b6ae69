//! A bad gateway in front of an org: it passes requests on or keeps them, and loses or changes what the org answers. It serves one
//! connection a thread, and closes connections in several manners.

use std::{
    io::{self, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;
use tokio::net::TcpSocket;

use super::{
    server::{Answer, Request, ask, bytes, read_request, wait_for_the_end},
    support::{PATIENCE, TOKEN},
};

/// Where servers are made and listed.
pub(crate) const SERVERS: &str = "/api/v1/authorizationServers";

/// What becomes of the connection between answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It is closed after each answer, and the answer says so.
    Said,
    /// It is closed after each answer, and no answer says so; a request that comes at that moment is lost unread.
    Unsaid,
    /// It is kept, but the second request on it is read and lost, without an answer: a race that a client loses now and then, made sure.
    LosesSecond,
}

/// What becomes of a request.
pub(crate) enum Fate {
    Answer(Answer),
    /// The answer with half of its body.
    Cut(Answer),
    /// The connection ends without an answer.
    Close,
    /// As [`Self::Close`], with a reset.
    Reset,
    /// Nothing comes until the client gives up.
    Silence,
}

/// A request at the gateway.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    /// Counts all requests, from 1.
    pub(crate) number: usize,
    org: &'a str,
}

impl Call<'_> {
    /// What the org answers.
    pub(crate) fn pass(&self) -> Answer {
        pass(self.org, self.request)
    }

    /// What the org answers to another request in its place.
    pub(crate) fn pass_as(&self, target: &str, body: &[u8]) -> Answer {
        let mut request = self.request.clone();
        target.clone_into(&mut request.target);
        body.clone_into(&mut request.body);
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        request.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        pass(self.org, &request)
    }

    /// What the org shows of a thing.
    pub(crate) fn look(&self, target: &str) -> Value {
        let authorization = format!("SSWS {TOKEN}");
        let host = self.request.header("Host").unwrap_or_default();
        let headers = [("Host", host), ("Authorization", &*authorization)];
        serde_json::from_slice(&ask(self.org, "GET", target, &headers, b"").body).unwrap_or_default()
    }

    /// Whether it is this request, whatever its query.
    pub(crate) fn is(&self, method: &str, path: &str) -> bool {
        self.request.method == method && self.path() == path
    }

    pub(crate) fn path(&self) -> &str {
        self.request.target.split('?').next().unwrap_or_default()
    }

    /// Whether it makes a server.
    pub(crate) fn makes_a_server(&self) -> bool {
        self.is("POST", SERVERS)
    }
}

/// Sends a request on, with the length that its body has.
pub(crate) fn pass(org: &str, request: &Request) -> Answer {
    let length = request.body.len().to_string();
    let kept = |name: &str| !["content-length", "connection"].contains(&name.to_lowercase().as_str());
    let headers = request.headers.iter().filter(|(name, _)| kept(name));
    let mut headers: Vec<_> = headers.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if !request.body.is_empty() || ["POST", "PUT"].contains(&request.method.as_str()) {
        headers.push(("Content-Length", &length));
    }
    ask(org, &request.method, &request.target, &headers, &request.body)
}

type Handler = dyn Fn(&Call<'_>) -> Fate + Send + Sync;

/// What all threads of a gateway share.
struct Shared {
    org: String,
    manner: Manner,
    handler: Box<Handler>,
    log: Mutex<Vec<Request>>,
    count: AtomicUsize,
    /// Requests that the org is working on.
    busy: Mutex<usize>,
    done: Condvar,
    stopping: AtomicBool,
}

/// A gateway; stops when it is dropped.
pub(crate) struct Gateway {
    pub(crate) url: String,
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Gateway {
    /// In front of `org`; `handler` decides what becomes of each request.
    pub(crate) fn start(
        org: &str,
        manner: Manner,
        handler: impl Fn(&Call<'_>) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            org: org.to_owned(),
            manner,
            handler: Box::new(handler),
            log: Mutex::default(),
            count: AtomicUsize::new(0),
            busy: Mutex::default(),
            done: Condvar::new(),
            stopping: AtomicBool::new(false),
        });
        let all = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if all.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&all)) else { return };
                // A client that goes away in the middle is what some tests are about.
                thread::spawn(move || shared.serve(stream).ok());
            }
        });
        Self { url: format!("http://{address}"), address, shared, thread: Some(thread) }
    }

    /// All requests so far, in the order in which they came.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.log.lock().expect("no panic").clone()
    }

    /// How many requests there were of a method, whose paths hold.
    pub(crate) fn count(&self, method: &str, path: impl Fn(&str) -> bool) -> usize {
        let all = self.requests();
        all.iter().filter(|request| request.method == method && path(&request.target)).count()
    }

    /// How many requests there were that are so.
    pub(crate) fn matching(&self, is: impl Fn(&Call<'_>) -> bool) -> usize {
        let all = self.requests();
        all.iter().filter(|request| is(&Call { request, number: 0, org: &self.shared.org })).count()
    }

    /// Everything that was sent and is no question.
    pub(crate) fn writes(&self) -> Vec<String> {
        let all = self.requests();
        all.iter().filter(|request| !["GET", "HEAD"].contains(&request.method.as_str())).map(Request::line).collect()
    }

    /// Waits until the org has nothing more to do.
    pub(crate) fn settle(&self) {
        let busy = self.shared.busy.lock().expect("no panic");
        drop(self.shared.done.wait_timeout_while(busy, PATIENCE, |busy| *busy > 0).expect("no panic"));
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut first = true;
        while let Some(request) = read_request(&mut reader)? {
            if self.manner == Manner::LosesSecond && !first {
                self.log.lock().expect("no panic").push(request);
                return Ok(());
            }
            first = false;
            let fate = self.decide(&stream, &request);
            let last = self.manner == Manner::Said;
            match fate {
                Fate::Answer(answer) => (&stream).write_all(&bytes(&request, &answer, last))?,
                Fate::Cut(answer) => {
                    let all = bytes(&request, &answer, last);
                    return (&stream).write_all(&all[..all.len() - answer.body.len().div_ceil(2)]);
                }
                Fate::Close => return Ok(()),
                Fate::Reset => {
                    drop(reader);
                    return TcpSocket::from_std_stream(stream).set_zero_linger();
                }
                Fate::Silence => return wait_for_the_end(&mut reader),
            }
            match self.manner {
                Manner::Said => return Ok(()),
                Manner::Unsaid => return race(&stream),
                Manner::LosesSecond => {}
            }
        }
        Ok(())
    }

    fn decide(&self, stream: &TcpStream, request: &Request) -> Fate {
        self.log.lock().expect("no panic").push(request.clone());
        *self.busy.lock().expect("no panic") += 1;
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let call = Call { request, number, org: &self.org };
        let fate = if is_gone(stream) { Fate::Close } else { (self.handler)(&call) };
        *self.busy.lock().expect("no panic") -= 1;
        self.done.notify_all();
        fate
    }
}

/// Whether the client is gone. What a killed run had sent, and what is read after its end, comes to the org no more.
fn is_gone(stream: &TcpStream) -> bool {
    let peek = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
    let gone = peek.map_or_else(|error| error.kind() != io::ErrorKind::WouldBlock, |read| read == 0);
    stream.set_nonblocking(false).is_err() || gone
}

/// Leaves the client the moment in which it may send the next request, so that the close and that request cross.
fn race(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(1)))?;
    stream.peek(&mut [0]).map(drop)
}

/// True once, to whoever asks first.
#[derive(Debug, Default)]
pub(crate) struct Once(AtomicBool);

impl Once {
    pub(crate) fn now(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}
