"""What the tests of movements stand on: a database that commits for real."""

from __future__ import annotations

from tests.exchange.conftest import own_database
from tests.movements.walking import kept_walks, walk

__all__ = ["kept_walks", "own_database", "walk"]
