//! Tests of concurrent work.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use cloakroom_core::ErrorKind;

use super::*;

#[derive(Default)]
struct Alive {
    now: AtomicUsize,
    most: AtomicUsize,
}

struct One(Arc<Alive>);

impl One {
    fn begin(alive: &Arc<Alive>) -> Self {
        alive.most.fetch_max(alive.now.fetch_add(1, SeqCst) + 1, SeqCst);
        Self(alive.clone())
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_batch_has_few_tasks_and_keeps_its_order() {
    let alive = Arc::new(Alive::default());
    let work = |item: usize| {
        if item.is_multiple_of(3) {
            return Step::Done(item);
        }
        let one = One::begin(&alive);
        Step::run(async move {
            tokio::task::yield_now().await;
            drop(one);
            Ok(item)
        })
    };
    let results = run_each(7, (0..50_000).collect(), work).await.unwrap();
    assert!(results.into_iter().eq(0..50_000));
    assert_eq!((alive.now.load(SeqCst), alive.most.load(SeqCst)), (0, 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_drops_what_the_others_hold_before_it_is_returned() {
    let alive = Arc::new(Alive::default());
    let work = |item: usize| {
        let one = One::begin(&alive);
        Step::run(async move {
            if item == 3 {
                // Not before the others have begun.
                tokio::task::yield_now().await;
                return Err(Error::new(ErrorKind::Busy, "enough"));
            }
            std::future::pending::<()>().await;
            drop(one);
            Ok(())
        })
    };
    let error = run_each(8, (0..100).collect(), work).await.unwrap_err();
    assert_eq!((error.kind(), alive.now.load(SeqCst)), (ErrorKind::Busy, 0));
    assert_eq!(alive.most.load(SeqCst), 8);
}

/// Once the batch has used its time in the caller's task, items share tasks. Those that wait get their own.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_takes_long_is_spread_and_keeps_its_order() {
    let began = std::time::Instant::now();
    let work = |item: usize| {
        Step::run(async move {
            while item == 0 && began.elapsed() < spread::CALLER {
                std::hint::spin_loop();
            }
            if item.is_multiple_of(5) {
                tokio::task::yield_now().await;
            }
            Ok((item, tokio::task::try_id()))
        })
    };
    let results = run_each(40, (0..200).collect(), work).await.unwrap();
    assert!(results.iter().map(|(item, _)| *item).eq(0..200));
    assert!(results.iter().skip(1).all(|(_, task)| task.is_some()), "in the caller's task");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_in_a_task_of_several_items_is_the_batchs() {
    let (began, alive) = (std::time::Instant::now(), Arc::new(Alive::default()));
    let work = |item: usize| {
        let one = One::begin(&alive);
        Step::run(async move {
            while item == 0 && began.elapsed() < spread::CALLER {
                std::hint::spin_loop();
            }
            drop(one);
            if item == 20 { Err(Error::new(ErrorKind::Busy, "enough")) } else { Ok(()) }
        })
    };
    let error = run_each(64, (0..64).collect(), work).await.unwrap_err();
    assert_eq!((error.kind(), alive.now.load(SeqCst)), (ErrorKind::Busy, 0));
}

#[tokio::test]
async fn a_panic_becomes_an_error_without_its_message() {
    let error = catch_panic::<()>("the codec", async { panic!("canary") }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().starts_with("the codec panicked"), "{error}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}
