# SPDX-License-Identifier: Apache-2.0
"""The recipe `auto-tagger`: every eventName of its table, who is written on the resource, and what is left alone."""
import json

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


@pytest.fixture(scope="module")
def running(start_recipe):
    return start_recipe("auto-tagger")


def post(running, name, expect=202):
    answer = running.post(name)
    assert answer.status_code == expect, answer.text + running.logs()


@pytest.mark.parametrize("event", EC2)
def test_resources_of_ec2(running, event):
    names, user = EC2[event]
    ids = {running.environment[name] for name in names}
    post(running, event)
    found = wait_until(lambda: {one["id"]: one["CreatedBy"] for one in running.arrived()["EC2"] if one["id"] in ids})
    assert found == {one: user.format(account=running.environment["AWS_ACCOUNT_ID"]) for one in ids}
    [call] = [one for one in running.servers.recorder.calls("CreateTags") if one.form.get("ResourceId.1") in ids]
    assert len([name for name in call.form if name.startswith("ResourceId.")]) == len(ids)


@pytest.mark.parametrize("event", OTHERS)
def test_resources_with_a_list_of_tags(running, event):
    post(running, event)
    assert wait_until(lambda: running.arrived()[OTHERS[event]]) == [{"Key": "CreatedBy", "Value": BOB}]


@pytest.mark.parametrize("event, label", [("CreateFunction", "Lambda"), ("CreateQueue", "SQS")])
def test_resources_with_a_map_of_tags(running, event, label):
    post(running, event)
    assert wait_until(lambda: [one for one in running.arrived()[label] if one]) == [{"CreatedBy": BOB}]


def test_a_bucket_keeps_its_tags(running):
    post(running, "CreateBucket")
    found = wait_until(lambda: [one for one in [running.arrived()["S3"]] if len(one) > 1])[0]
    assert {one["Key"]: one["Value"] for one in found} == {"team": "shop & co", "CreatedBy": BOB}


def test_a_call_that_was_refused_is_left_alone(running):
    before = len(running.servers.recorder.calls())
    post(running, "refused")
    assert not [one for one in running.servers.recorder.calls()[before:] if "Tag" in one.operation]


def test_a_tag_call_that_fails_is_made_again(running):
    fault = running.servers.recorder.fault(aws_faults.server_error(503), operation="TagQueue")
    post(running, "CreateQueue")
    wait_until(lambda: fault.hits == 1 and len(running.servers.recorder.calls("TagQueue")) >= 2)


def test_what_is_no_new_resource_is_not_for_us(running):
    _, _, body = running.request("CreateQueue")
    event = json.loads(body)
    event["detail"]["eventName"] = "DeleteQueue"
    before = len(running.servers.recorder.calls("TagQueue"))
    assert running.post("CreateQueue", event).status_code == 202
    assert len(running.servers.recorder.calls("TagQueue")) == before
