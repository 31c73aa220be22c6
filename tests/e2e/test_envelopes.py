# SPDX-License-Identifier: Apache-2.0
"""POST /events/{topic}: envelopes by key or token. POST /publish: messages that become events."""
import json

import pytest
import requests

KEY = "0123456789abcdef-key"
ENVELOPE = {"version": "0", "id": "e-1", "detail-type": "Order.Created", "source": "order-service",
            "account": "111122223333", "time": "2026-11-21T08:01:18Z", "region": "eu-west-1", "resources": [],
            "detail": {"orderId": "o-1"}}


@pytest.fixture
def bus(make_gate):
    return make_gate({"event_keys": {"keys": [{"subject": "api-destination", "key": KEY}]}},
                     access={"things": ["TestUser", "api-destination"]})


def post(gate, body, **headers):
    return requests.post(gate.url("/events/things"), timeout=20,
                         data=body if isinstance(body, (str, bytes)) else json.dumps(body),
                         headers={"Content-Type": "application/json", **headers})


def test_an_envelope_by_key_keeps_its_id(bus):
    assert post(bus, ENVELOPE, **{"X-Api-Key": KEY}).status_code == 202
    event, = bus.events()
    assert event["id"] == "e-1" and event["subject"] == "api-destination" and event["payload"] == ENVELOPE


def test_a_list_of_envelopes(bus):
    answer = post(bus, [ENVELOPE, {**ENVELOPE, "id": "e-2"}, 7], **{"X-Api-Key": KEY})
    assert answer.status_code == 207
    assert [item["status"] for item in answer.json()["results"]] == [202, 202, 400]
    assert sorted(event["id"] for event in bus.events()) == ["e-1", "e-2"]


def test_a_token_works_as_well(bus):
    assert post(bus, ENVELOPE, Authorization=f"Bearer {bus.token()}").status_code == 202
    assert bus.events()[0]["subject"] == "TestUser"


@pytest.mark.parametrize("headers", [{}, {"X-Api-Key": "wrong"}, {"X-Api-Key": KEY + "x"}, {"X-Api-Key": KEY[:-1]}])
def test_without_a_key_or_token_nothing_is_taken(bus, headers):
    answer = post(bus, ENVELOPE, **headers)
    assert answer.status_code == 401 and answer.json()["errors"][0]["type"] == "auth"
    assert KEY not in bus.logs() and bus.events() == []


def test_a_key_gives_no_more_than_its_subject_may(make_gate):
    gate = make_gate({"event_keys": {"keys": [{"subject": "stranger", "key": KEY}]}})
    assert post(gate, ENVELOPE, **{"X-Api-Key": KEY}).status_code == 403


def test_a_short_key_is_refused_at_the_start(make_gate):
    gate = make_gate({"event_keys": {"keys": [{"subject": "x", "key": "short"}]}}, start=False)
    gate.start(wait=False)
    assert gate.process.wait(20) != 0
    assert "16 characters" in gate.logs()
    gate.log.close()
    gate.process = None


def test_other_media_types_are_refused(bus):
    assert post(bus, ENVELOPE, **{"X-Api-Key": KEY, "Content-Type": "application/x-ndjson"}).status_code == 415


# --- POST /publish

@pytest.fixture
def publisher(make_gate):
    return make_gate({"publish": {"topic": "custom", "hidden_headers": ["X-Secret"]}},
                     topics={"custom": {"type": "object"}}, access={"custom": ["publish"]})


def publish(gate, body, **headers):
    return requests.post(gate.url("/publish"), data=body if isinstance(body, (str, bytes)) else json.dumps(body),
                         headers={"Content-Type": "application/json", **headers}, timeout=20)


@pytest.mark.parametrize("body, forward", [({"message": "Hello"}, False), ({"message": "Hello", "forward": False}, False),
                                           ({"message": "Hello", "forward": True}, True)])
def test_a_message_becomes_an_event(publisher, body, forward):
    answer = publish(publisher, body, **{"X-Correlation-ID": "c-1", "X-Secret": "s3cret", "X-Seen": "yes",
                                         "Authorization": "Bearer s3cret"})
    assert answer.status_code == 200, answer.text
    event, = publisher.events()
    assert answer.json() == {"message": "Event published successfully", "eventId": event["id"], "forwarded": forward}
    detail = event["payload"]
    assert detail["requestData"]["body"] == json.dumps(body)
    assert detail["requestData"]["requestContext"] == {"requestId": "c-1"}
    assert detail["requestData"]["headers"]["X-Seen"] == "yes"
    assert detail["type"] == ("forward" if forward else "standard")
    assert detail["timestamp"].endswith("Z")
    assert "s3cret" not in json.dumps(event)


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "{}", '{"forward":true}', '{"message":"m","forward":"yes"}'])
def test_a_malformed_message_is_a_400(publisher, body):
    assert publish(publisher, body).status_code == 400
    assert publisher.events() == []


def test_the_trace_goes_on(publisher):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert publish(publisher, {"message": "m"}, traceparent=f"00-{trace}-00f067aa0ba902b7-01").status_code == 200
    assert publisher.events()[0]["traceparent"].split("-")[1] == trace


def test_failing_sinks_are_a_500(make_gate, faults):
    gate = make_gate({"publish": {"topic": "custom"}, "plugins": [str(faults)],
                      "topics": {"custom": {"sinks": "none"}}, "rules": {"folder": "rules"},
                      "outbox": {"path": "outbox.db"},
                      "sinks": {"bad": {"type": "faults"}}},
                     topics={"custom": {"type": "object"}}, access={"custom": ["publish"]}, start=False)
    (gate.folder / "rules").mkdir()
    (gate.folder / "rules/r.yaml").write_text(
        'name: r\nevent_pattern: {source: [{prefix: ""}]}\ntargets:\n  - {sink: bad, input: {do: reject}}\n')
    gate.start()
    answer = publish(gate, {"message": "m"})
    assert answer.status_code == 500 and answer.json()["errors"][0]["type"] == "bad"


def test_there_is_no_such_resource_when_it_is_not_configured(bus):
    assert publish(bus, {"message": "m"}).status_code == 404


def test_a_token_may_be_asked_for(make_gate):
    gate = make_gate({"publish": {"topic": "custom", "token": True}},
                     topics={"custom": {"type": "object"}}, access={"custom": ["TestUser"]})
    assert publish(gate, {"message": "m"}).status_code == 401
    assert publish(gate, {"message": "m"}, Authorization=f"Bearer {gate.token()}").status_code == 200
