# SPDX-License-Identifier: Apache-2.0
"""The Kafka sink against a real broker: what was posted is what a consumer reads."""
import concurrent.futures
import json
import sys
import time
import uuid

import pytest

from conftest import start_on_conf, upstream_conf
from gate import PROGRAM, ROOT, KeyServer, run

sys.path.insert(0, str(ROOT / "tests/support"))
from kafka_reader import read_all  # noqa: E402
from kafka_server import (AUTHORIZER, Certificates, KafkaCluster, mutual_listener, scram_user,  # noqa: E402
                          secure_listener, token_listener)

# Debian's librdkafka starts its threads by thrd_create, which TSan does not know: it dies in the first.
pytestmark = pytest.mark.skipif(b"__tsan_init" in PROGRAM.read_bytes(), reason="librdkafka under TSan")

FAILURE = "Kafka writer failed: "
ANYTHING = {"type": "object"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def kafka(tmp_path_factory, certificates):
    """One broker for all tests of this file; each test has topics of its own."""
    cluster = KafkaCluster(tmp_path_factory.mktemp("kafka"), listeners=[secure_listener(certificates),
                                                                        mutual_listener(certificates), token_listener()],
                           properties=AUTHORIZER,
                           scram=[scram_user("gate", "s3cret")])
    with cluster:
        yield cluster


@pytest.fixture
def topic(kafka):
    name = f"things-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(name)
    return name


@pytest.fixture
def kafka_gate(make_gate, kafka):
    """kafka_gate([topics], sink settings) starts a daemon with one sink, kafka."""

    def make(topics, settings=None, server=None, topic_keys=None, **more):
        document = {"sinks": {"kafka": {"type": "kafka", "bootstrap_servers": server or kafka.bootstrap,
                                        "probe_interval": "500ms", **(settings or {})}}, **more}
        return make_gate(document, topics={name: ANYTHING for name in topics}, topic_keys=topic_keys)

    return make


def assert_kafka_failure(response, status=500):
    assert response.status_code == status, response.text
    error = response.json()["errors"][0]
    assert error["type"] == "kafka" and error["message"].startswith(FAILURE), error
    return error["message"]


def wait_for(condition, seconds=15):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_the_message_is_what_was_posted(kafka, kafka_gate, topic):
    gate = kafka_gate([topic], topic_keys={topic: "name"}, events={"passed_headers": ["X-Tenant"]})
    body = b'{ "name" :\t"caf\xc3\xa9",\n "n": 1.50, "big": 123456789012345678901234567890 }'
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    response = gate.post(topic, body, headers={"X-Tenant": "blue", "X-Correlation-Id": "c-1", "traceparent": traceparent,
                                               "tracestate": "v=1", "Idempotency-Key": "id-1"})
    assert response.status_code == 202, response.text
    found = read_all(kafka, topic)
    assert len(found) == 1
    assert found[0].value == body and found[0].key == "café".encode()
    headers = found[0].headers
    assert headers["event-id"] == b"id-1"
    assert headers["content-type"] == b"application/json"
    assert headers["x-tenant"] == b"blue"
    assert headers["tracestate"] == b"v=1"
    assert headers["traceparent"].split(b"-")[1] == traceparent.split("-")[1].encode()
    assert headers["correlation-id"]


def test_without_a_key_and_headers(kafka, kafka_gate, topic):
    gate = kafka_gate([topic], {"headers": False})
    assert gate.post(topic, {"a": 1}).status_code == 202
    found = read_all(kafka, topic)
    assert [(one.key, one.headers) for one in found] == [(None, {})]


def test_cloudevents_are_written_in_binary_mode(kafka, kafka_gate, topic):
    gate = kafka_gate([topic])
    envelope = {"specversion": "1.0", "id": "ce-1", "source": "/s", "type": "t.x", "tenant": "blue",
                "datacontenttype": "application/json", "data": {"a": 1}}
    assert gate.post(topic, envelope, content_type="application/cloudevents+json").status_code == 202
    headers = {"ce-specversion": "1.0", "ce-id": "ce-2", "ce-source": "/s", "ce-type": "t.x"}
    assert gate.post(topic, {"a": 2}, headers=headers).status_code == 202
    first, second = read_all(kafka, topic)
    assert json.loads(first.value) == {"a": 1} and json.loads(second.value) == {"a": 2}
    assert first.headers["ce_id"] == b"ce-1" and first.headers["ce_tenant"] == b"blue"
    assert first.headers["content-type"] == b"application/json" and "ce_datacontenttype" not in first.headers
    assert second.headers["ce_id"] == b"ce-2" and second.headers["event-id"] == b"ce-2"


def test_python_json_is_what_json_dumps_wrote(kafka, kafka_gate, topic):
    gate = kafka_gate([topic], {"value_format": "python_json"})
    body = '{"a":[1,2.50,1e16,-0,1E-7],"t":"é😀\\u0000\\/","big":123456789012345678901,"n":null,"b":{ }}'
    assert gate.post(topic, body).status_code == 202
    assert [one.value for one in read_all(kafka, topic)] == [json.dumps(json.loads(body)).encode()]


def test_topics_can_have_other_names(kafka, kafka_gate, topic):
    gate = kafka_gate(["here"], {"topics": {"here": topic}})
    assert gate.post("here", {"a": 1}).status_code == 202
    assert len(read_all(kafka, topic)) == 1


def test_a_batch_keeps_its_order(kafka, kafka_gate, topic):
    gate = kafka_gate([topic], topic_keys={topic: "k"})
    lines = "\n".join(json.dumps({"k": "same", "n": n}) for n in range(500))
    assert gate.post(topic, lines, content_type="application/x-ndjson").status_code == 202
    assert [json.loads(one.value)["n"] for one in read_all(kafka, topic)] == list(range(500))


def test_a_missing_topic_is_told_and_hinders_no_other(kafka, kafka_gate, topic):
    missing = f"missing-{uuid.uuid4().hex[:8]}"
    gate = kafka_gate([topic, missing])
    began = time.monotonic()
    assert "Unknown topic" in assert_kafka_failure(gate.post(missing, {"a": 1}))
    assert time.monotonic() - began < 10
    for _ in range(25):  # more than open the circuit
        assert_kafka_failure(gate.post(missing, {"a": 1}))
    assert gate.post(topic, {"a": 1}).status_code == 202
    kafka.create_topic(missing)
    wait_for(lambda: gate.post(missing, {"a": 2}).status_code == 202)
    assert {one.value for one in read_all(kafka, missing)} == {b'{"a": 2}'}


def test_too_large_is_413(kafka, kafka_gate, topic):
    small = f"small-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(small, max_message_bytes=2000)
    gate = kafka_gate([topic, small], {"max_message_size": 10000})
    assert "too large" in assert_kafka_failure(gate.post(topic, {"a": "x" * 10001}), 413)
    assert "too large" in assert_kafka_failure(gate.post(small, {"a": "x" * 5000}), 413)
    assert gate.post(topic, {"a": "x" * 9000}).status_code == 202
    lines = "\n".join(json.dumps({"a": a}) for a in (1, "x" * 10001))
    response = gate.post(topic, lines, content_type="application/x-ndjson")
    assert response.status_code == 207
    assert [result["status"] for result in response.json()["results"]] == [202, 413]
    assert len(read_all(kafka, topic)) == 2 and read_all(kafka, small) == []


def test_upstreams_configuration_works_unchanged(kafka, keys, tmp_path):
    name = "public.cps.za.test"
    kafka.create_topic(name)
    server = KeyServer({"keys": [keys.upstream]})
    conf = upstream_conf(tmp_path, server.url, kafka_bootstrap_server=kafka.bootstrap)
    gate = start_on_conf(conf, keys, env={"KAFKA_FLUSH_TIMEOUT": "2", "KAFKA_FLUSH_RETRIES": "2"})
    try:
        event = {"event_id": "e-1", "tenant_id": "t", "source_app": "a", "environment": "dev", "timestamp": 1}
        assert gate.post(name, event).json() == {"success": True, "statusCode": 202}
        assert [json.loads(one.value) for one in read_all(kafka, name)] == [event]
        health = gate.get("/health").json()
        assert health["dependencies"]["kafka"] == "ok"
        assert health["dependencies"]["postgres"] == "not configured"
    finally:
        gate.stop()
        server.close()


SCRAM = {"security_protocol": "sasl_ssl", "sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "gate"}


def test_tls_and_scram(kafka, kafka_gate, topic, certificates):
    kafka.allow_writing("gate", topic)
    gate = kafka_gate([topic], {**SCRAM, "sasl_password": "s3cret", "ssl_ca": str(certificates.ca)},
                      server=kafka.servers("SECURE"))
    assert gate.post(topic, {"a": 1}).status_code == 202
    assert len(read_all(kafka, topic)) == 1


def mutual(certificates, **changes):
    return {"security_protocol": "ssl", "ssl_ca": str(certificates.ca), "ssl_certificate": str(certificates.client),
            "ssl_key": str(certificates.client_key), "ssl_key_password": "key s3cret", **changes}


def test_a_certificate_of_ours_is_who_we_are(kafka, kafka_gate, topic, certificates):
    kafka.allow_writing("CN=gate", topic)
    gate = kafka_gate([topic], mutual(certificates), server=kafka.servers("MUTUAL"))
    assert gate.post(topic, {"a": 1}).status_code == 202
    assert len(read_all(kafka, topic)) == 1


def test_without_a_certificate_the_broker_refuses(kafka, kafka_gate, topic, certificates):
    gate = kafka_gate([topic], {"security_protocol": "ssl", "ssl_ca": str(certificates.ca)},
                      server=kafka.servers("MUTUAL"), pipeline={"deadline": "4s"})
    assert_kafka_failure(gate.post(topic, {"a": 1}))
    assert read_all(kafka, topic) == []


def test_a_wrong_password_of_the_key_is_told_at_the_start(kafka, make_gate, certificates):
    gate = make_gate({"sinks": {"kafka": {"type": "kafka", "bootstrap_servers": kafka.servers("MUTUAL"),
                                          **mutual(certificates, ssl_key_password="wr0ng")}}}, start=False)
    done = run("serve", "-c", gate.config, cwd=gate.folder)
    assert done.returncode == 3 and "ssl.key" in done.stderr and "wr0ng" not in done.stderr


def test_oauthbearer_by_properties(kafka, kafka_gate, topic):
    kafka.allow_writing("gate", topic)
    gate = kafka_gate([topic], {"security_protocol": "sasl_plaintext", "sasl_mechanism": "OAUTHBEARER",
                                "properties": {"enable.sasl.oauthbearer.unsecure.jwt": "true",
                                               "sasl.oauthbearer.config": "principal=gate"}},
                      server=kafka.servers("TOKENS"))
    assert gate.post(topic, {"a": 1}).status_code == 202
    assert len(read_all(kafka, topic)) == 1


def test_a_wrong_password_is_told_without_it(kafka, kafka_gate, topic, certificates):
    gate = kafka_gate([topic], {**SCRAM, "sasl_password": "wr0ng", "ssl_ca": str(certificates.ca)},
                      server=kafka.servers("SECURE"), pipeline={"deadline": "4s"})
    began = time.monotonic()
    message = assert_kafka_failure(gate.post(topic, {"a": 1}))
    assert time.monotonic() - began < 4.5
    assert "Authentication failure" in message
    wait_for(lambda: gate.get("/health").status_code == 503)
    assert "Authentication failure" in gate.get("/health").json()["failures"]["kafka"]
    assert "wr0ng" not in gate.logs() and read_all(kafka, topic) == []


def test_a_certificate_of_somebody_else_is_refused(kafka, kafka_gate, topic, tmp_path):
    other = Certificates(tmp_path / "other")
    gate = kafka_gate([topic], {**SCRAM, "sasl_password": "s3cret", "ssl_ca": str(other.ca)},
                      server=kafka.servers("SECURE"), pipeline={"deadline": "4s"})
    assert "SSL error" in assert_kafka_failure(gate.post(topic, {"a": 1}))


def test_a_broker_that_hangs_fills_the_queue_and_loses_nothing(kafka, kafka_gate, topic):
    gate = kafka_gate([topic], {"queue_events": 5})
    assert gate.post(topic, {"n": -1}).status_code == 202
    kafka.nodes[0].freeze()
    try:
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = [pool.submit(gate.post, topic, {"n": n}) for n in range(20)]
            time.sleep(2)
            kafka.nodes[0].thaw()
            answers = [answer.result() for answer in answers]
    finally:
        kafka.nodes[0].thaw()
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {202, 503} and statuses.count(202) == 5, statuses
    assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 503)
    accepted = {n for n, status in enumerate(statuses) if status == 202} | {-1}
    assert {json.loads(one.value)["n"] for one in read_all(kafka, topic)} == accepted


def test_a_stopped_broker_is_500_in_time_and_comes_back(kafka, kafka_gate, topic):
    gate = kafka_gate([topic], pipeline={"deadline": "5s"})
    assert gate.post(topic, {"n": 1}).status_code == 202
    kafka.nodes[0].stop()
    try:
        began = time.monotonic()
        assert_kafka_failure(gate.post(topic, {"n": 2}))
        assert time.monotonic() - began < 5.5
        wait_for(lambda: gate.get("/health").status_code == 503)
        assert gate.get("/health").json()["failures"]["kafka"].startswith("no broker answers: ")
    finally:
        kafka.nodes[0].start()
        kafka.wait()
    wait_for(lambda: gate.post(topic, {"n": 3}).status_code == 202, 30)
    wait_for(lambda: gate.get("/health").json()["status"] == "ok")
    found = {json.loads(one.value)["n"] for one in read_all(kafka, topic)}
    assert {1, 3} <= found


def test_what_is_in_flight_at_the_stop_is_finished(kafka, kafka_gate, topic):
    gate = kafka_gate([topic], {"linger": "1s"})
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = [pool.submit(gate.post, topic, {"n": n}) for n in range(10)]
        time.sleep(0.5)
        gate.stop()
        assert [answer.result().status_code for answer in answers] == [202] * 10
    assert len(read_all(kafka, topic)) == 10
