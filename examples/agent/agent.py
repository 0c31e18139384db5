"""Two workflows on Temporal's SDK for Python. Nothing in them knows of Cloakroom.

`Agent` answers a question in a long conversation: its model asks for a tool a hundred times. A model keeps nothing,
so each call gets the whole conversation again, with all that was said since.
`Fan` hands twenty pages of a document to twenty activities at once.
"""

import asyncio
import os
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from prose import WORDS, text

CALLS, PAGES = 100, 20

# Of bytes: for a quick look, all sizes and the server's limit may be a part of what they are.
PART = int(os.environ.get("AGENT_PART", "1"))

# Bytes of a conversation of 105,000 tokens, of what a tool returns, and of a page.
CONVERSATION, TOOL_OUTPUT, PAGE = 412_000 // PART, 5_000 // PART, 250_000

ONCE = {
    "start_to_close_timeout": timedelta(seconds=60),
    # A failure that is retried for ever would hide the reason.
    "retry_policy": RetryPolicy(maximum_attempts=3),
}

# Activities.

calls = 0


@activity.defn
async def call_model(messages: list[dict]) -> dict:
    """Stands for a language model: it asks for a tool until it was called often enough."""
    global calls
    calls += 1
    said = sum(message["role"] == "tool" for message in messages)
    if said + 1 < CALLS:
        return {"role": "assistant", "content": f"search for {WORDS[said]}"}
    return {"role": "assistant", "content": "the answer"}


@activity.defn
async def call_model_with(conversation: list[dict], turn: list[dict]) -> dict:
    """The same, and what was said before this turn is an argument of its own."""
    return await call_model(conversation + turn)


@activity.defn
async def search(query: str) -> str:
    return text(query, TOOL_OUTPUT)


@activity.defn
async def read_page(page: str) -> int:
    return len(page)


# Workflows.


@workflow.defn
class Agent:
    def __init__(self):
        self.turn = []

    @workflow.run
    async def run(self, conversation: list[dict], way: str) -> str:
        while True:
            if way == "whole":
                said = await workflow.execute_activity(call_model, conversation + self.turn, **ONCE)
            else:
                said = await workflow.execute_activity(call_model_with, args=[conversation, self.turn], **ONCE)
            self.turn.append(said)
            if not said["content"].startswith("search"):
                return said["content"]
            found = await workflow.execute_activity(search, said["content"], **ONCE)
            self.turn.append({"role": "tool", "content": found})

    @workflow.query
    def said(self) -> int:
        return len(self.turn)


@workflow.defn
class Fan:
    @workflow.run
    async def run(self, pages: int) -> int:
        document = [text(page, PAGE) for page in range(pages)]
        read = [workflow.execute_activity(read_page, page, **ONCE) for page in document]
        return sum(await asyncio.gather(*read))
