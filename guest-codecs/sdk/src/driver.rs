//! Storage drivers, and the claims that they write.

use crate::{Buffer, Context, Error, Setting, Settings, Target};

/// A driver: stores objects elsewhere and finds them again.
///
/// It decides where an object goes; the bytes pass from the host to the store and never through the
/// plugin. [`export_driver!`](crate::export_driver) makes a component of it. The host adds the object's
/// SHA-256 to every claim and checks what comes back, bounds sizes and time, and checks every key
/// against the grants.
///
/// ```
/// use cloakroom_guest::{
///     Buffer, Claim, Context, Driver, Error, Setting, Settings, blobs, testing,
/// };
///
/// struct Flat {
///     bucket: String,
/// }
///
/// impl Driver for Flat {
///     const KIND: &'static str = "example.flat";
///     const SETTINGS: &'static [Setting] =
///         &[Setting::name_of("bucket", "buckets", "bucket to store in").required()];
///
///     fn configure(settings: &Settings) -> Result<Self, Error> {
///         Ok(Self { bucket: settings.required("bucket")?.to_owned() })
///     }
///
///     fn store(&self, _: &Context, object: Buffer) -> Result<Claim, Error> {
///         let key = object.sha256_hex();
///         blobs::open(&self.bucket)?.put(&key, &object, blobs::Mode::Create)?;
///         Ok(Claim::new().with("key", key))
///     }
///
///     fn retrieve(&self, _: &Context, claim: &Claim) -> Result<Buffer, Error> {
///         blobs::open(&self.bucket)?.get(claim.entry(&["key"])?, u64::MAX)
///     }
/// }
///
/// let _host = testing::Host::new().with_bucket("payloads", "payloads");
/// let driver = Flat::load(&Settings::from([("bucket", "payloads")]))?;
/// let ctx = testing::context(Default::default());
/// let claim = driver.store(&ctx, Buffer::new(b"object"))?;
/// assert_eq!(driver.retrieve(&ctx, &claim)?.to_vec(), b"object");
/// # Ok::<(), Error>(())
/// ```
pub trait Driver: Sized {
    /// The kind of storage, such as `aws.s3driver`. For people and metrics.
    const KIND: &'static str;

    /// All settings that the driver knows. The host does not load the plugin with others, and shows these
    /// to operators. None by default.
    const SETTINGS: &'static [Setting] = &[];

    /// Creates the driver from its settings, once in each instance and before any object.
    ///
    /// By default the host makes a fresh instance for each object. Keep no bucket, buffer or other
    /// handle in `Self`: handles end with the call.
    ///
    /// # Errors
    /// `Misconfigured` if the settings cannot work, with what to write instead.
    fn configure(settings: &Settings) -> Result<Self, Error>;

    /// Checks the driver once, when the plugin is loaded. Buckets can be opened here, to see that they
    /// are granted; reading and writing them is denied. Accepts every driver by default.
    ///
    /// # Errors
    /// `Misconfigured`, with what to write instead.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Stores an object. The same object stored twice gives an equal claim where the backend allows it,
    /// because callers repeat a call that ended halfway.
    ///
    /// Call `put` for an object that may be there, too: the host looks first, and renews the age of one
    /// that would expire.
    ///
    /// # Errors
    /// Any error. The host then stores none of the payloads.
    fn store(&self, ctx: &Context, object: Buffer) -> Result<Claim, Error>;

    /// Finds an object again. A claim comes from a workflow's history and could be forged.
    ///
    /// # Errors
    /// `Malformed` if this driver cannot have written the claim, `NotFound` if the object is gone.
    fn retrieve(&self, ctx: &Context, claim: &Claim) -> Result<Buffer, Error>;

    /// Does what the host does when it loads the plugin: checks the settings, then calls
    /// [`configure`](Self::configure) and [`check`](Self::check). For tests.
    ///
    /// # Errors
    /// `Misconfigured` if a setting is unknown, wrong or missing, and the errors of both.
    fn load(settings: &Settings) -> Result<Self, Error> {
        settings.check(Self::SETTINGS)?;
        let driver = Self::configure(settings)?;
        driver.check()?;
        Ok(driver)
    }
}

/// Names and texts, in the clear, by which a driver finds an object again.
///
/// ```
/// use cloakroom_guest::{Claim, Error};
///
/// let claim = Claim::new().with("bucket", "payloads").with("key", "v0/1");
/// assert_eq!(claim.entry(&["object_name", "key"])?, "v0/1");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim(pub(crate) Vec<(String, String)>);

impl Claim {
    /// Creates a claim without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// Returns an entry by any of its names: released drivers do not agree on all of them.
    ///
    /// # Errors
    /// `Malformed` if there is none, or it is empty.
    pub fn entry(&self, names: &[&str]) -> Result<&str, Error> {
        let find = |name: &&str| self.0.iter().find(|(known, _)| known == name);
        let value = names.iter().find_map(find).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty()).ok_or_else(|| {
            let name = names.first().unwrap_or(&"entry");
            Error::malformed(format!("the claim has no `{name}`"))
        })
    }

    /// Returns all entries.
    #[must_use]
    pub fn entries(&self) -> &[(String, String)] {
        &self.0
    }
}

impl From<&Context> for Target {
    fn from(ctx: &Context) -> Self {
        Self {
            kind: ctx.kind(),
            namespace: ctx.namespace(),
            type_name: ctx.type_name(),
            id: ctx.id(),
            run_id: ctx.run_id(),
        }
    }
}
