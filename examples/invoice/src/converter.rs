//! Cloakroom in the SDK's data converter: the older way, for comparison.

use std::path::Path;

use anyhow::Result;
use cloakroom::Cloakroom;
use temporalio_common::data_converters::DataConverter;

use crate::NAMESPACE;

/// The SDK's data converter with the pipeline that this file describes.
pub(crate) async fn of_file(config: &Path) -> Result<DataConverter> {
    let cloakroom = Cloakroom::open(config).await?;
    Ok(cloakroom.converter().with_namespace(NAMESPACE).build())
}
