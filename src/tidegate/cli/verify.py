"""`tidegate verify`: is this certificate valid? With no network and no database."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

EPILOG = """\
The file of keys holds the States' public keys and signed status lists; an office gets it with `tidegate border keys` or
from the public verification page, and takes it along. Where its status lists are too old the answer is "unknown".
Exit: 0 valid, 1 invalid, 3 unknown, 2 wrong usage or an unreadable file.
"""
EXIT = {"valid": 0, "invalid": 1, "unknown": 3}
MAX_BYTES = 500_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "token", metavar="FILE|TOKEN", help="the certificate: a file, its text, or - for standard input"
    )
    parser.add_argument("--keys", required=True, type=Path, metavar="keys.json", help="public keys and status lists")
    parser.add_argument("--at", metavar="TIME", help="the moment to judge by, such as 2026-11-21T08:00Z (default: now)")


def run(args: argparse.Namespace) -> int:
    """Prints the answer in lines `name: value`. Exit status as in the help."""
    from django.conf import settings

    if not settings.configured:  # its sentences are Django's to translate; nothing else of it is needed
        settings.configure(USE_I18N=False)
    from tidegate.movements.credentials import verify
    from tidegate.movements.credentials.tokens import Malformed, read_moment

    try:
        bundle = verify.load(args.keys.read_text(encoding="utf-8"))
        now = datetime.now(UTC) if args.at is None else read_moment(args.at)
        token = _token(args.token)
    except OSError as error:
        print(f"tidegate verify: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except (Malformed, UnicodeDecodeError) as error:
        print(f"tidegate verify: {error}", file=sys.stderr)
        return 2
    verdict = verify.verify(token, bundle.keys, bundle.status_lists, now)
    for line in lines(verdict):
        print(line)
    return EXIT[verdict.answer]


def lines(verdict: object) -> list[str]:
    """A verdict, one line a fact."""
    from tidegate.movements.credentials.verify import REASONS, Verdict

    assert isinstance(verdict, Verdict)
    said = [f"answer: {verdict.answer}"]
    if verdict.reason:
        said.append(f"reason: {REASONS[verdict.reason]}" + (f" ({verdict.detail})" if verdict.detail else ""))
    if verdict.stale_since is not None:
        said.append(f"stale since: {verdict.stale_since.isoformat()}")
    if verdict.issuer:
        said.append(f"issuer: {verdict.issuer}")
    if verdict.valid_from is not None:
        said.append(f"valid from: {verdict.valid_from.isoformat()}")
    if verdict.valid_until is not None:
        said.append(f"valid until: {verdict.valid_until.isoformat()}")
    for name, value in verdict.claims.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        # What a stranger wrote must not steer the terminal.
        said.append(f"{name}: {''.join(sign if sign.isprintable() else ' ' for sign in shown)}")
    return said


def _token(named: str) -> str:
    if named == "-":
        return sys.stdin.read(MAX_BYTES)
    # A token has 200 signs and more without a slash; nothing of that length is opened as a file.
    if len(named) < 200 or "/" in named:
        with Path(named).open(encoding="utf-8") as file:
            return file.read(MAX_BYTES)
    return named
