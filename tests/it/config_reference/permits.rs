//! The documented numbers of objects in transfer, by a driver that counts them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use cloakroom::{
    BoxFuture, ByteSize, CloakroomBuilder, Context, Driver, Error,
    bytes::Bytes,
    storage::{Claim, Object},
};
use cloakroom_tests::{chain, compile_cache, plain, wait_until};
use tokio::sync::Semaphore;

use super::{default, page, tables, write};

/// A driver that stores nothing before its gate is opened, and counts who waits there.
struct Gate {
    waiting: AtomicUsize,
    most: AtomicUsize,
    open: Semaphore,
}

impl Driver for Gate {
    fn kind(&self) -> &str {
        "gate"
    }

    fn store<'a>(&'a self, _: &'a Context, object: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move {
            let waiting = 1 + self.waiting.fetch_add(1, Ordering::Relaxed);
            self.most.fetch_max(waiting, Ordering::Relaxed);
            let _ = self.open.acquire().await;
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            let digest = hex::encode(object.sha256());
            let entries = [("hash_algorithm", "sha256".to_owned()), ("hash_value", digest)];
            Ok(entries.map(|(name, value)| (name.to_owned(), value)).into())
        })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Claim,
        _: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async { Ok(Bytes::new()) })
    }
}

/// As many objects are in transfer as the reference says, of one call and of all.
#[tokio::test(flavor = "multi_thread")]
async fn the_documented_permits_are_the_codes() {
    let tables = tables(&page("configuration.md"), "key");
    let documented =
        |key: &str| -> usize { default(&tables["[storage]"][key]).unwrap().parse().unwrap() };
    let (of_a_call, of_all) = (documented("permits_of_a_call"), documented("permits"));
    let gate = Arc::new(Gate {
        waiting: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
        open: Semaphore::new(0),
    });
    let text =
        "[storage]\nthreshold = \"0B\"\n[[storage.driver]]\nname = \"d\"\nplugin = \"native:gate\"";
    let folder = tempfile::tempdir().unwrap();
    let file = CloakroomBuilder::file(write(folder.path(), text)).cache(compile_cache());
    let cloakroom = file.driver("gate", gate.clone()).open().await.unwrap();
    let call = |number: usize| {
        let cloakroom = cloakroom.clone();
        let batch = (0..2 * of_a_call).map(|slot| plain(format!("{number} {slot}"))).collect();
        tokio::spawn(async move { cloakroom.encode(&Context::none(), batch).await })
    };
    let waiting = || gate.waiting.load(Ordering::Relaxed);
    let mut calls = vec![call(0)];
    wait_until("one call stores as many as it may", || waiting() == of_a_call).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(gate.most.load(Ordering::Relaxed), of_a_call);
    calls.extend((1..2 * of_all / of_a_call).map(call));
    wait_until("all calls store as many as they may", || waiting() == of_all).await;
    gate.open.add_permits(Semaphore::MAX_PERMITS / 2);
    for call in calls {
        call.await.unwrap().map_err(|error| chain(&error)).unwrap();
    }
    assert_eq!(gate.most.load(Ordering::Relaxed), of_all);
}
