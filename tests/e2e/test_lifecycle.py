# SPDX-License-Identifier: Apache-2.0
"""Reload, drain, stop: what an operator does to a running daemon."""
import json
import re
import signal
import socket
import threading
import time

import pytest
import requests

from conftest import start_on_conf, upstream_conf
from gate import KeyServer, run

TEST = "public.cps.za.test"


def poll_until(condition, seconds=15):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def generation(daemon):
    return daemon.metrics()["eventgate_config_generation"]


def reload(daemon):
    before = generation(daemon)
    daemon.hangup()
    poll_until(lambda: generation(daemon) > before)


def test_a_reload_reads_access_schemas_and_keys_of_events(make_gate):
    daemon = make_gate(topics={"things": {"type": "object"}}, topic_keys={"things": "a"})
    assert daemon.post("things", {"a": "1"}).status_code == 202
    (daemon.folder / "access.json").write_text(json.dumps({"things": ["Other"], "more": ["Other"]}))
    (daemon.folder / "topics/things.json").write_text(json.dumps({"required": ["b"]}))
    (daemon.folder / "topics/more.json").write_text("true")
    (daemon.folder / "topic_keys.json").write_text(json.dumps({"things": "b"}))
    reload(daemon)
    assert daemon.post("things", {"b": "1"}).status_code == 403
    assert daemon.post("things", {"a": "1"}, subject="Other").status_code == 400
    assert daemon.post("things", {"b": "2"}, subject="Other").status_code == 202
    assert daemon.post("more", 5, subject="Other").status_code == 202
    assert [row["key"] for row in daemon.events("--topic", "things")] == ["1", "2"]


@pytest.mark.parametrize("name, text, word", [
    ("access.json", "{", "access.json"), ("access.json", '{"things": {"U": {"f": ["("]}}}', "things"),
    ("topics/things.json", '{"type": "nonsense"}', "things.json"), ("eventgate.yaml", "server: [", "eventgate.yaml"),
])
def test_a_bad_file_changes_nothing_and_is_reported(make_gate, name, text, word):
    daemon = make_gate()
    path = daemon.folder / name
    good = path.read_text()
    path.write_text(text)
    daemon.hangup()
    poll_until(lambda: daemon.get("/health").status_code == 503)
    health = daemon.get("/health").json()
    assert health["status"] == "degraded" and word in health["failures"]["configuration"]
    assert daemon.metrics()['eventgate_config_reload_total{result="failure"}'] == 1
    assert "reload refused" in daemon.logs()
    assert daemon.post("things", {}).status_code == 202 and daemon.get("/ready").status_code == 200
    path.write_text(good)
    reload(daemon)
    assert daemon.get("/health").json()["status"] == "ok"


def test_many_hangups_end_in_the_newest_configuration(make_gate):
    daemon = make_gate()
    for number in range(30):
        (daemon.folder / "access.json").write_text(json.dumps({"things": [f"User{number}"]}))
        daemon.hangup()
    poll_until(lambda: daemon.post("things", {}, subject="User29").status_code == 202)


def test_reload_on_the_admin_listener(make_gate):
    daemon = make_gate()
    (daemon.folder / "access.json").write_text(json.dumps({"things": ["Other"]}))
    assert requests.post(daemon.admin_url("/reload"), timeout=10).status_code == 202
    poll_until(lambda: daemon.post("things", {}, subject="Other").status_code == 202)
    assert requests.post(daemon.url("/reload"), timeout=10).status_code == 404


def test_keys_rotate_and_a_failed_refresh_keeps_the_old_ones(keys, other_keys, tmp_path):
    server = KeyServer({"keys": [keys.upstream]})
    daemon = start_on_conf(upstream_conf(tmp_path, server.url), keys)
    event = {"event_id": "e", "tenant_id": "t", "source_app": "a", "environment": "d", "timestamp": 1}
    assert daemon.post(TEST, event, token=other_keys.token()).status_code == 401
    assert daemon.post(TEST, event).status_code == 202
    server.status = 500
    daemon.hangup()
    poll_until(lambda: "token_keys" in daemon.get("/health").json().get("failures", {}))
    assert daemon.post(TEST, event).status_code == 202
    server.status, server.document = 200, {"keys": [other_keys.upstream]}
    daemon.hangup()
    poll_until(lambda: daemon.post(TEST, event, token=other_keys.token()).status_code == 202)
    assert daemon.post(TEST, event).status_code == 401, "a token that was remembered outlived its key"
    daemon.stop()
    server.close()


class Load(threading.Thread):
    """Posts numbered events until told to stop, and remembers which were answered 202."""

    def __init__(self, daemon, name):
        super().__init__()
        self.daemon_under_test, self.prefix = daemon, name
        self.accepted, self.running = [], True

    def run(self):
        session = requests.Session()
        headers = {"Authorization": f"Bearer {self.daemon_under_test.token()}"}
        number = 0
        while self.running:
            number += 1
            name = f"{self.prefix}-{number}"
            try:
                response = session.post(self.daemon_under_test.url("/topics/things"), json={"n": name},
                                        headers=headers, timeout=20)
            except requests.RequestException:
                return
            if response.status_code == 202:
                self.accepted.append(name)


def run_load(daemon, end):
    loads = [Load(daemon, f"load{index}") for index in range(6)]
    for load in loads:
        load.start()
    poll_until(lambda: sum(len(load.accepted) for load in loads) > 300)
    end()
    for load in loads:
        load.running = False
    for load in loads:
        load.join(30)
    return {name for load in loads for name in load.accepted}


def stored_names(daemon):
    return {row["payload"]["n"] for row in daemon.events("--limit", "1000000")}


def test_sigterm_loses_nothing(make_gate):
    daemon = make_gate()
    accepted = run_load(daemon, daemon.stop)
    assert accepted <= stored_names(daemon)


def test_a_killed_daemon_has_all_that_it_answered(make_gate):
    daemon = make_gate()
    accepted = run_load(daemon, daemon.kill)
    assert accepted <= stored_names(daemon)


def test_ready_says_no_before_the_port_closes(make_gate):
    daemon = make_gate({"server": {"drain_delay": "30s"}})
    daemon.process.send_signal(signal.SIGTERM)
    poll_until(lambda: daemon.get("/ready").status_code == 503)
    assert daemon.post("things", {}).status_code == 202, "still serves while the balancer looks away"
    daemon.stop()  # the second SIGTERM cuts the delay short


def test_terminate_is_for_operators_and_exits_zero(make_gate):
    daemon = make_gate()
    assert requests.post(daemon.admin_url("/terminate"), timeout=10).status_code == 202
    assert daemon.process.wait(20) == 0
    daemon.log.close()
    daemon.process = None


def test_a_taken_port_is_an_error(make_gate):
    daemon = make_gate()
    other = make_gate({"server": {"listen": f"127.0.0.1:{daemon.port}"}}, start=False)
    other.start(wait=False)
    assert other.process.wait(20) == 3 and str(daemon.port) in other.logs()
    other.process = None


def test_all_mistakes_of_a_configuration_are_told_at_once(make_gate):
    daemon = make_gate({"server": {"lissten": "x", "threads": "many"}, "sinks": {"s": {"type": "nosuch"}}}, start=False)
    done = run("check", "-c", daemon.config)
    text = done.stdout + done.stderr
    assert done.returncode == 1 and len(re.findall(r"eventgate\.yaml:\d+:\d+: ", text)) >= 3
    for word in ("lissten", "threads", "nosuch"):
        assert word in text


@pytest.mark.parametrize("connections", [128, 256])
def test_as_many_requests_at_once_as_the_library_reads_events(make_gate, connections):
    """libmicrohttpd 0.9.75's own loop waits for ever when exactly 128 events come in one portion."""
    daemon = make_gate({"server": {"threads": 1, "limits": {"max_connections_per_address": 1000}}})
    request = (f"POST /topics/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {daemon.token()}\r\n"
               "Content-Length: 2\r\n\r\n{}").encode()
    sockets = [socket.create_connection((daemon.host, daemon.port), 10) for _ in range(connections)]
    for connection in sockets:
        connection.sendall(request)
        assert b" 202 " in connection.recv(4096)
    for _ in range(3):
        daemon.process.send_signal(signal.SIGSTOP)
        for connection in sockets:
            connection.sendall(request)
        daemon.process.send_signal(signal.SIGCONT)
        for connection in sockets:
            assert b" 202 " in connection.recv(4096)
    for connection in sockets:
        connection.close()
