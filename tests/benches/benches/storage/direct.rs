//! The same steps as the driver's, written natively: hash, ask, put; get, hash.

use aws_lc_rs::digest;
use bytes::Bytes;
use cloakroom::Payload;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, path::Path};

pub(crate) async fn store(store: &dyn ObjectStore, payload: &Payload) -> Path {
    let envelope = payload.envelope();
    let parts = [envelope.head, envelope.body, envelope.tail];
    let hashed = parts.clone();
    let key = blocking(move || {
        let mut context = digest::Context::new(&digest::SHA256);
        hashed.iter().for_each(|part| context.update(part));
        hex::encode(context.finish())
    })
    .await;
    let path = Path::parse(format!("direct/v0/d/sha256/{key}")).expect("a path");
    if store.head(&path).await.is_err() {
        let body: PutPayload = parts.into_iter().collect();
        store.put_opts(&path, body, PutMode::Create.into()).await.expect("stores");
    }
    path
}

pub(crate) async fn retrieve(store: &dyn ObjectStore, path: &Path) -> Payload {
    let object: Bytes = store.get(path).await.expect("found").bytes().await.expect("read");
    let expect = path.filename().expect("a name").to_owned();
    let hashed = object.clone();
    let found = blocking(move || hex::encode(digest::digest(&digest::SHA256, &hashed))).await;
    assert_eq!(found, expect);
    Payload::from_envelope(object).expect("a payload")
}

/// Where the pipeline does the same.
async fn blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    tokio::task::spawn_blocking(work).await.expect("ends")
}
