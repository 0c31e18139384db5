//! The codecs as a component with the plainest types: bytes in, bytes out.

use peers_codec::Zstd;

wit_bindgen::generate!({ world: "peer" });

thread_local! {
    static ZSTD: Zstd = Zstd::default();
}

struct Peer;

impl Guest for Peer {
    fn compress(bytes: Vec<u8>) -> Vec<u8> {
        ZSTD.with(|zstd| zstd.compress(&bytes))
    }

    fn decompress(frame: Vec<u8>) -> Vec<u8> {
        ZSTD.with(|zstd| zstd.decompress(&frame))
    }

    fn seal(plain: Vec<u8>) -> Vec<u8> {
        host_seal(&plain)
    }

    fn open(sealed: Vec<u8>) -> Vec<u8> {
        host_open(&sealed)
    }
}

export!(Peer);
