# SPDX-License-Identifier: Apache-2.0
"""From an accepted event to the sinks: several at once, each with its own failures, queues and deadlines."""
import json
import threading

import pytest

from conftest import build_plugin
from gate import ROOT, run, wait_until

STORE = {"type": "sqlite", "path": "events.db"}
LINES = {"type": "log", "path": "lines.log"}
QUICK = {"attempts": 3, "backoff": "1ms", "max_backoff": "2ms"}


def bad(**settings):
    return {"type": "faults", "release": "release", "retry": QUICK, "breaker": {"failures": 0}, **settings}


def lines(gate, name="lines.log"):
    return [json.loads(line) for line in (gate.folder / name).read_text().splitlines()]


def stored(gate):
    return [event["payload"] for event in gate.events()]


def errors(response, status=500):
    assert response.status_code == status, response.text
    body = response.json()
    assert body["success"] is False and body["statusCode"] == status
    return [(error["type"], error["message"]) for error in body["errors"]]


class Holding:
    """Posts that wait for the sink, until `release` is called."""

    def __init__(self, gate, sink, count, start=0):
        self.gate, self.answers = gate, []
        self.threads = [threading.Thread(target=self.post, args=(start + n,)) for n in range(count)]
        for thread in self.threads:
            thread.start()
        queued = f'eventgate_sink_queue_depth{{sink="{sink}"}}', f'eventgate_sink_in_flight{{sink="{sink}"}}'
        wait_until(lambda: sum(gate.metrics()[name] for name in queued) >= start + count)

    def post(self, n):
        self.answers.append(self.gate.post("things", {"do": "hold", "n": n}))

    def release(self):
        (self.gate.folder / "release").touch()
        for thread in self.threads:
            thread.join(30)
        return [answer.status_code for answer in self.answers]


# --- several sinks

def test_every_sink_gets_the_event(make_gate):
    gate = make_gate({"sinks": {"store": STORE, "lines": LINES}}, topic_keys={"things": "k"})
    headers = {"X-Correlation-ID": "c-1", "Idempotency-Key": "i-1"}
    assert gate.post("things", '{ "k": "K",\n "n": 1.50 }', headers=headers).status_code == 202
    event, = gate.events()
    line, = lines(gate)
    for name, value in {"id": "i-1", "topic": "things", "key": "K", "subject": "TestUser",
                        "correlation_id": "c-1", "payload": {"k": "K", "n": 1.5}}.items():
        assert event[name] == line[name] == value
    assert "1.50" in (gate.folder / "lines.log").read_text(), "numbers are passed on as they were written"


def test_a_topic_may_name_its_sinks(make_gate):
    gate = make_gate({"sinks": {"store": STORE, "lines": LINES},
                      "topics": {"stored": {"sinks": ["store"]}, "logged": {"sinks": "lines"}}},
                     topics={"stored": {}, "logged": {}, "both": {}})
    for topic in ("stored", "logged", "both"):
        assert gate.post(topic, {"topic": topic}).status_code == 202
    assert [event["topic"] for event in gate.events()] == ["stored", "both"]
    assert [line["topic"] for line in lines(gate)] == ["logged", "both"]


def test_a_topic_that_names_a_sink_that_there_is_not(make_gate):
    gate = make_gate({"topics": {"things": {"sinks": ["stroe"]}}}, start=False)
    for command in (["check"], ["serve"]):
        done = run(*command, "-c", gate.config, cwd=gate.folder)
        assert done.returncode == (1 if command == ["check"] else 3)
        assert "stroe" in done.stderr


# --- failures

def test_one_failing_sink_never_stops_another(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "sinks": {"store": STORE, "bad": bad(), "lines": LINES}})
    assert errors(gate.post("things", {"do": "reject"})) == [("bad", "the sink will not have it")]
    assert stored(gate) == [{"do": "reject"}] and len(lines(gate)) == 1
    gate.wait_log('"delivery failed"')
    assert gate.post("things", {}).status_code == 202


def test_every_failed_sink_is_reported(make_gate, faults):
    full = {"type": "log", "path": "/dev/full", "retry": QUICK}
    gate = make_gate({"plugins": [str(faults)], "sinks": {"bad": bad(), "store": STORE, "full": full, "worse": bad()}})
    found = errors(gate.post("things", {"do": "fail"}))
    assert [name for name, _ in found] == ["bad", "full", "worse"]
    assert "the sink is not well" in found[0][1]
    assert "No space left on device" in found[1][1]
    assert stored(gate) == [{"do": "fail"}]


def test_failures_of_a_batch_are_those_of_its_items(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "sinks": {"store": STORE, "bad": bad()}})
    batch = [{"n": 0}, {"do": "reject"}, {"n": 2}]
    response = gate.post("things", batch, content_type="application/vnd.eventgate.batch+json")
    assert response.status_code == 207
    assert [item["status"] for item in response.json()["results"]] == [202, 500, 202]
    assert response.json()["results"][1]["errors"] == [{"type": "bad", "message": "the sink will not have it"}]
    assert stored(gate) == batch


def test_a_delivery_is_tried_again(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "sinks": {"bad": bad(), "store": STORE}})
    assert gate.post("things", {"do": "retry"}).status_code == 202
    assert stored(gate) == [{"do": "retry"}], "only the sink that failed was tried again"
    counts = gate.metrics()
    assert counts['eventgate_sink_retries_total{sink="bad"}'] == 2
    assert counts['eventgate_sink_deliveries_total{sink="bad",outcome="delivered"}'] == 1


def test_what_is_rejected_is_not_tried_again(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "sinks": {"bad": bad()}})
    assert gate.post("things", {"do": "reject"}).status_code == 500
    assert gate.metrics().get('eventgate_sink_retries_total{sink="bad"}', 0) == 0


def test_attempts_come_to_an_end(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)], "sinks": {"bad": bad()}})
    assert "the sink is not well" in errors(gate.post("things", {"do": "fail"}))[0][1]
    assert gate.metrics()['eventgate_sink_retries_total{sink="bad"}'] == 2


@pytest.mark.parametrize("settings, sink", [({"deadline": "150ms"}, {}), ({}, {"timeout": "150ms"})])
def test_a_sink_that_never_answers(make_gate, faults, settings, sink):
    gate = make_gate({"pipeline": {"drain": "100ms", **settings}, "plugins": [str(faults)],
                      "sinks": {"store": STORE, "bad": bad(**sink)}})
    assert errors(gate.post("things", {"do": "never"})) == [("bad", "no answer within 150 ms")]
    assert stored(gate) == [{"do": "never"}]
    assert gate.post("things", {}).status_code == 202


# --- full queues

def test_a_full_queue(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)],
                      "sinks": {"slow": bad(queue_events=2, batch_events=1), "store": STORE}})
    holding = Holding(gate, "slow", 2)
    response = gate.post("things", {"n": "refused"})
    assert errors(response, 503) == [("limit", "The queue of sink 'slow' is full, try again later.")]
    assert int(response.headers["Retry-After"]) >= 1
    assert holding.release() == [202, 202]
    assert {"n": "refused"} not in stored(gate), "all sinks or none"
    wait_until(lambda: gate.post("things", {"n": "again"}).status_code == 202)


def test_a_queue_that_fills_up_within_a_batch(make_gate, faults):
    gate = make_gate({"plugins": [str(faults)],
                      "sinks": {"slow": bad(queue_events=3, batch_events=1), "store": STORE}})
    holding = Holding(gate, "slow", 2)
    answers = []
    poster = threading.Thread(target=lambda: answers.append(gate.post(
        "things", [{"i": 0}, {"i": 1}, {"i": 2}], content_type="application/vnd.eventgate.batch+json")))
    poster.start()
    wait_until(lambda: {"i": 0} in stored(gate))
    holding.release()
    poster.join(30)
    results = answers[0].json()["results"]
    assert answers[0].status_code == 207
    assert [item["status"] for item in results] == [202, 503, 503]
    assert results[1]["errors"][0] == {"type": "limit", "message": "The queue of sink 'slow' is full, try again later."}
    assert {"i": 1} not in stored(gate)


@pytest.mark.parametrize("limit", [{"in_flight_events": 2}, {"in_flight_bytes": "1KiB"}])
def test_too_much_in_flight(make_gate, faults, limit):
    gate = make_gate({"plugins": [str(faults)], "pipeline": limit, "sinks": {"slow": bad(batch_events=1)}})
    holding = Holding(gate, "slow", 2)
    response = gate.post("things", {"n": "x" * 1000})
    assert errors(response, 503) == [("limit", "Too many events are in flight, try again later.")]
    assert int(response.headers["Retry-After"]) >= 1
    assert holding.release() == [202, 202]


# --- the circuit breaker

def test_the_breaker_opens_and_closes(make_gate, faults):
    settings = bad(breaker={"failures": 3, "open": "100ms"}, retry={"attempts": 1})
    gate = make_gate({"plugins": [str(faults)], "sinks": {"bad": settings, "store": STORE}})
    state = 'eventgate_sink_breaker_state{sink="bad"}'
    assert gate.metrics()[state] == 0
    for _ in range(3):
        assert gate.post("things", {"do": "fail"}).status_code == 500
    wait_until(lambda: gate.post("things", {}).status_code == 202)
    assert gate.metrics()[state] == 0


def test_an_open_breaker_is_seen(make_gate, faults):
    settings = bad(breaker={"failures": 2, "open": "10m"}, retry={"attempts": 1})
    gate = make_gate({"plugins": [str(faults)], "sinks": {"bad": settings, "store": STORE}})
    assert gate.get("/health").json()["dependencies"]["bad"] == "ok"
    for _ in range(2):
        assert gate.post("things", {"do": "fail"}).status_code == 500
    (name, message), = errors(gate.post("things", {"n": "good"}))
    assert name == "bad" and "circuit open" in message and "the sink is not well" in message
    assert stored(gate)[-1] == {"n": "good"}, "the other sink has it all the same"
    assert gate.metrics()['eventgate_sink_breaker_state{sink="bad"}'] == 2
    response = gate.get("/health")
    assert response.status_code == 503 and list(response.json()["failures"]) == ["bad"]


# --- the log sink

def test_the_log_sink_survives_rotation(make_gate):
    gate = make_gate({"sinks": {"lines": LINES}})
    assert gate.post("things", {"n": 1}).status_code == 202
    (gate.folder / "lines.log").rename(gate.folder / "lines.log.1")
    assert gate.post("things", {"n": 2}).status_code == 202
    (gate.folder / "lines.log").unlink()
    assert gate.post("things", {"n": 3}).status_code == 202
    assert [line["payload"] for line in lines(gate, "lines.log.1")] == [{"n": 1}]
    assert [line["payload"] for line in lines(gate)] == [{"n": 3}]


def test_the_log_sink_keeps_an_event_on_one_line(make_gate):
    gate = make_gate({"sinks": {"lines": LINES}})
    assert gate.post("things", '{\r\n\t"text":\n"a\\nb"\n}').status_code == 202
    line, = lines(gate)
    assert line["payload"] == {"text": "a\nb"}


def test_a_log_sink_whose_file_goes_away(make_gate):
    gate = make_gate({"sinks": {"lines": {"type": "log", "path": "folder/lines.log", "retry": QUICK,
                                          "breaker": {"failures": 0}}, "store": STORE}}, start=False)
    (gate.folder / "folder").mkdir()
    gate.start()
    assert gate.post("things", {"n": 1}).status_code == 202
    (gate.folder / "folder").rename(gate.folder / "elsewhere")
    (name, message), = errors(gate.post("things", {"n": 2}))
    assert name == "lines" and "No such file or directory" in message and str(gate.folder) not in message
    assert stored(gate) == [{"n": 1}, {"n": 2}]
    (gate.folder / "folder").mkdir()
    assert gate.post("things", {"n": 3}).status_code == 202


# --- plug-ins

def test_a_plug_in_built_with_the_public_headers(make_gate, tmp_path):
    plugin = build_plugin(ROOT / "tests/support/plugin_example.c", tmp_path / "lines.so")
    gate = make_gate({"plugins": [str(plugin)], "sinks": {"out": {"type": "lines", "path": "out.txt"}}})
    assert gate.post("things", '{"n":1}', headers={"Idempotency-Key": "i"}).status_code == 202
    assert (gate.folder / "out.txt").read_text() == "things i 7\n"
    gate.reload()
    assert gate.post("things", '{"n":2}', headers={"Idempotency-Key": "j"}).status_code == 202


def test_a_plug_ins_settings_are_checked(make_gate, tmp_path):
    plugin = build_plugin(ROOT / "tests/support/plugin_example.c", tmp_path / "lines.so")
    gate = make_gate({"plugins": [str(plugin)], "sinks": {"out": {"type": "lines", "pth": "out.txt"}}}, start=False)
    done = run("check", "-c", gate.config, cwd=gate.folder)
    assert done.returncode == 1 and "pth" in done.stderr and "path" in done.stderr


@pytest.mark.parametrize("content", [None, b"no library"])
def test_a_plug_in_that_can_not_be_loaded(make_gate, content):
    gate = make_gate({"plugins": ["plugin.so"]}, start=False)
    if content:
        (gate.folder / "plugin.so").write_bytes(content)
    done = run("serve", "-c", gate.config, cwd=gate.folder)
    assert done.returncode == 3 and "plugin.so" in done.stderr


def test_a_plug_in_of_another_kind(make_gate, tmp_path):
    (tmp_path / "none.c").write_text("int nothing(void);\nint nothing(void) { return 0; }\n")
    plugin = build_plugin(tmp_path / "none.c", tmp_path / "none.so")
    gate = make_gate({"plugins": [str(plugin)]}, start=False)
    done = run("serve", "-c", gate.config, cwd=gate.folder)
    assert done.returncode == 3 and "none.so" in done.stderr


def test_a_plug_in_of_another_version(make_gate, tmp_path):
    source = (ROOT / "tests/support/plugin_example.c").read_text().replace("EG_SINK_ABI,", "EG_SINK_ABI + 1,")
    (tmp_path / "new.c").write_text(source)
    plugin = build_plugin(tmp_path / "new.c", tmp_path / "new.so")
    gate = make_gate({"plugins": [str(plugin)]}, start=False)
    done = run("serve", "-c", gate.config, cwd=gate.folder)
    assert done.returncode == 3 and "new.so" in done.stderr
