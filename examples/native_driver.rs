//! A storage driver in Rust, which keeps large payloads in a map.
//! `cargo run -p cloakroom --example native_driver`
#![allow(clippy::indexing_slicing, clippy::print_stdout, reason = "an example")]

use std::collections::BTreeMap;

use cloakroom::{
    BoxFuture, ByteSize, Context, Driver, Error, ErrorKind, Payload, Pipeline,
    bytes::Bytes,
    storage::{Claim, Object, Offload, TemporalReferences},
};
use tokio::sync::Mutex;

#[derive(Default)] // Objects by their SHA-256. The pipeline checks what comes back.
struct MapDriver(Mutex<BTreeMap<String, Bytes>>);

impl Driver for MapDriver {
    fn kind(&self) -> &str {
        "example.map"
    }

    fn store<'a>(&'a self, _: &'a Context, object: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move {
            let key: String = object.sha256().iter().map(|byte| format!("{byte:02x}")).collect();
            self.0.lock().await.insert(key.clone(), object.envelope().to_bytes());
            Ok(Claim::from([("key".to_owned(), key)]))
        })
    }

    /// Finds an object by its claim, which comes from a history: a stranger may have written it.
    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        claim: &'a Claim,
        _most: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move {
            let objects = self.0.lock().await;
            let found = claim.get("key").and_then(|key| objects.get(key)).cloned();
            found.ok_or_else(|| Error::new(ErrorKind::NotFound, "the map has no such object"))
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let offload = Offload::new(ByteSize::kib(1)).with_driver("example.map", MapDriver::default());
    let builder = Pipeline::builder().with_reference_format(TemporalReferences);
    let pipeline = builder.with_offload(offload).build()?;
    for text in ["short".to_owned(), "long ".repeat(9000)] {
        let sent = vec![Payload::new("text/plain", text)];
        let encoded = pipeline.encode(&Context::none(), sent.clone()).await?;
        let stored = if encoded == sent { "left as it is" } else { "stored" };
        let [was, is] = [&sent, &encoded].map(|batch| batch[0].data.len());
        println!("{was} bytes: {stored}, the engine gets {is}");
        assert_eq!(pipeline.decode(&Context::none(), encoded).await?, sent);
    }
    Ok(())
}
