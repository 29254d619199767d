#!/usr/bin/env python3
"""Tables of gemm_batched beside kernels of others that were timed in the same session on the same card.

  scripts/batched_peers.py data/results/h200/gemm_batched.jsonl
  scripts/batched_peers.py suite.jsonl --join peers.csv --out data/results/h200/gemm_batched.jsonl

Reads rows of a results file that have `peers` (name: us). --join adds those of a CSV file (fmt, B, M, N, K, peer, us) to the rows
of the same problem; peers that run other arithmetic or only read are left out.
"""

import argparse
import csv
import json
import math
import sys

NOT_PEERS = {"read_floor", "bf16_ref"}


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def read(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def join(rows, path):
    """Adds the peers of a CSV file; all rows, those of other formats or problems as they are."""
    peers = {}
    with open(path) as lines:
        for row in csv.DictReader(lines):
            if row["peer"] not in NOT_PEERS:
                key = (row["fmt"], *(int(row[name]) for name in ("B", "M", "N", "K")))
                peers.setdefault(key, {})[row["peer"]] = float(row["us"])
    for row in rows:
        if "problem" in row:
            p = row["problem"]
            found = peers.get((row["format"], p["batch"], p["m"], p["n"], p["k"]))
            if found:
                row["peers"] = found
    return rows


def best(row):
    return min(row["peers"].items(), key=lambda item: item[1])


def ratio(row):
    """Times that the fastest peer takes longer than we do."""
    return best(row)[1] / row["us"]


def table(header, lines):
    print("| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def cells(rows):
    """One line a format, (n,k) and batch; a column for each m."""
    ms = sorted({row["problem"]["m"] for row in rows})
    places = {}
    for row in rows:
        p = row["problem"]
        places.setdefault((row["format"], p["n"], p["k"], p["batch"]), {})[p["m"]] = row
    lines = []
    for (name, n, k, batch), found in sorted(places.items()):
        texts = [f"{found[m]['us']:.4g}, {ratio(found[m]):.2f}x ({best(found[m])[0]})" if m in found else "" for m in ms]
        lines.append([name, f"{n}, {k}", str(batch), *texts])
    table(["format", "n, k", "batch", *map(str, ms)], lines)


def means(rows):
    """Geometric means of ratio() by format: few tokens of large and of small weights, and many tokens."""
    classes = {
        "m to 64, weights over 64 MB": lambda p, size: p["m"] <= 64 and size > 64e6,
        "m to 64, smaller": lambda p, size: p["m"] <= 64 and size <= 64e6,
        "m from 128, weights over 64 MB": lambda p, size: p["m"] > 64 and size > 64e6,
        "m from 128, smaller": lambda p, size: p["m"] > 64 and size <= 64e6,
        "all": lambda p, size: True,
    }
    byte = {"bf16": 2, "a16wfp4": 17 / 32, "afp4wfp4": 17 / 32}
    lines = []
    for name in [*sorted({row["format"] for row in rows}), "all"]:
        line = [name]
        for belongs in classes.values():
            ratios = []
            for row in rows:
                p = row["problem"]
                size = p["batch"] * p["n"] * p["k"] * byte.get(row["format"], 1)
                if name in (row["format"], "all") and belongs(p, size):
                    ratios.append(ratio(row))
            line.append(f"{geomean(ratios):.2f} ({len(ratios)}, worst {min(ratios):.2f})" if ratios else "-")
        lines.append(line)
    table(["format", *classes], lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results")
    parser.add_argument("--join", help="CSV file of times of peers")
    parser.add_argument("--out", help="write the rows with their peers")
    options = parser.parse_args()
    rows = read(options.results)
    if options.join:
        rows = join(rows, options.join)
    if options.out:
        with open(options.out, "w") as out:
            out.writelines(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    rows = [row for row in rows if "peers" in row]
    if not rows:
        sys.exit(f"batched_peers: {options.results}: no row has peers")
    cells(rows)
    means(rows)


if __name__ == "__main__":
    main()
