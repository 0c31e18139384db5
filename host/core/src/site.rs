//! Where an error happened, as the start of its message.

use std::{fmt, path::PathBuf};

use crate::clean;

/// The most characters of a file's path.
const PATH: usize = 1024;

/// Which way a payload was going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the workflow engine.
    Encode,
    /// Back from it.
    Decode,
}

impl Direction {
    /// Returns `encode` or `decode`, as metrics and logs have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::Decode => "decode",
        }
    }
}

/// The place of an error, as far as it is known.
#[derive(Default)]
pub(crate) struct Site {
    /// In the configuration: its file and line.
    pub(crate) place: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) plugin: Option<String>,
    /// The plugin's file.
    pub(crate) file: Option<PathBuf>,
    pub(crate) direction: Option<Direction>,
    pub(crate) slot: Option<usize>,
}

impl Site {
    fn is_in_a_part(&self) -> bool {
        self.stage.is_some() || self.plugin.is_some() || self.file.is_some()
    }

    /// Writes the stage, the payload, the plugin and its file, as far as they are known.
    fn write_part(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(stage) = &self.stage {
            write!(f, "stage `{stage}`")?;
        }
        match (self.direction, self.slot) {
            (Some(Direction::Encode), Some(slot)) => write!(f, ", encoding payload {slot}")?,
            (Some(Direction::Decode), Some(slot)) => write!(f, ", decoding payload {slot}")?,
            _ => {}
        }
        match (&self.stage, &self.plugin) {
            (Some(stage), Some(plugin)) if stage == plugin => {}
            (Some(_), Some(plugin)) => write!(f, ", plugin `{plugin}`")?,
            (None, Some(plugin)) => write!(f, "plugin `{plugin}`")?,
            (_, None) => {}
        }
        match &self.file {
            Some(file) => write!(f, " (`{}`)", clean(&file.display().to_string(), PATH)),
            None => Ok(()),
        }
    }
}

/// Writes what is known and a colon, or nothing.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if self.is_in_a_part() {
            self.write_part(f)?;
            f.write_str(": ")?;
        }
        Ok(())
    }
}
