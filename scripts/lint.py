"""What the lints share: finding sources, reporting, and the self-test of each lint.

A lint is a function check(root) that gives the problems of a source tree as (errors, warnings), lines that
open with path:line. Its self-test is a list of (files, text): a tree with these files must give just one
error or warning that contains text, or none at all where text is None.
"""

import pathlib
import sys
import tempfile

SKIPPED = (".git", ".dev", ".cache", "out", "data", "docs")
CPP = (".cpp", ".h", ".cu", ".hip")


def sources(root, suffixes=CPP, folders=None):
    """Relative paths of the tree's sources, sorted; build folders and data are left out."""
    found = []
    for top in sorted(root.iterdir()):
        if top.name in SKIPPED or top.name.startswith("build"):
            continue
        if folders is not None and top.name not in folders:
            continue
        paths = top.rglob("*") if top.is_dir() else [top]
        found += [p.relative_to(root) for p in paths if p.is_file() and p.suffix in suffixes]
    return sorted(p for p in found if "__pycache__" not in p.parts)


def self_test(check, cases):
    failures = 0
    for files, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, content in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(content, encoding="utf-8")
            errors, warnings = check(root)
        found = errors + warnings
        if expected is None and found or expected is not None and (
                len(found) != 1 or expected not in found[0]):
            failures += 1
            print(f"self-test: {files}\n  expected {expected!r}, found {found}")
    print(f"self-test: {len(cases)} trees, {failures} failures")
    return 1 if failures else 0


def main(check, cases, fix=None):
    """LINT [ROOT] | LINT --self-test | LINT --fix [ROOT]; the exit code is 1 where there are errors."""
    if "--self-test" in sys.argv[1:]:
        return self_test(check, cases)
    roots = [a for a in sys.argv[1:] if not a.startswith("-")]
    root = pathlib.Path(roots[0] if roots else pathlib.Path(__file__).parent.parent).resolve()
    if "--fix" in sys.argv[1:] and fix is not None:
        fix(root)
    errors, warnings = check(root)
    for line in warnings:
        print(f"{line} (warning)")
    for line in errors:
        print(line)
    print(f"{pathlib.Path(sys.argv[0]).stem}: {len(errors)} errors, {len(warnings)} warnings")
    return 1 if errors else 0
