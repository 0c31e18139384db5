//! Settings of the gateway for Dapr, from its table in the configuration.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_dapr::gateway::{Callers, GatewaySettings, Identity, UpstreamTls};

use crate::{
    blocking_work::run_blocking,
    config::{AppEntry, DaprGatewayEntry, GatewayEntry},
    gateway_access::{Access, with_marks},
};

/// Table of the gateway, in errors.
const TABLE: &str = "gateway.dapr";

/// Address of the gateway by default: this machine alone can reach it.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3551);

/// Returns why a gateway would not start with what the file says of it, as a warning: a command that
/// opens the same file needs none of its secrets.
pub(crate) async fn warning((entry, folder): (GatewayEntry, PathBuf)) -> Option<String> {
    let entry = entry.dapr?;
    let check = move || {
        let settings = settings(&entry, &folder)?;
        settings.proxy.check(address(&entry)).map_err(|error| access(&folder).in_table(error))
    };
    let error = run_blocking(check).await.err()?;
    Some(format!("`cloakroom gateway dapr` would not start here: {}", error.report()))
}

/// Returns the address to listen on.
pub(crate) fn address(entry: &DaprGatewayEntry) -> SocketAddr {
    entry.listen.map_or(LISTEN, |listen| listen.0)
}

/// Returns the table, and the folder that its paths start from.
pub(crate) fn access(folder: &Path) -> Access<'_> {
    Access { table: TABLE, folder }
}

/// Reads tokens, key sets and certificates. May block.
///
/// # Errors
/// `Config` if one cannot be read or used, or others could replace it.
pub(crate) fn settings(entry: &DaprGatewayEntry, folder: &Path) -> Result<GatewaySettings, Error> {
    let access = access(folder);
    let mut settings = GatewaySettings::new(entry.upstream.0.parse()?);
    settings.app_id = entry.app_id.clone();
    if let Some(name) = &entry.namespace {
        settings.namespace.clone_from(name);
    }
    if let Some(size) = entry.max_body_size {
        settings.max_body_size = size.0;
    }
    if let Some(size) = entry.app_max_message {
        settings.app_max_message = size.0;
    }
    if let Some(time) = &entry.hold_time {
        settings.hold_time = time.0;
    }
    let proxy = &mut settings.proxy;
    proxy.metrics = entry.metrics_listen;
    for (time, span) in [
        (&mut proxy.transfer_time, &entry.transfer_time),
        (&mut proxy.ping_interval, &entry.ping_interval),
        (&mut proxy.ping_timeout, &entry.ping_timeout),
    ] {
        *time = span.as_ref().map_or(*time, |span| span.0);
    }
    let identities = entry.identity.iter().map(|entry| identity(entry, access));
    let identities = identities.collect::<Result<_, _>>()?;
    proxy.callers = access.callers(identities, entry.jwt.as_ref(), entry.tls.as_ref())?;
    if let Some(tls) = access.client_tls(entry.upstream_tls.as_ref(), proxy.upstream.is_tls())? {
        proxy.injects_credentials = tls.has_certificate();
        let tls = UpstreamTls::new(tls);
        let place = || format!("{TABLE}.upstream_tls");
        proxy.upstream_tls = Some(tls.map_err(|error| error.wrapped(ErrorKind::Config, place()))?);
    }
    Ok(settings)
}

/// Reads the callers of a configuration that may never be loaded, to restrict those of the one that
/// serves. An identity whose token cannot be read has none. May block.
///
/// # Errors
/// `Config` if the keys of signed tokens cannot be read or used.
pub(crate) fn restriction(entry: &DaprGatewayEntry, folder: &Path) -> Result<Callers, Error> {
    let access = access(folder);
    let signed = access.signed(entry.jwt.as_ref())?;
    let identities = entry
        .identity
        .iter()
        .map(|entry| identity(entry, access).unwrap_or_else(|_| without_token(entry)));
    Ok(Callers::for_restriction(identities.collect(), signed))
}

fn identity(entry: &AppEntry, access: Access<'_>) -> Result<Identity, Error> {
    access.with_token(without_token(entry), entry.token.as_ref())
}

/// Returns an identity that may make every call: a sidecar serves one app.
fn without_token(entry: &AppEntry) -> Identity {
    let identity = Identity::new(&entry.name, ["*"]);
    with_marks(identity, &entry.san, entry.common_name.as_ref(), entry.subject.as_ref())
}
