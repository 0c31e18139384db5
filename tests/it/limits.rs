//! Memory that plugins need.

use cloakroom::{
    ByteSize, Codec as _, Error, Payload,
    codec::Encoded,
    plugin::{Limits, Reuse, Settings},
};
use cloakroom_tests::{bundled, ctx, host, noise, plain};

async fn encode_within(memory: ByteSize, payload: &Payload) -> Result<Encoded, Error> {
    let host = cloakroom::plugin::Host::builder()
        .with_limits(Limits { memory, ..Limits::default() })
        .build()?;
    let grants = cloakroom::plugin::Grants::none().with_keys("payments", cloakroom_tests::ring());
    let plugin = host.load(cloakroom::plugin::bundled("aes-gcm")?, grants).await?;
    let settings = Settings::none().with_setting("ring", "payments");
    plugin.codec(settings, Reuse::Fresh).await?.encode(&ctx(), payload).await
}

/// The plugin decides under which key; the host does the work, and the bytes stay there.
#[tokio::test(flavor = "multi_thread")]
async fn encrypting_fifty_mebibytes_takes_less_than_one_of_guest_memory() {
    let mut least = ByteSize::kib(64);
    while encode_within(least, &plain("x")).await.is_err() {
        least = ByteSize::bytes(least.get() + (64 << 10));
        assert!(least < ByteSize::mib(8), "never works");
    }
    let more = ByteSize::bytes(least.get() + (1 << 20) - 1);
    let large = plain(noise(50 << 20));
    assert!(encode_within(more, &large).await.is_ok(), "needs more than {more}");
}

/// Guests that read and write in pieces do not grow with what they are given.
#[tokio::test(flavor = "multi_thread")]
async fn compressors_and_ciphers_work_on_fifty_mebibytes_in_sixteen() {
    let limits = Limits {
        memory: ByteSize::mib(16),
        time: std::time::Duration::from_secs(120),
        ..Limits::default()
    };
    let host = host(limits);
    let large = plain(cloakroom_tests::text(50 << 20));
    for name in cloakroom_tests::bundled_codecs() {
        let codec = bundled(&host, name, Settings::none(), Reuse::Fresh).await;
        let Encoded::Changed(encoded) = codec.encode(&ctx(), &large).await.expect(name) else {
            panic!("{name} left it alone");
        };
        assert!(codec.decode(&ctx(), encoded).await.expect(name) == large, "{name}");
    }
}

/// A level that large payloads had no room for would be found out by the first of them.
#[tokio::test(flavor = "multi_thread")]
async fn the_highest_level_of_zstd_fits_into_the_default_memory() {
    let limits = Limits { time: std::time::Duration::from_secs(120), ..Limits::default() };
    let settings = Settings::none().with_setting("level", 12);
    let codec = bundled(&host(limits), "zstd", settings, Reuse::Fresh).await;
    let large = plain(cloakroom_tests::text(50 << 20));
    let Encoded::Changed(encoded) = codec.encode(&ctx(), &large).await.unwrap() else {
        panic!("left alone");
    };
    assert!(codec.decode(&ctx(), encoded).await.unwrap() == large);
}
