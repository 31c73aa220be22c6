# SPDX-License-Identifier: Apache-2.0
"""The postgres sink against a real server: rows, atomicity, the merge, refusals, roles, migrations."""
import itertools
import json
import os
import pathlib
import random
import shutil
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from gate import PROGRAM, ROOT, SANITIZER_ENV, VECTORS, run
from postgres_gate import (DLCHANGE, FAILURE, RUNS, SHIPPED, STATUS, TABLE, TEST, fresh_database, postgres_gate,
                           rows_of, run_event, status_event, test_event)
from postgres_server import migrate


@pytest.fixture(scope="module")
def database(postgres):
    name = fresh_database(postgres)
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def stored(postgres, database, keys, tmp_path_factory):
    """A daemon, and rows(topic) of what it stored."""
    gate = postgres_gate(tmp_path_factory.mktemp("postgres") / "gate", keys, postgres, database, topics=["unmapped"])
    gate.rows = lambda topic, **options: rows_of(postgres, database, TABLE.get(topic, topic), **options)
    yield gate
    gate.stop()


def accepted(answer):
    assert answer.status_code == 202, answer.text
    assert answer.json() == {"success": True, "statusCode": 202}


def refusal(answer):
    assert answer.status_code == 500, answer.text
    (error,) = answer.json()["errors"]
    assert error["type"] == "postgres"
    assert error["message"].startswith(FAILURE)
    return error["message"][len(FAILURE):]


def only(rows, **where):
    found = [row for row in rows if all(row[name] == value for name, value in where.items())]
    assert len(found) == 1, found
    return found[0]


# --- the four topics

def test_a_run_becomes_a_row_and_a_row_for_each_job(stored):
    event = run_event(jobs=[
        {"country": "za", "catalog_id": "db.one", "status": "succeeded", "timestamp_start": 1, "timestamp_end": 2,
         "message": "ok", "additional_info": {"a": [1, None, "é\"'"]}},
        {"catalog_id": "db.two", "status": "failed", "timestamp_start": 3, "timestamp_end": 4, "message": None},
    ])
    accepted(stored.post(RUNS, event))
    row = only(stored.rows(RUNS), event_id=event["event_id"])
    assert row == {name: event[name] for name in row}
    jobs = [job for job in stored.rows("public_cps_za_runs_jobs") if job["event_id"] == event["event_id"]]
    assert [(j["country"], j["catalog_id"], j["status"], j["timestamp_start"], j["timestamp_end"], j["message"],
             j["additional_info"]) for j in jobs] == [
        ("za", "db.one", "succeeded", 1, 2, "ok", {"a": [1, None, "é\"'"]}),
        ("", "db.two", "failed", 3, 4, None, None)]
    assert jobs[0]["internal_id"] < jobs[1]["internal_id"]


def test_a_run_without_jobs_is_a_row(stored):
    event = run_event(jobs=[])
    accepted(stored.post(RUNS, event))
    only(stored.rows(RUNS), event_id=event["event_id"])


def test_a_dlchange_becomes_a_row(stored):
    event = {"event_id": str(uuid.uuid4()), "tenant_id": "T", "source_app": "a", "source_app_version": "1",
             "environment": "dev", "timestamp_event": 1747646400000, "country": "za", "catalog_id": "db.t",
             "operation": "overwrite", "location": "s3://bucket/x", "format": "parquet",
             "format_options": {"compression": "zstd"}, "additional_info": {}}
    accepted(stored.post(DLCHANGE, event))
    assert only(stored.rows(DLCHANGE), event_id=event["event_id"]) == event


def test_what_a_dlchange_leaves_out_is_null_but_for_the_country(stored):
    event = {"event_id": str(uuid.uuid4()), "tenant_id": "T", "source_app": "a", "source_app_version": "1",
             "environment": "dev", "timestamp_event": 1, "catalog_id": "db.t", "operation": "append", "format": "delta"}
    accepted(stored.post(DLCHANGE, event))
    assert only(stored.rows(DLCHANGE), event_id=event["event_id"]) == {
        **event, "country": "", "location": None, "format_options": None, "additional_info": None}


def test_a_test_event_becomes_a_row(stored):
    event = test_event(additional_info={"k": "v"})
    accepted(stored.post(TEST, event))
    assert only(stored.rows(TEST), event_id=event["event_id"]) == {
        "event_id": event["event_id"], "tenant_id": "TENA", "source_app": "app", "environment": "dev",
        "timestamp_event": 1747646400000, "additional_info": {"k": "v"}}


def test_numbers_keep_their_digits_and_fractions_are_rounded(stored):
    whole, fraction = test_event(timestamp=9007199254740993), test_event(timestamp=1747646400000.5)
    accepted(stored.post(TEST, whole))
    accepted(stored.post(TEST, fraction))
    assert only(stored.rows(TEST), event_id=whole["event_id"])["timestamp_event"] == 9007199254740993
    assert only(stored.rows(TEST), event_id=fraction["event_id"])["timestamp_event"] == 1747646400001


def test_a_topic_without_a_mapping_is_skipped_silently(stored):
    accepted(stored.post("unmapped", {"anything": 1}))


def test_the_connection_is_encrypted(stored, postgres):
    accepted(stored.post(TEST, test_event()))
    found = postgres.query("SELECT bool_and(ssl), count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                           "WHERE usename = 'eventgate_writer'")
    assert found[0][0] is True and found[0][1] > 0


# --- refusals

def test_a_run_with_a_bad_job_leaves_nothing(stored):
    event = run_event()
    event["jobs"].append({"catalog_id": "db.t", "status": "x" * 51, "timestamp_start": 1, "timestamp_end": 2})
    assert "22001" in refusal(stored.post(RUNS, event))
    assert not [row for row in stored.rows(RUNS) if row["event_id"] == event["event_id"]]
    assert not [row for row in stored.rows("public_cps_za_runs_jobs") if row["event_id"] == event["event_id"]]


@pytest.mark.parametrize("change, message", [
    ({"job_id": "0001aaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaaaaaa"},
     "'job_id' is not a UUID: \"0001aaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaaaaaa\""),
    ({"parent_job_id": "mine"}, "'parent_job_id' is not a UUID: \"mine\""),
    ({"timestamp_event": None}, "'timestamp_event' is missing, and the table needs it"),
    ({"timestamp_event": "soon"}, "'timestamp_event' is not a time in milliseconds since 1970: \"soon\""),
    ({"timestamp_event": 10 ** 17}, "'timestamp_event' is not a time in milliseconds since 1970: 100000000000000000"),
    ({"attempt_number": "two"}, "'attempt_number' is not an integer of 32 bits: \"two\""),
    ({"job_name": ["a"]}, "'job_name' is not a text: [\"a\"]"),
    ({"job_name": "a\0b"}, "'job_name' holds the character U+0000, which no text of a database can"),
    ({"additional_context": {"a": "\0"}}, "'additional_context' holds the character U+0000, which jsonb can't"),
])
def test_what_the_mapping_can_tell_is_refused_before_anything_is_sent(stored, change, message):
    event = status_event(**change)
    before = len(stored.rows(STATUS))
    assert refusal(stored.post(STATUS, event)) == message
    assert len(stored.rows(STATUS)) == before


def test_what_only_the_server_can_tell_is_refused_with_its_sentence(stored):
    message = refusal(stored.post(STATUS, status_event(status_type="SLEEPING")))
    assert "violates check constraint" in message and "23514" in message
    assert "23514" in refusal(stored.post(STATUS, status_event(attempt_number=0)))


def test_a_bad_event_does_not_fail_its_neighbours(stored):
    events = [test_event(tenant_id="x" * 300) if i % 7 == 3 else test_event() for i in range(200)]
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda event: stored.post(TEST, event), events))
    kept = {row["event_id"] for row in stored.rows(TEST)}
    for i, (event, answer) in enumerate(zip(events, answers)):
        assert answer.status_code == (500 if i % 7 == 3 else 202), answer.text
        assert (event["event_id"] in kept) == (i % 7 != 3)


def test_a_batch_with_a_bad_event_keeps_the_others(stored):
    events = [run_event(), run_event(tenant_id="x" * 300), run_event()]
    answer = stored.post(RUNS, events, content_type="application/vnd.eventgate.batch+json")
    assert answer.status_code in (200, 207), answer.text
    kept = {row["event_id"] for row in stored.rows(RUNS)}
    assert [event["event_id"] in kept for event in events] == [True, False, True]


def test_a_failure_at_the_commit_is_a_failure(stored, postgres, database):
    """Deferred constraints are looked at after every statement has succeeded."""
    postgres.query("CREATE FUNCTION refuse_late() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$ BEGIN RAISE check_violation USING MESSAGE = 'too late'; END $$", database=database)
    postgres.query("CREATE CONSTRAINT TRIGGER late AFTER INSERT ON public_cps_za_test DEFERRABLE INITIALLY DEFERRED "
                   "FOR EACH ROW WHEN (NEW.tenant_id = 'late') EXECUTE FUNCTION refuse_late()", database=database)
    bad, good = test_event(tenant_id="late"), test_event()
    assert "too late" in refusal(stored.post(TEST, bad))
    accepted(stored.post(TEST, good))
    kept = {row["event_id"] for row in stored.rows(TEST)}
    assert bad["event_id"] not in kept and good["event_id"] in kept


# --- the merge

def merged(stored, events):
    for event in events:
        accepted(stored.post(STATUS, event))
    return only(stored.rows(STATUS), job_id=events[0]["job_id"])


def same_job(events):
    """Copies of the events for a job of its own."""
    job_id = str(uuid.uuid4())
    return [{**event, "job_id": job_id} for event in events]


def without_id(row):
    return {name: value for name, value in row.items() if name not in ("job_id", "stamps")}


def test_the_life_of_a_job(stored):
    row = merged(stored, same_job([
        status_event("JobCreatedEvent", status_type="WAITING", job_name="j", platform="p", timestamp_event=1000,
                     status_detail="queued", additional_context={"a": 1, "b": 1}, input_arguments={"x": 1}),
        status_event("JobStartedEvent", timestamp_event=2000, attempt_number=3, additional_context={"b": 2, "c": {}}),
        status_event("JobUpdatedEvent", timestamp_event=3000, input_arguments={"y": 2}, attempt_number=1),
        status_event("JobFinishedEvent", timestamp_event=4500, status_type="FAILED", status_subtype="NO_DATA"),
    ]))
    del row["stamps"]
    assert row == {
        "job_id": row["job_id"], "job_group_id": None, "parent_job_id": None, "initial_job_id": None, "job_ref": None,
        "job_name": "j", "definition_id": None, "definition_version": None, "tenant_id": None, "country": None,
        "source_app": None, "source_app_version": None, "environment": None, "platform": "p",
        "platform_metadata": None, "input_arguments": {"y": 2}, "additional_context": {"a": 1, "b": 2, "c": {}},
        "attempt_number": 3, "status_type": "FAILED", "status_subtype": "NO_DATA", "status_detail": None,
        "created_at": "1970-01-01T00:00:01+00:00", "started_at": "1970-01-01T00:00:02+00:00",
        "finished_at": "1970-01-01T00:00:04.5+00:00", "last_updated_at": "1970-01-01T00:00:04.5+00:00"}


def test_created_and_started_sets_both_times(stored):
    row = merged(stored, [status_event("JobCreatedAndStartedEvent", timestamp_event=7000)])
    assert row["created_at"] == row["started_at"] == row["last_updated_at"] == "1970-01-01T00:00:07+00:00"
    assert row["finished_at"] is None


def cut(event):
    """The samples' ids have 16 digits at their end; a UUID has 12."""
    return {name: value[:36] if name.endswith("job_id") or name == "job_group_id" else value
            for name, value in event.items()}


def sample_sequences():
    """{job: its events in order} of each sample folder."""
    for folder in sorted((VECTORS / "samples/adr/000-status-change/examples").glob("*")):
        events = [cut(json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]
        for job_id in sorted({event["job_id"] for event in events}):
            yield f"{folder.name}/{job_id[:4]}", [event for event in events if event["job_id"] == job_id]


def orders(events, most=120):
    """Every permutation, each also with every event twice in some other order; at most so many."""
    chosen = list(itertools.permutations(events))
    random.Random(4).shuffle(chosen)
    for order in chosen[:most]:
        yield list(order)
        again = list(order)
        random.Random(len(order)).shuffle(again)
        yield list(order) + again
        yield [event for event in order for _ in (1, 2)]


@pytest.mark.skipif(not VECTORS.is_dir(), reason="no vectors")
def test_samples_end_in_the_same_row_in_every_order_and_however_often(stored):
    sequences = dict(sample_sequences())
    assert len(sequences) > 5
    for name, events in sequences.items():
        ends = {json.dumps(without_id(merged(stored, same_job(order))), sort_keys=True) for order in orders(events)}
        assert len(ends) == 1, f"{name}: {ends}"


def test_nasty_sequences_end_in_the_same_row_in_every_order(stored):
    """Values that go, come back and tie: what a merge that looks at the last update alone gets wrong."""
    events = [
        status_event("JobCreatedEvent", timestamp_event=1000, status_type="WAITING", job_name="one", country="za",
                     additional_context={"k": 1, "only": "first"}, attempt_number=2, status_detail="d"),
        status_event("JobUpdatedEvent", timestamp_event=2000, job_name="two", additional_context={"k": 2},
                     attempt_number=4),
        status_event("JobUpdatedEvent", timestamp_event=3000, country="ke", attempt_number=1,
                     additional_context={"late": None}),
        status_event("JobUpdatedEvent", timestamp_event=3000, job_name="tie", additional_context={"k": 3}),
        status_event("JobFinishedEvent", timestamp_event=3000, status_type="SUCCEEDED"),
    ]
    ends = {}
    for order in itertools.permutations(events):
        row = without_id(merged(stored, same_job(order)))
        ends[json.dumps(row, sort_keys=True)] = row
    assert len(ends) == 1, list(ends)
    (row,) = ends.values()
    assert (row["job_name"], row["country"], row["attempt_number"], row["status_type"], row["status_detail"]) == (
        "tie", "ke", 4, "SUCCEEDED", None)
    assert row["additional_context"] == {"k": 3, "only": "first", "late": None}


def test_events_of_one_job_at_the_same_time_end_in_the_same_row(stored):
    events = [status_event("JobUpdatedEvent", timestamp_event=1000 + i // 2, job_ref=f"r{i}", country=None if i % 3
                           else f"c{i}", additional_context={f"k{i % 4}": i}) for i in range(16)]
    expected = without_id(merged(stored, same_job(events)))
    together = same_job(events + events)
    with ThreadPoolExecutor(16) as pool:
        for answer in pool.map(lambda event: stored.post(STATUS, event), together):
            accepted(answer)
    assert without_id(only(stored.rows(STATUS), job_id=together[0]["job_id"])) == expected


def test_a_row_from_before_the_stamps_is_as_old_as_its_last_update(stored, postgres, database):
    job_id = str(uuid.uuid4())
    postgres.query("INSERT INTO public_cps_za_status_change_aggregated_job (job_id, job_name, status_type, "
                   "additional_context, attempt_number, last_updated_at) VALUES (%s, 'old', 'RUNNING', '{\"k\": 1}', 5, "
                   "to_timestamp(2))", job_id, database=database)
    row = merged(stored, [
        status_event("JobCreatedEvent", job_id=job_id, timestamp_event=1000, status_type="WAITING", job_name="older",
                     country="za", additional_context={"k": 0, "n": 0}, attempt_number=2)])
    assert (row["job_name"], row["country"], row["status_type"], row["attempt_number"], row["additional_context"]) == (
        "old", "za", "RUNNING", 5, {"k": 1, "n": 0})
    row = merged(stored, [status_event("JobUpdatedEvent", job_id=job_id, timestamp_event=3000, job_name="newer",
                                       additional_context={"k": 2})])
    assert (row["job_name"], row["country"], row["additional_context"]) == ("newer", "za", {"k": 2, "n": 0})


# --- configuration, health, roles, migrations

def test_health_is_real_connectivity(postgres, database, keys, tmp_path):
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, probe_interval="100ms")
    assert gate.get("/health").json()["dependencies"]["postgres"] == "ok"
    gate.stop()
    gate = postgres_gate(tmp_path / "bad", keys, postgres, database, password="wrong", probe_interval="100ms")
    gate.wait_log("cannot connect to the database")
    health = gate.get("/health")
    assert health.status_code == 503
    assert "password authentication failed" in health.json()["failures"]["postgres"]
    assert "wrong" not in gate.logs()
    gate.stop()


@pytest.mark.parametrize("empty", [True, False])
def test_without_a_database_it_is_not_configured(postgres, keys, tmp_path, empty):
    gate = postgres_gate(tmp_path / "gate", keys, postgres, "", start=False)
    if not empty:
        text = gate.config.read_text()
        gate.config.write_text("".join(line for line in text.splitlines(True) if "database:" not in line))
    gate.start()
    accepted(gate.post(TEST, test_event()))
    health = gate.get("/health")
    assert health.status_code == 200
    assert health.json()["dependencies"]["postgres"] == "not configured"
    gate.stop()


def test_a_dsn_from_a_file_and_a_password_from_the_environment(postgres, database, keys, tmp_path):
    (tmp_path / "dsn").write_text(postgres.dsn(database, "eventgate_writer") + "\n")
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, start=False,
                         password="${PG_SECRET}", dsn={"file": str(tmp_path / "dsn")})
    gate.env["PG_SECRET"] = "writer-secret"
    gate.start()
    event = test_event()
    accepted(gate.post(TEST, event))
    assert event["event_id"] in {row["event_id"] for row in rows_of(postgres, database, TABLE[TEST])}
    gate.stop()


def test_a_server_whose_certificate_is_not_trusted_is_not_talked_to(postgres, database, keys, tmp_path):
    (tmp_path / "other").mkdir()
    shutil.copy(postgres.folder / "server.pem", tmp_path / "other/ca.pem")
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, sslrootcert=str(tmp_path / "other/ca.pem"),
                         retry={"attempts": 1})
    assert "certificate verify failed" in refusal(gate.post(TEST, test_event()))
    gate.stop()


def test_a_mapping_of_ones_own(postgres, database, keys, tmp_path):
    postgres.query("CREATE TABLE orders (id text PRIMARY KEY, who text, paid boolean, total numeric, at timestamptz, "
                   "doc jsonb); GRANT ALL ON orders TO eventgate_writer", database=database)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings/orders.yaml").write_text("""
statements:
  - sql: |
      INSERT INTO orders VALUES (:id, upper(:who), :paid, :total, :at::timestamptz, :doc)
      ON CONFLICT (id) DO NOTHING   -- :not_a_name, 'nor :this'
    parameters:
      id: text @id
      who: text /customer/name required
      paid: boolean /paid default false
      total: numeric /total
      at: timestamptz /at
      doc: jsonb @payload
""")
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, topics=["orders"],
                         mappings=str(tmp_path / "mappings"))
    body = {"customer": {"name": "ann"}, "total": 12345678901234567890.5, "at": "2026-01-02T03:04:05Z"}
    text = json.dumps(body).replace("1.2345678901234567e+19", "12345678901234567890.50")
    for _ in range(2):
        accepted(gate.post("orders", text, headers={"Idempotency-Key": "order-1"}))
    (row,) = postgres.query("SELECT id, who, paid, total::text, at, doc FROM orders", database=database)
    assert row[:4] == ("order-1", "ANN", False, "12345678901234567890.50")
    assert row[4].isoformat().startswith("2026-01-02T03:04:05")
    assert row[5]["customer"] == {"name": "ann"}
    assert refusal(gate.post("orders", {})) == "'customer/name' is missing, and the table needs it"
    gate.stop()


def test_the_values_of_a_mapping_may_be_templates(postgres, database, keys, tmp_path):
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings/made.yaml").write_text("""
statements:
  - sql: INSERT INTO made (id, month, who, sum, doc) VALUES (:id, :month, :who, :sum, :doc)
    parameters:
      id: text <$.source>/<$.id> required
      month: text <$.detail.ts | date("%Y-%m")>
      who: text <$.detail.name | lower> default 'nobody'
      sum: bigint <$.detail.sum>
      doc: 'jsonb <$.detail.lines[*].sku>'
""")
    postgres.query("CREATE TABLE made (id text PRIMARY KEY, month text, who text, sum bigint, doc jsonb);"
                   "GRANT SELECT, INSERT ON made TO eventgate_writer", database=database)
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, topics=["made"],
                         mappings=str(tmp_path / "mappings"))
    try:
        nasty = "x'); DROP TABLE made; --"
        accepted(gate.post("made", {"ts": 1603294852000, "name": nasty, "sum": "12", "lines": [{"sku": "a\"b"}]},
                           headers={"Idempotency-Key": "one"}))
        accepted(gate.post("made", {}, headers={"Idempotency-Key": "two"}))
        assert "is not an integer of 64 bits" in refusal(gate.post("made", {"sum": "many"}))
        assert rows_of(postgres, database, "made", order="month") == [
            {"id": "made/one", "month": "2020-10", "who": nasty.lower(), "sum": 12, "doc": ["a\"b"]},
            {"id": "made/two", "month": None, "who": "nobody", "sum": None, "doc": []}]
    finally:
        gate.stop()


def test_a_mapping_with_mistakes_stops_the_start_and_names_them_all(postgres, database, keys, tmp_path):
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings/a.yaml").write_text(
        "statements:\n  - sql: INSERT INTO t VALUES (:a, :b)\n    parameters: {a: txt /a, c: text /c}\n")
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, mappings=str(tmp_path / "mappings"), start=False)
    gate.start(wait=False)
    assert gate.process.wait(20) != 0
    assert "a.yaml" in gate.logs() and "txt" in gate.logs()
    gate.process = None


def test_a_table_that_is_missing_fails_its_topic_alone_until_it_is_there(postgres, keys, tmp_path):
    database = fresh_database(postgres)
    postgres.query("ALTER TABLE public_cps_za_test RENAME TO away", database=database)
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database)
    assert "42P01" in refusal(gate.post(TEST, test_event()))
    accepted(gate.post(RUNS, run_event()))
    postgres.query("ALTER TABLE away RENAME TO public_cps_za_test", database=database)
    accepted(gate.post(TEST, test_event()))
    gate.stop()
    postgres.drop_database(database)


def test_each_role_may_do_what_it_is_for(postgres, database):
    def as_role(role, sql):
        with psycopg.connect(postgres.role_dsn(role, database)) as connection:
            connection.execute(sql)

    insert = ("INSERT INTO public_cps_za_test (event_id, tenant_id, source_app, environment) "
              "VALUES ('role', 'a', 'b', 'c')")
    as_role("writer", insert)
    as_role("writer", "UPDATE public_cps_za_test SET tenant_id = 'z' WHERE event_id = 'role'")
    as_role("reader", "SELECT * FROM public_cps_za_test")
    as_role("owner", "CREATE TABLE owned (a int)")
    as_role("reader", "SELECT * FROM owned")
    for role, sql in [("reader", insert), ("reader", "CREATE TABLE mine (a int)"),
                      ("writer", "DELETE FROM public_cps_za_test"), ("writer", "DROP TABLE public_cps_za_test"),
                      ("writer", "SELECT * FROM eventgate_migrations")]:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_role(role, sql)
    as_role("owner", "DROP TABLE owned")


def test_migrate_twice_changes_nothing(postgres):
    database = fresh_database(postgres, migrated=False)
    first = migrate(PROGRAM, postgres.dsn(database))
    assert first.returncode == 0 and "5 applied" in first.stdout, first.stdout + first.stderr
    before = postgres.query("SELECT * FROM eventgate_migrations ORDER BY 1", database=database)
    again = migrate(PROGRAM, postgres.dsn(database))
    assert again.returncode == 0 and "0 applied" in again.stdout
    assert postgres.query("SELECT * FROM eventgate_migrations ORDER BY 1", database=database) == before
    postgres.drop_database(database)


def test_the_files_themselves_apply_again_without_harm(postgres):
    """Also without the record: a database that has the tables and not our history."""
    database = fresh_database(postgres)
    postgres.query("INSERT INTO public_cps_za_test VALUES ('kept', 'a', 'b', 'c', 1, NULL)", database=database)
    postgres.query("DROP TABLE eventgate_migrations", database=database)
    again = migrate(PROGRAM, postgres.dsn(database))
    assert again.returncode == 0 and "5 applied" in again.stdout, again.stderr
    assert [row["event_id"] for row in rows_of(postgres, database, TABLE[TEST])] == ["kept"]
    postgres.drop_database(database)


def test_a_migration_that_changed_is_refused_and_nothing_is_applied(postgres, tmp_path):
    database = fresh_database(postgres, migrated=False)
    folder = shutil.copytree(SHIPPED / "migrations", tmp_path / "migrations")
    assert migrate(PROGRAM, postgres.dsn(database), folder).returncode == 0
    with open(folder / "0002_tables.sql", "a") as file:
        file.write("-- changed\n")
    (folder / "0009_new.sql").write_text("CREATE TABLE new_one (a int);")
    done = migrate(PROGRAM, postgres.dsn(database), folder)
    assert done.returncode == 1 and "0002_tables.sql is not what was applied" in done.stderr
    assert postgres.query("SELECT to_regclass('new_one')", database=database) == [(None,)]
    postgres.drop_database(database)


def test_a_migration_that_fails_is_rolled_back_and_the_next_run_goes_on(postgres, tmp_path):
    database = fresh_database(postgres, migrated=False)
    (tmp_path / "1.sql").write_text("CREATE TABLE one (a int);")
    (tmp_path / "2.sql").write_text("CREATE TABLE two (a int); SELECT 1/0;")
    done = migrate(PROGRAM, postgres.dsn(database), tmp_path)
    assert done.returncode == 3 and "2.sql" in done.stderr and "22012" in done.stderr
    assert postgres.query("SELECT to_regclass('one') IS NOT NULL, to_regclass('two') IS NULL",
                          database=database) == [(True, True)]
    (tmp_path / "2.sql").write_text("CREATE TABLE two (a int);")
    assert migrate(PROGRAM, postgres.dsn(database), tmp_path).returncode == 0
    postgres.drop_database(database)


def test_migrate_with_a_configuration_and_without(postgres, keys, tmp_path):
    database = fresh_database(postgres, migrated=False)
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, start=False, user="postgres", sslmode="prefer")
    done = run("migrate", "-c", gate.config, "--dir", SHIPPED / "migrations")
    assert done.returncode == 0 and "5 applied" in done.stdout, done.stderr
    (tmp_path / "plain.yaml").write_text("sinks: {a: {type: discard}}\n")
    assert run("migrate", "-c", tmp_path / "plain.yaml").returncode == 3
    assert run("migrate", "--nonsense").returncode == 2
    assert run("migrate", "--dsn", "host=127.0.0.1 port=1 dbname=x connect_timeout=2").returncode == 3
    postgres.drop_database(database)


def test_the_sink_conforms_to_the_contract(postgres, database, tmp_path):
    suite = pathlib.Path(os.environ.get("EVENTGATE_BUILD", ROOT / "build")) / "tests/support/postgres_suite"
    assert suite.exists(), "make e2e builds it"
    postgres.query("CREATE TABLE suite_events (id text, payload text)", database=database)
    (tmp_path / "suite.events.yaml").write_text(
        "statements:\n  - sql: INSERT INTO suite_events VALUES (:id, :payload)\n"
        "    parameters: {id: text @id required, payload: text @payload required}\n")
    done = subprocess.run([suite, postgres.dsn(database), tmp_path, "suite_events"], capture_output=True, text=True,
                          timeout=120, check=False, env={**os.environ, **SANITIZER_ENV})
    assert done.returncode == 0, done.stdout + done.stderr
    assert postgres.query("SELECT count(*) = count(DISTINCT id) AND count(*) > 0 FROM suite_events",
                          database=database) == [(True,)]
