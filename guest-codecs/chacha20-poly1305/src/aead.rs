//! ChaCha20-Poly1305 (RFC 8439) behind a commitment to the key, streamed in constant memory.
//!
//! A body is the commitment (32), the ciphertext, and the tag (16). The nonce is zero, because each key
//! is derived for one payload and used once. The commitment is there because Poly1305 does not bind the
//! key: without it, one body could open to two texts under two keys.

use std::io::{self, ErrorKind, Read, Write};

use chacha20::{
    ChaCha20,
    cipher::{KeyIvInit, StreamCipher, StreamCipherSeek},
};
use poly1305::{
    Poly1305,
    universal_hash::{KeyInit, UniversalHash},
};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of cipher key and commitment together.
pub(crate) const KEYS: u32 = 64;

const KEY: usize = 32;
const COMMITMENT: usize = 32;
const TAG: usize = 16;
const BLOCK: usize = 16;

/// The offset of the text in the key stream. The first block keys the authenticator.
const TEXT: u64 = 64;

const PIECE: usize = 64 << 10;

/// The keys of one payload.
pub(crate) struct Keys {
    key: Zeroizing<[u8; KEY]>,
    commitment: [u8; COMMITMENT],
}

impl Keys {
    /// Splits derived bytes into keys, or returns `None` if they are not [`KEYS`] bytes.
    pub(crate) fn new(mut derived: Vec<u8>) -> Option<Self> {
        let key = derived.first_chunk().copied().map(Zeroizing::new);
        let commitment = derived.get(KEY..).and_then(|rest| rest.try_into().ok());
        derived.zeroize();
        Some(Self { key: key?, commitment: commitment? })
    }

    fn start(&self) -> (ChaCha20, Poly1305) {
        let mut cipher = ChaCha20::new((&*self.key).into(), &[0; 12].into());
        let mut mac_key = Zeroizing::new([0; KEY]);
        cipher.apply_keystream(mac_key.as_mut_slice());
        cipher.seek(TEXT);
        (cipher, Poly1305::new((&*mac_key).into()))
    }
}

/// Encrypts `input`.
///
/// # Errors
/// Those of `input` and `output`.
pub(crate) fn seal(
    keys: &Keys,
    associated: &[u8],
    mut input: impl Read,
    mut output: impl Write,
) -> io::Result<()> {
    let (mut cipher, mut mac) = keys.start();
    mac.update_padded(associated);
    output.write_all(&keys.commitment)?;
    let mut total = 0;
    loop {
        let mut piece = read_piece(&mut input, PIECE as u64)?;
        if piece.is_empty() {
            break;
        }
        cipher.apply_keystream(&mut piece);
        mac.update_padded(&piece);
        total += piece.len() as u64;
        output.write_all(&piece)?;
    }
    output.write_all(&finish(mac, associated.len() as u64, total))
}

/// Decrypts a body of `length` bytes, which `input` returns from its start each time it is called.
///
/// The body is read twice: all of it is authenticated before any of it is decrypted, and it may be
/// larger than a guest's memory.
///
/// # Errors
/// If [`seal`] did not write it under these keys. Nothing is written then.
pub(crate) fn open<R: Read>(
    keys: &Keys,
    associated: &[u8],
    length: u64,
    input: impl Fn() -> R,
    mut output: impl Write,
) -> io::Result<()> {
    let text = length.checked_sub((COMMITMENT + TAG) as u64).ok_or_else(mismatch)?;
    let (mut cipher, mut mac) = keys.start();
    mac.update_padded(associated);
    let mut sealed = input();
    check(&mut sealed, &keys.commitment)?;
    pieces(&mut sealed, text, |piece| {
        mac.update_padded(piece);
        Ok(())
    })?;
    check(&mut sealed, &finish(mac, associated.len() as u64, text))?;

    let mut sealed = input();
    pieces(&mut sealed, COMMITMENT as u64, |_| Ok(()))?;
    pieces(&mut sealed, text, |piece| {
        cipher.apply_keystream(piece);
        output.write_all(piece)
    })
}

/// Calls `each` for all pieces of `input`. All but the last are whole blocks, so padding each piece
/// pads the text.
fn pieces(
    input: &mut impl Read,
    mut length: u64,
    mut each: impl FnMut(&mut [u8]) -> io::Result<()>,
) -> io::Result<()> {
    const { assert!(PIECE.is_multiple_of(BLOCK)) };
    while length > 0 {
        let mut piece = read_piece(input, length.min(PIECE as u64))?;
        if piece.is_empty() {
            return Err(mismatch());
        }
        length -= piece.len() as u64;
        each(&mut piece)?;
    }
    Ok(())
}

fn read_piece(input: &mut impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    input.take(most).read_to_end(&mut piece)?;
    Ok(piece)
}

/// Compares the next bytes of `input` in constant time: the time of a comparison that stops early
/// would tell a forger how many bytes are right.
fn check(input: &mut impl Read, expected: &[u8]) -> io::Result<()> {
    let found = read_piece(input, expected.len() as u64)?;
    if found.ct_eq(expected).into() { Ok(()) } else { Err(mismatch()) }
}

fn finish(mut mac: Poly1305, associated: u64, text: u64) -> [u8; TAG] {
    let lengths = [associated.to_le_bytes(), text.to_le_bytes()].concat();
    mac.update_padded(&lengths);
    mac.finalize().into()
}

fn mismatch() -> io::Error {
    let text = "sealed under another key, for another purpose, or changed since";
    io::Error::new(ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::{
        ChaCha20Poly1305,
        aead::{Aead, Payload},
    };
    use proptest::prelude::*;

    use super::*;

    fn keys(byte: u8) -> Keys {
        Keys::new(vec![byte; 64]).unwrap()
    }

    fn sealed(text: &[u8], associated: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        seal(&keys(1), associated, text, &mut body).unwrap();
        body
    }

    fn opened(keys: &Keys, body: &[u8], associated: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        let result = open(keys, associated, body.len() as u64, || body, &mut text);
        assert!(result.is_ok() || text.is_empty(), "wrote what was not authenticated");
        result.map(|()| text)
    }

    /// Returns the body that another implementation makes.
    fn reference(text: &[u8], associated: &[u8]) -> Vec<u8> {
        let cipher = <ChaCha20Poly1305 as chacha20poly1305::KeyInit>::new(&[1; 32].into());
        let payload = Payload { msg: text, aad: associated };
        let ciphertext = cipher.encrypt(&[0; 12].into(), payload).unwrap();
        [&[1; 32][..], &ciphertext].concat()
    }

    #[test]
    fn agrees_with_another_implementation() {
        for length in [0, 1, 15, 16, 17, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5] {
            let text: Vec<u8> = (0..length).map(|index| index as u8).collect();
            assert!(sealed(&text, b"key id") == reference(&text, b"key id"), "{length}");
        }
    }

    #[test]
    fn opens_nothing_else() {
        let body = sealed(b"cloakroom", b"id");
        assert!(opened(&keys(2), &body, b"id").is_err());
        assert!(opened(&keys(1), &body, b"di").is_err());
        for length in 0..body.len() {
            assert!(opened(&keys(1), &body[..length], b"id").is_err(), "cut at {length}");
            let mut changed = body.clone();
            changed[length] ^= 1;
            assert!(opened(&keys(1), &changed, b"id").is_err(), "changed at {length}");
        }
    }

    #[test]
    fn keys_are_sixty_four_bytes() {
        assert!(Keys::new(vec![0; 63]).is_none());
        assert!(Keys::new(vec![0; 65]).is_none());
    }

    proptest! {
        #[test]
        fn round_trips(text: Vec<u8>, associated: Vec<u8>) {
            let body = sealed(&text, &associated);
            prop_assert_eq!(opened(&keys(1), &body, &associated).unwrap(), text);
        }
    }
}
