//! Help texts of the commands that package plugins.

pub(super) const PUSH: &str = "\
Pushes the file as an OCI artifact that `wkg` reads too, and prints the
reference with its digest. Signatures in FILE.sig go into the manifest.

Examples:
  cloakroom plugin push zstd-plus.wasm oci://registry.example/team/zstd-plus:1.2.0 \\
      --username robot --password-env REGISTRY_PASSWORD

Exit status: 0 success, 1 the registry refuses or does not answer, 2 usage is
wrong, or the file is no plugin.";

pub(super) const PULL: &str = "\
Downloads a plugin, checks digests and sizes, and keeps it in the folder of
local copies. With --config alone, pulls what the configuration pins and the
folder does not have, and checks signatures and the lock file. Servers start
and reload from this folder alone.

Examples:
  cloakroom plugin pull --config cloakroom.toml
  cloakroom plugin pull oci://registry.example/team/zstd-plus:1.2.0 --output zstd-plus.wasm

Exit status: 0 success, 1 the registry refuses or does not answer, or sends
something else than is pinned, 2 usage or configuration is wrong, or a plugin is
refused.";

pub(super) const KEYGEN: &str = "\
Writes a private key that only this user can read, and its public key beside it.
Both are Ed25519 keys in PEM, as OpenSSL writes them.

Example:
  cloakroom plugin keygen team-a.pem

Exit status: 0 success, 1 a file could not be written or is there already.";

pub(super) const SIGN: &str = "\
Signs the digest of the plugin, its name and its version. The signature becomes
a section at the end of the file, or FILE.sig with --detached. Several keys can
sign one plugin. Without --version, the plugin is asked for its name and version
in the sandbox (its export `about`).

Example:
  cloakroom plugin sign zstd-plus.wasm --key team-a.pem --version 1.2.0

Exit status: 0 success, 1 a file could not be read or written, 2 the file is no
component, the key is none, or there are signatures of another version.";

pub(super) const VERIFY: &str = "\
Shows the name, the version and the keys of each signature: in the file, beside
it, or in the manifest of a plugin that was pulled.

Examples:
  cloakroom plugin verify zstd-plus.wasm --key team-a.pem.pub --name zstd-plus
  cloakroom plugin verify zstd-plus.wasm --key team-a.pem.pub --json

Exit status: 0 one of the keys signed it, 1 none did, 2 usage is wrong, or the
file is no component.";
