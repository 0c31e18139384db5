//! A configuration about to be opened, and what the program adds to it.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cloakroom_core::{Bucket, Codec, Driver, Error, ErrorKind, KeyRing};
use cloakroom_plugin::{Host, HostBuilder, Limits};

use crate::Cloakroom;

/// A configuration about to be opened.
///
/// What a program brings itself stands where a plugin, a bucket or a ring could: `plugin =
/// "native:NAME"`, `url = "native:NAME"`, and a ring by its name.
#[derive(Clone)]
pub struct CloakroomBuilder {
    pub(crate) text: Text,
    pub(crate) cache: Option<PathBuf>,
    pub(crate) compiler: Option<PathBuf>,
    pub(crate) host: Option<Host>,
    pub(crate) native: Native,
}

/// What the program brings, by name.
#[derive(Clone, Default)]
pub(crate) struct Native {
    pub(crate) codecs: BTreeMap<String, Arc<dyn Codec>>,
    pub(crate) drivers: BTreeMap<String, Arc<dyn Driver>>,
    pub(crate) buckets: BTreeMap<String, Arc<dyn Bucket>>,
    pub(crate) rings: BTreeMap<String, Arc<dyn KeyRing>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Text {
    File(PathBuf),
    Given(String),
}

impl CloakroomBuilder {
    /// A configuration file. Paths in it are taken from its folder.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::of(Text::File(path.as_ref().to_owned()))
    }

    /// A configuration at hand. Paths in it are taken from the working folder.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of(Text::Given(text.into()))
    }

    fn of(text: Text) -> Self {
        Self { text, cache: None, compiler: None, host: None, native: Native::default() }
    }

    /// Keeps compiled plugins in this folder, unless the configuration names another.
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Compiles plugins in a process of its own: see [`HostBuilder::compiler`]. A host that is shared
    /// has its own way.
    ///
    /// [`HostBuilder::compiler`]: crate::HostBuilder::compiler
    pub fn compiler(mut self, program: impl Into<PathBuf>) -> Self {
        self.compiler = Some(program.into());
        self
    }

    /// Returns a builder of a host with what this says of hosts.
    pub(crate) fn host_builder(&self, limits: Limits, cache: Option<&PathBuf>) -> HostBuilder {
        let mut host = Host::builder().limits(limits);
        if let Some(folder) = cache {
            host = host.cache(folder);
        }
        if let Some(program) = &self.compiler {
            host = host.compiler(program);
        }
        host
    }

    /// Returns how long reading the file may take, which says how long the rest may.
    pub(crate) fn load_limit(&self) -> Duration {
        self.host.as_ref().map_or_else(|| Limits::default().load, |host| host.limits().load)
    }

    /// Runs the plugins in this host instead of one of its own, which is dear: see
    /// [`Cloakroom::open`]. Any number of pipelines may share a host; its limits hold for all of them
    /// together, and plugins that they have in common are compiled once.
    ///
    /// The configuration may repeat the host's limits and cache folder, and must not contradict them.
    pub fn host(mut self, host: &Host) -> Self {
        self.host = Some(host.clone());
        self
    }

    /// A codec of the program's own, for a stage with `plugin = "native:NAME"`.
    pub fn codec(mut self, name: &str, codec: impl Codec + 'static) -> Self {
        self.native.codecs.insert(name.to_owned(), Arc::new(codec));
        self
    }

    /// A driver of the program's own, for a `[[storage.driver]]` with `plugin = "native:NAME"`.
    pub fn driver(mut self, name: &str, driver: impl Driver + 'static) -> Self {
        self.native.drivers.insert(name.to_owned(), Arc::new(driver));
        self
    }

    /// A bucket of the program's own, for `[buckets]` with `url = "native:NAME"`.
    pub fn bucket(mut self, name: &str, bucket: Arc<dyn Bucket>) -> Self {
        self.native.buckets.insert(name.to_owned(), bucket);
        self
    }

    /// A key ring of the program's own, in place of a `[keys.NAME]`.
    pub fn keys(mut self, name: &str, ring: Arc<dyn KeyRing>) -> Self {
        self.native.rings.insert(name.to_owned(), ring);
        self
    }

    /// Opens it.
    ///
    /// # Errors
    /// As [`Cloakroom::open`].
    pub async fn open(self) -> Result<Cloakroom, Error> {
        Cloakroom::start(self).await
    }
}

impl Text {
    pub(crate) fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::File(path) => Some(path),
            Self::Given(_) => None,
        }
    }

    /// What it is called, where its paths start, and its text.
    pub(crate) fn read(&self) -> Result<(String, PathBuf, String), Error> {
        let path = match self {
            Self::Given(text) => {
                return Ok(("configuration".to_owned(), PathBuf::new(), text.clone()));
            }
            Self::File(path) => path,
        };
        let text = read_file(path)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok((path.display().to_string(), folder, text))
    }
}

/// The size that a configuration may have. A person's is some kilobytes.
const LARGEST: u64 = 1 << 20;

/// Reads one byte more than is allowed, so that a file that is too large, or has no end, is noticed.
fn read_file(path: &Path) -> Result<String, Error> {
    let unread = |text: &str, error: io::Error| {
        Error::new(ErrorKind::Config, format!("{text} `{}`", path.display())).with_source(error)
    };
    let file = fs::File::open(path).map_err(|error| unread("cannot read", error))?;
    let mut text = String::new();
    let read = file.take(LARGEST + 1).read_to_string(&mut text);
    if text.len() as u64 > LARGEST {
        let text = format!("`{}` is larger than 1 MiB: is it a configuration?", path.display());
        return Err(Error::new(ErrorKind::Config, text));
    }
    read.map_err(|error| unread("cannot read", error))?;
    Ok(text)
}

impl fmt::Debug for CloakroomBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.text {
            Text::File(path) => path.display().to_string(),
            Text::Given(_) => "configuration".to_owned(),
        };
        f.debug_struct("CloakroomBuilder").field("place", &place).finish_non_exhaustive()
    }
}
