//! Rotation of a key from a file: edits of a configuration, which keep its comments and its order.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_stores::create_key_file;
use toml_edit::{DocumentMut, InlineTable, Item, TableLike, Value, value};

use crate::{config, replace_file::replace_file, unreadable::unreadable};

/// Plan for one step of a rotation, which is written if nobody objects.
///
/// A rotation has two steps, because every process must be able to decrypt what one of them encrypts under
/// the new key: the key is added everywhere first, and made current then.
#[derive(Clone, Debug)]
#[must_use = "a plan changes nothing before `write`"]
pub struct Rotation {
    config: PathBuf,
    before: String,
    after: String,
    /// File of the new key.
    key: Option<PathBuf>,
}

impl Rotation {
    /// Plans to add a key to a ring, from a new file. A relative path starts from the folder of the
    /// configuration. Blocks.
    ///
    /// # Errors
    /// `Config` if the configuration cannot be read, has no such ring, or has a key of this id already.
    pub fn add(config: &Path, ring: &str, id: &str, file: &Path, day: &str) -> Result<Self, Error> {
        Self::plan(config, ring, Some(file), |keys| {
            let material = table(keys, "material")?;
            if material.contains_key(id) {
                let text = format!("[keys.{ring}] has a key `{id}` already: choose another id");
                return Err(refused(text));
            }
            let mut source = InlineTable::new();
            source.insert("file", Value::from(file.to_string_lossy().into_owned()));
            material.insert(id, value(source));
            table(keys, "created")?.insert(id, value(day));
            // On one line the space before the closing brace is part of the last value.
            for name in ["material", "created"] {
                if let Some(one_line) = keys.get_mut(name).and_then(Item::as_inline_table_mut) {
                    one_line.fmt();
                }
            }
            Ok(())
        })
    }

    /// Plans to make a key of a ring the current one. Blocks.
    ///
    /// # Errors
    /// `Config` if the configuration cannot be read, or has no such ring or key.
    pub fn activate(config: &Path, ring: &str, id: &str) -> Result<Self, Error> {
        Self::plan(config, ring, None, |keys| {
            if !table(keys, "material")?.contains_key(id) {
                let text = format!("[keys.{ring}] has no key `{id}`: add it first");
                return Err(refused(text));
            }
            let Some(current) = keys.get_mut("current").and_then(Item::as_value_mut) else {
                return Err(refused(format!("[keys.{ring}] has no `current`")));
            };
            // Spaces and a comment after the value are part of it.
            let decor = current.decor().clone();
            *current = Value::from(id);
            *current.decor_mut() = decor;
            Ok(())
        })
    }

    fn plan(
        config: &Path,
        ring: &str,
        file: Option<&Path>,
        edit: impl FnOnce(&mut dyn TableLike) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        // A link is followed, so that its target is replaced and not the link.
        let path = fs::canonicalize(config).map_err(|error| unreadable(config, error))?;
        let before = fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
        let name = config.display().to_string();
        config::parse(&before, &name)?;
        let document: Result<DocumentMut, _> = before.parse();
        let mut document = document.map_err(|_| refused(format!("`{name}` is not TOML")))?;
        let keys = document.get_mut("keys").and_then(|keys| keys.get_mut(ring));
        let keys = keys.and_then(Item::as_table_like_mut);
        let keys = keys.ok_or_else(|| refused(format!("`{name}` has no [keys.{ring}]")))?;
        if keys.contains_key("service") {
            return Err(refused(format!(
                "[keys.{ring}] is over a key service: its data keys are renewed by the clock, and the \
                 service rotates its own key"
            )));
        }
        edit(keys)?;
        let after = document.to_string();
        config::parse(&after, &name)?;
        let folder = config.parent().unwrap_or(Path::new(""));
        Ok(Self { key: file.map(|file| folder.join(file)), config: path, before, after })
    }

    /// Returns the lines that go and those that come, each after `-` or `+`.
    #[must_use]
    pub fn edit(&self) -> String {
        let (before, after): (Vec<_>, Vec<_>) =
            (self.before.lines().collect(), self.after.lines().collect());
        let same = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
        let rest = before.len().min(after.len()) - same;
        let (back, front) = (before.iter().rev(), after.iter().rev());
        let tail = back.zip(front).take(rest).take_while(|(one, other)| one == other).count();
        let lines = |lines: &[&str], sign: char| {
            let changed = lines.get(same..lines.len() - tail).unwrap_or_default();
            changed.iter().map(|line| format!("{sign} {line}\n")).collect::<String>()
        };
        lines(&before, '-') + &lines(&after, '+')
    }

    /// Returns the file of the new key, if there is one.
    #[must_use]
    pub fn key_file(&self) -> Option<&Path> {
        self.key.as_deref()
    }

    /// Makes the key, and writes the configuration. Blocks.
    ///
    /// # Errors
    /// `Config` if the file of the key exists already, or a file cannot be written.
    pub fn write(&self) -> Result<(), Error> {
        if let Some(key) = &self.key {
            let text = format!("cannot make the key file `{}`", key.display());
            create_key_file(key).map_err(|error| refused(text).with_source(error))?;
        }
        let text = format!("cannot write `{}`", self.config.display());
        replace_file(&self.config, &self.after).map_err(|error| refused(text).with_source(error))
    }
}

/// Returns a table within a table, as the file has it. An absent one is made on one line.
fn table<'a>(keys: &'a mut dyn TableLike, name: &str) -> Result<&'a mut dyn TableLike, Error> {
    if !keys.contains_key(name) {
        keys.insert(name, value(InlineTable::new()));
    }
    let table = keys.get_mut(name).and_then(Item::as_table_like_mut);
    table.ok_or_else(|| refused(format!("`{name}` is not a table")))
}

fn refused(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}
