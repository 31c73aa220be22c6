# SPDX-License-Identifier: Apache-2.0
"""Configuration that lives on S3, its last good copies, and secrets of Secrets Manager."""
import json

import pytest

import aws_faults
from aws_gate import unique
from conftest import start_on_conf, upstream_conf
from gate import KeyServer, run, wait_until
from postgres_gate import SHIPPED, TABLE, TEST, fresh_database, rows_of

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


class Bucket:
    """A bucket with configuration in it."""

    def __init__(self, aws):
        self.s3, self.name = aws.client("s3"), aws.bucket()

    def uri(self, key):
        return f"s3://{self.name}/{key}"

    def put(self, key, document):
        body = document if isinstance(document, str) else json.dumps(document)
        self.s3.put_object(Bucket=self.name, Key=key, Body=body.encode())

    def delete(self, key):
        self.s3.delete_object(Bucket=self.name, Key=key)

    def remove(self):
        for entry in self.s3.list_objects_v2(Bucket=self.name).get("Contents", []):
            self.delete(entry["Key"])
        self.s3.delete_bucket(Bucket=self.name)


@pytest.fixture
def bucket(aws):
    made = Bucket(aws)
    made.put("access.json", {"things": ["TestUser"]})
    made.put("keys.json", {"things": "id"})
    made.put("topics/things.json", SCHEMA)
    return made


@pytest.fixture
def s3_gate(aws_gate, bucket, tmp_path):
    """s3_gate(): a daemon whose access map, topic keys and schemas are on S3, with copies in a folder."""
    def make(start=True, poll="0s", **settings):
        return aws_gate({"access": bucket.uri("access.json"), "topic_keys": bucket.uri("keys.json"),
                         "topic_schemas": bucket.uri("topics"),
                         "config": {"copies": str(tmp_path / "copies"), "poll": poll}, **settings}, start=start)
    return make


def status(gate, subject):
    return gate.post("things", {"n": 1, "id": "k"}, subject=subject).status_code


def failures(gate):
    return gate.get("/health").json().get("failures", {})


def test_a_start_from_s3(aws, bucket, s3_gate):
    gate = s3_gate()
    assert status(gate, "TestUser") == 202 and status(gate, "Newcomer") == 403
    assert gate.get("/topics/things").json() == SCHEMA
    assert gate.events()[0]["key"] == "k"
    assert "configuration_copies" not in failures(gate)


def test_a_reload_reads_what_has_changed(aws, bucket, s3_gate):
    gate = s3_gate()
    bucket.put("access.json", {"things": ["Newcomer"]})
    bucket.put("topics/fresh.json", {"const": 1})
    bucket.delete("topics/absent.json")
    assert status(gate, "Newcomer") == 403
    gate.reload()
    assert status(gate, "Newcomer") == 202 and status(gate, "TestUser") == 403
    assert gate.get("/topics").json() == ["fresh", "things"]
    before = len(aws.calls("GetObject"))
    gate.reload()
    again = aws.calls("GetObject")[before:]
    assert again and all(call.status == 304 for call in again), "what has not changed is not sent again"


def test_polling(bucket, s3_gate):
    gate = s3_gate(poll="200ms")
    bucket.put("access.json", {"things": ["Newcomer"]})
    wait_until(lambda: status(gate, "Newcomer") == 202)
    assert gate.metrics()["eventgate_config_generation"] == 2


def test_what_is_not_json_changes_nothing(bucket, s3_gate):
    gate = s3_gate()
    bucket.put("access.json", "{\"things\": [")
    gate.reload(expect="failure")
    assert status(gate, "TestUser") == 202
    assert "access.json" in failures(gate)["configuration"]
    bucket.put("access.json", {"things": ["Newcomer"]})
    gate.reload()
    assert status(gate, "Newcomer") == 202 and "configuration" not in failures(gate)


def test_a_bucket_that_is_gone_keeps_the_old(bucket, s3_gate):
    gate = s3_gate()
    bucket.remove()
    gate.reload()
    assert status(gate, "TestUser") == 202
    said = failures(gate)["configuration_copies"]
    assert "NoSuchBucket" in said and "old" in said
    gate.wait_log("a copy of")


def test_a_start_without_s3(aws, bucket, s3_gate):
    gate = s3_gate()
    gate.stop()
    aws.fault(aws_faults.error(503, "ServiceUnavailable"), service="s3", times=1000)
    gate.start()
    assert status(gate, "TestUser") == 202 and gate.get("/topics").json() == ["things"]
    said = failures(gate)["configuration_copies"]
    assert "ServiceUnavailable" in said and " s old" in said


def test_a_start_with_what_is_not_json(bucket, s3_gate):
    gate = s3_gate()
    gate.stop()
    bucket.put("access.json", "nonsense: [")
    gate.start()
    assert status(gate, "TestUser") == 202
    assert "refused" in failures(gate)["configuration_copies"]


def test_a_first_start_without_s3(aws, bucket, s3_gate):
    aws.fault(aws_faults.error(503, "ServiceUnavailable"), service="s3", times=1000)
    gate = s3_gate(topic_schemas="topics", poll="200ms")
    assert status(gate, "TestUser") == 403, "nobody is authorized"
    assert "no copy" in failures(gate)["configuration_copies"]
    aws.recorder.reset()
    wait_until(lambda: status(gate, "TestUser") == 202)
    assert "configuration_copies" not in failures(gate)


def test_rules_on_s3(aws, bucket, s3_gate):
    url, _ = aws.queue()
    bucket.put("rules/all.yaml", json.dumps({"rules": [{"name": "all", "event_pattern": {"source": [{"prefix": ""}]},
                                                        "targets": [{"sink": "queue"}]}]}))
    gate = s3_gate(rules={"folder": bucket.uri("rules")},
                   sinks={"store": {"type": "sqlite", "path": "events.db"},
                          "queue": {"type": "sqs", "queue_url": url}}, topics={"things": {"sinks": ["store"]}})
    assert status(gate, "TestUser") == 202
    wait_until(lambda: aws.messages(url))


def test_the_python_eventgates_configuration(aws, bucket, keys, tmp_path):
    """access_config on S3 and an event bus: the folder as it is."""
    name, arn, url = aws.bus()
    server = KeyServer({"keys": [keys.upstream]})
    bucket.put("access.json", {"public.cps.za.test": ["TestUser"]})
    conf = upstream_conf(tmp_path, server.url, access_config=bucket.uri("access.json"), event_bus_arn=arn)
    gate = start_on_conf(conf, keys, env=aws.environment())
    try:
        event = {"event_id": "1", "tenant_id": "t", "source_app": "a", "environment": "dev", "timestamp": 1}
        answer = gate.post("public.cps.za.test", event)
        assert answer.status_code == 202, answer.text
        [message] = wait_until(lambda: aws.messages(url))
        assert json.loads(message["Body"])["detail"] == event
        assert gate.post("public.cps.za.test", event, subject="Other").status_code == 403
    finally:
        gate.stop()
        server.close()


# --- secrets

def test_a_secret_in_any_value(aws, aws_gate):
    name = unique("secret")
    aws.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps({"file": "from-secret.db", "n": 7}))
    gate = aws_gate({"sinks": {"store": {"type": "sqlite", "path": "${secret:%s#file}" % name}}})
    assert gate.post("things", {}).status_code == 202
    assert (gate.folder / "from-secret.db").exists()
    assert len(aws.calls("GetSecretValue")) == 1


@pytest.mark.parametrize("reference,message", [("${secret:%s#none}", "has no 'none'"),
                                               ("${secret:no-such-%s}", "ResourceNotFoundException"),
                                               ("${secret:}", "names no environment variable")])
def test_a_secret_that_is_not_there(aws, aws_gate, reference, message):
    name = unique("secret")
    aws.client("secretsmanager").create_secret(Name=name, SecretString='{"a": "b"}')
    reference = reference % name if "%s" in reference else reference
    gate = aws_gate({"sinks": {"store": {"type": "log", "path": reference}}}, start=False)
    done = run("check", "-c", gate.config, env=aws.environment())
    assert done.returncode == 1 and message in done.stderr, done.stderr


# --- a database behind a secret

class Database:
    """A database, a role of its own, and the secret that holds its password."""

    def __init__(self, aws, server):
        self.server, self.secrets = server, aws.client("secretsmanager")
        self.name, self.role, self.secret = fresh_database(server), unique("role").replace("-", "_"), unique("secret")
        self.region = aws.region
        server.query(f"CREATE ROLE {self.role} LOGIN PASSWORD 'one' IN ROLE eventgate_writer", database=self.name)
        self.secrets.create_secret(Name=self.secret, SecretString=self.text("one"))

    def text(self, password):
        return json.dumps({"host": "127.0.0.1", "port": self.server.port, "database": self.name, "user": self.role,
                           "password": password})

    def rotate(self, password):
        self.server.query(f"ALTER ROLE {self.role} PASSWORD '{password}'", database=self.name)
        self.secrets.put_secret_value(SecretId=self.secret, SecretString=self.text(password))
        self.server.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{self.role}'",
                          database=self.name)


EVENT = {"event_id": "1", "tenant_id": "t", "source_app": "a", "environment": "dev", "timestamp": 1}


@pytest.fixture
def database(aws, postgres):
    return Database(aws, postgres)


def stored(database):
    return len(rows_of(database.server, database.name, TABLE[TEST]))


@pytest.mark.parametrize("how", ["environment", "secret", "reference"])
def test_a_password_that_was_rotated(aws, aws_gate, database, how):
    mappings = {"mappings": str(SHIPPED / "mappings")}
    sink = {"environment": {"type": "postgres", **mappings},
            "secret": {"type": "postgres", "secret": database.secret, **mappings},
            "reference": {"type": "postgres", "host": "127.0.0.1", "port": str(database.server.port),
                          "database": database.name, "user": database.role,
                          "password": "${secret:%s#password}" % database.secret, **mappings}}[how]
    env = {"POSTGRES_SECRET_NAME": database.secret, "POSTGRES_SECRET_REGION": database.region}
    gate = aws_gate({"sinks": {"postgres": sink}}, topics={TEST: {}}, env=env if how == "environment" else None)
    assert gate.post(TEST, EVENT).status_code == 202
    assert stored(database) == 1
    asked = len(aws.calls("GetSecretValue"))
    assert asked == 1
    database.rotate("two")
    # Another event: a second attempt asks whether the row of this id is there already.
    wait_until(lambda: gate.post(TEST, {**EVENT, "event_id": "after"}).status_code == 202)
    assert stored(database) == 2
    assert len(aws.calls("GetSecretValue")) == 2


def test_a_secret_without_a_database_is_no_database(aws, aws_gate):
    name = unique("secret")
    aws.client("secretsmanager").create_secret(Name=name, SecretString='{"database": ""}')
    gate = aws_gate({"sinks": {"postgres": {"type": "postgres", "secret": name,
                                            "mappings": str(SHIPPED / "mappings")}}})
    assert gate.post("things", {}).status_code == 202
    assert gate.get("/health").json()["dependencies"]["postgres"] == "not configured"
