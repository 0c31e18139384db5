//! Compiler in a process of its own, as that process sees itself.

use std::io::{self, Read as _, Write as _};

use cloakroom_core::ByteSize;
use rustix::process::{Resource, Rlimit, setrlimit};
use wasmtime::{Engine, OutOfMemory};

use super::{
    code_target::CodeTarget,
    compiler_process::{NO_MEMORY, OTHER_ENGINE, REFUSED},
    processor::Processor,
};

/// Work of a compiler process: one component.
#[derive(Clone, Debug)]
pub struct CompileWorker {
    memory: ByteSize,
    seconds: u64,
    engine: String,
    processor: Processor,
}

impl CompileWorker {
    /// Returns the work of a process that may use `memory` and `seconds` of processor time. `engine` is the
    /// fingerprint of the engine that the code is for, from the process that asks for it, and `processor`
    /// what that engine compiles for.
    #[must_use]
    pub fn new(memory: ByteSize, seconds: u64, engine: String, processor: Processor) -> Self {
        Self { memory, seconds, engine, processor }
    }

    /// Compiles a component from standard input to standard output, within limits that apply to the whole
    /// process from then on. Returns the exit status, which the host that started the process
    /// understands.
    #[must_use]
    pub fn run(&self) -> u8 {
        match self.compile() {
            Ok(()) => 0,
            Err((status, text)) => {
                // The status says enough if nobody reads this.
                let _ = writeln!(io::stderr(), "{text}");
                status
            }
        }
    }

    fn compile(&self) -> Result<(), (u8, String)> {
        let failed = |error: &dyn std::fmt::Display| (1, error.to_string());
        let target = CodeTarget::of(self.processor).map_err(|error| failed(&error))?;
        if target.fingerprint != self.engine {
            return Err((OTHER_ENGINE, "another engine".to_owned()));
        }
        // Before the component is read: from then on the process is in its author's hands. After the engine is
        // made, which reads what it needs of the system.
        self.confine().map_err(|error| failed(&error))?;
        let mut component = Vec::new();
        io::stdin().lock().read_to_end(&mut component).map_err(|error| failed(&error))?;
        let code = precompile(&target.engine, &component).map_err(|error| {
            let status = if error.is::<OutOfMemory>() { NO_MEMORY } else { REFUSED };
            (status, format!("{error:#}"))
        })?;
        io::stdout().lock().write_all(&code).map_err(|error| failed(&error))
    }

    /// Takes from this process what compiling does not need: a plugin that exploits a bug of the compiler
    /// gets little.
    fn confine(&self) -> io::Result<()> {
        let at = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
        // Writable memory: a limit on address space would count what threads only reserve.
        #[cfg(target_os = "linux")]
        setrlimit(Resource::Data, at(self.memory.get()))?;
        #[cfg(not(target_os = "linux"))]
        setrlimit(Resource::As, at(self.memory.get()))?;
        let (soft, hard) = (self.seconds, self.seconds.saturating_add(1));
        setrlimit(Resource::Cpu, Rlimit { current: Some(soft), maximum: Some(hard) })?;
        setrlimit(Resource::Core, at(0))?;
        setrlimit(Resource::Fsize, at(0))?;
        // No file or socket can be opened besides the three that are open.
        setrlimit(Resource::Nofile, at(3))?;
        Ok(())
    }
}

#[cfg(feature = "compiler")]
fn precompile(engine: &Engine, component: &[u8]) -> wasmtime::Result<Vec<u8>> {
    engine.precompile_component(component)
}

#[cfg(not(feature = "compiler"))]
fn precompile(_: &Engine, _: &[u8]) -> wasmtime::Result<Vec<u8>> {
    Err(wasmtime::Error::msg("this build has no compiler"))
}
