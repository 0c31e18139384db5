//! Edits of a configuration's text, which keep its comments and its order.

use toml_edit::{DocumentMut, Item, TableLike, Value, value};

use crate::config::Table;

/// Text of a configuration that is edited.
pub(super) struct Edit(DocumentMut);

impl Edit {
    /// Parses a text that is a valid configuration.
    pub(super) fn new(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// Sets a key of a stage or driver.
    pub(super) fn set(&mut self, table: Table<'_>, key: &str, text: &str) -> Option<()> {
        let entry = self.entry(table)?;
        match entry.get_mut(key).and_then(Item::as_value_mut) {
            Some(known) if known.as_str() == Some(text) => {}
            Some(known) => {
                // Spaces and a comment after the value are part of it.
                let decor = known.decor().clone();
                *known = Value::from(text);
                *known.decor_mut() = decor;
            }
            None => {
                entry.insert(key, value(text));
            }
        }
        Some(())
    }

    /// Returns whether a stage or driver has this grant.
    pub(super) fn is_granted(&mut self, table: Table<'_>, capability: &str) -> bool {
        let grants = self.entry(table).and_then(|entry| entry.get("grants")?.as_table_like());
        match grants.and_then(|grants| grants.get(capability)) {
            Some(Item::Value(Value::Array(names))) => !names.is_empty(),
            Some(Item::Value(Value::Boolean(granted))) => *granted.value(),
            Some(Item::ArrayOfTables(_)) => true,
            _ => false,
        }
    }

    /// Returns the text.
    pub(super) fn text(&self) -> String {
        self.0.to_string()
    }

    fn entry(&mut self, table: Table<'_>) -> Option<&mut dyn TableLike> {
        let (list, index) = match table {
            Table::Stage(index) => (self.0.get_mut("stage")?, index),
            Table::Driver(index) => (self.0.get_mut("storage")?.get_mut("driver")?, index),
            _ => return None,
        };
        match list {
            Item::ArrayOfTables(tables) => Some(tables.get_mut(index)?),
            Item::Value(Value::Array(values)) => {
                let table = values.get_mut(index)?.as_inline_table_mut()?;
                Some(table)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# Pipeline of payments.
[[stage]]
plugin = "oci://r.example/a:1"   # compresses
settings = { level = 3 }

[[stage]]
plugin = "file:b.wasm"
grants.keys = ["k"]

[storage]
driver = [{ name = "d", plugin = "oci://r.example/d:2" }]   # one
"#;

    #[test]
    fn comments_and_order_stay() {
        let mut edit = Edit::new(TEXT).unwrap();
        assert_eq!(edit.text(), TEXT);
        edit.set(Table::Stage(0), "plugin", "oci://r.example/a:1@x").unwrap();
        edit.set(Table::Stage(1), "digest", "y").unwrap();
        edit.set(Table::Driver(0), "plugin", "oci://r.example/d:2@z").unwrap();
        let expect = TEXT
            .replace("a:1", "a:1@x")
            .replace("d:2", "d:2@z")
            .replace("grants.keys = [\"k\"]\n", "grants.keys = [\"k\"]\ndigest = \"y\"\n");
        assert_eq!(edit.text(), expect);
        assert!(edit.set(Table::Stage(2), "plugin", "x").is_none());
    }

    #[test]
    fn grants_are_found() {
        let mut edit = Edit::new(TEXT).unwrap();
        assert!(edit.is_granted(Table::Stage(1), "keys"));
        assert!(!edit.is_granted(Table::Stage(1), "buckets"));
        assert!(!edit.is_granted(Table::Stage(0), "keys"));
    }
}
