//! Arguments of `new`.

use std::path::PathBuf;

use clap::ValueEnum;

#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// Name of the plugin: lower-case words with hyphens, such as `invoice-codec`
    pub(crate) name: String,
    /// Kind of plugin
    #[arg(long, value_enum)]
    pub(crate) kind: Kind,
    /// Language that it is written in
    #[arg(long, value_enum)]
    pub(crate) lang: Language,
    /// Folder to create, instead of one with the plugin's name
    #[arg(long, value_name = "FOLDER")]
    pub(crate) path: Option<PathBuf>,
    /// Folder of the SDK for Rust, `guest-codecs/sdk` of a checkout of Cloakroom
    #[arg(long, value_name = "FOLDER")]
    pub(crate) sdk: Option<PathBuf>,
}

/// Kind of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Changes payloads, both ways
    Codec,
    /// Encrypts payloads with keys that stay in the host
    Cipher,
    /// Stores payloads in a bucket
    Driver,
}

impl Kind {
    /// Returns the name of its folder of templates.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Codec => "codec",
            Self::Cipher => "cipher",
            Self::Driver => "driver",
        }
    }

    /// Returns the smallest world of the contract that is enough for it.
    pub(crate) fn world(self) -> &'static str {
        match self {
            Self::Codec => "compressor",
            Self::Cipher => "cipher",
            Self::Driver => "storage",
        }
    }
}

/// Language of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust, with the SDK `cloakroom-guest`
    Rust,
    /// TypeScript, built with jco
    #[value(name = "typescript")]
    TypeScript,
    /// Python, built with componentize-py
    Python,
    /// C, built with zig cc
    C,
    /// Go, built with the Go compiler
    Go,
}

impl Language {
    /// Returns the name of its folder of templates.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
            Self::Python => "python",
            Self::C => "c",
            Self::Go => "go",
        }
    }
}
