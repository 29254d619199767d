#!/usr/bin/env python3
"""Runs the sources of an op's AMD kernels on fibers, before the judges that their machine code meets.

  amd_sources.py BUILD OP [--shapes SHAPES]... [--first-light] [--tests PROGRAM FILTER]... [--but ENTRY] [--fault]
  amd_sources.py --self-test

It runs `octet check OP --shapes SHAPES` on a stand-in GPU of each arch, and the tests of a program that FILTER names,
with each launch handed to the source of its kernel (tests/amdgcn/source_kernels.h). Fails where one of them fails,
and where a kernel that the build has of the op did not run for one of its archs: it names them. ENTRY is a
kernel that need not run. OP may be "harness", whose kernels are in src/harness/gpu.

With --fault every kernel is run wrong, and it must be seen. A work item ends before it begins: where the others come
to a collective or a barrier, that is an error; a kernel that has neither is made wrong alone, and a check or test
must fail. Barriers that wait for nobody: a check or test must fail.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import amd_objects

GPUS = {"gfx942": "gfx942:304", "gfx950": "gfx950:256"}
DIVERGED = " and lane 1 at the end"


def kernels_of(build, op):
    """{(arch, entry)} of what the build has of an op."""
    return {(arch, entry) for arch in amd_objects.targets(build)
            for name, entry in amd_objects.built(build, arch) if name.startswith(f"{op}_gfx")}


def parse(text):
    """{(arch, entry): {(reached, end)}} of a log."""
    ends = {}
    for line in text.splitlines():
        arch, entry, reached, end = line.split(" ", 3)
        ends.setdefault((arch, entry), set()).add((reached, end))
    return ends


def unseen(kernels, ends):
    """Kernels of which no run ended by a work item that was lost."""
    return {kernel for kernel in kernels if not any(DIVERGED in end for _, end in ends.get(kernel, ()))}


def names(kernels):
    return [f"{arch} {entry}" for arch, entry in sorted(kernels)]


class Fibers:
    """The commands of an op, run on fibers."""

    def __init__(self, build, given):
        self.build = build.resolve()
        checks = [[given.op, "--shapes", shapes] for shapes in given.shapes]
        checks += [["--first-light"]] if given.first_light else []
        self.commands = [({"OCTET_STAND_IN_GPUS": GPUS[arch]}, [self.build / "octet", "check", "--device", "hip", *check])
                         for arch in amd_objects.targets(build) for check in checks]
        for program, tests in given.tests:
            self.commands.append(({}, [self.build / "tests" / program, f"--gtest_filter={tests}"]))

    def run(self, fault="", kernels=()):
        """(what each command wrote and its exit code, the log), with a fault in all kernels or these."""
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "log"
            log.touch()
            env = {**os.environ, "OCTET_HIP_DRIVER": str(self.build / "tests" / "libstand_in_hip.so"),
                   "OCTET_AMDGCN_SOURCES": str(self.build / "tests" / "amdgcn"), "OCTET_FIBERS_LOG": str(log),
                   "OCTET_FIBERS_FAULT": ":".join([fault, *(f"{arch}/{entry}" for arch, entry in kernels)])}
            done = [subprocess.run(command, env={**env, **more}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, check=False) for more, command in self.commands]
            return done, parse(log.read_text(encoding="utf-8"))


def check(fibers, kernels):
    """Problems, a line each."""
    done, ends = fibers.run()
    problems = [f"exit code {run.returncode} of {' '.join(map(str, run.args))}\n{run.stdout}" for run in done
                if run.returncode != 0]
    return problems + [f"{name}: its source ran on no fiber" for name in names(kernels - ends.keys())]


def check_faults(fibers, kernels):
    """Why in rounds: a kernel that another one prepares for runs only where that one is right."""
    problems = []
    _, right = fibers.run()
    plain = {kernel for kernel in kernels if all(reached == "nothing" for reached, _ in right.get(kernel, ()))}
    left = kernels - plain
    while left:
        seen = left - unseen(left, fibers.run("lost_lane", sorted(left))[1])
        if not seen:
            break
        left -= seen
    problems += [f"{name}: a lost work item was not seen" for name in names(left)]
    for kernel in sorted(plain):
        done, _ = fibers.run("lost_lane", [kernel])
        if all(run.returncode == 0 for run in done):
            problems.append(f"{' '.join(kernel)}: results of a lost work item were not seen")
    if any(reached == "barriers" for kernel in kernels for reached, _ in right.get(kernel, ())):
        done, _ = fibers.run("no_barrier")
        problems += [f"without barriers exit code 0 of {' '.join(map(str, run.args))}" for run in done
                     if run.returncode == 0]
    return problems


def self_test():
    log = ("gfx942 octet_a barriers ok\ngfx942 octet_a nothing wave 0: lane 0 is at a shuffle and lane 1 at the end\n"
           "gfx950 octet_a collectives ok\n")
    ends = parse(log)
    first, second, third = ("gfx942", "octet_a"), ("gfx950", "octet_a"), ("gfx950", "octet_b")
    cases = [
        (ends.keys(), {first, second}),
        (ends[second], {("collectives", "ok")}),
        (unseen({first}, ends), set()),
        (unseen({first, second, third}, ends), {second, third}),
        (names({third, first}), ["gfx942 octet_a", "gfx950 octet_b"]),
    ]
    return amd_objects.run_cases(cases)


def main():
    if "--self-test" in sys.argv:
        return self_test()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("op")
    parser.add_argument("--shapes", action="append", default=[])
    parser.add_argument("--first-light", action="store_true")
    parser.add_argument("--tests", nargs=2, action="append", default=[])
    parser.add_argument("--but", default="")
    parser.add_argument("--fault", action="store_true")
    given = parser.parse_args()
    kernels = {kernel for kernel in kernels_of(given.build, given.op) if kernel[1] != given.but}
    fibers = Fibers(given.build, given)
    problems = (check_faults if given.fault else check)(fibers, kernels)
    return amd_objects.report(f"amd_sources: {given.op}: {len(kernels)} kernels", problems)


if __name__ == "__main__":
    sys.exit(main())
