#!/usr/bin/env python3
"""Includes go one way: include <- core <- device <- select <- cpu <- ops <- harness <- tools.

An op never includes the internals of another op. src/gpu sees core/formats.h and device/gpu_types.h alone. tests/, peers/ and
bench/ may include anything; examples/ only what is public.
"""

import re
import sys

import lint

ORDER = ["include", "src/core", "src/device", "src/select", "src/cpu", "src/ops", "src/harness", "tools"]
FREE = ("tests", "peers", "bench")
ALLOWED = {
    ("src/harness", "peers/peer_module.h"): "the interface between the command and a peer module",
    ("src/harness", "build_info.h"): "written by the build",
    (None, "src/device/driver_files.h"): "cmake/native_probe.cpp opens the drivers that the library opens",
    ("src/gpu", "src/core/formats.h"): "number formats are shared by host and device code",
    ("src/gpu", "src/device/gpu_types.h"): "what host and device code share of the driver",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def layer_of(path):
    """The layer of a file or of what an include names; None where it has none."""
    if path.startswith("octet/"):
        return "include"
    parts = path.split("/")
    layer = "/".join(parts[:2]) if parts[0] == "src" else parts[0]
    return layer if layer in ORDER or layer == "src/gpu" else None


def op_of(path):
    match = re.match(r"src/ops/([^/]+)/", path)
    return match.group(1) if match else None


def problem_of(path, included):
    """Why `path` must not include `included`; None where it may."""
    layer, other = layer_of(path), layer_of(included)
    if path.split("/")[0] in FREE or (layer, included) in ALLOWED:
        return None
    if path.startswith("examples/"):
        return None if other == "include" else "examples include public headers only"
    if layer is None:
        return "the file is in no layer"
    if other is None:
        return "not in a layer: write paths from the root of the project"
    if other == "src/gpu":
        return None if layer in ("src/ops", "src/gpu", "src/harness") else "device code is for ops and the harness"
    if layer == "src/gpu":
        return "src/gpu includes core/formats.h and device/gpu_types.h alone"
    if ORDER.index(other) > ORDER.index(layer):
        return f"{layer} is below {other}"
    if op_of(path) and op_of(included) not in (None, op_of(path)):
        return "an op does not include another op's internals"
    return None


def check(root):
    errors = []
    for path in lint.sources(root):
        text = (root / path).read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            reason = problem_of(path.as_posix(), match.group(1)) if match else None
            if reason:
                errors.append(f'{path}:{number}: "{match.group(1)}": {reason}')
    return errors, []


def one(path, included):
    return {path: f'#include <vector>\n#include "{included}"\n'}


CASES = [
    (one("src/core/a.h", "octet/status.h"), None),
    (one("src/ops/x/op.cpp", "src/select/choose.h"), None),
    (one("src/ops/x/cpu/x86_a.cpp", "src/cpu/kernel.h"), None),
    (one("src/cpu/a.h", "src/ops/x/problem.h"), "src/cpu is below src/ops"),
    (one("src/ops/x/op.cpp", "src/ops/x/problem.h"), None),
    (one("src/ops/registry.cpp", "src/ops/x/op.h"), None),
    (one("src/harness/measure/peer.cpp", "peers/peer_module.h"), None),
    (one("tests/core/a_test.cpp", "src/harness/case.h"), None),
    (one("src/gpu/cuda/a.h", "src/core/formats.h"), None),
    (one("src/core/a.h", "src/device/b.h"), "src/core/a.h:2: \"src/device/b.h\": src/core is below src/device"),
    (one("include/octet/a.h", "src/core/b.h"), "include is below"),
    (one("src/harness/a.cpp", "tools/cli.h"), "src/harness is below tools"),
    (one("src/ops/x/op.cpp", "src/ops/y/problem.h"), "another op's internals"),
    (one("src/select/a.cpp", "padding.h"), "paths from the root"),
    (one("src/gpu/a.h", "src/device/gpu_types.h"), None),
    (one("src/gpu/cuda/a.h", "src/core/text.h"), "gpu_types.h alone"),
    (one("src/harness/a.cu", "src/gpu/cuda/a.cuh"), None),
    (one("src/select/a.cpp", "src/gpu/cuda/a.cuh"), "device code is for ops and the harness"),
    (one("src/new/a.cpp", "src/core/text.h"), "in no layer"),
    (one("examples/a.cpp", "src/core/text.h"), "public headers only"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, CASES))
