//! Keys that the host holds for plugins: they seal with a ring by its name, and never see a key.

#[cfg(feature = "registry")]
pub use crate::rotation::Rotation;
pub use cloakroom_core::{
    DataKey, Key, KeyContext, KeyError, KeyFailure, KeyLookup, KeyRing, KeyService,
    KeyServiceError, KeyUse, MAX_WRAPPED, key_label,
};
pub use cloakroom_keys::{
    Clock, DataKeyReport, DataKeySettings, DataKeys, DataKeysBuilder, DataKeysReport,
    FailingReport, Form, KeyId, KeyProof, OpenedSettings, Per, ProbeReport, SecretReport,
    ServiceCheck, WRAPPED_KEYS, WrappedKey, WrappedPlace, make_secret, namespace_tag, probe,
    rewrap_secret, service_tag,
};
pub use cloakroom_stores::{
    KeyMaterial, KeyUsage, MaterialError, Ring, RingBuilder, RingError, RingKey,
};
