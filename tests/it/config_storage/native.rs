//! Storage with a codec and a driver of the program's own.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom::{
    ByteSize, CloakroomBuilder, Codec, Context, Driver, Error, Payload,
    codec::{Description, Encoded, Purpose},
    storage::{Bucket as _, Claim, Object, ObjectBucket},
};
use cloakroom_tests::{assert_text, chain, compile_cache, ctx, noise, plain, ring};
use expect_test::expect;
use futures::future::BoxFuture;

use super::{GOOD, is_reference};

/// A codec and a driver in the program's own Rust.
struct Own(Description, Arc<ObjectBucket>);

impl Codec for Own {
    fn description(&self) -> &Description {
        &self.0
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        let encoded = Payload::new("binary/own", payload.envelope().to_bytes());
        Box::pin(async { Ok(Encoded::Changed(encoded)) })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async { Payload::from_envelope(payload.data) })
    }
}

impl Driver for Own {
    fn kind(&self) -> &str {
        "own"
    }

    fn store<'a>(&'a self, _: &'a Context, object: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move {
            let body = vec![object.envelope().to_bytes()];
            self.1.put("own", body, cloakroom::storage::PutMode::Overwrite).await?;
            Ok(Claim::new())
        })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Claim,
        most: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move { self.1.get("own", most.get()).await })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_may_bring_its_own() {
    let bucket = Arc::new(ObjectBucket::memory("brought"));
    let own = || {
        let encodings = vec!["binary/own".to_owned()];
        Own(Description { encodings, purpose: Purpose::Conversion }, bucket.clone())
    };
    let text = GOOD
        .replace("[[stage]]", "[[stage]]\nplugin = \"native:mine\"\n[[stage]]")
        .replace("\"bundled:redis\"", "\"native:mine\"")
        .replace("store_with = \"aws.s3driver\"", "store_with = \"redis\"")
        .replace("\"memory:payloads\"", "\"native:brought\"");
    let (text, _) = text.split_once("[keys.payments]").unwrap();
    let opening = || CloakroomBuilder::text(text).with_cache(compile_cache());
    let whole = opening().with_codec("mine", own()).with_driver("mine", own());
    let whole = whole.with_bucket("brought", bucket.clone()).with_key_ring("payments", ring());
    let cloakroom = whole.open().await.map_err(|error| chain(&error)).unwrap();
    let sent = vec![plain(noise(2000))];
    let kept = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    assert!(is_reference(&kept[0]));
    let stored = Payload::from_envelope(bucket.get("own", 9999).await.unwrap()).unwrap();
    assert_eq!(stored.encoding(), Some("binary/sealed"));
    assert_eq!(cloakroom.decode(&ctx(), kept).await.unwrap(), sent);

    let own_parts = [
        (
            opening().with_driver("mine", own()).with_bucket("brought", bucket.clone()),
            "codec `mine`",
            expect![[r#"
                configuration, line 3, stage `mine`, key `plugin`: no codec `mine` was given in the program: add it with `CloakroomBuilder::with_codec`
            "#]],
        ),
        (
            opening().with_codec("mine", own()).with_bucket("brought", bucket.clone()),
            "driver `mine`",
            expect![[r#"
                configuration, line 28, driver `redis`, key `plugin`: no driver `mine` was given in the program: add it with `CloakroomBuilder::with_driver`
            "#]],
        ),
        (
            opening().with_codec("mine", own()).with_driver("mine", own()),
            "bucket `brought`",
            expect![[r#"
                configuration, line 33: [buckets.payloads]: no bucket `brought` was given in the program
            "#]],
        ),
    ];
    for (opening, fact, snapshot) in own_parts {
        let error = opening.with_key_ring("payments", ring()).open().await.map(drop).unwrap_err();
        assert_text(&chain(&error), &[fact], &snapshot);
    }
}
