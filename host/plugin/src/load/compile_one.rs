//! A compiler in a process of its own, as it sees itself.

use std::io::{self, Read as _, Write as _};

use cloakroom_core::ByteSize;
use rustix::process::{Resource, Rlimit, setrlimit};
use wasmtime::{Engine, OutOfMemory};

use crate::load::{
    compile_cache::fingerprint,
    compiler_process::{NO_MEMORY, OTHER_ENGINE, REFUSED},
    engine,
};

/// A component to be compiled in this process, and no other work.
#[derive(Clone, Debug)]
pub struct CompileOne {
    /// Memory that this process may use.
    pub memory: ByteSize,
    /// Processor time that this process may use.
    pub seconds: u64,
    /// The engine that the code is for, as the process that asks for it knows it.
    pub engine: String,
}

impl CompileOne {
    /// Compiles a component from standard input to standard output, within limits that hold for the
    /// whole process from now on. Returns the status to exit with: the host that started the process
    /// knows what it means.
    pub fn run(&self) -> u8 {
        match self.compile() {
            Ok(()) => 0,
            Err((status, text)) => {
                // The status tells, too.
                let _ = writeln!(io::stderr(), "{text}");
                status
            }
        }
    }

    fn compile(&self) -> Result<(), (u8, String)> {
        let failed = |error: &dyn std::fmt::Display| (1, error.to_string());
        let engine = engine::compiling().map_err(|error| failed(&error))?;
        if fingerprint(&engine) != self.engine {
            return Err((OTHER_ENGINE, "another engine".to_owned()));
        }
        self.confine().map_err(|error| failed(&error))?;
        let mut component = Vec::new();
        io::stdin().lock().read_to_end(&mut component).map_err(|error| failed(&error))?;
        let code = precompile(&engine, &component).map_err(|error| {
            let status = if error.is::<OutOfMemory>() { NO_MEMORY } else { REFUSED };
            (status, format!("{error:#}"))
        })?;
        io::stdout().lock().write_all(&code).map_err(|error| failed(&error))
    }

    /// Takes from this process what compiling does not need, so that a plugin that breaks the compiler
    /// has little.
    fn confine(&self) -> io::Result<()> {
        let at = |most| Rlimit { current: Some(most), maximum: Some(most) };
        // Writable memory. Address space would count what threads only reserve.
        #[cfg(target_os = "linux")]
        setrlimit(Resource::Data, at(self.memory.get()))?;
        #[cfg(not(target_os = "linux"))]
        setrlimit(Resource::As, at(self.memory.get()))?;
        let (soft, hard) = (self.seconds, self.seconds.saturating_add(1));
        setrlimit(Resource::Cpu, Rlimit { current: Some(soft), maximum: Some(hard) })?;
        setrlimit(Resource::Core, at(0))?;
        setrlimit(Resource::Fsize, at(0))?;
        // No file can be opened besides those that are.
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
