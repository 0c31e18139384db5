//! Core dumps: off, because a dump of this process would hold keys and payloads.

use std::env;

/// Variable that allows core dumps, for debugging.
const ALLOWED: &str = "CLOAKROOM_CORE_DUMPS";

/// Keeps the system from dumping this process and its children, unless the operator allows it.
#[cfg(unix)]
pub(crate) fn disable() {
    use rustix::process::{Resource, Rlimit, setrlimit};

    if env::var_os(ALLOWED).is_some_and(|value| value == "allow") {
        return;
    }
    // Lowering a limit needs no right. Where it fails all the same, the process goes on: the limit of its
    // manager is the other defence.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = setrlimit(Resource::Core, none);
    // A program that takes dumps from a pipe gets them whatever the limit.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(not(unix))]
pub(crate) fn disable() {}
