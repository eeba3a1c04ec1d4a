"""Taking a case, handing it to a colleague, giving it back."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tidegate.movements.commands import assignments as commands
from tidegate.movements.forms.assignments import Hand
from tidegate.movements.models import Assignment
from tidegate.movements.queries import assignments as queries
from tidegate.movements.queries import cases, takeback
from tidegate.movements.queries.assignments import ASSIGN
from tidegate.movements.views.acting import Act, Acts
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing


def _find(actor: Actor, case: str) -> Assignment:
    if not queries.known(actor, case):
        raise Missing("case")
    row = queries.of_case(actor, case)
    row.seen_by = actor  # type: ignore[attr-defined]
    return row


def _home(row: Assignment) -> str:
    """The page of the case, where it has one of its own; else the desk."""
    actor = row.seen_by  # type: ignore[attr-defined]
    if cases.notifications(actor).filter(case=row.case).exists():
        return reverse("movements:case", args=[row.case])
    found = takeback.take_backs(actor).filter(case=row.case).first()
    return reverse("movements:desk") if found is None else reverse("movements:take-back", args=[found.case])


def panel(actor: Actor, case: str) -> dict[str, Any] | None:
    """Who deals with a case and what can be done about it, for its page; None for who divides no work."""
    if not actor.may(ASSIGN):
        return None
    row = queries.of_case(actor, case)
    return {"row": row, "name": queries.names(actor, [case]).get(case, ""), "offers": CASE.offers(actor, row)}


def _free(actor: Actor, row: Assignment) -> bool:
    return actor.person is not None and row.case not in queries.names(actor, [row.case])


def _hand(actor: Actor, row: Assignment, form: Any) -> Assignment:
    if not form.given["person"]:
        return commands.give_back(actor, row.case, **form.more)
    return commands.hand(actor, row.case, **form.given, **form.more)


CASE = Acts(
    "case", "desk/<slug:case>/", _find, lambda row: {"case": row.case}, _home, lambda row: row.case,
    (
        Act("take", _("Take it"), ASSIGN, lambda a, r, f: commands.take(a, r.case, **f.more), _free, icon="user",
            text=_("Your colleagues see that you deal with it."), done=_("You deal with the case.")),
        Act("hand", _("Hand it to a colleague"), ASSIGN,
            _hand, lambda a, r: True, Hand, "users",
            text=_("Only people of your own authority; no other State hears of it."), button=_("Hand it over"),
            done=_("It is handed over.")),
        Act("give_back", _("Give it back"), ASSIGN, lambda a, r, f: commands.give_back(a, r.case, **f.more),
            lambda a, r: r.person_id is not None, icon="arrow-left", done=_("Nobody deals with the case now.")),
    ),
)  # fmt: skip
