#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares `eventgate validate` with python-jsonschema: verdict and first message, word for word.

Instances: for each upstream topic schema, valid events mutated in up to three places (seeded, so
every run sees the same ones); and every instance of the JSON-Schema-Test-Suite's required files in
its own schema, with the suite's remotes preloaded.

Needs a python with `jsonschema` and a built eventgate. Exit 0: no difference beyond those that
differential_known.json names with a reason; 1: some, or a known one that no longer shows; 3: trouble.
"""

import argparse
import collections
import fnmatch
import importlib.metadata
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

import jsonschema
import jsonschema_specifications
import referencing
import referencing.jsonschema
from jsonschema.exceptions import best_match

HERE = pathlib.Path(__file__).resolve().parent
REMOTE_BASE = "http://localhost:1234/"
DRAFTS = {
    "draft4": ("4", jsonschema.Draft4Validator, referencing.jsonschema.DRAFT4),
    "draft6": ("6", jsonschema.Draft6Validator, referencing.jsonschema.DRAFT6),
    "draft7": ("7", jsonschema.Draft7Validator, referencing.jsonschema.DRAFT7),
    "draft2019-09": ("2019-09", jsonschema.Draft201909Validator, referencing.jsonschema.DRAFT201909),
    "draft2020-12": ("2020-12", jsonschema.Draft202012Validator, referencing.jsonschema.DRAFT202012),
}
DEFAULT_DRAFT = "draft2020-12"

# ---------------------------------------------------------------- what both sides answer


def ask_python(validator, instances):
    """One (valid, message) an instance, as jsonschema.validate() would raise it."""
    answers = []
    for instance in instances:
        try:
            error = best_match(validator.iter_errors(instance))
        except Exception as trouble:  # whatever stops it there is an answer of its own kind
            answers.append(("refused", f"{type(trouble).__name__}: {trouble}"))
            continue
        answers.append((error is None, error.message if error else None))
    return answers


def ask_eventgate(program, schema_file, draft, lines, ref_dirs=()):
    """One (valid, message) a line. The instances go in as NDJSON, the verdicts come out as NDJSON."""
    command = [program, "validate", "--json", "--schema", str(schema_file), "--draft", draft]
    for base, folder in ref_dirs:
        command += ["--ref-dir", f"{base}={folder}"]
    done = subprocess.run(
        command + ["-"], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=300
    )
    if done.returncode not in (0, 1):
        return [("refused", done.stderr.strip())] * len(lines)
    verdicts = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    if len(verdicts) != len(lines):
        raise RuntimeError(f"{len(lines)} instances in, {len(verdicts)} verdicts out: {schema_file}")
    return [
        (verdict["valid"], None if verdict["valid"] else verdict["errors"][0]["message"])
        for verdict in verdicts
    ]


# ---------------------------------------------------------------- instances for a topic schema

STRINGS = ["", "a", "it's", 'say "hi"', "it's \"both\"", "back\\slash", "tab\tline\n", "\x00\x1f\x7f",
           "é", "名前", "🐲", "\u200b\u2028", "e\u0301", "\u00ad\u00a0", "\U000e0001", "null", "1",
           "x" * 300]
NUMBERS = ["0", "-0", "-0.0", "-1", "1", "1.0", "1e2", "0.5", "-0.5", "1e16", "1e15", "123456789012345680.0",
           "12345678901234567890", "-99999999999999999999999999", "1e-7", "1e400", "-1e400", "5e-324",
           "0.1", "1.10", "1E5", "9007199254740993", "9007199254740993.0", "0.30000000000000004"]
SCALARS = ["true", "false", "null"]
RAW = re.compile(r'"\\u0001raw:([^"]*)"')


def raw(text):
    """A number that must reach both sides exactly as written: dumps() would rewrite it."""
    return "\x01raw:" + text


def dump(value):
    return RAW.sub(lambda found: found.group(1), json.dumps(value))


class Topic:
    """Makes instances for one schema of the kind that upstream writes: objects, arrays, enums."""

    def __init__(self, schema, rng):
        self.schema = schema
        self.rng = rng

    def valid_string(self):
        return self.rng.choice(["app", "prod", "0fd1c2b3-1111-4222-8333-444455556666", "läuft", "v1.2"])

    def value_of_type(self, schema, kind):
        rng = self.rng
        if kind == "object":
            return self.valid(schema) if "properties" in schema else {"k": rng.choice([1, "x", None])}
        if kind == "array":
            return [self.valid(schema.get("items", {})) for _ in range(rng.randint(0, 3))]
        if kind in ("integer", "number"):
            low = schema.get("minimum", 0)
            return rng.choice([low, low + 1, 1729187654321, raw("1729187654321.0"), raw("17e3")])
        return {"string": self.valid_string(), "boolean": rng.random() < 0.5, "null": None}[kind]

    def valid(self, schema):
        rng = self.rng
        if "enum" in schema:
            return rng.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        if "properties" not in schema:
            kinds = schema.get("type", "string")
            return self.value_of_type(schema, rng.choice(kinds) if isinstance(kinds, list) else kinds)
        required = schema.get("required", [])
        return {
            name: self.valid(part)
            for name, part in schema["properties"].items()
            if name in required or rng.random() < 0.6
        }

    def wrong(self):
        rng = self.rng
        kind = rng.randrange(6)
        if kind == 0:
            return rng.choice(STRINGS)
        if kind in (1, 2):
            return raw(rng.choice(NUMBERS))
        if kind == 3:
            return raw(rng.choice(SCALARS))
        if kind == 4:
            return rng.choice([[], [1, "two", None], [[]], {}, {"a": {"b": [True, raw("1.0")]}}])
        return {rng.choice(STRINGS): raw(rng.choice(NUMBERS)), "z": [rng.choice(STRINGS)]}

    def places(self, value):
        """Every container in the value with one of its keys."""
        found = []
        keys = value.keys() if isinstance(value, dict) else range(len(value))
        for key in keys:
            found.append((value, key))
            if isinstance(value[key], (dict, list)) and value[key]:
                found += self.places(value[key])
        return found

    def mutate(self, value):
        rng = self.rng
        places = self.places(value) if isinstance(value, (dict, list)) else []
        if not places:
            return self.wrong()
        container, key = rng.choice(places)
        action = rng.randrange(5)
        if action == 0:
            del container[key]
        elif action == 1 and isinstance(container, dict):
            container[rng.choice(STRINGS + ["extra"])] = self.wrong()
        elif action == 2 and isinstance(container, list):
            container.append(self.wrong())
        else:
            container[key] = self.wrong()
        return value

    def instance(self):
        rng = self.rng
        if rng.random() < 0.02:
            return dump(self.wrong())
        value = self.valid(self.schema)
        for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3])):
            value = self.mutate(value)
        return dump(value)


# ---------------------------------------------------------------- comparing


class Comparison:
    def __init__(self, known):
        self.known = known
        self.used = collections.Counter()
        self.groups = collections.OrderedDict()
        self.compared = 0
        self.excused = 0

    def excuse(self, where, kind, python, eventgate):
        for entry in self.known:
            if (
                fnmatch.fnmatchcase(where, entry["where"])
                and entry.get("kind", kind) == kind
                and fnmatch.fnmatchcase(str(python), entry.get("python", "*"))
                and fnmatch.fnmatchcase(str(eventgate), entry.get("eventgate", "*"))
            ):
                self.used[id(entry)] += 1
                return True
        return False

    def add(self, where, line, python, eventgate):
        self.compared += 1
        if python == eventgate:
            return
        if "refused" in (python[0], eventgate[0]):
            kind = "refused"
        else:
            kind = "verdict" if python[0] != eventgate[0] else "message"
        if self.excuse(where, kind, python[1], eventgate[1]):
            self.excused += 1
            return
        shape = re.sub(r"'[^']*'|\"[^\"]*\"|-?\d[\d.e+]*", "_", str(python[1]))[:80]
        group = self.groups.setdefault((where.split("#")[0], kind, shape), [])
        group.append((where, line, python, eventgate))

    def report(self, most):
        for (where, kind, shape), cases in self.groups.items():
            print(f"\n{where}: {len(cases)} x {kind}: {shape}")
            for at, line, python, eventgate in cases[:most]:
                print(f"  at        {at}\n  instance  {line[:300]}")
                print(f"  python    {python}\n  eventgate {eventgate}")
        stale = [  # the suite's cases are always the same; topics are a sample
            entry["where"]
            for entry in self.known
            if entry["where"].startswith("suite/") and not self.used[id(entry)]
        ]
        for where in stale:
            print(f"\nknown difference that no longer shows, remove it: {where}")
        different = sum(len(cases) for cases in self.groups.values())
        print(
            f"{self.compared} instances compared, {different} differences, "
            f"{self.excused} known ones in {len(self.known)} entries"
        )
        return 1 if different or stale else 0


def compare(comparison, program, validator, schema_file, draft, cases, ref_dirs=()):
    """cases: (where, line)."""
    lines = [line for _, line in cases]
    python = ask_python(validator, [json.loads(line) for line in lines])
    eventgate = ask_eventgate(program, schema_file, draft, lines, ref_dirs)
    for (where, line), ours, theirs in zip(cases, python, eventgate):
        comparison.add(where, line, ours, theirs)


def compare_topics(comparison, args):
    for schema_file in sorted((args.vectors / "samples/conf/topic_schemas").glob("*.json")):
        schema = json.loads(schema_file.read_text())
        topic = Topic(schema, random.Random(f"{args.seed}:{schema_file.name}"))
        cases = [(f"topic/{schema_file.stem}", topic.instance()) for _ in range(args.count)]
        validator_class = jsonschema.validators.validator_for(schema, DRAFTS[DEFAULT_DRAFT][1])
        compare(comparison, args.eventgate, validator_class(schema), schema_file, "2020-12", cases)


def remotes(folder, draft):
    """The suite's remotes for one draft: what lies in a draft's own folder is of that draft."""
    resources = []
    for file in sorted(folder.rglob("*.json")):
        contents = json.loads(file.read_text())
        relative = file.relative_to(folder)
        of_draft = relative.parts[0] if relative.parts[0] in DRAFTS else draft
        resource = referencing.Resource.from_contents(
            contents, default_specification=DRAFTS[of_draft][2]
        )
        uri = REMOTE_BASE + relative.as_posix()
        try:
            referencing.Registry().with_resource(uri, resource).crawl()
        except TypeError:
            continue  # a boolean schema, which draft 4 does not have
        resources.append((uri, resource))
    return jsonschema_specifications.REGISTRY.with_resources(resources)


def compare_suite(comparison, args):
    suite = args.vectors / "json-schema"
    for folder in DRAFTS:
        registry = remotes(suite / "remotes", folder)
        for file in sorted((suite / "tests" / folder).glob("*.json")):
            for group in json.loads(file.read_text()):
                compare_group(comparison, args, suite, folder, file, group, registry)


def compare_group(comparison, args, suite, folder, file, group, registry):
    draft, default_class, _ = DRAFTS[folder]
    schema = group["schema"]
    validator_class = jsonschema.validators.validator_for(schema, default_class)
    prefix = f"suite/{folder}/{file.name}#{group['description']}"
    cases = [(f"{prefix}/{test['description']}", json.dumps(test["data"])) for test in group["tests"]]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as schema_file:
        json.dump(schema, schema_file)
        schema_file.flush()
        compare(comparison, args.eventgate, validator_class(schema, registry=registry), schema_file.name,
                draft, cases, [(REMOTE_BASE, suite / "remotes")])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--eventgate", default="build/eventgate", help="the program")
    parser.add_argument("--vectors", type=pathlib.Path, default=pathlib.Path("../shared/vectors"))
    parser.add_argument("--count", type=int, default=20000, help="instances a topic schema")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--known", type=pathlib.Path, default=HERE / "differential_known.json")
    parser.add_argument("--show", type=int, default=2, help="examples a group of differences")
    parser.add_argument("--only", choices=["topics", "suite"])
    args = parser.parse_args()
    if not (args.vectors / "json-schema").is_dir():
        print(f"no vectors at {args.vectors}", file=sys.stderr)
        return 3
    if not pathlib.Path(args.eventgate).is_file():
        print(f"no program at {args.eventgate}: build it first", file=sys.stderr)
        return 3
    known = json.loads(args.known.read_text())
    if args.only:
        known = [entry for entry in known if entry["where"].startswith(args.only.rstrip("s") + "/")]
    comparison = Comparison(known)
    start = time.monotonic()
    if args.only != "suite":
        compare_topics(comparison, args)
    if args.only != "topics":
        compare_suite(comparison, args)
    status = comparison.report(args.show)
    print(f"jsonschema {importlib.metadata.version('jsonschema')}, seed {args.seed}, {time.monotonic() - start:.0f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
