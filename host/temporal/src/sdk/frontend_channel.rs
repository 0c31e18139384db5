//! Channel to Temporal's frontend that carries messages as bytes.

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, clean};
use cloakroom_grpc::{Code, Status, deadline::GRPC_TIMEOUT};
use http::{
    HeaderMap, HeaderName,
    header::{CONTENT_TYPE, TE, USER_AGENT},
    uri::PathAndQuery,
};
use temporalio_client::tonic::{
    self, Extensions, Request, client::Grpc, metadata::MetadataMap, transport::Channel,
};

use super::raw_codec::RawCodec;
use crate::exchange::{Frontend, SERVICE};

/// Headers of a request that the channel sets itself.
const OF_REQUEST: [HeaderName; 5] = [
    CONTENT_TYPE,
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("grpc-encoding"),
    TE,
    USER_AGENT,
];

/// Headers of an answer that the SDK's service sets itself. It would append a second value.
const OF_ANSWER: [HeaderName; 4] = [
    CONTENT_TYPE,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status"),
];

/// Most characters of a message of the frontend in a log line.
const MESSAGE: usize = 2000;

/// Channel to Temporal's frontend that carries messages as bytes.
pub(super) struct FrontendChannel {
    channel: Channel,
    max_message: ByteSize,
}

impl FrontendChannel {
    pub(super) fn new(channel: Channel, max_message: ByteSize) -> Self {
        Self { channel, max_message }
    }

    /// Makes a unary call, and returns the headers and the message of the answer. Dropping the future
    /// cancels the call. The frontend and the channel honour `grpc-timeout`. `memory` counts the message
    /// until the channel has taken it.
    ///
    /// # Errors
    /// The status of the frontend with all its details, or of the channel.
    pub(super) async fn call(
        &self,
        path: &str,
        headers: HeaderMap,
        message: Bytes,
        memory: Option<CallMemory>,
    ) -> Result<(HeaderMap, Bytes), tonic::Status> {
        let path = PathAndQuery::try_from(path);
        let path = path.map_err(|_| tonic::Status::invalid_argument("the path is not valid"))?;
        let mut client =
            Grpc::new(self.channel.clone()).max_decoding_message_size(self.max_message.as_usize());
        let unavailable = |error| tonic::Status::unavailable(format!("no channel: {error}"));
        client.ready().await.map_err(unavailable)?;
        let metadata = MetadataMap::from_headers(headers);
        let request = Request::from_parts(metadata, Extensions::default(), (message, memory));
        let (metadata, message, _) = client.unary(request, path, RawCodec).await?.into_parts();
        let mut headers = metadata.into_headers();
        for name in &OF_ANSWER {
            headers.remove(name);
        }
        Ok((headers, message))
    }
}

/// Removes the headers that the channel sets itself.
pub(super) fn remove_of_channel(headers: &mut HeaderMap) {
    for name in &OF_REQUEST {
        headers.remove(name);
    }
}

impl Frontend for FrontendChannel {
    async fn ask(
        &self,
        method: &str,
        caller: &HeaderMap,
        message: Bytes,
        memory: &CallMemory,
    ) -> Result<Bytes, Status> {
        let mut headers = caller.clone();
        headers.remove(GRPC_TIMEOUT);
        let asked = self.call(&format!("{SERVICE}{method}"), headers, message, None).await;
        let (_, answer) = asked.map_err(|status| {
            let number = u16::try_from(i32::from(status.code())).unwrap_or_default();
            let code = Code::from_number(number).unwrap_or(Code::Unknown);
            Status::new(code, clean(status.message(), MESSAGE))
        })?;
        memory.charge(answer.len()).map_err(|error| Status::from_error(&error))?.keep();
        Ok(answer)
    }
}
