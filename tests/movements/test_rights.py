"""Rights and letters: every right has a name for people, and a letter is kept by who may write it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.movements.cases import Wire, actor, wired
from tests.movements.shipments import DAY, arrived, customs, facility, in_force, there
from tidegate.movements import letters
from tidegate.movements.commands import letters as commands
from tidegate.movements.commands import movements
from tidegate.movements.models import Notification, TakeBack
from tidegate.parties import times
from tidegate.parties.commanding import Forbidden, Refused
from tidegate.parties.models import JournalEntry
from tidegate.parties.names import label_of
from tidegate.parties.rights import rights


def test_every_right_has_a_name_for_people() -> None:
    assert [name for name in rights.table if label_of(name) == name] == []
    told = [label_of(name) for name in rights.table]
    assert len(set(told)) == len(told)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with wired() as found, times.at(DAY):
        yield found


@pytest.mark.django_db
def test_a_letter_is_kept_with_its_case_by_who_may_write_one(wire: Any) -> None:
    row: Notification = in_force(wire)
    made = arrived(wire, row)
    said = {"received_kg": "20000", "accepted_kg": "0", "rejected_kg": "20000", "reason": "household waste"}
    movements.receive(facility(), there(made).pk, **said)
    case = TakeBack.objects.get(holder="DE")
    kept = commands.write(customs("DE"), case.pk, template="illegal_traffic_report")
    assert case.case in letters.text_of(kept)
    assert kept in letters.of(case)
    assert JournalEntry.objects.filter(subject_id=case.pk, type="letter.written").count() == 1
    with pytest.raises(Forbidden):
        commands.write(actor("DE", role="viewer"), case.pk, template="illegal_traffic_report")
    with pytest.raises(Refused) as refused:
        commands.write(actor("DE"), case.pk, template="love_letter")
    assert refused.value.code == "template"
