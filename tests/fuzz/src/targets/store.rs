//! A store that answers with anything.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Mutex, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use cloakroom::{
    Error,
    storage::{Bucket as _, BucketUrl, ObjectBucket, PutMode},
};

use crate::{
    input::Input,
    promise::{self, wait},
};

/// The statuses that `data` chooses from.
const STATUS: [u16; 20] = [
    200, 204, 206, 301, 302, 304, 307, 400, 401, 403, 404, 405, 409, 411, 412, 416, 418, 429, 500,
    503,
];

/// Stands in the body of each error: no message shows it.
const CANARY: &str = "canary-in-the-text-of-the-store";

/// The most bytes of an object that is asked for.
const MOST: u64 = 4096;

/// Each request to a bucket is answered with a status, a header and a body of `data`. Errors are
/// one line that shows nothing of the body but a code, and no object is larger than was asked for.
pub(crate) fn store(data: &[u8]) {
    let mut input = Input::new(data);
    let (request, status) = (input.byte(), STATUS[usize::from(input.byte()) % STATUS.len()]);
    let is_visible = |byte: &&u8| (0x20..0x7f).contains(*byte);
    let length = usize::from(input.byte());
    let header = input.bytes(length).iter().filter(is_visible).copied().collect::<Vec<_>>();
    let mut body = input.rest().to_vec();
    body.extend(format!("<Message>{CANARY}</Message>").bytes());
    let mut answer = format!("HTTP/1.1 {status} Fuzz\r\nconnection: close\r\n").into_bytes();
    answer.extend_from_slice(b"x-amz-fuzz: ");
    answer.extend_from_slice(&header);
    answer
        .extend_from_slice(b"\r\netag: \"1\"\r\nlast-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n");
    answer.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
    answer.extend_from_slice(&body);
    let bucket = bucket(answer);
    let failed = match request % 5 {
        0 => wait(bucket.get("a/key", MOST)).map(|object| assert!(object.len() as u64 <= MOST)),
        1 => wait(bucket.put("a/key", vec!["x".into()], PutMode::Create)).map(drop),
        2 => wait(bucket.size("a/key")).map(drop),
        3 => wait(bucket.list("a/", None)).map(drop),
        _ => wait(bucket.remove("a/key")),
    };
    failed.unwrap_or_else(|error| explained(&error));
}

fn explained(error: &Error) {
    promise::check(error);
    let text = error.report();
    assert!(text.len() < 1000 && !text.contains(CANARY), "{text}");
    assert_eq!(error.to_string(), text, "has causes, which the store wrote");
}

/// The store's next answer.
static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// The bucket of a store that gives this answer to each request.
fn bucket(answer: Vec<u8>) -> &'static ObjectBucket {
    *ANSWER.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    static BUCKET: OnceLock<ObjectBucket> = OnceLock::new();
    BUCKET.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || listener.incoming().flatten().for_each(serve));
        let place = BucketUrl::new("s3://fuzz").set("endpoint", format!("http://{address}"));
        let place = place.set("region", "us-east-1").set("allow_http", "true");
        let place = place.set("access_key_id", "test").set("secret_access_key", "test");
        place.patience(Duration::from_millis(1)).open().expect("a bucket")
    })
}

/// Reads one request and answers it. Whoever hangs up meanwhile needs no answer.
fn serve(stream: TcpStream) {
    let mut reader = BufReader::new(&stream);
    let (mut line, mut length) = (String::new(), 0);
    loop {
        line.clear();
        match reader.read_line(&mut line) {
            Ok(count) if count > 2 => {}
            _ => break,
        }
        if let Some(told) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = told.trim().parse().unwrap_or_default();
        }
    }
    let _ = std::io::copy(&mut reader.take(length), &mut std::io::sink());
    let answer = ANSWER.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let _ = (&stream).write_all(&answer);
}
