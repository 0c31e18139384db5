//! The three ways to run the workflows.

use std::{fs, path::Path};

use anyhow::Result;
use clap::ValueEnum;
use temporalio_client::Connection;
use temporalio_common::data_converters::DataConverter;

use crate::converter;

/// A way to run the workflows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Scenario {
    /// The SDK as it comes
    Plain,
    /// codecs.toml: compressed and encrypted, within the history
    Codecs,
    /// storage.toml: the same, and what is still large goes to a folder
    Storage,
}

impl Scenario {
    /// In the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Plain => "no pipeline",
            Self::Codecs => "codecs",
            Self::Storage => "codecs and storage",
        }
    }

    /// Its folder in that of the run.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Codecs => "codecs",
            Self::Storage => "storage",
        }
    }

    /// Its configuration, if it has a pipeline.
    fn config(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Codecs => Some(include_str!("../codecs.toml")),
            Self::Storage => Some(include_str!("../storage.toml")),
        }
    }

    /// Writes its configuration into this folder, and a key beside it.
    pub(crate) fn prepare(self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        if let Some(config) = self.config() {
            let mut key = [0; 32];
            getrandom::fill(&mut key)?;
            fs::write(folder.join("key"), key)?;
            fs::write(folder.join("cloakroom.toml"), config)?;
        }
        Ok(())
    }

    /// A data converter of its own: nothing is at hand yet that another has stored or read.
    pub(crate) async fn converter(
        self,
        folder: &Path,
        connection: &Connection,
    ) -> Result<DataConverter> {
        match self.config() {
            None => Ok(DataConverter::default()),
            Some(_) => converter::of_file(&folder.join("cloakroom.toml"), connection).await,
        }
    }
}
