"""What the tests of parties stand on: a small world of two States that share one node."""

from __future__ import annotations

import pytest

from tests.parties.world import World, make_world

__all__ = ["world"]


@pytest.fixture
def world(db: None) -> World:
    """Two States with an organisation of every kind, and a person in every role of each."""
    return make_world()
