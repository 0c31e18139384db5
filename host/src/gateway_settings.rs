//! Settings of the gateway, from its table in the configuration.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_temporal::gateway::{
    Auth, Callers, ClientTls, GatewaySettings, HistoryLimits, Identity, ServerTls,
    UpstreamCredentials,
};
use zeroize::Zeroizing;

use crate::{
    blocking_work::run_blocking,
    config::{
        CallerTlsEntry, ClientEntry, GatewayEntry, HistoryEntry, IdentityEntry, Secret,
        TemporalGatewayEntry, UpstreamTlsEntry, read_secret,
    },
    signed_tokens::{in_file, read_guarded, with_signed_tokens},
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
        settings.check(address(&entry)).map_err(in_table)
    };
    let error = run_blocking(check).await.err()?;
    Some(format!("`cloakroom gateway temporal` would not start here: {}", error.report()))
}

/// Returns the address to listen on.
pub(crate) fn address(entry: &TemporalGatewayEntry) -> SocketAddr {
    entry.listen.map_or(LISTEN, |listen| listen.0)
}

/// Names the table in an error about settings that contradict each other.
pub(crate) fn in_table(error: Error) -> Error {
    error.wrapped(ErrorKind::Config, format!("[{TABLE}]"))
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

fn history(entry: &HistoryEntry, by_default: HistoryLimits) -> HistoryLimits {
    let mut history = by_default;
    history.from = entry.from.as_ref().map_or(history.from, |size| size.0);
    history.threshold = entry.threshold.as_ref().map_or(history.threshold, |size| size.0);
    history
}

fn callers(entry: &TemporalGatewayEntry, folder: &Path) -> Result<Callers, Error> {
    let tls = entry.tls.as_ref().map(|tls| server_tls(tls, folder)).transpose()?;
    let signed = signed(entry, folder)?;
    let identities = entry.identity.iter().map(|entry| identity(entry, folder));
    Callers::new(identities.collect::<Result<_, _>>()?, signed, tls).map_err(in_table)
}

/// Reads the callers of a configuration that may never be loaded, to restrict those of the one that
/// serves. An identity whose token cannot be read has none: whoever deletes the file of a token takes the
/// token away. May block.
///
/// # Errors
/// `Config` if the keys of signed tokens cannot be read or used.
pub(crate) fn restriction(entry: &TemporalGatewayEntry, folder: &Path) -> Result<Callers, Error> {
    let signed = signed(entry, folder)?;
    let identities = entry
        .identity
        .iter()
        .map(|entry| identity(entry, folder).unwrap_or_else(|_| without_token(entry)));
    Ok(Callers::for_restriction(identities.collect(), signed))
}

fn signed(entry: &TemporalGatewayEntry, folder: &Path) -> Result<Auth, Error> {
    match &entry.jwt {
        Some(jwt) => with_signed_tokens(Auth::default(), jwt, TABLE, folder),
        None => Ok(Auth::default()),
    }
}

fn identity(entry: &IdentityEntry, folder: &Path) -> Result<Identity, Error> {
    let identity = without_token(entry);
    let Some(secret) = &entry.token else { return Ok(identity) };
    let place = format!("{TABLE}.identity `{}` `token`", entry.name);
    let token = read_text(&place, secret, folder)?;
    identity.with_token(&token).map_err(|error| error.wrapped(ErrorKind::Config, place))
}

fn without_token(entry: &IdentityEntry) -> Identity {
    let mut identity = Identity::new(&entry.name, entry.namespaces.iter().map(String::as_str));
    for name in &entry.san {
        identity = identity.with_alternative_name(name);
    }
    if let Some(name) = &entry.common_name {
        identity = identity.with_common_name(name);
    }
    if let Some(subject) = &entry.subject {
        identity = identity.with_subject(subject);
    }
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

fn server_tls(entry: &CallerTlsEntry, folder: &Path) -> Result<ServerTls, Error> {
    let key = format!("{TABLE}.tls");
    let certificate = folder.join(&entry.certificate);
    let pair = (read(&key, &certificate)?, read(&key, &folder.join(&entry.key))?);
    let tls = ServerTls::new(&pair.0, &Zeroizing::new(pair.1));
    let tls = tls.map_err(|error| in_file(&key, &certificate, error))?;
    let Some(path) = &entry.client_ca else { return Ok(tls) };
    let (key, path) = (key + ".client_ca", folder.join(path));
    let authorities = read(&key, &path)?;
    tls.with_client_authorities(&authorities).map_err(|error| in_file(&key, &path, error))
}

fn credentials(
    entry: &TemporalGatewayEntry,
    is_tls: bool,
    folder: &Path,
) -> Result<UpstreamCredentials, Error> {
    let mut credentials = UpstreamCredentials::default();
    let by_default = UpstreamTlsEntry::default();
    if let Some(tls) = entry.upstream_tls.as_ref().or(is_tls.then_some(&by_default)) {
        credentials = credentials
            .with_tls(client_tls(tls, folder)?)
            .map_err(|error| error.wrapped(ErrorKind::Config, format!("{TABLE}.upstream_tls")))?;
    }
    if let Some(secret) = &entry.api_key {
        let place = format!("{TABLE}.api_key");
        let key = read_text(&place, secret, folder)?;
        credentials = credentials
            .with_api_key(&key)
            .map_err(|error| error.wrapped(ErrorKind::Config, place))?;
    }
    for (namespace, secret) in &entry.api_keys {
        let place = format!("{TABLE}.api_keys `{namespace}`");
        let key = read_text(&place, secret, folder)?;
        credentials = credentials
            .with_api_key_of(namespace, &key)
            .map_err(|error| error.wrapped(ErrorKind::Config, place))?;
    }
    Ok(credentials)
}

fn client_tls(entry: &UpstreamTlsEntry, folder: &Path) -> Result<ClientTls, Error> {
    let key = format!("{TABLE}.upstream_tls");
    let mut tls = ClientTls::default();
    if let Some(path) = &entry.ca {
        let (key, path) = (format!("{key}.ca"), folder.join(path));
        let authorities = read(&key, &path)?;
        tls = tls.with_authorities(&authorities).map_err(|error| in_file(&key, &path, error))?;
    }
    match (&entry.certificate, &entry.key) {
        (None, None) => {}
        (Some(certificate), Some(private)) => {
            let certificate = folder.join(certificate);
            let chain = read(&key, &certificate)?;
            let private = Zeroizing::new(read(&key, &folder.join(private))?);
            let with = tls.with_certificate(&chain, &private);
            tls = with.map_err(|error| in_file(&key, &certificate, error))?;
        }
        _ => {
            let text = format!("{key}: `certificate` and `key` belong together: give both");
            return Err(Error::new(ErrorKind::Config, text));
        }
    }
    if let Some(name) = &entry.server_name {
        let place = format!("{key}.server_name");
        let with = tls.with_server_name(name);
        tls = with.map_err(|error| error.wrapped(ErrorKind::Config, place))?;
    }
    Ok(tls)
}

fn read(key: &str, path: &Path) -> Result<Vec<u8>, Error> {
    let read = read_guarded(key, path);
    read.map_err(|error| error.wrapped(ErrorKind::Config, key.to_owned()))
}

fn read_text(place: &str, secret: &Secret, folder: &Path) -> Result<Zeroizing<String>, Error> {
    let bytes = read_secret(place, secret, folder, ": it holds the secret")?;
    let text = std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned()));
    text.map_err(|_| Error::new(ErrorKind::Config, format!("{place}: not text")))
}
