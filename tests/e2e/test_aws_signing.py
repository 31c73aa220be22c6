# SPDX-License-Identifier: Apache-2.0
"""`eventgate sigv4` signs what AWS's stand-ins believe, and what botocore would have signed."""
import datetime
import json
import socket

import pytest

from aws_gate import unique
from gate import run

SQS = ("sqs", "application/x-amz-json-1.0", "AmazonSQS.ListQueues", "{}")
EVENTS = ("events", "application/x-amz-json-1.1", "AWSEvents.ListEventBuses", "{}")
DYNAMODB = ("dynamodb", "application/x-amz-json-1.0", "DynamoDB_20120810.ListTables", "{}")


@pytest.fixture
def sign(aws, tmp_path):
    """sign(service, request text): the signed request, as `eventgate sigv4` prints it."""
    def make(service, text, credentials=None, **more):
        credentials = credentials or aws.moto.credentials
        names = {"access_key_id": credentials.access_key, "secret_access_key": credentials.secret_key}
        if credentials.token:
            names["token"] = credentials.token
        context = {"credentials": names, "region": aws.region, "service": service, "sign_body": service == "s3",
                   "normalize": service != "s3",
                   "timestamp": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), **more}
        (tmp_path / "context.json").write_text(json.dumps(context))
        (tmp_path / "request.txt").write_bytes(text.encode())
        done = run("sigv4", "--context", tmp_path / "context.json", "--request", tmp_path / "request.txt")
        assert done.returncode == 0, done.stderr
        return done.stdout
    return make


def send(aws, signed, body=""):
    """The bytes as they were signed, by way of the recorder: the status of the answer."""
    head = signed.replace("\r\n", "\n").partition("\n\n")[0]
    raw = head.replace("\n", "\r\n") + f"\r\nContent-Length: {len(body.encode())}\r\nConnection: close\r\n\r\n" + body
    with socket.create_connection(("127.0.0.1", aws.recorder.port), timeout=20) as connection:
        connection.sendall(raw.encode())
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return int(answer.split(b" ", 2)[1]), answer


def host(aws):
    return f"127.0.0.1:{aws.recorder.port}"


def json_request(aws, content_type, target, body):
    return (f"POST / HTTP/1.1\nHost:{host(aws)}\nContent-Type:{content_type}\nX-Amz-Target:{target}\n\n{body}")


@pytest.mark.parametrize("service, content_type, target, body", [SQS, EVENTS, DYNAMODB])
def test_json_protocols(aws, sign, service, content_type, target, body):
    status, answer = send(aws, sign(service, json_request(aws, content_type, target, body)), body)
    assert status == 200, answer


def test_a_session_token_is_signed(aws, sign):
    session = aws.moto.assume(aws.moto.other_role_arn)
    text = json_request(aws, *SQS[1:])
    status, answer = send(aws, sign("sqs", text, session), "{}")
    assert status == 200, answer
    assert aws.calls("ListQueues")[0].request.header("x-amz-security-token") == session.token


def test_a_form(aws, sign):
    body = "Action=ListTopics&Version=2010-03-31"
    text = (f"POST / HTTP/1.1\nHost:{host(aws)}\n"
            f"Content-Type:application/x-www-form-urlencoded; charset=utf-8\n\n{body}")
    status, answer = send(aws, sign("sns", text), body)
    assert status == 200, answer


@pytest.mark.parametrize("key", ["plain", "a/b//c/../d", "sp%20ace", "pl%2Bus", "%C3%A9", "tilde~star%2A%28%29%21%27",
                                 "colon%3Aat%40", "2020/10/21/x"])
def test_keys_of_s3(aws, sign, key):
    bucket, body = aws.bucket(), "what it holds"
    signed = sign("s3", f"PUT /{bucket}/{key} HTTP/1.1\nHost:{host(aws)}\n\n{body}")
    status, answer = send(aws, signed, body)
    assert status == 200, answer
    # Which keys moto stores of "//" and ".." is its own affair; that one object is there is ours.
    assert aws.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_a_query_of_s3(aws, sign):
    bucket = aws.bucket()
    aws.client("s3").put_object(Bucket=bucket, Key="b/2", Body=b"")
    text = f"GET /{bucket}?prefix=b%2F&list-type=2&max-keys=1&delimiter= HTTP/1.1\nHost:{host(aws)}\n\n"
    status, answer = send(aws, sign("s3", text))
    assert status == 200 and b"<Key>b/2</Key>" in answer, answer


def test_a_wrong_secret_is_seen_by_all(aws, sign):
    forged = type(aws.moto.credentials)(aws.moto.credentials.access_key, unique("secret"))
    status, _ = send(aws, sign("sqs", json_request(aws, *SQS[1:]), forged), "{}")
    assert status == 403
    assert "botocore computes" in aws.recorder.take_wrong()[0]
