//! The codecs: one that sleeps, and Cloakroom with a store that is slow.

use std::error::Error;

use cloakroom::{Cloakroom, CloakroomBuilder};
use cloakroom_tests::{
    compile_cache,
    rigs::{self, Envoy},
    s3_storage,
};
use futures::future::BoxFuture;
use temporalio_common::{
    data_converters::{
        DataConverter, DefaultFailureConverter, PayloadCodec, PayloadConversionError,
        PayloadConverter, SerializationContextData,
    },
    protos::temporal::api::common::v1::Payload,
};

use crate::SLOW;

/// Payloads of this size and more are slow.
const LARGE: usize = 256 << 10;

#[derive(Clone, Copy)]
pub(crate) enum Contestant {
    /// Leaves payloads as they are, and sleeps over large ones.
    Sleeps,
    /// Stores large ones in a store behind a proxy that delays.
    Cloakroom,
}

/// Data converters of the worker and of the client. Only the worker's is slow.
pub(crate) struct Converters {
    pub(crate) worker: DataConverter,
    pub(crate) client: DataConverter,
    _proxy: Option<Envoy>,
}

impl Contestant {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Sleeps => "sleeps: what the SDK forces",
            Self::Cloakroom => "Cloakroom, S3 behind a slow proxy",
        }
    }

    pub(crate) async fn converters(self) -> Result<Converters, Box<dyn Error>> {
        match self {
            Self::Sleeps => {
                let worker = DataConverter::new(
                    PayloadConverter::default(),
                    DefaultFailureConverter::default(),
                    Sleeping,
                );
                Ok(Converters { worker, client: DataConverter::default(), _proxy: None })
            }
            Self::Cloakroom => {
                rigs::bucket(&rigs::moto().url(), "slow");
                let proxy = rigs::envoy(rigs::moto().address());
                // A download of this driver is one request.
                proxy.delay(100, u32::try_from(SLOW.as_millis())?);
                let (slow, direct) = (open(&proxy.url()).await?, open(&rigs::moto().url()).await?);
                Ok(Converters {
                    worker: slow.converter().build(),
                    client: direct.converter().build(),
                    _proxy: Some(proxy),
                })
            }
        }
    }
}

async fn open(endpoint: &str) -> Result<Cloakroom, cloakroom::Error> {
    CloakroomBuilder::text(s3_storage(endpoint, "slow")).with_cache(compile_cache()).open().await
}

/// Codec that waits as long as a slow download, and does nothing else.
struct Sleeping;

impl PayloadCodec for Sleeping {
    fn encode(
        &self,
        _: &SerializationContextData,
        field: Vec<Payload>,
    ) -> BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>> {
        Box::pin(async { Ok(field) })
    }

    fn decode(
        &self,
        _: &SerializationContextData,
        field: Vec<Payload>,
    ) -> BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>> {
        Box::pin(async {
            if field.iter().any(|payload| payload.data.len() >= LARGE) {
                tokio::time::sleep(SLOW).await;
            }
            Ok(field)
        })
    }
}
