# SPDX-License-Identifier: Apache-2.0
"""The recipe `auto-tagger`: every eventName of its table, who is written on the resource, and what is left alone."""
import json
import sqlite3
import uuid

import pytest

import aws_faults
from gate import wait_until

BOB = "bob@example.com"
# Of EC2: the sample, the names of its resources in the recipe, and who made them.
EC2 = {"RunInstances": (["INSTANCE_1", "INSTANCE_2"], BOB), "CreateVolume": (["VOLUME_ID"], "alice"),
       "CreateVpc": (["VPC_ID"], "deployers"), "CreateSubnet": (["SUBNET_ID"], "carol"),
       "CreateSecurityGroup": (["GROUP_ID"], "aws-account-{account}")}
OTHERS = {"CreateDBInstance": "RDS", "CreateTable": "DynamoDB", "CreateTopic": "SNS",
          "CreateCacheCluster": "ElastiCache"}
ACCOUNT = "111122223333"
UNTAGGED, LOG = "not tagged", "/auto-tagger/events"


@pytest.fixture(scope="module")
def running(start_recipe):
    return start_recipe("auto-tagger")


def post(running, name, body=None):
    """The event is accepted, and nothing is owed any more."""
    answer = running.post(name, body)
    assert answer.status_code == 202, answer.text + running.logs()
    wait_until(lambda: owed(running) == 0)


def owed(running):
    with sqlite3.connect(running.folder / "gate/outbox.db", timeout=10) as database:
        return database.execute("SELECT count(*) FROM outbox").fetchone()[0]


def event_of(running, name, **detail):
    """The sample, with an id of its own, and other members of its detail."""
    event = json.loads(running.request(name)[2])
    return {**event, "id": str(uuid.uuid4()), "detail": {**event["detail"], **detail}}


def tag_calls(running):
    return [one for one in running.servers.recorder.calls() if "Tag" in one.operation]


@pytest.mark.parametrize("event", EC2)
def test_resources_of_ec2(running, event):
    names, user = EC2[event]
    ids = {running.environment[name] for name in names}
    post(running, event)
    found = {one["id"]: one["CreatedBy"] for one in running.arrived()["EC2"] if one["id"] in ids}
    assert found == {one: user.format(account=running.environment["AWS_ACCOUNT_ID"]) for one in ids}
    [call] = [one for one in running.servers.recorder.calls("CreateTags") if one.form.get("ResourceId.1") in ids]
    assert len([name for name in call.form if name.startswith("ResourceId.")]) == len(ids)


@pytest.mark.parametrize("event", OTHERS)
def test_resources_with_a_list_of_tags(running, event):
    post(running, event)
    assert running.arrived()[OTHERS[event]] == [{"Key": "CreatedBy", "Value": BOB}]


@pytest.mark.parametrize("event, label", [("CreateFunction", "Lambda"), ("CreateQueue", "SQS")])
def test_resources_with_a_map_of_tags(running, event, label):
    post(running, event)
    assert running.arrived()[label] == [{"CreatedBy": BOB}]


def test_a_bucket_keeps_its_tags(running):
    post(running, "CreateBucket")
    assert {one["Key"]: one["Value"] for one in running.arrived()["S3"]} == {"team": "shop & co", "CreatedBy": BOB}


def test_a_bucket_whose_tags_can_not_be_read_is_left_as_it_is(running):
    running.servers.recorder.fault(aws_faults.error(403, "AccessDenied"), operation="GetBucketTagging")
    event, before = event_of(running, "CreateBucket"), len(running.servers.recorder.calls("PutBucketTagging"))
    post(running, "CreateBucket", event)
    assert len(running.servers.recorder.calls("PutBucketTagging")) == before
    assert event in dead_letters(running)


@pytest.mark.parametrize("identity,user", [
    ({"principalId": "AROAROLE:x:ann", "arn": f"arn:aws:iam::{ACCOUNT}:user/bob", "userName": "carl"}, "ann"),
    ({"principalId": "AROAROLE:", "arn": f"arn:aws:iam::{ACCOUNT}:user/dev/bob", "userName": "carl"}, "bob"),
    ({"principalId": "AROAROLE:ANONYMOUS", "arn": f"arn:aws:iam::{ACCOUNT}:role/dev", "userName": "carl"}, "dev"),
    ({"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/session-7", "userName": "carl"}, "deploy"),
    ({"arn": f"arn:aws:iam::{ACCOUNT}:root", "userName": "carl"}, "carl"),
    ({"type": "Root"}, f"aws-account-{ACCOUNT}"),
], ids=["principal", "user of the ARN", "role of the ARN", "assumed role", "userName", "account"])
def test_names_in_their_order(running, identity, user):
    post(running, "CreateQueue",
         event_of(running, "CreateQueue", userIdentity={"accountId": ACCOUNT, **identity}))
    assert running.arrived()["SQS"] == [{"CreatedBy": user}]


@pytest.mark.parametrize("detail", [{"errorCode": "AccessDenied", "responseElements": None}, {"responseElements": {}}],
                         ids=["refused", "no id"])
def test_where_there_is_nothing_to_tag_nothing_fails(running, detail):
    lost, before = len(dead_letters(running)), len(tag_calls(running))
    event = event_of(running, "CreateVolume", **detail)
    post(running, "CreateVolume", event)
    assert len(tag_calls(running)) == before
    assert len(dead_letters(running)) == lost
    assert event["id"] in running.logs() and "nothing to tag" in running.logs()


def test_what_is_no_new_resource_is_not_for_us(running):
    before = len(tag_calls(running))
    for name, more in (("CreateQueue", {"eventName": "DeleteQueue"}), ("refused", {})):
        post(running, name, event_of(running, name, **more))
    assert len(tag_calls(running)) == before


def test_every_event_is_logged(running):
    event = event_of(running, "CreateQueue", eventName="DeleteQueue")
    post(running, "CreateQueue", event)
    logs = running.servers.client("logs")
    lines = [json.loads(one["message"]) for one in logs.filter_log_events(logGroupName=LOG)["events"]]
    assert [one for one in lines if one["id"] == event["id"]] == [event]


def test_a_key_or_a_token_is_asked_for(running):
    assert running.post("CreateQueue", **{"X-Api-Key": "another key, just as long"}).status_code == 401


# --- failures

def dead_letters(running):
    return [json.loads(one) for one in running.arrived()[UNTAGGED]]


def why(running, event):
    """The attributes of the event's message in the dead-letter queue."""
    sqs = running.servers.client("sqs")
    url = sqs.get_queue_url(QueueName="auto-tagger-untagged")["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0,
                                MessageAttributeNames=["All"])["Messages"]
    message, = [one for one in found if json.loads(one["Body"])["id"] == event["id"]]
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


def test_a_tag_call_that_fails_is_made_again(running):
    event = event_of(running, "CreateQueue", userIdentity={"principalId": "AROAROLE:again"})
    fault = running.servers.recorder.fault(aws_faults.server_error(503), operation="TagQueue", times=2)
    post(running, "CreateQueue", event)
    assert fault.hits == 2 and running.arrived()["SQS"] == [{"CreatedBy": "again"}]
    assert event not in dead_letters(running)


def test_a_tag_call_that_fails_again_and_again_is_a_dead_letter(running):
    event = event_of(running, "CreateQueue")
    fault = running.servers.recorder.fault(aws_faults.server_error(503), operation="TagQueue", times=None)
    try:
        post(running, "CreateQueue", event)
    finally:
        fault.remove()
    assert fault.hits == 3, "once, and two retries"
    assert event in dead_letters(running)
    reasons = why(running, event)
    assert reasons["RETRY_ATTEMPTS"] == "2" and reasons["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert "CreateQueue: status 503" in reasons["ERROR_MESSAGE"]


def test_a_tag_call_that_is_refused_is_a_dead_letter_at_once(running):
    event = event_of(running, "CreateQueue")
    running.servers.recorder.fault(aws_faults.error(403, "AccessDenied"), operation="TagQueue")
    post(running, "CreateQueue", event)
    assert event in dead_letters(running) and why(running, event)["ERROR_CODE"] == "REJECTED"
