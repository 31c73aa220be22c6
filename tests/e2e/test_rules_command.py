# SPDX-License-Identifier: Apache-2.0
"""`eventgate rules`: what it says of a folder, and with which exit code."""
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("EVENTGATE_PROGRAM", ROOT / "build" / "eventgate"))

RULE = """\
name: paid
topics: [orders]
event_pattern: {detail: {state: [paid]}}
targets:
  - {sink: audit, protect: {hash: [$.detail.mail]}}
  - {id: due, sink: mail, at: <$.detail.due | date>, input_path: $.detail.id}
"""


def run(*arguments):
    return subprocess.run([PROGRAM, "rules", *map(str, arguments)], capture_output=True, text=True,
                          timeout=30)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "paid.yaml").write_text(RULE)
    return tmp_path


def test_check_lists_the_rules(folder):
    (folder / "off.yaml").write_text(
        "{name: off, enabled: false, event_pattern: {a: [1]}, targets: [{sink: x}]}")
    done = run("check", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "enabled  paid of orders > audit, mail\ndisabled off > x\n"


def test_check_names_every_mistake_with_its_place(folder):
    (folder / "bad.yaml").write_text("""\
- name: paid
  event_pattern: {state: [paid]}
- name: two
  event_pattern: {state: paid}
  targets:
    - {sink: a, inputs: 1}
    - {sink: b, at: <eventgate.nou>}
    - {sink: c, after: nobody}
""")
    done = run("check", folder)
    assert done.returncode == 2 and done.stdout == ""
    lines = done.stderr.splitlines()
    for line, text in [
        (4, "state: a field wants an array"), (6, "inputs: no such setting; did you mean 'input'?"),
        (7, "did you mean <eventgate.now>?"), (8, "'nobody'"),
        (1, "paid.yaml"),
    ]:
        assert any(text in said and (f"bad.yaml:{line}:" in said or "paid" in said)
                   for said in lines), (line, text, lines)


def test_cases_pass_and_fail(folder):
    (folder / "tests").mkdir()
    (folder / "tests" / "all.yaml").write_text("""\
- name: goes through
  topic: orders
  event: {detail: {state: paid, id: 7, mail: a@b.c, due: "2026-02-01T10:00:00+01:00"}}
  expect:
    - {target: due, text: "7", at: "2026-02-01T09:00:00Z"}
    - {sink: audit}
- name: of another topic
  topic: others
  event: {detail: {state: paid}}
  expect: []
""")
    done = run("test", folder)
    assert done.returncode == 0, done
    assert done.stdout.splitlines() == [
        "PASS all.yaml: goes through", "PASS all.yaml: of another topic", "2 passed, 0 failed"]
    (folder / "wrong.test.yaml").write_text("""\
- name: too much and too little
  topic: orders
  event: {detail: {state: paid, id: 7, due: never}}
  expect:
    - {sink: audit, payload: {detail: {id: 8}}}
""")
    done = run("test", folder)
    assert done.returncode == 1
    assert "FAIL wrong.test.yaml:1: too much and too little" in done.stdout
    assert '  - any rule > audit: {"detail": {"id": 8}}' in done.stdout
    assert '  + paid > audit: {"detail": {"state": "paid", "id": 7, "due": "never"}}' in done.stdout
    assert "  + paid > mail: 7 at the template's <$.detail.due | date>: date(): the value is no time" \
        in done.stdout
    assert done.stdout.endswith("2 passed, 1 failed\n")


def test_a_hash_is_the_same_everywhere(folder):
    (folder / "a.test.yaml").write_text("""\
- name: hashed
  topic: orders
  event: {detail: {state: paid, mail: a@b.c}}
  expect:
    - {sink: audit, payload: {detail: {state: paid, mail: HASH}}}
    - {sink: mail}
""".replace("HASH", "5b1b49d6e5d2f1a9"))
    done = run("test", folder)
    assert done.returncode == 1
    line = next(said for said in done.stdout.splitlines() if said.startswith("  + paid > audit: "))
    mail = json.loads(line.split(": ", 1)[1])["detail"]["mail"]
    assert len(mail) == 64
    text = (folder / "a.test.yaml").read_text().replace("5b1b49d6e5d2f1a9", mail)
    (folder / "a.test.yaml").write_text(text)
    assert run("test", folder).returncode == 0


@pytest.mark.parametrize("text", ["- {name: x}", "{name: x, event: {}}", "- {name: x, event: {}, a: 1}"])
def test_cases_that_are_none(folder, text):
    (folder / "a.test.yaml").write_text(text)
    done = run("test", folder)
    assert done.returncode == 2 and "a.test.yaml:1" in done.stderr


def test_no_case_is_no_success(folder):
    done = run("test", folder)
    assert done.returncode == 1 and "there are no cases" in done.stderr


def test_an_arn_is_a_sink(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({
        "Name": "a", "EventPattern": '{"a":[1]}', "State": "DISABLED",
        "Targets": [{"Id": "1", "Arn": "arn:aws:sqs:eu-west-1:1:queue"}]}))
    assert run("check", tmp_path).stdout == "disabled a > queue\n"
    done = run("check", "--arn", "arn:aws:sqs:eu-west-1:1:queue=billing", tmp_path)
    assert done.stdout == "disabled a > billing\n"


@pytest.mark.parametrize("arguments", [
    [], ["check"], ["check", "a", "b"], ["look", "/tmp"], ["check", "--arn", "x", "/tmp"],
    ["check", "--what", "/tmp"], ["check", "/no/such/folder"],
])
def test_wrong_usage(arguments):
    assert run(*arguments).returncode == 2
