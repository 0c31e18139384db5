//! Help texts of the commands of `plugin`.

pub(crate) const CHECK: &str = "\
Attacks the plugin with odd sizes and metadata, damaged and forged input, wrong
keys, and a backend that is slow, fails or lies, and measures what it costs.
Each failed rule is shown with its reason and the command that repeats it. What
was not run is listed with what it lacks.

Without --config the value of each setting also names a key ring and a secret
that are made up, a bucket and an HTTP service in memory, and a server that the
plugin may connect to. The line `against` says what was tried. With --config
the plugin gets what its stage or driver there has; objects that it stores
stay.

Examples:
  cloakroom plugin check ./mine.wasm
  cloakroom plugin check bundled:aes-gcm --set ring=x
  cloakroom plugin check bundled:s3 --config cloakroom.toml --junit report.xml
  cloakroom plugin check ./mine.wasm --only truncated --seed 7

Exit status: 0 no rule is broken, 1 a rule is broken, 2 the plugin does not load.";

pub(crate) const RUN: &str = "\
Makes one call for each payload, with the plugin's log on: its own words are
shown, which may hold payload bytes. --trace also lists each function of the
host that it calls, with sizes and times, the memory of its instance, and the
functions that it was in when it trapped. Build without stripping to see their
names. No server has this.

Examples:
  echo '{\"payloads\":[{\"data\":\"aGVsbG8=\"}]}' \\
    | cloakroom plugin run ./mine.wasm --encode --trace
  cloakroom plugin run bundled:s3 --set bucket=b --store picture.png --trace

Exit status: 0 success, 1 the call failed, 2 the plugin does not load.";

pub(crate) const BENCH: &str = "\
Measures encoding and decoding, or storing and retrieving, by size, beside the
bundled plugins of the same purpose, with fresh instances and with warm ones.
Figures are medians on this machine: compare them with each other, and with
nothing from elsewhere.

Examples:
  cloakroom plugin bench ./mine.wasm
  cloakroom plugin bench ./mine.wasm --size 1KiB --size 10MiB --svg mine.svg

Exit status: 0 success, 1 a call failed, 2 the plugin does not load.";

pub(crate) const COMPONENT: &str = "\
Makes a component of a core module. Compilers of C and Go write such modules,
and this command needs no other tool. Templates of `cloakroom new` call it from
build.sh.

Examples:
  cloakroom plugin component core.wasm --world compressor -o plugin.wasm
  cloakroom plugin component core.wasm --world storage --stub-wasi -o plugin.wasm

Exit status: 0 success, 1 a file cannot be read or written, 2 the module does
not fit the world.";
