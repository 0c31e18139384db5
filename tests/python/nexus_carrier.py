"""Operations of Nexus for `sdks.py`, as a worker on Temporal's SDK for Python offers them."""

import nexusrpc
from nexusrpc.handler import StartOperationContext, service_handler, sync_operation
from temporalio.nexus import WorkflowHandle, WorkflowRunOperationContext, workflow_run_operation


def canary_Hk3vW9tB_stack_R7yNq2Lm_trace(made, text, **kind):
    raise made(f"cannot carry {text[:100]}", **kind)


@service_handler(name="carrier")
class Carrier:
    """One operation answers at once, one runs a workflow, one fails, and one is refused."""

    @sync_operation
    async def nexus_sync(self, ctx: StartOperationContext, text: str) -> str:
        return text

    @workflow_run_operation
    async def nexus_run(self, ctx: WorkflowRunOperationContext, text: str) -> WorkflowHandle[str]:
        order = {"way": "start", "parcel": text}
        return await ctx.start_workflow("Courier", order, id=f"nexus-{ctx.request_id}", result_type=str)

    @sync_operation
    async def nexus_fail(self, ctx: StartOperationContext, text: str) -> str:
        state = nexusrpc.OperationErrorState.FAILED
        return canary_Hk3vW9tB_stack_R7yNq2Lm_trace(nexusrpc.OperationError, text, state=state)

    @sync_operation
    async def nexus_refuse(self, ctx: StartOperationContext, text: str) -> str:
        kind = nexusrpc.HandlerErrorType.BAD_REQUEST
        return canary_Hk3vW9tB_stack_R7yNq2Lm_trace(nexusrpc.HandlerError, text, type=kind)
