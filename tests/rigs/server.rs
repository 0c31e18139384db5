//! A program that listens on a port for as long as this process lives.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    ops::Range,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::PATIENCE;

/// Another process may look for a port in the same place.
const TRIES: u32 = 3;

/// Ports that Linux gives to nobody who asks for any: a connection that is opened between our look and the
/// server's cannot take one.
const PORTS: Range<u16> = 12_000..32_000;

/// Shell script that runs the program and ends with it. A background process kills the program and
/// removes its folder when standard input ends, which also happens when this process is gone.
///
/// If the program ends by itself, the script prints the end of its log to standard error, where no
/// test captures it, because the log is removed with the folder. The program is not killed after
/// that: its number may be another's. A [durable](Server::durable) program is started again.
/// Nothing is printed if a test has [crashed](Server::crash) the program.
///
/// The folder goes at once, by its name: a folder without `told` means that nobody has ended the program.
const SUPERVISOR: &str = r#"
exec 3<&0
ends() { [ -e "$0/told" ] || [ ! -d "$0" ]; }
{
    cat <&3
    touch "$0/told"
    [ -e "$0/pid" ] && kill -9 $(cat "$0/pid")
    mv "$0" "$0.gone"
    rm -rf "$0.gone"
} >/dev/null 2>&1 &
exec 3<&-
while :; do
    "$@" </dev/null >>"$0/log" 2>&1 & server=$!
    { echo $server >"$0/pid"; } 2>/dev/null
    ends && kill -9 $server
    wait $server 2>/dev/null
    status=$?
    ends && exit
    rm -f "$0/pid"
    if ! rm "$0/crashed" 2>/dev/null; then
        echo "$* ended by itself with status $status, and said last:" >&2
        tail -n 20 "$0/log" >&2
    fi
    [ -e "$0/durable" ] || exit
done
"#;

/// A server on a port of its own. It ends when this is dropped, or with this process.
pub struct Server {
    address: SocketAddr,
    folder: PathBuf,
    supervisor: Child,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// It keeps what it knows in its folder: when it ends by itself, it is to be started again.
    pub(super) fn durable(&self) {
        fs::write(self.folder.join("durable"), "").expect("its folder");
    }

    /// Ends the program as if it had done so by itself.
    pub(super) fn crash(&self) {
        self.signal("KILL");
    }

    /// Sends the program a signal, of which it may end.
    pub(super) fn signal(&self, name: &str) {
        if name != "HUP" {
            fs::write(self.folder.join("crashed"), "").expect("its folder");
        }
        let pid = fs::read_to_string(self.folder.join("pid")).expect("a program");
        let sent = Command::new("kill").args(["-s", name, pid.trim()]).status();
        assert!(sent.expect("kill").success());
    }

    /// Its folder, which goes when it ends: its log, and what else it keeps there.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts the program of `command`, which gets a folder and a port that are free.
    pub(super) fn start(name: &str, command: impl Fn(&Path, u16) -> Command) -> Self {
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::attempt(&command) {
                Ok(server) => return server,
                Err(log) if tries == TRIES => panic!("{name} does not listen: {log}"),
                Err(_) => {}
            }
        }
    }

    fn attempt(command: impl Fn(&Path, u16) -> Command) -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let port = free_port();
        let mut server = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            supervisor: supervise(&command(&folder, port), &folder),
            folder,
        };
        server.wait().map_err(|()| last_lines(&server.folder.join("log")))?;
        Ok(server)
    }

    fn wait(&mut self) -> Result<(), ()> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE && matches!(self.supervisor.try_wait(), Ok(None)) {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(20));
        }
        Err(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

/// In a process group of its own, so that Ctrl-C leaves the supervisor alive to clean up.
fn supervise(command: &Command, folder: &Path) -> Child {
    let mut shell = Command::new("sh");
    shell.args(["-c", SUPERVISOR]).arg(folder);
    shell.arg(command.get_program()).args(command.get_args()).current_dir(folder);
    shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null());
    shell.spawn().expect("sh")
}

/// A port on which nobody listens, and that this process was not given before: servers take their time
/// until they listen.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        // Two processes that look at the same time begin in different places.
        let number = std::process::id().wrapping_mul(997).wrapping_add(TAKEN.fetch_add(1, SeqCst));
        let port = PORTS.start + (number % PORTS.len() as u32) as u16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

fn last_lines(log: &Path) -> String {
    let log = fs::read(log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log).into_owned();
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// A program that came with Python.
pub(super) fn from_python(program: &str) -> Command {
    Command::new(crate::program(program))
}
