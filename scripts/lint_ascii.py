#!/usr/bin/env python3
"""Sources are ASCII, without tabs. --fix writes other characters as \\uXXXX, which string literals keep."""

import re
import sys

import lint

SUFFIXES = lint.CPP + (".py", ".sh", ".cmake", ".txt", "")
OTHER = re.compile(r"[^\x00-\x7f]|\t")


def read(path):
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def check(root):
    errors = []
    for path in lint.sources(root, SUFFIXES):
        for number, line in enumerate(read(root / path).splitlines(), 1):
            match = OTHER.search(line)
            if match:
                errors.append(f"{path}:{number}: column {match.start() + 1}: {match.group()!a} is not plain ASCII")
    return errors, []


def escaped(match):
    code = ord(match.group())
    return match.group() if match.group() == "\t" else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def fix(root):
    for path in lint.sources(root):
        text = read(root / path)
        if OTHER.search(text):
            (root / path).write_text(OTHER.sub(escaped, text), encoding="utf-8")


CASES = [
    ({"src/a.cpp": "int a;  // plain\n", "data/a.cpp": "\u00d7", "build/a.cpp": "\u00d7"}, None),
    ({"src/a.cpp": "\nint a;  // \u00d7\n"}, "src/a.cpp:2: column 12"),
    ({"tools/a.cpp": "\tint a;\n"}, "is not plain ASCII"),
    ({"scripts/a": "# \u2192\n"}, "scripts/a:1"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, CASES, fix))
