//! Differences between what was accepted of a plugin and what it asks for now.

use std::collections::BTreeSet;

use crate::lock_file::LockedPlugin;

/// Something that a plugin asks for and that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The plugin, as the lock file names it.
    pub plugin: String,
    /// `world`, `encoding` or `import`.
    pub kind: &'static str,
    /// The accepted world, or an encoding that is gone.
    pub before: String,
    /// The world, encoding or import that it asks for now.
    pub now: String,
    /// Key of the configuration that grants it, such as `grants.buckets`; empty if nothing does.
    pub grant: String,
    /// True if the configuration grants it, which accepts it.
    pub is_granted: bool,
}

/// Returns what a plugin asks for beyond a version that was accepted. A plugin that asks for less is fine.
pub(super) fn differences(before: &LockedPlugin, now: &LockedPlugin) -> Vec<Difference> {
    let one = |kind, before: &str, now: &str| Difference {
        plugin: String::new(),
        kind,
        before: before.to_owned(),
        now: now.to_owned(),
        grant: String::new(),
        is_granted: false,
    };
    let mut found = Vec::new();
    if before.world != now.world {
        found.push(one("world", &before.world, &now.world));
    }
    // Another encoding changes what a stage reads, and what later readers must be able to.
    for (kind, before, now) in
        [("encoding", &before.encodings, &now.encodings), ("import", &before.imports, &now.imports)]
    {
        let before: BTreeSet<_> = before.iter().collect();
        let added = now.iter().filter(|name| !before.contains(name));
        found.extend(added.map(|name| one(kind, "", name)));
    }
    // An encoding that is gone leaves payloads that nobody reads any more.
    let gone = before.encodings.iter().filter(|name| !now.encodings.contains(name));
    found.extend(gone.map(|name| one("encoding", name, "")));
    found.into_iter().map(|one| Difference { plugin: now.plugin.clone(), ..one }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(world: &str, encodings: &[&str], imports: &[&str]) -> LockedPlugin {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        LockedPlugin {
            world: world.to_owned(),
            encodings: texts(encodings),
            imports: texts(imports),
            ..LockedPlugin::default()
        }
    }

    #[test]
    fn more_is_a_difference_and_less_is_none() {
        let before = locked("compressor", &["a", "b"], &["log", "settings"]);
        assert_eq!(differences(&before, &before), []);
        assert_eq!(differences(&before, &locked("compressor", &["a", "b"], &["log"])), []);
        let now = locked("cipher", &["a", "c"], &["log", "keys"]);
        let found = differences(&before, &now);
        let found: Vec<_> =
            found.iter().map(|one| (one.kind, one.before.as_str(), one.now.as_str())).collect();
        assert_eq!(
            found,
            [
                ("world", "compressor", "cipher"),
                ("encoding", "", "c"),
                ("import", "", "keys"),
                ("encoding", "b", ""),
            ]
        );
    }
}
