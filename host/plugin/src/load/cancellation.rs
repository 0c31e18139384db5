//! Cancellation of compilations.

use std::{
    io,
    process::{Child, ExitStatus},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Cancellation of a compilation. It ends the compiler process, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Cancellation(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    child: Option<Child>,
}

impl Cancellation {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the process that compiles, or the one that would start next.
    pub(super) fn cancel(&self) {
        let mut state = self.state();
        state.cancelled = true;
        kill(&mut state);
    }

    /// Takes the process over.
    pub(super) fn set_process(&self, child: Child) {
        let mut state = self.state();
        state.child = Some(child);
        // Cancelled between its start and now, when nobody else could end it.
        if state.cancelled {
            kill(&mut state);
        }
    }

    /// Waits for the process, which has closed its output.
    pub(super) fn wait_for_process(&self) -> io::Result<ExitStatus> {
        // Out of the lock, which `cancel` takes. It is not missed: the process has closed its output,
        // and only its exit is left.
        let child = self.state().child.take();
        child.map_or(Err(io::ErrorKind::NotFound.into()), |mut child| child.wait())
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }
}

fn kill(state: &mut State) {
    if let Some(child) = &mut state.child {
        // It may have ended by itself.
        let _ = child.kill();
    }
}
