# SPDX-License-Identifier: Apache-2.0
"""Fixtures: AWS on loopback, started once for a run, and daemons that take it for AWS.

A test makes resources of its own, with names of its own: nothing is wiped between tests.
"""
import uuid

import pytest

from dynamodb_local import DynamoDBLocal
from moto_server import MotoServer


def unique(prefix="things"):
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """Everything but DynamoDB, signatures and policies checked: moto.client("sqs"), moto.environment()."""
    with MotoServer(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def dynamodb_local(tmp_path_factory):
    """DynamoDB Local: dynamodb_local.client(), dynamodb_local.url."""
    with DynamoDBLocal(tmp_path_factory.mktemp("dynamodb")) as server:
        yield server


@pytest.fixture
def aws_gate(make_gate, moto, request):
    """make_gate() with moto in the daemon's environment; with DynamoDB Local where `dynamodb=True`."""

    def make(settings=None, topics=None, env=None, dynamodb=False, **more):
        url = request.getfixturevalue("dynamodb_local").url if dynamodb else None
        environment = {**moto.environment(dynamodb=url), **(env or {})}
        return make_gate(settings, topics=topics, env=environment, **more)

    return make
