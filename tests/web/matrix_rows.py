"""Rows of the pages for the matrix test: see tests/parties/matrix_rows.py."""

from __future__ import annotations

from django.utils import timezone

from tests.parties.matrix_rows import Maker, Places
from tests.parties.world import ELSEWHERE, World
from tidegate.parties.models import Organisation
from tidegate.web.upkeep.models import Proposal


def proposal(world: World, acting: Organisation) -> Places:
    """Every office of a State sees its proposals."""

    def make(owner: Organisation) -> Proposal:
        return Proposal.objects.create(
            holder_id=owner.holder_id,
            organisation=owner,
            proposed_by=world.membership(owner.kind, "clerk", owner.holder_id).person,
            proposed_at=timezone.now(),
            rule=f"{owner.holder_id}-IMP-TRIAL-2027",
            content=f"state: {owner.holder_id}\nrules:\n- id: {owner.holder_id}-IMP-TRIAL-2027\n",
            why="a test",
            book="none",
        )

    return Places({"pk": make(acting).pk}, None, {"pk": make(world.body(acting.kind, ELSEWHERE)).pk})


ROWS: dict[str, Maker] = {"proposal": proposal}
