# SPDX-License-Identifier: Apache-2.0
"""Events through the sinks of EventBridge, SQS, SNS, Kinesis, Firehose and CloudWatch Logs into moto's server, read
back with boto3. Every signature on the way is recomputed by botocore's signer."""
import concurrent.futures
import json
import re

import pytest
import yaml

import aws_faults
from aws_gate import unique
from conftest import start_on_conf, upstream_conf
from gate import ROOT, KeyServer, wait_until

QUICK = {"attempts": 3, "backoff": "1ms", "max_backoff": "5ms"}


@pytest.fixture
def to(aws_gate):
    """to(settings of a sink): a daemon whose topic `things` goes to that sink and to no other."""
    def make(sink_type, env=None, **settings):
        return aws_gate({"sinks": {"out": {"type": sink_type, "retry": QUICK, **settings}}}, env=env)
    return make


def accepted(response):
    assert response.status_code == 202, response.text


def message_of(response, status=500):
    assert response.status_code == status, response.text
    error, = response.json()["errors"]
    return error["message"]


def post_all(gate, events, threads=16):
    """All of them, several at a time, so that calls are shared."""
    token = gate.token()
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for response in pool.map(lambda event: gate.post("things", event, token=token), events):
            accepted(response)


def numbers(count):
    return [{"n": n} for n in range(count)]


def attributes(message):
    return {name: value.get("StringValue") for name, value in message.get("MessageAttributes", {}).items()}


# --- EventBridge

def test_the_python_configuration_reaches_its_bus(aws, keys, tmp_path):
    _, arn, url = aws.bus()
    server = KeyServer({"keys": [keys.upstream]})
    gate = start_on_conf(upstream_conf(tmp_path, server.url, event_bus_arn=arn), keys, env=aws.environment())
    try:
        event = {"event_id": "e1", "tenant_id": "t", "source_app": "é", "environment": "test", "timestamp": 1}
        accepted(gate.post("public.cps.za.test", event))
        wait_until(lambda: gate.get("/health").json()["dependencies"].get("eventbridge") == "ok")
    finally:
        gate.stop()
        server.close()
    sent, = (json.loads(message["Body"]) for message in aws.messages(url))
    assert sent["source"] == "public.cps.za.test" and sent["detail-type"] == "JSON"
    assert sent["detail"] == event
    entry, = aws.calls("PutEvents")[0].json["Entries"]
    assert set(entry) == {"Source", "DetailType", "Detail", "EventBusName"} and entry["EventBusName"] == arn


def test_a_rule_of_the_bus_sends_to_a_log_group(aws, to):
    name, arn, _ = aws.bus()
    events, logs, group = aws.client("events"), aws.client("logs"), f"/aws/events/{unique('group')}"
    logs.create_log_group(logGroupName=group)
    events.put_targets(Rule=name, EventBusName=name, Targets=[
        {"Id": "logs", "Arn": f"arn:aws:logs:{aws.region}:{aws.account}:log-group:{group}"}])
    gate = to("eventbridge", event_bus_arn=arn, detail_type="Thing", source="com.example.<eventgate.topic>",
              resources=["arn:example:<eventgate.id>"], time="<eventgate.received>")
    accepted(gate.post("things", {"n": 7}, headers={"Idempotency-Key": "i-7"}))
    stream, = logs.describe_log_streams(logGroupName=group)["logStreams"]
    logged, = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    event = json.loads(logged["message"])
    assert event["detail"] == {"n": 7} and event["resources"] == ["arn:example:i-7"]
    assert event["source"] == "com.example.things" and event["detail-type"] == "Thing"


def test_several_buses_accounts_and_regions_at_once(aws, aws_gate):
    other = aws.moto.other_client("events", region="us-east-1")
    name = unique("bus")
    far_arn = other.create_event_bus(Name=name)["EventBusArn"]
    queue = aws.moto.other_client("sqs", region="us-east-1")
    url = queue.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    other.put_rule(Name=name, EventBusName=name, EventPattern='{"source": ["things"]}')
    other.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "q", "Arn": queue_arn}])
    _, near_arn, near_url = aws.bus()
    assert f":us-east-1:{aws.moto.other_account}:" in far_arn
    gate = aws_gate({"sinks": {
        "near": {"type": "eventbridge", "event_bus_arn": near_arn},
        "far": {"type": "eventbridge", "event_bus_arn": far_arn, "aws": {
            "role_arn": aws.moto.other_role_arn, "external_id": aws.moto.external_id}}}})
    accepted(gate.post("things", {"n": 1}))
    assert [json.loads(m["Body"])["detail"] for m in aws.messages(near_url)] == [{"n": 1}]
    got, = queue.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(got["Body"])["region"] == "us-east-1"
    far = next(call for call in aws.calls("PutEvents") if call.scope.region == "us-east-1")
    assert far.request.header("x-amz-security-token")


def test_many_events_share_calls_and_none_is_lost(aws, to):
    _, arn, url = aws.bus()
    gate = to("eventbridge", event_bus_arn=arn, workers=1, gather="20ms")
    post_all(gate, numbers(60))
    assert len(aws.calls("PutEvents")) < 60
    assert sorted(json.loads(m["Body"])["detail"]["n"] for m in aws.messages(url)) == list(range(60))


def test_what_eventbridge_would_not_take_is_told_before_it_is_sent(aws, aws_gate):
    _, arn, _ = aws.bus()
    gate = aws_gate({"sinks": {"bus": {"type": "eventbridge", "event_bus_arn": arn, "max_entry_size": "1KiB"}}},
                    topics={"things": {}})
    assert message_of(gate.post("things", [1])) == "EventBridge: Detail must be a JSON object"
    assert "1024" in message_of(gate.post("things", {"a": "x" * 2000}), 413)
    assert not aws.calls("PutEvents")


# --- SQS and SNS

def test_messages_of_a_queue(aws, to):
    url, _ = aws.queue()
    gate = to("sqs", queue_url=url, trace=True,
              attributes={"topic": "<eventgate.topic>", "who": "<eventgate.subject>", "key": "<eventgate.key>"})
    accepted(gate.post("things", '{"a":  "é\\u0000"}'))
    got, = aws.messages(url)
    assert got["Body"] == '{"a":  "é\\u0000"}'
    assert attributes(got) == {"topic": "things", "who": "TestUser"}
    sent, = aws.calls("SendMessageBatch")[0].json["Entries"]  # moto forgets the trace of a batch's messages
    assert sent["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"].startswith("Root=1-")


def test_a_fifo_queue_keeps_the_order_of_a_key(aws, aws_gate):
    url, _ = aws.queue(unique("orders") + ".fifo", FifoQueue="true")
    gate = aws_gate({"sinks": {"out": {"type": "sqs", "queue_url": url, "workers": 1}}}, topic_keys={"things": "k"})
    for n in range(12):
        accepted(gate.post("things", {"k": "one", "n": n}, headers={"Idempotency-Key": f"i-{n}"}))
    accepted(gate.post("things", {"k": "one", "n": 99}, headers={"Idempotency-Key": "i-3"}))
    got = aws.messages(url)
    assert [json.loads(m["Body"])["n"] for m in got] == list(range(12))
    assert {m["Attributes"]["MessageGroupId"] for m in got} == {"one"}


def test_failed_messages_of_a_batch_are_sent_again_alone(aws, to):
    url, _ = aws.queue()
    gate = to("sqs", queue_url=url, workers=1, gather="50ms")
    aws.fault(aws_faults.entries({0: "InternalError"}), operation="SendMessageBatch", times=1)
    post_all(gate, numbers(20))
    assert sorted(json.loads(m["Body"])["n"] for m in aws.messages(url)) == list(range(20))


def test_a_queue_that_is_not_there_is_told(aws, to):
    url, _ = aws.queue()
    gate = to("sqs", queue_url=url + "-gone")
    assert message_of(gate.post("things", {})).startswith("SQS: ")
    assert len(aws.calls("SendMessageBatch")) == 1


def test_a_topic_with_a_subscribed_queue(aws, to):
    url, queue_arn = aws.queue()
    sns = aws.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    gate = to("sns", topic_arn=topic, subject="A thing of <eventgate.subject>",
              message="<eventgate.topic>: <eventgate.payload> & more", attributes={"topic": "<eventgate.topic>"})
    accepted(gate.post("things", {"a": "<b>+%&=é"}))
    note, = (json.loads(message["Body"]) for message in aws.messages(url))
    assert note["Subject"] == "A thing of TestUser"
    assert note["Message"] == 'things: {"a": "<b>+%&=\\u00e9"} & more'
    assert note["MessageAttributes"]["topic"]["Value"] == "things"


def test_failed_publications_of_a_batch_are_sent_again_alone(aws, to):
    url, queue_arn = aws.queue()
    sns = aws.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    gate = to("sns", topic_arn=topic, workers=1, gather="50ms")
    aws.fault(aws_faults.entries({0: "InternalError"}), operation="PublishBatch", times=1)
    post_all(gate, numbers(20))
    assert sorted(json.loads(m["Body"])["n"] for m in aws.messages(url)) == list(range(20))


# --- Kinesis and Firehose

def records(aws, stream):
    kinesis, found = aws.client("kinesis"), []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        at = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard["ShardId"],
                                        ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        found += kinesis.get_records(ShardIterator=at, Limit=1000)["Records"]
    return found


def test_records_of_a_stream(aws, to):
    stream = unique("stream")
    aws.client("kinesis").create_stream(StreamName=stream, ShardCount=2)
    gate = to("kinesis", stream=stream, partition_key="<eventgate.subject>", newline=True)
    aws.fault(aws_faults.entries({0: "ProvisionedThroughputExceededException"}), operation="PutRecords", times=1)
    post_all(gate, numbers(20))
    found = records(aws, stream)
    assert {record["PartitionKey"] for record in found} == {"TestUser"}
    assert all(record["Data"].endswith(b"\n") for record in found)
    assert sorted(json.loads(record["Data"])["n"] for record in found) == list(range(20))


def test_firehose_writes_lines_to_s3(aws, to):
    bucket, stream = aws.bucket(), unique("firehose")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=stream, DeliveryStreamType="DirectPut",
        ExtendedS3DestinationConfiguration={"RoleARN": aws.moto.role_arn, "BucketARN": f"arn:aws:s3:::{bucket}"})
    gate = to("firehose", stream=stream, newline=True)
    post_all(gate, numbers(10))
    s3 = aws.client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    text = b"".join(s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys).decode()
    assert sorted(json.loads(line)["n"] for line in text.splitlines()) == list(range(10))


# --- CloudWatch Logs

def logged(aws, group, stream):
    events = aws.client("logs").get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
    return [event["message"] for event in events]


def test_log_events_of_a_group_that_was_not_there(aws, to):
    group = f"/eventgate/{unique('group')}"
    gate = to("cloudwatch_logs", group=group, stream="<eventgate.topic>", message="<eventgate.payload>",
              retention_days=7)
    post_all(gate, numbers(20))
    assert sorted(json.loads(line)["n"] for line in logged(aws, group, "things")) == list(range(20))
    made, = aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert made["retentionInDays"] == 7


def test_the_bus_log_holds_whole_envelopes(aws, to):
    group = f"/eventgate/{unique('group')}"
    gate = to("cloudwatch_logs", group=group, stream="all")
    accepted(gate.post("things", {"n": 1}, headers={"Idempotency-Key": "i-1"}))
    envelope, = map(json.loads, logged(aws, group, "all"))
    assert envelope["detail"] == {"n": 1} and envelope["id"] == "i-1" and envelope["source"] == "things"


def test_a_group_that_must_not_be_made_is_told(aws, to):
    gate = to("cloudwatch_logs", group=unique("gone"), create=False)
    assert "ResourceNotFoundException" in message_of(gate.post("things", {}))


# --- the page

TYPES = ("eventbridge", "sqs", "sns", "kinesis", "firehose", "cloudwatch_logs")
BLOCKS = [block for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/sinks.md").read_text(), re.S)
          if any(f"type: {name}\n" in block for name in TYPES)]


def test_every_sink_has_a_configuration_on_the_page():
    assert {name for name in TYPES if any(f"type: {name}\n" in block for block in BLOCKS)} == set(TYPES)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split()[1])
def test_the_configurations_of_the_page_start(aws_gate, block):
    aws_gate(yaml.safe_load(block)).stop()
