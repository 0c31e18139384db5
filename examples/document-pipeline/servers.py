"""Dapr, Redis and the gateway: processes that end with this one's use of them, and listen on loopback alone."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PATIENCE = 120

STATE = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{ name: state }}
spec:
  type: state.redis
  version: v1
  metadata:
    - {{ name: actorStateStore, value: "true" }}
    - {{ name: redisHost, value: "127.0.0.1:{}" }}
    - {{ name: redisPassword, value: "" }}
"""

# The bytes of all keys, and of what is kept under them.
BYTES = """
local bytes = 0
for _, key in ipairs(redis.call('KEYS', '*')) do
    bytes = bytes + #key
    if redis.call('TYPE', key).ok == 'hash' then
        for _, part in ipairs(redis.call('HGETALL', key)) do bytes = bytes + #part end
    else
        bytes = bytes + redis.call('STRLEN', key)
    end
end
return bytes
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait(what, is_there, child=None, log=None):
    """Waits for a condition, and says what the process has logged if it is not met."""
    ends = time.monotonic() + PATIENCE
    while not is_there():
        if time.monotonic() > ends or (child and child.poll() is not None):
            said = log.read_text(errors="replace")[-3000:] if log else ""
            raise SystemExit(f"{what} does not answer. It said last:\n{said}")
        time.sleep(0.1)


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def running(name, command, folder, is_there):
    """A process, once it is there."""
    log = folder / f"{name}.log"
    with open(log, "wb") as output:
        child = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        wait(name, is_there, child, log)
        yield
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def found(name, where):
    program = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{Path.home() / '.dapr/bin'}")
    if program is None:
        raise SystemExit(f"there is no program `{name}`: {where}")
    return program


def dapr(service):
    """The command of a service of Dapr: of the one program of our tests, or of an installation."""
    own = os.environ.get("DAPR_SERVICES")
    return [own, service] if own else [found(service, "install Dapr with `dapr init --slim`")]


@contextlib.contextmanager
def control_plane(folder):
    """Placement and the scheduler. Returns the options by which a sidecar finds them."""
    placement, scheduler = free_port(), free_port()
    local = ["listen-address", "metrics-listen-address", "healthz-listen-address"]
    common = [f"--{option}=127.0.0.1" for option in local] + ["--tls-enabled=false"]
    with contextlib.ExitStack() as services:
        for name, port, more in [
            ("placement", placement, [f"--initial-cluster=dapr-placement-0=127.0.0.1:{free_port()}"]),
            ("scheduler", scheduler, [
                "--id=dapr-scheduler-server-0",
                f"--etcd-data-dir={folder / 'etcd'}",
                f"--etcd-initial-cluster=dapr-scheduler-server-0=http://127.0.0.1:{free_port()}",
                f"--etcd-client-port={free_port()}",
                f"--override-broadcast-host-port=127.0.0.1:{scheduler}",
            ]),
        ]:
            ports = [f"--port={port}", f"--healthz-port={free_port()}", f"--metrics-port={free_port()}"]
            command = [*dapr(name), *common, *ports, *more]
            services.enter_context(running(name, command, folder, lambda port=port: listens(port)))
        yield [f"--placement-host-address=127.0.0.1:{placement}", f"--scheduler-host-address=127.0.0.1:{scheduler}"]


@contextlib.contextmanager
def redis(folder):
    """Redis, which keeps nothing on the disk. Returns its port."""
    program = found("redis-server", "on Debian it is in the package `redis-server`")
    port = free_port()
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    with running("redis", command, folder, lambda: listens(port)):
        yield port


def redis_bytes(port):
    command = [found("redis-cli", "on Debian it is in the package `redis-tools`"), "-p", str(port), "EVAL", BYTES, "0"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@contextlib.contextmanager
def sidecar(folder, plane, redis_port, limit):
    """A sidecar, once it is healthy. Returns the port for apps."""
    (folder / "resources").mkdir()
    (folder / "resources/state.yaml").write_text(STATE.format(redis_port))
    port, http = free_port(), free_port()

    def is_healthy():
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{http}/v1.0/healthz", timeout=5):
            return True
        return False

    command = [
        *dapr("daprd"), *plane, "--app-id=documents", "--resources-path=resources", f"--max-body-size={limit}",
        "--dapr-listen-addresses=127.0.0.1", "--dapr-internal-grpc-listen-address=127.0.0.1",
        "--metrics-listen-address=127.0.0.1", f"--metrics-port={free_port()}", f"--dapr-grpc-port={port}",
        f"--dapr-internal-grpc-port={free_port()}", f"--dapr-http-port={http}",
    ]
    with running("daprd", command, folder, is_healthy):
        yield port


@contextlib.contextmanager
def app(folder, port):
    """The app, once it is connected to a port."""
    command = ["env", f"DAPR_GRPC_ENDPOINT=127.0.0.1:{port}", sys.executable, Path(__file__).with_name("documents.py")]
    log = folder / "app.log"
    with running("app", command, folder, lambda: "ready" in log.read_text(errors="replace")):
        yield


@contextlib.contextmanager
def gateway(folder, upstream, limit, part):
    """The gateway before the sidecar, with `cloakroom.toml`. Returns the port for apps."""
    config = Path(__file__).with_name("cloakroom.toml").read_text()
    for written, meant in [
        ("127.0.0.1:50001", f"127.0.0.1:{upstream}"),
        ('"4Mi"', f'"{limit}"'),
        ('"16KiB"', f'"{16 // part}KiB"'),
    ]:
        config = config.replace(written, meant)
    (folder / "cloakroom.toml").write_text(config)
    (folder / "documents.key").touch(mode=0o600)
    (folder / "documents.key").write_bytes(secrets.token_bytes(32))
    (folder / "objects").mkdir(mode=0o700)
    port = free_port()
    command = [os.environ.get("CLOAKROOM") or found("cloakroom", "the README says how to install it")]
    command += ["gateway", "dapr", "--config", "cloakroom.toml", "--listen", f"127.0.0.1:{port}"]
    with running("gateway", command, folder, lambda: listens(port)):
        yield port
