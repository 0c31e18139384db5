//! Sources of a configuration's plugins: files, local copies and bundled ones, checked by its policy.

use std::{borrow::Cow, collections::BTreeMap, path::PathBuf};

use cloakroom_core::{ByteSize, Error, ErrorKind};
use cloakroom_plugin::{Digest, Source};
use cloakroom_registry::{LocalCopies, PublicKey, Reference, Statement};

use crate::{
    builder::CloakroomBuilder,
    bundled::bundled,
    config::{PluginEntry, SignaturePolicy, setting_name},
    config_file::ConfigFile,
    lock_file::LockFile,
    signature_check::{Signatures, Signer},
};

/// Sources of a configuration's plugins. Nothing here asks a registry.
#[derive(Clone, Debug)]
pub(crate) struct PluginStore {
    /// Folder that relative paths start from.
    folder: PathBuf,
    copies: Option<LocalCopies>,
    policy: SignaturePolicy,
    keys: BTreeMap<String, PublicKey>,
    lock: Option<LockFile>,
    /// Most bytes of a plugin.
    largest: ByteSize,
}

/// A stage's or driver's plugin, as the configuration has it.
#[derive(Clone, Debug)]
pub(crate) struct PluginRequest {
    plugin: String,
    name: Option<String>,
    digest: Option<Digest>,
    trusted: Vec<String>,
    signed_as: String,
}

/// A plugin whose bytes were checked.
#[derive(Debug)]
pub(crate) struct CheckedPlugin {
    pub(crate) source: Source,
    /// Statement that a trusted key signed, if signatures are asked for.
    #[cfg_attr(
        not(feature = "registry"),
        expect(dead_code, reason = "read when plugins are locked")
    )]
    pub(crate) statement: Option<Statement>,
    /// Name and version in the manifest of its registry, for which nothing vouches.
    #[cfg_attr(
        not(feature = "registry"),
        expect(dead_code, reason = "read when plugins are locked")
    )]
    pub(crate) title: Option<Statement>,
}

impl CheckedPlugin {
    /// Returns a plugin of which no signature is asked for.
    fn unchecked(source: Source) -> Self {
        Self { source, statement: None, title: None }
    }
}

impl PluginRequest {
    /// Takes what an entry says.
    ///
    /// # Errors
    /// `Config` if its `digest` is none.
    pub(crate) fn new(entry: PluginEntry<'_>) -> Result<Self, Error> {
        Ok(Self {
            plugin: entry.plugin.to_owned(),
            name: entry.name.map(str::to_owned),
            digest: entry.digest.map(str::parse).transpose()?,
            trusted: entry.trusted.to_vec(),
            signed_as: entry
                .signed_as
                .map_or_else(|| entry.plugin_name(), Cow::Borrowed)
                .into_owned(),
        })
    }

    /// Returns the request with another reference of the same plugin.
    #[cfg(feature = "registry")]
    pub(crate) fn with_plugin(mut self, plugin: &str) -> Self {
        plugin.clone_into(&mut self.plugin);
        self
    }

    /// Adds the pinned digest and the name to a source.
    fn finish(&self, mut source: Source) -> Source {
        if let Some(digest) = self.digest {
            source = source.with_digest(digest);
        }
        match &self.name {
            Some(name) => source.with_name(name),
            None => source,
        }
    }
}

impl PluginStore {
    /// Opens the sources of a configuration: reads the keys that may sign, and the lock file. Blocks.
    ///
    /// # Errors
    /// `Config` if a key or the lock file cannot be read.
    pub(crate) fn open(builder: &CloakroomBuilder, config: &ConfigFile) -> Result<Self, Error> {
        let ConfigFile { file, folder, locator, .. } = config;
        let lock = match builder.source.path() {
            Some(path) => LockFile::read(path)?,
            None => None,
        };
        Ok(Self {
            folder: folder.clone(),
            copies: copies(builder, config),
            policy: file.plugins.signatures,
            keys: file.plugins.keys(folder, locator)?,
            lock,
            largest: file.plugin_limits().component,
        })
    }

    /// Returns the sources without policy and lock file, for tools that look for a plugin and load it under
    /// a policy of their own.
    pub(crate) fn unchecked(&self) -> Self {
        Self { policy: SignaturePolicy::Off, lock: None, ..self.clone() }
    }

    /// Returns the sources without their lock file, for locking anew.
    #[cfg(feature = "registry")]
    pub(crate) fn unlocked(mut self) -> (Self, LockFile) {
        let lock = self.lock.take().unwrap_or_default();
        (self, lock)
    }

    /// Returns the checked source of a plugin. Blocks.
    ///
    /// # Errors
    /// `Config` if its file or local copy is not there. `PluginRejected` if the policy refuses it.
    /// `Corrupt` if a local copy was changed.
    pub(crate) fn find(&self, request: &PluginRequest) -> Result<CheckedPlugin, Error> {
        let found = self.find_checked(request);
        found.map_err(|error| error.rename_remedies(setting_name))
    }

    fn find_checked(&self, request: &PluginRequest) -> Result<CheckedPlugin, Error> {
        let (origin, name) = request.plugin.split_once(':').unwrap_or_default();
        let mut title = None;
        let (source, plugin, signatures) = match origin {
            "bundled" => {
                let source = request.finish(bundled(name)?);
                return Ok(CheckedPlugin::unchecked(source));
            }
            "oci" => {
                let reference: Reference = request.plugin.parse()?;
                let artifact = self.copy(&reference)?;
                let source = Source::bytes(reference.name(), artifact.component().clone());
                let signatures = artifact.signatures().map(str::to_owned);
                title = artifact.title();
                (source, reference.plugin(), signatures)
            }
            _ => (Source::file(self.folder.join(name)), request.plugin.clone(), None),
        };
        let source = request.finish(source);
        if origin == "file" && self.policy == SignaturePolicy::Off && self.lock.is_none() {
            // Read when it is loaded, as ever: nothing is checked before.
            return Ok(CheckedPlugin::unchecked(source));
        }
        let (source, bytes) = source.read_now(self.largest)?;
        let digest = Digest::sha256(&bytes);
        if let Some(lock) = &self.lock {
            let checked = lock.check(&plugin, &digest.to_string());
            checked.map_err(|error| error.in_plugin(source.name()))?;
        }
        let beside = self.folder.join(name).with_added_extension("sig");
        let signatures = Signatures {
            file: &bytes,
            manifest: signatures.as_deref(),
            beside: (origin == "file").then_some(&*beside),
        };
        let statement = self.check_signature(request, &signatures);
        let statement = statement.map_err(|error| error.in_plugin(source.name()))?;
        Ok(CheckedPlugin { source, statement, title })
    }

    /// Checks signatures by the policy.
    fn check_signature(
        &self,
        request: &PluginRequest,
        signatures: &Signatures<'_>,
    ) -> Result<Option<Statement>, Error> {
        if self.policy == SignaturePolicy::Off {
            return Ok(None);
        }
        let trusted = request.trusted.iter().filter_map(|name| self.keys.get_key_value(name));
        let signer = Signer {
            keys: trusted.map(|(name, key)| (name.clone(), *key)).collect(),
            name: request.signed_as.clone(),
        };
        match signer.check(signatures) {
            Ok(statement) => Ok(Some(statement)),
            Err(error) if self.policy == SignaturePolicy::Warn => {
                let plugin = cloakroom_core::clean(&request.plugin, 512);
                tracing::warn!(plugin, "the plugin {}", error.report());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the local copy of a reference.
    fn copy(&self, reference: &Reference) -> Result<cloakroom_registry::Artifact, Error> {
        let refused =
            |text: String| Error::new(ErrorKind::Config, text).in_plugin(reference.name());
        let Some(digest) = reference.digest() else {
            let text = "the reference has a tag alone, which can be moved to another plugin: run \
                        `cloakroom lock --config FILE`, which writes the digest that it has now";
            return Err(refused(text.to_owned()));
        };
        let Some(copies) = &self.copies else {
            let text = "there is no folder for plugins of registries: set `plugins.folder`";
            return Err(refused(text.to_owned()));
        };
        copies.read(digest, self.largest).map_err(|error| match error.kind() {
            ErrorKind::NotFound => refused(format!(
                "there is no local copy of the plugin in `{}`: run `cloakroom plugin pull --config FILE`, \
                 or set `plugins.pull = true`",
                copies.folder().display()
            )),
            ErrorKind::Corrupt => {
                let text = "the local copy is not what the reference pins: remove it and pull it again, \
                            and look who can write there";
                error.wrapped(ErrorKind::Corrupt, text).in_plugin(reference.name())
            }
            _ => error.in_plugin(reference.name()),
        })
    }
}

/// Returns the folder of local copies.
pub(crate) fn copies(builder: &CloakroomBuilder, config: &ConfigFile) -> Option<LocalCopies> {
    let own = config.file.plugins.folder.as_ref().map(|path| config.folder.join(path));
    own.or_else(|| builder.copies.clone()).map(LocalCopies::new)
}
