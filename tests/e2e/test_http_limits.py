# SPDX-License-Identifier: Apache-2.0
"""Every limit on time and size is a setting, and has its own answer; who is slow holds nobody up."""
import contextlib
import json
import socket
import time

import pytest
import requests

from gate import wait_until
from test_http_hardening import connection, read_reply, read_until_closed, send_quietly, statuses

HOST = b"Host: gate\r\n"
LIVE = b"GET /live HTTP/1.1\r\n" + HOST + b"\r\n"


def head(gate, *lines):
    lines = [f"Authorization: Bearer {gate.token()}".encode(), *lines]
    return b"POST /topics/things HTTP/1.1\r\n" + HOST + b"\r\n".join(lines) + b"\r\n\r\n"


def limited(make_gate, **limits):
    return make_gate({"server": {"threads": 1, "limits": limits}})


def kind_of(body):
    error, = json.loads(body)["errors"]
    return error["type"]


@contextlib.contextmanager
def within(least, most):
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert least <= took < most, took


def serves(gate, seconds=2):
    """Another client is answered meanwhile, although there is one thread."""
    with connection(gate) as sock, within(0, seconds):
        sock.sendall(LIVE)
        return read_reply(sock)[0] == 200


# --- time

def test_nothing_is_sent(make_gate):
    gate = limited(make_gate, first_byte_timeout="300ms", idle_timeout="1h", header_timeout="1h")
    with connection(gate) as sock, within(0.2, 5):
        assert serves(gate)
        assert statuses(read_until_closed(sock)) in ([], [408])
    wait_until(lambda: gate.metrics()['eventgate_http_rejected_total{reason="timeout"}'] == 1)


@pytest.mark.parametrize("begin", [b"POST /topics/thi", b"POST /topics/things HTTP/1.1\r\nHost: ga"])
def test_a_slow_head(make_gate, begin):
    gate = limited(make_gate, header_timeout="300ms", first_byte_timeout="1h")
    with connection(gate) as sock, within(0.2, 5):
        sock.sendall(begin)
        assert serves(gate)
        assert statuses(read_until_closed(sock)) in ([], [408])


@pytest.mark.parametrize("framing, piece", [(b"Content-Length: 1000", b" "), (b"Transfer-Encoding: chunked", b"1\r\n \r\n")])
def test_a_slow_body(make_gate, framing, piece):
    """Bytes that trickle in do not move the deadline."""
    gate = limited(make_gate, body_timeout="600ms")
    with connection(gate, timeout=0.1) as sock, within(0.5, 5):
        sock.sendall(head(gate, framing))
        received = b""
        while not received:
            send_quietly(sock, piece)
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                received = sock.recv(4096)
        assert statuses(received) == [408] and kind_of(received.split(b"\r\n\r\n")[1]) == "timeout"
    assert gate.events() == [] and serves(gate)


def test_a_body_below_the_least_rate(make_gate):
    """It would fit into body_timeout; but after its first five seconds it must keep up the rate."""
    gate = limited(make_gate, body_timeout="1h", min_body_rate=1000)
    with connection(gate, timeout=0.2) as sock, within(4, 12):
        sock.sendall(head(gate, b"Content-Length: 100000"))
        received = b""
        while not received:
            send_quietly(sock, b" ")
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                received = sock.recv(4096)
        assert statuses(received) == [408]


def test_an_idle_connection(make_gate):
    gate = limited(make_gate, idle_timeout="300ms", first_byte_timeout="1h")
    with connection(gate) as sock, within(0.2, 5):
        sock.sendall(LIVE)
        assert read_reply(sock)[0] == 200
        assert read_until_closed(sock) == b"", "closed without a word: no request was begun"


def test_a_client_that_does_not_read(make_gate):
    """A reply larger than the socket's buffers, to somebody who takes nothing of it."""
    schema = {"type": "object", "description": "x" * (900 << 10)}
    gate = make_gate({"server": {"threads": 1, "limits": {"reply_timeout": "500ms"}}}, topics={"things": schema})
    request = b"GET /topics/things HTTP/1.1\r\n" + HOST + b"\r\n"
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(10)
        sock.connect((gate.host, gate.port))
        sock.sendall(request * 20)
        assert serves(gate)
        wait_until(lambda: gate.metrics()['eventgate_http_rejected_total{reason="timeout"}'] == 1)
        with contextlib.suppress(ConnectionResetError):
            received = 0
            while chunk := sock.recv(1 << 20):
                received += len(chunk)
            assert received < 20 * (900 << 10)
    assert len(requests.get(gate.url("/topics/things"), timeout=10).content) > 900 << 10


def test_nobody_answers_behind(make_gate, faults):
    """A suspended connection has no timer in the library: request_timeout is ours."""
    gate = make_gate({"plugins": [str(faults)], "pipeline": {"drain": "100ms", "deadline": "10m"},
                      "server": {"limits": {"request_timeout": "300ms"}, "drain_timeout": "100ms"},
                      "sinks": {"slow": {"type": "faults", "timeout": "10m"}}})
    with within(0.2, 5):
        response = gate.post("things", {"do": "never"})
    assert response.status_code in (500, 503) and response.json()["success"] is False


def test_slow_clients_of_every_kind_at_once(make_gate):
    gate = limited(make_gate, max_connections_per_address=2000)
    begins = [b"", b"P", b"POST /topics/things HTTP/1.1\r\nHost: g", head(gate, b"Content-Length: 100"),
              head(gate, b"Transfer-Encoding: chunked") + b"5\r\nab", head(gate, b"Content-Length: 9", b"Expect: 100-continue")]
    with contextlib.ExitStack() as stack:
        for begin in begins * 50:
            stack.enter_context(connection(gate)).sendall(begin)
        for _ in range(20):
            assert serves(gate, 1)
        assert gate.post("things", {}).status_code == 202


# --- size

@pytest.mark.parametrize("limit, lines, good", [
    ({"max_header_bytes": "2KiB"}, {"X": "x" * 2100}, {"X": "x" * 1000}),
    ({"max_header_count": 10}, {f"X-{n}": "x" for n in range(12)}, {"X": "x"}),
])
def test_headers(make_gate, limit, lines, good):
    gate = limited(make_gate, **limit)
    response = requests.get(gate.url("/live"), headers=lines, timeout=10)
    assert response.status_code == 431 and response.json()["errors"][0]["type"] == "limit"
    assert requests.get(gate.url("/live"), headers=good, timeout=10).status_code == 200


def test_a_request_line_that_is_too_long(make_gate):
    gate = limited(make_gate, max_header_bytes="2KiB")
    response = requests.get(gate.url("/topics/" + "x" * 3000), timeout=10)
    assert response.status_code == 431
    with connection(gate) as sock:
        send_quietly(sock, b"G" * 100000)
        assert statuses(read_until_closed(sock)) in ([414], [431]), "docs/security.md: the library answers this one"


@pytest.mark.parametrize("body, framing", [
    (b" " * 1025, lambda body: body), (b" " * 5000, lambda body: (body[at:at + 100] for at in range(0, len(body), 100))),
])
def test_bodies(make_gate, body, framing):
    gate = limited(make_gate, max_body_bytes="1KiB")
    response = gate.post("things", b" " * 1022 + b"{}")
    assert response.status_code == 202
    try:
        response = requests.post(gate.url("/topics/things"), data=framing(body), timeout=10,
                                 headers={"Authorization": f"Bearer {gate.token()}"})
    except requests.ConnectionError:
        return  # it was answered and closed while the client still sent
    assert response.status_code == 413 and response.json()["errors"][0]["type"] == "limit"


# --- what must not be said

SECRET = "s3cret-of-somebody"


@pytest.mark.parametrize("send", [
    lambda gate: gate.post("things", {}, token=SECRET),
    lambda gate: gate.post("things", {}, headers={"Authorization": f"Basic {SECRET}"}),
    lambda gate: gate.post("things", {}, headers={"Authorization": f"Bearer {SECRET}", "X-Bad Name": "x"}),
    lambda gate: gate.post("things", {}, headers={"bearer": SECRET, "Content-Type": "text/plain"}),
    lambda gate: gate.post("things", {}, headers={"bearer": SECRET, "Content-Encoding": "br"}),
    lambda gate: gate.post("nothing", {}, headers={"bearer": SECRET}),
    lambda gate: gate.get("/nowhere", headers={"Authorization": f"Bearer {SECRET}"}),
    lambda gate: gate.get("/live", headers={"Cookie": SECRET}),
], ids=range(8))
def test_errors_echo_no_secret_and_no_path(make_gate, send):
    gate = make_gate(env={"LOG_LEVEL": "DEBUG"})
    try:
        response = send(gate)
    except requests.RequestException:
        return  # the client library refuses to send it
    told = response.text + str(response.headers)
    assert SECRET not in told and str(gate.folder) not in told and "/src/" not in told
    gate.stop()
    assert SECRET not in gate.logs()


def test_a_sinks_failure_tells_no_path(make_gate):
    gate = make_gate({"sinks": {"full": {"type": "log", "path": "/dev/full", "retry": {"attempts": 1}}}})
    response = gate.post("things", {})
    assert response.status_code == 500 and "/dev/full" not in response.text
