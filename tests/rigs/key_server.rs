//! Small server of the tests that speaks the documented requests of Google Cloud KMS and Azure Key Vault,
//! of which no real server can be had here. It encrypts for real, and answers with a fault when it is
//! asked to.

mod azure;
mod google;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use self::{azure::AzureKeys, google::GoogleKeys};

/// A server. It serves for as long as this process lives.
pub struct KeyServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    fault: Option<Answered>,
    seen: Vec<String>,
    google: GoogleKeys,
    azure: AzureKeys,
}

/// An answer.
#[derive(Clone)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// Further lines of the head, each with its end.
    pub head: String,
    /// The body.
    pub body: String,
}

/// A request.
struct Asked {
    target: String,
    authorization: String,
    body: String,
}

impl KeyServer {
    /// Starts one.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = serve(stream, &shared);
            }
        });
        Self { address, state }
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Has it answer every request so, or by itself again.
    pub fn fault(&self, fault: Option<Answered>) {
        lock(&self.state).fault = fault;
    }

    /// Adds a version to its key of Azure, which new keys are wrapped under.
    pub fn rotate_azure(&self) {
        lock(&self.state).azure.rotate();
    }

    /// Returns the targets of all requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        lock(&self.state).seen.clone()
    }
}

impl Answered {
    /// An answer with this status and body.
    #[must_use]
    pub fn new(status: u16, body: &str) -> Self {
        Self { status, head: String::new(), body: body.to_owned() }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut authorization) = (0, String::new());
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, text)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = text.parse().unwrap_or_default(),
            "authorization" => text.clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let answered = answer(&mut lock(state), &Asked { target, authorization, body });
    let Answered { status, head, body } = answered;
    let length = body.len();
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n{head}\r\n{body}"
    )
}

fn answer(state: &mut State, asked: &Asked) -> Answered {
    state.seen.push(asked.target.clone());
    if let Some(fault) = &state.fault {
        return fault.clone();
    }
    match asked.target.as_str() {
        target if target.starts_with("/v1/projects/") => state.google.answer(asked),
        _ => state.azure.answer(asked),
    }
}
