//! Opens the services of the configuration.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use cloakroom_core::{Error, ErrorKind, Service};

#[cfg(feature = "http")]
pub(crate) use super::http_services::OpenServices;
use super::{
    locator::{Locator, Table},
    schema::File,
};

/// Services by name.
pub(crate) type Services = BTreeMap<String, Arc<dyn Service>>;

/// Services that stay open over reloads. A build without HTTP opens none.
#[cfg(not(feature = "http"))]
#[derive(Default)]
pub(crate) struct OpenServices;

#[cfg(not(feature = "http"))]
impl OpenServices {
    pub(crate) fn forget_unused(&self) {}

    fn service(
        &self,
        name: &str,
        _: &super::service::ServiceEntry,
        _: &Path,
    ) -> Result<Arc<dyn Service>, (&'static str, Error)> {
        let text =
            format!("[services.{name}]: this build has no HTTP: build it with the feature `http`");
        Err(("url", Error::new(ErrorKind::Config, text)))
    }
}

/// Opens all services. Nothing is sent. `native` are those that the embedder brought.
pub(crate) fn services(
    file: &File,
    folder: &Path,
    native: &Services,
    open: &OpenServices,
    locator: &Locator,
) -> Result<Services, Error> {
    let service = |(name, entry): (&String, &super::service::ServiceEntry)| {
        let opened = match entry.url.strip_prefix("native:") {
            Some(brought) => native.get(brought).cloned().ok_or_else(|| {
                let text =
                    format!("[services.{name}]: no service `{brought}` was given in the program");
                ("url", Error::new(ErrorKind::Config, text))
            }),
            None => open.service(name, entry, folder),
        };
        let opened = opened.map_err(|(key, error)| {
            error.at_place(&locator.place_of(Table::Service(name), &[key]))
        });
        Ok((name.clone(), opened?))
    };
    file.services.iter().map(service).collect()
}
