//! What a storage driver is.

use crate::{Buffer, Context, Error, settings};

/// Keeps objects somewhere else, and finds them again.
///
/// The host adds the object's SHA-256 to every claim and checks what comes back, bounds sizes and
/// time, and holds every key against what was granted.
///
/// ```
/// use cloakroom_guest::{Buffer, Claim, Context, Driver, Error, blobs, settings};
///
/// struct Flat;
///
/// impl Driver for Flat {
///     const KIND: &'static str = "example.flat";
///     const SETTINGS: &'static [&'static str] = &["bucket"];
///
///     fn store(_: &Context, object: Buffer) -> Result<Claim, Error> {
///         let key = object.sha256_hex();
///         let bucket = blobs::open(&settings::required("bucket")?)?;
///         bucket.put(&key, &object, blobs::Mode::Create)?;
///         Ok(Claim::new().with("key", key))
///     }
///
///     fn retrieve(_: &Context, claim: Claim) -> Result<Buffer, Error> {
///         let bucket = blobs::open(&settings::required("bucket")?)?;
///         bucket.get(claim.entry(&["key"])?, u64::MAX)
///     }
/// }
///
/// cloakroom_guest::export_driver!(Flat);
/// ```
pub trait Driver {
    /// What kind of storage this is, such as `aws.s3driver`.
    const KIND: &'static str;

    /// The settings it knows. Others are refused when it is loaded.
    const SETTINGS: &'static [&'static str] = &[];

    /// Refuses settings that cannot work, when the plugin is loaded.
    ///
    /// # Errors
    /// `Misconfigured`, with what to write instead.
    fn check() -> Result<(), Error> {
        Ok(())
    }

    /// Keeps an object.
    ///
    /// Call `put` also for what may be there: the host looks first whether a large object is, and
    /// renews the age of one that would expire.
    ///
    /// # Errors
    /// Whatever keeps it from doing so.
    fn store(ctx: &Context, object: Buffer) -> Result<Claim, Error>;

    /// Finds an object again.
    ///
    /// # Errors
    /// `Malformed` if the claim is none of its own, `NotFound` if there is no such object.
    fn retrieve(ctx: &Context, claim: Claim) -> Result<Buffer, Error>;
}

/// What finds an object again: names and texts, in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim(Vec<(String, String)>);

impl Claim {
    /// A claim without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same claim with one more entry.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// An entry by any of its names: released drivers do not agree on all of them.
    ///
    /// # Errors
    /// `Malformed` if there is none.
    pub fn entry(&self, names: &[&str]) -> Result<&str, Error> {
        let found = names.iter().find_map(|name| self.0.iter().find(|(known, _)| known == name));
        let value = found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty());
        value.ok_or_else(|| {
            Error::Malformed(format!("the claim has no `{}`", names.first().unwrap_or(&"entry")))
        })
    }
}

#[doc(hidden)]
pub fn describe<D: Driver>() -> Result<crate::drivers::Description, Error> {
    settings::refuse_unknown(D::SETTINGS)?;
    D::check()?;
    Ok(crate::drivers::Description { kind: D::KIND.to_owned() })
}

#[doc(hidden)]
pub fn store<D: Driver>(ctx: &Context, object: Buffer) -> Result<Vec<(String, String)>, Error> {
    D::store(ctx, object).map(|claim| claim.0)
}

#[doc(hidden)]
pub fn retrieve<D: Driver>(ctx: &Context, claim: Vec<(String, String)>) -> Result<Buffer, Error> {
    D::retrieve(ctx, Claim(claim))
}
