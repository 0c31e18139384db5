//! One connection of a caller, and the connection to the server that serves it.

use std::{future::Future, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Charge};
use http::HeaderMap;
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{
    body::{GatewayBody, MessageSender},
    message::Received,
    newcomers::Newcomer,
    runner::Runner,
    state::ProxyState,
    untaken::Answers,
    upstream::Upstream,
};
use crate::{
    access::CertificateNames,
    status::{Code, Status},
};

/// One connection of a caller.
pub struct Connection<P> {
    /// State that all connections share.
    pub proxy: Arc<ProxyState<P>>,
    /// Connection to the server.
    pub upstream: Upstream,
    pub(super) peer: SocketAddr,
    /// Names in the certificate of the caller, if it has one.
    pub(super) names: Option<CertificateNames>,
    pub(super) newcomer: Arc<Newcomer>,
    pub(super) answers: Arc<Answers>,
}

impl<P> Connection<P> {
    pub(super) fn new(
        proxy: Arc<ProxyState<P>>,
        peer: SocketAddr,
        names: Option<CertificateNames>,
        newcomer: Arc<Newcomer>,
        runner: Runner,
    ) -> Self {
        let upstream = proxy.upstream(runner);
        Self { proxy, upstream, peer, names, newcomer, answers: Arc::default() }
    }

    /// Reads the one message of a request, within the time that a transfer may take.
    ///
    /// # Errors
    /// The status that refuses the call.
    pub async fn read(
        &self,
        body: Incoming,
        headers: &HeaderMap,
        max: ByteSize,
        memory: &CallMemory,
    ) -> Result<(Bytes, Charge), Status> {
        let limit = self.proxy.settings.transfer_time;
        let reading = Received::read(body, headers, max, memory);
        // A caller need not set a deadline, and may send a byte at a time.
        let received = timeout(limit, reading).await.map_err(|_| {
            let text = format!("the request did not arrive within {limit:?}: send it faster");
            Status::new(Code::DeadlineExceeded, text)
        })??;
        let Received { message: Some(message), charge, .. } = received else {
            return Err(Status::new(Code::InvalidArgument, "the call has no message"));
        };
        Ok((message, charge))
    }

    /// Returns the body of a stream, whose messages `work` sends in a task of its own. The task ends with
    /// the stream.
    pub fn stream<F>(&self, work: impl FnOnce(MessageSender) -> F) -> GatewayBody
    where
        F: Future<Output = ()> + Send + 'static,
    {
        GatewayBody::messages(self.answers.clone(), work)
    }
}
