"""Stands in front of fake-gcs-server, and gives it what it lacks of the XML API of Cloud Storage.

The crate object_store writes by `PUT /BUCKET/KEY`, which the emulator refuses ("invalid uploadType"),
and lists with `start-after`, which the emulator ignores. This turns the one into an upload by the
JSON API and does the other itself. It also keeps the lifecycle rules of a bucket, which the emulator
forgets, and shows them to whoever has a token. Everything else goes through as it came.

    python gcs_xml.py PORT PORT_OF_THE_EMULATOR
"""

import http.client
import json
import re
import sys
import uuid
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

# What belongs to one connection, or is written anew by `answer`.
HOP = {"connection", "content-length", "date", "host", "transfer-encoding"}

# Lifecycle rules, by the path of their bucket.
RULES = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status, headers, answer = self.emulator(self.command, self.path, dict(self.headers), body)
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        if self.command == "PATCH" and status == 200:
            RULES[url.path] = json.loads(body)["lifecycle"]
        if "lifecycle" in query.get("fields", [""])[0].split(","):
            if not self.headers.get("authorization", "").startswith("Bearer "):
                return self.answer(401, [], b"{}")
            if status == 200 and url.path in RULES:
                answer = json.dumps(json.loads(answer) | {"lifecycle": RULES[url.path]}).encode()
        if self.command == "GET" and "/" not in url.path[1:] and "start-after" in query:
            answer = after(answer, query["start-after"][0])
        self.answer(status, headers, answer)

    do_GET = do_HEAD = do_POST = do_DELETE = do_PATCH = forward

    def do_PUT(self):
        """Of the emulator's uploads, only one in parts minds `ifGenerationMatch`."""
        body = self.rfile.read(int(self.headers["content-length"]))
        bucket, _, key = urlsplit(self.path).path[1:].partition("/")
        target = f"/upload/storage/v1/b/{bucket}/o?uploadType=multipart&name={quote(unquote(key), safe='')}"
        if generation := self.headers.get("x-goog-if-generation-match"):
            target += f"&ifGenerationMatch={quote(generation)}"
        edge = uuid.uuid4().hex
        part = f"\r\n--{edge}\r\ncontent-type: "
        body = b"".join([
            f"{part}application/json\r\n\r\n{{}}{part}application/octet-stream\r\n\r\n".encode(),
            body,
            f"\r\n--{edge}--\r\n".encode(),
        ])
        headers = {"content-type": f"multipart/related; boundary={edge}"}
        status, headers, answer = self.emulator("POST", target, headers, body)
        if status != 200:
            return self.answer(status, headers, answer)
        stored = json.loads(answer)
        headers = {"etag": f'"{stored["etag"]}"', "x-goog-generation": stored["generation"]}
        self.answer(status, headers.items(), b"")

    def emulator(self, method, target, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]))
        headers = {name: value for name, value in headers.items() if name.lower() not in HOP}
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        size = response.headers.get("content-length")
        answer = response.read()
        connection.close()
        self.size = size if method == "HEAD" else None
        return response.status, response.getheaders(), answer

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        # The answer to HEAD has the length of a body that it does not have.
        self.send_header("content-length", self.size or len(body))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        print(self.address_string(), *args, file=sys.stderr, flush=True)


def after(listing, start):
    """The listing, without the keys up to this one. The emulator lists all keys at once."""

    def entry(found):
        key = unescape(re.search("<Key>(.*?)</Key>", found[0], re.S)[1])
        return found[0] if start.encode() < key.encode() else ""

    return re.sub("<Contents>.*?</Contents>", entry, listing.decode(), flags=re.S).encode()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # Tests open many connections at once; five, the default, are soon too few.
    request_queue_size = 128


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
