# SPDX-License-Identifier: Apache-2.0
"""Fixtures: AWS on loopback, started once for a run, and daemons that take it for AWS.

A test makes resources of its own, with names of its own: nothing is wiped between tests.
"""
import uuid

import pytest

from aws_recorder import Recorder
from dynamodb_local import DynamoDBLocal
from moto_server import MotoServer


def unique(prefix="things"):
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """Everything but DynamoDB, signatures and policies checked: moto.client("sqs")."""
    with MotoServer(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def dynamodb_local(tmp_path_factory):
    """DynamoDB Local: dynamodb_local.client(), dynamodb_local.url."""
    with DynamoDBLocal(tmp_path_factory.mktemp("dynamodb")) as server:
        yield server


class Aws:
    """What a test has of AWS: resources by boto3, the environment of a daemon, the recorder in between."""

    def __init__(self, moto, dynamodb, recorder):
        self.moto = moto
        self.dynamodb = dynamodb
        self.recorder = recorder
        self.region = moto.region
        self.account = moto.account

    def client(self, service, **more):
        """boto3, straight to the emulator: for what a test makes and reads."""
        return self.dynamodb.client() if service == "dynamodb" else self.moto.client(service, **more)

    def environment(self, credentials=None):
        """For a daemon whose calls go by way of the recorder."""
        return self.moto.environment(self.recorder.url, credentials=credentials)

    def calls(self, operation=None, service=None):
        return self.recorder.calls(operation, service)

    def fault(self, plan, **which):
        return self.recorder.fault(plan, **which)

    # --- resources

    def queue(self, name=None, **attributes):
        """A queue's URL and ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name or unique("queue"), Attributes=attributes)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, arn

    def messages(self, url, **more):
        """All messages of a queue, taken out."""
        sqs, found = self.client("sqs"), []
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"],
                                           AttributeNames=["All"], **more).get("Messages"):
            found += batch
            for message in batch:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def bus(self, name=None, pattern='{"source": [{"prefix": ""}]}'):
        """An event bus whose events all go to a queue: the bus's name and ARN, and the queue's URL."""
        events, name = self.client("events"), name or unique("bus")
        arn = events.create_event_bus(Name=name)["EventBusArn"]
        url, queue_arn = self.queue(name)
        events.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
        events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "queue", "Arn": queue_arn}])
        return name, arn, url

    def bucket(self, name=None):
        name = name or unique("bucket")
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": self.region})
        return name

    def table(self, name=None, hash_key="id", range_key=None):
        """A table with a string key, and a number as its range key if it is named."""
        name = name or unique("table")
        keys = [(hash_key, "HASH", "S")] + ([(range_key, "RANGE", "N")] if range_key else [])
        self.client("dynamodb").create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": role} for key, role, _ in keys],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, _, kind in keys])
        return name

    def items(self, table):
        return self.client("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]


@pytest.fixture(scope="session")
def aws_session(moto, dynamodb_local):
    recorder = Recorder(moto, dynamodb_local.url)
    yield Aws(moto, dynamodb_local, recorder)
    recorder.close()
    check_signatures(recorder)


def check_signatures(recorder):
    wrong = recorder.take_wrong()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def aws(aws_session):
    """AWS for one test: no faults at first, and no signature wrong at the end."""
    aws_session.recorder.reset()
    yield aws_session
    aws_session.recorder.reset()
    check_signatures(aws_session.recorder)


@pytest.fixture
def aws_gate(aws, make_gate):
    """make_gate() whose daemon takes the emulators for AWS, by way of the recorder."""

    def make(settings=None, topics=None, env=None, credentials=None, **more):
        return make_gate(settings, topics=topics, env={**aws.environment(credentials), **(env or {})}, **more)

    return make
