//! The codec server among hostile clients, all at once: every honest call is served.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::JoinHandle,
    time::Duration,
};

use cloakroom::{Cloakroom, CloakroomBuilder, Context, Payload};
use cloakroom_temporal::{
    json,
    server::{Auth, CodecServer, ServerSettings},
};
use cloakroom_tests::{PATIENCE, compile_cache, noise, plain, wait_until};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::aws_lc_rs,
    pki_types::ServerName,
};
use tokio::net::{TcpListener, TcpSocket};

use super::{
    client::{Answer, parse},
    text,
};

const TOKEN: &str = "authorization: Bearer a secret of operators\r\n";

/// Where the attackers come from. The honest client has an address of its own.
const ATTACKER: [u8; 4] = [127, 0, 0, 66];

/// Encodings, decodings and probes that must be served, one after the other.
const CALLS: usize = 12;

/// Attempts that one honest call may take. After a failed one the client waits one second, which is
/// also the server's `Retry-After`.
const TURNS: usize = 60;

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// The server, and what clients need to reach it.
#[derive(Clone)]
struct Target {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    runtime: tokio::runtime::Handle,
    is_over: Arc<AtomicBool>,
    /// Attacks of each kind that were begun.
    attacks: Arc<[AtomicUsize; ATTACKS.len()]>,
}

impl Target {
    fn tcp(&self, from: [u8; 4]) -> io::Result<TcpStream> {
        let connected = self.runtime.block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.bind((from, 0).into())?;
            socket.connect(self.address).await?.into_std()
        })?;
        connected.set_nonblocking(false)?;
        connected.set_read_timeout(Some(PATIENCE))?;
        connected.set_write_timeout(Some(PATIENCE))?;
        Ok(connected)
    }

    fn tls(&self, from: [u8; 4]) -> io::Result<Tls> {
        let name = ServerName::try_from("localhost").unwrap();
        let client = ClientConnection::new(self.tls.clone(), name).map_err(io::Error::other)?;
        Ok(StreamOwned::new(client, self.tcp(from)?))
    }

    fn is_over(&self) -> bool {
        self.is_over.load(SeqCst)
    }

    /// Sends one request and reads the answer to its end.
    fn ask(&self, from: [u8; 4], head: &str, body: &[u8]) -> io::Result<Answer> {
        let mut stream = self.tls(from)?;
        let length = body.len();
        let head = format!(
            "{head}host: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        // Whoever refuses early may hang up before it has read everything.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        parse(&answer)
            .ok_or_else(|| read.err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()))
    }
}

/// Requests of the attackers.
struct Ammunition {
    bombs: String,
    forged: String,
    honest: String,
}

type Attack = fn(&Target, &Ammunition) -> io::Result<()>;

const ATTACKS: [(&str, Attack); 8] = [
    ("half-open TLS", half_open_tls),
    ("slow heads", slow_heads),
    ("slow bodies", slow_bodies),
    ("never reading", never_reading),
    ("bombs", |target, with| target.attack("/decode", TOKEN, with.bombs.as_bytes())),
    ("empty objects", |target, _| {
        let body = format!("{{\"payloads\":[{}{{}}]}}", "{},".repeat(100_000));
        target.attack("/encode", TOKEN, body.as_bytes())
    }),
    ("forged references", |target, with| target.attack("/decode", TOKEN, with.forged.as_bytes())),
    ("wrong tokens", |target, with| {
        target.attack("/decode", "authorization: Bearer of another\r\n", with.honest.as_bytes())
    }),
];

impl Target {
    fn attack(&self, path: &str, token: &str, body: &[u8]) -> io::Result<()> {
        let head = format!("POST {path} HTTP/1.1\r\n{token}");
        self.ask(ATTACKER, &head, body).map(drop)
    }

    /// Keeps a connection until the server ends it, or everything is over.
    fn linger(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_millis(50)))?;
        let mut stream = stream;
        while !self.is_over() {
            match stream.read(&mut [0; 4096]) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The first bytes of a handshake, and nothing more.
fn half_open_tls(target: &Target, _: &Ammunition) -> io::Result<()> {
    let mut stream = target.tcp(ATTACKER)?;
    stream.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00])?;
    target.linger(&stream)
}

fn slow_heads(target: &Target, _: &Ammunition) -> io::Result<()> {
    let mut stream = target.tls(ATTACKER)?;
    stream.write_all(b"POST /decode HTTP/1.1\r\nhost: localhost\r\nx-")?;
    stream.flush()?;
    target.linger(&stream.sock)
}

fn slow_bodies(target: &Target, _: &Ammunition) -> io::Result<()> {
    let mut stream = target.tls(ATTACKER)?;
    let head = format!(
        "POST /decode HTTP/1.1\r\nhost: localhost\r\n{TOKEN}transfer-encoding: chunked\r\n\r\n1\r\n{{\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.flush()?;
    target.linger(&stream.sock)
}

/// Asks for more than sockets hold, and reads nothing.
fn never_reading(target: &Target, with: &Ammunition) -> io::Result<()> {
    let mut stream = target.tls(ATTACKER)?;
    stream.sock.set_write_timeout(Some(Duration::from_millis(50)))?;
    let length = with.honest.len();
    let head = format!(
        "POST /encode HTTP/1.1\r\nhost: localhost\r\n{TOKEN}content-length: {length}\r\n\r\n"
    );
    let request = [head.as_bytes(), with.honest.as_bytes()].concat();
    while !target.is_over() {
        match stream.write_all(&request) {
            Ok(()) => {}
            // Its own sockets are full, and it still reads nothing: writing waits for 50 ms.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let give_up = stream.sock.peek(&mut [0]).is_ok_and(|read| read == 0);
                if give_up || stream.sock.take_error()?.is_some() {
                    return Ok(());
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// So many clients of each kind, which come again whenever they are turned away.
fn besiege(target: &Target, with: &Arc<Ammunition>) -> Vec<JoinHandle<()>> {
    let clients = [4, 8, 8, 4, 2, 1, 2, 2];
    let kinds = ATTACKS.iter().zip(clients).enumerate();
    kinds
        .flat_map(|(kind, ((_, attack), clients))| (0..clients).map(move |_| (kind, *attack)))
        .map(|(kind, attack)| {
            let (target, with) = (target.clone(), with.clone());
            std::thread::spawn(move || {
                while !target.is_over() {
                    target.attacks[kind].fetch_add(1, SeqCst);
                    // However it ends, it was an attack.
                    let _ = attack(&target, &with);
                    std::thread::sleep(Duration::from_millis(5));
                }
            })
        })
        .collect()
}

fn config(folder: &Path) -> String {
    format!(
        r#"
[[stage]]
plugin = "bundled:zstd"
[storage]
threshold = "256KiB"
cache.memory = "0B"
[[storage.driver]]
name = "local"
plugin = "bundled:file"
settings = {{ bucket = "folder" }}
grants.buckets = ["folder"]
[buckets.folder]
url = "file:{}"
[limits]
payload = "2MiB"
call_bytes = "64MiB"
process_bytes = "256MiB"
"#,
        folder.display()
    )
}

async fn ammunition(cloakroom: &Cloakroom) -> Ammunition {
    let encode = async |payload: Payload| {
        cloakroom.encode(&Context::none(), vec![payload]).await.unwrap().remove(0)
    };
    let bomb = encode(plain(vec![0; 2_000_000])).await;
    let stored = encode(plain(noise(400_000))).await;
    let reference = String::from_utf8(stored.data.to_vec()).unwrap();
    let digest = reference.find("sha256/").unwrap() + 7;
    let forged = (0..64).map(|n| {
        let mut text = reference.clone();
        text.replace_range(digest..digest + 4, &format!("{n:04x}"));
        let mut forged = stored.clone();
        forged.data = text.into();
        forged
    });
    Ammunition {
        bombs: text(&vec![bomb; 100]),
        forged: text(&forged.collect::<Vec<_>>()),
        honest: text(&[plain("\"hi\""), plain(hex::encode(noise(150_000)))]),
    }
}

/// Asks until it is served, and counts the turns that this takes.
fn insist(target: &Target, head: &str, body: &[u8]) -> (Answer, usize) {
    for turn in 1..=TURNS {
        match target.ask([127, 0, 0, 1], head, body) {
            Ok(answer) if answer.status == 200 => return (answer, turn),
            // Nothing but that may be the answer to an honest call, and it says when to come again.
            Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
            Err(_) => {}
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    panic!("{head} was not served in {TURNS} turns")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_honest_call_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let opening = CloakroomBuilder::text(config(folder.path())).with_cache(compile_cache());
    let cloakroom = opening.open().await.unwrap();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (pem, key) = (cert.pem(), signing_key.serialize_pem());
    let mut settings = ServerSettings::default().with_tls(pem.as_bytes(), key.as_bytes()).unwrap();
    settings.auth = Auth::default().with_token("a secret of operators").unwrap();
    settings.connections = 48;
    settings.write_time = Duration::from_secs(1);
    let server = CodecServer::new(cloakroom.clone(), settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let serving = server.clone();
    let serving =
        tokio::spawn(async move { serving.serve(listener, async { drop(ended.await) }).await });

    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let target = Target {
        address,
        tls: Arc::new(tls),
        runtime: tokio::runtime::Handle::current(),
        is_over: Arc::default(),
        attacks: Arc::default(),
    };
    // So that its end shows whether everything was given back.
    assert_eq!(cloakroom.pipeline().memory().used(), 0);
    let with = Arc::new(ammunition(&cloakroom).await);
    let besieged = target.clone();
    let defence = tokio::task::spawn_blocking(move || {
        let attackers = besiege(&besieged, &with);
        let turns = defend(&besieged, &with);
        besieged.is_over.store(true, SeqCst);
        for attacker in attackers {
            attacker.join().unwrap();
        }
        turns
    });
    let turns = defence.await.unwrap();
    let pipeline = cloakroom.pipeline();
    let memory = pipeline.memory();
    println!(
        "{} honest calls took {turns} turns, and all calls together held {} KiB at the most",
        3 * CALLS,
        memory.peak() >> 10
    );
    // The budget counted the attacks, and held.
    assert!(memory.peak() <= memory.process_bytes().as_usize(), "{memory:?}");
    assert!(memory.peak() > 2_000_000, "{memory:?}");
    for (count, (name, _)) in target.attacks.iter().zip(ATTACKS) {
        assert!(count.load(SeqCst) > 0, "no attack by {name}");
    }
    drop(end);
    serving.await.unwrap().unwrap();
    // What was in work when it ended is given up, and gives back what it held.
    wait_until("all memory is given back", || memory.used() == 0).await;
}

/// Encodes, decodes and probes while the attacks go on.
fn defend(target: &Target, with: &Ammunition) -> usize {
    while target.attacks.iter().any(|attacks| attacks.load(SeqCst) == 0) {
        std::thread::yield_now();
    }
    let mut turns = 0;
    for _ in 0..CALLS {
        let post = |path: &str| format!("POST {path} HTTP/1.1\r\n{TOKEN}");
        let (encoded, tried) = insist(target, &post("/payments/encode"), with.honest.as_bytes());
        turns += tried;
        let (decoded, tried) = insist(target, &post("/payments/decode"), encoded.body.as_bytes());
        turns += tried;
        assert_eq!(
            json::read(decoded.body.as_bytes()).unwrap(),
            json::read(with.honest.as_bytes()).unwrap()
        );
        let (health, tried) = insist(target, "GET /healthz HTTP/1.1\r\n", b"");
        turns += tried;
        assert_eq!(health.body, "ok\n");
    }
    turns
}
