//! Tests of the driver as the host calls it.

use cloakroom_guest::{Buffer, Claim, Driver, Error, Settings, Target, blobs, testing};

use super::{Layout, ObjectStore};
use crate::s3_segment;

struct Named;

impl Layout for Named {
    const KIND: &'static str = "test.named";
    const BUCKET: Option<&'static str> = Some("bucket");
    const KEY: &'static [&'static str] = &["key", "object"];

    fn segment(name: &str) -> String {
        s3_segment(name)
    }
}

struct Nameless;

impl Layout for Nameless {
    const KIND: &'static str = "test.nameless";
    const BUCKET: Option<&'static str> = None;
    const KEY: &'static [&'static str] = &["key"];

    fn segment(name: &str) -> String {
        s3_segment(name)
    }
}

fn load<L: Layout>(settings: &[(&str, &str)]) -> Result<ObjectStore<L>, Error> {
    ObjectStore::load(&settings.iter().copied().chain([("bucket", "granted")]).collect())
}

fn ctx() -> cloakroom_guest::Context {
    let target = Target { namespace: Some("payments".to_owned()), ..Target::default() };
    testing::context(target)
}

#[test]
fn what_is_stored_is_retrieved() {
    let host = testing::Host::new().with_bucket("granted", "store");
    let driver = load::<Named>(&[("prefix", "a/b")]).unwrap();
    let object = || Buffer::new(b"object");
    let claim = driver.store(&ctx(), object()).unwrap();
    let digest = object().sha256_hex();
    let key = format!("a/b/v0/ns/payments/d/sha256/{digest}");
    let expect = Claim::new().with("bucket", "store").with("key", &*key);
    let expect = expect.with("hash_algorithm", "sha256").with("hash_value", &*digest);
    assert_eq!(claim, expect);
    assert_eq!(host.keys("granted"), [key]);
    assert_eq!(driver.retrieve(&ctx(), &claim).unwrap().to_vec(), b"object");
    assert_eq!(driver.store(&ctx(), object()).unwrap(), claim, "stored again");
}

#[test]
fn a_claim_names_its_bucket_or_is_read_from_the_configured_one() {
    let host = testing::Host::new().with_bucket("granted", "store");
    let _host = host.with_bucket("old", "old-store");
    let claim = Claim::new().with("bucket", "old-store").with("object", "x");
    let named = load::<Named>(&[]).unwrap();
    assert!(matches!(named.retrieve(&ctx(), &claim), Err(Error::NotFound(_))));
    let body = Buffer::new(b"old");
    blobs::open("old").unwrap().put("x", &body, blobs::Mode::Create).unwrap();
    assert_eq!(named.retrieve(&ctx(), &claim).unwrap().to_vec(), b"old");
    let elsewhere = Claim::new().with("bucket", "other").with("key", "x");
    assert!(matches!(named.retrieve(&ctx(), &elsewhere), Err(Error::Denied(_))));

    let nameless = load::<Nameless>(&[]).unwrap();
    let claim = nameless.store(&ctx(), Buffer::new(b"object")).unwrap();
    assert!(claim.entries().iter().all(|(name, _)| name != "bucket"));
    assert_eq!(nameless.retrieve(&ctx(), &claim).unwrap().to_vec(), b"object");
}

#[test]
fn a_damaged_object_is_replaced() {
    let _host = testing::Host::new().with_bucket("granted", "store");
    let driver = load::<Named>(&[]).unwrap();
    let claim = driver.store(&ctx(), Buffer::new(b"object")).unwrap();
    let bucket = blobs::open("granted").unwrap();
    let key = claim.entry(&["key"]).unwrap();
    bucket.put(key, &Buffer::new(b"obj"), blobs::Mode::Overwrite).unwrap();
    driver.store(&ctx(), Buffer::new(b"object")).unwrap();
    assert_eq!(driver.retrieve(&ctx(), &claim).unwrap().to_vec(), b"object");
}

#[test]
fn objects_over_the_limit_are_refused() {
    let host = testing::Host::new().with_bucket("granted", "store");
    let driver = load::<Named>(&[("max_bytes", "5")]).unwrap();
    let error = driver.store(&ctx(), Buffer::new(b"object")).unwrap_err();
    let text = "the object has 6 bytes, and the most is 5 (setting `max_bytes`)";
    assert_eq!(error, Error::too_large(text));
    assert!(host.keys("granted").is_empty());
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |settings: &[(&str, &str)]| load::<Named>(settings).err();
    let _host = testing::Host::new().with_bucket("granted", "store");
    let text = "setting `prefix` has an empty segment";
    assert_eq!(refused(&[("prefix", "/a")]), Some(Error::misconfigured(text)));
    assert_eq!(refused(&[("prefix", "a//b")]), Some(Error::misconfigured(text)));
    assert!(matches!(refused(&[("max_bytes", "0")]), Some(Error::Misconfigured(_))));
    let text = "unknown setting `prefx`: did you mean `prefix`?";
    assert_eq!(refused(&[("prefx", "a")]), Some(Error::misconfigured(text)));
    let none = ObjectStore::<Named>::load(&Settings::default()).err();
    assert_eq!(none, Some(Error::misconfigured("setting `bucket` is needed")));
    let other = ObjectStore::<Named>::load(&Settings::from([("bucket", "other")])).err();
    let text = "setting `bucket` names `other`, which is not granted: add it to `grants.buckets`";
    assert_eq!(other, Some(Error::misconfigured(text)));
}

/// A fresh instance pays for each call to the host.
#[test]
fn an_object_takes_few_calls() {
    let host = testing::Host::new().with_bucket("granted", "store");
    let (driver, ctx, object) = (load::<Named>(&[]).unwrap(), ctx(), Buffer::new(b"object"));
    let start = host.calls();
    let claim = driver.store(&ctx, object).unwrap();
    let between = host.calls();
    driver.retrieve(&ctx, &claim).unwrap();
    assert_eq!([between - start, host.calls() - between], [10, 2]);
}
