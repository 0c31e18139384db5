//! Seeded mutations: the same inputs in every run, on every machine.

/// xorshift64*.
pub(crate) struct Random(u64);

/// Bytes and numbers at which parsers turn.
const EDGES: [&[u8]; 14] = [
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\r\n",
    b"\"",
    b"{\"",
    b"[[[[[[[[",
    b"\xc3\xa4",
    b"\xed\xa0\x80",
    b"-9223372036854775809",
];

impl Random {
    /// `name` and `number` are the seed.
    pub(crate) fn new(name: &str, number: usize) -> Self {
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut random = Self(seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`, or 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() >> 16) as usize % end.max(1)
    }
}

/// Changes one of the inputs in 1 to 8 places.
pub(crate) fn mutate(random: &mut Random, inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut data = inputs[random.below(inputs.len())].clone();
    for _ in 0..=random.below(8) {
        let other = &inputs[random.below(inputs.len())];
        change(random, &mut data, other);
    }
    data
}

fn change(random: &mut Random, data: &mut Vec<u8>, other: &[u8]) {
    let at = random.below(data.len() + 1);
    let some = at..data.len().min(at + 1 + random.below(16));
    match random.below(8) {
        0 | 1 => {
            let bit = 1 << random.below(8);
            data.get_mut(at).into_iter().for_each(|byte| *byte ^= bit);
        }
        2 => {
            let new = random.next() as u8;
            data.get_mut(at).into_iter().for_each(|byte| *byte = new);
        }
        3 => drop(data.drain(some)),
        4 => {
            let again = data[some].to_vec();
            data.splice(at..at, again);
        }
        5 => drop(data.splice(at..at, EDGES[random.below(EDGES.len())].iter().copied())),
        6 => {
            let from = random.below(other.len() + 1);
            let end = other.len().min(from + 1 + random.below(64));
            data.splice(some, other[from..end].iter().copied());
        }
        _ => data.truncate(at),
    }
}
