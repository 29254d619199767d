#!/usr/bin/env python3
"""Writes tests/core/format_reference.csv: what ml_dtypes says about Octet's number formats.

Needs numpy and ml_dtypes; the tests need only the file. Columns: kind,format,code,count,value,step.
  decode  codes code .. code+count-1 mean value + i*step (i from 0), all finite, or inf, or nan
  encode  the float32 `value` rounds to `code` (-1: a NaN); overflow gives infinity or NaN
  tie     codes code+i: the midpoint to the next larger magnitude is value + i*step; the float32
          just below rounds to code+i, just above to code+i+1, the midpoint to the even one
Every number is checked against ml_dtypes here, runs included: they only keep the file small.
"""

import pathlib
import warnings

import ml_dtypes
import numpy as np

warnings.filterwarnings("ignore", category=RuntimeWarning)  # overflow in casts is the subject
OUTPUT = pathlib.Path(__file__).parent.parent / "tests/core/format_reference.csv"
FORMATS = {  # name: (dtype, bits)
    "e4m3fn": (ml_dtypes.float8_e4m3fn, 8),
    "e4m3fnuz": (ml_dtypes.float8_e4m3fnuz, 8),
    "e5m2": (ml_dtypes.float8_e5m2, 8),
    "f16": (np.float16, 16),
    "bf16": (ml_dtypes.bfloat16, 16),
    "e8m0": (ml_dtypes.float8_e8m0fnu, 8),
    "e2m1": (ml_dtypes.float4_e2m1fn, 4),
}


def unsigned(bits):
    return {4: np.uint8, 8: np.uint8, 16: np.uint16}[bits]


def decode_all(dtype, bits):
    return np.arange(1 << bits).astype(unsigned(bits)).view(dtype).astype(np.float32)


def encode(dtype, bits, values):
    return np.asarray(values, np.float32).astype(dtype).view(unsigned(bits)).astype(np.int64)


def runs(values):
    """(first, count, value, step) over arithmetic progressions of exact doubles."""
    values = values.astype(np.float64)
    same = lambda a, b: a == b or (a != a and b != b)
    first = 0
    while first < len(values):
        value = values[first]
        end = first + 1
        if not np.isfinite(value):
            step = 0.0
            while end < len(values) and same(values[end], value):
                end += 1
        else:
            step = values[end] - value if end < len(values) else 0.0
            step = step if np.isfinite(step) and value + step != value else 0.0
            while end < len(values) and step and values[end] == value + step * (end - first):
                if values[end] == 0 and np.signbit(values[end]):
                    break  # a sum that is zero has no sign
                end += 1
        if value == 0 and np.signbit(value):
            end, step = first + 1, 0.0  # -0 + 0*step would lose its sign
        yield first, end - first, value, step if end - first > 1 else 0.0
        first = end


def text(value):
    return repr(float(value))


def decode_rows(name, dtype, bits):
    for first, count, value, step in runs(decode_all(dtype, bits)):
        yield f"decode,{name},{first},{count},{text(value)},{text(step)}"


def midpoints(name, dtype, bits):
    """Positive finite codes and the exact midpoint to the next larger magnitude."""
    values = decode_all(dtype, bits)[: 1 << (bits - 1)].astype(np.float64)
    finite = int(np.isfinite(values).sum())
    values = values[:finite]
    above = np.append(values[1:], 2 * values[-1] - values[-2])  # past the largest: where it overflows
    middle = (values + above) / 2
    assert (middle.astype(np.float32) == middle).all(), name
    return np.arange(finite), middle.astype(np.float32)


def neighbours(middle):
    bits = middle.view(np.uint32)
    return (bits - 1).view(np.float32), (bits + 1).view(np.float32)


def encode_row(name, dtype, bits, value):
    code = int(encode(dtype, bits, [value])[0])
    if np.isnan(decode_all(dtype, bits)[code]):
        code = -1
    return f"encode,{name},{code},1,{text(value)},0.0"


def special_rows(name, dtype, bits):
    largest = np.finfo(np.float32).max
    tiny = np.float32(1e-45)
    for value in (0.0, tiny, 1.0, largest, np.inf, np.nan):
        if name == "e2m1" and value != value:
            continue  # it has no NaN, and what becomes of one is nobody's rule
        for sign in (1, -1):
            yield encode_row(name, dtype, bits, np.float32(value) * np.float32(sign))


def tie_rows(name, dtype, bits):
    codes, middle = midpoints(name, dtype, bits)
    below, above = neighbours(middle)
    for sign in (0, 1 << (bits - 1)):
        factor = np.float32(-1 if sign else 1)
        assert (encode(dtype, bits, below * factor) == codes + sign).all(), name
        assert (encode(dtype, bits, middle * factor) == codes + (codes & 1) + sign).all(), name
        assert (encode(dtype, bits, above * factor) == codes + 1 + sign).all(), name
        for first, count, value, step in runs(middle * factor):
            yield f"tie,{name},{first + sign},{count},{text(value)},{text(step)}"


def midpoint_rows(name, dtype, bits):
    _, middle = midpoints(name, dtype, bits)
    for triple in zip(*neighbours(middle), middle):
        for value in triple:
            yield encode_row(name, dtype, bits, value)
            yield encode_row(name, dtype, bits, -value)


def main():
    lines = ["kind,format,code,count,value,step"]
    for name, (dtype, bits) in FORMATS.items():
        lines += decode_rows(name, dtype, bits)
        if name == "e8m0":
            continue
        lines += special_rows(name, dtype, bits)
        lines += (midpoint_rows if bits <= 8 else tie_rows)(name, dtype, bits)
    OUTPUT.write_text("\n".join(lines) + "\n")
    print(f"{OUTPUT}: {len(lines) - 1} rows, {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
