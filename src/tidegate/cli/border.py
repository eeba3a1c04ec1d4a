"""`tidegate border`: check what stands at the border, and exchange line files with an office that has only e-mail."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

EPILOG = """\
The office is named by its State and its registration number, as in `--office VN:CUSTOMS-01`. Whoever may run this
command reads the database itself, and so acts for the office; each act is in the journal as the office's.
Exit of `check`: 0 valid, 1 not valid, 3 unknown (the worst of all that were asked); 2 wrong usage or not found.
"""
WORST = {"valid": 0, "unknown": 3, "not_valid": 1}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    check = acts.add_parser(
        "check", help="answer for numbers: permit, notification, movement, declaration, container, QR"
    )
    check.add_argument("number", nargs="*", help="the number, or the text of a certificate's QR code")
    check.add_argument("--file", type=Path, help="a file with one number a line")
    check.add_argument("--kg", help="what stands at the border, in kilograms")
    check.add_argument("--json", action="store_true", help="one JSON object a line")
    lines = acts.add_parser(
        "lines", help="line files: `out` writes the next one, `in` takes one and writes the replies"
    )
    lines.add_argument("way", choices=("in", "out"))
    lines.add_argument("file", nargs="?", default="-", help="the file to take in (default: standard input)")
    lines.add_argument("--full", action="store_true", help="out: every permit, not only the changed ones")
    off = acts.add_parser("write-off", help="apply the deductions of a declaration in WCO or ASYCUDA XML")
    off.add_argument("file", type=Path)
    off.add_argument("--format", choices=("wco", "asycuda"), required=True)
    keys = acts.add_parser("keys", help="write public keys and status lists, for `tidegate verify --keys`")
    keys.add_argument("state", nargs="*", help="only these States")
    for one in (check, lines, off):
        one.add_argument("--office", required=True, metavar="STATE:REGISTRATION", help="the customs office that acts")
    for one in (check, lines, off, keys):
        one.add_argument("--settings", help="settings module (default: DJANGO_SETTINGS_MODULE, or demo)")


def run(args: argparse.Namespace) -> int:
    """Does one act. Exit status as in the help."""
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", args.settings or "tidegate.web.settings.demo")
    acts: dict[str, Callable[[argparse.Namespace], int]] = {
        "check": _check, "lines": _lines, "write-off": _write_off, "keys": _keys
    }  # fmt: skip
    try:
        django.setup()
        from tidegate.movements.writeoffs import Unreadable
        from tidegate.parties.commanding import Refused

        try:
            return acts[args.act](args)
        except (Refused, Unreadable) as error:
            return _failed(_said(error))
        except UnicodeDecodeError:
            return _failed("the file is not UTF-8 text")
    except OSError as error:
        return _failed(f"{error.filename}: {error.strerror}")
    except (ImproperlyConfigured, DatabaseError) as error:
        return _failed(str(error).splitlines()[0])


def _check(args: argparse.Namespace) -> int:
    from tidegate.movements.border import as_json, check
    from tidegate.movements.masses import kilograms
    from tidegate.parties.commanding import Missing

    numbers = list(args.number)
    if args.file is not None:
        numbers += [line.strip() for line in args.file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not numbers:
        return _failed("name a number, or a file with --file")
    actor = _office(args.office)
    kg = None if args.kg is None else kilograms(args.kg)
    worst = 0
    for number in numbers:
        try:
            answers = check(actor, number, kg=kg)
        except Missing as error:
            print(json.dumps({"asked": number, "answer": "not_found"}) if args.json else f"{number}: {error}")
            worst = 2
            continue
        for answer in answers:
            said = as_json(answer)
            print(json.dumps(said, ensure_ascii=False) if args.json else "\n".join(_lines_of(said)))
            if worst != 2:
                worst = max((worst, WORST[answer.answer]), key=(0, 3, 1).index)
    return worst


def _lines_of(said: dict[str, Any]) -> list[str]:
    out = [
        f"{said['number'] or said['asked']}: {said['answer'].replace('_', ' ')} ({said['subject']}, {said['status']})"
    ]
    out += [f"  {one['text']}" for one in said["reasons"]]
    out += [f"  flagged: {one['text']}" for one in said["flags"]]
    if said["stale_since"]:
        out.append(f"  not known since {said['stale_since']}")
    out += [
        f"  left: {one['kg']} kg" + (f", {one['shipments']} shipments" if one["shipments"] is not None else "")
        + f" as of {one['as_of']} ({one['home']})"
        for one in said["left"]
    ]  # fmt: skip
    words = {True: "met", False: "NOT MET", None: "to be checked"}
    out += [
        f"  {one['authority']}, {one['condition'].get('kind', '')}: {words[one['met']]} {one['text']}".rstrip()
        for one in said["conditions"]
    ]
    if said["valid_until"]:
        out.append(f"  until {said['valid_until']}")
    return out


def _lines(args: argparse.Namespace) -> int:
    from tidegate.movements.commands.linefiles import lines_in, lines_out

    actor = _office(args.office)
    if args.way == "out":
        made = lines_out(actor, full=args.full)
    else:
        text = sys.stdin.read() if args.file == "-" else Path(args.file).read_text(encoding="utf-8")
        made = lines_in(actor, text)
    sys.stdout.write(made.answer)
    return 0


def _write_off(args: argparse.Namespace) -> int:
    from tidegate.movements.commands.border import write_off
    from tidegate.movements.writeoffs import of_asycuda, of_wco
    from tidegate.parties import times

    read = of_asycuda if args.format == "asycuda" else of_wco
    replies = write_off(_office(args.office), read(args.file.read_bytes(), args.file.name, at=times.now()))
    for reply in replies:
        word = "accepted" if reply.accepted else "rejected"
        print(f"{reply.transaction}: {word} {reply.code} {reply.text} left {reply.left_kg or '-'} kg")
    return 0 if all(reply.accepted for reply in replies) else 1


def _keys(args: argparse.Namespace) -> int:
    from tidegate.movements.commands.certificates import bundle

    sys.stdout.write(bundle(args.state).dump())
    return 0


def _office(named: str) -> Any:
    """The customs office, acting by this command."""
    from tidegate.parties.actors import Actor
    from tidegate.parties.commanding import Refused
    from tidegate.parties.models import Organisation, Role

    state, _colon, registration = named.partition(":")
    found = Organisation.objects.filter(
        holder=state, registration=registration, kind=Organisation.Kind.CUSTOMS, active=True, holder__here=True
    ).first()
    if found is None:
        raise Refused(
            "office", f"office: {named!r}; expected State and registration number of a customs office kept here"
        )
    return Actor(state, found, Role.CLERK)


def _said(error: Any) -> str:
    parts = [str(error)]
    if getattr(error, "field", ""):
        parts.append(f"{error.field}: {error.value!r}" + (f"; expected {error.expected}" if error.expected else ""))
    return " ".join(parts)


def _failed(text: str) -> int:
    print(f"tidegate border: {text}", file=sys.stderr)
    return 2
