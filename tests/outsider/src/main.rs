//! A program that is built from the packaged crates: it encodes and decodes through the plugins that
//! come in them.

use cloakroom::{CloakroomBuilder, Context, Payload};

const CONFIGURATION: &str = r#"
[[stage]]
plugin = "bundled:zstd"

[[stage]]
plugin = "bundled:aes-gcm"
required = true
settings = { ring = "payments" }
grants.keys = ["payments"]

[keys.payments]
current = "2026-11"
[keys.payments.material]
"2026-11" = { env = "OUTSIDER_KEY" }
"#;

#[tokio::main]
async fn main() -> Result<(), cloakroom::Error> {
    let cloakroom = CloakroomBuilder::text(CONFIGURATION).open().await?;
    let ctx = Context::namespace("payments");
    let sent = vec![Payload::new("json/plain", "\"a word\"".repeat(1000))];
    let sealed = cloakroom.encode(&ctx, sent.clone()).await?;
    assert_eq!(sealed[0].encoding(), Some("binary/sealed"));
    assert!(sealed[0].encoded_len() < 1000, "zstd has compressed nothing");
    assert_eq!(cloakroom.decode(&ctx, sealed).await?, sent);
    println!("decoded what was encoded");
    Ok(())
}
