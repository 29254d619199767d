#!/usr/bin/env python3
"""What the AMD code objects of a build take and hold.

  amd_objects.py resources BUILD [--write]    registers, LDS, spills and waves of every kernel, against
                                              data/resources/<arch>.csv: fails where one grew, is new or is gone;
                                              --write makes the tables those of the build
  amd_objects.py instructions BUILD           each .hip says which instructions it is about ("// Emits"): fails
                                              where its object has one of them not, or has instructions of a stack
  amd_objects.py --self-test

The objects are those of the sources: src/ops/*/hip/*.hip and src/harness/gpu/*.hip, for the targets of the build.
Other versions of the compiler choose other registers: then spills and waves alone are compared. Exit code 77,
"skipped", where llvm-objdump-22 is needed and not here.
"""

import csv
import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77
ARCHS = ("gfx942", "gfx950")
FIELDS = ("vgpr", "agpr", "sgpr", "lds", "spills", "waves")
DECISIVE = ("spills", "waves")
STACK = re.compile(r"\b(scratch_\w+|flat_(load|store|atomic)_\w+)")
ROOT = pathlib.Path(__file__).resolve().parent.parent


def sources():
    """(prefix, source) of each device source, as cmake/hip.cmake names their objects."""
    found = [(path.parts[-3], path) for path in sorted(ROOT.glob("src/ops/*/hip/*.hip"))]
    return found + [("harness", path) for path in sorted(ROOT.glob("src/harness/gpu/*.hip"))]


def objects(build, arch):
    """(name, source, object) of what the build has for an arch."""
    return [(f"{prefix}_{path.stem}", path, build / "generated" / arch / f"{prefix}_{path.stem}.co")
            for prefix, path in sources() if arch == "gfx950" or path.stem.startswith(arch)]


def cached(build, name):
    """A value of the build's cache; "" where it has none."""
    match = re.search(rf"^{name}(?::\w+)?=(.*)$", (build / "CMakeCache.txt").read_text(encoding="utf-8"), re.M)
    return match.group(1) if match else ""


def targets(build):
    """The AMD targets of a build: those it has a folder of objects for."""
    return [arch for arch in ARCHS if any((build / "generated" / arch).glob("*.co"))]


def compiler(build):
    text = subprocess.run([cached(build, "OCTET_AMD_CLANG"), "--version"], capture_output=True, text=True,
                          check=True).stdout
    return "clang " + re.search(r"clang version (\d+\.\d+\.\d+)", text).group(1)


def built(build, arch):
    """{(object, entry): {field: value}} of a build."""
    rows = {}
    for name, _, path in objects(build, arch):
        with open(f"{path}.csv", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                rows[name, row["entry"]] = {field: int(row[field]) for field in FIELDS}
    return rows


def read_table(path):
    """(compiler, rows) of a table; its first line names the compiler."""
    with open(path, encoding="utf-8") as file:
        version = file.readline().lstrip("# ").strip()
        return version, {(row["object"], row["entry"]): {field: int(row[field]) for field in FIELDS}
                         for row in csv.DictReader(file)}


def write_table(path, version, rows):
    lines = [f"# {version}", ",".join(("object", "entry") + FIELDS)]
    lines += [",".join([*key, *(str(rows[key][field]) for field in FIELDS)]) for key in sorted(rows)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def grown(known, now, fields):
    """Fields in which a kernel got worse: fewer waves, more of the rest."""
    return [f"{field} {known[field]} -> {now[field]}" for field in fields
            if (now[field] < known[field] if field == "waves" else now[field] > known[field])]


def compare(table, rows, fields):
    """Problems, a line each."""
    problems = [f"{name} {entry}: not in the table" for name, entry in sorted(rows.keys() - table.keys())]
    problems += [f"{name} {entry}: in the table, not in the build" for name, entry in sorted(table.keys() - rows.keys())]
    for key in sorted(rows.keys() & table.keys()):
        worse = grown(table[key], rows[key], fields)
        if worse:
            problems.append(f"{' '.join(key)}: {', '.join(worse)}")
    return problems


def resources(build, write):
    problems, count = [], 0
    version = compiler(build)
    for arch in targets(build):
        path = ROOT / "data" / "resources" / f"{arch}.csv"
        rows = built(build, arch)
        count += len(rows)
        if write:
            write_table(path, version, rows)
            continue
        known, table = read_table(path)
        fields = FIELDS if known == version else DECISIVE
        problems += [f"{path.relative_to(ROOT)}: {line}" for line in compare(table, rows, fields)]
    if problems:
        problems.append("where that is meant: scripts/amd_objects.py resources BUILD --write")
    return problems, f"{count} kernels"


def claims(text, arch):
    """The instructions that a source says it is about, for an arch: "name" or "name@arch", lines on end."""
    match = re.search(r"^// Emits +(.*(?:\n//  .*)*)", text, re.M)
    words = match.group(1).replace("//", " ").split() if match else []
    return {word.split("@")[0] for word in words if "@" not in word or word.endswith("@" + arch)}


def missing(claimed, text):
    """What is wrong with a disassembly, a line each."""
    if not claimed:
        return ['has no line "// Emits" with the instructions that it is about']
    have = set(re.findall(r"^\s+([a-z]\w+)", text, re.M))
    have |= {name.removesuffix("_e32").removesuffix("_e64") for name in have}
    problems = [f"no {name}" for name in sorted(claimed - have)]
    stack = STACK.search(text)
    return problems + ([f"has {stack.group(1)}"] if stack else [])


def instructions(build):
    objdump = shutil.which("llvm-objdump-22")
    if objdump is None:
        print("amd_objects: no llvm-objdump-22 here, skipped")
        sys.exit(SKIPPED)
    problems, count = [], 0
    for arch in targets(build):
        for _, source, path in objects(build, arch):
            text = subprocess.run([objdump, "-d", "--no-show-raw-insn", path], capture_output=True, text=True,
                                  check=True).stdout
            claimed = claims(source.read_text(encoding="utf-8"), arch)
            problems += [f"{source.relative_to(ROOT)} for {arch}: {line}" for line in missing(claimed, text)]
            count += 1
    return problems, f"{count} objects"


def report(what, problems):
    """Prints the problems, a line each; the exit code."""
    for line in problems:
        print(line)
    print(f"{what}, {len(problems)} problems")
    return 1 if problems else 0


def run_cases(cases):
    """Of (found, expected): the exit code of a self-test."""
    failures = [(found, expected) for found, expected in cases if found != expected]
    for found, expected in failures:
        print(f"self-test: expected {expected!r}, found {found!r}")
    print(f"self-test: {len(cases)} cases, {len(failures)} failures")
    return 1 if failures else 0


def self_test():
    small = dict(zip(FIELDS, (40, 0, 30, 1024, 0, 8)))
    table = {("op_k", "a"): small, ("op_k", "b"): small}
    source = "// A kernel.\n//\n// Emits      v_mfma_a ds_read_b128\n//            v_only@gfx950\n#include"
    cases = [
        (compare(table, table, FIELDS), []),
        (compare(table, {**table, ("op_k", "b"): {**small, "vgpr": 41}}, FIELDS), ["op_k b: vgpr 40 -> 41"]),
        (compare(table, {**table, ("op_k", "b"): {**small, "vgpr": 41}}, DECISIVE), []),
        (compare(table, {**table, ("op_k", "b"): {**small, "waves": 7}}, DECISIVE), ["op_k b: waves 8 -> 7"]),
        (compare(table, {**table, ("op_k", "b"): {**small, "lds": 0, "waves": 9}}, FIELDS), []),
        (compare(table, {("op_k", "a"): small}, FIELDS), ["op_k b: in the table, not in the build"]),
        (compare({}, {("op_k", "a"): small}, FIELDS), ["op_k a: not in the table"]),
        (claims(source, "gfx942"), {"v_mfma_a", "ds_read_b128"}),
        (claims(source, "gfx950"), {"v_mfma_a", "ds_read_b128", "v_only"}),
        (claims("// A kernel.\n", "gfx950"), set()),
        (missing({"v_mfma_a"}, "0 <f>:\n\tv_mfma_a v[0:3], 0\n\tv_add_u32_e32 v0, v1\n"), []),
        (missing({"v_mfma_a", "v_add_u32"}, "\tv_mfma_ab v0\n\tv_add_u32_e32 v0, v1\n"), ["no v_mfma_a"]),
        (missing({"v_add_u32"}, "\tv_add_u32_e32 v0\n\tscratch_load_dword v0\n"), ["has scratch_load_dword"]),
        (missing(set(), ""), ['has no line "// Emits" with the instructions that it is about']),
    ]
    return run_cases(cases)


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    if "--self-test" in sys.argv:
        return self_test()
    if len(words) != 2 or words[0] not in ("resources", "instructions"):
        print(__doc__, file=sys.stderr)
        return 2
    build = pathlib.Path(words[1])
    found, what = resources(build, "--write" in sys.argv) if words[0] == "resources" else instructions(build)
    return report(f"amd_objects: {what}", found)


if __name__ == "__main__":
    sys.exit(main())
