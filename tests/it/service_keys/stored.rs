//! Wrapped keys in a bucket of S3: payloads carry a digest, and the bucket is never in the way.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cloakroom::{
    Cloakroom, Context, ErrorKind, Payload,
    keys::{KeyId, WRAPPED_KEYS, WrappedKey},
    storage::{Bucket, BucketUrl, ObjectBucket, PutMode},
};
use cloakroom_tests::{chain, plain, rigs::free_port};

use super::{Kek, builder, file, id, seal};
use crate::s3;

pub(super) const STORED: &str = "bucket = \"keys\"\ndata_key = { wrapped = \"store\" }\n\
                      [buckets.keys]\nurl = \"native:keys\"\n";

/// A ring that only reads what is kept.
const INLINE: &str = "bucket = \"keys\"\n[buckets.keys]\nurl = \"native:keys\"\n";

/// Opens a file in a process of its own, as far as keys are concerned.
async fn open(more: &str, kek: &Arc<Kek>, bucket: &ObjectBucket) -> Cloakroom {
    let builder = builder(&file("", more), kek).with_bucket("keys", Arc::new(bucket.clone()));
    builder.open().await.map_err(|error| chain(&error)).unwrap()
}

async fn decode(cloakroom: &Cloakroom, payload: &Payload) -> Result<Vec<Payload>, ErrorKind> {
    let decoded = cloakroom.decode(&Context::namespace("shop"), vec![payload.clone()]).await;
    decoded.map_err(|error| error.kind())
}

/// The key of the object that a payload names.
fn object(payload: &Payload) -> String {
    let id = KeyId::parse(&id(payload)).unwrap();
    assert!(matches!(id.wrapped(), WrappedKey::Stored(_)), "{id}");
    format!("{WRAPPED_KEYS}{}", hex::encode(id.digest()))
}

/// A bucket at an address where nobody listens.
fn down() -> ObjectBucket {
    let url = BucketUrl::new("s3://keys").with_retry_timeout(Duration::from_millis(1));
    let settings = [
        ("endpoint", format!("http://127.0.0.1:{}", free_port())),
        ("region", "us-east-1".to_owned()),
        ("access_key_id", "test".to_owned()),
        ("secret_access_key", "test".to_owned()),
    ];
    let url = settings.into_iter().fold(url, |url, (name, value)| url.with_setting(name, value));
    url.open().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_carry_a_digest_and_two_replicas_keep_their_keys_in_one_bucket() {
    let (kek, bucket) = (Kek::new(), s3::moto("wrapped-keys"));
    let (one, two) = (open(STORED, &kek, &bucket).await, open(STORED, &kek, &bucket).await);
    let (first, second) =
        (seal(&one, "shop", plain("1")).await, seal(&two, "shop", plain("2")).await);
    assert_eq!(id(&first).len(), "ck2.12345678.12345678.@".len() + 43);
    let listed = bucket.list(WRAPPED_KEYS, None).await.unwrap();
    assert!(listed.contains(&object(&first)) && listed.contains(&object(&second)), "{listed:?}");
    // Each opens the other's, and one that changed back to inline keys reads both.
    let (wraps, unwraps) = kek.counts();
    let reader = open(INLINE, &kek, &bucket).await;
    for (process, payload, text) in
        [(&one, &second, "2"), (&two, &first, "1"), (&reader, &first, "1"), (&reader, &second, "2")]
    {
        assert_eq!(decode(process, payload).await, Ok(vec![plain(text)]));
        assert_eq!(decode(process, payload).await, Ok(vec![plain(text)]));
    }
    assert_eq!(kek.counts(), (wraps + 1, unwraps + 4));
    let inline = seal(&reader, "shop", plain("3")).await;
    assert!(!id(&inline).contains('@'), "{}", id(&inline));
    assert_eq!(decode(&one, &inline).await, Ok(vec![plain("3")]));
    // The objects expire: what was opened goes on, and inline payloads need none.
    for key in listed {
        bucket.remove(&key).await.unwrap();
    }
    let late = open(STORED, &kek, &bucket).await;
    assert_eq!(decode(&one, &first).await, Ok(vec![plain("1")]));
    assert_eq!(decode(&late, &inline).await, Ok(vec![plain("3")]));
    assert_eq!(decode(&late, &first).await, Err(ErrorKind::NotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_down_leaves_the_wrapped_key_in_the_payload() {
    let (kek, bucket) = (Kek::new(), s3::moto("wrapped-keys-down"));
    let writer = open(STORED, &kek, &down()).await;
    let sealed = seal(&writer, "shop", plain("1")).await;
    assert!(!id(&sealed).contains('@'), "{}", id(&sealed));
    assert_eq!(decode(&open(INLINE, &kek, &bucket).await, &sealed).await, Ok(vec![plain("1")]));
    // What only the bucket has fails, and may be tried again.
    let stored = seal(&open(STORED, &kek, &bucket).await, "shop", plain("2")).await;
    let cut_off = decode(&writer, &stored).await.unwrap_err();
    assert!(cut_off.is_transient(), "{cut_off:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_with_other_bytes_is_refused_and_a_forged_digest_costs_little() {
    let (kek, bucket) = (Kek::new(), s3::moto("wrapped-keys-forged"));
    let writer = open(STORED, &kek, &bucket).await;
    let (good, bad) =
        (seal(&writer, "shop", plain("1")).await, seal(&writer, "other", plain("2")).await);
    // The wrapped key of another payload, in its place.
    let other = bucket.get(&object(&good), 1024).await.unwrap();
    bucket.put(&object(&bad), vec![other], PutMode::Overwrite).await.unwrap();
    let reader = open(INLINE, &kek, &bucket).await;
    let (_, unwraps) = kek.counts();
    let corrupt = reader.decode(&Context::namespace("other"), vec![bad]).await.unwrap_err();
    assert_eq!(corrupt.kind(), ErrorKind::Corrupt, "{}", chain(&corrupt));
    assert!(chain(&corrupt).contains("other bytes than were kept"), "{}", chain(&corrupt));
    let whole = id(&good);
    let (head, _) = whole.rsplit_once('@').unwrap();
    let forged = |number: u8| {
        let wrapped = KeyId::parse(&format!("{head}{}", "A".repeat(40 + usize::from(number) * 4)));
        let digest = wrapped.unwrap().digest();
        let text = URL_SAFE_NO_PAD.encode(digest);
        good.clone().with_metadata("sealed-key", format!("{head}@{text}"))
    };
    let (mut kinds, began) = (Vec::new(), Instant::now());
    for number in 0..100 {
        kinds.push(decode(&reader, &forged(number)).await.unwrap_err());
    }
    // After 64 of them the bucket is asked for one more every two seconds, and the service was never asked.
    let most = 64 + usize::try_from(began.elapsed().as_secs() / 2).unwrap();
    let asked = kinds.iter().filter(|kind| **kind == ErrorKind::NotFound).count();
    assert!((64..=most).contains(&asked), "{asked} of at most {most}");
    assert!(kinds[..64].iter().all(|kind| *kind == ErrorKind::NotFound), "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == ErrorKind::Busy).count(), 100 - asked);
    assert_eq!(kek.counts().1, unwraps);
    // Its own namespace pays for that, and what is open goes on.
    assert_eq!(decode(&writer, &good).await, Ok(vec![plain("1")]));
}
