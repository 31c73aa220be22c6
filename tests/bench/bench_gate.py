#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gate's speed and memory, beside a bare libmicrohttpd server, in one run on one machine.

  (a) bare     a libmicrohttpd server that reads the body and answers 202
  (b) discard  the daemon: token, access, schema, and a sink that throws the event away
  (c) sqlite   the daemon: the same, and the event durable in the embedded database before the 202
  (d) store    (a), and the body durable in such a database before the 202, checked by nothing

wrk posts the status_change sample over keep-alive connections; the four take turns, round by
round, so that a machine whose speed drifts slows all of them, and start anew for each round. What
counts is the ratio within a round.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
WORK = BUILD / "bench"
PROGRAM = pathlib.Path(os.environ.get("EVENTGATE_PROGRAM", BUILD / "release/eventgate"))
BARE = BUILD / "tests/bench/bare_mhd"
STORE = BUILD / "tests/bench/bare_store"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
STOLEN_MAX = 0.03  # of the processors' time in a round, by the hypervisor
TOPIC = "public.cps.za.status_change"
SCHEMA = pathlib.Path(__file__).resolve().parent / "status_change.json"

# The shape of upstream's status_change events, 671 bytes as a client would send them.
EVENT = {
    "event_type": "JobCreatedAndStartedEvent",
    "event_id": "ea4ef752-2a2b-4f6c-93ee-f31a2f9b7d10",
    "tenant_id": "abcd",
    "source_app": "ingestapp",
    "source_app_version": "2.14.0",
    "environment": "dev",
    "timestamp_event": 1747646400000,
    "country": "za",
    "job_id": "0001aaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    "job_group_id": "0001aaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    "job_name": "IngestApp Ingestion",
    "platform": "aws.stepfunctions",
    "input_arguments": {"pipelineId": 1234, "currentDate": "2026-05-19", "triggerType": "SCHEDULE"},
    "definition_id": "1234",
    "status_type": "RUNNING",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def event_text():
    text = json.dumps(EVENT, indent=4)
    return text + " " * max(0, 671 - len(text))


def make_config(name, sink):
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "topics").mkdir(parents=True)
    shutil.copy(SCHEMA, folder / "topics" / f"{TOPIC}.json")
    (folder / "access.json").write_text(json.dumps({TOPIC: ["bench"]}))
    port, admin = free_port(), free_port()
    (folder / "eventgate.yaml").write_text(f"""\
server:
  listen: 127.0.0.1:{port}
  limits:
    max_connections_per_address: 4096
admin:
  listen: 127.0.0.1:{admin}
auth:
  public_keys_file: {(WORK / 'keys.json').resolve()}
access: access.json
topic_schemas: topics
log:
  level: warning
sinks:
  bench:
{sink}
""")
    return folder / "eventgate.yaml", port


def make_token():
    subprocess.run([PROGRAM, "token", "keygen", "--out", WORK / "private.pem", "--public-out",
                    WORK / "keys.json"], check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([PROGRAM, "token", "issue", "--key", WORK / "private.pem", "--sub", "bench",
                           "--expires", "2h"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def wait_until_open(port, process):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if process.poll() is not None:
            sys.exit(f"the server on port {port} ended with exit code {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.002)
    sys.exit(f"the server on port {port} did not open it within 10 s")


@contextlib.contextmanager
def server(command, port, log):
    with open(log, "w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        wait_until_open(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_wrk_script(token):
    path = WORK / "post.lua"
    body = event_text().replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    path.write_text(f"""\
wrk.method = "POST"
wrk.path = "/topics/{TOPIC}"
wrk.body = "{body}"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {token}"
wrk.headers["User-Agent"] = "eventgate-bench"
wrk.headers["Accept"] = "*/*"
""")
    return path


def wrk(port, connections, script, seconds=SECONDS):
    done = subprocess.run(["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency",
                           "-s", script, f"http://127.0.0.1:{port}/topics/{TOPIC}"],
                          check=True, capture_output=True, text=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"wrk met errors on port {port}:\n{done.stdout}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))


def resident_kib(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def latencies_at(port, rate, token, seconds, clients=32):
    """Milliseconds of every request at a fixed rate, h2load's log."""
    (WORK / "event.json").write_text(event_text())
    log = WORK / "h2load.tsv"
    log.unlink(missing_ok=True)
    subprocess.run(["h2load", "--h1", "-t", "1", "-c", str(clients), "--rps", str(max(1, rate // clients)),
                    "-D", str(seconds), "-d", WORK / "event.json", "--log-file", log,
                    "-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {token}",
                    f"http://127.0.0.1:{port}/topics/{TOPIC}"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    bad = [row for row in rows if row[1] != "202"]
    if bad:
        sys.exit(f"{len(bad)} of {len(rows)} requests at {rate}/s were not answered 202: {bad[0]}")
    return [int(row[2]) / 1000 for row in rows]


def stolen_share(action):
    """What the action returns, and the share of the processors' time that the hypervisor gave to
    other machines meanwhile."""
    def read():
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(fields), fields[7]
    total, stolen = read()
    result = action()
    total_after, stolen_after = read()
    return result, (stolen_after - stolen) / max(1, total_after - total)


def throughput(start_all, script):
    """{connections: [{name: requests/s} of each round]}, and how many rounds were measured again.

    (a) can answer nothing at all: the library's own loop waits for ever when it finds exactly 128
    connections ready (docs/decisions/0008-pollers-of-our-own.md)."""
    table, again = {}, 0
    for connections in (32, 256):
        rounds = table[connections] = []
        while len(rounds) < ROUNDS:
            print(f"  {connections} connections: round {len(rounds) + 1} of {ROUNDS}", file=sys.stderr)
            with start_all() as ports:
                row, stolen = stolen_share(lambda: {name: wrk(port, connections, script)
                                                    for name, port in ports.items()})
            if all(row.values()) and (stolen <= STOLEN_MAX or again >= 2 * ROUNDS):
                rounds.append(row)
            elif again < 4 * ROUNDS:
                again += 1
            else:
                sys.exit(f"a server answers nothing: {row}")
    return table, again


def print_throughput(table, again):
    print(f"\nRequests/s, wrk, one thread, median of {ROUNDS} rounds of {SECONDS} s; b/a, c/a and d/a are "
          f"the medians of the rounds' own")
    if again:
        print(f"{again} rounds were measured again: the hypervisor gave more than {STOLEN_MAX:.0%} of the "
              f"processors' time to others, or (a) stalled")
    print("\n| connections | (a) bare | (b) discard | b/a | (c) sqlite, durable | c/a | (d) bare, durable | d/a |")
    print("|---|---|---|---|---|---|---|---|")
    for connections, rounds in table.items():
        cells = [f"{statistics.median(row['bare'] for row in rounds):,.0f}"]
        for name in ("discard", "sqlite", "store"):
            cells += [f"{statistics.median(row[name] for row in rounds):,.0f}",
                      f"{statistics.median(row[name] / row['bare'] for row in rounds):.2f}"]
        print(f"| {connections} | " + " | ".join(cells) + " |")


def measure_latency(ports, rate, token):
    """(b) at a fixed rate, and (a) at the same rate in turns with it."""
    shares = (.5, .99, .999)
    rows = {name: [] for name in ports}
    for number in range(ROUNDS):
        print(f"  latency: round {number + 1} of {ROUNDS}", file=sys.stderr)
        for name, port in ports.items():
            values = latencies_at(port, rate, token, SECONDS)
            rows[name].append([percentile(values, share) for share in shares])
    print(f"\nLatency in ms at {rate:,}/s, half the rate of (b) at 256 connections, median of {ROUNDS} rounds "
          f"of {SECONDS} s\n")
    print("| | p50 | p99 | p99.9 |")
    print("|---|---|---|---|")
    for name, values in rows.items():
        middle = [statistics.median(row[index] for row in values) for index in range(len(shares))]
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in middle) + " |")


def open_connections(port, token, count):
    request = (f"POST /topics/{TOPIC} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
               f"Authorization: Bearer {token}\r\nContent-Length: {len(event_text())}\r\n\r\n"
               f"{event_text()}").encode()
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), 5)
        connection.sendall(request)
        if b" 202 " not in connection.recv(4096):
            sys.exit("a connection of the memory test was not answered 202")
        connections.append(connection)
    return connections


def measure_start_and_memory(config, port, token):
    ready, idle, loaded = [], 0, 0
    for _ in range(ROUNDS):
        began = time.monotonic()
        with server([PROGRAM, "serve", "-c", config], port, WORK / "start.log") as process:
            ready.append((time.monotonic() - began) * 1000)
            time.sleep(0.5)
            idle = resident_kib(process)
            connections = open_connections(port, token, 2000)
            loaded = resident_kib(process)
            for connection in connections:
                connection.close()
    print(f"\nReady after {statistics.median(ready):.0f} ms (median of {ROUNDS}); resident memory "
          f"{idle / 1024:.1f} MiB idle, {loaded / 1024:.1f} MiB with 2,000 open connections that have "
          f"each posted an event")


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    token = make_token()
    script = write_wrk_script(token)
    discard_config, discard_port = make_config("discard", "    type: discard")
    sqlite_config, sqlite_port = make_config("sqlite", "    type: sqlite\n    path: events.db")
    bare_port, store_port = free_port(), free_port()
    store_path = WORK / "store.db"
    processors = os.cpu_count()
    print(f"{processors} processors, the load generator beside the server")

    @contextlib.contextmanager
    def start_all():
        for left in [*sqlite_config.parent.glob("events.db*"), *WORK.glob("store.db*")]:
            left.unlink()
        with server([BARE, str(bare_port), str(processors)], bare_port, WORK / "bare.log"), \
             server([PROGRAM, "serve", "-c", discard_config], discard_port, WORK / "discard.log"), \
             server([PROGRAM, "serve", "-c", sqlite_config], sqlite_port, WORK / "sqlite.log"), \
             server([STORE, str(store_port), str(processors), store_path], store_port, WORK / "store.log"):
            yield {"bare": bare_port, "discard": discard_port, "sqlite": sqlite_port, "store": store_port}

    table, again = throughput(start_all, script)
    print_throughput(table, again)
    peak = statistics.median(row["discard"] for row in table[256])
    with start_all():
        measure_latency({"(a) bare": bare_port, "(b) discard": discard_port}, int(peak / 2), token)
    measure_start_and_memory(discard_config, discard_port, token)


if __name__ == "__main__":
    main()
