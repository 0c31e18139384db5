//! The channel that the documentation shows: TLS and a certificate of the worker, to an edge that asks for
//! one.

use temporalio_client::{
    Connection, ConnectionOptions, WorkflowGetResultOptions, WorkflowStartOptions,
    tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity},
};
use temporalio_common::data_converters::DataConverter;

use super::harness::{CANARY, parcel};
use crate::{
    gateway::access::{Authority, Edge, Pair},
    worker::{Helper, Parts, Running, client_with, in_folder, opening, server, unique},
};

/// Options of a connection that encodes, through a channel with TLS.
fn secured(
    cloakroom: &cloakroom::Cloakroom,
    edge: &Edge,
    authority: &Authority,
    pair: Option<&Pair>,
) -> ConnectionOptions {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority.pem()));
    if let Some(pair) = pair {
        tls = tls.identity(Identity::from_pem(&pair.certificate, &pair.key));
    }
    let endpoint = Endpoint::from_shared(format!("https://{}", edge.address)).unwrap();
    let channel = endpoint.tls_config(tls).unwrap().keep_alive_while_idle(true).connect_lazy();
    cloakroom.temporal_connection().options_for_channel(channel).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_a_certificate_passes_large_payloads() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let edge = Edge::start(server(), &authority).await;
    let cloakroom = opening(&in_folder("local", folder.path())).open().await.unwrap();
    let pair = authority.client("spiffe://acme/worker", "worker");
    let (options, queue) = (secured(&cloakroom, &edge, &authority, Some(&pair)), unique("tls"));
    let _worker =
        Running::connected(options.clone(), &queue, DataConverter::default(), Parts::Both);
    let client = client_with(options, DataConverter::default()).await;
    let named = WorkflowStartOptions::new(queue.clone(), queue.clone()).build();
    let started = client.start_workflow(Helper::run, parcel(), named).await.unwrap();
    let result = started.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == parcel());
    assert!(!server().holds(CANARY.as_bytes()), "the server has it in the clear");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_or_by_another_authority_nothing_is_sent() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let edge = Edge::start(server(), &authority).await;
    let cloakroom = opening(&in_folder("local", folder.path())).open().await.unwrap();
    let (other, pair) = (Authority::new(), authority.client("spiffe://acme/worker", "worker"));
    for (trusted, pair) in [(&authority, None), (&other, Some(&pair))] {
        let connected = Connection::connect(secured(&cloakroom, &edge, trusted, pair)).await;
        assert!(connected.is_err());
    }
}
