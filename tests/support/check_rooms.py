#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on an include that breaks the house: upwards, in a circle, or a library outside its room.

The order of the rooms is docs/architecture.md's: a room may include itself, the rooms below it,
and include/eventgate/, which is the floor.
"""
import pathlib
import re
import sys

ROOMS = [
    "main", "command", "app", "api", "http", "sources", "pipeline", "sinks", "rules", "topics", "schema", "access",
    "auth", "aws", "postgres", "store", "net", "crypto", "config", "work", "telemetry", "text", "json",
    "base",
]
LEVEL = {room: level for level, room in enumerate(ROOMS)}

# pipeline/ and sinks/ are neighbours: a sink sees the sink contract and the delivery, nothing else.
LIBRARY_ROOM = {
    "microhttpd.h": "http", "curl/": "net", "openssl/": "crypto", "sqlite3.h": "store",
    "yaml.h": "config", "pcre2.h": "text", "idn2.h": "text", "libpq-fe.h": "postgres",
    "librdkafka/": "sinks",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def room_of(path):
    parts = path.relative_to("src").parts
    return parts[0] if len(parts) > 1 else "main"


def problems_of(path):
    room = room_of(path)
    if room not in LEVEL:
        yield f"{path}: room '{room}' is not in the list of rooms"
        return
    for match in INCLUDE.finditer(path.read_text()):
        kind, name = match.groups()
        if kind == '"' and not name.startswith("eventgate/") and "/" in name:
            other = name.split("/")[0]
            if other not in LEVEL:
                continue
            if LEVEL[other] < LEVEL[room]:
                yield f"{path}: includes \"{name}\": {other}/ lies above {room}/"
        for library, owner in LIBRARY_ROOM.items():
            if kind == "<" and name.startswith(library) and room != owner:
                yield f"{path}: includes <{name}>: only {owner}/ may"


def main():
    files = sorted(pathlib.Path("src").rglob("*.[ch]"))
    found = [problem for path in files for problem in problems_of(path)]
    for problem in found:
        print(problem)
    print(f"rooms: {len(files)} files, {len(found)} includes that break the house")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
