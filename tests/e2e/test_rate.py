# SPDX-License-Identifier: Apache-2.0
"""Who posts too often, and when too much is in flight at once."""
import socket
import threading

import pytest
import requests

from gate import wait_until


def limit_error(response, status):
    assert response.status_code == status, response.text
    error, = response.json()["errors"]
    assert error["type"] == "limit"
    assert int(response.headers["Retry-After"]) >= 1
    return error["message"]


# --- requests of one subject

@pytest.fixture
def slow_rate(make_gate):
    """One request a second, three at once: the first three go through, whatever the time they take."""
    return make_gate({"server": {"subject_rate": 1, "subject_burst": 3}},
                     access={"things": ["TestUser", "Other"]})


def exhaust(gate, **options):
    """Posts until one is refused; a slow machine may earn a token or two on the way."""
    for count in range(1000):
        response = gate.post("things", {}, **options)
        if response.status_code != 202:
            return count, response
    raise AssertionError("never refused")


def test_one_subject_too_often(slow_rate):
    accepted, response = exhaust(slow_rate, token=slow_rate.token())
    assert accepted >= 3
    assert limit_error(response, 429).startswith("Too many requests of this subject; try again in ")
    assert slow_rate.post("things", {}, subject="Other").status_code == 202, "another subject is not held to account"
    wait_until(lambda: slow_rate.post("things", {}).status_code == 202)


def test_the_subject_counts_and_not_the_token(slow_rate):
    tokens = [slow_rate.token(jti=str(n)) for n in range(40)]
    statuses = [slow_rate.post("things", {}, token=token).status_code for token in tokens]
    assert statuses[:3] == [202, 202, 202] and 429 in statuses


def test_refused_requests_store_nothing(slow_rate):
    accepted, _ = exhaust(slow_rate, token=slow_rate.token())
    assert len(slow_rate.events()) == accepted


def test_strangers_can_not_spend_the_subjects_requests(slow_rate, other_keys):
    for _ in range(20):
        assert slow_rate.post("things", {}, token=other_keys.token()).status_code == 401
    assert slow_rate.post("things", {}).status_code == 202


def test_no_limit_by_default(make_gate):
    gate = make_gate()
    assert {gate.post("things", {}).status_code for _ in range(150)} == {202}


# --- in flight

def test_too_many_requests_in_flight(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "server": {"limits": {"max_in_flight_requests": 2}},
                      "sinks": {"slow": {"type": "faults", "release": "release"}}})
    answers = []
    posters = [threading.Thread(target=lambda: answers.append(gate.post("things", {"do": "hold"}).status_code))
               for _ in range(2)]
    for poster in posters:
        poster.start()
    wait_until(lambda: gate.metrics()["eventgate_http_in_flight_requests"] == 2)
    limit_error(gate.post("things", {}), 503)
    assert gate.get("/live").status_code == 200, "the probes are always answered"
    assert gate.get("/health").status_code == 200
    (gate.folder / "release").touch()
    for poster in posters:
        poster.join(30)
    assert answers == [202, 202]
    wait_until(lambda: gate.post("things", {}).status_code == 202)


def test_too_many_bytes_in_flight(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "server": {"limits": {"max_in_flight_bytes": "64KiB"}},
                      "sinks": {"slow": {"type": "faults", "release": "release"}}})
    answers = []
    body = {"do": "hold", "text": "x" * 40000}
    poster = threading.Thread(target=lambda: answers.append(gate.post("things", body).status_code))
    poster.start()
    wait_until(lambda: gate.metrics()["eventgate_http_in_flight_requests"] == 1)
    limit_error(gate.post("things", {"text": "x" * 40000}), 503)
    (gate.folder / "release").touch()
    poster.join(30)
    assert answers == [202]
    wait_until(lambda: gate.post("things", {"text": "x" * 40000}).status_code == 202)


@pytest.mark.parametrize("limit", ["max_connections", "max_connections_per_address"])
def test_too_many_connections(make_gate, limit):
    gate = make_gate({"server": {"limits": {limit: 4}}})
    held = []
    try:
        while len(held) < 4:
            held.append(socket.create_connection((gate.host, gate.port), timeout=20))
        wait_until(lambda: gate.metrics()["eventgate_http_connections"] >= 4)
        with socket.create_connection((gate.host, gate.port), timeout=20) as one_more:
            one_more.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                reply = one_more.recv(1000)
            except ConnectionResetError:
                reply = b""
        assert reply == b"" or reply.startswith(b"HTTP/1.1 503 ")
        assert requests.get(gate.admin_url("/live"), timeout=20).status_code == 200
    finally:
        for each in held:
            each.close()
    wait_until(lambda: _answers(gate))


def _answers(gate):
    try:
        return gate.get("/live").status_code == 200
    except requests.ConnectionError:
        return False
