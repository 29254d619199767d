#!/usr/bin/env python3
"""Sizes that a reader can hold: warns above the targets, fails above the hard limits (lines).

A kernel file is one of src/ops/<op>/<backend>/, src/cpu/ or src/gpu/. Functions are found by the layout that clang-format gives:
a line that opens in column 0 up to the next '}' in column 0.
"""

import re
import sys

import lint

FILE_TARGET = {"host": 250, "kernel": 350}
FILE_LIMIT = {"host": 500, "kernel": 600}
FUNCTION_TARGET = {"host": 40, "kernel": 80}
KERNEL_FILE = re.compile(r"^src/(ops/[^/]+/(cpu|gpu|cuda|hip)|cpu|gpu)/")
NOT_A_FUNCTION = re.compile(r"^(namespace|class|struct|union|enum|extern|template <.*> struct|[#/}\s])|= \{?$|^$")


def functions(lines):
    """(first line, number of lines) of each function body at the outermost level."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and not NOT_A_FUNCTION.search(line):
            start = number
        if start is not None and (line.startswith("}") or line.rstrip().endswith(";") and line[0] != " "):
            if line.startswith("}") and line.rstrip() == "}":
                yield start, number - start + 1
            start = None


def check(root):
    errors, warnings = [], []
    for path in lint.sources(root):
        kind = "kernel" if KERNEL_FILE.match(path.as_posix()) else "host"
        lines = (root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        size = f"{path}:1: {len(lines)} lines"
        if len(lines) > FILE_LIMIT[kind]:
            errors.append(f"{size}, over the limit of {FILE_LIMIT[kind]} for a {kind} file")
        elif len(lines) > FILE_TARGET[kind]:
            warnings.append(f"{size}, over the target of {FILE_TARGET[kind]} for a {kind} file")
        for start, count in functions(lines):
            if count > FUNCTION_TARGET[kind]:
                warnings.append(f"{path}:{start}: function of {count} lines, target {FUNCTION_TARGET[kind]}")
    return errors, warnings


def function(lines):
    return "int f(int a,\n      int b) {\n" + "  a();\n" * (lines - 3) + "}\n"


CASES = [
    ({"src/core/a.cpp": "\n" * 250, "src/ops/x/cpu/k.cpp": "\n" * 350}, None),
    ({"src/core/a.cpp": "\n" * 251}, "src/core/a.cpp:1: 251 lines, over the target of 250"),
    ({"src/core/a.cpp": "\n" * 501}, "over the limit of 500 for a host file"),
    ({"src/ops/x/cpu/k.cpp": "\n" * 601}, "over the limit of 600 for a kernel file"),
    ({"src/core/a.cpp": function(40), "src/ops/x/cpu/k.cpp": function(80)}, None),
    ({"src/core/a.cpp": "int x;\n" + function(41)}, "src/core/a.cpp:2: function of 41 lines"),
    ({"src/core/a.h": "struct A {\n" + "  int x;\n" * 60 + "};\n"}, None),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, CASES))
