//! Every request and response, with every field that may hold a payload filled.

use bytes::Bytes;

use crate::{
    MessageType, Schema, scan,
    schema::FieldKind::{Any, Chunk, History, Keep, Message, Payload, Text},
    splice, varint,
};

const PAYLOAD: &[u8] = b"\x12\x02hi";
const SEALED: Bytes = Bytes::from_static(&[9; 200]);

fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    varint::write(u64::from(number) << 3 | 2, &mut field);
    varint::write(bytes.len() as u64, &mut field);
    [&field, bytes].concat()
}

/// Returns a message, and the number of payloads that a scan has to find in it. Types that are
/// open already are left out.
fn fill(message: MessageType, open: &mut Vec<u16>) -> (Vec<u8>, usize) {
    let (mut bytes, mut payloads) = (Vec::new(), 0);
    if open.contains(&message.id) {
        return (bytes, payloads);
    }
    open.push(message.id);
    let inner = |name: &str, open: &mut Vec<u16>| fill(message.schema.message(name).unwrap(), open);
    for number in 1..400 {
        let known = message.schema.field(message.id, number);
        let (content, found) = match known.kind {
            Payload | Text => (PAYLOAD.to_vec(), 1),
            Keep => (PAYLOAD.to_vec(), 0),
            Message => fill(message.schema.type_of(known.target), open),
            // One event, and no signature.
            Chunk => {
                let (event, found) = inner("HistoryEvent", open);
                (field(1, &event), found)
            }
            Any => {
                let (value, found) = inner("temporal.api.update.v1.Request", open);
                let url = field(1, b"type.googleapis.com/temporal.api.update.v1.Request");
                ([field(2, &value), url].concat(), found)
            }
            History => {
                let (history, found) = inner("temporal.api.history.v1.History", open);
                ([b"\x08\x01".to_vec(), field(2, &history)].concat(), found)
            }
            _ => continue,
        };
        let times = if known.repeated { 2 } else { 1 };
        bytes.extend(field(number, &content).repeat(times));
        payloads += found * times;
    }
    open.pop();
    (bytes, payloads)
}

/// Checks every message of a schema. Returns the number of payloads.
fn check(schema: &'static Schema) -> usize {
    let mut total = 0;
    for path in schema.methods() {
        let method = schema.method(path).unwrap();
        for message in [method.request, method.response] {
            let (bytes, payloads) = fill(message, &mut Vec::new());
            let bytes = Bytes::from(bytes);
            let found = scan(message, &bytes).unwrap();
            assert_eq!(found.sites().len(), payloads, "{message:?}");
            assert!((0..payloads).all(|site| found.payload(site) == PAYLOAD), "{message:?}");
            let same = vec![Some(Bytes::from_static(PAYLOAD)); payloads];
            assert_eq!(splice(&found, same.clone()).unwrap(), bytes, "{message:?}");
            let sealed = splice(&found, vec![Some(SEALED); payloads]).unwrap();
            let again = scan(message, &sealed).unwrap();
            assert!((0..payloads).all(|site| again.payload(site) == SEALED), "{message:?}");
            assert_eq!(splice(&again, same).unwrap(), bytes, "{message:?}");
            assert!(found.unknown().is_empty(), "{:?}", found.unknown());
            total += payloads;
        }
    }
    total
}

#[test]
fn every_payload_of_every_method_is_found_and_replaced() {
    let (temporal, dapr) = (check(Schema::temporal()), check(Schema::dapr()));
    assert!(temporal > 500 && dapr > 100, "{temporal} and {dapr} payloads");
}

/// Bytes of filled messages that are changed, cut and doubled by chance, the same in every run.
#[test]
fn mutated_messages_lose_no_byte() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % below.max(1)
    };
    let methods = [Schema::temporal(), Schema::dapr()].map(|schema| {
        let mut paths: Vec<_> = schema.methods().collect();
        paths.sort_unstable();
        paths.into_iter().map(|path| schema.method(path).unwrap())
    });
    let (mut scanned, mut refused) = (0, 0);
    for method in methods.into_iter().flatten() {
        for message in [method.request, method.response] {
            let (whole, _) = fill(message, &mut Vec::new());
            // Few changes leave most of a message readable, so it is a short part that is changed.
            for _ in 0..20 {
                let mut bytes = whole.get(..random(400).min(whole.len())).unwrap().to_vec();
                for _ in 0..=random(3) {
                    let at = random(bytes.len());
                    match random(4) {
                        0 => bytes.truncate(at),
                        1 => bytes.extend_from_within(at..),
                        2 => bytes.insert(at.min(bytes.len()), random(256) as u8),
                        _ => {
                            bytes
                                .get_mut(at)
                                .into_iter()
                                .for_each(|byte| *byte = random(256) as u8);
                        }
                    }
                }
                let bytes = Bytes::from(bytes);
                let Ok(found) = scan(message, &bytes) else {
                    refused += 1;
                    continue;
                };
                scanned += 1;
                let own = (0..found.sites().len()).map(|site| Some(found.payload(site)));
                assert_eq!(splice(&found, own.collect()).unwrap(), bytes, "{message:?}");
            }
        }
    }
    assert!(scanned > 500 && refused > 500, "{scanned} scanned, {refused} refused");
}
