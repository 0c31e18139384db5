//! Help texts of the commands `keys`.

pub(crate) const USED_BY: &str = "\
Reads open and closed runs, schedules, standalone activities and Nexus
operations, and deployments of each namespace, follows references into the
store, and says for each key:
  NEEDED      something names it, or it is the current key of its ring
  UNUSED      everything was read, and nothing names it: it may be destroyed
  UNPROVABLE  nothing names it, but something was not read; see the list
Shows ids and numbers, never contents, and writes nothing. Ask the frontend
itself: behind a gateway payloads are decoded, and no key is seen.

Examples:
  cloakroom keys used-by --config cloakroom.toml \\
      --address http://127.0.0.1:7233 --namespace shop --namespace bank
  cloakroom keys used-by --config cloakroom.toml --namespace shop \\
      --key payments/2025-11 && echo may be destroyed
  cloakroom keys used-by --config cloakroom.toml --namespace shop run.json

Exit status: 0 everything was read, or the key of --key is UNUSED; 1 the command
failed; 2 usage or configuration is wrong; 3 something was not read, or the key
is UNPROVABLE; 4 the key of --key is NEEDED.";
