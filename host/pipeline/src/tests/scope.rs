//! Claims that name the key of an object in another namespace.

use std::sync::Arc;

use cloakroom_core::{ByteSize, Context, ErrorKind, ObjectScope, Payload};

use super::fakes::{Shelf, builder, ctx, plain};
use crate::{Offload, Pipeline};

fn storing(shelf: &Shelf) -> Pipeline {
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("shelf", shelf.clone());
    builder().with_offload(offload).build().unwrap()
}

fn scoped(namespace: &str, others: &[&str], reads_unscoped: bool) -> Context {
    let others: Arc<[String]> = others.iter().map(|&name| name.to_owned()).collect();
    let scope = ObjectScope::new(others, reads_unscoped);
    Context::namespace(namespace).with_object_scope(scope)
}

/// Returns a reference to an object that lies in a namespace.
async fn reference(pipeline: &Pipeline, shelf: &Shelf, namespace: &str) -> Payload {
    let references = pipeline.encode(&ctx(), vec![plain("text")]).await.unwrap();
    let reference = references.into_iter().next().unwrap();
    let mut objects = shelf.0.objects.lock().unwrap();
    let (key, object) = objects.pop_first().unwrap();
    let moved = format!("{namespace}/{key}");
    objects.insert(moved.clone(), object);
    let text = std::str::from_utf8(&reference.data).unwrap();
    let text = text.replace(&format!("\nkey={key}"), &format!("\nkey={moved}"));
    Payload { data: text.into(), ..reference }
}

#[tokio::test]
async fn an_object_of_another_namespace_is_refused_before_any_request() {
    let shelf = Shelf::default();
    let pipeline = storing(&shelf);
    let stolen = reference(&pipeline, &shelf, "bank").await;
    let read = async |ctx: &Context| pipeline.decode(ctx, vec![stolen.clone()]).await;

    let refused = read(&scoped("shop", &["billing"], true)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied);
    assert!(refused.to_string().contains("belongs to namespace `bank`"), "{refused}");
    assert_eq!(shelf.counts().1, 0, "the store heard of it");

    for ctx in [scoped("bank", &[], false), scoped("shop", &["bank"], false), ctx()] {
        assert_eq!(read(&ctx).await.unwrap(), [plain("text")]);
    }
    // It is cached by now, and the cache answers to no forgery.
    assert_eq!(read(&scoped("shop", &[], true)).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn an_object_of_no_namespace_is_read_if_that_is_allowed() {
    let shelf = Shelf::default();
    let pipeline = storing(&shelf);
    let references = pipeline.encode(&ctx(), vec![plain("text")]).await.unwrap();
    let read = async |ctx: &Context| pipeline.decode(ctx, references.clone()).await;
    let refused = read(&scoped("shop", &[], false)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied);
    assert!(refused.to_string().contains("reading_unscoped_keys"), "{refused}");
    assert_eq!(shelf.counts().1, 0);
    assert_eq!(read(&scoped("shop", &[], true)).await.unwrap(), [plain("text")]);
}

/// Encoding lets a reference pass only if decoding would follow it.
#[tokio::test]
async fn a_reference_to_another_namespace_is_encoded_like_any_payload() {
    let shelf = Shelf::default();
    let pipeline = storing(&shelf);
    let stolen = reference(&pipeline, &shelf, "bank").await;
    let encoded = pipeline.encode(&scoped("bank", &[], false), vec![stolen.clone()]).await;
    assert_eq!(encoded.unwrap(), std::slice::from_ref(&stolen));
    let scope = scoped("shop", &[], true);
    let encoded = pipeline.encode(&scope, vec![stolen.clone()]).await.unwrap();
    assert_ne!(encoded, std::slice::from_ref(&stolen));
    assert_eq!(pipeline.decode(&scope, encoded).await.unwrap(), [stolen]);
}
