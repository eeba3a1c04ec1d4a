"""A take-back case up to its acceptance: opened, classified, the State of export informed, its answer (Articles 8, 9).

What follows (plan, consents, return, disposal, costs, closing) is in `returns`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import evidence, facts, letters, takebacks
from tidegate.movements.breaches import open_breach
from tidegate.movements.commands.returns import (
    add_evidence,
    agree_plan,
    arrived_home,
    close,
    consent_return,
    cost,
    dispose,
    plan,
    refer,
    settle_cost,
    start_return,
)  # fmt: skip
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Movement, TakeBack
from tidegate.movements.particulars import moment as read_moment
from tidegate.movements.takebacks import Basis, ended_of, new, open_one, posts, step
from tidegate.parties import times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.ids import reference

__all__ = [
    "accept", "acknowledge", "add_evidence", "agree_plan", "arrived_home", "classify", "close", "consent_return",
    "cost", "dispose", "dispute", "inform", "open", "open_for_rejected", "plan", "refer", "settle_cost", "start_return",
]  # fmt: skip

NOT_A_CASE = "not_a_case"
# Article 9(1): why a movement is illegal traffic.
GROUNDS: Mapping[str, Any] = {
    "a": _("without notification to all States concerned"),
    "b": _("without the consent of a State concerned"),
    "c": _("with consent obtained through falsification, misrepresentation or fraud"),
    "d": _("materially not in conformity with its documents"),
    "e": _("deliberate disposal against the Convention and general principles of international law"),
}
# What may be known of a load that no notification names.
LOAD = ("description", "basel", "hs", "exporter", "importer", "carrier", "means", "declared_as", "origin")


def own(actor: Actor, key: UUID | str, event: str, revision: int | None = None) -> TakeBack:
    """The case, locked, where the event is this State's to record. Raises Missing, Conflict, Refused("writer")."""
    row: TakeBack = locked(TakeBack, key, actor, revision)
    allowed = takebacks.writers(row, event)
    if actor.state not in allowed:
        raise Refused(
            "writer", _("Only the State whose fact it is records this."), field="state", value=actor.state,
            expected=", ".join(sorted(allowed)),
        )  # fmt: skip
    return row


@command("movements.take_back.open")
def open(
    actor: Actor,
    movement_id: UUID | str | None = None,
    *,
    finding: str,
    custody_place: str,
    custody_kg: Decimal | str,
    detected_at: datetime | str | None = None,
    containers: Sequence[str] = (),
    state_export: str = "",
    transit: Sequence[str] = (),
    load: Mapping[str, Any] | None = None,
) -> TakeBack:
    """Open a case: of a movement, or of a load that no notification names (then with `state_export` and `load`).

    Every State concerned learns of it at once; no time limit runs before the formal information (`inform`).

    Raises Refused: writer (a State of import or transit opens it), open_case (one is open already), text, mass, moment,
    state, load; Missing.
    """
    movement: Movement | None = None
    if movement_id is not None:
        movement = locked(Movement, movement_id, actor)
        states = list(movement.notification.route.values_list("state", flat=True))
        home = movement.notification.state_export
        if movement.take_back:
            raise Refused("return", _("This is a return already."), field="movement")
    else:
        home = _state(state_export, "state_export")
        states = [home, *(_state(code, "transit") for code in transit), actor.state]
    if actor.state == home:
        raise Refused(
            "writer", _("A State of import or transit opens it."), field="state", value=actor.state,
            expected=", ".join(code for code in states if code != home),
        )  # fmt: skip
    return _open(
        actor,
        movement,
        home=home,
        states=states,
        finding=facts.words(finding, "finding", _("what was found")),
        detected_at=read_moment(detected_at, "detected_at"),
        custody_place=facts.words(custody_place, "custody_place", _("where it is kept"))[:200],
        custody_kg=kilograms(custody_kg, "custody_kg"),
        containers=[str(one).strip()[:40] for one in containers if str(one).strip()][:100],
        load=_load(load or {}),
    )


def open_for_rejected(actor: Actor, movement: Movement, reason: str, at: datetime) -> TakeBack | None:
    """What the facility rejected has to go home: its case opens by itself, unless one of the movement is open."""
    if open_one(movement) is not None:
        return None
    facility = movement.notification.blocks.get("facility") or {}
    return _open(
        system(actor.state),
        movement,
        home=movement.notification.state_export,
        states=list(movement.notification.route.values_list("state", flat=True)),
        finding=reason,
        detected_at=at,
        custody_place=str(facility.get("name") or facility.get("site") or "")[:200],
        custody_kg=movement.rejected_kg,
        containers=movement.particulars.get("containers") or [],
        load={},
    )


def _open(actor: Actor, movement: Movement | None, *, home: str, states: Sequence[str], **columns: Any) -> TakeBack:
    if movement is not None and (found := open_one(movement)) is not None:
        raise Refused("open_case", _("A case of this movement is open."), field="movement", value=found.case)
    row = new(
        actor.state, reference(actor.state), movement=movement, opener=actor.state, state_export=home, states=states,
        opened_at=times.now(), after=ended_of(movement) if movement is not None else [], **columns,
    )  # fmt: skip
    body = {
        "movement": None if movement is None else {"case": movement.case, "serial": movement.serial},
        "state_export": home, "states": row.states, "opened_at": row.opened_at, "detected_at": row.detected_at,
        "finding": row.finding, "custody_place": row.custody_place, "custody_kg": row.custody_kg,
        "containers": row.containers, "load": row.load, "after": row.after,
    }  # fmt: skip
    step(actor, row, "opened", body=body, at=row.detected_at, messages=posts(row, "opened", body))
    return row


def _state(code: Any, field: str) -> str:
    word = str(code or "").strip().upper()
    if not (len(word) == 2 and word.isascii() and word.isalpha()):
        raise Refused("state", _("This is no State."), field=field, value=str(code)[:20], expected="ISO 3166-1 alpha-2")
    return word


def _load(given: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in given.items():
        if name not in LOAD:
            raise Refused("load", _("This cannot be read."), field=f"load.{name}", value=name, expected=", ".join(LOAD))
        if name in ("exporter", "importer", "carrier"):
            if not isinstance(value, Mapping):
                raise Refused("load", _("This cannot be read."), field=f"load.{name}", expected=_("a party"))
            kept[name] = {str(k)[:40]: str(v)[:400] for k, v in value.items() if v}
        else:
            kept[name] = str(value)[:2000]
    return kept


# ── the finding ──────────────────────────────────────────────────────────────────────────────────────────────


@command("movements.take_back.classify")
def classify(
    actor: Actor,
    take_back_id: UUID | str,
    *,
    basis: str,
    grounds: Sequence[str] = (),
    reason: str = "",
    finding: str = "",
    revision: int | None = None,
) -> TakeBack:
    """The legal finding: Article 8, one of Article 9 with its grounds, or `not_a_case` with the reason.

    Illegal traffic of a movement also stands as a breach until a person closes it. After a dispute, a new finding is
    informed of anew.

    Raises Refused: writer, state, basis, grounds, text (the reason), plan (it is signed); Conflict; Missing.
    """
    if basis == NOT_A_CASE:
        row = own(actor, take_back_id, "not_a_case", revision)
        why = facts.words(reason, "reason", _("why it is none"))
        if actor.state in row.plan_signed:
            raise Refused("plan", _("This State has signed a plan for the case."), field="basis", value=basis)
        row.closed_at, row.closed_how = times.now(), NOT_A_CASE
        body = {"round": row.round, "reason": why}
        step(actor, row, "not_a_case", body=body, messages=posts(row, "not_a_case", body))
        takebacks.wake(row.holder_id, row.case)
        return row
    row = own(actor, take_back_id, "classified", revision)
    if basis not in Basis.values:
        raise Refused(
            "basis", _("This is no finding."), field="basis", value=str(basis)[:40],
            expected=", ".join([*Basis.values, NOT_A_CASE]),
        )  # fmt: skip
    letters_given = list(dict.fromkeys(str(letter).strip().lower() for letter in grounds))
    illegal = basis != Basis.ART8
    if any(letter not in GROUNDS for letter in letters_given) or illegal != bool(letters_given):
        raise Refused(
            "grounds", _("Illegal traffic needs its grounds, and only that."), field="grounds",
            value=", ".join(letters_given), expected="a, b, c, d, e" if illegal else _("none"),
        )  # fmt: skip
    if row.status not in ("opened", "classified", "disputed"):
        raise Refused(
            "state", _("The State of export is informed of this finding."), field="take_back", value=row.status,
            expected="opened, classified, disputed",
        )  # fmt: skip
    takebacks.classify(row, round=row.round + 1, basis=basis, grounds=letters_given, finding=str(finding).strip())
    body = {"round": row.round, "basis": basis, "grounds": letters_given, "finding": row.finding}
    step(actor, row, "classified", body=body, messages=posts(row, "classified", body))
    if illegal and row.movement is not None:
        open_breach(actor, row.movement, "illegal_traffic", take_back=row.case, grounds=letters_given)
    return row


@command("movements.take_back.inform")
def inform(actor: Actor, take_back_id: UUID | str, *, revision: int | None = None) -> TakeBack:
    """The formal information of the State of export, with the evidence; for Article 8 also a letter to the Secretariat.

    The time limit starts with it, never with the detection (invariant 30): 90 days under Article 8, 30 under 9(2) and,
    for the State of import, 9(3).
    """
    row = own(actor, take_back_id, "notified", revision)
    now = times.now()
    files = evidence.of(row)
    body = {"round": row.round, "at": now, "evidence": [evidence.told(one) for one in files]}
    takebacks.inform(actor, row, now)
    clock = takebacks.running(row)
    step(
        actor, row, "notified", body=body, at=now,
        messages=posts(
            row, "notified", body, deadline=clock.due_at if clock else None, rule=clock.rule if clock else "",
            attachments=[evidence.enclosed(one) for one in files],
        ),
    )  # fmt: skip
    kind = "take_back_request" if row.basis == Basis.ART8 else "information_art9"
    letters.write(actor, row, kind, to=row.state_export)
    if row.basis == Basis.ART8:
        letters.write(actor, row, "secretariat_art8", to="")
    else:
        letters.write(actor, row, "illegal_traffic_report", to="")
    return row


# ── the answer of the State of export ────────────────────────────────────────────────────────────────────────


@command("movements.take_back.answer", "movements.take_back.acknowledge")
def acknowledge(actor: Actor, take_back_id: UUID | str, *, revision: int | None = None) -> TakeBack:
    """The State of export has the information."""
    return _answer(actor, take_back_id, "acknowledged", "", revision)


@command("movements.take_back.answer", "movements.take_back.accept")
def accept(actor: Actor, take_back_id: UUID | str, *, reason: str = "", revision: int | None = None) -> TakeBack:
    """It accepts the finding, also after a dispute."""
    return _answer(actor, take_back_id, "accepted", reason, revision)


@command("movements.take_back.answer", "movements.take_back.dispute")
def dispute(actor: Actor, take_back_id: UUID | str, *, reason: str, revision: int | None = None) -> TakeBack:
    """It disputes the finding. The time limit goes on: the Convention knows no pause for a dispute."""
    why = facts.words(reason, "reason", _("what is disputed, and why"))
    return _answer(actor, take_back_id, "disputed", why, revision)


def _answer(actor: Actor, key: UUID | str, event: str, reason: str, revision: int | None) -> TakeBack:
    row = own(actor, key, event, revision)
    body = {"round": row.round, "reason": str(reason or "").strip()}
    step(actor, row, event, body=body, messages=posts(row, event, body))
    return row
