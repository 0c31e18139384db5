//! The ways to run the workflows.

use std::{fs, path::Path};

use anyhow::Result;
use clap::ValueEnum;
use temporalio_client::{Client, ClientOptions, ConnectionOptions, Url};
use temporalio_common::data_converters::DataConverter;

use crate::{NAMESPACE, connection, converter, meter::Meter, server::Server};

/// A way to run the workflows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Scenario {
    /// The SDK as it comes, with documents of a thousandth of the size
    Small,
    /// The SDK as it comes
    Plain,
    /// codecs.toml: compressed and encrypted, within the history
    Codecs,
    /// storage.toml: the same, and what is still large goes to a folder
    Storage,
    /// storage.toml as the data converter of the SDK, and not in its connection
    Converter,
}

impl Scenario {
    /// In the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Small => "no pipeline, small documents",
            Self::Plain => "no pipeline",
            Self::Codecs => "codecs",
            Self::Storage => "codecs and storage",
            Self::Converter => "the same as a converter",
        }
    }

    /// Its folder in that of the run.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Plain => "plain",
            Self::Codecs => "codecs",
            Self::Storage => "storage",
            Self::Converter => "converter",
        }
    }

    /// Its configuration, if it has a pipeline.
    fn config(self) -> Option<&'static str> {
        match self {
            Self::Small | Self::Plain => None,
            Self::Codecs => Some(include_str!("../codecs.toml")),
            Self::Storage | Self::Converter => Some(include_str!("../storage.toml")),
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

    /// A document has a part of its size.
    pub(crate) fn divisor(self) -> usize {
        match self {
            Self::Small => 1000,
            _ => 1,
        }
    }

    /// A client with a pipeline of its own: nothing is at hand yet that another has stored or read.
    /// Its calls are measured.
    pub(crate) async fn client(
        self,
        folder: &Path,
        server: &mut Server,
        meter: &Meter,
    ) -> Result<Client> {
        let (config, url) = (folder.join("cloakroom.toml"), server.url());
        let plain = || anyhow::Ok(ConnectionOptions::new(Url::parse(&url)?).build());
        let (mut connection, converter) = match self {
            Self::Small | Self::Plain => (plain()?, DataConverter::default()),
            Self::Codecs | Self::Storage => {
                (connection::of_file(&config, &url).await?, DataConverter::default())
            }
            Self::Converter => (plain()?, converter::of_file(&config).await?),
        };
        meter.count(&mut connection);
        let options = ClientOptions::new(NAMESPACE).data_converter(converter).build();
        Ok(Client::new(server.connect(connection).await?, options)?)
    }
}
