//! Plugins of OCI registries: a real registry, registries that lie, signatures, and locking.

mod command_line;
mod hostile;
mod lock;
mod real;
mod recorder;
mod signatures;
mod tls;

use std::{fs, path::PathBuf};

use cloakroom::{
    ByteSize, Cloakroom, CloakroomBuilder, Context, Error,
    inspect::Inspection,
    registry::{Access, Client, Package, Pushed},
    signature::Reference,
};
use cloakroom_tests::{compile_cache, plain};

/// Most bytes of a plugin in these tests.
const LARGEST: ByteSize = ByteSize::mib(64);

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

/// Returns a component as it is pushed.
fn package(component: &[u8]) -> Package {
    let inspection = Inspection::from_bytes(component).unwrap();
    let imports: Vec<_> = inspection.imports.into_iter().map(|import| import.name).collect();
    Package::new(component.to_vec().into(), &imports, &inspection.exports)
}

/// Pushes a component without credentials.
async fn push(to: &str, package: &Package) -> Pushed {
    let reference = reference(to);
    Client::new(Access::new(&reference)).unwrap().push(&reference, package).await.unwrap()
}

/// A folder with a configuration and its local copies.
struct Setup(tempfile::TempDir);

impl Setup {
    /// Writes a configuration of one stage. `more` follows its `plugin`.
    fn new(plugin: &str, more: &str) -> Self {
        let setup = Self(tempfile::tempdir().unwrap());
        setup.write(plugin, more);
        setup
    }

    fn write(&self, plugin: &str, more: &str) {
        let text = format!("[[stage]]\nplugin = \"{plugin}\"   # a comment\n{more}\n");
        fs::write(self.config(), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.path("cloakroom.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.config()).unwrap()
    }

    fn builder(&self) -> CloakroomBuilder {
        let builder = CloakroomBuilder::file(self.config()).with_cache(compile_cache());
        builder.with_plugin_copies(self.path("copies"))
    }

    async fn open(&self) -> Result<Cloakroom, Error> {
        self.builder().open().await
    }

    /// Returns the error of a configuration that does not open.
    async fn refused(&self) -> Error {
        self.open().await.map(drop).unwrap_err()
    }
}

/// Encodes and decodes a payload.
async fn round_trip(cloakroom: &Cloakroom) {
    let sent = vec![plain("some text that a plugin changes ".repeat(100))];
    let kept = cloakroom.encode(&Context::none(), sent.clone()).await.unwrap();
    assert_ne!(kept, sent);
    assert_eq!(cloakroom.decode(&Context::none(), kept).await.unwrap(), sent);
}
