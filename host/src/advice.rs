//! Place in the configuration, and the keys to change, for errors of a pipeline's parts.
//!
//! The library crates know no configuration: their errors say what happened and which method to call.
//! This module, which knows the file, adds its line and keys.

use cloakroom_core::{Error, ErrorKind};
use cloakroom_pipeline::PipelineError;

use crate::config::{File, Locator, StageEntry, Table, pipeline_error};

/// Returns the error of parts that make no pipeline, at its line in the file and with the keys to
/// change.
pub(crate) fn at_table(file: &File, locator: &Locator, error: &PipelineError) -> Error {
    let stage = |name: &str, key: &'static str| {
        let is_named = |stage: &StageEntry| stage.entry().stage_name() == name;
        (file.stage.iter().position(is_named).map(Table::Stage), key)
    };
    let (table, key) = match error {
        PipelineError::CompressesSealed { compression, .. } => stage(compression, "plugin"),
        PipelineError::RequiredUnsealed(name) | PipelineError::RequiredKeyless(name) => {
            stage(name, "required")
        }
        PipelineError::NeverRead { .. } => (Some(Table::Storage), "threshold"),
        PipelineError::StoresUnsealed => (Some(Table::Storage), "sealed"),
        PipelineError::Cache(_) => (Some(Table::Storage), "cache"),
        // `config::check` has refused the other mistakes already, with their lines.
        _ => (None, ""),
    };
    let place = match table {
        Some(table) => locator.place_of(table, &[key]),
        None => locator.name().to_owned(),
    };
    Error::new(ErrorKind::Config, pipeline_error(error)).at_place(&place)
}
