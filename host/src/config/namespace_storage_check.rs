//! Drivers that `[storage]` and the storage of namespaces store with.

use cloakroom_core::Error;

use super::{
    locator::{Locator, Table},
    rule_conditions::INLINE,
    schema::File,
    storage::StorageEntry,
    unknown_name::meant,
};

/// Refuses storage of a namespace that the file has no drivers for.
pub(super) fn check(file: &File, locator: &Locator) -> Result<(), Error> {
    for (name, entry) in &file.namespace {
        let own = &entry.storage;
        if own.is_empty() {
            continue;
        }
        let table = Table::Namespace(name);
        let Some(storage) = &file.storage else {
            let text = format!("[namespace.{name}.storage] needs [storage] with its drivers");
            return locator.refuse(table, &["storage"], text);
        };
        if let Some(driver) = &own.store_with {
            stores(storage, locator, table, &["storage", "store_with"], driver)?;
        }
        for (index, rule) in own.rule.iter().enumerate() {
            let table = Table::NamespaceRule(name, index);
            if let Some(text) = rule.conditions().contradiction() {
                return locator.refuse(table, &["activity_type"], text);
            }
            stores(storage, locator, table, &["store_with"], &rule.store_with)?;
        }
    }
    Ok(())
}

/// Refuses `store_with` if there is no such driver.
pub(super) fn stores(
    storage: &StorageEntry,
    locator: &Locator,
    table: Table<'_>,
    key: &[&str],
    name: &str,
) -> Result<(), Error> {
    let known = storage.driver.iter().map(|driver| &*driver.name);
    if name == INLINE || known.clone().any(|known| known == name) {
        return Ok(());
    }
    let help = meant(name, known).unwrap_or_else(|| "add a [[storage.driver]]".to_owned());
    let text = format!("`store_with` names `{name}`, and there is no such driver; {help}");
    locator.refuse(table, key, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    const STORAGE: &str = "[storage]\n[[storage.driver]]\nname = \"s3\"\nplugin = \"bundled:s3\"\n";

    #[track_caller]
    fn refuses(before: &str, namespace: &str, line: usize, says: &str) {
        let text = format!("{before}[namespace.shop.storage]\n{namespace}\n");
        let file = parse(&text, "c.toml").unwrap();
        let error = check(&file, &Locator::new("c.toml".to_owned(), text)).unwrap_err();
        assert_eq!(error.place(), Some(&*format!("c.toml, line {line}")));
        assert!(error.to_string().contains(says), "{error}");
    }

    #[test]
    fn a_namespace_stores_with_drivers_that_are_there() {
        refuses("", "threshold = \"1KiB\"", 1, "[namespace.shop.storage] needs [storage]");
        refuses(
            STORAGE,
            "store_with = \"s4\"",
            6,
            "names `s4`, and there is no such driver; did you mean `s3`?",
        );
        let rule = |text: &str| format!("[[namespace.shop.storage.rule]]\n{text}");
        refuses(STORAGE, &rule("store_with = \"gcs\""), 7, "`gcs`, and there is no such driver");
        let both = rule("store_with = \"s3\"\nworkflow_type = \"A\"\nactivity_type = \"B\"");
        refuses(STORAGE, &both, 9, "no payload has both");
    }
}
