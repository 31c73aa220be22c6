# SPDX-License-Identifier: Apache-2.0
"""The sinks dynamodb, s3 and aws_call against DynamoDB Local and moto, read back with boto3."""
import base64
import decimal
import gzip
import json
import threading
import uuid

import pytest
from boto3.dynamodb.types import TypeDeserializer

import aws_faults
from aws_gate import unique
from gate import wait_until

NUMBER = "12345678901234567890123456789012345678"


def python_of(item):
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


@pytest.fixture
def dynamodb_gate(aws, aws_gate):
    """dynamodb_gate(item=..., condition=...): a daemon, and its table."""
    def make(range_key=None, **sink):
        table = aws.table(range_key=range_key)
        settings = {"type": "dynamodb", "table": table, "partition_key": "id", "retry": {"backoff": "20ms"}, **sink}
        return aws_gate({"sinks": {"items": settings}}), table
    return make


# --- dynamodb

def test_the_payload_is_the_item(aws, dynamodb_gate):
    gate, table = dynamodb_gate()
    event = ('{"id":"a","n":%s,"f":1.50,"t":true,"z":null,"l":[1,"x",{"y":[]}],"m":{"é":""}}' % NUMBER)
    assert gate.post("things", event).status_code == 202
    [item] = aws.items(table)
    assert item["n"] == {"N": NUMBER}, "no digit is lost"
    assert python_of(item) == {"id": "a", "n": decimal.Decimal(NUMBER), "f": decimal.Decimal("1.5"), "t": True,
                               "z": None, "l": [1, "x", {"y": []}], "m": {"é": ""}}


def test_an_item_by_attributes(aws, dynamodb_gate):
    gate, table = dynamodb_gate(item={
        "id": "<eventgate.id>", "Title": "Order <$.detail.order>", "Ts": {"N": "<$.detail.ts>"},
        "Tags": {"SS": "<$.detail.tags>"}, "Raw": {"B": "<$.detail.raw>"}, "Whole": {"M": "<$.detail>"},
        "Meta": {"source": "<eventgate.topic>", "version": 1}, "None": "<$.detail.missing>"})
    event = {"order": 7, "ts": "1603294852000", "tags": ["a", "b"], "raw": base64.b64encode(b"\0\1").decode()}
    assert gate.post("things", event, headers={"Idempotency-Key": "order-7"}).status_code == 202
    [item] = aws.items(table)
    assert item["id"] == {"S": "order-7"} and item["Title"] == {"S": "Order 7"}
    assert item["Ts"] == {"N": "1603294852000"} and sorted(item["Tags"]["SS"]) == ["a", "b"]
    assert item["Raw"] == {"B": b"\0\1"} and item["Meta"]["M"]["version"] == {"N": "1"}
    assert item["Meta"]["M"]["source"] == {"S": "things"} and item["None"] == {"S": ""}
    assert python_of(item)["Whole"]["order"] == 7


def test_a_condition_makes_a_second_put_none(aws, dynamodb_gate):
    gate, table = dynamodb_gate(condition="attribute_not_exists(#id)", names={"#id": "id"})
    assert gate.post("things", {"id": "a", "n": 1}).status_code == 202
    assert gate.post("things", {"id": "a", "n": 2}).status_code == 202
    assert [python_of(item) for item in aws.items(table)] == [{"id": "a", "n": 1}]
    assert len(aws.calls("PutItem")) == 2


def test_a_condition_that_refuses(aws, dynamodb_gate):
    gate, table = dynamodb_gate(condition="attribute_not_exists(id) OR n < :n", values={":n": {"N": "<$.detail.n>"}},
                                if_exists="rejected")
    assert gate.post("things", {"id": "a", "n": 5}).status_code == 202
    assert gate.post("things", {"id": "a", "n": 6}).status_code == 202
    answer = gate.post("things", {"id": "a", "n": 1})
    assert answer.status_code == 500 and "condition" in answer.json()["errors"][0]["message"]
    assert [python_of(item) for item in aws.items(table)] == [{"id": "a", "n": 6}]


def test_many_at_once_are_batches(aws, dynamodb_gate):
    gate, table = dynamodb_gate(workers=1, gather="50ms")
    codes = []

    def post(number):
        codes.append(gate.post("things", {"id": str(number % 40), "n": number}).status_code)

    threads = [threading.Thread(target=post, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [202] * 60
    assert len(aws.items(table)) == 40
    calls = aws.calls("BatchWriteItem")
    assert len(calls) < 60
    for call in calls:
        keys = [request["PutRequest"]["Item"]["id"]["S"] for request in call.json["RequestItems"][table]]
        assert len(keys) <= 25 and len(set(keys)) == len(keys)


@pytest.mark.parametrize("event,status,message", [
    ({"n": 1}, 500, "no partition key 'id'"),
    ({"id": ""}, 500, "is empty"),
    ({"id": True}, 500, "must be a string, a number or binary"),
    ({"id": "k" * 2049}, 413, "2049 bytes"),
    ({"id": "a", "s": "x" * 410_000}, 413, "DynamoDB takes 409600"),
    ('{"id":"a","n":1e200}', 500, "out of DynamoDB's range"),
    ([1], 500, "must be a JSON object"),
])
def test_what_can_not_be_an_item_is_not_sent(aws, aws_gate, event, status, message):
    table = aws.table()
    gate = aws_gate({"sinks": {"items": {"type": "dynamodb", "table": table, "partition_key": "id"}}},
                    topics={"things": {}})
    answer = gate.post("things", event)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["errors"][0]["message"]
    assert aws.calls(service="dynamodb") == []


def test_a_table_that_is_not_there(aws, aws_gate):
    gate = aws_gate({"sinks": {"items": {"type": "dynamodb", "table": unique("none"), "partition_key": "id"}}})
    answer = gate.post("things", {"id": "a"})
    assert answer.status_code == 500 and "ResourceNotFoundException" in answer.json()["errors"][0]["message"]


# --- s3

@pytest.fixture
def s3_gate(aws, aws_gate):
    """s3_gate(key=..., body=...): a daemon, and its bucket."""
    def make(**sink):
        bucket = aws.bucket()
        return aws_gate({"sinks": {"objects": {"type": "s3", "bucket": bucket, **sink}}}), bucket
    return make


def objects(aws, bucket):
    """key -> (content, head) of all that is in the bucket."""
    s3 = aws.client("s3")
    found = {}
    for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        answer = s3.get_object(Bucket=bucket, Key=entry["Key"])
        found[entry["Key"]] = (answer["Body"].read(), answer)
    return found


def test_an_object_for_each_event(aws, s3_gate):
    gate, bucket = s3_gate(key="<eventgate.topic>/<$.detail.year>/ä ü+&?#<eventgate.id>",
                           metadata={"who": "<eventgate.subject>", "what": "<$.detail.text>"},
                           content_type="application/<$.detail.type>")
    event = '{"year": 2020, "text": "Grüße", "type": "x-thing"}'
    assert gate.post("things", event, headers={"Idempotency-Key": "e-1"}).status_code == 202
    [(key, (content, head))] = objects(aws, bucket).items()
    assert key == "things/2020/ä ü+&?#e-1"
    assert content == event.encode(), "the bytes that came in"
    assert head["ContentType"] == "application/x-thing"
    assert head["Metadata"]["who"] == "TestUser"
    assert base64.b64decode(head["Metadata"]["what"][len("=?UTF-8?B?"):-2]).decode() == "Grüße"
    [call] = aws.calls("PutObject")
    assert call.request.header("x-amz-checksum-crc32") and call.request.header("x-amz-content-sha256")


def test_no_object_when_there_is_nothing_to_store(aws, s3_gate):
    gate, bucket = s3_gate(key="<$.detail.id>", body="<$.detail.data>")
    assert gate.post("things", {"id": "with", "data": {"a": [1, 2.0]}}).status_code == 202
    assert gate.post("things", {"id": "without"}).status_code == 202
    assert {key: content for key, (content, _) in objects(aws, bucket).items()} == {"with": b'{"a":[1,2.0]}'}


@pytest.mark.parametrize("if_exists,status,stays", [("keep", 202, b'{"n":1}'), ("reject", 500, b'{"n":1}'),
                                                    ("overwrite", 202, b'{"n":2}')])
def test_an_object_that_is_there_already(aws, s3_gate, if_exists, status, stays):
    gate, bucket = s3_gate(key="same", if_exists=if_exists)
    assert gate.post("things", '{"n":1}').status_code == 202
    if if_exists != "overwrite":
        aws.fault(aws_faults.error(412, "PreconditionFailed"), service="s3")
    assert gate.post("things", '{"n":2}').status_code == status
    assert objects(aws, bucket)["same"][0] == stays


def test_events_in_one_object(aws, s3_gate):
    gate, bucket = s3_gate(key="<eventgate.topic>/<$.detail.day>/x", collect=True, collect_age="200ms",
                           compression="gzip")
    codes = []

    def post(number):
        codes.append(gate.post("things", {"day": number % 2, "n": number}).status_code)

    threads = [threading.Thread(target=post, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [202] * 20
    lines = []
    for key, (content, head) in objects(aws, bucket).items():
        assert key.startswith("things/") and key.endswith(".ndjson.gz")
        assert head["ContentEncoding"] == "gzip" and head["ContentType"] == "application/x-ndjson"
        found = [json.loads(line) for line in gzip.decompress(content).decode().splitlines()]
        assert {event["day"] for event in found} == {int(key.split("/")[1])}
        lines += found
    assert sorted(event["n"] for event in lines) == list(range(20))


def test_a_bucket_that_is_not_there(aws, aws_gate):
    gate = aws_gate({"sinks": {"objects": {"type": "s3", "bucket": unique("none")}}})
    answer = gate.post("things", {})
    assert answer.status_code == 500 and "NoSuchBucket" in answer.json()["errors"][0]["message"]


# --- aws_call

def test_any_json_operation(aws, aws_gate):
    name = unique("parameter")
    gate = aws_gate({"sinks": {"parameters": {
        "type": "aws_call", "service": "ssm", "operation": "AmazonSSM.PutParameter", "protocol": "json_1.1",
        "body": '{"Name": <$.detail.name>, "Value": <$.detail.value>, "Type": "String"}',
        "delivered_codes": ["ParameterAlreadyExists"]}}})
    assert gate.post("things", {"name": name, "value": "<&\"é"}).status_code == 202
    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "<&\"é"
    assert gate.post("things", {"name": name, "value": "other"}).status_code == 202, "it is there: delivered"
    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "<&\"é"


def test_a_step_function(aws, aws_gate):
    client = aws.client("stepfunctions")
    machine = client.create_state_machine(
        name=unique("machine"), roleArn=f"arn:aws:iam::{aws.account}:role/states",
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}))["stateMachineArn"]
    gate = aws_gate({"sinks": {"machine": {
        "type": "aws_call", "service": "states", "operation": "AWSStepFunctions.StartExecution",
        "body": '{"stateMachineArn": "%s", "name": <eventgate.id>, "input": "<$.detail.text>"}' % machine}}})
    event_id = str(uuid.uuid4())
    assert gate.post("things", {"text": "{}"}, headers={"Idempotency-Key": event_id}).status_code == 202
    wait_until(lambda: [run["name"] for run in client.list_executions(stateMachineArn=machine)["executions"]]
               == [event_id])
