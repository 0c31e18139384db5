//! Compiler in a process of its own, as its parent sees it.
//!
//! The operating system bounds its memory and time, and a bug of the compiler that a hostile plugin exploits
//! gives the attacker a process without environment, files or network.

use std::{
    io::{Read as _, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    thread,
};

use cloakroom_core::{Error, ErrorKind, Remedy};

use super::{cancellation::Cancellation, code_target::CodeTarget};
use crate::limits::code_limits::CodeLimits;

/// Command of the program that compiles one component from standard input to standard output.
pub(crate) const COMMAND: &str = "compile-one";

/// Exit statuses other than 0.
pub(crate) const REFUSED: u8 = 3;
pub(crate) const OTHER_ENGINE: u8 = 4;
pub(crate) const NO_MEMORY: u8 = 5;

/// Most bytes of its standard error that are read.
const TEXT: u64 = 4096;

/// Program that compiles. Its output is run as machine code, so it is as trusted as this process.
#[derive(Debug)]
pub(crate) struct CompilerProcess {
    pub(crate) program: PathBuf,
    pub(crate) limits: CodeLimits,
}

impl CompilerProcess {
    /// Compiles a component. Blocks until the process has ended.
    ///
    /// # Errors
    /// `PluginRejected` if the component is refused, or exceeds a limit of the process. `Config` if the
    /// process cannot be started or is another version of Cloakroom. `Busy` if it was cancelled.
    pub(crate) fn compile(
        &self,
        component: &[u8],
        target: &CodeTarget,
        cancellation: &Cancellation,
    ) -> Result<Vec<u8>, Error> {
        let mut child =
            self.command(target).spawn().map_err(|error| self.unusable().with_source(error))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        cancellation.set_process(child);
        let (Some(mut input), Some(mut output), Some(errors)) = pipes else {
            return Err(self.unusable());
        };
        let (mut code, mut text) = (Vec::new(), Vec::new());
        let read = thread::scope(|scope| {
            // On a thread, as both would wait for each other. A process that ends early does not read
            // all; its status says why.
            scope.spawn(move || input.write_all(component));
            // Bounded: a plugin that has broken the compiler could write without end.
            scope.spawn(|| errors.take(TEXT).read_to_end(&mut text));
            output.read_to_end(&mut code)
        });
        let status = cancellation.wait_for_process().and_then(|status| read.map(|_| status));
        let status = status.map_err(|error| self.unusable().with_source(error))?;
        // Before the status is read: a process that was ended for this looks like one that the system
        // has ended for its memory, and the plugin would be blamed.
        if cancellation.is_cancelled() {
            return Err(Error::new(ErrorKind::Busy, "loading ended before it was compiled"));
        }
        if status.success() { Ok(code) } else { Err(self.failure(status, &text)) }
    }

    /// Builds the command. The process gets no environment, which may hold credentials of stores.
    fn command(&self, target: &CodeTarget) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(COMMAND)
            .args(["--memory", &self.limits.memory.get().to_string()])
            // Not 0: the system would end the process before it begins.
            .args(["--seconds", &self.limits.time.as_secs().max(1).to_string()])
            // Of the engine, which must be the same in both processes.
            .args(["--engine", &target.fingerprint])
            .args(["--processor", target.processor.as_str()])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn failure(&self, status: ExitStatus, text: &[u8]) -> Error {
        let rejected = |text: String| Error::new(ErrorKind::PluginRejected, text);
        let message = line(text);
        let byte = |status| Some(i32::from(status));
        let limits = &self.limits;
        if status.code() == byte(REFUSED) {
            let text = "is not valid WebAssembly, or uses a feature this host does not have";
            return rejected(text.to_owned()).with_source(message);
        }
        if status.code() == byte(OTHER_ENGINE) {
            let text = format!(
                "the compiler `{}` is another version of Cloakroom than this program: use the same",
                self.program.display()
            );
            return Error::new(ErrorKind::Config, text);
        }
        if status.code() == byte(NO_MEMORY) || message.contains("memory allocation") {
            let text = format!(
                "needs more than {} of memory to be compiled: raise the limit if this plugin is trusted",
                limits.memory
            );
            return rejected(text).with_remedies(&[Remedy::CodeMemory]);
        }
        // SIGXCPU, or SIGKILL at the hard limit.
        if matches!(status.signal(), Some(24 | 9)) {
            let text = format!(
                "its compilation was ended: it takes more than {:?} of processor time, or the system \
                 ended it",
                limits.time
            );
            return rejected(text).with_remedies(&[Remedy::CodeTime]);
        }
        rejected(format!("its compiler failed ({status})")).with_source(message)
    }

    fn unusable(&self) -> Error {
        let text = format!("cannot run `{}` to compile this plugin", self.program.display());
        Error::new(ErrorKind::Config, text)
    }
}

/// Returns the standard error of the process as one line. It may quote names that a plugin's author chose.
fn line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let clean = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(300).collect()
}
