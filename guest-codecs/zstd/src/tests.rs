//! Tests of the codec as the host calls it.

use cloakroom_guest::{Buffer, Codec, Error, Settings, Target, testing};

use super::{Zstd, whole};

fn load(level: &str) -> Result<Zstd, Error> {
    Zstd::load(&Settings::from([("level", level)]))
}

/// Whole in memory, and streamed.
#[test]
fn what_is_encoded_is_decoded() {
    let ctx = testing::context(Target::default());
    for length in [0, 1, 1000, whole::MOST as usize, whole::MOST as usize + 1, 3 << 20] {
        let envelope: Vec<u8> = (0..length).map(|index| (index / 7) as u8).collect();
        let codec = load("3").unwrap();
        for _ in 0..2 {
            let encoded = codec.encode(&ctx, Buffer::new(&envelope)).unwrap().unwrap();
            assert!(zstd::decode_all(&*encoded.to_vec()).unwrap() == envelope, "{length}");
            assert!(codec.decode(&ctx, encoded).unwrap().to_vec() == envelope, "{length}");
        }
    }
}

#[test]
fn other_bytes_are_malformed_and_do_no_harm() {
    let ctx = testing::context(Target::default());
    let codec = load("3").unwrap();
    let frame = zstd::bulk::compress(&b"cloakroom ".repeat(100), 3).unwrap();
    for bytes in [&b"hello, hello"[..], &frame[..frame.len() - 1], &frame[1..]] {
        let decoded = codec.decode(&ctx, Buffer::new(bytes));
        assert!(matches!(decoded, Err(Error::Malformed(_))), "{decoded:?}");
    }
    let decoded = codec.decode(&ctx, Buffer::new(&frame)).unwrap();
    assert_eq!(decoded.length(), 1000);
}

#[test]
fn levels_are_from_one_to_twelve() {
    assert!(load("12").is_ok());
    for level in ["0", "13", "-5", "best"] {
        let error = load(level).err();
        let text = "setting `level` must be a number from 1 to 12";
        assert_eq!(error, Some(Error::misconfigured(text)), "{level}");
    }
    let unknown = Zstd::load(&Settings::from([("levle", "6")])).err();
    let text = "unknown setting `levle`: did you mean `level`?";
    assert_eq!(unknown, Some(Error::misconfigured(text)));
}

/// A fresh instance pays for each call to the host.
#[test]
fn a_small_payload_takes_few_calls() {
    let host = testing::Host::new();
    let (ctx, payload) = (testing::context(Target::default()), testing::payload(&[7; 1000]));
    let codec = load("3").unwrap();
    let start = host.calls();
    let encoded = cloakroom_guest::PayloadCodec::encode(&codec, &ctx, &payload).unwrap().unwrap();
    let between = host.calls();
    cloakroom_guest::PayloadCodec::decode(&codec, &ctx, &encoded).unwrap();
    assert_eq!([between - start, host.calls() - between], [5, 5]);
}
