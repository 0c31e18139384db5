//! A driver that stores objects in a bucket. The bytes pass from the host to the store, and never
//! through the plugin.

use cloakroom_guest::{Buffer, Claim, Context, Driver, Error, Setting, Settings, blobs, export_driver};

/// The driver, as its settings make it.
struct Store {
    /// The bucket, by the name that it was granted under.
    bucket: String,
}

impl Driver for Store {
    // For people and metrics. References hold the name that the operator gives.
    const KIND: &'static str = "{{name}}";

    // The plugin is not loaded with other settings.
    const SETTINGS: &'static [Setting] = &[Setting::name_of("bucket", "buckets", "bucket to store in").required()];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { bucket: settings.required("bucket")?.to_owned() })
    }

    fn check(&self) -> Result<(), Error> {
        // Buckets can be opened when the plugin is loaded, but neither read nor written.
        blobs::open(&self.bucket).map(drop)
    }

    fn store(&self, ctx: &Context, object: Buffer) -> Result<Claim, Error> {
        // The same object has the same key, so a call that is repeated stores nothing twice.
        let key = key(ctx.namespace().as_deref(), &object.sha256_hex());
        blobs::open(&self.bucket)?.put(&key, &object, blobs::Mode::Create)?;
        Ok(Claim::new().with("key", key))
    }

    fn retrieve(&self, _: &Context, claim: &Claim) -> Result<Buffer, Error> {
        // The host holds the key against the grant, and checks size and digest of what comes back.
        blobs::open(&self.bucket)?.get(claim.entry(&["key"])?, u64::MAX)
    }
}

export_driver!(Store);

/// Returns the key of an object. Operators grant and expire objects by the namespace in it.
fn key(namespace: Option<&str>, digest: &str) -> String {
    match namespace {
        None | Some("") => format!("v0/d/sha256/{digest}"),
        Some(namespace) => format!("v0/ns/{}/d/sha256/{digest}", segment(namespace)),
    }
}

/// Escapes a name, so that it is one segment of a key in every store.
fn segment(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"!-_.*'()".contains(&byte);
    let escape = |byte: u8| if bare(byte) { char::from(byte).into() } else { format!("%{byte:02X}") };
    match name {
        // Clients on the way would resolve these as paths.
        "." | ".." => name.replace('.', "%2E"),
        _ => name.bytes().map(escape).collect(),
    }
}

#[cfg(test)]
mod tests {
    use cloakroom_guest::{Target, testing};

    use super::*;

    fn driver() -> Result<Store, Error> {
        Store::load(&Settings::from([("bucket", "payloads")]))
    }

    #[test]
    fn what_is_stored_is_retrieved() {
        let host = testing::Host::new().with_bucket("payloads", "payloads");
        let ctx = testing::context(Target { namespace: Some("shop".into()), ..Target::default() });
        let claim = driver().unwrap().store(&ctx, Buffer::new(b"object")).unwrap();
        assert!(host.keys("payloads").concat().starts_with("v0/ns/shop/d/sha256/"));
        assert_eq!(driver().unwrap().retrieve(&ctx, &claim).unwrap().to_vec(), b"object");
    }

    #[test]
    fn claims_of_others_are_refused() {
        let _host = testing::Host::new().with_bucket("payloads", "payloads");
        let ctx = testing::context(Target::default());
        let refused = driver().unwrap().retrieve(&ctx, &Claim::new());
        assert!(matches!(refused, Err(Error::Malformed(_))));
    }

    #[test]
    fn a_bucket_must_be_granted() {
        let _host = testing::Host::new();
        assert!(driver().is_err());
    }

    #[test]
    fn namespaces_are_one_segment() {
        assert_eq!(key(Some("a/b ü"), "00"), "v0/ns/a%2Fb%20%C3%BC/d/sha256/00");
        assert_eq!(key(Some(".."), "00"), "v0/ns/%2E%2E/d/sha256/00");
        assert_eq!(key(None, "00"), "v0/d/sha256/00");
    }
}
