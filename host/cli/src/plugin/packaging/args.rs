//! Arguments of the commands that package plugins.

use std::path::PathBuf;

use clap::Subcommand;
use cloakroom::signature::Reference;

use super::help;

/// Commands that package plugins.
#[derive(Debug, Subcommand)]
pub(crate) enum Packaging {
    /// Push a plugin to an OCI registry
    #[command(after_help = help::PUSH)]
    Push(Push),
    /// Pull a plugin, or all plugins of a configuration, into the folder of local copies
    #[command(after_help = help::PULL)]
    Pull(Pull),
    /// Make a pair of keys for signing plugins
    #[command(after_help = help::KEYGEN)]
    Keygen(Keygen),
    /// Sign a plugin
    #[command(after_help = help::SIGN)]
    Sign(Sign),
    /// Show who signed a plugin, and check it
    #[command(after_help = help::VERIFY)]
    Verify(Verify),
}

/// Access to a registry.
#[derive(Debug, clap::Args)]
pub(crate) struct AccessArgs {
    /// Configuration with [registries]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// User of the registry, if no configuration has one
    #[arg(long, value_name = "NAME", conflicts_with = "config", requires = "password_env")]
    pub(crate) username: Option<String>,
    /// Variable that holds the password
    #[arg(long, value_name = "VARIABLE", requires = "username")]
    pub(crate) password_env: Option<String>,
    /// Ask the registry over plain HTTP; one on this machine is asked so anyway
    #[arg(long)]
    pub(crate) plain_http: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Push {
    /// Path of the plugin
    pub(crate) file: PathBuf,
    /// Registry, repository and tag
    #[arg(value_name = "oci://HOST/REPOSITORY:TAG")]
    pub(crate) reference: Reference,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Pull {
    /// Plugin to pull, instead of those of a configuration
    #[arg(value_name = "oci://HOST/REPOSITORY", required_unless_present = "config")]
    pub(crate) reference: Option<Reference>,
    /// Folder of local copies, instead of `plugins.folder` or the user's folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
    /// Also write the component to this file
    #[arg(long, value_name = "FILE", requires = "reference")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Keygen {
    /// File for the private key; the public key gets `.pub` at its end
    #[arg(value_name = "KEY.pem")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    /// Path of the plugin, which is replaced by the signed one
    pub(crate) file: PathBuf,
    /// Private key: Ed25519 in PEM (PKCS #8)
    #[arg(long, value_name = "KEY.pem")]
    pub(crate) key: PathBuf,
    /// Name of the plugin, instead of its own, or of the file's if it does not describe itself
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Version of the plugin; needed if it does not describe itself
    #[arg(long)]
    pub(crate) version: Option<String>,
    /// Leave the file as it is, and write FILE.sig beside it
    #[arg(long)]
    pub(crate) detached: bool,
    /// Remove signatures under another name or version
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// Path of the plugin, or a pinned reference that was pulled
    #[arg(value_name = "FILE|oci://HOST/REPOSITORY@sha256:…")]
    pub(crate) plugin: String,
    /// Public key that must have signed it; of several, one is enough
    #[arg(long, value_name = "KEY.pem.pub", required = true)]
    pub(crate) key: Vec<PathBuf>,
    /// Name that it must be signed under
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Folder of local copies
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
