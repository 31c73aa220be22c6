# SPDX-License-Identifier: Apache-2.0
"""Events between gates over EventBridge do not go round in a circle; moto's server stands for AWS."""
import json

import pytest

from gate import wait_until, write_yaml

ALL = {"source": [{"prefix": ""}]}


@pytest.fixture
def forwarder(aws, aws_gate):
    """A gate called `a` whose one rule logs every event and sends it to a bus; and the queue behind the bus."""
    _, arn, queue = aws.bus()
    gate = aws_gate({"sinks": {"bus": {"type": "eventbridge", "event_bus_arn": arn, "source": "<$.source>",
                                       "detail": "<$.detail>"},
                               "lines": {"type": "log", "path": "lines.log"}},
                     "topics": {"things": {"sinks": "none", "envelope": "payload"}},
                     "outbox": {"path": "outbox.db"},
                     "rules": {"folder": "rules", "gate": "a", "max_hops": 3}}, start=False)
    (gate.folder / "rules").mkdir()
    write_yaml(gate.folder / "rules/r.yaml", {"name": "all", "event_pattern": ALL, "targets": [
        {"sink": "lines"}, {"sink": "bus"}]})
    return gate.start(), queue


def envelope(*resources):
    return {"version": "0", "id": "e", "source": "shop", "detail-type": "T", "account": "", "region": "",
            "time": "2026-11-21T08:00:00Z", "resources": list(resources), "detail": {"n": len(resources)}}


def hop(name):
    return f"arn:eventgate:::hop/{name}"


def test_an_event_carries_the_gates_it_came_through(aws, forwarder):
    gate, queue = forwarder
    assert gate.post("things", envelope("arn:aws:s3:::b", hop("b"))).status_code == 202
    message, = wait_until(lambda: aws.messages(queue))
    assert json.loads(message["Body"])["resources"] == [hop("b"), hop("a")]


@pytest.mark.parametrize("resources", [[hop("a")], [hop("b"), hop("a")], [hop("b"), hop("c"), hop("d")]])
def test_what_came_round_is_logged_and_not_sent_again(aws, forwarder, resources):
    gate, queue = forwarder
    assert gate.post("things", envelope(*resources)).status_code == 202
    assert gate.post("things", envelope(hop("z"))).status_code == 202
    message, = wait_until(lambda: aws.messages(queue))
    assert json.loads(message["Body"])["resources"] == [hop("z"), hop("a")]
    assert len((gate.folder / "lines.log").read_text().splitlines()) == 2
    assert "goes round in a circle" in gate.logs()
