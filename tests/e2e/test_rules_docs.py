# SPDX-License-Identifier: Apache-2.0
"""Runs the examples of docs/rules.md: each console block's commands must print what it shows."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "rules.md"
PROGRAM = pathlib.Path(os.environ.get("EVENTGATE_PROGRAM", ROOT / "build" / "eventgate"))


def examples():
    """(command, output) in the page's order; `cat FILE` shows a file that later ones read."""
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE.read_text(), re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, output = part.split("\n", 1)
            yield command, output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    for command, output in examples():
        if command.startswith("cat "):
            (folder / command[4:]).write_text(output)
    return folder


COMMANDS = [e for e in examples() if not e[0].startswith("cat ")]


def test_the_page_has_examples():
    assert len(COMMANDS) > 25


@pytest.mark.parametrize("command, output", COMMANDS, ids=[c[:70] for c, _ in COMMANDS])
def test_example(folder, command, output):
    path = f"{PROGRAM.resolve().parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env={**os.environ, "PATH": path}, timeout=30,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.stdout == output


@pytest.mark.parametrize("arguments, code", [
    (["--pattern", '{"a":[1]}', "--event", '{"a":1}'], 0),
    (["--pattern", '{"a":[1]}', "--event", '{"a":2}'], 1),
    (["--pattern", '{"a":1}', "--event", '{"a":1}'], 2),
    (["--pattern", '{"a":[1]}'], 2),
    (["--pattern", '{"a":[1]}', "--event", "{"], 3),
    (["--pattern", '{"a":[1]}', "--event", "no-such-file"], 3),
    (["--pattern", "no-such-file", "--event", '{"a":1}'], 3),
])
def test_exit_codes_of_match(arguments, code):
    done = subprocess.run([PROGRAM, "match", *arguments], capture_output=True, timeout=30)
    assert done.returncode == code


@pytest.mark.parametrize("arguments, code", [
    (["--input-path", "$.a"], 0),
    (["--path", "a=$", "--template", '{"x":"<a>"}'], 1),
    (["--template", "<nope>"], 2),
    (["--input-path", "a"], 2),
    (["--input", "1", "--input-path", "$"], 2),
])
def test_exit_codes_of_transform(arguments, code):
    done = subprocess.run([PROGRAM, "transform", *arguments, "--event", '{"a":1}'],
                          capture_output=True, timeout=30)
    assert done.returncode == code
