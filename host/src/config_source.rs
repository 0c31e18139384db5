//! Source of a configuration: a file, or a text that the program has.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};

use crate::unreadable::unreadable;

/// Largest size of a configuration file. One that a person writes has some kilobytes.
const LARGEST: u64 = 1 << 20;

/// Source of a configuration.
#[derive(Clone)]
pub(crate) enum ConfigSource {
    File(PathBuf),
    Text(String),
}

/// Text of a configuration, before it is parsed.
pub(crate) struct RawConfig {
    /// Name of the configuration in errors.
    pub(crate) name: String,
    /// Folder that relative paths start from.
    pub(crate) folder: PathBuf,
    pub(crate) text: String,
}

impl ConfigSource {
    /// Returns the path of the file, if it is one.
    pub(crate) fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::File(path) => Some(path),
            Self::Text(_) => None,
        }
    }

    /// Returns the name of the configuration in errors. A text may hold secrets by mistake, so it is
    /// never shown.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Text(_) => "configuration".to_owned(),
        }
    }

    /// Reads the text. May block.
    ///
    /// # Errors
    /// `Config` if the file cannot be read, is not UTF-8, or is larger than 1 MiB.
    pub(crate) fn read(&self) -> Result<RawConfig, Error> {
        let name = self.name();
        match self {
            Self::Text(text) => Ok(RawConfig { name, folder: PathBuf::new(), text: text.clone() }),
            Self::File(path) => {
                let text = read_bounded(path)?;
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                Ok(RawConfig { name, folder, text })
            }
        }
    }
}

/// Reads a file up to its bound and one byte more. Its reported size is not trusted: a device such as
/// `/dev/zero` has the size 0 and no end, and a file may grow while it is read.
fn read_bounded(path: &Path) -> Result<String, Error> {
    let unread = |error| unreadable(path, error);
    let file = fs::File::open(path).map_err(unread)?;
    let mut text = String::new();
    let read = file.take(LARGEST + 1).read_to_string(&mut text);
    // Asked before the error: a cut in the middle of a character would read as invalid UTF-8.
    if text.len() as u64 > LARGEST {
        let text = format!(
            "`{}` is larger than 1 MiB, so it is hardly a configuration: correct the path",
            path.display()
        );
        return Err(Error::new(ErrorKind::Config, text));
    }
    read.map_err(unread)?;
    Ok(text)
}
