//! A configuration that was read, before anything that it names is loaded.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use cloakroom_core::Error;

use crate::{
    blocking::blocking,
    config::{self, File, Places},
    deadline::{self, Progress},
    opening::{CloakroomBuilder, Text},
    watch::{FileStamps, mark},
};

/// A configuration file as it was read.
pub(crate) struct Reading {
    pub(crate) file: File,
    /// The folder that paths are taken from.
    pub(crate) folder: PathBuf,
    pub(crate) places: Places,
    /// The files that it is made from, as they were before they were read.
    pub(crate) marks: FileStamps,
}

impl Reading {
    /// Reads and parses a configuration, and nothing that it names, within `limit`.
    ///
    /// # Errors
    /// `Config` with file and line; `Busy` if the file system does not answer.
    pub(crate) async fn of(opening: &CloakroomBuilder, limit: Duration) -> Result<Self, Error> {
        let text = opening.text.clone();
        let progress = Progress::default();
        progress.begin("the configuration's file".to_owned());
        let reading = blocking(move || Self::read(&text));
        deadline::within(limit, Instant::now(), &progress, reading).await
    }

    fn read(text: &Text) -> Result<Self, Error> {
        let mut marks: FileStamps = text.path().map(mark).into_iter().collect();
        let (place, folder, text) = text.read()?;
        let file = config::parse(&text, &place)?;
        marks.extend(file.files(&folder).iter().map(mark));
        Ok(Self { file, folder, places: Places::new(place, text), marks })
    }
}
