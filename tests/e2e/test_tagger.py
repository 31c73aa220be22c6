# SPDX-License-Identifier: Apache-2.0
"""The sink tagger: what CloudTrail tells about a new resource becomes its tag CreatedBy."""
import pytest

from aws_gate import unique

USER = {"type": "AssumedRole", "principalId": "AROAEXAMPLE:jane@example.com", "accountId": "123456789012",
        "arn": "arn:aws:sts::123456789012:assumed-role/Deploy/jane@example.com"}
WHO = "jane@example.com"


@pytest.fixture
def gate(aws_gate):
    return aws_gate({"sinks": {"tags": {"type": "tagger"}}})


def record(aws, service, name, request=None, response=None, **more):
    return {"eventSource": f"{service}.amazonaws.com", "eventName": name, "awsRegion": aws.region,
            "userIdentity": USER, "requestParameters": request, "responseElements": response, **more}


def pairs(tags, key="Key", value="Value"):
    return {tag[key]: tag[value] for tag in tags}


def ec2_tags(aws, resource):
    answer = aws.client("ec2").describe_tags(Filters=[{"Name": "resource-id", "Values": [resource]}])
    return pairs(answer["Tags"])


def make_instances(aws):
    answer = aws.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=2, MaxCount=2)
    ids = [instance["InstanceId"] for instance in answer["Instances"]]
    event = record(aws, "ec2", "RunInstances", response={"instancesSet": {"items": [{"instanceId": i} for i in ids]}})
    return event, lambda: [ec2_tags(aws, i) for i in ids], [{"CreatedBy": WHO}] * 2


def make_volume(aws):
    volume = aws.client("ec2").create_volume(Size=1, AvailabilityZone=f"{aws.region}a")["VolumeId"]
    return (record(aws, "ec2", "CreateVolume", response={"volumeId": volume}), lambda: ec2_tags(aws, volume),
            {"CreatedBy": WHO})


def make_vpc(aws):
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return (record(aws, "ec2", "CreateVpc", response={"vpc": {"vpcId": vpc}}), lambda: ec2_tags(aws, vpc),
            {"CreatedBy": WHO})


def make_subnet(aws):
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    return (record(aws, "ec2", "CreateSubnet", response={"subnet": {"subnetId": subnet}}),
            lambda: ec2_tags(aws, subnet), {"CreatedBy": WHO})


def make_security_group(aws):
    group = aws.client("ec2").create_security_group(GroupName=unique("group"), Description="x")["GroupId"]
    return (record(aws, "ec2", "CreateSecurityGroup", response={"groupId": group}), lambda: ec2_tags(aws, group),
            {"CreatedBy": WHO})


def make_bucket(aws):
    bucket = aws.bucket()
    aws.client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "team", "Value": "a & <b>"}]})
    return (record(aws, "s3", "CreateBucket", request={"bucketName": bucket}),
            lambda: pairs(aws.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]),
            {"CreatedBy": WHO, "team": "a & <b>"})


def make_untagged_bucket(aws):
    bucket = aws.bucket()
    return (record(aws, "s3", "CreateBucket", request={"bucketName": bucket}),
            lambda: pairs(aws.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]), {"CreatedBy": WHO})


def make_database(aws, with_arn=True):
    name = unique("db")
    made = aws.client("rds").create_db_instance(DBInstanceIdentifier=name, DBInstanceClass="db.t3.micro",
                                                Engine="postgres", MasterUsername="u", MasterUserPassword="p" * 12,
                                                AllocatedStorage=20)["DBInstance"]["DBInstanceArn"]
    response = {"dBInstanceArn": made} if with_arn else {}
    return (record(aws, "rds", "CreateDBInstance", request={"dBInstanceIdentifier": name}, response=response),
            lambda: pairs(aws.client("rds").list_tags_for_resource(ResourceName=made)["TagList"]),
            {"CreatedBy": WHO})


def make_described_database(aws):
    return make_database(aws, with_arn=False)


def make_topic(aws):
    arn = aws.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
    return (record(aws, "sns", "CreateTopic", response={"topicArn": arn}),
            lambda: pairs(aws.client("sns").list_tags_for_resource(ResourceArn=arn)["Tags"]), {"CreatedBy": WHO})


def make_queue(aws):
    url, _ = aws.queue()
    return (record(aws, "sqs", "CreateQueue", response={"queueUrl": url}),
            lambda: aws.client("sqs").list_queue_tags(QueueUrl=url)["Tags"], {"CreatedBy": WHO})


def make_cache(aws):
    name = unique("cache")[:20]
    arn = aws.client("elasticache").create_cache_cluster(
        CacheClusterId=name, Engine="memcached", CacheNodeType="cache.t3.micro", NumCacheNodes=1)["CacheCluster"]["ARN"]
    return (record(aws, "elasticache", "CreateCacheCluster", response={"cacheClusterId": name}),
            lambda: pairs(aws.client("elasticache").list_tags_for_resource(ResourceName=arn)["TagList"]),
            {"CreatedBy": WHO})


@pytest.mark.parametrize("make", [make_instances, make_volume, make_vpc, make_subnet, make_security_group,
                                  make_bucket, make_untagged_bucket, make_database, make_described_database,
                                  make_topic, make_queue, make_cache])
def test_a_new_resource_is_tagged(aws, gate, make):
    event, tags, expected = make(aws)
    answer = gate.post("things", event)
    assert answer.status_code == 202, answer.text
    assert tags() == expected


def test_a_new_table_is_tagged(aws, aws_gate):
    """At moto's DynamoDB: DynamoDB Local has no tags."""
    client = aws.moto.client("dynamodb")
    made = client.create_table(TableName=unique("table"), BillingMode="PAY_PER_REQUEST",
                               KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                               AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    arn = made["TableDescription"]["TableArn"]
    gate = aws_gate({"sinks": {"tags": {"type": "tagger"}}}, env={"AWS_ENDPOINT_URL_DYNAMODB": aws.moto.url})
    event = record(aws, "dynamodb", "CreateTable", response={"tableDescription": {"tableArn": arn}})
    assert gate.post("things", event).status_code == 202
    assert pairs(client.list_tags_of_resource(ResourceArn=arn)["Tags"]) == {"CreatedBy": WHO}


@pytest.mark.parametrize("more", [{"errorCode": "AccessDenied"}, {"responseElements": None},
                                  {"eventName": "DeleteVolume"}])
def test_nothing_to_tag_is_a_success(aws, gate, more):
    event = {**record(aws, "ec2", "CreateVolume", response={"volumeId": "vol-1"}), **more}
    assert gate.post("things", event).status_code == 202
    assert aws.calls() == []


def test_a_tag_that_fails_is_a_failure(aws, gate):
    answer = gate.post("things", record(aws, "ec2", "CreateVolume", response={"volumeId": "vol-00000000"}))
    assert answer.status_code == 500
    assert "InvalidVolume" in answer.json()["errors"][0]["message"] or "InvalidID" in answer.text
