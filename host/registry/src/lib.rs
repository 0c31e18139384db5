//! Plugins in OCI registries: references, manifests, local copies and signatures.
//!
//! A [`Reference`] names a plugin and pins the digest of its manifest. A [`Manifest`] pins the digest and
//! size of the component. [`LocalCopies`] keeps both on disk, and checks them again each time they are
//! read. A [`SignatureSet`] says who vouches for a component, under which name and version.
//!
//! Nothing here compiles or runs a component. With the feature `client`, a `Client` pulls from a registry
//! and pushes to it.

mod artifact;
#[cfg(feature = "client")]
mod client;
mod digest;
mod local_copies;
mod manifest;
mod package;
mod private_file;
mod reference;
mod remedy;
mod signature;

#[cfg(feature = "client")]
pub use self::client::{Client, Pushed, access::Access};
pub use self::{
    artifact::Artifact,
    digest::Digest,
    local_copies::LocalCopies,
    manifest::{Manifest, SIGNATURE_ANNOTATION},
    package::Package,
    reference::Reference,
    signature::{
        key::{PublicKey, SigningKey},
        section::SignedComponent,
        set::SignatureSet,
        statement::Statement,
    },
};
