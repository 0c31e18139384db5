//! Signatures of plugins, by the policy of the configuration.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _},
    path::Path,
};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_registry::{PublicKey, SignatureSet, SignedComponent, Statement};

/// Most bytes that are read of a file of signatures.
const LARGEST: u64 = 64 << 10;

/// Signatures that a plugin may have, wherever they are.
pub(crate) struct Signatures<'a> {
    /// The file of the plugin, whose last section may hold some.
    pub(crate) file: &'a [u8],
    /// Those in the manifest.
    pub(crate) manifest: Option<&'a str>,
    /// The file beside the plugin.
    pub(crate) beside: Option<&'a Path>,
}

/// Keys that may sign a plugin, and the name that they sign it under.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) keys: BTreeMap<String, PublicKey>,
    pub(crate) name: String,
}

impl Signer {
    /// Returns the statement of the first signature of a trusted key. Blocks.
    ///
    /// # Errors
    /// `PluginRejected` if there is no such signature, it is wrong or damaged, or it was made for a plugin
    /// of another name.
    pub(crate) fn check(&self, signatures: &Signatures<'_>) -> Result<Statement, Error> {
        let signed = SignedComponent::split(signatures.file)?;
        let keys: Vec<_> = self.keys.values().copied().collect();
        let mut others = 0;
        for set in signatures.sets(&signed)? {
            if set.verify(signed.digest(), &keys)?.is_none() {
                others += set.keys().count();
                continue;
            }
            // A key signs many plugins: without this check, whoever can replace files could put another
            // one of the same author in the place of a cipher.
            let name = set.statement().name();
            if name != self.name {
                return Err(rejected(format!(
                    "is signed as `{name}`, and expected as `{}`; if that is right, write \
                     `signed_as = \"{name}\"`",
                    self.name
                )));
            }
            return Ok(set.statement().clone());
        }
        let names: Vec<_> = self.keys.keys().map(String::as_str).collect();
        let names = names.join("`, `");
        Err(rejected(if others == 0 {
            format!("is not signed, and must be by one of `{names}` (`trusted`)")
        } else {
            format!("is signed by other keys ({others}) than `{names}` (`trusted`)")
        }))
    }
}

impl Signatures<'_> {
    /// Returns all signatures: of the file, of its manifest, and those beside it.
    pub(crate) fn sets(&self, signed: &SignedComponent<'_>) -> Result<Vec<SignatureSet>, Error> {
        let mut sets: Vec<_> = signed.signatures().cloned().into_iter().collect();
        if let Some(text) = self.manifest {
            sets.push(SignatureSet::from_text(text.as_bytes())?);
        }
        if let Some(path) = self.beside
            && let Some(text) = read_beside(path)?
        {
            sets.push(SignatureSet::from_text(&text).map_err(|error| error.in_file(path))?);
        }
        Ok(sets)
    }
}

/// Reads a file of signatures, if it is there.
fn read_beside(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let mut text = Vec::new();
    let read = fs::File::open(path);
    match read.and_then(|file| file.take(LARGEST).read_to_end(&mut text)) {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(crate::unreadable::unreadable(path, error)),
    }
}

fn rejected(text: String) -> Error {
    Error::new(ErrorKind::PluginRejected, text)
}
