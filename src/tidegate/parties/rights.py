"""What each role in each kind of organisation may do: one table, denied by default.

A right is `app.noun.verb`. Apps add theirs in their `published.py`: `rights.grant("movements.consent.decide", …)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tidegate.parties.models import Organisation, Role

READ = (Role.VIEWER, Role.CLERK, Role.OFFICER, Role.MANAGER)
WORK = (Role.CLERK, Role.OFFICER)
DECIDE = (Role.OFFICER,)
MANAGE = (Role.MANAGER,)

Kind = Organisation.Kind
AUTHORITY = (Kind.COMPETENT_AUTHORITY,)
CUSTOMS = (Kind.CUSTOMS,)
OFFICIAL = (Kind.COMPETENT_AUTHORITY, Kind.CUSTOMS, Kind.AGENCY, Kind.SECRETARIAT)
TRADERS = (Kind.NOTIFIER, Kind.CONSIGNEE, Kind.BROKER)
HANDLERS = (Kind.CARRIER, Kind.FACILITY, Kind.LABORATORY)
COMPANIES = (*TRADERS, *HANDLERS)
EVERYBODY = (*OFFICIAL, *COMPANIES)


@dataclass(frozen=True)
class Right:
    """`holders` are the pairs (kind of organisation, role) that have it; `delegable` says that an agent may be given
    it; `decision` that a State may ask two persons for it."""

    name: str
    holders: frozenset[tuple[str, str]]
    delegable: bool = False
    decision: bool = False


@dataclass
class Rights:
    """The table."""

    table: dict[str, Right] = field(default_factory=dict)

    def grant(
        self,
        name: str,
        kinds: Iterable[str],
        roles: Iterable[str],
        *,
        delegable: bool = False,
        decision: bool = False,
    ) -> str:
        """Add a right and who has it. Raises ValueError when the name is taken by another."""
        pairs = frozenset((str(kind), str(role)) for kind in kinds for role in roles)
        right = Right(name, pairs, delegable, decision)
        if self.table.setdefault(name, right) != right:
            raise ValueError(f"the right {name!r} is granted twice")
        return name

    def holds(self, kind: str, role: str, name: str) -> bool:
        """Whether this role in this kind of organisation has the right. Unknown rights belong to nobody."""
        right = self.table.get(name)
        return right is not None and (kind, role) in right.holders


rights = Rights()

# The rights of this room.
rights.grant("parties.journal.read", OFFICIAL, READ)
rights.grant("parties.feed.read", EVERYBODY, READ, delegable=True)
rights.grant("parties.organisation.read", EVERYBODY, READ, delegable=True)
rights.grant("parties.organisation.keep", OFFICIAL, MANAGE)
rights.grant("parties.facility.keep", AUTHORITY, DECIDE)
rights.grant("parties.membership.read", EVERYBODY, MANAGE)
rights.grant("parties.membership.keep", EVERYBODY, MANAGE)
rights.grant("parties.delegation.keep", EVERYBODY, MANAGE)
rights.grant("parties.key.keep", EVERYBODY, MANAGE)
rights.grant("parties.approval.decide", OFFICIAL, DECIDE)
rights.grant("parties.state.keep", OFFICIAL, MANAGE)
