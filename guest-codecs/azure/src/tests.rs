//! Tests of the driver as the host calls it.

use cloakroom_guest::{Buffer, Driver as _, Settings, Target, testing};

use super::Driver;

#[test]
fn what_is_stored_is_retrieved() {
    let host = testing::Host::new().with_bucket("granted", "store");
    let driver = Driver::load(&Settings::from([("bucket", "granted")])).unwrap();
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
    let key = "v0/ns/payments/wt/Charge/wi/order%2B1%3Da%2Fb%7E%C3%BC/ri/run/d/sha256/".to_owned()
        + &digest;
    assert_eq!(host.keys("granted"), [&*key]);
    let entries = [("container", "store".to_owned()), ("blob", key)];
    let digests = [("hash_algorithm", "sha256".to_owned()), ("hash_value", digest)];
    let expect = entries.into_iter().chain(digests);
    let expect: Vec<_> = expect.map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(claim.entries(), expect);
    assert_eq!(driver.retrieve(&ctx, &claim).unwrap().to_vec(), b"object");
    assert_eq!(Driver::KIND, "azure.blobdriver");
}
