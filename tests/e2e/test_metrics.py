# SPDX-License-Identifier: Apache-2.0
"""What /metrics says, and that it says it in few and well-formed lines."""
import shutil
import subprocess

import pytest
import requests

from gate import ROOT, wait_until

THING = {"type": "object", "required": ["n"]}
BATCH = "application/vnd.eventgate.batch+json"


@pytest.fixture
def things(make_gate):
    return make_gate(topics={"things": THING, "others": {}},
                     access={"things": ["TestUser"], "others": {"TestUser": {"app": ["good"]}}})


def text(gate):
    response = requests.get(gate.admin_url("/metrics"), timeout=20)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return response.text


def requests_total(gate, route, method, status):
    return gate.metrics().get(
        f'eventgate_http_requests_total{{route="{route}",method="{method}",status="{status}"}}', 0)


def events_total(gate, topic, result):
    return gate.metrics().get(f'eventgate_events_total{{topic="{topic}",result="{result}"}}', 0)


def test_metrics_are_for_operators_alone(things):
    response = things.get("/metrics")
    assert response.status_code == 404
    assert response.json()["errors"] == [{"type": "route", "message": "Resource not found."}]
    assert "eventgate_build_info" in text(things)


def test_promtool_finds_nothing_to_say(things):
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    things.post("things", {"n": 1})
    things.post("things", {})
    things.get("/nowhere")
    done = subprocess.run([promtool, "check", "metrics"], input=text(things), text=True, capture_output=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_version(things):
    version = (ROOT / "include/eventgate/version.h").read_text().split('EVENTGATE_VERSION "')[1].split('"')[0]
    assert things.metrics()[f'eventgate_build_info{{version="{version}"}}'] == 1


def test_requests_by_route_method_and_status(things):
    for status, send in {
            202: lambda: things.post("things", {"n": 1}),
            400: lambda: things.post("things", {}),
            401: lambda: things.post("things", {"n": 1}, token="nonsense"),
            403: lambda: things.post("things", {"n": 1}, subject="Nobody"),
            404: lambda: things.post("nowhere", {"n": 1}),
            413: lambda: things.post("things", b" " * (1 << 20) + b" "),
            415: lambda: things.post("things", {"n": 1}, content_type="text/plain")}.items():
        before = requests_total(things, "publish", "POST", status)
        assert send().status_code == status
        wait_until(lambda: requests_total(things, "publish", "POST", status) == before + 1)
    assert things.get("/topics").status_code == 200
    assert requests.head(things.url("/topics/things"), timeout=20).status_code == 200
    assert things.get("/nowhere").status_code == 404
    wait_until(lambda: requests_total(things, "none", "GET", 404) == 1)
    assert requests_total(things, "topics", "GET", 200) == 1
    assert requests_total(things, "topic", "HEAD", 200) == 1


def test_events_by_topic_and_result(things):
    things.post("things", {"n": 1})
    things.post("things", [{"n": 1}, {}, {"n": 3}], content_type=BATCH)
    things.post("others", {"app": "good"})
    things.post("others", {"app": "bad"})
    assert events_total(things, "things", "accepted") == 3
    assert events_total(things, "things", "invalid") == 1
    assert events_total(things, "others", "accepted") == 1
    assert events_total(things, "others", "forbidden") == 1


def test_failed_and_overloaded_events(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "pipeline": {"in_flight_bytes": "1KiB"},
                      "sinks": {"bad": {"type": "faults"}}})
    assert gate.post("things", {"do": "reject"}).status_code == 500
    assert gate.post("things", {"n": "x" * 2000}).status_code == 503
    assert events_total(gate, "things", "failed") == 1
    assert events_total(gate, "things", "overloaded") == 1
    assert gate.metrics()['eventgate_sink_deliveries_total{sink="bad",outcome="rejected"}'] == 1


def test_the_stages_of_a_post(things):
    before = things.metrics()
    things.post("things", {"n": 1})
    after = things.metrics()
    for stage in ("parse", "auth", "access", "validate", "dispatch"):
        name = f'eventgate_ingest_stage_duration_seconds_count{{stage="{stage}"}}'
        assert after[name] == before[name] + 1
        assert after[f'eventgate_ingest_stage_duration_seconds_bucket{{stage="{stage}",le="+Inf"}}'] == after[name]


def test_a_sinks_metrics(things):
    for n in range(5):
        things.post("things", {"n": n})
    counts = things.metrics()
    assert counts['eventgate_sink_deliveries_total{sink="events",outcome="delivered"}'] == 5
    assert counts['eventgate_sink_delivery_duration_seconds_count{sink="events"}'] == 5
    assert counts['eventgate_sink_queue_depth{sink="events"}'] == 0
    assert counts['eventgate_sink_queue_capacity{sink="events"}'] == 10000
    assert counts['eventgate_sink_breaker_state{sink="events"}'] == 0
    wait_until(lambda: things.metrics()['eventgate_sink_in_flight{sink="events"}'] == 0)


def test_tokens_are_remembered(things):
    token = things.token()
    for n in range(4):
        assert things.post("things", {"n": n}, token=token).status_code == 202
    counts = things.metrics()
    assert counts["eventgate_token_cache_misses_total"] == 1
    assert counts["eventgate_token_cache_hits_total"] == 3
    assert counts["eventgate_token_cache_entries"] == 1
    assert counts["eventgate_token_keys"] == 1
    assert things.post("things", {"n": 1}, token=token + "x").status_code == 401
    assert things.metrics()["eventgate_token_cache_entries"] == 1, "what is refused is not remembered"


def test_without_a_cache_every_token_is_verified(make_gate):
    gate = make_gate({"auth": {"cache_entries": 0}})
    token = gate.token()
    for _ in range(3):
        assert gate.post("things", {}, token=token).status_code == 202
    counts = gate.metrics()
    assert counts["eventgate_token_cache_hits_total"] == 0
    assert counts["eventgate_token_cache_entries"] == 0


def test_refused_messages_are_counted(things):
    before = {name: value for name, value in things.metrics().items() if "http_rejected_total" in name}
    response = requests.get(things.url("/live"), headers={f"X-{n}": "x" for n in range(100)}, timeout=20)
    assert response.status_code == 431
    wait_until(lambda: any(value > before.get(name, 0) for name, value in things.metrics().items()
                           if "http_rejected_total" in name))


def test_labels_do_not_grow_with_what_strangers_send(things):
    def names():
        return {line.rsplit(" ", 1)[0] for line in text(things).splitlines() if not line.startswith("#")}

    things.post("nowhere", {})
    things.get("/nowhere")
    requests.request("BREW", things.url("/topics"), timeout=20)
    wait_until(lambda: requests_total(things, "none", "GET", 404) >= 1)
    before = names()
    for n in range(30):
        things.post(f"topic-{n}", {})
        things.post("things", {"n": 1}, token=things.token(subject=f"subject-{n}"))
        things.get(f"/path-{n}?query={n}")
        requests.request(f"BREW{n}", things.url("/topics"), timeout=20)
    grown = {name for name in names() - before if "le=" not in name}
    assert all(part not in name for name in grown for part in ("topic-", "subject-", "path-", "BREW", "query"))
    assert len(grown) < 5, grown


def test_a_metric_that_is_full_counts_under_other(make_gate):
    topics = {f"topic{n}": {} for n in range(6)}
    gate = make_gate({"metrics": {"max_label_sets": 10}}, topics=topics)
    for topic in topics:
        assert gate.post(topic, {}).status_code == 202
    found = {name: value for name, value in gate.metrics().items() if name.startswith("eventgate_events_total")}
    assert sum(found.values()) == 6
    assert found['eventgate_events_total{topic="other",result="accepted"}'] >= 1
    assert len(found) <= 10 + 5


def test_generation_and_process(things):
    counts = things.metrics()
    assert counts["eventgate_config_generation"] == 1
    assert counts["process_open_fds"] > 3 and counts["process_threads"] >= 3
    assert counts["process_resident_memory_bytes"] > 1 << 20
    assert 0 < counts["process_start_time_seconds"] <= counts["eventgate_config_last_reload_success_timestamp_seconds"] + 1
    things.reload()
    assert things.metrics()["eventgate_config_generation"] == 2
