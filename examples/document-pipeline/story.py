"""Runs the workflow of `documents.py` with and without the gateway: `cargo xtask document-pipeline`.

Each way has a Redis, a sidecar, an app and, if it has one, a gateway of its own. Nothing is left of them.
"""

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

# The modules beside this file leave nothing in its folder.
sys.dont_write_bytecode = True

import dapr.ext.workflow as wf  # noqa: E402

import documents  # noqa: E402
import history  # noqa: E402
import servers  # noqa: E402

# The default of `--max-body-size`. Dapr stalls a workflow whose next dispatch has more than 95 % of it.
LIMIT = (4 << 20) // documents.PART
INSTANCE = "dossier"


def run(port):
    """Runs the workflow until it has ended or stalled. Returns what the SDK says of it."""
    client = wf.DaprWorkflowClient(host="127.0.0.1", port=str(port))
    try:
        began = time.monotonic()
        names = [f"document {number}" for number in range(1, documents.DOCUMENTS + 1)]
        client.schedule_new_workflow(workflow=documents.dossier, input=names, instance_id=INSTANCE)
        while True:
            state = history.ask(lambda: client.get_workflow_state(INSTANCE, fetch_payloads=False))
            status = state.runtime_status.name if state else "PENDING"
            if status not in ("PENDING", "RUNNING"):
                break
            if time.monotonic() - began > servers.PATIENCE:
                raise SystemExit(f"the workflow has not ended: it is {status}")
            time.sleep(0.05)
        seconds = round(time.monotonic() - began, 1)
        ended = status == "COMPLETED"
        output = history.ask(lambda: client.get_workflow_state(INSTANCE)).serialized_output if ended else None
        return {"status": status, "seconds": seconds, "output": output and json.loads(output)}
    finally:
        client.close()


def take(title, through, plane, folder):
    """Takes one way, and returns its row."""
    with contextlib.ExitStack() as own:
        redis = own.enter_context(servers.redis(folder))
        sidecar = own.enter_context(servers.sidecar(folder, plane, redis, LIMIT))
        port = sidecar
        if through:
            port = own.enter_context(servers.gateway(folder, sidecar, LIMIT, documents.PART))
        own.enter_context(servers.app(folder, port))
        row = run(port)
        events = history.read(sidecar, INSTANCE)
        state_bytes = servers.redis_bytes(redis)
    stored = [file.stat().st_size for file in folder.glob("objects/**/*") if file.is_file()]
    steps = history.steps(events)
    return {
        "way": title,
        **row,
        "steps": steps,
        "largest_dispatch": max(step["next_dispatch"] for step in steps),
        "state_bytes": state_bytes,
        "objects": len(stored),
        "object_bytes": sum(stored),
    }


def share(step):
    return f"{100 * step['next_dispatch'] / LIMIT:.1f} %"


def table(head, rows):
    cells = [head, ["---"] * len(head), *rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    for cell in cells:
        print("| " + " | ".join(text.ljust(width) for text, width in zip(cell, widths)) + " |")


def show(rows):
    """Prints the steps of both ways side by side, and then what came of them."""
    print(f"\nThe sidecar's limit has {LIMIT:,} bytes; a dispatch of more than {LIMIT * 95 // 100:,} stalls.\n")
    head, lines = ["step"], []
    for row in rows:
        head += [f"{row['way']}: next dispatch", "of the limit", "verdict"]
    for number in range(max(len(row["steps"]) for row in rows)):
        line = []
        for row in rows:
            if number >= len(row["steps"]):
                line += ["-", "-", "-"]
                continue
            step = row["steps"][number]
            line += [f"{step['next_dispatch']:,}", share(step), "stalls" if step["stalls"] else "fits"]
        names = [row["steps"][number]["step"] for row in rows if number < len(row["steps"])]
        lines.append([f"{number + 1}. {names[0]}", *line])
    table(head, lines)
    print()
    ends = []
    for row in rows:
        objects = f"{row['objects']} objects, {row['object_bytes']:,}" if row["objects"] else "-"
        sizes = [f"{row['largest_dispatch']:,}", f"{row['state_bytes']:,}"]
        ends.append([row["way"], f"{row['status']}, {row['seconds']} s", *sizes, objects])
    table(["way", "ends", "largest dispatch, bytes", "Redis, bytes", "in the store, bytes"], ends)


def main():
    parser = argparse.ArgumentParser(
        prog="document-pipeline", description="Runs a workflow on Dapr that stalls, and the same through Cloakroom"
    )
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    args = parser.parse_args()
    rows = []
    with contextlib.ExitStack() as cleaning:
        folder = Path(tempfile.mkdtemp(prefix="cloakroom-documents-"))
        cleaning.callback(shutil.rmtree, folder, ignore_errors=True)
        print("[Dapr's control plane]", file=sys.stderr)
        plane = cleaning.enter_context(servers.control_plane(folder))
        for title, through in [("without", False), ("through the gateway", True)]:
            print(f"[{title}]", file=sys.stderr)
            own = folder / ("gateway" if through else "alone")
            own.mkdir()
            rows.append(take(title, through, plane, own))
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        show(rows)


main()
