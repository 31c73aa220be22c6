#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Kafka sink beside direct production with librdkafka, on the same broker, in one run.

  (a) direct   a C program on librdkafka: acks=all, idempotent, as many messages on their way as (c)
               has connections
  (b) flood    the same with 10,000 on their way
  (c) daemon   HTTP post, token, access, schema, Kafka with acks=all, then the 202
  (d) wikimedia/eventgate, its default factory with Kafka: HTTP post, schema, acks=all, then the 201;
      only where WIKIMEDIA_EVENTGATE names a checkout in which `npm install` was run

Broker, load generator and producer share the machine's processors. They take turns, round by round;
what counts is the ratio. "beside HTTP" holds (c) against what these processors could do if Kafka
cost (c) no more than it costs (a), after HTTP, token, access and schema cost what they cost alone,
measured with a sink that throws events away: 1 / (1/a + 1/discard). "bare c/a" is the same for a server
on libmicrohttpd that only reads the body: the most that anybody who takes events over HTTP and does it
with this library could reach on these processors.
"""
import contextlib
import json
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
                           f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"wrk met errors:\n{done.stdout}")
    value, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", done.stdout).groups()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))
    return rate, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def make_wikimedia_config(kafka, port):
    """The same schema and topic, in the way that wikimedia/eventgate finds them: in the event."""
    schemas = WORK / "wikimedia/schemas/status_change"
    schemas.mkdir(parents=True)
    schema = json.loads(bench_gate.SCHEMA.read_text())
    schema.update({"$schema": "http://json-schema.org/draft-07/schema#", "$id": "/status_change/1.0.0"})
    for rules in schema["properties"].values():
        if "format" in rules:
            rules["maxLength"] = 64  # it takes no format without
    (schemas / "1.0.0").write_text(json.dumps(schema))
    conf = {
        "port": port, "interface": "127.0.0.1", "max_body_size": "4mb", "user_agent": "eventgate",
        "eventgate_factory_module": "../lib/factories/default-eventgate", "schema_uri_field": "$schema",
        "schema_base_uris": [str(schemas.parent.resolve())], "stream_field": "meta.stream",
        "kafka": {"conf": {"metadata.broker.list": kafka.bootstrap, "linger.ms": LINGER_MS},
                  "topic_conf": {"acks": "all"}},
    }
    config = {"num_workers": os.cpu_count(), "worker_heap_limit_mb": 500, "logging": {"level": "error"},
              "services": [{"name": "EventGate", "module": "./app.js", "conf": conf}]}
    path = WORK / "wikimedia/config.yaml"
    path.write_text(json.dumps(config))
    event = {**bench_gate.EVENT, "$schema": "/status_change/1.0.0", "meta": {"stream": TOPIC}}
    (WORK / "wikimedia/post.lua").write_text(
        f"wrk.method = 'POST'\nwrk.path = '/v1/events'\nwrk.body = [==[{json.dumps(event)}]==]\n"
        "wrk.headers['Content-Type'] = 'application/json'\n")
    return path.resolve()


@contextlib.contextmanager
def wikimedia(kafka):
    """A function of the number of connections that measures it; None where there is no checkout."""
    checkout = os.environ.get("WIKIMEDIA_EVENTGATE")
    if not checkout:
        yield None
        return
    port = bench_gate.free_port()
    config = make_wikimedia_config(kafka, port)
    command = ["node", str(pathlib.Path(checkout).resolve() / "server.js"), "-c", str(config)]
    with bench_gate.server(command, port, WORK / "wikimedia.log"):
        yield lambda connections: daemon(port, connections, WORK / "wikimedia/post.lua")


def median_of(rows):
    return tuple(statistics.median(values) for values in zip(*rows))


def measure(contenders, connections):
    rows = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            rows[name].append(run(connections))
    return {name: median_of(values) for name, values in rows.items()}


def print_row(connections, row):
    (a, a50), (b, _), (c, c50), (discard, _) = (row[name] for name in ("direct", "flood", "daemon", "discard"))
    d = f"{row['wikimedia'][0]:,.0f} | {c / row['wikimedia'][0]:.1f}" if "wikimedia" in row else "- | -"
    bound = 1 / (1 / a + 1 / discard)
    bare = 1 / (1 + a / row["bare"][0])
    print(f"| {connections} | {a:,.0f} | {a50:.2f} ms | {b:,.0f} | {c:,.0f} | {c50:.2f} ms | {c / a:.2f} | "
          f"{bare:.2f} | {c / bound:.2f} | {d} |", flush=True)


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    token = bench_gate.make_token()
    script = bench_gate.write_wrk_script(token)
    (WORK / "event.json").write_text(bench_gate.event_text())
    print(f"Kafka, linger {LINGER_MS} ms, {os.cpu_count()} processors, median of {ROUNDS} rounds of {SECONDS} s\n")
    print("| connections | (a) direct /s | p50 | (b) flood /s | (c) daemon /s | p50 | c/a | bare c/a | "
          "beside HTTP | (d) wikimedia /s | c/d |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with contextlib.ExitStack() as stack:
        kafka = stack.enter_context(KafkaCluster(WORK / "broker"))
        kafka.create_topic(TOPIC, partitions=3)
        config, port = bench_gate.make_config(
            "kafka", f"    type: kafka\n    bootstrap_servers: {kafka.bootstrap}\n    linger: {LINGER_MS}ms")
        stack.enter_context(bench_gate.server([PROGRAM, "serve", "-c", config], port, WORK / "kafka-gate.log"))
        config, plain = bench_gate.make_config("discard", "    type: discard")
        stack.enter_context(bench_gate.server([PROGRAM, "serve", "-c", config], plain, WORK / "discard.log"))
        bare = bench_gate.free_port()
        stack.enter_context(bench_gate.server([bench_gate.BARE, str(bare), str(os.cpu_count())], bare, WORK / "bare.log"))
        contenders = {
            "direct": lambda connections: direct(kafka, connections),
            "flood": lambda _: direct(kafka, FLOOD),
            "daemon": lambda connections: daemon(port, connections, script),
            "discard": lambda connections: daemon(plain, connections, script),
            "bare": lambda connections: daemon(bare, connections, script),
        }
        run_wikimedia = stack.enter_context(wikimedia(kafka))
        if run_wikimedia:
            contenders["wikimedia"] = run_wikimedia
        for connections in (32, 256):
            print_row(connections, measure(contenders, connections))


if __name__ == "__main__":
    main()
