# SPDX-License-Identifier: Apache-2.0
"""Compressed bodies, their limits while they inflate, and media types."""
import gzip
import http.client
import io
import json
import os
import pathlib
import zlib

import pytest
import requests
import zstandard

KIB, MIB = 1024, 1024 * 1024
EVENT = {"text": "caf\xe9 " * 50}
BODY = json.dumps(EVENT).encode()


def zstd(data):
    return zstandard.ZstdCompressor().compress(data)


PACK = {"gzip": gzip.compress, "zstd": zstd}
CODINGS = pytest.mark.parametrize("coding", sorted(PACK))


@pytest.fixture
def gate(make_gate):
    return make_gate({"server": {"limits": {"max_body_bytes": "64KiB", "max_inflated_bytes": "256KiB"}}})


def send(gate, body, coding, **headers):
    return gate.post("things", body, headers={"Content-Encoding": coding, **headers})


def message(response, status, kind):
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    error = response.json()["errors"][0]
    assert error["type"] == kind
    return error["message"]


def stored(gate):
    return [event["payload"] for event in gate.events()]


def resident_kib(gate):
    status = pathlib.Path(f"/proc/{gate.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


# --- what is taken

@CODINGS
def test_a_compressed_event_is_stored_as_it_was(gate, coding):
    assert send(gate, PACK[coding](BODY), coding).status_code == 202
    assert send(gate, PACK[coding](BODY), coding.upper()).status_code == 202
    assert stored(gate) == [EVENT, EVENT]


@CODINGS
def test_a_compressed_batch(gate, coding):
    lines = b"".join(json.dumps({"n": n}).encode() + b"\n" for n in range(100))
    response = gate.post("things", PACK[coding](lines), content_type="application/x-ndjson",
                         headers={"Content-Encoding": coding})
    assert response.status_code == 202
    assert stored(gate) == [{"n": n} for n in range(100)]


@CODINGS
def test_several_members_are_one_body(gate, coding):
    assert send(gate, PACK[coding](BODY[:40]) + PACK[coding](BODY[40:]), coding).status_code == 202
    assert stored(gate) == [EVENT]


@CODINGS
def test_chunked_and_compressed(gate, coding):
    body = PACK[coding](BODY)
    pieces = (body[i:i + 7] for i in range(0, len(body), 7))
    response = requests.post(gate.url("/topics/things"), data=pieces, timeout=20,
                             headers={"Authorization": f"Bearer {gate.token()}", "Content-Encoding": coding})
    assert response.status_code == 202
    assert stored(gate) == [EVENT]


def test_identity_is_no_encoding(gate):
    assert send(gate, BODY, "identity").status_code == 202


def test_zstd_without_a_content_size(gate):
    target = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(target, closefd=False) as writer:
        writer.write(BODY)
    assert send(gate, target.getvalue(), "zstd").status_code == 202
    assert stored(gate) == [EVENT]


# --- what is not

@CODINGS
def test_truncated(gate, coding):
    body = PACK[coding](BODY)
    for length in (1, len(body) // 2, len(body) - 1):
        assert message(send(gate, body[:length], coding), 400, "request") == "The compressed body ends too early."
    assert stored(gate) == []


@CODINGS
def test_corrupt(gate, coding):
    body = bytearray(PACK[coding](BODY))
    body[2] ^= 0xff
    assert message(send(gate, bytes(body), coding), 400, "request").startswith(f"The body is not valid {coding}")
    assert message(send(gate, BODY, coding), 400, "request").startswith(f"The body is not valid {coding}")
    assert stored(gate) == []


def test_a_wrong_checksum(gate):
    body = bytearray(gzip.compress(BODY))
    body[-5] ^= 1
    assert message(send(gate, bytes(body), "gzip"), 400, "request") == "The body is not valid gzip."


@CODINGS
def test_garbage_behind_the_end(gate, coding):
    assert message(send(gate, PACK[coding](BODY) + b"garbage behind", coding), 400, "request")


@CODINGS
def test_an_empty_compressed_body_is_not_json(gate, coding):
    assert message(send(gate, PACK[coding](b""), coding), 400, "validation") == "Request body must be valid JSON."


@pytest.mark.parametrize("coding", ["br", "deflate", "compress", "gzip, gzip", "gzip, identity", "zstd;q=1", "x"])
def test_unknown_encodings(gate, coding):
    text = message(send(gate, BODY, coding), 415, "media")
    assert text == "Content-Encoding must be gzip, zstd or identity, and only one."


def test_deflate_is_not_gzip(gate):
    assert message(send(gate, zlib.compress(BODY), "gzip"), 400, "request") == "The body is not valid gzip."


# --- limits

@CODINGS
def test_the_inflated_size_is_bounded(gate, coding):
    fits = b'"' + b"x" * (256 * KIB - 2) + b'"'
    assert message(send(gate, PACK[coding](fits), coding), 400, "validation"), "read, and no object"
    response = send(gate, PACK[coding](fits + b" "), coding)
    assert message(response, 413, "limit") == "The body must not be larger than 262144 bytes."


@CODINGS
def test_a_bomb_is_cut_off_while_it_inflates(gate, coding):
    bomb = PACK[coding](b" " * (48 * MIB))
    assert len(bomb) < 64 * KIB
    before = resident_kib(gate)
    for _ in range(4):
        assert message(send(gate, bomb, coding), 413, "limit") == "The body must not be larger than 262144 bytes."
    if os.environ.get("SANITIZED") != "1":
        assert resident_kib(gate) - before < 16 * KIB
    assert send(gate, PACK[coding](BODY), coding).status_code == 202


def test_a_zstd_window_that_is_too_large(gate):
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=25, write_content_size=0)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = stream.compress(BODY) + stream.flush()
    assert message(send(gate, body, "zstd"), 400, "request").startswith("The body is not valid zstd")


def test_a_body_up_to_the_limit_is_read(gate):
    body = b'{"text":"' + b"x" * (64 * KIB - 11) + b'"}'
    assert len(body) == 64 * KIB
    assert gate.post("things", body).status_code == 202


def test_a_body_over_the_limit(gate):
    assert message(gate.post("things", b" " * (64 * KIB + 1)), 413, "limit") == \
        "The body must not be larger than 65536 bytes."
    assert gate.get("/live").status_code == 200


def test_a_chunked_body_over_the_limit(gate):
    """The answer comes while the client still sends; it may be cut off before it looks."""
    connection = http.client.HTTPConnection(gate.host, gate.port, timeout=20)
    pieces = (b" " * 8 * KIB for _ in range(512))
    try:
        connection.request("POST", "/topics/things", body=pieces, encode_chunked=True,
                           headers={"Authorization": f"Bearer {gate.token()}", "Transfer-Encoding": "chunked"})
    except (BrokenPipeError, ConnectionResetError):
        pass
    try:
        assert connection.getresponse().status == 413
    except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
        pass
    connection.close()
    assert stored(gate) == []
    assert gate.post("things", EVENT).status_code == 202


def test_the_wire_limit_counts_compressed_bytes(gate):
    noise = gzip.compress(os.urandom(80 * KIB))
    assert message(send(gate, noise, "gzip"), 413, "limit") == "The body must not be larger than 65536 bytes."


# --- media types

@pytest.mark.parametrize("kind", ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8",
                                  "text/json", "application/vnd.example+json", "application/x-www-form-urlencoded",
                                  None])
def test_media_types_that_are_json(gate, kind):
    assert gate.post("things", EVENT, content_type=kind).status_code == 202


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json",
                                  "application/jsonx", "+json", "application/octet-stream"])
def test_media_types_that_are_not(gate, kind):
    text = message(gate.post("things", EVENT, content_type=kind), 415, "media")
    assert text.startswith(f"Content-Type '{kind.split(';')[0]}' is not taken here: send application/json")
    assert stored(gate) == []
