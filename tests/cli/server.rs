//! A small HTTP server on threads, and a client for one request: targets whose every byte is a test's own.

use std::{
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use serde_json::Value;

use super::support::PATIENCE;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query as they stand in the request line.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Method and path, the way that tests compare them.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// An answer as it goes out, or came in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// With the general header that the suite of things asks for.
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![], body: body.into() }.header("X-Request-Id", "r1")
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, body.to_string()).header("Content-Type", "application/json")
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Handler = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

/// A server; stops when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    address: SocketAddr,
    log: Arc<Mutex<Vec<Request>>>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers every request with what `handler` makes of it; `None` is no answer at all, until the client gives up.
    pub(crate) fn start(handler: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let log = Arc::new(Mutex::new(Vec::new()));
        let stopping = Arc::new(AtomicBool::new(false));
        let (handler, all, stop): (Arc<Handler>, _, _) = (Arc::new(handler), Arc::clone(&log), Arc::clone(&stopping));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), handler, log) = (stream, Arc::clone(&handler), Arc::clone(&all)) else { return };
                // A client that goes away in the middle is what some tests are about.
                thread::spawn(move || serve(&stream, handler.as_ref(), &log).ok());
            }
        });
        Self { url: format!("http://{address}"), address, log, stopping, thread: Some(thread) }
    }

    /// Answers all requests alike.
    pub(crate) fn always(answer: Answer) -> Self {
        Self::start(move |_| Some(answer.clone()))
    }

    /// In front of another server, whose answers `change` may alter.
    pub(crate) fn proxy(to: &str, change: impl Fn(&Request, &mut Answer) + Send + Sync + 'static) -> Self {
        let to = to.to_owned();
        Self::start(move |request| {
            let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let mut answer = ask(&to, &request.method, &request.target, &headers, &request.body);
            change(request, &mut answer);
            Some(answer)
        })
    }

    /// All requests so far, in the order in which they came.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.log.lock().expect("no panic").clone()
    }

    /// Their methods and paths.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(stream: &TcpStream, handler: &Handler, log: &Mutex<Vec<Request>>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let request = read_request(&mut reader)?.unwrap_or_default();
    log.lock().expect("no panic").push(request.clone());
    let Some(answer) = handler(&request) else {
        return wait_for_the_end(&mut reader);
    };
    (&mut &*stream).write_all(&bytes(&request, &answer, true))
}

/// Ends when the client closes the connection.
pub(crate) fn wait_for_the_end(reader: &mut impl io::BufRead) -> io::Result<()> {
    reader.read_line(&mut String::new()).map(drop)
}

/// The next request of a connection; none when the client has closed it.
pub(crate) fn read_request(reader: &mut impl io::BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers = read_headers(reader)?;
    let mut body = vec![0; length(&headers).unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { method, target, headers, body }))
}

/// An answer as it goes out; one that is the last of its connection may say so.
pub(crate) fn bytes(request: &Request, answer: &Answer, last: bool) -> Vec<u8> {
    let connection = if last { "Connection: close\r\n" } else { "" };
    let mut all = format!("HTTP/1.1 {} Whatever\r\n{connection}", answer.status).into_bytes();
    for (name, value) in &answer.headers {
        if !["content-length", "connection", "transfer-encoding"].contains(&name.to_lowercase().as_str()) {
            all.extend(format!("{name}: {value}\r\n").into_bytes());
        }
    }
    let empty = request.method == "HEAD" || answer.status == 204;
    if !empty {
        all.extend(format!("Content-Length: {}\r\n", answer.body.len()).into_bytes());
    }
    all.extend(b"\r\n");
    if !empty {
        all.extend(&answer.body);
    }
    all
}

fn read_headers(reader: &mut impl io::BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Ok(headers) };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

fn length(headers: &[(String, String)]) -> Option<usize> {
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    value.parse().ok()
}

/// Sends one request and reads the whole answer.
pub(crate) fn ask(url: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let host = url.strip_prefix("http://").expect("a URL of http");
    let mut stream = TcpStream::connect(host).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        let _ = write!(head, "Host: {host}\r\n");
    }
    for (name, value) in headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("connection")) {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).expect("the request goes out");
    // The target may refuse the head before it has read the body.
    let _ = stream.write_all(body);
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).expect("an answer");
    let status = line.split_whitespace().nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let headers = read_headers(&mut reader).expect("headers");
    let mut body = Vec::new();
    reader.read_to_end(&mut body).expect("a body");
    Answer { status, headers, body }
}
