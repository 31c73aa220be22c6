#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The eventbridge sink beside boto3, on the same stub that answers PutEvents at once, in one run.

  (a) boto3    put_events in 8 threads, one entry a call: what the Python EventGate does with an event
  (b) boto3    the same with ten entries a call, as good as its caller can make it
  (c) daemon   HTTP post, token, access, schema, then the entry in a signed call of up to ten, then the 202

Stub, load generator and client share the machine's processors. The three take turns, round by round; what counts is
the ratio.
"""
import contextlib
import os
import shutil
import statistics
import sys
import threading
import time
import urllib.request

import boto3
import botocore.config

import bench_gate
from bench_gate import BUILD, PROGRAM, ROUNDS, SECONDS, TOPIC, WORK
from bench_kafka import daemon

STUB = BUILD / "tests/bench/aws_stub"
BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/bench"
THREADS = 8
CONNECTIONS = (32, 256)
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "eu-west-1",
               "AWS_DEFAULT_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/dev/null",
               "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}


def counted(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.read())


def put_until(client, entries, end):
    while time.monotonic() < end:
        answer = client.put_events(Entries=entries)
        if answer["FailedEntryCount"]:
            sys.exit("the stub refused an entry")


def boto(url, per_call):
    """Events/s of boto3."""
    entry = {"Source": TOPIC, "DetailType": "JSON", "Detail": bench_gate.event_text(), "EventBusName": BUS}
    config = botocore.config.Config(max_pool_connections=THREADS)
    client = boto3.client("events", endpoint_url=url, config=config)
    end = time.monotonic() + SECONDS
    threads = [threading.Thread(target=put_until, args=(client, [entry] * per_call, end)) for _ in range(THREADS)]
    before, start = counted(url), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (counted(url) - before) / (time.monotonic() - start)


def measure(url, port, script):
    rows = {"one": [], "ten": [], **{count: [] for count in CONNECTIONS}}
    for _ in range(ROUNDS):
        rows["one"].append((boto(url, 1), 0))
        rows["ten"].append((boto(url, 10), 0))
        for connections in CONNECTIONS:
            before = counted(url)
            rate, p50 = daemon(port, connections, script)
            arrived = (counted(url) - before) / SECONDS
            if arrived < rate * 0.95:
                sys.exit(f"{rate:.0f} events/s were answered 202, {arrived:.0f} arrived")
            rows[connections].append((rate, p50))
    return {name: tuple(statistics.median(values) for values in zip(*found)) for name, found in rows.items()}


def main():
    os.environ.update(ENVIRONMENT)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    script = bench_gate.write_wrk_script(bench_gate.make_token())
    stub_port = bench_gate.free_port()
    url = f"http://127.0.0.1:{stub_port}"
    config, port = bench_gate.make_config(
        "eventbridge", f"    type: eventbridge\n    event_bus_arn: {BUS}\n    aws: {{endpoint_url: '{url}'}}")
    with contextlib.ExitStack() as stack:
        stack.enter_context(bench_gate.server([STUB, str(stub_port)], stub_port, WORK / "stub.log"))
        stack.enter_context(bench_gate.server([PROGRAM, "serve", "-c", config], port, WORK / "gate.log"))
        found = measure(url, port, script)
    one, ten = found["one"][0], found["ten"][0]
    print(f"EventBridge, {os.cpu_count()} processors, median of {ROUNDS} rounds of {SECONDS} s\n")
    print("| | events/s | p50 | beside (a), goal 20 | beside (b) |")
    print("|---|---|---|---|---|")
    print(f"| (a) boto3, {THREADS} threads, 1 entry a call | {one:,.0f} | | 1 | {one / ten:.2f} |")
    print(f"| (b) boto3, {THREADS} threads, 10 entries a call | {ten:,.0f} | | {ten / one:.1f} | 1 |")
    for connections in CONNECTIONS:
        rate, p50 = found[connections]
        print(f"| (c) daemon, {connections} connections | {rate:,.0f} | {p50:.2f} ms | {rate / one:.1f} | "
              f"{rate / ten:.1f} |")


if __name__ == "__main__":
    main()
