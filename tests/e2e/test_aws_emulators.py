# SPDX-License-Identifier: Apache-2.0
"""The servers that stand in for AWS: they work, they check, and their checks can fail."""
import json

import botocore.exceptions
import pytest

from aws_gate import unique
from moto_server import EXTERNAL_ID, Credentials

# One call of each service that the sinks use, which changes nothing.
READS = {
    "events": lambda client: client.list_event_buses(),
    "sqs": lambda client: client.list_queues(),
    "sns": lambda client: client.list_topics(),
    "s3": lambda client: client.list_buckets(),
    "logs": lambda client: client.describe_log_groups(),
    "kinesis": lambda client: client.list_streams(),
    "firehose": lambda client: client.list_delivery_streams(),
    "sts": lambda client: client.get_caller_identity(),
    "secretsmanager": lambda client: client.list_secrets(),
    "stepfunctions": lambda client: client.list_state_machines(),
    "ec2": lambda client: client.describe_vpcs(),
    "rds": lambda client: client.describe_db_instances(),
    "elasticache": lambda client: client.describe_cache_clusters(),
}


def refused(call):
    """The HTTP status and the text of the error that `call` is answered with."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    return caught.value.response["ResponseMetadata"]["HTTPStatusCode"], str(caught.value)


@pytest.mark.parametrize("service", READS)
def test_a_wrong_secret_is_refused(moto, service):
    read = READS[service]
    read(moto.client(service))
    forged = Credentials(moto.credentials.access_key, "not-the-secret")
    status, text = refused(lambda: read(moto.client(service, forged)))
    assert status in (401, 403)
    assert "SignatureDoesNotMatch" in text or "AuthFailure" in text


def test_an_unknown_access_key_is_refused(moto):
    status, text = refused(lambda: moto.client("sqs", Credentials("AKIAUNKNOWN000000000", "x")).list_queues())
    assert status == 403 and "InvalidClientTokenId" in text


def test_a_session_needs_its_token(moto):
    session = moto.assume()
    moto.client("sqs", session).list_queues()
    forged = Credentials(session.access_key, session.secret_key, "not-the-token")
    assert refused(lambda: moto.client("sqs", forged).list_queues())[0] == 403


def test_a_role_wants_the_external_id(moto):
    assert moto.external_id == EXTERNAL_ID
    status, text = refused(lambda: moto.assume(external_id="another"))
    assert status == 403 and "AccessDenied" in text


def test_the_other_account_is_another_one(moto):
    name = unique("queue")
    moto.other_client("sqs").create_queue(QueueName=name)
    guest = moto.client("sqs", moto.assume(moto.other_role_arn))
    assert f"/{moto.other_account}/{name}" in guest.get_queue_url(QueueName=name)["QueueUrl"]
    assert refused(lambda: moto.client("sqs").get_queue_url(QueueName=name))[0] == 400


def test_a_rule_carries_events_to_a_queue_and_a_log(moto):
    name = unique("bus")
    events, sqs, logs = moto.client("events"), moto.client("sqs"), moto.client("logs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    group = f"/aws/events/{name}"
    logs.create_log_group(logGroupName=group)
    events.create_event_bus(Name=name)
    events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps({"source": ["tests"]}))
    events.put_targets(Rule=name, EventBusName=name, Targets=[
        {"Id": "queue", "Arn": queue_arn},
        {"Id": "log", "Arn": f"arn:aws:logs:{moto.region}:{moto.account}:log-group:{group}"}])
    events.put_events(Entries=[{"EventBusName": name, "Source": source, "DetailType": "t", "Detail": '{"a": 1}'}
                               for source in ("tests", "others")])
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(message["Body"])["source"] for message in messages] == ["tests"]
    assert len(logs.filter_log_events(logGroupName=group)["events"]) == 1


def test_a_topic_carries_messages_to_a_queue(moto):
    name = unique("topic")
    sns, sqs = moto.client("sns"), moto.client("sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    sns.publish(TopicArn=topic, Message="hello")
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["Message"] == "hello"


def test_dynamodb_local_keeps_conditions(dynamodb_local):
    name, client = unique("table"), dynamodb_local.client()
    client.create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    put = {"TableName": name, "Item": {"id": {"S": "1"}}, "ConditionExpression": "attribute_not_exists(id)"}
    client.put_item(**put)
    status, text = refused(lambda: client.put_item(**put))
    assert status == 400 and "ConditionalCheckFailed" in text
