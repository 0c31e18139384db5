//! Where objects go in a bucket, as Temporal's official S3 and GCS drivers lay them out, so that
//! either reads what the other stored.
//!
//! One logic, and a [`Layout`] for each kind of store. It decides names; the bytes pass from the host
//! to the store, and never through here.

mod escape;
mod key;

use cloakroom_guest::{
    Buffer, Claim, Context, Driver, Error, Target,
    blobs::{self, Bucket, Mode, Outcome},
    settings,
};

pub use self::{
    escape::{gcs_segment, s3_segment},
    key::object_key,
};

/// What differs between stores.
pub trait Layout {
    /// What kind of storage this is.
    const KIND: &'static str;
    /// The claim's entry that names the bucket; none if a claim is good for whichever is configured.
    const BUCKET: Option<&'static str>;
    /// The claim's entry that names the object, and other spellings that released drivers wrote.
    const KEY: &'static [&'static str];
    /// The longest key that is made of all segments.
    const LONGEST_KEY: usize = 1024;
    /// The longest segment that is.
    const LONGEST_SEGMENT: usize = usize::MAX;
    /// Writes a name so that it is one segment of a key.
    fn segment(name: &str) -> String;
}

/// A driver that lays objects out as `L` says.
pub struct ObjectStore<L>(std::marker::PhantomData<L>);

/// As the official drivers.
const LARGEST: u64 = 50 << 20;

impl<L: Layout> Driver for ObjectStore<L> {
    const KIND: &'static str = L::KIND;
    const SETTINGS: &'static [&'static str] = &["bucket", "max_bytes", "prefix"];

    fn check() -> Result<(), Error> {
        bucket()?;
        largest()?;
        let prefix = prefix();
        match prefix.starts_with('/') || prefix.contains("//") {
            false => Ok(()),
            true => Err(Error::Misconfigured("setting `prefix` has an empty segment".to_owned())),
        }
    }

    fn store(ctx: &Context, object: Buffer) -> Result<Claim, Error> {
        let (size, largest) = (object.length(), largest()?);
        if largest < size {
            return Err(Error::TooLarge(format!(
                "the object has {size} bytes, and the most is {largest} (setting `max_bytes`)"
            )));
        }
        let digest = object.sha256_hex();
        let key = prefix() + &object_key::<L>(&Target::of(ctx), &digest);
        let bucket = bucket()?;
        keep(&bucket, &key, &object)?;
        let claim = match L::BUCKET {
            Some(name) => Claim::new().with(name, bucket.name()),
            None => Claim::new(),
        };
        let name = L::KEY.first().copied().unwrap_or("key");
        Ok(claim.with(name, key).with("hash_algorithm", "sha256").with("hash_value", digest))
    }

    fn retrieve(_: &Context, claim: Claim) -> Result<Buffer, Error> {
        let key = claim.entry(L::KEY)?;
        let bucket = match L::BUCKET {
            Some(name) => blobs::find(claim.entry(&[name])?)?,
            None => bucket()?,
        };
        bucket.get(key, u64::MAX)
    }
}

/// Writes an object unless it is there. The key names its digest, so one of another size is a damaged
/// one, and is replaced.
///
/// The host looks first whether a large object is there, and renews the age of one that is old: a
/// driver that asks itself and skips the put would let it expire.
fn keep(bucket: &Bucket, key: &str, object: &Buffer) -> Result<(), Error> {
    match bucket.put(key, object, Mode::Create)? {
        Outcome::Written => Ok(()),
        Outcome::AlreadyThere => match bucket.size(key) {
            Ok(Some(found)) if found != object.length() => {
                bucket.put(key, object, Mode::Overwrite).map(drop)
            }
            // Asking may be denied where writing is not.
            _ => Ok(()),
        },
    }
}

fn bucket() -> Result<Bucket, Error> {
    let name = settings::required("bucket")?;
    blobs::open(&name).map_err(|_| {
        Error::Misconfigured(format!(
            "setting `bucket` names `{name}`, which is not granted: add it to `grants.buckets`"
        ))
    })
}

fn largest() -> Result<u64, Error> {
    settings::number("max_bytes", 1..=u64::MAX, LARGEST)
}

/// What is put before every key, with the slash behind it.
fn prefix() -> String {
    let prefix = settings::text("prefix").unwrap_or_default();
    match prefix.is_empty() || prefix.ends_with('/') {
        true => prefix,
        false => prefix + "/",
    }
}
