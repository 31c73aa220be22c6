#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reading and validating, beside what one would use instead: ajv, jsonschema-rs, python-jsonschema.

Same schemas, same events, same run; the contestants take turns, and each figure is the median over
the turns of the best of a turn. "text" is from the event's bytes to the verdict, "alone" is
validation of what was read before.
"""
import os
import pathlib
import shutil
import statistics
import subprocess

BUILD = pathlib.Path(os.environ.get("BUILD", "build")).resolve()
HERE = pathlib.Path(__file__).resolve().parent
CASES = BUILD / "bench/cases"
PYTHON = BUILD / "venv/bin/python"
TURNS = int(os.environ.get("BENCH_ROUNDS", "3"))
ORDER = ["status_change", "runs", "dlchange", "test", "push_10k", "array_1m"]


def ours():
    done = subprocess.run([BUILD / "tests/bench/bench_schema"], check=True, capture_output=True, text=True)
    rows = {}
    for line in done.stdout.splitlines()[1:]:
        name, _, _, validate, total, *_ = line.split("\t")
        rows[name.strip()] = (float(total), float(validate))
    return rows


def other(*command):
    def run():
        done = subprocess.run([*map(str, command), str(CASES)], check=True, capture_output=True, text=True)
        rows = (line.split("\t") for line in done.stdout.splitlines())
        return {name: (float(total), float(alone)) for name, total, alone in rows}
    return run


def node():
    for place in (shutil.which("node"), BUILD / "venv/bin/node"):
        if place and pathlib.Path(place).exists():
            return place
    raise SystemExit("no node: run 'make swagger' on a machine without npm, or install nodejs")


def main():
    shutil.rmtree(CASES, ignore_errors=True)
    CASES.mkdir(parents=True)
    subprocess.run([BUILD / "tests/bench/bench_schema", "--dump", CASES], check=True, stdout=subprocess.DEVNULL)
    contestants = {
        "ours": ours,
        "ajv": other(node(), BUILD / "bench/validators/ajv.cjs"),
        "jsonschema-rs": other(PYTHON, HERE / "validators/python.py", "jsonschema-rs"),
        "jsonschema": other(PYTHON, HERE / "validators/python.py", "jsonschema"),
    }
    turns = {name: [] for name in contestants}
    for turn in range(TURNS):
        for name, run in contestants.items():
            print(f"turn {turn + 1} of {TURNS}: {name}", flush=True)
            turns[name].append(run())
    for index, kind in enumerate(("text to verdict", "validation alone")):
        print(f"\nMicroseconds, {kind}, median of {TURNS} turns; in brackets how many times ours\n")
        print("| event | bytes | " + " | ".join(contestants) + " |")
        print("|---" * (2 + len(contestants)) + "|")
        for case in ORDER:
            values = {name: statistics.median(rows[case][index] for rows in turns[name]) / 1000 for name in contestants}
            cells = [f"{values['ours']:.2f}"] + [f"{value:.2f} ({value / values['ours']:.1f})"
                                                 for name, value in values.items() if name != "ours"]
            print(f"| {case} | {(CASES / f'{case}.event.json').stat().st_size:,} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
