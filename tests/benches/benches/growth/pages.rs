//! Growth with the number of payloads in a page of a history.

use futures::{FutureExt as _, future::LocalBoxFuture};
use http::HeaderMap;
use prost::Message as _;
use temporalio_client::{
    callback_based::{CallbackBasedGrpcService, GrpcRequest},
    tonic::transport::Channel,
};
use temporalio_protos::temporal::api::{
    common::v1::WorkflowExecution,
    workflowservice::v1::{GetSystemInfoRequest, GetWorkflowExecutionHistoryRequest},
};

use crate::{
    axis::{self, Axis, Prepared},
    configuration::{SEALING, warm},
    frontend,
    meter::{Costs, Meter},
    process::Server,
};

/// Limit that 100,000 payloads in one page need: by default a call has at most 16,384.
const LIMITS: &str = "[limits]\npayloads = 200000\n";

pub(crate) fn axis() -> Axis {
    let prepare = |payloads| {
        let server = Server::frontend(payloads);
        Prepared { argument: server.address.clone(), _kept: Some(Box::new(server)) }
    };
    Axis {
        title: "payloads in a page of a history",
        size: "payloads of 24 bytes, decoded",
        first: None,
        sizes: &[1, 10, 100, 1000, 10_000, 100_000],
        show: axis::count,
        prepare: Box::new(prepare),
        measure,
    }
}

fn measure(payloads: usize, address: String) -> LocalBoxFuture<'static, Costs> {
    async move {
        let cloakroom = warm(SEALING.to_owned() + LIMITS).await;
        let channel = Channel::from_shared(address).expect("a URL").connect_lazy();
        let hook = cloakroom.temporal_connection().into_service(channel);
        // Connects.
        ask(&hook, "GetSystemInfo", GetSystemInfoRequest::default().encode_to_vec()).await;
        let meter = Meter::start();
        let turn = async || {
            let page = ask(&hook, frontend::METHOD, request()).await;
            frontend::check(&page, payloads);
        };
        meter.repeat(0.0, turn).await
    }
    .boxed_local()
}

fn request() -> Vec<u8> {
    let execution = WorkflowExecution { workflow_id: "bench".into(), run_id: frontend::RUN.into() };
    let execution = Some(execution);
    let namespace = frontend::NAMESPACE.into();
    let request = GetWorkflowExecutionHistoryRequest { namespace, execution, ..Default::default() };
    request.encode_to_vec()
}

/// Sends a request as the SDK does. Returns the answer.
async fn ask(hook: &CallbackBasedGrpcService, rpc: &str, request: Vec<u8>) -> Vec<u8> {
    let request = GrpcRequest {
        service: frontend::SERVICE.to_owned(),
        rpc: rpc.to_owned(),
        headers: HeaderMap::new(),
        proto: request.into(),
    };
    (hook.callback)(request).await.expect("an answer").proto
}
