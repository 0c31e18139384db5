//! Decoding payload by payload.

use cloakroom_core::{ByteSize, ErrorKind, Purpose};

use super::fakes::{Fake, Shelf, Work, builder, ctx, plain};
use crate::{Offload, Stage};

#[tokio::test]
async fn one_that_cannot_be_decoded_hides_no_other() {
    let shelf = Shelf::default();
    let offload = Offload::new(ByteSize::bytes(100))
        .with_driver("shelf", shelf.clone())
        .with_memory_cache(ByteSize::bytes(0));
    let codec = Fake::new("x/a", Purpose::Encryption, Work::Reverse);
    let builder = builder().with_stage(Stage::new("a", codec).required());
    let pipeline = builder.with_offload(offload).build().unwrap();
    let batch = vec![plain("one"), plain(&"two".repeat(100)), plain("three")];
    let mut encoded = pipeline.encode(&ctx(), batch.clone()).await.unwrap();
    encoded.push(plain("forged"));
    shelf.0.objects.lock().unwrap().clear();
    assert!(pipeline.decode(&ctx(), encoded.clone()).await.is_err());

    let decoded = pipeline.decode_each(&ctx(), encoded).await.unwrap();
    let found: Vec<_> = decoded.iter().map(|one| one.as_ref().ok()).collect();
    assert_eq!(found, [Some(&batch[0]), None, Some(&batch[2]), None]);
    for (slot, kind) in [(1, ErrorKind::NotFound), (3, ErrorKind::Unsealed)] {
        let error = decoded[slot].as_ref().unwrap_err();
        assert_eq!((error.kind(), error.slot()), (kind, Some(slot)));
    }
    assert_eq!(pipeline.decode_each(&ctx(), Vec::new()).await.unwrap().len(), 0);
}
