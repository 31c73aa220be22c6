# SPDX-License-Identifier: Apache-2.0
"""The recipe `eventgate`: what is posted once is in Kafka, on the bus, and in PostgreSQL."""
import json
import shutil

import pytest
import requests

import aws_faults
from conftest import start_on_conf
from gate import PROGRAM, ROOT, KeyServer, wait_until

pytestmark = pytest.mark.skipif(b"__tsan_init" in PROGRAM.read_bytes(), reason="librdkafka under TSan")


@pytest.fixture(scope="module")
def running(start_recipe):
    return start_recipe("eventgate")


def sample(running, name):
    return json.loads(running.request(name)[2])


def test_a_run_is_everywhere(running):
    event = sample(running, "run")
    answer = running.post("run")
    assert answer.status_code == 202, answer.text
    arrived = wait_until(running.arrived)
    assert [json.loads(text) for text in arrived["kafka public.cps.za.runs"]] == [event]
    on_bus = [json.loads(text) for text in arrived["the bus"]]
    assert [(one["source"], one["detail-type"], one["detail"]) for one in on_bus] == \
        [("public.cps.za.runs", "JSON", event)]
    assert arrived["table runs"] == [{name: event[name] for name in ("event_id", "job_ref", "source_app")}]
    assert arrived["table runs_jobs"] == [{"event_id": event["event_id"], "catalog_id": "sales.orders",
                                           "status": "succeeded"}]


def test_the_other_topics(running):
    for name in ("change", "status"):
        assert running.post(name).status_code == 202
    arrived = running.arrived()
    assert arrived["table dlchange"][0]["operation"] == "append"
    assert arrived["table status_change_aggregated_job"][0]["status_type"] == "SUCCEEDED"
    assert json.loads(arrived["kafka public.cps.za.status_change"][0]) == sample(running, "status")


def test_what_the_schema_forbids_goes_nowhere(running):
    before = running.arrived()
    answer = running.post("refused")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == \
        "'zap' is not one of ['overwrite', 'append', 'archive', 'delete']"
    assert running.arrived() == before


def test_one_sink_that_fails_does_not_stop_the_others(running):
    event = {**sample(running, "run"), "event_id": "f7c5b1d2-0000-4000-8000-000000000001"}
    running.servers.recorder.fault(aws_faults.entries({0: "NotAuthorizedForSourceException"}), operation="PutEvents")
    answer = running.post("run", event)
    assert answer.status_code == 500
    [error] = answer.json()["errors"]
    assert error["type"] == "eventbridge" and error["message"].startswith("1 EventBridge entries failed: [")
    arrived = running.arrived()
    assert event["event_id"] in [row["event_id"] for row in arrived["table runs"]]
    assert event in [json.loads(text) for text in arrived["kafka public.cps.za.runs"]]
    assert event not in [json.loads(text)["detail"] for text in arrived["the bus"]]


def test_who_may_post_what(running):
    url, _, body = running.request("run")
    event = json.loads(body)

    def post(changes):
        headers = {"Authorization": f"Bearer {running.keys.token('shop')}"}
        return requests.post(url, json={**event, "event_id": "another", **changes}, headers=headers, timeout=20)

    assert post({"environment": "prod"}).status_code == 403
    assert post({"environment": "test-2"}).status_code == 202


def test_stats_read_back(running):
    page = requests.post(f"{running.urls['gate']}/stats/public.cps.za.runs",
                         json={"timestamp_start": 0, "timestamp_end": 1747646400000}, timeout=20)
    assert page.status_code == 200, page.text
    assert {row["run_status"] for row in page.json()["data"]} == {"succeeded"}


def test_the_access_map_is_on_s3(running):
    """What changes there counts a moment later, without a restart."""
    s3 = running.servers.client("s3")
    where = {"Bucket": "eventgate-recipe-config", "Key": "access.json"}
    before = s3.get_object(**where)["Body"].read()

    def status():
        headers = {"Authorization": f"Bearer {running.keys.token('newcomer')}"}
        event = {**sample(running, "change"), "event_id": "of the newcomer"}
        return requests.post(running.request("change")[0], json=event, headers=headers, timeout=20).status_code

    assert status() == 403
    s3.put_object(**where, Body=json.dumps({**json.loads(before), "public.cps.za.dlchange": ["newcomer"]}).encode())
    wait_until(lambda: status() == 202)
    s3.put_object(**where, Body=before)
    wait_until(lambda: status() == 403)


def test_a_password_is_rotated(running):
    """Secrets Manager has the new one: posts and pages of stats go on."""
    server, secrets = running.servers.postgres, running.servers.client("secretsmanager")
    before = secrets.get_secret_value(SecretId="eventgate-recipe/writer")["SecretString"]

    def rotate(text):
        server.query(f"ALTER ROLE eventgate_writer PASSWORD '{json.loads(text)['password']}'")
        secrets.put_secret_value(SecretId="eventgate-recipe/writer", SecretString=text)
        server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'eventgate_writer'")

    for text in (json.dumps({**json.loads(before), "password": "another"}), before):
        asked = len(running.servers.recorder.calls("GetSecretValue"))
        rotate(text)
        wait_until(lambda: running.post("change").status_code == 202)
        assert len(running.servers.recorder.calls("GetSecretValue")) > asked


# --- the Python EventGate's own configuration

TOPICS = {"runs": "public.cps.za.runs", "dlchange": "public.cps.za.dlchange", "test": "public.cps.za.test",
          "status_change": "public.cps.za.status_change"}


@pytest.fixture
def python_conf(running, tmp_path):
    """A folder conf/ as the Python EventGate has it: only addresses are this run's."""
    conf, server = tmp_path / "conf", KeyServer({"keys": [running.keys.upstream]})
    (conf / "topic_schemas").mkdir(parents=True)
    for name, topic in TOPICS.items():
        shutil.copy(running.recipe.folder / f"topics/{topic}.json", conf / f"topic_schemas/{name}.json")
    shutil.copy(running.recipe.folder / "topic_keys.json", conf)
    account, region = running.environment["AWS_ACCOUNT_ID"], running.environment["AWS_REGION"]
    (conf / "config.json").write_text(json.dumps({
        "access_config": "s3://eventgate-recipe-config/access.json", "topic_keys_config": "conf/topic_keys.json",
        "token_provider_url": "https://login.example.org/token", "token_public_keys_url": server.url,
        "kafka_bootstrap_server": running.environment["KAFKA_BOOTSTRAP_SERVERS"], "ssl_ca_bundle": True,
        "event_bus_arn": f"arn:aws:events:{region}:{account}:event-bus/eventgate-recipe"}))
    # The mappings, where the daemon looks first; they are beside it only where it is installed.
    (tmp_path / "etc").symlink_to(ROOT / "etc")
    yield conf
    server.close()


def test_the_python_eventgates_folder(running, python_conf):
    """Kafka, the bus and PostgreSQL by conf/ and the environment that the Lambda function has."""
    gate = start_on_conf(python_conf, running.keys, env={
        **running.servers.environment(), "POSTGRES_SECRET_NAME": "eventgate-recipe/writer",
        "POSTGRES_SECRET_REGION": running.environment["AWS_REGION"]})
    try:
        event = {**sample(running, "run"), "event_id": "0c0ffee0-0000-4000-8000-000000000002"}
        answer = gate.post("public.cps.za.runs", event, subject="dev")
        assert answer.status_code == 202 and answer.json() == {"success": True, "statusCode": 202}, answer.text
        arrived = running.arrived()
        assert event in [json.loads(text) for text in arrived["kafka public.cps.za.runs"]]
        assert event in [json.loads(text)["detail"] for text in arrived["the bus"]]
        assert event["event_id"] in [row["event_id"] for row in arrived["table runs"]]
        assert gate.post("public.cps.za.runs", event, subject="stranger").status_code == 403
    finally:
        gate.stop()
