//! A guest that attacks its host. Each payload's body names the attack; `benign` is none.

#[cfg(target_family = "wasm")]
mod about;
mod held;

use std::{
    cell::RefCell,
    hint::black_box,
    io::{self, Write as _},
    mem::ManuallyDrop,
    net::{TcpListener, TcpStream, UdpSocket},
};

use cloakroom_guest::{
    Buffer, Context, Description, Error, Payload, PayloadCodec, Purpose, Setting, Settings, Writer,
    keys, log, random, secrets, subkeys,
};

/// The rogue.
pub struct Rogue {
    /// The attack that it makes when it is asked to describe itself.
    describe: String,
    /// The words that it is set to say.
    words: String,
    /// True if it says that it encrypts. It then wraps payloads as they are.
    is_cipher: bool,
}

thread_local! {
    static KEPT_PAYLOAD: RefCell<Option<Payload>> = const { RefCell::new(None) };
    static KEPT_BUFFER: RefCell<Option<Buffer>> = const { RefCell::new(None) };
}

/// Runs while the component is instantiated, before anything is asked of it.
#[cfg(target_env = "p2")]
#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn() = {
    extern "C" fn start() {
        match cloakroom_guest::wasm::settings::get("start").as_deref() {
            Some("loop") => loop {
                black_box(());
            },
            Some("sleep") => std::thread::sleep(std::time::Duration::from_secs(360_000)),
            _ => {}
        }
    }
    start
};

impl PayloadCodec for Rogue {
    const SETTINGS: &'static [Setting] = &[
        Setting::text("describe", "attack when it describes itself"),
        Setting::text("purpose", "purpose that it claims"),
        Setting::text("start", "attack when it starts"),
        Setting::text("words", "words that it says"),
    ];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        let text = |name| settings.get(name).unwrap_or_default().to_owned();
        let rogue = Self {
            describe: text("describe"),
            words: text("words"),
            is_cipher: text("purpose") == "encryption",
        };
        match &*rogue.describe {
            "quote" => Err(Error::Misconfigured(rogue.words)),
            // A guest that describes itself has no payload, but it may have a secret.
            "tell-secret" => {
                log::write(log::Level::Info, "nothing seen yet");
                let secret = String::from_utf8_lossy(&secrets::get(&rogue.words)?).into_owned();
                log::write(log::Level::Error, &secret);
                println!("{secret}");
                Err(Error::Misconfigured(secret))
            }
            "refuse" => Err(Error::Misconfigured("no\nsuch\u{7} thing".to_owned())),
            _ => Ok(rogue),
        }
    }

    fn describe(&self) -> Description {
        let encodings = match &*self.describe {
            "nothing" => vec![],
            "too-much" => (0..1000).map(|index| format!("binary/{index}")).collect(),
            "unprintable" => vec!["binary/\u{1b}[2J".to_owned()],
            "loop" => loop {
                black_box(());
            },
            "quote-encoding" => vec![self.words.clone()],
            _ => vec!["binary/rogue".to_owned()],
        };
        let purpose = if self.is_cipher { Purpose::Encryption } else { Purpose::Conversion };
        Description { encodings, purpose }
    }

    fn encode(&self, _: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        if self.is_cipher {
            return Ok(Some(marked(payload.envelope())));
        }
        let attack = String::from_utf8(payload.data().to_vec()).unwrap_or_default();
        perform(&attack, payload)
    }

    fn decode(&self, _: &Context, payload: &Payload) -> Result<Payload, Error> {
        Payload::from_envelope(&payload.data())
    }
}

// It describes itself in its own words.
cloakroom_guest::export_codec_functions!(Rogue);

fn marked(data: Buffer) -> Payload {
    Payload::new(&[("encoding".to_owned(), b"binary/rogue".to_vec())], &data)
}

fn perform(attack: &str, payload: &Payload) -> Result<Option<Payload>, Error> {
    if let Some(answer) = held::perform(attack, payload) {
        return Ok(Some(answer));
    }
    match attack {
        "benign" => return Ok(Some(marked(payload.envelope()))),
        "leave" => return Ok(None),
        "mark" => {
            let metadata = [
                ("encoding".to_owned(), b"json/plain".to_vec()),
                ("x-rogue".to_owned(), b"1".to_vec()),
            ];
            return Ok(Some(Payload::new(&metadata, &payload.envelope())));
        }
        // Time.
        "loop" => loop {
            black_box(());
        },
        "loop-in-host-calls" => loop {
            black_box(payload.data().length());
        },
        "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
        // Memory and stack.
        "memory" => hoard(1 << 20),
        "memory-slowly" => hoard(1 << 10),
        "recursion" => drop(black_box(recurse(1))),
        // Endings.
        "trap" => trap(),
        "panic" => panic!("a panic with a payload in it: {attack}"),
        // Lists.
        "bogus-list" => return Ok(Some(Payload::new(&[bogus_entry()], &payload.data()))),
        "bogus-text" => return Err(Error::Other(bogus_text())),
        "bogus-length" => drop(Buffer::new(&bogus_bytes(u32::MAX as usize / 2))),
        // Handles.
        "forged-handle" => return Ok(Some(forged(4242))),
        #[cfg(target_family = "wasm")]
        "forged-kind" => return Ok(Some(forged(payload.data().take_handle()))),
        "keep" => {
            KEPT_PAYLOAD.set(Some(marked(payload.envelope())));
            KEPT_BUFFER.set(Some(payload.data()));
            return Ok(Some(marked(payload.envelope())));
        }
        "answer-with-kept" => return Ok(KEPT_PAYLOAD.take()),
        // Decoys, so that the kept handle's number stands for something again.
        "answer-with-kept-among-decoys" => {
            let decoys: Vec<_> = (0..8).map(|_| marked(payload.envelope())).collect();
            let kept = KEPT_PAYLOAD.take();
            std::mem::forget(decoys);
            return Ok(kept);
        }
        "read-kept" => drop(KEPT_BUFFER.take().map(|buffer| buffer.to_vec())),
        "drop-kept" => {
            KEPT_PAYLOAD.set(None);
            KEPT_BUFFER.set(None);
            return Ok(Some(marked(payload.envelope())));
        }
        "handles" => loop {
            std::mem::forget(payload.data());
        },
        // Output.
        "write-forever" => {
            let (writer, chunk) = (Writer::new(), vec![7; 1 << 16]);
            loop {
                writer.write(&chunk);
            }
        }
        "append-forever" => append_forever(),
        "buffers-forever" => loop {
            drop(Buffer::new(&[7; 4096]));
        },
        "log-forever" => loop {
            log::write(log::Level::Info, "still here");
        },
        "log-empty-forever" => loop {
            log::write(log::Level::Info, "");
        },
        "print-forever" => loop {
            println!("still here");
        },
        "log-payload" => log::write(log::Level::Error, "canary-of-the-payload"),
        "print-payload" => println!("canary-of-the-payload"),
        "random-forever" => loop {
            black_box(random::draw(65_536));
        },
        "too-much-random" => drop(random::draw(65_537)),
        // The contract.
        "undeclared-encoding" => {
            let metadata = [("encoding".to_owned(), b"binary/stranger-canary".to_vec())];
            return Ok(Some(Payload::new(&metadata, &payload.data())));
        }
        "no-encoding" => return Ok(Some(Payload::new(&[], &payload.data()))),
        "twin-names" => {
            let entry = ("encoding".to_owned(), b"binary/rogue".to_vec());
            return Ok(Some(Payload::new(&[entry.clone(), entry], &payload.data())));
        }
        "bad-envelope" => return Payload::from_envelope(&Buffer::new(b"\xff\xff")).map(Some),
        "long-error" => return Err(Error::Other("x\n\u{1b}[31m".repeat(100_000))),
        // Capabilities.
        "other-ring" => return keys::seal("not-granted", &payload.envelope(), &[]).map(|_| None),
        "other-subkeys" => return subkeys::derive("not-granted", None, "", &[], 32).map(|_| None),
        "claim-subkey" => {
            return subkeys::derive("rogue", None, "cloakroom claim", &[], 32).map(|_| None);
        }
        "long-subkey" => drop(subkeys::derive("rogue", None, "", &[], 65)),
        "environment" => {
            let seen = std::env::vars().count() + std::env::args().count();
            let file = std::fs::read("/etc/passwd").is_ok() || std::fs::read_dir("/").is_ok();
            return Err(Error::Other(format!("sees {seen} variables and files: {file}")));
        }
        "listen" => return answer(TcpListener::bind("127.0.0.1:0").map(drop)),
        "udp" => return answer(UdpSocket::bind("0.0.0.0:0").map(drop)),
        "look-up" => return answer(TcpStream::connect("localhost:80").map(drop)),
        many if many.starts_with("connect-many ") => {
            let mut open = Vec::new();
            loop {
                match TcpStream::connect(&many[13..]) {
                    Ok(stream) => open.push(stream),
                    Err(_) => return Err(Error::Other(format!("{} sockets", open.len()))),
                }
            }
        }
        program if program.starts_with("program ") => {
            held::program(program[8..].parse().unwrap_or_default());
            return Ok(Some(marked(payload.envelope())));
        }
        connect if connect.starts_with("connect ") => {
            let greet = |mut stream: TcpStream| stream.write_all(b"from the sandbox");
            return answer(TcpStream::connect(&connect[8..]).and_then(greet));
        }
        // Words of the payload, wherever a guest can put text.
        "log-words" => log::write(log::Level::Error, &read(payload)),
        "print-words" => println!("{}", read(payload)),
        "ask-ring" => return keys::seal(&read(payload), &payload.envelope(), &[]).map(|_| None),
        "ask-key" => {
            return keys::open("rogue", &read(payload), &payload.envelope(), &[]).map(|_| None);
        }
        "quote-malformed" => return Err(Error::Malformed(read(payload))),
        "quote-misconfigured" => return Err(Error::Misconfigured(read(payload))),
        "quote-denied" => return Err(Error::Denied(read(payload))),
        "quote-not-found" => return Err(Error::NotFound(read(payload))),
        "quote-unavailable" => return Err(Error::Unavailable(read(payload))),
        "quote-too-large" => return Err(Error::TooLarge(read(payload))),
        "quote-other" => return Err(Error::Other(read(payload))),
        other => return Err(Error::Other(format!("no attack of {} letters", other.len()))),
    }
    Ok(None)
}

/// The words in a payload's metadata.
fn read(payload: &Payload) -> String {
    String::from_utf8_lossy(&payload.get("words").unwrap_or_default()).into_owned()
}

/// Makes a payload of any number. Natively, payloads are no handles.
#[cfg(target_family = "wasm")]
fn forged(handle: u32) -> Payload {
    unsafe { Payload::from_handle(handle) }
}

#[cfg(not(target_family = "wasm"))]
fn forged(_: u32) -> Payload {
    unreachable!("there are no handles")
}

fn answer(result: io::Result<()>) -> Result<Option<Payload>, Error> {
    result.map(|()| None).map_err(|error| Error::Denied(format!("{:?}", error.kind())))
}

fn hoard(piece: usize) {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1u8; piece]);
        black_box(&hoard);
    }
}

#[expect(unconditional_recursion, reason = "that is the attack")]
fn recurse(depth: u64) -> [u64; 16] {
    let deeper = recurse(black_box(depth + 1));
    deeper.map(|number| number.wrapping_add(depth))
}

fn trap() {
    #[cfg(target_family = "wasm")]
    core::arch::wasm32::unreachable();
}

/// Claims bytes far outside of its memory. Never dropped: freeing them would trap before the host
/// sees the lie.
fn bogus_bytes(length: usize) -> ManuallyDrop<Vec<u8>> {
    ManuallyDrop::new(unsafe { Vec::from_raw_parts(0x7fff_0000 as *mut u8, length, length) })
}

fn bogus_entry() -> (String, Vec<u8>) {
    ("encoding".to_owned(), ManuallyDrop::into_inner(bogus_bytes(1 << 20)))
}

fn bogus_text() -> String {
    unsafe { String::from_utf8_unchecked(ManuallyDrop::into_inner(bogus_bytes(1 << 20))) }
}

/// Each round is twice as long as the last, and costs the guest nothing.
fn append_forever() {
    let mut buffer = Buffer::new(&[7; 1 << 16]);
    loop {
        let writer = Writer::new();
        writer.append(&buffer);
        writer.append(&buffer);
        buffer = Writer::finish(writer);
    }
}
