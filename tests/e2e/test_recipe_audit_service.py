# SPDX-License-Identifier: Apache-2.0
"""The recipe `audit-service`: data in S3, then the item that points at it; deletions are told; all is logged."""
import json
import uuid

import pytest

import aws_faults
from gate import wait_until

BUCKET, TABLE, DELETIONS, LOG = ("bucket audit-service-data", "table audit-service", "queue audit-service-deletions",
                                 "log /audit-service/events")


@pytest.fixture(scope="module")
def running(start_recipe):
    return start_recipe("audit-service")


def change(operation="insert", ts="1603294852000", **more):
    return {"entity-type": "book", "entity-id": f"entity-{uuid.uuid4().hex[:8]}", "operation": operation, "ts": ts,
            "author": "jane.roe@example.com", **more}


def post(running, event, expect=202):
    """The event's id."""
    name = str(uuid.uuid4())
    answer = running.post("insert", event, **{"Idempotency-Key": name})
    assert answer.status_code == expect, answer.text + running.logs()
    return name


def item(running, name):
    return next((one for one in running.arrived()[TABLE] if one["EventId"] == name), None)


def stored(running, key):
    return next((one["body"] for one in running.arrived()[BUCKET] if one["key"] == key), None)


def test_data_is_stored_and_pointed_at(running):
    event = change(data={"title": "A \"book\"", "pages": [1.50, 2], "é": None})
    name = post(running, event)
    key = f"2020/10/21/{name}"
    found = wait_until(lambda: item(running, name))
    assert found == {"EventId": name, "EntityType": "book", "EntityId": event["entity-id"], "Operation": "insert",
                     "S3Key": key, "Author": "jane.roe@example.com", "Ts": 1603294852000}
    assert stored(running, key) == json.dumps(event["data"], separators=(",", ":")), "compact, and else as posted"
    head = running.servers.client("s3").head_object(Bucket="audit-service-data", Key=key)
    assert head["ContentType"] == "application/json"


def test_the_time_may_be_a_number(running):
    name = post(running, change(ts=1583020799999, data={"a": 1}))
    found = wait_until(lambda: item(running, name))
    assert found["Ts"] == 1583020799999 and found["S3Key"] == f"2020/02/29/{name}"


@pytest.mark.parametrize("more", [{}, {"data": None}])
def test_without_data_there_is_no_object(running, more):
    objects = len(running.arrived()[BUCKET])
    name = post(running, change(operation="update", **more))
    assert wait_until(lambda: item(running, name))["S3Key"] == ""
    assert len(running.arrived()[BUCKET]) == objects


def test_a_deletion_is_told(running):
    before = len(running.arrived()[DELETIONS])
    event = {**change("delete"), "author": "Jane \"J\" Roe"}
    post(running, event)
    wait_until(lambda: len(running.arrived()[DELETIONS]) > before)
    assert f"Entity with id {event['entity-id']} has been deleted by {event['author']}" in \
        running.arrived()[DELETIONS]
    post(running, change("update"))
    assert len(running.arrived()[DELETIONS]) == before + 1


def test_every_event_is_logged(running):
    event = change("update", data={"a": 1})
    name = post(running, event)
    line = wait_until(lambda: next((one for one in map(json.loads, running.arrived()[LOG]) if one["id"] == name), None))
    assert line["detail"] == event and line["detail-type"] == "Object State Change"
    assert set(line) >= {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}


@pytest.mark.parametrize("index,key,field", [("search-by-entity-id", "EntityId", "entity-id"),
                                             ("search-by-author", "Author", "author")])
def test_the_indexes_answer_in_order_of_time(running, index, key, field):
    who = f"who-{uuid.uuid4().hex[:8]}"
    names = {ts: post(running, {**change(ts=ts), field: who}) for ts in (1603294853000, 999, "1603294852000")}
    wait_until(lambda: all(item(running, name) for name in names.values()))
    answer = running.servers.client("dynamodb").query(
        TableName="audit-service", IndexName=index, KeyConditionExpression=f"{key} = :who",
        ExpressionAttributeValues={":who": {"S": who}})
    assert [one["EventId"]["S"] for one in answer["Items"]] == \
        [names[ts] for ts in (999, "1603294852000", 1603294853000)]


@pytest.mark.parametrize("plan", [aws_faults.error(403, "AccessDenied"), aws_faults.server_error(503),
                                  aws_faults.reset()], ids=["refused", "down", "cut off"])
def test_no_item_points_at_an_object_that_is_not_there(running, plan):
    """S3 fails: nothing is written to the table. Posted again later, it is all there, under the same id."""
    event, name = change(data={"a": 1}), str(uuid.uuid4())
    fault = running.servers.recorder.fault(plan, operation="PutObject", times=None)
    try:
        answer = running.post("insert", event, **{"Idempotency-Key": name})
        assert answer.status_code in (500, 503, 504) and fault.hits, answer.text
        assert "target 'data' of rule 'store-change'" in answer.text
    finally:
        fault.remove()
    assert item(running, name) is None
    assert running.post("insert", event, **{"Idempotency-Key": name}).status_code == 202
    assert item(running, name)["S3Key"] == f"2020/10/21/{name}"


def test_s3_that_fails_once_is_asked_again(running):
    fault = running.servers.recorder.fault(aws_faults.server_error(503), operation="PutObject")
    name = post(running, change(data={"a": 1}))
    assert fault.hits == 1 and item(running, name)["S3Key"] == f"2020/10/21/{name}"


def test_the_object_comes_first(running):
    """A slow S3 holds the item up."""
    recorder = running.servers.recorder
    recorder.reset()
    recorder.fault(aws_faults.slow(0.5), operation="PutObject")
    name = post(running, change(data={"a": 1}))
    assert wait_until(lambda: item(running, name))
    ours = [one.operation for one in recorder.calls() if name in (one.request.path + one.request.body.decode())]
    writes = [one for one in ours if one in ("PutObject", "PutItem", "BatchWriteItem")]
    assert len(writes) == 2 and writes[0] == "PutObject"


def test_what_is_no_change_is_refused(running):
    before = running.arrived()
    assert running.post("refused").status_code == 400
    assert running.post("insert", change(ts="yesterday")).status_code == 400
    assert running.post("insert", {**change(), "author": ""}).status_code == 400
    assert running.arrived() == before
