# SPDX-License-Identifier: Apache-2.0
"""Bad days of DynamoDB, and of the configuration that is in S3."""
import concurrent.futures
import json

import pytest

import aws_faults
from aws_gate import unique
from gate import wait_until

ANYTHING = {}


def post_at_once(gate, events):
    """So that they wait together and share a call: the answers, in the order of the events."""
    with concurrent.futures.ThreadPoolExecutor(len(events)) as pool:
        return list(pool.map(lambda event: gate.post("things", event), events))


# --- DynamoDB

@pytest.fixture
def table_gate(aws, aws_gate):
    """table_gate(): a daemon that puts items into a table, and the table's name."""
    def make(**sink):
        table = aws.table(hash_key="n")
        gate = aws_gate({"sinks": {"items": {"type": "dynamodb", "table": table, "partition_key": "n",
                                    "retry": {"backoff": "20ms"}, **sink}},
                         "pipeline": {"deadline": "8s"}}, topics={"things": ANYTHING})
        return gate, table
    return make


def texts(count):
    return [{"n": str(n)} for n in range(count)]


def test_unprocessed_items_are_put_again(aws, table_gate):
    gate, table = table_gate(gather="300ms")
    aws.fault(aws_faults.entries({0: "-", 3: "-"}), operation="BatchWriteItem",
              when=lambda call: sum(map(len, call.json["RequestItems"].values())) > 3)
    answers = post_at_once(gate, texts(6))
    assert [answer.status_code for answer in answers] == [202] * 6
    assert sorted(item["n"]["S"] for item in aws.items(table)) == [str(n) for n in range(6)]
    assert len(aws.calls("BatchWriteItem")) >= 2


def test_an_answer_with_a_wrong_checksum_is_asked_for_again(aws, table_gate):
    gate, table = table_gate()
    fault = aws.fault(aws_faults.wrong_crc32(), service="dynamodb")
    assert gate.post("things", {"n": "1"}).status_code == 202
    assert fault.hits == 1 and len(aws.calls(service="dynamodb")) == 2
    assert len(aws.items(table)) == 1


# --- the configuration in S3

@pytest.fixture
def remote(aws, aws_gate):
    """A daemon whose access map is in a bucket, and a function that writes it."""
    bucket = aws.bucket()

    def write(access):
        body = access if isinstance(access, bytes) else json.dumps(access).encode()
        aws.client("s3").put_object(Bucket=bucket, Key="access.json", Body=body)

    write({"things": ["TestUser"]})
    gate = aws_gate({"access": f"s3://{bucket}/access.json"}, topics={"things": ANYTHING})
    return gate, write, bucket


def test_access_is_read_from_s3_and_again(remote):
    gate, write, _ = remote
    assert gate.post("things", {"n": 1}).status_code == 202
    write({"things": ["SomebodyElse"]})
    gate.reload()
    assert gate.post("things", {"n": 1}).status_code == 403
    assert gate.post("things", {"n": 1}, subject="SomebodyElse").status_code == 202


def test_a_configuration_that_is_no_json_changes_nothing(remote):
    gate, write, _ = remote
    write(b'{"things": ["TestUser"')
    gate.reload(expect="failure")
    assert gate.post("things", {"n": 1}).status_code == 202


def test_a_bucket_that_is_gone_changes_nothing(aws, remote):
    gate, _, bucket = remote
    aws.client("s3").delete_object(Bucket=bucket, Key="access.json")
    aws.client("s3").delete_bucket(Bucket=bucket)
    gate.hangup()
    wait_until(lambda: bucket in gate.logs())
    assert gate.post("things", {"n": 1}).status_code == 202


def test_a_bucket_that_never_was(aws, aws_gate):
    gate = aws_gate({"access": f"s3://{unique('nothing')}/access.json"}, topics={"things": ANYTHING}, wait=False)
    wait_until(lambda: gate.process.poll() is not None or "nothing-" in gate.logs())
    if gate.process.poll() is None:
        assert gate.post("things", {"n": 1}).status_code == 403
    else:
        assert gate.process.poll() != 0
        gate.stop(expect=None)
