//! Names of settings for hosts and plugins that are set up by hand.

use cloakroom_core::{Error, Remedy};

/// Naming of the settings that decide about an error.
pub(crate) type RemedyNames = fn(Remedy) -> &'static str;

/// Returns the method to call, or the field to set.
pub(crate) fn plugin_method(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::BucketPrefix => "BucketAccess::with_prefix",
        Remedy::BucketUses => "BucketAccess",
        Remedy::CallBytes => "Limits::call_bytes",
        Remedy::CompileCache => "HostBuilder::with_cache",
        Remedy::ComponentSize => "Limits::component",
        Remedy::DriverTime => "Limits::driver_time",
        Remedy::Entries => "Limits::entries",
        Remedy::GrantBuckets => "Grants::with_bucket",
        // A plugin has its keys from the ring that it was granted.
        Remedy::GrantKeys | Remedy::KeyMaterial | Remedy::MessagesPerKey => "Grants::with_keys",
        Remedy::GrantLog => "Grants::with_log",
        Remedy::GrantServices => "Grants::with_service",
        Remedy::GrantSecrets => "Grants::with_secret",
        Remedy::GrantSubkeys => "Grants::with_subkeys",
        Remedy::GrantTcp => "Grants::with_tcp_grant",
        Remedy::Handles => "Limits::handles",
        Remedy::Held => "Limits::held",
        Remedy::InstanceMemory => "Limits::memory",
        Remedy::Instances => "Limits::instances",
        Remedy::LoadTime => "Limits::load",
        Remedy::LogBytes => "Limits::log",
        Remedy::OldRings => "Grants::with_old_namespace_keys",
        Remedy::Output => "Limits::output",
        Remedy::OwnHandles => "OwnLimits::handles",
        Remedy::OwnHeld => "OwnLimits::held",
        Remedy::OwnLog => "OwnLimits::log",
        Remedy::OwnMemory => "OwnLimits::memory",
        Remedy::OwnOutput => "OwnLimits::output",
        Remedy::OwnTime => "OwnLimits::time",
        Remedy::PluginTime => "Limits::time",
        Remedy::ProcessBytes => "Limits::process_bytes",
        Remedy::Queue => "Limits::queue",
        Remedy::RefreshFailure => "BucketAccess::with_refresh_failure",
        Remedy::Trace => "Grants::with_trace",
        Remedy::Wait => "Limits::wait",
        code => code_limit(code),
    }
}

fn code_limit(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::CodeBlocks => "CodeLimits::blocks",
        Remedy::CodeComponents => "CodeLimits::components",
        Remedy::CodeDefinitions => "CodeLimits::definitions",
        Remedy::CodeFunction => "CodeLimits::function",
        Remedy::CodeFunctionWork => "CodeLimits::function_work",
        Remedy::CodeFunctions => "CodeLimits::functions",
        Remedy::CodeLocals => "CodeLimits::locals",
        Remedy::CodeLoopDepth => "CodeLimits::loop_depth",
        Remedy::CodeMemory => "CodeLimits::memory",
        Remedy::CodeModules => "CodeLimits::modules",
        Remedy::CodeTime => "CodeLimits::time",
        Remedy::CodeValues => "CodeLimits::values",
        Remedy::CodeWork => "CodeLimits::work",
        _ => "Limits",
    }
}

/// Returns an error with the methods and fields that decide about it, for functions that have no host.
pub(crate) fn name_methods(error: Error) -> Error {
    error.name_remedies(plugin_method)
}
