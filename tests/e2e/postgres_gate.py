# SPDX-License-Identifier: Apache-2.0
"""A daemon in front of a real PostgreSQL server, and what it stored there."""
import itertools
import json
import pathlib
import uuid

from gate import PROGRAM, Gate, free_port, write_yaml
from postgres_server import PASSWORDS, migrate

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "etc/postgres"
RUNS, DLCHANGE, TEST, STATUS = (f"public.cps.za.{name}" for name in ("runs", "dlchange", "test", "status_change"))
TABLE = {RUNS: "public_cps_za_runs", DLCHANGE: "public_cps_za_dlchange", TEST: "public_cps_za_test",
         STATUS: "public_cps_za_status_change_aggregated_job"}
FAILURE = "The Postgres writer failed with unknown error: "
_numbers = itertools.count(1)


def fresh_database(server, migrated=True):
    name = server.create_database(f"events{next(_numbers)}")
    if migrated:
        done = migrate(PROGRAM, server.dsn(name))
        assert done.returncode == 0, done.stderr
    return name


def sink_settings(server, database, **more):
    return {"type": "postgres", "host": "127.0.0.1", "port": server.port, "database": database,
            "user": "eventgate_writer", "password": PASSWORDS["writer"], "sslmode": "verify-full",
            "sslrootcert": str(server.folder / "ca.pem"), "mappings": str(SHIPPED / "mappings"), **more}


def stats_settings(server, database, **more):
    return {"host": "127.0.0.1", "port": server.port, "database": database, "user": "eventgate_reader",
            "password": PASSWORDS["reader"], "queries": str(SHIPPED / "stats"), **more}


def postgres_gate(folder, keys, server, database, settings=None, topics=(), start=True, **sink):
    """A daemon whose only sink is `postgres`, with the four topics and those given beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "topics").mkdir()
    names = [*TABLE, *topics]
    for name in names:
        (folder / "topics" / f"{name}.json").write_text(json.dumps({"type": "object"}))
    (folder / "access.json").write_text(json.dumps({name: ["TestUser"] for name in names}))
    (folder / "keys.json").write_text(json.dumps({"keys": [keys.upstream]}))
    port, admin_port = free_port(), free_port()
    document = {
        "server": {"listen": f"127.0.0.1:{port}"}, "admin": {"listen": f"127.0.0.1:{admin_port}"},
        "auth": {"public_keys_file": "keys.json"}, "access": "access.json", "topic_schemas": "topics",
        "sinks": {"postgres": sink_settings(server, database, **sink)}, **(settings or {}),
    }
    gate = Gate(write_yaml(folder / "eventgate.yaml", document), folder, keys)
    gate.port, gate.admin_port = port, admin_port
    return gate.start() if start else gate


def rows_of(server, database, table, order="1", columns="*"):
    """The table's rows as dictionaries, JSON decoded."""
    found = server.query(f"SELECT to_jsonb(t) FROM (SELECT {columns} FROM {table} ORDER BY {order}) t",
                         database=database)
    return [row[0] for row in found]


def run_event(**more):
    return {"event_id": str(uuid.uuid4()), "job_ref": "spark-1", "tenant_id": "TENA", "source_app": "aqueduct",
            "source_app_version": "1.2.3", "environment": "dev", "timestamp_start": 1747646400000,
            "timestamp_end": 1747646460000, "jobs": [
                {"catalog_id": "db.table", "status": "succeeded", "timestamp_start": 1747646401000,
                 "timestamp_end": 1747646402500}], **more}


def test_event(**more):
    return {"event_id": str(uuid.uuid4()), "tenant_id": "TENA", "source_app": "app", "environment": "dev",
            "timestamp": 1747646400000, **more}


test_event.__test__ = False


def status_event(kind="JobUpdatedEvent", **more):
    return {"event_type": kind, "event_id": str(uuid.uuid4()), "job_id": str(uuid.uuid4()),
            "timestamp_event": 1747646400000, "status_type": "RUNNING", **more}
