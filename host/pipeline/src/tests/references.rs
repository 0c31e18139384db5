//! References that bypass the stages, and payloads that only look like references.

use cloakroom_core::{ByteSize, ErrorKind, Payload, Purpose};

use super::fakes::{Fake, Lines, Shelf, Work, builder, ctx, plain};
use crate::{Offload, PayloadKind, Pipeline, ReferenceFormat as _, Stage};

fn everything(shelf: &Shelf) -> Offload {
    Offload::new(ByteSize::bytes(0))
        .with_driver("shelf", shelf.clone())
        .with_memory_cache(ByteSize::bytes(0))
}

fn sealed(offload: Offload) -> Pipeline {
    let codec = Fake::new("x/a", Purpose::Encryption, Work::Reverse);
    builder().with_stage(Stage::new("a", codec).required()).with_offload(offload).build().unwrap()
}

/// Returns a reference to a stored payload.
async fn reference(pipeline: &Pipeline) -> Payload {
    pipeline.encode(&ctx(), vec![plain("text")]).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_reference_that_decoding_follows_passes_as_it_is() {
    let shelf = Shelf::default();
    let pipeline = sealed(everything(&shelf));
    let reference = reference(&pipeline).await;
    let again = pipeline.encode(&ctx(), vec![reference.clone()]).await.unwrap();
    assert_eq!((&again[0], shelf.counts()), (&reference, (1, 0)));
    assert_eq!(pipeline.decode(&ctx(), again).await.unwrap(), [plain("text")]);
}

/// Anybody can write a reference's metadata. What decoding would not follow is encoded and comes back.
#[tokio::test]
async fn what_only_looks_like_a_reference_is_encoded_whole() {
    let shelf = Shelf::default();
    let pipeline = sealed(everything(&shelf));
    let good = reference(&pipeline).await;
    let text = String::from_utf8(good.data.to_vec()).unwrap();
    let forged = |text: String| Payload { data: text.into(), ..good.clone() };
    let batch = vec![
        forged(text.replace("shelf", "other")),
        forged(text.replace("hash_value=", "hash_value=zz")),
        forged("no reference\nat all".to_owned()),
        forged(format!("{text}cloakroom_unknown=1\n")),
        good.clone().with_metadata("note", "a secret beside the reference"),
        Payload { external_sizes: vec![-1], ..good.clone() },
        plain("text").with_metadata("encoded-reference", "yes"),
    ];
    let count = batch.len();
    let encoded = pipeline.encode(&ctx(), batch.clone()).await.unwrap();
    assert_eq!(shelf.counts().0, 1 + count, "each is a payload like any other");
    assert!(!encoded.iter().any(|payload| payload.metadata.contains_key("note")));
    assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), batch);
}

#[tokio::test]
async fn a_forged_reference_asks_no_driver() {
    let shelf = Shelf::default();
    let pipeline = sealed(everything(&shelf));
    let good = reference(&pipeline).await;
    let text = String::from_utf8(good.data.to_vec()).unwrap();
    for (from, to, kind) in [
        ("shelf", "other", ErrorKind::Unresolved),
        ("hash_value=", "hash_value=zz", ErrorKind::Malformed),
        ("hash_algorithm=sha256", "hash_algorithm=md5", ErrorKind::Malformed),
        ("hash_algorithm=sha256\n", "", ErrorKind::Malformed),
    ] {
        assert!(text.contains(from));
        let forged = Payload { data: text.replace(from, to).into(), ..good.clone() };
        let error = pipeline.decode(&ctx(), vec![forged]).await.unwrap_err();
        assert_eq!((error.kind(), error.slot()), (kind, Some(0)), "{to}");
    }
    let huge = Payload { external_sizes: vec![1 << 40], ..good };
    let error = pipeline.decode(&ctx(), vec![huge]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LimitExceeded(_)), "{error}");
    assert_eq!(shelf.counts().1, 0);
}

#[tokio::test]
async fn encoded_references_show_nothing_and_are_followed() {
    let shelf = Shelf::default();
    let pipeline = sealed(everything(&shelf).with_encoded_references());
    let reference = reference(&pipeline).await;
    assert_eq!(Lines.classify(&reference), PayloadKind::EncodedReference);
    assert_eq!(reference.encoding(), Some("x/a"));
    assert!(!reference.external_sizes.is_empty());
    let again = pipeline.encode(&ctx(), vec![reference.clone()]).await.unwrap();
    assert_eq!((&again[0], shelf.counts()), (&reference, (1, 0)));
    let shown = pipeline.decode_references(&ctx(), again.clone()).await.unwrap();
    assert_eq!(Lines.classify(&shown[0]), PayloadKind::Reference);
    assert_eq!(Lines.read(&shown[0]).unwrap().driver, "shelf");
    assert_eq!(pipeline.decode(&ctx(), again).await.unwrap(), [plain("text")]);
    // Something beside the reference does not pass with it.
    let noted = reference.clone().with_metadata("note", "a secret beside the reference");
    let again = pipeline.encode(&ctx(), vec![noted]).await.unwrap();
    assert_eq!((&again[0], shelf.counts().0), (&reference, 1));
}

/// Decoding would refuse such a reference, so encoding must not let it pass.
#[tokio::test]
async fn a_reference_that_a_required_stage_has_not_encoded_is_encoded_whole() {
    let shelf = Shelf::default();
    let stage =
        |name, encoding, purpose| Stage::new(name, Fake::new(encoding, purpose, Work::Reverse));
    let first = || builder().with_stage(stage("a", "x/a", Purpose::Conversion));
    let offload = || everything(&shelf).with_encoded_references();
    let marked = reference(&first().with_offload(offload()).build().unwrap()).await;
    let second = stage("b", "x/b", Purpose::Encryption).required();
    let both = first().with_stage(second).with_offload(offload()).build().unwrap();
    let encoded = both.encode(&ctx(), vec![marked.clone()]).await.unwrap();
    assert_eq!(shelf.counts().0, 2, "it is a payload like any other");
    assert_eq!(both.decode(&ctx(), encoded).await.unwrap(), [marked]);
}

#[tokio::test]
async fn an_encoded_reference_that_cannot_be_decoded_is_refused() {
    let pipeline = sealed(everything(&Shelf::default()));
    let marked = plain("text").with_metadata("encoded-reference", "yes");
    let error = pipeline.decode(&ctx(), vec![marked]).await.unwrap_err();
    let place = (error.kind(), error.stage(), error.slot());
    assert_eq!(place, (ErrorKind::Unresolved, Some("storage"), Some(0)));
}

#[tokio::test]
async fn a_reference_without_storage_is_unresolved() {
    let reference = reference(&sealed(everything(&Shelf::default()))).await;
    let none = builder().build().unwrap();
    let error = none.decode(&ctx(), vec![reference.clone()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unresolved);
    assert!(error.to_string().ends_with("(`PipelineBuilder::with_offload`)"), "{error}");
    // Without a format nothing is a reference.
    let unformatted = Pipeline::builder().build().unwrap();
    let decoded = unformatted.decode(&ctx(), vec![reference.clone()]).await.unwrap();
    assert_eq!(decoded, [reference]);
}
