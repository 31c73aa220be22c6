# SPDX-License-Identifier: Apache-2.0
"""Where the program finds its credentials on an instance and in a container, and what it says when it finds none."""
import time

import pytest

import aws_faults
from aws_metadata import CONTAINER_TOKEN, MetadataServer, absent
from aws_recorder import Recorder
from gate import run
from kafka_server import Certificates
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


# --- a role that is assumed, by way of the recorder

@pytest.fixture
def role_profile(aws, tmp_path):
    """The environment of a profile that assumes the other account's role with the user's keys."""
    def make(**changes):
        lines = {"role_arn": aws.moto.other_role_arn, "external_id": aws.moto.external_id, "source_profile": "user",
                 "region": aws.region, **changes}
        config = tmp_path / "config"
        config.write_text("[profile delivery]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items())
                          + f"[profile user]\naws_access_key_id = {aws.moto.credentials.access_key}\n"
                          + f"aws_secret_access_key = {aws.moto.credentials.secret_key}\n")
        environment = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
                       "AWS_PROFILE": "delivery", "AWS_ENDPOINT_URL": aws.recorder.url, "AWS_ACCESS_KEY_ID": "",
                       "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
        return environment
    return make


def test_a_role_is_assumed_with_its_external_id(aws, role_profile):
    done = run("credentials", env=role_profile())
    assert done.returncode == 0, done.stdout + done.stderr
    [call] = aws.calls("AssumeRole")
    assert call.verdict == "" and call.form["ExternalId"] == aws.moto.external_id
    assert call.form["RoleArn"] == aws.moto.other_role_arn


def test_a_role_that_refuses_is_said(aws, role_profile):
    done = run("credentials", env=role_profile(role_arn=aws.moto.role_arn, external_id="another"))
    assert done.returncode == 3
    assert "AccessDenied" in done.stdout + done.stderr


@pytest.mark.parametrize("plan, times", [
    (aws_faults.throttle(), 1), (aws_faults.server_error(500), 2), (aws_faults.server_error(503), 1),
    (aws_faults.reset(), 1), (aws_faults.reset_after(), 1), (aws_faults.half(), 1)])
def test_a_fault_of_sts_is_tried_again(aws, role_profile, plan, times):
    fault = aws.fault(plan, operation="AssumeRole", times=times)
    done = run("credentials", env=role_profile())
    assert done.returncode == 0, done.stdout + done.stderr
    assert fault.hits == times and len(aws.calls("AssumeRole")) == times + 1


@pytest.mark.parametrize("plan", [aws_faults.server_error(), aws_faults.expired_token(), aws_faults.page()])
def test_a_fault_of_sts_that_stays_is_said(aws, role_profile, plan):
    aws.fault(plan, operation="AssumeRole", times=None)
    done = run("credentials", env=role_profile())
    assert done.returncode == 3, done.stdout + done.stderr
    assert aws.moto.credentials.secret_key not in done.stdout + done.stderr


def test_an_endpoint_that_has_no_address(role_profile):
    done = run("credentials", env={**role_profile(), "AWS_ENDPOINT_URL": "http://sts.invalid"})
    assert done.returncode == 3 and "sts.invalid" in done.stdout + done.stderr


def test_an_unknown_authority(aws, role_profile, tmp_path):
    certificates = Certificates(tmp_path / "certificates")
    recorder = Recorder(aws.moto, tls=(certificates.broker, None))
    try:
        environment = {**role_profile(), "AWS_ENDPOINT_URL": recorder.url}
        refused = run("credentials", env=environment)
        assert refused.returncode == 3 and "ertificate" in refused.stdout + refused.stderr
        assert not recorder.calls()
        assert run("credentials", "--ca-bundle", certificates.ca, env=environment).returncode == 0
        assert not recorder.take_wrong()
    finally:
        recorder.close()
