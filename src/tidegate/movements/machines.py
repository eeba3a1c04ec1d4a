"""The life cycles, as tables: who may do what from where (facts/movement.md 4.1 to 4.7). Pure, and printable.

A status changes only through `step`. The journal's type of a step is `<machine>.<event>`, so that `fold` over a row's
journal gives its status again; what is in the journal and in no table (a note, a reminder) leaves the status alone.

An authorisation is refused where the table has no row for it. An observation (`observed`) may come at any time and from
any side, also late: its rows keep the status where a later one is known already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.utils.translation import gettext_lazy as _

from tidegate.parties.commanding import Refused

# Instead of a status: the one before the row was held or suspended; the same as now.
BACK = "<back>"
SAME = "<same>"
NEW = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a table. `sources` are the statuses from which `event` leads to `target`."""

    event: str
    sources: tuple[str, ...]
    target: str
    who: str
    guard: str = ""
    observed: bool = False


@dataclass(frozen=True)
class Machine:
    """A life cycle. `parking` are the statuses from which a row goes BACK to where it was."""

    name: str
    steps: tuple[Step, ...]
    parking: frozenset[str] = frozenset()
    final: frozenset[str] = frozenset()

    @cached_property
    def table(self) -> Mapping[tuple[str, str], Step]:
        """(status, event) to its row. Raises ValueError where two rows answer."""
        out: dict[tuple[str, str], Step] = {}
        for row in self.steps:
            for source in row.sources:
                if out.setdefault((source, row.event), row) is not row:
                    raise ValueError(f"{self.name}: two rows for {row.event} from {source or 'nothing'}")
        return out

    @cached_property
    def statuses(self) -> tuple[str, ...]:
        """Every status, in the order of the table."""
        found: dict[str, None] = {}
        for row in self.steps:
            found.update(dict.fromkeys(row.sources))
            found[row.target] = None
        return tuple(status for status in found if status not in (NEW, BACK, SAME))

    @cached_property
    def events(self) -> tuple[str, ...]:
        """Every event, in the order of the table."""
        return tuple(dict.fromkeys(row.event for row in self.steps))

    def allowed(self, status: str) -> list[str]:
        """The events that the table has for a status."""
        return [event for event in self.events if (status, event) in self.table]

    def printed(self) -> list[tuple[str, str, str, str, str]]:
        """The table for a page: (from, to, event, who, guard)."""
        named = {NEW: "–", BACK: "(where it was)", SAME: "(the same)"}
        return [
            (", ".join(named.get(s, s) for s in row.sources), named.get(row.target, row.target), row.event, row.who,
             row.guard)
            for row in self.steps
        ]  # fmt: skip


def step(machine: Machine, status: str, event: str, back: str = "") -> str:
    """The status after `event`. `back` is the status before the row was parked, for a step that leads back.

    Raises Refused("state", …) where the table has no such step.
    """
    row = machine.table.get((status, event))
    if row is None:
        raise Refused(
            "state",
            _("This cannot be done now."),
            field=machine.name,
            value=status,
            expected=", ".join(sorted(s or "–" for s, e in machine.table if e == event)),
        )
    if row.target == SAME:
        return status
    if row.target == BACK:
        if not back:
            raise ValueError(f"{machine.name}: {event} leads back, but to where was not said")
        return back
    return row.target


def way(machine: Machine, status: str, wanted: str) -> list[str] | None:
    """The shortest row of steps from a status to another one; empty where it is there already, None without any."""
    ways: list[tuple[str, list[str]]] = [(status, [])]
    seen = {status}
    for at, done in ways:
        if at == wanted:
            return done
        for event in machine.allowed(at):
            reached = machine.table[at, event].target
            if reached not in seen:
                seen.add(reached)
                ways.append((reached, [*done, event]))
    return None


def after(machine: Machine, status: str, back: str, event: str) -> tuple[str, str]:
    """The status after `event`, and where a parked row then goes back to.

    What is observed while a row is parked moves the place that it goes back to. Raises Refused as `step`.
    """
    reached = step(machine, status, event, back)
    if reached in machine.parking and status not in machine.parking:
        return reached, status
    if status in machine.parking and (back, event) in machine.table:
        moved = step(machine, back, event)
        if moved not in machine.parking:
            back = moved
    return reached, back


@dataclass
class Folded:
    """Where a fold stands: the status, and where a parked row goes back to."""

    status: str = NEW
    back: str = ""
    refused: list[str] = field(default_factory=list)


def fold(machine: Machine, types: Iterable[str]) -> str:
    """The status that a row's journal leads to: `types` are the types of its entries, oldest first.

    Raises Refused where the journal holds a step that the table does not have.
    """
    at = Folded()
    prefix = f"{machine.name}."
    for kind in types:
        event = kind.removeprefix(prefix)
        if not kind.startswith(prefix) or event not in machine.events:
            continue
        at.status, at.back = after(machine, at.status, at.back, event)
    return at.status


def _m(name: str, *rows: Step, parking: Iterable[str] = (), final: Iterable[str] = ()) -> Machine:
    return Machine(name, rows, frozenset(parking), frozenset(final))


# ── notification (4.1) ───────────────────────────────────────────────────────────────────────────────────────
# Everything from `acknowledged` to `expired` follows from facts that several States write. So that every copy comes to
# the same status whatever the order of messages, `standing` works it out from the facts and steps here by the name of
# the status; the rows say what can follow what.
OPEN = ("transmitted", "incomplete", "acknowledged")
DECIDED = ("decided_consented", "decided_objected")
RUNNING = ("active", "suspended", "exhausted")
BEFORE_END = (*OPEN, *DECIDED, *RUNNING, "expired")
_WORKED_OUT = "worked out from the facts"

NOTIFICATION = _m(
    "notification",
    Step("created", (NEW,), "draft", "notifier, or its delegate", "template or an earlier one may be the start"),
    Step("submitted", ("draft",), "submitted", "notifier",
         "mandatory blocks valid; contract; guarantee where law requires; every State of the route; not prohibited"),
    Step("info_asked", ("submitted",), "incomplete", "authority of export", "before it is sent on"),
    Step("info_given", ("incomplete",), "submitted", "notifier", "before it is sent on"),
    Step("transmitted", ("submitted", NEW), "transmitted", "authority of export",
         "a copy and a consent for each authority concerned"),
    Step("not_forwarded", ("submitted", "incomplete"), "refused_to_forward", "authority of export", "reasons"),
    Step("withdrawn", ("draft", "submitted", *OPEN, *DECIDED), "withdrawn", "notifier", "no movement yet"),
    Step("reopened", tuple(s for s in (*OPEN, *DECIDED, *RUNNING) if s != "transmitted"), "transmitted", _WORKED_OUT,
         "a State came onto the route, or an amendment asks for consents anew"),
    Step("incomplete", tuple(s for s in (*OPEN, *DECIDED, *RUNNING) if s != "incomplete"), "incomplete", _WORKED_OUT,
         "an authority's question is open"),
    Step("acknowledged", ("transmitted", "incomplete", *DECIDED, *RUNNING), "acknowledged", _WORKED_OUT,
         "the authority of import has acknowledged"),
    Step("decided_consented", (*OPEN, "decided_objected", *RUNNING), "decided_consented", _WORKED_OUT,
         "every required consent given, contract confirmed by the State of import"),
    Step("decided_objected", (*OPEN, "decided_consented", *RUNNING, "expired"), "decided_objected", _WORKED_OUT,
         "a required authority objects"),
    Step("active", ("decided_consented", *OPEN, "suspended", "exhausted"), "active", "clock",
         "the first day of every required consent has come"),
    Step("suspended", (*OPEN, *DECIDED, "active", "exhausted"), "suspended", "any authority concerned",
         "also when contract or guarantee lapses"),
    Step("exhausted", (*OPEN, "decided_consented", "active", "suspended"), "exhausted", "ledger",
         "quantity or number of shipments used"),
    Step("expired", (*OPEN, *DECIDED, *RUNNING), "expired", "clock", "the last day is over"),
    Step("revoked", BEFORE_END, "revoked", "authority of export, or a required consent withdrawn"),
    Step("superseded", BEFORE_END, "closed", "authority of export", "a new notification took its place"),
    Step("closed", (*DECIDED, *RUNNING, "expired", "revoked"), "closed", "authority of export",
         "all movements completed, guarantee released"),
    final=("refused_to_forward", "withdrawn", "closed"),
)  # fmt: skip

# ── consent (4.2) ────────────────────────────────────────────────────────────────────────────────────────────
GIVEN = ("consented", "consented_with_conditions", "tacit")
WAITING = ("requested", "acknowledged", "info_requested")

CONSENT = _m(
    "consent",
    Step("requested", (NEW,), "requested", "authority of export", "the dated law asks for it, or it is told"),
    Step("acknowledged", ("requested",), "acknowledged", "that authority", "starts its clock"),
    Step("info_requested", ("requested", "acknowledged"), "info_requested", "that authority",
         "pauses its clock by rule"),
    Step("info_supplied", ("info_requested",), BACK, "notifier", "no question is open any more"),
    Step("consented", (*WAITING, "tacit"), "consented", "that authority", "two persons where the State asks it"),
    Step("consented_with_conditions", (*WAITING, "tacit"), "consented_with_conditions", "that authority",
         "two persons where the State asks it"),
    Step("objected", (*WAITING, "tacit"), "objected", "that authority", "grounds; two persons where the State asks it"),
    Step("tacit", WAITING, "tacit", "clock", "only where the dated law of that State says so"),
    Step("suspended", GIVEN, "suspended", "that authority"),
    Step("lifted", ("suspended",), BACK, "that authority"),
    Step("withdrawn", (*GIVEN, "suspended", "expired"), "withdrawn", "that authority", "also when it is known late"),
    Step("expired", (*GIVEN, "suspended"), "expired", "clock", "its last day is over"),
    Step("superseded", (*WAITING, *GIVEN, "suspended", "objected"), "superseded", "authority of export",
         "the State left the route, or it has to be decided anew"),
    Step("reopened", ("superseded", *GIVEN, "suspended", "objected", "acknowledged", "info_requested"), "requested",
         "authority of export",
         "what was consented to has changed"),
    parking=("suspended", "info_requested"),
    final=("withdrawn", "expired"),
)  # fmt: skip

# ── contract and guarantee (4.3) ─────────────────────────────────────────────────────────────────────────────
CONTRACT = _m(
    "contract",
    Step("lodged", (NEW, "lodged", "confirmed", "ended"), "lodged", "notifier", "a new one has to be confirmed again"),
    Step("confirmed", ("lodged",), "confirmed", "authority of import", "Article 6(3)(b)"),
    Step("ended", ("lodged", "confirmed"), "ended", "clock, or authority of export", "suspends the notification"),
)
GUARANTEE = _m(
    "guarantee",
    Step("proposed", (NEW, "proposed", "approved", "in_force", "lapsed"), "proposed", "notifier"),
    Step("approved", ("proposed",), "approved", "authority of export"),
    Step("in_force", ("approved",), "in_force", "clock", "its first day has come"),
    Step("called", ("approved", "in_force"), "called", "authority of export"),
    Step("released", ("approved", "in_force", "called"), "released", "authority of export",
         "every covered movement is completed or returned, and no take-back case is open"),
    Step("lapsed", ("proposed", "approved", "in_force"), "lapsed", "clock", "suspends the notification"),
    final=("released",),
)  # fmt: skip
HELD_GUARANTEE = _m(
    "held_guarantee",
    Step("required", (NEW, "required", "lapsed", "released"), "required", "authority of import or transit",
         "Article 6(11)"),
    Step("in_force", ("required", "lapsed"), "in_force", "the same authority", "no less and no shorter than was asked"),
    Step("called", ("in_force",), "called", "the same authority", "nothing more may start"),
    Step("released", ("required", "in_force", "called", "lapsed"), "released", "the same authority",
         "every covered movement is completed or returned, and no take-back case is open"),
    Step("lapsed", ("in_force",), "lapsed", "clock", "its last day is over: nothing more may start"),
    final=("released",),
)  # fmt: skip
CORRECTION = _m(
    "correction",
    Step("proposed", (NEW,), "proposed", "the State whose fact it is", "what is wrong, and why"),
    Step("answered", ("proposed", "refused", "approved"), SAME, "each State concerned", observed=True),
    Step("approved", ("proposed",), "approved", "worked out from the facts", "every State concerned has agreed"),
    Step("refused", ("proposed",), "refused", "worked out from the facts", "one State has not agreed"),
    final=("approved", "refused"),
)
AMENDMENT = _m(
    "amendment",
    Step(
        "proposed", (NEW,), "proposed", "notifier", "not material: same waste, no more of it, same route and facility"
    ),
    Step("answered", ("proposed", "refused", "approved"), SAME, "each authority concerned", observed=True),
    Step("approved", ("proposed",), "approved", _WORKED_OUT, "every required authority has agreed"),
    Step("refused", ("proposed",), "refused", _WORKED_OUT, "one required authority has not agreed"),
    final=("approved", "refused"),
)

# ── movement (4.4) ───────────────────────────────────────────────────────────────────────────────────────────
RECEIVED = ("received_accepted", "received_partly", "received_rejected")
UNDER_WAY = ("in_transit", "arrived")
BEFORE_START = ("draft", "announcing", "announced")
AFTER_RECEIPT = (*RECEIVED, "interim_done", "completed", "closed")
ON_RETURN = ("return_ordered", "returned", "alternatively_disposed")
STOPPED = ("held", "seized")
# Wherever it may be while it is neither recovered nor on its way back.
AWAY = ("announced", *STOPPED, *UNDER_WAY, *RECEIVED, "interim_done")

MOVEMENT = _m(
    "movement",
    Step("drafted", (NEW,), "draft", "notifier", "serial reserved from 1 to N"),
    Step("announcing", ("draft", "announced"), "announcing", "notifier", "quantities asked for at other homes"),
    Step("announced", ("draft", "announcing", NEW), "announced", "notifier",
         "notification active on the day; conditions true; quantity reserved; notice in time, or flagged"),
    Step("not_announced", ("announcing",), "draft", "home of an account", "a reserve was refused"),
    Step("amended", ("announced", *STOPPED), SAME, "notifier", "checked and reserved anew, atomically"),
    Step("cancelled", (*BEFORE_START, *STOPPED), "cancelled", "notifier; clock",
         "before it leaves; reservation released, serial burnt"),
    Step("held", ("announced", *UNDER_WAY, *RECEIVED, "interim_done"), "held", "customs, authority, police"),
    Step("held", STOPPED, SAME, "customs, authority, police", "several States may hold it"),
    Step("released", ("held",), BACK, "the authority that held it", "no other State holds it"),
    Step("seized", ("held", "announced", *UNDER_WAY, *RECEIVED, "interim_done"), "seized",
         "customs, authority, police"),
    Step("seized", ("seized",), SAME, "customs, authority, police"),
    Step("departed", (*BEFORE_START, "cancelled"), "in_transit", "notifier, carrier, customs of export",
         "refused to command before every required consent is in force", observed=True),
    Step("departed", (NEW,), "in_transit", "notifier, carrier, customs of export", "on a copy that was not told of it",
         observed=True),
    Step("departed", ("in_transit", *STOPPED, "arrived", *AFTER_RECEIPT, *ON_RETURN), SAME,
         "notifier, carrier, customs of export", "known late", observed=True),
    Step("custody_transferred", ("announced", *STOPPED, *UNDER_WAY, *AFTER_RECEIPT, *ON_RETURN), SAME,
         "carrier", observed=True),
    Step("remarked", ("announced", *STOPPED, *UNDER_WAY, *AFTER_RECEIPT, *ON_RETURN), SAME,
         "every party to the movement", observed=True),
    Step("border_passed", ("announced", *STOPPED, *UNDER_WAY, *AFTER_RECEIPT, *ON_RETURN), SAME,
         "customs of transit and import", observed=True),
    Step("transit_exit", ("announced", *STOPPED, *UNDER_WAY, *AFTER_RECEIPT, *ON_RETURN), SAME,
         "customs of transit", observed=True),
    Step("consignee_received", ("announced", *STOPPED, *UNDER_WAY, *AFTER_RECEIPT, *ON_RETURN), SAME, "consignee",
         "where it is not the facility", observed=True),
    Step("arrived", (*BEFORE_START, "cancelled", "in_transit"), "arrived", "consignee, facility", observed=True),
    Step("arrived", (*STOPPED, "arrived", *AFTER_RECEIPT, *ON_RETURN), SAME, "consignee, facility", observed=True),
    *(
        Step(status, (*BEFORE_START, "cancelled", *UNDER_WAY), status, "consignee, facility",
             "accepted + rejected = received", observed=True)
        for status in RECEIVED
    ),
    *(Step(status, (*STOPPED, *AFTER_RECEIPT, *ON_RETURN), SAME, "consignee, facility", "known late", observed=True)
      for status in RECEIVED),
    Step("corrected", (*UNDER_WAY, *STOPPED, *AFTER_RECEIPT, *ON_RETURN), SAME, "who wrote it",
         "approved by the others", observed=True),
    Step("interim_done", ("received_accepted", "received_partly", "interim_done"), "interim_done", "facility",
         "an interim operation; the chain goes on to the final one", observed=True),
    Step("interim_done", (*STOPPED, *ON_RETURN), SAME, "facility", observed=True),
    Step("completed", ("received_accepted", "received_partly", "interim_done", *STOPPED), "completed", "facility",
         "operation allowed by the consent; every accepted kilogram traced to a final operation", observed=True),
    Step("completed", ON_RETURN, SAME, "facility", "of the part that was accepted", observed=True),
    Step("certified", (*STOPPED, *AFTER_RECEIPT, *ON_RETURN), SAME, "facility",
         "where the certificate comes after the last operation", observed=True),
    Step("return_ordered", (*AWAY, "completed", "cancelled"), "return_ordered", "authority", "a take-back case"),
    Step("return_ordered", ON_RETURN, SAME, "authority"),
    Step("alternatively_disposed", (*AWAY, "completed", "cancelled", "return_ordered"), "alternatively_disposed",
         "authority", observed=True),
    Step("alternatively_disposed", ("alternatively_disposed", "returned"), SAME, "authority", observed=True),
    Step("returned", (*AWAY, "completed", "cancelled", "return_ordered", "alternatively_disposed"), "returned",
         "authority of export", observed=True),
    Step("returned", ("returned",), SAME, "authority of export", observed=True),
    Step("overdue", ("announced", *STOPPED, *UNDER_WAY, *RECEIVED, "interim_done", "completed"), SAME, "clock",
         "no start, receipt, completion or certificate in time", observed=True),
    Step("closed", ("completed", "received_rejected", "returned", "alternatively_disposed"), "closed", "system",
         "all confirmations are in"),
    parking=STOPPED,
    final=("cancelled", "closed"),
)  # fmt: skip

# ── permit, quota, certificate (4.5, 4.6) ────────────────────────────────────────────────────────────────────
PERMIT = _m(
    "permit",
    Step("drafted", (NEW,), "draft", "applicant"),
    Step("applied", ("draft",), "applied", "applicant"),
    Step("under_review", ("applied", "info_requested"), "under_review", "granting authority"),
    Step("info_requested", ("applied", "under_review"), "info_requested", "granting authority"),
    Step("info_supplied", ("info_requested",), "under_review", "applicant"),
    Step("refused", ("applied", "under_review", "info_requested"), "refused", "granting authority", "reasons"),
    Step("issued", ("applied", "under_review"), "issued", "granting authority"),
    Step("active", ("issued", "exhausted"), "active", "clock; ledger", "its first day has come; more is left again"),
    Step("suspended", ("issued", "active", "exhausted"), "suspended", "granting authority",
         "told to every border office"),
    Step("reinstated", ("suspended",), BACK, "granting authority"),
    Step("exhausted", ("active",), "exhausted", "ledger"),
    Step("expired", ("issued", "active", "suspended", "exhausted"), "expired", "clock"),
    Step("revoked", ("issued", "active", "suspended", "exhausted"), "revoked", "granting authority"),
    Step("surrendered", ("issued", "active", "suspended", "exhausted"), "surrendered", "holder"),
    Step("superseded", ("issued", "active", "suspended", "exhausted"), "superseded", "granting authority",
         "a variation; the ledger carries over"),
    parking=("suspended",),
    final=("refused", "expired", "revoked", "surrendered", "superseded"),
)  # fmt: skip
QUOTA_POOL = _m(
    "quota_pool",
    Step("created", (NEW,), "draft", "granting authority"),
    Step("opened", ("draft",), "open", "granting authority"),
    Step("closed", ("open",), "closed", "clock; granting authority", "what is left lapses or is carried over, by rule"),
    final=("closed",),
)
QUOTA_ALLOCATION = _m(
    "quota_allocation",
    Step("applied", (NEW,), "applied", "holder"),
    Step("granted", ("applied",), "granted", "granting authority", "allocations stay within the pool"),
    Step("refused", ("applied",), "refused", "granting authority"),
    Step("closed", ("granted",), "closed", "clock; granting authority"),
    final=("refused", "closed"),
)
CERTIFICATE = _m(
    "certificate",
    Step("published", (NEW,), "published", "issuing authority", "signed, with a place in the status list"),
    Step("suspended", ("published",), "suspended", "issuing authority"),
    Step("reinstated", ("suspended",), "published", "issuing authority"),
    Step("revoked", ("published", "suspended"), "revoked", "issuing authority"),
    Step("superseded", ("published", "suspended"), "superseded", "issuing authority"),
    parking=(),
    final=("revoked", "superseded"),
)

# ── green-listed shipment (Annex VII form) ───────────────────────────────────────────────────────────────────
# Content and departure are one State's, receipt and recovery another's: whichever comes first, both ways meet.
_GREEN_OVER = ("received", "rejected", "recovered")
_GREEN_EVER = ("entered", "departed", *_GREEN_OVER, "cancelled")
GREEN_SHIPMENT = _m(
    "green_shipment",
    Step("entered", (NEW,), "entered", "person who arranges", "complete; asked of the law, which may bar it"),
    Step("amended", ("entered",), SAME, "person who arranges", "before it leaves"),
    Step("amended", ("departed", *_GREEN_OVER, "cancelled"), SAME, "person who arranges", "known late", observed=True),
    Step(
        "departed",
        ("entered",),
        "departed",
        "person who arranges",
        "the law does not bar it on that day; no State holds it",
    ),
    Step("departed", _GREEN_OVER, SAME, "person who arranges", "known late", observed=True),
    Step("cancelled", ("entered",), "cancelled", "person who arranges"),
    Step("cancelled", _GREEN_OVER, SAME, "person who arranges", "known late", observed=True),
    Step("received", ("entered", "departed", "cancelled"), "received", "facility", observed=True),
    Step("rejected", ("entered", "departed", "cancelled"), "rejected", "facility", "the whole of it", observed=True),
    Step("recovered", ("received",), "recovered", "facility", "no State holds it", observed=True),
    Step(
        "held",
        ("entered", "departed", "received", "rejected"),
        SAME,
        "customs, authority, police",
        "several States may hold it, each for itself",
    ),
    Step("held", ("recovered", "cancelled"), SAME, "customs, authority, police", "known late", observed=True),
    Step("released", _GREEN_EVER, SAME, "the State that held it", observed=True),
    Step("passed", _GREEN_EVER, SAME, "customs of each State on the route", observed=True),
    final=("rejected", "recovered", "cancelled"),
)

# ── take-back (4.7) ──────────────────────────────────────────────────────────────────────────────────────────
OPEN_CASE = ("opened", "classified", "notified", "acknowledged", "accepted", "disputed", "plan_agreed", "consents_ok",
             "returning", "returned", "finally_disposed")  # fmt: skip

TAKE_BACK = _m(
    "take_back",
    Step("opened", (NEW,), "opened", "authority of import or transit, customs", "detection, evidence, custody place"),
    Step("classified", OPEN_CASE[:6], "classified", "State that opened it",
         "Article 8, or 9(2), 9(3), 9(4) with the grounds of 9(1)"),
    Step("not_a_case", OPEN_CASE[:8], "not_a_case", "State that opened it", "reasons; it has signed no plan"),
    Step("merged", OPEN_CASE, "not_a_case", _WORKED_OUT, "an earlier case of the same movement is open"),
    Step("notified", ("classified",), "notified", "State that opened it", "starts the clock: 90 or 30 days"),
    Step("acknowledged", ("notified",), "acknowledged", "authority of export"),
    Step("accepted", ("notified", "acknowledged", "disputed"), "accepted", "authority of export"),
    Step("disputed", ("notified", "acknowledged"), "disputed", "authority of export", "reasons"),
    Step("plan_proposed", ("notified", "acknowledged", "accepted", "disputed"), SAME, "State that has to act"),
    Step("plan_proposed", ("plan_agreed", "consents_ok"), "accepted", "State that has to act",
         "a new plan is signed anew"),
    Step("joined", OPEN_CASE[2:6], SAME, "State that opened it", "a State that a plan leads through is told of it"),
    Step("plan_signed", OPEN_CASE[2:], SAME, "every State concerned"),
    Step("plan_agreed", ("notified", "acknowledged", "accepted", "disputed"), "plan_agreed",
         "worked out from the facts", "every State has signed: return or disposal, route, carrier, who pays, by when"),
    Step("return_consented", OPEN_CASE[2:], SAME, "every State on the way"),
    Step("return_objected", OPEN_CASE[2:], SAME, "every State on the way", "for safety or the route alone"),
    Step("consents_ok", ("plan_agreed",), "consents_ok", "worked out from the facts", "every State on the way agrees"),
    Step("returning", ("consents_ok", "plan_agreed"), "returning", "State of export",
         "a movement linked to the original, no more than is in custody"),
    Step("returning", ("returning", "returned"), "returning", "State of export", "another part"),
    Step("returned", ("returning",), "returned", "State of export", observed=True),
    Step("finally_disposed", ("plan_agreed", "consents_ok", "returned"), "finally_disposed", "State where it was done",
         observed=True),
    Step("closed", OPEN_CASE[4:], "closed", "State that opened it", "returned, disposed of, or formally handed over"),
    *(
        Step(event, (*OPEN_CASE, "not_a_case", "closed"), SAME, who, observed=True)
        for event, who in (
            ("cost_added", "authority"),
            ("cost_settled", "authority"),
            ("referred", "authority"),
            ("reminded", "clock"),
            ("evidence_added", "State that opened it"),
        )
    ),
    final=("not_a_case", "closed"),
)  # fmt: skip

# ── analysis of a laboratory ─────────────────────────────────────────────────────────────────────────────────
ANALYSIS = _m(
    "analysis",
    Step(
        "requested",
        (NEW,),
        "requested",
        "authority, customs",
        "one consignment, movement, take-back case or declaration",
    ),
    Step(
        "submitted", ("requested",), "submitted", "laboratory", "sample, method, accreditation, a finding, the report"
    ),
    Step("withdrawn", ("requested",), "withdrawn", "authority, customs", "a reason"),
    final=("submitted", "withdrawn"),
)

# ── fee of an authority ──────────────────────────────────────────────────────────────────────────────────────
FEE = _m(
    "fee",
    Step("due", (NEW,), "due", "authority", "its schedule of the day has a rate for what is filed"),
    Step("changed", ("due",), SAME, "authority", "the mass was changed before it was settled"),
    Step("paid", ("due",), "paid", "authority", "a reference of the payment"),
    Step("waived", ("due",), "waived", "authority", "a reason and a reference"),
    final=("paid", "waived"),
)

MACHINES: Mapping[str, Machine] = {
    machine.name: machine
    for machine in (
        NOTIFICATION, CONSENT, CONTRACT, GUARANTEE, HELD_GUARANTEE, AMENDMENT, CORRECTION, MOVEMENT, PERMIT, QUOTA_POOL,
        QUOTA_ALLOCATION, CERTIFICATE, GREEN_SHIPMENT, TAKE_BACK, ANALYSIS, FEE,
    )
}  # fmt: skip
