//! Signatures of plugins, and references to plugins in registries.
//!
//! ```
//! use cloakroom::signature::{SignatureSet, SignedComponent, SigningKey, Statement};
//!
//! # fn f(file: &[u8]) -> Result<Vec<u8>, cloakroom::Error> {
//! let (key, _pem) = SigningKey::generate()?;
//! let component = SignedComponent::split(file)?;
//! let statement = Statement::new("zstd-plus", "1.2.0")?;
//! let signatures = SignatureSet::sign(statement, component.digest(), &key);
//! Ok(component.with_signatures(&signatures))
//! # }
//! ```

pub use cloakroom_registry::{
    Artifact, LocalCopies, Manifest, PublicKey, Reference, SignatureSet, SignedComponent,
    SigningKey, Statement,
};
