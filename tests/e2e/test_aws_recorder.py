# SPDX-License-Identifier: Apache-2.0
"""The recorder in front of AWS: boto3 gets through it, a forged signature is seen, and faults are what they say.

boto3 is the client here; what the daemon makes of the same faults is test_aws_faults.py.
"""
import json
import zlib

import botocore.exceptions
import pytest
import requests

import aws_faults
from aws_gate import unique
from moto_server import Credentials, make_client


@pytest.fixture
def client(aws):
    """client("sqs"): boto3 by way of the recorder."""
    def make(service, credentials=None):
        return make_client(service, aws.recorder.url, credentials or aws.moto.credentials)
    return make


def error_of(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_all_protocols_pass_and_are_judged(aws, client):
    bucket, topic = aws.bucket(), aws.client("sns").create_topic(Name=unique())["TopicArn"]
    client("s3").put_object(Bucket=bucket, Key="a b/c+d/é~(1)", Body=b"x" * 10)
    assert client("s3").get_object(Bucket=bucket, Key="a b/c+d/é~(1)")["Body"].read() == b"x" * 10
    client("s3").head_object(Bucket=bucket, Key="a b/c+d/é~(1)")
    client("s3").list_objects_v2(Bucket=bucket, Prefix="a b/")
    client("sns").publish(TopicArn=topic, Message="é & =")
    client("events").put_events(Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}"}])
    client("lambda").list_functions()  # moto finds this signature wrong, botocore right
    client("dynamodb").list_tables()
    seen = [(one.service, one.operation) for one in aws.calls()]
    assert seen == [("s3", "PutObject"), ("s3", "GetObject"), ("s3", "HeadObject"), ("s3", "ListObjectsV2"),
                    ("sns", "Publish"), ("events", "PutEvents"), ("lambda", "/2015-03-31/functions"),
                    ("dynamodb", "ListTables")]
    assert [one.verdict for one in aws.calls()] == [""] * len(seen)


def test_a_role_that_is_assumed_on_the_way_is_known(aws, client):
    answer = client("sts").assume_role(RoleArn=aws.moto.other_role_arn, RoleSessionName="tests",
                                       ExternalId=aws.moto.external_id)["Credentials"]
    session = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
    client("sqs", session).list_queues()
    assert not aws.recorder.wrong


def test_a_forged_signature_is_seen(aws, client):
    forged = Credentials(aws.moto.credentials.access_key, "not-the-secret")
    assert error_of(lambda: client("sns", forged).list_topics())[1] == 403
    assert error_of(lambda: client("s3", forged).list_buckets())[1] == 403
    client("dynamodb", forged).list_tables()  # DynamoDB Local does not look; the recorder does
    wrong = aws.recorder.take_wrong()
    assert len(wrong) == 3 and all("botocore computes" in text for text in wrong)


@pytest.mark.parametrize("change, text", [
    (lambda headers: headers.update({"X-Amz-Extra": "1"}), "not signed: ['x-amz-extra']"),
    (lambda headers: headers.pop("Content-Type"), "signed and not sent: ['content-type']"),
    (lambda headers: headers.update({"X-Amz-Date": "20200101T000000Z"}), "the scope's day is"),
    (lambda headers: headers.pop("Authorization"), "no well-formed Authorization"),
])
def test_other_mistakes_are_seen(aws, client, change, text):
    client("sqs").list_queues()
    good = aws.calls("ListQueues")[0].request
    headers = dict(good.headers)
    change(headers)
    # None: requests adds none of its own
    headers = {"Content-Type": None, **headers}
    requests.post(good.url, data=good.body, headers=headers, timeout=10)
    assert text in aws.recorder.take_wrong()[0]


def test_a_changed_body_is_seen(aws, client):
    client("sqs").list_queues()
    good = aws.calls("ListQueues")[0].request
    headers = {name: value for name, value in good.headers if name.lower() != "content-length"}
    requests.post(good.url, data=good.body + b" ", headers=headers, timeout=10)
    assert "botocore computes" in aws.recorder.take_wrong()[0]


def test_errors_are_in_the_words_of_the_service(aws, client):
    bucket = aws.bucket()
    aws.fault(aws_faults.throttle(), times=3)
    assert error_of(lambda: client("events").list_event_buses()) == ("ThrottlingException", 400)
    assert error_of(lambda: client("s3").list_objects_v2(Bucket=bucket)) == ("SlowDown", 503)
    assert error_of(lambda: client("sns").list_topics()) == ("Throttling", 400)
    client("sns").list_topics()
    aws.fault(aws_faults.server_error(503), service="sqs")
    client("sns").list_topics()
    assert error_of(lambda: client("sqs").list_queues())[1] == 503
    aws.recorder.expire(aws.moto.credentials.access_key)
    assert error_of(lambda: client("sqs").list_queues()) == ("ExpiredTokenException", 400)
    assert error_of(lambda: client("s3").list_buckets()) == ("ExpiredToken", 400)


def test_a_clock_that_goes_wrong(aws, client):
    bucket = aws.bucket()
    aws.recorder.skew(-1200)
    assert error_of(lambda: client("sqs").list_queues()) == ("InvalidSignatureException", 400)
    assert error_of(lambda: client("s3").list_objects_v2(Bucket=bucket)) == ("RequestTimeTooSkewed", 403)
    aws.recorder.skew(-600)
    client("s3").list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize("plan, carried_out", [(aws_faults.reset(), False), (aws_faults.reset_after(), True),
                                               (aws_faults.half(), True)])
def test_connections_that_end(aws, client, plan, carried_out):
    name, sqs = unique(), client("sqs")
    fault = aws.fault(plan, operation="CreateQueue")
    sqs.meta.events.register("before-send.*", send_by_requests)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        sqs.create_queue(QueueName=name)
    assert fault.hits == 1
    urls = aws.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", [])
    assert len(urls) == carried_out


def send_by_requests(request, **_):
    """botocore takes half an answer for a whole one; requests does not. Half a second is all it waits."""
    requests.request(request.method, request.url, data=request.body, headers=dict(request.headers), timeout=0.5)


@pytest.mark.parametrize("plan", [aws_faults.slow(1), aws_faults.dripping(1)])
def test_slow_answers(aws, client, plan):
    sqs = client("sqs")
    sqs.meta.events.register("before-send.*", send_by_requests)
    aws.fault(plan, operation="ListQueues")
    with pytest.raises((requests.Timeout, requests.ConnectionError)):
        sqs.list_queues()


def test_a_part_of_a_batch_fails(aws, client):
    name, _, queue = aws.bus()
    aws.fault(aws_faults.entries({0: "InternalFailure", 2: "AccessDeniedException"}))
    answer = client("events").put_events(Entries=[
        {"EventBusName": name, "Source": "s", "DetailType": "t", "Detail": json.dumps({"n": n})} for n in range(4)])
    assert answer["FailedEntryCount"] == 2
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == ["InternalFailure", None,
                                                                       "AccessDeniedException", None]
    assert sorted(json.loads(message["Body"])["detail"]["n"] for message in aws.messages(queue)) == [1, 3]


def test_a_part_of_a_batch_of_messages_fails(aws, client):
    url, arn = aws.queue()
    aws.fault(aws_faults.entries({1: "InternalError"}), times=2)
    answer = client("sqs").send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": f"m{n}"}
                                                                     for n in range(3)])
    assert [one["Id"] for one in answer["Failed"]] == ["1"]
    assert sorted(message["Body"] for message in aws.messages(url)) == ["m0", "m2"]
    topic = aws.client("sns").create_topic(Name=unique())["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    answer = client("sns").publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": f"id{n}", "Message": f"n{n}"} for n in range(3)])
    [failed] = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("id1", "InternalError", False)
    assert sorted(message["Body"] for message in aws.messages(url)) == ["n0", "n2"]


def test_a_part_of_a_stream_batch_fails(aws, client):
    name = unique("stream")
    aws.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    aws.fault(aws_faults.entries({0: "ProvisionedThroughputExceededException"}))
    answer = client("kinesis").put_records(StreamName=name, Records=[{"Data": b"a", "PartitionKey": "1"},
                                                                     {"Data": b"b", "PartitionKey": "1"}])
    assert answer["FailedRecordCount"] == 1 and "SequenceNumber" in answer["Records"][1]


def test_unprocessed_items_and_a_wrong_checksum(aws, client):
    table = aws.table()
    aws.fault(aws_faults.entries({1: "-"}), operation="BatchWriteItem")
    answer = client("dynamodb").batch_write_item(RequestItems={table: [
        {"PutRequest": {"Item": {"id": {"S": str(n)}}}} for n in range(3)]})
    assert [put["PutRequest"]["Item"]["id"]["S"] for put in answer["UnprocessedItems"][table]] == ["1"]
    assert sorted(item["id"]["S"] for item in aws.items(table)) == ["0", "2"]
    aws.fault(aws_faults.wrong_crc32(), operation="Scan")
    client("dynamodb").scan(TableName=table)
    answered = aws.calls("Scan")[0].answer
    assert answered.header("x-amz-crc32") != str(zlib.crc32(answered.body))
