# SPDX-License-Identifier: Apache-2.0
"""What the daemon makes of AWS's bad days: nothing is lost that was answered 202, nothing is sent that was refused."""
import concurrent.futures
import json
import time

import pytest

import aws_faults
from aws_metadata import MetadataServer, absent
from aws_recorder import Recorder
from kafka_server import Certificates

ANYTHING = {}
PASSING = ["InternalFailure", "InternalException", "ThrottlingException"]
LASTING = ["AccessDeniedException", "MalformedDetail", "NotAuthorizedForSourceException"]


@pytest.fixture
def bus(aws):
    """A bus: its name, its ARN, and the queue that gets all its events."""
    return aws.bus()


@pytest.fixture
def bus_gate(aws_gate, bus):
    """bus_gate(): a daemon whose only sink is the bus. Settings of the sink come by name."""
    def make(env=None, credentials=None, deadline="8s", **sink):
        sinks = {"bus": {"type": "eventbridge", "event_bus_arn": bus[1], "retry": {"backoff": "20ms"}, **sink}}
        return aws_gate({"sinks": sinks, "pipeline": {"deadline": deadline}},
                        topics={"things": ANYTHING}, env=env, credentials=credentials)
    return make


@pytest.fixture
def arrived(aws, bus):
    """arrived(): the details of the events that came through the bus, sorted by their n."""
    found = []

    def read():
        found.extend(json.loads(message["Body"])["detail"] for message in aws.messages(bus[2]))
        return sorted(found, key=lambda detail: detail["n"])
    return read


def post_at_once(gate, events):
    """So that they wait together and share a call: the answers, in the order of the events."""
    with concurrent.futures.ThreadPoolExecutor(len(events)) as pool:
        return list(pool.map(lambda event: gate.post("things", event), events))


def numbers(count):
    return [{"n": n} for n in range(count)]


def assert_failure(answer, status=500):
    assert answer.status_code == status, answer.text
    return answer.json()["errors"][0]["message"]


# --- whole calls

@pytest.mark.parametrize("plan", [
    aws_faults.throttle(), aws_faults.server_error(500), aws_faults.server_error(503), aws_faults.reset(),
    aws_faults.page(503)], ids=["throttled", "500", "503", "reset", "a page"])
def test_a_call_that_fails_is_made_again(aws, bus_gate, arrived, plan):
    gate = bus_gate()
    fault = aws.fault(plan, operation="PutEvents")
    assert gate.post("things", {"n": 1}).status_code == 202
    assert fault.hits == 1 and len(aws.calls("PutEvents")) == 2
    assert arrived() == [{"n": 1}]


def test_the_second_try_is_signed_anew(aws, bus_gate):
    gate = bus_gate()
    aws.fault(aws_faults.slow(1.1, carried_out=False), operation="PutEvents")
    assert gate.post("things", {"n": 1}).status_code == 202
    first, second = aws.calls("PutEvents")
    assert first.request.header("x-amz-date") < second.request.header("x-amz-date")
    assert first.scope.signature != second.scope.signature
    assert first.request.header("amz-sdk-request").startswith("attempt=1; max=")


@pytest.mark.parametrize("plan", [aws_faults.half(), aws_faults.reset_after()], ids=["half", "reset"])
def test_an_answer_that_is_cut_off_is_no_success(aws, bus_gate, arrived, plan):
    """The call may have been carried out: it is made again, and the event comes twice rather than never."""
    gate = bus_gate()
    aws.fault(plan, operation="PutEvents")
    assert gate.post("things", {"n": 1}).status_code == 202
    assert len(aws.calls("PutEvents")) == 2
    assert arrived() == [{"n": 1}] * 2


def test_a_success_that_is_no_answer_of_aws(aws, bus_gate):
    gate = bus_gate()
    aws.fault(aws_faults.page(200), operation="PutEvents", times=None)
    assert_failure(gate.post("things", {"n": 1}))


@pytest.mark.parametrize("plan", [aws_faults.slow(30, carried_out=False), aws_faults.dripping(30)],
                         ids=["no answer", "no body"])
def test_a_slow_answer_does_not_hold_the_caller(aws, bus_gate, plan):
    gate = bus_gate(deadline="2s")
    aws.fault(plan, operation="PutEvents", times=None)
    begin = time.monotonic()
    answer = gate.post("things", {"n": 1})
    assert answer.status_code in (500, 503, 504), answer.text
    assert time.monotonic() - begin < 5
    aws.recorder.reset()
    gate.stop()


def test_an_error_that_stays_is_told_without_secrets(aws, bus_gate):
    gate = bus_gate()
    aws.fault(aws_faults.error(400, "AccessDeniedException", "not authorized to perform events:PutEvents"),
              operation="PutEvents", times=None)
    text = assert_failure(gate.post("things", {"n": 1}))
    assert "AccessDeniedException" in text
    assert aws.moto.credentials.secret_key not in gate.logs() + text
    assert len(aws.calls("PutEvents")) == 1


# --- parts of calls

@pytest.mark.parametrize("code", PASSING)
def test_an_entry_that_fails_for_now_is_sent_again_alone(aws, bus_gate, arrived, code):
    gate = bus_gate(gather="300ms")
    aws.fault(aws_faults.entries({0: code, 2: code}), operation="PutEvents",
              when=lambda call: len(call.json["Entries"]) > 2)
    answers = post_at_once(gate, numbers(5))
    assert [answer.status_code for answer in answers] == [202] * 5
    assert arrived() == numbers(5)


@pytest.mark.parametrize("code", LASTING)
def test_an_entry_that_fails_for_good_fails_alone(aws, bus_gate, arrived, code):
    gate = bus_gate(gather="300ms")
    fault = aws.fault(aws_faults.entries({1: code}), operation="PutEvents",
                      when=lambda call: len(call.json["Entries"]) > 1)
    events = numbers(5)
    answers = post_at_once(gate, events)
    failed = [event for event, answer in zip(events, answers) if answer.status_code != 202]
    assert len(failed) == fault.hits == 1
    text = assert_failure(answers[failed[0]["n"]])
    assert text.startswith("1 EventBridge entries failed: [") and code in text
    assert arrived() == [event for event in events if event not in failed]
    sent = [json.loads(entry["Detail"]) for call in aws.calls("PutEvents") for entry in call.json["Entries"]]
    assert sent.count(failed[0]) == 1


def test_an_eleventh_entry_goes_with_the_next_call(aws, bus_gate, arrived):
    gate = bus_gate(gather="500ms", workers=1)
    answers = post_at_once(gate, numbers(23))
    assert [answer.status_code for answer in answers] == [202] * 23
    sizes = [len(call.json["Entries"]) for call in aws.calls("PutEvents")]
    assert max(sizes) == 10 and sum(sizes) == 23
    assert arrived() == numbers(23)


def test_an_entry_over_the_limit_is_found_before_it_is_sent(aws, bus_gate, arrived):
    gate = bus_gate(max_entry_size="4KiB", gather="300ms")
    events = [{"n": 0}, {"n": 1, "text": "é" * 2100}, {"n": 2}]
    statuses = [answer.status_code for answer in post_at_once(gate, events)]
    assert statuses == [202, 413, 202]
    assert arrived() == [{"n": 0}, {"n": 2}]
    assert not [call for call in aws.calls("PutEvents") if "é" in call.request.body.decode()]


def test_entries_that_are_too_many_together_are_divided(aws, bus_gate, arrived):
    gate = bus_gate(max_entry_size="4KiB", gather="300ms", workers=1)
    events = [{"n": n, "text": "x" * 1500} for n in range(6)]
    assert [answer.status_code for answer in post_at_once(gate, events)] == [202] * 6
    assert arrived() == events
    assert all(len(call.json["Entries"]) <= 2 for call in aws.calls("PutEvents"))


@pytest.mark.parametrize("event", ["[1, 2]", '"text"', "1", "null", "true"])
def test_a_detail_that_is_no_object_is_not_sent(aws, bus_gate, event):
    gate = bus_gate()
    answer = gate.post("things", event)
    assert 400 <= answer.status_code <= 500, answer.text
    assert not aws.calls("PutEvents")


# --- credentials and clocks

def test_a_session_that_ends_in_mid_flight(aws, bus_gate, arrived):
    first, second = aws.moto.assume(), aws.moto.assume()
    with MetadataServer(first) as metadata:
        gate = bus_gate(env={**metadata.container(), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})
        assert gate.post("things", {"n": 1}).status_code == 202
        metadata.credentials = second
        aws.recorder.expire(first.access_key)
        assert gate.post("things", {"n": 2}).status_code == 202, gate.logs()
    assert arrived() == [{"n": 1}, {"n": 2}]
    keys = [call.scope.access_key for call in aws.calls("PutEvents")]
    assert keys[0] == first.access_key and keys[-1] == second.access_key


def without_keys(metadata):
    return {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", **metadata}


def test_instance_metadata_of_the_first_version(aws, bus_gate, arrived):
    with MetadataServer(aws.moto.assume(), "v1") as metadata:
        gate = bus_gate(env=without_keys(metadata.instance()))
        assert gate.post("things", {"n": 1}).status_code == 202
    assert arrived() == [{"n": 1}]


def test_no_instance_metadata(aws, bus_gate):
    gate = bus_gate(env=without_keys(absent()))
    text = assert_failure(gate.post("things", {"n": 1}))
    assert "credentials" in text.lower()
    assert not aws.calls()


def test_slow_instance_metadata(aws, bus_gate):
    with MetadataServer(aws.moto.assume(), "slow", slow_s=20) as metadata:
        gate = bus_gate(env=without_keys(metadata.instance()), deadline="4s")
        begin = time.monotonic()
        assert gate.post("things", {"n": 1}).status_code in (500, 503, 504)
        assert time.monotonic() - begin < 8
    assert not aws.calls()


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_clock_that_is_ten_minutes_off(aws, bus_gate, arrived, seconds):
    gate = bus_gate()
    aws.recorder.skew(seconds)
    assert gate.post("things", {"n": 1}).status_code == 202
    calls = len(aws.calls("PutEvents"))
    assert calls == 2
    assert gate.post("things", {"n": 2}).status_code == 202
    assert len(aws.calls("PutEvents")) == calls + 1  # it has learned
    assert arrived() == [{"n": 1}, {"n": 2}]


# --- the way there

def test_an_unknown_authority_is_not_believed(aws, bus_gate, bus, tmp_path):
    certificates = Certificates(tmp_path / "certificates")
    recorder = Recorder(aws.moto, tls=(certificates.broker, None))
    try:
        gate = bus_gate(env={"AWS_ENDPOINT_URL": recorder.url})
        text = assert_failure(gate.post("things", {"n": 1}))
        assert "ertificate" in text
        assert not recorder.calls()
        gate = bus_gate(env={"AWS_ENDPOINT_URL": recorder.url}, aws={"ssl_ca_bundle": str(certificates.ca)})
        assert gate.post("things", {"n": 2}).status_code == 202
        assert len(recorder.calls("PutEvents")) == 1
        assert not recorder.take_wrong()
    finally:
        recorder.close()


def test_a_name_without_an_address(bus_gate):
    gate = bus_gate(env={"AWS_ENDPOINT_URL": "http://events.invalid"})
    text = assert_failure(gate.post("things", {"n": 1}))
    assert "events.invalid" in text or "resolve" in text.lower()
