#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signing a PutEvents call of 10 entries of 1 KB: ours beside botocore's, the same body, one core.

    bench_sigv4.py     (BUILD: the build folder)

The figures are the best of several rounds.
"""
import os
import pathlib
import subprocess
import tempfile
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
GOAL_US = 60
SIGNATURES = 500
ROUNDS = 7
URL = "https://events.eu-west-1.amazonaws.com/"
HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "AWSEvents.PutEvents",
    "amz-sdk-request": "attempt=1; max=1",
}


def botocore_us(body):
    signer = SigV4Auth(
        Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), "events", "eu-west-1"
    )
    requests = [AWSRequest("POST", URL, dict(HEADERS), body) for _ in range(SIGNATURES)]
    begun = time.perf_counter()
    for request in requests:
        signer.add_auth(request)
    return (time.perf_counter() - begun) / SIGNATURES * 1e6


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "body.json"
        run = subprocess.run(
            [BUILD / "tests/bench/bench_sigv4", path], check=True, capture_output=True, text=True
        )
        body = path.read_bytes()
    ours = float(run.stdout)
    theirs = min(botocore_us(body) for _ in range(ROUNDS))
    print(f"a PutEvents call of 10 entries, {len(body)} bytes\n")
    print("| signer | us | |\n|---|---:|---|")
    print(f"| eventgate | {ours:.1f} | goal: under {GOAL_US}{'' if ours < GOAL_US else ', MISSED'} |")
    print(f"| botocore SigV4Auth | {theirs:.1f} | {theirs / ours:.1f}x ours |")


if __name__ == "__main__":
    main()
