"""`tidegate map`: guess, show and check column maps."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="a table whose columns are to be mapped")
    parser.add_argument("-o", "--output", metavar="MAP.yaml", help="write the guessed map here instead of printing it")
    parser.add_argument("--format", help="format of the input where it should not be found out")
    parser.add_argument("--check", metavar="MAP", help="check this map against the file's columns")
    parser.add_argument("--list", action="store_true", help="list the maps that come with Tidegate")


def run(args: argparse.Namespace) -> int:
    """Prints a map with the reason of each guess, or what a map lacks."""
    from tidegate.cli.screen import describe, one_file
    from tidegate.formats import FormatError, guess_map, load_map, sample_rows, shipped_maps

    if args.list:
        for name, title in shipped_maps().items():
            print(f"{name}\t{title}")
        return 0
    if not args.file:
        print("tidegate map: name a file, or --list", file=sys.stderr)
        return 2
    try:
        headers, rows, reader = sample_rows(args.file, format=args.format)
        reader.close()
        if args.check:
            missing = load_map(args.check).missing_columns(headers)
            for column in missing:
                print(f"column {column!r}: named in the map, not in the file")
            print(f"{len(headers)} columns in the file, {len(missing)} missing")
            return 1 if missing else 0
        text = guess_map(headers, rows).to_yaml()
    except (FormatError, OSError, ValueError) as error:
        print(f"tidegate map: {describe(error)}", file=sys.stderr)
        return 2
    if not args.output:
        print(text)
        return 0
    path = Path(args.output)
    if args.file != "-" and one_file(path, Path(args.file)):
        print(f"tidegate map: {path}: is the table itself; name another file for the map", file=sys.stderr)
        return 2
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"tidegate map: {path}: cannot be written: {error.strerror or error}", file=sys.stderr)
        return 2
    return 0
