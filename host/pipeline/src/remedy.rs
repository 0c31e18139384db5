//! Names of settings for pipelines that are built by hand.

use cloakroom_core::Remedy;

/// Returns the method to call.
pub(crate) fn builder_method(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::AcceptV1Claims => "Offload::accept_v1_claims_until",
        Remedy::BindClaims => "Offload::bind_claims_to_namespace",
        Remedy::CallBytes | Remedy::ProcessBytes => "PipelineBuilder::memory",
        Remedy::Claims => "Offload::claims",
        Remedy::CodecTime => "PipelineBuilder::codec_time",
        Remedy::Drivers => "Offload::from",
        Remedy::DriverTime => "Offload::time",
        Remedy::Entries => "PipelineBuilder::most_entries",
        Remedy::LargestObject => "Offload::largest_object",
        Remedy::LargestPayload => "PipelineBuilder::largest_payload",
        Remedy::MostPayloads => "PipelineBuilder::most_payloads",
        Remedy::RequiredToEncode => "Stage::required_to_encode",
        Remedy::Rules => "Offload::rule",
        Remedy::Storage => "PipelineBuilder::offload",
        Remedy::Threshold => "Offload::above",
        Remedy::Wait => "PipelineBuilder::wait",
        _ => "PipelineBuilder",
    }
}
