//! Help texts of the commands `keys`.

pub(crate) const INIT: &str = "\
Makes the secret of a ring over a key service, which repeatable encryption,
proofs in claims and derived keys need, and has the service wrap it. Prints the
wrapped form, which is no secret itself: name it in [keys.RING] secret. All
processes need the same one, and nothing replaces it once it is in use.

Example:
  cloakroom keys init --config cloakroom.toml --ring payments --file payments.secret

Exit status: 0 success, 1 the service refused or the file exists, 2 usage or
configuration is wrong.";

pub(crate) const LIST: &str = "\
Shows the rings of a configuration with their keys: the current one encrypts,
retired ones only decrypt. The age comes from [keys.NAME.created]. Payloads of
format = \"temporal\" wear a key out; each process counts them for itself, and
--metrics adds its count.

Examples:
  cloakroom keys list --config cloakroom.toml
  curl -s http://127.0.0.1:9090/metrics \\
    | cloakroom keys list --config cloakroom.toml --metrics -

Exit status: 0 success, 2 usage or configuration is wrong.";

pub(crate) const CHECK: &str = "\
Loads the configuration, and has each key of each ring seal a probe and open it
again. Keys of a key service are asked there. A retired one unwraps a secret of
the ring, or a probe. If it wraps nothing any more, it is UNPROVABLE: the
service refuses random bytes as it should, and nothing shows what it opens.

Example:
  cloakroom keys check --config cloakroom.toml

Exit status: 0 all keys work, 1 a key does not, 2 a key cannot be read, or usage
or configuration is wrong, 3 no key fails and one is UNPROVABLE.";

pub(crate) const ROTATE: &str = "\
Rotates the key of a ring whose keys are files, in two steps, because every
process must be able to decrypt what one of them encrypts under the new key:
  1. add a new key, and give key and configuration to every process
  2. make it current, and give the configuration to every process
Without --apply it only shows the edit. Comments and order of the file stay. A
key file is never replaced; its owner alone may read it.

Examples:
  cloakroom keys rotate --config cloakroom.toml --ring payments --apply
  cloakroom keys rotate --config cloakroom.toml --ring payments \\
      --activate 2026-11-28 --apply

Exit status: 0 success, 1 a result cannot be written, 2 usage or configuration is
wrong, or a key or a file exists already.";

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
