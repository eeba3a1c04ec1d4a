"""`tidegate exchange`: the state of the exchange on this node, delivery, verification of the logs, and keys."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidegate.parties.models import State

EPILOG = """\
status    for each State kept here and each peer: what waits, was accepted, was rejected, needs a person
deliver   one round of delivery now; without it the server makes one every second
verify    every log from its first entry on: numbers, heads, and the messages and receipts that are kept
keys      the signing keys; --rotate STATE makes a new one, --revoke KID declares one stolen

State lies in TIDEGATE_DATA_DIR; back up its folder `keys` as you would a seal.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("what", choices=["status", "deliver", "verify", "keys"], help="what to do")
    parser.add_argument("--state", metavar="CODE", help="only this State kept here (ISO 3166-1 alpha-2)")
    parser.add_argument("--rotate", metavar="STATE", help="with keys: make a new signing key for this State")
    parser.add_argument("--revoke", metavar="KID", help="with keys: nothing signed with this key is taken in any more")
    parser.add_argument("--reason", default="", help="with --revoke: why; it is kept with the key")
    parser.add_argument(
        "--settings",
        choices=("demo", "dev", "office"),
        help="which settings (default: DJANGO_SETTINGS_MODULE, or demo)",
    )


def run(args: argparse.Namespace) -> int:
    """Exit: 0 done and in order, 1 something does not hold or needs a person, 2 wrong usage."""
    from tidegate.web.serve import DEFAULT_SETTINGS, prepare

    if args.what != "keys" and (args.rotate or args.revoke):
        return _usage("--rotate and --revoke go with `keys`")
    if args.settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = f"tidegate.web.settings.{args.settings}"
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", DEFAULT_SETTINGS)
    prepare()
    from tidegate.parties.models import State

    states = State.objects.filter(here=True).order_by("code")
    if args.state:
        states = states.filter(code=args.state.upper())
        if not states:
            return _usage(f"{args.state!r} is no State that is kept on this node")
    if args.what == "deliver":
        return _deliver()
    if args.what == "verify":
        return _verify(list(states))
    if args.what == "keys":
        return _keys(args, list(states))
    return _status(list(states))


def _usage(text: str) -> int:
    print(f"tidegate exchange: {text}", file=sys.stderr)
    return 2


def _status(states: list[State]) -> int:
    from rich.console import Console
    from rich.table import Table

    from tidegate.exchange.queries import counts

    table = Table(box=None, header_style="bold")
    columns = (
        "state",
        "peer",
        "waiting",
        "accepted",
        "rejected",
        "stopped",
        "received",
        "held",
        "quarantine",
        "overdue",
    )
    for name in columns:
        table.add_column(name, justify="left" if name in ("state", "peer") else "right")
    resting = 0
    for state in states:
        for line in counts(state.code):
            resting += line.resting + line.quarantine
            numbers = (
                line.waiting, line.counts.get("accepted", 0), line.counts.get("rejected", 0), line.resting, line.came,
                line.held, line.quarantine, line.we_owe + line.they_owe,
            )  # fmt: skip
            table.add_row(state.code, line.peer, *(str(number) for number in numbers))
    Console(width=None if sys.stdout.isatty() else 160).print(table if table.row_count else "no message yet")
    return 1 if resting else 0


def _deliver() -> int:
    from tidegate.exchange.delivery import settle

    print(f"{settle()} tried")
    return 0


def _verify(states: list[State]) -> int:
    from tidegate.exchange import log
    from tidegate.exchange.queries import log_end

    bad = 0
    for state in states:
        fault = log.verify(state.code)
        if fault is None:
            end = log_end(state.code)
            print(f"{state.code}: {end.n if end else 0} entries, all hold; head {end.head if end else '-'}")
        else:
            bad += 1
            print(f"{state.code}: entry {fault.n} does not hold: {fault.text}")
    return 1 if bad else 0


def _keys(args: argparse.Namespace, states: list[State]) -> int:
    from tidegate.exchange import keys
    from tidegate.exchange.models import Key
    from tidegate.parties.models import State

    try:
        if args.rotate:
            state = State.objects.filter(here=True, code=args.rotate.upper()).first()
            if state is None:
                return _usage(f"{args.rotate!r} is no State that is kept on this node")
            print(f"{state.code}: signs with {keys.rotate(state).kid} now")
        if args.revoke:
            if not Key.objects.filter(kid=args.revoke).exists():
                return _usage(f"{args.revoke!r} is no key that is known here")
            print(f"{keys.revoke(args.revoke, args.reason).kid} is revoked")
    except keys.KeyProblem as problem:
        print(f"tidegate exchange: {problem}", file=sys.stderr)
        return 1
    chosen = [state.node for state in states]
    for key in Key.objects.filter(node__in=chosen) if args.state else Key.objects.all():
        state_of = "revoked" if key.revoked_at else "retired" if key.retired_at else "signs"
        print(f"{key.node}\t{key.kid}\t{state_of}\tsince {key.valid_from:%Y-%m-%d}\t{key.public}")
    return 0
