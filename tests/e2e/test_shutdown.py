# SPDX-License-Identifier: Apache-2.0
"""The end, asked for or not: what was answered 202 is stored, what is in flight is answered; and starts that fail."""
import itertools
import signal
import socket
import threading

import pytest
import requests

from gate import run, wait_until


class Load:
    """Threads that post until the daemon is gone; remembers the id of each event that was answered 202."""

    def __init__(self, gate, threads=4):
        self.gate, self.token = gate, gate.token()
        self.accepted, self.refused, self.numbers = [], [], itertools.count()
        self.threads = [threading.Thread(target=self.post_on) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def post_on(self):
        session = requests.Session()
        while True:
            name = f"event-{next(self.numbers)}"
            headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": name}
            try:
                answer = session.post(self.gate.url("/topics/things"), json={"name": name}, headers=headers, timeout=20)
            except requests.RequestException:
                return
            if answer.status_code == 202:
                self.accepted.append(name)
            else:
                self.refused.append(answer.status_code)

    def wait_for(self, count):
        wait_until(lambda: len(self.accepted) >= count)

    def join(self):
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()


def stored_ids(gate):
    return [event["id"] for event in gate.events("--limit", "0")]


def post_in_background(gate, *events):
    answers = []
    posters = [threading.Thread(target=lambda event=event: answers.append(gate.post("things", event)))
               for event in events]
    for poster in posters:
        poster.start()
    return answers, posters


def exit_code(gate, seconds=30):
    return gate.process.wait(seconds)


# --- the end under load

def test_sigterm_loses_nothing_that_was_accepted(make_gate):
    gate = make_gate()
    load = Load(gate)
    load.wait_for(200)
    gate.stop(expect=0)
    load.join()
    ids = stored_ids(gate)
    assert set(load.accepted) <= set(ids)
    assert len(ids) == len(set(ids)), "and nothing is there twice"
    assert set(load.refused) <= {503}
    assert gate.log_lines()[-1]["message"] == "stopped"


def test_kill_loses_nothing_that_was_accepted(make_gate):
    gate = make_gate()
    load = Load(gate)
    load.wait_for(200)
    gate.kill()
    load.join()
    assert load.refused == []
    ids = stored_ids(gate)
    assert set(load.accepted) <= set(ids)
    assert len(ids) == len(set(ids))
    gate.start()
    assert gate.post("things", {"name": "after"}, headers={"Idempotency-Key": "after"}).status_code == 202
    assert set(load.accepted) | {"after"} <= set(stored_ids(gate))


# --- the end in order

def test_ready_says_no_while_requests_are_still_served(make_gate):
    gate = make_gate({"server": {"drain_delay": "1m"}})
    gate.process.send_signal(signal.SIGTERM)
    wait_until(lambda: gate.get("/ready").status_code == 503)
    assert gate.get("/ready").json() == {"status": "stopping"}
    assert gate.get("/live").status_code == 200
    assert gate.post("things", {}).status_code == 202
    assert requests.get(gate.admin_url("/ready"), timeout=20).status_code == 503
    gate.process.send_signal(signal.SIGTERM)
    assert exit_code(gate) == 0, "a second SIGTERM cuts the delay short"
    assert len(gate.events()) == 1


def test_sighup_during_the_delay_does_not_end_it(make_gate):
    gate = make_gate({"server": {"drain_delay": "1m"}})
    gate.process.send_signal(signal.SIGTERM)
    wait_until(lambda: gate.get("/ready").status_code == 503)
    gate.hangup()
    assert gate.post("things", {}).status_code == 202
    assert gate.process.poll() is None
    gate.process.send_signal(signal.SIGINT)
    assert exit_code(gate) == 0


def test_what_is_in_flight_is_answered(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "sinks": {"slow": {"type": "faults", "release": "release",
                                                                   "batch_events": 1}}})
    answers, posters = post_in_background(gate, *[{"do": "hold"}] * 3)
    wait_until(lambda: gate.metrics()["eventgate_http_in_flight_requests"] >= 3)
    gate.process.send_signal(signal.SIGTERM)
    gate.wait_log('"stopping"')
    (gate.folder / "release").touch()
    for poster in posters:
        poster.join(30)
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert all(answer.headers.get("Connection") == "close" for answer in answers)
    assert exit_code(gate) == 0


def test_a_sink_that_never_answers_does_not_stop_the_end(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "pipeline": {"drain": "200ms"},
                      "sinks": {"slow": {"type": "faults", "batch_events": 1}}})
    answers, posters = post_in_background(gate, {"do": "never"})
    wait_until(lambda: gate.metrics()['eventgate_sink_in_flight{sink="slow"}'] == 1)
    gate.process.send_signal(signal.SIGTERM)
    assert exit_code(gate) == 0
    posters[0].join(30)
    assert answers[0].status_code == 500
    assert [error["type"] for error in answers[0].json()["errors"]] == ["slow"]


def test_an_idle_connection_does_not_hold_the_end_up(make_gate):
    gate = make_gate()
    with requests.Session() as session, socket.create_connection((gate.host, gate.port)):
        assert session.get(gate.url("/live"), timeout=20).status_code == 200
        gate.process.send_signal(signal.SIGTERM)
        assert exit_code(gate) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_that_end_it(make_gate, number):
    gate = make_gate()
    gate.process.send_signal(number)
    assert exit_code(gate) == 0
    with pytest.raises(requests.ConnectionError):
        gate.get("/live")


def test_post_terminate_is_for_operators_alone(make_gate):
    gate = make_gate()
    assert requests.post(gate.url("/terminate"), timeout=20).status_code == 404
    assert gate.get("/live").status_code == 200
    response = requests.get(gate.admin_url("/terminate"), timeout=20)
    assert response.status_code == 405 and response.headers["Allow"] == "POST"
    response = requests.post(gate.admin_url("/terminate"), timeout=20)
    assert response.status_code == 202 and response.json() == {"success": True, "statusCode": 202}
    assert exit_code(gate) == 0


# --- starts that fail

def fails(gate, *texts):
    done = run("serve", "-c", gate.config, cwd=gate.folder)
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    for text in texts:
        assert text in done.stderr, done.stderr
    return done.stderr


@pytest.mark.parametrize("listener", ["server", "admin"])
def test_a_port_that_is_taken(make_gate, listener):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        fails(make_gate({listener: {"listen": address}}, start=False), address, "Address already in use")


@pytest.mark.parametrize("path", ["file/events.db", "folder"])
def test_a_database_that_can_not_be_opened(make_gate, path):
    gate = make_gate({"sinks": {"store": {"type": "sqlite", "path": path}}}, start=False)
    (gate.folder / "file").write_text("")
    (gate.folder / "folder").mkdir()
    fails(gate, "store", path)


def test_a_database_that_is_none(make_gate):
    gate = make_gate(start=False)
    gate.database.write_bytes(b"this is no database, whatever its name may say" * 50)
    fails(gate, "events.db")
    assert gate.database.read_bytes().startswith(b"this is no database")


def test_a_log_sink_that_can_not_be_opened(make_gate):
    gate = make_gate({"sinks": {"lines": {"type": "log", "path": "no/such/folder/lines"}}}, start=False)
    fails(gate, "lines", "no/such/folder/lines", "No such file or directory")


def test_a_configuration_that_is_not_there(tmp_path):
    done = run("serve", "-c", tmp_path / "nothing.yaml", cwd=tmp_path)
    assert done.returncode == 3
    assert "nothing.yaml" in done.stderr


def test_all_mistakes_are_told_at_once_and_no_port_opens(make_gate):
    gate = make_gate(start=False)
    text = gate.config.read_text() + "log:\n  level: LOUD\nsever: {}\npipeline:\n  deadline: 0s\n"
    gate.config.write_text(text)
    told = fails(gate, "LOUD", "sever", "deadline")
    numbers = [text.splitlines().index(line) + 1 for line in ("  level: LOUD", "sever: {}", "  deadline: 0s")]
    for number in numbers:
        assert f'"line":{number}' in told or f"eventgate.yaml:{number}:" in told, (number, told)
    assert "listening" not in told


def test_bad_schemas_are_told_at_the_start(make_gate):
    gate = make_gate(topics={"one": {"type": "nonsense"}, "two": {"minimum": "x"}}, start=False)
    fails(gate, "one.json", "two.json", "nonsense")
