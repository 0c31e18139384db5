//! A gateway that ends while calls are open.

use super::{
    frontend::{Frontend, Reaction},
    *,
};
use crate::worker::until;

/// The call that the frontend still works on is answered, and nobody new is let in.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_ends_after_its_open_calls() {
    let folder = tempfile::tempdir().unwrap();
    let frontend = Frontend::reacting(None, |call, _| match &*call.method {
        "CountWorkflowExecutions" => Reaction::Hold,
        _ => Reaction::Answer,
    });
    let frontend = frontend.await;
    let table = format!("[gateway.temporal]\nupstream = \"http://{}\"\n", frontend.address);
    let gateway = Served::start(&opened(folder.path(), &table).await).await;
    let url = gateway.url();
    let caller = Connection::connect(at(&url)).await.unwrap();
    let ends = async {
        let asked = async || {
            let asked = frontend.seen("CountWorkflowExecutions").len();
            if asked == 1 { Ok(()) } else { Err("no call is open") }
        };
        until(asked).await;
        let ending = tokio::spawn(gateway.end());
        let closed = async || match Connection::connect(at(&url)).await {
            Ok(_) => Err("somebody new was let in"),
            Err(_) => Ok(()),
        };
        until(closed).await;
        assert!(!ending.is_finished(), "it ended before its call");
        frontend.release();
        ending.await.unwrap();
    };
    let (counted, ()) = tokio::join!(count(&caller, "shop"), ends);
    counted.unwrap();
}
