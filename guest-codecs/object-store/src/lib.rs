//! The driver that S3, GCS, Azure and folders share. Objects are laid out as by Temporal's official S3
//! and GCS drivers, so that each reads what the other stored.
//!
//! A [`Layout`] says how a kind of store differs. The driver decides names; the bytes pass from the
//! host to the store and never through the plugin.

mod key;
mod layout;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

use std::marker::PhantomData;

use cloakroom_guest::{
    Buffer, Claim, Context, Driver, Error, MaxBytes, Setting, Settings,
    blobs::{self, Bucket, Mode, Outcome},
};

pub use cloakroom_guest::escape::{gcs_segment, s3_segment};

pub use self::{key::object_key, layout::Layout};

/// A driver that lays objects out as `L` says.
pub struct ObjectStore<L> {
    /// The name that the bucket is granted under.
    bucket: String,
    max_bytes: MaxBytes,
    /// The start of every key: empty, or with a slash at its end.
    prefix: String,
    layout: PhantomData<L>,
}

impl<L: Layout> Driver for ObjectStore<L> {
    const KIND: &'static str = L::KIND;
    const SETTINGS: &'static [Setting] = &[
        Setting::name_of("bucket", "buckets", "bucket to store in").required(),
        MaxBytes::SETTING,
        Setting::text("prefix", "put before every key, with a slash behind it; no empty segment")
            .with_default(""),
    ];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            bucket: settings.required("bucket")?.to_owned(),
            max_bytes: MaxBytes::configure(settings, u64::MAX)?,
            prefix: prefix(settings)?,
            layout: PhantomData,
        })
    }

    fn check(&self) -> Result<(), Error> {
        self.open_bucket().map(drop)
    }

    fn store(&self, ctx: &Context, object: Buffer) -> Result<Claim, Error> {
        self.max_bytes.check(&object)?;
        let digest = object.sha256_hex();
        let key = self.prefix.clone() + &object_key::<L>(&ctx.into(), &digest);
        let bucket = self.open_bucket()?;
        put(&bucket, &key, &object)?;
        // By the store's name and not by the name of the grant: official readers open the bucket by
        // it.
        let claim = match L::BUCKET {
            Some(name) => Claim::new().with(name, bucket.name()),
            None => Claim::new(),
        };
        let claim = match L::LEGACY_KEY {
            Some(name) => claim.with(name, &*key),
            None => claim,
        };
        let name = L::KEY.first().copied().unwrap_or("key");
        Ok(claim.with(name, key).with("hash_algorithm", "sha256").with("hash_value", digest))
    }

    fn retrieve(&self, _: &Context, claim: &Claim) -> Result<Buffer, Error> {
        let key = claim.entry(L::KEY)?;
        let bucket = match L::BUCKET {
            Some(name) => blobs::find(claim.entry(&[name])?)?,
            None => self.open_bucket()?,
        };
        // No limit of the driver's own: the host knows the size in the claim and uses the lower
        // limit.
        bucket.get(key, u64::MAX)
    }
}

impl<L> ObjectStore<L> {
    fn open_bucket(&self) -> Result<Bucket, Error> {
        let name = &self.bucket;
        blobs::open(name).map_err(|_| {
            Error::misconfigured(format!(
                "setting `bucket` names `{name}`, which is not granted: add it to `grants.buckets`"
            ))
        })
    }
}

/// Writes an object unless it is there. Its key has its digest, so an object of another size is damaged
/// and is replaced.
///
/// A driver that asked itself and skipped the put would let objects expire: the host looks first
/// whether a large object is there, and renews the age of an old one.
fn put(bucket: &Bucket, key: &str, object: &Buffer) -> Result<(), Error> {
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

fn prefix(settings: &Settings) -> Result<String, Error> {
    let prefix = settings.get("prefix").unwrap_or_default();
    // Not every store tells keys with an empty segment apart, and the host refuses them. Refused
    // here, the error comes when the plugin is loaded.
    if prefix.starts_with('/') || prefix.contains("//") {
        return Err(Error::misconfigured("setting `prefix` has an empty segment"));
    }
    let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
    Ok(format!("{prefix}{slash}"))
}

#[cfg(test)]
mod tests;
