# SPDX-License-Identifier: Apache-2.0
"""Rules: which events go where beside their topic's sinks, what each target receives, and what is owed."""
import datetime
import json
import sqlite3
import time

import pytest

from gate import run, wait_until, write_yaml

STORE = {"type": "sqlite", "path": "events.db"}
QUICK = {"attempts": 1}  # of the sink
SOON = {"backoff": "10ms", "max_backoff": "50ms"}  # of a target


def lines(gate, name):
    path = gate.folder / f"{name}.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def payloads(gate, name):
    return [line["payload"] for line in lines(gate, name)]


def owed(gate):
    with sqlite3.connect(gate.folder / "outbox.db") as database:
        return database.execute("SELECT count(*) FROM outbox").fetchone()[0]


@pytest.fixture
def make_rules(make_gate):
    """make_rules([rule, ...], sinks={...}) starts a daemon with these rules."""
    def make(rules, sinks=None, topics=None, start=True, **settings):
        logs = {name: {"type": "log", "path": f"{name}.log"} for name in ("one", "two", "lost")}
        gate = make_gate({"sinks": {"store": STORE, **logs, **(sinks or {})},
                          "topics": topics or {"things": {"sinks": "none"}},
                          "rules": {"folder": "rules"},
                          "outbox": {"path": "outbox.db"}, **settings},
                         start=False)
        (gate.folder / "rules").mkdir()
        write_yaml(gate.folder / "rules/all.yaml", rules)
        return gate.start() if start else gate
    return make


def rule(name="r", pattern=None, **target):
    return {"name": name, "event_pattern": pattern or {"source": [{"prefix": ""}]}, "targets": [target]}


# --- routing

def test_only_events_that_match_reach_the_target(make_rules):
    gate = make_rules([rule(pattern={"detail": {"kind": ["order"]}}, sink="one", input_path="$.detail")])
    assert gate.post("things", {"kind": "order", "n": 1}).status_code == 202
    assert gate.post("things", {"kind": "other", "n": 2}).status_code == 202
    assert payloads(gate, "one") == [{"kind": "order", "n": 1}]
    assert gate.events() == []  # sinks: none


def test_a_topics_own_sinks_stay_and_get_what_was_posted(make_rules):
    gate = make_rules([rule(sink="one", input_transformer={"paths": {"n": "$.detail.n"}, "template": '{"made": <n>}'})],
                      topics={"things": {"sinks": ["store"]}})
    assert gate.post("things", {"n": 1}, headers={"Idempotency-Key": "i-1"}).status_code == 202
    assert [event["payload"] for event in gate.events()] == [{"n": 1}]
    line, = lines(gate, "one")
    assert line["payload"] == {"made": 1} and line["id"] == "i-1"


def test_the_envelope_is_what_a_target_gets_without_a_transform(make_rules):
    gate = make_rules([rule(sink="one")], topics={"things": {"sinks": "none", "envelope": {
        "source": "shop.<$.detail.site>", "detail_type": "Thing"}}})
    assert gate.post("things", {"site": "x"}, headers={"Idempotency-Key": "i-2"}).status_code == 202
    envelope, = payloads(gate, "one")
    assert envelope["id"] == "i-2" and envelope["source"] == "shop.x" and envelope["detail-type"] == "Thing"
    assert envelope["detail"] == {"site": "x"} and envelope["version"] == "0"


def test_every_event_of_a_batch_goes_its_own_way(make_rules):
    gate = make_rules([rule("a", {"detail": {"n": [{"numeric": ["<", 2]}]}}, sink="one", input_path="$.detail"),
                       rule("b", {"detail": {"n": [{"numeric": [">=", 1]}]}}, sink="two", input_path="$.detail")])
    answer = gate.post("things", [{"n": n} for n in range(3)], content_type="application/vnd.eventgate.batch+json")
    assert answer.status_code == 202
    assert payloads(gate, "one") == [{"n": 0}, {"n": 1}]
    assert payloads(gate, "two") == [{"n": 1}, {"n": 2}]


def test_an_awaited_targets_failure_is_in_the_reply(make_rules, faults):
    gate = make_rules([rule("orders", sink="bad", input_path="$.detail")],
                      sinks={"bad": {"type": "faults", "retry": QUICK}}, plugins=[str(faults)])
    answer = gate.post("things", {"do": "reject"})
    assert answer.status_code == 500
    error, = answer.json()["errors"]
    assert error["type"] == "bad" and "rule 'orders'" in error["message"]
    assert gate.post("things", {"do": "nothing"}).status_code == 202


def test_a_protected_field_stays_home(make_rules):
    gate = make_rules([rule(sink="one", protect={"drop": ["$.detail.iban"], "redact": ["$.detail.name"]})])
    assert gate.post("things", {"iban": "DE1", "name": "me", "n": 1}).status_code == 202
    envelope, = payloads(gate, "one")
    assert envelope["detail"] == {"name": "***", "n": 1}


# --- reload

def test_rules_are_read_again_and_a_bad_one_changes_nothing(make_rules):
    gate = make_rules([rule(sink="one", input_path="$.detail")])
    assert gate.post("things", {"n": 1}).status_code == 202
    write_yaml(gate.folder / "rules/all.yaml", [rule(sink="two", input_path="$.detail")])
    gate.reload()
    assert gate.post("things", {"n": 2}).status_code == 202
    write_yaml(gate.folder / "rules/all.yaml", [rule(sink="nowhere")])
    gate.reload("failure")
    assert "nowhere" in gate.logs()
    assert gate.post("things", {"n": 3}).status_code == 202
    assert payloads(gate, "one") == [{"n": 1}] and payloads(gate, "two") == [{"n": 2}, {"n": 3}]


def test_check_reads_the_rules(make_rules):
    gate = make_rules([rule(sink="nowhere")], start=False)
    done = run("check", "-c", gate.config)
    assert done.returncode == 1 and "nowhere" in done.stderr


# --- what is owed

def test_nobody_waits_for_a_target_that_is_not_awaited(make_rules, faults):
    gate = make_rules([rule(sink="slow", input_path="$.detail", **{"await": False})],
                      sinks={"slow": {"type": "faults", "release": "release"}}, plugins=[str(faults)])
    begun = time.monotonic()
    assert gate.post("things", {"do": "hold"}).status_code == 202
    assert time.monotonic() - begun < 5
    assert owed(gate) == 1
    (gate.folder / "release").touch()
    wait_until(lambda: owed(gate) == 0)


def test_what_is_owed_is_tried_again_until_it_works(make_rules, faults):
    gate = make_rules([rule(sink="bad", input_path="$.detail", dead_letter="lost", retry=SOON, **{"await": False})],
                      sinks={"bad": {"type": "faults", "retry": QUICK}}, plugins=[str(faults)])
    assert gate.post("things", {"do": "retry"}).status_code == 202
    wait_until(lambda: owed(gate) == 0)
    assert lines(gate, "lost") == []


@pytest.mark.parametrize("do, condition, retries", [("reject", "", 0), ("fail", "MaximumRetryAttempts", 2)])
def test_what_cannot_be_delivered_ends_in_the_dead_letter(make_rules, faults, do, condition, retries):
    gate = make_rules([rule("orders", sink="bad", input_path="$.detail", dead_letter="letters",
                            retry={"attempts": 2, **SOON}, **{"await": False})],
                      sinks={"bad": {"type": "faults", "retry": QUICK},
                             "letters": {"type": "sqlite", "path": "letters.db"}}, plugins=[str(faults)])
    assert gate.post("things", {"do": do}, headers={"Idempotency-Key": "i-3"}).status_code == 202
    wait_until(lambda: owed(gate) == 0)
    done = run("events", "--db", gate.folder / "letters.db", "--json")
    event = json.loads(done.stdout)
    assert event["id"] == "i-3" and event["payload"] == {"do": do}


def test_a_promise_survives_kill_minus_nine(make_rules, faults):
    gate = make_rules([rule(sink="bad", input_path="$.detail", **{"await": False})],
                      sinks={"bad": {"type": "faults", "release": "release"}}, plugins=[str(faults)])
    for n in range(20):
        assert gate.post("things", {"do": "hold", "n": n}).status_code == 202
    gate.kill()
    assert owed(gate) == 20
    (gate.folder / "release").touch()
    gate.start()
    wait_until(lambda: owed(gate) == 0)


def test_a_scheduled_event_waits_for_its_time_and_for_a_restart(make_rules):
    gate = make_rules([rule(sink="one", input_path="$.detail", at="<$.detail.when>")])
    due = time.time() + 2
    assert gate.post("things", {"when": round(due * 1000), "n": 1}).status_code == 202
    assert gate.post("things", {"when": "2020-01-01T00:00:00Z", "n": 2}).status_code == 202  # long past: now
    assert [event["n"] for event in payloads(gate, "one")] == [2]
    gate.stop()
    gate.start()
    wait_until(lambda: len(lines(gate, "one")) == 2)
    assert time.time() >= due
    assert payloads(gate, "one")[1]["n"] == 1


def test_a_metric_tells_how_much_is_owed(make_rules):
    gate = make_rules([rule(sink="one", delay="1h")])
    assert gate.post("things", [{"n": n} for n in range(3)], content_type="application/vnd.eventgate.batch+json").status_code == 202
    wait_until(lambda: gate.metrics()["eventgate_outbox_owed"] == 3)
    assert owed(gate) == 3


def test_a_delay_counts_from_the_post(make_rules):
    gate = make_rules([rule(sink="one", input_path="$.detail", delay="1s")])
    begun = time.time()
    assert gate.post("things", {"n": 1}).status_code == 202
    assert lines(gate, "one") == []
    wait_until(lambda: lines(gate, "one"))
    assert time.time() - begun >= 1


# --- order

def test_the_second_target_waits_for_the_first(make_rules, faults):
    rules = [{"name": "r", "event_pattern": {"source": [{"prefix": ""}]}, "targets": [
        {"id": "object", "sink": "bad", "input_path": "$.detail"},
        {"id": "item", "sink": "one", "input_path": "$.detail", "after": "object"}]}]
    gate = make_rules(rules, sinks={"bad": {"type": "faults", "retry": QUICK}}, plugins=[str(faults)])
    assert gate.post("things", {"n": 1}).status_code == 202
    answer = gate.post("things", {"do": "reject", "n": 2})
    assert answer.status_code == 500
    assert [error["type"] for error in answer.json()["errors"]] == ["bad", "one"]
    assert "because target 'object' failed" in answer.json()["errors"][1]["message"]
    assert payloads(gate, "one") == [{"n": 1}]


def test_the_order_holds_for_what_is_owed(make_rules, faults):
    rules = [{"name": "r", "event_pattern": {"source": [{"prefix": ""}]}, "targets": [
        {"id": "object", "sink": "bad", "input_path": "$.detail", "await": False, "retry": SOON},
        {"id": "item", "sink": "one", "input_path": "$.detail", "after": "object", "await": False}]}]
    gate = make_rules(rules, sinks={"bad": {"type": "faults", "retry": QUICK}}, plugins=[str(faults)])
    assert gate.post("things", {"do": "retry", "n": 1}).status_code == 202
    wait_until(lambda: payloads(gate, "one") == [{"do": "retry", "n": 1}])
    assert gate.post("things", {"do": "reject", "n": 2}).status_code == 202
    wait_until(lambda: owed(gate) == 0)
    assert len(payloads(gate, "one")) == 1


# --- replay

@pytest.fixture
def replayed(make_rules):
    """A daemon that has stored four events, two of them late, and has rules of a later day."""
    gate = make_rules([rule("never", {"detail": {"n": [-1]}}, sink="one")], topics={"things": {"sinks": ["store"]}})
    for n in range(2):
        assert gate.post("things", {"n": n}, headers={"Idempotency-Key": f"i-{n}"}).status_code == 202
    time.sleep(0.05)
    gate.middle = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    time.sleep(0.05)
    for n in range(2, 4):
        assert gate.post("things", {"n": n}, headers={"Idempotency-Key": f"i-{n}"}).status_code == 202
    write_yaml(gate.folder / "rules/all.yaml", [rule("a", sink="one"), rule("b", sink="two", input_path="$.detail")])
    gate.reload()
    return gate


def replay(gate, *arguments):
    return run("replay", "--db", gate.database, "--admin", gate.admin_url(), *arguments)


def test_a_replay_goes_to_the_rules_of_today_with_id_and_time(replayed):
    done = replay(replayed, "--since", "1h")
    assert done.returncode == 0 and done.stdout == "4 events replayed\n", done.stderr
    assert payloads(replayed, "two") == [{"n": n} for n in range(4)]
    envelopes = payloads(replayed, "one")
    assert [envelope["id"] for envelope in envelopes] == [f"i-{n}" for n in range(4)]
    stored = replayed.events()
    assert len(stored) == 4  # the topic's own sink has them already
    assert [envelope["time"][:19] for envelope in envelopes] == [event["time"][:19] for event in stored]


def test_a_replay_of_a_span_of_time_to_one_rule(replayed):
    assert replay(replayed, "--since", replayed.middle, "--rule", "b").stdout == "2 events replayed\n"
    assert payloads(replayed, "two") == [{"n": 2}, {"n": 3}] and payloads(replayed, "one") == []
    assert replay(replayed, "--until", replayed.middle, "--rule", "a").stdout == "2 events replayed\n"
    assert [envelope["id"] for envelope in payloads(replayed, "one")] == ["i-0", "i-1"]


def test_a_dry_run_sends_nothing(replayed):
    assert replay(replayed, "--since", "1h", "--dry-run").stdout == "4 events would be replayed\n"
    assert payloads(replayed, "one") == []


def test_nothing_to_replay_and_nobody_to_take_it(replayed):
    assert replay(replayed, "--id", "nobody").returncode == 1
    assert replay(replayed).returncode == 2
    replayed.stop()
    done = replay(replayed, "--since", "1h")
    assert done.returncode == 3 and "i-0" in done.stderr and done.stdout == "0 events replayed\n"


def test_a_replay_is_for_operators_only(replayed):
    import requests
    assert requests.post(replayed.url("/replay"), json={}, timeout=20).status_code == 404
    assert requests.post(replayed.admin_url("/replay"), json={}, timeout=20).status_code == 400


# --- what a sink must not see

def test_a_sink_never_sees_what_is_hidden_from_it(make_rules):
    hidden = {"type": "log", "path": "hidden.log", "protect": {"drop": ["$.detail.iban"], "redact": ["$.detail.name"]}}
    gate = make_rules([rule(sink="hidden")], sinks={"hidden": hidden}, topics={"things": {"sinks": ["one", "hidden"]}})
    event = {"iban": "DE1", "name": "me", "n": 1}
    assert gate.post("things", event).status_code == 202
    assert payloads(gate, "one") == [event]
    seen = payloads(gate, "hidden")
    assert {"name": "***", "n": 1} in seen and len(seen) == 2
    assert all("DE1" not in json.dumps(each) and '"me"' not in json.dumps(each) for each in seen)
