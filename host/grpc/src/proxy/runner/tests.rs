//! Tests of the task of a connection.

use std::{io, pin::Pin};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::oneshot,
    task,
};

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
            std::future::pending::<()>().await;
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

/// A stream that counts what is written to it.
#[derive(Clone, Default)]
struct Counted(Arc<Mutex<Vec<usize>>>);

impl AsyncWrite for Counted {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().unwrap().push(bytes.len());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn writes_of_one_round_leave_together() {
    let (runner, counted) = (Runner::default(), Counted::default());
    let mut outlet = runner.outlet(counted.clone());
    let connection = async move {
        for _ in 0..3 {
            outlet.write_all(&[7; 100]).await.unwrap();
            outlet.flush().await.unwrap();
        }
        task::yield_now().await;
        outlet.write_all(&[7; 50]).await.unwrap();
        outlet.shutdown().await.unwrap();
    };
    runner.run(connection).await;
    assert_eq!(*counted.0.lock().unwrap(), [300, 50]);
}

#[tokio::test]
async fn a_writer_waits_for_a_slow_reader() {
    let runner = Runner::default();
    let (near, mut far) = tokio::io::duplex(1000);
    let mut outlet = runner.outlet(near);
    let sent: Vec<u8> = (0..1_000_000_u32).map(|number| number as u8).collect();
    let expect = sent.clone();
    let reader = tokio::spawn(async move {
        let mut read = Vec::new();
        far.read_to_end(&mut read).await.unwrap();
        read
    });
    let connection = async move {
        outlet.write_all(&sent).await.unwrap();
        outlet.shutdown().await.unwrap();
    };
    runner.run(connection).await;
    assert!(reader.await.unwrap() == expect);
}

#[tokio::test]
async fn a_broken_socket_tells_the_writer() {
    let runner = Runner::default();
    let (near, far) = tokio::io::duplex(1000);
    let mut outlet = runner.outlet(near);
    drop(far);
    let connection = async move {
        let mut written = 0;
        while outlet.write_all(&[7; 100]).await.is_ok() {
            written += 1;
            task::yield_now().await;
        }
        written
    };
    assert_eq!(runner.run(connection).await, Some(1));
}
