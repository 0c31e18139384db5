"""Runs the cases of `tests/data/contract_cases.json` on the stand-ins of `cloakroom-testing`."""

import json
import sys

from cloakroom_testing import Host, Limits, Payload, Response, Target, Trap


def objects():
    """Returns the answers of a service that keeps objects under their paths."""
    kept = {}

    def answer(request):
        if request.method == "PUT":
            kept[request.path] = request.body
            return Response(200)
        if request.method == "DELETE":
            kept.pop(request.path, None)
            return Response(200)
        if request.path in kept:
            return Response(200, [("Content-Type", "x")], kept[request.path])
        return Response(404)

    return answer


def main():
    request = json.load(sys.stdin)
    host = Host(
        settings=request["settings"],
        rings={"main": ["test-key"]},
        buckets={"b": "payloads"},
        services={"store": objects()},
        secrets={"word": b"open sesame"},
        limits=Limits(**request["limits"]),
    )
    codec = host.codec("app")
    answers = []
    for case in request["cases"]:
        outcomes = []
        for call in case["calls"]:
            sent = Payload({"encoding": b"json/plain"}, json.dumps(call).encode())
            try:
                encoded = codec.encode(sent, Target(namespace="payments prod"))
                outcomes.append(encoded and json.loads(encoded.data))
            except Trap as trap:
                outcomes.append({"trap": trap.kind, "text": str(trap)})
                codec = host.codec("app")
        answers.append(outcomes)
    json.dump(answers, sys.stdout)


main()
