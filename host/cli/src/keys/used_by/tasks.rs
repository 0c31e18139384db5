//! Payloads that are read, a few at a time.

use cloakroom::{Context, Payload};
use tokio::task::JoinSet;

use super::{
    evidence::{Evidence, Sighting},
    reader::KeyReader,
    uses::Uses,
};
use crate::failure::Failure;

/// Payloads that are opened concurrently, and so in memory.
const AT_ONCE: usize = 8;

/// Payloads that are read, and the evidence so far.
pub(super) struct Tasks {
    pub(super) reader: KeyReader,
    pub(super) evidence: Evidence,
    running: JoinSet<(Sighting, Uses)>,
}

impl Tasks {
    pub(super) fn new(reader: KeyReader) -> Self {
        Self { reader, evidence: Evidence::default(), running: JoinSet::new() }
    }

    /// Starts to read a payload, once there is room.
    ///
    /// # Errors
    /// If a task panicked.
    pub(super) async fn start(
        &mut self,
        ctx: Context,
        sighting: Sighting,
        payload: Payload,
    ) -> Result<(), Failure> {
        while self.running.len() >= AT_ONCE {
            self.join().await?;
        }
        let reader = self.reader.clone();
        self.running.spawn(async move { (sighting, reader.read(&ctx, payload).await) });
        Ok(())
    }

    /// Waits for all that was started.
    ///
    /// # Errors
    /// If a task panicked.
    pub(super) async fn settle(&mut self) -> Result<(), Failure> {
        while self.join().await? {}
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<Evidence, Failure> {
        self.settle().await?;
        Ok(self.evidence)
    }

    async fn join(&mut self) -> Result<bool, Failure> {
        let Some(joined) = self.running.join_next().await else { return Ok(false) };
        let (sighting, uses) = joined.map_err(Failure::operation)?;
        self.evidence.add(&sighting, uses);
        Ok(true)
    }
}
