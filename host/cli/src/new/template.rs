//! Files of a new repository.

use std::collections::BTreeMap;

use super::{
    args::{Kind, Language},
    sdk::Sdk,
};
use crate::embedded::{CONTRACT, TEMPLATES};

/// Folder of templates that any kind, or any language, has.
const ANY: &str = "any";

/// Template of one kind in one language.
pub(super) struct Template {
    kind: Kind,
    lang: Language,
    values: Vec<(&'static str, String)>,
}

/// File of a repository.
pub(super) struct File {
    /// Path below the repository's folder.
    pub(super) path: String,
    pub(super) text: String,
}

impl Template {
    pub(super) fn new(kind: Kind, lang: Language, name: &str, sdk: Option<&Sdk>) -> Self {
        let values = vec![
            ("name", name.to_owned()),
            ("kind", kind.folder().to_owned()),
            ("world", kind.world().to_owned()),
            ("library", name.replace('-', "_")),
            ("sdk", sdk.map(Sdk::dependency).unwrap_or_default()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        Self { kind, lang, values }
    }

    /// Returns the files, and those of the contract below `wit`.
    ///
    /// A file for one language wins over one for all, and a file for one kind over one for all.
    pub(super) fn files(&self) -> Vec<File> {
        let mut files = BTreeMap::new();
        for lang in [ANY, self.lang.folder()] {
            for kind in [ANY, self.kind.folder()] {
                let folder = format!("{lang}/{kind}/");
                for (path, text) in TEMPLATES {
                    if let Some(path) = path.strip_prefix(&folder) {
                        files.insert(target(path), self.filled(text));
                    }
                }
            }
        }
        let contract =
            CONTRACT.iter().map(|(path, text)| (format!("wit/{path}"), (*text).to_owned()));
        // The SDK has the contract in it.
        files.extend(contract.filter(|_| self.lang != Language::Rust));
        files.into_iter().map(|(path, text)| File { path, text }).collect()
    }

    /// Returns the text with each `{{word}}` replaced by its value.
    fn filled(&self, text: &str) -> String {
        let fill = |text: String, (word, value): &(&str, String)| {
            text.replace(&format!("{{{{{word}}}}}"), value)
        };
        self.values.iter().fold(text.to_owned(), fill)
    }
}

/// Returns the path that a template is written to.
///
/// Names that Cargo and Git would act on in this repository have an ending and a beginning of their
/// own here: `Cargo.toml.in`, `dot-gitignore`.
fn target(path: &str) -> String {
    let parts = path.split('/').map(|part| {
        let part = part.strip_suffix(".in").unwrap_or(part);
        part.strip_prefix("dot-").map_or_else(|| part.to_owned(), |rest| format!(".{rest}"))
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
