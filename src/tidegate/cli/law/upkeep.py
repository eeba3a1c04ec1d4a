"""`tidegate law propose|impact|approve|whatif`: changing the law that the book holds, by two people.

One person proposes, everybody can see what would change, a second person approves. The shipped book stays
as it is: what is approved becomes a file of an overlay folder (`--rulebook DIR`, or TIDEGATE_RULEBOOK).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegate.cli.law import asked, output
from tidegate.law import Book, load_rulebook

if TYPE_CHECKING:
    from tidegate.formats import ShipmentReader
    from tidegate.screening.impact import Impact, ScenarioShift

FOLDER = "proposals"
MORE_SCENARIOS = 20


def proposals_folder(args: argparse.Namespace) -> Path:
    """The folder for proposals: --folder, TIDEGATE_PROPOSALS, or `proposals` here."""
    return Path(args.folder or os.environ.get("TIDEGATE_PROPOSALS") or FOLDER)


# ── propose ────────────────────────────────────────────────────────────────────────────────────────────────


def configure_propose(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--rule", metavar="RULE", help="change this rule of the book")
    what.add_argument("--new", metavar="STATE|LAYER", help="a new rule of this State or international layer")
    what.add_argument("--file", type=Path, metavar="FILE", help="the rules or other records, as a rulebook file")
    what.add_argument("--form", action="store_true", help="ask for everything, field by field")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="a field of the rule; the value as YAML, such as to=2026-12-31 or fails='[{hazardous: true}]'",
    )
    parser.add_argument("--cases", type=Path, metavar="FILE", help="scenarios that go with it")
    parser.add_argument("--by", metavar="NAME", help="who proposes")
    parser.add_argument("--why", metavar="TEXT", help="the reason, with the source")
    parser.add_argument("--folder", type=Path, metavar="DIR", help=f"where proposals are kept (default: {FOLDER})")
    parser.epilog = "Without --rule, --new or --file a form asks for everything."


def run_propose(args: argparse.Namespace) -> int:
    """Writes a proposal and says what the linter thinks of it."""
    from tidegate.cli.law import form
    from tidegate.law import proposals
    from tidegate.screening.approval import findings

    book = output.book(args)
    content: Mapping[str, Any]
    by, why = args.by or "", args.why or ""
    if args.rule:
        content = proposals.rule_change(book, args.rule, _fields(args.set))
    elif args.new:
        content = proposals.new_rule(book, args.new, _fields(args.set))
    elif args.file:
        content = _yaml_file(args.file)
    elif args.form or sys.stdin.isatty():
        content, by, why = form.fill_in(book, by=by, why=why)
    else:
        output.problem("propose", "nothing proposed, expected --rule, --new, --file or --form")
        return 2
    cases = _yaml_file(args.cases) if args.cases else None
    proposal = proposals.write(proposals_folder(args), content, by=by, why=why, book=book, cases=cases)
    print(f"{proposal.path}: proposed by {proposal.by}")
    for finding in findings(proposal, output.overlays(args)):
        print(f"  before it can be approved: {finding}")
    print(f"  what it would change: tidegate law impact {proposal.path} [SHIPMENTS]")
    return 0


def _fields(pairs: Sequence[str]) -> dict[str, Any]:
    import yaml

    from tidegate.law.proposals import ProposalError

    out: dict[str, Any] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise ProposalError(f"--set {pair}: expected FIELD=VALUE")
        try:
            out[name.strip()] = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError) as error:
            raise ProposalError(f"--set {name}: {value!r} is not YAML: {error}") from error
    return out


def _yaml_file(path: Path) -> Mapping[str, Any]:
    import yaml

    from tidegate.law.proposals import ProposalError

    try:
        document = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ProposalError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ProposalError(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(document, Mapping):
        raise ProposalError(f"{path}: expected a mapping at the top, found {type(document).__name__}")
    return document


# ── impact and what-if ─────────────────────────────────────────────────────────────────────────────────────


def _batch_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--map", help="column map for the shipments: a YAML file, or the name of a shipped one")
    parser.add_argument("--format", help="format of the shipments where it should not be found out")
    parser.add_argument(
        "--examples", type=asked.count, default=3, metavar="N", help="so many for each State (default: 3)"
    )
    parser.add_argument(
        "--any-day",
        action="store_true",
        help="take the new and changed rules as in force on every day, for shipments of the past",
    )
    parser.add_argument("--json", action="store_true", help="the result as JSON")


def configure_impact(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("proposal", type=Path, metavar="PROPOSAL")
    parser.add_argument("shipments", nargs="?", metavar="SHIPMENTS", help="a file of shipments, or - for JSON lines")
    _batch_arguments(parser)


def run_impact(args: argparse.Namespace) -> int:
    """Which scenarios and shipments a proposal would change."""
    from tidegate.law import proposals

    proposal = proposals.read(args.proposal)
    old = output.book(args)
    with proposals.as_overlay(proposal) as folder:
        return _impact(args, old, [*output.overlays(args), folder])


def configure_whatif(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("overlay", type=Path, metavar="OVERLAY", help="a folder of rulebook files, or one such file")
    parser.add_argument("shipments", metavar="SHIPMENTS", help="a file of shipments, or - for JSON lines")
    _batch_arguments(parser)


def run_whatif(args: argparse.Namespace) -> int:
    """Which scenarios and shipments an overlay would change."""
    old = output.book(args)
    with _folder(args.overlay) as folder:
        return _impact(args, old, [*output.overlays(args), folder])


@contextmanager
def _folder(overlay: Path) -> Iterator[Path]:
    if not overlay.is_file():
        yield overlay
        return
    with tempfile.TemporaryDirectory(prefix="tidegate-overlay-") as name:
        shutil.copyfile(overlay, Path(name) / overlay.name)
        yield Path(name)


def _impact(args: argparse.Namespace, old: Book, overlays: Sequence[Path]) -> int:
    from tidegate.formats.batches import arrow_batches
    from tidegate.screening.bulk.compared import impact_of_batches
    from tidegate.screening.impact import on_any_day, scenario_shifts
    from tidegate.screening.scenarios import load_scenarios

    new = load_rulebook(overlays)
    shifts = scenario_shifts(old, new, load_scenarios(overlays=overlays[:-1]))
    if args.any_day:
        new = on_any_day(old, new)
    result = None
    if args.shipments:
        with _opened(args, new) as reader:
            result = impact_of_batches(old, new, _counted(arrow_batches(reader)), examples=args.examples)
    if args.json:
        print(json.dumps(_as_data(old, new, shifts, result), ensure_ascii=False, indent=1))
    else:
        _tell_scenarios(shifts)
        if result is not None:
            _tell_shipments(new, result)
    if result is not None and not result.shipments:
        output.problem(args.law_verb, f"no shipment could be read; {result.rejected} rows were rejected")
        return 3
    return 0


def _opened(args: argparse.Namespace, book: Book) -> ShipmentReader:
    from tidegate.formats import open_shipments

    source: Any = sys.stdin.buffer if args.shipments == "-" else args.shipments
    types = {name: fact.type for name, fact in book.facts.items()}
    return open_shipments(source, format=args.format, map=args.map, fact_types=types)


def _counted(items: Iterable[Any]) -> Iterator[Any]:
    """Batches and rejects as they are, with a count of their rows on standard error where a person waits."""
    watched, number = sys.stderr.isatty(), 0
    for item in items:
        yield item
        number += item.num_rows if hasattr(item, "num_rows") else len(item)
        if watched:
            print(f"\r{number:,} shipments", end="", file=sys.stderr, flush=True)
    if watched:
        print("\r\x1b[K", end="", file=sys.stderr)


def _tell_scenarios(shifts: Sequence[ScenarioShift]) -> None:
    if not shifts:
        print("No scenario comes out otherwise.")
        return
    counts = {what: sum(s.what == what for s in shifts) for what in ("breaks", "mends", "differs")}
    said = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
    order = {"breaks": 0, "mends": 1, "differs": 2}
    rows = [
        (s.scenario, s.what, f"{s.before} → {s.after}", "; ".join(s.told))
        for s in sorted(shifts, key=lambda s: order[s.what])
    ]
    output.table(
        ("scenario", "what", "outcome", "told"),
        rows[:MORE_SCENARIOS],
        title=f"Scenarios that come out otherwise: {len(shifts)} ({said})",
    )
    if len(rows) > MORE_SCENARIOS:
        print(f"and {len(rows) - MORE_SCENARIOS} more (--json names all)")


def _tell_shipments(book: Book, result: Impact) -> None:
    share = f" ({result.changed / result.shipments:.1%})" if result.shipments else ""
    print(f"Shipments: {result.shipments:,} read, {result.rejected:,} rejected")
    print(f"  outcome changes: {result.changed:,}{share}")
    print(f"  same outcome, other papers, alerts or reasons: {result.touched:,}")
    tables = (
        ("By State", "State or layer", result.by_place),
        ("By State of import, outcome of the whole shipment", "State of import", result.by_import),
        ("By State of export, outcome of the whole shipment", "State of export", result.by_export),
    )
    for title, head, counts in tables:
        if counts:
            output.table(
                (head, "before", "after", "shipments"),
                [
                    (_place_name(book, place), was, now, f"{n:,}")
                    for place, counter in sorted(counts.items(), key=lambda kv: -kv[1].total())
                    for (was, now), n in counter.most_common()
                ],
                title=title,
            )
    if result.alerts:
        rows = [(rule, f"{n:,}") for rule, n in result.alerts.most_common()]
        output.table(("rule", "shipments"), rows, title="New alerts")
    examples = [
        (_place_name(book, place), str(s.row), s.id, f"{s.before} → {s.after}", ", ".join(s.rules))
        for place, shifts in result.examples.items()
        for s in shifts
    ]
    if examples:
        output.table(
            ("State or layer", "row", "id", "outcome", "rules that newly bear on it"), examples, title="Examples"
        )


def _place_name(book: Book, place: str) -> str:
    from tidegate.law.wording import LAYER_NAMES, state_text

    return LAYER_NAMES.get(place, state_text(book, place))


def _as_data(old: Book, new: Book, shifts: Sequence[ScenarioShift], result: Impact | None) -> dict[str, Any]:
    out: dict[str, Any] = {
        "before": old.label,
        "after": new.label,
        "scenarios": [
            {"id": s.scenario, "what": s.what, "before": s.before, "after": s.after, "told": list(s.told)}
            for s in shifts
        ],
    }
    if result is not None:
        out["shipments"] = result.as_dict()
    return out


# ── approve ────────────────────────────────────────────────────────────────────────────────────────────────


def configure_approve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("proposal", type=Path, metavar="PROPOSAL")
    parser.add_argument("--by", required=True, metavar="NAME", help="who approves; not the person who proposed")
    parser.add_argument("--into", required=True, type=Path, metavar="DIR", help="the overlay folder it goes into")
    parser.add_argument(
        "--accept-broken",
        action="store_true",
        help="approve although scenarios fail under the new law; their names are written into the file",
    )


def run_approve(args: argparse.Namespace) -> int:
    """Saves a proposal as a file of an overlay; exit status 1 when linter or scenarios stand against it."""
    from tidegate.law import proposals
    from tidegate.screening.approval import try_out

    proposal = proposals.read(args.proposal)
    proposals.check_approver(proposal, args.by)
    trial = try_out(proposal, output.overlays(args), args.into)
    for finding in trial.findings:
        print(finding)
    if trial.findings:
        n = len(trial.findings)
        print(f"{proposal.id}: not approved, {n} finding{'s' if n > 1 else ''}")
        return 1
    for name in trial.broken:
        print(f"scenario {name} fails under the new law")
    if trial.own or (trial.broken and not args.accept_broken):
        print(f"{proposal.id}: not approved; give scenarios of the same id under `cases`, or --accept-broken")
        return 1
    remarks = trial.remarks(proposal)
    written = proposals.approve(proposal, by=args.by, into=args.into, remarks=remarks)
    for path in written:
        print(f"{path}: approved by {args.by}")
    return 0


VERBS: output.Verbs = {
    "propose": ("propose a new rule or a change of one; a second person approves it", configure_propose, run_propose),
    "impact": ("what a proposal would change: scenarios, and shipments of a file", configure_impact, run_impact),
    "approve": ("approve a proposal of another person, into an overlay folder", configure_approve, run_approve),
    "whatif": ("what an overlay would change in a file of shipments, by State", configure_whatif, run_whatif),
}
