# SPDX-License-Identifier: Apache-2.0
"""The recipe `cross-account-tracing`: published in one account, forwarded to another, one trace through both."""
import json
import uuid

import pytest
import requests

from gate import wait_until

SOURCE, FORWARDED, DESTINATION, TABLE = ("log source-bus-events", "log forwarded-events", "log destination-bus-events",
                                         "table ForwardedEvents")


@pytest.fixture(scope="module")
def running(start_recipe):
    return start_recipe("cross-account-tracing")


def publish(running, message, **headers):
    """The event's id; without a token, as clients of the original post."""
    answer = requests.post(running.urls["source"] + "/publish", json=message, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text + running.logs()
    assert answer.json() == {"message": "Event published successfully", "eventId": answer.json()["eventId"],
                             "forwarded": message.get("forward", False)}
    return answer.json()["eventId"]


def logged(running, label, text):
    """The lines of a log that hold the text, read."""
    return [json.loads(line) for line in running.arrived()[label] if text in line]


def test_a_standard_event_stays(running):
    mark = uuid.uuid4().hex
    publish(running, {"message": mark})
    line, = wait_until(lambda: logged(running, SOURCE, mark))
    assert line["source"] == "custom.events" and line["detail-type"] == "CustomEvent"
    assert line["detail"]["type"] == "standard"
    assert not logged(running, FORWARDED, mark) and not logged(running, DESTINATION, mark)
    assert not [one for one in running.arrived()[TABLE] if mark in one["message"]]


def test_a_forwarded_event_arrives_in_the_other_account(running):
    mark = uuid.uuid4().hex
    body = {"message": {"mark": mark, "amount": 12.50}, "forward": True}
    publish(running, body)
    assert wait_until(lambda: logged(running, FORWARDED, mark))
    there, = wait_until(lambda: logged(running, DESTINATION, mark))
    item, = wait_until(lambda: [one for one in running.arrived()[TABLE] if mark in one["message"]])
    assert set(item) == {"id", "timestamp", "message", "eventDetails"}
    assert item["id"] == there["id"] and item["timestamp"] == there["detail"]["timestamp"]
    assert json.loads(item["message"]) == body
    assert item["eventDetails"]["type"] == "forward" and item["eventDetails"]["requestData"]["body"] == item["message"]
    assert there["account"] == running.environment["OTHER_ACCOUNT_ID"] or there["source"] == "custom.events"


def test_the_other_account_is_reached_by_its_role(running):
    mark = uuid.uuid4().hex
    publish(running, {"message": mark, "forward": True})
    wait_until(lambda: logged(running, DESTINATION, mark))
    roles = running.servers.recorder.calls("AssumeRole")
    assert roles and all(call.form["RoleArn"] == running.environment["OTHER_ACCOUNT_ROLE"] and
                         call.form["ExternalId"] == running.environment["OTHER_ACCOUNT_EXTERNAL_ID"]
                         for call in roles)


def test_one_trace_goes_through_the_calls(running):
    """The trace that came with the request is on both PutEvents, as X-Ray writes it."""
    mark, trace = uuid.uuid4().hex, uuid.uuid4().hex
    running.servers.recorder.reset()
    publish(running, {"message": mark, "forward": True}, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    wait_until(lambda: logged(running, DESTINATION, mark))
    entries = [entry for call in running.servers.recorder.calls("PutEvents")
               for entry in json.loads(call.request.body)["Entries"] if mark in entry["Detail"]]
    assert len(entries) == 2
    for entry in entries:
        assert f"Root=1-{trace[:8]}-{trace[8:]}" in entry["TraceHeader"]


def test_what_is_malformed_is_refused(running):
    url = running.urls["source"] + "/publish"
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"[]", b'"text"', b""):
        assert requests.post(url, data=body, headers=headers, timeout=30).status_code == 400
    assert requests.post(url, json={"message": "a", "forward": "yes"}, timeout=30).status_code == 400


def test_a_message_that_comes_twice_is_stored_once(running):
    """The queue may deliver twice: the second put meets the first item, and is done."""
    mark = uuid.uuid4().hex
    event = {"version": "0", "id": str(uuid.uuid4()), "source": "custom.events", "detail-type": "CustomEvent",
             "account": running.environment["OTHER_ACCOUNT_ID"], "time": "2026-03-01T10:00:00Z", "region": "eu-west-1",
             "resources": [], "detail": {"timestamp": "2026-03-01T10:00:00Z", "requestData": {"body": mark},
                                         "type": "forward"}}
    sqs = running.servers.client("sqs", {"account": "other"})
    url = sqs.get_queue_url(QueueName="destination-events")["QueueUrl"]
    for _ in range(2):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
    wait_until(lambda: len(logged(running, DESTINATION, mark)) == 2)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    wait_until(lambda: all(count == "0" for count in
                           sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))
    assert len([one for one in running.arrived()[TABLE] if one["id"] == event["id"]]) == 1
