# SPDX-License-Identifier: Apache-2.0
"""moto's server as AWS, with its IAM checks on: a wrong signature is answered as AWS answers it.

    with MotoServer(folder) as moto:
        moto.client("sqs").create_queue(QueueName="runs")
        ... moto.environment() for a daemon ...

It has two accounts. The first has a user with an access key; the second has a role that this user assumes with an
external id, as a delivery into another team's account does. Nothing outlives the process that started it.
"""
import contextlib
import ctypes
import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import boto3
import botocore.config
import requests

REGION = "eu-west-1"
ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
EXTERNAL_ID = "gate-external-id"
ROLE_NAME = "eventgate-delivery"
PR_SET_PDEATHSIG = 1

EVERYTHING = json.dumps({"Version": "2012-10-17",
                         "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
# No retries: what a test asks is asked once, and an error is seen at once.
CLIENT = botocore.config.Config(retries={"max_attempts": 0, "mode": "standard"}, connect_timeout=5, read_timeout=30,
                                s3={"addressing_style": "path"})


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclasses.dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str = dataclasses.field(repr=False)
    token: str | None = dataclasses.field(default=None, repr=False)

    def environment(self):
        found = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        return {**found, "AWS_SESSION_TOKEN": self.token} if self.token else found


NOBODY = Credentials("AKIANOSUCHKEY0000000", "nothing")


def make_client(service, endpoint, credentials, region=REGION):
    """A boto3 client that reads nothing of the machine's own AWS configuration."""
    session = boto3.session.Session(aws_access_key_id=credentials.access_key,
                                    aws_secret_access_key=credentials.secret_key,
                                    aws_session_token=credentials.token, region_name=region)
    return session.client(service, endpoint_url=endpoint, config=CLIENT)


def trust(external_id):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"},
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}}}]})


class MotoServer:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.empty = self.folder / "no-profiles"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.region = REGION
        self.account = ACCOUNT
        self.other_account = OTHER_ACCOUNT
        self.external_id = EXTERNAL_ID
        self.secrets = {}  # access key: secret key, of everybody whom this server knows
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def start(self, seconds=60):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.empty.touch()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
        with open(self.folder / "moto.log", "ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1",
                                             "-p", str(self.port)],
                                            stdout=log, stderr=log, cwd=self.folder, env=environment,
                                            preexec_fn=die_with_parent)
        self._wait(seconds)
        self.check_signatures(False)
        self._make_identities()
        self.check_signatures(True)
        return self

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def logs(self):
        return (self.folder / "moto.log").read_text(errors="replace")

    def _wait(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.poll() is None, self.logs()[-4000:]
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{self.url}/moto-api/", timeout=5).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(f"moto did not answer within {seconds} s:\n{self.logs()[-4000:]}")

    def check_signatures(self, wanted):
        """moto looks at signatures and policies after so many calls: none, or more than there will be."""
        calls = "0" if wanted else "1000000000"
        requests.post(f"{self.url}/moto-api/reset-auth", data=calls, timeout=10).raise_for_status()

    def _make_identities(self):
        iam = make_client("iam", self.url, NOBODY)
        self.credentials = self._make_user(iam, "eventgate")
        self.role_arn = self._make_role(iam, self.account)
        other = make_client("iam", self.url, NOBODY)
        other.meta.events.register("before-send.*", self._in_other_account)
        self.other_credentials = self._make_user(other, "owner")
        self.other_role_arn = self._make_role(other, self.other_account)

    def _in_other_account(self, request, **_):
        request.headers["x-moto-account-id"] = self.other_account

    def _make_user(self, iam, name):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="everything", PolicyDocument=EVERYTHING)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.secrets[key["AccessKeyId"]] = key["SecretAccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def _make_role(self, iam, account):
        role = iam.create_role(RoleName=ROLE_NAME, AssumeRolePolicyDocument=trust(self.external_id))["Role"]
        iam.put_role_policy(RoleName=ROLE_NAME, PolicyName="everything", PolicyDocument=EVERYTHING)
        assert f":{account}:" in role["Arn"], role["Arn"]
        return role["Arn"]

    def client(self, service, credentials=None, region=None, endpoint=None):
        """boto3 as the first account's user, unless said otherwise; straight to the server."""
        return make_client(service, endpoint or self.url, credentials or self.credentials, region or self.region)

    def other_client(self, service, region=None):
        """boto3 as the owner of the second account."""
        return self.client(service, self.other_credentials, region)

    def assume(self, role_arn=None, external_id=None, seconds=3600):
        answer = self.client("sts").assume_role(RoleArn=role_arn or self.role_arn, RoleSessionName="tests",
                                                ExternalId=external_id or self.external_id, DurationSeconds=seconds)
        found = answer["Credentials"]
        self.secrets[found["AccessKeyId"]] = found["SecretAccessKey"]
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def environment(self, endpoint=None, dynamodb=None, credentials=None):
        """What a daemon needs in its environment to take this server for AWS."""
        found = {"AWS_ENDPOINT_URL": endpoint or self.url, "AWS_REGION": self.region,
                 "AWS_DEFAULT_REGION": self.region, "AWS_EC2_METADATA_DISABLED": "true",
                 "AWS_CONFIG_FILE": str(self.empty), "AWS_SHARED_CREDENTIALS_FILE": str(self.empty),
                 **(credentials or self.credentials).environment()}
        return {**found, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb} if dynamodb else found
