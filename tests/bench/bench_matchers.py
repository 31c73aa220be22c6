#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our matcher beside event-ruler (Java) and quamina (Go): the same rules, the same events, one core.

event-ruler comes from Maven Central, and is left out where there is no mvn. quamina is built from
the checkout that QUAMINA names, and left out where it names none. What a matcher does not
understand, or does not build within a minute, is a dash.
"""
import os
import pathlib
import shutil
import subprocess
import sys

BUILD = pathlib.Path(os.environ.get("BUILD", "build")).resolve()
WORK = BUILD / "bench/matchers"
HERE = pathlib.Path(__file__).resolve().parent / "matchers"
KINDS = ("exact", "prefix", "numeric", "anything-but", "wildcard", "mixed")
COUNTS = (1, 100, 10000)
PATIENCE = 60


def pinned(command):
    """One core: the others' runtimes would use more."""
    return ["taskset", "-c", "0", *map(str, command)]


def measure_ours():
    """{(kind, count): (ns, build ms, matches)}, and the whole table as it was printed."""
    done = subprocess.run(pinned([BUILD / "tests/bench/bench_rules", WORK]), check=True, text=True,
                          capture_output=True)
    rows = {}
    for line in done.stdout.splitlines():
        fields = line.split()
        if fields and fields[0] in KINDS:
            rows[fields[0], int(fields[1])] = (float(fields[3]), float(fields[6]), float(fields[5]))
    return rows, done.stdout


def set_up_ruler():
    if not shutil.which("mvn") or not shutil.which("javac"):
        return None
    lib = WORK / "ruler/lib"
    subprocess.run(["mvn", "-q", "-f", HERE / "ruler/pom.xml", f"-Dlib={lib}", "prepare-package"], check=True)
    subprocess.run(["javac", "-cp", f"{lib}/*", "-d", WORK / "ruler", HERE / "ruler/Match.java"], check=True)
    return ["java", "-XX:+UseSerialGC", "-cp", f"{lib}/*:{WORK / 'ruler'}", "Match"]


def set_up_quamina():
    checkout = os.environ.get("QUAMINA")
    if not checkout or not shutil.which("go"):
        return None
    folder = WORK / "quamina"
    shutil.copytree(HERE / "quamina", folder, dirs_exist_ok=True)
    replacement = f"quamina.net/go/quamina/v2={pathlib.Path(checkout).resolve()}"
    subprocess.run(["go", "mod", "edit", "-replace", replacement], cwd=folder, check=True)
    subprocess.run(["go", "build", "-o", "match", "."], cwd=folder, check=True)
    return [folder / "match"]


def measure(command, kind, count):
    try:
        done = subprocess.run(pinned([*command, WORK, kind, count]), text=True, capture_output=True,
                              timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    return tuple(map(float, done.stdout.split())) if done.returncode == 0 else None


def cell(row, ours):
    if row is None:
        return "- | -"
    differs = "" if abs(row[2] - ours[2]) < 0.01 else " (other matches)"
    return f"{1e9 / row[0]:,.0f}{differs} | {row[0] / ours[0]:.1f}"


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    ours, table = measure_ours()
    print(table)
    others = {name: command for name, command in
              (("event-ruler", set_up_ruler()), ("quamina", set_up_quamina())) if command}
    if not others:
        sys.exit("neither mvn nor QUAMINA: nobody to compare with")
    print("Events/s on one core, reading the event included; the ratio is ours by theirs.\n")
    print("| rules | count | ours |" + "".join(f" {name} | ratio |" for name in others))
    print("|---|---|---|" + "---|---|" * len(others))
    for kind in KINDS:
        for count in COUNTS:
            mine = ours[kind, count]
            cells = " | ".join(cell(measure(command, kind, count), mine) for command in others.values())
            print(f"| {kind} | {count:,} | {1e9 / mine[0]:,.0f} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
