# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end tests: keys, a daemon on upstream's conf/ folder, daemons of one's own."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from aws_gate import aws, aws_gate, aws_session, dynamodb_local, moto  # noqa: F401
from gate import ROOT, VECTORS, Gate, KeyPair, KeyServer, free_port, write_yaml
from recipe_gate import recipe_kafka, start_recipe  # noqa: F401


@pytest.fixture(scope="session")
def keys():
    return KeyPair()


@pytest.fixture(scope="session")
def other_keys():
    return KeyPair()


def upstream_conf(folder, keys_url, **changes):
    """Upstream's conf/ folder with its redacted addresses filled in, as an operator has it."""
    sample = VECTORS / "samples/conf"
    if not sample.is_dir():
        pytest.skip(f"upstream's conf folder is not at {sample}")
    conf = folder / "conf"
    shutil.copytree(sample, conf)
    config = json.loads((conf / "config.json").read_text())
    config.update({"access_config": "conf/access.json", "token_public_keys_url": keys_url,
                   "token_provider_url": "https://login.example.org/token", "ssl_ca_bundle": True,
                   "kafka_bootstrap_server": "", "event_bus_arn": "", **changes})
    (conf / "config.json").write_text(json.dumps(config))
    return conf


def start_on_conf(conf, keys, env=None, wait=True):
    gate = Gate("", conf.parent, keys, env={"CONF_DIR": str(conf), **(env or {})})
    gate.port, gate.admin_port = free_port(), free_port()
    gate.database = conf.parent / "eventgate.db"
    gate.arguments = ["--listen", f"127.0.0.1:{gate.port}", "--admin-listen", f"127.0.0.1:{gate.admin_port}"]
    return gate.start(wait)


@pytest.fixture(scope="session")
def gate(keys, tmp_path_factory):
    """One daemon on upstream's conf folder and the embedded sink, for all tests that only post."""
    folder = tmp_path_factory.mktemp("upstream")
    server = KeyServer({"keys": [keys.upstream]})
    daemon = start_on_conf(upstream_conf(folder, server.url), keys)
    yield daemon
    daemon.stop()
    server.close()


def build_gate(folder, keys, settings=None, topics=None, access=None, env=None, topic_keys=None):
    """A daemon on YAML of its own, ready to be started: the settings over ports, keys and one sqlite sink."""
    (folder / "topics").mkdir(parents=True)
    for name, schema in (topics or {"things": {"type": "object"}}).items():
        (folder / "topics" / f"{name}.json").write_text(json.dumps(schema))
    names = list(topics or {"things": {}})
    (folder / "access.json").write_text(
        json.dumps(access if access is not None else {name: ["TestUser"] for name in names}))
    (folder / "keys.json").write_text(json.dumps({"keys": [keys.upstream]}))
    port, admin_port = free_port(), free_port()
    document = {
        "server": {"listen": f"127.0.0.1:{port}"},
        "admin": {"listen": f"127.0.0.1:{admin_port}"},
        "auth": {"public_keys_file": "keys.json"},
        "access": "access.json",
        "topic_schemas": "topics",
        "sinks": {"events": {"type": "sqlite", "path": "events.db"}},
    }
    if topic_keys is not None:
        (folder / "topic_keys.json").write_text(json.dumps(topic_keys))
        document["topic_keys"] = "topic_keys.json"
    for section, values in (settings or {}).items():
        if isinstance(values, dict) and isinstance(document.get(section), dict) and section != "sinks":
            document[section].update(values)
        else:
            document[section] = values
    daemon = Gate(write_yaml(folder / "eventgate.yaml", document), folder, keys, env=env)
    daemon.port, daemon.admin_port = port, admin_port
    return daemon


@pytest.fixture
def make_gate(keys, tmp_path):
    """make_gate({...settings...}, topics={name: schema}, access={...}) starts a daemon on YAML of its own."""
    started = []

    def make(settings=None, start=True, wait=True, **options):
        daemon = build_gate(tmp_path / f"gate{len(started)}", keys, settings, **options)
        started.append(daemon)
        return daemon.start(wait) if start else daemon

    yield make
    for daemon in started:
        if daemon.process is not None:
            daemon.stop()


@pytest.fixture(scope="session")
def plain_gate(keys, tmp_path_factory):
    """One daemon with nothing but defaults and the topic `things`, for tests that leave no trace in it."""
    daemon = build_gate(tmp_path_factory.mktemp("plain") / "gate", keys, {"auth": {"provider_url":
                        "https://login.example.org/token"}}).start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="session")
def postgres():
    """One PostgreSQL server for all tests of a run; each makes databases of its own."""
    import postgres_server
    with postgres_server.running_server() as server:
        yield server


def build_plugin(source, target, headers=ROOT / "include"):
    """A plug-in as somebody else would build it: a C compiler and the public headers."""
    compiler = os.environ.get("CC", "cc")
    if not shutil.which(compiler):
        pytest.skip(f"no C compiler '{compiler}'")
    subprocess.run([compiler, "-std=gnu17", "-Wall", "-Werror", "-fPIC", "-shared", f"-I{headers}", "-o", target,
                    source], check=True, timeout=120)
    return target


@pytest.fixture(scope="session")
def faults(tmp_path_factory):
    """The plug-in whose sink does what the event asks for."""
    return build_plugin(ROOT / "tests/support/plugin_faults.c", tmp_path_factory.mktemp("plugin") / "faults.so")
