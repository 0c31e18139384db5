//! Swap of a configuration for another while calls are in flight.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use cloakroom_core::{Error, ErrorKind};
use tokio::sync::watch;

use crate::{
    Cloakroom, CloakroomBuilder, generation::Generation, key_facts, reading::Reading, reload_metric,
};

/// Reloads by number, of which the newest wins.
pub(crate) struct Reloads {
    newest: watch::Sender<u64>,
    /// Held while a reload swaps something in: no older one does so after a newer one.
    swapping: Mutex<()>,
    #[cfg(feature = "codec-server")]
    pub(crate) listener: Mutex<Option<crate::codec_server::Listener>>,
}

impl Default for Reloads {
    fn default() -> Self {
        Self {
            newest: watch::Sender::new(0),
            swapping: Mutex::default(),
            #[cfg(feature = "codec-server")]
            listener: Mutex::default(),
        }
    }
}

impl Reloads {
    /// Begins a reload and ends those that are under way.
    fn begin(&self) -> u64 {
        let mut number = 0;
        self.newest.send_modify(|newest| {
            *newest += 1;
            number = *newest;
        });
        number
    }

    /// Awaits a reload's work, unless a newer one begins meanwhile.
    async fn unless_newer<T>(
        &self,
        number: u64,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut newest = self.newest.subscribe();
        tokio::select! {
            biased;
            _ = newest.wait_for(|newest| *newest != number) => Err(superseded()),
            done = work => done,
        }
    }

    /// Swaps something in, unless a newer reload has begun.
    pub(crate) fn swap_in<T>(&self, number: u64, swap: impl FnOnce() -> T) -> Result<T, Error> {
        let _swapping = self.swapping.lock().unwrap_or_else(PoisonError::into_inner);
        if *self.newest.borrow() == number { Ok(swap()) } else { Err(superseded()) }
    }
}

fn superseded() -> Error {
    let text = "a newer reload began before this one ended, and took its place";
    Error::new(ErrorKind::Busy, text)
}

impl Cloakroom {
    /// Reads the configuration again, loads and checks all of it by the side, and swaps it in. Calls
    /// in flight finish on the old one.
    ///
    /// A reload ends after `limits.load` at the latest. A newer one ends it sooner: then this returns
    /// `Busy`. Dropping the future ends it too, and nothing was changed.
    ///
    /// # Errors
    /// As [`Cloakroom::open`]. Then the old configuration goes on serving.
    pub async fn reload(&self) -> Result<(), Error> {
        let opening = self.opening();
        self.replace(opening).await
    }

    /// Swaps in another configuration, as [`Cloakroom::reload`] does. A host that was shared at
    /// opening stays, unless `opening` brings another.
    ///
    /// # Errors
    /// As [`Cloakroom::open`]. Then the old configuration goes on serving.
    pub async fn replace(&self, opening: CloakroomBuilder) -> Result<(), Error> {
        let number = self.reloads().begin();
        let replacing = self.reloads().unless_newer(number, self.load_and_swap(number, opening));
        let replaced = replacing.await;
        // A reload that a newer one ended says nothing of the file.
        if *self.reloads().newest.borrow() == number {
            reload_metric::record_reload(replaced.is_ok());
        }
        replaced
    }

    async fn load_and_swap(&self, number: u64, mut opening: CloakroomBuilder) -> Result<(), Error> {
        let began = Instant::now();
        opening.host = opening.host.or_else(|| self.opening().host);
        let before = self.current();
        let reading = Reading::of(&opening, before.host.limits().load).await?;
        // Before plugins are loaded, which may take long or fail.
        #[cfg(feature = "codec-server")]
        self.tell_codec_server(number, &reading).await?;
        let next =
            Generation::load(&opening, reading, began, self.buckets(), Some(&before)).await?;
        next.inventory.warn();
        self.reloads().swap_in(number, || {
            key_facts::record(&next.keys, &before.keys);
            self.put(Arc::new(next), opening);
        })?;
        drop(before);
        self.buckets().tidy();
        Ok(())
    }
}
