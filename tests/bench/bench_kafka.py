#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Kafka sink beside direct production with librdkafka, on the same broker, in one run.

  (a) direct   a C program on librdkafka: acks=all, idempotent, as many messages on their way as (c)
               has connections
  (b) flood    the same with 10,000 on their way
  (c) daemon   HTTP post, token, access, schema, Kafka with acks=all, then the 202

Broker, load generator and producer share the machine's processors. The three take turns, round by
round; what counts is the ratio.
"""
import contextlib
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

import bench_gate
from bench_gate import BUILD, PROGRAM, ROUNDS, SECONDS, TOPIC, WORK

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from kafka_server import KafkaCluster  # noqa: E402

DIRECT = BUILD / "tests/bench/kafka_direct"
LINGER_MS = int(os.environ.get("BENCH_LINGER_MS", "1"))
FLOOD = 10000


def direct(kafka, window):
    """(messages/s, p50 in ms)"""
    done = subprocess.run([DIRECT, kafka.bootstrap, TOPIC, WORK / "event.json", str(window), str(SECONDS),
                           str(LINGER_MS)], check=True, capture_output=True, text=True)
    rate, p50_us, _ = done.stdout.split()
    return float(rate), float(p50_us) / 1000


def daemon(port, connections, script):
    """(requests/s, p50 in ms)"""
    done = subprocess.run(["wrk", "-t", "1", "-c", str(connections), "-d", f"{SECONDS}s", "--latency", "-s", script,
                           f"http://127.0.0.1:{port}/topics/{TOPIC}"], check=True, capture_output=True, text=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"wrk met errors:\n{done.stdout}")
    value, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", done.stdout).groups()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))
    return rate, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def median_of(rows):
    return tuple(statistics.median(values) for values in zip(*rows))


def measure(kafka, port, script, connections):
    rows = {"direct": [], "flood": [], "daemon": []}
    for _ in range(ROUNDS):
        rows["direct"].append(direct(kafka, connections))
        rows["flood"].append(direct(kafka, FLOOD))
        rows["daemon"].append(daemon(port, connections, script))
    return {name: median_of(values) for name, values in rows.items()}


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    token = bench_gate.make_token()
    script = bench_gate.write_wrk_script(token)
    (WORK / "event.json").write_text(bench_gate.event_text())
    print(f"Kafka, linger {LINGER_MS} ms, {os.cpu_count()} processors, median of {ROUNDS} rounds of {SECONDS} s\n")
    print("| connections | (a) direct /s | p50 | (b) flood /s | (c) daemon /s | p50 | c/a | c/b |")
    print("|---|---|---|---|---|---|---|---|")
    with contextlib.ExitStack() as stack:
        kafka = stack.enter_context(KafkaCluster(WORK / "broker"))
        kafka.create_topic(TOPIC, partitions=3)
        config, port = bench_gate.make_config(
            "kafka", f"    type: kafka\n    bootstrap_servers: {kafka.bootstrap}\n    linger: {LINGER_MS}ms")
        stack.enter_context(bench_gate.server([PROGRAM, "serve", "-c", config], port, WORK / "kafka-gate.log"))
        for connections in (32, 256):
            row = measure(kafka, port, script, connections)
            (a, a50), (b, _), (c, c50) = row["direct"], row["flood"], row["daemon"]
            print(f"| {connections} | {a:,.0f} | {a50:.2f} ms | {b:,.0f} | {c:,.0f} | {c50:.2f} ms | {c / a:.2f} | "
                  f"{c / b:.2f} |", flush=True)


if __name__ == "__main__":
    main()
