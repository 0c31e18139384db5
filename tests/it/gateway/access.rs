//! Callers that may connect to the gateway.

mod authority;
mod certificates;
mod credentials;
mod drain;
mod edge;
mod frontend;
mod python;
mod restrict;
mod tenants;
mod tokens;

use std::{fs, path::Path};

use cloakroom::{Cloakroom, CloakroomBuilder};
use temporalio_client::{
    ClientTlsOptions, Connection, ConnectionOptions, TlsOptions,
    tonic::{Code, IntoRequest as _, Request, Status},
};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, DescribeNamespaceRequest, ListNamespacesRequest,
    RegisterNamespaceRequest,
};

pub(crate) use self::authority::{Authority, Pair};
pub(crate) use self::edge::Edge;
pub(crate) use self::frontend::{Frontend, Reaction, server_config};
use super::harness::Served;
use crate::worker::{folder_driver, opening};

/// Returns a gateway with this table, in place of the one of `harness::opened`. Its files are in
/// `folder`.
async fn opened(folder: &Path, table: &str) -> Cloakroom {
    with_storage(folder, "", table).await
}

/// Returns the same with `storage` among the keys of its storage.
async fn with_storage(folder: &Path, storage: &str, table: &str) -> Cloakroom {
    builder(folder, storage, table).open().await.unwrap()
}

fn builder(folder: &Path, storage: &str, table: &str) -> CloakroomBuilder {
    let storage = format!("[storage]\nthreshold = \"256KiB\"\ncache.memory = \"0B\"\n{storage}");
    let table = table.replace("DIR", folder.to_str().unwrap());
    let text = storage + &folder_driver("local", &folder.join("objects")) + &table;
    opening(&text)
}

/// Returns the options of a connection to this URL.
fn at(url: &str) -> ConnectionOptions {
    ConnectionOptions::new(url::Url::parse(url).unwrap()).build()
}

/// Returns the table of a gateway with these identities: a name, which is that of the file of its token, and
/// its namespaces.
fn with_identities(upstream: &str, identities: &[(&str, &str)]) -> String {
    let identity = |(name, namespaces): &(&str, &str)| {
        format!(
            "[[gateway.temporal.identity]]\nname = \"{name}\"\ntoken = {{ file = \"DIR/{name}\" }}\n\
             namespaces = {namespaces}\n"
        )
    };
    let start = format!("[gateway.temporal]\nupstream = \"{upstream}\"\n");
    start + &identities.iter().map(identity).collect::<String>()
}

/// Writes a secret into a folder.
fn secret(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

/// Returns the options of a connection by TLS.
fn tls(served: &Served, authority: &Authority, client: Option<&Pair>) -> ConnectionOptions {
    let client = client.map(|pair| {
        let options = ClientTlsOptions::builder().client_cert(pair.certificate.clone().into());
        options.client_private_key(pair.key.clone().into()).build()
    });
    let authority = authority.pem().into_bytes();
    let tls = TlsOptions::builder().server_root_ca_cert(authority).maybe_client_tls_options(client);
    let mut options = at(&format!("https://{}", served.address));
    options.tls_options = Some(tls.build());
    options
}

/// Returns the answer to a call of a namespace.
async fn count(connection: &Connection, namespace: &str) -> Result<(), Status> {
    let request =
        CountWorkflowExecutionsRequest { namespace: namespace.to_owned(), ..Default::default() };
    let mut service = connection.workflow_service();
    service.count_workflow_executions(request.into_request()).await.map(drop)
}
