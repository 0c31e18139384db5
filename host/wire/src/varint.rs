//! Varints.

/// Returns the number at `at` and the offset after it, or nothing if the bytes end early or the
/// number has more than 64 bits.
#[inline]
pub(crate) fn read(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let first = *bytes.get(at)?;
    if first < 0x80 {
        return Some((u64::from(first), at + 1));
    }
    // Half of all tags in a history have two bytes, and so have lengths up to 16 KiB.
    match bytes.get(at + 1) {
        Some(&second) if second < 0x80 => {
            Some((u64::from(first & 0x7f) | u64::from(second) << 7, at + 2))
        }
        _ => read_long(bytes, at),
    }
}

fn read_long(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut number = 0;
    for (index, &byte) in bytes.get(at..)?.iter().take(10).enumerate() {
        // The tenth byte holds one bit. Parsers disagree on more, so more is refused.
        if index == 9 && byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Some((number, at + index + 1));
        }
    }
    None
}

/// Returns the length of the shortest form.
pub(crate) fn len(number: u64) -> usize {
    let bits = 64 - (number | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Appends the shortest form.
pub(crate) fn write(mut number: u64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        for shift in 0..64 {
            for number in [1 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                let mut bytes = Vec::new();
                write(number, &mut bytes);
                assert_eq!(bytes.len(), len(number), "{number}");
                assert_eq!(read(&bytes, 0), Some((number, bytes.len())));
                assert_eq!(read(&bytes[..bytes.len() - 1], 0), None);
            }
        }
    }

    #[test]
    fn reads_a_long_form_and_refuses_over_64_bits() {
        assert_eq!(read(b"\x81\x80\x00", 0), Some((1, 3)));
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(read(&most, 0), Some((u64::MAX, 10)));
        let over = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(read(&over, 0), None);
        assert_eq!(read(&[0x80; 11], 0), None);
    }
}
