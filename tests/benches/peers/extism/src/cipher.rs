//! AES-256-GCM by the host, with the nonce before the ciphertext: what Cloakroom's host does for its cipher.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};

const KEY: [u8; 32] = *b"a key that every bench may know!";
const TAG: usize = 16;

pub(crate) struct Cipher(LessSafeKey);

impl Cipher {
    pub(crate) fn new() -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).expect("32 bytes")))
    }

    pub(crate) fn seal(&self, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).expect("random");
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + TAG);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let body = &mut sealed[NONCE_LEN..];
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::empty(), body).expect("seals");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    pub(crate) fn open(&self, sealed: &[u8]) -> Vec<u8> {
        let (nonce, body) = sealed.split_at(NONCE_LEN);
        let (ciphertext, tag) = body.split_at(body.len() - TAG);
        let nonce = Nonce::try_assume_unique_for_key(nonce).expect("a nonce");
        let mut plain = vec![0; ciphertext.len()];
        self.0
            .open_separate_gather(nonce, Aad::empty(), ciphertext, tag, &mut plain)
            .expect("opens");
        plain
    }
}
