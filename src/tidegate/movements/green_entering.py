"""What entering green-listed shipments asks of the database and adds to it, once for a whole list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from tidegate.movements.calendars import Calendar, calendar_of
from tidegate.movements.models import GreenContainer, GreenShipment
from tidegate.parties.models import Organisation, State

# As many values as one statement takes on every database.
CHUNK = 500


def live(organisation: Organisation | None) -> QuerySet[GreenShipment]:
    """What an organisation entered and did not cancel: its references are taken."""
    return GreenShipment.objects.filter(entered_by=organisation).exclude(status=GreenShipment.Status.CANCELLED)


class Entering:
    """Lives for the length of one command; `done` writes what it gathered."""

    def __init__(self) -> None:
        self._here: dict[str, bool] = {}
        self._calendars: dict[str, Calendar] = {}
        self._bodies: dict[tuple[str, str], list[Any]] = {}
        self._containers: list[GreenContainer] = []
        self._involved: list[Any] = []
        # The references that are taken among those of a list; None where nobody has looked.
        self.taken: set[str] | None = None

    def here(self, state: str) -> bool:
        """Whether a State takes part in the exchange."""
        if state not in self._here:
            self._here[state] = State.objects.filter(pk=state).exists()
        return self._here[state]

    def calendar(self, state: str) -> Calendar:
        """Its calendar."""
        if state not in self._calendars:
            self._calendars[state] = calendar_of(state)
        return self._calendars[state]

    def look(self, organisation: Organisation, references: Iterable[str]) -> None:
        """Find out which of these references stand for a live shipment of an organisation already."""
        named = sorted({one for one in references if one})
        self.taken = set()
        for start in range(0, len(named), CHUNK):
            part = live(organisation).filter(reference__in=named[start : start + CHUNK])
            self.taken.update(part.values_list("reference", flat=True))

    def keep(self, row: GreenShipment, parties: Iterable[Mapping[str, Any]], also: Iterable[Organisation]) -> None:
        """Gather the containers of a new row, and the organisations that see it: by their registration number."""
        self._containers += [
            GreenContainer(holder_id=row.holder_id, shipment=row, number=number)
            for number in row.content.get("containers") or []
        ]
        found = {body.pk for body in also}
        for number in {str(party.get("registration") or "").strip() for party in parties} - {""}:
            key = (row.holder_id, number)
            if key not in self._bodies:
                same = Organisation.objects.filter(holder=row.holder_id, registration=number)
                self._bodies[key] = list(same.values_list("pk", flat=True))
            found.update(self._bodies[key])
        through = GreenShipment.involved.through
        self._involved += [through(greenshipment_id=row.pk, organisation_id=body) for body in found]
        if self.taken is not None:
            self.taken.add(row.reference)

    def done(self) -> None:
        """Write what was gathered, in the transaction of the command."""
        GreenContainer.objects.bulk_create(self._containers, batch_size=CHUNK)
        GreenShipment.involved.through.objects.bulk_create(self._involved, batch_size=CHUNK)
        self._containers, self._involved = [], []
