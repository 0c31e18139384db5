//! Keys of the configuration, where errors of the library would name what a program calls.

use cloakroom_core::Remedy;
use cloakroom_pipeline::PipelineError;

/// Returns the key of the configuration for a setting that an error suggests to change. `NAME` stands
/// for a name that the file gives. A program that builds a host or a pipeline by hand, and whose users
/// know the configuration, passes it to their builders.
#[must_use]
pub fn setting_name(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::AcceptV1Claims => "storage.claims.accept_v1_until",
        Remedy::BindClaims => "storage.claims.bind_namespace",
        Remedy::BucketPrefix => "buckets.NAME.prefix",
        Remedy::BucketUses => "buckets.NAME.allow",
        Remedy::Claims => "storage.claims",
        // A configuration has plugins, whose time is limited by their host.
        Remedy::CodecTime => "PipelineBuilder::with_codec_timeout",
        Remedy::CompileCache => "cache.folder",
        Remedy::Drivers => "[[storage.driver]]",
        Remedy::DriverTime => "storage.time",
        Remedy::GrantBuckets => "grants.buckets = [\"BUCKET\"]",
        Remedy::GrantKeys => "grants.keys = [\"RING\"]",
        Remedy::GrantLog => "grants.log = true",
        Remedy::GrantServices => "grants.services = [\"SERVICE\"]",
        Remedy::GrantSecrets => "grants.secrets = [\"SECRET\"]",
        Remedy::GrantSubkeys => "grants.subkeys = [\"RING\"]",
        Remedy::GrantTcp => "grants.tcp = [\"HOST:PORT\"]",
        Remedy::KeyMaterial => "keys.NAME.material",
        Remedy::LargestObject => "storage.largest",
        Remedy::MessagesPerKey => "keys.NAME.max_messages_per_key",
        Remedy::NexusEndpoints => "[nexus.ENDPOINT]",
        Remedy::OldRings => "namespace.NAME.old_rings",
        Remedy::OwnHandles => "limits = { handles = COUNT }",
        Remedy::OwnHeld => "limits = { held = \"SIZE\" }",
        Remedy::OwnLog => "limits = { log = \"SIZE\" }",
        Remedy::OwnMemory => "limits = { memory = \"SIZE\" }",
        Remedy::OwnOutput => "limits = { output = \"SIZE\" }",
        Remedy::OwnTime => "limits = { time = \"TIME\" }",
        Remedy::RefreshFailure => "refresh_failure = \"warn\"",
        Remedy::RegistryCredentials => "registries.\"HOST\".username",
        Remedy::RegistryRealm => "registries.\"HOST\".realm",
        Remedy::RequiredToEncode => "required = \"encode\"",
        Remedy::Rules => "[[storage.rule]]",
        Remedy::ServerAnonymous => "codec_server.anonymous = true",
        Remedy::ServerBody => "codec_server.body",
        Remedy::ServerConnections => "codec_server.connections",
        Remedy::ServerKeySet => "codec_server.jwt",
        Remedy::ServerMetrics => "codec_server.metrics_listen",
        Remedy::ServerNamespaces => "codec_server.jwt.namespaces",
        Remedy::ServerOrigins => "codec_server.origins",
        Remedy::ServerTime => "codec_server.time",
        Remedy::ServerToken => "codec_server.token",
        Remedy::ServerWriteTime => "codec_server.write_time",
        Remedy::Shares => "namespace.NAME.shares",
        Remedy::Storage => "[storage]",
        Remedy::Threshold => "storage.threshold",
        // No key: a configuration cannot grant it, since a trace shows payloads.
        Remedy::Trace => "cloakroom plugin run --trace",
        Remedy::UnscopedKeys => "storage.unscoped_keys",
        limit => limit_name(limit),
    }
}

fn limit_name(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::CallBytes => "limits.call_bytes",
        Remedy::CodeBlocks => "limits.code.blocks",
        Remedy::CodeComponents => "limits.code.components",
        Remedy::CodeDefinitions => "limits.code.definitions",
        Remedy::CodeFunction => "limits.code.function",
        Remedy::CodeFunctionWork => "limits.code.function_work",
        Remedy::CodeFunctions => "limits.code.functions",
        Remedy::CodeLocals => "limits.code.locals",
        Remedy::CodeLoopDepth => "limits.code.loop_depth",
        Remedy::CodeMemory => "limits.code.memory",
        Remedy::CodeModules => "limits.code.modules",
        Remedy::CodeTime => "limits.code.time",
        Remedy::CodeValues => "limits.code.values",
        Remedy::CodeWork => "limits.code.work",
        Remedy::ComponentSize => "limits.component",
        Remedy::Entries => "limits.entries",
        Remedy::Handles => "limits.handles",
        Remedy::Held => "limits.held",
        Remedy::InstanceMemory => "limits.memory",
        Remedy::Instances => "limits.instances",
        Remedy::LargestPayload => "limits.payload",
        Remedy::LoadTime => "limits.load",
        Remedy::LogBytes => "limits.log",
        Remedy::ClientAnswer => "gateway.temporal.client.answer",
        Remedy::MostPayloads => "limits.payloads",
        Remedy::Output => "limits.output",
        Remedy::PluginTime => "limits.time",
        Remedy::ProcessBytes => "limits.process_bytes",
        Remedy::Queue => "limits.queue",
        Remedy::Wait => "limits.wait",
        _ => "limits",
    }
}

/// Returns the text of an error of parts that make no pipeline, with keys instead of methods.
pub(crate) fn pipeline_error(error: &PipelineError) -> String {
    match error {
        PipelineError::NoDriver => {
            "the storage has no driver, so nothing could be stored or read: \
                                    add a [[storage.driver]]"
                .to_owned()
        }
        PipelineError::NeverRead { threshold, largest } => format!(
            "payloads are stored from {threshold} on (`threshold`), and objects above {largest} are \
             not read back (`largest`): raise `largest`, or lower `threshold`"
        ),
        PipelineError::RequiredUnsealed(stage) => format!(
            "stage `{stage}` is required and does not encrypt: `required` is for stages that do"
        ),
        PipelineError::StoresUnsealed => {
            "what is stored must be sealed, and no stage is required to: \
                                          mark the one that encrypts as `required`"
                .to_owned()
        }
        error => error.to_string(),
    }
}
