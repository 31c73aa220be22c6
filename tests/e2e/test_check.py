# SPDX-License-Identifier: Apache-2.0
"""`eventgate check`: what serve would read, and every mistake in it at once with its place."""
import json
import re

import pytest
import yaml

from conftest import upstream_conf
from gate import ROOT, VECTORS, run

SAMPLE = VECTORS / "samples/conf"
POSTGRES = {"type": "postgres", "dsn": "host=127.0.0.1 port=9 dbname=nowhere"}


def check(gate, *arguments, env=None):
    return run("check", "-c", gate.config, *arguments, cwd=gate.folder, env=env)


def mistakes(done):
    """{(file, line): message} of a configuration that is refused."""
    assert (done.returncode, done.stdout) == (1, ""), done.stdout + done.stderr
    found = re.findall(r"^(?:\S*/)?([^/\s:]+):(\d+):\d+: (.*)$", done.stderr, re.M)
    return {(file, int(line)): message for file, line, message in found}


def line_of(path, text):
    lines = [number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line]
    assert len(lines) == 1, (text, lines)
    return lines[0]


# --- upstream's folder

@pytest.mark.skipif(not SAMPLE.is_dir(), reason=f"upstream's conf folder is not at {SAMPLE}")
class TestUpstream:
    def test_the_conf_folder_as_it_is(self):
        for arguments, env in ((["-c", SAMPLE], {}), ([], {"CONF_DIR": str(SAMPLE)}),
                               (["-c", SAMPLE / "config.json"], {})):
            done = run("check", *arguments, env=env)
            assert done.returncode == 0, done.stderr
            assert done.stdout.startswith("configuration ok: 4 topics, ")

    def test_its_four_files_are_four_topics(self, tmp_path):
        conf = upstream_conf(tmp_path, "https://keys.example.org")
        done = run("check", "-c", conf, "--dump", cwd=tmp_path)
        dumped = yaml.safe_load(done.stdout)
        assert sorted(dumped["topics"]) == [f"public.cps.za.{name}" for name in
                                            ("dlchange", "runs", "status_change", "test")]
        assert dumped["auth"]["public_keys_url"] == "https://keys.example.org"
        assert list(dumped["sinks"]) == ["sqlite"], "none is named, so the embedded one"
        assert "the embedded database" in done.stderr

    def test_what_has_no_effect_is_told_by_name(self, tmp_path):
        conf = upstream_conf(tmp_path, "https://keys.example.org", made_up_by_somebody=1)
        done = run("check", "-c", conf, cwd=tmp_path)
        assert done.returncode == 0 and "made_up_by_somebody" in done.stderr

    def test_its_mistakes_have_places(self, tmp_path):
        conf = upstream_conf(tmp_path, "https://keys.example.org")
        (conf / "access.json").write_text('{\n "public.cps.za.test": {"U": {"f": ["("]}}}')
        (conf / "topic_schemas/runs.json").write_text('{"type": "nonsense"}')
        done = run("check", "-c", conf, cwd=tmp_path)
        assert ("access.json", 2) in mistakes(done) and "runs.json" in done.stderr
        (conf / "config.json").write_text('{\n"kafka_bootstrap_server": 5}')
        assert ("config.json", 2) in mistakes(run("check", "-c", conf, cwd=tmp_path))


# --- mistakes

def test_all_mistakes_at_once(make_gate):
    gate = make_gate({
        "sever": {"listen": "x"},
        "server": {"lissten": "x", "threads": "many", "subject_burst": 0, "drain_delay": "5 parsecs"},
        "auth": {"algorithms": {"RS256": True}},
        "log": {"level": "LOUD"},
        "sinks": {"one": {"type": "sqlit"}, "two": {"type": "sqlite", "pth": "x"}, "three": {"path": "x"}},
    }, start=False)
    (gate.folder / "access.json").write_text('{"things": {"U": {"f": ["("]}}}')
    (gate.folder / "topics/things.json").write_text('{"type": "nonsense"}')
    done = check(gate)
    found = mistakes(done)
    for text, message in {
            "sever:": "no such setting; did you mean 'server'?",
            "lissten:": "no such setting; did you mean 'listen'?",
            "threads: many": "expected an integer, got 'many'",
            "subject_burst: 0": "0 is out of range: 1 to 1000000",
            "drain_delay: 5 parsecs": "expected a duration",
            "RS256: true": "expected a list of strings",
            "level: LOUD": "expected one of TRACE, DEBUG, INFO",
            "type: sqlit": "expected one of ",
            "pth: x": "no such setting; did you mean 'path'?",
            "three:": "required, but not set"}.items():
        lines = [number for number, line in enumerate(gate.config.read_text().splitlines(), 1)
                 if line.strip().startswith(text)]
        assert any(message in found.get((gate.config.name, line), "") for line in lines), (text, done.stderr)
    assert "invalid regular expression '('" in found["access.json", 1]
    assert "things.json" in done.stderr and "nonsense" in done.stderr


def test_names_that_stand_twice(make_gate):
    gate = make_gate(start=False)
    gate.config.write_text(gate.config.read_text() + "log: {level: INFO}\nlog: {level: DEBUG}\n")
    assert any("'log' stands here twice" in message for message in mistakes(check(gate)).values())


def test_a_file_that_is_no_yaml(make_gate):
    gate = make_gate(start=False)
    gate.config.write_text("server:\n  listen: [\n")
    assert list(mistakes(check(gate)))[0][0] == gate.config.name


@pytest.mark.parametrize("content", [None, "nonsense", '{"keys": []}'])
def test_public_keys_that_can_not_be_read(make_gate, content):
    gate = make_gate(start=False)
    (gate.folder / "keys.json").unlink()
    if content:
        (gate.folder / "keys.json").write_text(content)
    found = mistakes(check(gate))
    assert "keys.json" in found[gate.config.name, line_of(gate.config, "public_keys_file")]


def test_a_plug_in_that_is_not_there(make_gate):
    gate = make_gate({"plugins": ["nothing.so"]}, start=False)
    found = mistakes(check(gate))
    assert "nothing.so" in found[gate.config.name, line_of(gate.config, "plugins:") + 1] \
        or "nothing.so" in found[gate.config.name, line_of(gate.config, "plugins:")]


def test_a_property_that_the_client_library_does_not_have(make_gate):
    gate = make_gate({"sinks": {"one": {"type": "kafka", "bootstrap_servers": "127.0.0.1:9",
                                        "properties": {"no.such.property": "x"}},
                                "two": {"type": "kafka", "bootstrap_servers": "127.0.0.1:9",
                                        "properties": {"linger.ms": "soon"}}}}, start=False)
    done = check(gate)
    assert len(mistakes(done)) == 2 and "no.such.property" in done.stderr and "linger.ms" in done.stderr


# --- PostgreSQL's files

def test_mappings_and_queries_are_read(make_gate):
    gate = make_gate({"sinks": {"rows": {**POSTGRES, "mappings": "mappings"}, "events": {"type": "sqlite"}},
                      "stats": {"queries": "stats"}}, start=False)
    (gate.folder / "mappings").mkdir()
    (gate.folder / "stats").mkdir()
    (gate.folder / "mappings/things.yaml").write_text(
        "statements:\n  - sql: INSERT INTO t VALUES (:id, :gone)\n    parameters:\n      id: text /id required\n"
        "      other: text /x\n")
    (gate.folder / "mappings/others.yaml").write_text("statments: []\n")
    (gate.folder / "mappings/types.yaml").write_text(
        "statements:\n  - sql: INSERT INTO t VALUES (:id)\n    parameters:\n      id: nonsense /id\n")
    (gate.folder / "stats/one.yaml").write_text("sql: SELECT :nobody\nkey: id\nwindow: 7d\n")
    (gate.folder / "stats/two.yaml").write_text("sql: SELECT :limit\nkey: id\nwindow: forever\n")
    found = mistakes(check(gate))
    assert set(found) == {("things.yaml", 2), ("others.yaml", 1), ("types.yaml", 2), ("one.yaml", 1), ("two.yaml", 3)}
    assert "nonsense" in found["types.yaml", 2] and ":nobody" in found["one.yaml", 1]
    assert "forever" in found["two.yaml", 3]


def test_the_mappings_and_queries_that_ship_are_good(make_gate):
    shipped = ROOT / "etc/postgres"
    gate = make_gate({"sinks": {"rows": {**POSTGRES, "mappings": str(shipped / "mappings")}},
                      "stats": {"queries": str(shipped / "stats")}}, start=False)
    done = check(gate)
    assert done.returncode == 0, done.stderr


def test_a_folder_that_is_not_there(make_gate):
    gate = make_gate({"sinks": {"rows": {**POSTGRES, "mappings": "nothing"}}}, start=False)
    done = check(gate)
    assert done.returncode == 1 and "nothing" in done.stderr


# --- values from elsewhere

@pytest.fixture
def borrowed(make_gate):
    gate = make_gate({
        "auth": {"provider_url": "https://${LOGIN}/token", "issuer": "$${literal}", "leeway": "${LEEWAY:-7s}"},
        "sinks": {"k": {"type": "kafka", "bootstrap_servers": "127.0.0.1:9", "sasl_mechanism": "PLAIN",
                        "security_protocol": "sasl_plaintext", "sasl_username": "u",
                        "sasl_password": {"file": "password"}}}}, start=False)
    (gate.folder / "password").write_text("hush hush\n")
    return gate


def test_values_of_the_environment_and_of_files(borrowed):
    done = check(borrowed, "--dump", env={"LOGIN": "login.example.org"})
    assert done.returncode == 0, done.stderr
    auth = yaml.safe_load(done.stdout)["auth"]
    assert auth["provider_url"] == "https://login.example.org/token" and auth["leeway"] == "7s"
    assert auth["issuer"] in ("$${literal}", ["$${literal}"])
    done = check(borrowed, "--dump", env={"LOGIN": "x", "LEEWAY": "9s"})
    assert yaml.safe_load(done.stdout)["auth"]["leeway"] == "9s"


def test_secrets_are_never_shown(borrowed):
    for arguments in ([], ["--dump"]):
        done = check(borrowed, *arguments, env={"LOGIN": "x"})
        assert done.returncode == 0 and "hush" not in done.stdout + done.stderr
    assert "***" in done.stdout


def test_a_variable_that_is_not_set(borrowed):
    found = mistakes(check(borrowed))
    assert found == {(borrowed.config.name, line_of(borrowed.config, "${LOGIN}")):
                     "environment variable LOGIN is not set; set it, or write ${LOGIN:-default}"}


def test_a_secret_file_that_is_not_there(borrowed):
    (borrowed.folder / "password").unlink()
    found = mistakes(check(borrowed, env={"LOGIN": "x"}))
    assert "sasl_password" in found[borrowed.config.name, line_of(borrowed.config, "file: password")]


# --- what is in force

def test_a_dump_is_a_configuration(make_gate):
    gate = make_gate({"server": {"limits": {"max_body_bytes": "2MiB"}}, "events": {"max_depth": 9}},
                     topic_keys={"things": "a"}, start=False)
    done = check(gate, "--dump")
    assert done.returncode == 0
    (gate.folder / "again.yaml").write_text(done.stdout)
    again = run("check", "-c", gate.folder / "again.yaml", "--dump", cwd=gate.folder)
    assert (again.returncode, again.stdout) == (0, done.stdout)
    assert "max_body_bytes: 2MiB" in done.stdout and "max_depth: 9" in done.stdout


def test_the_page_about_settings_is_up_to_date():
    assert run("check", "--docs").stdout == (ROOT / "docs/configuration.md").read_text()


def test_check_opens_nothing(make_gate):
    gate = make_gate(start=False)
    assert check(gate).returncode == 0
    assert not gate.database.exists()
    assert json.loads((gate.folder / "access.json").read_text())
