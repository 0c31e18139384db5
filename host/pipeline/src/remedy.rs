//! Names of settings for pipelines that are built by hand.

use cloakroom_core::Remedy;

/// Returns the method to call.
pub(crate) fn builder_method(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::AcceptV1Claims => "Offload::with_v1_claims_until",
        Remedy::BindClaims => "Offload::with_namespace_bound_claims",
        Remedy::CallBytes | Remedy::ProcessBytes => "PipelineBuilder::with_memory_budget",
        Remedy::Claims => "Offload::with_claim_proofs",
        Remedy::CodecTime => "PipelineBuilder::with_codec_timeout",
        Remedy::Drivers => "Offload::with_read_driver",
        Remedy::DriverTime => "Offload::with_driver_timeout",
        Remedy::Entries => "PipelineBuilder::with_max_entries",
        Remedy::LargestObject => "Offload::with_max_object_size",
        Remedy::LargestPayload => "PipelineBuilder::with_max_payload_size",
        Remedy::ClientAnswer => "GatewaySettings::answers",
        Remedy::MostPayloads => "PipelineBuilder::with_max_payloads",
        Remedy::NexusEndpoints => "NamespacePolicies::with_endpoints",
        Remedy::RequiredToEncode => "Stage::required_to_encode",
        Remedy::Rules => "Offload::with_rule",
        Remedy::Shares => "NamespacePolicy::shares",
        Remedy::Storage => "PipelineBuilder::with_offload",
        Remedy::Threshold => "Offload::new",
        Remedy::UnscopedKeys => "NamespacePolicies::reading_unscoped_keys",
        Remedy::Wait => "PipelineBuilder::with_memory_wait",
        _ => "PipelineBuilder",
    }
}
