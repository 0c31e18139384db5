//! OCI registries: pulling and pushing plugins, and pinning them in a configuration.
//!
//! [`CloakroomBuilder::pull`](crate::CloakroomBuilder::pull) and
//! [`CloakroomBuilder::lock`](crate::CloakroomBuilder::lock) do what a configuration asks for. The types
//! here are for programs that do it by hand.

pub use cloakroom_registry::{Access, Client, Package, Pushed};

pub use crate::{
    lock::{Difference, LockPlan},
    lock_file::LockedPlugin,
    pull::PulledPlugin,
};
