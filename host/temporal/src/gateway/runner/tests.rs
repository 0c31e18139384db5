//! Tests of the task of a connection.

use tokio::{sync::oneshot, task};

use super::*;

#[tokio::test]
async fn a_connection_runs_with_what_it_starts() {
    let (runner, (sender, receiver)) = (Runner::default(), oneshot::channel());
    let own = task::try_id();
    let inner = runner.clone();
    let connection = async move {
        let again = inner.clone();
        inner.execute(async move {
            again.execute(async move { sender.send(task::try_id()).unwrap() });
            // It waits for ever, and ends with the connection.
            std::future::pending().await
        });
        assert_eq!(receiver.await.unwrap(), own);
    };
    runner.run(connection).await;
}

#[tokio::test]
async fn wakes_from_other_threads_arrive() {
    let (runner, (sender, receiver)) = (Runner::default(), oneshot::channel());
    let inner = runner.clone();
    let connection = async move {
        std::thread::spawn(move || {
            for _ in 0..1000 {
                inner.execute(task::yield_now());
            }
            inner.execute(async move { sender.send(()).unwrap() });
        });
        receiver.await.unwrap();
    };
    runner.run(connection).await;
}

#[tokio::test]
async fn a_part_leaves_for_a_task_of_its_own() {
    let (runner, (sender, receiver)) = (Runner::default(), oneshot::channel());
    let inner = runner.clone();
    let connection = async move {
        inner.execute(async move {
            let here = task::try_id();
            leave().await;
            let there = task::try_id();
            // Nothing happens in a task of its own.
            leave().await;
            sender.send((here, there, task::try_id())).unwrap();
        });
        let (here, there, last) = receiver.await.unwrap();
        assert_eq!(here, task::try_id());
        assert_ne!(there, here);
        assert_eq!(last, there);
    };
    runner.run(connection).await;
}

#[tokio::test]
async fn nothing_outlives_the_connection() {
    let (runner, held) = (Runner::default(), Arc::new(()));
    let (inner, one, other) = (runner.clone(), held.clone(), held.clone());
    let hold = |held: Arc<()>| async move {
        std::future::pending::<()>().await;
        drop(held);
    };
    let connection = async move {
        inner.execute(hold(one));
        task::yield_now().await;
        // Not even what it never took.
        inner.execute(hold(other));
    };
    runner.clone().run(connection).await;
    runner.execute(hold(held.clone()));
    assert_eq!(Arc::strong_count(&held), 1);
}
