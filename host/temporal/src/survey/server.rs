//! The server that a survey asks.

use std::{collections::BTreeSet, time::Duration};

use cloakroom_core::{ByteSize, MemoryBudget};
use cloakroom_grpc::proxy::Client;

use super::found::Part;
use crate::gateway::UpstreamCredentials;

/// Largest answer.
pub(super) const ANSWER: ByteSize = ByteSize::mib(128);

/// Time for one answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Calls that are made at a time.
pub(super) const AT_ONCE: usize = 4;

/// The server that a survey asks, and the parts that it leaves out.
pub(super) struct Server {
    pub(super) client: Client,
    pub(super) credentials: UpstreamCredentials,
    pub(super) memory: MemoryBudget,
    pub(super) without: BTreeSet<Part>,
}

impl Server {
    pub(super) fn new(client: Client, credentials: UpstreamCredentials) -> Self {
        // Each call holds one answer, for a while twice.
        let call = ByteSize::bytes(ANSWER.get() * 4);
        let memory = MemoryBudget::new(call, ByteSize::bytes(call.get() * AT_ONCE as u64));
        Self { client, credentials, memory, without: BTreeSet::new() }
    }
}
