//! Data converter for Rust workers and clients on the official SDK.
//!
//! The SDK's codec hook has three consequences:
//!
//! - It is called once per field, with no context but "workflow" or "activity". So objects are stored
//!   under keys without a workflow, and rules see the namespace of the builder.
//! - The worker decodes one activation at a time. While payloads of one workflow are fetched, the other
//!   workflows of that worker wait. The cache answers for objects that the worker stored itself, and
//!   plugins compute on other threads.
//! - An error fails the workflow task, or the attempt of the activity. Temporal retries both.

mod failures;
mod frontend_channel;
mod hook;
mod hooked_calls;
mod payload;
mod polls;
mod raw_codec;

use std::{fmt, future::Future};

use cloakroom_core::{Context, Error, ErrorKind, Payload};
use cloakroom_pipeline::PipelineSource;
use futures::future::BoxFuture;
use temporalio_client::{
    Connection,
    tonic::{IntoRequest as _, Status},
};
use temporalio_common::{
    data_converters::{
        DataConverter, DefaultFailureConverter, PayloadCodec, PayloadConversionError,
        PayloadConverter, SerializationContextData,
    },
    protos::temporal::api::{common::v1 as wire, workflowservice::v1::DescribeNamespaceRequest},
};
use tokio::task::JoinSet;

use self::failures::EncodedFailures;
pub use self::{
    hook::ConnectionHook,
    payload::{payload_from_sdk, payload_to_sdk},
};
use crate::{
    adapter::Adapter,
    limits::{SizeLimitSource, SizeLimits},
};

/// Returns the SDK's default data converter with this pipeline as its codec.
///
/// [`DataConverterBuilder`] has the options.
#[must_use]
pub fn data_converter(source: &(impl PipelineSource + Clone)) -> DataConverter {
    DataConverterBuilder::new(source).build()
}

/// Builder of a data converter.
///
/// ```no_run
/// # use cloakroom_temporal::{DataConverterBuilder, SizeLimits};
/// # use temporalio_client::{Client, ClientOptions, Connection};
/// # async fn f(pipeline: cloakroom_pipeline::Pipeline, connection: Connection)
/// #     -> Result<Client, Box<dyn std::error::Error>> {
/// let limits = SizeLimits::fetch(&connection, "payments").await?;
/// let converter = DataConverterBuilder::new(&pipeline)
///     .with_namespace("payments")
///     .with_size_limits(limits)
///     .build();
/// let options = ClientOptions::new("payments").data_converter(converter).build();
/// Ok(Client::new(connection, options)?)
/// # }
/// ```
#[must_use]
pub struct DataConverterBuilder {
    source: Box<dyn PipelineSource>,
    ctx: Context,
    limits: Box<dyn SizeLimitSource>,
    encode_failures: bool,
}

impl DataConverterBuilder {
    /// Returns a builder with this pipeline. Each call uses the pipeline that `source` returns
    /// then.
    pub fn new(source: &(impl PipelineSource + Clone)) -> Self {
        Self {
            source: Box::new(source.clone()),
            ctx: Context::none(),
            limits: Box::new(SizeLimits::default()),
            encode_failures: false,
        }
    }

    /// Sets the namespace for rules, drivers and metrics, because the SDK does not pass it.
    /// Default: none.
    pub fn with_namespace(mut self, namespace: &str) -> Self {
        self.ctx = Context::namespace(namespace);
        self
    }

    /// Sets the sizes that Temporal accepts. Default: [`SizeLimits::default`].
    pub fn with_size_limits(mut self, limits: impl SizeLimitSource) -> Self {
        self.limits = Box::new(limits);
        self
    }

    /// Encodes messages and stack traces of failures as well; the history shows `Encoded failure`.
    /// Default: they are sent as they are.
    pub fn with_encoded_failures(mut self) -> Self {
        self.encode_failures = true;
        self
    }

    /// Builds the data converter.
    #[must_use]
    pub fn build(self) -> DataConverter {
        let (encode_failures, codec) = (self.encode_failures, self.build_codec());
        if encode_failures {
            DataConverter::new(PayloadConverter::default(), EncodedFailures::new(), codec)
        } else {
            let failures = DefaultFailureConverter::default();
            DataConverter::new(PayloadConverter::default(), failures, codec)
        }
    }

    /// Builds only the codec, for a data converter with other payload or failure converters.
    #[must_use]
    pub fn build_codec(self) -> SdkCodec {
        SdkCodec { adapter: Adapter::new(self.source, self.limits), ctx: self.ctx }
    }
}

/// Pipeline as a codec of the SDK.
pub struct SdkCodec {
    adapter: Adapter,
    ctx: Context,
}

impl PayloadCodec for SdkCodec {
    fn encode(
        &self,
        _: &SerializationContextData,
        field: Vec<wire::Payload>,
    ) -> BoxFuture<'static, Result<Vec<wire::Payload>, PayloadConversionError>> {
        let (adapter, ctx) = (self.adapter.clone(), self.ctx.clone());
        run(field, move |field| async move { adapter.encode(&ctx, field).await })
    }

    fn decode(
        &self,
        _: &SerializationContextData,
        field: Vec<wire::Payload>,
    ) -> BoxFuture<'static, Result<Vec<wire::Payload>, PayloadConversionError>> {
        let (adapter, ctx) = (self.adapter.clone(), self.ctx.clone());
        run(field, move |field| async move { adapter.decode(&ctx, field).await })
    }
}

/// Runs `work` in a task of its own, and aborts it if the future is dropped.
///
/// The SDK polls this future on the thread that its workflows run on, which must stay free.
fn run<F>(
    field: Vec<wire::Payload>,
    work: impl FnOnce(Vec<Payload>) -> F + Send + 'static,
) -> BoxFuture<'static, Result<Vec<wire::Payload>, PayloadConversionError>>
where
    F: Future<Output = Result<Vec<Payload>, Error>> + Send + 'static,
{
    Box::pin(async move {
        // The SDK calls the codec for absent fields too: those need no task.
        if field.is_empty() {
            return Ok(field);
        }
        let mut task = JoinSet::new();
        task.spawn(work(field.into_iter().map(payload_from_sdk).collect()));
        let panicked = || Error::new(ErrorKind::Internal, "the task of the codec panicked");
        let joined = task.join_next().await.and_then(Result::ok);
        match joined.unwrap_or_else(|| Err(panicked())) {
            Ok(field) => Ok(field.into_iter().map(payload_to_sdk).collect()),
            Err(error) => Err(PayloadConversionError::EncodingError(Box::new(ErrorReport(error)))),
        }
    })
}

/// Error whose text includes its causes: the SDK writes only the first line into histories and
/// logs.
struct ErrorReport(Error);

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.report())
    }
}

impl fmt::Debug for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for ErrorReport {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl SizeLimits {
    /// Returns the limits of a namespace, as its server reports them.
    ///
    /// # Errors
    /// The server's status, for example if there is no such namespace.
    pub async fn fetch(connection: &Connection, namespace: &str) -> Result<Self, Status> {
        let request =
            DescribeNamespaceRequest { namespace: namespace.to_owned(), ..Default::default() };
        let mut service = connection.workflow_service();
        let response = service.describe_namespace(request.into_request()).await?.into_inner();
        let reported = response.namespace_info.and_then(|info| info.limits).unwrap_or_default();
        let mut limits = Self::default();
        // A server that reports no limits gives zero, which is no limit: then it refuses by itself.
        limits.field.max = reported.blob_size_limit_error;
        Ok(limits)
    }
}

impl fmt::Debug for DataConverterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = self.limits.size_limits();
        f.debug_struct("DataConverterBuilder").field("limits", &limits).finish_non_exhaustive()
    }
}

impl fmt::Debug for SdkCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SdkCodec").field("adapter", &self.adapter).finish_non_exhaustive()
    }
}
