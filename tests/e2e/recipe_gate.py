# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the recipes of etc/recipes, running on the servers of the test run."""
import contextlib

import pytest

from aws_gate import check_signatures
from aws_recorder import Recorder
from gate import PROGRAM, SANITIZER_ENV
from kafka_server import KafkaCluster
from recipe import Recipe, RunningRecipe, Servers


@pytest.fixture(scope="session")
def recipe_kafka(tmp_path_factory):
    with KafkaCluster(tmp_path_factory.mktemp("recipe-kafka")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def start_recipe(aws_session, keys, tmp_path_factory, request):
    """start_recipe("audit-service"): that recipe, running until the last test of the file."""
    fixtures = {"kafka": "recipe_kafka", "postgres": "postgres"}

    with contextlib.ExitStack() as stack:
        def start(name):
            recipe = Recipe(name)
            more = {server: request.getfixturevalue(fixtures[server])
                    for server in recipe.servers if server in fixtures}
            recorder = Recorder(aws_session.moto,
                                aws_session.dynamodb.url if "dynamodb" in recipe.servers else None)
            stack.callback(check_signatures, recorder)
            stack.callback(recorder.close)
            servers = Servers(recorder, **more)
            recipe.environment = {**SANITIZER_ENV, **recipe.environment}
            return stack.enter_context(RunningRecipe(recipe, tmp_path_factory.mktemp(name), servers, PROGRAM, keys))
        yield start
