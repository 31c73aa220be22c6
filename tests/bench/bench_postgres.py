#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The postgres sink beside pgbench: the same insert, the same server, as many connections, in one run.

  (a) pgbench  prepared statements, each insert a transaction, one after the other on N connections
  (b) daemon   HTTP post, token, access, schema, N workers, each event a transaction, then the 202

The server (fsync on), the load generator and the daemon share the machine's processors. The two take
turns, round by round; what counts is the ratio.
"""
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

import yaml

import bench_gate
from bench_gate import BUILD, PROGRAM, ROUNDS, SECONDS, WORK

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from postgres_server import PASSWORDS, migrate, running_server  # noqa: E402

TOPIC = "public.cps.za.test"
SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "etc/postgres/mappings"
CLIENTS = 256
EVENT = {"event_id": "ea4ef752-2a2b-4f6c-93ee-f31a2f9b7d10", "tenant_id": "abcd", "source_app": "ingestapp",
         "environment": "dev", "timestamp": 1747646400000,
         "additional_info": {"pipeline": 1234, "date": "2026-05-19", "trigger": "SCHEDULE"}}


def pgbench(server, database, connections):
    """Transactions/s of the statement that the mapping has."""
    statement = yaml.safe_load((SHIPPED / f"{TOPIC}.yaml").read_text())["statements"][0]["sql"]
    script = server.folder / "insert.sql"
    script.write_text(statement.strip() + ";\n")
    values = {"event_id": EVENT["event_id"], "tenant_id": EVENT["tenant_id"], "source_app": EVENT["source_app"],
              "environment": EVENT["environment"], "timestamp_event": EVENT["timestamp"],
              "additional_info": json.dumps(EVENT["additional_info"])}
    defines = [part for name, value in values.items() for part in ("-D", f"{name}={value}")]
    done = subprocess.run(
        [server.bin / "pgbench", "-n", "-M", "prepared", "-c", str(connections), "-j", "1", "-T", str(SECONDS), "-f",
         script, *defines, server.role_dsn("writer", database)], check=True, capture_output=True, text=True)
    return float(re.search(r"tps = ([\d.]+)", done.stdout).group(1))


def wrk_script(token):
    path = WORK / "postgres.lua"
    body = json.dumps(EVENT).replace("\\", "\\\\").replace('"', '\\"')
    path.write_text(f'wrk.method = "POST"\nwrk.body = "{body}"\nwrk.headers["Content-Type"] = "application/json"\n'
                    f'wrk.headers["Authorization"] = "Bearer {token}"\n')
    return path


def wrk(port, script):
    """(requests/s, p50, p99)"""
    done = subprocess.run(["wrk", "-t", "1", "-c", str(CLIENTS), "-d", f"{SECONDS}s", "--latency", "-s", script,
                           f"http://127.0.0.1:{port}/topics/{TOPIC}"], check=True, capture_output=True, text=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"wrk met errors:\n{done.stdout}")
    p50, p99 = (re.search(rf"{share}%\s+([\d.]+\w+)", done.stdout).group(1) for share in (50, 99))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1)), p50, p99


def make_config(server, database, workers):
    folder = WORK / f"postgres{workers}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "topics").mkdir(parents=True)
    (folder / "topics" / f"{TOPIC}.json").write_text(json.dumps({
        "type": "object", "required": list(EVENT), "properties": {
            name: {"type": {str: "string", int: "number", dict: "object"}[type(value)]}
            for name, value in EVENT.items()}}))
    (folder / "access.json").write_text(json.dumps({TOPIC: ["bench"]}))
    port = bench_gate.free_port()
    (folder / "eventgate.yaml").write_text(yaml.safe_dump({
        "server": {"listen": f"127.0.0.1:{port}", "limits": {"max_connections_per_address": 4096}},
        "admin": {"listen": f"127.0.0.1:{bench_gate.free_port()}"},
        "auth": {"public_keys_file": str((WORK / "keys.json").resolve())}, "access": "access.json",
        "topic_schemas": "topics", "log": {"level": "warning"},
        "sinks": {"postgres": {"type": "postgres", "dsn": server.role_dsn("writer", database),
                               "mappings": str(SHIPPED), "workers": workers}}}))
    return folder / "eventgate.yaml", port


def measure(server, database, connections, token):
    config, port = make_config(server, database, connections)
    direct, through, tails = [], [], []
    with bench_gate.server([PROGRAM, "serve", "-c", config], port, WORK / "postgres.log"):
        for _ in range(ROUNDS):
            server.query("TRUNCATE public_cps_za_test", database=database)
            direct.append(pgbench(server, database, connections))
            server.query("TRUNCATE public_cps_za_test", database=database)
            rate, p50, p99 = wrk(port, wrk_script(token))
            through.append(rate)
            tails.append((p50, p99))
            (stored,) = server.query("SELECT count(*) FROM public_cps_za_test", database=database)[0]
            if stored < rate * SECONDS * 0.95:
                sys.exit(f"{stored} rows after {rate * SECONDS:.0f} answers")
    return statistics.median(direct), statistics.median(through), tails[-1]


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    for name in ("private.pem", "keys.json"):
        (WORK / name).unlink(missing_ok=True)
    token = bench_gate.make_token()
    with running_server() as server:
        database = server.create_database("bench")
        done = migrate(PROGRAM.resolve(), server.dsn(database))
        if done.returncode != 0:
            sys.exit(done.stderr)
        print(f"Inserts/s, {CLIENTS} HTTP connections, median of {ROUNDS} rounds of {SECONDS} s\n")
        print("| database connections | (a) pgbench | (b) daemon | b/a | p50, p99 of (b) |")
        print("|---|---|---|---|---|")
        for connections in (4, 16):
            direct, through, (p50, p99) = measure(server, database, connections, token)
            print(f"| {connections} | {direct:,.0f} | {through:,.0f} | {through / direct:.2f} | {p50}, {p99} |",
                  flush=True)


if __name__ == "__main__":
    main()
