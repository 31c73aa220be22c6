# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server that breaks under load: what was answered 202 is there, once."""
import os
import signal
import subprocess
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from load import Load
from postgres_gate import FAILURE, STATUS, TEST, fresh_database, postgres_gate, rows_of, status_event, test_event
from postgres_server import PostgresServer, running_server

# Two tables in one transaction: one with a key, one without, so that a repetition shows.
MAPPING = """
statements:
  - sql: INSERT INTO load_keyed (key, n) VALUES (:key, :n) ON CONFLICT DO NOTHING
    parameters: {key: text /key required, n: bigint /n required}
  - sql: INSERT INTO load_plain (key, n) VALUES (:key, :n)
    parameters: {key: text /key required, n: bigint /n required}
seen:
  sql: SELECT FROM load_keyed WHERE key = :key AND n = :n
  parameters: {key: text /key required, n: bigint /n required}
"""
TABLES = """
CREATE TABLE load_keyed (key text, n bigint, PRIMARY KEY (key, n));
CREATE TABLE load_plain (key text, n bigint);
GRANT ALL ON load_keyed, load_plain TO eventgate_writer;
"""


@pytest.fixture
def server():
    """One of its own for each test: it will be broken."""
    with running_server({"deadlock_timeout": "100ms"}) as found:
        yield found


def start_gate(tmp_path, keys, server, mapping=MAPPING, tables=TABLES, **sink):
    database = fresh_database(server)
    if tables:
        server.query(tables, database=database)
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "load.yaml").write_text(mapping)
    sink = {"retry": {"attempts": 8, "backoff": "100ms", "max_backoff": "1s"}, "breaker": {"failures": 0}, **sink}
    gate = postgres_gate(tmp_path / "gate", keys, server, database, topics=["load"], mappings=str(folder), **sink)
    return gate, database


def check_stored(load, server, database):
    keyed = {(row["key"], row["n"]) for row in rows_of(server, database, "load_keyed")}
    plain = [(row["key"], row["n"]) for row in rows_of(server, database, "load_plain")]
    accepted = load.accepted()
    assert accepted - keyed == set(), "answered 202 and not there"
    assert len(plain) == len(set(plain)), "there more than once"
    assert set(plain) == keyed, "half a transaction"
    unknown = {event for event, status in load.statuses.items() if status != 202}
    assert keyed - accepted <= unknown


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast shutdown", "crash"])
def test_the_server_is_restarted_under_load(server, keys, tmp_path, how):
    gate, database = start_gate(tmp_path, keys, server)
    with Load(gate, "load") as load:
        for _ in range(3):
            load.wait_accepted(200)
            server.restart(how)
        load.wait_accepted(200)
    check_stored(load, server, database)
    gate.stop()


def test_connections_are_killed_in_their_transactions(server, keys, tmp_path):
    gate, database = start_gate(tmp_path, keys, server)
    killed = 0
    with Load(gate, "load") as load:
        load.wait_accepted(100)
        until = time.monotonic() + 4
        while time.monotonic() < until:
            killed += len(server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                       "WHERE usename = 'eventgate_writer' AND state = 'active'"))
            time.sleep(0.05)
        load.wait_accepted(100)
    assert killed > 5
    check_stored(load, server, database)
    assert load.counts()[202] > 0.9 * sum(load.counts().values()), load.counts()
    gate.stop()


def test_a_full_disk_fails_what_does_not_fit_and_nothing_else(server, keys, tmp_path):
    """A table on a disk of its own, a small one, that is really full."""
    disk = server.folder / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], check=False,
                      capture_output=True).returncode != 0:
        pytest.skip("no right to mount a small disk")
    try:
        (disk / "space").mkdir()
        subprocess.run(["chown", "-R", "postgres", str(disk)] if os.geteuid() == 0 else ["true"], check=True)
        gate, database = start_gate(tmp_path, keys, server, retry={"attempts": 2, "backoff": "10ms"})
        server.query(f"CREATE TABLESPACE small LOCATION '{disk}/space'")
        server.query("ALTER TABLE load_plain SET TABLESPACE small", database=database)
        server.query("CREATE TABLE filler (a text) TABLESPACE small", database=database)
        (disk / "filler").write_bytes(b"x" * (2 << 20))
        with Load(gate, "load", threads=4) as load:
            until = time.monotonic() + 60
            while load.counts()[500] < 20 and time.monotonic() < until:
                time.sleep(0.05)
            assert load.counts()[500] >= 20
            (disk / "filler").unlink()
            load.wait_accepted(100)
        assert "53100" in gate.logs()
        check_stored(load, server, database)
        gate.stop()
    finally:
        server.stop(signal.SIGQUIT)
        subprocess.run(["umount", str(disk)], check=False)


def test_a_disk_that_is_full_for_a_moment_is_waited_for(server, keys, tmp_path):
    gate, database = start_gate(tmp_path, keys, server)
    server.query("CREATE SEQUENCE tries; GRANT ALL ON tries TO eventgate_writer; CREATE FUNCTION full_disk() RETURNS "
                 "trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('tries') % 4 = 1 THEN RAISE disk_full; END IF; "
                 "RETURN NEW; END $$; CREATE TRIGGER full_disk BEFORE INSERT ON load_plain FOR EACH ROW "
                 "EXECUTE FUNCTION full_disk()", database=database)
    with Load(gate, "load", threads=4) as load:
        load.wait_accepted(200)
    assert load.counts()[202] >= 0.99 * sum(load.counts().values()), load.counts()
    check_stored(load, server, database)
    gate.stop()


CROSS = """
statements:
  - sql: UPDATE counters SET value = value + 1 WHERE id = :first
    parameters: {first: integer /first required}
  - sql: UPDATE counters SET value = value + 1 WHERE id = :second
    parameters: {second: integer /second required}
"""


def test_a_deadlock_is_tried_again(server, keys, tmp_path):
    gate, database = start_gate(
        tmp_path, keys, server, mapping=CROSS,
        tables="CREATE TABLE counters (id int PRIMARY KEY, value int); INSERT INTO counters VALUES (1, 0), (2, 0); "
               "GRANT ALL ON counters TO eventgate_writer; CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql "
               "AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$; CREATE TRIGGER slowly BEFORE UPDATE ON "
               "counters FOR EACH ROW EXECUTE FUNCTION slowly()", workers=2, batch_events=4,
        retry={"attempts": 50, "backoff": "50ms", "max_backoff": "500ms"})
    before = server.query("SELECT deadlocks FROM pg_stat_database WHERE datname = %s", database)[0][0]
    pairs = [(1, 2), (2, 1)] * 20
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda pair: gate.post("load", {"first": pair[0], "second": pair[1]}), pairs))
    accepted = sum(answer.status_code == 202 for answer in answers)
    assert accepted == len(pairs), [answer.text for answer in answers if answer.status_code != 202]
    assert rows_of(server, database, "counters") == [{"id": 1, "value": accepted}, {"id": 2, "value": accepted}]
    time.sleep(1.2)  # the server's statistics come late
    assert server.query("SELECT deadlocks FROM pg_stat_database WHERE datname = %s", database)[0][0] > before
    gate.stop()


def test_a_unique_violation_is_that_events_own(server, keys, tmp_path):
    gate, database = start_gate(tmp_path, keys, server, mapping=MAPPING.replace(" ON CONFLICT DO NOTHING", ""))
    assert gate.post("load", {"key": "a", "n": 1}).status_code == 202
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: gate.post("load", {"key": "a", "n": n}), list(range(1, 60)) + [1] * 20))
    assert [answer.status_code for answer in answers] == [500] + [202] * 58 + [500] * 20
    (error,) = answers[0].json()["errors"]
    assert error["message"].startswith(FAILURE) and "23505" in error["message"]
    assert sorted(row["n"] for row in rows_of(server, database, "load_plain")) == list(range(1, 60))
    gate.stop()


@pytest.mark.parametrize("settings, sqlstate", [
    ({"statement_timeout": "300ms"}, "57014"), ({"lock_timeout": "200ms"}, "55P03")])
def test_a_statement_that_takes_too_long_is_given_up(server, keys, tmp_path, settings, sqlstate):
    gate, database = start_gate(tmp_path, keys, server, retry={"attempts": 2, "backoff": "10ms"}, **settings)
    assert gate.post("load", {"key": "a", "n": 1}).status_code == 202
    blocker = server.connect(database)
    blocker.execute("BEGIN; LOCK TABLE load_keyed IN ACCESS EXCLUSIVE MODE")
    start = time.monotonic()
    answer = gate.post("load", {"key": "a", "n": 2})
    assert answer.status_code == 500 and sqlstate in answer.json()["errors"][0]["message"], answer.text
    assert time.monotonic() - start < 5
    blocker.execute("ROLLBACK")
    assert gate.post("load", {"key": "a", "n": 3}).status_code == 202
    assert [row["n"] for row in rows_of(server, database, "load_plain", order="2")] == [1, 3]
    gate.stop()


def test_a_server_that_says_nothing_any_more_is_left(server, keys, tmp_path):
    """Stopped, not dead: only our own timeouts see it."""
    gate, database = start_gate(tmp_path, keys, server, statement_timeout="500ms", retry={"attempts": 1},
                                workers=1)
    assert gate.post("load", {"key": "a", "n": 1}).status_code == 202
    children = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True,
                              check=True).stdout.split()
    for pid in children:
        os.kill(int(pid), signal.SIGSTOP)
    try:
        start = time.monotonic()
        assert gate.post("load", {"key": "a", "n": 2}).status_code == 500
        assert time.monotonic() - start < 15
        assert gate.get("/ready").status_code == 200
    finally:
        for pid in children:
            os.kill(int(pid), signal.SIGCONT)
    assert gate.post("load", {"key": "a", "n": 3}).status_code == 202
    kept = [row["n"] for row in rows_of(server, database, "load_plain", order="2")]
    assert {1, 3} <= set(kept) and len(kept) == len(set(kept))
    gate.stop()


def test_failover_to_the_standby_by_a_connection_string_of_two_hosts(keys, tmp_path):
    primary = PostgresServer({"wal_level": "replica", "max_wal_senders": "4"})
    standby = None
    try:
        primary.start()
        standby = PostgresServer(primary=primary).start()
        primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.query("SELECT pg_reload_conf()")
        gate, database = start_gate(
            tmp_path, keys, primary, host="127.0.0.1,127.0.0.1", port=f"{primary.port},{standby.port}",
            sslmode="require", sslrootcert=None, parameters={"target_session_attrs": "read-write"})
        with Load(gate, "load") as load:
            load.wait_accepted(300)
            primary.stop(signal.SIGQUIT)
            standby.query("SELECT pg_promote()")
            load.wait_accepted(300)
        check_stored(load, standby, database)
        gate.stop()
    finally:
        for one in (standby, primary):
            if one:
                one.destroy()


def test_a_job_has_the_same_row_after_a_storm(server, keys, tmp_path):
    """The merge under load, kills and repetitions: the shipped mapping, many jobs, every event twice."""
    database = fresh_database(server)
    gate = postgres_gate(tmp_path / "gate", keys, server, database, breaker={"failures": 0},
                         retry={"attempts": 10, "backoff": "100ms", "max_backoff": "1s"})
    jobs = [str(uuid.uuid4()) for _ in range(8)]
    events = [status_event(job_id=job, timestamp_event=1000 + i, job_ref=f"r{i}", additional_context={f"k{i % 3}": i})
              for i in range(20) for job in jobs]
    stop = threading.Event()

    def kill():
        while not stop.wait(0.1):
            server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'eventgate_writer' "
                         "AND state = 'active'")

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        def deliver(event):
            until = time.monotonic() + 60
            while gate.post(STATUS, event).status_code != 202:
                assert time.monotonic() < until
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(deliver, (events + events[::-1])))
    finally:
        stop.set()
        killer.join()
    found = rows_of(server, database, "public_cps_za_status_change_aggregated_job")
    assert len(found) == len(jobs)
    for row in found:
        assert row["job_ref"] == "r19" and row["additional_context"] == {"k0": 18, "k1": 19, "k2": 17}
    gate.stop()


def test_an_event_without_a_key_is_stored_once_when_its_answer_got_lost(server, keys, tmp_path):
    """The shipped mapping of a topic whose table has no key: the second attempt asks first."""
    database = fresh_database(server)
    gate = postgres_gate(tmp_path / "gate", keys, server, database, breaker={"failures": 0},
                         retry={"attempts": 10, "backoff": "50ms", "max_backoff": "500ms"})
    events = [test_event() for _ in range(400)]
    stop = threading.Event()

    def kill():
        while not stop.wait(0.03):
            server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'eventgate_writer' "
                         "AND state = 'active'")

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda event: gate.post(TEST, event).status_code, events))
    finally:
        stop.set()
        killer.join()
    stored = [row["event_id"] for row in rows_of(server, database, "public_cps_za_test")]
    assert len(stored) == len(set(stored))
    accepted = {event["event_id"] for event, status in zip(events, answers) if status == 202}
    assert accepted <= set(stored) and len(accepted) > 300
    gate.stop()
