//! The two levels at which a codec can be written.

use crate::{Buffer, Context, Description, Error, Payload, Purpose, Setting, Settings};

/// A codec that turns whole payloads into bytes of one encoding, and back.
///
/// It sees a payload as an envelope: its protobuf message. [`export_codec!`](crate::export_codec) makes
/// a component of it. The host keeps the order and number of payloads, passes on those that are not
/// this codec's, and bounds time, memory and output.
///
/// ```
/// use cloakroom_guest::{Buffer, Codec, Context, Error, Setting, Settings, testing};
///
/// const MASK: Setting = Setting::integer("mask", 1..=255, "bits to turn").with_default("1");
///
/// struct Xor {
///     mask: u8,
/// }
///
/// impl Codec for Xor {
///     const ENCODINGS: &'static [&'static str] = &["binary/xor"];
///     const SETTINGS: &'static [Setting] = &[MASK];
///
///     fn configure(settings: &Settings) -> Result<Self, Error> {
///         Ok(Self { mask: settings.integer(&MASK)? })
///     }
///
///     fn encode(&self, _: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
///         let bytes: Vec<u8> = envelope.to_vec().iter().map(|byte| byte ^ self.mask).collect();
///         Ok(Some(Buffer::new(&bytes)))
///     }
///
///     fn decode(&self, ctx: &Context, data: Buffer) -> Result<Buffer, Error> {
///         Ok(self.encode(ctx, data)?.expect("encode leaves nothing as it is"))
///     }
/// }
///
/// let codec = Xor::load(&Settings::from([("mask", "255")]))?;
/// let ctx = testing::context(Default::default());
/// let encoded = codec.encode(&ctx, Buffer::new(b"\x00\x0f"))?.expect("bytes");
/// assert_eq!(encoded.to_vec(), b"\xff\xf0");
/// # Ok::<(), Error>(())
/// ```
pub trait Codec: Sized {
    /// The values of `metadata["encoding"]` that this codec reads. It writes the first.
    const ENCODINGS: &'static [&'static str];

    /// The purpose, by which the host orders and guards stages. `Conversion` by default.
    const PURPOSE: Purpose = Purpose::Conversion;

    /// All settings that the codec knows. The host does not load the plugin with others, and shows these
    /// to operators. None by default.
    const SETTINGS: &'static [Setting] = &[];

    /// Creates the codec from its settings, once in each instance and before any payload.
    ///
    /// By default the host makes a fresh instance for each payload, so this is on every payload's path.
    /// Keep no [`Buffer`] or other handle in `Self`: handles end with the call.
    ///
    /// # Errors
    /// `Misconfigured` if the settings cannot work, with what to write instead.
    fn configure(settings: &Settings) -> Result<Self, Error>;

    /// Turns an envelope into this codec's bytes, or returns `None` to leave the payload as it is.
    ///
    /// # Errors
    /// Any error. The host then encodes none of the payloads.
    fn encode(&self, ctx: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error>;

    /// Turns this codec's bytes into the envelope that they were made from.
    ///
    /// # Errors
    /// `Malformed` if they are not bytes that this codec writes.
    fn decode(&self, ctx: &Context, data: Buffer) -> Result<Buffer, Error>;

    /// Does what the host does when it loads the plugin: checks the settings, then calls
    /// [`configure`](Self::configure). For tests.
    ///
    /// # Errors
    /// `Misconfigured` if a setting is unknown, wrong or missing, and the errors of `configure`.
    fn load(settings: &Settings) -> Result<Self, Error> {
        settings.check(Self::SETTINGS)?;
        Self::configure(settings)
    }
}

/// A codec that reads and writes metadata itself, such as the id of a key.
///
/// Every [`Codec`] is one. Implement this trait instead if one entry, the encoding, is not enough.
///
/// ```
/// use cloakroom_guest::{
///     Context, Description, Error, Payload, PayloadCodec, Purpose, Setting, Settings, keys, testing,
/// };
///
/// struct Seal {
///     ring: String,
/// }
///
/// impl PayloadCodec for Seal {
///     const SETTINGS: &'static [Setting] =
///         &[Setting::name_of("ring", "keys", "ring to seal with").required()];
///
///     fn configure(settings: &Settings) -> Result<Self, Error> {
///         Ok(Self { ring: settings.required("ring")?.to_owned() })
///     }
///
///     fn describe(&self) -> Description {
///         Description::new(["binary/example"], Purpose::Encryption)
///     }
///
///     fn encode(&self, _: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
///         let sealed = keys::seal(&self.ring, &payload.envelope(), &[])?;
///         let metadata = [
///             ("encoding".to_owned(), b"binary/example".to_vec()),
///             ("key".to_owned(), sealed.key.into_bytes()),
///         ];
///         Ok(Some(Payload::new(&metadata, &sealed.data)))
///     }
///
///     fn decode(&self, _: &Context, payload: &Payload) -> Result<Payload, Error> {
///         let key = payload.get("key").ok_or_else(|| Error::malformed("`key` is missing"))?;
///         let key = String::from_utf8(key).map_err(|_| Error::malformed("`key` is not text"))?;
///         Payload::from_envelope(&keys::open(&self.ring, &key, &payload.data(), &[])?)
///     }
/// }
///
/// let _host = testing::Host::new().with_ring("main", &["key-1"]);
/// let codec = Seal::load(&Settings::from([("ring", "main")]))?;
/// let (ctx, payload) = (testing::context(Default::default()), testing::payload(b"secret"));
/// let sealed = codec.encode(&ctx, &payload)?.expect("a payload");
/// assert_eq!(sealed.get("key").as_deref(), Some(&b"key-1"[..]));
/// assert_eq!(codec.decode(&ctx, &sealed)?.data().to_vec(), b"secret");
/// # Ok::<(), Error>(())
/// ```
pub trait PayloadCodec: Sized {
    /// All settings that the codec knows. The host does not load the plugin with others, and shows these
    /// to operators. None by default.
    const SETTINGS: &'static [Setting] = &[];

    /// Names of metadata by which the codec also decodes payloads, whatever their encoding. For formats
    /// that keep the encoding of what they replace and mark the payload with an entry of their own. The
    /// codec may then write any encoding, if the entry is there. None by default.
    const METADATA_NAMES: &'static [&'static str] = &[];

    /// Creates the codec from its settings, once in each instance. See [`Codec::configure`].
    ///
    /// # Errors
    /// `Misconfigured` if the settings cannot work, with what to write instead.
    fn configure(settings: &Settings) -> Result<Self, Error>;

    /// Describes the codec to the host, when the plugin is loaded.
    fn describe(&self) -> Description;

    /// Encodes a payload, or returns `None` to leave it as it is.
    ///
    /// # Errors
    /// Any error. The host then encodes none of the payloads.
    fn encode(&self, ctx: &Context, payload: &Payload) -> Result<Option<Payload>, Error>;

    /// Decodes a payload whose encoding [`describe`](Self::describe) named, or that has an entry of
    /// [`METADATA_NAMES`](Self::METADATA_NAMES).
    ///
    /// # Errors
    /// `Malformed` if it is not a payload that this codec writes.
    fn decode(&self, ctx: &Context, payload: &Payload) -> Result<Payload, Error>;

    /// Does what the host does when it loads the plugin: checks the settings, then calls
    /// [`configure`](Self::configure). For tests.
    ///
    /// # Errors
    /// `Misconfigured` if a setting is unknown, wrong or missing, and the errors of `configure`.
    fn load(settings: &Settings) -> Result<Self, Error> {
        settings.check(Self::SETTINGS)?;
        Self::configure(settings)
    }
}

impl<C: Codec> PayloadCodec for C {
    const SETTINGS: &'static [Setting] = C::SETTINGS;

    fn configure(settings: &Settings) -> Result<Self, Error> {
        C::configure(settings)
    }

    fn describe(&self) -> Description {
        Description::new(C::ENCODINGS.iter().copied(), C::PURPOSE)
    }

    fn encode(&self, ctx: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        let Some(data) = C::encode(self, ctx, payload.envelope())? else {
            return Ok(None);
        };
        // The first is written, the others are only read: a codec can so change its encoding and
        // still read the old one.
        let encoding = C::ENCODINGS.first().copied().unwrap_or_default();
        let metadata = [("encoding".to_owned(), encoding.as_bytes().to_vec())];
        Ok(Some(Payload::new(&metadata, &data)))
    }

    fn decode(&self, ctx: &Context, payload: &Payload) -> Result<Payload, Error> {
        Payload::from_envelope(&C::decode(self, ctx, payload.data())?)
    }
}

impl Description {
    /// Describes a codec of these encodings.
    #[must_use]
    pub fn new(encodings: impl IntoIterator<Item = impl Into<String>>, purpose: Purpose) -> Self {
        Self { encodings: encodings.into_iter().map(Into::into).collect(), purpose }
    }
}
