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

pub(crate) const COMPONENT: &str = "\
Makes a component of a core module. Compilers of C and Go write such modules,
and this command needs no other tool. Templates of `cloakroom new` call it from
build.sh.

Examples:
  cloakroom plugin component core.wasm --world compressor -o plugin.wasm
  cloakroom plugin component core.wasm --world storage --stub-wasi -o plugin.wasm

Exit status: 0 success, 1 a file cannot be read or written, 2 the module does
not fit the world.";
