# SPDX-License-Identifier: Apache-2.0
"""Batches, NDJSON, CloudEvents and compressed bodies on the same route."""
import gzip
import json

import pytest
import zstandard

TEST = "public.cps.za.test"
BATCH = "application/vnd.eventgate.batch+json"
LINES = "application/x-ndjson"
STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"


def event(name):
    return {"event_id": name, "tenant_id": "t", "source_app": "a", "environment": "dev", "timestamp": 1}


def stored(gate, *names):
    rows = {row["payload"]["event_id"]: row for row in gate.events("--topic", TEST, "--limit", "100000")
            if row["payload"]["event_id"] in names}
    return rows


def test_a_batch_that_went_well_is_202(gate):
    response = gate.post(TEST, [event("b-1"), event("b-2")], content_type=BATCH)
    assert response.status_code == 202 and response.json() == {"success": True, "statusCode": 202}
    assert set(stored(gate, "b-1", "b-2")) == {"b-1", "b-2"}


def test_one_bad_item_never_stops_the_others(gate):
    response = gate.post(TEST, [event("b-3"), {"event_id": "bad"}, event("b-4")], content_type=BATCH)
    assert response.status_code == 207
    body = response.json()
    assert body["statusCode"] == 207 and body["success"] is False
    assert [(item["index"], item["status"]) for item in body["results"]] == [(0, 202), (1, 400), (2, 202)]
    assert body["results"][1]["errors"][0]["message"] == "'tenant_id' is a required property"
    assert set(stored(gate, "b-3", "b-4", "bad")) == {"b-3", "b-4"}


def test_ndjson_judges_each_line(gate):
    lines = f'{json.dumps(event("n-1"))}\n\n{{broken\n{json.dumps(event("n-2"))}'
    response = gate.post(TEST, lines, content_type=LINES)
    assert response.status_code == 207
    assert [item["status"] for item in response.json()["results"]] == [202, 400, 202]
    assert set(stored(gate, "n-1", "n-2")) == {"n-1", "n-2"}
    assert gate.post(TEST, json.dumps(event("n-3")) + "\n", content_type=LINES).status_code == 202


@pytest.mark.parametrize("body, content_type, message", [
    ("[]", BATCH, "The batch holds no event."), ("{}", BATCH, "A batch must be a JSON array."),
    ("\n \n", LINES, "The batch holds no event."), ("[", BATCH, "Request body must be valid JSON."),
])
def test_a_batch_that_is_none(gate, body, content_type, message):
    response = gate.post(TEST, body, content_type=content_type)
    assert response.status_code == 400 and response.json()["errors"][0]["message"] == message


def test_a_batch_of_a_stranger_is_refused_whole(gate):
    assert gate.post(TEST, [event("b-5")], content_type=BATCH, subject="Nobody").status_code == 403
    assert gate.post(TEST, [event("b-5")], content_type=BATCH, token="x").status_code == 401
    assert not stored(gate, "b-5")


def test_too_many_events(make_gate):
    daemon = make_gate({"events": {"max_batch_events": 3}})
    assert daemon.post("things", [{}] * 3, content_type=BATCH).status_code == 202
    response = daemon.post("things", [{}] * 4, content_type=BATCH)
    assert response.status_code == 413 and "at most 3" in response.json()["errors"][0]["message"]


def cloudevent(name, **changes):
    return {"specversion": "1.0", "id": f"ce-{name}", "source": "/tests", "type": "made.up", "subject": "thing",
            "count": 5, "data": event(name), **changes}


def test_cloudevents_structured(gate):
    assert gate.post(TEST, cloudevent("c-1"), content_type=STRUCTURED).status_code == 202
    row = stored(gate, "c-1")["c-1"]
    assert row["id"] == "ce-c-1" and row["payload"] == event("c-1")
    assert row["attributes"]["type"] == "made.up" and row["attributes"]["count"] == "5"


def test_cloudevents_with_encoded_data(gate):
    import base64
    envelope = cloudevent("c-2")
    envelope["data_base64"] = base64.b64encode(json.dumps(envelope.pop("data")).encode()).decode()
    assert gate.post(TEST, envelope, content_type=STRUCTURED).status_code == 202
    assert stored(gate, "c-2")["c-2"]["payload"] == event("c-2")


def test_cloudevents_batched(gate):
    response = gate.post(TEST, [cloudevent("c-3"), cloudevent("c-4", data={})], content_type=BATCHED)
    assert response.status_code == 207
    assert [item["status"] for item in response.json()["results"]] == [202, 400]
    assert set(stored(gate, "c-3", "c-4")) == {"c-3"}


def test_cloudevents_binary(gate):
    headers = {"ce-specversion": "1.0", "ce-id": "ce-c-5", "ce-source": "/tests", "ce-type": "made%20up"}
    assert gate.post(TEST, event("c-5"), headers=headers).status_code == 202
    row = stored(gate, "c-5")["c-5"]
    assert row["id"] == "ce-c-5" and row["attributes"]["type"] == "made up"


@pytest.mark.parametrize("change, word", [
    ({"specversion": "0.3"}, "specversion"), ({"id": ""}, "'id'"), ({"type": None}, "'type'"),
    ({"source": {}}, "'source'"), ({"datacontenttype": "text/plain"}, "datacontenttype"), ({"Bad-Name": "x"}, "Bad-Name"),
])
def test_cloudevents_that_are_none(gate, change, word):
    response = gate.post(TEST, cloudevent("c-6", **change), content_type=STRUCTURED)
    assert response.status_code == 400 and word in response.json()["errors"][0]["message"]
    assert not stored(gate, "c-6")


def test_the_idempotency_key_is_the_events_id(gate):
    assert gate.post(TEST, event("i-1"), headers={"Idempotency-Key": "key-1"}).status_code == 202
    assert stored(gate, "i-1")["i-1"]["id"] == "key-1"
    gate.post(TEST, [event("i-2"), event("i-3")], content_type=BATCH, headers={"Idempotency-Key": "key-2"})
    rows = stored(gate, "i-2", "i-3")
    assert (rows["i-2"]["id"], rows["i-3"]["id"]) == ("key-2/0", "key-2/1")
    assert gate.post(TEST, event("i-4"), headers={"Idempotency-Key": "k" * 256}).status_code == 400


@pytest.mark.parametrize("coding, compress", [("gzip", gzip.compress), ("zstd", zstandard.compress), ("GZIP", gzip.compress)])
def test_compressed_bodies(gate, coding, compress):
    name = f"z-{coding}"
    body = compress(json.dumps(event(name)).encode())
    assert gate.post(TEST, body, headers={"Content-Encoding": coding}).status_code == 202
    assert name in stored(gate, name)


def test_compressed_bodies_that_are_none(gate):
    packed = gzip.compress(json.dumps(event("z-1")).encode())
    assert gate.post(TEST, packed[:-5], headers={"Content-Encoding": "gzip"}).status_code == 400
    assert gate.post(TEST, b"nonsense", headers={"Content-Encoding": "zstd"}).status_code == 400
    assert gate.post(TEST, packed, headers={"Content-Encoding": "br"}).status_code == 415
    assert gate.post(TEST, packed, headers={"Content-Encoding": "gzip, gzip"}).status_code == 415
    bomb = gzip.compress(b" " * (64 << 20))
    assert gate.post(TEST, bomb, headers={"Content-Encoding": "gzip"}).status_code == 413
    assert not stored(gate, "z-1")


@pytest.mark.parametrize("content_type, status", [
    (None, 202), ("application/json; charset=utf-8", 202), ("application/x-www-form-urlencoded", 202),
    ("application/vnd.thing+json", 202), ("text/plain", 415), ("application/xml", 415), ("multipart/form-data", 415),
])
def test_media_types(gate, content_type, status):
    assert gate.post(TEST, event("m-1"), content_type=content_type).status_code == status


def test_limits_of_the_document(make_gate):
    daemon = make_gate({"events": {"max_depth": 5, "max_members": 3, "max_string_bytes": 10},
                        "server": {"limits": {"max_body_bytes": 1000}}})
    assert daemon.post("things", "[[[[[]]]]]" .replace("[[", "{\"a\":[[", 1) + "}").status_code in (400, 413)
    assert daemon.post("things", {"a": 1, "b": 2, "c": 3}).status_code == 202
    assert daemon.post("things", {"a": 1, "b": 2, "c": 3, "d": 4}).status_code == 413
    assert daemon.post("things", {"a": "x" * 11}).status_code == 413
    assert daemon.post("things", {"a": "x" * 1000}).status_code == 413
    assert daemon.post("things", '{"a":1,"a":2}').status_code == 400
