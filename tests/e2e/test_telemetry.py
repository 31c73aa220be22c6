# SPDX-License-Identifier: Apache-2.0
"""Log lines, trace context, and what TRACE shows of a payload."""
import json
import re
import signal

import pytest

from gate import wait_until

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"
PAYLOAD_LINE = "sending the payload to a sink"
QUIET_SINK = {"sinks": {"events": {"type": "sqlite", "path": "events.db", "probe_interval": "1h"}}}


def parsed(gate):
    return [json.loads(line) for line in gate.logs().splitlines()]


def lines_of(gate, correlation_id):
    """All lines of one request, once its last one is there."""
    def found():
        lines = [line for line in parsed(gate) if line.get("correlation_id") == correlation_id]
        return lines if any(line["message"] == "request" for line in lines) else None
    return wait_until(found)


# --- log lines

def test_every_line_is_json_with_time_level_and_message(make_gate):
    gate = make_gate(env={"LOG_LEVEL": "TRACE"})
    for event in ({}, "{", '"line\\nbreak\\u0000\\u001b"', b"\xff"):
        gate.post("things", event)
    gate.post("things", {}, token="nonsense")
    gate.get("/nowhere\u2028%0a%22")
    gate.reload()
    gate.stop()
    for line in parsed(gate):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert line["level"] in {"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
        assert line["message"]


@pytest.mark.parametrize("send, status", [
    (lambda gate, headers: gate.post("things", {"n": 1}, headers=headers), 202),
    (lambda gate, headers: gate.post("things", "{", headers=headers), 400),
    (lambda gate, headers: gate.post("things", {}, token="nonsense", headers=headers), 401),
    (lambda gate, headers: gate.post("nothing", {}, headers=headers), 404),
    (lambda gate, headers: gate.post("things", {"n": 1}, content_type="text/plain", headers=headers), 415),
    (lambda gate, headers: gate.get("/nowhere", headers=headers), 404),
])
def test_the_correlation_id_is_on_every_line_of_a_request(make_gate, send, status):
    gate = make_gate(QUIET_SINK, topic_keys={"things": "missing"}, env={"LOG_LEVEL": "TRACE"})
    before = len(parsed(gate))
    response = send(gate, {"X-Correlation-ID": "the-one"})
    assert response.status_code == status and response.headers["X-Correlation-ID"] == "the-one"
    request = [line for line in lines_of(gate, "the-one") if line["message"] == "request"]
    assert len(request) == 1 and request[0]["status"] == status
    fresh = [line for line in parsed(gate)[before:] if line.get("path") != "/ready"]
    assert [line for line in fresh if line.get("correlation_id") != "the-one"] == []


def test_a_failed_delivery_is_logged_with_its_request(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "sinks": {"bad": {"type": "faults"}}})
    gate.post("things", {"do": "reject"}, headers={"X-Correlation-ID": "c-1", "Idempotency-Key": "e-1"})
    line, = [line for line in lines_of(gate, "c-1") if line["message"] == "delivery failed"]
    assert (line["topic"], line["sink"], line["event_id"], line["error"]) == \
        ("things", "bad", "e-1", "the sink will not have it")


def test_no_token_is_ever_logged(make_gate, other_keys):
    gate = make_gate(env={"LOG_LEVEL": "TRACE"})
    tokens = gate.token(), other_keys.token(), gate.token(exp=1), "secret-nonsense"
    for token in tokens:
        gate.post("things", {}, token=token)
        gate.post("things", {}, headers={"Authorization": None, "bearer": token})
    gate.stop()
    for token in tokens:
        assert token not in gate.logs()
        for part in token.split(".")[1:]:
            assert part not in gate.logs()


# --- levels

@pytest.mark.parametrize("level, seen", [("DEBUG", True), ("debug", True), ("INFO", False), ("WARNING", False),
                                         ("WARN", False)])
def test_log_level_of_the_environment_wins(make_gate, level, seen):
    gate = make_gate({"log": {"level": "DEBUG" if not seen else "ERROR"}}, env={"LOG_LEVEL": level})
    gate.post("things", {}, headers={"X-Correlation-ID": "c-1"})
    gate.stop()
    assert any(line["message"] == "request" and line.get("correlation_id") == "c-1" for line in parsed(gate)) == seen
    assert ("ready" in [line["message"] for line in parsed(gate)]) == (not level.startswith("WARN"))


def test_a_log_level_that_is_unknown_is_info(make_gate):
    gate = make_gate(env={"LOG_LEVEL": "LOUD"})
    assert any(line["level"] == "WARNING" and "LOG_LEVEL" in line["message"] for line in parsed(gate))
    assert "ready" in [line["message"] for line in parsed(gate)]


def test_logfmt(make_gate):
    gate = make_gate({"log": {"format": "logfmt"}})
    assert gate.get("/nowhere", headers={"X-Correlation-ID": "c-1"}).status_code == 404
    gate.wait_log("correlation_id=c-1")
    assert re.search(r"level=INFO .*correlation_id=c-1 .*path=/nowhere .*status=404", gate.logs())


@pytest.mark.parametrize("number", ["hangup", "SIGUSR1"])
def test_a_log_file_survives_rotation(make_gate, number):
    gate = make_gate({"log": {"output": "daemon.log", "level": "DEBUG"}})
    path = gate.folder / "daemon.log"
    path.rename(gate.folder / "daemon.log.1")
    if number == "hangup":
        gate.hangup()
    else:
        gate.process.send_signal(signal.SIGUSR1)
    wait_until(path.exists)
    gate.post("things", {}, headers={"X-Correlation-ID": "after"})
    wait_until(lambda: '"after"' in path.read_text())
    assert gate.logs() == ""


# --- trace context

def trace_of(gate, headers):
    assert gate.post("things", {}, headers=headers).status_code == 202
    event = gate.events()[-1]
    match = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", event["traceparent"])
    assert match, event["traceparent"]
    return (*match.groups(), event["tracestate"])


def test_a_trace_is_continued(make_gate):
    trace_id, span_id, flags, state = trace_of(make_gate(), {"traceparent": PARENT, "tracestate": "a=1, b=2"})
    assert (trace_id, flags) == (TRACE_ID, "01")
    assert span_id not in (SPAN_ID, "0" * 16)
    assert state.replace(" ", "") == "a=1,b=2"


def test_flags_and_later_versions(make_gate):
    gate = make_gate()
    assert trace_of(gate, {"traceparent": PARENT[:-2] + "00"})[:3:2] == (TRACE_ID, "00")
    assert trace_of(gate, {"traceparent": "cc" + PARENT[2:] + "-what-comes-later"})[0] == TRACE_ID


@pytest.mark.parametrize("parent", [
    "nonsense", "", PARENT.upper(), "ff" + PARENT[2:], PARENT + "-extra", PARENT[:-1], PARENT.replace("-", "_"),
    f"00-{'0' * 32}-{SPAN_ID}-01", f"00-{TRACE_ID}-{'0' * 16}-01", f"00-{TRACE_ID[:-1]}g-{SPAN_ID}-01",
])
def test_an_invalid_parent_is_replaced(make_gate, parent):
    trace_id, span_id, _, state = trace_of(make_gate(), {"traceparent": parent, "tracestate": "a=1"})
    assert trace_id not in (TRACE_ID, "0" * 32) and span_id != SPAN_ID
    assert state is None, "the state goes with the parent that it belongs to"


def test_without_a_parent_every_event_gets_a_trace(make_gate):
    gate = make_gate()
    first, second = trace_of(gate, {}), trace_of(gate, {"tracestate": "a=1"})
    assert first[0] != second[0] and second[3] is None


@pytest.mark.parametrize("state", ["no pair", "a=1,a=1", "=1", "a" * 300 + "=1", ",".join(f"k{n}=1" for n in range(33))])
def test_an_invalid_state_is_dropped(make_gate, state):
    trace_id, _, _, kept = trace_of(make_gate(), {"traceparent": PARENT, "tracestate": state})
    assert trace_id == TRACE_ID and kept is None


def test_events_of_a_batch_share_the_trace(make_gate):
    gate = make_gate()
    gate.post("things", [{}, {}], content_type="application/vnd.eventgate.batch+json", headers={"traceparent": PARENT})
    assert {event["traceparent"][3:35] for event in gate.events()} == {TRACE_ID}


# --- payloads at TRACE

def payload_line(gate):
    gate.wait_log(PAYLOAD_LINE)
    return [line for line in parsed(gate) if line["message"] == PAYLOAD_LINE][-1]


def test_secrets_of_a_payload_are_hidden(make_gate):
    gate = make_gate(env={"LOG_LEVEL": "TRACE"})
    event = {"Password": "p1", "deep": [{"api_key": {"x": "p2"}, "APIKEY": "p3"}], "token": 4, "secret": ["p5"],
             "key": None, "open": "shown"}
    assert gate.post("things", event, headers={"X-Correlation-ID": "c-1"}).status_code == 202
    line = payload_line(gate)
    hidden = "***REDACTED***"
    assert json.loads(line["payload"]) == {"Password": hidden, "deep": [{"api_key": hidden, "APIKEY": hidden}],
                                           "token": hidden, "secret": hidden, "key": hidden, "open": "shown"}
    assert (line["level"], line["topic"], line["sink"], line["correlation_id"]) == ("TRACE", "things", "events", "c-1")
    assert gate.events()[0]["payload"] == event, "what is stored is whole"


def test_other_names_may_be_hidden(make_gate):
    gate = make_gate(env={"LOG_LEVEL": "TRACE", "TRACE_REDACT_KEYS": "iban, Name"})
    gate.post("things", {"IBAN": "x", "name": "y", "password": "z"})
    assert json.loads(payload_line(gate)["payload"]) == {"IBAN": "***REDACTED***", "name": "***REDACTED***",
                                                         "password": "z"}


@pytest.mark.parametrize("limit", range(12, 18))
def test_a_long_payload_is_cut_between_characters(make_gate, limit):
    gate = make_gate(env={"LOG_LEVEL": "TRACE", "TRACE_MAX_BYTES": str(limit)})
    gate.post("things", '{"text":"\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac"}')
    shown = payload_line(gate)["payload"]
    assert shown.endswith("...")
    cut = shown[:-3].encode()
    assert limit - 3 < len(cut) <= limit
    assert '{"text":"\u20ac\u20ac\u20ac\u20ac'.startswith(shown[:-3])


def test_payloads_are_shown_at_trace_only(make_gate):
    gate = make_gate(env={"LOG_LEVEL": "DEBUG"})
    gate.post("things", {"open": "shown"})
    gate.stop()
    assert "shown" not in gate.logs()
