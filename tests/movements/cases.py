"""What the tests of notifications stand on: States with their authorities and companies, a complete draft, a wire.

The wire carries posts between the States' copies in whatever order a test wants, in order between each two States, as
the exchange does; `test_over_exchange` runs the same over the exchange itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tidegate.movements.commands import consents, guarantees, notifications
from tidegate.movements.models import Consent, Notification
from tidegate.parties import times
from tidegate.parties.actors import Actor, acting
from tidegate.parties.ids import uuid7
from tidegate.parties.models import JournalEntry, Membership, Organisation, Person, State
from tidegate.parties.registry import Message, Post, registry

START = datetime(2026, 12, 1, 2, tzinfo=UTC)
ZONES = {
    "TH": "Asia/Bangkok", "MY": "Asia/Kuala_Lumpur", "VN": "Asia/Ho_Chi_Minh", "NL": "Europe/Amsterdam",
    "DE": "Europe/Berlin",
}  # fmt: skip
# Two polymers with PVC: Y48. Thailand lets it leave, Germany lets it in; the Netherlands' silence is consent.
LOAD = {
    "waste": True,
    "hazardous": False,
    "polymers": {"PE": "60", "PVC": "30"},
    "contamination_pct": "10",
    "operation": "R3",
}
ROUTE = [("TH", "export"), ("SG", "transit"), ("NL", "transit"), ("DE", "import")]
_NUMBERS = iter(range(1, 10**9))


def state(code: str) -> State:
    """A State that takes part, kept on this node."""
    made = {"name": code, "node": f"{code.lower()}.ca", "here": True, "time_zone": ZONES.get(code, "UTC")}
    return State.objects.get_or_create(code=code, defaults=made)[0]


def organisation(code: str, kind: str, registration: str = "") -> Organisation:
    """A plainly fictitious body of a State."""
    number = registration or f"{code}-{kind}-1"
    row, _new = Organisation.objects.get_or_create(
        holder=state(code),
        registration=number,
        defaults={"kind": kind, "name": f"Example {kind} of {code}", "address": "1 Sample Street", "email": "a@x.test"},
    )
    return row


def actor(code: str, kind: str = "competent_authority", role: str = "officer", registration: str = "") -> Actor:
    """Somebody new in a role of a body of a State."""
    body = organisation(code, kind, registration)
    person = Person.objects.create_user(f"p{next(_NUMBERS)}-{uuid7()}@x.test", name=f"{role} of {body.name}")
    member = Membership.objects.create(person=person, organisation=body, role=role, valid_from=date(2020, 1, 1))
    return acting(member)


def party(code: str, kind: str, **more: Any) -> dict[str, Any]:
    """A party as the form asks for it."""
    return {
        "registration": f"{code}-{kind}-1",
        "name": f"Example {kind} of {code}",
        "address": "1 Sample Street",
        "email": "a@x.test",
        **more,
    }


def content(route: Sequence[tuple[str, str]] = ROUTE, **more: Any) -> dict[str, Any]:
    """A complete content for a route."""
    home, there = route[0][0], route[-1][0]
    return {
        "multiple": True,
        "shipments": 10,
        "quantity_kg": "250000",
        "first_departure": "2027-03-01",
        "last_departure": "2027-12-31",
        "importer": party(there, "consignee"),
        "packaging": ["5"],
        "special_handling": False,
        "carriers": [{**party(home, "carrier"), "means": ["S"]}],
        "generators": [{**party(home, "notifier"), "process": "Sorting of household plastics"}],
        "facility": party(there, "facility", site="2 Sample Street"),
        "operations": ["R3"],
        "technology": "Washing and extrusion",
        "reason_for_export": "No plant for this mix",
        "designation": "Mixed plastic waste",
        "physical": ["2"],
        "codes": {"basel": ["Y48"], "y": ["Y48"], "hs": ["3915.90"]},
        "annexes": 0,
        "exporter_declaration": {"made": True, "name": "Office of the exporter", "day": "2026-12-01"},
        "route": [
            {
                "state": code,
                "role": role,
                "entry": "" if role == "export" else f"port of {code}",
                "exit": "" if role == "import" else f"port of {code}",
            }
            for code, role in route
        ],
        "load": LOAD,
        **more,
    }


@dataclass
class Wire:
    """Posts on their way, in order between each two States; a test says which queue goes next."""

    queues: dict[tuple[str, str], deque[Message]] = field(default_factory=dict)
    sent: list[Message] = field(default_factory=list)
    seq: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def carry(self, entry: JournalEntry, posts: Sequence[Post]) -> None:
        """The subscriber: what the exchange's outbox is."""
        for post in posts:
            key = (entry.holder_id, post.to, post.case)
            self.seq[key] = self.seq.get(key, 0) + 1
            message = Message(
                str(uuid7()), entry.holder_id, post.to, post.case, self.seq[key], post.type, post.body, times.now()
            )
            errors = list(Draft202012Validator(registry.messages[post.type].schema).iter_errors(post.body))
            assert not errors, (post.type, errors[0].message)
            self.queues.setdefault((message.sender, message.to), deque()).append(message)
            self.sent.append(message)

    def waiting(self) -> list[tuple[str, str]]:
        """The pairs of States between which something is on its way."""
        return sorted(pair for pair, queue in self.queues.items() if queue)

    def deliver(self, pair: tuple[str, str], *, twice: bool = False) -> Message:
        """Hand over the next message of a pair; `twice` as another envelope with the same content."""
        message = self.queues[pair].popleft()
        for _again in range(2 if twice else 1):
            with transaction.atomic():
                registry.messages[message.type].handler(message)
        return message

    def settle(self, order: Callable[[list[tuple[str, str]]], tuple[str, str]] = lambda pairs: pairs[0]) -> int:
        """Deliver until nothing is on its way; gives how many were delivered."""
        count = 0
        while pairs := self.waiting():
            self.deliver(order(pairs))
            count += 1
        return count


@contextmanager
def wired() -> Iterator[Wire]:
    """A wire in the place of the exchange."""
    wire, before = Wire(), list(registry.subscribers)
    registry.subscribers[:] = [wire.carry]
    try:
        yield wire
    finally:
        registry.subscribers[:] = before


def drafted(
    route: Sequence[tuple[str, str]] = ROUTE, *, papers: bool = True, without: Sequence[str] = (), **more: Any
) -> Notification:
    """A complete draft with contract and guarantee; the States `without` take part in no exchange."""
    for code, _role in route:
        if code not in without:
            state(code)
    home, there = route[0][0], route[-1][0]
    for kind in ("notifier", "carrier"):
        organisation(home, kind)
    for kind in ("consignee", "facility"):
        organisation(there, kind)
    trader = actor(home, "notifier", "clerk")
    row = notifications.create(trader, content=content(route, **more))
    if papers:
        guarantees.lodge_contract(
            trader, row.pk, number="K-1", signed_on="2026-11-01", valid_until="2028-12-31", takes_back=True
        )
        guarantees.propose_guarantee(
            trader, row.pk, number="G-1", amount="1000000.00", currency="THB", valid_until="2028-12-31"
        )
        guarantees.approve_guarantee(actor(home), row.pk)
    return again(row)


def sent_on(route: Sequence[tuple[str, str]] = ROUTE, **more: Any) -> Notification:
    """A notification that was sent to the authorities; what went out is still on the wire."""
    row = drafted(route, **more)
    notifications.submit(actor(route[0][0], "notifier", "clerk"), row.pk)
    notifications.transmit(actor(route[0][0]), row.pk)
    return again(row)


def again(row: Any) -> Any:
    """The row as it is now."""
    return type(row).objects.get(pk=row.pk)


def copy(row: Notification, code: str) -> Notification:
    """A State's copy of a case."""
    return Notification.objects.get(case=row.case, holder=code)


def consent(row: Notification, authority: str, holder: str = "") -> Consent:
    """An authority's consent in a State's copy (its own)."""
    return Consent.objects.get(case=row.case, holder=holder or authority, authority=authority)


def decide(row: Notification, authority: str, outcome: str = "consented", **more: Any) -> Consent:
    """An authority decides in its own copy."""
    terms = {"valid_from": "2027-02-01", "valid_until": "2027-12-31"} if outcome != "objected" else {}
    given = {"grounds": [{"code": "capacity", "text": "No capacity"}]} if outcome == "objected" else {}
    return consents.decide(actor(authority), consent(row, authority).pk, outcome=outcome, **{**terms, **given, **more})


def all_consent(row: Notification, wire: Wire, authorities: Sequence[str]) -> None:
    """Everybody acknowledges and consents, the State of import confirms the contract, all is delivered."""
    for code in authorities:
        notifications.acknowledge(actor(code), copy(row, code).pk)
        wire.settle()
        decide(row, code)
        wire.settle()
    there = row.state_import
    guarantees.confirm_contract(actor(there), copy(row, there).pk, number="K-1")
    wire.settle()


def later(days: float) -> Any:
    """Some days after the start."""
    return times.at(START + timedelta(days=days))
