//! Backends of a plugin that a command tries: those that the command can make fail, and those that are made
//! up where there is no configuration.

use std::sync::Arc;

use cloakroom::{
    inspect::Import,
    plugin::{Capability, Grants, Requirement, Service, TcpGrant},
    storage::{Bucket, BucketAccess, ObjectBucket},
};
use cloakroom_conformance::{Faults, ObjectService};

use super::made_up_key::MadeUpKey;
use crate::failure::Failure;

/// Returns grants of everything that can be made up, under the names that settings give: key rings,
/// buckets and services in memory, and secrets. A setting that is the address of a server is granted too.
pub(crate) fn made_up(base: Grants, names: &[String], key: MadeUpKey) -> Result<Grants, Failure> {
    let (mut grants, ring) = (base.with_log(), key.ring()?);
    for name in names {
        let memory: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory(name));
        grants = grants
            .with_keys(name, ring.clone())
            .with_subkeys(name, ring.clone())
            .with_bucket(name, memory, whole())
            .with_service(name, Arc::new(ObjectService::new(&url(name))))
            .with_secret(name, format!("made-up-secret-{name}").as_bytes());
        if let Some(server) = server(name) {
            grants = grants.with_tcp_grant(server);
        }
    }
    Ok(grants)
}

/// Puts the buckets and services of a plugin under the control of the suite.
pub(crate) fn behind(faults: &Faults, grants: Grants) -> Grants {
    let bucket = |bucket| Arc::new(faults.wrap(bucket)) as Arc<dyn Bucket>;
    let service = |service| Arc::new(faults.wrap_service(service)) as Arc<dyn Service>;
    grants.with_each_bucket(bucket).with_each_service(service)
}

/// Returns whether a plugin with these imports has a backend that the suite can make fail.
pub(crate) fn can_fail(imports: &[Import]) -> bool {
    wants(imports, Capability::Buckets) || wants(imports, Capability::Services)
}

/// Returns why a plugin with these imports cannot be called at all, if it cannot.
pub(crate) fn unreachable(imports: &[Import], names: &[String]) -> Option<String> {
    let has_server = names.iter().any(|name| server(name).is_some());
    (wants(imports, Capability::Tcp) && !has_server).then(|| {
        "needs --config: this plugin wants TCP (wasi:sockets), and a server cannot be made up; or \
         pass its address in a setting (--set NAME=HOST:PORT)"
            .to_owned()
    })
}

/// Says what stands behind each import that needs a grant, where there is no configuration.
pub(crate) fn describe(imports: &[Import], names: &[String]) -> Vec<String> {
    let servers: Vec<_> = names.iter().filter_map(|name| server(name)).collect();
    let servers: Vec<_> = servers.iter().map(|server| format!("the server {server}")).collect();
    let servers = if servers.is_empty() { "no server".to_owned() } else { servers.join(", ") };
    let made_up = [
        (Capability::Keys, "made-up keys"),
        (Capability::Subkeys, "made-up keys"),
        (Capability::Buckets, "buckets in memory"),
        (Capability::Services, "HTTP services in memory that keep objects"),
        (Capability::Secrets, "made-up secrets"),
        (Capability::Tcp, &servers),
    ];
    let mut all: Vec<_> = made_up.into_iter().filter(|(kind, _)| wants(imports, *kind)).collect();
    all.dedup_by_key(|(_, text)| *text);
    all.into_iter().map(|(_, text)| text.to_owned()).collect()
}

fn wants(imports: &[Import], kind: Capability) -> bool {
    let is_of_kind = |import: &Import| match import.requirement {
        Requirement::Grant(wanted) | Requirement::Optional(wanted) => wanted == kind,
        _ => false,
    };
    imports.iter().any(is_of_kind)
}

/// Returns the server that a setting names, if it does: a name or an address with a port.
fn server(setting: &str) -> Option<TcpGrant> {
    setting.parse().ok()
}

/// Returns the URL of a service that is made up: the setting's own, or one that leads nowhere.
fn url(setting: &str) -> String {
    let is_url = setting.starts_with("http://") || setting.starts_with("https://");
    if is_url { setting.to_owned() } else { format!("http://{setting}.invalid/") }
}

/// Returns all access to a bucket that is made up.
fn whole() -> BucketAccess {
    BucketAccess::whole().with_overwriting().with_removing().with_listing()
}
