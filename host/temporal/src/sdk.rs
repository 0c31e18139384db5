//! The data converter of Rust workers and clients on the official SDK.
//!
//! What the SDK's hook gives and forces:
//!
//! - It calls once for each field, also for empty ones, with nothing but whether it is a workflow's or
//!   an activity's. So objects are stored under keys without a workflow, and rules see the namespace
//!   that the converter was told.
//! - It waits for a decoded activation before it takes the next: while a workflow's payloads are
//!   fetched, the other workflows of that worker stand still. What a worker has just stored itself is
//!   at hand, and computing leaves the thread that workflows run on.
//! - A failure of ours fails the workflow task, or the attempt of an activity. Both are retried.

mod failures;
mod payload;

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
pub use self::payload::{payload_from_sdk, payload_to_sdk};
use crate::{Adapter, SizeLimitSource, SizeLimits};

/// The SDK's default data converter with this pipeline as its codec, external storage included.
///
/// [`Converter`] has what can be chosen.
pub fn data_converter(source: &(impl PipelineSource + Clone)) -> DataConverter {
    Converter::of(source).build()
}

/// A data converter in the making.
///
/// ```no_run
/// # use cloakroom_temporal::{Converter, SizeLimits};
/// # use temporalio_client::{Client, ClientOptions, Connection};
/// # async fn f(pipeline: cloakroom_pipeline::Pipeline, connection: Connection)
/// #     -> Result<Client, Box<dyn std::error::Error>> {
/// let limits = SizeLimits::of_namespace(&connection, "payments").await?;
/// let converter = Converter::of(&pipeline).namespace("payments").limits(limits).build();
/// let options = ClientOptions::new("payments").data_converter(converter).build();
/// Ok(Client::new(connection, options)?)
/// # }
/// ```
pub struct Converter {
    source: Box<dyn PipelineSource>,
    ctx: Context,
    limits: Box<dyn SizeLimitSource>,
    encode_failures: bool,
}

impl Converter {
    /// With this pipeline. A `Cloakroom` is asked for its pipeline of now at every call.
    pub fn of(source: &(impl PipelineSource + Clone)) -> Self {
        Self {
            source: Box::new(source.clone()),
            ctx: Context::none(),
            limits: Box::new(SizeLimits::default()),
            encode_failures: false,
        }
    }

    /// The namespace, for rules, drivers and metrics: the SDK does not tell it.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.ctx = Context::namespace(namespace);
        self
    }

    /// What Temporal takes, where it is not what a server has by default.
    pub fn limits(mut self, limits: impl SizeLimitSource) -> Self {
        self.limits = Box::new(limits);
        self
    }

    /// Encodes the messages and stack traces of failures as well: they go where payloads go, and the
    /// history says `Encoded failure`.
    pub fn encode_failures(mut self) -> Self {
        self.encode_failures = true;
        self
    }

    /// The data converter.
    pub fn build(self) -> DataConverter {
        let (encode_failures, codec) = (self.encode_failures, self.codec());
        match encode_failures {
            true => DataConverter::new(PayloadConverter::default(), EncodedFailures::new(), codec),
            false => {
                let failures = DefaultFailureConverter::default();
                DataConverter::new(PayloadConverter::default(), failures, codec)
            }
        }
    }

    /// The codec alone, for a data converter with payload or failure converters of one's own.
    pub fn codec(self) -> SdkCodec {
        SdkCodec { adapter: Adapter::new(self.source, self.limits), ctx: self.ctx }
    }
}

/// A pipeline as the SDK's codec.
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
        change(field, move |field| async move { adapter.encode(&ctx, field).await })
    }

    fn decode(
        &self,
        _: &SerializationContextData,
        field: Vec<wire::Payload>,
    ) -> BoxFuture<'static, Result<Vec<wire::Payload>, PayloadConversionError>> {
        let (adapter, ctx) = (self.adapter.clone(), self.ctx.clone());
        change(field, move |field| async move { adapter.decode(&ctx, field).await })
    }
}

/// Runs `work` on a task of its own: the SDK polls this future on the thread that its workflows run
/// on. Dropping the future ends the task.
fn change<F>(
    field: Vec<wire::Payload>,
    work: impl FnOnce(Vec<Payload>) -> F + Send + 'static,
) -> BoxFuture<'static, Result<Vec<wire::Payload>, PayloadConversionError>>
where
    F: Future<Output = Result<Vec<Payload>, Error>> + Send + 'static,
{
    Box::pin(async move {
        if field.is_empty() {
            return Ok(field);
        }
        let mut task = JoinSet::new();
        task.spawn(work(field.into_iter().map(payload_from_sdk).collect()));
        let lost = || Error::new(ErrorKind::Internal, "the task of a codec did not finish");
        let done = task.join_next().await.and_then(Result::ok).unwrap_or_else(|| Err(lost()));
        match done {
            Ok(field) => Ok(field.into_iter().map(payload_to_sdk).collect()),
            Err(error) => Err(PayloadConversionError::EncodingError(Box::new(Told(error)))),
        }
    })
}

/// An error with its causes: the SDK writes no more than one line into histories and logs.
struct Told(Error);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.report())
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Told {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl SizeLimits {
    /// The limits that a namespace has.
    ///
    /// # Errors
    /// If the server does not tell.
    pub async fn of_namespace(connection: &Connection, namespace: &str) -> Result<Self, Status> {
        let request =
            DescribeNamespaceRequest { namespace: namespace.to_owned(), ..Default::default() };
        let mut service = connection.workflow_service();
        let told = service.describe_namespace(request.into_request()).await?.into_inner();
        let limits = told.namespace_info.and_then(|info| info.limits).unwrap_or_default();
        let mut found = Self::default();
        found.field.max = limits.blob_size_limit_error;
        Ok(found)
    }
}

impl fmt::Debug for Converter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = self.limits.size_limits();
        f.debug_struct("Converter").field("limits", &limits).finish_non_exhaustive()
    }
}

impl fmt::Debug for SdkCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SdkCodec").field("adapter", &self.adapter).finish_non_exhaustive()
    }
}
