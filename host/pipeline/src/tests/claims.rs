//! Claims with a proof of who wrote them.

use std::sync::Arc;

use cloakroom_core::{ByteSize, Context, ErrorKind, Payload};

use super::{
    fakes::{Shelf, builder, ctx, plain},
    signer::Signer,
};
use crate::{ClaimPolicy, Offload, Pipeline};

fn storage(shelf: &Shelf) -> Offload {
    Offload::new(ByteSize::bytes(0))
        .with_driver("shelf", shelf.clone())
        .with_memory_cache(ByteSize::mib(1))
}

fn proven(shelf: &Shelf, key: u8) -> Pipeline {
    let offload = storage(shelf).with_claim_proofs(Arc::new(Signer(key)), ClaimPolicy::Require);
    builder().with_offload(offload.with_namespace_bound_claims()).build().unwrap()
}

#[track_caller]
fn change(reference: &Payload, from: &str, to: &str) -> Payload {
    let text = std::str::from_utf8(&reference.data).unwrap();
    assert!(text.contains(from), "{text}");
    Payload { data: text.replacen(from, to, 1).into(), ..reference.clone() }
}

#[tokio::test]
async fn a_claim_is_good_for_its_writer_object_and_namespace() {
    let shelf = Shelf::default();
    let pipeline = proven(&shelf, 1);
    let batch = vec![plain("one"), plain("another")];
    let references = pipeline.encode(&ctx(), batch.clone()).await.unwrap();
    assert_eq!(pipeline.decode(&ctx(), references.clone()).await.unwrap(), batch);
    let refused = async |pipeline: &Pipeline, ctx: &Context, reference: Payload| {
        let error = pipeline.decode(ctx, vec![reference]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    };
    let one = &references[0];
    // The objects are cached by now, and the cache answers to no forgery.
    refused(&pipeline, &ctx(), change(one, "cloakroom_size=", "cloakroom_size=1")).await;
    refused(&pipeline, &ctx(), change(one, "cloakroom_proof=2:", "cloakroom_proof=3:")).await;
    refused(&pipeline, &ctx(), change(one, "cloakroom_proof=", "cloakroom_none=")).await;
    refused(&pipeline, &ctx(), change(one, "\nkey=", "\nkey=0")).await;
    refused(&pipeline, &Context::namespace("other"), one.clone()).await;
    refused(&pipeline, &Context::none(), one.clone()).await;
    refused(&proven(&shelf, 2), &ctx(), one.clone()).await;
    assert_eq!(shelf.counts().1, 0);
}

#[tokio::test]
async fn a_claim_without_a_proof_is_refused_where_one_is_required() {
    let shelf = Shelf::default();
    let unproven = builder().with_offload(storage(&shelf)).build().unwrap();
    let references = unproven.encode(&ctx(), vec![plain("one")]).await.unwrap();
    let error = proven(&shelf, 1).decode(&ctx(), references.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().ends_with("(`Offload::with_claim_proofs`)"), "{error}");
    let write = storage(&shelf).with_claim_proofs(Arc::new(Signer(1)), ClaimPolicy::Write);
    let write = builder().with_offload(write).build().unwrap();
    assert_eq!(write.decode(&ctx(), references).await.unwrap(), [plain("one")]);
}

#[tokio::test]
async fn a_bound_claim_needs_a_namespace() {
    let pipeline = proven(&Shelf::default(), 1);
    let error = pipeline.encode(&Context::none(), vec![plain("one")]).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Config, Some("storage shelf")));
}
