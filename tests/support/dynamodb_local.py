# SPDX-License-Identifier: Apache-2.0
"""DynamoDB Local for the tests: in memory, on a free port of the loopback.

The jars and their native SQLite come from Maven Central by tests/support/dynamodb_local/pom.xml into
build/dynamodb/lib. It takes any signature; what stands in front of it (aws_recorder.py) judges signatures.
"""
import os
import pathlib
import subprocess
import time

import requests

from moto_server import REGION, Credentials, die_with_parent, free_port, make_client

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIB = pathlib.Path(os.environ.get("DYNAMODB_LIB", ROOT / "build/dynamodb/lib"))
HEAP = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
MAIN = "software.amazon.dynamodb.services.local.main.ServerRunner"


def fetch_jars():
    """Once for a build folder."""
    if not list(LIB.glob("DynamoDBLocal-*.jar")):
        subprocess.run(["mvn", "-q", "-B", "-f", ROOT / "tests/support/dynamodb_local/pom.xml",
                        f"-Dlib={LIB.resolve()}", "prepare-package"], check=True, timeout=900,
                       stdout=subprocess.DEVNULL)


class DynamoDBLocal:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def start(self, seconds=60):
        fetch_jars()
        self.folder.mkdir(parents=True, exist_ok=True)
        # Its native library is unpacked into the temporary folder, and left there.
        command = ["java", *HEAP, f"-Djava.library.path={LIB.resolve()}", f"-Djava.io.tmpdir={self.folder}",
                   "-cp", f"{LIB.resolve()}/*", MAIN, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(self.port)]
        with open(self.folder / "dynamodb.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder,
                                            preexec_fn=die_with_parent)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.poll() is None, self.logs()[-4000:]
            try:
                # Without a signature it says so, with 400: it is there.
                if requests.get(self.url, timeout=5).status_code == 400:
                    return self
            except requests.RequestException:
                pass
            time.sleep(0.1)
        raise AssertionError(f"DynamoDB Local did not answer within {seconds} s:\n{self.logs()[-4000:]}")

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def logs(self):
        return (self.folder / "dynamodb.log").read_text(errors="replace")

    def client(self, endpoint=None):
        return make_client("dynamodb", endpoint or self.url, Credentials("AKIATESTS", "secret"), REGION)
