//! Randomness that the host draws at each call. A generator that was seeded when the plugin was built
//! would repeat itself in every instance.

use std::{
    cell::Cell,
    hash::{BuildHasher as _, RandomState},
};

use super::{cipher::hash, host::count_call};

/// Draws `count` bytes.
///
/// # Panics
/// If `count` is over 65,536. In a component, the host ends the call.
#[must_use]
pub fn draw(count: u32) -> Vec<u8> {
    count_call();
    draw_bytes(count)
}

pub(crate) fn draw_bytes(count: u32) -> Vec<u8> {
    assert!(count <= 65_536, "more than 65,536 random bytes at once");
    thread_local! {
        static DRAWN: Cell<u64> = const { Cell::new(0) };
    }
    let seed = RandomState::new().hash_one(0);
    let mut bytes = Vec::new();
    while bytes.len() < count as usize {
        let drawn = DRAWN.replace(DRAWN.get() + 1);
        bytes.extend(hash(&[b"random", &seed.to_be_bytes(), &drawn.to_be_bytes()]));
    }
    bytes.truncate(count as usize);
    bytes
}
