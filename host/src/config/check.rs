//! Compares the parts of a configuration with each other, before anything is loaded.

use std::collections::BTreeSet;

use cloakroom_core::{Error, ErrorKind};
use cloakroom_plugin::OwnLimits;

use super::{
    bucket_grants,
    claims::PolicyWord,
    locator::{Locator, Table},
    namespace_check, namespace_rings, namespace_storage_check, nexus_check,
    plugin::PluginEntry,
    plugins_check, ring_buckets, ring_secrets,
    rule_conditions::INLINE,
    schema::File,
    storage::{RuleEntry, StorageEntry},
    unknown_name::{meant, unknown},
};

/// Refuses references to parts that the file does not have, and two parts of one name. `rings` are the
/// names of all key rings, those of the program included.
pub(crate) fn check(file: &File, rings: &BTreeSet<&str>, locator: &Locator) -> Result<(), Error> {
    let checker = Checker { file, rings, locator };
    // First, because all further errors name a part by its name.
    checker.names()?;
    checker.stages()?;
    bucket_grants::uses(file, locator)?;
    namespace_check::check(file, locator)?;
    nexus_check::check(file, locator)?;
    plugins_check::check(file, locator)?;
    namespace_rings::check(file, rings, locator)?;
    ring_secrets::check(file, locator)?;
    ring_buckets::check(file, locator)?;
    namespace_storage_check::check(file, locator)?;
    match &file.storage {
        Some(storage) => {
            checker.storage(storage)?;
            bucket_grants::check(file, storage, locator)
        }
        None => Ok(()),
    }
}

struct Checker<'a> {
    file: &'a File,
    rings: &'a BTreeSet<&'a str>,
    locator: &'a Locator,
}

impl Checker<'_> {
    fn names(&self) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        for (index, stage) in self.file.stage.iter().enumerate() {
            let name = stage.entry().stage_name();
            if !seen.insert(name.clone()) {
                let text = format!(
                    "another [[stage]] is called `{name}` too: give one of them a name of its own \
                     with `name = \"…\"`"
                );
                return self.locator.refuse(Table::Stage(index), &["name"], text);
            }
        }
        let mut seen = BTreeSet::new();
        let drivers = self.file.storage.iter().flat_map(|storage| &storage.driver);
        for (index, driver) in drivers.enumerate() {
            if !seen.insert(&driver.name) {
                let text = format!(
                    "another [[storage.driver]] is called `{}` too: each needs a name of its own, \
                     because references name it",
                    driver.name
                );
                return self.locator.refuse(Table::Driver(index), &["name"], text);
            }
        }
        Ok(())
    }

    fn stages(&self) -> Result<(), Error> {
        if self.file.stage.is_empty() && self.file.storage.is_none() {
            let text = "there is no [[stage]]: add one, such as `[[stage]]` with \
                        `plugin = \"bundled:zstd\"`";
            return Err(Error::new(ErrorKind::Config, text));
        }
        for (index, stage) in self.file.stage.iter().enumerate() {
            let what = format!("stage {} (`{}`)", index + 1, stage.plugin);
            self.plugin(Table::Stage(index), &what, stage.entry())?;
        }
        Ok(())
    }

    fn storage(&self, storage: &StorageEntry) -> Result<(), Error> {
        let refuse = |key: &[&str], text: String| self.locator.refuse(Table::Storage, key, text);
        let Some(first) = storage.driver.first() else {
            let text = "[storage] has no [[storage.driver]]: nothing could be stored or read";
            return refuse(&[], text.to_owned());
        };
        for (index, driver) in storage.driver.iter().enumerate() {
            let table = Table::Driver(index);
            if driver.name == INLINE {
                let text = format!("a driver cannot be called `{INLINE}`: rules use the word");
                return self.locator.refuse(table, &["name"], text);
            }
            self.plugin(table, &format!("storage driver `{}`", driver.name), driver.entry())?;
        }
        if storage.store_with.is_none() && storage.driver.len() != 1 {
            let text = format!(
                "[storage] has several drivers: say which one stores, such as `store_with = \"{}\"`",
                first.name
            );
            return refuse(&[], text);
        }
        if let Some(name) = &storage.store_with {
            let key = &["store_with"];
            namespace_storage_check::stores(storage, self.locator, Table::Storage, key, name)?;
        }
        for (index, rule) in storage.rule.iter().enumerate() {
            self.rule(storage, Table::Rule(index), rule)?;
        }
        self.claims(storage)
    }

    fn rule(
        &self,
        storage: &StorageEntry,
        table: Table<'_>,
        rule: &RuleEntry,
    ) -> Result<(), Error> {
        if let Some(text) = rule.conditions().contradiction() {
            return self.locator.refuse(table, &["activity_type"], text);
        }
        namespace_storage_check::stores(
            storage,
            self.locator,
            table,
            &["store_with"],
            &rule.store_with,
        )
    }

    fn claims(&self, storage: &StorageEntry) -> Result<(), Error> {
        let Some(claims) =
            storage.claims.as_ref().filter(|claims| claims.policy != PolicyWord::Off)
        else {
            return Ok(());
        };
        let refuse = |text: String| self.locator.refuse(Table::Storage, &["claims"], text);
        let Some(ring) = &claims.ring else {
            let text = "`storage.claims` needs the `ring` whose keys prove who wrote a claim";
            return refuse(text.to_owned());
        };
        match unknown("storage.claims", "key ring", "keys", ring, self.rings) {
            Some(text) => refuse(text),
            None => Ok(()),
        }
    }

    /// Refuses grants of unknown parts, and a plugin of an unknown origin.
    fn plugin(&self, table: Table<'_>, what: &str, entry: PluginEntry<'_>) -> Result<(), Error> {
        let buckets = self.file.buckets.keys().map(String::as_str).collect();
        let services = self.file.services.keys().map(String::as_str).collect();
        let secrets = self.file.secrets.keys().map(String::as_str).collect();
        let grants = entry.grants;
        for (key, kind, of, names, known) in [
            ("keys", "key ring", "keys", &grants.keys, self.rings),
            ("subkeys", "key ring", "keys", &grants.subkeys, self.rings),
            ("buckets", "bucket", "buckets", &grants.buckets, &buckets),
            ("services", "service", "services", &grants.services, &services),
            ("secrets", "secret", "secrets", &grants.secrets, &secrets),
        ] {
            let grant = format!("grants.{key}");
            let wrong = names.iter().find_map(|name| unknown(&grant, kind, of, name, known));
            if let Some(text) = wrong {
                return self.locator.refuse(table, &["grants", key], format!("{what}: {text}"));
            }
        }
        if entry.origin().0 == "native" && entry.limits.limits() != OwnLimits::default() {
            let text =
                "`limits` are for plugins: a part of the program runs outside of the sandbox";
            return self.locator.refuse(table, &["limits"], format!("{what}: {text}"));
        }
        match unknown_origin(entry) {
            Some(text) => self.locator.refuse(table, &["plugin"], format!("{what}: {text}")),
            None => Ok(()),
        }
    }
}

fn unknown_origin(entry: PluginEntry<'_>) -> Option<String> {
    let known: Vec<_> = crate::bundled::bundled_names().collect();
    match entry.origin() {
        // A file is read, and a part of the program looked up, when it is loaded. Those errors know
        // more.
        ("file" | "native" | "oci", _) => None,
        ("bundled", name) if known.contains(&name) => None,
        ("bundled", name) => {
            let help = meant(name, known.iter().copied())
                .unwrap_or_else(|| format!("there are `{}`", known.join("`, `")));
            Some(format!("no bundled plugin is called `{name}`; {help}"))
        }
        _ => Some(
            "write `bundled:NAME` for a plugin that comes with Cloakroom, `file:PATH`, or \
             `oci://HOST/REPOSITORY@sha256:…`"
                .to_owned(),
        ),
    }
}
