//! A driver that stores objects under their digests: the one of `host/docs/authors/README.md`.
//!
//! `cargo build --example flat --release --target wasm32-wasip2` makes a plugin of it.

use cloakroom_guest::{
    Buffer, Claim, Context, Driver, Error, Setting, Settings, blobs, export_driver,
};

struct Flat {
    bucket: String,
}

impl Driver for Flat {
    const KIND: &'static str = "example.flat";
    const SETTINGS: &'static [Setting] =
        &[Setting::name_of("bucket", "buckets", "bucket to store in").required()];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { bucket: settings.required("bucket")?.to_owned() })
    }

    fn store(&self, _: &Context, object: Buffer) -> Result<Claim, Error> {
        let key = object.sha256_hex();
        blobs::open(&self.bucket)?.put(&key, &object, blobs::Mode::Create)?;
        Ok(Claim::new().with("key", key))
    }

    fn retrieve(&self, _: &Context, claim: &Claim) -> Result<Buffer, Error> {
        blobs::open(&self.bucket)?.get(claim.entry(&["key"])?, u64::MAX)
    }
}

export_driver!(Flat);

#[cfg(test)]
mod tests {
    use cloakroom_guest::{Target, testing};

    use super::*;

    #[test]
    fn what_is_stored_is_retrieved() {
        let host = testing::Host::new().with_bucket("payloads", "payloads");
        let ctx = testing::context(Target::default());
        let driver = Flat::load(&Settings::from([("bucket", "payloads")])).unwrap();
        let claim = driver.store(&ctx, Buffer::new(b"object")).unwrap();
        assert_eq!(host.keys("payloads").len(), 1);
        assert_eq!(driver.retrieve(&ctx, &claim).unwrap().to_vec(), b"object");
    }

    #[test]
    fn a_bucket_must_be_granted() {
        let _host = testing::Host::new();
        let ctx = testing::context(Target::default());
        let driver = Flat::load(&Settings::from([("bucket", "payloads")])).unwrap();
        assert!(matches!(driver.store(&ctx, Buffer::new(b"")), Err(Error::Denied(_))));
    }
}
