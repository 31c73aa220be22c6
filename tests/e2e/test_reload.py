# SPDX-License-Identifier: Apache-2.0
"""SIGHUP and POST /reload: all of it or nothing of it, and never lost."""
import json
import os
import threading

import pytest
import requests

from conftest import start_on_conf, upstream_conf
from gate import KeyServer, wait_until

RELOADS = 'eventgate_config_reload_total{{result="{}"}}'


def put(path, document):
    """Replaces a file as a careful operator does: whole or not at all."""
    text = document if isinstance(document, str) else json.dumps(document)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    os.replace(fresh, path)


def health(gate):
    response = gate.get("/health")
    return response.status_code, response.json()


def generation(gate):
    return gate.metrics()["eventgate_config_generation"]


# --- what is read again

def test_access(make_gate):
    gate = make_gate()
    assert gate.post("things", {}, subject="Newcomer").status_code == 403
    put(gate.folder / "access.json", {"things": ["Newcomer"]})
    assert gate.post("things", {}, subject="Newcomer").status_code == 403, "nothing is read without a reload"
    gate.reload()
    assert gate.post("things", {}, subject="Newcomer").status_code == 202
    assert gate.post("things", {}, subject="TestUser").status_code == 403
    assert generation(gate) == 2
    gate.wait_log('"reloaded"')


def test_schemas(make_gate):
    gate = make_gate(topics={"things": {"type": "object"}, "old": {}})
    put(gate.folder / "topics/things.json", {"type": "object", "required": ["n"]})
    put(gate.folder / "topics/fresh.json", {"const": 1})
    (gate.folder / "topics/old.json").unlink()
    put(gate.folder / "access.json", {"things": ["TestUser"], "fresh": ["TestUser"]})
    gate.reload()
    assert gate.post("things", {}).json()["errors"][0]["message"] == "'n' is a required property"
    assert gate.get("/topics").json() == ["fresh", "things"]
    assert gate.get("/topics/fresh").json() == {"const": 1}
    assert gate.post("fresh", 1).status_code == 202
    assert gate.post("old", {}).status_code == 404


def test_topic_keys(make_gate):
    gate = make_gate(topic_keys={"things": "a"})
    event = {"a": "first", "b": "second"}
    assert gate.post("things", event).status_code == 202
    put(gate.folder / "topic_keys.json", {"things": "b"})
    gate.reload()
    assert gate.post("things", event).status_code == 202
    assert [stored["key"] for stored in gate.events()] == ["first", "second"]


def test_the_configuration_file_itself(make_gate):
    gate = make_gate()
    put(gate.folder / "other.json", {"things": ["Newcomer"]})
    put(gate.config, gate.config.read_text().replace("access.json", "other.json"))
    gate.reload()
    assert gate.post("things", {}, subject="Newcomer").status_code == 202


def test_upstreams_conf_folder(keys, tmp_path):
    server = KeyServer({"keys": [keys.upstream]})
    conf = upstream_conf(tmp_path, server.url)
    gate = start_on_conf(conf, keys)
    access = json.loads((conf / "access.json").read_text())
    topic = "public.cps.za.test"
    event = {"event_id": "e", "tenant_id": "t", "source_app": "a", "environment": "dev", "timestamp": 1}
    try:
        assert gate.post(topic, event, subject="Newcomer").status_code == 403
        access[topic] = ["Newcomer"]
        put(conf / "access.json", access)
        gate.reload()
        assert gate.post(topic, event, subject="Newcomer").status_code == 202
    finally:
        gate.stop()
        server.close()


def test_post_reload_on_the_admin_listener(make_gate):
    gate = make_gate()
    put(gate.folder / "access.json", {"things": ["Newcomer"]})
    assert requests.post(gate.url("/reload"), timeout=20).status_code == 404
    response = requests.post(gate.admin_url("/reload"), timeout=20)
    assert response.status_code == 202 and response.json() == {"success": True, "statusCode": 202}
    wait_until(lambda: generation(gate) == 2)
    assert gate.post("things", {}, subject="Newcomer").status_code == 202


# --- nothing between two configurations is ever seen

def test_access_and_schema_change_together(make_gate):
    """Version v lets only {"v": "v"} through, by field rule and by schema: a mixture would answer 400."""
    def version(v):
        return {"const": {"v": v}}, {"things": {"TestUser": {"v": [v]}}}

    schema, access = version("1")
    gate = make_gate(topics={"things": schema}, access=access)
    token, seen, done = gate.token(), set(), threading.Event()

    def post():
        while not done.is_set():
            for v in ("1", "2"):
                seen.add(gate.post("things", {"v": v}, token=token).status_code)

    posters = [threading.Thread(target=post) for _ in range(3)]
    for poster in posters:
        poster.start()
    try:
        for turn in range(20):
            schema, access = version("2" if turn % 2 == 0 else "1")
            put(gate.folder / "topics/things.json", schema)
            put(gate.folder / "access.json", access)
            gate.reload()
    finally:
        done.set()
        for poster in posters:
            poster.join()
    assert seen == {202, 403}


def test_requests_in_flight_finish_on_the_snapshot_they_began_with(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "sinks": {"slow": {"type": "faults", "release": "release"}}})
    answers = []
    poster = threading.Thread(target=lambda: answers.append(gate.post("things", {"do": "hold"})))
    poster.start()
    wait_until(lambda: gate.metrics()['eventgate_sink_in_flight{sink="slow"}'] == 1)
    put(gate.folder / "access.json", {})
    (gate.folder / "topics/things.json").unlink()
    put(gate.folder / "topics/other.json", {})
    gate.reload()
    assert gate.get("/topics").json() == ["other"]
    (gate.folder / "release").touch()
    poster.join(30)
    assert [answer.status_code for answer in answers] == [202]
    assert gate.post("things", {}).status_code == 404


# --- nothing is lost

def test_the_last_of_many_reloads_counts(make_gate):
    gate = make_gate()
    for turn in range(30):
        put(gate.folder / "access.json", {"things": [f"user-{turn}"]})
        gate.hangup()
    wait_until(lambda: gate.post("things", {}, subject="user-29").status_code == 202)


def test_a_reload_during_a_reload_is_made_after_it(make_gate):
    """The first one waits in the middle, for a file that is a pipe nobody has written to yet."""
    gate = make_gate()
    access = gate.folder / "access.json"
    access.unlink()
    os.mkfifo(access)
    gate.hangup()
    writer = os.open(access, os.O_WRONLY)  # returns when the daemon reads
    gate.hangup()
    access.unlink()
    put(access, {"things": ["Second"]})
    os.write(writer, b'{"things": ["First"]}')
    os.close(writer)
    wait_until(lambda: gate.post("things", {}, subject="Second").status_code == 202)
    counts = gate.metrics()
    assert counts[RELOADS.format("success")] + counts.get(RELOADS.format("failure"), 0) == 2


# --- bad files change nothing

BAD = {
    "access that is not JSON": ("access.json", "{"),
    "access of a wrong shape": ("access.json", {"things": {"TestUser": {"field": "no list"}}}),
    "a regular expression": ("access.json", {"things": {"TestUser": {"field": ["("]}}}),
    "a schema that is not JSON": ("topics/things.json", "{"),
    "a schema that is none": ("topics/things.json", {"type": "nonsense"}),
    "topic keys": ("topic_keys.json", {"things": 5}),
    "the configuration": ("eventgate.yaml", "server: [\n"),
    "a folder that is not there": ("eventgate.yaml", "topic_schemas: /no/such/folder\n"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_changes_nothing_and_is_told(make_gate, name):
    file, content = BAD[name]
    gate = make_gate(topics={"things": {"required": ["n"]}}, topic_keys={"things": "n"})
    good = (gate.folder / file).read_text()
    put(gate.folder / "topics/extra.json", {})
    put(gate.folder / file, content)
    gate.reload("failure")

    assert gate.get("/topics").json() == ["things"]
    assert gate.post("things", {"n": 1}).status_code == 202
    assert gate.post("things", {}).status_code == 400
    status, body = health(gate)
    assert status == 503 and body["status"] == "degraded"
    told = body["failures"]["configuration"]
    assert file.split("/")[-1] in told and str(gate.folder) not in told
    assert body["dependencies"]["configuration"] == told
    assert "uptime_seconds" not in body
    assert gate.get("/ready").status_code == 200, "it serves as before"
    gate.wait_log("reload refused; nothing has changed")
    lines = gate.log_lines()
    assert any(line.get("level") == "ERROR" and line.get("file", "").endswith(file) for line in lines), lines[-3:]
    counts = gate.metrics()
    assert counts["eventgate_config_generation"] == 1
    assert counts.get(RELOADS.format("success"), 0) == 0

    put(gate.folder / file, good)
    gate.reload()
    assert health(gate)[0] == 200
    assert gate.get("/topics").json() == ["extra", "things"]
    assert generation(gate) == 2


def test_a_missing_file_changes_nothing(make_gate):
    gate = make_gate()
    (gate.folder / "access.json").unlink()
    gate.reload("failure")
    assert gate.post("things", {}).status_code == 202
    assert "configuration" in health(gate)[1]["failures"]


# --- token keys

@pytest.fixture
def key_server(keys):
    server = KeyServer({"keys": [keys.upstream]})
    yield server
    server.close()


@pytest.fixture
def fetching(make_gate, key_server):
    return make_gate({"auth": {"public_keys_url": key_server.url, "public_keys_file": ""}})


def test_keys_rotate(fetching, key_server, other_keys):
    old, new = fetching.token(), other_keys.token()
    assert fetching.post("things", {}, token=old).status_code == 202
    assert fetching.post("things", {}, token=new).status_code == 401
    key_server.document = {"keys": [other_keys.upstream]}
    fetching.hangup()
    wait_until(lambda: fetching.post("things", {}, token=new).status_code == 202)
    assert fetching.post("things", {}, token=old).status_code == 401, "remembered tokens go with their keys"


@pytest.mark.parametrize("status, document", [(500, {}), (200, {"keys": []}), (200, {"keys": [{"key": "x"}]}),
                                              (200, ["nonsense"])])
def test_a_failed_refresh_keeps_the_old_keys(fetching, key_server, keys, status, document):
    key_server.status, key_server.document = status, document
    fetching.hangup()
    code, body = wait_until(lambda: (health(fetching) if health(fetching)[0] == 503 else None))
    assert key_server.url in body["failures"]["token_keys"]
    assert code == 503 and list(body["failures"]) == ["token_keys"]
    assert fetching.post("things", {}, token=keys.token(jti="never seen before")).status_code == 202
    assert fetching.metrics()['eventgate_key_refresh_total{result="failure"}'] >= 1
    fetching.wait_log("the token keys could not be read again; the old ones stay")
    key_server.status, key_server.document = 200, {"keys": [keys.upstream]}
    fetching.hangup()
    wait_until(lambda: health(fetching)[0] == 200)


def test_keys_are_refreshed_in_the_background(make_gate, key_server, other_keys):
    gate = make_gate({"auth": {"public_keys_url": key_server.url, "public_keys_file": "", "refresh_interval": "1s"}})
    key_server.document = {"keys": [other_keys.upstream]}
    wait_until(lambda: gate.post("things", {}, token=other_keys.token()).status_code == 202)


def test_requests_do_not_wait_for_the_key_server(fetching, key_server, keys):
    key_server.answering.clear()
    before = key_server.requests
    fetching.hangup()
    wait_until(lambda: key_server.requests > before)
    for n in range(20):
        assert fetching.post("things", {}, token=keys.token(jti=str(n))).status_code == 202


def test_a_reload_while_the_keys_are_being_fetched_fetches_them_again(fetching, key_server, other_keys):
    key_server.answering.clear()
    before = key_server.requests
    fetching.hangup()
    wait_until(lambda: key_server.requests > before)
    key_server.document = {"keys": [other_keys.upstream]}  # after what the first request will be told
    fetching.reload()
    key_server.answering.set()
    wait_until(lambda: fetching.post("things", {}, token=other_keys.token()).status_code == 202)
