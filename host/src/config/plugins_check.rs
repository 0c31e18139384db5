//! Checks `[plugins]`, `[registries]`, and what stages and drivers say about registries and signatures.

use cloakroom_core::Error;
use cloakroom_registry::Reference;

use super::{
    locator::{Locator, Table},
    plugin::PluginEntry,
    plugins::SignaturePolicy,
    schema::File,
    unknown_name::meant,
};

/// Refuses references that cannot be read, keys that are not there, and settings without effect.
pub(super) fn check(file: &File, locator: &Locator) -> Result<(), Error> {
    for (table, entry) in file.tables() {
        reference(table, entry, locator)?;
        trusted(file, table, entry, locator)?;
    }
    for (host, entry) in &file.registries {
        let refuse = |key: &str, text: String| locator.refuse(Table::Registry(host), &[key], text);
        let registry = format!("oci://{host}/x").parse::<Reference>();
        if !registry.is_ok_and(|reference| reference.registry() == host) {
            let text = format!(
                "[registries.\"{host}\"] is no host: write it as in `oci://HOST/…`, with its port"
            );
            return refuse("", text);
        }
        if entry.username.is_some() != entry.password.is_some() {
            let text = format!("[registries.\"{host}\"] needs both `username` and `password`");
            return refuse("username", text);
        }
    }
    Ok(())
}

fn reference(table: Table<'_>, entry: PluginEntry<'_>, locator: &Locator) -> Result<(), Error> {
    let ("oci", _) = entry.origin() else { return Ok(()) };
    let parsed = match entry.plugin.strip_prefix("oci://") {
        Some(_) => entry.plugin.parse::<Reference>().map(drop).map_err(|error| error.to_string()),
        None => Err("a reference begins with `oci://`".to_owned()),
    };
    let text = match parsed {
        Ok(()) => return Ok(()),
        Err(text) => format!("{}: {text}", entry.part()),
    };
    locator.refuse(table, &["plugin"], text)
}

fn trusted(
    file: &File,
    table: Table<'_>,
    entry: PluginEntry<'_>,
    locator: &Locator,
) -> Result<(), Error> {
    let keys = &file.plugins.keys;
    let refuse = |text: String| locator.refuse(table, &["trusted"], text);
    let part = entry.part();
    if let Some(name) = entry.trusted.iter().find(|name| !keys.contains_key(&***name)) {
        let help = meant(name, keys.keys().map(String::as_str))
            .unwrap_or_else(|| format!("add a [plugins.keys.{name}]"));
        return refuse(format!(
            "{part}: `trusted` names `{name}`, and there is no such key; {help}"
        ));
    }
    // Each plugin has keys of its own: whoever may sign one must not be able to replace all others.
    let is_unsaid = entry.trusted.is_empty() && matches!(entry.origin().0, "file" | "oci");
    if file.plugins.signatures == SignaturePolicy::Require && is_unsaid {
        let known: Vec<_> = keys.keys().map(String::as_str).collect();
        let known = match &*known {
            [] => "add a [plugins.keys.NAME] and".to_owned(),
            names => format!("there are `{}`;", names.join("`, `")),
        };
        return refuse(format!(
            "{part}: `plugins.signatures = \"require\"`, and nothing says which keys may sign this \
             plugin: {known} write `trusted = [\"NAME\"]`"
        ));
    }
    Ok(())
}
