//! A cipher under a key that is part of the plugin, so that the operator's keys do not matter. It is made
//! of SHA-256 alone, for this test and nothing else.

use cloakroom_guest::{Buffer, Error, random};

const KEY: &[u8] = b"the key of everybody";
const NONCE: usize = 16;
const TAG: usize = 32;

pub(crate) fn seal(plaintext: &Buffer) -> Buffer {
    let nonce = random::draw(NONCE as u32);
    let ciphertext = mixed(&nonce, &plaintext.read(0, u32::MAX));
    let tag = hash(&[KEY, b"tag", &nonce, &ciphertext]);
    Buffer::new(&[nonce, ciphertext, tag].concat())
}

pub(crate) fn open(sealed: &Buffer) -> Result<Buffer, Error> {
    let bytes = sealed.read(0, u32::MAX);
    if bytes.len() < NONCE + TAG {
        return Err(Error::malformed("too short"));
    }
    let (rest, tag) = bytes.split_at(bytes.len() - TAG);
    let (nonce, ciphertext) = rest.split_at(NONCE);
    if hash(&[KEY, b"tag", nonce, ciphertext]) != tag {
        return Err(Error::malformed("changed"));
    }
    Ok(Buffer::new(&mixed(nonce, ciphertext)))
}

/// Mixes bytes with a stream that the key and the nonce give. The same again takes it away.
fn mixed(nonce: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut mixed = Vec::with_capacity(bytes.len());
    // One block for a thousand bytes would repeat itself; blocks of their own keep it short to write.
    for (number, block) in bytes.chunks(TAG).enumerate() {
        let stream = hash(&[KEY, nonce, &(number as u64).to_be_bytes()]);
        mixed.extend(block.iter().zip(stream).map(|(byte, other)| byte ^ other));
    }
    mixed
}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    Buffer::new(&parts.concat()).sha256()
}
