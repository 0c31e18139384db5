"""Runs the workflows of `agent.py` with and without the gateway: `cargo xtask agent`.

Each way has a server, a worker and, if it has one, a gateway of its own. Nothing is left of them.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.worker import Worker

# The modules beside this file leave nothing in its folder.
sys.dont_write_bytecode = True

import agent  # noqa: E402
import prose  # noqa: E402

# Title, whether the gateway is there, workflow, its arguments, and from this on it fails.
WAYS = {
    "agent": ("agent", False, agent.Agent, "whole"),
    "agent-gateway": ("agent, gateway", True, agent.Agent, "whole"),
    "agent-split": ("agent that sends new turns apart, gateway", True, agent.Agent, "apart"),
    "fan": ("fan-out", False, agent.Fan, None),
    "fan-gateway": ("fan-out, gateway", True, agent.Fan, None),
}
QUEUE, PATIENCE = "agents", 60

# A server's own limit of a history, in bytes.
HISTORY = 50 << 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, folder, log):
    with open(folder / log, "wb") as output:
        child = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        child.terminate()
        child.wait()


@contextlib.contextmanager
def temporal(folder):
    """Temporal's development server."""
    port, program = free_port(), os.environ.get("CLOAKROOM_TEMPORAL", "temporal")
    options = ["--headless", "--log-level", "error", "--ip", "127.0.0.1", "--db-filename", str(folder / "database")]
    options += ["--dynamic-config-value", f"limit.historySize.error={HISTORY // agent.PART}"]
    with running([program, "server", "start-dev", "--port", str(port), *options], folder, "server.log"):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def gateway(folder, upstream):
    """The gateway before the server, with `cloakroom.toml`."""
    config = Path(__file__).with_name("cloakroom.toml").read_text()
    config = config.replace('"32KiB"', f'"{32 // agent.PART}KiB"')
    (folder / "cloakroom.toml").write_text(config.replace("127.0.0.1:7233", upstream))
    (folder / "agents.key").touch(mode=0o600)
    (folder / "agents.key").write_bytes(secrets.token_bytes(32))
    program, address = os.environ.get("CLOAKROOM", "cloakroom"), f"127.0.0.1:{free_port()}"
    command = [program, "gateway", "temporal", "--config", "cloakroom.toml", "--listen", address]
    with running(command, folder, "gateway.log"):
        yield address


async def connect(address):
    """A client, once the server serves: it listens before it knows its namespace."""
    # The SDK warns of every payload of 512 KiB and more, before the gateway sees it.
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    runtime = Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors)))
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            client = await Client.connect(address, runtime=runtime)
            await client.count_workflows()
            return client
        except Exception:
            if time.monotonic() > ends:
                raise
        await asyncio.sleep(0.1)


def worker(client, **options):
    activities = [agent.call_model, agent.call_model_with, agent.search, agent.read_page]
    return Worker(client, task_queue=QUEUE, workflows=[agent.Agent, agent.Fan], activities=activities, **options)


async def run(client, workflow, way):
    """Runs a workflow, and says what the server says of it."""
    agent.calls, began = 0, time.monotonic()
    if way is None:
        args = [agent.PAGES]
        # Made here once: the SDK gives the code of a workflow two seconds.
        for page in range(agent.PAGES):
            prose.text(page, agent.PAGE)
    else:
        args = [conversation(), way]
    async with worker(client):
        handle = await client.start_workflow(workflow.run, args=args, id="story", task_queue=QUEUE)
        why = None
        try:
            await handle.result()
        except WorkflowFailureError as error:
            why = str(error.cause)
        seconds = time.monotonic() - began
    told = await handle.describe()
    row = {
        "finished": told.status == WorkflowExecutionStatus.COMPLETED,
        "status": told.status.name.capitalize(),
        "why": why,
        "seconds": round(seconds, 1),
        "calls": agent.calls,
        "history_bytes": told.raw_description.workflow_execution_info.history_size_bytes,
        "events": told.history_length,
    }
    return handle, row


async def replay(client, handle):
    """Seconds that another worker takes to know where the agent stands."""
    async with worker(client, max_cached_workflows=0):
        began = time.monotonic()
        await handle.query(agent.Agent.said)
        return round(time.monotonic() - began, 2)


def conversation():
    """What was said before this question."""
    return [{"role": "user", "content": prose.text("before", agent.CONVERSATION)}]


async def take(way, folder):
    title, through, workflow, kind = WAYS[way]
    with contextlib.ExitStack() as servers:
        address = servers.enter_context(temporal(folder))
        if through:
            # The gateway needs no server to start, and its callers need one to connect.
            address = servers.enter_context(gateway(folder, address))
        client = await connect(address)
        handle, row = await run(client, workflow, kind)
        stored = [file.stat().st_size for file in folder.glob("objects/**/*") if file.is_file()]
        if row["finished"] and workflow is agent.Agent:
            row["replay_seconds"] = await replay(client, handle)
    return {"way": way, "title": title, **row, "objects": len(stored), "object_bytes": sum(stored)}


def table(rows):
    head = ["way", "finishes?", "model calls", "history, bytes", "events", "in the store", "replay"]
    cells = [head, ["---"] * len(head)]
    for row in rows:
        ends = f"yes, {row['seconds']} s" if row["finished"] else f"no: {row['why']}"
        objects = f"{row['objects']} objects, {row['object_bytes'] / 1e6:.1f} MB" if row["objects"] else "-"
        replayed = f"{row['replay_seconds']} s" if "replay_seconds" in row else "-"
        counts = [str(row["calls"] or "-"), f"{row['history_bytes']:,}", str(row["events"])]
        cells.append([row["title"], ends, *counts, objects, replayed])
    widths = [max(map(len, column)) for column in zip(*cells)]
    for cell in cells:
        print("| " + " | ".join(text.ljust(width) for text, width in zip(cell, widths)) + " |")


async def main():
    parser = argparse.ArgumentParser(prog="agent", description="Runs an agent and a fan-out, with and without Cloakroom")
    parser.add_argument("ways", nargs="*", metavar="WAY", help=f"only these ways: {', '.join(WAYS)}")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    args = parser.parse_args()
    rows = []
    for way in args.ways or WAYS:
        if way not in WAYS:
            parser.error(f"no way `{way}`")
        folder = Path(tempfile.mkdtemp(prefix="cloakroom-agent-"))
        print(f"[{WAYS[way][0]}]", file=sys.stderr)
        try:
            rows.append(await take(way, folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        table(rows)


asyncio.run(main())
