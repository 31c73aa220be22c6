# SPDX-License-Identifier: Apache-2.0
"""Times a Python validator on the cases of a folder: CASE, ns of json.loads and validate, ns of validate alone."""
import json
import pathlib
import sys
import time

ROUNDS = 31


def best(work, least_rounds_ns):
    work()
    began = time.perf_counter_ns()
    work()
    repeat = max(1, min(20000, int(4_000_000 / max(1, time.perf_counter_ns() - began))))
    rounds = ROUNDS if least_rounds_ns else 5
    least = float("inf")
    for _ in range(rounds):
        began = time.perf_counter_ns()
        for _ in range(repeat):
            work()
        least = min(least, (time.perf_counter_ns() - began) / repeat)
    return round(least)


def validator_of(kind, schema):
    if kind == "jsonschema-rs":
        import jsonschema_rs
        return jsonschema_rs.validator_for(schema).is_valid
    import jsonschema
    return jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)(schema).is_valid


def main():
    kind, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    quick = kind == "jsonschema-rs"
    for path in sorted(folder.glob("*.schema.json")):
        name = path.name.removesuffix(".schema.json")
        text = (folder / f"{name}.event.json").read_text()
        is_valid = validator_of(kind, json.loads(path.read_text()))
        parsed = json.loads(text)
        assert is_valid(parsed), name
        print(f"{name}\t{best(lambda: is_valid(json.loads(text)), quick)}\t{best(lambda: is_valid(parsed), quick)}")


main()
