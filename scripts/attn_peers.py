#!/usr/bin/env python3
"""Tables of attn_decode beside kernels of others that were timed in turn with it, on the same tensors.

  scripts/attn_peers.py data/results/h100/attn_decode_peers.jsonl [--shapes]

Reads rows of a results file that have `peers` (name: us), `peer_errors` (name: relative error against double precision over the
same codes; ours as `octet`), `shape`, `set` and `kv_bytes` (codes of keys and values); floor_us is a kernel that only reads as
many bytes. Rows with the policy cold_chained are calls that overlap the end of the one before, as those of most peers do. Other
rows of the same shape are the same call with another format or policy, and are compared with the plain one.
"""

import argparse
import json
import math
import sys

CLASSES = [("under 70 MB", 0, 70e6), ("70 to 300 MB", 70e6, 300e6), ("over 300 MB", 300e6, math.inf)]


def read(path):
    """The plain rows with peers, each with all others of its shape; then the chained ones with peers."""
    with open(path) as lines:
        rows = [row for row in map(json.loads, lines) if "shape" in row]
    shapes = [dict(row, others=[]) for row in rows if "peers" in row and "chained" not in row["policy"]]
    if not shapes:
        raise ValueError(f"{path}: no row has peers")
    place = {(row["set"], row["shape"]): row for row in shapes}
    chained = [row for row in rows if "peers" in row and "chained" in row["policy"]]
    for row in rows:
        found = place.get((row["set"], row["shape"]))
        if found and (row["format"], row["policy"]) != (found["format"], found["policy"]):
            found["others"].append(row)
    return shapes, chained


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def best(row):
    return min(row["peers"].items(), key=lambda item: item[1])


def ratio(row):
    """Times that the fastest peer takes longer than we do."""
    return best(row)[1] / row["us"]


def share(row):
    """Of the speed of a kernel that only reads."""
    return row["floor_us"] / row["us"]


def table(header, lines):
    print("| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def class_line(name, rows):
    if not rows:
        return [name, "0"] + ["-"] * 5
    worst = min(rows, key=ratio)
    shares = sorted(map(share, rows))
    return [name, str(len(rows)), f"{geomean(list(map(ratio, rows))):.2f}", f"{ratio(worst):.2f} ({worst['shape']}, {best(worst)[0]})",
            f"{geomean(shares) * 100:.0f} %", f"{shares[0] * 100:.0f} to {shares[-1] * 100:.0f} %",
            f"{sum(ratio(row) >= 1 for row in rows)} of {len(rows)}"]


def classes(shapes, what):
    uniform = [row for row in shapes if row["set"] != "ragged"]
    lines = [class_line(name, [row for row in uniform if least <= row["kv_bytes"] < most]) for name, least, most in CLASSES]
    lines.append(class_line("ragged", [row for row in shapes if row["set"] == "ragged"]))
    table([f"KV bytes, {what}", "shapes", "best peer / ours", "worst shape", "of the read ceiling", "from, to", "won"], lines)


def peers(shapes):
    """Each peer where it ran: how much slower than ours, by bytes; its errors."""
    names = sorted({name for row in shapes for name in row["peers"]})
    lines = []
    for name in names:
        line = [name]
        for _, least, most in CLASSES:
            ratios = [row["peers"][name] / row["us"] for row in shapes if name in row["peers"] and least <= row["kv_bytes"] < most]
            line.append(f"{geomean(ratios):.2f} ({len(ratios)})" if ratios else "-")
        errors = [row["peer_errors"][name] for row in shapes if name in row["peer_errors"]]
        lines.append(line + [f"{min(errors):.1e} to {max(errors):.1e}"])
    ours = [row["peer_errors"]["octet"] for row in shapes]
    lines.append(["ours", "1", "1", "1", f"{min(ours):.1e} to {max(ours):.1e}"])
    table(["kernel", *(f"{name}: its time / ours" for name, _, _ in CLASSES), "relative error"], lines)


def others(shapes):
    """The same calls with pages, scales or fixed splits, against the plain call."""
    ratios = {}
    for row in shapes:
        for other in row["others"]:
            ratios.setdefault((other["format"], other["policy"].replace("_ragged", "")), []).append((other["us"] / row["us"], row["shape"]))
    lines = [[f"{name}, {policy}", f"{geomean([r for r, _ in found]):.3f}", "{:.2f} ({})".format(*max(found))]
             for (name, policy), found in sorted(ratios.items())]
    table(["the same call as", "time over the plain call's", "worst"], lines)


def every_shape(shapes):
    names = sorted({name for row in shapes for name in row["peers"]})
    lines = []
    for row in shapes:
        cells = [f"{row['peers'][name]:.1f}" if name in row["peers"] else "-" for name in names]
        lines.append([row["shape"], f"{row['kv_bytes'] / 1e6:.1f}", f"{row['us']:.2f}", f"{share(row) * 100:.0f} %", f"{ratio(row):.2f}", *cells])
    table(["shape", "MB", "ours, us", "of the read ceiling", "best peer / ours", *names], lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results")
    parser.add_argument("--shapes", action="store_true", help="a line for every shape too")
    options = parser.parse_args()
    try:
        shapes, chained = read(options.results)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"attn_peers: {error}")
    classes(shapes, "plain calls")
    if chained:
        classes(chained, "chained calls")
    peers(shapes)
    others(shapes)
    if options.shapes:
        every_shape(shapes)


if __name__ == "__main__":
    main()
