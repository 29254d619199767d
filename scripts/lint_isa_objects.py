#!/usr/bin/env python3
"""lint_isa_objects.py BUILD: no object file of an instruction-set kernel holds a weak symbol.

Why: an inline function that was compiled with -mavx512f may be the copy that the linker keeps for the whole
program, which then faults on a machine without AVX-512. Such objects may define strong and local symbols only.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

KERNEL = re.compile(r"/octet\.dir/src/ops/[^/]+/cpu/(x86_[^/]*|generic_(?!ref\.)[^/]*)\.cpp\.o$")


def weak_symbols(objects):
    """Lines "object: symbol", sorted."""
    found = []
    for path in objects:
        lines = subprocess.run(["nm", "-C", "--defined-only", "-P", str(path)], capture_output=True, text=True,
                               check=True).stdout.splitlines()
        for line in lines:
            match = re.match(r"(.+) ([VvWwu]) [0-9a-f]+", line)
            if match:
                found.append(f"{path.name}: weak symbol {match.group(1)}")
    return sorted(found)


def objects_of(build):
    return [p for p in sorted(build.rglob("*.cpp.o")) if KERNEL.search(p.as_posix())]


def compiled(folder, name, text):
    source = pathlib.Path(folder) / "octet.dir/src/ops/x/cpu" / name
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(text, encoding="utf-8")
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")  # CXX: of the build
    subprocess.run([compiler, "-O0", "-c", str(source), "-o", f"{source}.o"], check=True)


def self_test():
    inline = "inline int f(int a) { return a; }\nint g(int a) { return f(a); }\n"
    with tempfile.TemporaryDirectory() as folder:
        compiled(folder, "x86_good.cpp", "static " + inline)
        compiled(folder, "generic_ref.cpp", inline)
        good = weak_symbols(objects_of(pathlib.Path(folder)))
        compiled(folder, "x86_bad.cpp", inline)
        bad = weak_symbols(objects_of(pathlib.Path(folder)))
    print(f"self-test: {good} {bad}")
    return 0 if not good and bad == ["x86_bad.cpp.o: weak symbol f(int)"] else 1


def main():
    if "--self-test" in sys.argv[1:]:
        return self_test()
    objects = objects_of(pathlib.Path(sys.argv[1]))
    found = weak_symbols(objects)
    for line in found:
        print(line)
    print(f"lint_isa_objects: {len(objects)} objects, {len(found)} weak symbols")
    return 1 if found or not objects else 0


if __name__ == "__main__":
    sys.exit(main())
