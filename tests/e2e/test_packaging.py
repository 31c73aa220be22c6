# SPDX-License-Identifier: Apache-2.0
"""What `make install` puts where, and whether manual, unit, container file and README are true."""
import os
import re
import shutil
import subprocess
import time

import pytest
import requests

from conftest import build_plugin
from gate import PROGRAM, ROOT, free_port, run

PREFIX = "/opt/eventgate"
COMMANDS = re.findall(r"EG_COMMAND\((\w+)\)", (ROOT / "src/command/commands.def").read_text().split("*/")[-1])


def tool(name):
    path = shutil.which(name)
    if not path:
        pytest.skip(f"{name} is not installed")
    return path


def call(*arguments, **options):
    return subprocess.run(list(map(str, arguments)), capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """`make install` of the program under test; -o: it is built already, however it was built."""
    folder = tmp_path_factory.mktemp("install")
    done = call(tool("make"), "install", "-o", "release", "-o", "all", f"DESTDIR={folder}", f"PREFIX={PREFIX}",
                f"RELEASE={PROGRAM.resolve()}", cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


# --- make install

def test_the_plain_program_is_installed_without_a_training():
    """-n: what would be done; a training would throw the build of the release away."""
    done = call(tool("make"), "-n", "install", "-o", "all", "RELEASE=build/eventgate", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "install -D -m 755 build/eventgate" in done.stdout and "support/train" not in done.stdout


def test_what_is_installed(installed):
    prefix = installed / PREFIX.lstrip("/")
    for path, mode in {"bin/eventgate": 0o755, "share/man/man1/eventgate.1": 0o644, "include/eventgate/sink.h": 0o644,
                       "share/bash-completion/completions/eventgate": 0o644,
                       "share/zsh/site-functions/_eventgate": 0o644,
                       "share/fish/vendor_completions.d/eventgate.fish": 0o644,
                       "share/eventgate/postgres/mappings/public.cps.za.test.yaml": 0o644}.items():
        assert (prefix / path).stat().st_mode & 0o777 == mode, path
    shipped = {path.relative_to(ROOT / "etc/postgres") for path in (ROOT / "etc/postgres").rglob("*.*")}
    found = {path.relative_to(prefix / "share/eventgate/postgres")
             for path in (prefix / "share/eventgate/postgres").rglob("*.*")}
    assert shipped == found
    assert {path.name for path in (ROOT / "include/eventgate").iterdir()} == \
        {path.name for path in (prefix / "include/eventgate").iterdir()}
    assert all(str(installed) not in path.read_text(errors="replace")
               for path in installed.rglob("*") if path.is_file() and path.name != "eventgate")


def test_the_installed_program_runs_and_finds_its_files(installed, tmp_path):
    program = installed / PREFIX.lstrip("/") / "bin/eventgate"
    assert call(program, "version", cwd=tmp_path).stdout == run("version").stdout
    (tmp_path / "eventgate.yaml").write_text(
        "auth: {public_keys_url: http://127.0.0.1:9}\n"
        "sinks: {rows: {type: postgres, dsn: dbname=x}}\n")
    done = call(program, "check", "-c", "eventgate.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_plug_in_built_with_the_installed_headers(installed, make_gate, tmp_path):
    headers = installed / PREFIX.lstrip("/") / "include"
    plugin = build_plugin(ROOT / "tests/support/plugin_example.c", tmp_path / "lines.so", headers)
    gate = make_gate({"plugins": [str(plugin)], "sinks": {"out": {"type": "lines", "path": "out.txt"}}})
    assert gate.post("things", {"n": 1}, headers={"Idempotency-Key": "i"}).status_code == 202
    assert (gate.folder / "out.txt").read_text().startswith("things i ")


# --- systemd

def test_the_unit(installed, tmp_path):
    unit = installed / "lib/systemd/system/eventgate.service"
    text = unit.read_text()
    assert f"ExecStart={PREFIX}/bin/eventgate serve" in text and "/usr/local" not in text
    assert "Type=notify" in text and re.search(r"^ExecReload=.*-HUP \$MAINPID", text, re.M)
    analyze = tool("systemd-analyze")
    (tmp_path / unit.name).write_text(text.replace(f"{PREFIX}/bin", str(PROGRAM.parent)))
    done = call(analyze, "verify", "--man=no", tmp_path / unit.name)
    assert (done.returncode, done.stderr) == (0, "")
    done = call(analyze, "security", "--offline=true", "--threshold=20", tmp_path / unit.name)
    assert done.returncode == 0, done.stdout[-500:]


# --- the manual page

def test_the_manual_page_is_well_formed(installed):
    page = installed / PREFIX.lstrip("/") / "share/man/man1/eventgate.1"
    done = call(tool("man"), "--warnings", "-E", "UTF-8", "-l", page, env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^     {command}\b", done.stdout, re.M), command
    for heading in ("SYNOPSIS", "ENVIRONMENT", "FILES", "SIGNALS", "EXIT STATUS", "EXAMPLES"):
        assert f"\n{heading}\n" in done.stdout


# --- the container file

def test_the_container_holds_the_libraries_that_the_program_needs():
    """Each library that the program is linked with belongs to a package that the last stage installs."""
    tool("dpkg")
    last = (ROOT / "docker/Dockerfile").read_text().split("\nFROM ")[-1]
    packages = set(re.findall(r"^      ([a-z0-9.+-]+) \\$", last, re.M))
    needed = re.findall(r"NEEDED +(\S+)", call(tool("objdump"), "-p", PROGRAM).stdout)
    assert needed
    for library in needed:
        owners = {line.split(":")[0] for line in call("dpkg", "-S", f"*/{library}").stdout.splitlines()}
        owners = {owner for owner in owners if not owner.endswith("-dev")}
        if owners & {"libc6", "libgcc-s1", "libasan8", "libubsan1", "libtsan2", "libgcc-12-dev"} or "san" in library:
            continue
        assert owners & packages, (library, owners)


def test_the_container_installs_what_the_build_needs():
    first = (ROOT / "docker/Dockerfile").read_text().split("\nFROM ")[1]
    assert "tests/support/install-packages run" in first
    wanted = set(re.findall(r"^run +(\S+)", (ROOT / "tests/support/packages.txt").read_text(), re.M))
    libraries = re.search(r"^PACKAGES := (.*)$", (ROOT / "Makefile").read_text(), re.M).group(1).split()
    for library in libraries:
        path = call(tool("pkg-config"), "--variable=pcfiledir", library).stdout.strip()
        owners = {line.split(":")[0] for line in call(tool("dpkg"), "-S", f"{path}/{library}.pc").stdout.splitlines()}
        assert owners & wanted, (library, owners)


# --- README's two commands

def test_the_commands_of_the_readme_exist():
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"\bmake ([a-z-]+)", readme))
    helped = set(re.findall(r"make ([a-z-]+)", call(tool("make"), "help", cwd=ROOT).stdout))
    assert {"run", "check", "help", "bench"} <= targets and targets <= helped
    for line in re.findall(r"^    build/eventgate (.*)$", readme, re.M):
        assert line.split()[0] in COMMANDS
    for command in re.findall(r"`eventgate ([a-z0-9]+)", readme):
        assert command in COMMANDS
    for link in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (ROOT / link).exists(), link


def test_what_make_run_does(tmp_path):
    """etc/dev/run: a key pair, a daemon, and curl lines that work as they are printed."""
    folder, port = tmp_path / "run", free_port()
    env = {**os.environ, "EVENTGATE_LISTEN": f"127.0.0.1:{port}", "EVENTGATE_ADMIN_LISTEN": f"127.0.0.1:{free_port()}"}
    log = open(tmp_path / "log", "w+")
    daemon = subprocess.Popen([ROOT / "etc/dev/run", PROGRAM, folder], stdout=log, stderr=subprocess.STDOUT, env=env,
                              cwd=tmp_path)
    try:
        until = time.monotonic() + 30
        while "to look at" not in (text := (tmp_path / "log").read_text()):
            assert daemon.poll() is None and time.monotonic() < until, text
            time.sleep(0.05)
        lines = re.findall(r"^  (curl -i .*?')\n\n", text, re.M | re.S)
        assert len(lines) == len(requests.get(f"http://127.0.0.1:{port}/topics", timeout=10).json())
        for line in lines:
            assert " 202 " in call("bash", "-c", line).stdout.splitlines()[0], line
        listed = re.search(r"What arrived: +(.*)$", text, re.M).group(1)
        assert len(call("bash", "-c", listed).stdout.splitlines()) == len(lines)
    finally:
        daemon.terminate()
        assert daemon.wait(30) in (0, 143)
        log.close()
