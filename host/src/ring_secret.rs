//! Makes the secret of a ring over a key service, before the configuration can be opened with it.

use cloakroom_core::{Error, ErrorKind};
use cloakroom_keys::make_secret;

use crate::{
    builder::CloakroomBuilder,
    config::{KeyServices, Table},
    config_file::ConfigFile,
};

impl CloakroomBuilder {
    /// Makes a secret for a ring of the configuration, and has the ring's key service wrap it. Returns the
    /// text of the file that `keys.RING.secret` names, which is no secret itself.
    ///
    /// Opens nothing else, so the configuration may name a file that is not there yet.
    ///
    /// # Errors
    /// `Config` if the configuration has no such ring, or it is not over a key service; otherwise what the
    /// service says.
    pub async fn make_ring_secret(&self, ring: &str) -> Result<String, Error> {
        let config = ConfigFile::read(&self.source, self.read_limit()).await?;
        let ConfigFile { file, folder, locator, .. } = &config;
        let at = |error: Error| error.at_place(&locator.place_of(Table::Ring(ring), &["service"]));
        let entry = file.keys.get(ring).ok_or_else(|| {
            let names = file.keys.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>();
            let text = format!("[keys] has no ring `{ring}`; its rings: {}", names.join(", "));
            Error::new(ErrorKind::Config, text)
        })?;
        let uri = entry.service.as_ref().ok_or_else(|| {
            let text = format!(
                "[keys.{ring}] has no `service`: a ring of static keys needs no secret besides them"
            );
            at(Error::new(ErrorKind::Config, text))
        })?;
        let (native, access) = (&self.native.key_services, &file.key_services);
        let services = KeyServices { native, access, folder };
        let service = services.connect(uri).map_err(at)?;
        make_secret(&*service, ring).await.map_err(|error| {
            let kind = error.kind();
            let text = format!(
                "key service `{uri}` of ring `{ring}` {} (it says: {})",
                kind.advice(),
                error.text()
            );
            Error::new(kind.error_kind(), text).with_source(error)
        })
    }
}
