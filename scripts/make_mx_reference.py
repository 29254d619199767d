#!/usr/bin/env python3
"""Writes tests/ops/quantize/mx_reference.csv: blocks of 32 values as MX codes, by exact arithmetic and ml_dtypes.

Needs numpy and ml_dtypes; the tests need only the file. Columns: element,rounding,scale,values,codes.
  scale   the e8m0 code
  values  32 float32, 8 hexadecimal digits each
  codes   32 codes, two digits each (e2m1: one), in the order of the values
The shared exponent is found with fractions, not with logarithms; elements are scaled exactly and cast by ml_dtypes.
"""

import fractions
import pathlib
import warnings

import ml_dtypes
import numpy as np

warnings.filterwarnings("ignore", category=RuntimeWarning)
OUTPUT = pathlib.Path(__file__).parent.parent / "tests/ops/quantize/mx_reference.csv"
ELEMENTS = {  # name: (dtype, bits of a code, exponent of the largest, bits of the mantissa)
    "e4m3fn": (ml_dtypes.float8_e4m3fn, 8, 8, 3),
    "e4m3fnuz": (ml_dtypes.float8_e4m3fnuz, 8, 7, 3),
    "e2m1": (ml_dtypes.float4_e2m1fn, 4, 2, 1),
}
ROUNDINGS = ("round_up", "floor", "even")


def finite_magnitudes(name):
    dtype, bits, _, _ = ELEMENTS[name]
    values = np.arange(1 << (bits - 1)).astype(np.uint8).view(dtype).astype(np.float64)
    return values[np.isfinite(values)]


def floor_log2(value):
    """Of a positive fraction, exactly."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    return exponent if fractions.Fraction(2) ** exponent <= value else exponent - 1


def exponent_of(name, rounding, amax):
    if amax == 0:
        return -127
    _, _, emax, mantissa = ELEMENTS[name]
    exact = fractions.Fraction(amax)
    if rounding == "round_up":  # the least e with amax <= largest * 2^e
        largest = fractions.Fraction(finite_magnitudes(name).max())
        e = floor_log2(exact / largest)
        e += exact > largest * fractions.Fraction(2) ** e
    else:
        if rounding == "even":  # to `mantissa` bits below the leading one; a tie at the top is even above
            unit = fractions.Fraction(2) ** (floor_log2(exact) - mantissa)
            exact = round(exact / unit) * unit
        e = floor_log2(exact) - emax
    return min(max(e, -127), 127)


def quantize(name, rounding, values):
    dtype, _, _, _ = ELEMENTS[name]
    e = exponent_of(name, rounding, float(np.abs(values).max()))
    largest = finite_magnitudes(name).max()
    scaled = np.clip(values.astype(np.float64) * 2.0**-e, -largest, largest)
    return e + 127, scaled.astype(np.float32).astype(dtype).view(np.uint8)


def beside(value):
    value = np.float32(value)
    return [np.nextafter(value, np.float32(0)), value, np.nextafter(value, np.float32(np.inf))]


def amaxes(name):
    """Each border of each rule with its neighbours, in binades from the smallest to the largest."""
    _, _, emax, mantissa = ELEMENTS[name]
    largest = finite_magnitudes(name).max() / 2.0**emax
    borders = (1.0, largest, 2 - 2.0 ** (-mantissa - 1))
    for exponent in (0, emax, -3, -126, -127 + emax, -126 + emax, 127):
        for border in borders:
            yield from beside(np.float32(border * 2.0**exponent))
    for bits in (0, 1, 2, 0x007FFFFF, 0x7F7FFFFF):
        yield np.uint32(bits).view(np.float32)


def blocks(name):
    """The amax first, then codes, their midpoints, the midpoints' neighbours, all scaled for some rule."""
    random = np.random.default_rng(1)
    codes = finite_magnitudes(name)
    middles = (codes[1:] + codes[:-1]) / 2
    for amax in amaxes(name):
        e = exponent_of(name, ROUNDINGS[random.integers(3)], float(amax))
        picked = random.choice(np.concatenate([codes, middles, middles]), 31) * random.choice([-1, 1], 31)
        values = (picked * 2.0**e).astype(np.float32)
        step = random.integers(-1, 2, 31, dtype=np.int32)
        nudged = np.where(values == 0, values, (values.view(np.int32) + step).view(np.float32))
        block = np.concatenate([[amax], nudged]).astype(np.float32)
        block[~(np.abs(block) <= amax)] = -amax
        yield random.permutation(block)


def main():
    lines = ["element,rounding,scale,values,codes"]
    for name, (_, bits, _, _) in ELEMENTS.items():
        for block in blocks(name):
            for rounding in ROUNDINGS:
                scale, codes = quantize(name, rounding, block)
                values = "".join(f"{v:08x}" for v in block.view(np.uint32))
                text = "".join(f"{c:0{bits // 4}x}" for c in codes)
                lines.append(f"{name},{rounding},{scale},{values},{text}")
    OUTPUT.write_text("\n".join(lines) + "\n")
    print(f"{OUTPUT}: {len(lines) - 1} rows, {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
