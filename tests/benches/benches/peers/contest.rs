//! One operation at one size, in turns.

use std::time::Duration;

use cloakroom_benches::Samples;

use crate::{
    data,
    peer::{Operation, Peer, Way},
};

/// Minimum length of one turn. It makes the cost of a message to Extism's process negligible, which is not
/// counted anyway.
const TURN: Duration = Duration::from_millis(4);
const TURNS: usize = 31;

/// Turns of operations that take longer than one.
const LONG_TURNS: usize = 11;

/// Measures an operation in each host, and returns the seconds of one call, turn by turn.
///
/// # Panics
///
/// If a host does not decode what it encoded.
pub(crate) fn contest(
    peers: &mut [Box<dyn Peer>; 3],
    way: Way,
    operation: Operation,
    size: usize,
) -> [Samples; 3] {
    let plain = data::text(size).data.to_vec();
    let counts = peers.each_mut().map(|peer| prepare(&mut **peer, way, operation, &plain));
    let turns = if counts.contains(&1) { LONG_TURNS } else { TURNS };
    let mut times = [(); 3].map(|()| Samples::default());
    for _ in 0..turns {
        for ((peer, count), times) in peers.iter_mut().zip(counts).zip(&mut times) {
            let time = peer.run(way, operation, count);
            times.push(time.as_secs_f64() / count as f64);
        }
    }
    times
}

/// Sets the input, checks the result, and returns how many calls fill a turn.
fn prepare(peer: &mut dyn Peer, way: Way, operation: Operation, plain: &[u8]) -> usize {
    peer.set_input(plain.to_vec());
    if let Some(encoder) = operation.encoder() {
        peer.run(way, encoder, 1);
        let encoded = peer.output();
        assert!(encoded != plain, "a host encodes nothing");
        peer.set_input(encoded);
        peer.run(way, operation, 1);
        assert!(peer.output() == plain, "a host does not decode what it encoded");
    }
    peer.run(way, operation, 3);
    let one = peer.run(way, operation, 3) / 3;
    (TURN.as_nanos() / one.as_nanos().max(1)).clamp(1, 20_000) as usize
}
