//! A compiler in a process of its own, as its parent sees it: ended when it passes a limit, or when
//! nobody waits for it any more.

use std::{
    io::{Read as _, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use cloakroom_core::{Error, ErrorKind};

use crate::CodeLimits;

/// The command of a program that compiles one component from its standard input to its standard
/// output.
pub(crate) const COMMAND: &str = "compile-one";

/// The statuses it ends with, besides 0.
pub(crate) const REFUSED: u8 = 3;
pub(crate) const OTHER_ENGINE: u8 = 4;
pub(crate) const NO_MEMORY: u8 = 5;

/// The most that is read of what it says in an error.
const TEXT: u64 = 4096;

/// A program that compiles. What it writes is run as machine code: it is as trusted as this process.
#[derive(Debug)]
pub(crate) struct CompilerProcess {
    pub(crate) program: PathBuf,
    /// The engine that must be the same in both.
    pub(crate) engine: String,
    pub(crate) limits: CodeLimits,
}

/// Ends a compilation whose result nobody waits for any more.
#[derive(Debug, Default)]
pub(crate) struct Cancel(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    child: Option<Child>,
}

impl Cancel {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn cancel(&self) {
        let mut state = self.state();
        state.cancelled = true;
        kill(&mut state);
    }

    fn begin(&self, child: Child) {
        let mut state = self.state();
        state.child = Some(child);
        if state.cancelled {
            kill(&mut state);
        }
    }

    /// Waits for the process, which has closed its output.
    fn end(&self) -> std::io::Result<ExitStatus> {
        let child = self.state().child.take();
        child.map_or(Err(std::io::ErrorKind::NotFound.into()), |mut child| child.wait())
    }

    fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }
}

fn kill(state: &mut State) {
    if let Some(child) = &mut state.child {
        // It may have ended by itself.
        let _ = child.kill();
    }
}

impl CompilerProcess {
    /// Compiles a component. Blocks until the process has ended.
    ///
    /// # Errors
    /// `PluginRejected` if the component is refused, or passes a limit of the process. `Config` if the
    /// process cannot be started or is another version of Cloakroom.
    pub(crate) fn compile(&self, component: &[u8], cancel: &Cancel) -> Result<Vec<u8>, Error> {
        let mut child =
            self.command().spawn().map_err(|error| self.unusable().with_source(error))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        cancel.begin(child);
        let (Some(mut input), Some(mut output), Some(errors)) = pipes else {
            return Err(self.unusable());
        };
        let (mut code, mut text) = (Vec::new(), Vec::new());
        let read = thread::scope(|scope| {
            // One that ends early does not read all; its status says why.
            scope.spawn(move || input.write_all(component));
            scope.spawn(|| errors.take(TEXT).read_to_end(&mut text));
            output.read_to_end(&mut code)
        });
        let status = cancel.end().and_then(|status| read.map(|_| status));
        let status = status.map_err(|error| self.unusable().with_source(error))?;
        if cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Busy, "loading ended before it was compiled"));
        }
        if status.success() { Ok(code) } else { Err(self.failure(status, &text)) }
    }

    /// Builds the command. The process gets no environment: no variable is its business.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(COMMAND)
            .args(["--memory", &self.limits.memory.get().to_string()])
            .args(["--seconds", &self.limits.time.as_secs().max(1).to_string()])
            .args(["--engine", &self.engine])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn failure(&self, status: ExitStatus, text: &[u8]) -> Error {
        let rejected = |text: String| Error::new(ErrorKind::PluginRejected, text);
        let said = line(text);
        let byte = |status| Some(i32::from(status));
        let limits = &self.limits;
        if status.code() == byte(REFUSED) {
            let text = "is not valid WebAssembly, or uses a feature this host does not have";
            return rejected(text.to_owned()).with_source(said);
        }
        if status.code() == byte(OTHER_ENGINE) {
            let text = format!(
                "the compiler `{}` is another version of Cloakroom than this program: use the same",
                self.program.display()
            );
            return Error::new(ErrorKind::Config, text);
        }
        if status.code() == byte(NO_MEMORY) || said.contains("memory allocation") {
            return rejected(format!(
                "needs more than {} of memory to be compiled (`limits.code.memory`): raise the limit if \
                 this plugin is trusted",
                limits.memory
            ));
        }
        // SIGXCPU, or SIGKILL at the hard limit.
        if matches!(status.signal(), Some(24 | 9)) {
            return rejected(format!(
                "its compilation was ended: it takes more than {:?} of processor time \
                 (`limits.code.time`), or the system ended it",
                limits.time
            ));
        }
        rejected(format!("its compiler failed ({status})")).with_source(said)
    }

    fn unusable(&self) -> Error {
        let text = format!("cannot run `{}` to compile this plugin", self.program.display());
        Error::new(ErrorKind::Config, text)
    }
}

/// Returns what the process said as one line. It may quote names that a plugin's author chose.
fn line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let clean = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(300).collect()
}
