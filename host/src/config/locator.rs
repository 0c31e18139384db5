//! Finds the file and line of a key, for errors.

use cloakroom_core::{Error, ErrorKind};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A configuration file as it was read.
pub(crate) struct Locator {
    name: String,
    text: String,
}

/// A table of the file.
#[derive(Clone, Copy)]
pub(crate) enum Table<'a> {
    /// The `[[stage]]` of this index.
    Stage(usize),
    Storage,
    /// The `[[storage.rule]]` of this index.
    Rule(usize),
    /// The `[[storage.driver]]` of this index.
    Driver(usize),
    /// `[buckets.NAME]`
    Bucket(&'a str),
    /// `[keys.NAME]`
    Ring(&'a str),
    /// `[services.NAME]`
    Service(&'a str),
    /// `secrets.NAME`
    Secret(&'a str),
    /// `[namespace.NAME]`
    Namespace(&'a str),
    /// `[nexus.ENDPOINT]`
    Nexus(&'a str),
    /// `[plugins.keys.NAME]`
    PluginKey(&'a str),
    /// `[registries."HOST"]`
    Registry(&'a str),
    /// The `[[namespace.NAME.storage.rule]]` of this index.
    NamespaceRule(&'a str, usize),
}

impl Locator {
    /// Takes a file's name, as errors show it, and its text.
    pub(crate) fn new(name: String, text: String) -> Self {
        Self { name, text }
    }

    /// Returns the file's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the file's text.
    #[cfg(feature = "registry")]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the file's name and the line of a key in a table, or the closest line above that is
    /// there. `key` is the path of names below the table, and may be empty.
    pub(crate) fn place_of(&self, table: Table<'_>, key: &[&str]) -> String {
        let index;
        let mut path = match table {
            Table::Stage(at) => {
                index = at.to_string();
                vec!["stage", &index]
            }
            Table::Storage => vec!["storage"],
            Table::Rule(at) => {
                index = at.to_string();
                vec!["storage", "rule", &index]
            }
            Table::Driver(at) => {
                index = at.to_string();
                vec!["storage", "driver", &index]
            }
            Table::Bucket(name) => vec!["buckets", name],
            Table::Ring(name) => vec!["keys", name],
            Table::Service(name) => vec!["services", name],
            Table::Secret(name) => vec!["secrets", name],
            Table::Namespace(name) => vec!["namespace", name],
            Table::Nexus(name) => vec!["nexus", name],
            Table::PluginKey(name) => vec!["plugins", "keys", name],
            Table::Registry(host) => vec!["registries", host],
            Table::NamespaceRule(name, at) => {
                index = at.to_string();
                vec!["namespace", name, "storage", "rule", &index]
            }
        };
        path.extend(key);
        match self.offset(&path) {
            Some(offset) => format!("{}, line {}", self.name, line(&self.text, offset)),
            None => self.name.clone(),
        }
    }

    /// Returns an error at the place of a key.
    ///
    /// # Errors
    /// Always: `Config`.
    pub(crate) fn refuse(
        &self,
        table: Table<'_>,
        key: &[&str],
        text: impl Into<String>,
    ) -> Result<(), Error> {
        Err(Error::new(ErrorKind::Config, text).at_place(&self.place_of(table, key)))
    }

    /// Returns the offset of the last name of a path that is there. The text is parsed once more for
    /// each error: a load has one, and keeping all positions would burden every type of the schema.
    fn offset(&self, path: &[&str]) -> Option<usize> {
        let root = DeTable::parse(&self.text).ok()?;
        let (mut table, mut array, mut found) = (Some(root.get_ref()), None, None);
        for name in path {
            let value: &Spanned<DeValue<'_>> = match (table, array) {
                (Some(fields), _) => {
                    let Some((key, value)) = fields.get_key_value(*name) else { break };
                    found = Some(key.span().start);
                    value
                }
                (None, Some(items)) => {
                    let items: &toml::de::DeArray<'_> = items;
                    let Some(value) = name.parse().ok().and_then(|at: usize| items.get(at)) else {
                        break;
                    };
                    found = Some(value.span().start);
                    value
                }
                (None, None) => break,
            };
            (table, array) = match value.get_ref() {
                DeValue::Table(fields) => (Some(fields), None),
                DeValue::Array(items) => (None, Some(items)),
                _ => (None, None),
            };
        }
        found
    }
}

/// Returns the line of an offset, from 1.
pub(crate) fn line(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or_default().matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[[stage]]
plugin = "a"

[[stage]]
plugin = "b"
settings = { ring = "x" }
grants.keys = ["x"]

[storage]
threshold = "1KiB"
[[storage.driver]]
name = "d"
[[storage.driver]]
plugin = "e"
[buckets."a.b"]
url = "u"
[keys.k]
current = "1"
[keys.k.material]
"2026.1" = { env = "A" }
"#;

    #[track_caller]
    fn check(table: Table<'_>, key: &[&str], line: usize) {
        let locator = Locator::new("c.toml".to_owned(), TEXT.to_owned());
        assert_eq!(locator.place_of(table, key), format!("c.toml, line {line}"));
    }

    #[test]
    fn finds_lines_of_tables_and_keys() {
        check(Table::Stage(0), &[], 2);
        check(Table::Stage(1), &[], 5);
        check(Table::Stage(1), &["plugin"], 6);
        check(Table::Stage(1), &["settings", "ring"], 7);
        check(Table::Stage(1), &["grants", "keys"], 8);
        check(Table::Stage(1), &["digest"], 5);
        check(Table::Storage, &["threshold"], 11);
        check(Table::Driver(1), &["plugin"], 15);
        check(Table::Bucket("a.b"), &["url"], 17);
        check(Table::Ring("k"), &["material", "2026.1"], 21);
    }

    #[test]
    fn names_the_file_where_there_is_no_line() {
        let locator = Locator::new("c.toml".to_owned(), String::new());
        assert_eq!(locator.place_of(Table::Storage, &["threshold"]), "c.toml");
    }
}
