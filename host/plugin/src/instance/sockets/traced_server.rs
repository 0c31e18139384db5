//! Server of a socket, as traces show it.

use std::sync::Arc;

use crate::{grants::tcp::TcpGrant, instance::host_call::HostCall, trace::Trace};

/// Server that a socket connects to, if somebody traces the plugin. Cheap to clone.
#[derive(Clone)]
pub(crate) struct TracedServer(Option<(Trace, Arc<str>)>);

impl TracedServer {
    /// Returns the server of a grant. A grant is the operator's text and holds no secret.
    pub(crate) fn new(trace: Option<Trace>, server: &TcpGrant) -> Self {
        Self(trace.map(|trace| (trace, format!("`{server}`").into())))
    }

    /// Begins a call, to which the guest passes so many bytes.
    pub(super) fn call(&self, name: &'static str, sent: usize) -> HostCall {
        match &self.0 {
            Some((trace, server)) => {
                HostCall::begin(Some(trace), name, sent).to(|| server.as_ref().to_owned())
            }
            None => HostCall::begin(None, name, sent),
        }
    }
}
