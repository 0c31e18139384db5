//! Sizes that the request of a call may have: those of the configuration, and the real ones of its
//! namespace.

use std::time::Duration;

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Context};
use cloakroom_grpc::{Code, Status};
use cloakroom_wire::{Schema, View};
use http::HeaderValue;
use tokio::time::timeout;

use super::namespace_limits::{self, Limits};
use crate::exchange::{
    Exchange,
    call::{Call, DESCRIBE_NAMESPACE, SERVICE, rights::NAMESPACE},
    frontend::Frontend,
    proto::put_bytes,
};
use crate::limits::SizeLimits;

/// Size of a request up to which no limit of a namespace can matter.
const SMALL: usize = 4 << 10;

/// Time to ask for the limits of a namespace. The call waits, and goes on with the defaults.
const PATIENCE: Duration = Duration::from_secs(2);

/// Sizes that one request may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub(crate) limits: SizeLimits,
    /// Size from which its payloads are stored, if that is not the configured one.
    pub(crate) threshold: Option<ByteSize>,
}

impl Exchange {
    /// Returns the sizes that a request of this call may have. The limits of a namespace are asked for if
    /// they are not known yet: a server that allows less than the default would terminate the workflow.
    pub(crate) async fn allowance(
        &self,
        frontend: &impl Frontend,
        call: &Call<'_>,
        ctx: &Context,
        request: &[u8],
        memory: &CallMemory,
    ) -> Allowance {
        let limits = self.adapter.size_limits();
        let namespace = ctx.namespace_name().unwrap_or_default();
        let token = View::new(call.method.request, request).bytes("task_token");
        let task = token.and_then(|token| self.tokens.task(namespace, token));
        let threshold = self.histories.threshold(call, request, task.as_deref());
        if namespace.is_empty() {
            return Allowance { limits, threshold };
        }
        if request.len() > SMALL && self.namespace_limits.should_ask(namespace) {
            let asking = self.ask_for_limits(frontend, call, namespace, memory);
            if let Ok(Some(found)) = timeout(PATIENCE, asking).await {
                self.namespace_limits.learn(namespace, found);
            }
        }
        let known = self.namespace_limits.get(namespace);
        let limits = known.map_or(limits, |known| tighter(limits, known));
        Allowance { limits, threshold }
    }

    async fn ask_for_limits(
        &self,
        frontend: &impl Frontend,
        call: &Call<'_>,
        namespace: &str,
        memory: &CallMemory,
    ) -> Option<Limits> {
        let mut request = Vec::new();
        put_bytes(&mut request, 1, namespace.as_bytes());
        let asked =
            self.ask_for(frontend, DESCRIBE_NAMESPACE, call, namespace, request, memory).await;
        let answer = asked.inspect_err(|status| {
            let (code, error) = (status.code.as_str(), &status.message);
            tracing::warn!(
                target: "cloakroom::request", namespace, code, error,
                "the limits of the namespace are not known, and a server's defaults are kept to"
            );
        });
        let method = Schema::temporal().method(&format!("{SERVICE}{DESCRIBE_NAMESPACE}"))?;
        namespace_limits::limits(method.response, &answer.ok()?)
    }

    /// Makes a call of the gateway's own in this namespace, with the credentials of a caller.
    ///
    /// # Errors
    /// The frontend's status.
    pub(crate) async fn ask_for(
        &self,
        frontend: &impl Frontend,
        method: &str,
        call: &Call<'_>,
        namespace: &str,
        request: Vec<u8>,
        memory: &CallMemory,
    ) -> Result<Bytes, Status> {
        let mut headers = call.headers.clone();
        let name = HeaderValue::from_str(namespace)
            .map_err(|_| Status::new(Code::InvalidArgument, "the namespace is not valid"))?;
        // The credentials of a namespace are chosen by it.
        headers.insert(NAMESPACE, name);
        frontend.ask(method, &headers, request.into(), memory).await
    }
}

/// Returns limits that are no larger than those of a namespace.
fn tighter(mut limits: SizeLimits, known: Limits) -> SizeLimits {
    let tighten = |max: &mut i64, known: Option<u64>| {
        if let Some(known) = known.and_then(|known| i64::try_from(known).ok()) {
            *max = if *max <= 0 { known } else { known.min(*max) };
        }
    };
    tighten(&mut limits.field.max, known.blob);
    tighten(&mut limits.memo.max, known.memo);
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_a_namespace_only_lower_those_of_the_configuration() {
        let known = Limits { blob: Some(1 << 20), memo: Some(4 << 20) };
        let limits = tighter(SizeLimits::default(), known);
        assert_eq!((limits.field.max, limits.memo.max), (1 << 20, 2 << 20));
        let limits = tighter(SizeLimits::NONE, known);
        assert_eq!((limits.field.max, limits.memo.max), (1 << 20, 4 << 20));
        let none = Limits { blob: None, memo: None };
        assert_eq!(tighter(SizeLimits::default(), none), SizeLimits::default());
    }
}
