# SPDX-License-Identifier: Apache-2.0
"""Many events in one request, CloudEvents in all three modes, event ids, and the limits of JSON."""
import base64
import json

import pytest

THING = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
BATCH, LINES = "application/vnd.eventgate.batch+json", "application/x-ndjson"
CLOUD, CLOUD_BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
ENVELOPE = {"specversion": "1.0", "id": "ce-1", "source": "/tests", "type": "org.example.thing"}
BINARY = {"ce-specversion": "1.0", "ce-id": "ce-1", "ce-source": "/tests", "ce-type": "org.example.thing"}


@pytest.fixture
def things(make_gate):
    return make_gate(topics={"things": THING})


def lines(*events):
    return "\n".join(event if isinstance(event, str) else json.dumps(event) for event in events) + "\n"


def stored(gate):
    return [event["payload"] for event in gate.events()]


def refusal(response, status=400):
    assert response.status_code == status, response.text
    body = response.json()
    assert body["success"] is False and body["statusCode"] == status
    return body["errors"][0]["message"]


def results(response):
    assert response.status_code == 207, response.text
    body = response.json()
    assert body["success"] is False and body["statusCode"] == 207
    assert [item["index"] for item in body["results"]] == list(range(len(body["results"])))
    for item in body["results"]:
        assert ("errors" in item) == (item["status"] != 202)
    return body["results"]


# --- arrays and lines

@pytest.mark.parametrize("body, kind", [
    (json.dumps([{"n": 1}, {"n": 2}, {"n": 3}]), BATCH),
    (json.dumps([{"n": 1}, {"n": 2}, {"n": 3}]), BATCH.upper() + "; charset=utf-8"),
    (lines({"n": 1}, {"n": 2}, {"n": 3}), LINES),
    ('{"n":1}\r\n\r\n  {"n":2}\n\n{"n":3}', LINES),
])
def test_a_good_batch_is_202_and_stored_in_order(things, body, kind):
    response = things.post("things", body, content_type=kind)
    assert response.status_code == 202, response.text
    assert response.json() == {"success": True, "statusCode": 202}
    assert stored(things) == [{"n": 1}, {"n": 2}, {"n": 3}]


@pytest.mark.parametrize("body, kind", [
    (json.dumps([{"n": 1}, {"n": "x"}, {}, {"n": 4}]), BATCH),
    (lines({"n": 1}, {"n": "x"}, {}, {"n": 4}), LINES),
])
def test_a_bad_item_never_stops_the_others(things, body, kind):
    found = results(things.post("things", body, content_type=kind))
    assert [item["status"] for item in found] == [202, 400, 400, 202]
    assert found[1]["errors"] == [{"type": "validation", "message": "'x' is not of type 'integer'",
                                   "instancePath": "/n", "schemaPath": "/properties/n/type"}]
    assert found[2]["errors"][0]["message"] == "'n' is a required property"
    assert stored(things) == [{"n": 1}, {"n": 4}]


def test_a_line_that_is_not_json_is_its_own_items_error(things):
    found = results(things.post("things", lines({"n": 1}, '{"n":', {"n": 3}), content_type=LINES))
    assert [item["status"] for item in found] == [202, 400, 202]
    assert found[1]["errors"] == [{"type": "validation", "message": "The line must be valid JSON."}]
    assert stored(things) == [{"n": 1}, {"n": 3}]


def test_an_array_that_is_not_json_is_refused_whole(things):
    assert refusal(things.post("things", '[{"n":1},{"n":2]', content_type=BATCH)) == \
        "Request body must be valid JSON."
    assert stored(things) == []


def test_a_batch_of_nothing_but_bad_items(things):
    found = results(things.post("things", [{}, {}], content_type=BATCH))
    assert [item["status"] for item in found] == [400, 400]


@pytest.mark.parametrize("body, kind", [("[]", BATCH), ("", LINES), ("\n \r\n", LINES), ("[]", CLOUD_BATCH)])
def test_an_empty_batch(things, body, kind):
    assert refusal(things.post("things", body, content_type=kind)) == "The batch holds no event."


@pytest.mark.parametrize("kind", [BATCH, CLOUD_BATCH])
@pytest.mark.parametrize("body", ['{"n":1}', "1", "null"])
def test_a_batch_that_is_no_array(things, kind, body):
    assert refusal(things.post("things", body, content_type=kind)) == "A batch must be a JSON array."


@pytest.mark.parametrize("kind", [BATCH, LINES])
def test_too_many_events(make_gate, kind):
    gate = make_gate({"events": {"max_batch_events": 3}}, topics={"things": THING})
    events = [{"n": n} for n in range(4)]
    body = lines(*events) if kind == LINES else json.dumps(events)
    assert refusal(gate.post("things", body, content_type=kind), 413) == \
        "The batch holds 4 events, at most 3 are taken in one request."
    assert stored(gate) == []
    body = lines(*events[:3]) if kind == LINES else json.dumps(events[:3])
    assert gate.post("things", body, content_type=kind).status_code == 202


def test_the_token_and_the_subject_are_judged_for_the_whole_batch(things):
    response = things.post("things", [{"n": 1}], content_type=BATCH, token="nonsense")
    assert refusal(response, 401) == "Invalid or missing token"
    response = things.post("things", [{"n": 1}], content_type=BATCH, subject="Nobody")
    assert refusal(response, 403) == "User 'Nobody' is not authorized for topic 'things'"
    assert stored(things) == []


@pytest.mark.parametrize("kind", [BATCH, LINES])
def test_field_rules_are_judged_for_each_item(make_gate, kind):
    gate = make_gate(access={"things": {"TestUser": {"app": ["good.*"]}}})
    events = [{"app": "good-1"}, {"app": "bad"}, {}, {"app": "good-2"}]
    found = results(gate.post("things", lines(*events) if kind == LINES else json.dumps(events), content_type=kind))
    assert [item["status"] for item in found] == [202, 403, 403, 202]
    assert found[1]["errors"] == [
        {"type": "permission", "message": "Field 'app' value not permitted for user 'TestUser'"}]
    assert found[2]["errors"] == [{"type": "permission", "message": "Required field 'app' missing from message"}]
    assert stored(gate) == [{"app": "good-1"}, {"app": "good-2"}]


# --- ids

def test_the_idempotency_key_becomes_the_events_id(things):
    assert things.post("things", {"n": 1}, headers={"Idempotency-Key": "order 66/a"}).status_code == 202
    assert [event["id"] for event in things.events()] == ["order 66/a"]


@pytest.mark.parametrize("body, kind", [(json.dumps([{"n": 0}, {}, {"n": 2}]), BATCH),
                                        (lines({"n": 0}, {}, {"n": 2}), LINES)])
def test_the_idempotency_key_of_a_batch_counts_its_items(things, body, kind):
    response = things.post("things", body, content_type=kind, headers={"Idempotency-Key": "key"})
    assert [item["status"] for item in results(response)] == [202, 400, 202]
    assert [event["id"] for event in things.events()] == ["key/0", "key/2"]


@pytest.mark.parametrize("key", ["x" * 256, "caf\xe9"])
def test_an_idempotency_key_that_is_refused(things, key):
    response = things.post("things", {"n": 1}, headers={"Idempotency-Key": key.encode("latin-1")})
    assert refusal(response) == "Idempotency-Key must be at most 255 printable ASCII characters."
    assert stored(things) == []


def test_without_a_key_every_event_gets_an_id_of_its_own(things):
    assert things.post("things", [{"n": n} for n in range(50)], content_type=BATCH).status_code == 202
    ids = [event["id"] for event in things.events()]
    assert len(set(ids)) == 50 and all(len(each) == 36 for each in ids)


# --- CloudEvents

def test_cloudevents_binary_mode(things):
    headers = {**BINARY, "ce-time": "2026-01-31T12:00:00Z", "ce-subject": "caf%C3%A9 %22x%22"}
    assert things.post("things", {"n": 1}, headers=headers).status_code == 202
    event, = things.events()
    assert event["id"] == "ce-1" and event["payload"] == {"n": 1}
    assert event["attributes"] == {"specversion": "1.0", "id": "ce-1", "source": "/tests",
                                   "type": "org.example.thing", "time": "2026-01-31T12:00:00Z",
                                   "subject": 'caf\xe9 "x"'}


def test_cloudevents_structured_mode(things):
    envelope = {**ENVELOPE, "data": {"n": 2}, "sequence": 7, "urgent": True, "dataschema": None}
    assert things.post("things", envelope, content_type=CLOUD).status_code == 202
    event, = things.events()
    assert event["id"] == "ce-1" and event["payload"] == {"n": 2}
    assert event["attributes"] == {**ENVELOPE, "sequence": "7", "urgent": "true"}


def test_cloudevents_batched_mode(things):
    batch = [{**ENVELOPE, "id": "a", "data": {"n": 1}}, {**ENVELOPE, "id": "b", "data": {"n": "x"}},
             {**ENVELOPE, "id": "c"}, "nothing", {**ENVELOPE, "id": "e", "data": {"n": 5}}]
    found = results(things.post("things", batch, content_type=CLOUD_BATCH))
    assert [item["status"] for item in found] == [202, 400, 400, 400, 202]
    assert [item.get("errors", [{}])[0].get("message") for item in found] == [
        None, "'x' is not of type 'integer'", "The CloudEvent has no data.", "A CloudEvent must be a JSON object.",
        None]
    assert [(event["id"], event["payload"]) for event in things.events()] == [("a", {"n": 1}), ("e", {"n": 5})]


def test_the_schema_sees_the_data_and_not_the_envelope(things):
    assert refusal(things.post("things", {**ENVELOPE, "n": 1, "data": {"n": "x"}}, content_type=CLOUD)) == \
        "'x' is not of type 'integer'"


def test_field_rules_see_the_data_of_a_cloudevent(make_gate):
    gate = make_gate(access={"things": {"TestUser": {"source": ["good"]}}})
    response = gate.post("things", {**ENVELOPE, "source": "good", "data": {}}, content_type=CLOUD)
    assert refusal(response, 403) == "Required field 'source' missing from message"
    response = gate.post("things", {**ENVELOPE, "data": {"source": "good"}}, content_type=CLOUD)
    assert response.status_code == 202


def test_data_as_base64(things):
    encoded = base64.b64encode(b'{ "n": 3 }').decode()
    assert things.post("things", {**ENVELOPE, "data_base64": encoded}, content_type=CLOUD).status_code == 202
    assert stored(things) == [{"n": 3}]


@pytest.mark.parametrize("member, message", [
    ({"data_base64": "?"}, "CloudEvents member 'data_base64' is not base64."),
    ({"data_base64": base64.b64encode(b"{").decode()}, "CloudEvents member 'data_base64' must hold valid JSON."),
    ({"data_base64": 5}, "CloudEvents member 'data_base64' must be a string."),
    ({"data_base64": base64.b64encode(b'{"n":1}').decode(), "data": {"n": 1}},
     "The CloudEvent has both 'data' and 'data_base64'."),
    ({}, "The CloudEvent has no data."),
    ({"data": {"n": 1}, "id": ""}, "CloudEvents attribute 'id' is required and must not be empty."),
    ({"data": {"n": 1}, "source": None}, "CloudEvents attribute 'source' is required and must not be empty."),
    ({"data": {"n": 1}, "type": None}, "CloudEvents attribute 'type' is required and must not be empty."),
    ({"data": {"n": 1}, "specversion": None},
     "CloudEvents attribute 'specversion' is required and must not be empty."),
    ({"data": {"n": 1}, "specversion": "0.3"}, "CloudEvents attribute 'specversion' must be 1.0."),
    ({"data": {"n": 1}, "source": {}},
     "CloudEvents attribute 'source' must be a string, a number or a boolean."),
    ({"data": {"n": 1}, "Loud": "x"},
     "CloudEvents attribute names are lower-case letters and digits, 'Loud' is not."),
    ({"data": {"n": 1}, "list": []}, "CloudEvents attribute 'list' must be a string, a number or a boolean."),
    ({"data": "n", "datacontenttype": "text/plain"},
     "CloudEvents attribute 'datacontenttype' must be a JSON media type."),
])
def test_structured_events_that_are_refused(things, member, message):
    assert refusal(things.post("things", {**ENVELOPE, **member}, content_type=CLOUD)) == message
    assert stored(things) == []


@pytest.mark.parametrize("name", ["ce-id", "ce-source", "ce-type"])
def test_binary_events_that_lack_an_attribute(things, name):
    headers = {key: value for key, value in BINARY.items() if key != name}
    assert refusal(things.post("things", {"n": 1}, headers=headers)) == \
        f"CloudEvents attribute '{name[3:]}' is required and must not be empty."


def test_binary_events_of_another_version(things):
    assert refusal(things.post("things", {"n": 1}, headers={**BINARY, "ce-specversion": "2.0"})) == \
        "CloudEvents attribute 'specversion' must be 1.0."


def test_the_idempotency_key_goes_before_the_cloudevents_id(things):
    headers = {**BINARY, "Idempotency-Key": "key"}
    assert things.post("things", {"n": 1}, headers=headers).status_code == 202
    assert [event["id"] for event in things.events()] == ["key"]


# --- limits of JSON

def nested(depth):
    return '{"n":1,"d":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


@pytest.fixture
def small(make_gate):
    return make_gate({"events": {"max_depth": 4, "max_members": 3, "max_string_bytes": 8}},
                     topics={"things": THING})


@pytest.mark.parametrize("good, bad", [
    (nested(4), nested(5)),
    ('{"n":1,"a":1,"b":1}', '{"n":1,"a":1,"b":1,"c":1}'),
    ('{"n":1,"s":"12345678"}', '{"n":1,"s":"123456789"}'),
    ('{"n":1,"12345678":0}', '{"n":1,"123456789":0}'),
])
def test_limits_of_json(small, good, bad):
    assert small.post("things", good).status_code == 202
    single = refusal(small.post("things", bad), 413)
    assert single != "Request body must be valid JSON."
    found = results(small.post("things", lines(good, bad, good), content_type=LINES))
    assert [item["status"] for item in found] == [202, 413, 202]
    assert found[1]["errors"][0]["message"] == single
    assert len(stored(small)) == 3


def test_a_name_that_stands_twice(make_gate, things):
    assert refusal(things.post("things", '{"n":1,"n":2}')) == "Request body must be valid JSON."
    lenient = make_gate({"events": {"allow_duplicate_keys": True}}, topics={"things": THING},
                        topic_keys={"things": "n"})
    assert lenient.post("things", '{"n":1,"n":2}').status_code == 202
    assert [event["key"] for event in lenient.events()] == ["2"]
    assert refusal(lenient.post("things", '{"n":"x","n":2}')), "each of them must fit the schema"


def test_deep_nesting_by_default_is_bounded(things):
    assert refusal(things.post("things", "[" * 100000), 413)
    assert things.get("/live").status_code == 200
