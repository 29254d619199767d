#!/usr/bin/env python3
"""tests/ mirrors src/ and tools/ by stem: tests/<dir>/.../<stem>_test.cpp tests a <stem>.cpp or <stem>.h
somewhere under src/<dir> or <dir>. A second file for one aspect is <stem>_<aspect>_test.cpp. tests/amdgcn
holds an interpreter for tests: its tests mirror its own files.
"""

import sys

import lint

EXCEPTIONS = {
    "tests/select/hash_key_test.cpp": "a property of the keys of all real shapes; the function is in problem.h",
}


OWN_CODE = ("amdgcn",)


def stems(root, folder):
    """Stems of the sources under src/<folder>, or <folder> where there is no such layer."""
    if folder in OWN_CODE:
        return {p.stem for p in (root / "tests" / folder).rglob("*") if p.suffix in lint.CPP and not p.stem.endswith("_test")}
    for base in (root / "src" / folder, root / folder):
        if base.is_dir():
            return {p.stem for p in base.rglob("*") if p.suffix in lint.CPP}
    return set()


def source_folder(test):
    """tests/ops/<op>/... mirrors that op alone; every other test its layer."""
    parts = test.parts[1:-1]
    return "/".join(parts[:2] if parts[:1] == ("ops",) else parts[:1])


def check(root):
    errors = []
    for test in lint.sources(root, folders=("tests",)):
        if not test.name.endswith("_test.cpp") or test.as_posix() in EXCEPTIONS:
            continue
        words = test.stem[: -len("_test")].split("_")
        names = {"_".join(words[:i]) for i in range(1, len(words) + 1)}
        if not names & stems(root, source_folder(test)):
            errors.append(f"{test}:1: no source of this stem under src/{source_folder(test)}")
    errors += [f"{path}:1: an exception of lint_mirror.py that does not exist"
               for path in EXCEPTIONS if (root / "src/select").is_dir() and not (root / path).exists()]
    return errors, []


CASES = [
    ({"src/core/csv.cpp": "", "tests/core/csv_test.cpp": ""}, None),
    ({"src/core/csv.h": "", "tests/core/csv_limits_test.cpp": ""}, None),
    ({"src/ops/x/cpu/pack.h": "", "tests/ops/x/pack_test.cpp": ""}, None),
    ({"tools/tune.cpp": "", "tests/tools/tune_test.cpp": ""}, None),
    ({"tests/core/toy.h": "", "src/core/csv.cpp": ""}, None),
    ({"tests/amdgcn/lds.cpp": "", "tests/amdgcn/lds_test.cpp": ""}, None),
    ({"tests/amdgcn/lds.cpp": "", "tests/amdgcn/sld_test.cpp": ""}, "no source"),
    ({"src/core/csv.cpp": "", "tests/core/cvs_test.cpp": ""}, "tests/core/cvs_test.cpp:1: no source"),
    ({"src/core/csv.cpp": "", "tests/device/csv_test.cpp": ""}, "no source"),
    ({"src/ops/x/pack.h": "", "tests/ops/y/pack_test.cpp": ""}, "no source"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, CASES))
