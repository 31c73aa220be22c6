# SPDX-License-Identifier: Apache-2.0
"""Fan-out to several sinks, seen by the client: failures, retries, deadlines, full queues, plug-ins."""
import concurrent.futures
import json
import os
import subprocess
import time

import pytest

from gate import ROOT


@pytest.fixture(scope="session")
def moods(tmp_path_factory):
    """A plug-in whose mood can be set, built as its author would: with the public headers alone."""
    path = tmp_path_factory.mktemp("plugin") / "moods.so"
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared",
                    f"-I{ROOT / 'include'}", "-o", path, ROOT / "tests/support/plugin_moods.c"], check=True)
    return str(path)


def settings(moods, sinks, **more):
    return {"plugins": [moods], "sinks": {"events": {"type": "sqlite", "path": "events.db"}, **sinks}, **more}


def test_a_failing_sink_is_named_and_never_stops_another(make_gate, moods):
    daemon = make_gate(settings(moods, {"broken": {"type": "moods", "mood": "reject"}}))
    response = daemon.post("things", {"n": 1})
    assert response.status_code == 500
    assert response.json() == {"success": False, "statusCode": 500,
                               "errors": [{"type": "broken", "message": "the mood is bad"}]}
    assert [row["payload"] for row in daemon.events()] == [{"n": 1}]
    assert daemon.metrics()['eventgate_sink_deliveries_total{sink="broken",outcome="rejected"}'] == 1


def test_a_sink_that_asks_for_a_retry_gets_one(make_gate, moods):
    daemon = make_gate(settings(moods, {"shy": {"type": "moods", "mood": "retry_once"}}))
    assert daemon.post("things", {}).status_code == 202
    assert daemon.metrics()['eventgate_sink_retries_total{sink="shy"}'] == 1
    assert len(daemon.events()) == 1, "only the sink that failed was tried again"


def test_a_sink_that_never_answers_meets_the_deadline(make_gate, moods):
    daemon = make_gate(settings(moods, {"mute": {"type": "moods", "mood": "silent"}}, pipeline={"deadline": "300ms"},
                                server={"drain_timeout": "1s"}))
    response = daemon.post("things", {})
    assert response.status_code == 500
    assert response.json()["errors"] == [{"type": "mute", "message": "no answer within 300 ms"}]
    daemon.stop()


def test_all_failures_are_told_together(make_gate, moods):
    daemon = make_gate(settings(moods, {"a": {"type": "moods", "mood": "reject"}, "b": {"type": "moods", "mood": "reject"}}))
    assert {error["type"] for error in daemon.post("things", {}).json()["errors"]} == {"a", "b"}


def test_a_full_queue_turns_posts_away_whole(make_gate, moods):
    daemon = make_gate(settings(moods, {"slow": {"type": "moods", "mood": "slow", "queue_events": 4}}))
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        responses = list(pool.map(lambda number: daemon.post("things", {"n": number}), range(40)))
    away = [response for response in responses if response.status_code == 503]
    taken = [response for response in responses if response.status_code == 202]
    assert away and taken and len(away) + len(taken) == 40
    assert all(int(response.headers["Retry-After"]) >= 1 for response in away)
    assert len(daemon.events("--limit", "1000")) == len(taken), "an event goes to all of its sinks or to none"


def test_a_topic_names_its_sinks(make_gate, moods):
    daemon = make_gate(settings(moods, {"broken": {"type": "moods", "mood": "reject"}},
                                topics={"things": {"sinks": ["events"]}}))
    assert daemon.post("things", {}).status_code == 202


def test_the_breaker_opens_and_says_so(make_gate, moods):
    daemon = make_gate(settings(moods, {"down": {"type": "moods", "mood": "retry_always", "retry": {"attempts": 1},
                                                 "breaker": {"failures": 3, "open": "1h"}}}))
    for _ in range(4):
        message = daemon.post("things", {}).json()["errors"][0]["message"]
    assert "circuit open" in message
    assert daemon.metrics()['eventgate_sink_breaker_state{sink="down"}'] == 2
    health = daemon.get("/health")
    assert health.status_code == 503 and "down" in health.json()["failures"]


def test_the_log_sink_writes_lines_and_survives_rotation(make_gate):
    daemon = make_gate({"sinks": {"lines": {"type": "log", "path": "events.log"}}})
    assert daemon.post("things", '{"a":\n 1}').status_code == 202
    (daemon.folder / "events.log").rename(daemon.folder / "events.log.1")
    assert daemon.post("things", {"a": 2}).status_code == 202
    old = [json.loads(line) for line in (daemon.folder / "events.log.1").read_text().splitlines()]
    new = [json.loads(line) for line in (daemon.folder / "events.log").read_text().splitlines()]
    assert [row["payload"] for row in old] == [{"a": 1}] and [row["payload"] for row in new] == [{"a": 2}]


def test_traces_continue_into_the_events(make_gate):
    daemon = make_gate()
    trace = "0af7651916cd43dd8448eb211c80319c"
    daemon.post("things", {}, headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01", "tracestate": "a=1,b=2"})
    daemon.post("things", {}, headers={"traceparent": "nonsense", "tracestate": "a=1"})
    first, second = sorted(daemon.events(), key=lambda row: row["seq"])
    assert first["traceparent"].split("-")[1] == trace and "b7ad6b7169203331" not in first["traceparent"]
    assert first["traceparent"].endswith("-01") and first["tracestate"] == "a=1,b=2"
    assert second["traceparent"].startswith("00-") and trace not in second["traceparent"] and not second["tracestate"]


def test_payloads_in_the_log_hide_their_secrets(make_gate):
    daemon = make_gate(env={"LOG_LEVEL": "TRACE", "TRACE_REDACT_KEYS": "pin", "TRACE_MAX_BYTES": "60"})
    daemon.post("things", {"a": {"PIN": "1234"}, "long": "x" * 100})
    daemon.wait_log("sending the payload")
    line = next(line for line in daemon.log_lines() if line.get("message", "").startswith("sending the payload"))
    assert "1234" not in daemon.logs() and "***REDACTED***" in line["payload"] and line["payload"].endswith("...")
    assert line["correlation_id"]


def test_a_subject_has_its_rate(make_gate):
    daemon = make_gate({"server": {"subject_rate": 1, "subject_burst": 3}}, access={"things": ["A", "B"]})
    statuses = [daemon.post("things", {}, subject="A").status_code for _ in range(6)]
    assert statuses[:3] == [202] * 3 and 429 in statuses[3:]
    response = daemon.post("things", {}, subject="A")
    assert response.status_code == 202 or int(response.headers["Retry-After"]) >= 1
    assert daemon.post("things", {}, subject="B").status_code == 202


def test_metrics_are_clean_and_for_operators_only(make_gate):
    daemon = make_gate()
    for _ in range(3):
        daemon.post("things", {})
    daemon.post("things", {}, token="x")
    refused = 'eventgate_http_requests_total{route="publish",method="POST",status="401"}'
    until = time.monotonic() + 5
    while time.monotonic() < until and not daemon.metrics().get(refused):
        time.sleep(0.02)  # a request is counted when its reply is out, a moment after the client has it
    metrics = daemon.metrics()
    assert metrics[refused] == 1
    assert metrics['eventgate_http_requests_total{route="publish",method="POST",status="202"}'] == 3
    assert metrics['eventgate_events_total{topic="things",result="accepted"}'] == 3
    assert metrics["eventgate_token_cache_hits_total"] >= 1
    assert daemon.get("/metrics").status_code == 404
    import requests
    text = requests.get(daemon.admin_url("/metrics"), timeout=10).text
    try:
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("promtool is not installed")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_line_of_a_request_has_its_correlation_id(make_gate):
    daemon = make_gate(env={"LOG_LEVEL": "DEBUG"})
    daemon.post("things", "{", headers={"X-Correlation-ID": "trace-me"})
    until = time.monotonic() + 5
    while time.monotonic() < until and daemon.logs().count("trace-me") < 2:
        time.sleep(0.02)
    lines = [line for line in daemon.log_lines() if line.get("correlation_id") == "trace-me"]
    assert {"request"} <= {line["message"] for line in lines} and len(lines) >= 2
    assert all("raw" not in line for line in daemon.log_lines()), "every line is JSON"
