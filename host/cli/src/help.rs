//! Help texts: what a command does, an example, and its exit status.

/// Shown by `cloakroom --help`.
pub(crate) const OVERVIEW: &str = "\
Five minutes to a codec server (none of this needs an account):
  cloakroom demo                                  see one payload pass three plugins
  cloakroom check --config cloakroom.toml         check a configuration of your own
  cloakroom encode --config cloakroom.toml        encode payloads on standard input
  cloakroom codec-server --config cloakroom.toml  serve Temporal's Web UI and CLI
  temporal server start-dev --ui-codec-endpoint http://127.0.0.1:8081

A plugin of your own:
  cloakroom new my-codec --kind codec --lang rust

Exit status: 0 success, 1 an operation failed, 2 usage or configuration is wrong.
CLOAKROOM_LOG sets what every command logs: `debug`, `warn,cloakroom::guest=trace`.
`cloakroom COMMAND --help` shows an example of each command.";

pub(crate) const DEMO: &str = "\
Loads three bundled plugins into the sandbox and runs one payload through them.
Prints the size and time of each step, and the key of the stored object. Needs
no server, account or configuration; its files are removed. The first run
compiles the plugins, which takes some seconds.

Example:
  cloakroom demo --size 10MiB

Exit status: 0 success, 1 the payload did not come back.";

pub(crate) const ENCODE: &str = "\
Reads Temporal `Payloads` JSON from standard input, runs the stages in written
order, stores large payloads, and writes `Payloads` JSON to standard output.

Example:
  echo '{\"payloads\":[{\"metadata\":{\"encoding\":\"anNvbi9wbGFpbg==\"},\"data\":\"ImhpIg==\"}]}' \\
    | cloakroom encode --config cloakroom.toml --namespace payments

Exit status: 0 success, 1 a payload could not be encoded, 2 usage or
configuration is wrong.";

pub(crate) const DECODE: &str = "\
Reads Temporal `Payloads` JSON from standard input, retrieves stored payloads,
runs the stages in reverse order, and writes `Payloads` JSON to standard output.
Payloads that no stage has encoded pass unchanged, unless a stage is required.

Example:
  cloakroom decode --config cloakroom.toml < encoded.json

Exit status: 0 success, 1 a payload could not be decoded, 2 usage or
configuration is wrong.";

pub(crate) const CHECK: &str = "\
Loads every plugin, key and bucket of the configuration and tries each codec on
sample payloads. --stores also writes a small object through each driver that
may write, in the namespace cloakroom-probe, reads it back by its claim, and
removes it if the grant and the store allow that.

Example:
  cloakroom check --config cloakroom.toml --stores

Exit status: 0 everything works (there may be warnings), 2 something does not.";

pub(crate) const EXPLAIN: &str = "\
Reads Temporal `Payloads` JSON from standard input, or an exported history with
--history FILE. Shows for each payload the stages that encoded it, their keys,
where it is stored, and whether its claim and object verify. Never shows
contents.

Examples:
  cloakroom explain --config cloakroom.toml < payloads.json
  temporal workflow show -w ID -o json > history.json
  cloakroom explain --config cloakroom.toml --history history.json

Exit status: 0 success, 1 a payload cannot be opened here (the rest is shown), 2
usage or configuration is wrong.";

pub(crate) const CODEC_SERVER: &str = "\
Serves /encode, /decode and /download below any path, and /healthz, /readyz and
/metrics. [codec_server] in the configuration says who may ask. Without a token,
the server answers requests of this machine only. Without origins =
[\"http://localhost:8233\"] (the address of the Web UI), it answers no web page.
SIGHUP, or a change of a file that the configuration names, reloads it without
interrupting requests. SIGTERM and Ctrl-C end the server after running requests
have finished.

Example:
  cloakroom codec-server --config cloakroom.toml
  temporal server start-dev --ui-codec-endpoint http://127.0.0.1:8081
  temporal workflow show -w ID --codec-endpoint http://127.0.0.1:8081

Exit status: 0 ended by a signal, 1 serving failed, 2 usage or configuration is
wrong.";

pub(crate) const GATEWAY_TEMPORAL: &str = "\
Encodes every payload of a request, and decodes every payload of an answer.
Workers and clients on any SDK connect to the gateway in place of Temporal, and
change nothing else. [gateway.temporal] in the configuration names Temporal's
frontend. Without TLS and identities it listens on this machine only.

SIGHUP, or a change of a file that the configuration names, reloads it without
interrupting calls. SIGTERM and Ctrl-C end the gateway after open calls have
finished.

Example:
  temporal server start-dev
  cloakroom gateway temporal --config cloakroom.toml
  temporal workflow list --address 127.0.0.1:7243

host/docs/gateway.md says what does not work yet.

Exit status: 0 ended by a signal, 1 serving failed, 2 usage or configuration is
wrong.";

pub(crate) const GATEWAY_DAPR: &str = "\
Stands between an app and its Dapr sidecar. Encodes what a workflow and its
activities send to the sidecar, and decodes what they get back, so that large or
secret payloads never reach it. Everything else passes as it is. The app needs no
change of code: its DAPR_GRPC_ENDPOINT names the gateway, and [gateway.dapr] in
the configuration names the sidecar, its --max-body-size, and the largest message
that the SDK of the app receives.

A task that cannot be decoded is held back alone and tried again. Then an activity
fails, and its retry policy decides; a workflow waits and never fails.

SIGHUP, or a change of a file that the configuration names, reloads it without
interrupting calls. SIGTERM and Ctrl-C end the gateway after open calls have
finished.

Example:
  dapr run --app-id orders --dapr-grpc-port 50001
  cloakroom gateway dapr --config cloakroom.toml
  DAPR_GRPC_ENDPOINT=http://127.0.0.1:3551 python app.py

host/docs/dapr.md explains it.

Exit status: 0 ended by a signal, 1 serving failed, 2 usage or configuration is
wrong.";

pub(crate) const COMPILE: &str = "\
Compiles each plugin to machine code for this kind of processor or a newer one,
so that later processes start in milliseconds. Needs neither keys nor buckets,
so it can run while an image is built. --processor compiles for machines that
have less than this one: a process that finds no code that it can run compiles.

Examples:
  cloakroom compile --config cloakroom.toml --into compiled
  cloakroom compile --config cloakroom.toml --into compiled --processor x86-64-v3

Exit status: 0 success, 1 a file could not be written, 2 the configuration or a
plugin is refused.";

pub(crate) const INSPECT: &str = "\
Shows a plugin's digest, contract version, imports, and the grants that it
needs. Neither compiles nor runs it, unless --describe or --markdown is given.

Examples:
  cloakroom inspect ./plugins/mine.wasm
  cloakroom inspect bundled:aes-gcm --describe --set ring=x
  cloakroom inspect ./plugins/mine.wasm --markdown > settings.md

Exit status: 0 success, 2 the file is not a plugin.";

pub(crate) const NEW: &str = "\
Writes a folder with a plugin that works: source, tests, scripts that build and
check it, a configuration to try it with, pinned tools, and a file for CI. Its
README says what to change. Sends nothing and installs nothing: check.sh does
that, in the new folder.

Kinds:
  codec   turns payloads round: replace that with your own transformation
  cipher  has the host encrypt payloads, and never sees a key
  driver  stores payloads in a bucket that it is granted

Examples:
  cloakroom new invoice-codec --kind codec --lang rust
  cloakroom new cold-store --kind driver --lang go --path plugins/cold-store

Exit status: 0 success, 1 a file cannot be written, 2 the name cannot be used or
the folder exists.";
