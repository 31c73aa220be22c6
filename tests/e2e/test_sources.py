# SPDX-License-Identifier: Apache-2.0
"""Events out of SQS queues: delivered before they are deleted, and left where they are otherwise."""
import json

import pytest

import aws_faults
from aws_gate import unique
from gate import wait_until

STRICT = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


@pytest.fixture
def fetching(aws_gate):
    """fetching(queue_url): a daemon whose source `queue` posts that queue's messages to `things`."""
    def make(url, topic=None, sinks=None, access=None, schema=STRICT, **source):
        return aws_gate({"sources": {"queue": {"type": "sqs", "queue_url": url, "topic": "things", "subject": "queue",
                                               "wait": "1s", **source}},
                         "sinks": sinks or {"store": {"type": "sqlite", "path": "events.db"}},
                         "topics": {"things": topic or {}}},
                        topics={"things": schema}, access=access or {"things": ["queue", "TestUser"]})
    return make


def send(aws, url, *bodies, **more):
    for body in bodies:
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=body if isinstance(body, str) else json.dumps(body),
                                       **more)


def left_in(aws, url):
    """How many messages there are, those included that somebody has in hand."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)


def test_messages_become_events_and_are_deleted(aws, fetching):
    url, _ = aws.queue()
    send(aws, url, *({"n": n} for n in range(25)))
    gate = fetching(url, workers=2)
    wait_until(lambda: left_in(aws, url) == 0)
    events = gate.events()
    assert sorted(event["payload"]["n"] for event in events) == list(range(25))
    assert {event["subject"] for event in events} == {"queue"}
    metric = 'eventgate_source_messages_total{source="queue",result="%s"}'
    wait_until(lambda: gate.metrics()[metric % "deleted"] == 25)
    assert gate.metrics()[metric % "left"] == 0


def test_an_event_of_a_bus_keeps_its_envelope(aws, fetching):
    name, _, url = aws.bus()
    gate = fetching(url, topic={"envelope": "payload"}, schema={"type": "object", "required": ["detail"]})
    entry = {"EventBusName": name, "Source": "svc.orders", "DetailType": "Order", "Detail": '{"n": 7}'}
    answer = aws.client("events").put_events(Entries=[entry])
    wait_until(lambda: left_in(aws, url) == 0 and gate.events())
    event, = gate.events()
    assert event["id"] == answer["Entries"][0]["EventId"]


def test_a_message_that_is_no_event_stays(aws, fetching):
    url, _ = aws.queue()
    gate = fetching(url, visibility_timeout="1s")
    send(aws, url, "not JSON", {"n": "no number"}, {"n": 1})
    wait_until(lambda: left_in(aws, url) == 2)
    gate.wait_log("a message was not delivered and stays in its queue")
    assert [event["payload"] for event in gate.events()] == [{"n": 1}]


def test_what_the_sink_does_not_take_comes_again(aws, fetching):
    url, _ = aws.queue()
    bucket = unique("bucket")
    gate = fetching(url, visibility_timeout="1s", sinks={"out": {
        "type": "s3", "bucket": bucket, "key": "<eventgate.id>", "retry": {"attempts": 1}}})
    send(aws, url, {"n": 1})
    gate.wait_log("a message was not delivered and stays in its queue")
    assert left_in(aws, url) == 1
    aws.bucket(bucket)
    wait_until(lambda: left_in(aws, url) == 0, 60)
    objects = aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert len(objects) == 1


def test_an_event_without_an_id_has_its_messages(aws, fetching):
    """So that a message that comes twice makes the same event twice."""
    url, _ = aws.queue()
    message = aws.client("sqs").send_message(QueueUrl=url, MessageBody='{"n": 1}')
    gate = fetching(url)
    wait_until(lambda: left_in(aws, url) == 0)
    event, = gate.events()
    assert event["id"] == message["MessageId"]


def test_the_trace_goes_on(aws, fetching):
    url, _ = aws.queue()
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue":
                                "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"}}
    send(aws, url, {"n": 1}, MessageSystemAttributes=trace)
    gate = fetching(url)
    wait_until(lambda: left_in(aws, url) == 0)
    event, = gate.events()
    assert event["traceparent"].startswith("00-5759e988bd862e3fe1be46a994272793-")
    assert event["traceparent"].endswith("-01")


def test_a_subject_without_access_leaves_everything(aws, fetching):
    url, _ = aws.queue()
    gate = fetching(url, visibility_timeout="1s", access={"things": ["TestUser"]})
    send(aws, url, {"n": 1})
    gate.wait_log("a message was not delivered and stays in its queue")
    assert left_in(aws, url) == 1
    assert gate.events() == []


def test_a_queue_that_is_not_there_is_told_and_waited_for(aws, fetching):
    url, _ = aws.queue()
    gone = url.rsplit("/", 1)[0] + "/" + unique("gone")
    gate = fetching(gone)
    gate.wait_log("a source gives no messages")
    wait_until(lambda: gate.get("/health").json()["dependencies"].get("queue", "ok") != "ok")
    aws.queue(gone.rsplit("/", 1)[1])
    send(aws, gone, {"n": 1})
    wait_until(lambda: left_in(aws, gone) == 0, 60)
    wait_until(lambda: gate.get("/health").json()["dependencies"].get("queue", "ok") == "ok")


def test_a_deletion_that_fails_is_tried_again(aws, fetching):
    url, _ = aws.queue()
    send(aws, url, {"n": 1})
    aws.fault(aws_faults.server_error(), operation="DeleteMessageBatch", times=1)
    gate = fetching(url)
    wait_until(lambda: left_in(aws, url) == 0)
    assert len(gate.events()) == 1


def test_a_stop_does_not_wait_for_the_poll(aws, fetching):
    url, _ = aws.queue()
    gate = fetching(url, wait="20s")
    wait_until(lambda: aws.calls("ReceiveMessage") is not None)
    gate.stop(seconds=10)
