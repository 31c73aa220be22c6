#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/access/casefold.def: what str.casefold() does to each character past ASCII.

Usage: casefold_table.py > src/access/casefold.def   (Python 3.11: Unicode 14)
"""

import sys
import unicodedata


def fold_maps():
    single, several = {}, {}
    for code in range(0x80, sys.maxunicode + 1):
        if 0xD800 <= code <= 0xDFFF:
            continue
        folded = chr(code).casefold()
        if len(folded) > 1:
            several[code] = folded
        elif folded != chr(code):
            single[code] = ord(folded)
    return single, several


def runs(single):
    """Neighbours, or every second one, that move by the same distance."""
    items = sorted(single.items())
    at = 0
    while at < len(items):
        code, target = items[at]
        best, best_stride = at, 1
        for stride in (1, 2):
            end = at
            while (
                end + 1 < len(items)
                and items[end + 1][0] == items[end][0] + stride
                and items[end + 1][1] - items[end + 1][0] == target - code
            ):
                end += 1
            if end > best:
                best, best_stride = end, stride
        yield code, items[best][0], best_stride, target - code
        at = best + 1


def main():
    single, several = fold_maps()
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/*")
    print(f" * Case folding of Unicode {unicodedata.unidata_version}, past ASCII.")
    print(" * Made by tests/support/casefold_table.py; do not edit.")
    print(" *")
    print(" * CASEFOLD_RUN(first, last, stride, distance)  CASEFOLD_SEVERAL(character, utf8)")
    print(" */")
    print("/* clang-format off */")
    for first, last, stride, distance in runs(single):
        print(f"CASEFOLD_RUN(0x{first:04X}, 0x{last:04X}, {stride}, {distance})")
    for code, folded in sorted(several.items()):
        text = "".join(f"\\x{byte:02x}" for byte in folded.encode())
        print(f'CASEFOLD_SEVERAL(0x{code:04X}, "{text}")')


main()
