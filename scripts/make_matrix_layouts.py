#!/usr/bin/env python3
"""make_matrix_layouts.py CALCULATOR: writes data/amd/matrix_layouts.csv: what lanes hold of matrix operands.

CALCULATOR is matrix_calculator.py of ROCm/amd_matrix_instruction_calculator (MIT), run here for CDNA 3; it needs
tabulate. What it does not have is transcribed below from ROCm/composable_kernel (MIT), by the file named.
Columns: instruction,operand,lane,elements,source. Operands and their elements, in the order of registers and bits:
  a, b, d      row:column of the matrix (a: m:k, b: k:n, d: m:n)
  a_scale, b_scale   the lane whose scale applies to each element that this lane holds
"""

import csv
import io
import pathlib
import re
import subprocess
import sys

OUTPUT = pathlib.Path(__file__).parent.parent / "data/amd/matrix_layouts.csv"
LANES = (0, 1, 21, 42, 63)
CDNA3 = ("f32_16x16x32_fp8_fp8", "f32_16x16x32_fp8_bf8", "f32_16x16x32_bf8_fp8", "f32_16x16x32_bf8_bf8",
         "f32_32x32x16_fp8_fp8", "f32_16x16x16_f16", "f32_32x32x8_f16", "f32_16x16x16_bf16", "f32_32x32x8_bf16",
         "f32_16x16x4_f32", "f32_32x32x2_f32", "i32_16x16x32_i8", "i32_32x32x16_i8")
CELL = re.compile(r"[va](\d+)\{(\d+)\}(?:\.\[(\d+):(\d+)\])?")


def calculated(calculator, name, operand):
    """{lane: [(register, bit, "row:column")]}"""
    text = subprocess.run([sys.executable, calculator, "--architecture", "cdna3", "--instruction", "v_mfma_" + name,
                           "--register-layout", "--csv", "-" + operand.upper()], capture_output=True, text=True,
                          check=True).stdout
    rows = list(csv.reader(io.StringIO(text)))
    first = next(i for i, row in enumerate(rows) if "][" in row[0])
    held = {lane: [] for lane in LANES}
    for row in rows[first + 1:]:
        for column, cell in enumerate(row[1:]):
            match = CELL.fullmatch(cell)
            if match and int(match[2]) in held:
                held[int(match[2])].append((int(match[1]), int(match[4] or 0), f"{row[0]}:{column}"))
    return held


def lines_of_cdna3(calculator):
    for name in CDNA3:
        for operand in "abd":
            for lane, held in calculated(calculator, name, operand).items():
                elements = " ".join(place for _, _, place in sorted(held))
                yield f"v_mfma_{name}", operand, lane, elements, "calculator 1.3.2"


# ---- CDNA 4 ----
# test/mx_mfma_op/mx_mfma_op.hpp, "Register Mapping": k of byte 0 of registers 0 and 4, by group of lanes.
MAPPED = {16: ((0, 16, 32, 48), (64, 80, 96, 112)), 32: ((0, 16), (32, 48))}
# xdlops_gemm.hpp, k_per_blk: neighbouring k of a lane.
PER_LANE = {"f32_16x16x32_f16": 8, "f32_16x16x32_bf16": 8, "f32_32x32x16_f16": 8, "f32_32x32x16_bf16": 8,
            "i32_16x16x64_i8": 16, "i32_32x32x32_i8": 16}
# test/mx_mfma_op/scale_mapping_*.txt, a probe of the hardware: (first byte of a lane's 32, lane group) -> lane group
# of the scale, of row 0: "a(0,16) is scaled from thread 32".
SCALED = {16: {(0, 0): 0, (16, 0): 2, (0, 1): 0, (16, 1): 2, (0, 2): 1, (16, 2): 3, (0, 3): 1, (16, 3): 3},
          32: {(0, 0): 0, (16, 0): 1, (0, 1): 0, (16, 1): 1}}


def places(operand, row, ks):
    return " ".join(f"{row}:{k}" if operand == "a" else f"{k}:{row}" for k in ks)


def lines_of_cdna4():
    for size, depth in ((16, 128), (32, 64)):
        for operand in "ab":
            for lane in LANES:
                group, row = divmod(lane, size)
                eight = [MAPPED[size][byte // 16][group] + byte % 16 for byte in range(32)]
                four = range(32 * group, 32 * group + 32)
                plain, scaled = (f"v_mfma_{kind}f32_{size}x{size}x{depth}_f8f6f4" for kind in ("", "scale_"))
                yield plain, operand, lane, places(operand, row, eight), "composable_kernel mx_mfma_op.hpp"
                yield plain + " cbsz:4 blgp:4", operand, lane, places(operand, row, four), "composable_kernel mx_mfma_op.hpp"
                lanes = [size * SCALED[size][byte // 16 * 16, group] + row for byte in range(32)]
                yield scaled, operand + "_scale", lane, " ".join(map(str, lanes)), "composable_kernel scale_mapping"
    for name, count in PER_LANE.items():
        size = int(re.search(r"_(\d+)x", name)[1])
        for operand in "ab":
            for lane in LANES:
                group, row = divmod(lane, size)
                yield (f"v_mfma_{name}", operand, lane, places(operand, row, range(count * group, count * (group + 1))),
                       "composable_kernel xdlops_gemm.hpp")


def main():
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    with OUTPUT.open("w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("instruction", "operand", "lane", "elements", "source"))
        writer.writerows(lines_of_cdna3(sys.argv[1]))
        writer.writerows(lines_of_cdna4())


if __name__ == "__main__":
    main()
