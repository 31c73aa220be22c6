# SPDX-License-Identifier: Apache-2.0
"""Every status and message of the Python EventGate that a client can observe."""
import json
import time

import jwt
import pytest
import requests

from conftest import start_on_conf, upstream_conf
from gate import VECTORS, KeyPair, KeyServer

RUNS, DLCHANGE = "public.cps.za.runs", "public.cps.za.dlchange"
TEST, STATUS = "public.cps.za.test", "public.cps.za.status_change"
TEST_EVENT = {"event_id": "e-1", "tenant_id": "t", "source_app": "a", "environment": "dev", "timestamp": 1}
RUN = {"event_id": "r-1", "job_ref": "j", "tenant_id": "avms", "source_app": "restricted-app",
       "source_app_version": "1", "environment": "dev", "timestamp_start": 1, "timestamp_end": 2, "jobs": []}
DL = {"event_id": "d-1", "tenant_id": "t", "source_app": "a", "source_app_version": "1", "environment": "dev",
      "timestamp_event": 1, "catalog_id": "c", "operation": "append", "format": "parquet"}


def assert_error(response, status, kind, message):
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert body["success"] is False and body["statusCode"] == status
    assert body["errors"][0]["type"] == kind
    assert body["errors"][0]["message"] == message


def without(event, field):
    return {name: value for name, value in event.items() if name != field}


# --- success

def test_an_accepted_event_is_202_and_stored(gate):
    event = {**TEST_EVENT, "event_id": "stored-1"}
    response = gate.post(TEST, event)
    assert response.status_code == 202
    assert response.json() == {"success": True, "statusCode": 202}
    assert response.headers["Content-Type"] == "application/json"
    stored = [row for row in gate.events("--topic", TEST) if row["payload"].get("event_id") == "stored-1"]
    assert len(stored) == 1 and stored[0]["payload"] == event


def test_the_topic_in_the_path_is_matched_in_lower_case(gate):
    assert gate.post(TEST.upper(), TEST_EVENT).status_code == 202
    assert gate.get(f"/Topics/{TEST.upper()}").status_code == 200


@pytest.mark.parametrize("folder", ["appendix-c-nested-jobs", "appendix-d-job-retry"])
def test_upstreams_status_change_examples_are_accepted(gate, folder):
    for path in sorted((VECTORS / "samples/adr/000-status-change/examples" / folder).glob("*.json")):
        assert gate.post(STATUS, path.read_bytes()).status_code == 202, path


# --- order of the checks

def test_the_body_is_judged_before_the_token(gate):
    response = gate.post(TEST, "{", token="nonsense")
    assert_error(response, 400, "validation", "Request body must be valid JSON.")


def test_the_token_is_judged_before_the_topic(gate):
    assert_error(gate.post("no-such-topic", TEST_EVENT, token="x.y.z"), 401, "auth", "Invalid or missing token")


def test_the_topic_is_judged_before_the_subject(gate):
    assert_error(gate.post("no-such-topic", TEST_EVENT, subject="Nobody"), 404, "topic",
                 "Topic 'no-such-topic' not found")


def test_the_subject_is_judged_before_the_schema(gate):
    assert_error(gate.post(TEST, {}, subject="Nobody"), 403, "auth",
                 f"User 'Nobody' is not authorized for topic '{TEST}'")


def test_the_field_rules_are_judged_before_the_schema(gate):
    assert_error(gate.post(RUNS, {}, subject="RestrictedTestUser"), 403, "permission",
                 "Required field 'source_app' missing from message")


# --- body

@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"a":1}}', b"{'a':1}", b"\xff\xfe", b'{"a":01}'])
def test_a_body_that_is_not_json(gate, body):
    assert_error(gate.post(TEST, body), 400, "validation", "Request body must be valid JSON.")


# --- token

def test_no_token(gate):
    response = gate.post(TEST, TEST_EVENT, headers={"Authorization": None})
    assert_error(response, 401, "auth", "Invalid or missing token")


@pytest.mark.parametrize("header", [{"bearer": "{}"}, {"Bearer": "{}  "}, {"BEARER": "{}"}, {"Authorization": "bearer {}"},
                                    {"AUTHORIZATION": "BEARER   {} "}])
def test_where_the_token_may_stand(gate, header):
    token = gate.token()
    sent = {"Content-Type": "application/json", **{name: value.format(token) for name, value in header.items()}}
    response = requests.post(gate.url(f"/topics/{TEST}"), json=TEST_EVENT, headers=sent, timeout=10)
    assert response.status_code == 202


def test_the_bearer_header_wins(gate):
    response = gate.post(TEST, TEST_EVENT, token="nonsense", headers={"bearer": gate.token()})
    assert response.status_code == 202
    response = gate.post(TEST, TEST_EVENT, headers={"bearer": "nonsense"})
    assert_error(response, 401, "auth", "Invalid or missing token")


@pytest.mark.parametrize("claims", [
    {"exp": int(time.time()) - 1}, {"nbf": int(time.time()) + 600}, {"iat": int(time.time()) + 600},
    {"aud": "somebody"}, {"aud": ["somebody"]}, {"exp": "soon"}, {"jti": 5},
])
def test_claims_that_are_refused(gate, claims):
    token = gate.token(**claims)
    assert_error(gate.post(TEST, TEST_EVENT, token=token), 401, "auth", "Invalid or missing token")


def encode_unchecked(keys, payload, headers):
    """A signed token with claims that PyJWT itself would refuse to write."""
    from base64 import urlsafe_b64encode

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    def part(value):
        return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    signed = part(headers) + b"." + part(payload)
    signature = keys.private.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return (signed + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.mark.parametrize("payload, headers", [
    ({"sub": 5}, {"alg": "RS256"}), ({"sub": "TestUser", "jti": 1}, {"alg": "RS256"}),
    ({"sub": "TestUser"}, {"alg": "RS256", "crit": ["x"], "x": 1}), ({"sub": "TestUser"}, {"alg": "none"}),
    ([], {"alg": "RS256"}),
])
def test_tokens_that_are_signed_but_wrong(gate, payload, headers):
    token = encode_unchecked(gate.keys, payload, headers)
    assert_error(gate.post(TEST, TEST_EVENT, token=token), 401, "auth", "Invalid or missing token")


def test_other_algorithms_and_other_keys(gate, other_keys):
    unsigned = jwt.encode({"sub": "TestUser"}, None, algorithm="none")
    symmetric = jwt.encode({"sub": "TestUser"}, "a" * 64, algorithm="HS256")
    for token in (unsigned, symmetric, gate.keys.token(algorithm="RS512"), other_keys.token()):
        assert_error(gate.post(TEST, TEST_EVENT, token=token), 401, "auth", "Invalid or missing token")


# --- subject and field rules

def test_the_subject_is_matched_without_case(gate):
    assert gate.post(TEST, TEST_EVENT, subject="testUSER").status_code == 202


def test_a_user_of_another_topic(gate):
    assert_error(gate.post(DLCHANGE, DL, subject="TestUser"), 403, "auth",
                 f"User 'TestUser' is not authorized for topic '{DLCHANGE}'")
    assert gate.post(DLCHANGE, DL, subject="FooUser").status_code == 202


def test_field_rules(gate):
    assert gate.post(RUNS, RUN, subject="restrictedtestuser").status_code == 202
    assert_error(gate.post(RUNS, {**RUN, "environment": "prod"}, subject="restrictedtestuser"), 403, "permission",
                 "Field 'environment' value not permitted for user 'RestrictedTestUser'")
    assert_error(gate.post(RUNS, {**RUN, "environment": "dev2"}, subject="RestrictedTestUser"), 403, "permission",
                 "Field 'environment' value not permitted for user 'RestrictedTestUser'")
    assert_error(gate.post(RUNS, without(RUN, "tenant_id"), subject="RestrictedTestUser"), 403, "permission",
                 "Required field 'tenant_id' missing from message")
    assert_error(gate.post(RUNS, {**RUN, "tenant_id": None}, subject="RestrictedTestUser"), 403, "permission",
                 "Required field 'tenant_id' missing from message")
    assert gate.post(RUNS, {**RUN, "environment": "prod"}, subject="FooBarUser").status_code == 202


# --- schema

@pytest.mark.parametrize("topic, subject, event, message", [
    (TEST, "TestUser", without(TEST_EVENT, "timestamp"), "'timestamp' is a required property"),
    (TEST, "TestUser", [], "[] is not of type 'object'"),
    (TEST, "TestUser", {**TEST_EVENT, "timestamp": "1"}, "'1' is not of type 'number'"),
    (TEST, "TestUser", {**TEST_EVENT, "timestamp": True}, "True is not of type 'number'"),
    (DLCHANGE, "FooUser", {**DL, "operation": "zap"},
     "'zap' is not one of ['overwrite', 'append', 'archive', 'delete']"),
    (STATUS, "TestUser", {"event_type": "JobStartedEvent", "event_id": "e", "job_id": "j", "status_type": "RUNNING",
                          "timestamp_event": -1}, "-1 is less than the minimum of 0"),
])
def test_schema_messages_are_upstreams(gate, topic, subject, event, message):
    assert_error(gate.post(topic, event, subject=subject), 400, "validation", message)


def test_every_failure_follows_with_its_place(gate):
    response = gate.post(TEST, {**without(TEST_EVENT, "timestamp"), "tenant_id": 5})
    errors = response.json()["errors"]
    assert len(errors) == 2 and {error["type"] for error in errors} == {"validation"}
    places = {error["message"]: (error["instancePath"], error["schemaPath"]) for error in errors}
    assert places["'timestamp' is a required property"] == ("", "/required")
    assert places["5 is not of type 'string'"] == ("/tenant_id", "/properties/tenant_id/type")


def test_what_draft_2020_12_allows(gate):
    assert gate.post(STATUS, {"event_type": "JobStartedEvent", "event_id": "no uuid", "job_id": "neither",
                              "status_type": "RUNNING", "timestamp_event": 1.0, "extra": [1]}).status_code == 202


# --- the other routes

def test_topics(gate):
    response = gate.get("/topics")
    assert response.status_code == 200 and response.headers["Content-Type"] == "application/json"
    assert response.json() == [RUNS, DLCHANGE, TEST, STATUS]


def test_a_topics_schema(gate):
    schema = json.loads((VECTORS / "samples/conf/topic_schemas/runs.json").read_text())
    response = gate.get(f"/topics/{RUNS}")
    assert response.status_code == 200 and response.json() == schema
    assert_error(gate.get("/topics/nope"), 404, "topic", "Topic 'nope' not found")


def test_token_redirects_to_the_provider(gate):
    response = gate.get("/token")
    assert response.status_code == 303
    assert response.headers["Location"] == "https://login.example.org/token" and response.content == b""


def test_health(gate):
    response = gate.get("/health")
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "ok" and isinstance(body["uptime_seconds"], int)
    assert "ok" in body["dependencies"].values()


def test_api_and_docs(gate):
    api = gate.get("/api")
    assert api.status_code == 200 and api.headers["Content-Type"] == "application/yaml"
    assert "openapi: 3.1" in api.text
    docs = gate.get("/docs")
    assert docs.status_code == 200 and docs.headers["Content-Type"].startswith("text/html")
    assert "./api" in docs.text and "https://" not in docs.text.replace("https://json-schema.org", "")


def test_unknown_routes_and_wrong_methods(gate):
    assert_error(gate.get("/nowhere"), 404, "route", "Resource not found.")
    response = requests.delete(gate.url("/topics"), timeout=10)
    assert response.status_code == 405 and "GET" in response.headers["Allow"]
    response = requests.post(gate.url("/terminate"), timeout=10)
    assert_error(response, 404, "route", "Resource not found.")


def test_correlation_ids(gate):
    response = gate.post(TEST, TEST_EVENT, headers={"X-Correlation-ID": "abc.1:2_3-4"})
    assert response.headers["X-Correlation-ID"] == "abc.1:2_3-4"
    response = gate.post(TEST, TEST_EVENT, headers={"X-Request-ID": "from-request-id"})
    assert response.headers["X-Correlation-ID"] == "from-request-id"
    made = gate.post(TEST, TEST_EVENT, headers={"X-Correlation-ID": "no spaces allowed"}).headers["X-Correlation-ID"]
    assert made and made != "no spaces allowed"
    gate.post(TEST, TEST_EVENT, token="x", headers={"X-Correlation-ID": "find-me-in-the-log"})
    gate.wait_log("find-me-in-the-log")


# --- loading

def test_a_single_key_under_the_old_name(keys, tmp_path):
    server = KeyServer(keys.upstream)
    conf = upstream_conf(tmp_path, server.url, token_public_keys_url="", token_public_key_url=server.url)
    daemon = start_on_conf(conf, keys)
    assert daemon.post(TEST, TEST_EVENT).status_code == 202
    daemon.stop()
    server.close()


def test_keys_are_tried_in_order_and_kid_goes_first(keys, other_keys, tmp_path):
    server = KeyServer({"keys": [other_keys.upstream, keys.upstream]})
    daemon = start_on_conf(upstream_conf(tmp_path, server.url), keys)
    assert daemon.post(TEST, TEST_EVENT).status_code == 202
    assert daemon.post(TEST, TEST_EVENT, token=other_keys.token()).status_code == 202
    assert daemon.post(TEST, TEST_EVENT, token=KeyPair().token()).status_code == 401
    daemon.stop()
    server.close()


def test_keys_that_do_not_load_are_fatal_and_named(keys, tmp_path):
    url = "http://127.0.0.1:9/no-keys-here"
    daemon = start_on_conf(upstream_conf(tmp_path, url), keys, wait=False)
    assert daemon.process.wait(20) == 3
    assert url in daemon.logs()
    daemon.process = None


def test_an_empty_access_map_authorizes_nobody(keys, tmp_path):
    server = KeyServer({"keys": [keys.upstream]})
    conf = upstream_conf(tmp_path, server.url)
    (conf / "access.json").write_text("{}")
    daemon = start_on_conf(conf, keys)
    assert_error(daemon.post(TEST, TEST_EVENT), 403, "auth", f"User 'TestUser' is not authorized for topic '{TEST}'")
    daemon.stop()
    server.close()


def test_a_malformed_access_map_is_refused_with_its_place(keys, tmp_path):
    server = KeyServer({"keys": [keys.upstream]})
    conf = upstream_conf(tmp_path, server.url)
    (conf / "access.json").write_text(json.dumps({TEST: {"TestUser": {"environment": ["("]}}}))
    daemon = start_on_conf(conf, keys, wait=False)
    assert daemon.process.wait(20) == 3
    for word in (TEST, "TestUser", "environment"):
        assert word in daemon.logs()
    daemon.process = None
    server.close()


def test_no_sink_named_means_the_embedded_one_and_says_so(gate):
    assert "sqlite" in gate.logs()
    assert gate.database.exists()
