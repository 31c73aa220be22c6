#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the stages of `make check` one after the other and adds up what they counted.

A stage is a name and a command. Its output goes to the screen as it comes and to
build/check/<name>.log; its tests are counted from the closing lines of cmocka, pytest and our own
conformance programs. The run goes on after a failed stage, so that one look shows everything.
"""
import os
import pathlib
import re
import subprocess
import sys
import time

# What the closing lines look like: each pattern names what it counts.
COUNTERS = [
    re.compile(r"^\[  PASSED  \] (?P<passed>\d+) test"),
    re.compile(r"^\[  FAILED  \] (?P<failed>\d+) test"),
    re.compile(r"^\[  SKIPPED \] (?P<skipped>\d+) test"),
    re.compile(r"^(?:=+ )?(?:\d+ \w+, )*(?P<passed>\d+) passed.* in [\d.]+s"),
    re.compile(r"^(?:=+ )?(?:\d+ \w+, )*(?P<failed>\d+) failed.* in [\d.]+s"),
    re.compile(r"^(?:=+ )?(?:\d+ \w+, )*(?P<failed>\d+) errors?.* in [\d.]+s"),
    re.compile(r"^(?:=+ )?(?:\d+ \w+, )*(?P<skipped>\d+) skipped.* in [\d.]+s"),
    re.compile(r"^cases: (?P<passed>\d+) passed, (?P<failed>\d+) failed, (?P<skipped>\d+) skipped$"),
]


def count(line, totals):
    for counter in COUNTERS:
        match = counter.match(line)
        if match:
            for kind, number in match.groupdict().items():
                totals[kind] += int(number)


def run_stage(name, command, log_folder, totals):
    print(f"\n== {name}: {command}", flush=True)
    began = time.monotonic()
    log = log_folder / (re.sub(r"[^a-z0-9]+", "-", name.lower()) + ".log")
    with log.open("w") as out:
        process = subprocess.Popen(command, shell=True, text=True, errors="replace",
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        for line in process.stdout:
            out.write(line)
            sys.stdout.write(line)
            sys.stdout.flush()
            count(line, totals)
        code = process.wait()
    took = time.monotonic() - began
    print(f"== {name}: {'ok' if code == 0 else f'FAILED (exit {code})'} in {took:.0f} s", flush=True)
    return code == 0


def main():
    stages = [argument.split("=", 1) for argument in sys.argv[1:]]
    log_folder = pathlib.Path(os.environ.get("BUILD", "build")) / "check"
    log_folder.mkdir(parents=True, exist_ok=True)
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    failed_stages = [name for name, command in stages
                     if not run_stage(name, command, log_folder, totals)]
    # A stage can fail without a failed test: a build error, a crash, a style finding.
    totals["failed"] = max(totals["failed"], len(failed_stages))
    print()
    for name in failed_stages:
        print(f"failed stage: {name} (see {log_folder})")
    print(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped")
    return 1 if failed_stages or totals["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
