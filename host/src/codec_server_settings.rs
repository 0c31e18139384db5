//! Settings of the codec server, from its table in the configuration.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_temporal::server::{Address, Auth, ServerSettings};

use crate::{
    blocking_work::run_blocking,
    config::{CodecServerEntry, Listen, read_secret, setting_name},
    signed_tokens::{in_file, read_guarded, with_signed_tokens},
};

/// Address of the codec server by default: this machine alone can reach it.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

/// Returns why a codec server would not start with what the file says of it, as a warning: a worker
/// opens the same file and needs none of its secrets.
pub(crate) async fn warning((entry, folder): (CodecServerEntry, PathBuf)) -> Option<String> {
    let error = run_blocking(move || settings(&entry, &folder)).await.err()?;
    Some(format!("`cloakroom codec-server` would not start here: {error}"))
}

/// Returns the address to listen on.
pub(crate) fn address(entry: &CodecServerEntry, folder: &Path) -> Address {
    match &entry.listen {
        None => LISTEN.into(),
        Some(Listen::Tcp(address)) => Address::Tcp(*address),
        Some(Listen::Unix(path)) => Address::Unix(folder.join(path)),
    }
}

/// Reads tokens, key sets and certificates. May block.
///
/// # Errors
/// `Config` if one cannot be read, or others could replace it.
pub(crate) fn settings(entry: &CodecServerEntry, folder: &Path) -> Result<ServerSettings, Error> {
    let mut settings = ServerSettings::default();
    settings.remedy_names = setting_name;
    settings.origins.clone_from(&entry.origins);
    settings.credentials = entry.credentials;
    settings.metrics = entry.metrics_listen;
    settings.auth = auth(entry, folder)?;
    settings.anonymous = entry.anonymous;
    settings.body = entry.body.as_ref().map_or(settings.body, |size| size.0);
    settings.requests = entry.requests.map_or(settings.requests, Into::into);
    settings.connections = entry.connections.map_or(settings.connections, Into::into);
    settings.connections_per_address = entry.connections_per_address.map(Into::into);
    settings.write_time = entry.write_time.as_ref().map_or(settings.write_time, |span| span.0);
    settings.lifetime = entry.lifetime.as_ref().map_or(settings.lifetime, |span| span.0);
    settings.time = entry.time.as_ref().map_or(settings.time, |span| span.0);
    match &entry.tls {
        None => Ok(settings),
        Some(tls) => {
            let (certificate, key) = (folder.join(&tls.certificate), folder.join(&tls.key));
            let read = |path| read_guarded("codec_server", path);
            let with = settings.with_tls(&read(&certificate)?, &read(&key)?);
            with.map_err(|error| in_file("codec_server.tls", &certificate, error))
        }
    }
}

fn auth(entry: &CodecServerEntry, folder: &Path) -> Result<Auth, Error> {
    let mut auth = Auth::default();
    if let Some(secret) = &entry.token {
        let place = "codec_server.token";
        let token = read_secret(place, secret, folder, ": it holds the token")?;
        let token = std::str::from_utf8(&token)
            .map_err(|_| Error::new(ErrorKind::Config, format!("{place}: not text")))?;
        auth = auth.with_token(token).map_err(|error| {
            let kind = error.kind();
            error.wrapped(kind, place)
        })?;
    }
    match &entry.jwt {
        Some(jwt) => with_signed_tokens(auth, jwt, "codec_server", folder),
        None => Ok(auth),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn written(text: &str) -> Result<(Address, ServerSettings), Error> {
        let entry =
            crate::config::parse(&format!("[codec_server]\n{text}"), "c.toml")?.codec_server;
        let folder = Path::new("/folder");
        Ok((address(&entry, folder), settings(&entry, folder)?))
    }

    #[test]
    fn every_key_is_taken() {
        let (address, settings) = written(
            "listen = \"unix:codec.sock\"\nanonymous = true\nconnections = 7\n\
             connections_per_address = 3\nwrite_time = \"2s\"\nlifetime = \"3m\"",
        )
        .unwrap();
        assert_eq!(address, Address::Unix("/folder/codec.sock".into()));
        assert!(settings.anonymous);
        assert_eq!((settings.connections, settings.connections_per_address), (7, Some(3)));
        assert_eq!(settings.write_time, Duration::from_secs(2));
        assert_eq!(settings.lifetime, Duration::from_secs(180));
        assert_eq!(written("").unwrap().0, Address::Tcp(LISTEN));
    }

    #[test]
    fn what_is_no_place_to_listen_at_is_refused() {
        for place in ["localhost:8081", "/run/codec.sock", "unix:"] {
            let refused = written(&format!("listen = \"{place}\"")).unwrap_err().to_string();
            let expect =
                "c.toml, line 2: `listen` is not a place to listen at: write an IP address";
            assert!(refused.starts_with(expect), "{refused}");
        }
        let refused = written("jwt = { keys = \"http://issuer.example/\" }").unwrap_err().report();
        assert!(
            refused.contains("codec_server.jwt.keys") && refused.contains("https"),
            "{refused}"
        );
    }
}
