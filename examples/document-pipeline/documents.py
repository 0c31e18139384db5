"""An app on Dapr's SDK for Python. Nothing in it knows of Cloakroom: `DAPR_GRPC_ENDPOINT` names the sidecar, or the
gateway before it.

`Dossier` fetches each of four documents, extracts its text and summarises it. At the end it joins the summaries.
A workflow hands on what its activities return, so each document is in the history twice, and so is its text.
"""

import base64
import collections
import functools
import os
import random
import threading
import zlib

import dapr.ext.workflow as wf

DOCUMENTS = 4

# Of bytes: for a quick look, all sizes and the sidecar's limit may be a part of what they are.
PART = int(os.environ.get("DOCUMENTS_PART", "1"))

# Bytes of the text in a document.
TEXT = 600_000 // PART

SYLLABLES = ["ba", "cor", "den", "el", "fi", "gra", "ho", "in", "jul", "ka", "lo", "mer", "nis", "or", "pa", "qui"]
WORDS = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in ("", "n", "re", "st")]


@functools.cache
def prose(name):
    """A text that is made up, and the same each time."""
    weights = [1 / (rank + 1) for rank in range(len(WORDS))]
    return " ".join(random.Random(name).choices(WORDS, weights=weights, k=TEXT // 3))[:TEXT]


# Activities.


def fetch(ctx, name):
    """Returns a document as an archive has it: compressed, and as base64, since a payload is JSON."""
    body = base64.b64encode(zlib.compress(prose(name).encode()))
    return {"name": name, "body": body.decode()}


def extract(ctx, document):
    """Returns the text of a document."""
    return zlib.decompress(base64.b64decode(document["body"])).decode()


def summarise(ctx, text):
    """Stands for a language model: returns how the text begins, and the words that it repeats."""
    common = collections.Counter(text.split()).most_common(5)
    return {"begins": text[:200], "words": dict(common), "length": len(text)}


def join(ctx, summaries):
    """Returns the size of all texts, and the word that occurs most often."""
    words = collections.Counter()
    for summary in summaries:
        words.update(summary["words"])
    [(word, _)] = words.most_common(1)
    return {"documents": len(summaries), "characters": sum(s["length"] for s in summaries), "word": word}


# The workflow.


def dossier(ctx, names):
    summaries = []
    for name in names:
        document = yield ctx.call_activity(fetch, input=name)
        text = yield ctx.call_activity(extract, input=document)
        summaries.append((yield ctx.call_activity(summarise, input=text)))
    return (yield ctx.call_activity(join, input=summaries))


if __name__ == "__main__":
    runtime = wf.WorkflowRuntime()
    runtime.register_workflow(dossier)
    for activity in (fetch, extract, summarise, join):
        runtime.register_activity(activity)
    runtime.start()
    print("ready", flush=True)
    threading.Event().wait()
