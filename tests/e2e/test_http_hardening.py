# SPDX-License-Identifier: Apache-2.0
"""HTTP from strangers: raw bytes on a socket against the running daemon.

The default limits are assumed. What a request is answered when it is well-formed depends on the
configuration (200, 401, 404, ...), so well-formed means here: anything but the refusals of malformed
requests.
"""

import contextlib
import gzip
import json
import re
import signal
import socket
import threading
import time

import pytest

HOST = b"Host: gate\r\n"
TARGET = b"/topics/no.such.topic"
GET = b"GET " + TARGET + b" HTTP/1.1\r\n"
POST = b"POST " + TARGET + b" HTTP/1.1\r\n"
CHUNKED = POST + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
MALFORMED = {400, 408, 413, 414, 431, 505}

BAD = {
    "two lengths that differ": POST + HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "two lengths that agree": POST + HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "length and coding": POST + HOST
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": POST + HOST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "coding on 1.0": b"POST " + TARGET + b" HTTP/1.0\r\n" + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": POST + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
    "coding after coding": POST + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in two headers": POST + HOST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "identity, then chunked": POST + HOST
    + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding with vertical tab": POST + HOST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "negative length": POST + HOST + b"Content-Length: -1\r\n\r\n",
    "signed length": POST + HOST + b"Content-Length: +3\r\n\r\nabc",
    "hex length": POST + HOST + b"Content-Length: 0x3\r\n\r\nabc",
    "list of lengths": POST + HOST + b"Content-Length: 3, 3\r\n\r\nabc",
    "empty length": POST + HOST + b"Content-Length:\r\n\r\n",
    "no host": GET + b"A: b\r\n\r\n",
    "no header": GET + b"\r\n",
    "two hosts": GET + HOST + b"Host: other\r\n\r\n",
    "host with slash": GET + b"Host: a/b\r\n\r\n",
    "space in name": GET + HOST + b"A B: c\r\n\r\n",
    "slash in name": GET + HOST + b"A/B: c\r\n\r\n",
    "high byte in name": GET + HOST + b"\xc3\xa4: c\r\n\r\n",
    "NUL in name": GET + HOST + b"A\0B: c\r\n\r\n",
    "empty name": GET + HOST + b": c\r\n\r\n",
    "no colon": GET + HOST + b"AB\r\n\r\n",
    "space before colon": GET + HOST + b"A : b\r\n\r\n",
    "tab before colon": GET + HOST + b"A\t: b\r\n\r\n",
    "NUL in value": GET + HOST + b"A: b\0c\r\nD: e\r\n\r\n",
    "NUL in last value": GET + HOST + b"A: b\0c\r\n\r\n",
    "NUL at line start": GET + HOST + b"\0A: b\r\nC: d\r\n\r\n",
    "CR in value": GET + HOST + b"A: b\rc\r\n\r\n",
    "CR at value's end": GET + HOST + b"A: b\r\r\n\r\n",
    "escape in value": GET + HOST + b"A: b\x1b[1mc\r\n\r\n",
    "DEL in value": GET + HOST + b"A: b\x7f\r\n\r\n",
    "LF after request line": b"GET " + TARGET + b" HTTP/1.1\n" + HOST + b"\r\n",
    "LF after header": GET + b"Host: gate\nA: b\r\n\r\n",
    "LF after last header": GET + HOST + b"A: b\n\r\n",
    "LF as blank line": GET + HOST + b"\n",
    "LF before body": POST + HOST + b"Content-Length: 3\r\n\nabc",
    "folded": GET + HOST + b"A: b\r\n c\r\nD: e\r\n\r\n",
    "folded with tab": GET + HOST + b"A: b\r\n\tc\r\n\r\n",
    "folded first": GET + b"Host: gate\r\n x\r\n\r\n",
    "space before first header": GET + b" Host: gate\r\n\r\n",
    "two spaces before target": b"GET  " + TARGET + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "two spaces after target": b"GET " + TARGET + b"  HTTP/1.1\r\n" + HOST + b"\r\n",
    "space after version": b"GET " + TARGET + b" HTTP/1.1 \r\n" + HOST + b"\r\n",
    "space in target": b"GET /topics/a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "NUL in target": b"GET /topics\0/a HTTP/1.1\r\n" + HOST + b"\r\n",
    "encoded NUL in target": b"GET /topics/%00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "encoded LF in target": b"GET /topics/%0a HTTP/1.1\r\n" + HOST + b"\r\n",
    "broken escape in target": b"GET /topics/%zz HTTP/1.1\r\n" + HOST + b"\r\n",
    "raw UTF-8 in target": "GET /topics/ä HTTP/1.1\r\n".encode() + HOST + b"\r\n",
    "no slash in target": b"GET topics HTTP/1.1\r\n" + HOST + b"\r\n",
    "no version": b"GET " + TARGET + b"\r\n" + HOST + b"\r\n",
    "version in lower case": b"GET " + TARGET + b" http/1.1\r\n" + HOST + b"\r\n",
    "two blank lines first": b"\r\n\r\n" + GET + HOST + b"\r\n",
    "NUL line first": b"\0junk\r\n" + GET + HOST + b"\r\n",
    "authorization twice": GET + HOST
    + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    "idempotency key twice": GET + HOST + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n",
    "content type twice": GET + HOST + b"Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n",
}

CLOSED = {
    "only a method": b"GET\r\n" + HOST + b"\r\n",
    "tabs in request line": b"GET\t" + TARGET + b"\tHTTP/1.1\r\n" + HOST + b"\r\n",
    "space before method": b" " + GET + HOST + b"\r\n",
}

VERSIONS = {
    "HTTP/2.0": b"GET " + TARGET + b" HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET " + TARGET + b" HTTP/0.9\r\n" + HOST + b"\r\n",
}

GOOD = {
    "plain": GET + HOST + b"\r\n",
    "one CRLF first": b"\r\n" + GET + HOST + b"\r\n",
    "1.0 without host": b"GET " + TARGET + b" HTTP/1.0\r\nA: b\r\n\r\n",
    "padding": GET + b"Host: \t gate \t \r\n\r\n",
    "no padding": GET + b"Host:gate\r\n\r\n",
    "empty value": GET + HOST + b"A:\r\nB: \r\n\r\n",
    "high bytes in value": GET + HOST + "A: ä\tö\r\n\r\n".encode(),
    "every token character": GET + HOST + b"!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n",
    "host with port": GET + b"Host: [::1]:8080\r\n\r\n",
    "absolute target": b"GET http://gate/topics/x?a=b HTTP/1.1\r\n" + HOST + b"\r\n",
    "cookie": GET + HOST + b'Cookie: a=b; c="d"\r\nX: y\r\n\r\n',
}

BAD_CHUNKS = {
    "size that is none": b"zz\r\nabc\r\n0\r\n\r\n",
    "negative size": b"-3\r\nabc\r\n0\r\n\r\n",
    "size in other notation": b"0x3\r\nabc\r\n0\r\n\r\n",
    "empty size": b"\r\nabc\r\n0\r\n\r\n",
}


@pytest.fixture(scope="module")
def gate(plain_gate):
    return plain_gate


@contextlib.contextmanager
def connection(gate, timeout=10):
    with socket.create_connection((gate.host, gate.port), timeout=timeout) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock


def read_until_closed(sock):
    """Everything until the server ends the connection; fails when it does not."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := sock.recv(65536):
            received += chunk
    return received


def read_reply(sock):
    """One reply: status, headers, body."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = sock.recv(65536)
        if not chunk:
            return None, {}, b""
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
    while len(body) < int(headers.get("content-length", "0")):
        body += sock.recv(65536)
    return int(lines[0].split()[1]), headers, body


def statuses(received):
    return [int(s) for s in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def send_quietly(sock, data):
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        sock.sendall(data)


@pytest.mark.parametrize("name", BAD)
def test_malformed_is_400_and_closed(gate, name):
    with connection(gate) as sock:
        send_quietly(sock, BAD[name])
        assert statuses(read_until_closed(sock))[:1] == [400]


@pytest.mark.parametrize("name", BAD)
def test_malformed_behind_a_good_request(gate, name):
    with connection(gate) as sock:
        send_quietly(sock, GET + HOST + b"\r\n" + BAD[name])
        found = statuses(read_until_closed(sock))
        assert found[0] not in MALFORMED
        assert found[1] == 400


@pytest.mark.parametrize("name", ["folded", "LF as blank line", "NUL in value", "two hosts"])
def test_malformed_byte_by_byte(gate, name):
    with connection(gate) as sock:
        for at in range(len(BAD[name])):
            send_quietly(sock, BAD[name][at : at + 1])
        assert statuses(read_until_closed(sock))[:1] == [400]


@pytest.mark.parametrize("name", CLOSED)
def test_no_request_line_is_closed(gate, name):
    with connection(gate) as sock:
        send_quietly(sock, CLOSED[name])
        assert statuses(read_until_closed(sock)) in ([], [400])


@pytest.mark.parametrize("name", VERSIONS)
def test_other_versions(gate, name):
    with connection(gate) as sock:
        send_quietly(sock, VERSIONS[name])
        assert statuses(read_until_closed(sock)) == [505]


@pytest.mark.parametrize("name", GOOD)
def test_well_formed_is_answered(gate, name):
    with connection(gate) as sock:
        sock.sendall(GOOD[name])
        status, _, _ = read_reply(sock)
        assert status is not None and status not in MALFORMED


def test_smuggled_request_is_not_answered(gate):
    smuggled = GET + HOST + b"\r\n"
    with connection(gate) as sock:
        send_quietly(sock, POST + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"0\r\n\r\n" + smuggled)
        assert statuses(read_until_closed(sock)) == [400]


def test_refusal_is_an_envelope(gate):
    with connection(gate) as sock:
        sock.sendall(GET + b"X-Correlation-ID: abc-1\r\n\r\n")
        status, headers, body = read_reply(sock)
        assert status == 400
        assert headers["connection"] == "close"
        assert headers["content-type"] == "application/json"
        assert headers["x-correlation-id"] == "abc-1"
        envelope = json.loads(body)
        assert envelope["success"] is False and envelope["statusCode"] == 400
        assert envelope["errors"][0]["type"] == "request"


def test_large_headers_are_431(gate):
    with connection(gate) as sock:
        send_quietly(sock, GET + HOST + b"X: " + b"a" * 16000 + b"\r\n\r\n")
        assert statuses(read_until_closed(sock)) == [431]


def test_many_headers_are_431(gate):
    with connection(gate) as sock:
        send_quietly(sock, GET + HOST + b"A: b\r\n" * 100 + b"\r\n")
        assert statuses(read_until_closed(sock)) == [431]


def test_declared_large_body_is_413_at_once(gate):
    with connection(gate) as sock:
        sock.sendall(POST + HOST + b"Content-Length: 1000000000\r\n\r\n")
        assert statuses(read_until_closed(sock)) == [413]


def test_large_body_is_413_while_still_sending(gate):
    body = b"a" * (8 << 20)
    with connection(gate) as sock:
        send_quietly(sock, POST + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert statuses(read_until_closed(sock)) == [413]


def test_large_chunked_body_ends(gate):
    """It may be refused before it is too large (no token); it must not go on for ever."""
    with connection(gate) as sock:
        sock.sendall(CHUNKED)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(64):
                sock.sendall(b"40000\r\n" + b"a" * 0x40000 + b"\r\n")
        assert all(400 <= s < 500 for s in statuses(read_until_closed(sock)))


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_bad_chunks(gate, name):
    with connection(gate) as sock:
        send_quietly(sock, CHUNKED + BAD_CHUNKS[name])
        assert all(400 <= s < 500 for s in statuses(read_until_closed(sock)))


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "gzip, zstd", "compress"])
def test_unknown_encodings_are_415(gate, coding):
    with connection(gate) as sock:
        sock.sendall(POST + HOST + b"Content-Type: application/json\r\nContent-Length: 2\r\n"
                     b"Content-Encoding: " + coding.encode() + b"\r\n\r\n{}")
        status, _, _ = read_reply(sock)
        assert status == 415


def test_bomb_is_413(gate):
    bomb = gzip.compress(b" " * (64 << 20), 9)
    with connection(gate) as sock:
        send_quietly(sock, POST + HOST + b"Content-Type: application/json\r\n"
                     b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
        assert statuses(read_until_closed(sock)) == [413]


@pytest.mark.parametrize("arguments", [b"a=b&" * 400, b"&" * 9000, b"a" * 11000])
def test_arguments_beyond_the_librarys_memory(gate, arguments):
    """libmicrohttpd 0.9.75 would lose the request with them: no answer, and its memory is never freed."""
    for version in (b"1.1", b"1.0"):
        with connection(gate) as sock:
            sock.sendall(b"GET /live?" + arguments + b" HTTP/" + version + b"\r\n" + HOST + b"\r\n")
            assert read_reply(sock)[0] == 200


def test_cookies_beyond_the_librarys_memory(gate):
    with connection(gate) as sock:
        sock.sendall(GET + HOST + b"Cookie: " + b"a=b; " * 300 + b"\r\n\r\n")
        assert set(statuses(read_until_closed(sock))) == {431}


def test_expectation_is_417(gate):
    with connection(gate) as sock:
        sock.sendall(GET + HOST + b"Expect: miracles\r\n\r\n")
        status, _, _ = read_reply(sock)
        assert status == 417


def test_pipelined_requests_are_answered_in_order(gate):
    with connection(gate) as sock:
        sock.sendall((GET + HOST + b"\r\n") * 20 + GET + HOST + b"Connection: close\r\n\r\n")
        assert len(statuses(read_until_closed(sock))) == 21


@pytest.mark.parametrize(
    "begin, piece",
    [
        (b"", b"G"),
        (GET, b"a"),
        (GET + HOST, b"A: b\r\n"),
    ],
    ids=["request line", "header", "headers"],
)
def test_slow_heads_are_cut_off(gate, begin, piece):
    """The default header timeout is ten seconds; bytes that trickle in do not move it."""
    with connection(gate, timeout=30) as sock:
        started = time.monotonic()
        sock.sendall(begin)
        sock.settimeout(0.5)
        received = None
        while received is None and time.monotonic() - started < 25:
            send_quietly(sock, piece)
            with contextlib.suppress(TimeoutError):
                received = sock.recv(4096)
        assert 8 < time.monotonic() - started < 25
        assert statuses(received) in ([], [408])


def test_slow_clients_starve_nobody(gate):
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            slow = stack.enter_context(connection(gate))
            slow.sendall(POST + HOST + b"Content-Length: 100\r\n\r\na")
        started = time.monotonic()
        with connection(gate) as sock:
            sock.sendall(GET + HOST + b"\r\n")
            assert read_reply(sock)[0] is not None
        assert time.monotonic() - started < 1


def test_clients_that_leave_do_no_harm(gate):
    def leave():
        for cut in range(1, 60):
            with contextlib.suppress(OSError), connection(gate) as sock:
                sock.sendall((POST + HOST + b"Content-Length: 9\r\n\r\nabc")[:cut])

    threads = [threading.Thread(target=leave) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connection(gate) as sock:
        sock.sendall(GET + HOST + b"\r\n")
        assert read_reply(sock)[0] is not None


@pytest.mark.parametrize("connections", [128, 256])
def test_as_many_requests_at_once_as_the_library_reads_events(make_gate, connections):
    """libmicrohttpd 0.9.75's own loop waits for ever when exactly 128 events come in one portion."""
    gate = make_gate({"server": {"threads": 1, "limits": {"max_connections_per_address": 1000}}})
    request = (f"POST /topics/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gate.token()}\r\n"
               "Content-Length: 2\r\n\r\n{}").encode()
    sockets = [socket.create_connection((gate.host, gate.port), 10) for _ in range(connections)]
    for connection in sockets:
        connection.sendall(request)
        assert b" 202 " in connection.recv(4096)
    for _ in range(3):
        gate.process.send_signal(signal.SIGSTOP)
        for connection in sockets:
            connection.sendall(request)
        gate.process.send_signal(signal.SIGCONT)
        for connection in sockets:
            assert b" 202 " in connection.recv(4096)
    for connection in sockets:
        connection.close()
