"""What the law says of a notification, arranged for a page: verdict, papers, who must consent, what to ask next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from tidegate.law import Book
from tidegate.movements import authorities, guard, naming
from tidegate.movements.calendars import today
from tidegate.movements.models import Notification
from tidegate.parties.commanding import Refused

# Papers that the procedure itself brings about: a page shows them in their own place.
OF_THE_PROCEDURE = ("CONSENT", "NOTIFICATION", "CONTRACT", "GUARANTEE", "MOVEMENT")


@dataclass(frozen=True)
class Paper:
    """A paper that law asks for, or a choice of several; `procedure`: notification and consents bring it about."""

    name: str
    issuer: str
    why: str
    rules: tuple[str, ...]
    procedure: bool


@dataclass(frozen=True)
class Screen:
    """The law's answer for a page. `error`: why it cannot be asked yet, with the field (`about`) that it turns on."""

    outcome: str = ""
    regime: str | None = None
    entry: str = ""
    day: str = ""
    verify: int = 0
    law_version: str = ""
    layers: tuple[Mapping[str, Any], ...] = ()
    against: tuple[Mapping[str, Any], ...] = ()
    papers: tuple[Paper, ...] = ()
    needed: tuple[authorities.Needed, ...] = ()
    questions: tuple[str, ...] = ()
    error: str = ""
    about: str = ""
    decision: Mapping[str, Any] = field(default_factory=dict)


def live(notification: Notification) -> Screen:
    """Ask the law about a notification as it stands now; changes nothing, and an unfinished load raises nothing."""
    stops = list(notification.route.all())
    roles = {stop.role for stop in stops}
    if not {"export", "import"} <= roles:
        return Screen(error=_("The law can be asked once the State of import is named."), about="route")
    book = guard.book()
    try:
        answer = guard.screen(notification)
        needed = authorities.of_decision(stops, answer, book, notification.first_departure or today(stops[0].state))
    except Refused as refused:
        # The load is the shipment of the screening contract: its fields are named as there.
        said = _("%(text)s Field %(field)s: %(expected)s.") % {
            "text": refused.text, "field": refused.field, "expected": refused.expected,
        }  # fmt: skip
        return Screen(error=said, about="load")
    return arranged(answer, book, needed)


def kept(notification: Notification) -> Screen | None:
    """The answer that was kept when the notification was last submitted, revised or sent; None where none was."""
    return arranged(notification.screen, guard.book()) if notification.screen else None


def arranged(answer: Mapping[str, Any], book: Book, needed: list[authorities.Needed] | None = None) -> Screen:
    """A decision of the screening contract, arranged."""
    return Screen(
        outcome=str(answer.get("outcome") or ""),
        regime=answer.get("regime"),
        entry=str(answer.get("entry") or " / ".join(str(e) for e in answer.get("entry_candidates") or () if e)),
        day=str(answer.get("day") or ""),
        verify=len(answer.get("verify") or ()),
        law_version=str(answer.get("law_version") or ""),
        layers=tuple(answer.get("layers") or ()),
        against=tuple(r for r in answer.get("reasons") or () if r.get("effect") == "prohibit"),
        papers=_papers(answer, book),
        needed=tuple(needed or ()),
        questions=tuple(str(q["fact"]) for q in answer.get("questions") or ()),
        decision=answer,
    )


def _papers(answer: Mapping[str, Any], book: Book) -> tuple[Paper, ...]:
    """One line for each paper, however many rules ask for it."""
    lines: dict[str, tuple[str, list[str]]] = {}
    for item in answer.get("missing") or ():
        for shown in item["documents"]:
            rules = lines.setdefault(shown, (str(item.get("why") or ""), []))[1]
            if item["rule"] not in rules:
                rules.append(item["rule"])
    return tuple(_paper(shown, why, rules, book) for shown, (why, rules) in lines.items())


def _paper(shown: str, why: str, rules: list[str], book: Book) -> Paper:
    kinds = shown.split("/")
    issuers = set()
    for kind in kinds:
        record = book.documents.get(kind) or book.documents.get(kind.partition(":")[0])
        issuers.add(_(record.issuer) if record and record.issuer else "")
    issuer = issuers.pop() if len(issuers) == 1 else ""
    return Paper(
        naming.paper(shown, book), issuer, why, tuple(rules), all(k.startswith(OF_THE_PROCEDURE) for k in kinds)
    )
