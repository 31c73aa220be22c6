# SPDX-License-Identifier: Apache-2.0
"""Runs the examples of docs/rules.md and docs/templates.md: each console block's commands must print
what it shows."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / name for name in ("rules.md", "templates.md")]
FUNCTIONS = ROOT / "src" / "rules" / "template_function.c"
VARIABLES = ROOT / "src" / "rules" / "template_source.c"
PROGRAM = pathlib.Path(os.environ.get("EVENTGATE_PROGRAM", ROOT / "build" / "eventgate"))


def examples(page):
    """(command, output) in the page's order; `cat FILE` shows a file that later ones read."""
    for block in re.findall(r"^```console\n(.*?)^```$", page.read_text(), re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, output = part.split("\n", 1)
            yield command, output


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folders = {}
    for page in PAGES:
        folders[page] = tmp_path_factory.mktemp(page.stem)
        for command, output in examples(page):
            if command.startswith("cat "):
                path = folders[page] / command[4:]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(output)
    return folders


COMMANDS = [(page, *example) for page in PAGES for example in examples(page)
            if not example[0].startswith("cat ")]


def test_the_pages_have_examples():
    assert len([c for c in COMMANDS if c[0].stem == "rules"]) > 25
    assert len([c for c in COMMANDS if c[0].stem == "templates"]) > 20


@pytest.mark.parametrize("page, command, output", COMMANDS,
                         ids=[f"{page.stem}: {c[:70]}" for page, c, _ in COMMANDS])
def test_example(folders, page, command, output):
    path = f"{PROGRAM.resolve().parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=folders[page], env={**os.environ, "PATH": path}, timeout=30,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.stdout == output


def names_in(source, pattern):
    return re.findall(pattern, source.read_text(), re.M)


@pytest.mark.parametrize("name", names_in(FUNCTIONS, r'^    \{"(\w+)", "'))
def test_every_function_has_an_example(name):
    page = PAGES[1].read_text()
    assert re.search(rf"^(`\w+(\(.*?\))?`, )*`{name}[(`]", page, re.M), "no paragraph"
    assert any(re.search(rf"\| {name}\b", command) for p, command, _ in COMMANDS if p == PAGES[1])


@pytest.mark.parametrize("name", names_in(VARIABLES, r'^    \{"((?:eventgate|aws)\.[\w.-]+)", '))
def test_every_variable_is_on_the_page(name):
    last = name.removeprefix("eventgate.failure")
    assert f"`{name}`" in PAGES[1].read_text() or f"`{last}`" in PAGES[1].read_text()


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
    (["--form", "text", "--template", "<$.a>"], 0),
    (["--form", "json", "--template", '{"x":"<$>"}'], 1),
    (["--form", "json", "--template", '{"x"'], 2),
    (["--form", "yaml", "--template", "x"], 2),
    (["--form", "text"], 2),
    (["--form", "text", "--template", "x", "--path", "a=$"], 2),
    (["--set", "topic", "--template", "x"], 2),
    (["--set", "nope=1", "--template", "x"], 2),
])
def test_exit_codes_of_transform(arguments, code):
    done = subprocess.run([PROGRAM, "transform", *arguments, "--event", '{"a":1}'],
                          capture_output=True, timeout=30)
    assert done.returncode == code
