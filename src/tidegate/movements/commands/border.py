"""What customs writes off a permit or quota, declaration by declaration; nothing that was declared is ever lost.

Each deduction is stored with the answer that it got. An entry of the same transaction number again gets the same answer
and has no other effect. Over the limit it is stored all the same, and opens a breach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tidegate.movements import ledger
from tidegate.movements.models import Account, ContainerUse, Movement, Reservation, WriteOff
from tidegate.movements.writeoffs import Line, Unreadable, of_fields
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command
from tidegate.parties.models import JournalEntry
from tidegate.parties.registry import Post, registry

Usage = WriteOff.Usage


@dataclass(frozen=True)
class Reply:
    """What became of one line: taken in or not, why not, what is left of the account, and whether it broke a limit."""

    transaction: str
    accepted: bool
    code: str = ""
    text: str = ""
    left_kg: str = ""
    left_count: int | None = None
    breach: bool = False


@command("movements.border.write_off")
def write_off(actor: Actor, lines: Sequence[Line | Mapping[str, Any]]) -> list[Reply]:
    """Apply a declaration's deductions, in their order; a reply for each. A line that is refused stops no other.

    A line is the fields of `Line`, masses and moments as texts. Raises Refused("line"): one that cannot be read, naming
    its number, field and value; nothing is applied then.
    """
    try:
        read = [_line(line, f"line {number}") for number, line in enumerate(lines, 1)]
    except Unreadable as error:
        raise Refused("line", str(error), field="lines") from None
    return [_apply(actor, line) for line in read]


def _line(said: Any, where: str) -> Line:
    if isinstance(said, Line):
        return said
    if not isinstance(said, Mapping):
        raise Unreadable(f"{where}: {str(said)[:40]!r}; expected an object with the fields of a line")
    return of_fields(said, where)


def _apply(actor: Actor, line: Line) -> Reply:
    office = actor.organisation
    assert office is not None
    earlier = WriteOff.objects.filter(office=office, transaction=line.transaction).first()
    if earlier is not None:
        same = (earlier.licence, earlier.declaration, earlier.item, earlier.usage, earlier.kg) == (
            line.licence, line.declaration, line.item, line.usage, line.kg
        )  # fmt: skip
        if same:
            return Reply(**earlier.reply)
        return _no(line, "transaction_reused", _("This transaction number was used for another entry."))
    account = _account(actor.state, line.licence)
    if account is None:
        return _no(line, "unknown_licence", _("There is no such permit or quota here."))
    if account.home != actor.state:
        return _no(line, "other_home", _("The quantity has its home in another State; its movement is counted there."))
    Account.objects.select_for_update().get(pk=account.pk)
    before = list(
        WriteOff.objects.filter(
            account=account, declaration=line.declaration, item=line.item, holder=actor.state
        ).order_by("recorded_at", "pk")
    )
    if line.usage in (Usage.ORIGINAL, Usage.LATE) and before and before[-1].usage != Usage.CONTRA:
        return _no(line, "written_off_already", _("This item was written off already; correct it, or take it back."))
    if line.usage in (Usage.ADJUSTED, Usage.CONTRA) and not before:
        return _no(line, "not_written_off", _("This item was not written off before."))
    draw = before[-1].draw if before else _draw(account, line)
    kg = Decimal("0.000") if line.usage == Usage.CONTRA else line.kg
    breach = ledger.adjust(
        actor.state, account.reference, draw=draw, kg=kg, at=line.at,
        reason=f"{line.usage} {line.declaration}/{line.item}", actor=actor,
    )  # fmt: skip
    account.refresh_from_db()
    stand = ledger.balance(account)
    reply = Reply(
        line.transaction, True, "breach" if breach is not None else "",
        str(_("Stored; more was used than is allowed.")) if breach is not None else "",
        format(stand.available, "f"), stand.count_left, breach is not None,
    )  # fmt: skip
    WriteOff.objects.create(
        holder_id=actor.state, account=account, office=office, transaction=line.transaction, licence=line.licence,
        declaration=line.declaration, item=line.item, usage=line.usage, kg=kg, draw=draw, at=line.at,
        recorded_at=times.now(), reply=asdict(reply),
    )  # fmt: skip
    return reply


def _account(state: str, licence: str) -> Account | None:
    """By the account's reference, else by the permit's number in the State that granted it."""
    rows = Account.objects.filter(holder=state)
    return rows.filter(Q(reference=licence) | Q(reference=f"{state}-{licence}")).order_by("reference").first()


def _draw(account: Account, line: Line) -> str:
    """The movement's own draw, where it has one on this account, so that one load is counted once; else the item's."""
    if line.movement:
        own = Reservation.objects.filter(
            Q(draw=line.movement) | Q(draw__startswith=f"{line.movement}/"), account=account
        )
        found = own.exclude(status=Reservation.Status.RELEASED).order_by("-made_at").first()
        if found is not None:
            return found.draw
    return f"{line.declaration}/{line.item}"[:96]


def _no(line: Line, code: str, text: Any) -> Reply:
    return Reply(line.transaction, False, code, str(text))


# --- containers ----------------------------------------------------------------------------------------

_MOVED = ("movement.drafted", "movement.announced", "movement.amended", "movement.departed", "movement.corrected")


@registry.subscriber
def containers(entry: JournalEntry, posts: Sequence[Post]) -> None:
    """Keep the containers of a movement findable by their numbers."""
    if entry.type not in _MOVED:
        return
    movement = Movement.objects.filter(pk=entry.subject_id).first()
    if movement is None:
        return
    named = movement.particulars.get("containers") or []
    wanted = {"".join(str(number).upper().replace("-", "").split())[:32] for number in named} - {""}
    known = set(movement.container_uses.values_list("number", flat=True))
    if known - wanted:
        movement.container_uses.exclude(number__in=wanted).delete()
    ContainerUse.objects.bulk_create(
        ContainerUse(holder_id=movement.holder_id, movement=movement, number=number)
        for number in sorted(wanted - known)
    )
