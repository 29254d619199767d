#!/usr/bin/env python3
"""Sources are as clang-format 14 lays them out (.clang-format). Exit code 77, "skipped", where that version
is not installed: others differ in details. --fix formats in place.
"""

import pathlib
import re
import shutil
import subprocess
import sys

import lint

SKIPPED = 77
VERSION = 14


def clang_format():
    """The command, or None where this machine has none of the right version."""
    for name in (f"clang-format-{VERSION}", "clang-format"):
        path = shutil.which(name)
        if path:
            text = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
            if re.search(rf"version {VERSION}\.", text):
                return path
    return None


def run(root, *options):
    files = [str(p) for p in lint.sources(root)]
    return subprocess.run([clang_format(), "--style=file", *options, *files], cwd=root, text=True,
                          capture_output=True, check=False).stderr if files else ""


def check(root):
    if not (root / ".clang-format").exists():
        shutil.copy(pathlib.Path(__file__).parent.parent / ".clang-format", root)
    lines = re.findall(r"^(\S+?:\d+):\d+: error: code should be", run(root, "--dry-run", "--Werror"), re.M)
    first = {line.rpartition(":")[0]: line for line in reversed(lines)}
    return [f"{line}: not as clang-format lays it out (scripts/lint_format.py --fix)"
            for line in first.values()], []


CASES = [
    ({"src/a.cpp": "int a(int b) { return b; }\n"}, None),
    ({"src/a.cpp": "int a;\nint  b;\nint  c;\n"}, "src/a.cpp:2: not as clang-format"),
    ({"src/a.h": "char *a;\n"}, "src/a.h:1"),
]

if __name__ == "__main__":
    if clang_format() is None:
        print(f"lint_format: no clang-format {VERSION} here, skipped")
        sys.exit(SKIPPED)
    sys.exit(lint.main(check, CASES, lambda root: run(root, "-i")))
