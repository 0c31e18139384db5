//! A bucket in Rust, granted to the bundled plugin that names objects as Temporal's S3 driver does.
//! `cargo run -p cloakroom --example own_bucket`
#![allow(clippy::indexing_slicing, clippy::print_stdout, reason = "an example")]

use std::{collections::BTreeMap, sync::Arc};

use cloakroom::{
    BoxFuture, CloakroomBuilder, Context, Error, ErrorKind, Payload,
    bytes::Bytes,
    storage::{Bucket, PutMode, PutOutcome},
};
use tokio::sync::Mutex;

type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;
const CONFIGURATION: &str = r#"
buckets.payloads.url = "native:map"
storage.threshold = "1KiB"
storage.driver = [
    { name = "d", plugin = "bundled:s3", settings.bucket = "payloads", grants.buckets = ["payloads"] },
]
"#;

#[derive(Default)]
struct MapBucket(Mutex<BTreeMap<String, Bytes>>);

impl Bucket for MapBucket {
    fn name(&self) -> &str {
        "map"
    }

    fn put<'a>(&'a self, key: &'a str, body: Vec<Bytes>, _: PutMode) -> Answer<'a, PutOutcome> {
        Box::pin(async move {
            self.0.lock().await.insert(key.to_owned(), body.concat().into());
            Ok(PutOutcome::Written)
        })
    }

    fn get<'a>(&'a self, key: &'a str, _most: u64) -> Answer<'a, Bytes> {
        let missing = || Error::new(ErrorKind::NotFound, "the map has no such object");
        Box::pin(async move { self.0.lock().await.get(key).cloned().ok_or_else(missing) })
    }

    fn size<'a>(&'a self, key: &'a str) -> Answer<'a, Option<u64>> {
        Box::pin(async move { Ok(self.0.lock().await.get(key).map(|object| object.len() as u64)) })
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let bucket = Arc::new(MapBucket::default());
    let builder = CloakroomBuilder::text(CONFIGURATION).with_bucket("map", bucket.clone());
    let (cloakroom, ctx) = (builder.open().await?, Context::namespace("payments"));
    let encoded = cloakroom.encode(&ctx, vec![Payload::new("text", vec![b'x'; 9000])]).await?;
    println!("the bucket has {:?}", bucket.0.lock().await.keys());
    println!("the engine gets {} bytes", encoded[0].data.len());
    let decoded = cloakroom.decode(&ctx, encoded).await?;
    println!("decoding gives back {} bytes", decoded[0].data.len());
    Ok(())
}
