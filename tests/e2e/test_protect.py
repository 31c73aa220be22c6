# SPDX-License-Identifier: Apache-2.0
"""`protect` on a sink: what it stores, while another sink has the whole event."""
import hashlib
import hmac
import json
import sqlite3

KEY = "0123456789abcdef-key"
EVENT = {"id": 1, "mail": "ann@example.org", "name": "Ann", "lines": [{"iban": "DE1", "n": 1}, {"iban": "DE2", "n": 2}]}


def stored(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return [json.loads(row[0]) for row in database.execute("SELECT payload FROM events ORDER BY seq")]


def protected(make_gate, tmp_path, protect, **settings):
    return make_gate({"sinks": {
        "whole": {"type": "sqlite", "path": str(tmp_path / "whole.db")},
        "part": {"type": "sqlite", "path": str(tmp_path / "part.db"), "protect": protect},
    }, **settings})


def test_a_sink_sees_what_it_may(make_gate, tmp_path):
    gate = protected(make_gate, tmp_path, {"redact": ["$.detail.name"], "hash": ["$.detail.mail"],
                                           "drop": ["$.detail.lines[*].iban"], "key": KEY})
    assert gate.post("things", EVENT).status_code == 202
    digest = hmac.new(KEY.encode(), EVENT["mail"].encode(), hashlib.sha256).hexdigest()
    assert stored(tmp_path / "whole.db") == [EVENT]
    assert stored(tmp_path / "part.db") == [
        {"id": 1, "mail": digest, "name": "***", "lines": [{"n": 1}, {"n": 2}]}]
    assert KEY not in gate.logs()


def test_the_key_of_all(make_gate, tmp_path):
    gate = protected(make_gate, tmp_path, {"hash": ["$.detail.name"]}, rules={"protect_key": KEY})
    assert gate.post("things", EVENT).status_code == 202
    digest = hmac.new(KEY.encode(), b"Ann", hashlib.sha256).hexdigest()
    assert stored(tmp_path / "part.db")[0]["name"] == digest


def test_a_hash_without_a_key_does_not_start(make_gate, tmp_path):
    gate = make_gate({"sinks": {"part": {"type": "discard", "protect": {"hash": ["$.detail.name"]}}}}, start=False)
    gate.start(wait=False)
    assert gate.process.wait(20) == 3
    gate.stop(expect=3)
    assert "sink 'part': protect: hash wants a key" in gate.logs()
