//! Settings of the gateway for Temporal, from its table in the configuration.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_temporal::gateway::{
    Callers, GatewaySettings, HistoryLimits, Identity, UpstreamCredentials, UpstreamUrl,
};

use crate::{
    blocking_work::run_blocking,
    config::{ClientEntry, GatewayEntry, HistoryEntry, IdentityEntry, TemporalGatewayEntry},
    gateway_access::{Access, with_marks},
};

/// Table of the gateway, in errors.
const TABLE: &str = "gateway.temporal";

/// Address of the gateway by default: this machine alone can reach it.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7243);

/// Returns why a gateway would not start with what the file says of it, as a warning: a worker opens
/// the same file and needs none of its secrets.
pub(crate) async fn warning((entry, folder): (GatewayEntry, PathBuf)) -> Option<String> {
    let entry = entry.temporal?;
    let check = move || {
        let settings = settings(&entry, &folder)?;
        settings.check(address(&entry)).map_err(|error| access(&folder).in_table(error))
    };
    let error = run_blocking(check).await.err()?;
    Some(format!("`cloakroom gateway temporal` would not start here: {}", error.report()))
}

/// Returns the address to listen on.
pub(crate) fn address(entry: &TemporalGatewayEntry) -> SocketAddr {
    entry.listen.map_or(LISTEN, |listen| listen.0)
}

/// Returns the table, and the folder that its paths start from.
pub(crate) fn access(folder: &Path) -> Access<'_> {
    Access { table: TABLE, folder }
}

/// Reads tokens, API keys, key sets and certificates. May block.
///
/// # Errors
/// `Config` if one cannot be read or used, or others could replace it.
pub(crate) fn settings(
    entry: &TemporalGatewayEntry,
    folder: &Path,
) -> Result<GatewaySettings, Error> {
    let mut settings = GatewaySettings::new(entry.upstream.0.parse()?);
    settings.metrics = entry.metrics_listen;
    settings.encode_failures = entry.encode_failures;
    for (time, span) in [
        (&mut settings.transfer_time, &entry.transfer_time),
        (&mut settings.ping_interval, &entry.ping_interval),
        (&mut settings.ping_timeout, &entry.ping_timeout),
    ] {
        *time = span.as_ref().map_or(*time, |span| span.0);
    }
    settings.allowed_methods = entry.allow_methods.iter().map(|name| name.0.clone()).collect();
    settings.history = history(&entry.history, settings.history);
    let client = |client: &ClientEntry| (client.user_agent.clone(), client.answer.0);
    settings.answers = entry.client.iter().map(client).collect();
    settings.decode = entry.decode.unwrap_or(true);
    settings.readers = entry.readers.iter().map(String::as_str).collect();
    settings.callers = callers(entry, folder)?;
    settings.credentials = credentials(entry, settings.upstream.is_tls(), folder)?;
    Ok(settings)
}

/// Reads the frontend's address and the credentials for it. May block.
///
/// # Errors
/// `Config` if one cannot be read or used.
pub(crate) fn frontend(
    entry: &TemporalGatewayEntry,
    folder: &Path,
) -> Result<(UpstreamUrl, UpstreamCredentials), Error> {
    let upstream: UpstreamUrl = entry.upstream.0.parse()?;
    let credentials = credentials(entry, upstream.is_tls(), folder)?;
    Ok((upstream, credentials))
}

fn history(entry: &HistoryEntry, by_default: HistoryLimits) -> HistoryLimits {
    let mut history = by_default;
    history.from = entry.from.as_ref().map_or(history.from, |size| size.0);
    history.threshold = entry.threshold.as_ref().map_or(history.threshold, |size| size.0);
    history
}

fn callers(entry: &TemporalGatewayEntry, folder: &Path) -> Result<Callers, Error> {
    let access = access(folder);
    let identities = entry.identity.iter().map(|entry| identity(entry, access));
    let identities = identities.collect::<Result<_, _>>()?;
    access.callers(identities, entry.jwt.as_ref(), entry.tls.as_ref())
}

/// Reads the callers of a configuration that may never be loaded, to restrict those of the one that
/// serves. An identity whose token cannot be read has none: whoever deletes the file of a token takes the
/// token away. May block.
///
/// # Errors
/// `Config` if the keys of signed tokens cannot be read or used.
pub(crate) fn restriction(entry: &TemporalGatewayEntry, folder: &Path) -> Result<Callers, Error> {
    let access = access(folder);
    let signed = access.signed(entry.jwt.as_ref())?;
    let identities = entry
        .identity
        .iter()
        .map(|entry| identity(entry, access).unwrap_or_else(|_| without_token(entry)));
    Ok(Callers::for_restriction(identities.collect(), signed))
}

fn identity(entry: &IdentityEntry, access: Access<'_>) -> Result<Identity, Error> {
    access.with_token(without_token(entry), entry.token.as_ref())
}

fn without_token(entry: &IdentityEntry) -> Identity {
    let identity = Identity::new(&entry.name, entry.namespaces.iter().map(String::as_str));
    let mut identity =
        with_marks(identity, &entry.san, entry.common_name.as_ref(), entry.subject.as_ref());
    if entry.decode == Some(false) {
        identity = identity.without_decoding();
    }
    if entry.reads {
        identity = identity.reading();
    }
    if entry.admin {
        identity = identity.administering();
    }
    identity
}

fn credentials(
    entry: &TemporalGatewayEntry,
    is_tls: bool,
    folder: &Path,
) -> Result<UpstreamCredentials, Error> {
    let access = access(folder);
    let mut credentials = UpstreamCredentials::default();
    if let Some(tls) = access.client_tls(entry.upstream_tls.as_ref(), is_tls)? {
        credentials = credentials
            .with_tls(tls)
            .map_err(|error| error.wrapped(ErrorKind::Config, format!("{TABLE}.upstream_tls")))?;
    }
    if let Some(secret) = &entry.api_key {
        let place = format!("{TABLE}.api_key");
        let key = access.read_text(&place, secret)?;
        credentials = credentials
            .with_api_key(&key)
            .map_err(|error| error.wrapped(ErrorKind::Config, place))?;
    }
    for (namespace, secret) in &entry.api_keys {
        let place = format!("{TABLE}.api_keys `{namespace}`");
        let key = access.read_text(&place, secret)?;
        credentials = credentials
            .with_api_key_of(namespace, &key)
            .map_err(|error| error.wrapped(ErrorKind::Config, place))?;
    }
    Ok(credentials)
}
