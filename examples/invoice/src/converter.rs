//! Cloakroom in the SDK: this is all that a program does to have it.

use std::path::Path;

use anyhow::Result;
use cloakroom::{Cloakroom, temporal::SizeLimits};
use temporalio_client::{Client, ClientOptions, Connection};
use temporalio_common::data_converters::DataConverter;

use crate::NAMESPACE;

/// The SDK's data converter with the pipeline that this file describes.
pub(crate) async fn of_file(config: &Path, connection: &Connection) -> Result<DataConverter> {
    let cloakroom = Cloakroom::open(config).await?;
    let limits = SizeLimits::fetch(connection, NAMESPACE).await?;
    Ok(cloakroom.converter().with_namespace(NAMESPACE).with_size_limits(limits).build())
}

/// A client with it. Workers take the converter of their client.
pub(crate) fn client(connection: Connection, converter: DataConverter) -> Result<Client> {
    let options = ClientOptions::new(NAMESPACE).data_converter(converter).build();
    Ok(Client::new(connection, options)?)
}
