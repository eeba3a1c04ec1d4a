"""What the tests of movements stand on: a database that commits for real."""

from __future__ import annotations

from tests.exchange.conftest import own_database

__all__ = ["own_database"]
