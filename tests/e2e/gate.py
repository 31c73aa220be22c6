# SPDX-License-Identifier: Apache-2.0
"""Starts the built daemon, talks to it, and stops it: what every end-to-end test stands on."""
import base64
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import jwt
import requests
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from ports import free_port  # noqa: E402

PROGRAM = pathlib.Path(os.environ.get("EVENTGATE_PROGRAM", ROOT / "build/eventgate"))
VECTORS = pathlib.Path(os.environ.get("EVENTGATE_VECTORS", ROOT / "../shared/vectors"))
# A sanitizer's report must not look like an answer: it ends the daemon with a code of its own.
SANITIZER_EXIT = 99
SANITIZER_ENV = {
    "ASAN_OPTIONS": f"exitcode={SANITIZER_EXIT}:detect_leaks=1:abort_on_error=0",
    "LSAN_OPTIONS": f"exitcode={SANITIZER_EXIT}",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": f"exitcode={SANITIZER_EXIT}:halt_on_error=0",
}


def run(*arguments, stdin=None, env=None, timeout=60, cwd=None):
    """One call of the program: returncode, stdout, stderr as text."""
    return subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=timeout, cwd=cwd, env={**os.environ, **SANITIZER_ENV, **(env or {})},
                          check=False)


class KeyPair:
    """An RSA key that signs tokens, and its public half in upstream's format."""

    def __init__(self, bits=2048):
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=bits)

    @property
    def upstream(self):
        der = self.private.public_key().public_bytes(serialization.Encoding.DER,
                                                     serialization.PublicFormat.SubjectPublicKeyInfo)
        return {"key": base64.b64encode(der).decode()}

    def token(self, subject="TestUser", headers=None, algorithm="RS256", **claims):
        now = int(time.time())
        payload = {"sub": subject, "iat": now - 10, "exp": now + 3600, **claims}
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(payload, self.private, algorithm=algorithm, headers=headers)


class KeyServer:
    """The token provider's public-key endpoint, on loopback; what it answers can be changed."""

    def __init__(self, document):
        self.document = document
        self.status = 200
        self.requests = 0
        self.answering = threading.Event()  # cleared: requests wait with the answer they got
        self.answering.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                body, status = json.dumps(outer.document).encode(), outer.status
                outer.answering.wait(60)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.answering.set()
        self.server.shutdown()
        self.server.server_close()


class Gate:
    """One running daemon. `config` is the path that `serve -c` gets."""

    def __init__(self, config, folder, keys=None, env=None, arguments=()):
        self.config = pathlib.Path(config)
        self.folder = pathlib.Path(folder)
        self.keys = keys
        self.env = {**os.environ, **SANITIZER_ENV, **(env or {})}
        self.env.pop("CONF_DIR", None)
        if env and "CONF_DIR" in env:
            self.env["CONF_DIR"] = env["CONF_DIR"]
        self.arguments = list(map(str, arguments))
        self.host = "127.0.0.1"
        self.port = self.admin_port = None
        self.process = None
        self.log_path = self.folder / "gate.log"
        self.database = self.folder / "events.db"

    def start(self, wait=True):
        self.log = open(self.log_path, "ab")
        command = [PROGRAM, "serve", *self.arguments]
        if self.config.name:
            command += ["-c", self.config]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.log,
                                        env=self.env, cwd=self.folder)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.logs()}")
            try:
                if requests.get(self.url("/ready"), timeout=2).status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.02)
        raise AssertionError(f"not ready within {seconds} s:\n{self.logs()}")

    def stop(self, expect=0, seconds=30):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not stop within {seconds} s:\n{self.logs()[-4000:]}") from None
        finally:
            self.log.close()
        self.process = None
        assert expect is None or code == expect, f"exit code {code}:\n{self.logs()[-6000:]}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.process = None

    def hangup(self):
        self.process.send_signal(signal.SIGHUP)

    def reload(self, expect="success"):
        """SIGHUP, and waits until the daemon has counted it."""
        name = f'eventgate_config_reload_total{{result="{expect}"}}'
        before = self.metrics().get(name, 0)
        self.hangup()
        wait_until(lambda: self.metrics().get(name, 0) > before)

    def logs(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_lines(self):
        lines = []
        for line in self.logs().splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                lines.append({"raw": line})
        return lines

    def url(self, path=""):
        return f"http://{self.host}:{self.port}{path}"

    def admin_url(self, path=""):
        return f"http://{self.host}:{self.admin_port}{path}"

    def get(self, path, **options):
        return requests.get(self.url(path), timeout=20, allow_redirects=False, **options)

    def token(self, subject="TestUser", **claims):
        return self.keys.token(subject, **claims)

    def post(self, topic, event, subject="TestUser", token=None, headers=None, content_type="application/json",
             **options):
        """Posts `event`: bytes and str as they are, everything else as JSON."""
        data = event if isinstance(event, (bytes, str)) else json.dumps(event)
        if isinstance(data, str):
            data = data.encode()
        sent = {"Authorization": f"Bearer {token or self.token(subject)}"}
        if content_type:
            sent["Content-Type"] = content_type
        sent.update(headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        return requests.post(self.url(f"/topics/{topic}"), data=data, headers=sent, timeout=30, **options)

    def metrics(self):
        """{'name{labels}': value} of the admin listener's /metrics."""
        text = requests.get(self.admin_url("/metrics"), timeout=20).text
        found = {}
        for line in text.splitlines():
            match = re.match(r"^([a-zA-Z_:][^ ]*(?: [^ ]*=[^ ]*)*) ([^ ]+)$", line)
            if match and not line.startswith("#"):
                found[match.group(1)] = float(match.group(2))
        return found

    def wait_log(self, text, seconds=10):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if text in self.logs():
                return
            time.sleep(0.02)
        raise AssertionError(f"no '{text}' in the log within {seconds} s:\n{self.logs()[-4000:]}")

    def events(self, *arguments):
        """What `eventgate events --json` lists of the embedded database."""
        done = run("events", "--db", self.database, "--json", *arguments)
        assert done.returncode in (0, 1), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


def wait_until(condition, seconds=20):
    """The first true answer of `condition`, asked again and again."""
    until = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.01)


class PlainDumper(yaml.SafeDumper):
    """Writes a value out wherever it stands; the configuration has no aliases."""

    def ignore_aliases(self, data):
        return True


def write_yaml(path, document):
    path.write_text(yaml.dump(document, Dumper=PlainDumper, sort_keys=False))
    return path
