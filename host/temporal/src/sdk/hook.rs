//! Pipeline between the SDK and Temporal's frontend, in the worker's own process.

use std::{fmt, sync::Arc, time::Duration};

use cloakroom_core::{ByteSize, Error, ErrorKind};
use cloakroom_grpc::Caller;
use cloakroom_pipeline::PipelineSource;
use temporalio_client::{
    ConnectionOptions, Url,
    callback_based::CallbackBasedGrpcService,
    tonic::{self, transport::Channel},
};
use tokio::task::JoinSet;

use super::{
    frontend_channel::FrontendChannel,
    hooked_calls::HookedCalls,
    polls::{self, Polls},
};
use crate::{
    adapter::Adapter,
    exchange::{Exchange, metric},
    limits::{SizeLimitSource, SizeLimits},
    namespaces::{NamespacePolicies, NamespacePolicySource},
    page_keys::{PageKeySource, PageKeys},
};

/// Largest message by default: what the SDK receives at most.
const MAX_MESSAGE: ByteSize = ByteSize::mib(128);

/// Interval of pings, and the time for an answer: those of the SDK. A worker waits for a minute in each
/// poll, and a middlebox may forget a connection before that.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// Address that the SDK is given in place of a channel, and never connects to.
const UNUSED: &str = "http://cloakroom.invalid:7233";

/// Builder of a connection whose payloads are encoded before they leave this process, and decoded
/// before the SDK sees them.
///
/// The SDK hands over whole messages at the moment it sends them. So a replay encodes nothing, a
/// message is fitted to Temporal's limits as a whole, and headers are encoded too. The client's data
/// converter needs no codec.
///
/// ```no_run
/// # use cloakroom_temporal::ConnectionHook;
/// # use temporalio_client::{Client, ClientOptions, Connection};
/// # async fn f(pipeline: cloakroom_pipeline::Pipeline) -> Result<Client, Box<dyn std::error::Error>> {
/// let options = ConnectionHook::new(&pipeline).options_for_url("http://127.0.0.1:7233")?;
/// let connection = Connection::connect(options).await?;
/// Ok(Client::new(connection, ClientOptions::new("payments").build())?)
/// # }
/// ```
#[must_use]
pub struct ConnectionHook {
    source: Box<dyn PipelineSource>,
    limits: Box<dyn SizeLimitSource>,
    namespaces: Box<dyn NamespacePolicySource>,
    page_keys: Box<dyn PageKeySource>,
    max_message: ByteSize,
}

impl ConnectionHook {
    /// Returns a builder with this pipeline. Each call uses the pipeline that `source` returns then.
    pub fn new(source: &(impl PipelineSource + Clone)) -> Self {
        Self {
            source: Box::new(source.clone()),
            limits: Box::new(SizeLimits::default()),
            namespaces: Box::new(Arc::<NamespacePolicies>::default()),
            page_keys: Box::new(PageKeys::default()),
            max_message: MAX_MESSAGE,
        }
    }

    /// Sets the sizes that Temporal accepts. Default: [`SizeLimits::default`].
    pub fn with_size_limits(mut self, limits: impl SizeLimitSource) -> Self {
        self.limits = Box::new(limits);
        self
    }

    /// Sets the policies of namespaces. Default: every payload of every namespace is encoded, and none may
    /// cross to another namespace where a stage encrypts.
    pub fn with_namespaces(mut self, namespaces: impl NamespacePolicySource) -> Self {
        self.namespaces = Box::new(namespaces);
        self
    }

    /// Sets the keys that authenticate the page tokens of histories that are cut. Default: none, and tokens
    /// are not authenticated.
    pub fn with_page_keys(mut self, keys: impl PageKeySource) -> Self {
        self.page_keys = Box::new(keys);
        self
    }

    /// Sets the largest message before it is encoded or after it was decoded. Default: 128 MiB, which
    /// is what the SDK receives at most.
    pub fn with_max_message(mut self, size: ByteSize) -> Self {
        self.max_message = size;
        self
    }

    /// Returns options of a connection to Temporal's frontend at this address, without TLS. The SDK's
    /// options for the wire do nothing; others, such as `identity`, may be set in the result.
    ///
    /// # Errors
    /// `Config` if the address is not `http://`, a host and a port.
    pub fn options_for_url(self, url: &str) -> Result<ConnectionOptions, Error> {
        let refuse = || {
            let text = "not the address of a frontend without TLS: write http://HOST:PORT, or build \
                        a channel with TLS and call `options_for_channel`";
            Error::new(ErrorKind::Config, text)
        };
        let target = Url::parse(url).ok().filter(|url| url.scheme() == "http");
        let target = target.ok_or_else(refuse)?;
        let endpoint = Channel::from_shared(url.to_owned()).map_err(|_| refuse())?;
        let channel = endpoint
            .keep_alive_while_idle(true)
            .http2_keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .connect_lazy();
        Ok(self.options(target, channel))
    }

    /// Returns options of a connection over this channel, which decides about TLS, keep-alive and
    /// proxies. The SDK's options for these do nothing; others, such as `identity`, may be set in
    /// the result.
    ///
    /// # Errors
    /// `Internal` if the SDK refuses the address that stands for the channel's.
    pub fn options_for_channel(self, channel: Channel) -> Result<ConnectionOptions, Error> {
        let refuse = |error| Error::new(ErrorKind::Internal, "not a URL").with_source(error);
        let target = Url::parse(UNUSED).map_err(refuse)?;
        Ok(self.options(target, channel))
    }

    fn options(self, target: Url, channel: Channel) -> ConnectionOptions {
        let options = ConnectionOptions::new(target).service_override(self.into_service(channel));
        // The SDK refuses its own balancing where a service is given.
        options.dns_load_balancing(None).build()
    }

    /// Returns the service for [`ConnectionOptions::service_override`]. `dns_load_balancing` must be
    /// `None` then.
    #[must_use]
    pub fn into_service(self, channel: Channel) -> CallbackBasedGrpcService {
        metric::describe();
        // The hook logs each failure itself, with the call it belongs to.
        let adapter = Adapter::new(self.source, self.limits).quiet();
        let mut exchange = Exchange::new(adapter, self.max_message, self.namespaces);
        exchange.page_keys = self.page_keys;
        let channel = FrontendChannel::new(channel, self.max_message);
        let calls = Arc::new(HookedCalls { exchange, channel, caller: Caller::everybody() });
        let polls = Arc::new(Polls::default());
        CallbackBasedGrpcService {
            callback: Arc::new(move |request| {
                let (calls, polls) = (calls.clone(), polls.clone());
                Box::pin(async move {
                    // A task of its own keeps the SDK's threads free. Dropping the set aborts it, so
                    // that a call that the SDK cancels ends.
                    let mut task = JoinSet::new();
                    task.spawn(async move {
                        if request.rpc == polls::METHOD {
                            polls.respond(&calls, request).await
                        } else {
                            calls.respond(request, None).await
                        }
                    });
                    let panicked = || tonic::Status::internal("the task of the call panicked");
                    task.join_next().await.and_then(Result::ok).ok_or_else(panicked)?
                })
            }),
        }
    }
}

impl fmt::Debug for ConnectionHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionHook")
            .field("limits", &self.limits.size_limits())
            .field("max_message", &self.max_message)
            .finish_non_exhaustive()
    }
}
