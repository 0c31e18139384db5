"""The Web UI of Temporal, in a Chromium without a window.

Reads one JSON request on standard input and writes one JSON answer:
{"op": "show", "url": ..., "texts": [...]}    waits until the page shows all of these texts
    -> {"found": [...], "missing": [...], "text": the page's}
{"op": "download", "url": ..., "of": "Input" | "Result"}    saves what is stored externally
    -> {"name": ..., "size": ..., "sha256": hex, "head": base64 of its beginning}
    -> {"error": the page's text}, if the UI cannot
Both take {"timeout": seconds, "screenshot": path}. What a page shows includes what a screen reader
says about the codec server: that it "could not connect", which may also be its refusal.
"""

import base64
import hashlib
import json
import re
import shutil
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

# Nothing leaves this machine. A sandbox needs rights that root in a container lacks.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]

# What the UI says when it got no good answer.
FAILED = "Codec Server could not connect"

# Of a page's text, and of a file's bytes.
TEXT, HEAD = 20_000, 200


def text(page):
    """What the page shows. Editors show only the lines that fit in them."""
    said = page.locator("[data-testid^=data-encoder-status]").evaluate_all(
        "found => found.map(element => element.ariaLabel)"
    )
    return "\n".join([page.inner_text("body"), *said])


def wait(page, request, done):
    """Until it is done or too late. Gives the text that the page shows then."""
    deadline = time.monotonic() + request.get("timeout", 30)
    while not done(text(page)) and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    if path := request.get("screenshot"):
        page.screenshot(path=path)
    return text(page)


def show(page, request):
    texts = request["texts"]
    shown = wait(page, request, lambda shown: all(text in shown for text in texts))
    found = [text for text in texts if text in shown]
    return {"found": found, "missing": [text for text in texts if text not in found], "text": shown[:TEXT]}


def download(page, request):
    """The button stands under the heading, beside the reference, and is labelled with the size."""
    files = []
    # Playwright marks what it is to call, and the method of a list takes no mark.
    page.on("download", lambda file: files.append(file))
    buttons = page.locator(f"h3:text-is('{request['of']}') ~ div button")
    button = buttons.filter(has_text=re.compile(r"\d \w*B"))
    wait(page, request, lambda shown: button.count() == 1 or FAILED in shown)
    if button.count() == 1:
        button.click()
        wait(page, request, lambda shown: files or FAILED in shown)
    if not files:
        return {"error": text(page)[:TEXT]}
    data = Path(files[0].path()).read_bytes()
    return {
        "name": files[0].suggested_filename,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "head": base64.b64encode(data[:HEAD]).decode(),
    }


def main():
    request = json.load(sys.stdin)
    with sync_playwright() as playwright:
        # Playwright's own browsers do not come with its package: this is the one of the system.
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1200})
        page.set_default_timeout(request.get("timeout", 30) * 1000)
        page.goto(request["url"])
        answer = {"show": show, "download": download}[request["op"]](page, request)
        browser.close()
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
