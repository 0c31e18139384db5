//! Help texts of the commands of `plugin`.

pub(crate) const CHECK: &str = "\
Loads the plugin into the sandbox and asks for its description. It gets no key.
Each setting's value may be the name of a bucket, so each names an empty one in
memory.

Examples:
  cloakroom plugin check ./mine.wasm
  cloakroom plugin check ./mine.wasm --set level=3

Exit status: 0 the plugin describes itself, 1 it does not, 2 the file is not a
plugin, or its settings are wrong.";
