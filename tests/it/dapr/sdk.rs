//! The SDKs of Dapr.

use std::{fmt, path::Path, process::Command};

use cloakroom_tests::{dapr, python};

/// An SDK with an app in `tests/dapr`, or in this folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sdk {
    Go,
    Java,
    Node,
    /// Version 1.18.3.
    Python,
    /// Version 1.19.0.
    PythonNewer,
    Rust,
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Sdk {
    /// Returns the command of its app.
    pub(super) fn command(self) -> Command {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("dapr");
        let installed = dapr();
        match self {
            Self::Go => Command::new(installed.join("go/app")),
            Self::Java => {
                let mut java = Command::new("java");
                // The reference collector: two threads of it would be as many as there are cores.
                java.arg("-XX:+UseSerialGC").arg("-cp");
                java.arg(format!("{0}/java/classes:{0}/java/lib/*", installed.display()))
                    .arg("App");
                java
            }
            Self::Node => {
                let mut node = Command::new("node");
                node.arg(sources.join("node/app.mjs"));
                node.env("CLOAKROOM_DAPR_NODE", installed.join("node"));
                node
            }
            Self::Python | Self::PythonNewer => {
                let mut path = installed.join("python").into_os_string();
                if self == Self::PythonNewer {
                    // Found first. All else is the same.
                    path = installed.join("python-newer").into_os_string();
                    path.push(":");
                    path.push(installed.join("python"));
                }
                let mut program = Command::new(python());
                program.arg(sources.join("python/app.py")).env("PYTHONPATH", path);
                program
            }
            Self::Rust => unreachable!("it runs in this process"),
        }
    }
}
