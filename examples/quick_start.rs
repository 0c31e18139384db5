//! Compresses and encrypts payloads as a configuration says, and decodes them again.
//! `cargo run -p cloakroom --example quick_start`
#![allow(clippy::indexing_slicing, clippy::print_stdout, reason = "an example")]

use std::sync::Arc;

use cloakroom::{
    CloakroomBuilder, Context, Error, Payload,
    keys::{Material, Ring},
};

/// As a file, it would also name where the keys are kept: `[keys.payments]`.
const CONFIGURATION: &str = r#"
[[stage]]
plugin = "bundled:zstd"

[[stage]]
plugin = "bundled:aes-gcm"
required = true                  # refuse to encode or decode what is not encrypted
settings.ring = "payments"
grants.keys = ["payments"]
"#;

#[tokio::main]
async fn main() -> Result<(), Error> {
    // A real key comes from a secret store; this one is public.
    let ring = Ring::of("2026-11", &Material::new(*b"32 bytes of an example's own key"))?;
    let cloakroom = CloakroomBuilder::text(CONFIGURATION)
        .with_key_ring("payments", Arc::new(ring))
        .open()
        .await?;

    let ctx = Context::namespace("payments");
    let sent = vec![Payload::new("json/plain", r#"{"invoice":17,"paid":false}"#.repeat(400))];
    let encoded = cloakroom.encode(&ctx, sent.clone()).await?;
    let decoded = cloakroom.decode(&ctx, encoded.clone()).await?;

    println!("the program sent {} bytes of {}", size(&sent[0]), encoding(&sent[0]));
    println!("the engine gets  {} bytes of {}", size(&encoded[0]), encoding(&encoded[0]));
    println!("decoding gives back what was sent: {}", decoded == sent);
    Ok(())
}

fn size(payload: &Payload) -> usize {
    payload.data.len()
}

fn encoding(payload: &Payload) -> &str {
    payload.encoding().unwrap_or("no encoding")
}
