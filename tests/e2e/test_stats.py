# SPDX-License-Identifier: Apache-2.0
"""POST /stats/{topic} against a real server: every message of the contract, pages, plans, faults."""
import json
import threading
import time
import uuid

import pytest
import requests

from conftest import start_on_conf, upstream_conf
from gate import KeyServer, write_yaml
from postgres_gate import (RUNS, SHIPPED, TEST, fresh_database, postgres_gate, run_event, stats_settings)

NOW = int(time.time() * 1000)
HOUR = 3600 * 1000


@pytest.fixture(scope="module")
def database(postgres):
    name = fresh_database(postgres)
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def gate(postgres, database, keys, tmp_path_factory):
    gate = postgres_gate(tmp_path_factory.mktemp("stats") / "gate", keys, postgres, database,
                         settings={"stats": stats_settings(postgres, database)})
    yield gate
    gate.stop()


def ask(gate, body=None, topic=RUNS):
    data = body if isinstance(body, (bytes, str)) or body is None else json.dumps(body)
    return requests.post(gate.url(f"/stats/{topic}"), data=data, timeout=60)


def page(gate, **body):
    answer = ask(gate, body)
    assert answer.status_code == 200, answer.text
    answer = answer.json()
    assert answer["success"] is True and answer["statusCode"] == 200
    return answer["data"], answer["pagination"]


def error(answer):
    body = answer.json()
    assert body["success"] is False and body["statusCode"] == answer.status_code
    (found,) = body["errors"]
    return answer.status_code, found["type"], found["message"]


# --- what is refused

def test_a_topic_that_is_not_there(gate):
    assert error(ask(gate, topic="x")) == (404, "topic", "Topic 'x' not found.")
    assert error(ask(gate, topic="X.Y")) == (404, "topic", "Topic 'x.y' not found.")


def test_a_topic_without_stats(gate):
    assert error(ask(gate, "{", topic=TEST)) == (
        400, "validation", "Stats are only supported for topics 'public.cps.za.runs'.")


@pytest.mark.parametrize("body, message", [
    ("{", "Request body must be valid JSON."),
    ("   ", "Request body must be valid JSON."),
    (b"\xff", "Request body must be valid JSON."),
    ("[]", "Request body must be a JSON object."),
    ("null", "Request body must be a JSON object."),
    ("7", "Request body must be a JSON object."),
    ('{"timestamp_start": "1"}', "Field 'timestamp_start' must be an integer (epoch ms)."),
    ('{"timestamp_start": true}', "Field 'timestamp_start' must be an integer (epoch ms)."),
    ('{"timestamp_start": 1.0}', "Field 'timestamp_start' must be an integer (epoch ms)."),
    ('{"timestamp_end": []}', "Field 'timestamp_end' must be an integer (epoch ms)."),
    ('{"timestamp_end": false}', "Field 'timestamp_end' must be an integer (epoch ms)."),
    ('{"cursor": "a"}', "Field 'cursor' must be an integer (internal_id)."),
    ('{"cursor": true}', "Field 'cursor' must be an integer (internal_id)."),
    ('{"limit": 0}', "Field 'limit' must be a positive integer."),
    ('{"limit": -3}', "Field 'limit' must be a positive integer."),
    ('{"limit": true}', "Field 'limit' must be a positive integer."),
    ('{"limit": null}', "Field 'limit' must be a positive integer."),
    ('{"limit": 5.5}', "Field 'limit' must be a positive integer."),
    ('{"limit": "5", "cursor": "a", "timestamp_end": "b"}', "Field 'timestamp_end' must be an integer (epoch ms)."),
])
def test_a_body_that_is_refused(gate, body, message):
    assert error(ask(gate, body)) == (400, "validation", message)


def test_a_wrong_method_is_told_the_right_one(gate):
    answer = gate.get(f"/stats/{RUNS}")
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]


# --- what is answered

def post_run(gate, start, *jobs, **more):
    event = run_event(timestamp_start=start, timestamp_end=start + 1000, jobs=[
        {"catalog_id": "db.t", "status": "succeeded", "timestamp_start": start, "timestamp_end": start + 1500, **job}
        for job in jobs], **more)
    assert gate.post(RUNS, event).status_code == 202
    return event


def test_the_columns_and_what_is_computed_of_them(gate):
    start = 1747646401999
    event = post_run(gate, start, {"country": "za", "message": "fine", "additional_info": {"a": [1, 2.50, None]}},
                     tenant_id="TeNaNt")
    (row,), pagination = page(gate, timestamp_start=start, timestamp_end=start)
    assert row.pop("internal_id") > 0
    assert row == {
        "event_id": event["event_id"], "job_ref": "spark-1", "tenant_id": "TeNaNt", "source_app": "aqueduct",
        "source_app_version": "1.2.3", "environment": "dev", "run_timestamp_start": start,
        "run_timestamp_end": start + 1000, "country": "za", "catalog_id": "db.t", "status": "succeeded",
        "timestamp_start": start, "timestamp_end": start + 1500, "message": "fine",
        "additional_info": {"a": [1, 2.5, None]}, "run_date": "19-05-2025", "formatted_tenant": "tenant",
        "elapsed_time": 1500, "start_time": "2025-05-19 09:20:01", "end_time": "2025-05-19 09:20:03",
        "run_status": "succeeded"}
    assert pagination == {"cursor": None, "has_more": False, "limit": 50}


@pytest.mark.parametrize("status, message, expected", [
    ("failed", "There was NO DATA today", "no data received"), ("failed", "no records to send", "no data produced"),
    ("FAILED", "no data and no records to send", "no data received"), ("failed", "boom", "failed"),
    ("failed", None, "failed"), ("succeeded", "no data", "succeeded"), ("killed", "x", "succeeded"),
    ("skipped", None, "succeeded")])
def test_the_status_of_a_run(gate, status, message, expected):
    start = 1600000000000 + hash((status, message)) % 10 ** 9
    post_run(gate, start, {"status": status, "message": message})
    (row,), _ = page(gate, timestamp_start=start, timestamp_end=start)
    assert row["run_status"] == expected


def test_the_window_is_inclusive_and_seven_days_by_default(gate):
    inside = post_run(gate, NOW - 6 * 24 * HOUR, {})["event_id"]
    outside = post_run(gate, NOW - 8 * 24 * HOUR, {})["event_id"]
    for answer in (ask(gate), ask(gate, {}), ask(gate, {"timestamp_start": None, "cursor": None})):
        found = {row["event_id"] for row in answer.json()["data"]}
        assert inside in found and outside not in found
    found = {row["event_id"] for row in page(gate, timestamp_start=NOW - 8 * 24 * HOUR)[0]}
    assert {inside, outside} <= found
    found = {row["event_id"] for row in page(gate, timestamp_start=NOW - 8 * 24 * HOUR + 1)[0]}
    assert outside not in found


def test_pages_follow_each_other_without_gap_or_repetition(gate):
    start = 1500000000000
    for i in range(5):
        post_run(gate, start + i, *[{} for _ in range(5)])
    everything, pagination = page(gate, timestamp_start=start, timestamp_end=start + 10)
    ids = [row["internal_id"] for row in everything]
    assert len(ids) == 25 and ids == sorted(ids, reverse=True) and pagination["has_more"] is False
    seen, cursor = [], None
    for left in (25, 18, 11, 4):
        rows, pagination = page(gate, timestamp_start=start, timestamp_end=start + 10, limit=7, cursor=cursor)
        seen += [row["internal_id"] for row in rows]
        assert pagination["has_more"] is (left > 7) and pagination["limit"] == 7
        assert pagination["cursor"] == (seen[-1] if left > 7 else None)
        cursor = pagination["cursor"]
    assert seen == ids
    rows, pagination = page(gate, timestamp_start=start, timestamp_end=start + 10, limit=25)
    assert len(rows) == 25 and pagination["has_more"] is False


def test_numbers_beyond_every_column_are_taken_for_the_nearest(gate):
    rows, pagination = page(gate, limit=10 ** 30, timestamp_start=-10 ** 30, timestamp_end=10 ** 30, cursor=10 ** 25)
    assert pagination["limit"] == 1000 and rows
    assert page(gate, cursor=-10 ** 25)[0] == []


# --- a hundred thousand rows

@pytest.fixture(scope="module")
def large(postgres, keys, tmp_path_factory):
    name = fresh_database(postgres)
    postgres.query("""
        INSERT INTO public_cps_za_runs SELECT 'run-' || i, 'job', 'T', 'app', '1', 'dev', %s - i * 30000::bigint,
               %s - i * 30000::bigint FROM generate_series(20000, 1, -1) i""", NOW, NOW, database=name)
    postgres.query("""
        INSERT INTO public_cps_za_runs_jobs (event_id, country, catalog_id, status, timestamp_start, timestamp_end)
        SELECT 'run-' || (20000 - i / 5), 'za', 'db.t', 'succeeded', i, i FROM generate_series(0, 99999) i""",
                   database=name)
    postgres.query("ANALYZE", database=name)
    gate = postgres_gate(tmp_path_factory.mktemp("large") / "gate", keys, postgres, name,
                         settings={"stats": stats_settings(postgres, name)})
    gate.stats_database = name
    yield gate
    gate.stop()
    postgres.drop_database(name)


def explain(postgres, database, start, end, cursor, limit=51):
    import yaml
    sql = yaml.safe_load((SHIPPED / f"stats/{RUNS}.yaml").read_text())["sql"]
    for name, value in {"timestamp_start": start, "timestamp_end": end, "cursor": cursor, "limit": limit}.items():
        sql = sql.replace(f":{name}", f"{value}::bigint")
    return postgres.query("EXPLAIN (ANALYZE, FORMAT JSON) " + sql, database=database)[0][0][0]["Plan"]


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


# A narrow window far back may be found from its runs, or by walking down from the newest job: what
# the planner estimates. Then it reads what is newer than the window, by index.
@pytest.mark.parametrize("start, end, cursor, most", [
    (NOW - 7 * 24 * HOUR, NOW, 2 ** 63 - 1, 500), (NOW - 7 * 24 * HOUR, NOW, 50000, 500),
    (NOW - 7 * 24 * HOUR, NOW, 60, 500), (NOW - 3 * 24 * HOUR, NOW - 3 * 24 * HOUR + HOUR, 2 ** 63 - 1, 60000),
    (NOW - HOUR, NOW, 2 ** 63 - 1, 5000)],
    ids=["first page", "a page in the middle", "the last page", "an hour three days ago", "the last hour"])
def test_no_page_reads_a_whole_table(postgres, large, start, end, cursor, most):
    plan = explain(postgres, large.stats_database, start, end, cursor)
    kinds = [(node["Node Type"], node.get("Relation Name")) for node in nodes(plan)]
    assert not [kind for kind in kinds if kind[0] == "Seq Scan"], kinds
    read = sum(node["Actual Rows"] * node["Actual Loops"] for node in nodes(plan) if "Relation Name" in node)
    assert read < most, kinds


def test_all_rows_page_by_page(large):
    start, cursor, seen = time.monotonic(), None, 0
    last = None
    while True:
        rows, pagination = page(large, limit=1000, cursor=cursor, timestamp_start=0)
        ids = [row["internal_id"] for row in rows]
        assert ids == sorted(ids, reverse=True) and (last is None or ids[0] < last)
        seen, last, cursor = seen + len(ids), ids[-1], pagination["cursor"]
        if not pagination["has_more"]:
            break
    assert seen == 100000
    assert time.monotonic() - start < 60


# --- the database behind

def test_without_a_database_the_query_fails(keys, tmp_path):
    server = KeyServer({"keys": [keys.upstream]})
    (tmp_path / "etc").symlink_to(SHIPPED.parent)  # as installed: the queries are where the daemon looks
    gate = start_on_conf(upstream_conf(tmp_path, server.url), keys)
    assert error(ask(gate)) == (500, "database", "Stats query failed.")
    assert error(ask(gate, topic="public.cps.za.test"))[0] == 400
    gate.stop()
    server.close()


def test_without_a_place_of_its_own_it_reads_where_the_sink_writes(postgres, keys, tmp_path):
    database = fresh_database(postgres)
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database,
                         settings={"stats": {"queries": str(SHIPPED / "stats")}})
    event = post_run(gate, NOW, {})
    assert [row["event_id"] for row in page(gate)[0]] == [event["event_id"]]
    gate.stop()
    postgres.drop_database(database)


def test_a_connection_that_died_is_replaced_at_once(postgres, gate, database):
    page(gate)
    ended = postgres.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                           "'eventgate stats' AND datname = %s", database)
    assert ended
    for _ in range(4):
        page(gate)


def own_query(tmp_path, text):
    folder = tmp_path / "stats"
    folder.mkdir()
    (folder / f"{TEST}.yaml").write_text(text)
    return str(folder)


def test_a_query_of_ones_own_is_read_only_and_ends_in_time(postgres, database, keys, tmp_path):
    postgres.query("CREATE OR REPLACE FUNCTION slow() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(20)'",
                   database=database)
    queries = own_query(tmp_path, "key: id\nsql: SELECT 1 AS id, slow()\n")
    settings = {"stats": stats_settings(postgres, database, queries=queries, statement_timeout="300ms", workers=1)}
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, settings=settings)
    start = time.monotonic()
    assert error(ask(gate, topic=TEST)) == (500, "database", "Stats query failed.")
    assert time.monotonic() - start < 5
    assert "57014" in gate.logs()
    assert error(ask(gate)) == (400, "validation", f"Stats are only supported for topics '{TEST}'.")
    gate.stop()


def test_a_query_that_writes_fails(postgres, database, keys, tmp_path):
    queries = own_query(tmp_path, "key: id\nsql: |\n  WITH w AS (INSERT INTO public_cps_za_test VALUES "
                                  "('x', 'a', 'b', 'c') RETURNING 1) SELECT 1 AS id FROM w\n")
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, settings={
        "stats": {**stats_settings(postgres, database, queries=queries), "user": "postgres", "password": "x"}})
    assert error(ask(gate, topic=TEST)) == (500, "database", "Stats query failed.")
    assert "25006" in gate.logs()
    gate.stop()


def test_every_type_of_column_is_json(postgres, database, keys, tmp_path):
    queries = own_query(tmp_path, r"""
key: id
default_limit: 2
max_limit: 3
sql: |
  SELECT i AS id, i % 2 = 0 AS even, i * 1.50::numeric AS price, 'NaN'::float8 AS nan, 2.5::float8 AS half,
         NULL AS nothing, '{"a": "\u00e9"}'::jsonb AS doc, '"quoted"\n' AS text, '2026-01-02'::date AS day
    FROM generate_series(1, 10) i WHERE i < :cursor ORDER BY i DESC LIMIT :limit
""")
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database,
                         settings={"stats": stats_settings(postgres, database, queries=queries)})
    answer = ask(gate, topic=TEST).json()
    assert answer["data"][0] == {"id": 10, "even": True, "price": 15.0, "nan": "NaN", "half": 2.5, "nothing": None,
                                 "doc": {"a": "é"}, "text": '"quoted"\\n', "day": "2026-01-02"}
    assert answer["pagination"] == {"cursor": 9, "has_more": True, "limit": 2}
    assert ask(gate, {"limit": 100}, topic=TEST).json()["pagination"]["limit"] == 3
    gate.stop()


def test_waiting_for_the_database_holds_up_nobody_else(postgres, keys, tmp_path):
    """While the only stats worker waits, posts go on, more stats queries wait, and too many are told so."""
    database = fresh_database(postgres)
    settings = {"stats": stats_settings(postgres, database, workers=1, queue=2)}
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, settings=settings)
    post_run(gate, NOW, {})
    page(gate)
    blocker = postgres.connect(database)
    blocker.execute("BEGIN; LOCK TABLE public_cps_za_runs IN ACCESS EXCLUSIVE MODE")
    answers = []
    waiting = [threading.Thread(target=lambda: answers.append(ask(gate).status_code)) for _ in range(2)]
    for thread in waiting:
        thread.start()
    time.sleep(1)
    refused = ask(gate)
    assert refused.status_code == 503 and int(refused.headers["Retry-After"]) > 0
    assert gate.post(TEST, {"event_id": str(uuid.uuid4()), "tenant_id": "a", "source_app": "b",
                            "environment": "c"}).status_code == 202
    assert gate.get("/health").status_code == 200
    blocker.execute("ROLLBACK")
    for thread in waiting:
        thread.join(20)
    assert answers == [200, 200]
    gate.stop()
    postgres.drop_database(database)


def test_a_stop_does_not_wait_for_a_long_query(postgres, database, keys, tmp_path):
    queries = own_query(tmp_path, "key: id\nsql: SELECT 1 AS id FROM pg_sleep(25)\n")
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, settings={
        "server": {"listen": "127.0.0.1:0", "drain_timeout": "500ms"},
        "stats": stats_settings(postgres, database, queries=queries)}, start=False)
    import yaml
    document = yaml.safe_load(gate.config.read_text())
    document["server"]["listen"] = f"127.0.0.1:{gate.port}"
    write_yaml(gate.config, document)
    gate.start()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask(gate, topic=TEST).status_code))
    thread.start()
    time.sleep(0.5)
    start = time.monotonic()
    gate.stop()
    thread.join(20)
    assert time.monotonic() - start < 10
    assert answers and answers[0] in (500, 503)


def test_a_query_file_with_a_mistake_stops_the_start(postgres, database, keys, tmp_path):
    queries = own_query(tmp_path, "key: id\nsql: SELECT 1 AS id WHERE :what > 0\n")
    gate = postgres_gate(tmp_path / "gate", keys, postgres, database, start=False,
                         settings={"stats": stats_settings(postgres, database, queries=queries)})
    gate.start(wait=False)
    assert gate.process.wait(20) != 0
    assert "no :what" in gate.logs()
    gate.process = None
