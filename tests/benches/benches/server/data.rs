//! Requests to decode. Before any measurement, each server decodes what the other has encoded.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    COUNT,
    client::{Client, request},
    contestant::Contestant,
};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Requests to decode one payload, one for each server.
pub(crate) struct Asked {
    pub(crate) size: usize,
    pub(crate) of: [Question; COUNT],
}

/// Request, and the length of its answer: Python indents its JSON.
pub(crate) struct Question {
    pub(crate) request: Arc<[u8]>,
    pub(crate) answer: usize,
}

/// Has each seal a payload and the others open it.
pub(crate) async fn agreed(contestants: &[Contestant; COUNT], size: usize) -> Asked {
    let plain = payloads(size);
    let [python, cloakroom, warm, off] = contestants;
    let sealed = ask(python, "/encode", &plain).await.0;
    assert_ne!(sealed, plain);
    let (opened, by_cloakroom) = ask(cloakroom, "/decode", &sealed).await;
    assert_eq!(opened, plain, "Cloakroom does not read what Python sealed");
    let (opened, by_warm) = ask(warm, "/decode", &sealed).await;
    assert_eq!(opened, plain);
    let (passed, by_off) = ask(off, "/off/decode", &sealed).await;
    assert_eq!(passed, sealed);
    let (opened, by_python) = ask(python, "/decode", &sealed).await;
    assert_eq!(opened, plain);
    let resealed = ask(cloakroom, "/encode", &plain).await.0;
    let opened = ask(python, "/decode", &resealed).await.0;
    assert_eq!(opened, plain, "Python does not read what Cloakroom sealed");
    let question =
        |path, answer| Question { request: request(path, &sealed.to_string()).into(), answer };
    let of = [
        question("/decode", by_python),
        question("/decode", by_cloakroom),
        question("/decode", by_warm),
        question("/off/decode", by_off),
    ];
    Asked { size, of }
}

async fn ask(contestant: &Contestant, path: &str, payloads: &Value) -> (Value, usize) {
    let mut client = Client::connect(contestant.address).await;
    let answer = client.ask(&request(path, &payloads.to_string())).await;
    (serde_json::from_slice(answer).expect("JSON"), answer.len())
}

/// One payload of bytes that do not repeat: any letters of base64 stand for some.
fn payloads(size: usize) -> Value {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut letter = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(ALPHABET[(state % 64) as usize])
    };
    let data: String = (0..size.div_ceil(3) * 4).map(|_| letter()).collect();
    // The encoding is `json/plain`.
    json!({ "payloads": [{ "metadata": { "encoding": "anNvbi9wbGFpbg==" }, "data": data }] })
}
