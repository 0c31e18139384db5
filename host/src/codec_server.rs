//! What a configuration says of the codec server.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    time::Duration,
};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_temporal::server::{Address, Auth, ServerSettings};

use crate::{
    Cloakroom,
    blocking::blocking,
    config::{self, CodecServerEntry, Listen, read_secret, refuse_writable},
    reading::Reading,
};

/// Where the codec server listens unless it is told.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

/// How long keys that were fetched are good, unless it is told.
const REFRESH: Duration = Duration::from_secs(600);

impl Cloakroom {
    /// Where the configuration has the codec server listen, and what it lets it do.
    ///
    /// Tokens, key sets and certificates are read now: a worker that opens the same file needs
    /// none.
    ///
    /// # Errors
    /// `Config` if one cannot be read or is not what it should be.
    pub fn codec_server(&self) -> Result<(Address, ServerSettings), Error> {
        let current = self.current();
        let (entry, folder) = &current.codec_server;
        Ok((address(entry, folder), settings(entry, folder)?))
    }

    /// Reads what the configuration says of the codec server now, also if it was not loaded:
    /// without reading a plugin, and without changing anything.
    ///
    /// [`CodecServer::restrict`] takes it, so that a token that was removed is refused at once,
    /// however long the rest takes to load.
    ///
    /// # Errors
    /// `Config` if the file or a file that it names cannot be read, or is not what it should be.
    ///
    /// [`CodecServer::restrict`]: cloakroom_temporal::server::CodecServer::restrict
    pub fn codec_server_as_written(&self) -> Result<(Address, ServerSettings), Error> {
        let (place, folder, text) = self.opening().text.read()?;
        let entry = config::parse(&text, &place)?.codec_server;
        Ok((address(&entry, &folder), settings(&entry, &folder)?))
    }
}

/// Callback for a changed `[codec_server]`, called before the plugins of its configuration are
/// loaded.
pub(crate) type Listener = Arc<dyn Fn(Result<(Address, ServerSettings), Error>) + Send + Sync>;

impl Cloakroom {
    /// Has `listener` hear at each reload what the file says of the codec server now: as soon as
    /// the file was read, and before its plugins, keys and buckets are loaded, which may take long
    /// or fail. What the file takes away (a token, an origin, a key of a key set) can be taken away
    /// then; what it adds belongs to a configuration that may never be swapped in.
    ///
    /// It hears an error if the file can be read and a token, key set or certificate that it names
    /// cannot. It hears nothing of a file that cannot be parsed. Of reloads that run at the same
    /// time it hears the newest last. There is one listener: another takes its place.
    pub fn on_codec_server(
        &self,
        listener: impl Fn(Result<(Address, ServerSettings), Error>) + Send + Sync + 'static,
    ) {
        let mut place = self.reloads().listener.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Arc::new(listener));
    }

    /// Tells the listener, if there is one and no newer reload has begun.
    pub(crate) async fn tell_codec_server(
        &self,
        number: u64,
        reading: &Reading,
    ) -> Result<(), Error> {
        let listener =
            self.reloads().listener.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(listener) = listener else {
            return Ok(());
        };
        let (entry, folder) = (reading.file.codec_server.clone(), reading.folder.clone());
        let said = blocking(move || {
            Ok(settings(&entry, &folder).map(|settings| (address(&entry, &folder), settings)))
        });
        let said = said.await?;
        self.reloads().swap_in(number, || listener(said))
    }
}

/// Returns why a codec server would not start with what the file says of it, as a warning: a worker
/// opens the same file and needs none of its secrets.
pub(crate) async fn warning((entry, folder): (CodecServerEntry, PathBuf)) -> Option<String> {
    let error = blocking(move || settings(&entry, &folder)).await.err()?;
    Some(format!("`cloakroom codec-server` would not start here: {error}"))
}

fn address(entry: &CodecServerEntry, folder: &Path) -> Address {
    match &entry.listen {
        None => LISTEN.into(),
        Some(Listen::Tcp(address)) => Address::Tcp(*address),
        Some(Listen::Unix(path)) => Address::Unix(folder.join(path)),
    }
}

fn settings(entry: &CodecServerEntry, folder: &Path) -> Result<ServerSettings, Error> {
    let mut settings = ServerSettings::default();
    settings.origins.clone_from(&entry.origins);
    settings.credentials = entry.credentials;
    settings.metrics = entry.metrics_listen;
    settings.auth = access(entry, folder)?;
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
            let with = settings.with_tls(&read(&certificate)?, &read(&key)?);
            with.map_err(|error| in_file("tls", &certificate, error))
        }
    }
}

fn access(entry: &CodecServerEntry, folder: &Path) -> Result<Auth, Error> {
    let mut access = Auth::default();
    if let Some(secret) = &entry.token {
        let place = "codec_server.token";
        let token = read_secret(place, secret, folder, ": it holds the token")?;
        let token = std::str::from_utf8(&token)
            .map_err(|_| Error::new(ErrorKind::Config, format!("{place}: not text")))?;
        access = access.with_token(token).map_err(|error| {
            let kind = error.kind();
            error.wrapped(kind, place)
        })?;
    }
    if let Some(jwt) = &entry.jwt {
        let (audience, issuer) = (jwt.audience.clone(), jwt.issuer.clone());
        access = if let Some(url) = jwt.url() {
            let refresh = jwt.refresh.as_ref().map_or(REFRESH, |span| span.0);
            let signed = access.with_key_set_url(url, refresh, audience, issuer);
            signed.map_err(|error| error.wrapped(ErrorKind::Config, "codec_server.jwt.keys"))?
        } else {
            let path = folder.join(&jwt.keys);
            let signed = access.with_key_set(&read(&path)?, audience, issuer);
            signed.map_err(|error| in_file("jwt", &path, error))?
        };
        if let Some(claim) = &jwt.namespaces {
            access = access.with_namespace_claim(claim);
        }
    }
    Ok(access)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    refuse_writable("codec_server", path)?;
    fs::read(path).map_err(|error| {
        Error::new(ErrorKind::Config, format!("cannot read `{}`", path.display()))
            .with_source(error)
    })
}

fn in_file(key: &str, path: &Path, error: Error) -> Error {
    let kind = error.kind();
    error.wrapped(kind, format!("codec_server.{key}: `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<(Address, ServerSettings), Error> {
        let entry = config::parse(&format!("[codec_server]\n{text}"), "c.toml")?.codec_server;
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
