//! A driver that breaks the rule of the conformance suite that its setting `fault` names, and no other.
#![allow(clippy::panic, reason = "some faults are traps")]

use cloakroom_guest::{
    Buffer, Claim, Context, Driver, Error, Setting, Settings,
    blobs::{self, Bucket, Mode},
    log, random,
};

/// Keeps objects under their digest. A claim has bucket, key, and a check of the key.
pub struct Faulty {
    bucket: String,
    fault: String,
}

impl Driver for Faulty {
    const KIND: &'static str = "faulty";
    const SETTINGS: &'static [Setting] =
        &[Setting::text("bucket", "bucket to store in"), Setting::text("fault", "rule to break")];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            bucket: settings.required("bucket")?.to_owned(),
            fault: settings.get("fault").unwrap_or_default().to_owned(),
        })
    }

    fn store(&self, ctx: &Context, object: Buffer) -> Result<Claim, Error> {
        let bucket = blobs::open(&self.bucket)?;
        let mut key = object.sha256_hex();
        let mut body = object.slice(0, object.length());
        match (&*self.fault, object.length()) {
            // The envelope of 65,537 bytes.
            ("round-trip", 65_567) => body = object.slice(0, 65_566),
            ("large", 1_000_000..2_000_000) => panic!("no room for so much"),
            ("contexts", _) if ctx.id().is_some_and(|id| id.len() > 1000) => {
                return Err(Error::denied("an id so long"));
            }
            ("same-claim", _) => key = format!("{key}-{}", hex(&random::draw(8))),
            ("distinct", length) => key = object.slice(0, length - 1).sha256_hex(),
            ("cancelled", _) => lock(&bucket, &key)?,
            ("words", _) => {
                let words = String::from_utf8_lossy(&object.read(0, 300)).into_owned();
                log::write(log::Level::Debug, &words);
            }
            _ => {}
        }
        match bucket.put(&key, &body, Mode::Create) {
            Err(Error::Unavailable(_)) if self.fault == "failing" => {}
            Err(Error::Denied(text)) if self.fault == "denied" => {
                return Err(Error::Unavailable(text));
            }
            put => drop(put?),
        }
        if self.fault == "cancelled" {
            bucket.remove(&lock_key(&key))?;
        }
        let check = check(&key);
        Ok(Claim::new().with("bucket", bucket.name()).with("key", key).with("check", check))
    }

    fn retrieve(&self, _: &Context, claim: &Claim) -> Result<Buffer, Error> {
        if self.fault == "claim-missing" {
            let has_check = claim.entries().iter().any(|(name, _)| name == "check");
            assert!(has_check, "there is always a check");
        }
        let (name, key) = (claim.entry(&["bucket"])?, claim.entry(&["key"])?);
        match &*self.fault {
            "claim-forged" if key.contains("..") => panic!("keys never climb"),
            "claim-swapped" if name.len() == 64 => return Ok(Buffer::new(b"whatever")),
            "claim-strange" if claim.entries().iter().any(|(name, _)| name == "x-later") => {
                return Err(Error::malformed("an entry that is not known"));
            }
            _ => {}
        }
        if claim.entry(&["check"])? != check(key) {
            return Err(Error::malformed("the key is not as it was written"));
        }
        let bucket = blobs::find(name)?;
        match bucket.get(key, u64::MAX) {
            Err(Error::NotFound(text)) if self.fault == "gone" => Err(Error::Unavailable(text)),
            Err(Error::TooLarge(text)) if self.fault == "limit" => Err(Error::Malformed(text)),
            Ok(object) if self.fault == "lying" && object.read(0, 1) != b"\n" => {
                panic!("objects always begin alike")
            }
            answer => answer,
        }
    }
}

cloakroom_guest::export_driver!(Faulty);

/// Refuses an object that somebody else is storing, or was.
fn lock(bucket: &Bucket, key: &str) -> Result<(), Error> {
    let key = lock_key(key);
    if bucket.size(&key)?.is_some() {
        return Err(Error::denied("somebody else stores this object"));
    }
    bucket.put(&key, &Buffer::new(b"locked"), Mode::Create).map(drop)
}

fn lock_key(key: &str) -> String {
    format!("locks/{key}")
}

/// Returns a check of a key, which forgers are not meant to know.
fn check(key: &str) -> String {
    let mut check = Buffer::new(format!("check {key}").as_bytes()).sha256_hex();
    check.truncate(16);
    check
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
