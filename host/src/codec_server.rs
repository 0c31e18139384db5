//! Codec server of a configuration.

use std::sync::Arc;

use cloakroom_core::Error;
use cloakroom_temporal::server::{Address, ServerSettings};

use crate::{
    blocking_work::run_blocking,
    cloakroom::Cloakroom,
    codec_server_settings::{address, settings},
    config,
    config_file::ConfigFile,
    config_source::RawConfig,
};

impl Cloakroom {
    /// Returns the address of the codec server, and its settings.
    ///
    /// Reads tokens, key sets and certificates now, and may block: opening a configuration reads none,
    /// because a worker that opens the same file needs none.
    ///
    /// # Errors
    /// `Config` if one cannot be read or is not valid.
    pub fn codec_server(&self) -> Result<(Address, ServerSettings), Error> {
        let current = self.current();
        let (entry, folder) = &current.codec_server;
        Ok((address(entry, folder), settings(entry, folder)?))
    }

    /// Reads the codec server's settings from the file as it is now, also if it was not loaded. Reads
    /// no plugin, changes nothing, and may block.
    ///
    /// [`CodecServer::restrict`] takes them, so that a token that was removed is refused at once,
    /// however long the rest takes to load.
    ///
    /// # Errors
    /// `Config` if the file or a file that it names cannot be read, or is not valid.
    ///
    /// [`CodecServer::restrict`]: cloakroom_temporal::server::CodecServer::restrict
    pub fn codec_server_as_written(&self) -> Result<(Address, ServerSettings), Error> {
        let RawConfig { name, folder, text } = self.builder().source.read()?;
        let entry = config::parse(&text, &name)?.codec_server;
        Ok((address(&entry, &folder), settings(&entry, &folder)?))
    }

    /// Calls `listener` at each reload with the codec server's settings in the file: as soon as the
    /// file was read, and before its plugins, keys and buckets are loaded, which may take long or
    /// fail. What the file takes away (a token, an origin, a key of a key set) can be taken away
    /// then; what it adds belongs to a configuration that may never be loaded.
    ///
    /// The listener gets an error if the file can be parsed and a token, key set or certificate that
    /// it names cannot be read. It is not called for a file that cannot be parsed. Of reloads that run
    /// at the same time, the newest calls it last. There is one listener: another takes its place.
    pub fn on_codec_server(
        &self,
        listener: impl Fn(Result<(Address, ServerSettings), Error>) + Send + Sync + 'static,
    ) {
        self.reload_order().set_listener(Arc::new(listener));
    }

    /// Calls the listener, if there is one and no newer reload has begun.
    pub(crate) async fn announce_codec_server(
        &self,
        number: u64,
        config: &ConfigFile,
    ) -> Result<(), Error> {
        let Some(listener) = self.reload_order().listener() else {
            return Ok(());
        };
        let (entry, folder) = (config.file.codec_server.clone(), config.folder.clone());
        let read = run_blocking(move || {
            Ok(settings(&entry, &folder).map(|settings| (address(&entry, &folder), settings)))
        });
        let read = read.await?;
        // Under the lock of replacements: of two reloads, the older must not be the last to call.
        self.reload_order().replace_if_newest(number, || listener(read))
    }
}
