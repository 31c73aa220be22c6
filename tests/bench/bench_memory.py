#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does memory stay flat? The daemon at half its peak rate for MEMORY_SECONDS (600), sink by sink.

Resident memory is read every second. The slope is that of the least-squares line through the samples
behind the first fifth, in which caches and pools fill. SINKS=sqlite,kafka,postgres names what is measured;
the database of the sqlite sink grows meanwhile (about 1 KiB an event) and is removed at the end.
"""
import contextlib
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

import bench_gate
from bench_gate import PROGRAM, TOPIC, WORK

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

SECONDS = int(os.environ.get("MEMORY_SECONDS", "600"))
CONNECTIONS = 64
SINKS = os.environ.get("SINKS", "sqlite,kafka,postgres").split(",")
WARMING = 0.2  # of the samples
MAPPINGS = pathlib.Path(__file__).resolve().parents[2] / "etc/postgres/mappings"


def slope_kib_per_minute(samples):
    """Of (seconds, KiB) pairs, by least squares."""
    seconds, kib = zip(*samples)
    middle, mean = statistics.fmean(seconds), statistics.fmean(kib)
    spread = sum((at - middle) ** 2 for at in seconds)
    return 60 * sum((at - middle) * (value - mean) for at, value in samples) / spread


def start_load(port, rate, token):
    (WORK / "event.json").write_text(bench_gate.event_text())
    return subprocess.Popen(
        ["h2load", "--h1", "-t", "1", "-c", str(CONNECTIONS), "--rps", str(max(1, rate // CONNECTIONS)),
         "-D", str(SECONDS), "-d", WORK / "event.json", "-H", "Content-Type: application/json",
         "-H", f"Authorization: Bearer {token}", f"http://127.0.0.1:{port}/topics/{TOPIC}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def sample(process, load):
    began, samples = time.monotonic(), []
    while load.poll() is None:
        samples.append((time.monotonic() - began, bench_gate.resident_kib(process)))
        time.sleep(1)
    return samples


def measure(sink, port, process, token, script):
    peak = bench_gate.wrk(port, CONNECTIONS, script, seconds=5)
    load = start_load(port, int(peak / 2), token)
    samples = sample(process, load)
    told = load.stdout.read()
    accepted, refused = (int(number) for number in re.search(r"status codes: (\d+) 2xx, .* (\d+) 5xx", told).groups())
    if load.returncode != 0 or refused or len(samples) < 10:
        sys.exit(f"the load on {sink} failed ({refused} refused, {len(samples)} samples):\n{told}")
    steady = samples[int(len(samples) * WARMING):]
    print(f"| {sink} | {accepted:,} | {accepted / SECONDS:,.0f} | {samples[0][1] / 1024:.1f} | "
          f"{steady[0][1] / 1024:.1f} | {steady[-1][1] / 1024:.1f} | {slope_kib_per_minute(steady):+.1f} |", flush=True)


def sqlite_settings(stack):
    return "    type: sqlite\n    path: events.db"


def kafka_settings(stack):
    from kafka_server import KafkaCluster
    kafka = stack.enter_context(KafkaCluster(WORK / "broker", properties={
        "log.retention.bytes": 64 << 20, "log.segment.bytes": 16 << 20, "log.retention.check.interval.ms": 5000}))
    kafka.create_topic(TOPIC, partitions=3)
    return f"    type: kafka\n    bootstrap_servers: {kafka.bootstrap}"


def postgres_settings(stack):
    from postgres_server import migrate, running_server
    server = stack.enter_context(running_server())
    database = server.create_database("memory")
    done = migrate(PROGRAM.resolve(), server.dsn(database))
    if done.returncode != 0:
        sys.exit(done.stderr)
    return f"    type: postgres\n    dsn: {server.role_dsn('writer', database)}\n    mappings: {MAPPINGS}"


SETTINGS = {"sqlite": sqlite_settings, "kafka": kafka_settings, "postgres": postgres_settings}


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    token = bench_gate.make_token()
    script = bench_gate.write_wrk_script(token)
    print(f"Half the peak rate for {SECONDS} s, {CONNECTIONS} connections; resident memory in MiB, slope in KiB a minute\n")
    print("| sink | events | events/s | at start | warm | at the end | slope |")
    print("|---|---|---|---|---|---|---|")
    for sink in SINKS:
        with contextlib.ExitStack() as stack:
            config, port = bench_gate.make_config(sink, SETTINGS[sink](stack))
            process = stack.enter_context(
                bench_gate.server([PROGRAM, "serve", "-c", config], port, WORK / f"{sink}-gate.log"))
            measure(sink, port, process, token, script)
    shutil.rmtree(WORK, ignore_errors=True)


if __name__ == "__main__":
    main()
