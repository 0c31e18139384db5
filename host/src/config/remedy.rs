//! Keys of the configuration, where a pipeline's errors would name what a program calls.

use cloakroom_core::Remedy;
use cloakroom_pipeline::PipelineError;

/// Returns the key of the configuration for a setting that a pipeline's error suggests to change.
pub(crate) fn setting_name(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::AcceptV1Claims => "storage.claims.accept_v1_until",
        Remedy::BindClaims => "storage.claims.bind_namespace",
        Remedy::CallBytes => "limits.call_bytes",
        Remedy::Claims => "storage.claims",
        // A configuration has plugins, whose time is limited by their host.
        Remedy::CodecTime => "PipelineBuilder::with_codec_timeout",
        Remedy::Drivers => "[[storage.driver]]",
        Remedy::DriverTime => "storage.time",
        Remedy::Entries => "limits.entries",
        Remedy::LargestObject => "storage.largest",
        Remedy::LargestPayload => "limits.payload",
        Remedy::MostPayloads => "limits.payloads",
        Remedy::ProcessBytes => "limits.process_bytes",
        Remedy::RequiredToEncode => "required = \"encode\"",
        Remedy::Storage => "[storage]",
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
