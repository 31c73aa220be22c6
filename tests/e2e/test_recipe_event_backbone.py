# SPDX-License-Identifier: Apache-2.0
"""The recipe `event-backbone`: published once, heard by every other service, and by nobody twice."""
import json
import subprocess
import uuid

import pytest
import requests

from gate import PROGRAM, wait_until

SERVICES = ("order-service", "delivery-service", "billing-service")
LOG, OTHER_REGION = "log /event-backbone/global", "queue global in us-east-1"


@pytest.fixture(scope="module")
def running(start_recipe):
    return start_recipe("event-backbone")


@pytest.fixture(scope="module")
def seen(running):
    """seen(service): every event that its queue ever had; reading takes messages out."""
    found = {label: [] for label in (*(f"queue {one}" for one in SERVICES), OTHER_REGION)}

    def read(service):
        for label, things in running.arrived().items():
            if label in found:
                found[label] += [one for one in things if one not in found[label]]
        label = service if service in found else f"queue {service}"
        return [one if isinstance(one, dict) else json.loads(one) for one in found[label]]
    return read


def entry(source, kind, **data):
    return {"Source": source, "DetailType": kind, "Detail": {"data": data, "meta": {}}}


def post(running, sender, event):
    headers = {"Authorization": f"Bearer {running.keys.token(sender)}"}
    answer = requests.post(running.urls["gate"] + "/events/backbone", json=event, headers=headers, timeout=30)
    assert answer.status_code == 202, answer.text + running.logs()


def heard(seen, service, mark):
    return [one for one in seen(service) if mark in json.dumps(one["detail"])]


def test_the_others_hear_and_the_sender_does_not(running, seen):
    mark = uuid.uuid4().hex
    post(running, "order-service", entry("order-service", "Order.Created", orderId=mark, createdAt="2026-03-01"))
    for service in ("delivery-service", "billing-service"):
        event = wait_until(lambda service=service: heard(seen, service, mark))[0]
        assert event["source"] == "order-service" and event["detail-type"] == "Order.Created"
        assert event["detail"] == {"data": {"orderId": mark, "createdAt": "2026-03-01"}, "meta": {}}
    assert not heard(seen, "order-service", mark)


def test_the_flow_of_an_order(running, seen):
    mark = uuid.uuid4().hex
    post(running, "order-service", entry("order-service", "Order.Created", orderId=mark))
    wait_until(lambda: heard(seen, "delivery-service", mark))
    post(running, "delivery-service", entry("delivery-service", "Delivery.Updated", order=mark, deliveryId="D-1"))
    assert wait_until(lambda: heard(seen, "order-service", mark))[0]["detail-type"] == "Delivery.Updated"
    post(running, "order-service", entry("order-service", "Order.Updated", orderId=mark))
    wait_until(lambda: "Order.Updated" in [one["detail-type"] for one in heard(seen, "delivery-service", mark)])


def test_personal_data_stays_home(running, seen):
    mark = uuid.uuid4().hex
    customer = {"name": "Jane Roe", "email": "jane.roe@example.com"}
    post(running, "order-service", entry("order-service", "Order.Created", orderId=mark, customer=customer))
    delivery = wait_until(lambda: heard(seen, "delivery-service", mark))[0]
    assert delivery["detail"]["data"]["customer"] == {"name": "Jane Roe"}
    billing = wait_until(lambda: heard(seen, "billing-service", mark))[0]["detail"]["data"]["customer"]
    assert "Jane" not in json.dumps(billing) and "jane" not in json.dumps(billing)
    assert set(billing) == {"name", "email"}


def test_a_reminder_comes_later(running, seen):
    mark = uuid.uuid4().hex
    post(running, "order-service", entry("order-service", "Order.Created", orderId=mark))

    def reminders():
        return [one for one in heard(seen, "billing-service", mark) if one["detail-type"] == "Order.Reminder"]
    assert not reminders()
    assert wait_until(reminders)[0]["detail"] == {"data": {"orderId": mark}, "meta": {}}


def test_the_other_region_hears_everything(running, seen):
    mark = uuid.uuid4().hex
    post(running, "billing-service", entry("billing-service", "Invoice.Sent", order=mark))
    assert wait_until(lambda: heard(seen, OTHER_REGION, mark))[0]["region"] == "us-east-1"


def test_every_event_is_logged(running):
    mark = uuid.uuid4().hex
    post(running, "billing-service", entry("billing-service", "Invoice.Sent", order=mark))
    line = wait_until(lambda: [one for one in running.arrived()[LOG] if mark in one])[0]
    assert set(json.loads(line)) >= {"version", "id", "detail-type", "source", "account", "time", "region",
                                     "resources", "detail"}


def test_an_event_does_not_go_round(running, seen):
    """What a bus sends back has this gate's name among its resources."""
    mark, after = uuid.uuid4().hex, uuid.uuid4().hex
    event = wait_until_sent(running, seen, mark)
    assert any("hop/event-backbone" in one for one in event["resources"])
    back = {**event, "id": str(uuid.uuid4()), "detail": {"data": {"orderId": after}, "meta": {}}}
    post(running, "delivery-service", back)
    wait_until(lambda: [one for one in running.arrived()[LOG] if after in one])
    assert not any(heard(seen, service, after) for service in SERVICES)


def wait_until_sent(running, seen, mark):
    post(running, "order-service", entry("order-service", "Order.Updated", orderId=mark))
    return wait_until(lambda: heard(seen, "delivery-service", mark))[0]


def test_a_replay_reaches_the_rules_again(running, seen):
    mark = uuid.uuid4().hex
    wait_until_sent(running, seen, mark)
    before = len(heard(seen, "delivery-service", mark))
    archive = running.folder / "gate/archive.db"
    done = subprocess.run([PROGRAM, "replay", "--db", archive, "--since", "5m", "--admin", running.admin_urls["gate"],
                           "--rule", "to-delivery-service"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: len(running.servers.recorder.calls("PutEvents")) > 0 and before == 1)
    sent = [one for call in running.servers.recorder.calls("PutEvents")
            for one in json.loads(call.request.body)["Entries"]
            if mark in one["Detail"] and one["EventBusName"] == "delivery-service"]
    assert len(sent) == 2


def test_a_stranger_may_not_publish(running):
    headers = {"Authorization": f"Bearer {running.keys.token('stranger')}"}
    answer = requests.post(running.urls["gate"] + "/events/backbone", json=entry("order-service", "Order.Created"),
                           headers=headers, timeout=30)
    assert answer.status_code == 403
