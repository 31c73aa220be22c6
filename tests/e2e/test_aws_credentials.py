# SPDX-License-Identifier: Apache-2.0
"""Where the program finds its credentials on an instance and in a container, and what it says when it finds none."""
import time

import pytest

from aws_metadata import CONTAINER_TOKEN, MetadataServer, absent
from gate import run
from moto_server import Credentials

SESSION = Credentials("ASIATESTS00000000001", "instance-secret", "instance-token")


@pytest.fixture
def no_profiles(tmp_path):
    empty = tmp_path / "none"
    empty.touch()
    return {"AWS_CONFIG_FILE": str(empty), "AWS_SHARED_CREDENTIALS_FILE": str(empty), "AWS_REGION": "eu-west-1",
            "AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


def ask(environment, *metadata):
    for more in metadata:
        environment = {**environment, **more}
    return run("credentials", env=environment, timeout=60)


@pytest.mark.parametrize("mode", ["v2", "v1"])
def test_an_instance_has_credentials(no_profiles, mode):
    with MetadataServer(SESSION, mode) as metadata:
        done = ask(no_profiles, metadata.instance())
    assert done.returncode == 0, done.stderr
    assert SESSION.secret_key not in done.stdout + done.stderr and SESSION.access_key not in done.stdout
    assert ("PUT", "/latest/api/token") in metadata.requests


def test_an_instance_that_must_not_use_v1(no_profiles):
    with MetadataServer(SESSION, "v1") as metadata:
        done = ask(no_profiles, metadata.instance(), {"AWS_EC2_METADATA_V1_DISABLED": "true"})
    assert done.returncode != 0
    assert [method for method, _ in metadata.requests] == ["PUT"] * len(metadata.requests)


def test_no_instance_metadata(no_profiles):
    done = ask(no_profiles, absent())
    assert done.returncode in (1, 3)
    assert "metadata" in done.stdout + done.stderr


def test_slow_instance_metadata_is_given_up(no_profiles):
    begin = time.monotonic()
    with MetadataServer(SESSION, "slow", slow_s=30) as metadata:
        done = ask(no_profiles, metadata.instance())
    assert done.returncode in (1, 3)
    assert time.monotonic() - begin < 15


def test_a_container_has_credentials(no_profiles, tmp_path):
    token = tmp_path / "token"
    token.write_text(CONTAINER_TOKEN)
    with MetadataServer(SESSION) as metadata:
        assert ask(no_profiles, metadata.container()).returncode == 0
        assert ask(no_profiles, metadata.container(token)).returncode == 0
        token.write_text("wrong")
        assert ask(no_profiles, metadata.container(token)).returncode == 3
        token.write_text(f"{CONTAINER_TOKEN}\r\nX-Smuggled: 1")
        asked = len(metadata.requests)
        assert ask(no_profiles, metadata.container(token)).returncode == 3
        assert len(metadata.requests) == asked
