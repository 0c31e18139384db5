//! Attacks on what the host holds for a call.

use std::mem;

use cloakroom_guest::{Buffer, Payload, Writer};

use crate::marked;

/// Performs an attack on memory, if it is one.
pub(crate) fn perform(attack: &str, payload: &Payload) -> Option<Payload> {
    match attack {
        "join-forever" => forever(|base| marked(base.envelope())),
        "join-envelopes-forever" => {
            forever(|base| Payload::from_envelope(&base.envelope()).expect("its own envelope"))
        }
        "slices-of-dropped-buffers" => slices_of_dropped_buffers(),
        "join-one-buffer-often" => join_one_buffer_often(),
        "two-byte-sizes" => two_bytes(b"\x1a\x00"),
        "two-byte-entries" => two_bytes(b"\x0a\x00"),
        "two-byte-fields" => two_bytes(b"\x2a\x00"),
        "two-byte-bodies" => two_bytes(b"\x12\x00"),
        "many-entries" => drop(Payload::new(&entries(100_000), &payload.data())),
        "payloads-of-entries" => {
            let (entries, data) = (entries(1000), payload.data());
            let mut kept = Vec::new();
            loop {
                kept.push(Payload::new(&entries, &data));
            }
        }
        "all-output" => return Some(marked(all_output())),
        _ => return None,
    }
    Some(marked(payload.envelope()))
}

/// A payload whose envelope is in two pieces, each time made into one.
fn forever(join: impl Fn(&Payload) -> Payload) {
    let base = marked(Buffer::new(&vec![7; 2 << 20]));
    let mut kept = Vec::new();
    loop {
        kept.push(join(&base));
    }
}

/// A slice keeps all of the memory that it was cut from.
fn slices_of_dropped_buffers() {
    let mut kept = Vec::new();
    loop {
        kept.push(Buffer::new(&vec![7; 1 << 20]).slice(5, 1));
    }
}

/// No attack: a buffer that is joined keeps the one piece, and payloads share it.
fn join_one_buffer_often() {
    let base = marked(Buffer::new(&vec![7; 2 << 20]));
    let envelope = base.envelope();
    let kept: Vec<_> = (0..50).map(|_| marked_again(&envelope)).collect();
    drop(kept);
}

fn marked_again(data: &Buffer) -> Payload {
    Payload::new(&[("encoding".to_owned(), b"binary/rogue".to_vec())], data)
}

fn two_bytes(field: &[u8; 2]) {
    let writer = Writer::new();
    writer.write(&field.repeat(1 << 20));
    let _ = Payload::from_envelope(&Writer::finish(writer));
}

fn entries(count: usize) -> Vec<(String, Vec<u8>)> {
    (0..count).map(|index| (format!("name-{index}"), Vec::new())).collect()
}

/// All that a call may produce by default, in one buffer.
fn all_output() -> Buffer {
    let (writer, chunk) = (Writer::new(), vec![7; 1 << 20]);
    for _ in 0..126 {
        writer.write(&chunk);
    }
    Writer::finish(writer)
}

/// A random program of host calls, the same for the same seed.
pub(crate) fn program(seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (mut buffers, mut payloads) = (vec![Buffer::new(&[7; 1000])], Vec::new());
    let mut writers = vec![Writer::new()];
    for _ in 0..400 {
        let buffer = &buffers[random.below(buffers.len())];
        let bits = random.below(19);
        let size = random.below(1 << bits);
        match random.below(16) {
            0 | 1 => buffers.push(Buffer::new(&vec![7; size])),
            2 => buffers.push(buffer.slice(size as u64 / 2, size as u64)),
            3 => drop(buffer.read(size as u64 / 4, size as u32)),
            4 => drop(buffer.sha256()),
            5 => writers.push(Writer::new()),
            6 | 7 => writers[random.below(writers.len())].write(&vec![7; size]),
            8 => writers[random.below(writers.len())].append(buffer),
            9 => {
                let writer = writers.swap_remove(random.below(writers.len()));
                buffers.push(Writer::finish(writer));
                writers.push(Writer::new());
            }
            10 => payloads.push(Payload::new(&entries(random.below(50)), buffer)),
            11 => payloads.extend(Payload::from_envelope(buffer)),
            other => {
                if !payloads.is_empty() {
                    let payload: &Payload = &payloads[random.below(payloads.len())];
                    match other {
                        12 => buffers.push(payload.envelope()),
                        13 => buffers.push(payload.data()),
                        14 => drop(payload.metadata()),
                        _ => drop(payloads.swap_remove(random.below(payloads.len()))),
                    }
                }
            }
        }
        if buffers.len() > 20 {
            drop(buffers.swap_remove(random.below(buffers.len())));
        }
    }
    // Some are never let go of.
    mem::forget(payloads);
}

struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        number as usize % most
    }
}
