"""Real nodes as child processes, on free ports, under a folder that is removed
afterwards.  What each did stays readable in its log until then.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

# CONTRACT: fresh nodes form a cluster within 6 s, SIGTERM ends one within 8 s.
# Tests share two cores with each other and run under sanitizers too, so they
# wait longer for what merely has to happen.
PATIENCE_S = 60.0


class Gone(Exception):
    """No answer: the node is down, or hung up before it answered."""


def free_port():
    """A number that was free for TCP and for UDP a moment ago."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                try:
                    udp.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return port


def wait_until(condition, what, seconds=PATIENCE_S):
    """Polls `condition` until it holds; returns the seconds that took."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > seconds:
            raise AssertionError("not within %g s: %s" % (seconds, what))
        time.sleep(0.05)
    return time.monotonic() - begin


class Node:
    """One `orrery node` process, which may be stopped and started again."""

    def __init__(self, binary, folder, name, port, gossip_port, seeds):
        self.name, self.port, self.gossip_port = name, port, gossip_port
        self.folder = pathlib.Path(folder) / name
        self.log = pathlib.Path(folder) / (name + ".log")
        self.command = [
            str(binary), "node", "--node-id", name, "--address", "127.0.0.1",
            "--port", str(port), "--gossip-port", str(gossip_port),
            "--data-dir", str(self.folder), "--seeds", seeds]
        self.process = None

    def start(self, **environment):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, **environment})

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9: the process is gone, the page cache is not."""
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """SIGTERM; returns the exit code and the seconds it took."""
        begin = time.monotonic()
        self.process.terminate()
        code = self.process.wait(timeout=PATIENCE_S)
        return code, time.monotonic() - begin

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def request(self, method, path, body=None, timeout=10.0):
        """(status, decoded JSON).  Raises Gone without an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=timeout)
        try:
            headers = {"Content-Type": "application/json"} if body else {}
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
        except (OSError, http.client.HTTPException) as error:
            raise Gone(str(error)) from error
        finally:
            connection.close()

    def put(self, key, value, query="", timeout=10.0):
        return self.request("PUT", path_of(key, query),
                            json.dumps({"value": value}), timeout)

    def get(self, key, query="", timeout=10.0):
        return self.request("GET", path_of(key, query), timeout=timeout)

    def delete(self, key, query=""):
        return self.request("DELETE", path_of(key, query))

    def is_ready(self):
        try:
            return self.request("GET", "/health/ready", timeout=2.0)[0] == 200
        except Gone:
            return False

    def states(self):
        """What this node says of each member: {id: state}."""
        try:
            _, status = self.request("GET", "/admin/status", timeout=2.0)
        except Gone:
            return {}
        return {n["id"]: n["state"] for n in status["cluster"]["nodes"]}


def path_of(key, query=""):
    path = "/kv/" + urllib.parse.quote(key, safe="/")
    return path + "?" + query if query else path


class Cluster:
    """Nodes that all know the same list of seeds.  A context manager."""

    def __init__(self, binary, count=3, **environment):
        self.environment = environment
        self.folder = tempfile.mkdtemp(prefix="orrery-system-")
        ports = []
        while len(ports) < 2 * count:
            port = free_port()
            if port not in ports:
                ports.append(port)
        seeds = ",".join("127.0.0.1:%d" % p for p in ports[count:])
        self.nodes = [Node(binary, self.folder, "node%d" % (i + 1), ports[i],
                           ports[count + i], seeds) for i in range(count)]

    def __enter__(self):
        for node in self.nodes:
            node.start(**self.environment)
        self.wait_until_ready()
        return self

    def __exit__(self, kind, error, trace):
        for node in self.nodes:
            if node.is_running():
                node.signal(signal.SIGCONT)
                node.kill()
        if kind is not None:
            for node in self.nodes:
                self.print_log(node)
        shutil.rmtree(self.folder, ignore_errors=True)

    def print_log(self, node):
        lines = node.log.read_text(errors="replace").splitlines()
        print("--- the end of %s" % node.log.name)
        print("\n".join(lines[-20:]))

    def wait_until_ready(self, nodes=None):
        """Every one of `nodes` serves and sees every one of them alive."""
        nodes = nodes or self.nodes
        names = {node.name for node in nodes}

        def formed(node):
            states = node.states()
            return node.is_ready() and all(
                states.get(name) == "alive" for name in names)

        for node in nodes:
            wait_until(lambda node=node: formed(node),
                       "%s ready and sees %s alive" % (node.name, sorted(names)))
