"""Line files of an office that has only e-mail: permits out, write-offs and acknowledgements in, replies back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements import ledger, linefile
from tidegate.movements.commands.border import Reply, write_off
from tidegate.movements.commands.permits import acknowledge
from tidegate.movements.linefile import Head
from tidegate.movements.models import LineRun, Permit
from tidegate.movements.queries.permits import TOLD
from tidegate.movements.writeoffs import Unreadable, of_fields
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command
from tidegate.parties.models import Organisation

ENDED = ("expired", "revoked", "surrendered", "superseded")


@command("movements.border.write_off", "movements.border.lines_out")
def lines_out(actor: Actor, *, full: bool = False) -> LineRun:
    """The next file to the actor's office: the permits whose status or balance changed since the last (`full`: all).

    A file that is fetched again without any change in between is a new run with no records: runs have no gaps.
    """
    office = _office(actor)
    last = _last(office, LineRun.Direction.OUT)
    known: dict[str, str] = {} if last is None or full else last.told
    records, told = [], {}
    for permit in _permits(actor.state):
        mark = f"{permit.revision}.{permit.account.revision if permit.account is not None else 0}"
        key = str(permit.pk)
        told[key] = mark
        if known.get(key) == mark or (key not in known and permit.status in ENDED and not full):
            continue
        action = "cancel" if permit.status in ENDED else ("replace" if key in known else "insert")
        records.append(_permit(permit, action))
    run = LineRun(
        holder_id=actor.state, office=office, direction=LineRun.Direction.OUT, run=1 if last is None else last.run + 1,
        at=times.now(), told=told,
    )  # fmt: skip
    run.answer = linefile.write(Head("permits", actor.state, office.registration, run.run, run.at), records)
    run.sha256 = hashlib.sha256(run.answer.encode()).hexdigest()
    run.save(force_insert=True)
    return run


@command("movements.border.write_off", "movements.border.lines_in")
def lines_in(actor: Actor, text: str) -> LineRun:
    """Take in a file of the actor's office; `answer` of the run is the file of replies.

    1. The same run with the same text again: the stored answer, no effect.
    2. The next run: each line is applied and answered on its own.
    3. Anything else is refused, for a run is missing or a number was used twice.

    Raises Refused: line_file, run_gap, run_reused, office.
    """
    office = _office(actor)
    try:
        file = linefile.read(text, "usage")
    except linefile.Unreadable as error:
        raise Refused("line_file", str(error), field="file") from None
    head = file.head
    if (head.state, head.office) != (actor.state, office.registration):
        raise Refused(
            "office", _("The file is another office's."), field="office", value=f"{head.state} {head.office}",
            expected=f"{actor.state} {office.registration}",
        )  # fmt: skip
    digest = hashlib.sha256(text.encode()).hexdigest()
    earlier = LineRun.objects.filter(office=office, direction=LineRun.Direction.IN, run=head.run).first()
    if earlier is not None:
        if earlier.sha256 == digest:
            return earlier
        raise Refused("run_reused", _("This run number was used for another file."), field="run", value=head.run)
    last = _last(office, LineRun.Direction.IN)
    expected = 1 if last is None else last.run + 1
    if head.run != expected:
        raise Refused(
            "run_gap", _("A run is missing: send the files in their order."), field="run", value=head.run,
            expected=expected,
        )  # fmt: skip
    replies = [reply for number, row in file.records for reply in _line(actor, office, number, row)]
    run = LineRun(
        holder_id=actor.state, office=office, direction=LineRun.Direction.IN, run=head.run, at=times.now(),
        sha256=digest,
    )  # fmt: skip
    rows = [
        ("REPLY", r.transaction, "accepted" if r.accepted else "rejected", r.code, r.left_kg, r.left_count, r.text)
        for r in replies
    ]
    run.answer = linefile.write(Head("replies", actor.state, office.registration, run.run, run.at), rows)
    run.save(force_insert=True)
    return run


def _line(actor: Actor, office: Organisation, number: int, row: Any) -> list[Reply]:
    if row[0] == "USAGE":
        fields = dict(zip(linefile.USAGE_FIELDS, row[1:], strict=False))
        try:
            return write_off(actor, [of_fields(fields, f"line {number}")])
        except Unreadable as error:
            return [Reply(fields.get("transaction", ""), False, "unreadable", str(error))]
    if row[0] == "ACK" and len(row) == 2 and row[1].isdecimal():
        return [_acknowledged(actor, office, int(row[1]))]
    return [Reply("", False, "unreadable", f"line {number}: {row[0][:20]!r}; expected USAGE or ACK|run")]


def _acknowledged(actor: Actor, office: Organisation, number: int) -> Reply:
    """The office knows what that run told it; what has changed since then is still to be confirmed."""
    run = LineRun.objects.filter(office=office, direction=LineRun.Direction.OUT, run=number).first()
    if run is None:
        return Reply(f"ACK {number}", False, "unknown_run", str(_("No such file was sent to this office.")))
    for permit in Permit.objects.filter(holder=actor.state, pk__in=list(run.told), status_at__lte=run.at):
        try:
            acknowledge(actor, permit.pk)
        except Missing:  # gone from this office's sight meanwhile
            continue
    return Reply(f"ACK {number}", True)


def _permits(state: str) -> Iterator[Permit]:
    rows = Permit.objects.filter(holder=state, status__in=TOLD).select_related("organisation", "account")
    yield from rows.order_by("number", "pk").iterator(chunk_size=1000)


def _permit(permit: Permit, action: str) -> tuple[object, ...]:
    stand = None if permit.account is None else ledger.balance(permit.account)
    return (
        "PERMIT", action, permit.number, permit.kind, permit.status, permit.organisation.registration,
        permit.organisation.name, permit.valid_from, permit.valid_until,
        None if stand is None else format(stand.available, "f"), None if stand is None else stand.count_left,
        ",".join(permit.hs), ",".join(permit.wastes), ",".join(permit.origins), permit.revision,
    )  # fmt: skip


def _office(actor: Actor) -> Organisation:
    """The acting customs office, locked, so that its runs follow each other."""
    if actor.organisation is None:
        raise Missing("office")
    return Organisation.objects.select_for_update().get(pk=actor.organisation.pk)


def _last(office: Organisation, direction: str) -> LineRun | None:
    return LineRun.objects.filter(office=office, direction=direction).order_by("-run").first()
