//! Cloakroom in the SDK's connection: this is all that a program does to have it.

use std::path::Path;

use anyhow::Result;
use cloakroom::Cloakroom;
use temporalio_client::ConnectionOptions;

/// Options of a connection with the pipeline that this file describes.
pub(crate) async fn of_file(config: &Path, url: &str) -> Result<ConnectionOptions> {
    let cloakroom = Cloakroom::open(config).await?;
    Ok(cloakroom.temporal_connection().options_for_url(url)?)
}
