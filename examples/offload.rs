//! Stores large payloads in a folder; the workflow engine gets a reference of some hundred bytes.
//! `cargo run -p cloakroom --example offload`
#![allow(clippy::indexing_slicing, clippy::print_stdout, reason = "an example")]

use std::sync::Arc;

use cloakroom::{
    ByteSize, Context, Error, Payload, Pipeline,
    plugin::{self, Grants, Host, Settings},
    storage::{BucketAccess, BucketUrl, Offload, TemporalReferences},
};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let folder = std::env::temp_dir().join(format!("cloakroom-offload-{}", std::process::id()));
    let url = format!("file:{}", folder.display()); // or s3://, gs://, az://, redis://

    // The plugin may use this bucket, and no other file.
    let bucket = Arc::new(BucketUrl::new(url).open()?);
    let grants = Grants::none().with_bucket("payloads", bucket, BucketAccess::whole());
    let plugin = Host::builder().build()?.load(plugin::bundled("file")?, grants).await?;
    let settings = Settings::none().with_setting("bucket", "payloads");
    let driver = plugin.driver(settings, plugin::Reuse::Warm).await?;

    let offload = Offload::new(ByteSize::kib(256)).with_driver("local.filedriver", driver);
    let pipeline = Pipeline::builder().with_reference_format(TemporalReferences);
    let pipeline = pipeline.with_offload(offload).build()?;

    let ctx = Context::namespace("payments");
    for size in [1_000, 1_000_000] {
        let sent = vec![Payload::new("text/plain", vec![b'x'; size])];
        let stored = pipeline.encode(&ctx, sent.clone()).await?;
        assert_eq!(pipeline.decode(&ctx, stored.clone()).await?, sent);
        let (is_stored, bytes) = (stored != sent, stored[0].data.len());
        let kind = if is_stored { "a reference" } else { "the payload" };
        println!("sent {size} bytes: the engine gets {kind}, {bytes} bytes");
        if is_stored {
            println!("{}", String::from_utf8_lossy(&stored[0].data));
        }
    }
    let _ = std::fs::remove_dir_all(folder);
    Ok(())
}
