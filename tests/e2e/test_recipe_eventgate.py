# SPDX-License-Identifier: Apache-2.0
"""The recipe `eventgate`: what is posted once is in Kafka, on the bus, and in PostgreSQL."""
import json

import pytest
import requests

import aws_faults
from gate import PROGRAM, wait_until

pytestmark = pytest.mark.skipif(b"__tsan_init" in PROGRAM.read_bytes(), reason="librdkafka under TSan")


@pytest.fixture(scope="module")
def running(start_recipe):
    return start_recipe("eventgate")


def sample(running, name):
    return json.loads(running.request(name)[2])


def test_a_run_is_everywhere(running):
    event = sample(running, "run")
    answer = running.post("run")
    assert answer.status_code == 202, answer.text
    arrived = wait_until(running.arrived)
    assert [json.loads(text) for text in arrived["kafka public.cps.za.runs"]] == [event]
    on_bus = [json.loads(text) for text in arrived["the bus"]]
    assert [(one["source"], one["detail-type"], one["detail"]) for one in on_bus] == \
        [("public.cps.za.runs", "JSON", event)]
    assert arrived["table runs"] == [{name: event[name] for name in ("event_id", "job_ref", "source_app")}]
    assert arrived["table runs_jobs"] == [{"event_id": event["event_id"], "catalog_id": "sales.orders",
                                           "status": "succeeded"}]


def test_the_other_topics(running):
    for name in ("change", "status"):
        assert running.post(name).status_code == 202
    arrived = running.arrived()
    assert arrived["table dlchange"][0]["operation"] == "append"
    assert arrived["table status_change_aggregated_job"][0]["status_type"] == "SUCCEEDED"
    assert json.loads(arrived["kafka public.cps.za.status_change"][0]) == sample(running, "status")


def test_what_the_schema_forbids_goes_nowhere(running):
    before = running.arrived()
    answer = running.post("refused")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == \
        "'zap' is not one of ['overwrite', 'append', 'archive', 'delete']"
    assert running.arrived() == before


def test_one_sink_that_fails_does_not_stop_the_others(running):
    event = {**sample(running, "run"), "event_id": "f7c5b1d2-0000-4000-8000-000000000001"}
    running.servers.recorder.fault(aws_faults.entries({0: "NotAuthorizedForSourceException"}), operation="PutEvents")
    answer = running.post("run", event)
    assert answer.status_code == 500
    [error] = answer.json()["errors"]
    assert error["type"] == "eventbridge" and error["message"].startswith("1 EventBridge entries failed: [")
    arrived = running.arrived()
    assert event["event_id"] in [row["event_id"] for row in arrived["table runs"]]
    assert event in [json.loads(text) for text in arrived["kafka public.cps.za.runs"]]
    assert event not in [json.loads(text)["detail"] for text in arrived["the bus"]]


def test_who_may_post_what(running):
    url, _, body = running.request("run")
    event = json.loads(body)

    def post(changes):
        headers = {"Authorization": f"Bearer {running.keys.token('shop')}"}
        return requests.post(url, json={**event, "event_id": "another", **changes}, headers=headers, timeout=20)

    assert post({"environment": "prod"}).status_code == 403
    assert post({"environment": "test-2"}).status_code == 202


def test_stats_read_back(running):
    page = requests.post(f"{running.urls['gate']}/stats/public.cps.za.runs",
                         json={"timestamp_start": 0, "timestamp_end": 1747646400000}, timeout=20)
    assert page.status_code == 200, page.text
    assert {row["run_status"] for row in page.json()["data"]} == {"succeeded"}
