//! Test that every layout must pass, for the crates of the drivers.
#![allow(clippy::panic, clippy::unwrap_used, reason = "called by tests alone")]

use cloakroom_guest::{Buffer, Driver, Settings, Target, testing};

use crate::{Layout, ObjectStore};

/// Checks the key and the claim of an object, and that it is retrieved by that claim.
///
/// The workflow's id is `order+1=a/b~ü`, and `id` is how the layout writes it into a key. `bucket` and
/// `keys` are the names of the claim's entries, in their order.
///
/// # Panics
/// If one of them is another.
pub fn round_trip<L: Layout>(id: &str, bucket: Option<&str>, keys: &[&str]) {
    let host = testing::Host::new().with_bucket("granted", "store");
    let driver = ObjectStore::<L>::load(&Settings::from([("bucket", "granted")])).unwrap();
    let text = |text: &str| Some(text.to_owned());
    let ctx = testing::context(Target {
        kind: text("workflow"),
        namespace: text("payments"),
        type_name: text("Charge"),
        id: text("order+1=a/b~ü"),
        run_id: text("run"),
    });
    let claim = driver.store(&ctx, Buffer::new(b"object")).unwrap();
    let digest = Buffer::new(b"object").sha256_hex();
    let object = format!("v0/ns/payments/wt/Charge/wi/{id}/ri/run/d/sha256/{digest}");
    assert_eq!(host.keys("granted"), [&*object]);
    let keys = keys.iter().map(|name| (*name, &*object));
    let place = bucket.map(|name| (name, "store")).into_iter().chain(keys);
    let expect = place.chain([("hash_algorithm", "sha256"), ("hash_value", &digest)]);
    let expect: Vec<_> = expect.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(claim.entries(), expect);
    assert_eq!(driver.retrieve(&ctx, &claim).unwrap().to_vec(), b"object");
}
