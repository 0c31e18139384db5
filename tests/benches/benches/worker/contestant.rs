//! A codec that sleeps, and Cloakroom with a store that is slow: as a codec, and in the connection.

use std::error::Error;

use cloakroom::{Cloakroom, CloakroomBuilder};
use cloakroom_tests::{
    compile_cache,
    rigs::{self, Envoy},
    s3_storage,
};
use futures::future::BoxFuture;
use temporalio_client::ConnectionOptions;
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
    Converter,
    /// The same, in the connection.
    Connection,
}

/// The parts of a client.
#[derive(Clone)]
pub(crate) struct Side {
    pub(crate) connection: ConnectionOptions,
    pub(crate) converter: DataConverter,
}

/// The worker and the client. Only the worker's store is slow.
pub(crate) struct Sides {
    pub(crate) worker: Side,
    pub(crate) client: Side,
    _proxy: Option<Envoy>,
}

impl Contestant {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Sleeps => "sleeps: what the SDK forces",
            Self::Converter => "Cloakroom as a converter, S3 behind a slow proxy",
            Self::Connection => "Cloakroom in the connection, S3 behind a slow proxy",
        }
    }

    pub(crate) async fn sides(self, server: &str) -> Result<Sides, Box<dyn Error>> {
        let plain = || -> Result<_, Box<dyn Error>> {
            Ok(ConnectionOptions::new(url::Url::parse(server)?).build())
        };
        if matches!(self, Self::Sleeps) {
            let converter = DataConverter::new(
                PayloadConverter::default(),
                DefaultFailureConverter::default(),
                Sleeping,
            );
            let worker = Side { connection: plain()?, converter };
            let client = Side { connection: plain()?, converter: DataConverter::default() };
            return Ok(Sides { worker, client, _proxy: None });
        }
        rigs::bucket(&rigs::moto().url(), "slow");
        let proxy = rigs::envoy(rigs::moto().address());
        // A download of this driver is one request.
        proxy.delay(100, u32::try_from(SLOW.as_millis())?);
        let side = async |endpoint: &str| -> Result<Side, Box<dyn Error>> {
            let cloakroom = open(endpoint).await?;
            if matches!(self, Self::Converter) {
                return Ok(Side { connection: plain()?, converter: cloakroom.converter().build() });
            }
            let connection = cloakroom.temporal_connection().options_for_url(server)?;
            Ok(Side { connection, converter: DataConverter::default() })
        };
        let (worker, client) = (side(&proxy.url()).await?, side(&rigs::moto().url()).await?);
        Ok(Sides { worker, client, _proxy: Some(proxy) })
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
