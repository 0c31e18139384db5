//! Graph of what `cargo tree` prints.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

/// Depth, package, licence, features.
pub(super) const FORMAT: &str = " {p}|{l}|{f}";

/// A package and what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) license: String,
    pub(super) features: String,
    pub(super) needs: BTreeSet<String>,
}

/// Packages by their `name@version`.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: String,
    pub(super) packages: BTreeMap<String, Package>,
}

impl Tree {
    /// Reads the lines of [`FORMAT`] with the depth before each.
    pub(super) fn read(text: &str) -> Result<Self> {
        let (mut packages, mut above) = (BTreeMap::<String, Package>::new(), Vec::<String>::new());
        for line in text.lines() {
            let (depth, package) =
                read_line(line).with_context(|| format!("cannot read `{line}`"))?;
            let id = format!("{}@{}", package.name, package.version);
            above.truncate(depth);
            if let Some(parent) = above.last().and_then(|parent| packages.get_mut(parent)) {
                parent.needs.insert(id.clone());
            }
            above.push(id.clone());
            // What has been printed before is printed without what it needs.
            packages.entry(id).or_insert(package);
        }
        let root = text.lines().next().and_then(read_line).context("an empty tree")?.1;
        Ok(Self { root: format!("{}@{}", root.name, root.version), packages })
    }
}

fn read_line(line: &str) -> Option<(usize, Package)> {
    let (depth, rest) = line.split_once(' ')?;
    let mut fields = rest.split('|');
    let mut words = fields.next()?.split(' ');
    let (name, version) = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
    // An old way to write a choice.
    let license = fields.next()?.replace('/', " OR ");
    let features = fields.next()?.trim_end_matches(" (*)").to_owned();
    let package = Package { name, version, license, features, needs: BTreeSet::new() };
    Some((depth.parse().ok()?, package))
}
