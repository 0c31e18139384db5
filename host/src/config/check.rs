//! Holds the parts of a file against each other, before anything is loaded.

use cloakroom_core::{Error, ErrorKind};

use super::{
    nearest,
    plugin::PluginEntry,
    schema::File,
    storage::{INLINE, Policy, Storage},
};

/// Refuses a file that names what it does not have. `rings` are all that there are.
pub(crate) fn check(file: &File, rings: &[&str]) -> Result<(), Error> {
    if file.stage.is_empty() && file.storage.is_none() {
        return refused(
            "there is no [[stage]]: add one, such as `[[stage]]` with `plugin = \"bundled:zstd\"`",
        );
    }
    for (index, stage) in file.stage.iter().enumerate() {
        if let Some(text) = wrong_plugin(file, rings, stage.entry()) {
            return refused(format!("stage {} (`{}`): {text}", index + 1, stage.plugin));
        }
    }
    match &file.storage {
        Some(storage) => check_storage(file, rings, storage),
        None => Ok(()),
    }
}

fn check_storage(file: &File, rings: &[&str], storage: &Storage) -> Result<(), Error> {
    let Some(first) = storage.driver.first() else {
        return refused("[storage] has no [[storage.driver]]: nothing could be stored or read");
    };
    for driver in &storage.driver {
        if driver.name == INLINE {
            return refused(format!("a driver cannot be called `{INLINE}`: rules use the word"));
        }
        if let Some(text) = wrong_plugin(file, rings, driver.entry()) {
            return refused(format!("storage driver `{}`: {text}", driver.name));
        }
    }
    if storage.store_with.is_none() && storage.driver.len() != 1 {
        return refused(format!(
            "[storage] has several drivers: say which one stores, such as `store_with = \"{}\"`",
            first.name
        ));
    }
    let rules = storage.rule.iter().map(|rule| &rule.store_with);
    for name in rules.filter(|name| *name != INLINE).chain(&storage.store_with) {
        let known = storage.driver.iter().map(|driver| &*driver.name);
        if !known.clone().any(|known| known == name) {
            let help = meant(name, known).unwrap_or_else(|| "add a [[storage.driver]]".to_owned());
            return refused(format!(
                "`store_with` names `{name}`, and there is no such driver; {help}"
            ));
        }
    }
    if storage.rule.iter().any(|rule| rule.contradicts_itself()) {
        return refused(
            "a [[storage.rule]] asks for a workflow's type and an activity's: no payload has both",
        );
    }
    match &storage.claims {
        Some(claims) if claims.policy != Policy::Off => {
            let Some(ring) = &claims.ring else {
                return refused(
                    "`storage.claims` needs the `ring` whose keys prove who wrote a claim",
                );
            };
            unknown("storage.claims", "key ring", "keys", ring, rings).map_or(Ok(()), refused)
        }
        _ => Ok(()),
    }
}

fn wrong_plugin(file: &File, rings: &[&str], entry: PluginEntry<'_>) -> Option<String> {
    let buckets: Vec<_> = file.buckets.keys().map(String::as_str).collect();
    let grants = entry.grants;
    let wrong = |grant, what, table, names: &[String], known: &[&str]| {
        names.iter().find_map(|name| unknown(grant, what, table, name, known))
    };
    wrong("grants.keys", "key ring", "keys", &grants.keys, rings)
        .or_else(|| wrong("grants.subkeys", "key ring", "keys", &grants.subkeys, rings))
        .or_else(|| wrong("grants.buckets", "bucket", "buckets", &grants.buckets, &buckets))
        .or_else(|| unknown_place(entry))
}

fn unknown(grant: &str, what: &str, table: &str, name: &str, known: &[&str]) -> Option<String> {
    if known.contains(&name) {
        return None;
    }
    let help = meant(name, known.iter().copied()).unwrap_or(format!("add a [{table}.{name}]"));
    Some(format!("{grant} names `{name}`, and there is no such {what}; {help}"))
}

fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|meant| format!("did you mean `{meant}`?"))
}

fn unknown_place(entry: PluginEntry<'_>) -> Option<String> {
    let known: Vec<_> = crate::bundled::bundled_names().collect();
    match entry.place() {
        ("file" | "native", _) => None,
        ("bundled", name) if known.contains(&name) => None,
        ("bundled", name) => {
            let help = meant(name, known.iter().copied())
                .unwrap_or_else(|| format!("there are `{}`", known.join("`, `")));
            Some(format!("no bundled plugin is called `{name}`; {help}"))
        }
        _ => Some(
            "write `bundled:NAME` for a plugin that comes with Cloakroom, or `file:PATH`"
                .to_owned(),
        ),
    }
}

fn refused<T>(text: impl Into<String>) -> Result<T, Error> {
    Err(Error::new(ErrorKind::Config, text))
}
